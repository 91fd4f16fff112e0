"""What an event's `data` says to the rules, as one number in a column of facts (wire.md, `FACT` ``said``).

Only what the rules ask for is here: the result and the place of a presence check, and the value of an alcohol reading.
The whole object is kept beside the fact as JSON. Nought says nothing; so do all other codes.
"""

from __future__ import annotations

from enum import IntEnum
from functools import lru_cache
from hashlib import blake2b

NOTHING = 0
RESULT_BITS = 2
"""Of a presence check: the lowest bits are its result, the others the key of the place that it names."""
NANO = 10**9
"""An alcohol reading counts in billionths of a permille, one more than they are."""


class CheckResult(IntEnum):
    """How a presence check ended; the wire's word is the lower-case name."""

    VERIFIED = 1
    NOT_VERIFIED = 2
    NO_ANSWER = 3


@lru_cache(maxsize=4096)
def place_key(name: str) -> int:
    """A number of 61 bits for the name of a place, the same in every process; 0 is no name's."""
    digest = blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return (int.from_bytes(digest) >> 3) or 1


def said_by_check(result: str | None, place: str | None) -> int:
    """Of a `presence_check`; without a result it says nothing."""
    if result is None:
        return NOTHING
    key = place_key(place) if place is not None else 0
    return key << RESULT_BITS | CheckResult[result.upper()]


def said_by_reading(tac_permille: float | None) -> int:
    """Of an `alcohol_reading`; without a value it says nothing."""
    return NOTHING if tac_permille is None else nano_permille(tac_permille) + 1


def nano_permille(permille: float) -> int:
    """A permille in the unit in which readings and limits are compared."""
    return round(permille * NANO)


def check_said(said: int) -> tuple[CheckResult, int] | None:
    """The result of a presence check and the key of the place it names, 0 where it names none."""
    return None if said == NOTHING else (CheckResult(said & (1 << RESULT_BITS) - 1), said >> RESULT_BITS)


def reading_said(said: int) -> int | None:
    """Nano-permille of an alcohol reading."""
    return None if said == NOTHING else said - 1
