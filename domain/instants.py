"""Instants: integer microseconds UTC inside, RFC 3339 with ``Z`` outside (rules.md 1)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from domain.errors import BadInstant, FarInstant

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US
FAR_US = 1 << 62
"""Later than every instant: the end of an interval that has none."""
EARLY_US = -(1 << 62)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])([01]\d|2[0-3]):([0-5]\d))",
    re.ASCII,
)
_FIRST_US = (datetime(1000, 1, 1, tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)
LAST_US = (datetime(9999, 1, 1, tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1) - 1
"""The end of the year 9998: from any instant up to it one may go on by days, and the calendar has not ended."""
LAST_OF_RECORDS_US = LAST_US + 365 * DAY_US
"""The end of the year 9999, which people write into a record for what never ends."""


def parse_instant(text: str, last_us: int = LAST_US) -> int:
    """Microseconds since the epoch of an RFC 3339 instant; digits past the microsecond are cut.

    Raises `BadInstant` when the text is not one, `FarInstant` when it is before the year 1000 or after ``last_us``.
    """
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise BadInstant(text)
    year, month, day, hour, minute, second, fraction, sign, off_h, off_m = match.groups()
    try:
        whole = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second), tzinfo=UTC)
    except ValueError:
        raise BadInstant(text) from None
    us = (whole - _EPOCH) // timedelta(microseconds=1) + int((fraction or "0")[:6].ljust(6, "0"))
    if sign:
        offset = (int(off_h) * 60 + int(off_m)) * MINUTE_US
        us -= offset if sign == "+" else -offset
    if not _FIRST_US <= us <= last_us:
        raise FarInstant(text)
    return us


def format_instant(us: int) -> str:
    """RFC 3339 with ``Z``: no fraction if zero, three digits if exact, else six (contract.md)."""
    whole, fraction = divmod(us, SECOND_US)
    text = _second_text(whole)
    if not fraction:
        return text + "Z"
    if fraction % 1000 == 0:
        return f"{text}.{fraction // 1000:03d}Z"
    return f"{text}.{fraction:06d}Z"


def _second_text(whole: int) -> str:
    """A whole second, without the ``Z``. What is printed together is mostly of few days, and each clock has 86,400 seconds."""
    day, second = divmod(whole, 86_400)
    return f"{_day_text(day)}T{_clock_text(second)}"


@lru_cache(maxsize=1_024)
def _day_text(day: int) -> str:
    return (_EPOCH + timedelta(days=day)).date().isoformat()  # strftime would not fill up a year before 1000


@lru_cache(maxsize=86_400)
def _clock_text(second: int) -> str:
    return f"{second // 3_600:02d}:{second % 3_600 // 60:02d}:{second % 60:02d}"
