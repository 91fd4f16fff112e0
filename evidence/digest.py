"""An officer's morning digest: when it is due, whether there is anything to say, and its words. Counts and a link; nobody's name.

Pure: instants are microseconds UTC, days are local ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from domain.breaches import DatedStep
from evidence.breaches import Running, clocks
from evidence.routes import Route, Routes
from evidence.working_days import WorkingDays


@dataclass(frozen=True, slots=True)
class Counts:
    """What waits for an officer.

    Attributes
    ----------
    to_assess, new : violations that nobody has decided on; how many of them were found in the last 24 hours.
    due_today, overdue : steps of cases whose limit ends today, or has ended.
    fallen : violations that a case relies on and that were withdrawn.
    """

    to_assess: int = 0
    new: int = 0
    due_today: int = 0
    overdue: int = 0
    fallen: int = 0

    def __bool__(self) -> bool:
        """Whether there is anything to say."""
        return bool(self.to_assess or self.due_today or self.overdue or self.fallen)

    def as_json(self) -> dict[str, Any]:
        """By name."""
        return asdict(self)


def day_due(routes: Routes, calendars: Iterable[WorkingDays], now_us: int) -> date | None:
    """The local day whose digest is due by now; None before its hour, and on days that are none of the officer's.

    ``calendars`` are those of an officer's areas: a day on which people work in any of them is one.
    """
    for calendar in calendars:
        day = calendar.day_of(now_us)
        begins_us = calendar.start_us(day, routes.digest.of_day_us)
        if now_us >= begins_us and (routes.digest.days == "daily" or calendar.works(day)):
            return day
    return None


def due_and_overdue(route: Route, steps: tuple[DatedStep, ...], calendar: WorkingDays, now_us: int) -> tuple[int, int]:
    """Of one case that is not over: steps whose limit ends today, and those whose limit has ended."""
    today = calendar.end_us(calendar.day_of(now_us))
    found = clocks(route, steps, calendar, now_us)
    due = sum(one.state is Running.RUNNING and one.due_us is not None and one.due_us <= today for one in found)
    return due, sum(one.state is Running.OVERDUE for one in found)


def subject(number: int, day: date) -> str:
    """Of the e-mail."""
    return f"Your caseload on {day:%A} {day.day} {day:%B} (digest {number})"


def text(counts: Counts, link: str) -> str:
    """Of the e-mail."""
    lines = [
        f"Violations to assess: {counts.to_assess}, {counts.new} of them found in the last 24 hours.",
        f"Breach steps due today: {counts.due_today}. Overdue: {counts.overdue}.",
    ]
    if counts.fallen:
        lines.append(
            f"WITHDRAWN: {counts.fallen} violation{'' if counts.fallen == 1 else 's'} that a breach of yours relies on. "
            "Somebody may be in custody for it: look at it first."
        )
    lines += ["", link, "", "This message names nobody. Between digests you are told at once only of what is critical."]
    return "\n".join(lines)
