"""How wrong passwords are answered: an account is locked for longer and longer, an address may fail only so often. Pure.

Both are bounded: the numbers of an account stand in the database, those of addresses in a table of `MOST_ADDRESSES`.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from typing import Final

from domain.instants import DAY_US, MINUTE_US, SECOND_US

FREE_FAILURES: Final = 4
"""Wrong ones in a row that lock nothing; the next does."""
FIRST_LOCK_US: Final = 15 * MINUTE_US
LONGEST_LOCK_US: Final = DAY_US
FAILURES_AT_ONCE: Final = 20
"""Of one address, before it must wait."""
FAILURE_EVERY_US: Final = 6 * SECOND_US
"""Afterwards one more a span."""
BEGUN_AT_ONCE: Final = 200
"""Sign-ins of one address that are at the provider: a whole control room at the change of a shift."""
MOST_ADDRESSES: Final = 10_000
IPV6_PREFIX: Final = 64
"""Bits; whoever has one such address has all of that network."""


def lock_us(failures: int) -> int:
    """For how long ``failures`` in a row lock an account, in microseconds; 0: not."""
    if failures <= FREE_FAILURES:
        return 0
    doublings = min(failures - FREE_FAILURES - 1, LONGEST_LOCK_US.bit_length())
    return min(FIRST_LOCK_US << doublings, LONGEST_LOCK_US)


class Addresses:
    """How often each address has failed lately: a bucket of ``at_once`` that fills by one every `FAILURE_EVERY_US`.

    The address that failed longest ago is forgotten first, of more than ``most``.
    """

    def __init__(self, most: int = MOST_ADDRESSES, at_once: int = FAILURES_AT_ONCE) -> None:
        self._most = most
        self._spare_us = (at_once - 1) * FAILURE_EVERY_US
        self._full_at: OrderedDict[str, int] = OrderedDict()
        """By address: when its bucket will be full again, as microseconds."""

    def __len__(self) -> int:
        return len(self._full_at)

    def wait_us(self, address: str, now_us: int) -> int:
        """For how long an address must wait before it may try; 0: not at all."""
        full_us = self._full_at.get(_kept_as(address), now_us)
        return max(full_us - now_us - self._spare_us, 0)

    def tries(self, address: str, now_us: int) -> None:
        """One more try of that address; it counts as a failure until it is `forgiven`."""
        key = _kept_as(address)
        full_us = max(self._full_at.pop(key, now_us), now_us)
        self._full_at[key] = full_us + FAILURE_EVERY_US
        while len(self._full_at) > self._most:
            self._full_at.popitem(last=False)

    def forgiven(self, address: str) -> None:
        """The try was none to count."""
        key = _kept_as(address)
        if key in self._full_at:
            self._full_at[key] -= FAILURE_EVERY_US


def _kept_as(address: str) -> str:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if found.version == 4:
        return str(found)
    mapped = found.ipv4_mapped
    return str(mapped or ipaddress.ip_network((int(found), IPV6_PREFIX), strict=False))
