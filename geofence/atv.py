"""Accumulated time violation (rules.md 5): the certain minutes of an order's curfew violations against its allowance.

The sum is a function of time: it grows while a violation has certain time, loses a violation's minutes from the instant
on at which an assessment takes it out, and is held against the allowance in force at each instant. Whole microseconds
throughout, so that a limit is reached exactly or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from domain.instants import FAR_US, MINUTE_US
from domain.records import Order
from domain.vocabulary import ConditionKind, Kind, Reason
from geofence.book import Book
from geofence.cases import curfew_as_it_runs
from geofence.curfew_rules import certain_spans
from geofence.drafts import Draft
from geofence.intervals import Span, common, holding
from geofence.world import World

WARNING_PERCENT = 80
EXCEEDED_PERCENT = 100
_OUT, _LIMIT_ENDS, _LIMIT, _RESTS, _RUNS, _IN = range(6)
"""What happens to the sum, in the order in which it does at one instant."""

NotCounted = Callable[[Draft], list[Span]]
"""When a curfew violation does not count, given as it stands."""


@dataclass(frozen=True, slots=True)
class _Counted:
    """One curfew violation in the sum. ``grows_from_us``: while it is open, from when it may have grown unseen."""

    draft: Draft
    spans: list[Span]
    off: list[Span]
    row: int
    grows_from_us: int | None


@dataclass(frozen=True, slots=True)
class _Limit:
    from_us: int
    to_us: int
    allowance_us: int


@dataclass(frozen=True, slots=True)
class _Segment:
    """[from, to) in which ``running`` violations count and nothing else changes; ``sum_us`` is at ``from_us``."""

    from_us: int
    to_us: int
    sum_us: int
    running: int
    limit: _Limit | None


def judge_atv(world: World, party: int, not_counted: NotCounted, now_us: int) -> tuple[list[Draft], int]:
    """The ATV of a party's orders as of an instant, and when the clock alone may change it."""
    drafts: list[Draft] = []
    wake = FAR_US
    for order_id in world.layout.atv.get(party, ()):
        counted = _counted(world, party, order_id, not_counted, now_us)
        if not counted:
            continue
        limits = _limits(world.book, order_id)
        segments = list(_segments(counted, limits, now_us))
        edges = [edge for one in counted for span in one.off for edge in span]
        edges += [edge for limit in limits for edge in (limit.from_us, limit.to_us)]
        wake = min([wake, *(edge for edge in edges if edge > now_us)])
        for kind, percent in ((Kind.ATV_WARNING, WARNING_PERCENT), (Kind.ATV_EXCEEDED, EXCEEDED_PERCENT)):
            drafts += [_with_order(d, party, order_id) for d in _over(kind, percent, segments, counted)]
            wake = min(wake, _next(world, percent, segments[-1], counted, now_us))
    return drafts, wake


def _with_order(draft: Draft, party: int, order_id: str) -> Draft:
    draft.party, draft.order = party, order_id
    return draft


def _counted(world: World, party: int, order_id: str, not_counted: NotCounted, now_us: int) -> list[_Counted]:
    found = []
    for index in world.layout.cases_of.get(party, ()):
        case = world.layout.cases[index]
        if case is None or case.kind is not ConditionKind.CURFEW or case.order != order_id:
            continue
        seen, parts = curfew_as_it_runs(world, case, now_us)
        for part in parts:
            spans = certain_spans(seen, part, now_us)
            grows_from: int | None = None
            if part.draft.to_us is None:
                unheard = holding(seen.unheard, now_us) is not None
                going = holding(part.unexcused, now_us)
                since = part.draft.from_us if going is None else max(going[0], part.draft.from_us)
                grows_from = now_us if unheard else max([since, *(end for _, end in spans)])
            found.append(_Counted(part.draft, spans, not_counted(part.draft), case.row, grows_from))
    return found


def _limits(book: Book, order_id: str) -> list[_Limit]:
    """The allowances, each for as long as it is in force."""
    spans = book.order_spans(order_id)
    return [
        _Limit(from_us, to_us, round(order.atv_allowance_min * MINUTE_US))
        for start, end, order in book.eras(Order, order_id)
        if order.atv_allowance_min is not None
        for from_us, to_us in common([(start, end)], spans)
    ]


