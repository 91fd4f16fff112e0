"""Drawn days through the rules themselves: how many violations each wearer got, condition by condition.

Every day is another wearer's, with a tag, an order, three exclusion zones (the same polygon, thresholds 0, 1, 2) or a curfew.
A day's fixes come as a backlog at its end: by rules.md 9 the violations by fact are those of live messages.
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from bailiwick.timezones import pinned_time_zones
from bench.clock import ticks
from bench.drawn_fixes import INTERVAL_S, Floats
from domain.facts import LineKind, Roster, empty_facts
from domain.instants import DAY_US, SECOND_US
from domain.records import (
    Condition,
    Device,
    Fitting,
    Order,
    Place,
    Polygons,
    Record,
    Timetable,
    TimetableRow,
    Version,
    Wearer,
)
from domain.violations import Violation
from domain.vocabulary import Change, ConditionKind, DeviceKind, Kind, OrderKind
from geofence.geodesy import metres_per_degree
from geofence.rules import Rules

LAT, LON = 51.2, 0.5
EAST, NORTH = metres_per_degree(LAT)
ZONE_M = 4_000.0
WEARERS = 1_500
"""Wearers a judging."""
MIDNIGHT_US = 1_795_000_000 * SECOND_US // DAY_US * DAY_US
EVENING_S, MORNING_S = 19 * 3600, 7 * 3600


def watched(thresholds: tuple[int, ...], wearers: int) -> list[Version]:
    """The caseload: kept out of a zone north of the origin; without thresholds, under a curfew in a circle of 50 m."""
    return [Version(record) for n in range(wearers) for record in _wearer(thresholds, n)]


@functools.cache
def _wearer(thresholds: tuple[int, ...], n: int) -> tuple[Record, ...]:
    since = MIDNIGHT_US - DAY_US
    return (
        Wearer(f"W{n}"),
        Device(f"T{n}", DeviceKind.GPS_TAG),
        Fitting(f"F{n}", f"T{n}", since, wearer=f"W{n}"),
        Order(f"O{n}", f"W{n}", OrderKind.COMMUNITY, since),
        *_conditions(thresholds, n),
    )


def _conditions(thresholds: tuple[int, ...], n: int) -> list[Condition]:
    """One a threshold; the column of its counts stands before the dash of its id."""
    if not thresholds:
        week = Timetable("UTC", tuple(TimetableRow(day, EVENING_S, MORNING_S) for day in range(7)))
        place = Place("home", LON, LAT)
        return [Condition(f"0-{n}", f"O{n}", ConditionKind.CURFEW, timetable=week, place=place, timezone="UTC")]
    x, y = ZONE_M / 2.0 / EAST, ZONE_M / NORTH
    ring = ((LON - x, LAT), (LON + x, LAT), (LON + x, LAT + y), (LON - x, LAT + y), (LON - x, LAT))
    zone = Polygons(((ring,),))
    return [
        Condition(f"{k}-{n}", f"O{n}", ConditionKind.EXCLUSION_ZONE, shape=zone, threshold_points=points)
        for k, points in enumerate(thresholds)
    ]


def counted(thresholds: tuple[int, ...], east_m: Floats, north_m: Floats, acc: Floats) -> NDArray[np.int64]:
    """Violations of each day.

    Parameters
    ----------
    thresholds : of the zones; none: a curfew, and the day begins at 19:00.
    east_m, north_m : (fixes, days), metres from the origin. acc : (fixes, days), metres.

    Returns (days, thresholds); (days, 1) of a curfew.
    """
    days = acc.shape[1]
    out = np.zeros((days, max(1, len(thresholds))), np.int64)
    for low in range(0, days, WEARERS):
        part = slice(low, min(days, low + WEARERS))
        for violation in _judged(thresholds, east_m[:, part], north_m[:, part], acc[:, part]):
            column, _, wearer = str(violation.condition).partition("-")
            out[low + int(wearer), int(column)] += 1
    return out


def _judged(thresholds: tuple[int, ...], east_m: Floats, north_m: Floats, acc: Floats) -> list[Violation]:
    """The violations that stand after two messages of each wearer: the first fix, and the rest at the end of the day."""
    fixes, wearers = acc.shape
    begin_us = MIDNIGHT_US + (0 if thresholds else EVENING_S * SECOND_US)
    end_us = begin_us + int(fixes * INTERVAL_S) * SECOND_US
    facts = empty_facts(fixes * wearers)
    facts["line"] = facts["device"] = np.repeat(np.arange(wearers), fixes)
    number = np.tile(np.arange(fixes), wearers)
    facts["seq"] = number + 1
    facts["t_us"] = begin_us + number * int(INTERVAL_S) * SECOND_US
    facts["lat"] = np.round(LAT + north_m.T.ravel() / NORTH, 7)
    facts["lon"] = np.round(LON + east_m.T.ravel() / EAST, 7)
    facts["acc"] = np.round(acc.T.ravel(), 1)
    rules = Rules(Roster(), watched(thresholds, wearers), pinned_time_zones())
    said: dict[str, Violation] = {}
    for mine, at_us in ((facts[number == 0], begin_us), (facts[number > 0], end_us)):
        mine["received_us"] = at_us
        batch = ticks([at_us] * wearers)
        batch.kinds[:] = LineKind.MESSAGE
        batch.devices[:] = np.arange(wearers)
        batch.facts = mine
        said |= {v.id: v for v in rules.judge(batch).versions}
    kind = Kind.EXCLUSION_ZONE if thresholds else Kind.CURFEW
    return [v for v in said.values() if v.kind is kind and v.change is not Change.WITHDRAWN]
