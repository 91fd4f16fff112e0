"""The caseload as it is known: who wears what, and when each condition is enforced (rules.md 4 and 10).

Records have two times. What holds at an instant is the version that was learnt last among those that hold by then;
so a record is a row of *eras*, and every question here is answered era by era.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from itertools import pairwise
from typing import Any, TypeVar, cast

from domain.facts import Roster
from domain.instants import DAY_US, EARLY_US, FAR_US, SECOND_US
from domain.records import (
    TYPE_NAMES,
    Absence,
    Assessment,
    Condition,
    Device,
    EquipmentCheck,
    Fitting,
    Order,
    Record,
    Suspension,
    Timetable,
    TimetableRow,
    Version,
    Visit,
    Zone,
)
from domain.vocabulary import AssessmentDecision, VisitOutcome
from geofence.intervals import Span, clipped, common, union, without
from geofence.timetable import WindowCache

_NAMES: dict[Any, str] = dict(TYPE_NAMES)
R = TypeVar("R", bound=Record)
Key = tuple[str, str]
Era = tuple[int, int, R]
NOT_COUNTED = frozenset(
    {AssessmentDecision.REASONABLE_EXCUSE, AssessmentDecision.EQUIPMENT, AssessmentDecision.DISPUTED}
)
"""Decisions that take a violation out of the sums (rules.md 5, ATV)."""


class Book:
    """Every record, by type and id, with the indices that the rules need."""

    def __init__(self, roster: Roster, cache: WindowCache) -> None:
        self.roster = roster
        self.parties: list[Key] = []
        self.party_index: dict[Key, int] = {}
        self.conditions: list[str] = []
        self.condition_index: dict[str, int] = {}
        self.with_allowance: dict[str, None] = {}
        """Orders of which a version ever had an `atv_allowance_min`."""
        self.assessed: set[str] = set()
        """Wearers and victims with a violation that was ever assessed."""
        self._cache = cache
        self._versions: dict[Key, list[Version]] = defaultdict(list)
        self._eras: dict[Key, list[Era[Record]]] = {}
        self._children: dict[Key, dict[str, None]] = defaultdict(dict)

    # ---- learning ----

    def learn(self, version: Version) -> None:
        """Take a version of a record; the newest learnt of those that hold is what counts."""
        record = version.record
        key = (TYPE_NAMES[type(record)], record.id)
        self._versions[key].append(version)
        self._eras.pop(key, None)
        for parent in _parents(record):
            self._children[parent].setdefault(f"{key[0]}:{key[1]}")
        if isinstance(record, Device):
            self.roster.add(record.id)
        if key[0] in ("wearer", "victim"):
            self._party(key)
        if isinstance(record, Condition) and record.id not in self.condition_index:
            self.condition_index[record.id] = len(self.conditions)
            self.conditions.append(record.id)
        if isinstance(record, Order) and record.atv_allowance_min is not None:
            self.with_allowance.setdefault(record.id)
        if isinstance(record, Assessment):
            self.assessed.add(party_of_violation(record.violation))

    def _party(self, key: Key) -> int:
        found = self.party_index.get(key)
        if found is None:
            found = self.party_index[key] = len(self.parties)
            self.parties.append(key)
        return found

    # ---- eras ----

    def eras(self, kind: type[R], record_id: str) -> list[Era[R]]:
        """[from, to) and what holds in it; a cancelled stretch is left out."""
        key = (_NAMES[kind], record_id)
        found = self._eras.get(key)
        if found is None:
            found = self._eras[key] = _eras_of(self._versions.get(key, []))
        return cast("list[Era[R]]", found)

    def newest(self, kind: type[R], record_id: str) -> R | None:
        """The version that was learnt last."""
        versions = self._versions.get((_NAMES[kind], record_id))
        return cast("R", versions[-1].record) if versions else None

    def ever(self, kind: type[R], record_id: str) -> list[R]:
        """Every version, in the order learnt: a new one may take the place of any of them."""
        return cast("list[R]", [version.record for version in self._versions.get((_NAMES[kind], record_id), ())])

    def at(self, kind: type[R], record_id: str, at_us: int) -> R | None:
        """What holds at an instant."""
        for start, end, record in self.eras(kind, record_id):
            if start <= at_us < end:
                return record
        return None

    def ids(self, kind: type[R], parent: Any, parent_id: str) -> list[str]:
        """Ids of the records of a kind that ever named the parent."""
        name = parent if isinstance(parent, str) else _NAMES[parent]
        prefix = _NAMES[kind] + ":"
        return [k[len(prefix) :] for k in self._children.get((name, parent_id), ()) if k.startswith(prefix)]

    def all_ids(self, kind: type[R]) -> list[str]:
        """Ids of every record of a kind."""
        name = _NAMES[kind]
        return [k[1] for k in self._versions if k[0] == name]

    def versions(self) -> list[Version]:
        """Everything learnt, record by record."""
        return [version for versions in self._versions.values() for version in versions]

    # ---- who wears what ----

    def fittings(self, device: str) -> list[tuple[int, int, int]]:
        """[from, to) and the party that wore the device, in order. A new version of a fitting is no new fitting."""
        found: list[tuple[int, int, int]] = []
        for fitting_id in self.ids(Fitting, Device, device):
            found.extend(self._fitted(fitting_id, device))
        return sorted(found)

    def _fitted(self, fitting_id: str, device: str) -> list[tuple[int, int, int]]:
        found: list[tuple[int, int, int]] = []
        for start, end, fitting in self.eras(Fitting, fitting_id):
            if fitting.device != device:
                continue
            begins, ends = max(start, fitting.from_us), min(end, _end(fitting.to_us))
            key = ("wearer", fitting.wearer) if fitting.wearer is not None else ("victim", str(fitting.victim))
            party = self._party(key)
            if begins >= ends:
                continue
            if found and found[-1][1:] == (begins, party):
                begins = found.pop()[0]
            found.append((begins, ends, party))
        return found

    def devices_of(self, party: int) -> list[int]:
        """Roster indices of the devices ever fitted to a party."""
        kind, party_id = self.parties[party]
        found = set()
        for fitting_id in self.ids(Fitting, kind, party_id):
            for _, _, fitting in self.eras(Fitting, fitting_id):
                found.add(self.roster.add(fitting.device))
        return sorted(found)

    # ---- when a condition is enforced ----

    def order_spans(self, order_id: str) -> list[Span]:
        """When an order runs."""
        return union(
            (max(start, order.from_us), min(end, _end(order.to_us))) for start, end, order in self.eras(Order, order_id)
        )

    def windows(self, condition_id: str, from_us: int, to_us: int) -> list[Span]:
        """A condition's windows that overlap ``[from_us, to_us)``, whole: cut by order and condition, absences aside."""
        found: list[Span] = []
        for start, end, condition in self.eras(Condition, condition_id):
            own = (max(start, _start(condition.from_us)), min(end, _end(condition.to_us)))
            if own[0] >= own[1]:
                continue
            cut = common([own], self.order_spans(condition.order))
            if condition.timetable is None:
                found.extend(cut)
            else:
                found.extend(common(self._timetable(condition.timetable, from_us, to_us), cut))
        return [span for span in union(found) if span[0] < to_us and span[1] > from_us]

    def held(self, condition_id: str) -> list[Span]:
        """When a condition and its order hold, whatever the timetable."""
        found: list[Span] = []
        for start, end, condition in self.eras(Condition, condition_id):
            own = (max(start, _start(condition.from_us)), min(end, _end(condition.to_us)))
            found.extend(common([own], self.order_spans(condition.order)))
        return union(found)

    def mondays(self, timezone: str, from_us: int, to_us: int) -> list[int]:
        """Where the local weeks begin, from the one that holds ``from_us`` to the first after ``to_us``."""
        starts = [start for start, _ in self._timetable(_mondays(timezone), from_us - 8 * DAY_US, to_us + 8 * DAY_US)]
        last = next((k for k, start in enumerate(starts) if start > to_us), len(starts) - 1)
        first = max((k for k, start in enumerate(starts) if start <= from_us), default=0)
        return starts[first : last + 1]

    def absences(self, condition_id: str, from_us: int, to_us: int) -> list[Span]:
        """Authorised absences from a condition in a range."""
        found: list[Span] = []
        for absence_id in self.ids(Absence, Condition, condition_id):
            for start, end, absence in self.eras(Absence, absence_id):
                if absence.condition == condition_id:
                    found.extend(self._granted(absence, start, end, from_us, to_us))
        return union(found)

    def suspensions(self, order_id: str, from_us: int, to_us: int) -> list[Span]:
        """Suspensions of an order that reach into a range; those without a timetable whole."""
        found: list[Span] = []
        for suspension_id in self.ids(Suspension, Order, order_id):
            found.extend(self.suspended_by(suspension_id, order_id, from_us, to_us))
        return union(found)

    def enforced(self, condition_id: str, from_us: int, to_us: int) -> list[Span]:
        """When a condition is enforced in a range: in its windows, less absences and suspensions of its order."""
        order_ids = {condition.order for _, _, condition in self.eras(Condition, condition_id)}
        excused = [span for order_id in order_ids for span in self.suspensions(order_id, from_us, to_us)]
        excused += self.absences(condition_id, from_us, to_us)
        return clipped(without(self.windows(condition_id, from_us, to_us), union(excused)), from_us, to_us)

    def suspended_by(self, suspension_id: str, order_id: str, from_us: int, to_us: int) -> list[Span]:
        """As `suspensions`, by one of them."""
        found: list[Span] = []
        for start, end, suspension in self.eras(Suspension, suspension_id):
            if suspension.order == order_id:
                found.extend(self._granted(suspension, start, end, from_us, to_us))
        return union(found)

    def _granted(self, grant: Absence | Suspension, start: int, end: int, from_us: int, to_us: int) -> list[Span]:
        own = (max(start, grant.from_us), min(end, _end(grant.to_us)))
        if own[0] >= own[1]:
            return []
        if grant.timetable is None:
            return [own] if own[0] < to_us and own[1] > from_us else []
        return clipped(common(self._timetable(grant.timetable, from_us, to_us), [own]), from_us, to_us)

    def _timetable(self, timetable: Timetable, from_us: int, to_us: int) -> list[Span]:
        return self._cache.windows(timetable, from_us, to_us)

    # ---- other questions ----

    def shape_of(self, condition: Condition) -> list[tuple[int, int, object]]:
        """The shape of a zone condition, era by era of a shared zone."""
        if condition.zone is None:
            return [(EARLY_US, FAR_US, condition.shape)]
        return [(start, end, zone.shape) for start, end, zone in self.eras(Zone, condition.zone)]

    def checks(self, device: str) -> list[int]:
        """Instants of the equipment checks of a device."""
        found = []
        for check_id in self.ids(EquipmentCheck, Device, device):
            for _, _, check in self.eras(EquipmentCheck, check_id):
                if check.device == device:
                    found.append(check.at_us)
        return sorted(set(found))

    def visits(self, party: int) -> list[int]:
        """Instants of the visits made to a wearer."""
        kind, party_id = self.parties[party]
        found = []
        for visit_id in self.ids(Visit, kind, party_id):
            for _, _, visit in self.eras(Visit, visit_id):
                if visit.outcome is VisitOutcome.DONE:
                    found.append(visit.at_us)
        return sorted(set(found))

    def not_counted(self, violation: str) -> list[Span]:
        """When the assessment of a violation takes it out of the sums, not before it was made; of several the newest."""
        found = [
            (max(start, assessment.at_us), end, place, assessment.decision)
            for place, assessment_id in enumerate(self.ids(Assessment, "violation", violation))
            for start, end, assessment in self.eras(Assessment, assessment_id)
            if assessment.violation == violation and max(start, assessment.at_us) < end
        ]
        spans: list[Span] = []
        for start, end in pairwise(sorted({edge for one in found for edge in one[:2]})):
            held = [one for one in found if one[0] <= start < one[1]]
            if held and max(held, key=lambda one: (one[0], one[2]))[3] in NOT_COUNTED:
                spans.append((start, end))
        return union(spans)

    def is_upheld(self, violation: str, at_us: int) -> bool:
        """Whether the newest assessment of a violation that holds at an instant upholds it."""
        held = [
            (start, place, assessment.decision)
            for place, assessment_id in enumerate(self.ids(Assessment, "violation", violation))
            for start, end, assessment in self.eras(Assessment, assessment_id)
            if assessment.violation == violation and start <= at_us < end
        ]
        return bool(held) and max(held, key=lambda one: one[:2])[2] is AssessmentDecision.UPHELD

    def told_at(self, condition: Condition) -> int:
        """When the wearer was told of a condition."""
        if condition.told_at_us is not None:
            return condition.told_at_us
        order = self.newest(Order, condition.order)
        return order.told_at_us if order is not None else EARLY_US


