"""Truth and violations as they are read for the score: a line at a time into columns, never held as objects.

A year of a thousand wearers is millions of lines; a truth line takes some 30 bytes here, a version of a violation as
many, and a violation's name. What is wrong with a file is told with its line and the key.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias, TypeVar

import msgspec
import numpy as np

from domain.errors import BadInput, BailiwickError, Fault
from domain.instants import FAR_US
from domain.vocabulary import Change, Code, Kind
from simulators.truth import TOLD_KINDS
from simulators.truth_lines import LIFE_KIND, RUN_KIND, WhyNot

MOST_BYTES: Final = 16 * 1024 * 1024
"""Of one line: a page of alerts is the longest."""
NONE: Final = -1
"""In columns of names: none."""

RawLine: TypeAlias = bytes | Mapping[str, Any]
T = TypeVar("T", bound=msgspec.Struct)
Instant = Annotated[datetime, msgspec.Meta(tz=True)]
Version = Annotated[int, msgspec.Meta(ge=1, le=(1 << 63) - 1)]

BOM: Final = b"\xef\xbb\xbf"
"""Some programs begin a file of UTF-8 with it; it is no part of the first line."""
TRUTH_KINDS: Final = frozenset({*(kind.value for kind in Kind), LIFE_KIND, RUN_KIND})
CODES: Final = frozenset(code.value for code in Code)
WHYS: Final = frozenset(why.value for why in WhyNot)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_PLACE: Final = re.compile(r" - at `\$\.?(.*)`$")
_NAMED: Final = re.compile(r"field `(\w+)`")


class BadLine(BailiwickError):
    """A line that is not what it should be.

    Attributes
    ----------
    field, cause : the key, and what is wrong with it.
    """

    def __init__(self, field: str, cause: str) -> None:
        super().__init__(f"{field}: {cause}")
        self.field, self.cause = field, cause


class Lines:
    """The lines of NDJSON files as they stand, one file after the other, empty ones and a byte order mark left out.

    ``path`` and ``number`` are of the line that came last.
    """

    def __init__(self, *paths: Path) -> None:
        self._paths = paths
        self.path, self.number = paths[0], 0

    def __iter__(self) -> Iterator[bytes]:
        for path in self._paths:
            self.path = path
            yield from self._of_one()

    def _of_one(self) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            self.number = 0
            while text := file.readline(MOST_BYTES + 1):
                self.number += 1
                if len(text) > MOST_BYTES:
                    raise located(self, BadLine("line", f"longer than {MOST_BYTES} bytes"))
                if self.number == 1:
                    text = text.removeprefix(BOM)
                if text and not text.isspace():
                    yield text


def read_lines(*paths: Path) -> Lines:
    """NDJSON files, to be read while they are scored."""
    return Lines(*paths)


def located(lines: object, bad: BadLine, number: int | None = None) -> BailiwickError:
    """What to raise for a bad line: with file and number (of the line that came last) where they are known."""
    if isinstance(lines, Lines):
        return BadInput([Fault(str(lines.path), lines.number if number is None else number, bad.field, bad.cause)])
    return bad


def typed(lines: Iterable[RawLine], shape: type[T]) -> Iterator[T]:
    """Each line in its shape. Raises `BadInput` naming the first bad line of a file, `BadLine` for objects."""
    decode = msgspec.json.Decoder(shape).decode
    for line in lines:
        try:
            found = decode(line) if isinstance(line, bytes) else msgspec.convert(line, shape)
        except msgspec.ValidationError as error:
            raise located(lines, _bad(str(error))) from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise located(lines, BadLine("line", f"not JSON: {error}")) from None
        except RecursionError:
            raise located(
                lines, BadLine("line", "not JSON that can be read: too many brackets in each other")
            ) from None
        yield found


def _bad(text: str) -> BadLine:
    """The key and the cause in msgspec's words."""
    place, named = _PLACE.search(text), _NAMED.search(text)
    cause = _PLACE.sub("", text)
    if place and place[1]:
        return BadLine(place[1], cause)
    return BadLine("line" if named is None else named[1], cause)


def microseconds(at: datetime) -> int:
    """Since the epoch."""
    return (at - _EPOCH) // _MICROSECOND


class TruthLine(msgspec.Struct, gc=False):
    """A truth line (contract.md); the last seven are of lines of the kind `life` alone."""

    wearer: str | None
    kind: str
    code: str | None
    condition: str | None
    from_: Instant = msgspec.field(name="from")
    to: Instant | None
    shown: bool
    why_not: str | None
    order: str | None = None
    level: str | None = None
    home: str | None = None
    life: str | None = None
    under_18: bool | None = None
    orderly: bool | None = None
    zone_m: float | None = None


