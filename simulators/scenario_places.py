"""Where in a TOML file something stands: the parser itself says where each statement ends, so texts, quoted keys and lists mislead nobody."""

from __future__ import annotations

import itertools
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

MAY_END: Final = re.compile(r"""(?:[\]}]|"{3}|'{3})\s*(?:#.*)?$""")
"""The end of the last line of a statement that has several."""
MOST_ENDS: Final = 200
"""Of one statement: so often it is looked whether it is whole."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A header, or a key and its value: ``first`` is its line, from 1; ``table`` what it says by itself, None when it has no end."""

    first: int
    lines: list[str]
    table: dict[str, Any] | None

    @property
    def is_header(self) -> bool:
        return self.lines[0].lstrip().startswith("[")


def line_of(text: str, section: str, key: str | None = None, number: int = 0) -> int:
    """The line, from 1, of a key in a section, or in the so manieth (from 1) of its tables; of the section where it has no such key.

    ``text`` is a TOML file that was read without an error. 1 where there is no such section.
    """
    return line_among(statements(text), section, key, number)


def line_among(read: Iterable[Statement], section: str, key: str | None = None, number: int = 0) -> int:
    """`line_of` in a file's statements, for who asks often."""
    found, nth, path = 0, 0, list[str]()
    for one in read:
        table = one.table or {}
        if one.is_header:
            path, is_listed = path_of(table)
            nth += is_listed and path == [section]
            here = path[:1] == [section] and number in (0, nth)
            if here and path[1:2] == [key]:
                return one.first
        else:
            for name in reversed(path):
                table = {name: table}
            value = table.get(section)
            here = section in table and (number in (0, nth) or not path)
            if here and isinstance(value, list) and number:
                return _element_line(one, section, number)
            if here and isinstance(value, dict) and key in value:
                return one.first
        if here and not found:
            found = one.first
    return found or 1


def line_of_fault(text: str, error: Exception) -> int:
    """The line, from 1, at which a file could not be read: as the error says, else of the statement that has no end, else of the last."""
    said = re.search(r"\(at line (\d+), column \d+\)$", str(error))
    if said is not None:
        return int(said[1])
    last = 1
    for one in statements(text):
        last = one.first
    return last


def statements(text: str) -> Iterator[Statement]:
    """A file's statements, in order; one that cannot be read is the last."""
    lines = text.replace("\r\n", "\n").split("\n")
    at = 0
    while at < len(lines):
        if not lines[at].strip() or lines[at].lstrip().startswith("#"):
            at += 1
            continue
        table, end = _read_from(lines, at)
        yield Statement(at + 1, lines[at:end], table)
        if table is None:
            return
        at = end


def _read_from(lines: list[str], at: int) -> tuple[dict[str, Any] | None, int]:
    """What the statement that begins there says, and the line after it: it ends where the parser takes it for whole."""
    later = (end for end in range(at + 2, len(lines) + 1) if MAY_END.search(lines[end - 1]))
    for end in itertools.chain([at + 1], itertools.islice(later, MOST_ENDS)):
        try:
            return tomllib.loads("\n".join(lines[at:end])), end
        except tomllib.TOMLDecodeError:
            continue
        except (RecursionError, ValueError):
            break
    return None, len(lines)


def path_of(table: dict[str, Any]) -> tuple[list[str], bool]:
    """The names in a header, and whether it is one of a list's."""
    path: list[str] = []
    value: Any = table
    while isinstance(value, dict) and value:
        name, value = next(iter(value.items()))
        path.append(name)
    return path, isinstance(value, list)


def _element_line(one: Statement, section: str, number: int) -> int:
    """Where the so manieth element of a list begins that is written as one value."""
    seen, chunk, begins = 0, list[str](), one.first
    for n, line in enumerate(one.lines, start=one.first):
        begins = begins if chunk else n
        chunk.append(line)
        head = "" if begins == one.first else f'"{section}" = ['
        body = "\n".join(chunk) if begins == one.first else "\n".join(chunk).lstrip().removeprefix(",")
        tail = "" if n == one.first + len(one.lines) - 1 else "]"
        try:
            seen += len(tomllib.loads(f"{head}{body}\n{tail}")[section])
        except tomllib.TOMLDecodeError:
            continue
        if seen >= number:
            return begins
        chunk.clear()
    return one.first
