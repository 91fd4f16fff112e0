"""What time makes of an alert's severity, and when it may be another (docs/alerts.md, Severity). Pure.

Ingest writes a severity when something comes in. Here it is asked again as of an instant: an absence in a curfew rises at
120 minutes, a loss of contact or location at 60 minutes and 4 hours, or by *need*, which is what the wearer's conditions
ask now. Nobody remembers anything between two askings: the same alert at the same instant has the same severity.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from alerts.contingency import LastFix, Requirements
from alerts.severity import (
    CURFEW_RISE_MIN,
    LOSS_SERIOUS_MIN,
    LOSS_WARNING_MIN,
    LOSSES,
    NEEDED_LOSS_RISE_MIN,
    Context,
    severity_of,
    worst,
)
from alerts.state import Alert
from domain.instants import MINUTE_US
from domain.violations import Violation
from domain.vocabulary import Code, Kind, Level, Severity

ASK_AGAIN_US: Final = 5 * MINUTE_US
"""Need is asked again at least so often while a loss is open."""
NEED_US: Final = round(NEEDED_LOSS_RISE_MIN * MINUTE_US)
RISING_CODES: Final = frozenset({Code.AL08, Code.AL10, Code.AL11})

Needed = Callable[[int], bool]
"""Whether the wearer's conditions ask for contact, as of an instant."""


@dataclass(frozen=True, slots=True)
class Rising:
    """A severity, and when it may be another; None: only when something comes in."""

    severity: Severity
    again_us: int | None = None


def never(at_us: int) -> bool:
    """Asks for nothing."""
    return False


def needed_by(requirements: Requirements, wearer: str, last: LastFix | None, *, heard_at_home: bool = False) -> Needed:
    """What `severity_now` asks, of one wearer. ``last`` is the newest used fix of any of their tags.

    ``heard_at_home``: their home unit is in contact and hears the tag: other evidence of presence.
    """

    def needed(at_us: int) -> bool:
        return requirements.asks_contact(wearer, at_us, last, heard_at_home=heard_at_home)

    return needed


def severity_now(alert: Alert, violations: Sequence[Violation], level: Level, needed: Needed, now_us: int) -> Rising:
    """The severity of ``alert`` at ``now_us``, never under what ingest wrote.

    ``violations`` are the current versions of those that the alert rests on. An alert that an incident explains, or that is
    withdrawn, rises no more. What is over has the severity of its last instant.
    """
    if alert.grouped_under is not None or alert.withdrawn:
        return Rising(alert.severity)
    found = [alert.severity]
    again: list[int] = []
    for violation in violations:
        if violation.current:
            severity, next_us = _of(violation, level, needed, now_us)
            found.append(severity)
            again += [] if next_us is None else [next_us]
    severity = worst(found)
    if alert.severity is Severity.CRITICAL:
        return Rising(severity)
    return Rising(severity, min(again, default=None))


def _of(violation: Violation, level: Level, needed: Needed, now_us: int) -> tuple[Severity, int | None]:
    """One violation: its severity, and the next instant at which it may be another."""
    is_open = violation.to_us is None
    if violation.kind in LOSSES:
        at_us = now_us if violation.to_us is None else min(now_us, violation.to_us - 1)
        severity, again_us = _of_loss(violation, level, needed, at_us)
        return severity, again_us if is_open else None
    minutes = (now_us - violation.from_us) / MINUTE_US if is_open else None
    severity = severity_of(violation, level, Context(minutes_open=minutes))
    rises_us = violation.from_us + round(CURFEW_RISE_MIN * MINUTE_US)
    rises = is_open and violation.kind is Kind.CURFEW and violation.code in RISING_CODES and rises_us > now_us
    return severity, rises_us if rises else None


def _of_loss(violation: Violation, level: Level, needed: Needed, at_us: int) -> tuple[Severity, int | None]:
    """A loss as of an instant at which it was open. For `intensive` what counts is how long it was needed."""
    is_needed = needed(at_us)
    open_us = at_us - violation.from_us
    intensive = level is Level.INTENSIVE
    counts = not (is_needed and intensive) or (open_us >= NEED_US and needed(at_us - NEED_US))
    context = Context(minutes_open=open_us / MINUTE_US if counts else 0.0, needed=is_needed)
    severity = severity_of(violation, level, context)
    ages_us = [round(minutes * MINUTE_US) for minutes in (LOSS_WARNING_MIN, LOSS_SERIOUS_MIN)]
    if open_us >= ages_us[-1] and not intensive:
        return severity, None  # it is serious by its age, and can be no more
    marks = [violation.from_us + age_us for age_us in (*ages_us, *([NEED_US] if intensive else []))]
    if is_needed and intensive:
        marks.append(at_us + _until_it_was_needed_long(needed, at_us))
    marks.append(_changes_us(needed, at_us, is_needed))
    return severity, min(mark for mark in marks if mark > at_us)


def _until_it_was_needed_long(needed: Needed, at_us: int) -> int:
    """Microseconds until a need that holds now is `NEED_US` old."""
    if needed(at_us - NEED_US):
        return NEED_US  # it is: nothing to wait for
    return _first_us(needed, at_us - NEED_US, at_us) + NEED_US - at_us


def _changes_us(needed: Needed, at_us: int, now: bool) -> int:
    """When need is another than ``now``, within `ASK_AGAIN_US`; else the end of that."""
    end_us = at_us + ASK_AGAIN_US
    return end_us if needed(end_us) == now else _first_us(lambda us: needed(us) != now, at_us, end_us)


def _first_us(holds: Needed, low_us: int, high_us: int) -> int:
    """The first instant in ``(low_us, high_us]`` at which something holds that does at its end and not at its start."""
    while high_us - low_us > 1:
        middle_us = (low_us + high_us) // 2
        if holds(middle_us):
            high_us = middle_us
        else:
            low_us = middle_us
    return high_us
