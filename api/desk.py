"""Work on alerts as the routes see it: the desk, who asks, and a request that names itself so that it is done once.

Until people sign in whoever asks says who they are, in two headers, and is believed: the API is on this machine alone. No
page from elsewhere can ask in a reader's name: a header that is not on the browsers' short list makes a browser ask first
(a CORS preflight, `OPTIONS`), and that is answered 405 without any `Access-Control-*` header, which is a refusal. What is
sent without the headers changes nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Annotated, Final, TypeAlias

from fastapi import Depends, Header, Request
from starlette.responses import Response

from alerts.desk import Desk, DeskGuide, Note, nothing_noted
from alerts.desk_questions import DeskQuestions
from alerts.desk_records import DeskRecords
from alerts.machine import STAFF, Actor
from alerts.work_store import AlertWork
from api.desk_problems import REFUSED, refusal
from api.parts import Given
from api.problems import MEDIA_TYPE, Problem, problem_response
from domain.rota import Shift
from domain.vocabulary import Role
from store.answers import AnswerGiven, RequestKey, note_key
from store.errors import KeyUsed
from store.times import Connection

ACTOR: Final = "Bailiwick-Actor"
ROLE: Final = "Bailiwick-Role"
REPLAYED: Final = "Idempotency-Replayed"
AGAIN_S: Final = 1
"""When to ask again for an answer that is being made."""

_ACTOR_CHARACTERS: Final = re.compile(r"[!-~](?:[ -~]{0,62}[!-~])?")
_KEY_CHARACTERS: Final = r"^[!-~]{1,128}$"


@dataclass(frozen=True, slots=True)
class AtDesk:
    """What work on alerts is done with; made by whoever composes the process.

    ``guide`` is by what alerts are looked at, ``clock`` gives microseconds UTC, ``shifts`` those that touch ``[from, to)``.
    """

    work: AlertWork
    guide: Callable[[], Awaitable[DeskGuide]]
    clock: Callable[[], int]
    shifts: Callable[[int, int], Awaitable[list[Shift]]]

    def desk(self, note: Note = nothing_noted) -> Desk:
        """The desk, for one request."""
        return Desk(self.work, self.guide, self.clock, note)

    def records(self, note: Note = nothing_noted) -> DeskRecords:
        """What is recorded beside the alerts' events, for one request."""
        return DeskRecords(self.work, self.guide, self.clock, note)

    @property
    def questions(self) -> DeskQuestions:
        """What is read, and the answers that were given."""
        return DeskQuestions(self.work, self.clock)


OpenDesk: TypeAlias = Callable[[], AbstractAsyncContextManager[AtDesk]]
"""Opens a desk for as long as an application serves."""


def desk_of(parts: Given) -> AtDesk:
    """The desk; 503 where this process has none."""
    if parts.desk is None:
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "the desk is not set up in this process")
    return parts.desk


HasDesk = Annotated[AtDesk, Depends(desk_of)]


def actor_of(
    actor: Annotated[
        str | None, Header(alias=ACTOR, description="Who asks: an id of 1 to 64 printable characters, not a name")
    ] = None,
    role: Annotated[
        str | None, Header(alias=ROLE, description="In which role: operator, supervisor or duty_manager")
    ] = None,
) -> Actor:
    """Who asks, as they say; 401 when they do not."""
    if actor is None or role is None:
        raise _who_are_you(f"say who you are: {ACTOR} (your id) and {ROLE} ({', '.join(sorted(STAFF))})")
    if not _ACTOR_CHARACTERS.fullmatch(actor):
        raise _who_are_you(f"{ACTOR} must be an id of 1 to 64 printable ASCII characters")
    if role not in set(Role):
        raise _who_are_you(f"{ROLE} must be one of {', '.join(sorted(STAFF))}")
    if role not in STAFF:
        raise Problem(HTTPStatus.FORBIDDEN, "this role does not work on alerts")
    return Actor(actor, Role(role))


def _who_are_you(detail: str) -> Problem:
    return Problem(HTTPStatus.UNAUTHORIZED, detail, headers={"WWW-Authenticate": f"{ACTOR}, {ROLE}"})


@dataclass(frozen=True, slots=True)
class Asking:
    """A request that changes something: who asks, of which desk, and by what name, where it has one."""

    desk: AtDesk
    actor: Actor
    key: RequestKey | None


async def asking_of(
    request: Request,
    desk: HasDesk,
    actor: Annotated[Actor, Depends(actor_of)],
    key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            pattern=_KEY_CHARACTERS,
            description="A name for this request, yours alone: sent again within 24 hours it gets the first answer again",
        ),
    ] = None,
) -> Asking:
    """Who asks what, under which key."""
    if key is None:
        return Asking(desk, actor, None)
    asked = hashlib.sha256(await request.body()).digest()
    return Asking(desk, actor, RequestKey(actor.name, request.url.path, key, asked, desk.clock()))


Asked = Annotated[Asking, Depends(asking_of)]


async def once(asking: Asking, work: Callable[[Note], Awaitable[Response]]) -> Response:
    """The answer of ``work``; where the request names itself, the answer that it got first.

    The key is noted in the very transaction of the work, so two at once do it once; the answer is kept after that. What is
    refused is an answer too. What failed for want of the database, or because another was at work, may be asked again.
    """
    if asking.key is None:
        return await _tried(work, nothing_noted)
    questions, key = asking.desk.questions, asking.key
    given = await questions.answer_given(key)
    if given is not None:
        return _again(key, given)
    try:
        response = await _tried(work, partial(_note, key))
    except KeyUsed:
        given = await questions.answer_given(key)
        return _again(key, given or AnswerGiven(key.asked, None, None, None))
    await questions.keep_answer(key, response.status_code, response.headers.get("ETag"), bytes(response.body))
    return response


async def _note(key: RequestKey, conn: Connection) -> None:
    await note_key(conn, key)


async def _tried(work: Callable[[Note], Awaitable[Response]], note: Note) -> Response:
    try:
        return await work(note)
    except REFUSED as error:
        return refusal(error)


def _again(key: RequestKey, given: AnswerGiven) -> Response:
    if given.asked != key.asked:
        why = "this key was used for a request with another body"
        errors = [{"field": "Idempotency-Key", "cause": why}]
        return problem_response(HTTPStatus.UNPROCESSABLE_ENTITY, why, errors)
    if given.status is None:
        detail = (
            "a request with this key was taken and its answer is not there (yet): ask again, or read what it changed"
        )
        return problem_response(HTTPStatus.CONFLICT, detail, headers={"Retry-After": str(AGAIN_S)})
    headers = {REPLAYED: "true"} | ({} if given.etag is None else {"ETag": given.etag})
    media_type = MEDIA_TYPE if given.status >= HTTPStatus.BAD_REQUEST else "application/json"
    return Response(given.body, given.status, headers, media_type)
