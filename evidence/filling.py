"""A pack's words out of what was gathered: everything resolved, so that whoever renders it looks nothing up. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np

from domain.instants import EARLY_US, FAR_US, SECOND_US
from domain.records import (
    Absence,
    Assessment,
    Condition,
    Device,
    EquipmentCheck,
    Fitting,
    Order,
    Suspension,
    Visit,
    Wearer,
    Zone,
)
from domain.violations import Violation
from domain.vocabulary import Cause, DeviceKind, Kind
from evidence.content import (
    About,
    Assessed,
    Attachment,
    Changed,
    ClockOffset,
    ConditionVersion,
    Contact,
    Fitted,
    Gap,
    Kept,
    LeftOut,
    OrderVersion,
    Pack,
    Person,
    Reliability,
    Relied,
    Replay,
    Seen,
    SeenSpan,
    Signatory,
    Span,
    Unused,
    Versions,
)
from evidence.disclosing import sealed_conditions, shown
from evidence.files import FACTS, SCHEDULE, UNUSED, Numbered
from evidence.gathered import Gathered, Heard, Taken
from evidence.order_windows import Held, conditions_of, held
from evidence.relying import Relying, Resting
from evidence.unknown import Unknown
from geofence.intervals import clipped, common, union, without
from geofence.wallclock import TimeZones

CLOCK_MESSAGES: Final = 100
"""Over how many of a device's last live messages its clock offset is taken (rules.md 2)."""
LIVE_US: Final = 600 * SECOND_US
TIMEZONE: Final = "Europe/London"
NOT_TOLD: Final = Versions("", "", "")


@dataclass(frozen=True, slots=True)
class CaseSaid:
    """What people wrote in the case, and what is told besides what was gathered.

    ``told``: by violation, what the officer recorded of the wearer having been told before. ``zone`` names the time zone of the pack.
    """

    to_whom: str
    narrative: str = ""
    narrative_by: str = ""
    told: Mapping[str, str] = field(default_factory=dict)
    changed: tuple[str, ...] = ()
    replaces: int | None = None
    signatory: Signatory | None = None
    statement: tuple[str, ...] = ()
    signing: str = ""
    contacts: tuple[Contact, ...] = ()
    reliability: tuple[Reliability, ...] = ()
    versions: Versions = NOT_TOLD
    zone: str = TIMEZONE


@dataclass(frozen=True, slots=True)
class Filled:
    """A pack without its attachments, and its points as the files number them."""

    pack: Pack
    points: tuple[Numbered, ...]

    def with_files(self, attachments: Iterable[Attachment]) -> Pack:
        """The whole."""
        return replace(self.pack, attachments=tuple(attachments))


def fill(found: Gathered, said: CaseSaid, zones: TimeZones, *, annex: bool = False) -> Filled:
    """The pack, or with ``annex`` its sealed annex, which is about the sealed violations alone and says everything of them."""
    of = held((one.version for one in found.taken), zones)
    sealed = frozenset[str]() if annex else sealed_conditions(found.taken)
    about = _About(found, of, sealed, sealed_conditions(found.taken) if annex else None)
    relied, points = about.relied(said.told)
    covers = about.covers()
    facts = found.heard.facts
    pack = Pack(
        case=found.case,
        version=found.version,
        made_us=found.made_us,
        covers=covers,
        zone=zones.zone(said.zone),
        to_whom=said.to_whom,
        about=_about_wearer(found),
        orders=about.orders(),
        people=about.people(),
        narrative=tuple(part for part in said.narrative.split("\n\n") if part.strip()),
        narrative_by=said.narrative_by,
        changed=tuple(Changed(what) for what in said.changed),
        replaces=said.replaces,
        signatory=said.signatory,
        statement=said.statement,
        signing=said.signing,
        conditions=about.conditions(),
        relied=relied,
        left_out=about.left_out(),
        kept=about.kept(covers),
        fittings=about.fittings(),
        visits=about.newest(Visit),
        checks=about.newest(EquipmentCheck),
        contacts=said.contacts,
        absences=about.absences(),
        suspensions=about.suspensions(),
        gaps=about.gaps(),
        reliability=said.reliability,
        clocks=clock_offsets(found.heard, found.made_us),
        versions=said.versions,
        unused=unused_of(found, len(points)),
        replay=_replay(found, relied),
        fixes_in_all=int((~facts["is_event"]).sum()),
        annex=annex,
    )
    return Filled(pack, points)


