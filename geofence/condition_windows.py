"""When a condition is in force, as people are shown it: its merged windows, cut by its order and by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from domain.instants import DAY_US, FAR_US
from domain.records import Condition, Order
from geofence.timetable import Window, windows
from geofence.wallclock import TimeZones

_STRETCH_US: Final = 366 * DAY_US
"""Windows are worked out for this long at a time, so that a range of centuries takes no memory."""


def condition_windows(
    condition: Condition, order: Order, zones: TimeZones, from_us: int, to_us: int
) -> Iterator[Window]:
    """The merged windows of a condition, cut by its order, by itself, and by ``[from_us, to_us)``, in order.

    Absences and suspensions change nothing here. Without a timetable there is one window.
    """
    low = max(from_us, order.from_us, from_us if condition.from_us is None else condition.from_us)
    high = min(to_us, *(FAR_US if end is None else end for end in (order.to_us, condition.to_us)))
    if low >= high:
        return
    if condition.timetable is None:
        yield low, high
        return
    done = low
    for stretch in range(low, high, _STRETCH_US):
        for start, end in windows(condition.timetable, zones, stretch, min(stretch + _STRETCH_US, high)):
            if end > done:  # one that runs into the next stretch is seen from both
                yield max(start, low), min(end, high)
                done = min(end, high)
