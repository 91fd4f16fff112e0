"""What happened to contact, to positions and to the equipment itself."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Literal

import numpy as np

from domain.instants import SECOND_US
from domain.vocabulary import Code, ConditionKind, EventCode, EventState, Kind
from simulators.ground import Floats
from simulators.lives_walked import carried
from simulators.scenes import CONTACT_S, DeviceEvent, Life, Span, spans_of
from simulators.speakers import lived_by
from simulators.subjects import Run, Subject, Watched
from simulators.testimony import Told, Way, within
from simulators.truth_lines import CLEAR, INSIDE, Line, WhyNot
from simulators.truth_pairs import AGED_S, SLOWEST_M_S, SURELY_STATED, Party, apart, speed_of

BAD_IN_A_ROW = 10
MENDED_S = 3600.0
"""When no two facts alike have come for so long, the next are a fault of their own (docs/readings.md, 49)."""
HOUR_SLACK_S = 5.0
MANY = 10
"""Rounds of a home unit in whose numbers there is room for the tags that it hears besides its own."""
THRESHOLD_SLACK_S = 2.5
"""A tick comes a second after the limit, and a message takes its time."""

EVENT_KINDS: dict[EventCode, tuple[Kind, Code | None]] = {
    EventCode.STRAP_TAMPER: (Kind.STRAP_TAMPER, None),
    EventCode.CASE_TAMPER: (Kind.CASE_TAMPER, None),
    EventCode.JAMMING: (Kind.JAMMING, None),
    EventCode.SHIELDING: (Kind.SHIELDING, None),
    EventCode.FAULT: (Kind.FAULT, Code.AL24),
    EventCode.HOME_UNIT_MOVED: (Kind.HOME_UNIT_MOVED, Code.AL05),
    EventCode.HOME_UNIT_POWER_LOST: (Kind.HOME_UNIT_POWER_LOST, Code.AL04),
    EventCode.BATTERY_LOW: (Kind.BATTERY_LOW, None),
    EventCode.BATTERY_CRITICAL: (Kind.BATTERY_CRITICAL, None),
    EventCode.BATTERY_DEAD: (Kind.BATTERY_DEAD, Code.AL23),
    EventCode.SOS: (Kind.SOS, None),
}


def contact_lines(
    subject: Subject, life: Life, told: list[Told], run: Run, protected: Mapping[str, Party] | None = None
) -> Iterator[Line]:
    """Truth of contact lost, location lost, and what stood in a zone, or near somebody protected, when it was."""
    ordered = spans_of(subject.orders, run)
    beacons = [one for one in told if one.speaker.beacon]
    for one in told:
        hearing = [beacon for beacon in beacons if one.speaker.id in beacon.speaker.worn.tags]
        location = (_beside(subject, life, loss, hearing) for loss in _location(subject, one, run))
        for loss in (*_communication(subject, one, run), *(loss for loss in location if loss is not None)):
            in_order = any(a < loss.from_s + CONTACT_S and b > loss.from_s for a, b in ordered)
            if loss.kind == Kind.COMMUNICATION_LOST.value and not in_order:
                continue  # out of contact without an order is nobody's concern
            yield loss
            if one.speaker.locates:
                yield from _in_zone(subject, life, one, loss, run)
                yield from _near_protected(subject, life, one, loss, run, protected or {})


def _loss(
    subject: Subject, kind: Kind, span: Span, noticed_s: float, limit_s: float, again_s: float = 0.0
) -> Line | None:
    """A loss, that could be noticed up to ``noticed_s``; None when clearly too short.

    ``again_s``: by how much it may have begun later, by what came a second time.
    """
    long_s = noticed_s - span[0] - limit_s
    if long_s < -THRESHOLD_SLACK_S:
        return None
    why_not = None if long_s > THRESHOLD_SLACK_S + again_s else WhyNot.AT_THRESHOLD
    return Line(subject.id, kind.value, *span, why_not=why_not)


def _communication(subject: Subject, one: Told, run: Run) -> Iterator[Line]:
    limit_s = max(2 * one.upload_s, CONTACT_S)
    fitted_s = (one.speaker.worn.from_us - run.start_us) / SECOND_US
    until_s = min(run.duration_s, one.speaker.until_us / SECOND_US)
    heard = [fitted_s, *one.heard_times().tolist()]
    ends = [*heard[1:], math.inf]
    for begin, end in zip(heard, ends, strict=True):
        noticed = one.noticed_until(min(end, until_s))
        line = _loss(subject, Kind.COMMUNICATION_LOST, (begin, end), noticed, limit_s, one.again_s)
        if line is not None and one.just_looked_again(min(end, until_s), THRESHOLD_SLACK_S):
            line = replace(line, why_not=line.why_not or WhyNot.NO_CLOCK)
        if line is not None and begin < 0:
            line = Line(subject.id, line.kind, begin, end, why_not=WhyNot.BEFORE_RUN)
        if line is not None:
            yield line


def _location(subject: Subject, one: Told, run: Run) -> Iterator[Line]:
    """A newest fact that is much newer than the newest position."""
    if not one.speaker.locates:
        return
    limit_s = max(3 * one.interval_s, CONTACT_S)
    fixes, facts = one.fixes(), one.facts()
    if not len(fixes):
        return  # what never told a position has lost none: rules.md 7 counts from the newest
    for begin, end in zip(fixes.tolist(), [*fixes[1:].tolist(), math.inf], strict=True):
        if end - begin < limit_s - THRESHOLD_SLACK_S:
            continue
        between = facts[(facts > begin) & (facts < end)]
        newest = float(between.max()) if len(between) else begin
        line = _loss(subject, Kind.LOCATION_LOST, (begin, end), newest, limit_s)
        if line is not None:
            yield line


def _beside(subject: Subject, life: Life, loss: Line, beacons: list[Told]) -> Line | None:
    """A location tag that its home unit hears has not lost its location (rules.md 7); None: it hears it all the time."""
    for beacon in beacons:
        t = beacon.t[np.isfinite(beacon.arrived) & (beacon.t > loss.from_s) & (beacon.t < loss.to_s)]
        heard = (np.hypot(*carried(life, t)) <= subject.radius_m) & ~within(life.shadows, t)
        if len(t) and heard.all():
            return None
        if heard.any():
            loss = replace(loss, why_not=loss.why_not or WhyNot.AT_THRESHOLD)
    return loss


def _in_zone(subject: Subject, life: Life, one: Told, loss: Line, run: Run) -> Iterator[Line]:
    """`lost_in_zone`: where the newest position was when contact or location was lost."""
    fixes = one.fixes()
    before = fixes[fixes <= loss.from_s + 1e-6]
    if not len(before):
        return
    x, y = carried(life, before[-1:])
    lon, lat = subject.home.to_lonlat(x, y)
    sigma_m = float(one.sigma_at(before[-1:])[0])
    honest = bool(one.honest_at(before[-1:])[0])
    for watched in subject.of_kind(ConditionKind.EXCLUSION_ZONE, ConditionKind.RESTRICTION_ZONE):
        if watched.outline is None:
            continue
        depth_m = float(watched.outline.depth(lon, lat)[0])
        why_not = _zone_why_not(watched, depth_m, sigma_m)
        held = _held(watched, loss, run)
        if why_not is False or held is False:
            continue
        tolerated = loss.why_not or (WhyNot.AT_THRESHOLD if held is None else None) or why_not
        tolerated = tolerated or (None if honest else WhyNot.POSITION_ERROR)
        after = fixes[fixes > loss.from_s]
        to_s = float(after[0]) if len(after) else math.inf
        yield Line(
            subject.id,
            Kind.LOST_IN_ZONE.value,
            loss.from_s,
            to_s,
            condition=watched.condition.id,
            why_not=tolerated,
        )


def _near_protected(
    subject: Subject, life: Life, one: Told, loss: Line, run: Run, protected: Mapping[str, Party]
) -> Iterator[Line]:
    """`lost_in_zone` of a proximity condition: the newest position was within `prealert_m` of somebody protected."""
    fixes = one.fixes()
    before = fixes[fixes <= loss.from_s + 1e-6][-1:]
    for watched in subject.of_kind(ConditionKind.PROXIMITY) if len(before) else []:
        other = protected.get(watched.condition.victim or "")
        held = _held(watched, loss, run)
        if other is None or not other.seeing() or held is False:
            continue
        known = [other.fixes(by_s) for by_s in _noticed(one, loss)]
        seen = [_distance_then(Party(subject, life, [one]), other, before, theirs) for theirs in known]
        limit_m = watched.condition.prealert_m or 2 * (watched.condition.alert_m or 0.0)
        if all(each is None or each[0] > limit_m for each in seen):
            continue
        surely = all(each is not None and each[2] <= limit_m for each in seen) and bool(one.honest_at(before)[0])
        why_not = loss.why_not or (WhyNot.AT_THRESHOLD if held is None else None)
        truly = any(each is not None and each[1] <= limit_m for each in seen)
        near = WhyNot.POSITION_ERROR if truly else WhyNot.NEAR_EDGE
        why_not = why_not or (None if surely else near)
        after = fixes[fixes > loss.from_s]
        to_s = float(after[0]) if len(after) else math.inf
        condition = watched.condition.id
        yield Line(subject.id, Kind.LOST_IN_ZONE.value, loss.from_s, to_s, condition=condition, why_not=why_not)


def _noticed(one: Told, loss: Line) -> tuple[float, float]:
    """When the centre noticed a loss, at the earliest and at the latest: what it had not heard by then it never asks again (rules.md 9)."""
    if loss.kind == Kind.COMMUNICATION_LOST.value:
        at = loss.from_s + max(2 * one.upload_s, CONTACT_S)
    else:
        since = loss.from_s + max(3 * one.interval_s, CONTACT_S)
        came = [*one.arrived[one.t > since].tolist(), *(came for event, came in one.events if event.at > since)]
        at = min(came, default=math.inf)
    at = next((end for begin, end in one.without_clock if begin <= at < end), at)
    slack_s = THRESHOLD_SLACK_S + one.delay_s
    return at - slack_s, at + slack_s


def _distance_then(wearer: Party, other: Party, at: Floats, theirs: Floats) -> tuple[float, float, float] | None:
    """How far apart the two were at the wearer's position ``at``, metres: at least by the rules, truly, and at most by the rules.

    The rules hold it against the newest then of ``theirs``, the other's positions that were known, however old: it counts as nearer by how far they
    may have come since (docs/readings.md, 59).
    """
    index = np.searchsorted(theirs, at, side="right") - 1
    if index[0] < 0:
        return None
    newest = theirs[index]
    apart_m, truly_m = (float(apart(wearer, other, at, then)[0]) for then in (newest, at))
    stated_m = float((wearer.accuracy(at) + other.accuracy(newest))[0])
    error_m = CLEAR * float(np.hypot(wearer.sigma(at), other.sigma(newest))[0])
    aged_s = max(0.0, float((at - newest)[0]) - AGED_S)
    least_m = apart_m - error_m - stated_m - float(speed_of(other, theirs, index)[0]) * aged_s
    return least_m, truly_m, apart_m + error_m - SURELY_STATED * stated_m - SLOWEST_M_S * aged_s


def _zone_why_not(watched: Watched, depth_m: float, sigma_m: float) -> WhyNot | Literal[False] | None:
    """None: the loss stands in the zone for certain; False: for certain not."""
    if watched.condition.kind is ConditionKind.EXCLUSION_ZONE:
        beyond_m = depth_m + watched.condition.buffer_m + INSIDE * sigma_m
    else:
        beyond_m = -depth_m - INSIDE * sigma_m
    if beyond_m >= CLEAR * sigma_m:
        return None
    return WhyNot.POSITION_ERROR if beyond_m >= -CLEAR * sigma_m else False


def _held(watched: Watched, loss: Line, run: Run) -> bool | None:
    """Whether the condition was enforced at the loss and as long as it takes to notice; None: in part."""
    spans = spans_of(watched.enforced, run)
    begin, noticed = loss.from_s, loss.from_s + 2 * CONTACT_S
    if any(a <= begin and b >= noticed for a, b in spans):
        return True
    return None if any(a < noticed and b > begin for a, b in spans) else False


# --- equipment -----------------------------------------------------------------------------------------------------


def equipment_lines(subject: Subject, told: list[Told], run: Run) -> Iterator[Line]:
    """What devices said of themselves and of tags that they hear: from its start to its end."""
    for one in told:
        open_since: dict[tuple[EventCode, str | None], tuple[float, float]] = {}
        fitted_s = (one.speaker.worn.from_us - run.start_us) / SECOND_US + one.skew_s
        for event, arrived in one.events:
            key = (event.code, event.tag)
            if event.code not in EVENT_KINDS:
                continue
            if event.state is EventState.PULSE:
                yield _equipment(subject, event, (event.at, event.at), arrived, fitted_s)
            elif event.state is EventState.START:
                open_since.setdefault(key, (event.at, arrived))
            elif key in open_since:
                begin, came = open_since.pop(key)
                end = event.at if np.isfinite(arrived) else math.inf
                yield _equipment(subject, event, (begin, end), came, fitted_s)
        for (code, tag), (begin, came) in open_since.items():
            event = DeviceEvent(begin, code, EventState.START, tag)
            yield _equipment(subject, event, (begin, math.inf), came, fitted_s)


def restart_lines(subject: Subject, life: Life, told: list[Told], *, shares: bool = False) -> Iterator[Line]:
    """A device that counts from 1 again tells two facts alike: its fault, seen when the first of use arrives (wire.md, `seq_conflict`).

    ``shares``: its rounds have an item for each tag that it hears, so that which numbers were lost is not known.
    """
    for one in told:
        for at in lived_by(one.speaker, life).restarts:
            first, again = _numbered(one, at)
            alike = np.isfinite(first) & np.isfinite(again)
            before = -math.inf
            for seen in sorted(np.maximum(first, again)[alike].tolist()):
                late_s = seen - before - MENDED_S
                if late_s > -HOUR_SLACK_S - one.delay_s:
                    why_not = WhyNot.AT_THRESHOLD if late_s < HOUR_SLACK_S + one.delay_s else None
                    span = (seen, seen)
                    if shares and math.isinf(before) and not alike[: int(np.argmax(alike)) + MANY].all():
                        span, why_not = (float(again.min()), seen + MANY * one.upload_s), WhyNot.SILENT
                    yield Line(subject.id, Kind.FAULT.value, *span, Code.AL24, why_not=why_not)
                before = seen


def _numbered(one: Told, restarted: float) -> tuple[Floats, Floats]:
    """(n,) when the facts arrived that a device counted first, and when those of the same numbers since it counts again."""
    t = np.concatenate([one.t, np.array([event.at for event, _ in one.events])])
    arrived = np.concatenate([one.arrived, np.array([came for _, came in one.events])])
    t, index = np.unique(t, return_index=True)
    first, again = arrived[index][t < restarted], arrived[index][t >= restarted]
    both = min(len(first), len(again))
    return first[:both], again[:both]


def misdated_lines(subject: Subject, told: list[Told], way: Way | None = None) -> Iterator[Line]:
    """A device whose clock is far off sends what nobody can use: its fault from the tenth message in a row (rules.md 7).

    Where more bad ones may come than it sent they may be ten sooner, and where they come in any order, later. A broken one may be good: an
    envelope of which nothing is of use but that it came.
    """
    way = way or Way()
    fewest = math.ceil(BAD_IN_A_ROW / (1 + way.twice + way.broken))
    for one in told:
        sent, came, bad = one.messages
        here = np.isfinite(came)
        parked = np.sort(came[bad & here])
        if len(parked) < fewest:
            continue
        after = came[here & (sent > sent[bad & here].max()) & ~bad]
        to_s = float(after.min()) if len(after) else math.inf
        surely = not way.broken and len(parked) >= BAD_IN_A_ROW + math.ceil(2 * one.delay_s / one.interval_s)
        tenth = parked[(BAD_IN_A_ROW if surely else fewest) - 1]
        why_not = None if surely else WhyNot.AT_THRESHOLD
        yield Line(subject.id, Kind.FAULT.value, float(tenth), to_s, Code.AL24, why_not=why_not)


def _equipment(subject: Subject, event: DeviceEvent, span: Span, arrived: float, fitted_s: float) -> Line:
    """``fitted_s``: from when on what the device says is surely said while it is worn, however wrong its clock."""
    kind, code = EVENT_KINDS[event.code]
    if event.code is EventCode.BATTERY_LOW and event.tag in subject.rf_tags:
        code = Code.AL21
    why_not = None if math.isfinite(arrived) else WhyNot.SILENT
    if why_not is None and span[0] < fitted_s:
        why_not = WhyNot.BEFORE_RUN
    return Line(subject.id, kind.value, *span, code, why_not=why_not)
