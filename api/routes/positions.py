"""Newest positions and trails: with requests about places and protected places, all by which positions leave."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Annotated, Any, Final
from urllib.parse import urlencode

import msgspec
from fastapi import APIRouter, Depends, Header, Query, Request
from starlette.responses import Response, StreamingResponse

from access.grants import Deed
from access.permits import Permits
from api import shapes
from api.audited import looked, nothing_changed
from api.cursors import CURSOR_CHARACTERS, Name, Number, link_header, next_link, read_cursor, write_cursor
from api.desk import no_such
from api.doors import Seen, seeing
from api.instants import Instant
from api.negotiation import chosen
from api.parts import API_ROOT, NOT_FOUND, PROBLEM_CONTENT, PROBLEMS, Cursor, answer
from api.permitting import Mask, Permitting
from api.ports import Reading
from api.problems import Problem
from api.routes.people import Id
from api.sittings import Sitting
from api.trails import FORMATS, WRITERS, TrailWriter
from domain.instants import DAY_US, format_instant
from store.position_columns import PositionColumns
from store.reading_places import Counted
from store.reading_types import Subject
from store.trails import counted, together

POSITIONS_LIMIT: Final = 20_000
TRAIL_LIMIT: Final = 50_000
"""Stored fixes of a trail that is asked for in pages."""
TRAIL_DEFAULT_US: Final = DAY_US
TRAIL_LONGEST_US: Final = 31 * DAY_US
FIXES_AT_ONCE: Final = 2_000
"""Fixes that a streamed trail holds in memory."""
LONGEST_STEP_US: Final = DAY_US

ReadsPositions = Annotated[Seen, Depends(seeing(Deed.READ_POSITIONS))]
Key = tuple[int, str, int, int]
NOT_FOLLOWED: Final[dict[str, Any]] = {"items": [], "next": None, "moves": None, "gone": [], "left_out": None}
NO_POSITIONS: Final[dict[int | str, dict[str, Any]]] = {
    503: {"description": "No position may leave this process", **PROBLEM_CONTENT}
}

router = APIRouter(prefix=API_ROOT, responses=PROBLEMS)


@router.get("/positions", response_model=shapes.Positions, responses=NO_POSITIONS, tags=["positions"])
async def positions(
    request: Request,
    seen: ReadsPositions,
    mask: Mask,
    cursor: Cursor = None,
    since: Annotated[
        str | None, Query(max_length=CURSOR_CHARACTERS, description="What has come since: from the `moves` of a list")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=POSITIONS_LIMIT)] = POSITIONS_LIMIT,
) -> Response:
    """The newest fix of every wearer in sight, by wearer id, where it may be seen; others are left out.

    A list that came whole can be followed by its `moves` for ten minutes: only those of whom something newer came.
    """
    if since is not None:
        return await _moved(request, seen, mask, read_cursor(since, tuple[Name, Number], "since"))
    some, tracked, mark = await seen.reading.positions_marked(read_cursor(cursor, Name), limit + 1)
    page, onward = some.at(slice(limit)), None
    if len(some) > limit:
        onward = write_cursor(page.wearers[-1])
    shown, requests = await mask.newest(seen, page)
    who = shown.wearers.tolist()
    told = _told(seen, len(who), requests)
    auditing = looked(seen, Deed.READ_POSITIONS, "wearer", who, shown="positions", **told)
    # Written meanwhile; nothing is answered before the look is kept.
    _, items = await asyncio.gather(auditing, _written(seen, shown))
    await mask.used(seen, requests)
    body = NOT_FOLLOWED | {"items": items, "next": (link := next_link(request, onward))}
    if cursor is None and onward is None:
        sitting = seen.parts.sittings.begin(seen.caller, who, seen.parts.now())
        sitting.requests.update(requests)
        body["moves"] = _moves_link(request, sitting, mark)
        body["left_out"] = {"sealed": len(page) - len(shown), "unheard": max(0, tracked - len(page))}
    return answer(body, link)


async def _moved(request: Request, seen: Seen, mask: Permitting, since: tuple[str, int]) -> Response:
    """Those on a list that is followed, of whom something newer came, where it may be seen."""
    sitting = seen.parts.sittings.of(seen.caller, since[0], seen.parts.now())
    if sitting is None:
        nothing_changed()
        return answer(NOT_FOLLOWED)
    some, mark = await seen.reading.moves(since[1])
    shown, requests = await mask.newest(seen, some)
    who = shown.wearers.tolist()
    if untold := sitting.untold(who):
        told = _told(seen, len(untold), requests) | {"until": format_instant(sitting.until_us)}
        await looked(seen, Deed.READ_POSITIONS, "wearer", untold, shown="moves", **told)
    else:
        nothing_changed()
    await mask.used(seen, [one for one in requests if one not in sitting.requests])
    sitting.requests.update(requests)
    gone = sitting.take(some.wearers.tolist(), who, untold)
    moves = _moves_link(request, sitting, mark)
    return answer(NOT_FOLLOWED | {"items": seen.parts.written.of(shown), "moves": moves, "gone": gone})


async def _written(seen: Seen, some: PositionColumns) -> msgspec.Raw:
    return seen.parts.written.of(some)


def _told(seen: Seen, number: int, requests: Sequence[int]) -> dict[str, Any]:
    areas = None if seen.caller.areas is None else sorted(seen.caller.areas)
    return {"number": number, "areas": areas, "requests": _texts(requests)}


def _moves_link(request: Request, sitting: Sitting, mark: int) -> str:
    return f"{request.url.path}?{urlencode({'since': write_cursor((sitting.id, mark))})}"


@router.get(
    "/wearers/{wearer}/trail",
    responses={
        **NOT_FOUND,
        **NO_POSITIONS,
        200: {"description": "The fixes that may be seen, oldest first", "content": {kind: {} for kind in FORMATS}},
    },
    response_class=Response,
    tags=["wearers"],
)
async def trail(
    request: Request,
    wearer: Id,
    seen: ReadsPositions,
    mask: Mask,
    from_: Annotated[Instant | None, Query(alias="from", description="Inclusive; default a day before `to`")] = None,
    to: Annotated[Instant | None, Query(description="Exclusive; default now")] = None,
    cursor: Cursor = None,
    limit: Annotated[
        int | None, Query(ge=1, le=TRAIL_LIMIT, description="Stored fixes of a page; without it all, as a stream")
    ] = None,
    accept: Annotated[str | None, Header()] = None,
) -> Response:
    """A wearer's fixes by fix time, of whatever quality, where they may be seen: GeoJSON, CSV or GPX by `Accept`."""
    media_type = chosen(accept, FORMATS)
    to_us = seen.parts.now() if to is None else to
    from_us = to_us - TRAIL_DEFAULT_US if from_ is None else from_
    if not 0 < to_us - from_us <= TRAIL_LONGEST_US:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "must be after `from`, by at most 31 days", field="to")
    after = read_cursor(cursor, tuple[Number, Name, Number, Number])
    known, (permits, requests) = await asyncio.gather(
        seen.reading.in_sight(Subject.WEARER, wearer), mask.of_wearer(seen, wearer, from_us, to_us)
    )
    if not known:
        raise no_such(Subject.WEARER)
    told = {"from": format_instant(from_us), "to": format_instant(to_us), "requests": _texts(requests)}
    auditing = looked(seen, Deed.READ_POSITIONS, "wearer", [wearer], shown="trail", format=media_type, **told)
    writer = WRITERS[media_type](wearer, permits.sealed())
    one = _Trail(seen.reading, wearer, from_us, to_us, permits, writer)
    # Asked at once; nothing is answered before the look is kept.
    if limit is None and after is None:
        # The first piece is made before the answer begins: a database that is away is a problem, not half a trail.
        pieces = one.pieces()
        events = seen.reading.events_between(wearer, from_us, to_us)
        _, first, counts = await asyncio.gather(auditing, anext(pieces), events)
        await mask.used(seen, requests)
        second = await anext(pieces, None)
        if second is None:
            return Response(first + one.tail(counts), headers={"Vary": "Accept"}, media_type=media_type)
        whole = _with([first, second], pieces, lambda: one.tail(counts))
        return StreamingResponse(whole, headers={"Vary": "Accept"}, media_type=media_type)
    counting = seen.reading.facts_between(wearer, from_us, to_us)
    _, (body, onward), counts = await asyncio.gather(auditing, one.page(after, limit or TRAIL_LIMIT), counting)
    await mask.used(seen, requests)
    body += writer.tail(counts)
    headers = link_header(next_link(request, onward)) | {"Vary": "Accept"}
    return Response(body, headers=headers, media_type=media_type)


