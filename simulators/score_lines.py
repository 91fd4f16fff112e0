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

from domain.errors import BadInput, BailiwickError, Fault
from domain.instants import FAR_US
from domain.vocabulary import Change, Kind
from simulators.truth import TOLD_KINDS
from simulators.truth_lines import LIFE_KIND, RUN_KIND

MOST_BYTES: Final = 16 * 1024 * 1024
"""Of one line: a page of alerts is the longest."""
NONE: Final = -1
"""In columns of names: none."""

RawLine: TypeAlias = bytes | Mapping[str, Any]
T = TypeVar("T", bound=msgspec.Struct)
Instant = Annotated[datetime, msgspec.Meta(tz=True)]

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
    """The lines of NDJSON files as they stand, one file after the other, empty ones left out.

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
                if not text.isspace():
                    yield text


def read_lines(*paths: Path) -> Lines:
    """NDJSON files, to be read while they are scored."""
    return Lines(*paths)


def located(lines: object, bad: BadLine) -> BailiwickError:
    """What to raise for a bad line: with file and number where they are known."""
    if isinstance(lines, Lines):
        return BadInput([Fault(str(lines.path), lines.number, bad.field, bad.cause)])
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
    version: int
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

    def _take(self, line: TruthLine, words: Words) -> None:
        from_us, to_us = span_of(line)
        if line.kind == RUN_KIND:
            self.run = (from_us, to_us)
            return
        if line.kind == LIFE_KIND:
            self.lives.append(line)
            return
        if line.shown != (line.why_not is None):
            raise BadLine("why_not", "null and `shown` true, or why it could not be shown and `shown` false")
        self.wearer.append(words.wearers.number(line.wearer or ""))
        self.kind.append(words.kinds.number(line.kind))
        self.condition.append(words.conditions.number(line.condition))
        self.code.append(words.codes.number(line.code))
        self.why.append(words.whys.number(line.why_not))
        self.from_us.append(from_us)
        self.to_us.append(to_us)


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
    at_row, at_from_us, at_to_us, at_us : of every version but those that withdraw: its row, interval, and decision time.
    """

    def __init__(self, lines: Iterable[RawLine], words: Words) -> None:
        self.names: list[str] = []
        self.row_of: dict[str, int] = {}
        self.wearer, self.condition, self.version = array("i"), array("i"), array("q")
        self.kind, self.code = array("h"), array("h")
        self.late, self.withdrawn = array("b"), array("b")
        self.from_us, self.to_us, self.decided_us = array("q"), array("q"), array("q")
        self.at_row = array("q")
        self.at_from_us, self.at_to_us, self.at_us = array("q"), array("q"), array("q")
        for line in typed(lines, FoundLine):
            try:
                self._take(line, words)
            except BadLine as bad:
                raise located(lines, bad) from None

    def __len__(self) -> int:
        return len(self.names)

    def _take(self, line: FoundLine, words: Words) -> None:
        from_us, to_us = span_of(line)
        decided_us = microseconds(line.decided)
        row = self.row_of.get(line.id)
        if row is None:
            row = self._new(line.id, decided_us)
        self.decided_us[row] = min(self.decided_us[row], decided_us)
        self.late[row] |= line.late
        if line.change is not Change.WITHDRAWN:
            self.at_row.append(row)
            self.at_from_us.append(from_us)
            self.at_to_us.append(to_us)
            self.at_us.append(decided_us)
        if line.version <= self.version[row]:
            return
        self.version[row] = line.version
        self.wearer[row] = words.wearers.number(line.wearer or None)
        self.kind[row] = words.kinds.number(line.kind)
        self.condition[row] = words.conditions.number(line.condition)
        self.code[row] = words.codes.number(line.code)
        self.withdrawn[row] = line.change is Change.WITHDRAWN
        self.from_us[row], self.to_us[row] = from_us, to_us

    def _new(self, name: str, decided_us: int) -> int:
        row = self.row_of[name] = len(self.names)
        self.names.append(name)
        self.decided_us.append(decided_us)
        for column in (self.wearer, self.condition, self.version, self.kind, self.code):
            column.append(NONE)
        for column in (self.late, self.withdrawn, self.from_us, self.to_us):
            column.append(0)
        return row


def told_kinds(truth: Truth, words: Words) -> frozenset[str]:
    """The kinds that can be scored: what the auditor tells of, and whatever else the file has lines of."""
    return frozenset({*(Kind(kind).value for kind in TOLD_KINDS), *(words.kinds.of[n] for n in truth.told)})