def _replay(found: Gathered, relied: Sequence[Relied]) -> Replay:
    why = ["Facts that the decisions rest on are no longer kept"] if found.facts_gone else []
    sealed = [one.current.id for one in relied if one.sealed]
    if sealed:
        why.append(f"The sealed annex is needed for {', '.join(sealed)}")
    return Replay(not why, tuple(why))


def _about_wearer(found: Gathered) -> About:
    newest = _newest(found.taken, Wearer)
    record = newest.get(found.wearer, Wearer(found.wearer))
    adult = record.responsible_adult
    name = adult.get("name") if isinstance(adult, dict) else adult
    told = None if name is None else str(name)
    return About(record.id, record.name, record.born, record.ids, record.language, record.needs, told)


def _newest(taken: Sequence[Taken], kind: type[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for one in taken:
        if isinstance(one.version.record, kind):
            found.pop(one.version.record.id, None)
            if not one.version.cancelled:
                found[one.version.record.id] = one.version.record
    return found


def _maybe(us: int) -> int | None:
    return None if us in (EARLY_US, FAR_US) else us


@dataclass(frozen=True, slots=True)
class _About:
    """The parts of a pack that are read out of the records and decisions. ``only``: the conditions that an annex is about."""

    found: Gathered
    of: Held
    sealed: frozenset[str]
    only: frozenset[str] | None

    # ---- order and conditions ----

    def _order(self) -> Order:
        record = self.of.book.newest(Order, self.found.order)
        assert record is not None, "a case is of an order that is known"
        return record

    def covers(self) -> Span:
        """From the order's start to when the pack is made or the order ended."""
        order = self._order()
        return Span(order.from_us, min(order.to_us or FAR_US, self.found.made_us))

    def orders(self) -> tuple[OrderVersion, ...]:
        return tuple(
            OrderVersion(
                record,
                _maybe(one.version.holds_from_us),
                _maybe(one.version.learnt_us),
                _maybe(record.told_at_us) if record.told_at_us != EARLY_US else record.from_us,
                cancelled=one.version.cancelled,
            )
            for one in self.found.taken
            if isinstance(record := one.version.record, Order) and record.id == self.found.order
        )

    def people(self) -> tuple[Person, ...]:
        order = self._order()
        found = []
        officer = order.officer
        if isinstance(officer, dict) and officer.get("name"):
            found.append(Person("Responsible officer", str(officer["name"]), order.organisation or ""))
        if order.notifying_organisation:
            name = order.notifying_organisation.replace("_", " ").capitalize()
            found.append(Person("Notifying organisation", name))
        return tuple(found)

    def conditions(self) -> tuple[ConditionVersion, ...]:
        found = []
        for one in self.found.taken:
            record = one.version.record
            if not isinstance(record, Condition) or record.order != self.found.order:
                continue
            if self.only is not None and record.id not in self.only:
                continue
            found.append(self._condition(one, record))
        return tuple(found)

    def _condition(self, one: Taken, record: Condition) -> ConditionVersion:
        told = record.told_at_us if record.told_at_us is not None else self._order().told_at_us
        times = (_maybe(one.version.holds_from_us), _maybe(one.version.learnt_us))
        when = self._order().from_us if told == EARLY_US else told
        if record.id in self.sealed:
            bare = replace(record, shape=None, zone=None, place=None, victim=None, other_wearer=None, name="")
            return ConditionVersion(bare, *times, when, cancelled=one.version.cancelled, sealed=True)
        name = ""
        if record.zone is not None:
            shared = self.of.book.newest(Zone, record.zone)
            name = "" if shared is None else shared.name
            record = replace(record, shape=None if shared is None else shared.shape)
        return ConditionVersion(record, *times, when, cancelled=one.version.cancelled, zone_name=name)

    # ---- violations ----

    def _shown(self, one: Violation) -> Violation:
        return shown(one, self.sealed, frozenset(self.found.heard.devices))

    def _is_sealed(self, one: Violation) -> bool:
        return one.condition in self.sealed or (self.only is None and one.victim is not None)

    def relied(self, told: Mapping[str, str]) -> tuple[tuple[Relied, ...], tuple[Numbered, ...]]:
        found: list[tuple[Relied, Resting]] = []
        wanted = {one.id: one.version for one in self.found.relied}
        by_id: dict[str, list[Violation]] = {}
        for one in self.found.violations:
            if one.id in wanted and one.version <= wanted[one.id]:
                by_id.setdefault(one.id, []).append(one)
        relying = Relying(self.found.heard, self.of.book, [versions[-1] for versions in by_id.values()])
        for versions in sorted(by_id.values(), key=lambda some: (some[-1].from_us, some[-1].id)):
            if self.only is not None and versions[-1].condition not in self.only:
                continue
            sealed = self._is_sealed(versions[-1])
            resting = relying.of(versions[-1], sealed=sealed)
            said = tuple(self._shown(one) for one in versions) if sealed else tuple(versions)
            about = Relied(
                said,
                self._assessed(versions[-1].id),
                resting.points,
                resting.events,
                told.get(versions[-1].id, ""),
                sealed,
            )
            found.append((about, resting))
        return tuple(one for one, _ in found), tuple(_numbered(found))

    def _assessed(self, violation: str) -> tuple[Assessed, ...]:
        return tuple(
            Assessed(one.version.record, _maybe(one.version.learnt_us))
            for one in self.found.taken
            if isinstance(one.version.record, Assessment) and one.version.record.violation == violation
        )

    def _current(self) -> list[Violation]:
        newest = {one.id: one for one in self.found.violations}
        return [one for one in newest.values() if one.current]

    def left_out(self) -> tuple[LeftOut, ...]:
        if self.only is not None:
            return ()
        left = [one for one in self._current() if one.id in self.found.left_out]
        left.sort(key=lambda one: (one.from_us, one.id))
        return tuple(LeftOut(self._shown(one), self.found.left_out[one.id], self._is_sealed(one)) for one in left)

    def gaps(self) -> tuple[Gap, ...]:
        """What is not the wearer's doing, of the order or of the wearer's devices while it ran."""
        covers = self.covers()
        found = [
            Gap(one.from_us, one.to_us, one.kind, one.cause, one.device, one.id)
            for one in self._current()
            if one.cause is not Cause.WEARER and one.victim is None and one.order in (None, self.found.order)
            if one.from_us < (covers.to_us or FAR_US) and (one.to_us or FAR_US) > covers.from_us
        ]
        return tuple(sorted(found, key=lambda gap: (gap.from_us, gap.kind)))

    def kept(self, covers: Span) -> tuple[Kept, ...]:
        """The windows of each condition and what is held of the wearer in them; sealed ones too, which say only when."""
        order, end = self._order(), covers.to_us or self.found.made_us
        unknown = Unknown(self.of.book, order, self._current(), end)
        return tuple(
            self._kept(condition, unknown, (covers.from_us, end))
            for condition in conditions_of(self.of, order.id)
            if self.only is None or condition.id in self.only
        )

    def _kept(self, condition: Condition, unknown: Unknown, span: tuple[int, int]) -> Kept:
        windows = clipped(self.of.book.windows(condition.id, *span), *span)
        excused = union(
            [*self.of.book.absences(condition.id, *span), *self.of.book.suspensions(condition.order, *span)]
        )
        kind = Kind(condition.kind.value) if condition.kind.value in {one.value for one in Kind} else None
        away = union(
            (one.from_us, span[1] if one.to_us is None else one.to_us)
            for one in self._current()
            if one.condition == condition.id and one.kind is kind and one.cause is Cause.WEARER
        )
        absent = common(windows, away)
        doubt = without(common(windows, unknown.of(condition)), absent)
        present = without(without(windows, absent), doubt)
        marked = [
            *(SeenSpan(*one, Seen.ABSENT) for one in absent),
            *(SeenSpan(*one, Seen.UNKNOWN) for one in doubt),
            *(SeenSpan(*one, Seen.PRESENT) for one in present),
        ]
        marked.sort(key=lambda one: one.from_us)
        spans = tuple(Span(*one) for one in windows)
        return Kept(condition.id, spans, tuple(Span(*one) for one in common(windows, excused)), tuple(marked))

    # ---- what was done ----

    def newest(self, kind: type[Any]) -> tuple[Any, ...]:
        """The newest version of each record, by when it was."""
        own = set(self.found.heard.devices)
        found = [
            one for one in _newest(self.found.taken, kind).values() if getattr(one, "device", None) in (None, *own)
        ]
        return tuple(sorted(found, key=lambda one: (one.at_us, one.id)))

    def absences(self) -> tuple[Absence, ...]:
        names = set(self.of.book.ids(Condition, Order, self.found.order))
        found = [one for one in _newest(self.found.taken, Absence).values() if one.condition in names]
        return tuple(sorted(found, key=lambda one: (one.from_us, one.id)))

    def suspensions(self) -> tuple[Suspension, ...]:
        found = [one for one in _newest(self.found.taken, Suspension).values() if one.order == self.found.order]
        return tuple(sorted(found, key=lambda one: (one.from_us, one.id)))

    def fittings(self) -> tuple[Fitted, ...]:
        devices: dict[str, Device] = _newest(self.found.taken, Device)
        found = []
        for one in _newest(self.found.taken, Fitting).values():
            device = devices.get(one.device)
            if one.wearer == self.found.wearer:
                kind = DeviceKind.GPS_TAG if device is None else device.kind
                told = ("", "", "", None) if device is None else _told(device)
                found.append(Fitted(one, kind, *told))
        return tuple(sorted(found, key=lambda one: (one.fitting.from_us, one.fitting.id)))


def _told(device: Device) -> tuple[str, str, str, int]:
    return device.model or "", device.firmware or "", device.lot or "", device.interval_s


def _numbered(found: Sequence[tuple[Relied, Resting]]) -> Iterable[Numbered]:
    for relied, resting in found:
        for point in resting.points:
            yield Numbered(
                point.number, relied.current.id, point.part.value, point.id, point.distance_m, point.p_inside
            )
        for event in resting.events:
            yield Numbered(0, relied.current.id, event.part.value, event.id, None, None)


def clock_offsets(heard: Heard, at_us: int) -> tuple[ClockOffset, ...]:
    """Each device's smallest receive time minus sending time over its last live messages."""
    found = []
    facts = heard.facts
    for index, device in enumerate(heard.devices):
        after_us = facts["received_us"] - heard.sent_us
        mine = np.flatnonzero((facts["device"] == index) & (heard.sent_us > 0) & (np.abs(after_us) <= LIVE_US))
        # facts of one message say its times once: a message is here a number of two parts
        _, first = np.unique(heard.sent_us[mine] + 1j * after_us[mine], return_index=True)
        live = after_us[mine[np.sort(first)[-CLOCK_MESSAGES:]]]
        if len(live):
            found.append(ClockOffset(device, int(live.min()) / SECOND_US, len(live), at_us))
    return tuple(found)


_WORDS: Final = {
    "left_out": ("Violations left out", "Left out by the responsible officer; each says why"),
    "parked": ("Messages that could not be read", "Parked, and judged by nobody"),
    "outage": ("Outages of the network that held a device", "They say what was not known"),
    "rejudged": ("Facts whose quality a later fact changed", "Kept in both judgements"),
    "look": ("Looks at what is held of the wearer, and changes of it", "Who looked, when, in which role and why"),
    "fault": ("Faults of the equipment", "Not the wearer's doing"),
    "swap": ("Fittings that ended and began", "Which device was on the wearer when"),
    "lot": ("Lots of the devices", "For notices about a lot"),
    "assessment": ("Assessments", "Every one, as it was made"),
}


def unused_of(found: Gathered, relied: int) -> tuple[Unused, ...]:
    """The schedule in print: what there is, how many, why not relied on, in which attachment."""
    counts: dict[str, int] = {}
    for one in found.scheduled:
        counts[one.kind] = counts.get(one.kind, 0) + 1
    rest = len(found.heard) - relied
    facts = Unused("Facts that no violation relied on rests on", max(rest, 0), "Each row says why", UNUSED)
    listed = [Unused(what, counts[kind], why, SCHEDULE) for kind, (what, why) in _WORDS.items() if kind in counts]
    return (facts, *listed, Unused("Facts in all", len(found.heard), "Every fact that may be shown", FACTS))
