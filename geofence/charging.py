"""`not_charged` (rules.md 7): a device that is charged by its wearer, and has not been for too long."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from domain.instants import FAR_US, HOUR_US
from domain.vocabulary import Cause, EventCode, EventState, Kind, Reason
from geofence.drafts import Draft, Proof
from geofence.equipment_rules import Event

LASTS_US = 36 * HOUR_US
"""How long a whole charging lasts, and how long a device may go from its fitting."""
WHOLE_US = HOUR_US
"""A charging without a break as long as this is whole."""


class Charging(NamedTuple):
    """[from, to) of one charging without a break; ``to`` is the fitting's end while nothing has ended it."""

    from_us: int
    to_us: int
    begun: Proof
    ended: Proof | None


def judge_charging(
    device: int, events: Sequence[Event], fittings: Sequence[tuple[int, int, int]], now_us: int
) -> tuple[list[Draft], int]:
    """The stretches without charge as of ``now_us``, and when the next one begins if nothing more is heard.

    ``events`` in order, of every code. Before its first `charging` event nobody could know that a device says so:
    a stretch begins there at the earliest.
    """
    told = [event for event in events if event.code == EventCode.CHARGING]
    if not told:
        return [], FAR_US
    found: list[Draft] = []
    wake = FAR_US
    for start, end, party in fittings:
        for draft in _stretches(device, party, told, start, end):
            if draft.from_us > now_us:
                wake = min(wake, draft.from_us)
                continue
            if draft.to_us is not None and draft.to_us > now_us:
                draft.to_us = None
            found.append(draft)
    return found, wake


def _stretches(device: int, party: int, told: Sequence[Event], start: int, end: int) -> Iterator[Draft]:
    """The stretches without charge in a fitting, whether they have begun or not."""
    first = told[0].at_us
    due, last = start + LASTS_US, None
    free = start
    for charging in [*_chargings(told, start, end), None]:
        until = end if charging is None else charging.from_us
        from_us = max(due, free, first)
        if from_us < until:
            draft = Draft(Kind.NOT_CHARGED, party, from_us, None if until == FAR_US else until, [], Cause.UNKNOWN)
            draft.device = device
            draft.opened = Reason.EVENT if from_us == free else Reason.CLOCK
            draft.closed = Reason.CLOCK if charging is None else Reason.EVENT
            closer = None if charging is None else charging.begun
            draft.proofs = [proof for proof in (last, closer) if proof is not None]
            yield draft
        if charging is not None:
            free = charging.to_us
            if charging.to_us - charging.from_us >= WHOLE_US:
                due, last = min(charging.to_us + LASTS_US, FAR_US), charging.ended


def _chargings(told: Sequence[Event], start: int, end: int) -> Iterator[Charging]:
    """The chargings in a fitting: a second `start` changes nothing, nor does an `end` with none open; a pulse is one
    instant."""
    begun: Event | None = None
    for event in told:
        if not start <= event.at_us < end:
            continue
        if event.state == EventState.START:
            begun = begun or event
        elif event.state == EventState.END and begun is not None:
            yield Charging(begun.at_us, event.at_us, begun.proof, event.proof)
            begun = None
        elif event.state == EventState.PULSE and begun is None:
            yield Charging(event.at_us, event.at_us, event.proof, event.proof)
    if begun is not None:
        yield Charging(begun.at_us, end, begun.proof, None)
