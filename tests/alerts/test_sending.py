"""The sender: what a channel's answers lead to, one slow channel beside others, a database that is away, and the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from alerts.channels.channel import Refused, TryAgain
from alerts.ports import Leased
from alerts.retrying import ATTEMPTS, LEASES
from alerts.sending import Delivery, InTime, Lane, Sends
from alerts.state import Alert
from alerts.waking import Bell
from alerts.wording import NoSafeWords, Words
from domain.instants import SECOND_US
from domain.vocabulary import Channel, Severity
from store.store import ConnectionLost
from tests.alerts.fake_store import FakeAlertStore, FakeDatabase
from tests.alerts.world import START_US, FakeChannel, Quiet, plain_words, telling
from tests.waiting import eventually


def database_with(*channels: Channel) -> FakeDatabase:
    """One alert, and one notification by each channel."""
    database = FakeDatabase()
    database.raise_alert(Alert(0, "W1-1", "strap_tamper", Severity.CRITICAL, START_US, START_US, wearer="W1"))
    for number, channel in enumerate(channels):
        database.tell(telling(1, f"key-{number}", channel, recipient=f"them-{number}"), START_US)
    return database


async def never(seconds: float) -> None:
    raise AssertionError("the database is not away")


def delivery(database: FakeDatabase, channel: Sends, **more: object) -> Delivery:
    given: dict[str, object] = {
        "store": FakeAlertStore(database),
        "compose": plain_words,
        "clock": lambda: START_US + SECOND_US,
        "chance": lambda: 0.5,
        "wait": never,
    }
    return Delivery(sends=channel, meter=lambda: 0.0, figures=Quiet(), **(given | more))


async def attempt(database: FakeDatabase, channel: Sends, **more: object) -> None:
    """Leases what is due by SMS and tries it."""
    made = delivery(database, channel, **more)
    now_us = made.clock()
    for leased in await made.store.lease(Channel.SMS, now_us, now_us + 30 * SECOND_US, 10):
        await made.attempt(leased)


async def test_what_the_channel_takes_is_sent() -> None:
    database, channel = database_with(Channel.SMS), FakeChannel()
    await attempt(database, channel)
    (row,) = database.rows
    assert (row.state, row.sent_us, row.attempts) == ("sent", START_US + SECOND_US, 1)
    assert channel.given[0][2].short == "alert 1 strap_tamper"


@pytest.mark.parametrize(
    ("answer", "next_s"),
    [(TryAgain(None, "answered 503"), 1.5), (TryAgain(40.0, "answered 429"), 41.0), (OSError("10.0.0.7 said no"), 1.5)],
)
async def test_what_it_does_not_take_now_is_tried_again(answer: Exception, next_s: float) -> None:
    database = database_with(Channel.SMS)
    await attempt(database, FakeChannel([answer]))
    (row,) = database.rows
    assert (row.state, row.next_us) == ("waiting", START_US + next_s * SECOND_US)
    assert await FakeAlertStore(database).next_send_us(Channel.SMS) == row.next_us
    assert "10.0.0.7" not in (row.why or "")


async def test_what_it_refuses_is_given_up_and_is_an_alert_of_its_own() -> None:
    database = database_with(Channel.SMS)
    await attempt(database, FakeChannel([Refused("answered 410")]))
    assert (database.rows[0].state, database.rows[0].why) == ("failed", "answered 410")
    assert database.works[2].alert.kind == "undelivered"
    assert database.works[2].about == {"alert": "1", "channel": "sms", "why": "answered 410"}


async def test_after_the_last_attempt_it_is_given_up() -> None:
    database = database_with(Channel.SMS)
    for number in range(ATTEMPTS):
        assert database.rows[0].state == "waiting", number
        clock = lambda: database.rows[0].next_us  # noqa: E731 - as soon as it is due
        await attempt(database, FakeChannel([TryAgain(None, "answered 500")]), clock=clock)
    assert database.rows[0].state == "failed"
    assert database.works[2].alert.kind == "undelivered"


async def test_what_only_ever_kills_its_sender_is_given_up_too() -> None:
    database, channel = database_with(Channel.SMS), FakeChannel()
    database.rows[0].attempts = LEASES
    await attempt(database, channel)
    assert database.rows[0].state == "failed"
    assert not channel.given


async def test_what_cannot_be_worded_is_given_up_at_once() -> None:
    def no_words(leased: Leased) -> Words:
        raise NoSafeWords("alert 1")

    database, channel = database_with(Channel.SMS), FakeChannel()
    await attempt(database, channel, compose=no_words)
    assert (database.rows[0].state, channel.given) == ("failed", [])


async def test_a_result_waits_for_the_database_and_the_channel_is_not_asked_again() -> None:
    database, channel = database_with(Channel.SMS), FakeChannel()
    waited: list[float] = []

    class Away(FakeAlertStore):
        async def sent(self, no: int, at_us: int) -> None:
            if len(waited) < 3:
                raise ConnectionLost("away")
            await super().sent(no, at_us)

    async def wait(seconds: float) -> None:
        waited.append(seconds)

    await attempt(database, channel, store=Away(database), wait=wait)
    assert database.rows[0].state == "sent"
    assert waited == [0.2, 0.4, 0.8]
    assert len(channel.given) == 1


# ---- lanes ----


class Hanging:
    """Takes nothing and does not answer, until it is let go."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.asked = 0

    async def send(self, leased: Leased, body: Words) -> None:
        self.asked += 1
        await self.go.wait()


@asynccontextmanager
async def lanes(database: FakeDatabase, **channels: Sends) -> AsyncIterator[dict[Channel, Lane]]:
    stop, bell = asyncio.Event(), Bell()
    database.bells.append(bell.ring)
    made = {
        Channel(name): Lane(Channel(name), delivery(database, sends, wait=asyncio.sleep), bell.sleeper(stop), at_once=2)
        for name, sends in channels.items()
    }
    async with asyncio.TaskGroup() as group:
        for lane in made.values():
            group.create_task(lane.run(stop))
        try:
            yield made
        finally:
            stop.set()


async def test_a_slow_channel_holds_up_its_own_lane_alone() -> None:
    database = database_with(*[Channel.SMS] * 5, *[Channel.EMAIL] * 5)
    slow, quick = Hanging(), FakeChannel()
    async with lanes(database, sms=slow, email=quick):
        await eventually(lambda: len(quick.given) == 5, "all e-mail is sent")
        assert slow.asked == 2, "so many at once on one channel"
        slow.go.set()
        await eventually(lambda: all(row.state == "sent" for row in database.rows), "everything is sent")
    assert slow.asked == 5


async def test_what_is_written_later_wakes_its_lane() -> None:
    database, quick = database_with(), FakeChannel()
    async with lanes(database, sms=quick):
        database.tell(telling(1, "later", Channel.SMS), START_US)
        database.ring()
        await eventually(lambda: len(quick.given) == 1, "it is sent", timeout_s=2.0)


async def test_at_the_end_what_is_in_hand_is_waited_for() -> None:
    database, slow = database_with(Channel.SMS), Hanging()
    async with lanes(database, sms=slow) as made:
        await eventually(lambda: slow.asked == 1, "it is in hand")
    finishing = asyncio.create_task(made[Channel.SMS].finish())
    slow.go.set()
    await finishing
    assert database.rows[0].state == "sent"


async def test_a_channel_that_does_not_answer_in_time_is_tried_again() -> None:
    database = database_with(Channel.SMS)
    await attempt(database, InTime(Hanging(), longest_s=0.01))
    assert (database.rows[0].state, database.rows[0].why) == ("waiting", "the channel did not answer in time")
