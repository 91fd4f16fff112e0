"""Readers of single JSON values: each gives a checked value, or raises `Wrong` in words that say what would be right.

A reader is a function of one value; those that need limits are made by a function (``number(0, 7200)``). They know
nothing of records, so that the same words are used wherever the same mistake is made.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Container, Iterable
from datetime import date
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, TypeVar

from domain.errors import BadInstant, FarInstant
from domain.instants import EARLY_US, FAR_US, LAST_OF_RECORDS_US, parse_instant

T = TypeVar("T")
Word = TypeVar("Word", bound=StrEnum)
Reader = Callable[[Any], T]

MAX_TEXT = 4_000
"""Characters of a text."""
MAX_ITEMS = 1_000
"""Items of a list of texts, rows of a timetable, keys of an object."""
SHOWN = 48
"""Characters of a wrong value that a fault repeats."""

_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_DEVICE_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")
_VIOLATION_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}-[1-9][0-9]{0,17}")
_CLOCK = re.compile(r"([01]\d|2[0-4]):([0-5]\d)(?::([0-5]\d))?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_EARLIEST_US = parse_instant("1900-01-01T00:00:00Z")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Wrong(Exception):
    """A value that cannot be taken: ``path`` inside it (such as ``[2].start``), and the cause in plain words."""

    def __init__(self, cause: str, path: str = "") -> None:
        super().__init__(cause)
        self.cause = cause
        self.path = path


def shown(value: Any) -> str:
    """A wrong value as a fault repeats it: JSON, in ASCII, cut short."""
    try:
        text = json.dumps(value)
    except (RecursionError, ValueError):
        return "a value nested too deep to show"
    return text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."


def nearest(word: str, words: Iterable[str]) -> str:
    """``; did you mean ...?`` when one of ``words`` is close to ``word``, else nothing."""
    close = get_close_matches(word, list(words), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def nullable(read: Reader[T]) -> Reader[T | None]:
    """As ``read``, but null is None."""
    return lambda value: None if value is None else read(value)


def list_of(read: Reader[T]) -> Reader[tuple[T, ...]]:
    """A JSON list, each of its items by ``read``."""

    def items(value: Any) -> tuple[T, ...]:
        if not isinstance(value, list):
            raise Wrong(f"is {shown(value)}; must be a list, such as []")
        if len(value) > MAX_ITEMS:
            raise Wrong(f"has {len(value)} items; at most {MAX_ITEMS} are taken")
        return tuple(at(f"[{i}]", read, item) for i, item in enumerate(value))

    return items


def at(path: str, read: Reader[T], value: Any) -> T:
    """``read(value)``, a fault of it told as being at ``path``."""
    try:
        return read(value)
    except Wrong as wrong:
        raise Wrong(wrong.cause, path + wrong.path) from None


def text(value: Any) -> str:
    """A text that a database and a screen can hold."""
    if not isinstance(value, str):
        raise Wrong(f'is {shown(value)}; must be a text in quotes, such as "..."')
    if len(value) > MAX_TEXT:
        raise Wrong(f"has {len(value)} characters; at most {MAX_TEXT} are taken")
    if _UNPRINTABLE.search(value):
        raise Wrong(f"is {shown(value)}; holds a control character or half of a surrogate pair: take it out")
    return value


def said(value: Any) -> str:
    """A text that is not empty."""
    if not text(value).strip():
        raise Wrong("is empty; must say something")
    return str(value)


def flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Wrong(f"is {shown(value)}; must be true or false")
    return value


def number(low: float, high: float, *, above: bool = False) -> Reader[float]:
    """A finite number from ``low`` (``above``: over it) to ``high``."""
    allowed = (
        f"must be a number {'over' if above else 'from'} {low:,.10g} {'and at most' if above else 'to'} {high:,.10g}"
    )

    def read(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise Wrong(f"is {shown(value)}; {allowed}")
        if not low <= value <= high or (above and value == low) or not math.isfinite(value):
            raise Wrong(f"is {shown(value)}; {allowed}")
        return float(value)

    return read


def whole(low: int, high: int) -> Reader[int]:
    """A whole number from ``low`` to ``high``."""
    allowed = f"must be a whole number from {low:,} to {high:,}"

    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise Wrong(f"is {shown(value)}; {allowed}")
        if value != int(value):
            raise Wrong(f"is {shown(value)}; {allowed}")
        return int(value)

    return read


def word_of(words: type[Word]) -> Reader[Word]:
    """One of an enum's words."""

    def read(value: Any) -> Word:
        return words(one_of(tuple(words))(value))

    return read


