"""Scenario files: TOML, every setting optional; a fault is one line with file, line, key, what is wrong and what may stand there."""

from __future__ import annotations

import codecs
import itertools
import math
import re
import tomllib
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields
from importlib import resources
from pathlib import Path
from typing import Any, Final, NoReturn

from domain.errors import BadInstant, BailiwickError, FarInstant
from domain.instants import parse_instant
from simulators.networks import CARRIERS
from simulators.scenario import (
    BROKER,
    SERVER,
    About,
    Accuracy,
    CentreOutage,
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
from simulators.scenario_places import line_of, line_of_fault

MOST: Final = 1000
"""Tables of one list."""
MOST_BYTES: Final = 1_000_000
"""Of a file."""
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
    "centre_outage": ("centre_outages", CentreOutage),
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
    "skew_s": (0.0, 5.0),
    "jump_s": (60.0, 86_400.0),
    "clients": (0.0, 1000.0),
    "per_min": (0.1, 6000.0),
    "every_days": (0.01, 365.0),
    "wearers": (0.0, 1e6),
    "days": (0.0, 3660.0),
}
"""Of the numbers that are not shares. ``skew_s``: what happened is told by true time, and a score allows five seconds."""
INSTEAD: Final = {"skew_s": "for clocks that are farther off there are `jumped` and `jump_s`"}
"""What to do where a number is more than may be."""
WORDS: Final = {"days": ("auto", "yes", "no"), "carrier": ("", *CARRIERS), "part": (BROKER, SERVER)}
WHOLE: Final = frozenset({"cell", "clients", "wearers"})
"""Numbers of things: there are no halves of them."""
LIBRARY: Final = "library"
FAILURES: Final = 26
START_FIRST: Final = "2020-01-02T00:00:00Z"
START_LAST: Final = "2100-01-01T00:00:00Z"
"""When a run may begin: what devices tell of earlier instants, the wire does not take."""
LONGEST_SHOWN: Final = 40
"""Characters of a file's own words in a message."""
SHOWN_BELOW: Final = 1e300
"""Numbers from here on are not repeated in a message."""


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
    try:
        if not path.exists() and path.parent == Path() and shipped.is_file():
            return _parsed(shipped.read_text("utf-8"), str(path))
        with path.open("rb") as file:
            written = file.read(MOST_BYTES + 1)
    except OSError as error:
        known = "" if path.parent != Path() else f"; the library has {', '.join(library())}"
        raise BadScenario(f"{path}: {error.strerror}{known}") from None
    return _parsed(_text(written, str(path)), str(path))


def read_scenario_over_mqtt(path: Path) -> Scenario:
    """The scenario for devices that speak to a centre that is really there. Raises `BadScenario` too for what only a feed can have."""
    try:
        return read_scenario(path).over_mqtt()
    except ValueError as error:
        raise BadScenario(f"{path}: {error}") from None


def may_begin(start_us: int) -> bool:
    """Whether devices of a run that begins then can tell of anything."""
    return parse_instant(START_FIRST) <= start_us <= parse_instant(START_LAST)


def _text(written: bytes, name: str) -> str:
    if len(written) > MOST_BYTES:
        raise BadScenario(f"{name}: must be of at most {MOST_BYTES} bytes")
    if written.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise BadScenario(f"{name}:1: must be UTF-8, and is UTF-16")
    try:
        return written.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = written.count(b"\n", 0, error.start) + 1
        raise BadScenario(f"{name}:{line}: must be UTF-8: {error.reason}, byte 0x{written[error.start]:02x}") from None


def _parsed(text: str, name: str) -> Scenario:
    try:
        table = tomllib.loads(text)
    except RecursionError as error:
        raise BadScenario(f"{name}:{line_of_fault(text, error)}: not TOML: nested too deeply") from None
    except ValueError as error:
        raise BadScenario(f"{name}:{line_of_fault(text, error)}: not TOML: {_in_words(error)}") from None
    return _Reading(name, text).scenario(table)


