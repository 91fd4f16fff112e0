"""Items of envelopes as facts, good or parked (wire.md), and every fact known by its identity."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from typing import Any

from domain.instants import DAY_US, SECOND_US

CODES = [
    "strap_tamper",
    "case_tamper",
    "battery_low",
    "battery_critical",
    "battery_dead",
    "charging",
    "in_range",
    "home_unit_moved",
    "home_unit_power_lost",
    "gnss_lost",
    "jamming",
    "shielding",
    "sos",
    "fault",
    "heartbeat",
    "rest",
    "alcohol_reading",
    "presence_check",
    "clock_set",
    "command_result",
]
SOURCES = ("gps", "rf", "lbs", "wifi")
STATES = ("start", "end", "pulse")
FIRST_MS = 1_577_836_800_000  # 2020-01-01
LAST_MS = 253_402_300_800_000  # 10000-01-01: what RFC 3339 can write
LAST_SEQ = 2**53 - 1
MOST_ITEMS = 500
FUTURE_US = 120 * SECOND_US
ANCIENT_US = 30 * DAY_US


@dataclass(frozen=True)
class Fact:
    """One fix or event. ``t`` is its fix time as judged, ``values`` all that makes a repeat the same."""

    device: str
    gen: int
    seq: int
    t: int
    received: int
    values: str
    fix: bool
    lon: float = 0.0
    lat: float = 0.0
    acc: float = 0.0
    src: str = "gps"
    code: str = ""
    state: str = ""
    tag: str | None = None
    last_heard: int | None = None
    spd: float | None = None
    bat: float | None = None
    tac: float | None = None  # of an `alcohol_reading`, permille
    result: str | None = None  # of a `presence_check`
    place: str | None = None

    @property
    def key(self) -> tuple[int, str, int, int]:
        return (self.t, self.device, self.gen, self.seq)

    @property
    def name(self) -> tuple[str, int, int]:
        return (self.device, self.gen, self.seq)

    @property
    def subject(self) -> str:
        """The device that an event is about."""
        return self.tag or self.device


OF_TAGS = ("in_range", "strap_tamper", "case_tamper", "battery_low", "fault")
"""What a home unit says of a tag (wire.md); every other event is its own."""


class Known:
    """Every fact that reached us."""

    def __init__(self) -> None:
        self.by_name: dict[tuple[str, int, int], Fact] = {}
        self.by_device: dict[str, list[Fact]] = {}
        self._moved: dict[tuple[str, int], int] = {}  # by device and gen, the gen of what conflicts under it
        self.conflicts: dict[str, list[Fact]] = {}  # by device, under the names that the centre gave them

    def take(self, fact: Fact) -> Fact | None:
        """The fact as it is kept: None of a repeat; others under the same names get the device's next ``gen``."""
        came = fact
        while (held := self.by_name.get(fact.name)) is not None:
            if held.values == fact.values:
                return None
            under = (fact.device, fact.gen)
            if under not in self._moved:
                self._moved[under] = 1 + max(other.gen for other in self.by_device[fact.device])
            fact = replace(fact, gen=self._moved[under])
        if fact is not came:
            self.conflicts.setdefault(fact.device, []).append(fact)
        self.by_name[fact.name] = fact
        self.by_device.setdefault(fact.device, []).append(fact)
        return fact


def read(device: str, envelope: Any, received: int) -> list[Fact] | None:
    """The good items of an envelope in its order; None when it is parked whole."""
    if not isinstance(envelope, dict) or not _integer(envelope.get("v")) or envelope["v"] != 1:
        return None
    sent: Any = envelope.get("sent")
    gen: Any = envelope.get("gen", 0)
    fixes, events = envelope.get("fixes", []), envelope.get("events", [])
    if not _integer(sent) or not FIRST_MS < sent < LAST_MS or not _integer(gen) or not 0 <= gen <= LAST_SEQ:
        return None
    if not isinstance(fixes, list) or not isinstance(events, list) or len(fixes) + len(events) > MOST_ITEMS:
        return None
    made = [_fix(device, gen, item, received) for item in fixes]
    made += [_event(device, gen, item, received) for item in events]
    return [fact for fact in made if fact is not None]


def _integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _number(value: Any, low: float, high: float) -> bool:
    return (
        isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and low <= value <= high
    )


def _named(item: Any) -> bool:
    return (
        isinstance(item, dict)
        and _integer(item.get("seq"))
        and 1 <= item["seq"] <= LAST_SEQ
        and _integer(item.get("t"))
        and FIRST_MS < item["t"] < LAST_MS
    )


def _fix(device: str, gen: int, item: Any, received: int) -> Fact | None:
    if not _named(item) or not _number(item.get("lat"), -90, 90) or not _number(item.get("lon"), -180, 180):
        return None
    if not _number(item.get("acc"), 0, 100_000) or item["acc"] <= 0 or item.get("src", "gps") not in SOURCES:
        return None
    for key, low, high in (("spd", 0, 150), ("bat", 0, 100), ("sats", 0, 32767), ("hdop", 0, math.inf)):
        if item.get(key) is not None and not _number(item[key], low, high):
            return None
    if item.get("hdg") is not None and not (_number(item["hdg"], 0, 360) and item["hdg"] < 360):
        return None
    values = [item["t"], float(item["lat"]), float(item["lon"]), float(item["acc"]), item.get("src", "gps")]
    values += [item.get(key) for key in ("spd", "hdg", "bat", "sats", "hdop")]
    return Fact(
        device, gen, item["seq"], item["t"] * 1000, received, json.dumps(values), fix=True,
        lon=float(item["lon"]), lat=float(item["lat"]), acc=float(item["acc"]), src=item.get("src", "gps"),
        spd=item.get("spd"), bat=item.get("bat"),
    )  # fmt: skip


def _event(device: str, gen: int, item: Any, received: int) -> Fact | None:
    if not _named(item) or item.get("code") not in CODES or item.get("state", "pulse") not in STATES:
        return None
    data = item.get("data") or {}
    if not isinstance(data, dict):
        return None
    tag: Any = data.get("tag") if item["code"] in OF_TAGS else None
    heard: Any = data.get("last_heard")
    t = item["t"] * 1000
    values = [item["t"], item["code"], item.get("state", "pulse"), data]
    if t - received > FUTURE_US or received - t > ANCIENT_US:
        t = received
    return Fact(
        device, gen, item["seq"], t, received, json.dumps(values, sort_keys=True), fix=False,
        code=item["code"], state=item.get("state", "pulse"), tag=tag if isinstance(tag, str) else None,
        last_heard=heard * 1000 if _integer(heard) else None,
        tac=data.get("tac_permille"), result=data.get("result"), place=data.get("place"),
    )  # fmt: skip
