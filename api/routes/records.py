"""What goes with work on alerts: promises kept, tasks, mutes, the protocols in force, who is on duty."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import StringConstraints
from starlette.responses import Response

from access.grants import Deed
from alerts.desk import Note
from alerts.desk_errors import Unacceptable
from alerts.desk_records import DeskRecords
from alerts.mutes import LONGEST_US, STILL_TOLD
from api import desk_shapes, shapes
from api.cursors import Number, cut, next_link, read_cursor
from api.desk import LARGEST_ID, Asked, HasDesk, once, unknown
from api.desk_bodies import contact_body, mute_body, next_step_body, shift_body, stretch_body, task_body
from api.desk_problems import refusal
from api.desk_shapes import MuteSpan, NewMute
from api.doors import Seen, seeing
from api.instants import Instant
from api.parts import API_ROOT, NOT_FOUND, PROBLEM_CONTENT, PROBLEMS, Cursor, answer
from api.problems import Problem
from api.routes.people import ID_CHARACTERS, LIST_DEFAULT, NAMES_AT_ONCE, ListLimit
from api.routes.work import CREATED
from domain.instants import DAY_US, format_instant
from store.reading_types import Subject

Id = Annotated[str, Path(pattern=r"^[0-9]{1,19}$")]
AlertNumber = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,19}$")]
RECORDS: Final[dict[int | str, dict[str, Any]]] = {
    **CREATED,
    **NOT_FOUND,
    409: {"description": "It was done before", **PROBLEM_CONTENT},
}
NO_DESK: Final[dict[int | str, dict[str, Any]]] = {503: CREATED[503]}

router = APIRouter(prefix=API_ROOT, responses=PROBLEMS, tags=["records"])


ReadsDesk = Annotated[Seen, Depends(seeing(Deed.READ_DESK))]


async def _done(
    what: Subject, number: str, asked: Asked, do: Callable[[DeskRecords, int], Awaitable[None]]
) -> Response:
    await asked.must_see(what, int(number))

    async def work(note: Note) -> Response:
        await do(asked.recording(note), int(number))
        return answer({"id": str(int(number))})

    return await once(asked, work)


@router.post("/contacts/{contact}/kept", response_model=desk_shapes.Made, responses=RECORDS)
async def kept(contact: Id, asked: Asked) -> Response:
    """What was promised in a contact was done: it does not come back."""
    return await _done(Subject.CONTACT, contact, asked, lambda records, number: records.kept(number, asked.actor))


@router.get("/contacts", response_model=shapes.Page[desk_shapes.ContactInLog], responses=NO_DESK)
async def contacts(
    request: Request,
    seen: ReadsDesk,
    desk: HasDesk,
    wearer: Annotated[str | None, Query(pattern=ID_CHARACTERS)] = None,
    since: Annotated[Instant | None, Query(description="Default a day before now")] = None,
    cursor: Cursor = None,
    limit: ListLimit = LIST_DEFAULT,
) -> Response:
    """The contact log of a wearer, or of everybody in sight, the newest first: about an alert or about none."""
    since_us = desk.clock() - DAY_US if since is None else since
    rows = await desk.questions(seen.sight).contacts(wearer, since_us, read_cursor(cursor, Number), limit + 1)
    page, onward = cut(rows, limit, lambda row: row.no)
    return answer({"items": [contact_body(row) for row in page], "next": (link := next_link(request, onward))}, link)


@router.get("/tasks", response_model=shapes.Page[desk_shapes.Task], responses=NO_DESK)
async def tasks(
    request: Request, seen: ReadsDesk, desk: HasDesk, cursor: Cursor = None, limit: ListLimit = LIST_DEFAULT
) -> Response:
    """What operators are to do, the oldest first; also what has come to be not needed, which says so."""
    rows = await desk.questions(seen.sight).tasks(read_cursor(cursor, tuple[Number, Number]), limit + 1)
    page, onward = cut(rows, limit, lambda row: (row.made_us, row.no))
    protocols = (await desk.guide()).protocols
    return answer(
        {"items": [task_body(row, protocols) for row in page], "next": (link := next_link(request, onward))}, link
    )


@router.get("/next-steps", response_model=shapes.Page[desk_shapes.NextStep], responses=NO_DESK)
async def next_steps(
    seen: ReadsDesk,
    desk: HasDesk,
    alert: Annotated[list[AlertNumber], Query(max_length=NAMES_AT_ONCE, description="Of which, at most 200")],
) -> Response:
    """What the protocols of some alerts do next and when, by number; of those that have nothing to come, nothing."""
    numbers = [number for one in alert if (number := int(one)) <= LARGEST_ID]
    rows = await desk.questions(seen.sight).next_steps(numbers)
    protocols = (await desk.guide()).protocols
    bodies = [next_step_body(row, protocols) for row in rows]
    return answer({"items": [one for one in bodies if one is not None], "next": None})


@router.post("/tasks/{task}/done", response_model=desk_shapes.Made, responses=RECORDS)
async def task_done(task: Id, asked: Asked) -> Response:
    """A task is done, by whoever asks."""
    return await _done(Subject.TASK, task, asked, lambda records, number: records.task_done(number, asked.actor))


@router.get("/mutes", response_model=shapes.Page[desk_shapes.Mute], responses=NO_DESK)
async def mutes(
    request: Request,
    seen: ReadsDesk,
    desk: HasDesk,
    wearer: Annotated[str | None, Query(pattern=ID_CHARACTERS)] = None,
    cursor: Cursor = None,
    limit: ListLimit = LIST_DEFAULT,
) -> Response:
    """Mutes that are not over, in the order in which they were made."""
    rows = await desk.questions(seen.sight).mutes(wearer, read_cursor(cursor, Number), limit + 1)
    page, onward = cut(rows, limit, lambda row: row.no)
    return answer({"items": [mute_body(row) for row in page], "next": (link := next_link(request, onward))}, link)


@router.post("/mutes", response_model=desk_shapes.Made, status_code=201, responses=CREATED)
async def mute(asked: Asked, body: NewMute) -> Response:
    """Mutes a wearer's alerts, a day at most; a supervisor's, where the wearer has a victim or is intensive. Look at `preview` first."""
    await asked.must_know(Subject.WEARER, body.wearer)

    async def work(note: Note) -> Response:
        records = asked.recording(note)
        number = await records.mute(body.wearer, body.from_, body.to, body.reason, asked.actor)
        return answer({"id": str(number)}, status=HTTPStatus.CREATED)

    return await once(asked, work)


@router.post("/mutes/preview", response_model=desk_shapes.MutePreview, responses=NO_DESK)
async def mute_preview(seen: ReadsDesk, desk: HasDesk, body: MuteSpan) -> Response:
    """What would be quiet if that were muted, beside the mutes that stand. Changes nothing."""
    from_us = desk.clock() if body.from_ is None else body.from_
    if not 0 < body.to - from_us <= LONGEST_US:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "must be after `from`, by at most 24 hours", field="to")
    if not await seen.reading.in_sight(Subject.WEARER, body.wearer):
        raise unknown(Subject.WEARER)
    try:
        shown = await desk.records().mute_preview(body.wearer, from_us, body.to)
    except Unacceptable as error:
        return refusal(error)
    told = {"stretches": [stretch_body(one) for one in shown.stretches], "still_told": list(STILL_TOLD)}
    return answer(told | {"senior": shown.senior, "too_long": shown.too_long})


@router.post("/mutes/{mute}/end", response_model=desk_shapes.Made, responses=RECORDS)
async def end_mute(mute: Id, asked: Asked) -> Response:
    """Ends a mute now: what is still open is alerted."""
    return await _done(Subject.MUTE, mute, asked, lambda records, number: records.end_mute(number, asked.actor))


@router.get("/protocols", response_model=desk_shapes.ProtocolsInForce, responses=NO_DESK)
async def protocols(seen: ReadsDesk, desk: HasDesk) -> Response:
    """The protocols in force."""
    return answer(msgspec.to_builtins((await desk.guide()).protocols))


@router.get("/rota", response_model=desk_shapes.Duty, responses=NO_DESK)
async def rota(
    seen: ReadsDesk, desk: HasDesk, at: Annotated[Instant | None, Query(description="Default now")] = None
) -> Response:
    """Who is on duty at an instant."""
    at_us = desk.clock() if at is None else at
    found = sorted(
        await desk.shifts(at_us, at_us + 1), key=lambda one: (one.role, one.area or "", one.priority, one.id)
    )
    return answer({"at": format_instant(at_us), "items": [shift_body(shift) for shift in found]})
