"""Conditions about two parties (rules.md 6 and 8): proximity, a zone that moves with a victim, and association."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from domain.instants import DAY_US, FAR_US
from domain.vocabulary import Cause, ConditionKind, Kind, Reason
from geofence.drafts import Draft, Proof
from geofence.emissions import NEW_RUN, News, What
from geofence.intervals import Span, without
from geofence.layout import Case, era_value
from geofence.near_fold import MEETING_US
from geofence.zone_rules import ZoneCase, judge_zone

if TYPE_CHECKING:
    from geofence.world import World

PATTERN_US = 7 * DAY_US
PATTERN_ENTRIES = 3


def judge_near(world: World, case: Case, now_us: int, ahead_us: int) -> tuple[list[Draft], int]:
    """The violations by fact of a condition about two parties, and when the clock alone may change them.

    They are judged as an exclusion zone is, with the distance in place of the position: a run of fixes at which the
    two are near opens, a run at which they are apart again closes, and the clock counts when enforcement begins.
    """
    streams = world.streams.near
    rows = [row for row in (case.row, case.buffer_row) if streams.get(row)]
    if not rows:
        return [], FAR_US
    since = min(streams[row][0].t for row in rows) - DAY_US
    windows = world.book.windows(case.id, since, now_us + ahead_us)
    held = without(windows, world.book.suspensions(case.order, since, now_us + ahead_us))
    enforced = without(held, world.book.absences(case.id, since, now_us + ahead_us))
    threshold_at = era_value(world.book, case.id, lambda c: c.threshold_points)

    def judged(kind: Kind, row: int) -> list[Draft]:
        if not streams.get(row):
            return []
        if kind is Kind.ASSOCIATION:
            return _meetings(world, streams[row], enforced, now_us)
        evidence = _evidence(world, threshold_at)
        zone = ZoneCase(
            kind, False, False, held, enforced, threshold_at, world.gap_us, world.proof, now_us, evidence=evidence
        )
        return [_of_whom(draft, streams[row]) for draft in judge_zone(zone, streams[row])]

    if case.kind is ConditionKind.ASSOCIATION:
        drafts = judged(Kind.ASSOCIATION, case.row)
    else:
        wide = judged(Kind.PROXIMITY_PREALERT, case.buffer_row)
        drafts = judged(Kind.PROXIMITY_ALERT, case.row) + wide + _patterns(wide, enforced, world.told_at(case))
    tracks = world.state.tracks
    for draft in drafts:
        row = case.row if draft.kind in (Kind.PROXIMITY_ALERT, Kind.ASSOCIATION) else case.buffer_row
        if draft.opened is Reason.CLOCK:
            tracks["wanted_t"][row] = max(draft.from_us, int(tracks["wanted_t"][row]))
        draft.p = None
        draft.opened, draft.closed = by_distance(draft.opened), by_distance(draft.closed)
    going = any(tracks["armed"][row] for row in rows) or any(d.to_us is None for d in drafts)
    return drafts, _next_edge(enforced, now_us, ahead_us) if going else FAR_US


def _of_whom(draft: Draft, stream: Sequence[News]) -> Draft:
    """Where the wearer stayed and the victim came, nothing counts against the wearer: the cause is not known."""
    firsts = [n for n in stream if n.what == What.WRONG and n.flags & NEW_RUN and n.t <= draft.from_us]
    if firsts[-1].lat2:
        draft.cause = Cause.UNKNOWN
    return draft


def by_distance(reason: Reason) -> Reason:
    """What fixes say here, the distance between them says."""
    return Reason.DISTANCE if reason is Reason.FIXES else reason


def _next_edge(enforced: Sequence[Span], now_us: int, ahead_us: int) -> int:
    edges = [edge for span in enforced for edge in span if now_us < edge < FAR_US]
    return min(edges, default=now_us + ahead_us)


def _evidence(world: World, threshold_at: Callable[[int], int]) -> Callable[[Sequence[News]], list[Proof]]:
    """Of a run its first fixes, as many as the threshold asks for, each with the other side's fix that it was held
    against."""

    def of(run: Sequence[News]) -> list[Proof]:
        return both_of(world, run[: threshold_at(run[0].t) + 1])

    return of


def both_of(world: World, run: Sequence[News]) -> list[Proof]:
    """The fixes of a run and those of the other side, in the order of facts."""
    rank = world.layout.tables.rank
    found = {world.proof(news) for news in run}
    found |= {Proof(n.a, int(rank[n.device2]), n.gen2, n.seq2, n.device2, n.b) for n in run}
    return sorted(found)


def _patterns(prealerts: Sequence[Draft], enforced: Sequence[Span], told_us: int) -> list[Draft]:
    """`pattern_near_victim`: at the third pre-alert of the pair in 7 days; a fourth goes on with it.

    What merely begins with enforcement is no new approach, and what was before the wearer was told counts for nothing.
    """
    begins = {start for start, _ in enforced}
    entries = sorted(
        (draft for draft in prealerts if draft.from_us >= told_us and draft.from_us not in begins),
        key=lambda draft: draft.from_us,
    )
    found = []
    for k in range(PATTERN_ENTRIES - 1, len(entries)):
        third, first = entries[k], k - PATTERN_ENTRIES + 1
        after = third.from_us - PATTERN_US
        if entries[first].from_us > after and not (first > 0 and entries[first - 1].from_us > after):
            proofs = sorted({entry.proofs[0] for entry in entries[first : k + 1]})
            found.append(Draft(Kind.PATTERN_NEAR_VICTIM, -1, third.from_us, third.from_us, proofs, opened=third.opened))
    return found


class _Meeting(NamedTuple):
    """Two wearers near each other: the run's first fix, the one after ten minutes, the newest, and the first apart."""

    first: News
    whole: News
    newest: News
    parted: News | None


def _meetings(world: World, stream: Sequence[News], enforced: Sequence[Span], now_us: int) -> list[Draft]:
    """`association`: both within the distance for ten minutes, in one run; it ends when they are seen apart.

    It begins with the run's first fix, or with enforcement where that is later.
    """
    found = []
    for met in _met(stream):
        for start, end in enforced:
            from_us = max(met.first.t, start)
            to_us = end if met.parted is None else min(met.parted.t, end)
            fresh = start <= met.whole.t or start - met.newest.t <= world.gap_us(met.newest.device, met.newest.t)
            if from_us >= to_us or met.whole.t >= to_us or not fresh or from_us > now_us:
                continue
            draft = Draft(Kind.ASSOCIATION, -1, from_us, None, both_of(world, [met.first, met.whole]))
            draft.opened = Reason.FIXES if start <= met.whole.t else Reason.CLOCK
            if met.parted is not None and met.parted.t <= end:
                draft.to_us = met.parted.t
                draft.proofs.append(world.proof(met.parted))
            elif end <= now_us:
                draft.to_us, draft.closed = end, Reason.CLOCK
            found.append(draft)
    return found


def _met(stream: Sequence[News]) -> list[_Meeting]:
    """The meetings in a stream. A gap breaks a run that has not lasted yet; it does not end a meeting."""
    found: list[_Meeting] = []
    first: News | None = None
    going: _Meeting | None = None
    for news in stream:
        if news.what == What.RIGHT:
            if going is not None:
                found.append(going._replace(parted=news))
            first = going = None
        elif going is not None:
            going = going._replace(newest=news)
        elif first is None or news.flags & NEW_RUN:
            first = news
        elif news.t - first.t >= MEETING_US:
            going = _Meeting(first, news, news, None)
    return found if going is None else [*found, going]
