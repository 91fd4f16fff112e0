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

_BEFORE_A_VALUE: Final = re.compile(r"(?:^|; )(?:is|has the key|holds) (?=[\"\[{\-0-9tfnNI])")
_AN_ID: Final = re.compile(r"(?<!did you mean )\s?'[A-Za-z0-9_.:-]{1,64}'")
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
    if found is not None:
        cause = cause[: found.end()].rstrip() + " what it may not be" + cause[_end_of_value(cause, found.end()) :]
    cause = _A_POSITION.sub("(a position)", cause)
    return _AN_ID.sub("", cause).strip()


def _end_of_value(cause: str, start: int) -> int:
    """Where a value ends that `domain.caseload_values.shown` wrote: JSON, or its beginning with three dots."""
    cut = start + SHOWN
    if cause[cut - 3 : cut] == "...":
        return cut
    try:
        return _JSON.raw_decode(cause, start)[1]
    except ValueError:  # no value, but a word of ours
        return start
