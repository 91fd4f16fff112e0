"""What people do to alerts: claim, release, act, escalate, close, reopen; one or many; the contact log; the history."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header, Path
from starlette.responses import Response

from access.grants import Deed
from alerts.desk import MOST_AT_ONCE, AlertsWanted, Item, Note, Result, Wish
from alerts.desk_errors import NoSuchAlert, Unacceptable
from alerts.desk_records import Contact
from api import desk_shapes, shapes
from api.audited import nothing_changed
from api.desk import LARGEST_ID, Asked, HasDesk, once
from api.desk_bodies import history_body, result_body
from api.desk_shapes import Bulk, BulkFilter, Closing, NewContact, Words
from api.doors import Seen, seeing
from api.etags import revision_seen
from api.parts import API_ROOT, NOT_FOUND, PROBLEM_CONTENT, PROBLEMS, alert_answer, answer
from api.problems import Problem
from domain.vocabulary import AlertEvent
from store.reading_types import Subject

AlertId = Annotated[str, Path(pattern=r"^[0-9]{1,19}$")]
IfMatch = Annotated[
    str | None,
    Header(description='The `ETag` of the alert as you saw it, such as `"3"`; without it the machine alone decides'),
]

WORK_PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    401: {"description": "Who asks does not say who they are", **PROBLEM_CONTENT},
    **NOT_FOUND,
    409: {"description": "The alert's machine does not take it now; nothing was changed", **PROBLEM_CONTENT},
    412: {"description": "It has changed since: by whom, how and when", **PROBLEM_CONTENT},
    503: {"description": "Somebody else is at work on it, or the desk is not set up", **PROBLEM_CONTENT},
}
CREATED: Final[dict[int | str, dict[str, Any]]] = {
    401: WORK_PROBLEMS[401],
    503: WORK_PROBLEMS[503],
}

router = APIRouter(prefix=API_ROOT, responses=PROBLEMS, tags=["work"])


@router.post("/alerts/{alert}/claim", response_model=shapes.Alert, responses=WORK_PROBLEMS)
async def claim(alert: AlertId, asked: Asked, body: Words | None = None, if_match: IfMatch = None) -> Response:
    """Takes an alert, or renews one's claim; a supervisor takes it over from whoever holds it."""
    return await _do(AlertEvent.CLAIM, alert, asked, body, if_match)


@router.post("/alerts/{alert}/release", response_model=shapes.Alert, responses=WORK_PROBLEMS)
async def release(alert: AlertId, asked: Asked, body: Words | None = None, if_match: IfMatch = None) -> Response:
    """Gives it back: it is raised again."""
    return await _do(AlertEvent.RELEASE, alert, asked, body, if_match)


@router.post("/alerts/{alert}/action", response_model=shapes.Alert, responses=WORK_PROBLEMS)
async def action(alert: AlertId, asked: Asked, body: Words | None = None, if_match: IfMatch = None) -> Response:
    """Records that something was done about it; the claim goes on from now."""
    return await _do(AlertEvent.ACTION, alert, asked, body, if_match)


@router.post("/alerts/{alert}/escalate", response_model=shapes.Alert, responses=WORK_PROBLEMS)
async def escalate(alert: AlertId, asked: Asked, body: Words | None = None, if_match: IfMatch = None) -> Response:
    """Tells who is above: of an operator the supervisor, else the duty manager."""
    return await _do(AlertEvent.ESCALATE, alert, asked, body, if_match)


@router.post("/alerts/{alert}/close", response_model=shapes.Alert, responses=WORK_PROBLEMS)
async def close(alert: AlertId, asked: Asked, body: Closing, if_match: IfMatch = None) -> Response:
    """Closes it, with an outcome; a critical one with a note in one's own words. Undone within 60 s by `reopen`."""
    return await _do(AlertEvent.CLOSE, alert, asked, body, if_match)


@router.post("/alerts/{alert}/reopen", response_model=shapes.Alert, responses=WORK_PROBLEMS)
async def reopen(alert: AlertId, asked: Asked, body: Words | None = None, if_match: IfMatch = None) -> Response:
    """Undoes a closing, within 60 s of it."""
    return await _do(AlertEvent.REOPEN, alert, asked, body, if_match)


async def _do(event: AlertEvent, alert: str, asked: Asked, body: Words | None, if_match: str | None) -> Response:
    wish = _wish(event, body)
    item = await _item(asked, int(alert), if_match)

    async def work(note: Note) -> Response:
        await asked.working(note).act(item, wish, asked.actor)
        row = await asked.seen.reading.alert(item.alert_no)
        assert row is not None, "an alert that somebody just worked on is there"
        return alert_answer(row)

    return await once(asked, work)


