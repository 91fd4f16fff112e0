"""The live figures, and the stream that can be resumed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Header, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.responses import Response

from api import shapes
from api.bodies import counts_body
from api.parts import API_ROOT, PROBLEMS, Given, answer
from api.problems import Problem

FOLLOWERS_LIMIT: Final = 200
RETRY_MS: Final = 1_000
"""How long a browser waits before it comes back."""

router = APIRouter(prefix=API_ROOT, responses=PROBLEMS)


@router.get("/counts", response_model=shapes.Counts, tags=["figures"])
async def counts(parts: Given) -> Response:
    """The live figures, at most a second old; the states of the orders add up to the active orders."""
    return answer(counts_body(await parts.figures.now()))


class EventKind(StrEnum):
    """What is streamed."""

    ALERT = "alert"
    VIOLATION = "violation"
    INCIDENT = "incident"


async def beginning(
    parts: Given,
    last_event_id: Annotated[
        str | None, Header(pattern=r"^[0-9]{1,19}$", description="The last event that you have; sent by browsers")
    ] = None,
) -> tuple[str, int]:
    """Where a follower begins, and what the first event says about it: `hello`, `resumed` or `reset`.

    `reset` is for one who names an event that is not kept any more, or that never was: what it shows must be read anew.
    """
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


@router.get(
    "/stream",
    response_class=EventSourceResponse,
    tags=["figures"],
    responses={503: {"description": "Too many follow it already"}},
)
async def stream(
    parts: Given,
    begins: Annotated[tuple[str, int], Depends(beginning)],
    kind: Annotated[EventKind | None, Query(description="Only these")] = None,
) -> AsyncIterator[ServerSentEvent]:
    """Every version of a violation or of an incident and every change of an alert as it is committed, in order.

    Come back with the `Last-Event-ID` of the last event that you have and nothing is missed, nothing comes twice. The
    first event is `hello` (you begin now), `resumed`, or `reset` (too much was missed: read the lists anew).
    """
    word, after = begins
    yield ServerSentEvent(event=word, id=str(after), data={"after": str(after)}, retry=RETRY_MS)
    async for row in parts.hub.follow(after):
        if kind is None or row.topic == kind:
            yield ServerSentEvent(event=row.topic, id=str(row.no), data=row.body)
