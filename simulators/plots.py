"""The ways in which a run can go wrong for a person. Each draws a piece of walk, or what the devices do, or both.

A plot fits a scene or does not; the shares of a scenario say how often one that fits is taken.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from domain.vocabulary import ConditionKind, DeviceKind, EventCode, EventState
from simulators.plots_of_others import fits_meets, fits_near_victim, fits_tag_left, meets, near_victim, tag_left
from simulators.scenes import CONTACT_S, SPARE_S, Scene, Span
from simulators.streets import DRIVING_M_S, WALKING_M_S, Place, walking_time
from simulators.subjects import LOCATING_KINDS, Watched

EXCLUSION = ConditionKind.EXCLUSION_ZONE
STAY_IN = (ConditionKind.INCLUSION_ZONE, ConditionKind.RESTRICTION_ZONE)
LEAD_S = 10.0
"""Nothing goes wrong in the first seconds: the devices must have spoken."""
VANISH_S = CONTACT_S * 1.2
"""The least time that a plot of lost contact needs after it begins."""
BEFORE_CURFEW_S = 40.0
"""How early somebody who will be late is put on the street, so that they have been seen there."""


@dataclass(frozen=True, slots=True)
class Plot:
    fits: Callable[[Scene], bool]
    draw: Callable[[Scene], None]


def _locates(scene: Scene) -> bool:
    return scene.speaker.kind in LOCATING_KINDS


def _hears(scene: Scene) -> bool:
    return scene.speaker.kind is DeviceKind.HOME_UNIT and bool(scene.subject.rf_tags)


def _own(scene: Scene) -> bool:
    """What speaks is their own, and nobody else's home unit."""
    return scene.subject.host is None


def _hears_by_own(scene: Scene) -> bool:
    return _own(scene) and _hears(scene)


def _free(scene: Scene) -> bool:
    return _locates(scene) and scene.next_curfew() >= scene.end


def _fits_zone(scene: Scene) -> bool:
    return _free(scene) and bool(scene.zones(EXCLUSION))


def _fits_vanish(scene: Scene) -> bool:
    return _fits_zone(scene) and scene.end - scene.path.now > VANISH_S + 120.0


def _fits_leave(scene: Scene) -> bool:
    return _free(scene) and bool(scene.zones(*STAY_IN))


# --- zones ---------------------------------------------------------------------------------------------------------


def _spot_in(scene: Scene, zone: Watched) -> Place:
    """A place well inside the zone: the deepest of some tried at random."""
    outline = zone.outline
    if outline is None:
        raise ValueError("a zone condition without a shape")
    cx, cy = scene.local(np.array([outline.frame.lon]), np.array([outline.frame.lat]))
    heading = np.array([scene.rng.uniform(0, 2 * math.pi) for _ in range(24)])
    away = np.array([scene.rng.uniform(0, outline.reach_m) for _ in range(24)])
    x, y = cx + away * np.cos(heading), cy + away * np.sin(heading)
    best = int(np.argmax(scene.depth(zone, x, y)))
    return float(x[best]), float(y[best])


def _ray(scene: Scene, zone: Watched, start: Place, depth_m: float) -> Place:
    """Where a straight line from a place inside first is so deep in the zone (negative: so far out), to a metre."""
    heading = scene.rng.uniform(0, 2 * math.pi)
    length = 3 * (zone.outline.reach_m if zone.outline else 0.0) + abs(depth_m) + 100.0
    along = np.arange(0.0, length, 2.0)
    x, y = start[0] + along * math.cos(heading), start[1] + along * math.sin(heading)
    beyond = np.flatnonzero(scene.depth(zone, x, y) <= depth_m)
    step = int(beyond[0]) if len(beyond) else len(along) - 1
    return float(x[step]), float(y[step])


def _approach(scene: Scene, at: Place) -> None:
    """Puts the person there when their walk has not begun; else they travel there."""
    if scene.fresh:
        scene.put(at)
        scene.path.stay(scene.path.now + scene.rng.uniform(LEAD_S, LEAD_S + 0.1 * (scene.end - scene.path.now)))
    else:
        scene.path.travel(at)


def _pace(scene: Scene) -> float:
    return scene.rng.uniform(*(WALKING_M_S if scene.rng.random() < 0.75 else DRIVING_M_S))


