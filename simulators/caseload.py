"""An invented caseload: wearers over England and Wales, their orders, conditions, devices and fittings.

Seeded: the same arguments give the same records in the same order, so the same bytes; and a wearer's records do not
depend on how many others there are. ``start_us`` is the instant at which the service takes the caseload over: all
devices are fitted then, and conditions hold from then.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from random import Random
from typing import Any

from domain.instants import DAY_US, HOUR_US, SECOND_US, format_instant
from simulators import outlines
from simulators.calendars import demo_row, weekly
from simulators.orders import COHORTS, LANGUAGES, LEVELS, ORDER_SHAPES, OrderShape
from simulators.places import FIRST_NAMES, SURNAMES, TOWNS, Town

CURFEW_TAG_SHARE = 0.37
USUAL_INTERVAL_S = 60
LONGEST_BEFORE_FITTING_H = 48
"""Below the 72 hours within which an order's tag must be fitted (rules.md 7)."""
SHARED_ZONE_REACH_M = 450.0
NEAREST_ZONE_M = 350.0
"""From a home to the nearest edge of a zone it must keep out of: the street before the house is free."""
STAY_IN_REACH_M = (1200.0, 2500.0)
HOME_SPREAD_M = 1500.0
SOON_SHARE = 0.7
"""Of the curfews, those that begin within the run when one is given."""

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Home:
    town: Town
    lon: float
    lat: float


def generate(
    wearers: int,
    seed: int,
    start_us: int,
    curfews_begin_within_s: float | None = None,
    rate_hz: float | None = None,
) -> list[Record]:
    """The records of a caseload of so many wearers, areas and shared zones first.

    Parameters
    ----------
    start_us : the instant from which devices are fitted and conditions hold, microseconds UTC.
    curfews_begin_within_s : with it, most curfews and some zones' schedules begin within so many seconds after
        ``start_us``, with a short grace, and some end in it too: what a short run needs to show curfew at all.
    rate_hz : positions and uploads a second of every device; None: one a minute.
    """
    interval_s = USUAL_INTERVAL_S if rate_hz is None else max(1, round(1 / rate_hz))
    records = places(seed)
    for number in range(1, wearers + 1):
        maker = Maker(number, Random(f"{seed}:{number}"), start_us, curfews_begin_within_s, interval_s)
        records.extend(maker.records())
    return records


def as_lines(records: Iterable[Record]) -> bytes:
    """The records as the bytes of a caseload file."""
    return b"".join(json.dumps(r, separators=(",", ":"), ensure_ascii=False).encode() + b"\n" for r in records)


def places(seed: int) -> list[Record]:
    """The areas, and the zones that several share."""
    return [*_areas(), *_shared_zones(seed)]


def _areas() -> list[Record]:
    def area(name: str, kind: str, parent: str | None, title: str) -> Record:
        return {"type": "area", "id": name, "kind": kind, "name": title, "parent": parent}

    regions = sorted({t.region for t in TOWNS})
    forces = sorted({t.force for t in TOWNS})
    return [
        *(area(r, "region", None, r.replace("-", " ").title()) for r in regions),
        *(area(f"{f}-force", "police_force", None, f.replace("-", " ").title()) for f in forces),
        *(area(t.pdu, "pdu", t.region, t.name) for t in TOWNS),
    ]


def _shared_zones(seed: int) -> list[Record]:
    """One zone a town that several wearers must keep out of: the middle of it."""
    records = []
    for town in TOWNS:
        rng = Random(f"{seed}:{town.slug}")
        shape = outlines.polygon(rng, town.lon, town.lat, SHARED_ZONE_REACH_M)
        records.append(
            {
                "type": "zone",
                "id": f"Z-{town.slug}",
                "area": town.pdu,
                "name": f"{town.name} centre",
                "shape": shape,
            }
        )
    return records


def _weighted(rng: Random, pairs: Iterable[tuple[Any, int]]) -> Any:
    values, weights = zip(*pairs, strict=True)
    return rng.choices(values, weights)[0]


