"""When a notification that was not taken is tried again. Pure: chance is an argument."""

from __future__ import annotations

from typing import Final

from domain.instants import MINUTE_US, SECOND_US

ATTEMPTS: Final = 10
"""After so many that failed it is given up, and a platform alert tells of that."""
LEASES: Final = 2 * ATTEMPTS
"""Attempts that ended with no word at all (the sender was killed) count too, but only so many are given."""
FIRST_S: Final = 1.0
"""The longest wait after the first; it doubles with each,"""
LONGEST_S: Final = 120.0
"""up to this."""
LONGEST_US: Final = 15 * MINUTE_US
"""From the decision to tell. What could not be tried again by then is given up now, so that somebody is told by another way
while it still helps; a provider that asks for more patience by Retry-After has less."""


def next_try_us(
    attempt: int, decided_us: int, now_us: int, chance: float, retry_after_s: float | None = None
) -> int | None:
    """When to try again after the ``attempt``-th (from 1) failed at ``now_us``; None: give it up.

    Exponential back-off with full jitter: ``chance`` in [0, 1) of the longest wait. A provider's Retry-After is respected.
    """
    assert attempt >= 1
    assert 0.0 <= chance < 1.0
    if attempt >= ATTEMPTS:
        return None
    wait_s = chance * min(FIRST_S * 2.0 ** (attempt - 1), LONGEST_S)
    if retry_after_s is not None:
        wait_s = max(wait_s, retry_after_s)
    next_us = now_us + round(wait_s * SECOND_US)
    return next_us if next_us <= decided_us + LONGEST_US else None