def _zone_visit(scene: Scene) -> None:
    """In, a while inside, out again on another side."""
    zone = scene.rng.choice(scene.zones(EXCLUSION))
    inside = _spot_in(scene, zone)
    pace = _pace(scene)
    _approach(scene, _ray(scene, zone, inside, -scene.rng.uniform(25.0, 80.0)))
    scene.path.straight(inside, pace)
    begun = scene.path.now
    scene.path.stay(scene.path.now + scene.rng.uniform(5.0, 0.4 * max(20.0, scene.end - scene.path.now)))
    scene.path.straight(_ray(scene, zone, inside, -scene.rng.uniform(40.0, 120.0)), pace)
    scene.closely(begun)
    scene.path.stay(scene.path.now + scene.rng.uniform(60.0, 300.0))


def _zone_edge(scene: Scene) -> None:
    """Close to the edge, within what the position error hides, and away again."""
    zone = scene.rng.choice(scene.zones(EXCLUSION))
    inside = _spot_in(scene, zone)
    at_edge = _ray(scene, zone, inside, scene.rng.uniform(-12.0, 4.0))
    _approach(scene, _outwards(inside, at_edge, scene.rng.uniform(40.0, 90.0)))
    outside = scene.path.at
    scene.path.travel(at_edge)
    scene.path.stay(scene.path.now + scene.rng.uniform(5.0, 60.0))
    scene.path.travel(outside)
    scene.path.stay(scene.path.now + scene.rng.uniform(60.0, 300.0))


def _outwards(inside: Place, edge: Place, further_m: float) -> Place:
    away = math.dist(inside, edge) or 1.0
    part = 1 + further_m / away
    return inside[0] + (edge[0] - inside[0]) * part, inside[1] + (edge[1] - inside[1]) * part


def _zone_pass(scene: Scene) -> None:
    """Through the zone by car, without a stop."""
    zone = scene.rng.choice(scene.zones(EXCLUSION))
    inside = _spot_in(scene, zone)
    before = _ray(scene, zone, inside, -150.0)
    _approach(scene, before)
    scene.path.straight(_outwards(before, inside, 3 * (zone.outline.reach_m if zone.outline else 0.0)), 25.0)
    scene.path.stay(scene.path.now + scene.rng.uniform(60.0, 300.0))


def _zone_vanish(scene: Scene) -> None:
    """Into the zone, and then nothing is heard."""
    zone = scene.rng.choice(scene.zones(EXCLUSION))
    inside = _spot_in(scene, zone)
    _approach(scene, _ray(scene, zone, inside, -40.0))
    scene.path.straight(inside, scene.rng.uniform(*WALKING_M_S))
    begin = scene.path.now + scene.rng.uniform(10.0, 30.0)
    back = begin + CONTACT_S * scene.rng.uniform(1.1, 1.5)
    scene.silent(begin, back, keeps=False)
    scene.path.stay(back + scene.rng.uniform(20.0, 60.0))
    scene.path.straight(_ray(scene, zone, inside, -100.0), scene.rng.uniform(*WALKING_M_S))


def _zone_leave(scene: Scene) -> None:
    """Out of a place to stay in, and back."""
    zone = scene.rng.choice(scene.zones(*STAY_IN))
    inside = _spot_in(scene, zone)
    edge = _ray(scene, zone, inside, 30.0)
    _approach(scene, edge)
    pace = _pace(scene)
    scene.path.straight(_outwards(inside, edge, 30.0 + scene.rng.uniform(60.0, 160.0)), pace)
    begun = scene.path.now
    scene.path.stay(scene.path.now + scene.rng.uniform(20.0, 0.4 * max(60.0, scene.end - scene.path.now)))
    scene.path.straight(inside, pace)
    scene.closely(begun)
    scene.path.stay(scene.path.now + scene.rng.uniform(60.0, 200.0))


# --- curfew --------------------------------------------------------------------------------------------------------


def _beginning(scene: Scene) -> Span | None:
    """The first curfew that begins in the slot, late enough to be out before it."""
    for span in scene.curfews():
        if scene.path.now + BEFORE_CURFEW_S <= span[0] < scene.end - 30.0:
            return span
    return None


def _running(scene: Scene) -> Span | None:
    """The first curfew of which at least two minutes lie in the slot."""
    for begin, end in scene.curfews():
        if min(end, scene.end) - max(begin, scene.path.now) >= 120.0:
            return begin, end
    return None


