"""An officer's morning digest: when it is due, whether there is anything to say, and its words. Counts and a link; nobody's name.

Pure: instants are microseconds UTC, days are local ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, Final, Protocol

from domain.breaches import DatedStep
from domain.vocabulary import Kind
from evidence.breaches import Running, clocks
from evidence.routes import Route, Routes
from evidence.working_days import WorkingDays

QUIET: Final = frozenset({Kind.COMMUNICATION_LOST, Kind.LOCATION_LOST, Kind.ZONE_TRANSIT, Kind.ASSOCIATION})
"""Kinds of which a digest tells only once they are more than information, or a victim or the police were told."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What waits for an officer.

    Attributes
    ----------
    to_assess, new : violations that nobody has decided on; how many of them were found in the last 24 hours.
    due_today, overdue : steps of cases whose limit ends today, or has ended.
    fallen : violations that a case relies on and that were withdrawn.
    alerts : by kind, those of the officer's wearers since the last digest.
    taken_back : alerts of earlier digests that were since withdrawn, or closed as `false`, `equipment` or `duplicate`.
    """

    to_assess: int = 0
    new: int = 0
    due_today: int = 0
    overdue: int = 0
    fallen: int = 0
    alerts: Mapping[str, int] = field(default_factory=dict)
    taken_back: int = 0

    def __bool__(self) -> bool:
        """Whether there is anything to say."""
        waits = self.to_assess or self.due_today or self.overdue or self.fallen
        return bool(waits or self.alerts or self.taken_back)

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


class Says(Protocol):
    """The words of a language, with fields in braces (`alerts.wording.Digest` reads and checks them)."""

    @property
    def days(self) -> Sequence[str]: ...
    @property
    def months(self) -> Sequence[str]: ...
    @property
    def subject(self) -> str: ...
    @property
    def to_assess(self) -> str: ...
    @property
    def steps(self) -> str: ...
    @property
    def fallen_one(self) -> str: ...
    @property
    def fallen(self) -> str: ...
    @property
    def alerts(self) -> str: ...
    @property
    def taken_back(self) -> str: ...
    @property
    def end(self) -> str: ...


def subject(number: int, day: date, says: Says) -> str:
    """Of the e-mail."""
    return says.subject.format(day=f"{says.days[day.weekday()]} {day.day} {says.months[day.month - 1]}", number=number)


def text(counts: Counts, console: str, kinds: Mapping[str, str], says: Says) -> str:
    """Of the e-mail; ``console`` is its address, ``kinds`` the words for kinds of alert."""
    lines = [
        says.to_assess.format(to_assess=counts.to_assess, new=counts.new),
        says.steps.format(due_today=counts.due_today, overdue=counts.overdue),
    ]
    if counts.fallen:
        lines.append((says.fallen_one if counts.fallen == 1 else says.fallen).format(fallen=counts.fallen))
    lines += _of_alerts(counts, kinds, says)
    base = console.rstrip("/")
    return "\n".join([*lines, "", f"{base}/caseload", f"{base}/alerts", "", says.end])


def _of_alerts(counts: Counts, kinds: Mapping[str, str], says: Says) -> list[str]:
    lines = []
    if counts.alerts:
        told = sorted((-count, kinds.get(kind, kind.replace("_", " "))) for kind, count in counts.alerts.items())
        lines.append(says.alerts.format(alerts=sum(counts.alerts.values())))
        lines += [f"- {words}: {-count}" for count, words in told]
    if counts.taken_back:
        lines.append(says.taken_back.format(taken_back=counts.taken_back))
    return lines
