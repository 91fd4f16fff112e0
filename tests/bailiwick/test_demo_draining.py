"""The demo counts what is stored when everything has come, or nothing more does; however long a count takes."""

from __future__ import annotations

import pytest

from bailiwick.demo.draining import STALLED_S, drained


class Draining:
    """A database that fills at a rate until it has ``most``; each count of it takes a while."""

    def __init__(self, rate: float, most: int, count_takes_s: float) -> None:
        self.rate, self.most, self.count_takes_s = rate, most, count_takes_s
        self.at_s = 0.0

    async def count(self) -> int:
        found = min(self.most, int(self.rate * self.at_s))
        self.at_s += self.count_takes_s
        return found

    async def between(self) -> None:
        self.at_s += 0.2

    async def ends(self, sent: int) -> bool:
        return await drained(self.count, sent, lambda: self.at_s, self.between)


@pytest.mark.parametrize("count_takes_s", [0.01, 3.0, STALLED_S + 5, 4 * STALLED_S])
async def test_it_waits_as_long_as_more_comes(count_takes_s: float) -> None:
    draining = Draining(1_000, 2_000_000, count_takes_s)
    assert await draining.ends(1_000_000)
    assert 1_000 <= draining.at_s < 1_001 + 2 * count_takes_s


@pytest.mark.parametrize("count_takes_s", [0.01, 3.0, STALLED_S + 5])
async def test_what_never_comes_is_not_waited_for_long(count_takes_s: float) -> None:
    draining = Draining(1_000, 10_000, count_takes_s)
    assert not await draining.ends(10_001)
    assert 10 + STALLED_S <= draining.at_s < 10 + STALLED_S + 4 * count_takes_s + 1
