"""The one place in ingest that reads the wall clock. Instants never go back (rules.md 0).

Nothing is stamped otherwise because the wall clock steps. But ticks must know of it: while instants are held, and after
they have jumped over a time in which nobody could be heard, silence says nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from domain.instants import EARLY_US, SECOND_US

WallClock = Callable[[], int]
"""Microseconds UTC, as the machine says; may jump."""
SteadyClock = Callable[[], float]
"""Seconds of a clock that is never set, and stands still while the machine does."""
STEP_MAX_US = 5 * SECOND_US
"""A wall clock that is set by no more is put right, as every clock is now and then."""


def wall_clock() -> int:
    """Microseconds UTC since the epoch, from the machine."""
    return time.time_ns() // 1000


class LineClock:
    """Stamps lines: the wall clock's microseconds, held where it would go back.

    Attributes
    ----------
    held_us : how far the wall clock has gone back behind the newest stamp, 0 when it has not.
    jumps : how often it went ahead of ``steady_s`` at once: it was set, or the machine stood still.
    """

    def __init__(
        self, wall: WallClock = wall_clock, floor_us: int = EARLY_US, steady_s: SteadyClock = time.monotonic
    ) -> None:
        self._wall = wall
        self._steady_s = steady_s
        self._last = floor_us
        self._ahead_us: int | None = None
        self.held_us = 0
        self.jumps = 0

    @property
    def behind(self) -> bool:
        """Whether instants are held so far that they no longer tell the time."""
        return self.held_us > STEP_MAX_US

    def stamp(self) -> int:
        """The instant of what happens now, microseconds UTC, never before an earlier stamp."""
        now = self._wall()
        ahead_us = now - round(self._steady_s() * SECOND_US)
        self.jumps += self._ahead_us is not None and ahead_us - self._ahead_us > STEP_MAX_US
        self._ahead_us = ahead_us
        self.held_us = max(0, self._last - now)
        self._last = max(self._last, now)
        return self._last

    def raise_floor(self, at_us: int) -> None:
        """No stamp from now on is before ``at_us``: the last line that an earlier process committed."""
        self._last = max(self._last, at_us)