def _grace_s(scene: Scene) -> float:
    return max(w.condition.grace_s for w in scene.subject.of_kind(ConditionKind.CURFEW))


def _out_before(scene: Scene, begin: float) -> Place:
    """On the street some time before the curfew begins; gives the spot."""
    spot = scene.away_spot(2 * scene.subject.radius_m + 30.0, 3 * scene.subject.radius_m + 120.0)
    leave = begin - walking_time(scene.path.at, spot) - BEFORE_CURFEW_S - scene.rng.uniform(0, 60)
    if scene.fresh and leave <= scene.path.now:
        scene.put(spot)
    else:
        scene.errands(leave)
        scene.path.travel(spot)
    return spot


def _home_by_foot(scene: Scene, at: float) -> None:
    """Stays out so long that the door is reached about then, and goes in."""
    scene.path.stay(at - walking_time(scene.path.at, (0.0, 0.0)) / math.sqrt(2))
    scene.go_home()
    scene.path.stay(scene.path.now + 1.0)


def _late_home(scene: Scene) -> None:
    span = _beginning(scene)
    if span is not None:
        _out_before(scene, span[0])
        late_s = _grace_s(scene) * scene.rng.uniform(0.6, 3.0) + 20.0
        _home_by_foot(scene, min(span[0] + late_s, span[1] - 20.0))


def _out_all(scene: Scene) -> None:
    span = _beginning(scene)
    if span is not None:
        _out_before(scene, span[0])
        scene.path.stay(min(span[1], scene.end) + scene.rng.uniform(30.0, 90.0))


def _leave_home(scene: Scene, span: Span) -> None:
    """At home when the curfew begins, and out of the door some time into it."""
    begin, end = max(span[0], scene.path.now), min(span[1], scene.end)
    scene.errands(begin + scene.rng.uniform(0.15, 0.4) * (end - begin))
    scene.go_home()
    scene.path.travel(scene.away_spot(2 * scene.subject.radius_m + 30.0, 3 * scene.subject.radius_m + 100.0))


def _left_home(scene: Scene) -> None:
    span = _running(scene)
    if span is not None:
        _leave_home(scene, span)
        out_s = _grace_s(scene) * scene.rng.uniform(1.0, 2.5) + 60.0
        _home_by_foot(scene, min(scene.path.now + out_s, span[1] - 20.0))


def _out_at_end(scene: Scene) -> None:
    span = _running(scene)
    if span is not None:
        _leave_home(scene, span)
        scene.path.stay(min(span[1], scene.end) + scene.rng.uniform(30.0, 90.0))


def _brief_exit(scene: Scene) -> None:
    """To the corner and back, within the grace mostly."""
    span = _running(scene)
    if span is not None:
        begin, end = max(span[0], scene.path.now), min(span[1], scene.end)
        scene.errands(begin + scene.rng.uniform(0.15, 0.6) * (end - begin))
        scene.go_home()
        scene.path.straight(scene.away_spot(scene.subject.radius_m + 20.0, scene.subject.radius_m + 40.0), 1.6)
        scene.path.straight((0.0, 0.0), 1.6)
        scene.path.stay(scene.path.now + 1.0)


# --- contact and equipment -----------------------------------------------------------------------------------------


def _moment(scene: Scene, latest_part: float = 0.85) -> float:
    """Some time in the slot, not in its first seconds."""
    span = scene.end - scene.path.now
    return scene.path.now + scene.rng.uniform(min(LEAD_S, span / 4), latest_part * span)


def _silence(scene: Scene, *, keeps: bool) -> None:
    threshold_s = max(2.0 * scene.speaker.upload_s, CONTACT_S)
    begin = _moment(scene, 0.4)
    end = begin + threshold_s * scene.rng.uniform(0.5, 1.7)
    scene.silent(begin, end, keeps=keeps)


def _gnss_lost(scene: Scene) -> None:
    threshold_s = max(3.0 * scene.speaker.interval_s, CONTACT_S)
    begin = _moment(scene, 0.4)
    end = begin + threshold_s * scene.rng.uniform(0.4, 1.7)
    scene.blind.append((begin, end))
    scene.tell(begin, EventCode.GNSS_LOST, EventState.START)
    scene.tell(end, EventCode.GNSS_LOST, EventState.END)


def _tag(scene: Scene) -> str | None:
    """The tag that an event is about when a home unit tells of it."""
    return scene.subject.rf_tags[0] if _hears(scene) else None


