"""From the caseload to the flat tables of the fold: which rows a party has, and what each is held against."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from domain.instants import SECOND_US
from domain.records import Circle, Condition, Corridor, Device, Order, Polygons
from domain.vocabulary import ConditionKind, DeviceKind
from geofence.book import Book
from geofence.flat import Flat
from geofence.lined import NO_PLACE, place_at_lines, with_lines
from geofence.near_fold import PAIRED
from geofence.shapes import ShapeRows
from geofence.state import CURFEW, CURFEW_WITH_UNIT, ERA, EXCLUSION, KEEP_INSIDE, NEAR
from geofence.tables import PACE, Tables

MIN_GAP_US = 300 * SECOND_US
PLACE_KINDS = frozenset({ConditionKind.CURFEW, ConditionKind.ATTENDANCE})
"""Kinds that ask whether somebody is at a place."""
ROWLESS_KINDS = frozenset({ConditionKind.PRESENCE_CHECK, ConditionKind.ALCOHOL})
"""Kinds that are judged by what devices say, and hold no fix against anything."""
PAIR_KINDS = frozenset({ConditionKind.PROXIMITY, ConditionKind.ASSOCIATION})
ALERT_M = 500.0
"""Of a proximity condition that does not say."""
MEETING_M = 50.0
"""Within this two wearers are near each other (rules.md 6, association)."""
NO_BUFFER_M = 1e-9
"""A buffer's row goes on where a version of its condition has none: what is open ends there, by fixes outside the zone itself."""
SPARE_SHAPES = 10_000
"""So many shapes that nobody has any more are borne, and as many as there were; then all is laid out anew."""
UNKNOWN_DEVICE = Device("", DeviceKind.NON_FITTED)
EraRow = tuple[int, int, int, float, float, int, int, bool]
"""A row of `geofence.state.ERA`."""
_LOCATED = (DeviceKind.GPS_TAG, DeviceKind.VICTIM_UNIT)


@dataclass(slots=True)
class Case:
    """One condition that the rules judge: whose it is, and its track rows; ``other`` is the victim or other wearer."""

    id: str
    kind: ConditionKind
    order: str
    party: int
    row: int
    buffer_row: int
    other: int = -1


@dataclass(slots=True)
class Layout:
    """What the engine looks up besides the tables.

    Attributes
    ----------
    cases : the conditions judged, by index of the book's condition list; None where a kind is not judged here.
    cases_of : the condition indices of each party.
    units : condition indices of the curfews that a home unit speaks for, by its roster index.
    atv : the orders that have or had an ATV allowance, by party.
    named : parties of whom an assessment's name of a violation matters: those, and those with an alcohol condition.
    """

    tables: Tables
    cases: list[Case | None] = field(default_factory=list)
    cases_of: dict[int, list[int]] = field(default_factory=dict)
    case_of_row: list[int] = field(default_factory=list)
    units: dict[int, list[int]] = field(default_factory=dict)
    kinds: list[DeviceKind] = field(default_factory=list)
    atv: dict[int, list[str]] = field(default_factory=dict)
    named: set[int] = field(default_factory=set)


@dataclass(slots=True)
class Touched:
    """What the caseload's changes since the last layout may have moved: ids of conditions, roster indices of devices."""

    conditions: set[str] = field(default_factory=set)
    devices: set[int] = field(default_factory=set)


