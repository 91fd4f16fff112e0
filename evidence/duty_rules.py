"""By when protected people must be told: clocks with dates, read from a file (docs/victim-contact.md). Pure.

None of it is law: whoever runs the service writes down what their services have agreed, and from when it holds.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

from domain.errors import BadInput, BadInstant, Fault
from domain.instants import EARLY_US, parse_instant
from domain.vocabulary import DutyEvent

WORDS: Final = ("vulnerable", "marac", "under_18")
"""What of a protected person's record may make the time shorter."""
FORESEEN: Final = (DutyEvent.ENDED, DutyEvent.RESUMED, DutyEvent.RELEASED)
"""Events that are known before they happen."""
MOST_DAYS: Final = 60
MOST_TRIES: Final = 10
KEYS: Final = ("from", "working_days", "sooner_working_days", "sooner_for", "tries", "ahead_days")


@dataclass(frozen=True, slots=True)
class Clock:
    """What holds from an instant on.

    Attributes
    ----------
    working_days, sooner_working_days : from when we learnt it until they must have been told; the second for those of whom one of
        ``sooner_for`` is true.
    tries : so many without an answer, and it may be written down that somebody could not be reached.
    ahead_days : how long before what is foreseen its clock starts, by event; 0 where none is named.
    """

    from_us: int
    working_days: int
    sooner_working_days: int
    sooner_for: frozenset[str] = frozenset({"vulnerable"})
    tries: int = 2
    ahead_days: Mapping[DutyEvent, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DutyRules:
    """The clocks, in order; at least one."""

    clocks: tuple[Clock, ...]

    @property
    def begins_us(self) -> int:
        """What was learnt before this is told by nobody here."""
        return self.clocks[0].from_us

    def at(self, at_us: int) -> Clock:
        """What holds at an instant; before the first, the first."""
        return next((one for one in reversed(self.clocks) if one.from_us <= at_us), self.clocks[0])


def read_duty_rules(text: str, file: str) -> DutyRules:
    """The clocks of a TOML file. Raises `BadInput` with a line for everything that is wrong: file, key, what may stand there."""
    try:
        body = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadInput([Fault(file, 0, "TOML", str(error))]) from None
    raws = body.get("clock")
    if not isinstance(raws, list) or not raws or not all(isinstance(raw, dict) for raw in raws):
        raise BadInput([Fault(file, 0, "clock", "there is none; at least one table stands under [[clock]]")])
    found = [Fault(file, 0, key, "is not known; the file has clock alone") for key in body if key != "clock"]
    for place, raw in enumerate(raws, 1):
        found += [Fault(file, 0, f"clock {place}, {key}", cause) for key, cause in _wrong(raw)]
    if found:
        raise BadInput(found)
    clocks = tuple(_clock(raw) for raw in raws)
    for place, (before, after) in enumerate(pairwise(clocks), 2):
        if after.from_us <= before.from_us:
            raise BadInput([Fault(file, 0, f"clock {place}, from", "is not after that of the clock before it")])
    return DutyRules(clocks)


def _wrong(raw: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key in raw:
        if key not in KEYS:
            yield key, f"is not known; a clock has {', '.join(KEYS)}"
    for key in ("from", "working_days", "sooner_working_days"):
        if key not in raw:
            yield key, "is missing"
    if "from" in raw and _instant(raw["from"]) is None:
        yield "from", f'is {raw["from"]!r}; must be an instant such as "2026-01-01T00:00:00Z"'
    for key, least, most in (
        ("working_days", 1, MOST_DAYS),
        ("sooner_working_days", 1, MOST_DAYS),
        ("tries", 1, MOST_TRIES),
    ):
        if key in raw and not _whole(raw[key], least, most):
            yield key, f"is {raw[key]!r}; must be a whole number from {least} to {most}"
    words = raw.get("sooner_for", [])
    if not isinstance(words, list) or not set(map(str, words)) <= set(WORDS):
        yield "sooner_for", f"is {words!r}; must be a list of {', '.join(WORDS)}"
    yield from _wrong_ahead(raw.get("ahead_days", {}))


def _wrong_ahead(raw: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(raw, dict):
        yield "ahead_days", "must be a table of events and days, such as {ended = 7}"
        return
    for event, days in raw.items():
        if event not in FORESEEN:
            yield f"ahead_days.{event}", f"is not known; must be one of {', '.join(FORESEEN)}"
        elif not _whole(days, 0, MOST_DAYS):
            yield f"ahead_days.{event}", f"is {days!r}; must be a whole number from 0 to {MOST_DAYS}"


def _clock(raw: Mapping[str, Any]) -> Clock:
    ahead = {DutyEvent(event): days for event, days in raw.get("ahead_days", {}).items()}
    from_us = _instant(raw["from"])
    return Clock(
        EARLY_US if from_us is None else from_us,
        raw["working_days"],
        raw["sooner_working_days"],
        frozenset(raw.get("sooner_for", ["vulnerable"])),
        raw.get("tries", 2),
        ahead,
    )


def _instant(value: Any) -> int | None:
    try:
        return parse_instant(value) if isinstance(value, str) else None
    except BadInstant:
        return None


def _whole(value: Any, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
