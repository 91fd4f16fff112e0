"""Fleets that fall silent, made by hand, and run with their alerts in every way that may not matter."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from alerts.episodes import Episodes
from bailiwick.timezones import pinned_time_zones
from domain.commits import AlertChange
from domain.facts import Batch, Roster
from domain.incidents import IncidentVersion
from domain.instants import DAY_US, SECOND_US, parse_instant
from domain.records import Circle, Condition, Device, Fitting, Order, Place, Timetable, TimetableRow, Version, Wearer
from domain.violations import Violation
from domain.vocabulary import ConditionKind, DeviceKind, Level, OrderKind
from domain.wire_columns import Lines
from domain.wire_items import Envelope, Event, Fix, Net
from geofence.rules import Rules
from geofence.snapshot import restore

T0 = parse_instant("2026-11-03T12:00:00Z")
"""When everybody was last heard, unless a test says otherwise: a Tuesday, noon."""
LOST_S = 300
"""Seconds of silence after which contact with these devices is lost."""
HOME = (51.2, 0.5)
ANYWHERE = Circle(0.5, 51.2, 1000.0)
MIDDAY = Timetable("Europe/London", (TimetableRow(1, 43_200, 50_000),))


def fleet(size: int, first: int = 0, level: Level = Level.STANDARD) -> list[Version]:
    """Wearers W{n} with a gps tag T{n} each, under an order O{n}."""
    records: list[Any] = []
    for n in range(first, first + size):
        records += [
            Wearer(f"W{n}", level=level),
            Device(f"T{n}", DeviceKind.GPS_TAG, 60, 60),
            Order(f"O{n}", f"W{n}", OrderKind.COMMUNITY, T0 - DAY_US, T0 + 90 * DAY_US, told_at_us=T0 - DAY_US),
            Fitting(f"F{n}", f"T{n}", T0 - DAY_US, None, wearer=f"W{n}"),
        ]
    return [Version(record) for record in records]


def curfew(n: int, timetable: Timetable = MIDDAY, **more: Any) -> Version:
    """A curfew C{n} at home."""
    place = Place("home", HOME[1], HOME[0])
    told = {"place": place, "timetable": timetable, "timezone": timetable.timezone} | more
    return Version(Condition(f"C{n}", f"O{n}", ConditionKind.CURFEW, **told))


def hours(start_s: int, end_s: int) -> Timetable:
    """A window on the day of `T0`, in seconds of the day in London (UTC then)."""
    return Timetable("Europe/London", (TimetableRow(1, start_s, end_s),))


@dataclass
class Story:
    """Lines as (instant, order of entry, what); `ran` gives them to the rules and the alerts."""

    records: list[Version]
    lines: list[tuple[int, int, str, Any]] = field(default_factory=list)
    seqs: dict[str, int] = field(default_factory=dict)

    def beat(self, devices: Iterable[int], at_s: float = 0, net: Net | None = None, apart_s: float = 0) -> Story:
        """Messages without an item, all at once or each so long after the last."""
        for k, n in enumerate(devices):
            at_us = _us(at_s + k * apart_s)
            self._say(at_us, f"T{n}", Envelope(v=1, sent=at_us // 1000, net=net))
        return self

    def fix(self, n: int, at_s: float, lat: float = HOME[0], net: Net | None = None) -> Story:
        """A message with one fix of that instant."""
        at_us, device = _us(at_s), f"T{n}"
        fix = Fix(seq=self._seq(device), t=at_us // 1000, lat=lat, lon=HOME[1], acc=8.0)
        return self._say(at_us, device, Envelope(v=1, sent=at_us // 1000, fixes=[fix], net=net))

    def event(self, n: int, at_s: float, code: Any, state: Any = "start") -> Story:
        """A message with one event of that instant."""
        at_us, device = _us(at_s), f"T{n}"
        event = Event(seq=self._seq(device), t=at_us // 1000, code=code, state=state)
        return self._say(at_us, device, Envelope(v=1, sent=at_us // 1000, events=[event]))

    def tick(self, *at_s: float) -> Story:
        for one in at_s:
            self.lines.append((_us(one), len(self.lines), "tick", None))
        return self

    def learn(self, at_s: float, version: Version) -> Story:
        at_us = _us(at_s)
        self.lines.append((at_us, len(self.lines), "learnt", Version(version.record, at_us, at_us)))
        return self

    def _say(self, at_us: int, device: str, envelope: Envelope) -> Story:
        self.lines.append((at_us, len(self.lines), device, envelope))
        return self

    def _seq(self, device: str) -> int:
        self.seqs[device] = self.seqs.get(device, 0) + 1
        return self.seqs[device]

    def ran(self, cut: int = 1 << 30, *, restarts: bool = False) -> Ran:
        """Everything that comes out, from batches of ``cut`` lines, with ``restarts`` anew after each."""
        ran = Ran(self.records)
        lines = sorted(self.lines, key=lambda line: line[:2])
        for start in range(0, len(lines), cut):
            ran.take(lines[start : start + cut])
            if restarts:
                ran.restart()
        return ran

    def every_way(self) -> Ran:
        """The same to the byte, whichever way the lines are taken."""
        ran = self.ran()
        for cut, restarts in ((1, False), (7, True)):
            other = self.ran(cut, restarts=restarts)
            assert other.incidents == ran.incidents
            assert other.alerts == ran.alerts
            assert [v.as_line() for v in other.versions] == [v.as_line() for v in ran.versions]
        return ran


class Ran:
    """The rules and the alerts on their way, and what came out."""

    def __init__(self, records: Sequence[Version]) -> None:
        self.records = list(records)
        self.roster = Roster()
        for version in records:
            if isinstance(version.record, Device):
                self.roster.add(version.record.id)
        self.rules = Rules(self.roster, self.records, pinned_time_zones())
        self.episodes = Episodes(lambda wearer: Level.STANDARD)
        self.incidents: list[IncidentVersion] = []
        self.versions: list[Violation] = []
        self.alerts: list[AlertChange] = []
        self.networks = 0

    def take(self, lines: Sequence[tuple[int, int, str, Any]]) -> None:
        decisions = self.rules.judge(self._batch(lines))
        self.incidents += [version for _, version in decisions.incidents]
        self.versions += decisions.versions
        self.networks += len(decisions.networks)
        self.alerts += self.episodes.apply(decisions.versions, decisions.lines, decisions.incidents)

    def _batch(self, lines: Sequence[tuple[int, int, str, Any]]) -> Batch:
        taken = Lines()
        for at_us, _, who, what in lines:
            if who == "tick":
                taken.tick(at_us)
            elif who == "learnt":
                taken.learn(what)
                self.records.append(what)
            else:
                taken.message(at_us, self.roster.index[who], what, False)
        return taken.batch(self.roster.index.get)

    def restart(self) -> None:
        body, alerts = self.rules.snapshot(), self.episodes.snapshot()
        self.roster = Roster(list(self.roster.ids), dict(self.roster.index))
        self.rules = restore(self.roster, self.records, pinned_time_zones(), body)
        self.episodes = Episodes.restore(alerts, lambda wearer: Level.STANDARD)

    # ---- what came out ----

    def taken(self) -> set[str]:
        """Devices that any incident ever took in."""
        return {one.device for version in self.incidents for one in version.taken}

    def released(self) -> list[tuple[str, str, float]]:
        """(device, why, seconds after `T0`) in the order released."""
        return [
            (one.device, one.why.value, (version.decided_us - T0) / SECOND_US)
            for version in self.incidents
            for one in version.released
        ]

    def closed_s(self) -> list[float]:
        """When incidents closed, in seconds after `T0`."""
        found = {v.id: v.closed_us for v in self.incidents if v.closed_us is not None}
        return [(at_us - T0) / SECOND_US for at_us in found.values()]

    def alone(self) -> dict[str, str | None]:
        """Of every alert as it stands in the end, what it is grouped under; by kind and wearer."""
        newest = {change.episode: change for change in self.alerts}
        return {f"{one.kind} {one.wearer or ''}".strip(): one.grouped_under for one in newest.values()}


def _us(at_s: float) -> int:
    return T0 + round(at_s * 1_000_000)
