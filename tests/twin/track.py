"""What was known of a wearer at an instant: quality of fixes, used fixes in order, where each lies (rules.md 2, 3)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

from domain.instants import SECOND_US
from tests.twin import geometry
from tests.twin.caseload import Caseload, Record
from tests.twin.facts import ANCIENT_US, FUTURE_US, Fact

FASTEST_M_S = 90.0
INACCURATE_M = 200.0
LEAST_GAP_S = 300
LEAST_SILENCE_S = 300


@dataclass(frozen=True)
class Used:
    """A used fix of the track. ``fact`` names it: of a fix that counts as repeated at rest it is the later fact."""

    fact: Fact
    fix: Fact
    gap_us: int

    @property
    def t(self) -> int:
        return self.fact.t


@dataclass(frozen=True)
class Mark:
    """A used fix against one edge: ``side`` 1 inside, -1 outside, 0 uncertain."""

    used: Used
    side: int
    sure: bool
    d: float

    @property
    def score(self) -> float:
        return geometry.score(self.d, self.used.fix.acc)

    @property
    def t(self) -> int:
        return self.used.t

    @property
    def fact(self) -> Fact:
        return self.used.fact


class Measured:
    """Depths and crossings already measured, by place and shape; and marks by condition, for the records then known."""

    def __init__(self) -> None:
        self._depths: dict[tuple[object, ...], float] = {}
        self._crossings: dict[tuple[object, ...], bool] = {}
        self.marks: dict[tuple[object, ...], Mark] = {}

    def crosses(self, shape: Record, a: Fact, b: Fact) -> bool:
        """Whether the straight line between two fixes, both outside, passes through the interior."""
        key = (a.lon, a.lat, b.lon, b.lat, _named(shape))
        if key not in self._crossings:
            here, there = (a.lon, a.lat), (b.lon, b.lat)
            self._crossings[key] = here != there and geometry.crosses(shape, here, there)
        return self._crossings[key]

    def depth(self, shape: Record, fix: Fact) -> float:
        key = (fix.lon, fix.lat, _named(shape))
        if key not in self._depths:
            self._depths[key] = geometry.depth_m(shape, (fix.lon, fix.lat))
        return self._depths[key]


def _named(shape: Record) -> object:
    """What tells shapes apart; records are never let go, so their identity does."""
    return (*shape["center"], shape["radius_m"]) if shape["type"] == "Circle" else id(shape)


def mark(used: Used, d: float) -> Mark:
    sigma = geometry.sigma_m(used.fix.acc)
    side = 1 if d >= geometry.LIKELY * sigma else -1 if d <= -geometry.LIKELY * sigma else 0
    return Mark(used, side, abs(d) >= geometry.SURE * sigma, d)


def too_fast(a: Fact, b: Fact) -> bool:
    beyond = geometry.distance_m((a.lon, a.lat), (b.lon, b.lat)) - a.acc - b.acc
    seconds = (b.t - a.t) / SECOND_US
    return beyond > 0 if seconds == 0 else beyond / seconds > FASTEST_M_S


def qualities(facts: Iterable[Fact], caseload: Caseload) -> dict[tuple[str, int, int], str]:
    """The quality of each of a device's fixes, in order of (fix time, gen, seq)."""
    out: dict[tuple[str, int, int], str] = {}
    last: Fact | None = None
    rejected: Fact | None = None
    for fact in facts:
        if not fact.fix:
            continue
        out[fact.name] = _alone(fact, caseload)
        if out[fact.name] != "ok" or fact.src == "lbs":
            continue
        if last is None or not too_fast(last, fact):
            last, rejected = fact, None
        elif rejected is not None and not too_fast(rejected, fact):
            out[rejected.name] = "ok"
            last, rejected = fact, None
        else:
            out[fact.name] = "implausible"
            rejected = fact
    return out


def _alone(fact: Fact, caseload: Caseload) -> str:
    """The rows of the table that look at nothing but the fix."""
    if caseload.fitting_at(fact.device, fact.t) is None:
        return "unfitted"
    if fact.t - fact.received > FUTURE_US:
        return "future"
    if fact.received - fact.t > ANCIENT_US:
        return "ancient"
    if fact.lat == 0 and fact.lon == 0:
        return "zero"
    return "inaccurate" if fact.acc > INACCURATE_M else "ok"


