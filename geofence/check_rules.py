"""Presence checks (rules.md 6): two that failed, ten minutes apart or more, are `check_missed`; one alone is nothing."""

from __future__ import annotations

from collections.abc import Sequence

from domain.instants import MINUTE_US
from domain.said import CheckResult, check_said
from domain.vocabulary import Cause, EventCode, Kind, Reason
from geofence.drafts import Draft
from geofence.equipment_rules import Event
from geofence.intervals import Span, holding

APART_US = 10 * MINUTE_US
"""How far apart two failed checks are at least that are a miss."""


def judge_checks(events: Sequence[Event], enforced: Sequence[Span] | None) -> list[Draft]:
    """The misses among a wearer's checks, in order of facts, without party, order and condition.

    ``enforced`` is when checks are asked for, None always: one that fails at another time counts for nothing. One that
    is verified ends what had begun; so does a miss.
    """
    found: list[Draft] = []
    first: Event | None = None
    for event in events:
        said = check_said(event.said) if event.code == EventCode.PRESENCE_CHECK else None
        if said is None or (enforced is not None and holding(enforced, event.at_us) is None):
            continue
        if said[0] is CheckResult.VERIFIED:
            first = None
        elif first is None:
            first = event
        elif event.at_us - first.at_us >= APART_US:
            found.append(_missed(first, event))
            first = None
    return found


def _missed(first: Event, second: Event) -> Draft:
    draft = Draft(Kind.CHECK_MISSED, -1, first.at_us, second.at_us, [first.proof, second.proof], cause=Cause.UNKNOWN)
    draft.opened = draft.closed = Reason.EVENT
    return draft
