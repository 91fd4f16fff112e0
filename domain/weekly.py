"""A timetable's rows as one week of wall-clock time: what they cover, and how many hours that is."""

from __future__ import annotations

from collections.abc import Iterable

from domain.records import TimetableRow

DAY_S = 86_400
WEEK_S = 7 * DAY_S


def row_interval(row: TimetableRow) -> tuple[int, int]:
    """Wall-clock seconds since Monday 00:00 of a row's start and end.

    The end is compared as written (rules.md 1): one that is not after its start is the next day's, so that equal
    ends are 24 hours, and 24:00 is the next midnight.
    """
    start = row.day * DAY_S + row.start_s
    end = row.day * DAY_S + row.end_s
    return start, end if row.end_s > row.start_s else end + DAY_S


def merged_week(rows: Iterable[TimetableRow]) -> tuple[tuple[int, int], ...]:
    """What ``rows`` cover, as wall-clock seconds since Monday 00:00: ordered, apart, each starting in [0, `WEEK_S`).

    Rows that touch or overlap are one, across Sunday's midnight too. Rows that leave no second out come back as
    the single interval (0, `WEEK_S`).
    """
    week = [row_interval(row) for row in rows]
    # A week before and one after, so that what runs over Sunday's midnight is seen whole.
    laid = sorted((start + shift, end + shift) for start, end in week for shift in (-WEEK_S, 0, WEEK_S))
    merged: list[tuple[int, int]] = []
    for start, end in laid:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    if any(start <= 0 and end >= WEEK_S for start, end in merged):
        return ((0, WEEK_S),)
    return tuple((start, end) for start, end in merged if 0 <= start < WEEK_S)


def covers_all(week: tuple[tuple[int, int], ...]) -> bool:
    """Whether a `merged_week` leaves no second out."""
    return week == ((0, WEEK_S),)


def seconds_a_day(week: tuple[tuple[int, int], ...]) -> tuple[int, ...]:
    """Covered seconds of each local day, Monday first, of a `merged_week`."""
    days = [0] * 7
    for start, end in week:
        for day in range(start // DAY_S, (end - 1) // DAY_S + 1):
            days[day % 7] += min(end, (day + 1) * DAY_S) - max(start, day * DAY_S)
    return tuple(days)
