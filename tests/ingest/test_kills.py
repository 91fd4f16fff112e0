"""Failure 15: ingest, the broker and the database end at any instant under load; nothing is lost, nothing is twice."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.ingest.feeds import Feed, by_fact, feed, undisturbed
from tests.ingest.made import event_message, message, worn
from tests.ingest.processes import IngestProcess, Questions, prepare, processes
from tests.ingest.publishing import Publisher
from tests.waiting import eventually

pytestmark = [pytest.mark.real, pytest.mark.slow]

KILLS = int(os.environ.get("BAILIWICK_TEST_KILLS", "4"))
"""How often ingest is killed; `make soak` asks for 20."""
WEARERS = 40
SEED = 15
SLICE = 200
"""Messages between two looks at what there is to do."""
A_KILL_TAKES_S = 4.0
"""Until the next process stands by."""
TAKE_OVER_S = 5.0


def now_us() -> int:
    return time.time_ns() // 1000


async def all_stored(database: Questions, sent: Feed) -> None:
    await eventually(lambda: database.fact_count() >= len(sent.facts), "everything is stored", timeout_s=120)
    assert database.facts() == sent.facts


def same_violations(database: Questions, sent: Feed, began_us: int) -> None:
    expected = undisturbed(sent, began_us)
    assert len(expected) > len(sent.versions) // 2
    assert by_fact(database.violations()) == expected


async def passed(seconds: float) -> None:
    """Returns after so long: an instant of the test's choosing, not a wait for anything."""
    due_s = time.monotonic() + seconds
    await eventually(lambda: time.monotonic() >= due_s, "time passes", timeout_s=seconds + 10)


async def publish_steadily(url: str, messages: Sequence[tuple[str, bytes]], lasting_s: float) -> None:
    """All messages, spread over about so long."""
    parts = [messages[at : at + SLICE] for at in range(0, len(messages), SLICE)]
    began_s = time.monotonic()
    async with Publisher(url) as devices:
        for number, part in enumerate(parts):
            await devices.publish(part)
            await passed(began_s + (number + 1) * lasting_s / len(parts) - time.monotonic())


async def standing_by(process: IngestProcess) -> None:
    await eventually(lambda: process.says("standing by"), "it stands by", timeout_s=60)


async def test_failure_15_ingest_is_killed_at_any_instant_and_another_takes_over(
    timescale_url: str, mosquitto: Any, tmp_path: Path
) -> None:
    began_us = now_us()
    sent, rng = feed(WEARERS, began_us, SEED), Random(SEED)
    await prepare(timescale_url, sent.versions)
    with processes(timescale_url, mosquitto.url, tmp_path) as start, Questions(timescale_url) as database:
        leader: IngestProcess = start()
        await leader.at_work()
        standby: IngestProcess = start()
        publishing = asyncio.create_task(publish_steadily(mosquitto.url, sent.messages, KILLS * A_KILL_TAKES_S))
        for _ in range(KILLS):
            await standing_by(standby)
            await passed(rng.uniform(0, 1))
            leader.kill()
            killed_s = time.monotonic()
            await standby.at_work()
            assert time.monotonic() - killed_s < TAKE_OVER_S
            leader, standby = standby, start()
        await publishing
        await all_stored(database, sent)
        same_violations(database, sent, began_us)
        assert leader.stop() == 0


async def test_failure_15_ingest_is_frozen_and_another_takes_over(
    timescale_url: str, mosquitto: Any, tmp_path: Path
) -> None:
    began_us = now_us()
    sent = feed(WEARERS, began_us, SEED + 3)
    await prepare(timescale_url, sent.versions)
    with processes(timescale_url, mosquitto.url, tmp_path) as start, Questions(timescale_url) as database:
        leader: IngestProcess = start()
        await leader.at_work()
        standby: IngestProcess = start()
        publishing = asyncio.create_task(publish_steadily(mosquitto.url, sent.messages, 2 * A_KILL_TAKES_S))
        await standing_by(standby)
        leader.child.send_signal(signal.SIGSTOP)
        frozen_s = time.monotonic()
        await standby.at_work()
        assert time.monotonic() - frozen_s < TAKE_OVER_S
        assert standby.says("the ingest at work was frozen")
        leader.child.send_signal(signal.SIGCONT)
        await standing_by(leader)
        await publishing
        await all_stored(database, sent)
        same_violations(database, sent, began_us)
        assert standby.stop() == 0