def _wish(event: AlertEvent, body: Words | None) -> Wish:
    if body is None:
        return Wish(event)
    return Wish(event, getattr(body, "outcome", None), body.note, body.explanation)


async def _item(asked: Asked, number: int, if_match: str | None) -> Item:
    """The alert, and the revision that was seen of it; 404 where it is not in sight."""
    await asked.must_see(Subject.ALERT, number)
    if if_match is None:
        return Item(number)
    row = await asked.seen.reading.alert(number)
    return Item(number, None if row is None else revision_seen(if_match, row.revision))


@router.post("/alerts/bulk", response_model=desk_shapes.BulkResults, responses=CREATED)
async def bulk(asked: Asked, body: Bulk) -> Response:
    """One thing to many alerts, with one note. Each has its own result: what is refused stops no other.

    The alerts are those of `items`, or at most 1,000 in your sight that fit `filter` now, the oldest first; what changes while
    they are worked on is refused with 412.
    """
    wish = _wish(body.event, body)

    async def work(note: Note) -> Response:
        if body.items is not None and body.filter is not None:
            raise Unacceptable("filter", "name the alerts or give a filter, not both")
        desk = asked.working(note)
        if body.filter is None:
            items = await _items(body)
        else:
            items = await desk.snapshot(_wanted(body.filter), asked.seen.sight)
        seen = await asked.seen.reading.alerts_in_sight([one.alert_no for one in items if one.alert_no <= LARGEST_ID])
        there = [item for item in items if item.alert_no in seen]
        found = {result.alert_no: result for result in await desk.bulk(there, wish, asked.actor)}
        results = [found.get(one.alert_no) or Result(one.alert_no, error=NoSuchAlert(one.alert_no)) for one in items]
        if all(result.done is None for result in results):
            nothing_changed()
        more = body.filter is not None and len(items) == MOST_AT_ONCE
        return answer({"items": [result_body(result) for result in results], "more": more})

    return await once(asked, work)


async def _items(body: Bulk) -> list[Item]:
    if body.items is None:
        raise Unacceptable("items", "name the alerts, or give a filter")
    return [Item(int(one.id), None if one.revision is None else int(one.revision)) for one in body.items]


def _wanted(given: BulkFilter) -> AlertsWanted:
    if not given.model_dump(exclude_defaults=True):
        raise Unacceptable("filter", "names nothing, which would be every open alert")
    works = {"works": given.works} if given.works else {}
    return AlertsWanted(
        kinds=given.kinds,
        severities=given.severities,
        wearer=given.wearer,
        state=given.state,
        grouped_under=given.grouped_under,
        holder=given.holder,
        raised_before_us=given.raised_before,
        **works,
    )


@router.get("/alerts/{alert}/history", response_model=desk_shapes.AlertHistory, responses=NOT_FOUND)
async def history(alert: AlertId, seen: Annotated[Seen, Depends(seeing(Deed.READ_DESK))], desk: HasDesk) -> Response:
    """Everything that happened to an alert's work: who did what, who was told or not and why, contacts, tasks, timers."""
    number = int(alert)
    if number > LARGEST_ID or await seen.reading.alert(number) is None:
        raise Problem(HTTPStatus.NOT_FOUND, "no such alert")
    guide = await desk.guide()
    return answer(history_body(number, await desk.questions(seen.sight).history(number), guide.protocols))


@router.post(
    "/alerts/{alert}/contacts",
    response_model=desk_shapes.Made,
    status_code=201,
    responses={**CREATED, **NOT_FOUND},
)
async def contact_about(alert: AlertId, asked: Asked, body: NewContact) -> Response:
    """Enters a contact about an alert. What the holder of its claim enters is an action on it; a promise comes back when due."""
    return await _contact(int(alert), asked, body)


@router.post("/contacts", response_model=desk_shapes.Made, status_code=201, responses=CREATED)
async def contact(asked: Asked, body: NewContact) -> Response:
    """Enters a contact about no alert: somebody rang."""
    return await _contact(None, asked, body)


async def _contact(alert_no: int | None, asked: Asked, body: NewContact) -> Response:
    given = body.model_dump(exclude={"promised_at"}) | {"promised_us": body.promised_at}
    if alert_no is not None:
        await asked.must_see(Subject.ALERT, alert_no)
    await asked.must_know(Subject.WEARER, body.wearer)
    await asked.must_know(Subject.VICTIM, body.victim)

    async def work(note: Note) -> Response:
        number = await asked.recording(note).contact(alert_no, Contact(**given), asked.actor)
        return answer({"id": str(number)}, status=HTTPStatus.CREATED)

    return await once(asked, work)