class FoundLine(msgspec.Struct, gc=False):
    """What the score reads of a version of a violation (contract.md)."""

    id: str
    version: Version
    change: Change
    wearer: str | None
    kind: str
    code: str | None
    condition: str | None
    from_: Instant = msgspec.field(name="from")
    to: Instant | None
    decided: Instant
    late: bool


class Names:
    """Names as small numbers, in order of their first coming; None is `NONE`."""

    def __init__(self) -> None:
        self.of: list[str] = []
        self._number: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self.of)

    def number(self, name: str | None) -> int:
        if name is None:
            return NONE
        number = self._number.get(name)
        if number is None:
            number = self._number[name] = len(self.of)
            self.of.append(name)
        return number

    def name(self, number: int) -> str | None:
        return None if number == NONE else self.of[number]


class Words:
    """The names that truth and violations share."""

    def __init__(self) -> None:
        self.wearers, self.kinds, self.conditions, self.codes, self.whys = (Names() for _ in range(5))


class Truth:
    """Truth lines as columns of equal length; ``to_us`` `FAR_US` when open; ``why`` `NONE` where it had to be found.

    Attributes
    ----------
    run : from when to when there is truth, microseconds; None: the file does not say.
    lives : the lines of the kind `life`.
    """

    def __init__(self, lines: Iterable[RawLine], words: Words) -> None:
        self.wearer, self.condition = array("i"), array("i")
        self.kind, self.code, self.why = array("h"), array("h"), array("h")
        self.from_us, self.to_us = array("q"), array("q")
        self.run: tuple[int, int] | None = None
        self.lives: list[TruthLine] = []
        for line in typed(lines, TruthLine):
            try:
                self._take(line, words)
            except BadLine as bad:
                raise located(lines, bad) from None

    def __len__(self) -> int:
        return len(self.wearer)

    @property
    def told(self) -> frozenset[int]:
        """Kinds (by number) of which there are lines."""
        return frozenset(self.kind)

    def take_lives(self, lines: Iterable[RawLine]) -> None:
        """Lines of the kind `life`, and no other: they say who lived how, not what happened."""
        for line in typed(lines, TruthLine):
            try:
                if line.kind != LIFE_KIND:
                    raise BadLine(
                        "kind", f"`{line.kind}` among the lives: only lines of the kind `{LIFE_KIND}` stand there"
                    )
                self._take_life(line)
            except BadLine as bad:
                raise located(lines, bad) from None

    def _take_life(self, line: TruthLine) -> None:
        if not line.wearer:
            raise BadLine("wearer", "missing: a life is somebody's")
        span_of(line)
        self.lives.append(line)

    def _take(self, line: TruthLine, words: Words) -> None:
        _one_of("kind", line.kind, TRUTH_KINDS)
        if line.kind == LIFE_KIND:
            self._take_life(line)
            return
        from_us, to_us = span_of(line)
        if line.kind == RUN_KIND:
            self.run = (from_us, to_us)
            return
        for field, word, words_allowed in (("code", line.code, CODES), ("why_not", line.why_not, WHYS)):
            if word is not None:
                _one_of(field, word, words_allowed)
        if line.shown != (line.why_not is None):
            raise BadLine("why_not", "null and `shown` true, or why it could not be shown and `shown` false")
        self.wearer.append(words.wearers.number(line.wearer or ""))
        self.kind.append(words.kinds.number(line.kind))
        self.condition.append(words.conditions.number(line.condition))
        self.code.append(words.codes.number(line.code))
        self.why.append(words.whys.number(line.why_not))
        self.from_us.append(from_us)
        self.to_us.append(to_us)


def _one_of(field: str, word: str, words: frozenset[str]) -> None:
    """Raises `BadLine` with the words that may stand there."""
    if word not in words:
        raise BadLine(field, f"unknown `{word}`; one of {', '.join(sorted(words))}")


def span_of(line: TruthLine | FoundLine) -> tuple[int, int]:
    """From and to, microseconds; `FAR_US` when open. Raises `BadLine` when it ends before it begins."""
    from_us = microseconds(line.from_)
    to_us = FAR_US if line.to is None else microseconds(line.to)
    if to_us < from_us:
        raise BadLine("to", "before `from`")
    return from_us, to_us


