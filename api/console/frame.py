"""What every page of the console is made with: who reads it, what it asks, and its errors as pages.

A route of the console takes `Opened` (``opened: Opened``) and asks the API by ``opened.ask``. What the API refuses becomes a page that says
so and what to do (`install_errors`); a form that is refused is shown again with what was typed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any, Final, cast
from urllib.parse import parse_qs, quote, urlsplit

from fastapi import Depends, FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from access.grants import Deed
from api.console.asking import Asking, Refused
from api.console.rendering import Reader, page
from api.guard import LONGEST_BODY
from api.journal import OUR_FAULT
from api.parts import Given, Parts

FORM_FIELDS: Final = 1_000
HERE: Final = "/sign-in"
NO_PAGES: Final = ("/api/", "/health", "/metrics", "/console/", "/static/")
"""What is below these is no page, so that its errors are none."""


@dataclass(frozen=True, slots=True)
class Page:
    """One request for a page: ``ask`` asks the API as its reader. ``typed`` is what a form bore, each field's last value."""

    request: Request
    parts: Parts
    reader: Reader
    ask: Asking
    typed: dict[str, str] = field(default_factory=dict)
    lists: dict[str, list[str]] = field(default_factory=dict)

    def show(self, template: str, status: int = HTTPStatus.OK, **values: Any) -> Response:
        """The page made of that template."""
        path = self.request.url.path
        common: dict[str, Any] = {"path": path, "now_us": self.parts.now(), "centre_phone": self.parts.centre_phone}
        return page(template, reader=self.reader, status=status, **common, **values)

    @property
    def now(self) -> datetime:
        """The server's clock."""
        return datetime.fromtimestamp(self.parts.now() / 1e6, UTC)

    async def if_may(self, deed: Deed, path: str, **wanted: Any) -> Any | None:
        """What is at ``path``, for a reader whose role may; None otherwise, and where there is none."""
        return await self.ask.maybe(path, **wanted) if self.reader.may(deed) else None

    def key(self) -> str | None:
        """The form's own Idempotency-Key: sent twice, it is done once."""
        return self.typed.get("key") or None


class SignedOut(Exception):
    """Nobody is signed in (any more)."""

    def __init__(self, request: Request, typed: Mapping[str, list[str]] | None = None) -> None:
        super().__init__("nobody is signed in")
        self.request = request
        self.typed = typed or {}


class MustChange(Exception):
    """The reader's password was given to them: first they choose one of their own."""


async def opened(request: Request, parts: Given) -> Page:
    """The page's request, for whoever is signed in; raises `SignedOut`."""
    lists = await _sent(request) if request.method == "POST" else {}
    typed = {name: values[-1] for name, values in lists.items()}
    ask = Asking(request, typed.get("csrf"))
    try:
        me = await ask.get("session")
    except Refused as refused:
        if refused.status == HTTPStatus.UNAUTHORIZED:
            raise SignedOut(request, lists) from None
        raise
    if me["must_change_password"]:
        raise MustChange
    reader = Reader(me["name"], me["shown"], me["role"], frozenset(me["deeds"]), me["csrf"] or "", me["ends"])
    return Page(request, parts, reader, ask, typed, lists)


