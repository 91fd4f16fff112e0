"""Work on alerts as the routes see it: the desk, who asks, and a request that names itself so that it is done once.

Who asks is whom the door let in (`api.doors`); what they work on must be in their sight, else there is no such thing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

from fastapi import Depends, Header, Request
from starlette.responses import Response

from access.grants import Deed
from alerts.desk import Audited, Desk, DeskGuide, Note, nothing_audited, nothing_noted
from alerts.desk_questions import DeskQuestions
from alerts.desk_records import DeskRecords
from alerts.machine import Actor
from alerts.work_store import AlertWork
from api.audited import REPLAYED, at_the_desk
from api.desk_problems import REFUSED, refusal
from api.doors import Seen, seeing
from api.parts import Given
from api.problems import MEDIA_TYPE, Problem, problem_response
from domain.callers import Caller, Sight
from domain.rota import Shift
from store.answers import AnswerGiven, RequestKey, keep_answer, note_key
from store.device_commands import DeviceCommands
from store.errors import KeyUsed
from store.handovers import Handovers
from store.holds import Holds
from store.patrol_links import PatrolLinks
from store.protocols import ProtocolTables
from store.reading_types import Subject
from store.rota import RotaTables
from store.times import Connection
from store.views import Views

if TYPE_CHECKING:
    from api.caseload_desk import AtCaseload
    from api.export_files import AtExports

LARGEST_ID: Final = (1 << 63) - 1
AGAIN_S: Final = 1
"""When to ask again for an answer that is being made."""


@dataclass(frozen=True, slots=True)
class AtDesk:
    """What work on alerts is done with; made by whoever composes the process.

    ``guide`` is by what alerts are looked at, ``clock`` gives microseconds UTC, ``shifts`` those that touch ``[from, to)``;
    ``caseload`` is how it is entered and read, None where this process does not; ``exports`` are those asked for, None without a folder;
    ``commands`` are those to devices; ``rota`` and ``protocols`` where this process may change them; ``tries_to_tell`` a protected person
    without an answer are enough.
    """

    work: AlertWork
    guide: Callable[[], Awaitable[DeskGuide]]
    clock: Callable[[], int]
    shifts: Callable[[int, int], Awaitable[list[Shift]]]
    caseload: AtCaseload | None = None
    exports: AtExports | None = None
    commands: DeviceCommands | None = None
    holds: Holds | None = None
    rota: RotaTables | None = None
    protocols: ProtocolTables | None = None
    handovers: Handovers | None = None
    views: Views | None = None
    patrol_links: PatrolLinks | None = None
    tries_to_tell: int = 2

    def desk(self, note: Note, audited: Audited) -> Desk:
        """The desk, for one request."""
        return Desk(self.work, self.guide, self.clock, note, audited)

    def records(self, note: Note = nothing_noted, audited: Audited = nothing_audited) -> DeskRecords:
        """What is recorded beside the alerts' events, for one request; without ``audited`` to be asked alone."""
        return DeskRecords(self.work, self.guide, self.clock, note, audited)

    def questions(self, sight: Sight | None = None) -> DeskQuestions:
        """What is read, cut to ``sight``, and the answers that were given."""
        return DeskQuestions(self.work, self.clock, sight)


OpenDesk: TypeAlias = Callable[[], AbstractAsyncContextManager[AtDesk]]
"""Opens a desk for as long as an application serves."""


def desk_of(parts: Given) -> AtDesk:
    """The desk; 503 where this process has none."""
    if parts.desk is None:
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "the desk is not set up in this process")
    return parts.desk


HasDesk = Annotated[AtDesk, Depends(desk_of)]


