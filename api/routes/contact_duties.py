"""What protected people must be told, and that they were: for the victim liaison of their area, and seniors (docs/victim-contact.md)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from access.grants import Deed
from alerts.desk import Note
from alerts.rota import on_duty
from alerts.safe_contact import read_contact
from api import duty_shapes, shapes
from api.audited import looked
from api.cursors import Number, cut, next_link, read_cursor
from api.desk import LARGEST_ID, Asking, HasDesk, asks, once
from api.doors import Seen, seeing
from api.duty_shapes import GivingUp, TellingAsked, duty_body, safe_body, teller_body, telling_body
from api.etags import etag, revision_seen
from api.parts import API_ROOT, NOT_FOUND, PROBLEM_CONTENT, PROBLEMS, Cursor, answer
from api.permitting import HasPermissions, Mask
from api.problems import Problem
from api.routes.people import ID_CHARACTERS, LIST_DEFAULT, ListLimit
from api.routes.warrants import IfMatch, Number19
from domain.caseload_fields import DEFAULT_TIMEZONE
from domain.rota import Shift
from domain.vocabulary import Channel, DutyState, Role, TellingResult
from store.audit import Entry, entry_of
from store.contact_duties import DutyRow, HeldDuty, Telling, place_of
from store.permissions import Permissions

STATES: Final = {
    TellingResult.TOLD: DutyState.TOLD,
    TellingResult.NOT_WANTED: DutyState.NOT_WANTED,
    TellingResult.NO_ANSWER: DutyState.OPEN,
    TellingResult.SOMEBODY_ELSE: DutyState.OPEN,
}
"""What a try makes of a duty."""
TELLERS: Final = (Role.VICTIM_LIAISON, Role.DUTY_MANAGER)
"""Who tells them; the second where nobody is on duty as the first."""
CHANGED: Final[dict[int | str, dict[str, Any]]] = {
    **NOT_FOUND,
    409: {"description": "It is over, or too few tries were made", **PROBLEM_CONTENT},
    412: {"description": "It has changed since", **PROBLEM_CONTENT},
}

Reads = Annotated[Seen, Depends(seeing(Deed.READ_CONTACT_DUTIES))]
Writes = Annotated[Seen, Depends(seeing(Deed.WRITE_TELLINGS))]

router = APIRouter(prefix=API_ROOT, responses=PROBLEMS, tags=["victims"])


@router.get("/contact-duties", response_model=shapes.Page[duty_shapes.DutyNow])
async def duties(
    request: Request,
    seen: Reads,
    tables: HasPermissions,
    is_open: Annotated[bool | None, Query(alias="open", description="Still to be told, or not")] = None,
    victim: Annotated[str | None, Query(pattern=ID_CHARACTERS)] = None,
    cursor: Cursor = None,
    limit: ListLimit = LIST_DEFAULT,
) -> Response:
    """What protected people in your sight must be told, by when it is due; what is over (`open=false`) the latest first."""
    after, now_us = read_cursor(cursor, tuple[Number, Number]), seen.parts.now()
    rows = await tables.duties.page(seen.sight, after, limit + 1, is_open=is_open, victim=victim)
    page, onward = cut(rows, limit, lambda row: place_of(row, is_open=is_open))
    people = sorted({row.victim for row in page})
    await looked(seen, Deed.READ_CONTACT_DUTIES, "victim", people, shown="contact_duties")
    return answer(
        {"items": [duty_body(row, now_us) for row in page], "next": (link := next_link(request, onward))}, link
    )


@router.get("/contact-duties/{duty}", response_model=duty_shapes.DutyWhole, responses=NOT_FOUND)
async def one(duty: Number19, seen: Reads, tables: HasPermissions, mask: Mask, desk: HasDesk) -> Response:
    """One, with every try, how it is safe to speak to them, and who is on duty to; its revision is the `ETag`."""
    row, now_us = await _read(tables, seen, duty), seen.parts.now()
    await looked(seen, Deed.READ_CONTACT_DUTIES, "victim", [row.victim], shown="contact_duty", duty=str(row.no))
    safe = read_contact(row.person or {})
    opens_us = None if safe.hours is None else safe.hours.opens_us(now_us, DEFAULT_TIMEZONE, mask.zones)
    tellers = await _tellers(tables, await desk.shifts(now_us, now_us + 1), row, now_us)
    whole = {
        "tellings": [telling_body(each) for each in row.tellings],
        "safe": safe_body(row, safe, now_us, opens_us),
        "tellers": [teller_body(shift) for shift in tellers],
        "tries_needed": desk.tries_to_tell,
    }
    return answer(duty_body(row, now_us) | whole, headers=etag(row.revision))


@router.post("/contact-duties/{duty}/tellings", response_model=duty_shapes.DutyNow, status_code=201, responses=CHANGED)
async def tell(
    duty: Number19,
    asked: Annotated[Asking, asks(Deed.WRITE_TELLINGS)],
    tables: HasPermissions,
    body: TellingAsked,
    if_match: IfMatch = None,
) -> Response:
    """Enters a try to tell them: it is done when they were told, or do not want to be."""
    seen, now_us = asked.seen, asked.seen.parts.now()
    row = await _read(tables, seen, duty)
    _check(row, body, now_us)
    at_us = now_us if body.at is None else body.at
    who = (seen.caller.name, seen.caller.role)
    telling = Telling(at_us, body.channel, body.result, body.adult, body.said_back.strip(), *who)
    revision, entry = revision_seen(if_match, row.revision), _entry(seen, row, now_us, body.result.value)

    async def work(note: Note) -> Response:
        was = await tables.duties.tell(row.no, revision, telling, STATES[body.result], now_us, entry, note)
        return await _after(tables, seen, row, was, revision, HTTPStatus.CREATED)

    return await once(asked, work)


@router.post("/contact-duties/{duty}/not-reached", response_model=duty_shapes.DutyNow, responses=CHANGED)
async def not_reached(
    duty: Number19, seen: Writes, tables: HasPermissions, desk: HasDesk, body: GivingUp, if_match: IfMatch = None
) -> Response:
    """They could not be reached, after as many tries as the rules ask, and what is done instead."""
    row, now_us = await _read(tables, seen, duty), seen.parts.now()
    revision, entry = revision_seen(if_match, row.revision), _entry(seen, row, now_us, DutyState.NOT_REACHED.value)
    by = seen.caller.name
    was = await tables.duties.give_up(row.no, revision, desk.tries_to_tell, body.reason, by, now_us, entry)
    if was is not None and was.state is DutyState.OPEN and was.missed < desk.tries_to_tell:
        raise Problem(
            HTTPStatus.CONFLICT,
            f"they were tried {was.missed} times without an answer; it takes {desk.tries_to_tell} before they count as not reached",
        )
    return await _after(tables, seen, row, was, revision)


def _check(row: DutyRow, body: TellingAsked, now_us: int) -> None:
    """What they agreed to is kept to: by another channel than theirs nobody told them."""
    safe, under_18 = read_contact(row.person or {}), bool((row.person or {}).get("under_18"))
    if body.at is not None and not row.clock_us <= body.at <= now_us:
        raise _wrong("at", "must be between when we learnt it and now")
    if body.channel is not Channel.CALL and body.channel not in safe.addresses:
        raise _wrong("channel", "is none of their safe channels; a person speaks to them (call)")
    if body.result is TellingResult.TOLD and under_18 and not body.adult:
        raise _wrong("adult", "they are under 18: the adult responsible for them is told first")
    if body.result is TellingResult.TOLD and body.channel is not Channel.CALL and not body.said_back.strip():
        raise _wrong("said_back", "a message tells nobody until they answer: write down what they said")


def _wrong(field: str, cause: str) -> Problem:
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, cause, field=field)


async def _tellers(tables: Permissions, shifts: list[Shift], row: DutyRow, now_us: int) -> list[Shift]:
    areas = await tables.rota.areas()
    for role in TELLERS:
        found = on_duty(shifts, role, row.area, None, areas, now_us)
        if found:
            return found
    return []


def _entry(seen: Seen, row: DutyRow, now_us: int, done: str) -> Entry:
    details = {"done": done, "duty": str(row.no)}
    return entry_of(seen.caller, now_us, Deed.WRITE_TELLINGS, "victim", [row.victim], seen.why, **details)


async def _after(
    tables: Permissions,
    seen: Seen,
    row: DutyRow,
    was: HeldDuty | None,
    revision: int | None,
    status: HTTPStatus = HTTPStatus.OK,
) -> Response:
    if was is None or was.state is not DutyState.OPEN:
        raise Problem(HTTPStatus.CONFLICT, "it is over: somebody has told them, or nothing need be told any more")
    if revision not in (None, was.revision):
        raise Problem(
            HTTPStatus.PRECONDITION_FAILED, "it has changed since you saw it: what must be said may be another"
        )
    now = await tables.duties.one(row.no, seen.sight)
    row = row if now is None else now
    return answer(duty_body(row, seen.parts.now()), status=status, headers=etag(row.revision))


async def _read(tables: Permissions, seen: Seen, number: str) -> DutyRow:
    row = await tables.duties.one(int(number), seen.sight) if int(number) <= LARGEST_ID else None
    if row is None:
        raise Problem(HTTPStatus.NOT_FOUND, "no such duty")
    return row
