"""What the system does not know: each item stands in the pack when it applies to it, computed from what the pack says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from domain.instants import MINUTE_US, SECOND_US
from domain.vocabulary import Kind
from evidence.content import MEASURED_FROM, Pack, Part, Point, Relied, Seen
from evidence.document.drawn import Drawn
from evidence.document.times import length
from evidence.document.words import counted, listed

CLOCK_S: Final = 5.0
"""From here on a device's clock is said to be off (rules.md 2)."""
LATE_US: Final = 600 * SECOND_US
"""A fact received later than this after it happened came late (contract.md)."""
SURE: Final = 0.999
"""A score short of this, and of its other end, is not sure by itself (rules.md 3)."""


def doubts(pack: Pack, drawn: Drawn) -> Iterator[str]:
    """The items that apply, in the order in which they are printed."""
    points = [point for one in pack.relied for point in one.points]
    yield "Who wore the device. It says where the device was; that it was on the person named rests on the fitting and the checks listed."
    yield "Why the wearer was where the device was, and what they intended. What they said of it stands under contacts, if they were asked."
    yield from _positions(points)
    yield from _two_fixes(pack.relied)
    yield from _between(points, drawn)
    yield from _presence(pack)
    yield from _gaps(pack)
    yield from _late(pack, points)
    yield from _decided_anew(pack)
    yield from _told(pack)
    yield from _devices(pack)
    yield from _sealed(pack)
    yield from (f"The decisions cannot be made again from this pack alone: {why}" for why in pack.replay.why_not)
    if not pack.replay.possible and not pack.replay.why_not:
        yield "The decisions cannot be made again from this pack alone."


def _positions(points: list[Point]) -> Iterator[str]:
    if any(point.p_inside is not None or point.distance_m is not None for point in points):
        yield (
            "Whether the devices state their own error rightly. The position score assumes that 95 % of true places lie within the "
            "stated radius, evenly around. Near corners, and in places smaller than the error, it is an upper bound: in the middle of a "
            "circle of just the stated radius a score of 0.99 stands for 0.95."
        )
    unsure = [
        p for p in points if p.p_inside is not None and p.part is not Part.DURING and 1 - SURE < p.p_inside < SURE
    ]
    if unsure:
        yield (
            f"On which side of the edge the true place of {_numbers(unsure)} was: by {'its score' if len(unsure) == 1 else 'their scores'} "
            f"alone, under {SURE} and over {1 - SURE:.3f}, that is not sure."
        )


def _two_fixes(relied: tuple[Relied, ...]) -> Iterator[str]:
    if any(sum(point.part is Part.OPENED for point in one.points) > 1 for one in relied):
        yield (
            "How far errors of positions are alike. Positions a minute apart share causes, such as the same satellites behind the same "
            "building: a second position is not a second witness, and scores must not be multiplied."
        )


def _between(points: list[Point], drawn: Drawn) -> Iterator[str]:
    if points:
        yield "Where the device was between one position and the next. A line on a map joins positions at most 60 s apart; it is not the way taken."
    if any(drawn.maps):
        yield "Streets, buildings, floors and heights: the maps show what was measured and nothing else."


def _presence(pack: Pack) -> Iterator[str]:
    unknown = sum(span.to_us - span.from_us for kept in pack.kept for span in kept.seen if span.seen is Seen.UNKNOWN)
    if unknown:
        yield f"Whether the wearer was where the order asked during {length(unknown)} of the hours it asked for. Not known is not absent."
    timed = [
        one.current
        for one in pack.relied
        if one.current.minutes_certain is not None and one.current.minutes_possible is not None
    ]
    certain = sum(one.minutes_certain or 0.0 for one in timed)
    possible = sum(one.minutes_possible or 0.0 for one in timed)
    if possible - certain >= 1.0:
        between = length(round((possible - certain) * MINUTE_US))
        yield f"Where the wearer was for {between} that lie between minutes for certain and minutes possible of what is relied on."
    still_open = [one.current.id for one in pack.relied if one.current.to_us is None]
    if still_open:
        yield f"When {listed(still_open)} ended: still open when the pack was made."


def _gaps(pack: Pack) -> Iterator[str]:
    if pack.gaps:
        yield f"What happened during {counted(len(pack.gaps), 'monitoring gap')}, which are listed. Nothing is concluded from them."


def _late(pack: Pack, points: list[Point]) -> Iterator[str]:
    late = [one.current.id for one in pack.relied if any(version.late for version in one.versions)]
    if late:
        yield f"At the time what is known now: {listed(late)} {'was' if len(late) == 1 else 'were'} decided, or changed, by data that came late."
    behind = sum(point.received_us - point.fix_us > LATE_US for point in points)
    if behind:
        yield f"Why {counted(behind, 'point')} reached the centre more than 10 minutes after the time that the device gives. Devices keep what they cannot send."


def _decided_anew(pack: Pack) -> Iterator[str]:
    changed = [one.current.id for one in pack.relied if len(one.versions) > 2]
    if changed:
        yield f"Whether more will change: {listed(changed)} {'was' if len(changed) == 1 else 'were'} decided more than twice. Every version stands in the pack."


def _told(pack: Pack) -> Iterator[str]:
    untold = [one.current.id for one in pack.relied if one.current.retrospective or one.current.untold]
    if untold:
        yield f"Whether the wearer knew of the condition when it was not kept: {listed(untold)}. What the officer recorded of that stands there."


def _devices(pack: Pack) -> Iterator[str]:
    few = [one for one in pack.reliability if one.decided < MEASURED_FROM]
    if few or not pack.reliability:
        yield "How often alerts of these kinds, from devices of these models, are right: too few have been looked into to say."
    off = [clock.device for clock in pack.clocks if abs(clock.offset_s) > CLOCK_S]
    if off:
        yield f"The exact times of facts of {listed(off)}, whose clock was more than {CLOCK_S:g} s from ours."
    if pack.fittings and not pack.clocks:
        yield "How far the devices' clocks were from ours."
    unchecked = [one.fitting.device for one in pack.fittings if not (one.identity_check and one.strap_check)]
    if unchecked:
        yield f"Whether identity and strap were checked when {listed(sorted(set(unchecked)))} was fitted: it is not recorded."
    if any(one.current.kind is Kind.CURFEW and one.events for one in pack.relied):
        yield "How far from the home monitoring unit the tag was. The unit hears it or not; walls and metal shorten how far it hears."


def _sealed(pack: Pack) -> Iterator[str]:
    if any(one.sealed for group in (pack.conditions, pack.relied, pack.left_out) for one in group):
        yield "To the reader of this pack alone: what points at a protected person, which is in the sealed annex."


def _numbers(points: list[Point]) -> str:
    named = [str(point.number) for point in points[:12]]
    more = len(points) - len(named)
    return (
        f"point {named[0]}"
        if len(points) == 1
        else f"points {listed(named)}"
        if not more
        else f"points {', '.join(named)} and {more:,} more"
    )
