"""What the desk refuses, as problems: which status says it, and what is told besides."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from alerts.desk_errors import DoneBefore, NoSuchAlert, NoSuchRecord, StaleRevision, Unacceptable
from alerts.machine import Illegal
from alerts.mutes import MuteRefused
from api.problems import problem_response
from domain.errors import BailiwickError
from domain.instants import format_instant
from store.errors import Refused

BUSY_RETRY_S: Final = 1
REFUSED: Final = (NoSuchAlert, StaleRevision, Unacceptable, Illegal, MuteRefused, Refused)
"""What the desk expects to refuse; nothing was changed."""


def status_of(error: BailiwickError) -> HTTPStatus:
    """404 there is none, 409 it may not be done now, 412 it has changed since, 422 it may never be."""
    if isinstance(error, NoSuchAlert | NoSuchRecord):
        return HTTPStatus.NOT_FOUND
    if isinstance(error, Illegal | DoneBefore):
        return HTTPStatus.CONFLICT
    if isinstance(error, StaleRevision):
        return HTTPStatus.PRECONDITION_FAILED
    return HTTPStatus.UNPROCESSABLE_ENTITY


def cause_of(error: BailiwickError) -> str:
    """In words, without what was sent."""
    if isinstance(error, NoSuchAlert):
        return "no such alert"
    if isinstance(error, Refused):
        return "holds a value that cannot be stored"
    return str(error)


def refusal(error: BailiwickError) -> Response:
    """The answer for what the desk refuses."""
    errors = None
    if isinstance(error, Unacceptable | MuteRefused):
        errors = [{"field": error.field, "cause": error.cause}]
    changed = changed_of(error) if isinstance(error, StaleRevision) else None
    return problem_response(status_of(error), cause_of(error), errors, more=changed)


def changed_of(error: StaleRevision) -> dict[str, Any]:
    """Who changed an alert since it was seen, and when."""
    at = None if error.at_us is None else format_instant(error.at_us)
    told = {"revision": str(error.revision), "event": error.event or None, "by": error.by, "at": at}
    return {"changed": told}


async def busy(request: Request, error: Exception) -> Response:
    """Somebody else is at work on it."""
    return problem_response(HTTPStatus.SERVICE_UNAVAILABLE, str(error), headers={"Retry-After": str(BUSY_RETRY_S)})


async def cannot_be_kept(request: Request, error: Exception) -> Response:
    """A value that the database cannot hold, where nobody knows in which field."""
    return problem_response(HTTPStatus.UNPROCESSABLE_ENTITY, "a text holds a character that cannot be stored (U+0000)")