async def _sent(request: Request) -> dict[str, list[str]]:
    """A form's fields, each with its values in order; of a file that goes with it, its text."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        body = (await request.body()).decode("utf-8", "replace")
        return parse_qs(body, keep_blank_values=True, max_num_fields=FORM_FIELDS)
    lists: dict[str, list[str]] = {}
    async with request.form(max_files=1, max_fields=FORM_FIELDS, max_part_size=LONGEST_BODY) as form:
        for name, value in form.multi_items():
            text = value if isinstance(value, str) else (await value.read()).decode("utf-8-sig", "replace")
            lists.setdefault(name, []).append(text)
    return lists


Opened = Annotated[Page, Depends(opened)]


def see_other(path: str) -> Response:
    """After a form was done: to the page that shows it. ``path`` is one of ours."""
    return RedirectResponse(path, int(HTTPStatus.SEE_OTHER))


def ours(path: str | None, otherwise: str = "/") -> str:
    """``path`` when it is a path of this site, else ``otherwise``: nobody is sent elsewhere by a link to us."""
    if not path or not path.startswith("/") or path.startswith(("//", "/\\")) or urlsplit(path).netloc:
        return otherwise
    return path


TITLES: Final[dict[int, tuple[str, str | None]]] = {
    400: ("That could not be read", None),
    403: ("Your role may not see this", "Ask a supervisor if you need it."),
    404: ("There is nothing here, or nothing that you may see", "Check the address, or find the wearer."),
    409: ("That cannot be done now", "Nothing was changed. Go back to see how things stand."),
    412: ("Somebody else was faster", "Nothing was changed. Go back to see what they did."),
    422: ("Something in the form is not right", "Nothing was changed."),
    503: ("The service cannot answer now", "Nothing was changed. Try again in a moment."),
}


def install_errors(app: FastAPI) -> None:
    """Problems of the console's pages as pages."""

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, Refused)
        if error.status == HTTPStatus.UNAUTHORIZED:
            return await signed_out(request, SignedOut(request))
        title, todo = TITLES.get(error.status, ("That did not work", "Nothing was changed. Try again in a moment."))
        parts: Parts = request.app.state.parts
        reader = await _reader(request)
        return page(
            "problem.html",
            reader=reader,
            path=request.url.path,
            now_us=parts.now(),
            status=error.status,
            title=title,
            centre_phone=parts.centre_phone,
            what=_sentence(error.words),
            todo=todo,
            back=_back(request),
            comes_back=error.status == HTTPStatus.SERVICE_UNAVAILABLE and request.method == "GET",
        )

    plain = cast("Callable[[Request, Exception], Awaitable[Response]]", app.exception_handlers[HTTPException])

    async def nowhere(request: Request, error: Exception) -> Response:
        """No such path: as a page for whoever looks for one, as a problem for whoever asks the API."""
        assert isinstance(error, HTTPException)
        if not _wants_page(request):
            return await plain(request, error)
        problem = {"detail": "there is no such page" if error.status_code == HTTPStatus.NOT_FOUND else error.detail}
        return await refused(request, Refused(error.status_code, problem))

    async def signed_out(request: Request, error: Exception) -> Response:
        assert isinstance(error, SignedOut)
        here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        if request.method != "POST":
            return see_other(HERE if here == "/" else f"{HERE}?next={quote(here, safe='')}")
        parts: Parts = request.app.state.parts
        fields = [(name, value) for name, values in error.typed.items() if name != "csrf" for value in values]
        return page(
            "signed_out.html",
            reader=None,
            path=HERE,
            now_us=parts.now(),
            status=HTTPStatus.UNAUTHORIZED,
            action=here,
            fields=fields,
        )

    async def must_change(request: Request, error: Exception) -> Response:
        return see_other("/password")

    app.add_exception_handler(HTTPException, nowhere)
    app.add_exception_handler(MustChange, must_change)
    app.add_exception_handler(Refused, refused)
    app.add_exception_handler(SignedOut, signed_out)


def our_fault(request: Request) -> Response | None:
    """A mistake of ours as a page, for whoever wants one; it asks nothing, for whatever it asked may be what is broken."""
    if not _wants_page(request):
        return None
    parts: Parts = request.app.state.parts
    return page(
        "problem.html",
        reader=None,
        path=request.url.path,
        now_us=parts.now(),
        status=HTTPStatus.INTERNAL_SERVER_ERROR,
        title="Something is wrong with this page",
        centre_phone=parts.centre_phone,
        what=_sentence(OUR_FAULT),
        todo="What you typed is still in the page before this one. Tell whoever runs the service when it happened.",
        back=_back(request),
    )


async def _reader(request: Request) -> Reader | None:
    try:
        return (await opened(request, request.app.state.parts)).reader
    except (SignedOut, MustChange, Refused):
        return None


def _wants_page(request: Request) -> bool:
    """Whether a browser asks, for something that a person would read."""
    own = request.url.path.startswith(NO_PAGES)
    return not own and "text/html" in request.headers.get("accept", "")


def _back(request: Request) -> str | None:
    """From where a form was sent: the page above its own address."""
    return request.url.path.rpartition("/")[0] or None if request.method == "POST" else None


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}{'' if words.endswith(('.', '!', '?')) else '.'}"
