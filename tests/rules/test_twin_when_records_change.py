"""Random days of one wearer in which records are learnt all the time: the rules say what the twin says, version by version."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from domain.instants import DAY_US, SECOND_US, format_instant
from tests.rules.made import HOME, Line, Sender, condition, in_order, said, us, wearer
from tests.twin.engine import EVERY_KIND, run

MINUTE_US = 60 * SECOND_US
START_US = us("2026-11-20T00:00:00")
"""A Friday; everything happens from half an hour before it to five hours after it."""
SPAN_MIN = 300
FEEDS = 24
TOLD = "2026-11-01T09:00:00Z"
"""Written out, for by itself it follows the start of the order."""
SPOTS = (51.2, 51.2, 51.2, 51.2003, 51.2004, 51.21, 51.212)
"""Latitudes: at home, at the edge of its circle, on this side of the zone's edge, and in the zone."""
ZONE = {"type": "Polygon", "coordinates": [[[0.4, 51.21], [0.6, 51.21], [0.6, 51.3], [0.4, 51.3], [0.4, 51.21]]]}


def iso(minutes: float) -> str:
    """An instant so many minutes into the day, without its Z."""
    return format_instant(START_US + round(minutes * MINUTE_US)).removesuffix("Z")


def clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


class Day:
    """One seed's records, messages and news of records."""

    def __init__(self, seed: int) -> None:
        self.random = Random(f"records:{seed}")
        self.tag, self.unit = Sender("T1"), Sender("H1")
        self.heard = self.random.random() < 0.5
        self.buffer_m, allowance = self.random.choice((0, 100)), self.random.choice((None, 0, 30))
        devices = ("T1", "gps_tag"), ("H1", "home_unit")
        self.records = wearer(*devices, atv_allowance_min=allowance, told_at=TOLD)
        self.records += [self._curfew(), self._zone()]

    def _minute(self, low: int = 0, high: int = 240) -> int:
        at, step = self.random.randrange(low, high), self.random.choice((1, 5, 15))
        return at - at % step

    def _rows(self) -> list[Line]:
        rows = []
        for _ in range(self.random.randint(1, 3)):
            low, high = sorted((self._minute(), self._minute()))
            if self.random.random() < 0.25:
                rows.append({"day": "thu", "start": self.random.choice(("20:00", "23:30")), "end": clock(high)})
            else:
                rows.append({"day": "fri", "start": clock(low), "end": clock(high) if low < high else "05:00"})
        return rows

    def _curfew(self) -> Line:
        place = HOME | {"home_unit": "H1" if self.heard else None}
        grace_s = self.random.choice((0, 60, 300, 900))
        return condition("curfew", place=place, timezone="UTC", timetable=self._rows(), grace_s=grace_s)

    def _zone(self) -> Line:
        more = {"threshold_points": self.random.choice((0, 1, 2)), "buffer_m": self.buffer_m}
        schedule = self.random.choice((None, self._rows()))
        return condition("exclusion_zone", "C2", zone=ZONE, timezone="UTC", schedule=schedule, **more)

    # ---- what is sent ----

    def messages(self) -> Iterator[Line]:
        at, lat = -30.0, self.random.choice(SPOTS)
        while at < SPAN_MIN - 30:
            at += self.random.choice((1, 1, 1, 2, 5, 5.001, 0.3, 7, self.random.choice((1, 25))))
            late = self.random.choice((0, 1, 1, 1, 5, 200, 1200, self.random.choice((1, 4000)))) / 60
            lat = self.random.choice(SPOTS) if self.random.random() < 0.2 else lat
            yield self._message(iso(at), iso(at + late), lat)

    def _message(self, at: str, received: str, lat: float) -> Line:
        sort = self.random.random()
        if self.heard and sort < 0.2:
            if lat == HOME.get("lat"):
                return self.unit.event(at, "in_range", "start", received=received, tag="T1")
            if sort < 0.1:
                left = us(at) // 1000 - 1000 * self.random.choice((0, 30, 200, 900))
                return self.unit.event(at, "in_range", "end", received=received, tag="T1", last_heard=left)
            return self.unit.event(at, "heartbeat", received=received)
        if sort > 0.95:
            code = self.random.choice(("strap_tamper", "case_tamper", "battery_low", "jamming"))
            return self.tag.event(at, code, self.random.choice(("start", "end")), received=received)
        return self.tag.fix(at, lat, received=received, acc=self.random.choice((5.0, 10.0, 60.0, 250.0)))

    # ---- what is learnt ----

    def news(self) -> Iterator[Line]:
        for _ in range(self.random.randint(1, 5)):
            at = self._minute() + self.random.choice((0, 0, 17 / 60))
            back = [None, None, START_US - DAY_US, START_US + self._minute() * MINUTE_US]
            holds_us = self.random.choice([one for one in back if one is None or one <= START_US + at * MINUTE_US])
            record = self._changed(at)
            line = {"learnt": f"{iso(at)}Z", "holds_from": None if holds_us is None else format_instant(holds_us)}
            yield line | {"record": record}
            if record["type"] in ("absence", "suspension") and self.random.random() < 0.3:
                later = at + self.random.randint(1, 40)
                yield line | {"learnt": f"{iso(later)}Z", "record": record, "cancelled": True}

    def _changed(self, at: float) -> Line:
        low, high = f"{iso(self._minute(0, 120))}Z", f"{iso(self._minute(121, 260))}Z"
        old: dict[str, Line] = {one["id"]: one for one in self.records}
        ends = f"{iso(max(at, 0) + self.random.choice((0, 30, 90)))}Z"
        grant = {"from": low, "to": high, "reason": "asked for"}
        choices: list[Line] = [
            self._curfew(),
            self._zone(),
            old["C1"] | {"grace_s": self.random.choice((0, 600))},
            old["O1"] | self.random.choice([{"from": low}, {"to": high}, {"from": "2026-10-30T00:00:00Z"}]),
            old["F-T1"] | {"to": ends},
            {"type": "absence", "id": "A1", "condition": "C1", "granted_by": "an officer", **grant},
            {"type": "absence", "id": "A2", "condition": "C2", "granted_by": "an officer", **grant},
            {"type": "suspension", "id": "S1", "order": "O1", "by": "a court", **grant},
            {"type": "equipment_check", "id": "E1", "device": "T1", "at": f"{iso(at)}Z", "by": "x", "result": "sound"},
        ]
        return self.random.choice(choices)

    def ticks(self) -> Iterator[Line]:
        for _ in range(self.random.randint(0, 5)):
            yield {"tick": f"{iso(self._minute())}Z"}
        yield {"tick": f"{iso(SPAN_MIN)}Z"}


def without_scores(versions: list[Line]) -> list[Any]:
    """The twin's arithmetic of scores is its own; ids follow the order of a line's versions, which scores do not change."""
    return sorted(json.dumps({k: v for k, v in one.items() if k != "p_inside"}, sort_keys=True) for one in versions)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(FEEDS))
def test_the_rules_and_the_twin_agree(seed: int) -> None:
    day = Day(seed)
    lines = [*day.messages(), *day.news(), *day.ticks()]
    twin = run([json.dumps(one) for one in day.records], in_order(lines), None, EVERY_KIND)
    assert without_scores(said(day.records, lines)) == without_scores([json.loads(one) for one in twin])
