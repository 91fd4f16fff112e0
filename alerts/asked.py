"""What operators were asked to do about an alert: of which step it is, and whether it is still needed. Pure.

What was asked for by a step that would not be taken now is needed no more: its call was to be made unless somebody claimed the
alert, or answered, and that has happened since.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from alerts.policy import standing
from alerts.protocols import Flag, Protocols
from alerts.state import Answers, Plan
from domain.vocabulary import AlertCondition, AlertWork

_TIME: Final = r"(?P<run>[0-9]+):(?P<place>[0-9]+)(?:\.(?P<period>[0-9]+))?:(?P<times>[0-9]+)"
_OF_TASK: Final = re.compile(_TIME)
_OF_NOTIFICATION: Final = re.compile(rf"(?P<alert>[0-9]+):(?P<key>{_TIME}):.*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Time:
    """One time that a step was taken: ``key`` names it in its alert (`alerts.policy`).

    ``period``: of a step that stops at a claim, the time without a claim in which it was; None of others.
    """

    key: str
    run: int
    place: int
    period: int | None


@dataclass(frozen=True, slots=True)
class Stands:
    """How an alert stands: its work and condition, the time without a claim, its plan, and who answered."""

    work: AlertWork
    condition: AlertCondition
    period: int
    plan: Plan
    answers: Answers


def time_of(key: str) -> Time | None:
    """The time of a step that a task's key, or a notification's idempotency id, is of; None of no step."""
    found = _OF_TASK.fullmatch(key) or _OF_NOTIFICATION.fullmatch(key)
    if found is None:
        return None
    period = found["period"]
    named = found.groupdict().get("key") or key
    return Time(named, int(found["run"]), int(found["place"]), None if period is None else int(period))


def place_of(key: str, plan: Plan) -> int | None:
    """The place in the protocol's steps, from 0; None of no step, and of a run before this one."""
    time = time_of(key)
    return None if time is None or time.run != plan.run else time.place


def not_needed(key: str, stands: Stands, protocols: Protocols) -> tuple[Flag, ...]:
    """Why what was asked under ``key`` need not be done any more: the stops of its step that hold now; mostly none.

    What no step of the present run asked for, and what a step asks whatever happens, is always needed.
    """
    time, plan = time_of(key), stands.plan
    found = protocols.named(plan.protocol, plan.version)
    if time is None or time.run != plan.run or found is None or time.place >= len(found.steps):
        return ()
    holds = standing(stands.work, stands.condition, stands.answers)
    if time.period is not None and time.period != stands.period:
        # It was claimed since, and whoever waits without a claim again is asked for anew.
        holds |= {Flag.CLAIMED}
    return tuple(flag for flag in found.steps[time.place].stop if flag in holds)