@dataclass(frozen=True, slots=True)
class _Trail:
    """One trail that was asked for and may be seen so far as ``permits`` says."""

    reading: Reading
    wearer: str
    from_us: int
    to_us: int
    permits: Permits
    writer: TrailWriter
    counts: list[Counted] = field(default_factory=list)
    """Of the fixes read for `pieces` so far."""

    async def pieces(self) -> AsyncIterator[bytes]:
        """All of it, piece by piece; the first with the first fixes."""
        head = self.writer.head()
        async for some in self._steps():
            self.counts.extend(counted(some))
            yield head + self.writer.more(Permitting.permitted(self.permits, some))
            head = b""

    def tail(self, events: Sequence[Counted]) -> bytes:
        """The end, after all pieces; ``events`` are counts of what is no fix."""
        return self.writer.tail(together([*self.counts, *events]))

    async def page(self, after: Key | None, limit: int) -> tuple[bytes, str | None]:
        """So many stored fixes of it, and the cursor of the next."""
        some = await self.reading.trail(self.wearer, self.from_us, self.to_us, after, limit + 1)
        page, onward = some.at(slice(limit)), None
        if len(some) > limit:
            onward = write_cursor(page.key(-1))
        return self.writer.head() + self.writer.more(Permitting.permitted(self.permits, page)), onward

    async def _steps(self) -> AsyncIterator[PositionColumns]:
        """The stored fixes in steps of time, longer ones where there are few, so that each question reads little."""
        at_us, step_us, after = self.from_us, LONGEST_STEP_US, None
        while at_us < self.to_us:
            end_us = min(self.to_us, at_us + step_us)
            some = await self.reading.trail(self.wearer, at_us, end_us, after, FIXES_AT_ONCE)
            yield some
            if len(some) == FIXES_AT_ONCE:
                after = some.key(-1)
                # So long for so many: what the next question reads beyond its answer is little.
                at_us, step_us = after[0], max(after[0] - at_us, 1)
            else:
                at_us, after = end_us, None
                if len(some) < FIXES_AT_ONCE // 4:
                    step_us = min(2 * step_us, LONGEST_STEP_US)


async def _with(first: Sequence[bytes], rest: AsyncIterator[bytes], tail: Callable[[], bytes]) -> AsyncIterator[bytes]:
    for piece in first:
        yield piece
    async for piece in rest:
        yield piece
    yield tail()


def _texts(numbers: Sequence[int]) -> list[str]:
    return [str(number) for number in numbers]
