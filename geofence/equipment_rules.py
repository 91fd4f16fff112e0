"""What a device says about itself or a tag (rules.md 7): events in order become intervals, fitting by fitting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from domain.instants import FAR_US
from domain.vocabulary import Cause, Code, DeviceKind, EventCode, EventState, Kind, Reason
from geofence.drafts import Draft, Proof
from geofence.emissions import News, What
from geofence.intervals import Span


class Event(NamedTuple):
    """An equipment event about a device, in the order of facts. ``proof.device`` is who sent it."""

    proof: Proof
    at_us: int
    code: int
    state: int
    said: int = 0  # what its data says (`domain.said`)


KINDS: dict[int, Kind] = {
    EventCode.STRAP_TAMPER: Kind.STRAP_TAMPER,
    EventCode.CASE_TAMPER: Kind.CASE_TAMPER,
    EventCode.JAMMING: Kind.JAMMING,
    EventCode.SHIELDING: Kind.SHIELDING,
    EventCode.FAULT: Kind.FAULT,
    EventCode.HOME_UNIT_MOVED: Kind.HOME_UNIT_MOVED,
    EventCode.HOME_UNIT_POWER_LOST: Kind.HOME_UNIT_POWER_LOST,
    EventCode.BATTERY_LOW: Kind.BATTERY_LOW,
    EventCode.BATTERY_CRITICAL: Kind.BATTERY_CRITICAL,
    EventCode.BATTERY_DEAD: Kind.BATTERY_DEAD,
    EventCode.SOS: Kind.SOS,
}
"""The events that are violations by themselves."""
KEPT = (*KINDS, EventCode.CHARGING)
"""The events that are kept to be judged."""
TOLD = (EventCode.PRESENCE_CHECK, EventCode.ALCOHOL_READING)
"""The events that tell of the wearer: kept apart, where they say something."""

DOUBTING = frozenset({EventCode.STRAP_TAMPER, EventCode.CASE_TAMPER, EventCode.SHIELDING})
CODES: dict[Kind, Code] = {
    Kind.FAULT: Code.AL24,
    Kind.HOME_UNIT_MOVED: Code.AL05,
    Kind.HOME_UNIT_POWER_LOST: Code.AL04,
    Kind.BATTERY_DEAD: Code.AL23,
}
CAUSES: dict[Kind, Cause] = {
    Kind.FAULT: Cause.EQUIPMENT,
    Kind.HOME_UNIT_POWER_LOST: Cause.UNKNOWN,
    Kind.BATTERY_LOW: Cause.UNKNOWN,
    Kind.BATTERY_CRITICAL: Cause.UNKNOWN,
    Kind.BATTERY_DEAD: Cause.UNKNOWN,
}


def judge_events(
    device: int, kind: DeviceKind, events: Sequence[Event], fittings: Sequence[tuple[int, int, int]], now_us: int
) -> list[Draft]:
    """The device violations as of ``now_us``: a pulse is one instant; what is open ends with its fitting."""
    found: list[Draft] = []
    for start, end, party in fittings:
        open_: dict[int, Draft] = {}
        for event in events:
            if not start <= event.at_us < end or event.code not in KINDS:
                continue
            going = open_.get(event.code)
            if event.state == EventState.END:
                if going is not None:
                    going.to_us = event.at_us
                    going.proofs.append(event.proof)
                    del open_[event.code]
            elif event.state == EventState.PULSE or going is None:
                draft = _draft(device, kind, party, event)
                found.append(draft)
                if event.state == EventState.PULSE:
                    draft.to_us = event.at_us
                else:
                    open_[event.code] = draft
        if end <= now_us:
            for draft in open_.values():
                draft.to_us, draft.closed = end, Reason.CLOCK
    return found


def _draft(device: int, device_kind: DeviceKind, party: int, event: Event) -> Draft:
    kind = KINDS[event.code]
    code = CODES.get(kind)
    if kind is Kind.BATTERY_LOW and device_kind is DeviceKind.RF_TAG:
        code = Code.AL21
    return Draft(
        kind,
        party,
        event.at_us,
        None,
        [event.proof],
        cause=CAUSES.get(kind, Cause.WEARER),
        code=code,
        device=device,
        opened=Reason.EVENT,
        closed=Reason.EVENT,
    )


def judge_location(
    device: int,
    stream: Sequence[News],
    fittings: Sequence[tuple[int, int, int]],
    heard: Sequence[Span],
    rank: int,
    now_us: int,
) -> list[Draft]:
    """`location_lost`: a device that speaks without a used fix, unless its home unit hears it at home."""
    found: list[Draft] = []
    going: Draft | None = None
    fit_end = FAR_US
    for news in stream:
        if going is not None and fit_end <= news.t:
            going = None
        if news.what == What.FOUND and going is not None:
            going.to_us, going.closed = news.t, Reason.FIXES
            going.proofs.append(Proof(news.t, rank, news.gen, news.seq, news.device, news.received))
            going = None
        elif news.what == What.LOST and going is None and not any(a <= news.t < b for a, b in heard):
            fitted = next((f for f in fittings if f[0] <= news.t < f[1] and f[0] <= news.a), None)
            if fitted is None:
                continue
            fit_end = fitted[1]
            last = Proof(news.a, rank, news.gen2, news.seq2, news.device2, news.received)
            this = Proof(news.t, rank, news.gen, news.seq, news.device, news.received)
            going = Draft(Kind.LOCATION_LOST, fitted[2], news.a, None, [last, this], cause=Cause.UNKNOWN, device=device)
            going.opened = going.closed = Reason.EVENT
            if fit_end <= now_us:
                going.to_us, going.closed = fit_end, Reason.CLOCK
            found.append(going)
    return found


def doubts(events: Sequence[Event], checks: Sequence[int], visits: Sequence[int]) -> list[Span]:
    """When a device is not believed: from a tampering until a check of it, from a move until a visit."""
    found: list[Span] = []
    for event in events:
        if event.state == EventState.END:
            continue
        if event.code in DOUBTING:
            found.append((event.at_us, next((c for c in checks if c >= event.at_us), FAR_US)))
        elif event.code == EventCode.HOME_UNIT_MOVED:
            found.append((event.at_us, next((v for v in visits if v >= event.at_us), FAR_US)))
    return found