@dataclass(frozen=True, slots=True)
class Asking:
    """A request that changes something: who asks, of which desk, and by what name, where it has one."""

    desk: AtDesk
    seen: Seen
    actor: Actor
    key: RequestKey | None

    def working(self, note: Note) -> Desk:
        """The desk, which tells the audit what this caller does."""
        return self.desk.desk(note, at_the_desk(self.seen, Deed.WORK_ALERTS))

    def recording(self, note: Note) -> DeskRecords:
        """What is recorded beside the alerts' events, which tells the audit too."""
        return self.desk.records(note, at_the_desk(self.seen, Deed.WORK_ALERTS))

    async def must_see(self, what: Subject, number: int) -> None:
        """404 for what the caller does not see, as for what there is not."""
        if number > LARGEST_ID or not await self.seen.reading.in_sight(what, str(number)):
            raise no_such(what)

    async def must_know(self, what: Subject, key: str | None) -> None:
        """422 where a body names what the caller does not see, as for what there is not."""
        if key is not None and not await self.seen.reading.in_sight(what, key):
            raise unknown(what)


def no_such(what: Subject) -> Problem:
    """404."""
    return Problem(HTTPStatus.NOT_FOUND, f"no such {what.value}", field=None if what is Subject.ALERT else what.value)


def unknown(what: Subject) -> Problem:
    """422: the body names what is not there."""
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"there is no such {what.value}", field=what.value)


IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[!-~]{1,128}$",
        description="A name for this request, yours alone: sent again within 24 hours it gets the first answer again",
    ),
]


async def asking_of(
    request: Request,
    seen: Seen,
    desk: AtDesk,
    key: IdempotencyKey = None,
) -> Asking:
    """Who asks what, under which key."""
    actor = Actor(seen.caller.name, seen.caller.role)
    if key is None:
        return Asking(desk, seen, actor, None)
    asked = await _digest(request, seen.caller)
    return Asking(desk, seen, actor, RequestKey(actor.name, request.url.path, key, asked, desk.clock()))


async def _digest(request: Request, caller: Caller) -> bytes:
    """Of all that makes two requests the same, and of how far the caller reaches: an old answer is not for less than that."""
    reach = [caller.role.value, *sorted(caller.areas if caller.areas is not None else ["*"])]
    parts = (request.url.query.encode(), "\n".join(reach).encode(), await request.body())
    return hashlib.sha256(b"".join(len(part).to_bytes(8, "big") + part for part in parts)).digest()


def asks(deed: Deed) -> Any:
    """The dependency of a route that changes something: `Asking` by whoever may do ``deed``, with its `Idempotency-Key`."""
    let_in = Depends(seeing(deed))

    async def asking(*, request: Request, seen: Seen = let_in, desk: HasDesk, key: IdempotencyKey = None) -> Asking:
        return await asking_of(request, seen, desk, key)

    return Depends(asking)


Asked = Annotated[Asking, asks(Deed.WORK_ALERTS)]


async def once(asking: Asking, work: Callable[[Note], Awaitable[Response]]) -> Response:
    """The answer of ``work``; where the request names itself, the answer that it got first.

    The key is noted in the very transaction of the work, so two at once do it once; the answer is kept after that. What is
    refused is an answer too. What failed for want of the database, or because another was at work, may be asked again.
    """
    if asking.key is None:
        return await _tried(work, nothing_noted)
    questions, key = asking.desk.questions(), asking.key
    given = await questions.answer_given(key)
    if given is not None:
        return _again(key, given)
    try:
        response = await _tried(work, partial(_note, key))
    except KeyUsed:
        given = await questions.answer_given(key)
        return _again(key, given or AnswerGiven(key.asked, None, None, None))
    named = (response.headers.get("ETag"), bytes(response.body), response.headers.get("Location"))
    async with asking.desk.work.asking() as conn:
        await keep_answer(conn, key, response.status_code, *named)
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
        why = "this key was used for another request, or when you saw more or less than now"
        errors = [{"field": "Idempotency-Key", "cause": why}]
        return problem_response(HTTPStatus.UNPROCESSABLE_ENTITY, why, errors)
    if given.status is None:
        detail = (
            "a request with this key was taken and its answer is not there (yet): ask again, or read what it changed"
        )
        return problem_response(HTTPStatus.CONFLICT, detail, headers={"Retry-After": str(AGAIN_S)})
    named = {"ETag": given.etag, "Location": given.location}
    headers = {REPLAYED: "true"} | {name: value for name, value in named.items() if value is not None}
    media_type = MEDIA_TYPE if given.status >= HTTPStatus.BAD_REQUEST else "application/json"
    return Response(given.body, given.status, headers, media_type)
