"""A TOML file read in spite of its faults: each is told with its line, and what else it says is there to be looked at too.

The parser stops at the first fault. So that fault is taken out of the text, its line staying empty, and the text is read again; a table
that is there a second time goes on under a name of its own.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from typing import Any, Final

from simulators.scenario_places import Statement, line_of_fault, path_of, statements

MOST_FAULTS: Final = 20
"""Of what is no TOML: behind the last nothing is looked at any more."""
HEADER: Final = re.compile(r"\s*\[\[?\s*[A-Za-z_][\w.-]*\s*\]\]?\s*(?:#.*)?")
"""A whole line with which a table surely begins: with it one goes on behind a text or list that has no end."""
KEY: Final = re.compile(r"""\s*["']?([\w-]+)""")
ENDLESS: Final = re.compile(r"Unterminated string|Unclosed array|\(at end of document\)$")


@dataclass(slots=True)
class Readable:
    """What could be read of a file.

    Attributes
    ----------
    text : the file without what is no TOML, line for line.
    table : what that says.
    faults : the line and the words of each fault that was taken out.
    again : under which name a table goes on that is there a second time, and its own; None where even its name could not be read.
    lost : keys that are there, and whose values could not be read.
    """

    text: str
    table: dict[str, Any] = field(default_factory=dict)
    faults: list[tuple[int, str]] = field(default_factory=list)
    again: dict[str, str | None] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)


def readable(text: str) -> Readable:
    """All that can be read of a text, and what cannot."""
    found = Readable(text)
    for _ in range(MOST_FAULTS):
        try:
            found.table = tomllib.loads(found.text)
        except RecursionError as error:
            line, words = line_of_fault(found.text, error), "nested too deeply"
        except ValueError as error:
            line, words = line_of_fault(found.text, error), _in_words(error)
        else:
            break
        found.faults.append((line, f"not TOML: {words}"))
        if not _take_out(found, line):
            break
    return found


def _take_out(found: Readable, line: int) -> bool:
    """Takes the statement at a line out of the text; False where there is none to take."""
    lines = found.text.replace("\r\n", "\n").split("\n")
    bad = next((one for one in statements(found.text) if one.first <= line < one.first + len(one.lines)), None)
    if bad is None:
        return False
    size = len(bad.lines) if bad.table is not None else _extent(lines, bad.first, line)
    first = bad.first - 1
    lines[first : first + size] = [""] * size
    if bad.is_header:
        name = f"line {bad.first}"
        found.again[name] = _section(bad)
        opening, closing = ("[[", "]]") if bad.lines[0].lstrip().startswith("[[") else ("[", "]")
        lines[first] = f'{opening}"{name}"{closing}'
    elif (key := KEY.match(bad.lines[0])) is not None:
        found.lost.add(key[1])
    found.text = "\n".join(lines)
    return True


def _section(header: Statement) -> str | None:
    """The section that a header is of; None where it cannot be read, or is of a table within one."""
    path, _ = path_of(header.table or {})
    return path[0] if len(path) == 1 else None


def _extent(lines: list[str], first: int, line: int) -> int:
    """How many lines a statement has that cannot be read and begins at ``first``: to ``line``, or to the next table where it has no end."""
    rest = lines[first - 1 :]
    try:
        tomllib.loads(rest[0] + "\n")
    except RecursionError:
        return 1
    except ValueError as error:
        if not ENDLESS.search(str(error)):
            return 1
    least = max(1, line - first + 1)
    return next((n for n, one in enumerate(rest[least:], start=least) if HEADER.fullmatch(one)), len(rest))


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
