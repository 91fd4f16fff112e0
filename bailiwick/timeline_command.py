"""``bailiwick timeline``: when an order's conditions are enforced, and when they are silent and why, as instants (failure 18)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from alerts.mutes import enforcements, silences
from bailiwick.caseload_input import load_caseload, tell
from bailiwick.timezones import pinned_time_zones
from domain.caseload_values import Wrong, instant, nearest
from domain.errors import BadInput, Fault
from domain.facts import Roster
from domain.instants import DAY_US, format_instant
from domain.records import Order, Version
from geofence.book import Book
from geofence.timetable import WindowCache

BAD_INPUT = 2
"""Exit code of bad usage or input."""
WEEK_US = 7 * DAY_US
LONGEST_US = 366 * DAY_US


def timeline_command(caseload: Path, order: str, start: str, end: str | None) -> int:
    """Print one line a stretch of ``[start, end)``, a week without an end; give the exit code."""
    try:
        from_us = _instant("--from", start)
        to_us = from_us + WEEK_US if end is None else _instant("--to", end)
        if not from_us < to_us <= from_us + LONGEST_US:
            raise _usage("--to", f"is {end}; must be after --from ({start}), by a year at most")
        versions, _ = load_caseload(caseload)
        book = _book(versions, order)
    except BadInput as bad:
        tell(bad.faults)
        return BAD_INPUT
    for line in _lines(book, order, from_us, to_us):
        print(json.dumps(line, separators=(",", ":")))
    return 0


def _lines(book: Book, order: str, from_us: int, to_us: int) -> Iterator[dict[str, Any]]:
    for one in silences(book, order, from_us, to_us):
        yield _line(order, None, one.from_us, one.to_us, one.by)
    for condition in enforcements(book, order, from_us, to_us):
        for one in condition.in_order():
            yield _line(order, condition.condition, one.from_us, one.to_us, one.by)


def _line(order: str, condition: str | None, from_us: int, to_us: int, by: tuple[str, ...]) -> dict[str, Any]:
    instants = {"from": format_instant(from_us), "to": format_instant(to_us)}
    return {"order": order, "condition": condition} | instants | {"enforced": not by, "by": list(by)}


def _book(versions: list[Version], order: str) -> Book:
    orders = [version.record.id for version in versions if isinstance(version.record, Order)]
    if order not in orders:
        raise _usage("--order", f"there is no order {order!r} in the caseload{nearest(order, orders)}")
    book = Book(Roster(), WindowCache(pinned_time_zones()))
    for version in versions:
        book.learn(version)
    return book


def _instant(option: str, text: str) -> int:
    try:
        return instant(text)
    except Wrong as wrong:
        raise _usage(option, wrong.cause) from None


def _usage(option: str, cause: str) -> BadInput:
    return BadInput([Fault("bailiwick timeline", 0, option, cause)])
