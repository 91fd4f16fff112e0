"""Ticks: one for each marker that is back in time, and none while ingest is deaf."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from domain.commits import DEAF_KIND
from domain.instants import DAY_US, EARLY_US, SECOND_US
from domain.vocabulary import AlertCondition
from ingest import ticks as module
from ingest.backlog import ON_THEIR_WAY_BYTES
from ingest.batches import Gatherer
from ingest.clock import LineClock
from ingest.ports import Delivery
from ingest.ticks import Ticks, Withheld
from tests.ingest.made import NOW_US, message

MARKER_TOPIC = "em/v1/centre/tests/up"
SETTLE_MAX_S = module.SETTLE_MAX_US // SECOND_US


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

    def __init__(self, ticked_us: int | None = None, line: Line | None = None) -> None:
        self.line = line or Line()
        self.gatherer = Gatherer(lambda: None, lambda: None, lambda: self.line.now_us)
        self.clock = LineClock(lambda: self.line.now_us, steady_s=lambda: self.line.now_s)
        self.ticks = Ticks(
            self.line,
            self.gatherer,
            self.clock,
            lambda: self.line.commit_wait_s,
            ticked_us,
            lambda: self.line.now_s,
        )

    def second(self) -> None:
        """What is done each second, and then a second passes."""
        self.ticks.each_second()
        self.line.pass_time(1.0)

    def back(self, *before: tuple[str, bytes]) -> list[tuple[int, int]]:
        """The newest marker comes back behind ``before``."""
        at_us = self.clock.stamp()
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

    def waits(self) -> int:
        """For how many seconds there is no tick."""
        seconds = 0
        while not self.ticked():
            seconds += 1
        return seconds

    def away(self, seconds: float) -> None:
        """The broker is away for so long, and then back."""
        number, self.line.connection = self.line.connection, 0
        self.second()
        self.line.pass_time(seconds - 1)
        self.line.connection = number + 1

    async def alerts(self) -> list[tuple[str, AlertCondition]]:
        """Episode and state of what the next commit tells of deafness."""
        self.gatherer.flush()
        async with asyncio.timeout(5):
            changes = (await self.gatherer.next()).alerts
        assert {change.kind for change in changes} <= {DEAF_KIND}
        return [(change.episode, change.state) for change in changes]


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
    ticking = Ticking(NOW_US - 3 * SECOND_US)
    assert [ticking.ticked() for _ in range(5)] == [False, False, False, True, True]
    assert ticking.ticks.withheld[Withheld.SETTLING] == 3


async def test_they_never_wait_longer_than_the_limit() -> None:
    assert Ticking(NOW_US - 10 * DAY_US).waits() == SETTLE_MAX_S


async def test_a_process_that_does_not_know_the_last_tick_waits_as_long_as_devices_may_need() -> None:
    assert Ticking(EARLY_US).waits() == SETTLE_MAX_S


async def test_the_first_process_of_all_waits_for_nobody() -> None:
    assert Ticking(None).ticked()


async def test_a_new_connection_settles_from_the_last_tick(ticking: Ticking) -> None:
    assert ticking.ticked()
    ticking.away(20)
    assert ticking.waits() == 21


async def test_failure_25_a_second_short_interruption_while_it_settles_changes_nothing(ticking: Ticking) -> None:
    assert ticking.ticked()
    ticking.away(310)
    assert [ticking.ticked() for _ in range(4)] == [False] * 4
    ticking.away(2)
    assert ticking.waits() == SETTLE_MAX_S


async def test_failure_25_the_next_process_settles_from_the_last_tick_whatever_was_heard_since(
    ticking: Ticking,
) -> None:
    assert ticking.ticked()
    ticked_us = ticking.line.now_us - SECOND_US
    ticking.away(40)
    assert not ticking.ticked()
    assert Ticking(ticked_us, ticking.line).waits() == 42


async def test_before_the_first_tick_of_all_an_interruption_counts_from_the_start(ticking: Ticking) -> None:
    ticking.second()
    ticking.away(30)
    assert ticking.waits() == 31


async def test_no_tick_while_the_wall_clock_is_behind_and_that_is_deafness(ticking: Ticking) -> None:
    assert ticking.ticked()
    ticking.line.now_us -= 60 * SECOND_US
    assert [ticking.ticked() for _ in range(50)] == [False] * 50
    assert ticking.ticks.withheld[Withheld.CLOCK_BEHIND] == 50
    assert ticking.ticks.deaf
    assert ticking.waits() < 10


async def test_a_wall_clock_that_is_put_right_by_a_little_holds_up_no_tick(ticking: Ticking) -> None:
    assert ticking.ticked()
    for step_s in (-4, 4):
        ticking.line.now_us += step_s * SECOND_US
        assert ticking.ticked()


async def test_failure_25_a_machine_that_was_paused_settles_as_after_a_time_without_a_broker(ticking: Ticking) -> None:
    assert ticking.ticked()
    ticking.line.now_us += 60 * SECOND_US
    assert ticking.waits() == 61
    assert ticking.ticks.withheld[Withheld.SETTLING] == 61


async def test_time_that_passes_between_two_looks_at_the_clock_is_no_jump(ticking: Ticking) -> None:
    assert ticking.ticked()
    ticking.line.pass_time(600)
    assert ticking.ticked()


async def test_the_next_process_goes_on_with_the_deafness_that_it_finds_and_clears_it() -> None:
    since_us = NOW_US - 30 * SECOND_US
    ticking = Ticking(since_us - 11 * SECOND_US)
    ticking.ticks.go_on([since_us])
    assert ticking.ticks.deaf
    assert ticking.waits() == 41
    assert not ticking.ticks.deaf
    assert await ticking.alerts() == [(f"{DEAF_KIND}:{since_us}", AlertCondition.CLEARED)]


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
    (raised, active), (ended, cleared) = await ticking.alerts()
    assert (active, cleared) == (AlertCondition.ACTIVE, AlertCondition.CLEARED)
    assert raised == ended
