"""An invented fleet for `bench.rules`: a caseload with every kind of condition, and what its devices say, as columns.

Nothing is encoded: batches are arrays, as the decoder would make them. Wearers are at home or on a walk around it; what
they do is a function of the wearer and the instant, so a backlog is what would have come live.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bailiwick.timezones import pinned_time_zones
from domain.caseload_file import read_caseload
from domain.facts import Batch, Facts, LineKind, empty_facts
from domain.instants import DAY_US, MINUTE_US, SECOND_US, format_instant
from domain.records import Version
from domain.said import said_by_reading
from domain.vocabulary import EventCode
from simulators.caseload import generate
from simulators.outlines import METRES_PER_DEGREE, offset, ring

START_US = 1_795_000_000 * SECOND_US
EVERY_US = MINUTE_US
"""One fact of every device."""
Record = dict[str, Any]
Floats = NDArray[np.float64]


def versions_of(records: Iterable[Record]) -> list[Version]:
    """The records as a caseload file gives them."""
    lines = (json.dumps(record) for record in records)
    return read_caseload(lines, "bench", pinned_time_zones().names)[0]


def caseload(wearers: int) -> list[Record]:
    """The usual caseload, and the kinds that few orders have: of a hundred wearers some have each."""
    records = generate(wearers, 1, START_US, rate_hz=1 / 60)
    for number in range(1, wearers + 1):
        records += _rare(number, Random(f"rare {number}"))
    for record in records:
        if record["type"] == "order" and int(record["id"][1:]) % 10 == 0:
            record["atv_allowance_min"] = 600
    return records


def _rare(number: int, rng: Random) -> list[Record]:
    name, place = f"{number:06d}", {"name": "hostel", "lon": -1.0 + number / 1e5, "lat": 52.0, "radius_m": 50}
    what = number % 100
    if what < 5:
        rows = [{"day": d, "start": "09:00", "end": "17:00"} for d in ("mon", "tue", "wed", "thu", "fri")]
        return [_condition(name, "attendance", place=place, timezone="Europe/London", timetable=rows)]
    if what < 7:
        return [_condition(name, "presence_check", place=place)]
    if what < 9:
        return [
            *_worn(f"A{name}", "alcohol_tag", wearer=f"W{name}"),
            _condition(name, "alcohol", tac_limit_permille=0.3),
        ]
    if what < 11:
        victim = {"type": "victim", "id": f"V{name}", "name": "V", "vulnerable": rng.random() < 0.2}
        unit = _worn(f"U{name}", "victim_unit", victim=f"V{name}")
        return [victim, *unit, _condition(name, "proximity", victim=f"V{name}", alert_m=500, prealert_m=1000)]
    if what == 11 and number > 1:
        return [_condition(name, "association", other_wearer=f"W{number - 1:06d}")]
    return []


def _condition(name: str, kind: str, **what: Any) -> Record:
    own = {"type": "condition", "id": f"C{name}-{kind}", "order": f"O{name}", "kind": kind}
    return own | {"from": format_instant(START_US)} | what


def _worn(device: str, kind: str, **whose: str) -> list[Record]:
    return [
        {"type": "device", "id": device, "kind": kind, "interval_s": 60, "upload_s": 60},
        {
            "type": "fitting",
            "id": f"F-{device}",
            "device": device,
            "from": format_instant(START_US),
            "to": None,
            **whose,
        },
    ]


def plain(wearers: int, first: int = 1) -> list[Record]:
    """Wearers with a tag and one exclusion zone of ten corners."""
    records: list[Record] = []
    for number in range(first, first + wearers):
        records += alone(number)
        lon, lat = home_of(number)
        records.append(zone_condition(number, 1, ring(Random(number), lon + 0.03, lat, 300.0, 10)))
    return records


def home_of(number: int) -> tuple[float, float]:
    """Where a wearer of `plain` lives: degrees."""
    return -2.0 + (number % 100) * 0.02, 51.0 + (number // 100 % 450) * 0.02


def alone(number: int) -> list[Record]:
    """A wearer with a tag and an order, and no condition."""
    name = f"{number:06d}"
    order = {
        "type": "order",
        "id": f"O{name}",
        "wearer": f"W{name}",
        "kind": "community",
        "from": format_instant(START_US),
    }
    order |= {"to": format_instant(START_US + 365 * DAY_US)}
    return [{"type": "wearer", "id": f"W{name}"}, *_worn(f"G{name}", "gps_tag", wearer=f"W{name}"), order]


def zone_condition(number: int, no: int, zone: list[list[float]] | str) -> Record:
    """An exclusion zone of a wearer: a ring, or the id of a shared zone."""
    shape = {"id": zone} if isinstance(zone, str) else {"type": "Polygon", "coordinates": [zone]}
    own = {"type": "condition", "id": f"C{number:06d}-{no}", "order": f"O{number:06d}", "kind": "exclusion_zone"}
    return own | {"zone": shape}


@dataclass
class Fleet:
    """What the devices of a caseload say. All arrays are by device, in the order of the roster.

    Attributes
    ----------
    lon, lat, reach_m : homes in degrees, and how far a walk goes.
    fixes, sober : devices that send fixes; that send alcohol readings. The rest send heartbeats.
    seq : the newest number of each.
    """

    ids: Sequence[str]
    lon: Floats
    lat: Floats
    reach_m: Floats
    period_us: Floats
    fixes: NDArray[np.bool_]
    sober: NDArray[np.bool_]
    seq: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        self.seq = np.zeros(len(self.ids), np.int64)

    @classmethod
    def of(cls, records: Sequence[Record], ids: Sequence[str]) -> Fleet:
        """Homes by the caseload: a curfew's place, else a little way off a zone."""
        homes = _homes(records)
        kinds = {r["id"]: r["kind"] for r in records if r["type"] == "device"}
        rng = np.random.default_rng(3)
        places = np.array([homes.get(i[1:], home_of(int(i[1:]))) for i in ids])
        moves = rng.random(len(ids))
        reach_m = np.where(moves < 0.6, 8.0, np.where(moves < 0.9, 300.0, 1500.0))
        period_us = rng.uniform(40, 90, len(ids)) * MINUTE_US
        fixes = np.array([kinds[i] in ("gps_tag", "victim_unit") for i in ids])
        sober = np.array([kinds[i] == "alcohol_tag" for i in ids])
        return cls(ids, places[:, 0], places[:, 1], reach_m, period_us, fixes, sober)

    def speaking(self, records: Sequence[Record]) -> NDArray[np.int64]:
        """The devices that upload: all but curfew tags, which their home unit hears."""
        silent = {r["id"] for r in records if r["type"] == "device" and r["kind"] == "rf_tag"}
        return np.array([k for k, name in enumerate(self.ids) if name not in silent], np.int64)

    def facts(self, device: NDArray[np.int64], t_us: NDArray[np.int64], received_us: Any, line: Any) -> Facts:
        """One fact of each device at each instant; numbers go on in their order."""
        facts = empty_facts(len(device))
        facts["device"], facts["t_us"], facts["received_us"], facts["line"] = device, t_us, received_us, line
        order = np.argsort(device, kind="stable")
        some, first, count = np.unique(device[order], return_index=True, return_counts=True)
        facts["seq"][order] = np.arange(len(order)) - np.repeat(first, count) + 1 + np.repeat(self.seq[some], count)
        self.seq[some] += count
        moving = self.fixes[device]
        turn = 2 * math.pi * (t_us / self.period_us[device] + device * 0.618)
        east, north = np.sin(turn) * self.reach_m[device], np.cos(1.3 * turn) * self.reach_m[device]
        lat = self.lat[device] + north / METRES_PER_DEGREE
        lon = self.lon[device] + east / (METRES_PER_DEGREE * np.cos(np.radians(self.lat[device])))
        for name, values in (("lat", lat), ("lon", lon), ("acc", 8.0 + device % 9), ("bat", 80.0)):
            facts[name] = np.where(moving, values, facts[name])
        facts["is_event"] = ~moving
        reading = self.sober[device]
        facts["code"] = np.where(moving, -1, np.where(reading, EventCode.ALCOHOL_READING, EventCode.HEARTBEAT))
        facts["said"] = np.where(reading, said_by_reading(0.0), 0)
        return facts


