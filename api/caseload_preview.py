"""What a condition, an absence or a suspension covers, as instants, before it is entered and after (failure 18)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final

from alerts.mutes import enforcements, silences
from api.problems import Problem
from domain.caseload_checks import Key, key_of
from domain.facts import Roster
from domain.instants import DAY_US, format_instant
from domain.records import Absence, Condition, Order, Record, Suspension, Version
from geofence.book import Book
from geofence.condition_windows import condition_windows
from geofence.timetable import WindowCache
from geofence.wallclock import TimeZones
from store.caseload_entry import Stood

PREVIEWED: Final = ("condition", "absence", "suspension")
LONGEST_US: Final = 400 * DAY_US
"""The longest range that is looked at."""


def check_range(from_us: int, to_us: int) -> None:
    """422 for a range that is empty or too long."""
    if not 0 < to_us - from_us <= LONGEST_US:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "must be after `from`, by at most 400 days", field="to")


def order_named(record: Record, stood: Mapping[Key, Stood]) -> str | None:
    """The order that a record is about."""
    if isinstance(record, Condition | Suspension):
        return record.order
    condition = stood.get(("condition", record.condition)) if isinstance(record, Absence) else None
    return condition.version.record.order if condition and isinstance(condition.version.record, Condition) else None


def records_of(stood: Mapping[Key, Stood], *also: Record) -> dict[Key, Record]:
    """The standing records, and others in place of those with their ids."""
    found = {key: one.version.record for key, one in stood.items() if not one.version.cancelled}
    return found | {key_of(record): record for record in also}


def preview_body(
    records: Mapping[Key, Record], order: Order, wanted: Iterable[str], zones: TimeZones, from_us: int, to_us: int
) -> dict[str, Any]:
    """`caseload_shapes.Preview` without its warnings: the order's suspensions, and ``wanted`` conditions of it."""
    book = Book(Roster(), WindowCache(zones))
    for record in records.values():
        book.learn(Version(record))
    suspended = silences(book, order.id, from_us, to_us)
    timelines = {one.condition: one.in_order() for one in enforcements(book, order.id, from_us, to_us)}
    return {
        "order": order.id,
        "suspensions": [
            _span(one.from_us, one.to_us) | {"suspended": one.quiet, "by": list(one.by)} for one in suspended
        ],
        "conditions": [
            {
                "condition": name,
                "windows": windows_body(records, order, name, zones, from_us, to_us),
                "timeline": [
                    _span(one.from_us, one.to_us) | {"enforced": not one.quiet, "by": list(one.by)}
                    for one in timelines.get(name, ())
                ],
            }
            for name in sorted(wanted)
        ],
    }


def windows_body(
    records: Mapping[Key, Record], order: Order, name: str, zones: TimeZones, from_us: int, to_us: int
) -> list[dict[str, str]]:
    """The windows of a condition, as `bailiwick windows` prints them."""
    condition = records[("condition", name)]
    assert isinstance(condition, Condition)
    return [_span(start, end) for start, end in condition_windows(condition, order, zones, from_us, to_us)]


def conditions_of(records: Mapping[Key, Record], order: str) -> list[str]:
    """The ids of an order's conditions."""
    return [one.id for one in records.values() if isinstance(one, Condition) and one.order == order]


def _span(from_us: int, to_us: int) -> dict[str, str]:
    return {"from": format_instant(from_us), "to": format_instant(to_us)}
