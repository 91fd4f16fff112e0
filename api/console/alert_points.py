"""The points that an alert relies on, as a table and for its map; and the condition's windows around it, as a band."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from api.console.alert_found import Found
from api.console.rendering import LONDON, instant
from domain.national_grid import references

Json = Mapping[str, Any]

BAND_WIDTH: Final = 100
"""Per cent of the band's picture, which is drawn as wide as there is room."""
LEAST_WIDTH: Final = 0.3
"""Of what is so short that it would not be seen."""
TICKS: Final = timedelta(hours=6)
MOST_SHOWN: Final = 200
"""Points of the table beside those that the alert relies on; the map has all."""


@dataclass(frozen=True, slots=True)
class Point:
    """One fix: `relied` when the violation names it as evidence. ``acc_m`` is the 95 % radius, ``grid`` None outside the National Grid."""

    t: str
    received: str
    lat: float
    lon: float
    acc_m: float
    grid: str | None
    source: str
    quality: str
    speed_m_s: float | None
    device: str
    relied: bool


@dataclass(frozen=True, slots=True)
class Fact:
    """A piece of the evidence that is no fix shown here: an event of a device, or a fix that may not be seen."""

    device: str
    gen: int
    seq: int


def points_of(found: Found) -> tuple[list[Point], list[Fact]]:
    """All points around the violation in order of time, and the facts that it relies on beside them."""
    evidence = {_identity(one) for one in (found.violation or {}).get("evidence", ())}
    lons = [fix["geometry"]["coordinates"][0] for fix in found.trail]
    lats = [fix["geometry"]["coordinates"][1] for fix in found.trail]
    grids = references(lons, lats)
    points = [
        _point(fix["properties"], lon, lat, grid, evidence)
        for fix, lon, lat, grid in zip(found.trail, lons, lats, grids, strict=True)
    ]
    seen = {_identity(fix["properties"]) for fix in found.trail}
    others = [Fact(*one) for one in sorted(evidence - seen)]
    return sorted(points, key=lambda one: one.t), others


def _identity(one: Json) -> tuple[str, int, int]:
    return one["device"], one["gen"], one["seq"]


def _point(fix: Json, lon: float, lat: float, grid: str | None, evidence: set[tuple[str, int, int]]) -> Point:
    return Point(
        *(fix["t"], fix["received"], lat, lon, fix["acc"], grid, fix["src"], fix["quality"], fix["spd"]),
        *(fix["device"], _identity(fix) in evidence),
    )


def map_data(found: Found, points: Sequence[Point]) -> dict[str, Any]:
    """A FeatureCollection for the small map: each feature says its `kind` (`zone`, `home`, `point`)."""
    features: list[dict[str, Any]] = []
    condition = found.condition or {}
    if found.zone is not None:
        about = {"kind": "zone", "sort": condition.get("kind"), "name": condition.get("name")}
        features.append(zone_feature(found.zone, about))
        if condition.get("buffer_m"):
            features.append(zone_feature(found.zone, about | {"kind": "buffer", "buffer_m": condition["buffer_m"]}))
    place = condition.get("place")
    if place:
        at = {"type": "Point", "coordinates": [place["lon"], place["lat"]]}
        about = {"kind": "home", "name": place.get("name"), "radius_m": place["radius_m"]}
        features.append({"type": "Feature", "geometry": at, "properties": about})
    for one in points:
        at = {"type": "Point", "coordinates": [one.lon, one.lat]}
        about = {"kind": "point", "t": one.t, "acc": one.acc_m, "relied": one.relied, "quality": one.quality}
        features.append({"type": "Feature", "geometry": at, "properties": about})
    return {"type": "FeatureCollection", "features": features}


def zone_feature(shape: Json, about: Json) -> dict[str, Any]:
    """A zone's shape as GeoJSON: a circle is a point with `radius_m`, a corridor a line with `width_m`."""
    properties = dict(about)
    geometry: dict[str, Any] = {"type": shape["type"], "coordinates": shape.get("coordinates")}
    if shape["type"] == "Circle":
        geometry = {"type": "Point", "coordinates": shape["center"]}
        properties["radius_m"] = shape["radius_m"]
    elif shape["type"] == "Corridor":
        geometry = {"type": "LineString", "coordinates": shape["coordinates"]}
        properties["width_m"] = shape["width_m"]
    return {"type": "Feature", "geometry": geometry, "properties": properties}


@dataclass(frozen=True, slots=True)
class Bar:
    """From ``x``, ``width`` long, in per cent of the band; what it is (`on`, `off`, `out`), and from when to when."""

    x: float
    width: float
    sort: str
    start: str
    end: str
    by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Band:
    """The condition's windows around the violation, to scale. ``bars`` enforced or not, ``out`` the violation, ``now`` where now is."""

    bars: tuple[Bar, ...]
    out: Bar | None
    now: float | None
    ticks: tuple[tuple[float, datetime], ...]


def band_of(found: Found, now: datetime) -> Band | None:
    """None for a condition without windows, or where they may not be seen."""
    if found.windows is None or found.violation is None:
        return None
    low, high = instant(found.windows["from"]), instant(found.windows["to"])
    scale = _Scale(low, high)
    bars = [
        scale.bar(one["from"], one["to"], "on" if one["enforced"] else "off", tuple(one["by"]))
        for one in found.windows["timeline"]
    ]
    end = found.violation["to"] or now.isoformat()
    out = scale.bar(found.violation["from"], end, "out")
    return Band(tuple(bars), out, scale.x(now) if low <= now <= high else None, scale.ticks())


@dataclass(frozen=True, slots=True)
class _Scale:
    low: datetime
    high: datetime

    def x(self, at: datetime) -> float:
        share = (min(max(at, self.low), self.high) - self.low) / (self.high - self.low)
        return round(share * BAND_WIDTH, 2)

    def bar(self, start: str, end: str, sort: str, by: tuple[str, ...] = ()) -> Bar:
        first, last = self.x(instant(start)), self.x(instant(end))
        return Bar(first, max(round(last - first, 2), LEAST_WIDTH), sort, start, end, by)

    def ticks(self) -> tuple[tuple[float, datetime], ...]:
        """Each sixth hour on the wall of the centre that lies in it."""
        here = self.low.astimezone(LONDON)
        at = here.replace(hour=0, minute=0, second=0, microsecond=0)
        found = []
        while at <= self.high:
            if at >= self.low:
                found.append((self.x(at), at))
            at += TICKS
        return tuple(found)
