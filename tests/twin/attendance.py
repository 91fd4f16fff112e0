"""Attendance (rules.md 6): windows in which the wearer never came, and weeks with too few hours."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from domain.instants import DAY_US, HOUR_US, MINUTE_US
from tests.twin.found import Found
from tests.twin.presence import ABSENT, PRESENT, place_marks, presence, untrusted
from tests.twin.spans import Span, Spans, cut, holding, measure
from tests.twin.timetables import instant
from tests.twin.track import Mark, View


def missed(view: View) -> list[Found]:
    """`attendance_missed` and `attendance_unconfirmed`: of the unexcused part of each window that is over."""
    out = []
    doubts = {device.id: untrusted(view, device.id) for device in view.worn}
    for condition in view.caseload.conditions(view.wearer, ("attendance",)):
        runs = _outside(view, condition, doubts)
        unheard = [s for s in presence(view, condition).states if (s.says, s.source) == (ABSENT, "home_unit")]
        present = _held(view, condition, PRESENT)
        for window in view.caseload.windows_of(condition):
            asked = cut([window], view.caseload.enforced(condition))
            if not asked or asked[-1][1] > view.at or cut(asked, present):
                continue
            shown = next((_shown(run, span) for span in asked for run in runs if _shown(run, span)), [])
            facts = [m.fact for m in shown]
            facts = facts or next((s.evidence for s in unheard if cut(asked, [(s.start, s.end)])), [])
            found = Found("attendance_missed", asked[0][0], None, "clock", facts, condition=condition)
            found.p_inside = max((m.score for m in shown), default=None)
            if not facts:
                found.kind, found.cause = "attendance_unconfirmed", "unknown"
            found.close(asked[-1][1], "clock")
            found.order = view.caseload.newest("condition", condition)["order"]
            out.append(found)
    return out


def _outside(view: View, condition: str, doubts: dict[str, Spans]) -> list[list[Mark]]:
    """Fixes outside the place in runs, as presence has them."""
    out: list[list[Mark]] = []
    run: list[Mark] = []
    marks = [m for m in place_marks(view, condition) if holding(doubts[m.fact.device], m.t) is None]
    for m in marks:
        if m.side > 0:
            run = []
        elif m.side < 0:
            goes_on = bool(run) and m.t - run[-1].t <= run[-1].used.gap_us
            goes_on = goes_on and not any(run[-1].t < low <= m.t for low, _ in doubts[run[-1].fact.device])
            if goes_on:
                run.append(m)
            else:
                run = [m]
                out.append(run)
    return out


def _whole(run: list[Mark]) -> int | None:
    """Which fix of a run made it whole: two, one of them surely outside."""
    return next((i for i in range(1, len(run)) if any(m.sure for m in run[: i + 1])), None)


def _shown(run: list[Mark], span: Span) -> list[Mark]:
    """The first fix of a run in a span; what made it whole, if it was before the span."""
    whole = _whole(run)
    if whole is not None and run[whole].t < span[0] <= run[-1].t:
        return run[: whole + 1]
    return [m for m in run if span[0] <= m.t < span[1]][:1]


def hours_short(view: View) -> list[Found]:
    """At the end of each local week in force: ``minutes_certain`` present, ``minutes_possible`` those and the unknown."""
    out = []
    for condition in view.caseload.conditions(view.wearer, ("attendance",)):
        for low, high in view.caseload.in_force(condition):
            for week in _weeks(view, condition, low, min(high, view.at)):
                record = view.caseload.near("condition", condition, week[1] - 1)
                assert record is not None
                asked = cut([week], view.caseload.enforced(condition))
                present = measure(cut(asked, _held(view, condition, PRESENT)))
                absent = measure(cut(asked, _held(view, condition, ABSENT)))
                hours = record.get("hours_per_week")
                if hours is not None and present < hours * HOUR_US:
                    found = Found("hours_short", week[0], None, "clock", [], order=record["order"], condition=condition)
                    found.close(week[1], "clock")
                    found.minutes_certain = present / MINUTE_US
                    found.minutes_possible = (measure(asked) - absent) / MINUTE_US
                    out.append(found)
    return out


def _held(view: View, condition: str, says: str) -> Spans:
    return [(s.start, min(s.end, view.at)) for s in presence(view, condition).states if s.says == says]


def _weeks(view: View, condition: str, low: int, high: int) -> Spans:
    """Local weeks, cut to begin in ``[low, high]``, that end in it."""
    zone = ZoneInfo(view.caseload.newest("condition", condition).get("timezone") or "Europe/London")
    day = date(1970, 1, 1) + timedelta(days=low // DAY_US - 8)
    day -= timedelta(days=day.weekday())
    out: Spans = []
    start = instant(day, 0, zone, last=False)
    while start < high:
        day += timedelta(days=7)
        end = instant(day, 0, zone, last=False)
        if low < end <= high:
            out.append((max(low, start), end))
        start = end
    return out
