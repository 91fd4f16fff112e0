"""Curfew violations from presence (rules.md 5)."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from domain.instants import FAR_US, MINUTE_US, SECOND_US
from tests.twin.found import Found
from tests.twin.presence import ABSENT, PRESENT, Presence, State, presence
from tests.twin.spans import Span, Spans, cut, less, measure, merged
from tests.twin.track import View

DEFAULT_GRACE_S = 300


@dataclass
class Absence:
    """From where presence becomes `absent` to where it next is `present` (None: not yet)."""

    start: int
    end: int | None
    states: list[State]
    back: State | None = None


def absences(found: Presence) -> list[Absence]:
    out: list[Absence] = []
    for state in found.states:
        open_ = out[-1] if out and out[-1].end is None else None
        if state.says == ABSENT:
            if open_ is None:
                out.append(Absence(state.start, None, [state]))
            else:
                open_.states.append(state)
        elif state.says == PRESENT and open_ is not None:
            open_.end, open_.back = state.start, state
    return out


def curfew_violations(view: View, condition_id: str) -> list[Found]:
    condition = view.caseload.newest("condition", condition_id)
    windows = view.caseload.windows_of(condition_id)
    enforced = view.caseload.enforced(condition_id)
    held = presence(view, condition_id)
    out = []
    for window in windows:
        if window[0] > view.at:
            break
        unexcused = cut([window], enforced) if enforced else []
        for absence in absences(held):
            found = _part(view, condition_id, window, unexcused, absence, held)
            if found is not None:
                found.order, found.condition, found.window = condition["order"], condition_id, window
                out.append(found)
    return out


def _part(
    view: View, condition_id: str, window: Span, unexcused: Spans, absence: Absence, held: Presence
) -> Found | None:
    """The part of one absence in one window, if there is one and it has lasted."""
    now = view.at + 1
    lasting = cut(unexcused, [(absence.start, FAR_US if absence.end is None else absence.end)])
    if not lasting or lasting[0][0] > view.at:
        return None
    start = _first_evidence(lasting[0][0], window, unexcused, absence, held)
    if start is None or start > view.at:
        return None
    lasting = cut(lasting, [(start, FAR_US)])
    if not lasting:
        return None
    start = lasting[0][0]
    record = view.caseload.near("condition", condition_id, start)
    assert record is not None
    grace = float(record.get("grace_s", DEFAULT_GRACE_S)) * SECOND_US
    if measure(cut(lasting, [(start, now - 1)])) < grace:
        return None
    return _made(view, window, unexcused, absence, held, lasting)


def _first_evidence(start: int, window: Span, unexcused: Spans, absence: Absence, held: Presence) -> int | None:
    """Where the part begins: at ``start``, or where presence is unknown at the window's start at the first evidence."""
    if start > unexcused[0][0] or held.at(start) == ABSENT:
        return start
    after = [s.start for s in absence.states if s.start >= start]
    after += [
        t for t, _, _ in held.missed if t >= start and t >= absence.start and (absence.end is None or t < absence.end)
    ]
    return min(after, default=None)


def _made(view: View, window: Span, unexcused: Spans, absence: Absence, held: Presence, lasting: Spans) -> Found:
    start = lasting[0][0]
    last = lasting[-1][1]
    state = _opening(start, unexcused, absence, held)
    found = Found("curfew", start, None, state.source, list(state.evidence), p_inside=state.score)
    found.certain = cut(_certain(absence, held), cut(unexcused, lasting))
    ended = last <= view.at
    if not ended:
        holes = less([(start, view.at + 1)], unexcused)
        if holes and holes[-1][1] == view.at + 1:
            last, ended = holes[-1][0], True
    if absence.end is not None and absence.back is not None and absence.end < unexcused[-1][1]:
        found.evidence = sorted([*found.evidence, absence.back.evidence[0]], key=lambda fact: fact.key)
    if ended:
        found.end = last
        back = absence.back if last == absence.end and last < unexcused[-1][1] else None
        found.closer = back.source if back is not None else "clock"
        _minutes(found, window, unexcused, absence, held)
    found.code = _code(start, found, unexcused, absence, held)
    return found


def _opening(start: int, unexcused: Spans, absence: Absence, held: Presence) -> State:
    """What made the absence; where it is unknown at the window's start, what showed it there first."""
    if absence.start < unexcused[0][0] and held.at(unexcused[0][0]) != ABSENT:
        return next((s for s in absence.states if s.end > start), absence.states[0])
    return absence.states[0]


def _code(start: int, found: Found, unexcused: Spans, absence: Absence, held: Presence) -> str:
    first, last = unexcused[0][0], unexcused[-1][1]
    at_start = start == first and held.at(first) == ABSENT
    back = absence.end is not None and absence.end < last
    if back:
        return "AL09" if at_start else "AL10"
    out_at_end = found.end is not None and found.end == last
    if at_start:
        return "AL12" if out_at_end else "AL08"
    return "AL11" if out_at_end else "AL10"


def _certain(absence: Absence, held: Presence) -> Spans:
    """Between pieces of evidence that follow each other, and while a fresh home unit does not hear the tag."""
    end = FAR_US if absence.end is None else absence.end
    pieces = [(t, gap) for t, gap, _ in held.missed if absence.start <= t < end]
    sure = [(t, u) for (t, gap), (u, _) in itertools.pairwise(pieces) if u - t <= gap]
    if pieces and absence.end is not None and absence.end - pieces[-1][0] <= pieces[-1][1]:
        sure.append((pieces[-1][0], absence.end))
    return merged(sure + held.silent)


def _minutes(found: Found, window: Span, unexcused: Spans, absence: Absence, held: Presence) -> None:
    assert found.end is not None
    found.minutes_certain = measure(cut(found.certain, cut(unexcused, [(found.start, found.end)]))) / MINUTE_US
    low = max((t for t, _ in held.seen if t <= found.start), default=window[0])
    high = window[1] if absence.end is None else absence.end
    found.minutes_possible = measure(cut(unexcused, [(low, high)])) / MINUTE_US