def _tamper(code: EventCode) -> Callable[[Scene], None]:
    def draw(scene: Scene) -> None:
        at = _moment(scene)
        scene.tell(at, code, EventState.START, _tag(scene))
        scene.untrusted_from = min(scene.untrusted_from, at)

    return draw


def _blinding(code: EventCode) -> Callable[[Scene], None]:
    """Jamming and shielding: no positions while it lasts."""

    def draw(scene: Scene) -> None:
        begin = _moment(scene)
        end = begin + scene.rng.uniform(20.0, 200.0)
        scene.tell(begin, code, EventState.START)
        scene.tell(end, code, EventState.END)
        scene.blind.append((begin, end))
        if code is EventCode.SHIELDING:
            scene.untrusted_from = min(scene.untrusted_from, begin)

    return draw


def _lasting(code: EventCode, *, of_tag: bool = False) -> Callable[[Scene], None]:
    """Begins, and often ends in the run."""

    def draw(scene: Scene) -> None:
        begin = _moment(scene)
        tag = _tag(scene) if of_tag else None
        scene.tell(begin, code, EventState.START, tag)
        if scene.rng.random() < 0.6:
            scene.tell(begin + scene.rng.uniform(10.0, 0.8 * (scene.end - scene.path.now)), code, EventState.END, tag)

    return draw


def _pulse(code: EventCode) -> Callable[[Scene], None]:
    return lambda scene: scene.tell(_moment(scene), code, EventState.PULSE)


def _battery_dead(scene: Scene) -> None:
    at = _moment(scene)
    scene.tell(at, EventCode.BATTERY_DEAD, EventState.START)
    scene.silent(at + 2.0 + scene.speaker.interval_s, math.inf, keeps=False)


def _home_unit_moved(scene: Scene) -> None:
    at = _moment(scene)
    scene.tell(at, EventCode.HOME_UNIT_MOVED, EventState.PULSE)
    scene.untrusted_from = min(scene.untrusted_from, at)


def _always(_: Scene) -> bool:
    return True


def _fits_beginning(scene: Scene) -> bool:
    span = _beginning(scene)
    return span is not None and span[1] - span[0] > SPARE_S


def _fits_running(scene: Scene) -> bool:
    return _running(scene) is not None


PLOTS: dict[str, Plot] = {
    "zone_visit": Plot(_fits_zone, _zone_visit),
    "zone_edge": Plot(_fits_zone, _zone_edge),
    "zone_pass": Plot(_fits_zone, _zone_pass),
    "zone_vanish": Plot(_fits_vanish, _zone_vanish),
    "zone_leave": Plot(_fits_leave, _zone_leave),
    "late_home": Plot(_fits_beginning, _late_home),
    "out_all": Plot(_fits_beginning, _out_all),
    "left_home": Plot(_fits_running, _left_home),
    "out_at_end": Plot(_fits_running, _out_at_end),
    "brief_exit": Plot(_fits_running, _brief_exit),
    "silent_off": Plot(_own, lambda scene: _silence(scene, keeps=False)),
    "silent_backlog": Plot(_own, lambda scene: _silence(scene, keeps=True)),
    "gnss_lost": Plot(_locates, _gnss_lost),
    "strap_tamper": Plot(_always, _tamper(EventCode.STRAP_TAMPER)),
    "case_tamper": Plot(_always, _tamper(EventCode.CASE_TAMPER)),
    "jamming": Plot(_locates, _blinding(EventCode.JAMMING)),
    "shielding": Plot(_locates, _blinding(EventCode.SHIELDING)),
    "fault": Plot(_own, _lasting(EventCode.FAULT)),
    "battery_low": Plot(_always, _lasting(EventCode.BATTERY_LOW, of_tag=True)),
    "battery_critical": Plot(_locates, _lasting(EventCode.BATTERY_CRITICAL)),
    "battery_dead": Plot(_locates, _battery_dead),
    "near_victim": Plot(fits_near_victim, near_victim),
    "meets": Plot(fits_meets, meets),
    "tag_left": Plot(fits_tag_left, tag_left),
    "sos": Plot(_locates, _pulse(EventCode.SOS)),
    "home_unit_power_lost": Plot(_hears_by_own, _lasting(EventCode.HOME_UNIT_POWER_LOST)),
    "home_unit_moved": Plot(_hears_by_own, _home_unit_moved),
}
