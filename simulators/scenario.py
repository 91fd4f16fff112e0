"""A scenario: how often things go wrong, as a TOML file (docs/simulators.md). Everything has a default.

::

    [shares]                # of the people to whom it can happen, each
    zone_visit = 0.06
    [[outage]]              # a network is away for a share of the devices
    from_s = 300
    to_s = 700
    share = 0.2
    keeps = true            # devices keep their facts and send them afterwards
    [network]
    duplicates = 0.01       # share of messages that are sent twice
    reordered = 0.01        # share that is held back, up to
    reorder_s = 20
    latency_s = 0.15        # typical, in feed files
    lost = 0.01             # share that never arrives, until the device is asked to send it again
    session_s = 3600        # how long the broker keeps commands for a device that is away
    [accuracy]
    typical_m = 7.0
    best_m = 4.0
    worst_m = 25.0
    [wire]
    msgpack = 0.1           # share of devices that speak MessagePack
    [feed]
    tick_s = 1
"""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from domain.errors import BailiwickError

MAX_OUTAGES = 1000
DUPLICATE_S = (1, 30)
"""In feed files the second of a message that comes twice comes so many seconds after the first."""


class BadScenario(BailiwickError):
    """A scenario file that cannot be taken; the text says where and why."""


@dataclass(frozen=True, slots=True)
class Shares:
    """Of the people to whom it can happen, the share to whom it does, once in a run or in each six hours of one."""

    zone_visit: float = 0.06
    zone_edge: float = 0.02
    zone_pass: float = 0.015
    zone_vanish: float = 0.01
    zone_leave: float = 0.08
    late_home: float = 0.08
    out_all: float = 0.03
    left_home: float = 0.07
    out_at_end: float = 0.03
    brief_exit: float = 0.03
    silent_off: float = 0.008
    silent_backlog: float = 0.012
    gnss_lost: float = 0.01
    strap_tamper: float = 0.004
    case_tamper: float = 0.002
    jamming: float = 0.003
    shielding: float = 0.002
    fault: float = 0.003
    battery_low: float = 0.004
    battery_critical: float = 0.003
    battery_dead: float = 0.003
    sos: float = 0.001
    home_unit_power_lost: float = 0.01
    home_unit_moved: float = 0.003


@dataclass(frozen=True, slots=True)
class Outage:
    """A share of the devices is out of touch from ``from_s`` to ``to_s``, seconds since the run began."""

    from_s: float
    to_s: float
    share: float = 1.0
    keeps: bool = True


@dataclass(frozen=True, slots=True)
class Network:
    duplicates: float = 0.0
    reordered: float = 0.0
    reorder_s: float = 20.0
    latency_s: float = 0.15
    lost: float = 0.0
    session_s: float = 0.0

    @property
    def longest_s(self) -> float:
        """By how much a message, or its second, may come later than usual."""
        return (self.reorder_s if self.reordered else 0.0) + (DUPLICATE_S[1] if self.duplicates else 0.0)


@dataclass(frozen=True, slots=True)
class Accuracy:
    """95 % radius of location tags, metres; each tag has its own between the best and the worst."""

    typical_m: float = 7.0
    best_m: float = 4.0
    worst_m: float = 25.0


@dataclass(frozen=True, slots=True)
class Wire:
    msgpack: float = 0.1


@dataclass(frozen=True, slots=True)
class Feed:
    tick_s: float = 1.0


@dataclass(frozen=True, slots=True)
class Scenario:
    shares: Shares = field(default_factory=Shares)
    network: Network = field(default_factory=Network)
    accuracy: Accuracy = field(default_factory=Accuracy)
    wire: Wire = field(default_factory=Wire)
    feed: Feed = field(default_factory=Feed)
    outages: tuple[Outage, ...] = ()


T = TypeVar("T", Shares, Network, Accuracy, Wire, Feed, Outage)

CALM = Scenario(shares=Shares(**{f.name: 0.0 for f in fields(Shares)}))
"""Nobody does anything wrong and nothing breaks."""

_SECTIONS: dict[str, Any] = {
    "shares": Shares(),
    "network": Network(),
    "accuracy": Accuracy(),
    "wire": Wire(),
    "feed": Feed(),
}
_LIMITS = {
    "reorder_s": (0.0, 3600.0),
    "latency_s": (0.0, 60.0),
    "session_s": (0.0, 604_800.0),
    "typical_m": (1.0, 200.0),
    "best_m": (1.0, 200.0),
    "worst_m": (1.0, 200.0),
    "tick_s": (0.1, 3600.0),
    "from_s": (0.0, 1e8),
    "to_s": (0.0, 1e8),
}
"""Of the numbers that are not shares."""


def read_scenario(path: Path) -> Scenario:
    """The scenario of a file. Raises `BadScenario` with one line."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadScenario(f"{path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadScenario(f"{path}: {error}") from None
    return parse_scenario(table, str(path))


def parse_scenario(table: dict[str, Any], name: str) -> Scenario:
    """The scenario of a TOML table; ``name`` is said in errors."""
    taken: dict[str, Any] = {}
    for section, value in table.items():
        if section == "outage":
            taken["outages"] = _outages(value, name)
            continue
        if section not in _SECTIONS:
            raise BadScenario(f"{name}: {section}: no such section; known are {', '.join([*_SECTIONS, 'outage'])}")
        taken[section] = _filled(_SECTIONS[section], value, f"{name}: {section}")
    scenario = Scenario(**taken)
    if not scenario.accuracy.best_m <= scenario.accuracy.typical_m <= scenario.accuracy.worst_m:
        raise BadScenario(f"{name}: accuracy: best_m, typical_m and worst_m must rise in this order")
    return scenario


def _outages(value: Any, name: str) -> tuple[Outage, ...]:
    if not isinstance(value, list) or len(value) > MAX_OUTAGES:
        raise BadScenario(f"{name}: outage: must be a list of at most {MAX_OUTAGES} tables, [[outage]]")
    outages = []
    for number, one in enumerate(value, start=1):
        where = f"{name}: outage {number}"
        for key in ("from_s", "to_s"):
            if not isinstance(one, dict) or key not in one:
                raise BadScenario(f"{where}: {key}: is missing")
        outage = _filled(Outage(0, 1), one, where)
        if outage.to_s <= outage.from_s:
            raise BadScenario(f"{where}: to_s: must be after from_s")
        outages.append(outage)
    return tuple(outages)


def _filled(default: T, value: Any, where: str) -> T:
    if not isinstance(value, dict):
        raise BadScenario(f"{where}: must be a table")
    known = {f.name: getattr(default, f.name) for f in fields(default)}
    taken: dict[str, Any] = {}
    for key, given in value.items():
        if key not in known:
            raise BadScenario(f"{where}: {key}: no such setting; known are {', '.join(known)}")
        taken[key] = _value(given, known[key], key, where)
    return type(default)(**{**known, **taken})


def _value(given: Any, known: Any, key: str, where: str) -> Any:
    if isinstance(known, bool):
        if not isinstance(given, bool):
            raise BadScenario(f"{where}: {key}: must be true or false")
        return given
    low, high = _LIMITS.get(key, (0.0, 1.0))
    if isinstance(given, bool) or not isinstance(given, int | float) or not math.isfinite(given):
        raise BadScenario(f"{where}: {key}: must be a number")
    if not low <= given <= high:
        raise BadScenario(f"{where}: {key}: must be from {low:g} to {high:g}, not {given:g}")
    return float(given)
