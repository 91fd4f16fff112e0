"""Scenario files: TOML, every setting optional; a fault is one line with file, line, key, what is wrong and what may stand there."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import MISSING, Field, fields
from importlib import resources
from pathlib import Path
from typing import Any, Final, NoReturn

from domain.errors import BadInstant, BailiwickError
from domain.instants import parse_instant
from simulators.networks import CARRIERS
from simulators.scenario import (
    About,
    Accuracy,
    Clocks,
    Counters,
    Feed,
    Hostile,
    Lot,
    Network,
    Outage,
    People,
    PowerCut,
    Scenario,
    Shares,
    Suggested,
    Wire,
)

MOST: Final = 1000
"""Tables of one list."""
SECTIONS: Final[dict[str, type[Any]]] = {
    "about": About,
    "run": Suggested,
    "shares": Shares,
    "people": People,
    "network": Network,
    "accuracy": Accuracy,
    "clocks": Clocks,
    "counters": Counters,
    "hostile": Hostile,
    "wire": Wire,
    "feed": Feed,
}
LISTS: Final[dict[str, tuple[str, type[Any]]]] = {
    "outage": ("outages", Outage),
    "power_cut": ("power_cuts", PowerCut),
    "lot": ("lots", Lot),
}
LIMITS: Final = {
    "reorder_s": (0.0, 3600.0),
    "latency_s": (0.0, 60.0),
    "session_s": (0.0, 604_800.0),
    "typical_m": (1.0, 200.0),
    "best_m": (1.0, 200.0),
    "worst_m": (1.0, 200.0),
    "tick_s": (0.1, 3600.0),
    "rest_s": (0.0, 3600.0),
    "shadow_s": (0.0, 3600.0),
    "from_s": (0.0, 1e8),
    "to_s": (0.0, 1e8),
    "cell": (0.0, 1e9),
    "skew_s": (0.0, 120.0),
    "jump_s": (60.0, 86_400.0),
    "clients": (0.0, 1000.0),
    "per_min": (0.1, 6000.0),
    "every_days": (0.01, 365.0),
    "wearers": (0.0, 1e6),
    "days": (0.0, 3660.0),
}
"""Of the numbers that are not shares."""
WORDS: Final = {"days": ("auto", "yes", "no"), "carrier": ("", *CARRIERS)}
LIBRARY: Final = "library"
FAILURES: Final = 26


class BadScenario(BailiwickError):
    """A scenario file that cannot be taken; the text says where and why."""


def library() -> dict[str, Scenario]:
    """The scenarios that come with Bailiwick, by name."""
    folder = resources.files("simulators").joinpath(LIBRARY)
    named = sorted(one.name.removesuffix(".toml") for one in folder.iterdir() if one.name.endswith(".toml"))
    return {name: _parsed(folder.joinpath(f"{name}.toml").read_text("utf-8"), name) for name in named}


def read_scenario(path: Path) -> Scenario:
    """The scenario of a file, or that of the library which is so called. Raises `BadScenario` with one line."""
    shipped = resources.files("simulators").joinpath(LIBRARY, f"{path}.toml")
    if not path.exists() and path.parent == Path() and shipped.is_file():
        return _parsed(shipped.read_text("utf-8"), str(path))
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        known = "" if path.parent != Path() else f"; the library has {', '.join(library())}"
        raise BadScenario(f"{path}: {error.strerror}{known}") from None
    except UnicodeDecodeError as error:
        raise BadScenario(f"{path}: not UTF-8: {error.reason}") from None
    return _parsed(text, str(path))


def _parsed(text: str, name: str) -> Scenario:
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadScenario(f"{name}: {error}") from None
    return _Reading(name, text.splitlines()).scenario(table)


class _Reading:
    """One file while it is read; ``lines`` are for saying where."""

    def __init__(self, name: str, lines: Sequence[str]) -> None:
        self._name, self._lines = name, lines

    def scenario(self, table: dict[str, Any]) -> Scenario:
        taken: dict[str, Any] = {}
        for section, value in table.items():
            if section in LISTS:
                key, kind = LISTS[section]
                taken[key] = tuple(self._listed(section, kind, value))
            elif section in SECTIONS:
                taken[section] = self._filled(section, SECTIONS[section], value, section, 0)
            else:
                known = ", ".join([*SECTIONS, *(f"[[{name}]]" for name in LISTS)])
                self._wrong(section, None, 0, f"{section}: no such section; known are {known}")
        scenario = Scenario(**taken)
        accuracy = scenario.accuracy
        if not accuracy.best_m <= accuracy.typical_m <= accuracy.worst_m:
            self._wrong("accuracy", None, 0, "accuracy: best_m, typical_m and worst_m must rise in this order")
        return scenario

    def _listed(self, section: str, kind: type[Any], value: Any) -> Iterator[Any]:
        if not isinstance(value, list) or len(value) > MOST:
            self._wrong(section, None, 0, f"{section}: must be a list of at most {MOST} tables, [[{section}]]")
        for number, one in enumerate(value, start=1):
            made = self._filled(section, kind, one, f"{section} {number}", number)
            if getattr(made, "to_s", 1.0) <= getattr(made, "from_s", 0.0):
                self._wrong(section, "to_s", number, f"{section} {number}: to_s: must be after from_s")
            yield made

    def _filled(self, section: str, kind: type[Any], value: Any, where: str, number: int) -> Any:
        if not isinstance(value, dict):
            self._wrong(section, None, number, f"{where}: must be a table")
        known: dict[str, Field[Any]] = {one.name: one for one in fields(kind)}
        for key in value:
            if key not in known:
                self._wrong(section, key, number, f"{where}: {key}: no such setting; known are {', '.join(known)}")
        for key, one in known.items():
            if key not in value and one.default is MISSING and one.default_factory is MISSING:
                self._wrong(section, None, number, f"{where}: {key}: is missing")
        return kind(
            **{key: self._value(section, key, known[key], given, where, number) for key, given in value.items()}
        )

    def _value(self, section: str, key: str, one: Field[Any], given: Any, where: str, number: int) -> Any:
        said = f"{where}: {key}: "
        if one.type == "bool":
            if not isinstance(given, bool):
                self._wrong(section, key, number, said + "must be true or false")
            return given
        if one.type == "str":
            cause = _bad_word(key, given)
            if cause:
                self._wrong(section, key, number, said + cause)
            return given
        if one.type == "tuple[str, ...]":
            allowed = [f"{each:02d}" for each in range(1, FAILURES + 1)]
            if not isinstance(given, list) or not all(each in allowed for each in given):
                self._wrong(section, key, number, said + 'must be a list of failures, such as ["04", "13"]')
            return tuple(given)
        low, high = LIMITS.get(key, (0.0, 1.0))
        if isinstance(given, bool) or not isinstance(given, int | float) or not math.isfinite(given):
            self._wrong(section, key, number, said + f"must be a number, from {low:g} to {high:g}")
        if not low <= given <= high:
            self._wrong(section, key, number, said + f"must be from {low:g} to {high:g}, not {given:g}")
        return float(given)

    def _wrong(self, section: str, key: str | None, number: int, cause: str) -> NoReturn:
        raise BadScenario(f"{self._name}:{self._line(section, key, number)}: {cause}")

    def _line(self, section: str, key: str | None, number: int) -> int:
        """Of a key in the section, or in the so manieth of its tables; of the section where the key is not found as a line."""
        head = re.compile(rf"\s*\[\[?\s*{re.escape(section)}\s*\]\]?|\s*{re.escape(section)}\s*[.=]")
        heads = [n for n, line in enumerate(self._lines, start=1) if head.match(line)]
        if not heads:
            return 1
        first = heads[max(0, min(number, len(heads)) - 1)]
        if key is not None:
            wanted = re.compile(rf"\s*(?:{re.escape(section)}\s*\.\s*)?{re.escape(key)}\s*=")
            for n, line in enumerate(self._lines[first - 1 :], start=first):
                if n > first and line.lstrip().startswith("["):
                    break
                if wanted.match(line):
                    return n
        return first


def _bad_word(key: str, given: Any) -> str | None:
    """What is wrong with a text, None: nothing."""
    if key == "start" and given != "":
        try:
            parse_instant(given)
        except (BadInstant, TypeError, AttributeError):
            return "must be an instant such as 2026-10-24T12:00:00Z"
        return None
    if not isinstance(given, str):
        return "must be a text"
    if key in WORDS and given not in WORDS[key]:
        return f"must be one of {', '.join(word or 'an empty text' for word in WORDS[key])}"
    return None