class Planner:
    """Gives every condition its rows, once: rows keep their numbers when the caseload changes."""

    def __init__(self, book: Book, owners: list[tuple[str, bool]] | None = None) -> None:
        self._book = book
        self._row_owner = list(owners or [])
        self._rows = {owner: row for row, owner in enumerate(self._row_owner)}
        self._layout: Layout | None = None
        self._begin()

    def _begin(self) -> None:
        """Forget what was laid out, but not which row is whose."""
        self._lined: set[str] = set()
        self._lines: dict[int, None] = {}
        self._units: list[set[int]] = []
        self._alcohol: set[int] = set()
        self._paired: set[int] = set()
        self._shapes = ShapeRows()
        self._eras, self._per_party, self._checks = Flat(ERA), Flat(np.int64), Flat(np.int64)
        self._paces = Flat(PACE)
        self._most_shapes = 0

    @property
    def owners(self) -> list[tuple[str, bool]]:
        """The condition of each row, and whether the row is its buffer."""
        return self._row_owner

    def layout(self, touched: Touched | None = None) -> Layout:
        """The tables as the book stands now. ``touched`` is all that may be otherwise than in the last; None: everything."""
        book, last = self._book, self._layout
        if touched is None or last is None or len(self._shapes) > self._most_shapes:
            self._begin()
            last = Layout(tables=Tables(*([np.zeros(0, np.int64)] * len(Tables._fields))))
            touched = Touched(set(book.conditions))
        layout = self._layout = replace(last)
        self._find_lines(touched, len(last.kinds))
        old = len(layout.cases)
        index_of = book.condition_index
        conditions = sorted({*map(index_of.__getitem__, touched.conditions), *range(old, len(book.conditions))})
        layout.cases += [None] * (len(book.conditions) - old)
        self._units += [set() for _ in range(len(book.conditions) - old)]
        parties = {party for k in conditions for party in self._lay_case(layout, k)}
        layout.atv = {}
        for order_id in book.with_allowance:
            order = book.newest(Order, order_id)
            assert order is not None
            layout.atv.setdefault(book.party_index[("wearer", order.wearer)], []).append(order_id)
        layout.named = {case.party for k in self._alcohol if (case := layout.cases[k]) is not None} | set(layout.atv)
        self._fill(layout, conditions, parties, touched.devices)
        if not self._most_shapes:
            self._most_shapes = 2 * len(self._shapes) + SPARE_SHAPES
        return layout

    def _find_lines(self, touched: Touched, known: int) -> None:
        """Telephone lines among the devices that are new or touched; what a wearer who has or had one is judged by."""
        names = self._book.roster.ids
        for index in {*touched.devices, *range(known, len(names))}:
            device = self._book.newest(Device, names[index])
            if device is not None and device.kind is DeviceKind.VOICE_LINE:
                self._lines[index] = None
        lined = with_lines(self._book, [names[index] for index in self._lines])
        for wearer in lined ^ self._lined:
            for order in self._book.ids(Order, "wearer", wearer):
                touched.conditions |= set(self._book.ids(Condition, Order, order))
        self._lined = lined

    def _lay_case(self, layout: Layout, k: int) -> set[int]:
        """Condition ``k`` as it is now in place of what it was. Returns the parties whose rows may be others."""
        was, case = layout.cases[k], self._case(self._book.conditions[k])
        if was is not None:
            _take_out(layout.cases_of, was.party, k)
        for unit in self._units[k]:
            _take_out(layout.units, unit, k)
        layout.cases[k], self._units[k] = case, set() if case is None else self._units_of(case)
        if case is not None:
            insort(layout.cases_of.setdefault(case.party, []), k)
        for unit in self._units[k]:
            insort(layout.units.setdefault(unit, []), k)
        for of, holds in (
            (self._alcohol, case is not None and case.kind is ConditionKind.ALCOHOL),
            (self._paired, case is not None and case.other >= 0),
        ):
            of.discard(k)
            if holds:
                of.add(k)
        return {one.party for one in (was, case) if one is not None}

    def _case(self, condition_id: str) -> Case | None:
        record = self._book.newest(Condition, condition_id)
        assert record is not None
        order = self._book.newest(Order, record.order)
        if record.kind is ConditionKind.TRAIL or order is None:
            return None
        party = self._book.party_index[("wearer", order.wearer)]
        if record.kind in PAIR_KINDS:
            return self._pair_case(record, party)
        if record.kind in ROWLESS_KINDS:
            return Case(condition_id, record.kind, record.order, party, -1, -1)
        buffered = any(era.buffer_m > 0 for _, _, era in self._book.eras(Condition, condition_id))
        buffer_row = -1
        row = self._row(condition_id, buffer=False)
        if record.kind is ConditionKind.EXCLUSION_ZONE and buffered:
            buffer_row = self._row(condition_id, buffer=True)
        return Case(condition_id, record.kind, record.order, party, row, buffer_row)

    def _pair_case(self, record: Condition, party: int) -> Case | None:
        """A condition about two parties: the pre-alert has the row that a zone's buffer has."""
        kind = "victim" if record.kind is ConditionKind.PROXIMITY else "wearer"
        other = self._book.party_index.get((kind, str(record.victim or record.other_wearer)))
        if other is None or other == party:
            return None
        row = self._row(record.id, buffer=False)
        wide_row = self._row(record.id, buffer=True) if record.kind is ConditionKind.PROXIMITY else -1
        return Case(record.id, record.kind, record.order, party, row, wide_row, other)

    def _row(self, condition_id: str, *, buffer: bool) -> int:
        found = self._rows.get((condition_id, buffer))
        if found is None:
            found = self._rows[condition_id, buffer] = len(self._row_owner)
            self._row_owner.append((condition_id, buffer))
        return found

    def _row_kind(self, condition_id: str) -> int:
        record = self._book.newest(Condition, condition_id)
        assert record is not None
        if record.kind in PLACE_KINDS:
            units = [era.place and era.place.home_unit for _, _, era in self._book.eras(Condition, condition_id)]
            return CURFEW_WITH_UNIT if any(units) else CURFEW
        if record.kind in PAIR_KINDS:
            return NEAR
        return EXCLUSION if record.kind is ConditionKind.EXCLUSION_ZONE else KEEP_INSIDE

    def _units_of(self, case: Case) -> set[int]:
        eras = self._book.eras(Condition, case.id)
        units = [era.place.home_unit for _, _, era in eras if era.place is not None]
        return {self._book.roster.add(unit) for unit in units if unit is not None}

    def _eras_of(self, condition_id: str, buffer: bool) -> list[EraRow]:
        found: list[EraRow] = []
        for start, end, record in self._book.eras(Condition, condition_id):
            if record.kind in PAIR_KINDS:
                found.append((start, -1, *near_limit(record, wide=buffer), *NO_PLACE))
                continue
            if record.place is not None:
                circle = Circle(record.place.lon, record.place.lat, record.place.radius_m)
                place = place_at_lines(self._book, record, self._lined)
                found.append((start, self._shapes.row_of(circle), 1, 0.0, record.place.radius_m, *place))
                continue
            for from_us, to_us, shape in self._book.shape_of(record):
                a, b = max(start, from_us), min(end, to_us)
                if a < b and isinstance(shape, Polygons | Circle | Corridor):
                    offset = max(record.buffer_m, NO_BUFFER_M) if buffer else 0.0
                    row = self._shapes.row_of(shape)
                    found.append((a, row, record.threshold_points, offset, 0.0, *NO_PLACE))
        return sorted(found)

    def _fill(self, layout: Layout, conditions: Sequence[int], parties: set[int], devices: set[int]) -> None:
        """The tables, of which only what these conditions, parties and devices have is made anew."""
        book, last, names = self._book, layout.tables, self._book.roster.ids
        owners = [(book.conditions[k], buffer) for k in conditions for buffer in (False, True)]
        rows = [self._rows[owner] for owner in owners if owner in self._rows]
        self._eras.put(rows, [self._eras_of(*self._row_owner[row]) for row in rows], len(self._row_owner))
        kind = _longer(last.kind, len(self._row_owner), np.int8)
        kind[rows] = [self._row_kind(self._row_owner[row][0]) for row in rows]
        layout.case_of_row += [book.condition_index[name] for name, _ in self._row_owner[len(layout.case_of_row) :]]
        of = [[row for c in layout.cases_of.get(p, ()) for row in self._rows_of(layout.cases[c])] for p in parties]
        self._per_party.put(list(parties), of, len(book.parties))
        which = sorted({*devices, *range(len(layout.kinds), len(names))})
        records = [book.newest(Device, names[k]) or UNKNOWN_DEVICE for k in which]
        layout.kinds += [DeviceKind.NON_FITTED] * (len(names) - len(layout.kinds))
        for k, device in zip(which, records, strict=True):
            layout.kinds[k] = device.kind
        self._checks.put(which, [self._checks_of(names[k], d) for k, d in zip(which, records, strict=True)], len(names))
        self._paces.put(which, [self._paces_of(names[k]) for k in which], len(names))
        gap, fresh = (_longer(of, len(names), np.int64) for of in (last.gap_us, last.fresh_us))
        gap[which], fresh[which] = [gap_us(d) for d in records], [fresh_us(d) for d in records]
        locates, fixed = _longer(last.locates, len(names), np.int8), _longer(last.fixed_line, len(names), np.bool_)
        locates[which] = [self._locates(layout, device) for device in records]
        fixed[which] = [device.kind is DeviceKind.VOICE_LINE for device in records]
        table = self._shapes.table()
        pairs, pairs_of = self._pairs(layout)
        layout.tables = Tables(
            gap_us=gap,
            fresh_us=fresh,
            pace_first=self._paces.first,
            pace_last=self._paces.last,
            paces=self._paces.rows,
            locates=locates,
            fixed_line=fixed,
            rank=last.rank if len(last.rank) == len(names) else _rank(names),
            check_first=self._checks.first,
            check_last=self._checks.last,
            check_t=self._checks.rows,
            row_first=self._per_party.first,
            row_last=self._per_party.last,
            rows=self._per_party.rows,
            kind=kind,
            era_first=self._eras.first,
            era_last=self._eras.last,
            eras=self._eras.rows,
            shapes=table.shapes,
            vlon=table.lon,
            vlat=table.lat,
            pen_up=table.pen_up,
            pair_first=_firsts(pairs_of),
            pair_last=_lasts(pairs_of),
            pairs_of=_flat(pairs_of),
            pairs=pairs,
        )

    def _pairs(self, layout: Layout) -> tuple[NDArray[Any], list[list[int]]]:
        """The conditions about two parties, and which of them each party is in; nothing where there are none."""
        cases = [case for k in sorted(self._paired) if (case := layout.cases[k]) is not None]
        pairs = np.zeros(len(cases), PAIRED)
        pairs_of: list[list[int]] = [[] for _ in self._book.parties] if cases else []
        for k, case in enumerate(cases):
            plain = case.kind is ConditionKind.ASSOCIATION
            pairs[k] = (case.party, case.other, case.row, case.buffer_row, plain)
            pairs_of[case.party].append(k)
            pairs_of[case.other].append(k)
        return pairs, pairs_of

    def _locates(self, layout: Layout, device: Device) -> int:
        if device.kind not in _LOCATED:
            return 0
        parties = [party for _, _, party in self._book.fittings(device.id)]
        beside = [layout.kinds[other] for party in parties for other in self._book.devices_of(party)]
        cases = [layout.cases[c] for party in parties for c in layout.cases_of.get(party, [])]
        near_unit = DeviceKind.HOME_UNIT in beside or any(case and self._units_of(case) for case in cases)
        return 2 if near_unit else 1

    def _paces_of(self, name: str) -> list[tuple[int, int, int]]:
        """The versions of a device of which one has another `G` or freshness than the one before."""
        found: list[tuple[int, int, int]] = []
        for start, _, device in self._book.eras(Device, name):
            pace = gap_us(device), fresh_us(device)
            if not found or found[-1][1:] != pace:
                found.append((start, *pace))
        return found if len(found) > 1 else []

    def _checks_of(self, name: str, device: Device) -> list[int]:
        """Instants from which a device is believed again: checks, and for a home unit the visits made to its place."""
        found = self._book.checks(name)
        if device.kind is DeviceKind.HOME_UNIT:
            for _, _, party in self._book.fittings(name):
                found = sorted({*found, *self._book.visits(party)})
        return found

    @staticmethod
    def _rows_of(case: Case | None) -> list[int]:
        if case is None or case.other >= 0 or case.row < 0:
            return []
        return [case.row] if case.buffer_row < 0 else [case.row, case.buffer_row]


