"""Dispatch as real processes over TimescaleDB: started, raced, killed at the worst moments, and away for an hour."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from alerts.desk import Desk, DeskGuide, Item, Wish
from alerts.dispatch import wall_clock
from alerts.machine import Actor, Illegal
from alerts.shipped import shipped_protocols
from alerts.work_store import AlertWork
from domain.instants import SECOND_US
from domain.vocabulary import AlertEvent, Role
from tests.alerts.dispatching import DUTY_MANAGER, SUPERVISOR, ZONES, Centre, centre
from tests.alerts.world import plain_resolve

pytestmark = [pytest.mark.real, pytest.mark.slow]

RACED = 60
LEASE_OVER_S = 40
HOUR_S = 3_600
STATES = "SELECT state, attempts FROM notifications WHERE channel = 'sms'"


async def test_failure_07_nothing_critical_ages_in_silence_however_often_dispatch_is_killed(
    timescale_url: str, tmp_path: Path
) -> None:
    """Each process lives just long enough for what is due at its time; whoever is next goes on where it ended."""
    async with centre(timescale_url, tmp_path) as at:
        await at.raised(1, 1, wall_clock())
        for ahead_s, phone, messages in (
            (0, SUPERVISOR, 0),
            (125, SUPERVISOR, 1),
            (305, DUTY_MANAGER, 1),
            (910, DUTY_MANAGER, 2),
            (1_510, DUTY_MANAGER, 3),
        ):
            process = at.start(ahead_s)
            await process.at_work()
            await at.until(lambda p=phone, n=messages: len(at.to(p)) >= n, f"{messages} messages to {phone}")
            await at.until(at.all_told, "its result is written")
            process.kill()
        process = at.start(HOUR_S + 5)
        await at.until(
            lambda: any(
                "still_open" in one for (one,) in at.rows("SELECT text FROM notifications WHERE state = 'sent'")
            ),
            "an alert that is open for an hour goes to the duty manager",
        )
        assert process.stop() == 0
        assert at.rows("SELECT count(*) FROM timers WHERE alert_no = 1") != [(0,)], "and it goes on"
        # Killed or not: each message was taken once, for none of these was killed with one in hand.
        assert max(Counter(one["ref"] for one in at.messages()).values()) == 1


async def test_failure_14_two_dispatchers_and_two_claimers_race_and_each_alert_is_told_and_claimed_once(
    timescale_url: str, tmp_path: Path
) -> None:
    async with centre(timescale_url, tmp_path, wearers=RACED) as at:
        processes = [at.start(), at.start()]
        for process in processes:
            await process.at_work()
        # Raised two minutes ago: the supervisor is told at once of what nobody has claimed by then.
        for first in range(1, RACED + 1, 20):
            await at.raised(first, 20, wall_clock() - 121 * SECOND_US)
        # Numbers have gaps: what the service raises of its own meanwhile draws some.
        numbers = [no for (no,) in at.rows("SELECT alert_no FROM alerts WHERE wearer IS NOT NULL ORDER BY alert_no")]
        claims = await asyncio.gather(*(claim_all(at, name, numbers) for name in ("ann", "ben")))
        assert sorted(claims[0] + claims[1]) == numbers, "each was claimed, by one of the two"
        assert len(numbers) == RACED
        await at.until(at.all_looked_at, "everything was looked at")
        await at.until(
            lambda: at.rows("SELECT 1 FROM notifications WHERE state IN ('waiting', 'leased')") == [], "sent"
        )
        assert [process.stop() for process in processes] == [0, 0]
        refs = Counter(one["ref"] for one in at.messages())
        assert not refs or max(refs.values()) == 1
        sent = at.rows("SELECT count(*) FROM notifications WHERE channel = 'sms' AND state = 'sent'")
        assert sent == [(len(refs),)]
        what = "alert_no, recipient, channel, text, detail"
        # What the service says of itself meanwhile, such as that a message came late, it may say of each.
        raced = "sends AND alert_no IN (SELECT alert_no FROM alerts WHERE wearer IS NOT NULL)"
        twice = f"SELECT {what} FROM notifications WHERE {raced} GROUP BY {what} HAVING count(*) > 1"
        assert at.rows(twice) == [], "no recipient is told the same of one alert twice"
        claimed = at.rows("SELECT count(*), count(DISTINCT alert_no) FROM alert_events WHERE event = 'claim'")
        assert claimed == [(RACED, RACED)]


async def claim_all(at: Centre, name: str, numbers: list[int]) -> list[int]:
    """One operator, on connections of their own, who wants every alert; those that they got."""

    async def guide() -> DeskGuide:
        return DeskGuide(shipped_protocols(), plain_resolve)

    got = []
    async with await AlertWork.open(at.url, ZONES) as work:
        desk = Desk(work, guide, wall_clock)
        for number in numbers:
            try:
                await desk.act(Item(number), Wish(AlertEvent.CLAIM), Actor(name, Role.OPERATOR))
            except Illegal:
                continue
            got.append(number)
    return got


async def test_failure_17_killed_between_deciding_and_having_sent_and_for_an_hour_escalation_goes_on(
    timescale_url: str, tmp_path: Path
) -> None:
    async with centre(timescale_url, tmp_path) as at:
        at.phones.behave = "silent"
        await at.raised(1, 1, wall_clock() - 125 * SECOND_US)
        process = at.start()
        await at.until(lambda: len(at.to(SUPERVISOR)) == 1, "the message to the supervisor is in the channel's hands")
        process.kill()
        assert at.rows(STATES) == [("leased", 1)]

        at.phones.behave = "answer"
        at.phones.ended.set()
        process = at.start(LEASE_OVER_S)
        await at.until(lambda: len(at.to(SUPERVISOR)) == 2, "it is sent again")
        first, again = at.to(SUPERVISOR)
        assert again == first, "the same, under the same id"
        await at.until(lambda: at.rows(STATES) == [("sent", 2)], "it is known to be sent")
        process.kill()

        # Nobody dispatches for an hour.
        process = at.start(HOUR_S)
        await at.until(lambda: len(at.to(DUTY_MANAGER)) >= 1, "the duty manager is told")
        assert process.stop() == 0
        assert len(at.to(SUPERVISOR)) == 2, "what was sent is not sent again"
        due = at.rows("SELECT count(*) FROM timers WHERE alert_no = 1 AND due_at > now() + interval '1 hour'")
        assert due != [(0,)], "and escalation goes on"


async def test_who_was_told_is_stood_down_although_dispatch_was_killed_in_between(
    timescale_url: str, tmp_path: Path
) -> None:
    """The message was in the channel's hands when dispatch was killed: nobody knows that it came, so it is taken back."""
    async with centre(timescale_url, tmp_path) as at:
        at.phones.behave = "silent"
        now_us = wall_clock()
        await at.raised(1, 1, now_us - 125 * SECOND_US)
        process = at.start()
        await at.until(lambda: len(at.to(SUPERVISOR)) == 1, "the message to the supervisor is in the channel's hands")
        process.kill()
        await at.withdrawn(1, now_us)
        at.phones.behave = "answer"
        at.phones.ended.set()
        process = at.start(LEASE_OVER_S)
        await at.until(lambda: len(at.to(SUPERVISOR)) == 2, "they are stood down")
        assert process.stop() == 0
        first, second = at.to(SUPERVISOR)
        assert first["ref"] != second["ref"]
        stood_down = (
            "SELECT target FROM notifications WHERE reason = 'stood_down' AND channel = 'sms' AND state = 'sent'"
        )
        assert at.rows(stood_down) == [("supervisor",)]
