"""The live figures, and the stream that can be resumed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Header, Query, Request
from starlette.responses import Response, StreamingResponse

from access.grants import Deed, may
from api import shapes
from api.bodies import alerts_live_body, counts_body
from api.doors import Seen, let_in, seeing
from api.hub import Framed, frame
from api.parts import API_ROOT, PROBLEM_CONTENT, PROBLEMS, answer
from api.problems import Problem
from domain.instants import SECOND_US
from store.reading_types import EventRow, Subject

FOLLOWERS_LIMIT: Final = 200
RETRY_MS: Final = 1_000
"""How long a browser waits before it comes back."""
IDLE_S: Final = 15.0
STILL_THERE: Final = b"event: still\ndata: {}\n\n"
"""An event without an id, so that neither the follower nor anybody between takes the line for dead."""
EVENTS: Final = "text/event-stream"

router = APIRouter(prefix=API_ROOT, responses=PROBLEMS)


@router.get("/counts", response_model=shapes.Counts, tags=["figures"])
async def counts(seen: Annotated[Seen, Depends(seeing(Deed.READ_FIGURES))]) -> Response:
    """The live figures, at most a second old; the states of the orders add up to the active orders."""
    return answer(counts_body(await seen.parts.figures.now()))


@router.get("/counts/alerts", response_model=shapes.AlertsLive, tags=["figures"])
async def alerts_live(seen: Annotated[Seen, Depends(seeing(Deed.READ_FIGURES))]) -> Response:
    """What nobody has and since when, the load of the operators, alerts by minute, outages: at most five seconds old."""
    return answer(alerts_live_body(await seen.parts.figures.alerts()))


class EventKind(StrEnum):
    """What is streamed."""

    ALERT = "alert"
    VIOLATION = "violation"
    INCIDENT = "incident"


TOPICS: Final = {
    EventKind.ALERT: Deed.READ_ALERTS,
    EventKind.VIOLATION: Deed.READ_VIOLATIONS,
    EventKind.INCIDENT: Deed.READ_INCIDENTS,
}
SIGHT_KEPT_US: Final = 5 * SECOND_US

Follows = Annotated[Seen, Depends(seeing(Deed.READ_ALERTS))]


async def beginning(
    seen: Follows,
    last_event_id: Annotated[
        str | None, Header(pattern=r"^[0-9]{1,19}$", description="The last event that you have; sent by browsers")
    ] = None,
) -> tuple[str, int]:
    """Where a follower begins, and what the first event says about it: `hello`, `resumed` or `reset`.

    `reset` is for one who names an event that is not kept any more, or that never was: what it shows must be read anew.
    """
    parts = seen.parts
    if parts.hub.followers >= FOLLOWERS_LIMIT:
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, f"{FOLLOWERS_LIMIT} follow the stream already")
    newest = await parts.reading.newest_event()
    if last_event_id is None:
        return "hello", newest
    last = int(last_event_id)
    oldest = await parts.reading.oldest_event()
    if last > newest or (oldest and last < oldest - 1):
        return "reset", newest
    return "resumed", last


class StreamView:
    """What of the stream one follower sees: the topics of its role, of the wearers in its sight.

    Who sees not everything has its wearers and protected people looked up again every `SIGHT_KEPT_US`.
    """

    def __init__(self, seen: Seen, kind: EventKind | None) -> None:
        self._seen = seen
        self._topics = {topic for topic, deed in TOPICS.items() if may(seen.caller, deed) and kind in (None, topic)}
        self._fresh = seen
        self._wearers: frozenset[str] = frozenset()
        self._victims: frozenset[str] = frozenset()
        self._known_until_us = -1

    async def shows(self, row: EventRow) -> bool:
        """Whether the follower sees this event."""
        if row.topic not in self._topics:
            return False
        wearer, sight = row.body.get("wearer"), self._seen.sight
        if wearer is None and not sight.centre:
            return False
        if sight.everything:
            return True
        await self._look_again()
        return wearer in self._wearers if wearer is not None else await self._shows_without_wearer(row)

    def sent(self, one: Framed) -> bytes:
        """What the follower is sent of an event that it sees."""
        return one.frame if self._seen.sight.victims else one.without_unit

    async def _shows_without_wearer(self, row: EventRow) -> bool:
        """As the views of `seen` have it: by the protected person, or by who has the device; of nobody it is the centre's."""
        victim, device = row.body.get("victim"), row.body.get("device")
        if victim is not None:
            return victim in self._victims
        if device is None or row.topic != EventKind.ALERT:
            return True
        return await self._fresh.reading.in_sight(Subject.ALERT, row.body["id"])

    async def _look_again(self) -> None:
        now_us = self._seen.parts.now()
        if now_us >= self._known_until_us:
            self._fresh = await let_in(self._seen.parts, self._seen.caller)
            self._wearers = await self._fresh.reading.wearers_in_sight()
            if self._fresh.sight.centre:
                self._victims = await self._fresh.reading.victims_in_sight()
            self._known_until_us = now_us + SIGHT_KEPT_US


class StillIn:
    """Whether a follower is still let in as when it came: asked again every `SIGHT_KEPT_US`, before anything more is shown."""

    def __init__(self, request: Request, seen: Seen) -> None:
        self._request = request
        self._seen = seen
        self._known_until_us = seen.parts.now() + SIGHT_KEPT_US

    async def holds(self) -> bool:
        """False when the session or the key has ended. A database that is away is asked again the next time."""
        parts = self._seen.parts
        if parts.now() < self._known_until_us:
            return True
        try:
            caller = await parts.door.caller(self._request)
        except Problem:
            return False
        except parts.hub.away:
            return True  # nothing new can be read either
        self._known_until_us = parts.now() + SIGHT_KEPT_US
        return caller == self._seen.caller


@router.get(
    "/stream",
    response_class=Response,
    tags=["figures"],
    responses={
        200: {"description": "Server-sent events", "content": {EVENTS: {"schema": {"type": "string"}}}},
        503: {"description": "Too many follow it already", **PROBLEM_CONTENT},
    },
)
async def stream(
    request: Request,
    seen: Follows,
    begins: Annotated[tuple[str, int], Depends(beginning)],
    kind: Annotated[EventKind | None, Query(description="Only these")] = None,
) -> Response:
    """Every version of a violation or of an incident and every change of an alert that you may see, as committed, in order.

    Come back with the `Last-Event-ID` of the last event that you have and nothing is missed, nothing comes twice. The
    first event is `hello` (you begin now), `resumed`, or `reset` (too much was missed: read the lists anew); `still` says that
    nothing came for a while. It ends with the
    session or the key that it was asked with.
    """
    word, after = begins
    hello = frame(word, after, {"after": str(after)}, RETRY_MS)
    sent = _sent(hello, after, seen, StreamView(seen, kind), StillIn(request, seen))
    return StreamingResponse(sent, headers={"X-Accel-Buffering": "no"}, media_type=EVENTS)


async def _sent(hello: bytes, after: int, seen: Seen, view: StreamView, still_in: StillIn) -> AsyncIterator[bytes]:
    """What came together goes out as one piece; a line that says nothing when nothing came for long."""
    yield hello
    async with aclosing(seen.parts.hub.batches(after, IDLE_S)) as batches:
        async for batch in batches:
            if not await still_in.holds():
                return
            shown = [view.sent(one) for one in batch if await view.shows(one.row)]
            if shown or not batch:
                yield b"".join(shown) or STILL_THERE