class Device:
    """One device's facts in view, in order, with the quality of each fix."""

    def __init__(self, device: str, facts: list[Fact], caseload: Caseload) -> None:
        self.id = device
        self.facts = facts
        self.caseload = caseload
        self.quality = qualities(facts, caseload)
        self.fittings = caseload.fittings(device)

    def fitting(self, t: int) -> tuple[int, int, Record] | None:
        for low, high, record in self.fittings:
            if low <= t < high:
                return low, high, record
        return None

    def is_used(self, fact: Fact) -> bool:
        return fact.fix and self.quality[fact.name] == "ok" and fact.src != "lbs"

    def gap_us(self, t: int) -> int:
        return max(LEAST_GAP_S, 3 * int(self.caseload.device(self.id, t).get("interval_s", 60))) * SECOND_US

    def silence_us(self, t: int) -> int:
        return max(2 * int(self.caseload.device(self.id, t).get("upload_s", 60)), LEAST_SILENCE_S) * SECOND_US

    @cached_property
    def used(self) -> list[Used]:
        """Used fixes, and at rest the newest repeated at each later event or unused fix."""
        out: list[Used] = []
        newest: Fact | None = None
        at_rest = False
        for fact in self.facts:
            at_rest = at_rest or _rests(fact, "start")
            if self.is_used(fact):
                newest = fact
                out.append(Used(fact, fact, self.gap_us(fact.t)))
            elif at_rest and newest is not None and self._same_fitting(newest, fact):
                out.append(Used(fact, newest, self.gap_us(fact.t)))
            at_rest = at_rest and not _rests(fact, "end")
        return out

    @cached_property
    def rests(self) -> list[tuple[int, int | None]]:
        """From each `rest` start to its end."""
        out: list[tuple[int, int | None]] = []
        for fact in self.facts:
            if _rests(fact, "start") and not (out and out[-1][1] is None):
                out.append((fact.t, None))
            elif _rests(fact, "end") and out and out[-1][1] is None:
                out[-1] = (out[-1][0], fact.t)
        return out

    def at_rest(self, t: int) -> bool:
        return any(low <= t and (high is None or t <= high) for low, high in self.rests)

    def _same_fitting(self, a: Fact, b: Fact) -> bool:
        one, other = self.fitting(a.t), self.fitting(b.t)
        return one is not None and other is not None and one[:2] == other[:2]


def _rests(fact: Fact, state: str) -> bool:
    return fact.code == "rest" and fact.state == state


class View:
    """A wearer at T: facts known whose fix time is not after T, by the records known at T."""

    def __init__(
        self, wearer: str, at: int, caseload: Caseload, devices: dict[str, Device], measured: Measured,
        role: str = "wearer", kinds: frozenset[str] = frozenset(),
    ) -> None:  # fmt: skip
        self.wearer = wearer
        self.role = role  # "victim": ``wearer`` is the id of a victim, and what is worn is with them
        self.kinds = kinds
        self.sent: dict[
            str, list[tuple[int, int | None]]
        ] = {}  # by device, of each message: received, sent (None: bad)
        self.person: Callable[[str, str], View] = lambda _id, _role: self  # another wearer or a victim, at the same T
        self.conflicts: dict[str, list[Fact]] = {}  # by device, facts under a name that was taken
        self.at = at
        self.caseload = caseload
        self.devices = devices
        self.measured = measured
        self.answers: dict[str, object] = {}

    def on(self, device: str, t: int) -> bool:
        """Whether the device was on this wearer."""
        return device in self.devices and self._mine(self.devices[device], t)

    @cached_property
    def worn(self) -> list[Device]:
        """Devices that were ever on this wearer."""
        return [
            device
            for device in self.devices.values()
            if any(record.get(self.role) == self.wearer for _, _, record in device.fittings)
        ]

    @cached_property
    def used(self) -> list[Used]:
        """All of a wearer's tags together make one track."""
        found = [u for device in self.worn for u in device.used if self._mine(device, u.t)]
        return sorted(found, key=lambda u: u.fact.key)

    def _mine(self, device: Device, t: int) -> bool:
        fitting = device.fitting(t)
        return fitting is not None and fitting[2].get(self.role) == self.wearer

    @cached_property
    def facts(self) -> list[Fact]:
        """Every fact of the wearer's devices while they were on the wearer."""
        found = [fact for device in self.worn for fact in device.facts if self._mine(device, fact.t)]
        return sorted(found, key=lambda fact: fact.key)

    @cached_property
    def about(self) -> list[Fact]:
        """Events about devices while they were on the wearer, whoever sent them."""
        found = [
            fact
            for device in self.devices.values()
            for fact in device.facts
            if not fact.fix and fact.subject in self.devices and self._mine(self.devices[fact.subject], fact.t)
        ]
        return sorted(found, key=lambda fact: fact.key)

    def marks(self, condition_id: str, plus_m: float = 0.0) -> list[Mark]:
        """Every used fix against the edge of a zone condition, or of its buffer."""
        out = []
        for used in self.used:
            key = (condition_id, plus_m, used.fact.name, used.fix.name, used.gap_us, self.caseload.changes)
            held = self.measured.marks.get(key)
            if held is None:
                condition = self.caseload.near("condition", condition_id, used.t)
                assert condition is not None
                d = self.measured.depth(self.caseload.shape(condition, used.t), used.fix) + plus_m
                held = self.measured.marks[key] = mark(used, d)
            out.append(held)
        return out
