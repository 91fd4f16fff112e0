"""What the fold says when something is news: sparse rows, from which intervals are made (`geofence.zone_rules`, ...).

A fact that only goes on with what was (inside and still inside) is no news: it moves a column of the state and says
nothing. So the hot path costs no Python, and what comes after sees a few rows a person and day.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray


class What(IntEnum):
    WRONG = 0  # a fix on the wrong side, of a run not yet whole; a curfew: outside
    RIGHT = 1  # a fix on the right side that breaks a run on the wrong one, or may end what it opened
    LAPSE = 2  # a curfew: what the fixes said lapsed at `a`; `b` is the last fix outside
    UNCONFIRMED = 3  # a fix too poor to be used, on the wrong side by more than three times its accuracy
    CONFIRMED = 4  # the next used fix after it
    TRANSIT = 5  # two used fixes outside whose straight line may cross the zone
    LOST = 6  # a device speaks but has had no used fix since `a`
    FOUND = 7  # the used fix that ends it
    HEARD = 8  # a home unit begins to hear a tag
    UNHEARD = 9  # it no longer does, since `a`, when it was last heard unless `b` is FAR_US; `b`: it last said that it hears it
    UPHELD = 11  # nothing new since `a`, but it came after the clock had taken it to have lapsed: look again
    UNIT_UPHELD = 12  # the same of a home unit
    SILENT = 10  # a home unit's items had a break: they stood unbroken from `a` to `b`
    USED = 13  # a used fix of a party that is in a pair, for its trail (`geofence.near_fold`): never kept as news


NEW_RUN, SURE, WHOLE, STEADY, CHECKED, LATE = 1, 2, 4, 8, 16, 32
"""Flags of WRONG and RIGHT: the first of its run; surely on its side; the run is whole with it; only kept as evidence
that what was goes on; no fix, but a presence check that was verified; a whole run goes on as with `STEADY`, but by the
clock it had lapsed when this came."""
GOES_ON = STEADY | LATE

EMISSION = np.dtype(
    [
        ("row", np.int32),  # track row; the device for LOST, FOUND, SILENT; the pair for HEARD, UNHEARD
        ("what", np.int8),
        ("flags", np.int8),
        ("t", np.int64),  # fix time of the fact
        ("received", np.int64),
        ("device", np.int32),
        ("gen", np.int64),
        ("seq", np.int64),
        ("p", np.float64),  # position score
        ("a", np.int64),
        ("b", np.int64),
        ("device2", np.int32),  # TRANSIT, LOST: the earlier used fix; curfew's WRONG: the last inside fix, at `b`
        ("gen2", np.int64),
        ("seq2", np.int64),
        ("lat", np.float64),
        ("lon", np.float64),
        ("lat2", np.float64),
        ("lon2", np.float64),
    ],
)
Emissions: TypeAlias = NDArray[Any]


class News(NamedTuple):
    """One emission as Python, fields as in `EMISSION`."""

    row: int
    what: int
    flags: int
    t: int
    received: int
    device: int
    gen: int
    seq: int
    p: float
    a: int
    b: int
    device2: int
    gen2: int
    seq2: int
    lat: float
    lon: float
    lat2: float
    lon2: float


def as_news(emissions: Emissions) -> list[News]:
    """The rows as named tuples."""
    return [News._make(row) for row in emissions.tolist()]
