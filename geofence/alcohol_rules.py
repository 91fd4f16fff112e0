"""Alcohol (rules.md 6): a run of readings over the limit is `alcohol_suspected`, which a person confirms or does not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from domain.said import reading_said
from domain.vocabulary import Cause, EventCode, EventState, Kind, Reason
from geofence.drafts import Draft, Proof
from geofence.emissions import SURE, News, What
from geofence.equipment_rules import Event
from geofence.intervals import Span, common
from geofence.zone_rules import ZoneCase, judge_zone

THRESHOLD_POINTS = 1
"""A run is whole with one reading more, as a zone's is by default: one alone may be a wet wipe."""
OBSTRUCTIONS = (EventCode.SHIELDING, EventCode.CASE_TAMPER)
"""What an alcohol tag says when something is between its sensor and the skin."""


@dataclass(frozen=True, slots=True)
class AlcoholCase:
    """One alcohol condition to be judged.

    Attributes
    ----------
    held, enforced : when the condition is enforced but for absences, and with them taken away.
    limit_at : nano-permille at an instant, None where there is no limit.
    gap_us : `G` of a device, between the readings of a run.
    proof : the fact of an emission.
    """

    held: Sequence[Span]
    enforced: Sequence[Span]
    limit_at: Callable[[int], int | None]
    gap_us: Callable[[int, int], int]
    proof: Callable[[News], Proof]
    now_us: int


def judge_readings(case: AlcoholCase, told: Sequence[Event]) -> list[Draft]:
    """The suspicions: readings over the limit are to it what inside fixes are to an exclusion zone."""
    zone = ZoneCase(
        kind=Kind.ALCOHOL_SUSPECTED,
        edge=False,
        lowest_is_weakest=True,
        held=case.held,
        enforced=case.enforced,
        threshold_at=lambda _: THRESHOLD_POINTS,
        gap_us=case.gap_us,
        proof=case.proof,
        now_us=case.now_us,
    )
    drafts = judge_zone(zone, _as_news(case, told))
    for draft in drafts:
        draft.p = None
        draft.opened = Reason.EVENT if draft.opened is Reason.FIXES else draft.opened
        draft.closed = Reason.EVENT if draft.closed is Reason.FIXES else draft.closed
    return drafts


def _as_news(case: AlcoholCase, told: Sequence[Event]) -> list[News]:
    found: list[News] = []
    for event in told:
        value = reading_said(event.said) if event.code == EventCode.ALCOHOL_READING else None
        limit = case.limit_at(event.at_us)
        if value is not None and limit is not None:
            proof = event.proof
            what = What.WRONG if value > limit else What.RIGHT
            fact = (event.at_us, proof.received, proof.device, proof.gen, proof.seq)
            found.append(News(0, what, SURE, *fact, 0.0, 0, 0, -1, 0, 0, 0.0, 0.0, 0.0, 0.0))
    return found


def confirmed(suspected: Draft) -> Draft:
    """The violation that a person made of a suspicion."""
    return replace(suspected, kind=Kind.ALCOHOL, opened=Reason.ASSESSMENT, proofs=list(suspected.proofs))


def judge_obstructions(device: int, events: Sequence[Event], enforced: Sequence[Span], now_us: int) -> list[Draft]:
    """`alcohol_tamper` of an alcohol tag that says so while it is worn and the condition enforced: a monitoring gap."""
    found: list[Draft] = []
    for span in enforced:
        open_: dict[int, Draft] = {}
        for event in events:
            if event.code not in OBSTRUCTIONS or not span[0] <= event.at_us < span[1]:
                continue
            if event.state == EventState.END:
                if event.code in open_:
                    ended = open_.pop(event.code)
                    ended.to_us = event.at_us
                    ended.proofs.append(event.proof)
            elif event.code not in open_:
                draft = Draft(Kind.ALCOHOL_TAMPER, -1, event.at_us, None, [event.proof], cause=Cause.UNKNOWN)
                draft.device, draft.opened, draft.closed = device, Reason.EVENT, Reason.EVENT
                found.append(draft)
                if event.state == EventState.PULSE:
                    draft.to_us = event.at_us
                else:
                    open_[event.code] = draft
        if span[1] <= now_us:
            for draft in open_.values():
                draft.to_us, draft.closed = span[1], Reason.CLOCK
    return found


def worn_and_enforced(worn: Sequence[Span], enforced: Sequence[Span]) -> list[Span]:
    """Each fitting by itself, where the condition is enforced: what a device did ends with its fitting."""
    return [piece for fitting in sorted(worn) for piece in common([fitting], enforced)]