class Maker:
    """Makes the records of one wearer."""

    def __init__(self, number: int, rng: Random, start_us: int, soon_s: float | None, interval_s: int) -> None:
        self.number = number
        self.rng = rng
        self.start_us = start_us
        self.soon_s = soon_s
        self.interval_s = interval_s
        self.id = f"W{number:06d}"
        self.conditions: list[Record] = []
        town = rng.choices(TOWNS, [t.weight for t in TOWNS])[0]
        heading, away = rng.uniform(0, 2 * math.pi), abs(rng.gauss(0, HOME_SPREAD_M)) + 100
        lon, lat = outlines.offset(town.lon, town.lat, away * math.cos(heading), away * math.sin(heading))
        self.home = Home(town, lon, lat)

    def records(self) -> list[Record]:
        rng = self.rng
        curfew_tag = rng.random() < CURFEW_TAG_SHARE
        shapes = [s for s in ORDER_SHAPES if s.curfew_tag or not curfew_tag]
        shape = rng.choices(shapes, [s.weight for s in shapes])[0]
        order = self.order(shape)
        unit = f"H{self.number:06d}" if curfew_tag else None
        if curfew_tag:
            self.add_curfew(unit)
        else:
            self.add_conditions(shape)
        return [self.person(), *self.devices(unit), order, *self.conditions]

    def person(self) -> Record:
        rng = self.rng
        young = rng.random() < 0.02
        return {
            "type": "wearer",
            "id": self.id,
            "name": f"{rng.choice(FIRST_NAMES)} {rng.choice(SURNAMES)}",
            "level": _weighted(rng, LEVELS),
            "cohorts": [c for c in COHORTS if rng.random() < 0.08],
            "mappa": rng.choice((1, 2, 3)) if rng.random() < 0.06 else None,
            "rosh": _weighted(rng, ((None, 50), ("low", 20), ("medium", 20), ("high", 8), ("very_high", 2))),
            "born": f"{rng.randint(2009, 2011) if young else rng.randint(1955, 2007)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}",
            "phones": [f"07700 900{rng.randint(0, 999):03d}"],  # a range kept for drama: it rings nobody
            "language": _weighted(rng, LANGUAGES),
        }

    def devices(self, unit: str | None) -> list[Record]:
        lot = f"2026-{self.rng.randint(1, 9):02d}"
        if unit is None:
            return self.device(f"G{self.number:06d}", "gps_tag", "LT-4", lot)
        return [
            *self.device(f"R{self.number:06d}", "rf_tag", "CT-2", lot),
            *self.device(unit, "home_unit", "HU-7", lot),
        ]

    def device(self, name: str, kind: str, model: str, lot: str) -> list[Record]:
        return [
            {
                "type": "device",
                "id": name,
                "kind": kind,
                "interval_s": self.interval_s,
                "upload_s": self.interval_s,
                "model": model,
                "firmware": self.rng.choice(("4.1.0", "4.1.2", "4.2.0")),
                "lot": lot,
            },
            {
                "type": "fitting",
                "id": f"F-{name}",
                "wearer": self.id,
                "device": name,
                "from": format_instant(self.start_us),
                "to": None,
            },
        ]

    def order(self, shape: OrderShape) -> Record:
        rng = self.rng
        begins_us = self.start_us - rng.randint(1, LONGEST_BEFORE_FITTING_H * 3600) * SECOND_US
        begins_us -= begins_us % SECOND_US
        order = {
            "type": "order",
            "id": f"O{self.number:06d}",
            "wearer": self.id,
            "kind": shape.kind,
            "programme": rng.choice(shape.programmes),
            "from": format_instant(begins_us),
            "to": None,
            "notifying_organisation": shape.notifying,
            "organisation": shape.organisation,
            "area": self.home.town.pdu,
            "officer": {
                "name": f"{rng.choice(FIRST_NAMES)} {rng.choice(SURNAMES)}",
                "email": f"officer-{rng.randint(1, 4000)}@{shape.organisation.replace('_', '-')}.example",
            },
            "told_at": format_instant(begins_us),
        }
        if shape.days is None:
            order["review"] = format_instant(begins_us + 28 * DAY_US)
        else:
            order["to"] = format_instant(begins_us + rng.randint(*shape.days) * DAY_US + rng.randint(60, 90) * HOUR_US)
        return order

    def add_conditions(self, shape: OrderShape) -> None:
        """What a location tag is ordered for: zones mostly, often several, often with a curfew."""
        rng = self.rng
        if rng.random() < 0.72:
            for _ in range(_weighted(rng, ((1, 55), (2, 25), (3, 12), (5, 8)))):
                self.add_exclusion()
        if rng.random() < 0.2:
            self._add_shared_exclusion()
        if rng.random() < 0.12:
            self._add_stay_in(rng.choice(("inclusion_zone", "restriction_zone")))
        if rng.random() < 0.45 or (not self.conditions and rng.random() < 0.8):
            self.add_curfew(None)
        if not self.conditions or shape.kind == "licence":
            self.add("trail", {})

    def add(self, kind: str, what: Record) -> None:
        self.conditions.append(
            {
                "type": "condition",
                "id": f"C{self.number:06d}-{len(self.conditions) + 1}",
                "order": f"O{self.number:06d}",
                "kind": kind,
                "from": format_instant(self.start_us),
                **what,
            }
        )

    def _schedule(self, share: float) -> Record:
        """`timezone` and `schedule` of a zone: most hold always, a share only at certain hours."""
        rng, rows = self.rng, None
        if rng.random() < share:
            if self.soon_s is not None and rng.random() < 0.5:
                rows = demo_row(rng, self.start_us, self.soon_s)
            else:
                rows = weekly(rng, rng.choice((("08:00", "09:30"), ("18:00", "02:00"), ("14:30", "16:00"))))
        return {"timezone": "Europe/London", "schedule": rows}

    def add_exclusion(self) -> None:
        rng = self.rng
        reach = rng.uniform(120.0, 600.0)
        away = reach + NEAREST_ZONE_M + rng.uniform(0, 1500.0)
        heading = rng.uniform(0, 2 * math.pi)
        lon, lat = outlines.offset(self.home.lon, self.home.lat, away * math.cos(heading), away * math.sin(heading))
        self.add(
            "exclusion_zone",
            {
                "name": f"{rng.choice(SURNAMES)} {rng.choice(('Street', 'Road', 'Park', 'School', 'Estate'))}",
                "zone": outlines.zone(rng, lon, lat, reach),
                "threshold_points": _weighted(rng, ((1, 80), (0, 8), (2, 8), (3, 4))),
                "buffer_m": _weighted(rng, ((0, 75), (100, 15), (200, 10))),
                **self._schedule(0.15),
            },
        )

    def _add_shared_exclusion(self) -> None:
        town = self.home.town
        east = (self.home.lon - town.lon) * outlines.METRES_PER_DEGREE * math.cos(math.radians(town.lat))
        north = (self.home.lat - town.lat) * outlines.METRES_PER_DEGREE
        if math.hypot(east, north) < SHARED_ZONE_REACH_M + NEAREST_ZONE_M:
            return
        zone = {"id": f"Z-{town.slug}"}
        self.add("exclusion_zone", {"name": f"{town.name} centre", "zone": zone, **self._schedule(0.3)})

    def _add_stay_in(self, kind: str) -> None:
        zone = outlines.around(self.rng, self.home.lon, self.home.lat, self.rng.uniform(*STAY_IN_REACH_M))
        self.add(kind, {"name": self.home.town.name, "zone": zone, **self._schedule(0.4)})

    def add_curfew(self, unit: str | None) -> None:
        rng = self.rng
        soon = self.soon_s is not None and rng.random() < SOON_SHARE
        if soon and self.soon_s is not None:
            rows, grace_s = demo_row(rng, self.start_us, self.soon_s), rng.choice((30, 60, 90, 120))
        else:
            rows = weekly(
                rng, rng.choice((("19:00", "07:00"), ("20:00", "06:00"), ("21:00", "07:00"), ("22:00", "05:30")))
            )
            grace_s = 300
        place = {
            "name": "home",
            "lon": self.home.lon,
            "lat": self.home.lat,
            "radius_m": _weighted(rng, ((50, 80), (40, 10), (80, 10))),
            "home_unit": unit,
        }
        self.add("curfew", {"place": place, "timezone": "Europe/London", "timetable": rows, "grace_s": grace_s})
