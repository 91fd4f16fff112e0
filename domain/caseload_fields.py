"""The keys of one JSON object: taken one by one, every fault kept, what is left over refused."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Any, TypeVar, cast

from domain.caseload_values import (
    DAYS,
    MAX_ITEMS,
    Reader,
    Wrong,
    at,
    clock,
    list_of,
    nearest,
    nullable,
    one_of,
    shown,
    zone_name,
)
from domain.instants import format_instant
from domain.records import Timetable, TimetableRow

T = TypeVar("T")

DEFAULT_TIMEZONE = "Europe/London"


class Fields:
    """The keys of a record, taken one by one.

    A fault does not stop the reading, so that a person sees all of a line's at once: what `take` and `need` give
    after one is a stand-in, and ``faults`` says that the record must not be kept.
    """

    def __init__(self, record: dict[str, Any], timezones: Container[str]) -> None:
        self._record = record
        self._asked: list[str] = []
        self._timezones = timezones
        self.faults: list[tuple[str, str]] = []

    def __contains__(self, key: str) -> bool:
        return key in self._record

    def take(self, key: str, read: Reader[T], default: T) -> T:
        """The value of a key that may be left out."""
        self._asked.append(key)
        return self._read(key, read) if key in self._record else default

    def need(self, key: str, read: Reader[T], why: str = "") -> T:
        """The value of a key that must be there."""
        self._asked.append(key)
        if key in self._record:
            return self._read(key, read)
        self.fault(key, "is missing" + (f": {why}" if why else ""))
        return cast(T, None)

    def _read(self, key: str, read: Reader[T]) -> T:
        try:
            return read(self._record[key])
        except Wrong as wrong:
            self.fault(key + wrong.path, wrong.cause)
            return cast(T, None)

    def fault(self, key: str, cause: str) -> None:
        self.faults.append((key, cause))

    def after(self, start_us: int | None, end_us: int | None) -> None:
        """``to`` must lie after ``from``, where both are given."""
        if start_us is not None and end_us is not None and end_us <= start_us:
            same = "the same instant as" if start_us == end_us else "before"
            self.fault(
                "to", f"is {format_instant(end_us)}, {same} `from` ({format_instant(start_us)}); must be after it"
            )

    def timezone(self) -> str:
        return self.take("timezone", zone_name(self._timezones), DEFAULT_TIMEZONE)

    def timetable(self, key: str, timezone: str, *, needed: str = "") -> Timetable | None:
        """The rows under ``key``; null is None, and so is a key left out, unless ``needed`` says why it must be there."""
        read = nullable(_rows)
        rows = self.need(key, read, needed) if needed else self.take(key, read, None)
        return None if rows is None else Timetable(timezone, rows)

    def finish(self, others: Iterable[str] = ()) -> None:
        """Refuse the keys that nobody took. ``others``: keys that go with another kind of the same record."""
        for key in sorted(set(self._record).difference(self._asked)):
            if key in others:
                kind = shown(self._record.get("kind"))
                self.fault(key, f"does not go with kind {kind}: take it out, or correct the kind")
            else:
                self.fault(_name(key), f"is not a key of this record{nearest(key, self._asked)}")


def _name(key: str) -> str:
    """A key that nobody knows, as a fault's field: printable, on one line."""
    return key if key.isprintable() and key.isascii() and 0 < len(key) <= 64 else shown(key)


def _rows(value: Any) -> tuple[TimetableRow, ...]:
    rows = list_of(_row)(value)
    if not rows:
        raise Wrong("is empty, and so would never hold; write its rows, or null for always")
    return rows


def _row(value: Any) -> TimetableRow:
    if not isinstance(value, dict):
        raise Wrong(f'is {shown(value)}; must be a row, such as {{"day":"mon","start":"19:00","end":"07:00"}}')
    for key in value:
        if key not in _ROW_KEYS:
            raise Wrong(f"has the key {shown(key)}; a row has day, start and end")
    for key in _ROW_KEYS:
        if key not in value:
            raise Wrong(f"has no {key}; a row has day, start and end")
    day = at(".day", _day, value["day"])
    return TimetableRow(DAYS.index(day), at(".start", _start, value["start"]), at(".end", _end, value["end"]))


_ROW_KEYS = ("day", "start", "end")
_day = one_of(DAYS)
_start = clock(end=False)
_end = clock(end=True)
assert MAX_ITEMS >= 7 * 24, "a timetable may have a row an hour"