def _eras_of(versions: list[Version]) -> list[Era[Record]]:
    found: list[tuple[int, Version]] = []
    for version in versions:
        while found and found[-1][0] >= version.holds_from_us:
            found.pop()
        found.append((version.holds_from_us, version))
    ends = [*(start for start, _ in found[1:]), *([FAR_US] if found else [])]
    return [(start, end, v.record) for (start, v), end in zip(found, ends, strict=True) if not v.cancelled]


def _parents(record: Record) -> list[Key]:
    if isinstance(record, Fitting):
        party = ("wearer", record.wearer) if record.wearer is not None else ("victim", str(record.victim))
        return [("device", record.device), party]
    if isinstance(record, Order):
        return [("wearer", record.wearer)]
    if isinstance(record, Condition):
        named = [("zone", record.zone)] if record.zone else []
        named += [("victim", record.victim)] if record.victim else []
        named += [("other_wearer", record.other_wearer)] if record.other_wearer else []
        named += [("home_unit", record.place.home_unit)] if record.place and record.place.home_unit else []
        return [("order", record.order), *named]
    if isinstance(record, Absence):
        return [("condition", record.condition)]
    if isinstance(record, Suspension):
        return [("order", record.order)]
    if isinstance(record, EquipmentCheck):
        return [("device", record.device)]
    if isinstance(record, Visit):
        return [("wearer", record.wearer)]
    if isinstance(record, Assessment):
        return [("violation", record.violation)]
    return []


def party_of_violation(violation: str) -> str:
    """Whose a violation is, by its id: ``{wearer}-{n}`` or ``{victim}-{n}``."""
    return violation.rpartition("-")[0]


@cache
def _mondays(timezone: str) -> Timetable:
    return Timetable(timezone, (TimetableRow(0, 0, DAY_US // SECOND_US),))


def _end(to_us: int | None) -> int:
    return FAR_US if to_us is None else to_us


def _start(from_us: int | None) -> int:
    return EARLY_US if from_us is None else from_us