def _in_words(error: ValueError) -> str:
    """What is wrong with the TOML, its line left out: that stands before it."""
    if not isinstance(error, tomllib.TOMLDecodeError):
        return "a number has too many digits"
    said = re.sub(r" \(at (?:line \d+, (column \d+)|end of document)\)$", r" (\1)", str(error)).removesuffix(" ()")
    if said.startswith(("Unterminated string", "Illegal character '\\n'", "Found invalid character '\\n'")):
        return "a text that begins here has no end"
    if said.startswith("Cannot overwrite a value"):
        return f"a key stands here a second time ({said})"
    return re.sub(r"\(((?:'[^']*'(?:, )?)+),?\)", lambda key: f"[{key[1].replace(', ', '.')}]".replace("'", ""), said)


class _Reading:
    """One file while it is read; ``text`` is for saying where."""

    def __init__(self, name: str, text: str) -> None:
        self._name, self._text = name, text

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
                self._wrong(section, None, 0, f"{_shown(section)}: no such section; known are {known}")
        scenario = Scenario(**taken)
        self._check_accuracy(scenario.accuracy, table.get("accuracy", {}))
        return scenario

    def _check_accuracy(self, accuracy: Accuracy, given: dict[str, Any]) -> None:
        values = {name: getattr(accuracy, name) for name in ("best_m", "typical_m", "worst_m")}
        for one, other in itertools.pairwise(values):
            if values[one] <= values[other]:
                continue
            said = ", ".join(f"{value:g}{'' if name in given else ' (the default)'}" for name, value in values.items())
            cause = f"accuracy: best_m, typical_m and worst_m must rise in this order, and are {said}"
            self._wrong("accuracy", one if one in given else other, 0, cause)

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
                self._wrong(
                    section, key, number, f"{where}: {_shown(key)}: no such setting; known are {', '.join(known)}"
                )
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
                cause = f'must be a list of failures from "{allowed[0]}" to "{allowed[-1]}", such as ["04", "13"]'
                self._wrong(section, key, number, said + cause)
            return tuple(given)
        cause = _bad_number(key, given)
        if cause:
            self._wrong(section, key, number, said + cause)
        return float(given)

    def _wrong(self, section: str, key: str | None, number: int, cause: str) -> NoReturn:
        raise BadScenario(f"{self._name}:{line_of(self._text, section, key, number)}: {cause}")


def _shown(word: str) -> str:
    """A word of the file as one short piece of a line."""
    shown = word if word.isprintable() and word else ascii(word)
    return shown if len(shown) <= LONGEST_SHOWN else f"{shown[:LONGEST_SHOWN]}..."


def _bad_number(key: str, given: Any) -> str | None:
    """What is wrong with a number, None: nothing."""
    low, high = LIMITS.get(key, (0.0, 1.0))
    kind = "a whole number" if key in WHOLE else "a number"
    endless = isinstance(given, float) and not math.isfinite(given)
    if isinstance(given, bool) or not isinstance(given, int | float) or endless:
        return f"must be {kind}, from {low:g} to {high:g}"
    if not low <= given <= high:
        shown = f", not {given:g}" if abs(given) < SHOWN_BELOW else ""
        instead = f"; {INSTEAD[key]}" if key in INSTEAD and given > high else ""
        return f"must be from {low:g} to {high:g}{shown}{instead}"
    if key in WHOLE and given != int(given):
        return f"must be {kind}, from {low:g} to {high:g}, not {given:g}"
    return None


def _bad_word(key: str, given: Any) -> str | None:
    """What is wrong with a text, None: nothing."""
    if key == "start":
        return _bad_start(given)
    if not isinstance(given, str):
        return f"must be a text{f', one of {_words(key)}' if key in WORDS else ''}"
    if key in WORDS and given not in WORDS[key]:
        return f"must be one of {_words(key)}"
    if key == "lot" and not given.strip():
        return "must be the name of a lot, and is empty"
    return None


def _words(key: str) -> str:
    return ", ".join(word or "an empty text" for word in WORDS[key])


def _bad_start(given: Any) -> str | None:
    limits = f"from {START_FIRST} to {START_LAST}"
    beyond = f"must be {limits}: no device can tell of other times"
    if given == "":
        return None
    try:
        return None if may_begin(parse_instant(given)) else beyond
    except FarInstant:
        return beyond
    except (BadInstant, TypeError):
        return f'must be an instant such as "2026-10-24T12:00:00Z", in quotes, {limits}'
