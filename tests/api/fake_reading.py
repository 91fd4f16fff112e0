"""The reading side in memory: verified by the same suite as the real one (test_reading_port.py)."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from msgspec import structs

from domain.callers import Sight
from domain.commits import AlertChange, Work
from domain.incidents import IncidentVersion
from domain.instants import FAR_US
from domain.records import (
    TYPE_NAMES,
    Condition,
    Device,
    Fitting,
    Order,
    Suspension,
    Version,
    Victim,
    Wearer,
    Zone,
)
from domain.violations import Violation
from domain.vocabulary import AlertCondition, AlertWork, EventCode, EventState, Kind, OrderState, Severity
from store.alert_figures import AlertMeasures, AlertsNow
from store.position_columns import PositionColumns, columns_of
from store.reading_health import FittedRow, RestRow, StretchRow
from store.reading_places import Counted, OpenSpan
from store.reading_types import (
    AlertFilter,
    AlertRow,
    Counts,
    DeviceRow,
    EventRow,
    IncidentDeviceRow,
    IncidentRow,
    NameRow,
    PositionRow,
    Subject,
    ViolationFilter,
    WearerRow,
)
from store.reconciling import Reconciliation
from store.trails import counted
from tests.api.fake_rows import Letters, alerts_now_of, caseload_of_wearers, fits, fits_alert, position_of, record_of
from tests.store.made import NOON

DRAWN = ("ok", "inaccurate")


class Away(Exception):
    """The database cannot be reached."""


@dataclass
class FakeReading(Letters):
    """What is learnt and committed comes out; ``away`` makes every question fail."""

    now_us: int = NOON
    away: bool = False
    wrong: str | None = None
    headroom: float = 1.0
    unreconciled: Reconciliation = field(default_factory=Reconciliation)
    measured: AlertMeasures = field(default_factory=AlertMeasures)
    questions: Counter[str] = field(default_factory=Counter)
    records: dict[tuple[str, str], Any] = field(default_factory=dict)
    fixes: list[tuple[str, PositionRow]] = field(default_factory=list)
    levels: list[tuple[str, int, float]] = field(default_factory=list)
    resting: list[tuple[str, int, bool]] = field(default_factory=list)
    numbered: list[tuple[int, Violation]] = field(default_factory=list)
    alert_rows: dict[str, AlertRow] = field(default_factory=dict)
    outages: dict[str, list[IncidentVersion]] = field(default_factory=dict)
    log: list[EventRow] = field(default_factory=list)
    order_states: dict[str, int] = field(default_factory=dict)
    decided_us: int | None = None
    next_alert: int = 1
    next_event: int = 1
    _wakes: set[asyncio.Event] = field(default_factory=set)
    _numbers: dict[str, int] = field(default_factory=dict)

    # -- what is put in --

    def learn(self, versions: Iterable[Version]) -> None:
        for version in versions:
            self.records[TYPE_NAMES[type(version.record)], version.record.id] = version.record

    def commit(self, work: Work) -> None:
        self.decided_us = int(work.batch.instants[-1]) if len(work.batch.instants) else self.decided_us
        for fact in work.keep[~work.keep["is_event"]]:
            device = work.roster.ids[fact["device"]]
            self.fixes.append((device, position_of(device, fact)))
            self.levels.append((device, int(fact["t_us"]), float(fact["bat"])))
        for fact in work.keep[work.keep["is_event"] & (work.keep["code"] == EventCode.REST)]:
            starts = bool(fact["state"] == EventState.START)
            self.resting.append((work.roster.ids[fact["device"]], int(fact["t_us"]), starts))
        for _, incident in work.incidents:
            self.outages.setdefault(incident.id, []).append(incident)
            self._log("incident", incident.as_event())
        for version in work.versions:
            self.numbered.append((len(self.numbered) + 1, version))
            self._log("violation", version.as_json())
        for change in work.alerts:
            self._log("alert", self._change(change).as_json())
        self._wake()

    def publish(self, figures: dict[str, Any]) -> None:
        self.order_states = figures["order_states"]

    def forget_events(self, until: int) -> None:
        self.log = [row for row in self.log if row.no > until]

    def break_off(self) -> None:
        """Every question fails from now on, and who listens is thrown out."""
        self.away = True
        self._wake()

    def _wake(self) -> None:
        for wake in self._wakes:
            wake.set()

    def _log(self, topic: str, body: dict[str, Any]) -> None:
        units = {one.device for one in self._of(Fitting) if one.victim is not None}
        of_victim = body.get("victim") is not None and body.get("device") in units
        self.log.append(EventRow(self.next_event, topic, body, of_victim))
        self.next_event += 1

    def _change(self, change: AlertChange) -> AlertRow:
        held = self.alert_rows.get(change.episode)
        raised_us, linked = (change.raised_us, ()) if held is None else (held.raised_us, held.violations)
        if held is None:
            number, self.next_alert = self.next_alert, self.next_alert + 1
        else:
            number = held.no
        ids = {*linked, change.violation_id}
        found = [version for _, version in self.numbered if version.id in ids]
        newest = {version.id: version for version in found}
        row = AlertRow(
            *(number, change.episode, change.wearer, change.victim, change.device, change.kind, change.code),
            *(change.condition, change.severity, change.state, AlertWork.RAISED, raised_us, change.changed_us),
            withdrawn=change.withdrawn,
            violations=tuple(sorted(ids)),
            grouped_under=change.grouped_under,
            unclaimed_us=raised_us,
            happened_us=min((one.from_us for one in newest.values()), default=None),
            late=bool(found) and all(one.late for one in found if one.version == 1),
        )
        self.alert_rows[change.episode] = row
        return row

    # -- what is asked --

    def _asked(self, what: str) -> None:
        self.questions[what] += 1
        if self.away:
            raise Away

    def _of(self, kind: type[Any]) -> list[Any]:
        return [record for record in self.records.values() if isinstance(record, kind)]

    def _holds(self, record: Fitting | Order) -> bool:
        return record.from_us <= self.now_us < (record.to_us or FAR_US)

    def seen(self, sight: Sight) -> FakeReading:
        """Sight is the database's: who sees less than everything is tested there."""
        assert sight.everything or not (sight.areas or sight.wearers or sight.email)
        return self

    async def in_sight(self, what: Subject, key: str) -> bool:
        self._asked("in_sight")
        if what is Subject.ALERT:
            return any(row.no == int(key) for row in self.alert_rows.values())
        if what is Subject.VIOLATION:
            return key in self._newest()
        assert what in (Subject.DEVICE, Subject.VICTIM, Subject.WEARER)
        return (what.value, key) in self.records

    async def alerts_in_sight(self, numbers: Sequence[int]) -> frozenset[int]:
        self._asked("alerts_in_sight")
        return frozenset(row.no for row in self.alert_rows.values()) & frozenset(numbers)

    async def wearers_in_sight(self) -> frozenset[str]:
        self._asked("wearers_in_sight")
        return frozenset(one.id for one in self._of(Wearer))

    async def victims_in_sight(self) -> frozenset[str]:
        self._asked("victims_in_sight")
        return frozenset(one.id for one in self._of(Victim))

    async def ready(self) -> str | None:
        return "the database does not answer" if self.away else self.wrong

    async def counts(self) -> Counts:
        self._asked("counts")
        states = {state: self.order_states.get(state.value, 0) for state in OrderState}
        current = [version for version in self._newest().values() if version[1].current]
        alerts = [a for a in self.alert_rows.values() if a.state is AlertCondition.ACTIVE and not a.withdrawn]
        return Counts(
            at_us=self.decided_us,
            wearers=len(self._of(Wearer)),
            devices=len(self._of(Device)),
            orders_active=sum(states.values()),
            order_states=states,
            facts=len(self.fixes),
            facts_per_s=len(self.fixes) / 10,
            violations_open=dict(Counter(version.kind for _, version in current if version.to_us is None)),
            alerts_active=dict(Counter(alert.severity for alert in alerts)),
            headroom={"fixes": self.headroom},
        )

    async def reconciliation(self) -> Reconciliation:
        self._asked("reconciliation")
        return self.unreconciled

    async def alerts_now(self) -> AlertsNow:
        self._asked("alerts_now")
        return alerts_now_of(self.alert_rows.values(), map(self._incident, self.outages.values()), self.now_us)

    async def alert_measures(self) -> AlertMeasures:
        self._asked("alert_measures")
        return self.measured

    async def wearers(self, after: str | None, limit: int) -> list[WearerRow]:
        self._asked("wearers")
        people = sorted(self._of(Wearer), key=lambda record: record.id)
        return [self._wearer(person) for person in people if after is None or person.id > after][:limit]

    async def wearer(self, wearer: str) -> WearerRow | None:
        self._asked("wearer")
        person = self.records.get(("wearer", wearer))
        return None if person is None else self._wearer(person)

    def _wearer(self, person: Wearer) -> WearerRow:
        orders = sorted(o.id for o in self._of(Order) if o.wearer == person.id and self._holds(o))
        devices = sorted(f.device for f in self._of(Fitting) if f.wearer == person.id and self._holds(f))
        return WearerRow(person.id, record_of(person), tuple(orders), tuple(devices))

    async def names(self, wearers: Sequence[str]) -> list[NameRow]:
        self._asked("names")
        people = sorted((one for one in self._of(Wearer) if one.id in wearers), key=lambda one: one.id)
        return [
            NameRow(
                one.id,
                one.name,
                one.level.value,
                sorted({o.area for o in self._of(Order) if o.wearer == one.id and o.area and self._holds(o)}),
            )
            for one in people
        ]

    async def devices(self, after: str | None, limit: int) -> list[DeviceRow]:
        self._asked("devices")
        kit = sorted(self._of(Device), key=lambda record: record.id)
        return [self._device(device) for device in kit if after is None or device.id > after][:limit]

    def _device(self, device: Device) -> DeviceRow:
        fitting = next((f for f in self._of(Fitting) if f.device == device.id and self._holds(f)), None)
        heard = [row.received_us for of, row in self.fixes if of == device.id]
        who = (None, None) if fitting is None else (fitting.wearer, fitting.victim)
        return DeviceRow(device.id, record_of(device), *who, max(heard, default=None))

    def _positions(self) -> dict[str, PositionRow]:
        newest: dict[str, PositionRow] = {}
        for fitting in filter(self._holds, self._of(Fitting)):
            rows = [row for device, row in self.fixes if device == fitting.device and row.t_us >= fitting.from_us]
            for row in sorted(rows, key=lambda row: row.t_us):
                if row.quality in DRAWN and fitting.wearer is not None:
                    newest[fitting.wearer] = structs.replace(row, wearer=fitting.wearer)
        return newest

    async def positions(self, after: str | None, limit: int) -> list[PositionRow]:
        self._asked("positions")
        newest = self._positions()
        return [newest[one] for one in sorted(newest) if after is None or one > after][:limit]

    def _columns(self, rows: Sequence[PositionRow]) -> PositionColumns:
        found = columns_of(rows)
        found.fixes["device_no"] = [self._numbers.setdefault(row.device, len(self._numbers) + 1) for row in rows]
        return found

    async def positions_marked(self, after: str | None, limit: int) -> tuple[PositionColumns, int, int]:
        trackers = {one.id for one in self._of(Device) if one.kind.value in {"gps_tag", "alcohol_tag"}}
        worn = {f.wearer for f in self._of(Fitting) if f.wearer and f.device in trackers and self._holds(f)}
        return self._columns(await self.positions(after, limit)), len(worn), len(self.fixes)

    async def moves(self, after: int) -> tuple[PositionColumns, int]:
        self._asked("moves")
        since = {(row.device, row.gen, row.seq) for _, row in self.fixes[after:]}
        rows = [row for _, row in sorted(self._positions().items()) if (row.device, row.gen, row.seq) in since]
        return self._columns(rows), len(self.fixes)

    async def trail(
        self, wearer: str, from_us: int, to_us: int, after: tuple[int, str, int, int] | None, limit: int
    ) -> PositionColumns:
        self._asked("trail")
        return self._columns(self._trail(wearer, from_us, to_us, after, limit))

    def _trail(self, wearer: str, from_us: int, to_us: int, after: Any, limit: int) -> list[PositionRow]:
        keyed = sorted(
            ((row.t_us, device, row.gen, row.seq), structs.replace(row, wearer=wearer))
            for fitting in self._of(Fitting)
            for device, row in self.fixes
            if fitting.wearer == wearer
            and device == fitting.device
            and max(from_us, fitting.from_us) <= row.t_us < min(to_us, fitting.to_us or FAR_US)
        )
        return [row for key, row in keyed if after is None or key > after][:limit]

    async def trail_backwards(self, wearer: str, from_us: int, to_us: int, limit: int) -> list[PositionRow]:
        rows = self._trail(wearer, from_us, to_us, None, len(self.fixes) + 1)
        return [row for row in reversed(rows) if row.quality == "ok" and row.src != "lbs"][:limit]

    async def facts_between(self, wearer: str, from_us: int, to_us: int) -> list[Counted]:
        rows = self._trail(wearer, from_us, to_us, None, len(self.fixes) + 1)
        return counted(self._columns(rows))

    async def events_between(self, wearer: str, from_us: int, to_us: int) -> list[Counted]:
        return []

    def _fitted(self, wearer: str, from_us: int, to_us: int) -> list[Fitting]:
        found = [one for one in self._of(Fitting) if one.wearer == wearer]
        touching = [one for one in found if one.from_us < to_us and (one.to_us or FAR_US) > from_us]
        return sorted(touching, key=lambda one: (one.from_us, one.id))

    async def devices_on(self, wearer: str, from_us: int, to_us: int) -> list[FittedRow]:
        self._asked("devices_on")
        rows = []
        for one in self._fitted(wearer, from_us, to_us):
            device = self.records["device", one.device]
            heard = [row.received_us for of, row in self.fixes if of == one.device and row.t_us >= from_us]
            levels = [
                (t_us, bat)
                for of, t_us, bat in self.levels
                if of == one.device and from_us <= t_us < to_us and bat == bat
            ]
            t_us, bat = max(levels, default=(None, None))
            span = (one.from_us, FAR_US if one.to_us is None else one.to_us)
            rows.append(FittedRow(one.id, one.device, record_of(device), *span, max(heard, default=None), bat, t_us))
        return rows

    async def fixes_by_stretch(self, wearer: str, edges_us: Sequence[int]) -> list[StretchRow]:
        found: Counter[tuple[str, int]] = Counter()
        for one in self._fitted(wearer, edges_us[0], edges_us[-1]):
            for of, row in self.fixes:
                on = one.from_us <= row.t_us < (one.to_us or FAR_US)
                if of == one.device and on and edges_us[0] <= row.t_us < edges_us[-1]:
                    found[one.id, bisect_right(edges_us, row.t_us) - 1] += 1
        return [StretchRow(*key, number) for key, number in sorted(found.items())]

    async def rests(self, wearer: str, from_us: int, to_us: int) -> list[RestRow]:
        rows = [
            RestRow(one.id, t_us, starts)
            for one in self._fitted(wearer, from_us, to_us)
            for of, t_us, starts in self.resting
            if of == one.device and from_us <= t_us < to_us and one.from_us <= t_us < (one.to_us or FAR_US)
        ]
        return sorted(rows, key=lambda row: (row.t_us, row.fitting))

    async def open_spans(self, wearers: Sequence[str] | None = None) -> list[OpenSpan]:
        self._asked("open_spans")
        newest = {one.id: one for _, one in self._newest().values() if one.current}
        return [
            OpenSpan(row.wearer, newest[one].from_us, newest[one].to_us)
            for row in self.alert_rows.values()
            if row.wearer is not None and not row.withdrawn and (wearers is None or row.wearer in wearers)
            for one in row.violations
            if one in newest
        ]

    async def permit_records(self, place: tuple[int, int, int]) -> tuple[list[Version], tuple[int, int, int]]:
        self._asked("permit_records")
        there = [
            Version(one) for one in self.records.values() if isinstance(one, Order | Condition | Zone | Suspension)
        ]
        return there[place[2] :], (0, 0, len(there))

    def _newest(self) -> dict[str, tuple[int, Violation]]:
        return {version.id: (no, version) for no, version in self.numbered}

    async def violations(self, wanted: ViolationFilter, before: int | None, limit: int) -> list[tuple[int, Violation]]:
        self._asked("violations")
        first = {version.id: no for no, version in reversed(self.numbered)}
        rows = sorted(((first[name], row[1]) for name, row in self._newest().items()), key=lambda row: -row[0])
        return [row for row in rows if (before is None or row[0] < before) and fits(wanted, row[1])][:limit]

    async def versions_of(self, violation_id: str) -> list[Violation]:
        self._asked("versions_of")
        return [version for _, version in self.numbered if version.id == violation_id]

    async def alerts(self, wanted: AlertFilter, before: tuple[int, int] | None, limit: int) -> list[AlertRow]:
        self._asked("alerts")
        rows = sorted(self.alert_rows.values(), key=lambda row: (row.raised_us, row.no), reverse=True)
        earlier = (row for row in rows if before is None or (row.raised_us, row.no) < before)
        return [row for row in earlier if fits_alert(wanted, row)][:limit]

    async def alert(self, no: int) -> AlertRow | None:
        self._asked("alert")
        return next((row for row in self.alert_rows.values() if row.no == no), None)

    async def incidents(self, is_open: bool | None, before: int | None, limit: int) -> list[IncidentRow]:
        self._asked("incidents")
        rows = sorted((self._incident(of) for of in self.outages.values()), key=lambda row: -row.no)
        return [
            row for row in rows if (before is None or row.no < before) and is_open in (None, row.closed_us is None)
        ][:limit]

    async def incident(self, incident: str) -> IncidentRow | None:
        self._asked("incident")
        return self._incident(self.outages[incident]) if incident in self.outages else None

    def _incident(self, versions: list[IncidentVersion]) -> IncidentRow:
        last = versions[-1]
        no = list(self.outages).index(last.id) + 1
        times = (last.opened_us, last.closed_us, last.decided_us)
        return IncidentRow(no, last.id, last.version, *times, last.devices, last.silent)

    async def devices_of_incident(self, incident: str) -> list[IncidentDeviceRow]:
        self._asked("devices_of_incident")
        open_losses = {
            one.device: one
            for _, one in self._newest().values()
            if one.current and one.to_us is None and one.kind is Kind.COMMUNICATION_LOST
        }
        found: dict[str, IncidentDeviceRow] = {}
        for version in self.outages.get(incident, []):
            for taken in version.taken:
                loss = open_losses.get(taken.device)
                loss = loss if loss is not None and loss.from_us < version.decided_us else None
                of = (loss.from_us, loss.id) if loss is not None else (None, None)
                who = (taken.device, taken.wearer, taken.victim, taken.network)
                found[taken.device] = IncidentDeviceRow(*who, None, *of)
            for gone in version.released:
                found[gone.device] = replace(found[gone.device], released=gone.why)
        return [found[device] for device in sorted(found)]

    async def lost_in_zone(self) -> frozenset[str]:
        self._asked("lost_in_zone")
        newest = (one for _, one in self._newest().values())
        lost = (one.wearer for one in newest if one.kind is Kind.LOST_IN_ZONE and one.to_us is None and one.current)
        return frozenset(wearer for wearer in lost if wearer is not None)

    async def caseload_of(self, wearers: Sequence[str]) -> list[Version]:
        self._asked("caseload_of")
        return caseload_of_wearers(self.records.values(), set(wearers))

    async def newest_fixes(self, wearers: Sequence[str]) -> list[PositionRow]:
        self._asked("newest_fixes")
        newest = self._positions()
        return [newest[one] for one in sorted(wearers) if one in newest]

    async def events(self, after: int, limit: int) -> list[EventRow]:
        self._asked("events")
        return [row for row in self.log if row.no > after][:limit]

    async def newest_event(self) -> int:
        self._asked("newest_event")
        return self.log[-1].no if self.log else 0

    async def oldest_event(self) -> int:
        self._asked("oldest_event")
        return self.log[0].no if self.log else 0

    @asynccontextmanager
    async def listen(self) -> AsyncIterator[AsyncIterator[None]]:
        self._asked("listen")
        wake = asyncio.Event()
        self._wakes.add(wake)
        try:
            yield self._wakes_of(wake)
        finally:
            self._wakes.discard(wake)

    async def _wakes_of(self, wake: asyncio.Event) -> AsyncIterator[None]:
        while True:
            await wake.wait()
            wake.clear()
            self._asked("wake")
            yield


def states(**numbers: int) -> dict[str, Any]:
    """The figures of an ingest: ``monitored=3`` and so on, the rest 0."""
    return {"order_states": {state.value: numbers.get(state.value, 0) for state in OrderState}}


def kinds(**numbers: int) -> dict[Kind, int]:
    return {Kind(name): number for name, number in numbers.items()}


def severities(**numbers: int) -> dict[Severity, int]:
    return {Severity(name): number for name, number in numbers.items()}
