"""A caseload as the service has it: the estate as published, and the people whom monitoring serves worst.

Tags by their share: curfew tags 37 %, location tags 50 %, alcohol tags 14 %, some wear two (Electronic Monitoring Statistics, Ministry of
Justice, 2025). Besides what `simulators.caseload` makes: under-18s, two orders at once, night workers whose curfew is by day, nights in
hospital, homes next to a zone, hostels with one home unit, and people who must keep away from somebody protected. A wearer's records hang on
their number and the seed alone.
"""

from __future__ import annotations

import math
from random import Random
from typing import Final

from domain.instants import DAY_US, HOUR_US, format_instant
from simulators import outlines
from simulators.caseload import USUAL_INTERVAL_S, Home, Maker, Record, places
from simulators.orders import ORDER_SHAPES
from simulators.scenario import People

CURFEW_TAGS: Final = 0.36
LOCATION_TAGS: Final = 0.50
"""Of the rest an alcohol tag alone."""
SECOND_TAG: Final = 0.012
"""Of curfew and location tags, those whose wearer has an alcohol tag too."""
YOUNG: Final = 0.02
AT_SCHOOL_BORN: Final = "2009"
TWO_ORDERS: Final = 0.05
NEAR_ZONE_M: Final = (15.0, 150.0)
PROTECTS: Final = 0.07
BY_DAY: Final = 0.05
"""Of curfews, those of people who work by night."""
IN_HOSPITAL: Final = 0.03
ALERT_M: Final = (300, 500, 800)
HOSTEL_REACHES: Final = 24
"""Whoever lives in a hostel does so with the nearest wearer before them who has a home unit of their own, of so many."""
MUST_NOT_MEET: Final = 0.05
"""Of location tags, those whose wearer must not meet the wearer before them, who then lives in the same town."""


def estate(
    wearers: int,
    seed: int,
    start_us: int,
    days: float = 30.0,
    rate_hz: float | None = None,
    people: People | None = None,
) -> list[Record]:
    """The records of so many wearers; ``start_us`` as for `simulators.caseload.generate`, ``days`` as long as they are simulated.

    ``people``: how many of them live in hostels, and next to a zone.
    """
    interval_s = USUAL_INTERVAL_S if rate_hz is None else max(1, round(1 / rate_hz))
    records = places(seed)
    for number in range(1, wearers + 1):
        records += _Estate(number, seed, start_us, days, interval_s, people or People()).records()
    return records


