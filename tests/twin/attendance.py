"""Attendance (rules.md 6): windows in which the wearer never came, and weeks with too few hours."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from domain.instants import DAY_US, HOUR_US, MINUTE_US
from tests.twin.found import Found
from tests.twin.presence import ABSENT, PRESENT, place_marks, presence, untrusted
from tests.twin.spans import Spans, cut, holding, measure
from tests.twin.timetables import instant
from tests.twin.track import View


def missed(view: View) -> list[Found]:
    """`attendance_missed` and `attendance_unconfirmed`: of the unexcused part of each window that is over."""
    out = []
    doubts = {device.id: untrusted(view, device.id) for device in view.worn}
    for condition in view.caseload.conditions(view.wearer, ("attendance",)):
        out_there = [m.fact for m in place_marks(view, condition) if m.side < 0]
        out_there = [fact for fact in out_there if holding(doubts[fact.device], fact.t) is None]
        present = _held(view, condition, PRESENT)
        for window in view.caseload.windows_of(condition):
            asked = cut([window], view.caseload.enforced(condition))
            if not asked or asked[-1][1] > view.at or cut(asked, present):
                continue
            outside = [fact for fact in out_there if holding(asked, fact.t) is not None]
            found = Found("attendance_missed", asked[0][0], None, "clock", outside[:1], condition=condition)
            if not outside:
                found.kind, found.cause = "attendance_unconfirmed", "unknown"
            found.close(asked[-1][1], "clock")
            found.order = view.caseload.newest("condition", condition)["order"]
            out.append(found)
    return out


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