def _homes(records: Sequence[Record]) -> dict[str, tuple[float, float]]:
    homes: dict[str, tuple[float, float]] = {}
    for record in records:
        if record["type"] != "condition":
            continue
        name = record["order"][1:]
        if record["kind"] == "curfew":
            homes[name] = (record["place"]["lon"], record["place"]["lat"])
        elif "coordinates" in record.get("zone", {}):
            points = np.array(_flat(record["zone"]["coordinates"]))
            lon, lat = points.mean(axis=0)
            away = 1500.0 if record["kind"] == "exclusion_zone" else 0.0
            home_lon, home_lat = offset(float(lon), float(lat), 0.0, away)
            homes.setdefault(name, (home_lon, home_lat))
    return homes


def _flat(coordinates: Any) -> list[list[float]]:
    return coordinates if isinstance(coordinates[0][0], int | float) else _flat(coordinates[0])


def messages(facts: Facts, devices: NDArray[Any], instants: NDArray[np.int64], tick_us: Sequence[int] = ()) -> Batch:
    """Messages, one a row of ``devices`` and ``instants``, with ``facts`` whose lines are those rows; ticks at the end."""
    lines, ticks = len(instants), len(tick_us)
    return Batch(
        np.concatenate([instants, np.array(tick_us, np.int64)]),
        np.repeat(np.array([LineKind.MESSAGE, LineKind.TICK], np.int8), [lines, ticks]),
        np.concatenate([devices, np.full(ticks, -1)]).astype(np.int32),
        np.concatenate([instants, np.zeros(ticks, np.int64)]),
        np.zeros(lines + ticks, np.bool_),
        facts,
    )
