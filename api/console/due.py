"""When a step of a breach case is due, in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from api.console.rendering import LONDON, clock, instant


def due_words(one: Mapping[str, Any]) -> str:
    """Such as "due by Thursday 26 November, 2 working days left"."""
    state, left = one["state"], one["left_working_days"]
    if state == "waiting":
        return "begins when the step before it has a date"
    if state == "in_time":
        return "done in time"
    if state == "passed_over":
        return "passed over: a later step was recorded"
    by = _by(one)
    if state == "late":
        return f"done late: it was due {by}"
    if left is None:
        return f"due {by}" if state == "running" else f"overdue since {by.removeprefix('by ')}"
    if state == "overdue":
        return f"overdue: it was due {by}, {_days(-left)} ago"
    return f"due {by}, {_days(left)} left" if left else f"due {by}: today"


def _by(one: Mapping[str, Any]) -> str:
    if one["due_day"] is None:
        return f"by {clock(one['due'])} on {instant(one['due']).astimezone(LONDON):%A %-d %B}"
    return f"by {date.fromisoformat(one['due_day']):%A %-d %B}"


def _days(number: int) -> str:
    return f"{number} working day{'' if number == 1 else 's'}"
