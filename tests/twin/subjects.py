"""Random wearers: their devices, orders, conditions, and what is learnt of them later."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from domain.instants import DAY_US, HOUR_US, MINUTE_US, SECOND_US, format_instant
from tests.twin.geometry import radii

Point = tuple[float, float]
Record = dict[str, Any]
Line = tuple[int, dict[str, Any]]
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ODD_ROWS = (
    (("22:00", "01:00"), ("00:30", "05:00")),
    (("00:30", "01:30"), ("21:00", "22:15")),
    (("20:00", "24:00"), ("00:00", "06:00")),
    (("01:30", "02:30"), ("18:00", "20:00:30")),
)


@dataclass
class Scene:
    rng: random.Random
    zone: str
    start: int
    end: int
    devices: list[str] = field(default_factory=list)


@dataclass
class Subject:
    """One wearer. ``tags`` are (device, from, to) in use; ``spots`` are places worth going to."""

    id: str
    number: int
    home: Point
    records: list[Record] = field(default_factory=list)
    tags: list[tuple[str, int, int]] = field(default_factory=list)
    kinds: dict[str, str] = field(default_factory=dict)
    intervals: dict[str, int] = field(default_factory=dict)
    uploads: dict[str, int] = field(default_factory=dict)
    unit: str | None = None
    spots: list[Point] = field(default_factory=list)
    conditions: list[Record] = field(default_factory=list)
    absences: list[Record] = field(default_factory=list)
    ends: int = 0
    learnt: list[Line] = field(default_factory=list)


def moved(point: Point, east_m: float, north_m: float) -> Point:
    per_lon, per_lat = radii(point[1])
    return (point[0] + east_m / per_lon, point[1] + north_m / per_lat)


def around(scene: Scene, low: int, high: int) -> int:
    """An instant, to the millisecond."""
    return low + scene.rng.randrange(max(1, (high - low) // 1000)) * 1000


def minute(scene: Scene, low: int, high: int) -> int:
    return around(scene, low, high) // MINUTE_US * MINUTE_US


def chance(scene: Scene, p: float) -> bool:
    return scene.rng.random() < p


def subject(scene: Scene, number: int, home: Point | None = None) -> Subject:
    """A wearer with devices, one or two orders' worth of conditions, absences and a suspension."""
    rng = scene.rng
    one = Subject(f"W{number}", number, home or (rng.uniform(-1.7, 1.0), rng.uniform(50.9, 54.8)))
    one.spots = [one.home, one.home, moved(one.home, 1500, 900)]
    one.records.append({"type": "wearer", "id": one.id, "name": f"Wearer {number}", "level": "standard"})
    _order(scene, one)
    _devices(scene, one)
    if chance(scene, 0.85):
        one.conditions.append(_curfew(scene, one))
    for letter in "bcd"[: rng.randrange(0, 4)]:
        one.conditions.append(_zone(scene, one, letter))
    one.records += one.conditions
    _absences(scene, one)
    return one


