"""Curfew (rules.md 5): presence and windows become violations, with their codes and minutes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from domain.instants import EARLY_US, FAR_US, MINUTE_US
from domain.vocabulary import Code, Kind, Reason
from geofence.drafts import Draft, Proof
from geofence.intervals import Span, clipped, common, length_us, union, without
from geofence.presence import ABSENT, PRESENT, UNKNOWN, Seen, Stretch


@dataclass(frozen=True, slots=True)
class Absent:
    """One absence: [from, to) with the facts that began it, and the presence that ended it."""

    from_us: int
    to_us: int
    first: Stretch
    by_unit: bool
    proofs: tuple[Proof, ...]
    p: float | None
    ended_by: Stretch | None


@dataclass(frozen=True, slots=True)
class CurfewCase:
    """One curfew to be judged. ``windows`` are whole; ``excused`` are absences and suspensions."""

    windows: Sequence[Span]
    excused: Sequence[Span]
    grace_us: Callable[[int], int]
    now_us: int


@dataclass(frozen=True, slots=True)
class Part:
    """The part of one absence in one window: a violation, without party, order and condition."""

    draft: Draft
    absent: Absent
    unexcused: Sequence[Span]


def absences(line: Sequence[Stretch]) -> list[Absent]:
    """From where presence becomes absent to where it next is present; unknown in between does not end it."""
    found: list[Absent] = []
    begun: Stretch | None = None
    for stretch in line:
        if stretch.state == ABSENT and begun is None:
            begun = stretch
        elif stretch.state == PRESENT and begun is not None:
            found.append(_absent(begun, stretch.from_us, stretch))
            begun = None
    if begun is not None:
        found.append(_absent(begun, FAR_US, None))
    return found


def _absent(begun: Stretch, to_us: int, ended_by: Stretch | None) -> Absent:
    return Absent(begun.from_us, to_us, begun, begun.by_unit, begun.proofs, begun.p, ended_by)


def judge_curfew(case: CurfewCase, seen: Seen) -> list[Draft]:
    """The violations of one curfew as of ``case.now_us``, without party, order and condition."""
    return [part.draft for part in curfew_parts(case, seen)]


def curfew_parts(case: CurfewCase, seen: Seen) -> list[Part]:
    """The same, with what each rests on."""
    found: list[Part] = []
    all_absences = absences(seen.line)
    for window in case.windows:
        if window[0] > case.now_us:
            break
        unexcused = without([window], case.excused)
        if not unexcused:
            continue
        for absent in all_absences:
            if absent.from_us < window[1] and absent.to_us > window[0]:
                part = _part(case, seen, window, unexcused, absent)
                if part is not None:
                    found.append(part)
    return found


def certain_spans(seen: Seen, part: Part, now_us: int) -> list[Span]:
    """The time that counts for `minutes_certain` of one part, as it runs: up to ``now_us`` while the part is open."""
    until_us = now_us if part.draft.to_us is None else part.draft.to_us
    return _certain(seen, part.unexcused, part.draft.from_us, until_us, part.absent)


def _part(case: CurfewCase, seen: Seen, window: Span, unexcused: list[Span], absent: Absent) -> Part | None:
    start = unexcused[0][0]
    begin = _first_evidence(seen, window, start, absent)
    if begin is None or begin.from_us > case.now_us:
        return None
    out = clipped(unexcused, begin.from_us, min(absent.to_us, case.now_us))
    if not out:
        out = clipped(unexcused, begin.from_us, absent.to_us)
        if not out or out[0][0] > case.now_us or case.grace_us(begin.from_us) > 0:
            return None
    if length_us(clipped(out, out[0][0], case.now_us)) < case.grace_us(out[0][0]):
        return None
    to_us = _end_of(case, unexcused, absent)
    if to_us is not None and to_us <= out[0][0]:
        return None
    draft = Draft(Kind.CURFEW, -1, out[0][0], to_us, list(begin.proofs), p=begin.p, window=window)
    draft.opened = Reason.HOME_UNIT if begin.by_unit else Reason.FIXES
    draft.closed = Reason.CLOCK
    _close(case, seen, window, unexcused, absent, draft, start)
    return Part(draft, absent, unexcused)


def _first_evidence(seen: Seen, window: Span, start: int, absent: Absent) -> Stretch | None:
    """Where the part of an absence in a window begins: with its first unexcused instant, unless presence was unknown then."""
    if absent.from_us >= start:
        return absent.first
    if seen.state_at(start) == ABSENT:
        return absent.first
    for stretch in seen.line:
        if stretch.from_us >= min(window[1], absent.to_us):
            break
        if stretch.state == ABSENT and stretch.from_us >= start:
            return stretch
    return None


def _end_of(case: CurfewCase, unexcused: list[Span], absent: Absent) -> int | None:
    """The last unexcused instant of the part as far as it is known, None while it goes on."""
    if absent.to_us > case.now_us and any(s <= case.now_us < e for s, e in unexcused):
        return None
    ended = clipped(unexcused, unexcused[0][0], min(absent.to_us, case.now_us))
    return ended[-1][1] if ended else None


def _close(
    case: CurfewCase, seen: Seen, window: Span, unexcused: list[Span], absent: Absent, draft: Draft, start: int
) -> None:
    """Set the code, and once the part has ended its minutes and what ended it."""
    end = unexcused[-1][1]
    at_start = draft.from_us == start
    at_end = draft.to_us is not None and draft.to_us >= end
    if at_start:
        draft.code = Code.AL12 if at_end else (Code.AL08 if draft.to_us is None else Code.AL09)
    else:
        draft.code = Code.AL11 if at_end else Code.AL10
    ended_by = absent.ended_by
    back = ended_by is not None and ended_by.from_us < end and ended_by.from_us <= case.now_us
    if at_start and not at_end and draft.to_us is not None:
        draft.code = Code.AL09 if back else Code.AL08
    if ended_by is not None and back:
        draft.proofs = sorted([*draft.proofs, *ended_by.proofs])
        if draft.to_us == ended_by.from_us:
            draft.closed = ended_by.reason
    if draft.to_us is None:
        return
    draft.minutes_certain = length_us(_certain(seen, unexcused, draft.from_us, draft.to_us, absent)) / MINUTE_US
    draft.minutes_possible = _possible(seen, window, unexcused, draft, absent, case.now_us) / MINUTE_US


def _certain(seen: Seen, unexcused: Sequence[Span], from_us: int, to_us: int, absent: Absent) -> list[Span]:
    """Unexcused time in ``[from_us, to_us)`` between pieces of evidence for absence, and to the presence that ended it."""
    back_us = EARLY_US if absent.ended_by is None else absent.to_us
    pieces = seen.pieces(from_us, to_us)
    sure = [(first, back_us if last <= back_us <= last + gap else last) for first, last, gap in pieces]
    unheard = clipped(seen.unheard, from_us, to_us)
    return common(clipped(unexcused, from_us, to_us), union([*sure, *unheard]))


def _possible(seen: Seen, window: Span, unexcused: list[Span], draft: Draft, absent: Absent, now_us: int) -> int:
    assert draft.to_us is not None
    present_us = seen.present_before(draft.from_us)
    before = window[0] if present_us is None else present_us
    back = absent.ended_by is not None and absent.to_us <= now_us
    after = absent.to_us if back else window[1]
    return length_us(clipped(unexcused, max(before, window[0]), min(after, window[1])))


def known_at(seen: Seen, at_us: int) -> bool:
    """Whether presence is known at an instant."""
    return seen.state_at(at_us) != UNKNOWN
