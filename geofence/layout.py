"""From the caseload to the flat tables of the fold: which rows a party has, and what each is held against."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from domain.instants import SECOND_US
from domain.records import Circle, Condition, Device, Order, Shape
from domain.vocabulary import ConditionKind, DeviceKind
from geofence.book import Book
from geofence.lined import NO_PLACE, place_at_lines, with_lines
from geofence.near_fold import PAIRED
from geofence.shapes import table_of
from geofence.state import CURFEW, CURFEW_WITH_UNIT, ERA, EXCLUSION, KEEP_INSIDE, NEAR
from geofence.tables import Tables

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


class Planner:
    """Gives every condition its rows, once: rows keep their numbers when the caseload changes."""

    def __init__(self, book: Book, owners: list[tuple[str, bool]] | None = None) -> None:
        self._book = book
        self._row_owner = list(owners or [])
        self._rows = {owner: row for row, owner in enumerate(self._row_owner)}
        self._lined: set[str] = set()

    @property
    def owners(self) -> list[tuple[str, bool]]:
        """The condition of each row, and whether the row is its buffer."""
        return self._row_owner

    def layout(self) -> Layout:
        """The tables as the book stands now."""
        book = self._book
        shapes: list[Shape] = []
        shape_row: dict[int, int] = {}
        layout = Layout(tables=Tables(*([np.zeros(0, np.int64)] * len(Tables._fields))))
        layout.cases = [self._case(condition_id) for condition_id in book.conditions]
        eras: list[list[EraRow]] = []
        kind: list[int] = []
        self._lined = with_lines(book)
        for condition_id, buffer in self._row_owner:
            eras.append(self._eras(condition_id, buffer, shapes, shape_row))
            kind.append(self._row_kind(condition_id))
            layout.case_of_row.append(book.condition_index[condition_id])
        for index, case in enumerate(layout.cases):
            if case is not None:
                layout.cases_of.setdefault(case.party, []).append(index)
                for unit in self._units_of(case):
                    layout.units.setdefault(unit, []).append(index)
        for order_id in book.with_allowance:
            order = book.newest(Order, order_id)
            assert order is not None
            layout.atv.setdefault(book.party_index[("wearer", order.wearer)], []).append(order_id)
        alcohol = {case.party for case in layout.cases if case is not None and case.kind is ConditionKind.ALCOHOL}
        layout.named = alcohol | set(layout.atv)
        self._fill(layout, shapes, eras, kind)
        return layout

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

    def _eras(self, condition_id: str, buffer: bool, shapes: list[Shape], shape_row: dict[int, int]) -> list[EraRow]:
        found: list[EraRow] = []
        for start, end, record in self._book.eras(Condition, condition_id):
            if record.kind in PAIR_KINDS:
                found.append((start, -1, *near_limit(record, wide=buffer), *NO_PLACE))
                continue
            if record.place is not None:
                circle = Circle(record.place.lon, record.place.lat, record.place.radius_m)
                shapes.append(circle)
                place = place_at_lines(self._book, record, self._lined)
                found.append((start, len(shapes) - 1, 1, 0.0, record.place.radius_m, *place))
                continue
            for from_us, to_us, shape in self._book.shape_of(record):
                a, b = max(start, from_us), min(end, to_us)
                wanted = not buffer or record.buffer_m > 0
                if a < b and shape is not None and wanted:
                    if id(shape) not in shape_row:
                        shape_row[id(shape)] = len(shapes)
                        shapes.append(shape)  # type: ignore[arg-type]
                    offset = record.buffer_m if buffer else 0.0
                    found.append((a, shape_row[id(shape)], record.threshold_points, offset, 0.0, *NO_PLACE))
        return sorted(found)

    def _fill(self, layout: Layout, shapes: list[Shape], eras: list[list[EraRow]], kind: list[int]) -> None:
        book = self._book
        devices = [book.newest(Device, name) or UNKNOWN_DEVICE for name in book.roster.ids]
        layout.kinds = [device.kind for device in devices]
        flat = np.zeros(sum(map(len, eras)), ERA)
        flat[:] = [era for row in eras for era in row]
        checks = [self._checks(name, device) for name, device in zip(book.roster.ids, devices, strict=True)]
        rows = [[self._rows_of(layout.cases[c]) for c in layout.cases_of.get(p, [])] for p in range(len(book.parties))]
        per_party = [[row for pair in of for row in pair] for of in rows]
        table = table_of(shapes)
        pairs, pairs_of = self._pairs(layout)
        layout.tables = Tables(
            gap_us=np.array([gap_us(device) for device in devices], np.int64),
            fresh_us=np.array([fresh_us(device) for device in devices], np.int64),
            locates=np.array([self._locates(layout, device) for device in devices], np.int8),
            fixed_line=np.array([device.kind is DeviceKind.VOICE_LINE for device in devices], np.bool_),
            rank=_rank(book.roster.ids),
            check_first=_firsts(checks),
            check_last=_lasts(checks),
            check_t=_flat(checks),
            row_first=_firsts(per_party),
            row_last=_lasts(per_party),
            rows=_flat(per_party),
            kind=np.array(kind, np.int8),
            era_first=_firsts(eras),
            era_last=_lasts(eras),
            eras=flat,
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
        cases = [case for case in layout.cases if case is not None and case.other >= 0]
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

    def _checks(self, name: str, device: Device) -> list[int]:
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
