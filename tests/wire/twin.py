"""A slow reading of the page in plain Python, one envelope at a time: what the compiled one is held against.

It takes the object that a payload says and shares nothing with the codec but the vocabulary.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from domain.vocabulary import EventCode, Source

FIRST_MS = 1_577_836_800_000
LAST_MS = 2**62 // 1000 - 1
MAX_SEQ = 2**53 - 1
Test = Callable[[Any], bool]


@dataclass
class Verdict:
    """``reason`` when parked whole; else facts as dicts in order, and for each parked item its possible fields."""

    reason: str | None = None
    facts: list[dict[str, Any]] = field(default_factory=list)
    parked: list[set[str]] = field(default_factory=list)


def whole(low: int, high: int) -> Test:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def real(low: float, high: float) -> Test:
    def test(value: Any) -> bool:
        return isinstance(value, (int, float)) and not isinstance(value, bool) and low <= value <= high

    return test


def text(value: Any) -> bool:
    return isinstance(value, str)


def one_of(*words: str) -> Test:
    return lambda value: isinstance(value, str) and value in words


def or_text(test: Test) -> Test:
    return lambda value: isinstance(value, str) or test(value)


def above(low: float, test: Test) -> Test:
    return lambda value: test(value) and value > low


def under(high: float, test: Test) -> Test:
    return lambda value: test(value) and value < high


INSTANT = whole(FIRST_MS + 1, LAST_MS)
COUNT = whole(0, MAX_SEQ)
FINITE = real(-1.7976931348623157e308, 1.7976931348623157e308)
HEAD = {"gen": COUNT, "fw": text, "model": text, "iv": COUNT, "up": COUNT, "oldest": COUNT}
NET = {**dict.fromkeys(("mcc", "mnc", "tac", "cell"), or_text(COUNT)), "rssi": FINITE}
FIX_NEEDS = {
    "seq": whole(1, MAX_SEQ),
    "t": INSTANT,
    "lat": real(-90, 90),
    "lon": real(-180, 180),
    "acc": above(0, real(0, 100_000)),
}
FIX_MAY = {
    "src": one_of(*(source.name.lower() for source in Source)),
    "spd": real(0, 150),
    "hdg": under(360, real(0, 360)),
    "bat": real(0, 100),
    "sats": whole(0, 32_767),
    "hdop": real(0, 1e6),
}
EVENT_NEEDS = {
    "seq": whole(1, MAX_SEQ),
    "t": INSTANT,
    "code": one_of(*(code.name.lower() for code in EventCode)),
}
EVENT_MAY = {"state": one_of("pulse", "start", "end"), "data": lambda value: isinstance(value, dict)}
DATA_MAY: dict[str, dict[str, Test]] = {
    "in_range": {"last_heard": INSTANT},
    "rest": {"interval_s": above(0, real(0, 1e9))},
    "alcohol_reading": {"tac_permille": real(0, 1000)},
    "presence_check": {
        "result": one_of("verified", "not_verified", "no_answer"),
        "place": text,
        "score": FINITE,
    },
    "clock_set": {"step_s": real(-1e12, 1e12)},
    "command_result": {"command": text, "ok": lambda value: isinstance(value, bool)},
}


def wrong(item: Any, path: str, needs: dict[str, Test], may: dict[str, Test]) -> set[str]:
    """The fields of an item that are not what they should be."""
    if not isinstance(item, dict):
        return {path}
    found = {f"{path}.{name}" for name, test in needs.items() if not test(item.get(name))}
    for name, test in may.items():
        if item.get(name) is not None and not test(item[name]):
            found.add(f"{path}.{name}")
    return {name.removeprefix(".") for name in found}


def unstorable(value: Any, path: str) -> set[str]:
    """Where a number of ``data`` is not finite."""
    if isinstance(value, dict):
        return {name for key, inner in value.items() for name in unstorable(inner, f"{path}.{key}")}
    if isinstance(value, list):
        return {name for index, inner in enumerate(value) for name in unstorable(inner, f"{path}[{index}]")}
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return set()
    too_much = not math.isfinite(value) if isinstance(value, float) else abs(value) >= 10**40
    return {path} if too_much else set()


def judge(message: Any) -> Verdict:
    """What the page says of an envelope."""
    if not isinstance(message, dict):
        return Verdict("schema")
    version = message.get("v")
    if isinstance(version, int) and not isinstance(version, bool) and version != 1:
        return Verdict("unknown_version")
    lists = [message[name] for name in ("fixes", "events") if isinstance(message.get(name), list)]
    if sum(map(len, lists)) > 500:
        return Verdict("too_many_items")
    arrays = dict.fromkeys(("fixes", "events"), lambda value: isinstance(value, list))
    around = {**HEAD, **arrays, "net": lambda value: not wrong(value, "", {}, NET)}
    if wrong(message, "", {"v": whole(1, 1), "sent": INSTANT}, around):
        return Verdict("schema")
    verdict = Verdict()
    gen = message.get("gen") or 0
    for index, item in enumerate(message.get("fixes") or []):
        bad = wrong(item, f"fixes[{index}]", FIX_NEEDS, FIX_MAY)
        verdict.parked += [bad] if bad else []
        verdict.facts += [] if bad else [fix_columns(item, gen)]
    for index, item in enumerate(message.get("events") or []):
        bad = wrong_event(item, f"events[{index}]")
        verdict.parked += [bad] if bad else []
        verdict.facts += [] if bad else [event_columns(item, gen)]
    return verdict


def wrong_event(item: Any, path: str) -> set[str]:
    bad = wrong(item, path, EVENT_NEEDS, EVENT_MAY)
    if bad or item.get("data") is None:
        return bad
    data = item["data"]
    may = {"tag": text, **DATA_MAY.get(item["code"], {})}
    return wrong(data, f"{path}.data", {}, may) | unstorable(data, f"{path}.data")


def fix_columns(item: dict[str, Any], gen: int) -> dict[str, Any]:
    numbers = {name: math.nan if item.get(name) is None else item[name] for name in ("spd", "hdg", "bat", "hdop")}
    sats = item.get("sats")
    return numbers | {
        "is_event": False,
        "gen": gen,
        "seq": item["seq"],
        "t_us": item["t"] * 1000,
        "lat": item["lat"],
        "lon": item["lon"],
        "acc": item["acc"],
        "sats": -1 if sats is None else sats,
        "src": ["gps", "rf", "lbs", "wifi"].index(item.get("src") or "gps"),
        "code": -1,
        "state": 0,
        "last_heard_us": 0,
    }


def event_columns(item: dict[str, Any], gen: int) -> dict[str, Any]:
    nothing = dict.fromkeys(("lat", "lon", "acc", "spd", "hdg", "bat", "hdop"), math.nan)
    data = item.get("data") or {}
    heard = data.get("last_heard") if item["code"] == "in_range" else None
    return nothing | {
        "is_event": True,
        "gen": gen,
        "seq": item["seq"],
        "t_us": item["t"] * 1000,
        "sats": -1,
        "src": 0,
        "code": EventCode[item["code"].upper()].value,
        "state": ["pulse", "start", "end"].index(item.get("state") or "pulse"),
        "last_heard_us": 0 if heard is None else heard * 1000,
    }
