"""The way in and out for people: signing in, a password changed, and a form that came after its session had ended.

All of it are plain forms, so that nobody is kept out by a script that did not come. What is asked is the API's `/session`; its cookie is
handed on. A form without a session is kept in the page on which one signs in, and is sent on from there.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qs, quote

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from api.console.asking import Asking, Refused, Told
from api.console.frame import FORM_FIELDS, HERE, MustChange, SignedOut, opened, ours, see_other
from api.console.rendering import Reader, page
from api.parts import Given, Parts

CHANGE: Final = "/password"
KEEPS_NOTHING: Final = (
    "This browser did not keep the session. Some (Safari) keep none of a page without TLS: use another browser here."
)
LONGEST_KEPT: Final = 200_000
"""Characters of a form that is kept over a sign-in."""

router = APIRouter(include_in_schema=False)


@router.get("/sign-in")
async def sign_in(request: Request, parts: Given) -> Response:
    """The way in; whoever is in already goes on to ``next``."""
    onward = ours(request.query_params.get("next"))
    try:
        await opened(request, parts)
    except MustChange:
        return see_other(f"{CHANGE}?next={quote(onward, safe='')}")
    except (SignedOut, Refused):
        wrong = KEEPS_NOTHING if "kept" in request.query_params else None
        return _way_in(request, parts, onward, wrong=wrong)
    return see_other(onward)


@router.get("/sign-in/now")
async def now(request: Request) -> Response:
    """Whether somebody is signed in by the cookie that comes along: for the page of the way in, to which no strict cookie came."""
    try:
        await Asking(request).get("session")
    except Refused:
        return JSONResponse({"signed_in": False})
    return JSONResponse({"signed_in": True})


@router.post("/sign-in")
async def begin(request: Request, parts: Given) -> Response:
    """Signs in, and goes on to where one wanted to."""
    typed = await _typed(request)
    onward = ours(typed.get("next"))
    begun = await _begun(request, typed)
    if isinstance(begun, Refused):
        return _way_in(request, parts, onward, wrong=_said(begun), name=typed.get("name", ""), status=begun.status)
    # Once more over our own page: it sees whether the browser kept the cookie.
    return _with_cookies(see_other(f"{HERE}?kept&next={quote(onward, safe='')}"), begun)


@router.post("/sign-in/again")
async def again(request: Request, parts: Given) -> Response:
    """Signs in where a form had no session any more; then that form is sent on as it was typed."""
    typed = await _typed(request)
    action, fields = ours(typed.get("action")), _fields(typed.get("fields", ""))
    begun = await _begun(request, typed)
    if isinstance(begun, Refused):
        told: dict[str, Any] = {
            "action": action,
            "fields": fields,
            "wrong": _said(begun),
            "name": typed.get("name", ""),
        }
        return _page(request, parts, "signed_out.html", begun.status, **told)
    if begun.body["must_change_password"]:
        return _with_cookies(see_other(CHANGE), begun)
    response = _page(request, parts, "sent_on.html", action=action, fields=fields, csrf=begun.body["csrf"])
    return _with_cookies(response, begun)


@router.get("/password")
async def password(request: Request, parts: Given) -> Response:
    """Another password for whoever is signed in."""
    try:
        me = await Asking(request).get("session")
    except Refused as refused:
        if refused.status != HTTPStatus.UNAUTHORIZED:
            raise
        return see_other(f"{HERE}?next={quote(CHANGE, safe='')}")
    return _password(request, parts, me, onward=ours(request.query_params.get("next")))


@router.post("/password")
async def change_password(request: Request, parts: Given) -> Response:
    """Changes it: every other session of the account ends, this one goes on with a token of its own."""
    typed = await _typed(request)
    ask, onward = Asking(request, typed.get("csrf")), ours(typed.get("next"))
    try:
        me = await ask.get("session")
    except Refused as refused:
        if refused.status != HTTPStatus.UNAUTHORIZED:
            raise
        return see_other(f"{HERE}?next={quote(CHANGE, safe='')}")
    if typed.get("new") != typed.get("again"):
        wrong = {"again": "The two new passwords are not the same"}
        return _password(request, parts, me, onward, wrong, HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        body = {"current": typed.get("current", ""), "new": typed.get("new", "")}
        changed = await ask.post("session/password", body)
    except Refused as refused:
        return _password(request, parts, me, onward, _wrong_in(refused), refused.status)
    return _with_cookies(see_other(onward), changed)


def _way_in(
    request: Request, parts: Parts, onward: str, *, wrong: str | None = None, name: str = "", status: int = 200
) -> Response:
    provider = parts.sign_in is not None and parts.sign_in.oidc is not None
    told: dict[str, Any] = {"onward": onward, "wrong": wrong, "name": name, "provider": provider}
    return _page(request, parts, "sign_in.html", status, **told)


def _password(
    request: Request, parts: Parts, me: Any, onward: str, wrong: dict[str, str] | None = None, status: int = 200
) -> Response:
    reader = Reader(me["name"], me["shown"], me["role"], frozenset(me["deeds"]), me["csrf"] or "", me["ends"])
    given = me["must_change_password"]
    values: dict[str, Any] = {"me": reader, "given": given, "onward": onward, "wrong": wrong or {}}
    return _page(request, parts, "password.html", status, reader=None if given else reader, **values)


def _page(
    request: Request,
    parts: Parts,
    template: str,
    status: int = HTTPStatus.OK,
    *,
    reader: Reader | None = None,
    **v: Any,
) -> Response:
    return page(template, reader=reader, path=request.url.path, now_us=parts.now(), status=status, **v)


async def _typed(request: Request) -> dict[str, str]:
    """Each field's last value."""
    body = (await request.body()).decode("utf-8", "replace")
    found = parse_qs(body, keep_blank_values=True, max_num_fields=FORM_FIELDS)
    return {name: values[-1] for name, values in found.items()}


async def _begun(request: Request, typed: dict[str, str]) -> Told | Refused:
    """A session for what was typed, or why not."""
    credentials = {"name": typed.get("name", "").strip().lower(), "password": typed.get("password", "")}
    try:
        return await Asking(request).post("session", credentials)
    except Refused as refused:
        return refused


def _said(refused: Refused) -> str:
    if refused.status == HTTPStatus.UNPROCESSABLE_ENTITY:
        return "Give the name of your account and its password"
    words = refused.words
    return words[:1].upper() + words[1:]


def _wrong_in(refused: Refused) -> dict[str, str]:
    """By the form's field, what the API says of it."""
    names = {"current": "Your password now", "new": "The new password"}
    for error in refused.problem.get("errors", []):
        field = str(error["field"]).removeprefix("body.")
        if field in names:
            return {field: f"{names[field]} {error['cause']}"}
    return {"current": _said(refused)}


def _fields(text: str) -> list[tuple[str, str]]:
    """The kept fields of a form; none where they are not as `signed_out.html` wrote them."""
    if not text or len(text) > LONGEST_KEPT:
        return []
    try:
        found = json.loads(text)
        return [(str(name), str(value)) for name, value in found if name != "csrf"]
    except (ValueError, TypeError):
        return []


def _with_cookies(response: Response, told: Told) -> Response:
    for cookie in told.cookies:
        response.headers.append("set-cookie", cookie)
    return response
