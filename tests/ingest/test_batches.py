"""Gathering: when a batch closes, and when nothing more is read."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest

from ingest.batches import BATCH_AGE_S, BATCH_MESSAGES, HELD_BYTES, HELD_MESSAGES, Gatherer, OpenBatch
from ingest.ports import Delivery
from tests.ingest.made import NOW_US, tag


def delivery(number: int, size_bytes: int = 100) -> Delivery:
    return Delivery(1, NOW_US, [("topic", b"x", NOW_US)] * number, list(range(1, number + 1)), size_bytes)


@dataclass
class Socket:
    held: bool = False
    changes: int = 0

    def hold(self) -> None:
        self.held, self.changes = True, self.changes + 1

    def release(self) -> None:
        self.held, self.changes = False, self.changes + 1


@pytest.fixture
async def socket() -> Socket:
    return Socket()


@pytest.fixture
async def gatherer(socket: Socket) -> Gatherer:
    return Gatherer(socket.hold, socket.release, lambda: NOW_US)


async def next_within(gatherer: Gatherer, seconds: float = 5.0) -> OpenBatch:
    async with asyncio.timeout(seconds):
        return await gatherer.next()


async def test_a_full_batch_closes_at_once(gatherer: Gatherer) -> None:
    gatherer.add(delivery(BATCH_MESSAGES - 1))
    gatherer.add(delivery(10))
    batch = await next_within(gatherer, BATCH_AGE_S / 2)
    assert len(batch.messages) == BATCH_MESSAGES + 9


async def test_a_batch_closes_by_age(gatherer: Gatherer) -> None:
    began_s = asyncio.get_running_loop().time()
    gatherer.add(delivery(1))
    batch = await next_within(gatherer)
    assert len(batch.messages) == 1
    assert asyncio.get_running_loop().time() - began_s >= BATCH_AGE_S


async def test_a_batch_grows_while_the_one_before_is_judged(gatherer: Gatherer) -> None:
    gatherer.add(delivery(1))
    await next_within(gatherer)
    for _ in range(5):
        gatherer.add(delivery(7))
    assert len((await next_within(gatherer)).messages) == 35


async def test_too_many_messages_hold_the_socket_until_half_of_them_are_committed(
    gatherer: Gatherer, socket: Socket
) -> None:
    batches = HELD_MESSAGES // BATCH_MESSAGES
    for number in range(batches):
        assert not socket.held, number
        gatherer.add(delivery(BATCH_MESSAGES))
    assert socket.held
    waiting = [await next_within(gatherer) for _ in range(batches)]
    for number, batch in enumerate(waiting, start=1):
        gatherer.done(batch)
        assert socket.held == (number <= batches // 2)
    assert socket.changes == 2
    assert gatherer.empty


async def test_too_many_bytes_hold_the_socket(gatherer: Gatherer, socket: Socket) -> None:
    gatherer.add(delivery(1, HELD_BYTES))
    assert socket.held
    gatherer.done(await next_within(gatherer))
    assert not socket.held


async def test_records_begin_a_batch_of_their_own(gatherer: Gatherer) -> None:
    gatherer.add(delivery(3))
    learning = gatherer.learn([(1, tag("T9"))], [], NOW_US)
    gatherer.add(delivery(2))
    first, second = await next_within(gatherer), await next_within(gatherer)
    assert (len(first.messages), first.learnt) == (3, [])
    assert second is learning
    assert (len(second.messages), len(second.learnt)) == (2, 1)
    gatherer.done(first)
    gatherer.done(second)
    assert learning.committed.is_set()


async def test_ticks_stand_where_they_were_among_the_messages(gatherer: Gatherer) -> None:
    gatherer.add(delivery(3), [(2, NOW_US)])
    gatherer.add(delivery(3), [(0, NOW_US + 1), (3, NOW_US + 2)])
    assert (await next_within(gatherer)).ticks == [(2, NOW_US), (3, NOW_US + 1), (6, NOW_US + 2)]


async def test_the_oldest_wait_is_that_of_the_oldest_batch(gatherer: Gatherer) -> None:
    assert gatherer.oldest_wait_s() == 0
    gatherer.add(delivery(1))
    batch = await next_within(gatherer)
    gatherer.add(delivery(1))
    assert gatherer.oldest_wait_s() >= BATCH_AGE_S
    gatherer.done(batch)
    assert gatherer.oldest_wait_s() < BATCH_AGE_S


async def test_flushing_closes_what_is_open(gatherer: Gatherer) -> None:
    gatherer.add(delivery(1))
    gatherer.flush()
    assert len((await next_within(gatherer, BATCH_AGE_S / 2)).messages) == 1
