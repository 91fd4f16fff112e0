"""The stream: in order, resumable, nothing missed and nothing twice, over the fake and over real databases."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import pytest

from api.hub import Hub
from api.routes.live import FOLLOWERS_LIMIT
from tests.api.serving import Follower, app_over, served
from tests.api.sides import Side, fake_of, fake_side
from tests.store.made import change_of, violation_of, wearer_records, work_of
from tests.waiting import eventually

ALERTS = 40
AT_ONCE = 8


async def raise_alert(side: Side, number: int) -> None:
    zone = violation_of(f"W1-{number}")
    await side.commit(work_of(0, side.roster, versions=[zone], alerts=[change_of(zone)]))


def episodes(events: list[tuple[str, str, Any]]) -> list[str]:
    return [data["episode"] for event, _, data in events if event == "alert"]


async def test_a_follower_that_is_cut_off_again_and_again_misses_nothing_and_gets_nothing_twice(side: Side) -> None:
    await side.learn(wearer_records())
    app = app_over(side)
    async with served(app) as address:
        follower = Follower(address)
        ((hello, _, _),) = await follower.take(1)
        assert hello == "hello"
        got: list[tuple[str, str, Any]] = []

        async def commit_all() -> None:
            for number in range(1, ALERTS + 1):
                await raise_alert(side, number)

        committing = asyncio.create_task(commit_all())
        while len(episodes(got)) < ALERTS:
            # One event says where it begins; then some come, and the line is cut while others are under way.
            first, *rest = await follower.take(1 + AT_ONCE)
            assert first[0] == "resumed"
            got += rest
        await committing
        assert episodes(got) == [f"W1-{number}" for number in range(1, ALERTS + 1)]
        ids = [int(number) for _, number, _ in got]
        assert ids == sorted(set(ids))
        assert len(got) == 2 * ALERTS


async def test_a_restart_of_the_api_loses_nothing_for_those_who_come_back(side: Side) -> None:
    await side.learn(wearer_records())
    async with served(app_over(side)) as address:
        follower = Follower(address)
        await follower.take(1)
        await raise_alert(side, 1)
        await follower.take(3)
    await raise_alert(side, 2)
    async with served(app_over(side)) as address:
        follower.url = f"{address}/api/v1/stream"
        events = await follower.take(3)
        assert [event for event, _, _ in events] == ["resumed", "violation", "alert"]
        assert episodes(events) == ["W1-2"]


async def test_what_was_committed_before_is_not_streamed_to_a_new_follower(side: Side) -> None:
    await side.learn(wearer_records())
    await raise_alert(side, 1)
    async with served(app_over(side)) as address:
        follower = Follower(address, "?kind=alert")
        async with follower.open() as events:
            event, number, data = await anext(events)
            assert (event, data) == ("hello", {"after": str(await side.reading.newest_event())})
            assert number == data["after"]
            await raise_alert(side, 2)
            event, _, data = await anext(events)
            assert (event, data["episode"]) == ("alert", "W1-2")


async def test_one_who_has_an_event_that_is_no_more_or_never_was_is_told_to_begin_anew() -> None:
    side = fake_side()
    reading = fake_of(side)
    await side.learn(wearer_records())
    for number in range(1, 6):
        await raise_alert(side, number)
    reading.forget_events(4)
    async with served(app_over(side)) as address:
        for known, word, after in [
            ("3", "reset", "10"),
            ("4", "resumed", "4"),
            ("10", "resumed", "10"),
            ("11", "reset", "10"),
        ]:
            follower = Follower(address)
            follower.last_id = known
            assert await follower.take(1) == [(word, after, {"after": after})]


async def test_a_bad_last_event_id_is_a_problem() -> None:
    side = fake_side()
    async with served(app_over(side)) as address, httpx2.AsyncClient() as client:
        for bad in ("x", "-1", "1" * 30):
            answer = await client.get(f"{address}/api/v1/stream", headers={"Last-Event-ID": bad})
            assert answer.status_code == 422
            assert answer.headers["content-type"] == "application/problem+json"


async def test_head_of_the_stream_ends_with_its_headers() -> None:
    async with served(app_over(fake_side())) as address, httpx2.AsyncClient(timeout=20) as client:
        answer = await client.head(f"{address}/api/v1/stream")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")


async def test_too_many_followers_are_refused() -> None:
    side = fake_side()
    app = app_over(side)
    app.state.parts.hub.followers = FOLLOWERS_LIMIT
    async with served(app) as address, httpx2.AsyncClient() as client:
        assert (await client.get(f"{address}/api/v1/stream")).status_code == 503
        app.state.parts.hub.followers = 0


@pytest.mark.slow
async def test_followers_wait_while_the_database_is_away_and_go_on_when_it_is_back() -> None:
    side = fake_side()
    reading = fake_of(side)
    await side.learn(wearer_records())
    async with served(app_over(side)) as address:
        follower = Follower(address, "?kind=alert")
        async with asyncio.timeout(20), follower.open() as events:
            assert (await anext(events))[0] == "hello"
            reading.break_off()
            await eventually(lambda: reading.questions["listen"] > 1, "the hub tries again")
            reading.away = False
            await raise_alert(side, 1)
            assert (await anext(events))[2]["episode"] == "W1-1"


async def test_one_reads_from_the_database_what_is_not_at_hand_any_more() -> None:
    side = fake_side()
    reading = fake_of(side)
    hub = Hub(reading, side.away, at_hand=4)
    task = asyncio.create_task(hub.run())
    await eventually(lambda: reading.questions["events"] > 0, "the hub looks")
    await side.learn(wearer_records())
    for number in range(1, 11):
        await raise_alert(side, number)
    await eventually(lambda: hub.newest == 20, "the hub has them all")
    for after in (0, 3, 15, 16, 17, 19):
        got = []
        async for row in hub.follow(after):
            got.append(row.no)
            if row.no == 20:
                break
        assert got == list(range(after + 1, 21))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
