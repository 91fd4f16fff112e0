"""How complete a device's fixes are, day by day: what came, and what could be expected. Pure.

A fix is expected every ``interval_s`` while the device is on the wearer and not at rest; the newest that may still be on its way
(``upload_s``) are not. Days are those of the centre's clock: on the nights of a change they have 23 and 25 hours.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from domain.instants import FAR_US, SECOND_US, format_instant
from domain.vocabulary import DeviceKind
from store.reading_health import FittedRow, RestRow, StretchRow

CENTRE_CLOCK: Final = ZoneInfo("Europe/London")
LOCATING: Final = frozenset({DeviceKind.GPS_TAG.value, DeviceKind.ALCOHOL_TAG.value})
"""Kinds of device that send fixes."""
INTERVAL_S: Final = 60
UPLOAD_S: Final = 60

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Day:
    """A day by the centre's clock, ``[from_us, to_us)``; today's ends now."""

    day: date
    from_us: int
    to_us: int


def days_before(now_us: int, number: int) -> list[Day]:
    """So many days, the last of them today."""
    today = datetime.fromtimestamp(now_us / 1e6, UTC).astimezone(CENTRE_CLOCK).date()
    found = [today - timedelta(days=back) for back in range(number - 1, -1, -1)]
    return [Day(one, _midnight(one), min(now_us, _midnight(one + timedelta(days=1)))) for one in found]


def _midnight(one: date) -> int:
    at = datetime.combine(one, time(0), CENTRE_CLOCK).astimezone(UTC)
    return int(at.timestamp()) * SECOND_US


def spans_at_rest(rests: Iterable[RestRow], fitting: str, until_us: int) -> list[Span]:
    """When a device lay still: from a `start` (a second one changes nothing) to the next end, or ``until_us``."""
    found: list[Span] = []
    since: int | None = None
    for one in rests:
        if one.fitting != fitting:
            continue
        if one.starts:
            since = one.t_us if since is None else since
        elif since is not None:
            found.append((since, one.t_us))
            since = None
    return found if since is None else [*found, (since, until_us)]


def expected_fixes(from_us: int, to_us: int, resting: Sequence[Span], interval_s: int) -> int:
    """How many fixes a device makes in ``[from_us, to_us)`` that are not at rest: whole intervals, together."""
    awake = max(0, to_us - from_us)
    awake -= sum(max(0, min(to_us, end) - max(from_us, start)) for start, end in resting)
    return max(0, awake) // (interval_s * SECOND_US)


def health_body(
    wearer: str,
    now_us: int,
    days: Sequence[Day],
    fitted: Sequence[FittedRow],
    came: Sequence[StretchRow],
    rests: Sequence[RestRow],
) -> dict[str, Any]:
    """`shapes.WearerHealth`."""
    counted: dict[str, dict[int, int]] = defaultdict(dict)
    for one in came:
        counted[one.fitting][one.stretch] = one.fixes
    return {
        "wearer": wearer,
        "at": format_instant(now_us),
        "devices": [_device(one, now_us, days, counted[one.fitting], rests) for one in fitted],
    }


def _device(
    row: FittedRow, now_us: int, days: Sequence[Day], came: dict[int, int], rests: Sequence[RestRow]
) -> dict[str, Any]:
    record = row.record
    locates = record.get("kind") in LOCATING
    resting = spans_at_rest(rests, row.fitting, now_us)
    return {
        "fitting": row.fitting,
        "device": row.device,
        "kind": record["kind"],
        "model": record.get("model"),
        "firmware": record.get("firmware"),
        "lot": record.get("lot"),
        "interval_s": record.get("interval_s", INTERVAL_S),
        "from": format_instant(row.from_us),
        "to": None if row.to_us >= FAR_US else format_instant(row.to_us),
        "heard": None if row.heard_us is None else format_instant(row.heard_us),
        "battery": row.battery,
        "battery_at": None if row.battery_us is None else format_instant(row.battery_us),
        "days": [_day(row, one, came.get(n, 0), resting, now_us) for n, one in enumerate(days)] if locates else [],
    }


def _day(row: FittedRow, day: Day, came: int, resting: Sequence[Span], now_us: int) -> dict[str, Any]:
    interval_s, upload_s = row.record.get("interval_s", INTERVAL_S), row.record.get("upload_s", UPLOAD_S)
    until_us = min(day.to_us, row.to_us, now_us - (upload_s + interval_s) * SECOND_US)
    return {
        "day": day.day.isoformat(),
        "from": format_instant(day.from_us),
        "to": format_instant(day.to_us),
        "expected": expected_fixes(max(day.from_us, row.from_us), until_us, resting, interval_s),
        "received": came,
    }
