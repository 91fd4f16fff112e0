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
from simulators.scenes import CONTACT_S, DeviceEvent, Life, spans_of
from simulators.speakers import lived_by
from simulators.subjects import Run, Subject, Watched
from simulators.testimony import Told, within
from simulators.truth_lines import CLEAR, INSIDE, Line, WhyNot
from simulators.truth_pairs import AGED_S, SLOWEST_M_S, SURELY_STATED, Party, apart, speed_of

BAD_IN_A_ROW = 10
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
        location = (_beside(subject, life, loss, beacons) for loss in _location(subject, one, run))
        for loss in (*_communication(subject, one, run), *(loss for loss in location if loss is not None)):
            if not any(a < loss.from_s + CONTACT_S and b > loss.from_s for a, b in ordered):
                continue  # out of contact without an order is nobody's concern
            yield loss
            if one.speaker.locates:
                yield from _in_zone(subject, life, one, loss, run)
                yield from _near_protected(subject, life, one, loss, run, protected or {})


def _judged(length_s: float, limit_s: float, slack_s: float) -> WhyNot | None:
    """Shown when longer than the limit for certain."""
    return None if length_s > limit_s + slack_s else WhyNot.AT_THRESHOLD


def _loss(
    subject: Subject, kind: Kind, begin: float, end: float, ends: float, limit_s: float, slack_s: float
) -> Line | None:
    """A loss from ``begin`` on, that was noticed up to ``end`` and ended at ``ends``; None when clearly too short."""
    if end - begin < limit_s - slack_s:
        return None
    return Line(subject.id, kind.value, begin, ends, why_not=_judged(end - begin, limit_s, slack_s))


def _communication(subject: Subject, one: Told, run: Run) -> Iterator[Line]:
    limit_s = max(2 * one.upload_s, CONTACT_S)
    slack_s = THRESHOLD_SLACK_S + 2 * (one.upload_s - one.interval_s) + one.delay_s
    fitted_s = (one.speaker.worn.from_us - run.start_us) / SECOND_US
    until_s = min(run.duration_s, one.speaker.until_us / SECOND_US)
    heard = [fitted_s, *one.heard_times().tolist()]
    ends = [*heard[1:], math.inf]
    for begin, end in zip(heard, ends, strict=True):
        noticed = one.noticed_until(min(end, until_s))
        line = _loss(subject, Kind.COMMUNICATION_LOST, begin, noticed, end, limit_s, slack_s)
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
        line = _loss(subject, Kind.LOCATION_LOST, begin, newest, end, limit_s, THRESHOLD_SLACK_S)
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
        to_s = float(after[0]) + one.delay_s if len(after) else math.inf
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
        seen = _distance_then(Party(subject, life, [one]), other, before)
        limit_m = watched.condition.prealert_m or 2 * (watched.condition.alert_m or 0.0)
        if seen is None or seen[0] > limit_m:
            continue
        surely = seen[2] <= limit_m and bool(one.honest_at(before)[0])
        why_not = loss.why_not or (WhyNot.AT_THRESHOLD if held is None else None)
        near = WhyNot.POSITION_ERROR if seen[1] <= limit_m else WhyNot.NEAR_EDGE
        why_not = why_not or (None if surely else near)
        after = fixes[fixes > loss.from_s]
        to_s = float(after[0]) + one.delay_s if len(after) else math.inf
        condition = watched.condition.id
        yield Line(subject.id, Kind.LOST_IN_ZONE.value, loss.from_s, to_s, condition=condition, why_not=why_not)


def _distance_then(wearer: Party, other: Party, at: Floats) -> tuple[float, float, float] | None:
    """How far apart the two were at the wearer's position ``at``, metres: at least by the rules, truly, and at most by the rules.

    The rules hold it against the other's newest position then, however old: it counts as nearer by how far they may have come since (docs/readings.md, 59).
    """
    theirs = other.fixes()
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


def equipment_lines(subject: Subject, told: list[Told]) -> Iterator[Line]:
    """What devices said of themselves and of tags that they hear: from its start to its end."""
    for one in told:
        open_since: dict[tuple[EventCode, str | None], tuple[float, float]] = {}
        for event, arrived in one.events:
            key = (event.code, event.tag)
            if event.code not in EVENT_KINDS:
                continue
            if event.state is EventState.PULSE:
                yield _equipment(subject, event, event.at, event.at, arrived)
            elif event.state is EventState.START:
                open_since.setdefault(key, (event.at, arrived))
            elif key in open_since:
                begin, came = open_since.pop(key)
                yield _equipment(subject, event, begin, event.at if np.isfinite(arrived) else math.inf, came)
        for (code, tag), (begin, came) in open_since.items():
            yield _equipment(subject, DeviceEvent(begin, code, EventState.START, tag), begin, math.inf, came)


def restart_lines(subject: Subject, life: Life, told: list[Told]) -> Iterator[Line]:
    """A device that counts from 1 again tells two facts alike: its fault, seen when the first arrives (wire.md, `seq_conflict`)."""
    for one in told:
        for at in lived_by(one.speaker, life).restarts:
            arrivals = [*one.arrived[one.t >= at].tolist(), *(came for event, came in one.events if event.at >= at)]
            seen = min(arrivals, default=math.inf)
            if math.isfinite(seen):
                yield Line(subject.id, Kind.FAULT.value, seen, seen, Code.AL24)


def misdated_lines(subject: Subject, told: list[Told]) -> Iterator[Line]:
    """A device whose clock is far off sends what nobody can use: its fault from the tenth message in a row (rules.md 7)."""
    for one in told:
        heard = one.heard_times()
        for begin, end in (span for span, _ in one.jumps):
            own = [*one.arrived[(one.t >= begin) & (one.t < end)].tolist()]
            own += [came for event, came in one.events if begin <= event.at < end]
            bad = np.unique(np.array([came for came in own if math.isfinite(came)]))
            if len(bad) >= BAD_IN_A_ROW:
                after = heard[heard > bad[-1]]
                to_s = float(after[0]) if len(after) else math.inf
                yield Line(subject.id, Kind.FAULT.value, float(bad[BAD_IN_A_ROW - 1]), to_s, Code.AL24)


def _equipment(subject: Subject, event: DeviceEvent, begin: float, end: float, arrived: float) -> Line:
    kind, code = EVENT_KINDS[event.code]
    if event.code is EventCode.BATTERY_LOW and event.tag in subject.rf_tags:
        code = Code.AL21
    return Line(subject.id, kind.value, begin, end, code, why_not=None if math.isfinite(arrived) else WhyNot.SILENT)
