"""The one place in ingest that reads the wall clock. Instants never go back (rules.md 0)."""

from __future__ import annotations

import time
from collections.abc import Callable

from domain.instants import EARLY_US

WallClock = Callable[[], int]
"""Microseconds UTC, as the machine says; may jump."""


def wall_clock() -> int:
    """Microseconds UTC since the epoch, from the machine."""
    return time.time_ns() // 1000


class LineClock:
    """Stamps lines: the wall clock's microseconds, held where it would go back.

    Attributes
    ----------
    held_us : how far the wall clock has gone back behind the newest stamp, 0 when it has not; for the figures.
    """

    def __init__(self, wall: WallClock = wall_clock, floor_us: int = EARLY_US) -> None:
        self._wall = wall
        self._last = floor_us
        self.held_us = 0

    def stamp(self) -> int:
        """The instant of what happens now, microseconds UTC, never before an earlier stamp."""
        now = self._wall()
        self.held_us = max(0, self._last - now)
        self._last = max(self._last, now)
        return self._last

    def raise_floor(self, at_us: int) -> None:
        """No stamp from now on is before ``at_us``: the last line that an earlier process committed."""
        self._last = max(self._last, at_us)
