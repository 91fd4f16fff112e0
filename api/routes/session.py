"""Sign-in: a session begun, looked at and ended, a password changed, and the way over the OpenID provider."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse
from starlette.responses import HTMLResponse, Response

from api.account_shapes import Credentials, NewPassword, SessionNow, caller_body, session_body
from api.console.rendering import page
from api.doors import SIGN_IN, WAYS_IN, not_signed_in
from api.made_secrets import token
from api.parts import API_ROOT, PROBLEM_CONTENT, PROBLEMS, Given, answer
from api.problems import Problem
from api.sign_in import COOKIE, SignedIn, SignIn, address_of, caller_of
from domain.instants import SECOND_US
from store.sessions import OIDC_US

OIDC_COOKIE: Final = "__Host-bailiwick-oidc"
REFUSED: Final[dict[int | str, dict[str, Any]]] = {
    401: {"description": "The name or the password is wrong, or the account is locked or disabled", **PROBLEM_CONTENT},
    403: {"description": "The request comes from another site", **PROBLEM_CONTENT},
    429: {"description": "Too many failed from this address", **PROBLEM_CONTENT},
}
NOBODY: Final[dict[int | str, dict[str, Any]]] = {401: {"description": "Nobody is signed in", **PROBLEM_CONTENT}}
BY_COOKIE: Final[dict[str, Any]] = {"security": [{"session": []}]}
ANYBODY: Final[dict[str, Any]] = {"security": [{name: []} for name in WAYS_IN]}
HTML: Final[dict[str, Any]] = {"content": {"text/html": {}}}

router = APIRouter(prefix=API_ROOT, responses=PROBLEMS, tags=["session"])


def sign_in_of(parts: Given) -> SignIn:
    """The way in; 503 where this process has none."""
    if parts.sign_in is None:
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "sign-in is not set up in this process")
    return parts.sign_in


HasSignIn = Annotated[SignIn, Depends(sign_in_of)]


@router.post("/session", response_model=SessionNow, status_code=201, responses=REFUSED)
async def begin(request: Request, sign_in: HasSignIn, body: Credentials) -> Response:
    """Signs in by name and password: the session's cookie is set. A session that the browser had ends."""
    return _begun(sign_in, await sign_in.with_password(request, body.name, body.password))


@router.get("/session", response_model=SessionNow, responses=NOBODY, openapi_extra=ANYBODY)
async def now(request: Request, parts: Given) -> Response:
    """Who you are, and the CSRF token for changes."""
    if parts.sign_in is not None and COOKIE in request.cookies and "authorization" not in request.headers:
        session = await parts.sign_in.session(request)
        if session is not None:
            return answer(session_body(session, caller_of(session, address_of(request))))
    caller = await parts.door.caller(request)
    if caller is None:
        raise not_signed_in()
    return answer(caller_body(caller))


@router.delete("/session", status_code=204, response_class=Response, openapi_extra=BY_COOKIE)
async def end(
    request: Request,
    sign_in: HasSignIn,
    everywhere: Annotated[bool, Query(description="End every session of the account")] = False,
) -> Response:
    """Signs out. Without a session nothing is done."""
    await sign_in.out(request, everywhere=everywhere)
    response = Response(status_code=HTTPStatus.NO_CONTENT)
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="strict")
    return response


@router.post("/session/password", response_model=SessionNow, responses=NOBODY, openapi_extra=BY_COOKIE)
async def change_password(request: Request, sign_in: HasSignIn, body: NewPassword) -> Response:
    """Another password: every session of the account ends, and a new one begins here."""
    return _begun(sign_in, await sign_in.change_password(request, body.current, body.new), HTTPStatus.OK)


@router.get("/session/oidc", response_class=RedirectResponse, status_code=303)
async def to_provider(request: Request, sign_in: HasSignIn) -> Response:
    """To the OpenID provider. For browsers; it comes back to `/session/oidc/callback`."""
    browser = token()
    response = RedirectResponse(await sign_in.to_provider(request, browser), HTTPStatus.SEE_OTHER)
    # Lax: the provider sends the browser back, and a strict cookie would not come with it.
    lasts_s = OIDC_US // SECOND_US
    response.set_cookie(OIDC_COOKIE, browser, max_age=lasts_s, path="/", secure=True, httponly=True, samesite="lax")
    return response


@router.get(
    "/session/oidc/callback",
    response_class=HTMLResponse,
    responses={200: {"description": "Signed in", **HTML}, "default": {"description": "Why not, in words", **HTML}},
)
async def from_provider(request: Request, sign_in: HasSignIn) -> Response:
    """Where the OpenID provider sends a browser back: a page that goes on to the console, or says why not."""
    told = {name: value for name, value in request.query_params.items() if len(value) <= 8192}
    try:
        signed_in = await sign_in.from_provider(request, request.cookies.get(OIDC_COOKIE), told)
    except Problem as problem:
        response = _came_back(sign_in, problem.status, problem.detail)
    else:
        # A page of ours between: a strict cookie does not go along where another site has sent the browser.
        response = _came_back(sign_in, HTTPStatus.OK)
        _set(response, sign_in, signed_in)
    response.delete_cookie(OIDC_COOKIE, path="/", secure=True, httponly=True, samesite="lax")
    return response


def _came_back(sign_in: SignIn, status: int, why: str | None = None) -> Response:
    return page("came_back.html", reader=None, path=SIGN_IN, now_us=sign_in.now(), status=status, why=why)


def _begun(sign_in: SignIn, signed_in: SignedIn, status: int = HTTPStatus.CREATED) -> Response:
    headers = {"Location": SIGN_IN} if status == HTTPStatus.CREATED else None
    body = session_body(signed_in.session, caller_of(signed_in.session, ""))
    response = answer(body, status=status, headers=headers)
    _set(response, sign_in, signed_in)
    return response


def _set(response: Response, sign_in: SignIn, signed_in: SignedIn) -> None:
    lasts_s = max(signed_in.session.ends_us - sign_in.now(), 0) // SECOND_US
    response.set_cookie(
        COOKIE, signed_in.token, max_age=lasts_s, path="/", secure=True, httponly=True, samesite="strict"
    )
