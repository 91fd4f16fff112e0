"""Rows of the reading statements as `store.reading_types` and `domain` types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from domain.commits import DeadLetter
from domain.incidents import Release
from domain.networks import Network
from domain.violations import FactId, Violation
from domain.vocabulary import (
    AlertCondition,
    AlertWork,
    Cause,
    Change,
    Code,
    DeadLetterReason,
    Kind,
    Outcome,
    Quality,
    Reason,
    Severity,
    Source,
)
from store.reading_types import AlertRow, DeadLetterRow, IncidentDeviceRow, PositionRow

_SOURCES = {source.value: source.name.lower() for source in Source}
_QUALITIES = {quality.value: quality.name.lower() for quality in Quality}


def alert_row(row: Sequence[Any]) -> AlertRow:
    """A row of `alerts_by_number` or `alerts_page`."""
    (no, episode, wearer, victim, device, kind, code, condition, severity, state, *rest) = row
    (raised_us, changed_us, withdrawn, grouped_under, work, revision, holder, *rest) = rest
    (claim_ends_us, unclaimed_us, outcome, closed_us, closed_by, about, violations, happened_us, late) = rest
    return AlertRow(
        no=no,
        episode=episode,
        wearer=wearer,
        victim=victim,
        device=device,
        kind=kind,
        code=code,
        condition=condition,
        severity=Severity(severity),
        state=AlertCondition(state),
        # An alert without its row of work cannot be; if one is, it must be seen.
        work=AlertWork.RAISED if work is None else AlertWork(work),
        raised_us=raised_us,
        changed_us=changed_us,
        withdrawn=withdrawn,
        violations=tuple(violations),
        grouped_under=grouped_under,
        revision=revision or 1,
        holder=holder,
        claim_ends_us=claim_ends_us,
        unclaimed_us=raised_us if unclaimed_us is None else unclaimed_us,
        outcome=None if outcome is None else Outcome(outcome),
        closed_us=closed_us,
        closed_by=closed_by,
        about=about,
        happened_us=happened_us,
        late=bool(late),
    )


def incident_device_row(row: Sequence[Any]) -> IncidentDeviceRow:
    """A row of `devices_of_incident`."""
    (device, wearer, victim, *network, why, since_us, violation_id) = row
    released = None if why is None else Release(why)
    return IncidentDeviceRow(device, wearer, victim, Network(*network), released, since_us, violation_id)


def position_row(row: Sequence[Any]) -> PositionRow:
    """A row of `positions` or `trail`."""
    (wearer, device, t_us, received_us, lat, lon, acc, src, quality, gen, seq, spd, hdg) = row
    words = (_SOURCES[src], _QUALITIES[quality])
    return PositionRow(wearer, device, t_us, received_us, lat, lon, acc, *words, gen, seq, spd, hdg)


def violation(row: Sequence[Any]) -> Violation:
    """A row of the violations' statements, without its number."""
    (violation_id, version, change, reason, wearer, victim, kind, code, order, condition, device, *rest) = row
    (from_us, to_us, decided_us, late, age_s, cause, minutes_certain, minutes_possible, *rest) = rest
    (p_inside, score, retrospective, untold, evidence) = rest
    return Violation(
        id=violation_id,
        version=version,
        change=Change(change),
        reason=Reason(reason),
        wearer=wearer,
        victim=victim,
        kind=Kind(kind),
        code=Code(code) if code else None,
        order=order,
        condition=condition,
        device=device,
        from_us=from_us,
        to_us=to_us,
        decided_us=decided_us,
        late=late,
        age_s=age_s,
        cause=Cause(cause),
        minutes_certain=minutes_certain,
        minutes_possible=minutes_possible,
        p_inside=p_inside,
        score=score,
        retrospective=retrospective,
        untold=untold,
        evidence=tuple(FactId(fact["device"], fact["gen"], fact["seq"]) for fact in evidence),
    )


def dead_letter_row(row: Sequence[Any]) -> DeadLetterRow:
    """A row of `dead_letters_page`."""
    (no, received_us, topic, payload, reason, *rest) = row
    return DeadLetterRow(no, received_us, topic, bytes(payload), DeadLetterReason(reason), *rest)


def replayed_letter(row: Sequence[Any]) -> tuple[int, DeadLetter]:
    """A row of `replayable`."""
    (no, topic, payload, received_us, reason, *rest) = row
    return no, DeadLetter(topic, bytes(payload), received_us, DeadLetterReason(reason), *rest)
