"""Lines of a caseload file to JSON objects, and what can be wrong with a line before it is a record."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from domain.caseload_values import Wrong, shown

MAX_LINE_BYTES = 4 * 1024 * 1024
"""A zone of the most vertices, written with every digit, is about a tenth of this."""
_BOM = "\ufeff"


def object_of(line: str | bytes, *, first: bool) -> dict[str, Any] | None:
    """The JSON object on a line; None for a blank one, which says nothing.

    A line may end in CR LF, and the ``first`` may begin with a byte order mark. Raises `Wrong`, its path the field to
    name, for anything else that is not one JSON object with each key once and finite numbers.
    """
    if len(line) > MAX_LINE_BYTES:
        raise Wrong(f"has {len(line):,} bytes; at most {MAX_LINE_BYTES:,} are taken", "line")
    written = line if isinstance(line, str) else _decoded(line)
    if first:
        written = written.removeprefix(_BOM)
    if not written.strip():
        return None
    if written.startswith(_BOM):
        raise Wrong("begins with a byte order mark, as if two files had been put together; take it out", "line")
    try:
        found = json.loads(written, object_pairs_hook=_each_key_once, parse_constant=_not_a_number)
    except json.JSONDecodeError as error:
        raise Wrong(f"is not JSON: {error.msg} at column {error.colno}", "line") from None
    except RecursionError:
        raise Wrong("is nested too deep to be a record", "line") from None
    except ValueError:  # digits past the interpreter's limit
        raise Wrong("holds a number with too many digits", "line") from None
    if not isinstance(found, dict):
        raise Wrong(f'is {shown(found)}; each line is one object, such as {{"type":"wearer","id":"W1"}}', "line")
    return found


def key_told_twice(line: bytes) -> str | None:
    """A key that the object on a line has twice, None where each is there once; objects inside it are not asked.

    The line has been read as JSON before. Raises ``RecursionError`` for one that is nested too deep.
    """
    outermost: list[tuple[str, Any]] = []

    def remember(pairs: list[tuple[str, Any]]) -> None:
        outermost[:] = pairs  # the outermost is finished last

    json.loads(line, object_pairs_hook=remember, parse_int=str, parse_float=str)
    return _told_twice(outermost)


def _told_twice(pairs: list[tuple[str, Any]]) -> str | None:
    keys = [key for key, _ in pairs]
    return next((key for key in keys if keys.count(key) > 1), None)


def _decoded(line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        byte = line[error.start]
        told = f"is not UTF-8: byte 0x{byte:02x} at column {error.start + 1}"
        raise Wrong(f"{told}; save the file as UTF-8", "line") from None


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Wrong(f"has the key {shown(_told_twice(pairs))} twice in one object; which of the two is meant?", "line")
    return found


def _not_a_number(word: str) -> NoReturn:
    raise Wrong(f"holds {word}, which is no JSON number; write the number, or null", "line")