class Found:
    """Violations as columns: a row for each name with its newest version, and the intervals of all versions beside them.

    Attributes
    ----------
    names, row_of : the violations' ids, and their rows.
    late : whether any version was; withdrawn: whether the newest is.
    late_us, late_about_us, late_about_end : of the first late version: its decision time, the instant that it is about, microseconds,
        and whether that is its end (else its beginning).
    at_row, at_from_us, at_to_us, at_us : of every version but those that withdraw: its row, interval, and decision time.
    """

    def __init__(self, lines: Iterable[RawLine], words: Words) -> None:
        self.names: list[str] = []
        self.row_of: dict[str, int] = {}
        self.wearer, self.condition, self.version = array("i"), array("i"), array("q")
        self.kind, self.code = array("h"), array("h")
        self.late, self.withdrawn, self.late_about_end = array("b"), array("b"), array("b")
        self.late_us, self.late_about_us = array("q"), array("q")
        self.from_us, self.to_us, self.decided_us = array("q"), array("q"), array("q")
        self.at_row = array("q")
        self.at_from_us, self.at_to_us, self.at_us = array("q"), array("q"), array("q")
        taken = _Taken()
        for line in typed(lines, FoundLine):
            try:
                row = self._take(line, words)
            except BadLine as bad:
                raise located(lines, bad) from None
            taken.note(row, line, lines.number if isinstance(lines, Lines) else 0)
        if (again := taken.twice()) is not None:
            row, version, number = again
            cause = f"{version} of {self.names[row]} was told before, and otherwise: a version is told once"
            raise located(lines, BadLine("version", cause), number)

    def __len__(self) -> int:
        return len(self.names)

    def _take(self, line: FoundLine, words: Words) -> int:
        """The row that it is of."""
        from_us, to_us = span_of(line)
        decided_us = microseconds(line.decided)
        row = self.row_of.get(line.id)
        if row is None:
            row = self._new(line.id, decided_us)
        self.decided_us[row] = min(self.decided_us[row], decided_us)
        if line.late:
            self._late(row, decided_us, from_us, to_us)
        if line.change is not Change.WITHDRAWN:
            self.at_row.append(row)
            self.at_from_us.append(from_us)
            self.at_to_us.append(to_us)
            self.at_us.append(decided_us)
        if line.version <= self.version[row]:
            return row
        self.version[row] = line.version
        self.wearer[row] = words.wearers.number(line.wearer or None)
        self.kind[row] = words.kinds.number(line.kind)
        self.condition[row] = words.conditions.number(line.condition)
        self.code[row] = words.codes.number(line.code)
        self.withdrawn[row] = line.change is Change.WITHDRAWN
        self.from_us[row], self.to_us[row] = from_us, to_us
        return row

    def _late(self, row: int, decided_us: int, from_us: int, to_us: int) -> None:
        about_us, about_end = (from_us, False) if to_us == FAR_US else (to_us, True)
        if not self.late[row] or (decided_us, about_us) < (self.late_us[row], self.late_about_us[row]):
            self.late_us[row], self.late_about_us[row], self.late_about_end[row] = decided_us, about_us, about_end
        self.late[row] = True

    def _new(self, name: str, decided_us: int) -> int:
        row = self.row_of[name] = len(self.names)
        self.names.append(name)
        self.decided_us.append(decided_us)
        for column in (self.wearer, self.condition, self.version, self.kind, self.code):
            column.append(NONE)
        for column in (self.late, self.withdrawn, self.late_about_end, self.late_us, self.late_about_us):
            column.append(0)
        for column in (self.from_us, self.to_us):
            column.append(0)
        return row


class _Taken:
    """Which versions of which violations came, on which lines, and what they said as a number: two that differ are one too many."""

    def __init__(self) -> None:
        self.row, self.number = array("i"), array("i")
        self.version, self.said = array("q"), array("q")

    def note(self, row: int, line: FoundLine, number: int) -> None:
        self.row.append(row)
        self.number.append(number)
        self.version.append(line.version)
        self.said.append(hash(msgspec.structs.astuple(line)))

    def twice(self) -> tuple[int, int, int] | None:
        """(row, version, number of the line) of the first line that says something else of a version that was told before."""
        row, version, said = np.asarray(self.row), np.asarray(self.version), np.asarray(self.said)
        order = np.lexsort((version, row))
        again = (np.diff(row[order]) == 0) & (np.diff(version[order]) == 0) & (np.diff(said[order]) != 0)
        if not again.any():
            return None
        at = int(order[1:][again].min())
        return self.row[at], self.version[at], self.number[at]


def told_kinds(truth: Truth, words: Words) -> frozenset[str]:
    """The kinds that can be scored: what the auditor tells of, and whatever else the file has lines of."""
    return frozenset({*(Kind(kind).value for kind in TOLD_KINDS), *(words.kinds.of[n] for n in truth.told)})
