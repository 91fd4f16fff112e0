"""Ticks: one for each marker that is back in time, and none while ingest is deaf."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from domain.instants import MINUTE_US, SECOND_US
from domain.vocabulary import AlertCondition
from ingest import ticks as module
from ingest.backlog import ON_THEIR_WAY_BYTES
from ingest.batches import Gatherer
from ingest.clock import LineClock
from ingest.ports import Delivery
from ingest.ticks import DEAF_KIND, Ticks, Withheld
from tests.ingest.made import NOW_US, message

MARKER_TOPIC = "em/v1/centre/tests/up"


@dataclass
class Line:
    """The broker port as far as ticks use it, and clocks that the test moves."""

    own_topic: str = MARKER_TOPIC
    connection: int = 1
    now_us: int = NOW_US
    now_s: float = 100.0
    commit_wait_s: float = 0.0
    sent: list[bytes] = field(default_factory=list)

    def publish(self, topic: str, payload: bytes) -> None:
        assert topic == MARKER_TOPIC
        self.sent.append(payload)

    def pass_time(self, seconds: float) -> None:
        self.now_us += round(seconds * SECOND_US)
        self.now_s += seconds


class Ticking:
    """`Ticks` over a `Line`, driven second by second."""

    def __init__(self, heard_us: int | None = None) -> None:
        self.line = Line()
        self.gatherer = Gatherer(lambda: None, lambda: None, lambda: self.line.now_us)
        self.ticks = Ticks(
            self.line,
            self.gatherer,
            LineClock(lambda: self.line.now_us),
            lambda: self.line.commit_wait_s,
            heard_us,
            lambda: self.line.now_s,
        )

    def second(self) -> None:
        """What is done each second, and then a second passes."""
        self.ticks.each_second()
        self.line.pass_time(1.0)

    def back(self, *before: tuple[str, bytes]) -> list[tuple[int, int]]:
        """The newest marker comes back behind ``before``."""
        at_us = self.line.now_us
        messages = [(topic, payload, at_us) for topic, payload in (*before, (MARKER_TOPIC, self.line.sent[-1]))]
        delivery = Delivery(self.line.connection, at_us, messages, list(range(1, len(messages) + 1)), 100)
        found = self.ticks.take(delivery)
        assert len(delivery.messages) == len(before)
        assert len(delivery.packet_ids) == len(before) + 1
        return found

    def ticked(self) -> bool:
        """A whole second with a marker that is back at once."""
        self.ticks.each_second()
        found = self.back() if self.ticks.waiting else []
        self.line.pass_time(1.0)
        return bool(found)


@pytest.fixture
async def ticking() -> Ticking:
    return Ticking()


async def test_a_marker_that_is_back_is_a_tick_in_its_place(ticking: Ticking) -> None:
    ticking.ticks.each_second()
    assert ticking.back(message("T1", 1), message("T1", 2)) == [(2, NOW_US)]
    assert ticking.ticks.made == 1


async def test_one_marker_is_on_its_way_at_most(ticking: Ticking) -> None:
    for _ in range(5):
        ticking.second()
    assert len(ticking.line.sent) == 1
    assert ticking.ticks.withheld[Withheld.NOT_DRAINED] == 4


async def test_a_marker_that_came_through_a_backlog_is_no_tick(ticking: Ticking) -> None:
    ticking.second()
    ticking.line.pass_time(0.1)
    assert ticking.back() == []
    assert ticking.ticked()


async def test_markers_of_others_and_of_earlier_connections_are_dropped(ticking: Ticking) -> None:
    ticking.ticks.each_second()
    stale = (MARKER_TOPIC, b"marker 0123456789abcdef 7")
    delivery = Delivery(1, NOW_US, [(*stale, NOW_US)], [1], 10)
    assert ticking.ticks.take(delivery) == []
    assert delivery.messages == []
    assert ticking.back() != []


async def test_something_else_on_the_marker_topic_stays_a_message(ticking: Ticking) -> None:
    delivery = Delivery(1, NOW_US, [(MARKER_TOPIC, b"{}", NOW_US)], [1], 10)
    assert ticking.ticks.take(delivery) == []
    assert len(delivery.messages) == 1


async def test_no_tick_while_not_connected(ticking: Ticking) -> None:
    assert ticking.ticked()
    ticking.line.connection = 0
    assert not ticking.ticked()
    assert ticking.ticks.withheld[Withheld.NOT_CONNECTED] == 1


async def test_no_tick_while_a_commit_takes_long(ticking: Ticking) -> None:
    ticking.line.commit_wait_s = module.WAIT_MAX_S + 1
    assert not ticking.ticked()
    assert ticking.ticks.withheld[Withheld.CANNOT_COMMIT] == 1


async def test_no_tick_while_messages_wait_aside(ticking: Ticking) -> None:
    for _ in range(2):
        messages = [("T1", bytes(ON_THEIR_WAY_BYTES), NOW_US)]
        ticking.gatherer.add(Delivery(1, NOW_US, messages, [1], ON_THEIR_WAY_BYTES))
    assert ticking.gatherer.behind
    assert not ticking.ticked()
    assert ticking.ticks.withheld[Withheld.BACKLOG] == 1
    for _ in range(2):
        ticking.gatherer.done(await ticking.gatherer.next())
    assert ticking.ticked()


async def test_after_a_time_without_a_broker_ticks_wait_as_long_again() -> None:
    ticking = Ticking(heard_us=NOW_US - 3 * SECOND_US)
    assert [ticking.ticked() for _ in range(5)] == [False, False, False, True, True]
    assert ticking.ticks.withheld[Withheld.SETTLING] == 3


async def test_they_never_wait_longer_than_the_limit() -> None:
    ticking = Ticking(heard_us=NOW_US - 10 * 24 * 60 * MINUTE_US)
    waited = 0
    while not ticking.ticked():
        waited += 1
    assert waited == module.SETTLE_MAX_US // SECOND_US


async def test_a_new_connection_settles_from_what_was_heard_last(ticking: Ticking) -> None:
    assert ticking.ticked()
    ticking.line.connection = 0
    ticking.line.pass_time(20)
    ticking.line.connection = 2
    waited = 0
    while not ticking.ticked():
        waited += 1
    assert waited == 21


async def test_failure_25_deafness_is_one_platform_alert_that_clears_with_the_next_tick(ticking: Ticking) -> None:
    assert ticking.ticked()
    ticking.line.connection = 0
    for _ in range(60):
        ticking.ticked()
    assert ticking.ticks.deaf
    ticking.line.connection = 2
    while not ticking.ticked():
        pass
    assert not ticking.ticks.deaf
    ticking.gatherer.flush()
    async with asyncio.timeout(5):
        changes = (await ticking.gatherer.next()).alerts
    assert [(change.kind, change.state) for change in changes] == [
        (DEAF_KIND, AlertCondition.ACTIVE),
        (DEAF_KIND, AlertCondition.CLEARED),
    ]
    assert changes[0].episode == changes[1].episode