def one_of(words: tuple[str, ...]) -> Reader[str]:
    """One of some words, as written."""

    def read(value: Any) -> str:
        if isinstance(value, str) and value in words:
            return str(value)
        hint = nearest(value, map(str, words)) if isinstance(value, str) else ""
        raise Wrong(f"is {shown(value)}; must be one of {', '.join(map(str, words))}{hint}")

    return read


def an_id(value: Any) -> str:
    return _matching(_ID, value, "1 to 64 of A-Z a-z 0-9 _ . : -")


def a_device_id(value: Any) -> str:
    return _matching(_DEVICE_ID, value, "1 to 32 of A-Z a-z 0-9 _ - (it is part of the device's topics)")


def a_violation_id(value: Any) -> str:
    return _matching(_VIOLATION_ID, value, "the id of a violation, such as W1-3")


def _matching(pattern: re.Pattern[str], value: Any, right: str) -> str:
    if not isinstance(value, str) or pattern.fullmatch(value) is None:
        raise Wrong(f"is {shown(value)}; must be {right}")
    return value


def instant(value: Any) -> int:
    """Microseconds UTC of an RFC 3339 instant."""
    right = "must be a date and time with its zone, such as 2026-11-01T09:00:00Z"
    if not isinstance(value, str) or not value.isascii():
        raise Wrong(f"is {shown(value)}; {right}")
    try:
        found = parse_instant(value, LAST_OF_RECORDS_US)
    except FarInstant:
        found = EARLY_US
    except BadInstant:
        raise Wrong(f"is {shown(value)}; {right}") from None
    if found < _EARLIEST_US:
        raise Wrong(f"is {shown(value)}; must be in the years 1900 to 9999")
    return found


def told(value: Any) -> int:
    """When a wearer was told, as `instant`; null, not yet, is `FAR_US`."""
    return FAR_US if value is None else instant(value)


def day(value: Any) -> str:
    """A calendar date, as written."""
    if not isinstance(value, str) or not _is_date(value):
        raise Wrong(f"is {shown(value)}; must be a date, such as 1990-05-31")
    return value


def _is_date(written: str) -> bool:
    if _DATE.fullmatch(written) is None:
        return False
    try:
        date.fromisoformat(written)
    except ValueError:  # the 30th of February
        return False
    return True


def clock(*, end: bool) -> Reader[int]:
    """Wall-clock seconds of the day; 24:00 for an end only."""
    right = "must be HH:MM or HH:MM:SS, 00:00 to " + ("24:00" if end else "23:59:59")

    def read(value: Any) -> int:
        match = _CLOCK.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            raise Wrong(f"is {shown(value)}; {right}")
        hour, minute, second = (int(part or 0) for part in match.groups())
        found = hour * 3600 + minute * 60 + second
        if found > 86_400 or (found == 86_400 and not end):
            raise Wrong(f"is {shown(value)}; {right}")
        return found

    return read


def zone_name(timezones: Container[str]) -> Reader[str]:
    """The name of a time zone that there is."""

    def read(value: Any) -> str:
        if not isinstance(value, str):
            raise Wrong(f'is {shown(value)}; must be the name of a time zone, such as "Europe/London"')
        if value not in timezones:
            known = nearest(value, timezones) if isinstance(timezones, Iterable) else ""
            raise Wrong(f"is {shown(value)}, a time zone that does not exist{known or '; such as Europe/London'}")
        return value

    return read


def details(value: Any) -> dict[str, Any]:
    """An object about a person: each value a text, a truth, null, or a list of texts."""
    if not isinstance(value, dict):
        raise Wrong(f'is {shown(value)}; must be an object, such as {{"name": "..."}}')
    if len(value) > MAX_ITEMS:
        raise Wrong(f"has {len(value)} keys; at most {MAX_ITEMS} are taken")
    return {at("", text, key): at(f".{key}", _detail, item) for key, item in value.items()}


def _detail(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    return list(list_of(text)(value)) if isinstance(value, list) else text(value)


def names_of(value: Any) -> tuple[tuple[str, str], ...]:
    """An object of texts, as pairs in the order of their keys."""
    found = details(value)
    for key, item in found.items():
        at(f".{key}", said, item)
    return tuple(sorted(found.items()))