async def test_failure_15_the_broker_restarts_under_load(timescale_url: str, mosquitto: Any, tmp_path: Path) -> None:
    began_us = now_us()
    sent = feed(WEARERS, began_us, SEED + 1)
    await prepare(timescale_url, sent.versions)
    half = len(sent.messages) // 2
    with processes(timescale_url, mosquitto.url, tmp_path) as start, Questions(timescale_url) as database:
        ingest: IngestProcess = start()
        await ingest.at_work()
        async with Publisher(mosquitto.url) as devices:
            await devices.publish(sent.messages[:half])
        mosquitto.restart()
        async with Publisher(mosquitto.url) as devices:
            await devices.publish(sent.messages[half:])
        await all_stored(database, sent)
        same_violations(database, sent, began_us)
        assert not ingest.says("forgotten our session")


async def test_failure_15_the_database_is_killed_under_load(
    timescale_url: str, timescale_server: Any, mosquitto: Any, tmp_path: Path
) -> None:
    began_us = now_us()
    sent = feed(WEARERS, began_us, SEED + 2)
    await prepare(timescale_url, sent.versions)
    with processes(timescale_url, mosquitto.url, tmp_path) as start, Questions(timescale_url) as database:
        ingest: IngestProcess = start()
        await ingest.at_work()
        publishing = asyncio.create_task(publish_steadily(mosquitto.url, sent.messages, 4.0))
        await eventually(lambda: database.fact_count() > len(sent.facts) // 4, "some are stored", timeout_s=60)
        database.close()
        timescale_server.kill()
        await passed(1.0)
        timescale_server.start()
        await publishing
        await all_stored(database, sent)
        same_violations(database, sent, began_us)
        assert ingest.says("cannot work")


async def test_failure_15_a_clean_stop_and_start_folds_nothing(
    timescale_url: str, mosquitto: Any, tmp_path: Path
) -> None:
    began_us = now_us()
    sent = feed(10, began_us, SEED + 3)
    await prepare(timescale_url, sent.versions)
    half = len(sent.messages) // 2
    with processes(timescale_url, mosquitto.url, tmp_path) as start, Questions(timescale_url) as database:
        first: IngestProcess = start()
        await first.at_work()
        async with Publisher(mosquitto.url) as devices:
            await devices.publish(sent.messages[:half])
            await eventually(lambda: database.fact_count() > 0, "some are stored")
            assert first.stop() == 0
            await devices.publish(sent.messages[half:])
        second: IngestProcess = start()
        await second.at_work()
        assert second.says('"folded": 0')
        await all_stored(database, sent)
        same_violations(database, sent, began_us)


async def test_failure_15_what_a_conflict_made_is_made_again_after_a_kill(
    timescale_url: str, mosquitto: Any, tmp_path: Path
) -> None:
    at_us = now_us()
    await prepare(timescale_url, worn(1))
    with processes(timescale_url, mosquitto.url, tmp_path) as start, Questions(timescale_url) as database:
        first: IngestProcess = start()
        await first.at_work()
        async with Publisher(mosquitto.url) as devices:
            await devices.publish([message("T1", 1, at_us), message("T1", 2, at_us + 1_000_000)])
            await eventually(lambda: database.fact_count() == 2, "stored")
            await devices.publish([message("T1", 1, at_us, lat=51.51)])
            await eventually(lambda: database.fact_count() == 3, "the conflict is stored")
            made = database.number("SELECT count(*) FROM violations")
            assert made > 0
            first.kill()
            second: IngestProcess = start()
            await second.at_work()
            again = [message("T1", 1, at_us, lat=51.51), event_message("T1", 3, "sos", at_us + 2_000_000)]
            await devices.publish(again)
            await eventually(lambda: database.number("SELECT count(*) FROM violations") > made, "the SOS is decided")
        assert database.fact_count() == 4
        assert not second.says("cannot work")


async def test_failure_15_ingest_ends_in_a_backlog_of_long_messages_beside_short_ones(
    timescale_url: str, mosquitto: Any, tmp_path: Path
) -> None:
    began_us = now_us()
    sent, rng = feed(12, began_us, SEED + 4), Random(SEED)
    await prepare(timescale_url, sent.versions)
    with processes(timescale_url, mosquitto.url, tmp_path) as start, Questions(timescale_url) as database:
        ingest: IngestProcess = start()
        await ingest.at_work()
        async with Publisher(mosquitto.url) as devices:
            assert ingest.stop() == 0  # from here on the broker queues
            await devices.publish([long(message) if n % 2 else message for n, message in enumerate(sent.messages)])
        for ends_cleanly in (False, True):
            ingest = start()
            await ingest.at_work()
            await passed(rng.uniform(0, 0.3))
            if ends_cleanly:
                assert ingest.stop() == 0
            else:
                ingest.kill()
        ingest = start()
        await ingest.at_work()
        await all_stored(database, sent)
        same_violations(database, sent, began_us)


def long(message: tuple[str, bytes]) -> tuple[str, bytes]:
    """The same, as long as a backlog's: keys that nobody knows are passed over."""
    topic, payload = message
    return topic, payload[:-1] + b',"more":"' + 16 * 1024 * b"x" + b'"}'
