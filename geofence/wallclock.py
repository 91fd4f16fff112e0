"""Wall-clock times and instants: a time zone as columns, loaded at the edge and handed in (rules.md 1)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Zone:
    """A time zone: its offset from UTC, and the instants at which that changes.

    A *wall time* is a local date and time as microseconds since 1970-01-01T00:00 of the same calendar, as if there
    were no zone: instant + offset.

    Attributes
    ----------
    transitions_us : (n,) instants, rising.
    offsets_us : (n + 1,) local minus UTC: ``offsets_us[i]`` holds in [transitions_us[i - 1], transitions_us[i]).
    """

    name: str
    transitions_us: tuple[int, ...]
    offsets_us: tuple[int, ...]

    def offset_us(self, at_us: int) -> int:
        """Local minus UTC at an instant."""
        return self.offsets_us[bisect_right(self.transitions_us, at_us)]

    def first_us(self, wall_us: int) -> int:
        """The first instant that shows ``wall_us``: a start. In a hole, the first instant after it."""
        return self._occurrences(wall_us)[0]

    def last_us(self, wall_us: int) -> int:
        """The last instant that shows ``wall_us``: an end. In a hole, the first instant after it."""
        return self._occurrences(wall_us)[-1]

    def change_near(self, low_us: int, high_us: int) -> bool:
        """Whether the offset changes in (low_us, high_us]."""
        return bisect_right(self.transitions_us, low_us) != bisect_right(self.transitions_us, high_us)

    def _occurrences(self, wall_us: int) -> list[int]:
        # No offset is as much as two days from UTC, so only the stretches within that can show the wall time.
        low = bisect_right(self.transitions_us, wall_us - _FARTHEST_OFFSET_US)
        high = bisect_right(self.transitions_us, wall_us + _FARTHEST_OFFSET_US)
        if low == high:
            return [wall_us - self.offsets_us[low]]
        found = [
            wall_us - offset
            for i, offset in enumerate(self.offsets_us[low : high + 1], start=low)
            if self._holds(i, wall_us - offset)
        ]
        return found or [self._after_hole(wall_us, low, high)]

    def _holds(self, stretch: int, at_us: int) -> bool:
        """Whether ``at_us`` lies in the stretch with that offset."""
        after = stretch == 0 or self.transitions_us[stretch - 1] <= at_us
        return after and (stretch == len(self.transitions_us) or at_us < self.transitions_us[stretch])

    def _after_hole(self, wall_us: int, low: int, high: int) -> int:
        for i in range(low, high):
            if wall_us < self.transitions_us[i] + self.offsets_us[i + 1]:
                return self.transitions_us[i]
        raise AssertionError(f"{self.name} shows {wall_us} neither once nor in a hole")


_FARTHEST_OFFSET_US = 2 * 86_400 * 1_000_000


class TimeZones(Protocol):
    """The time zones of the pinned ``tzdata`` package, in memory: asking it reads no file."""

    @property
    def names(self) -> frozenset[str]:
        """Every name there is."""
        ...

    def zone(self, name: str) -> Zone:
        """The zone of that name; `KeyError` when there is none."""
        ...


def merged(windows: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Windows in order of start, those that touch or overlap made one; empty ones are none."""
    out: list[tuple[int, int]] = []
    for start, end in sorted(windows):
        if start >= end:
            continue
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(out[-1][1], end))
        else:
            out.append((start, end))
    return out