class _Estate(Maker):
    """Makes the records of one wearer of the estate."""

    def __init__(
        self, number: int, seed: int, start_us: int, days: float, interval_s: int, people: People | None = None
    ) -> None:
        super().__init__(number, Random(f"estate:{seed}:{number}"), start_us, None, interval_s)
        self._people, self._days, self._more = people or People(), days, list[Record]()
        apart = Random(f"apart:{seed}:{number}")
        self._must_not_meet = number > 1 and apart.random() < MUST_NOT_MEET
        if self._must_not_meet:
            other = Maker(number - 1, Random(f"estate:{seed}:{number - 1}"), start_us, None, interval_s).home
            heading, away_m = apart.uniform(0, 2 * math.pi), apart.uniform(800.0, 2_500.0)
            lon, lat = outlines.offset(other.lon, other.lat, away_m * math.cos(heading), away_m * math.sin(heading))
            self.home = Home(other.town, lon, lat)
        self._lives_in_hostel = Random(f"hostel:{seed}:{number}").random() < self._people.hostels
        self._seed = seed

    def _host(self) -> _Estate | None:
        """Who lives at the same address, and is fitted with its home unit; None: they have an address of their own."""
        if not self._lives_in_hostel:
            return None
        for number in range(self.number - 1, max(0, self.number - 1 - HOSTEL_REACHES), -1):
            other = _Estate(number, self._seed, self.start_us, self._days, self.interval_s, self._people)
            if not other._lives_in_hostel and other.rng.random() < CURFEW_TAGS:
                return other
        return None

    def records(self) -> list[Record]:
        rng, drawn = self.rng, self.rng.random()
        curfew_tag, alcohol_tag = drawn < CURFEW_TAGS, drawn >= CURFEW_TAGS + LOCATION_TAGS
        host = self._host() if curfew_tag else None
        self.home = self.home if host is None else host.home
        shapes = [one for one in ORDER_SHAPES if one.curfew_tag or not curfew_tag]
        shape = rng.choices(shapes, [one.weight for one in shapes])[0]
        order = self.order(shape)
        unit = f"H{(host or self).number:06d}" if curfew_tag else None
        devices = self.alcohol() if alcohol_tag else self.devices(unit)
        if host is not None:
            devices = [
                one for one in devices if unit not in (one["id"], one.get("device"))
            ]  # it is fitted to the other
        if curfew_tag:
            self.add_curfew(unit)
        elif not alcohol_tag:
            self.add_conditions(shape)
            self._add_what_is_rare()
        if not alcohol_tag and rng.random() < SECOND_TAG:
            devices += self.alcohol()
        person = self.person()
        if rng.random() < YOUNG or shape.kind in ("yro", "dto"):
            person["born"] = f"2010-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"
        self._change_curfews(at_school=person["born"] >= AT_SCHOOL_BORN)
        if not curfew_tag and not alcohol_tag:
            self._add_beacon()
        return [person, *devices, order, *self._second_order(order), *self.conditions, *self._more]

    def _add_beacon(self) -> None:
        """A home unit that hears the location tag at home."""
        curfews = [one for one in self.conditions if one["kind"] == "curfew"]
        self.rng = Random(f"beacon:{self._seed}:{self.number}")
        if curfews and self.rng.random() < self._people.beacons:
            unit = f"H{self.number:06d}"
            self._more += self.device(unit, "home_unit", "HU-7", f"2026-{self.rng.randint(1, 9):02d}")
            for one in curfews:
                one["place"]["home_unit"] = unit

    def alcohol(self) -> list[Record]:
        """An alcohol tag, and the order to wear it."""
        self.add("alcohol", {})
        return self.device(f"A{self.number:06d}", "alcohol_tag", "AT-1", f"2026-{self.rng.randint(1, 9):02d}")

    def _add_what_is_rare(self) -> None:
        rng = self.rng
        if rng.random() < self._people.near_zone:
            self._add_zone_next_door()
        if rng.random() < PROTECTS:
            self._add_somebody_protected()
        if self._must_not_meet:
            self.add("association", {"other_wearer": f"W{self.number - 1:06d}"})

    def _add_zone_next_door(self) -> None:
        """A circle whose edge is some metres from the door, which a curfew tells."""
        radius_m, away_m = self.rng.uniform(100.0, 350.0), self.rng.uniform(*NEAR_ZONE_M)
        heading = self.rng.uniform(0, 2 * math.pi)
        east, north = (radius_m + away_m) * math.cos(heading), (radius_m + away_m) * math.sin(heading)
        centre = outlines.offset(self.home.lon, self.home.lat, east, north)
        shape = {"type": "Circle", "center": centre, "radius_m": round(radius_m, 1)}
        self.add("exclusion_zone", {"name": "Next door", "zone": shape, "threshold_points": 1, "buffer_m": 0})
        if not any(one["kind"] == "curfew" for one in self.conditions):
            self.add_curfew(None)

    def _add_somebody_protected(self) -> None:
        """A victim with a unit of their own; where they live no record says."""
        alert_m, number = self.rng.choice(ALERT_M), f"{self.number:06d}"
        self._more.append({"type": "victim", "id": f"V{number}", "name": "Protected Person"})
        unit = self.device(f"P{number}", "victim_unit", "VU-2", "2026-05")
        unit[1] = {**unit[1], "victim": f"V{number}"}
        del unit[1]["wearer"]
        self._more += unit
        self.add("proximity", {"victim": f"V{number}", "alert_m": alert_m, "prealert_m": 2 * alert_m})

    def _change_curfews(self, *, at_school: bool) -> None:
        """Some by day, for people who work by night, never of who is at school; some nights of some in hospital."""
        rng = self.rng
        for condition in self.conditions:
            if condition["kind"] != "curfew":
                continue
            if rng.random() < BY_DAY and not at_school:
                condition["timetable"] = [{**row, "start": "08:30", "end": "15:30"} for row in condition["timetable"]]
            elif rng.random() < IN_HOSPITAL and self._days > 2:
                self._more.append(self._night_in_hospital(condition))

    def _night_in_hospital(self, condition: Record) -> Record:
        midnight_us = self.start_us // DAY_US * DAY_US
        from_us = midnight_us + self.rng.randrange(1, max(2, int(self._days))) * DAY_US + 15 * HOUR_US
        return {
            "type": "absence",
            "id": f"A-{condition['id']}",
            "condition": condition["id"],
            "from": format_instant(from_us),
            "to": format_instant(from_us + 20 * HOUR_US),
            "reason": "hospital",
            "granted_by": "monitoring centre",
        }

    def _second_order(self, first: Record) -> list[Record]:
        """Another order at the same time, to keep out of one more zone."""
        if (
            not self.conditions
            or self.rng.random() >= TWO_ORDERS
            or not any(one["kind"] == "exclusion_zone" for one in self.conditions)
        ):
            return []
        self.add_exclusion()
        self.conditions[-1]["order"] = f"{first['id']}b"
        return [{**first, "id": f"{first['id']}b", "kind": "civil", "programme": None}]
