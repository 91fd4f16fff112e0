"""Truth and violations as they are read for the score: a line at a time into columns, never held as objects.

A year of a thousand wearers is millions of lines; a truth line takes some 34 bytes here, a version of a violation as
many, and a violation's name. What is wrong with a file is told with its line and the key.
"""

from __future__ import annotations

import json
import re
import sys
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Final, TypeAlias, TypeVar

import msgspec
import numpy as np

from domain.errors import BadInput, BailiwickError, Fault
from domain.instants import DAY_US, FAR_US, format_instant
from domain.vocabulary import Change, Code, Kind
from simulators.files_asked import is_standard
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
KINDS: Final = frozenset(kind.value for kind in Kind)
TRUTH_KINDS: Final = frozenset({*KINDS, LIFE_KIND, RUN_KIND})
CODES: Final = frozenset(code.value for code in Code)
WHYS: Final = frozenset(why.value for why in WhyNot)

AROUND_US: Final = DAY_US
"""What happened so long before and after the run may be told in its truth; what is farther away is of another."""

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

    ``path`` and ``number`` are of the line that came last; the path `-` is standard input. ``held``: what is in the one file, where it was read.
    """

    def __init__(self, *paths: Path, held: bytes | None = None) -> None:
        self._paths, self._held = paths, held
        self.path, self.number = paths[0], 0

    def __iter__(self) -> Iterator[bytes]:
        for path in self._paths:
            self.path = path
            yield from self._of_one()

    def _of_one(self) -> Iterator[bytes]:
        with opened(self.path) if self._held is None else BytesIO(self._held) as file:
            self.number = 0
            while text := file.readline(MOST_BYTES + 1):
                self.number += 1
                if len(text) > MOST_BYTES:
                    raise located(self, BadLine("line", f"longer than {MOST_BYTES} bytes"))
                if self.number == 1:
                    text = text.removeprefix(BOM)
                if text and not text.isspace():
                    yield text


def opened(path: Path) -> AbstractContextManager[BinaryIO]:
    """A file to be read; standard input for `-`."""
    return nullcontext(sys.stdin.buffer) if is_standard(path) else path.open("rb")


def read_lines(*paths: Path) -> Lines:
    """NDJSON files, to be read while they are scored."""
    return Lines(*paths)


def located(lines: object, bad: BadLine, number: int | None = None) -> BailiwickError:
    """What to raise for a bad line: with file and number (of the line that came last) where they are known."""
    if isinstance(lines, Lines):
        return BadInput([Fault(str(lines.path), lines.number if number is None else number, bad.field, bad.cause)])
    return bad


def typed(lines: Iterable[RawLine], shape: type[T], look: Callable[[bytes], None] | None = None) -> Iterator[T]:
    """Each line in its shape. Raises `BadInput` naming the first bad line of a file, `BadLine` for objects.

    ``look`` is shown each line of a file that is JSON, and may raise `BadLine`.
    """
    decode = msgspec.json.Decoder(shape).decode
    for line in lines:
        try:
            found = decode(line) if isinstance(line, bytes) else msgspec.convert(line, shape)
            if look is not None and isinstance(line, bytes):
                look(line)
        except msgspec.ValidationError as error:
            raise located(lines, _bad(str(error))) from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise located(lines, BadLine("line", f"not JSON: {error}")) from None
        except RecursionError:
            raise located(
                lines, BadLine("line", "not JSON that can be read: too many brackets in each other")
            ) from None
        except BadLine as bad:
            raise located(lines, bad) from None
        yield found


def each_key_once(shape: type[msgspec.Struct]) -> Callable[[bytes], None]:
    """What looks whether a line has a key twice, of which decoding takes the last without a word. It raises `BadLine`.

    To look at every key costs more than all else, and lines of a file are alike: only a line with other numbers of keys and of
    objects than any before is looked at.
    """
    fewest = len(shape.__struct_fields__) - len(shape.__struct_defaults__)
    seen: set[tuple[int, int]] = set()

    def look(line: bytes) -> None:
        keys = line.count(b'":')
        like = keys, line.count(b"{")
        if keys < fewest or like not in seen:
            json.loads(line, object_pairs_hook=_each_once, parse_int=str, parse_float=str)
            seen.add(like)

    return look


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise BadLine(next(name for name in names if names.count(name) > 1), "stands twice in one line: which is it?")
    return found


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
    victim: str | None = None


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
        self.number = array("i")
        self.run: tuple[int, int] | None = None
        self.lives: list[TruthLine] = []
        number = 0
        for line in typed(lines, TruthLine, each_key_once(TruthLine)):
            number = lines.number if isinstance(lines, Lines) else number + 1
            try:
                self._take(line, words, number)
            except BadLine as bad:
                raise located(lines, bad) from None
        self._check(lines)

    def __len__(self) -> int:
        return len(self.wearer)

    @property
    def told(self) -> frozenset[int]:
        """Kinds (by number) of which there are lines."""
        return frozenset(self.kind)

    def take_lives(self, lines: Iterable[RawLine]) -> None:
        """Lines of the kind `life`, and no other: they say who lived how, not what happened."""
        for line in typed(lines, TruthLine, each_key_once(TruthLine)):
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

    def _check(self, lines: object) -> None:
        """Raises for what a line by itself does not show: that it was there before, or is of another run."""
        if again := repeated((self.wearer, self.kind, self.condition, self.code, self.why, self.from_us, self.to_us)):
            first, row = again
            cause = f"says the same as line {self.number[first]}: what happened once is told once"
            raise located(lines, BadLine("line", cause), self.number[row])
        if self.run is None or not len(self):
            return
        from_us, to_us = np.asarray(self.from_us), np.asarray(self.to_us)
        apart = (from_us > self.run[1] + AROUND_US) | (to_us < self.run[0] - AROUND_US)
        if apart.any():
            row = int(apart.argmax())
            early = self.to_us[row] < self.run[0]
            cause = f"over a day {'before' if early else 'after'} the run, which is from {' to '.join(map(_told_at, self.run))}"
            raise located(lines, BadLine("to" if early else "from", cause), self.number[row])

    def _take(self, line: TruthLine, words: Words, number: int) -> None:
        _one_of("kind", line.kind, TRUTH_KINDS)
        if line.kind == LIFE_KIND:
            self._take_life(line)
            return
        from_us, to_us = span_of(line)
        if line.kind == RUN_KIND:
            if self.run is not None:
                raise BadLine("kind", "a second `run`: a file is the truth of one run")
            self.run = (from_us, to_us)
            return
        if not line.wearer:
            raise BadLine("wearer", f"missing: what a line of the kind `{line.kind}` tells happened to somebody")
        for field, word, words_allowed in (("code", line.code, CODES), ("why_not", line.why_not, WHYS)):
            if word is not None:
                _one_of(field, word, words_allowed)
        if line.shown != (line.why_not is None):
            raise BadLine("why_not", "null and `shown` true, or why it could not be shown and `shown` false")
        self.number.append(number)
        self.wearer.append(words.wearers.number(line.wearer))
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


def _told_at(at_us: int) -> str:
    return "open" if at_us == FAR_US else format_instant(at_us)


def repeated(columns: Sequence[array[int]]) -> tuple[int, int] | None:
    """Of rows that are equal in every column, the first that repeats another: that other, and itself."""
    arrays = [np.asarray(column) for column in columns]
    order = np.lexsort(arrays)
    same = np.ones(max(0, len(order) - 1), bool)
    for one in arrays:
        same &= np.diff(one[order]) == 0
    if not same.any():
        return None
    rows, before = order[1:][same], order[:-1][same]
    at = int(rows.argmin())
    return int(before[at]), int(rows[at])


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
        for line in typed(lines, FoundLine, each_key_once(FoundLine)):
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
        _one_of("kind", line.kind, KINDS)
        if not line.wearer and not line.victim:
            raise BadLine("wearer", "missing, and `victim` is too: a violation is somebody's")
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
