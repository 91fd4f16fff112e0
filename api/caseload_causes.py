"""What is wrong with a record, as a problem says it: the words of a caseload file's faults, without what was sent.

A file's fault repeats the wrong value, for whoever holds the file. A problem goes into logs and screenshots, so it names the
field and what would be right, and neither the value nor anybody's id.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, Final

from api.problems import Problem
from domain.caseload_values import SHOWN
from domain.errors import Fault

_BEFORE_A_VALUE: Final = re.compile(
    r"(?:^|(?<=; ))(?P<verb>is|has the key|holds) (?=[\"\[{]|-?[0-9]|(?:true|false|null|NaN|-?Infinity)\b)"
)
_AN_ID: Final = re.compile(r"(?<!did you mean)(?<!did you mean )\s?'[A-Za-z0-9_.:-]{1,64}'")
_A_POSITION: Final = re.compile(r"\[-?[0-9]+\.[0-9]{6}, -?[0-9]+\.[0-9]{6}\]")
_WORN: Final = re.compile(r"is already on .*")
_JSON: Final = json.JSONDecoder()


def refused(faults: Iterable[Fault], *, lines: bool) -> Problem:
    """422 with every fault by its field, and by the line of its record where there are ``lines``."""
    errors: list[dict[str, Any]] = []
    for fault in faults:
        error: dict[str, Any] = {"field": fault.field, "cause": told(fault.cause)}
        errors.append(error | ({"line": fault.line} if lines else {}))
    what = "nothing was entered: a record cannot be taken" if lines else "the record cannot be taken"
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, what, errors=errors)


def told(cause: str) -> str:
    """A cause without the value that it repeats, ids and positions."""
    if _WORN.search(cause):
        return "is already fitted to somebody then; end that fitting first"
    found = _BEFORE_A_VALUE.search(cause)
    end = None if found is None else _end_of_value(cause, found.end())
    if found is not None and end is not None and (cause[end : end + 1] in ";," or found["verb"] == "has the key"):
        head, rest = cause[: found.start()], cause[end:].lstrip(";, ")
        # What follows a semicolon says what would be right, and stands alone; what follows a comma belongs to the verb.
        verb = "has a wrong key; " if found["verb"] == "has the key" else f"{found['verb']} "
        cause = head + ("" if cause[end : end + 1] == ";" and found["verb"] == "is" else verb) + rest
    cause = _A_POSITION.sub("(a position)", cause)
    return _AN_ID.sub("", cause).strip()


def _end_of_value(cause: str, start: int) -> int | None:
    """Where a value ends that `domain.caseload_values.shown` wrote: JSON, or its beginning with three dots. None: it is none."""
    cut = start + SHOWN
    if cause[cut - 3 : cut] == "...":
        return cut
    try:
        return _JSON.raw_decode(cause, start)[1]
    except ValueError:
        return None
