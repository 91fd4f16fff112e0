"""Scenario files: TOML, every setting optional; each fault is one line with file, line, key, what is wrong and what may stand there."""

from __future__ import annotations

import codecs
import itertools
import math
from collections.abc import Iterator
from dataclasses import MISSING, Field, dataclass, fields
from importlib import resources
from pathlib import Path
from typing import Any, Final

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
from simulators.scenario_places import line_among, statements
from simulators.scenario_toml import Readable, readable
from simulators.telling import first_of

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
    """The scenario of a file, or that of the library which is so called. Raises `BadScenario` with a line for each fault."""
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
    """Raises `BadScenario` with a line for each fault, in the order of the file."""
    found = readable(text)
    reading = _Reading(found)
    scenario = reading.scenario()
    faults = sorted([*found.faults, *reading.faults()], key=lambda fault: fault[0])
    if faults:
        raise BadScenario("\n".join(first_of([f"{name}:{line}: {cause}" for line, cause in faults])))
    assert scenario is not None
    return scenario


@dataclass(frozen=True, slots=True)
class _Wrong:
    """What is wrong with a section, a key in it, or the so manieth of its tables."""

    section: str
    key: str | None
    number: int
    cause: str


class _Reading:
    """One file while it is read: every fault is noted, and what it is in is left out."""

    def __init__(self, read: Readable) -> None:
        self._read = read
        self._noted: list[_Wrong] = []
        self._called = ""

    def faults(self) -> Iterator[tuple[int, str]]:
        """The line and words of each."""
        read = list(statements(self._read.text)) if self._noted else []
        for wrong in self._noted:
            yield line_among(read, wrong.section, wrong.key, wrong.number), wrong.cause

    def scenario(self) -> Scenario | None:
        """None where anything is wrong."""
        taken: dict[str, Any] = {}
        for called, value in self._read.table.items():
            section = self._read.again.get(called, called)
            if section is None:
                continue
            self._called = called
            if section in LISTS:
                key, kind = LISTS[section]
                taken[key] = tuple(self._listed(section, kind, value))
            elif section in SECTIONS:
                taken[section] = self._filled(SECTIONS[section], value, section, 0)
                if section == "accuracy" and taken[section] is not None and not self._in_pieces(section):
                    self._check_accuracy(taken[section], value)
            else:
                known = ", ".join([*SECTIONS, *(f"[[{name}]]" for name in LISTS)])
                self._wrong(None, 0, f"{_shown(section)}: no such section; known are {known}")
        return None if self._noted else Scenario(**taken)

    def _in_pieces(self, section: str) -> bool:
        """Whether something of the section stands elsewhere, or could not be read: what it says together is then not known."""
        return section in self._read.again.values() or bool(self._read.lost)

    def _check_accuracy(self, accuracy: Accuracy, given: dict[str, Any]) -> None:
        values = {name: getattr(accuracy, name) for name in ("best_m", "typical_m", "worst_m")}
        for one, other in itertools.pairwise(values):
            if values[one] <= values[other]:
                continue
            said = ", ".join(f"{value:g}{'' if name in given else ' (the default)'}" for name, value in values.items())
            cause = f"accuracy: best_m, typical_m and worst_m must rise in this order, and are {said}"
            self._wrong(one if one in given else other, 0, cause)
            return

    def _listed(self, section: str, kind: type[Any], value: Any) -> Iterator[Any]:
        if not isinstance(value, list) or len(value) > MOST:
            self._wrong(None, 0, f"{section}: must be a list of at most {MOST} tables, [[{section}]]")
            return
        for number, one in enumerate(value, start=1):
            yield self._filled(kind, one, f"{section} {number}", number)

    def _filled(self, kind: type[Any], value: Any, where: str, number: int) -> Any:
        """The section; None where anything in it is wrong."""
        if not isinstance(value, dict):
            self._wrong(None, number, f"{where}: must be a table")
            return None
        noted = len(self._noted)
        known: dict[str, Field[Any]] = {one.name: one for one in fields(kind)}
        needed = {key for key, one in known.items() if one.default is MISSING and one.default_factory is MISSING}
        for key in known:
            if key in needed - value.keys() - self._read.lost:
                self._wrong(None, number, f"{where}: {key}: is missing")
        taken: dict[str, Any] = {}
        for key, given in value.items():
            if key not in known:
                self._wrong(key, number, f"{where}: {_shown(key)}: no such setting; known are {', '.join(known)}")
                continue
            cause, taken[key] = _value(key, str(known[key].type), given)
            if cause is not None:
                self._wrong(key, number, f"{where}: {key}: {cause}")
        begin, end = taken.get("from_s"), taken.get("to_s")
        if begin is not None and end is not None and end <= begin:
            self._wrong("to_s", number, f"{where}: to_s: must be after from_s")
        return kind(**taken) if len(self._noted) == noted and needed <= taken.keys() else None

    def _wrong(self, key: str | None, number: int, cause: str) -> None:
        self._noted.append(_Wrong(self._called, key, number, cause))


def _value(key: str, kind: str, given: Any) -> tuple[str | None, Any]:
    """What is wrong with a value, None: nothing; and as what it is taken."""
    if kind == "bool":
        return (None if isinstance(given, bool) else "must be true or false"), given
    if kind == "str":
        return _bad_word(key, given), given
    if kind == "tuple[str, ...]":
        allowed = [f"{each:02d}" for each in range(1, FAILURES + 1)]
        if isinstance(given, list) and all(each in allowed for each in given):
            return None, tuple(given)
        return f'must be a list of failures from "{allowed[0]}" to "{allowed[-1]}", such as ["04", "13"]', None
    cause = _bad_number(key, given)
    return cause, (float(given) if cause is None else None)


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
