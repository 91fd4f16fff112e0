"""Who was at a place: a bounded piece of the fleet at a time, by used fixes, and only what their orders let be seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

import numpy as np

from access.permits import near_rows
from api.cursors import write_cursor
from api.permitting import Permitting
from domain.instants import DAY_US, HOUR_US
from domain.records import Circle as CircleShape
from geofence.geodesy import metres_per_degree
from geofence.shapes import table_of
from store.permissions import Box, Permissions
from store.reading_types import PositionRow
from store.requests import Circle, NewRequest

LONGEST_US: Final = 7 * DAY_US
SHOWN_OF_ONE: Final = 1_000
"""Fixes of one wearer in an answer."""
LONGEST_LAT: Final = 89.0


@dataclass(frozen=True, slots=True)
class Limits:
    """Of the work of one page.

    Attributes
    ----------
    device_hours : of devices' time that is looked through: at a fix a minute 1.2 million fixes, of which those in the box come here.
    least_devices, most_devices : whatever the span.
    fixes : in the box.
    """

    device_hours: int = 20_000
    least_devices: int = 50
    most_devices: int = 5_000
    fixes: int = 20_000


LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True)
class Matched:
    """A wearer who was there; ``cut``: there are more fixes than these."""

    wearer: str
    fixes: list[PositionRow]
    cut: bool


@dataclass(frozen=True, slots=True)
class Found:
    """A page, and the cursor of the next; None where the fleet has been looked through."""

    matches: list[Matched]
    onward: str | None


async def matches_of(
    tables: Permissions,
    mask: Permitting,
    asked: NewRequest,
    place: Circle,
    after: tuple[str, str] | None,
    limits: Limits = LIMITS,
) -> Found:
    """Who was in ``place`` in ``[from_us, to_us)`` of what was asked, of the devices after ``after`` (wearer, fitting)."""
    hours = (asked.to_us - asked.from_us) / HOUR_US
    limit = int(np.clip(limits.device_hours / hours, limits.least_devices, limits.most_devices))
    devices = await tables.present(asked.from_us, asked.to_us, after, limit + 1)
    page, more = devices[:limit], len(devices) > limit
    rows = await tables.fixes_in(page, box_of(place), limits.fixes + 1)
    last = len(page) - 1 if more else None
    if len(rows) > limits.fixes:
        # The device that the limit cuts comes again with the next page; one that has more by itself is cut.
        last = max(rows[-1][0] - 1, 0)
    inside = _inside([row for k, row in rows if last is None or k <= last], place)
    shown = [one for one in [await _match(mask, asked, *of) for of in _by_wearer(inside)] if one.fixes]
    onward = None if last is None else write_cursor((page[last].wearer, page[last].fitting))
    return Found(shown, onward)


def box_of(place: Circle) -> Box:
    """A box that holds the circle, with a little to spare."""
    east, north = metres_per_degree(min(abs(place.lat) + 0.01, LONGEST_LAT))
    d_lon, d_lat = 1.01 * place.radius_m / east, 1.01 * place.radius_m / north
    return Box(place.lon - d_lon, place.lat - d_lat, place.lon + d_lon, place.lat + d_lat)


def _inside(rows: Sequence[PositionRow], place: Circle) -> list[PositionRow]:
    """Those no farther from the middle than the radius."""
    table = table_of([CircleShape(place.lon, place.lat, place.radius_m)])
    count = len(rows)
    lon, lat = np.array([row.lon for row in rows]), np.array([row.lat for row in rows])
    held = near_rows(table, np.zeros(count, np.int64), np.zeros(count, np.bool_), np.zeros(count), lon, lat)
    return [rows[k] for k in np.flatnonzero(held).tolist()]


def _by_wearer(rows: Sequence[PositionRow]) -> list[tuple[str, list[PositionRow]]]:
    return [(wearer, list(of)) for wearer, of in groupby(rows, key=lambda row: row.wearer)]


async def _match(mask: Permitting, asked: NewRequest, wearer: str, rows: list[PositionRow]) -> Matched:
    permits = await mask.of_request(wearer, asked.from_us, asked.to_us)
    seen = mask.shown(permits, rows)
    return Matched(wearer, seen[:SHOWN_OF_ONE], len(seen) > SHOWN_OF_ONE)
