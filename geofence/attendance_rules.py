"""Attendance (rules.md 6): was the wearer at the place in each window, and long enough in each local week?"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from domain.instants import EARLY_US, HOUR_US, MINUTE_US
from domain.vocabulary import Cause, Kind, Reason
from geofence.drafts import Draft, Proof
from geofence.emissions import NEW_RUN, WHOLE, News, What
from geofence.intervals import Span, clipped, common, length_us
from geofence.presence import PRESENT, UNKNOWN, Seen


@dataclass(slots=True)
class Outside:
    """Outside fixes in a row, as presence has them: [first, last], and those that are kept one by one.

    ``whole_us`` is the fix that made it a whole run, None where none did: then every fix is among ``fixes``.
    """

    first_us: int
    last_us: int
    fixes: list[News]
    whole_us: int | None = None

    def stands_in(self, span: Span) -> bool:
        """Whether one of its fixes, or a whole run's unbroken course, lies in a span."""
        if self.whole_us is None:
            return any(span[0] <= news.t < span[1] for news in self.fixes)
        return self.first_us < span[1] and self.last_us >= span[0]

    def shown_by(self, span: Span) -> list[News]:
        """Its first fix in the span; the run up to where it was whole, when that was before or none is in the span."""
        within = next((news for news in self.fixes if span[0] <= news.t < span[1]), None)
        if within is None or (self.whole_us is not None and self.whole_us < span[0]):
            return self.fixes
        return [within]


def runs_outside(stream: Sequence[News], wrong_last_us: int) -> list[Outside]:
    """The runs of outside fixes that a place's news tell of; ``wrong_last_us`` is the newest fix of one that goes on."""
    found: list[Outside] = []

    def reach(last_us: int) -> None:
        if found and last_us > found[-1].last_us:
            found[-1].last_us = last_us

    for news in stream:
        if news.what == What.LAPSE:
            reach(news.b)
        elif news.what in (What.RIGHT, What.WRONG):
            goes_on = news.what == What.WRONG and not news.flags & NEW_RUN and bool(found)
            reach(news.a)
            if news.what == What.RIGHT:
                continue
            if not goes_on:
                found.append(Outside(news.t, news.t, []))
            reach(news.t)
            if found[-1].whole_us is None or news.t <= found[-1].whole_us:
                found[-1].fixes.append(news)
            if news.flags & WHOLE and found[-1].whole_us is None:
                found[-1].whole_us = news.t
    if wrong_last_us > EARLY_US:
        reach(wrong_last_us)
    return found


class Week(NamedTuple):
    """A local week as far as the condition holds in it, and the minutes that are asked for."""

    span: Span
    wanted_us: int


@dataclass(frozen=True, slots=True)
class AttendanceCase:
    """One attendance to be judged.

    Attributes
    ----------
    windows : whole ones, cut by order and condition.
    enforced : the same less absences and suspensions.
    weeks : in order, none where no hours are asked for.
    proof : the fact of an emission.
    """

    windows: Sequence[Span]
    enforced: Sequence[Span]
    weeks: Sequence[Week]
    proof: Callable[[News], Proof]
    now_us: int


def judge_attendance(case: AttendanceCase, seen: Seen, outside: Sequence[Outside]) -> list[Draft]:
    """What was missed as of ``case.now_us``, without party, order and condition."""
    present = [(s.from_us, s.to_us) for s in seen.line if s.state == PRESENT]
    found: list[Draft] = []
    for window in case.windows:
        held = _touching(case.enforced, window)
        if held and held[-1][1] <= case.now_us and not _any_in(present, held):
            found.append(_not_there(case, seen, outside, held))
    if not case.weeks:
        return found
    unknown = [(s.from_us, s.to_us) for s in seen.line if s.state == UNKNOWN]
    known = common(present, case.enforced), common(unknown, case.enforced)
    for week in case.weeks:
        if week.span[1] <= case.now_us:
            there, nowhere = (length_us(_touching(spans, week.span)) for spans in known)
            if there < week.wanted_us:
                found.append(_short(week, there, nowhere))
    return found


def _not_there(case: AttendanceCase, seen: Seen, outside: Sequence[Outside], held: Sequence[Span]) -> Draft:
    draft = Draft(Kind.ATTENDANCE_UNCONFIRMED, -1, held[0][0], held[-1][1], [], cause=Cause.UNKNOWN)
    draft.opened = draft.closed = Reason.CLOCK
    shown = next(((run, span) for span in held for run in outside if run.stands_in(span)), None)
    unheard = next((s for s in seen.unheard_by if _touching(held, (s.from_us, s.to_us))), None)
    if shown is not None:
        news = shown[0].shown_by(shown[1])
        draft.proofs, draft.p = [case.proof(one) for one in news], max(one.p for one in news)
    elif unheard is not None:
        draft.proofs = list(unheard.proofs)
    else:
        return draft
    draft.kind, draft.cause = Kind.ATTENDANCE_MISSED, Cause.WEARER
    return draft


def _short(week: Week, there_us: int, nowhere_us: int) -> Draft:
    """Certain are the minutes present; possible those and the unknown ones, so that both can be told apart."""
    draft = Draft(Kind.HOURS_SHORT, -1, *week.span, [], cause=Cause.WEARER)
    draft.opened = draft.closed = Reason.CLOCK
    draft.minutes_certain = there_us / MINUTE_US
    draft.minutes_possible = (there_us + nowhere_us) / MINUTE_US
    return draft


def weeks_of(mondays: Sequence[int], held: Sequence[Span], hours_at: Callable[[int], float | None]) -> list[Week]:
    """The local weeks between ``mondays`` that end while order and condition hold, from where these begin in them."""
    found: list[Week] = []
    for start, end in pairwise(mondays):
        own = next((span for span in held if span[0] < end <= span[1]), None)
        hours = hours_at(end - 1)
        if own is not None and hours is not None:
            found.append(Week((max(own[0], start), end), round(hours * HOUR_US)))
    return found


def next_turn(case: AttendanceCase, far_us: int) -> int:
    """When the next window or week ends."""
    ends = [held[-1][1] for window in case.windows if (held := _touching(case.enforced, window))]
    ends += [week.span[1] for week in case.weeks]
    return min((end for end in ends if end > case.now_us), default=far_us)


def last_end(case: AttendanceCase) -> int:
    """When the newest window that is over ended; EARLY_US when none is."""
    ends = [held[-1][1] for window in case.windows if (held := _touching(case.enforced, window))]
    return max((end for end in ends if end <= case.now_us), default=EARLY_US)


def _any_in(spans: Sequence[Span], pieces: Sequence[Span]) -> bool:
    """Whether any of some spans, in order and apart, touches any of the pieces."""
    return any(_touching(spans, piece) for piece in pieces)


def _touching(spans: Sequence[Span], within: Span) -> list[Span]:
    """What of some spans, in order and apart, lies in one."""
    first = bisect_left(spans, within[0], key=lambda span: span[1])
    found: list[Span] = []
    for k in range(first, len(spans)):
        if spans[k][0] >= within[1]:
            break
        found.append(spans[k])
    return [span for span in clipped(found, *within) if span[0] < span[1]]