def near_limit(record: Condition, *, wide: bool) -> tuple[int, float, float]:
    """Threshold, 0 and metres of a condition about two parties, as an era has them; ``wide``: of the pre-alert."""
    if record.kind is ConditionKind.ASSOCIATION:
        return 0, 0.0, MEETING_M
    alert_m = ALERT_M if record.alert_m is None else record.alert_m
    prealert_m = 2.0 * alert_m if record.prealert_m is None else record.prealert_m
    return record.threshold_points, 0.0, prealert_m if wide else alert_m


def gap_us(device: Device) -> int:
    """`G` of a device: 300 s or three intervals (vocabulary.md, gap)."""
    return max(MIN_GAP_US, 3 * device.interval_s * SECOND_US)


def fresh_us(device: Device) -> int:
    """How long after a device's newest item it is taken to be in contact (rules.md 5 and 7)."""
    return max(MIN_GAP_US, 2 * device.upload_s * SECOND_US)


T = TypeVar("T")


def _take_out(of: dict[int, list[int]], key: int, value: int) -> None:
    """Out of a list, and the list where that was all of it."""
    of[key].remove(value)
    if not of[key]:
        del of[key]


def _longer(was: NDArray[Any], length: int, dtype: Any) -> NDArray[Any]:
    """A copy with room for so many, the new ones 0."""
    now = np.zeros(length, dtype)
    now[: len(was)] = was
    return now


def _firsts(rows: list[list[T]]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    lengths = np.array([len(row) for row in rows], np.int64)
    return np.cumsum(lengths) - lengths


def _lasts(rows: list[list[T]]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.cumsum(np.array([len(row) for row in rows], np.int64))


def _flat(rows: list[list[int]]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array([value for row in rows for value in row], np.int64)


def _rank(ids: list[str]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    rank = np.empty(len(ids), np.int64)
    rank[sorted(range(len(ids)), key=ids.__getitem__)] = np.arange(len(ids))
    return rank


def era_value(book: Book, condition_id: str, pick: Callable[[Condition], T]) -> Callable[[int], T]:
    """A condition's value at an instant: of the version that holds, the first before there was one."""
    eras = book.eras(Condition, condition_id)
    if len(eras) == 1:
        only = pick(eras[0][2])
        return lambda _: only
    values = [(start, pick(record)) for start, _, record in eras]
    return lambda at_us: next((v for start, v in reversed(values) if start <= at_us), values[0][1])
