"""Cursors: the key of a page's last row, opaque to the caller; and the link to the next page."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Annotated, Any, Final, TypeVar

import msgspec
from starlette.requests import Request

from api.problems import Problem

CURSOR_CHARACTERS: Final = 512

Number = Annotated[int, msgspec.Meta(ge=-(1 << 63), le=(1 << 63) - 1)]
"""A number of 64 bits: more cannot be the key of a row."""
Name = Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9_.:-]{1,64}$")]
"""An id: nothing else can be the key of a row."""
Text = Annotated[str, msgspec.Meta(pattern=r"^[^\x00]*$")]
"""A text that the database can be asked for."""

T = TypeVar("T")


def write_cursor(key: object) -> str:
    """A key (strings and integers, in a tuple or alone) as one word for a URL."""
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(key)).rstrip(b"=").decode("ascii")


def read_cursor(text: str | None, kind: Any, field: str = "cursor") -> Any:
    """The key of type ``kind`` that `write_cursor` wrote. Anything else is a problem, 422, with the parameter's name."""
    if text is None:
        return None
    try:
        body = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
        return msgspec.msgpack.decode(body, type=kind)
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "not a cursor that we gave", field=field) from None


def cut(rows: Sequence[T], limit: int, key_of: Callable[[T], object]) -> tuple[Sequence[T], str | None]:
    """The page, and the cursor of the next: ``rows`` were asked for with one more than ``limit``."""
    if len(rows) <= limit:
        return rows, None
    page = rows[:limit]
    return page, write_cursor(key_of(page[-1]))


def next_link(request: Request, cursor: str | None) -> str | None:
    """The path and query of the next page; relative, so that it is right behind any proxy."""
    if cursor is None:
        return None
    url = request.url.include_query_params(cursor=cursor)
    return f"{url.path}?{url.query}"


def link_header(link: str | None) -> dict[str, str]:
    """RFC 8288, for formats that have no place for a link in their body."""
    return {} if link is None else {"Link": f'<{link}>; rel="next"'}
