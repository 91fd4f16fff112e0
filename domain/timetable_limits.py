"""How many hours of curfew each kind of order may ask for, and what a timetable asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from domain.records import Timetable
from domain.vocabulary import OrderKind
from domain.weekly import merged_week, seconds_a_day


@dataclass(frozen=True, slots=True)
class TimetableLimit:
    """The most hours that a curfew's timetable may cover; ``source`` says where the figures stand.

    ``refused``: a timetable over them is a fault unless an override names who let it be; else it is a warning.
    """

    hours_a_day: float
    hours_a_week: float
    source: str
    refused: bool = True


_SENTENCING_ACT = "Sentencing Act 2020, schedule 9, paragraph 9"
_YOUTH = "Sentencing Act 2020, schedule 6, paragraph 18"

ENGLAND_AND_WALES: Mapping[OrderKind, TimetableLimit] = MappingProxyType(
    {
        # Caseloads in use hold curfews round the clock under a community order (a residence written as a curfew),
        # and a centre must be able to take them in: told, not refused.
        OrderKind.COMMUNITY: TimetableLimit(20, 112, _SENTENCING_ACT, refused=False),
        OrderKind.SUSPENDED_SENTENCE: TimetableLimit(20, 112, _SENTENCING_ACT),
        OrderKind.YRO: TimetableLimit(20, 112, _YOUTH),
    }
)
"""The default. The law sets no figure for the other kinds: a court or a governor does, order by order."""


def over_limit(timetable: Timetable | None, limit: TimetableLimit) -> str | None:
    """What a curfew's timetable (None: always) asks over ``limit``, in plain words; None when it keeps to it.

    Hours are those of the wall clock, rows that overlap counted once; a night with a clock change counts as any other.
    """
    days = (86_400,) * 7 if timetable is None else seconds_a_day(merged_week(timetable.rows))
    day_h, week_h = max(days) / 3600, sum(days) / 3600
    if day_h > limit.hours_a_day:
        return f"asks {day_h:g} hours in one day; the most is {limit.hours_a_day:g} ({limit.source})"
    if week_h > limit.hours_a_week:
        return f"asks {week_h:g} hours a week; the most is {limit.hours_a_week:g} ({limit.source})"
    return None