def _segments(counted: Sequence[_Counted], limits: Sequence[_Limit], now_us: int) -> Iterator[_Segment]:
    """The sum through time, the last segment being the instant ``now_us`` itself."""
    events = [(start, _RUNS, k) for k, one in enumerate(counted) for start, _ in one.spans]
    events += [(end, _RESTS, k) for k, one in enumerate(counted) for _, end in one.spans]
    events += [(start, _OUT, k) for k, one in enumerate(counted) for start, _ in one.off]
    events += [(end, _IN, k) for k, one in enumerate(counted) for _, end in one.off]
    events += [(limit.from_us, _LIMIT, k) for k, limit in enumerate(limits)]
    events += [(limit.to_us, _LIMIT_ENDS, k) for k, limit in enumerate(limits)]
    events = sorted(event for event in events if event[0] <= now_us)
    held_us, running, out = [0] * len(counted), set[int](), set[int]()
    limit: _Limit | None = None
    i = 0
    while i < len(events):
        at_us = events[i][0]
        while i < len(events) and events[i][0] == at_us:
            _, what, k = events[i]
            i += 1
            if what == _RUNS:
                running.add(k)
            elif what == _RESTS:
                running.discard(k)
            elif what == _OUT:
                out.add(k)
            elif what == _IN:
                out.discard(k)
            else:
                limit = limits[k] if what == _LIMIT else None
        to_us = events[i][0] if i < len(events) else now_us
        sum_us = sum(held for k, held in enumerate(held_us) if k not in out)
        if at_us < to_us:
            yield _Segment(at_us, to_us, sum_us, len(running - out), limit)
        for k in running:
            held_us[k] += to_us - at_us
    sum_us = sum(held for k, held in enumerate(held_us) if k not in out)
    yield _Segment(now_us, now_us, sum_us, 0, limit)


def _is_over(percent: int, sum_us: int, limit: _Limit | None) -> bool:
    """80 % is reached, 100 % is passed; of nothing there is no 80 %."""
    if limit is None:
        return False
    if percent == EXCEEDED_PERCENT:
        return sum_us > limit.allowance_us
    return _can_be(percent, limit) and sum_us * 100 >= limit.allowance_us * percent


def _can_be(percent: int, limit: _Limit) -> bool:
    return percent == EXCEEDED_PERCENT or limit.allowance_us > 0


def _after_us(percent: int, short_us: int, growing: int) -> int:
    """How long until a sum that is now ``short_us`` hundredths of microseconds short of a limit reaches it.

    Of 100 % the last instant at which it is not yet passed.
    """
    if percent == EXCEEDED_PERCENT:
        return short_us // (100 * growing)
    return -(-short_us // (100 * growing))


def _short_us(percent: int, sum_us: int, limit: _Limit) -> int:
    return limit.allowance_us * percent - sum_us * 100


def _over(kind: Kind, percent: int, segments: Sequence[_Segment], counted: Sequence[_Counted]) -> list[Draft]:
    """The intervals in which the sum is over a share of the allowance."""
    found: list[Draft] = []
    going: Draft | None = None
    assessed = {edge for one in counted for span in one.off for edge in span}
    for segment in segments:
        at_us: int | None = None
        if _is_over(percent, segment.sum_us, segment.limit):
            at_us = segment.from_us
        elif segment.limit is not None and segment.running and _can_be(percent, segment.limit):
            short_us = _short_us(percent, segment.sum_us, segment.limit)
            reached_us = segment.from_us + _after_us(percent, short_us, segment.running)
            at_us = reached_us if reached_us < segment.to_us else None
        if going is not None and at_us != segment.from_us:
            going.to_us = segment.from_us
            going.closed = Reason.ASSESSMENT if segment.from_us in assessed else Reason.CLOCK
            going = None
        if going is None and at_us is not None:
            opened = Reason.ASSESSMENT if at_us in assessed else _source(counted, at_us)
            going = Draft(kind, -1, at_us, None, opened=opened)
            found.append(going)
    return [draft for draft in found if draft.to_us is None or draft.to_us > draft.from_us]


def _source(counted: Sequence[_Counted], at_us: int) -> Reason:
    """What the violation that carried the sum there rests on; the clock, where another allowance came into force."""
    running = (one for one in counted if any(start <= at_us <= end for start, end in one.spans))
    one = next(running, None)
    return Reason.CLOCK if one is None else one.draft.opened


def _next(world: World, percent: int, now: _Segment, counted: Sequence[_Counted], now_us: int) -> int:
    """When the sum may reach a share of the allowance if those who are out stay out.

    A home unit that does not hear the tag lets it grow with the clock. Fixes let it grow when they come: where they are
    behind, the next one outside is to be news (`geofence.state`, ``wanted_t``).
    """
    if now.limit is None or not _can_be(percent, now.limit) or _is_over(percent, now.sum_us, now.limit):
        return FAR_US
    growing = [(one, one.grows_from_us) for one in counted if one.grows_from_us is not None]
    growing = [(one, since) for one, since in growing if holding(one.off, now_us) is None]
    short_us = _short_us(percent, now.sum_us, now.limit)
    strictly = int(percent == EXCEEDED_PERCENT)

    def reached(since: Sequence[int]) -> int:
        if not since:
            return FAR_US
        return _after_us(percent, short_us + 100 * sum(since), len(since)) + strictly

    at_us = reached([since for _, since in growing if since is not None])
    if at_us > now_us:
        return at_us
    for one, since in growing:
        if since is not None and since < now_us:
            wanted = world.state.tracks["wanted_t"]
            wanted[one.row] = max(now_us, int(wanted[one.row]))
    return reached([since for _, since in growing if since == now_us])
