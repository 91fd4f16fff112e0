"""Long messages wait aside while live ones go ahead: all are judged once, in an order of instants, and acknowledged as they came."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from dataclasses import dataclass, field
from functools import cache

import pytest

from domain.wire import Message
from ingest.backlog import ASIDE_BYTES, LONG_BYTES, ON_THEIR_WAY_BYTES
from ingest.batches import BATCH_MESSAGES, Gatherer, OpenBatch
from ingest.ports import Delivery
from tests.ingest.made import NOW_US

LONG = 64 * 1024
FILLING = ON_THEIR_WAY_BYTES // LONG
"""Messages of `LONG` with which so many are on their way that more wait aside."""


@cache
def payload(size: int) -> bytes:
    return bytes(size)


@dataclass
class Centre:
    """A gatherer, with a socket that can be held and a clock that goes on a millisecond a look."""

    now_us: int = NOW_US
    held: bool = False
    packet_id: int = 0
    came: list[int] = field(default_factory=list)
    acknowledged: list[int] = field(default_factory=list)
    judged: list[Message] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.gatherer = Gatherer(self._hold, self._release, self.stamp)

    def stamp(self) -> int:
        self.now_us += 1000
        return self.now_us

    def read(self, *sizes: int, connection: int = 1, quality: int = 1) -> None:
        """One read of the socket with messages of so many bytes, each named by its number."""
        at_us = self.stamp()
        first = self.packet_id + 1
        self.packet_id += len(sizes)
        numbers = list(range(first, self.packet_id + 1))
        self.came += numbers
        messages = [(str(number), payload(size), at_us) for number, size in zip(numbers, sizes, strict=True)]
        ids = numbers if quality else [0] * len(numbers)
        self.gatherer.add(Delivery(connection, at_us, messages, ids, sum(sizes)))

    async def next(self) -> OpenBatch:
        async with asyncio.timeout(5.0):
            batch = await self.gatherer.next()
        self.judged += batch.messages
        return batch

    def commit(self, batch: OpenBatch) -> None:
        for _, packet_ids in self.gatherer.done(batch):
            self.acknowledged += packet_ids

    async def all(self) -> None:
        while not self.gatherer.empty:
            self.commit(await self.next())

    def _hold(self) -> None:
        self.held = True

    def _release(self) -> None:
        self.held = False


@pytest.fixture
async def centre() -> Centre:
    return Centre()


def names(batch: OpenBatch) -> list[str]:
    return [name for name, _, _ in batch.messages]


async def overtaken(centre: Centre) -> tuple[OpenBatch, OpenBatch]:
    """As many long messages as may be on their way; and what was live after one more, which waits aside."""
    centre.read(*[LONG] * FILLING)
    first = await centre.next()
    centre.read(LONG)
    centre.read(100)
    return first, await centre.next()


async def test_what_is_live_goes_ahead_of_the_long_ones_that_wait(centre: Centre) -> None:
    centre.read(*[LONG] * FILLING)
    first = await centre.next()
    centre.read(LONG, 100, LONG)
    centre.read(100)
    assert centre.gatherer.aside == 2
    live = await centre.next()
    assert names(live) == [str(FILLING + 2), str(FILLING + 4)]
    centre.commit(first)
    centre.commit(live)
    assert names(await centre.next()) == [str(FILLING + 1), str(FILLING + 3)]
    assert centre.gatherer.aside == 0


async def test_few_long_messages_wait_for_nothing(centre: Centre) -> None:
    centre.read(100, LONG, 100)
    assert names(await centre.next()) == ["1", "2", "3"]


async def test_what_waited_is_received_when_it_goes_on(centre: Centre) -> None:
    first, live = await overtaken(centre)
    centre.commit(first)
    waited = await centre.next()
    assert waited.messages[0][2] > live.messages[-1][2]


async def test_everything_is_acknowledged_in_the_order_in_which_it_came(centre: Centre) -> None:
    first, live = await overtaken(centre)
    centre.commit(live)
    assert centre.acknowledged == []
    centre.commit(first)
    assert centre.acknowledged == list(range(1, FILLING + 1))
    centre.commit(await centre.next())
    assert centre.acknowledged == centre.came


async def test_a_little_of_the_backlog_goes_on_however_much_is_live(centre: Centre) -> None:
    centre.read(*[LONG] * FILLING)
    centre.read(*[LONG] * 20)
    centre.commit(await centre.next())
    for _ in range(3):
        centre.read(*[100] * BATCH_MESSAGES)
    for left in range(20, 0, -1):
        assert centre.gatherer.aside == left
        centre.read(*[100] * BATCH_MESSAGES)
        centre.commit(await centre.next())
    assert not centre.gatherer.behind


async def test_with_much_aside_nothing_more_is_read(centre: Centre) -> None:
    centre.read(*[LONG] * FILLING)
    for _ in range(ASIDE_BYTES // (100 * LONG) + 1):
        assert not centre.held
        centre.read(*[LONG] * 100)
    assert centre.held
    while centre.held:
        centre.commit(await centre.next())
    assert 0 < centre.gatherer.aside <= ASIDE_BYTES // 2 // LONG
    await centre.all()
    assert centre.acknowledged == centre.came


async def test_at_the_end_what_waits_is_left_to_the_broker(centre: Centre) -> None:
    centre.read(*[LONG] * FILLING)
    centre.read(LONG, LONG)
    centre.read(100)
    centre.gatherer.flush()
    await centre.all()
    assert centre.acknowledged == list(range(1, FILLING + 1))
    assert [name for name, _, _ in centre.judged] == [*map(str, range(1, FILLING + 1)), str(FILLING + 3)]


async def test_what_no_broker_sends_again_is_judged_before_the_end(centre: Centre) -> None:
    centre.read(*[LONG] * FILLING)
    centre.read(LONG, LONG, quality=0)
    centre.gatherer.flush()
    await centre.all()
    assert len(centre.judged) == FILLING + 2


async def test_a_new_connection_owes_no_acknowledgement_for_the_one_before(centre: Centre) -> None:
    centre.read(*[LONG] * FILLING)
    centre.read(LONG)
    centre.read(LONG, 100, connection=2)
    await centre.all()
    assert len(centre.judged) == FILLING + 3
    assert centre.acknowledged == [FILLING + 2, FILLING + 3]


async def any_order(seed: int) -> None:
    """Reads of messages of all sizes between batches that are taken and committed as it happens."""
    centre, chance, working = Centre(), random.Random(seed), deque[OpenBatch]()
    sizes = (10, 200, LONG_BYTES - 1, LONG_BYTES, LONG, 8 * LONG)
    for _ in range(60):
        step = chance.random()
        gathered = len(centre.came) - len(centre.judged) - centre.gatherer.aside
        if step < 0.2 and len(working) < 3 and gathered:
            working.append(await centre.next())
        elif step < 0.4 and working:
            centre.commit(working.popleft())
        elif not centre.held:
            centre.read(*chance.choices(sizes, (9, 9, 1, 1, 2, 1), k=chance.randint(1, 60)))
    for batch in working:
        centre.commit(batch)
    await centre.all()
    assert sorted(int(name) for name, _, _ in centre.judged) == centre.came, seed
    assert centre.acknowledged == centre.came, seed
    instants = [at_us for _, _, at_us in centre.judged]
    assert instants == sorted(instants), seed
    assert centre.gatherer.held_messages == centre.gatherer.held_bytes == 0, seed


@pytest.mark.slow
async def test_each_message_is_judged_once_at_instants_that_never_go_back() -> None:
    await asyncio.gather(*(any_order(seed) for seed in range(100)))