def _order(scene: Scene, one: Subject) -> None:
    low = scene.start - 5 * DAY_US if chance(scene, 0.85) else minute(scene, scene.start, scene.end)
    one.ends = scene.end + 60 * DAY_US
    if chance(scene, 0.3):
        one.ends = minute(scene, max(low, (scene.start + scene.end) // 2), scene.end) + HOUR_US
    told = format_instant(low if chance(scene, 0.9) else minute(scene, scene.start, scene.end))
    order = {"type": "order", "id": f"O{one.number}", "wearer": one.id, "kind": "community"}
    one.records.append({**order, "from": format_instant(low), "to": format_instant(one.ends), "told_at": told})


def _device(scene: Scene, one: Subject, name: str, kind: str, interval_s: int, upload_s: int) -> None:
    one.records.append({"type": "device", "id": name, "kind": kind, "interval_s": interval_s, "upload_s": upload_s})
    one.kinds[name], one.intervals[name], one.uploads[name] = kind, interval_s, upload_s
    scene.devices.append(name)


def _fitting(one: Subject, name: str, device: str, low: int, high: int | None) -> None:
    to = None if high is None else format_instant(high)
    record = {"type": "fitting", "id": name, "wearer": one.id, "device": device, "from": format_instant(low), "to": to}
    one.records.append(record)


def _devices(scene: Scene, one: Subject) -> None:
    """A tag, sometimes swapped on the way; a home unit for every curfew tag and some others."""
    rng = scene.rng
    n, before = one.number, scene.start - 5 * DAY_US
    kind = "rf_tag" if chance(scene, 0.25) else "gps_tag"
    interval_s = rng.choice((60, 60, 60, 120, 300))
    _device(scene, one, f"T{n}", kind, interval_s, rng.choice((interval_s, interval_s, 2 * interval_s, 300)))
    last = one.ends if one.ends < scene.end and chance(scene, 0.5) else None
    if chance(scene, 0.2):
        swap = minute(scene, scene.start, scene.end)
        _device(scene, one, f"T{n}b", kind, interval_s, interval_s)
        again = swap + rng.choice((0, 0, 7 * MINUTE_US))
        _fitting(one, f"F{n}", f"T{n}", before, swap)
        _fitting(one, f"F{n}b", f"T{n}b", again, last if last is None or last > again else again + MINUTE_US)
        one.tags = [(f"T{n}", scene.start, swap + rng.choice((0, HOUR_US))), (f"T{n}b", again, scene.end)]
    else:
        _fitting(one, f"F{n}", f"T{n}", before, last)
        one.tags = [(f"T{n}", scene.start, scene.end)]
    if kind == "rf_tag" or chance(scene, 0.4):
        one.unit = f"H{n}"
        upload_s = rng.choice((300, 300, 900))
        _device(scene, one, one.unit, "home_unit", upload_s, upload_s)
        _fitting(one, f"FH{n}", one.unit, before, last)


def rows(scene: Scene, *, zone: bool) -> list[dict[str, str]] | None:
    """A timetable: nights, round the clock, whole days, odd rows that overlap, or a window within the feed."""
    rng = scene.rng
    kind = rng.randrange(6)
    if zone and kind == 0:
        return None
    if kind <= 1:
        return [{"day": day, "start": "19:00", "end": "07:00"} for day in DAYS]
    if kind == 2:
        return [{"day": day, "start": "00:00", "end": "00:00"} for day in DAYS]
    if kind == 3:
        return [{"day": day, "start": "18:00", "end": "18:00"} for day in rng.sample(DAYS, 4)]
    if kind == 4:
        return [{"day": d, "start": s, "end": e} for d in DAYS for s, e in rng.choice(ODD_ROWS)]
    low = minute(scene, scene.start, scene.end)
    high = low + rng.randrange(30, 180) * MINUTE_US
    return [{"day": day, "start": _wall(scene, low), "end": _wall(scene, high)} for day in DAYS]


def _wall(scene: Scene, us: int) -> str:
    return (
        (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us))
        .astimezone(ZoneInfo(scene.zone))
        .strftime("%H:%M")
    )


def _curfew(scene: Scene, one: Subject) -> Record:
    place: Record = {"name": "home", "lon": one.home[0], "lat": one.home[1], "home_unit": one.unit}
    place |= {"radius_m": scene.rng.choice((50, 80, 150))}
    made: Record = {
        "type": "condition",
        "id": f"C{one.number}a",
        "order": f"O{one.number}",
        "kind": "curfew",
        "place": place,
    }
    made |= {"timezone": scene.zone, "timetable": rows(scene, zone=False), "grace_s": scene.rng.choice((0, 300, 900))}
    return made


def _zone(scene: Scene, one: Subject, letter: str) -> Record:
    rng = scene.rng
    kind = rng.choice(("exclusion_zone", "exclusion_zone", "restriction_zone", "inclusion_zone"))
    near = rng.choice((0, 0, 400)) if kind != "exclusion_zone" else rng.choice((600, 900, 1500))
    angle = rng.uniform(0, 2 * math.pi)
    centre = moved(one.home, near * math.cos(angle), near * math.sin(angle))
    size = rng.uniform(100, 450)
    one.spots += [centre, moved(centre, size, 0), moved(centre, size + rng.choice((20, 60, 150)), 0)]
    shape = _shape(scene, centre, size)
    made: Record = {"type": "condition", "id": f"C{one.number}{letter}", "order": f"O{one.number}", "kind": kind}
    made |= {"name": "zone", "threshold_points": rng.choice((0, 1, 1, 1, 2, 3, 4)), "timezone": scene.zone}
    made |= {
        "buffer_m": rng.choice((0, 100, 250)) if kind == "exclusion_zone" else 0,
        "schedule": rows(scene, zone=True),
    }
    if chance(scene, 0.3):
        name = f"Z{one.number}{letter}"
        one.records.append({"type": "zone", "id": name, "area": None, "name": "z", "shape": shape})
        made["zone"] = {"id": name}
    else:
        made["zone"] = shape
    if chance(scene, 0.15):
        made["from"] = format_instant(minute(scene, scene.start, scene.end))
    return made


def _shape(scene: Scene, centre: Point, size: float) -> Record:
    rng = scene.rng
    kind = rng.randrange(5)
    if kind == 0:
        return {"type": "Circle", "center": list(centre), "radius_m": round(size, 1)}
    if kind == 1:
        line = [moved(centre, -2 * size, 0), moved(centre, 0, size / 2), moved(centre, 2 * size, size / 4)]
        return {"type": "Corridor", "coordinates": [list(p) for p in line], "width_m": round(size, 1)}
    if kind == 2:
        holed = [_box(centre, size, size), _box(moved(centre, size / 2, 0), size / 4, size / 4)]
        return {"type": "Polygon", "coordinates": holed}
    if kind == 3:
        boxes = [[_box(moved(centre, side * 0.6 * size, 0), size / 2, size / 2)] for side in (-1, 1)]
        return {"type": "MultiPolygon", "coordinates": boxes}
    turns = sorted(rng.uniform(0, 2 * math.pi) for _ in range(rng.randrange(3, 9)))
    turns = (
        [0.0, 2.1, 4.2] if any(b - a > 3 for a, b in zip(turns, [*turns[1:], turns[0] + 6.28], strict=True)) else turns
    )
    ring = [moved(centre, size * math.cos(a), size * math.sin(a)) for a in turns]
    return {"type": "Polygon", "coordinates": [[list(p) for p in [*ring, ring[0]]]]}


def _box(centre: Point, east_m: float, north_m: float) -> list[list[float]]:
    low, high = moved(centre, -east_m, -north_m), moved(centre, east_m, north_m)
    return [[low[0], low[1]], [high[0], low[1]], [high[0], high[1]], [low[0], high[1]], [low[0], low[1]]]


def _absences(scene: Scene, one: Subject) -> None:
    rng = scene.rng
    for number, condition in enumerate(one.conditions):
        for again in range(rng.choice((0, 0, 1, 1, 2))):
            made = absence(scene, f"A{one.number}{number}{again}", condition["id"])
            one.absences.append(made)
            if chance(scene, 0.7):
                one.records.append(made)
            else:
                before = format_instant(scene.start - DAY_US)
                one.learnt.append(_learnt(scene, made, rng.choice((before, None, made["from"])), cancelled=False))
    if chance(scene, 0.25):
        low = minute(scene, scene.start, scene.end)
        to = None if chance(scene, 0.2) else format_instant(low + rng.randrange(10, 120) * MINUTE_US)
        made = {"type": "suspension", "id": f"S{one.number}", "order": f"O{one.number}", "from": format_instant(low)}
        one.records.append({**made, "to": to, "timetable": None, "reason": "custody", "by": "x"})


def absence(scene: Scene, name: str, condition: str) -> Record:
    low = minute(scene, scene.start, scene.end)
    high = low + scene.rng.randrange(10, 130) * MINUTE_US
    return {
        "type": "absence", "id": name, "condition": condition, "from": format_instant(low),
        "to": format_instant(high), "timetable": None, "reason": "work", "granted_by": "x",
    }  # fmt: skip


def _learnt(scene: Scene, record: Record, holds: str | None, *, cancelled: bool) -> Line:
    at = around(scene, scene.start, scene.end) // SECOND_US * SECOND_US
    line: dict[str, Any] = {"learnt": format_instant(at), "holds_from": holds, "record": record}
    if cancelled:
        line["cancelled"] = True
    return at, line


def learnt_later(scene: Scene, subjects: list[Subject]) -> list[Line]:
    """New absences, cancelled ones, and conditions that change, some of them reaching into the past."""
    out: list[Line] = []
    before = format_instant(scene.start - DAY_US)
    for one in subjects:
        out += one.learnt
        for made in one.absences:
            if made in one.records and chance(scene, 0.2):
                holds = scene.rng.choice((before, None))
                out.append(_learnt(scene, made, holds, cancelled=True))
        for condition in one.conditions:
            if chance(scene, 0.15):
                out.append(_varied(scene, condition))
    return out


def _varied(scene: Scene, condition: Record) -> Line:
    """Another version of a condition: its timetable, or what is asked of a run, or the zone or place itself."""
    rng = scene.rng
    made = dict(condition)
    if made["kind"] == "curfew":
        if chance(scene, 0.7):
            made["timetable"] = rows(scene, zone=False)
        else:
            made["place"] = {**made["place"], "radius_m": rng.choice((40, 120, 200))}
    elif chance(scene, 0.5):
        made["schedule"] = rows(scene, zone=True)
    elif "id" in made["zone"] or chance(scene, 0.5):
        made["threshold_points"] = rng.randrange(5)
    else:
        made["zone"] = {"type": "Circle", "center": _middle(made["zone"]), "radius_m": rng.choice((90, 200, 400))}
    at, line = _learnt(scene, made, None, cancelled=False)
    line["holds_from"] = rng.choice((None, format_instant(at - rng.randrange(1, 90) * MINUTE_US)))
    return at, line


def _middle(shape: Record) -> list[float]:
    if shape["type"] == "Circle":
        return list(shape["center"])
    points = shape["coordinates"]
    while isinstance(points[0][0], list):
        points = points[0]
    return list(points[0])
