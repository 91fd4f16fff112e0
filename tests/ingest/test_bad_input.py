"""Failure 02: everything that a device can send wrongly, thrown at a running ingest while good traffic flows."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from domain.wire import partition_of, up_topic
from ingest.broker import BrokerAddress, MqttBroker
from ingest.clock import LineClock
from ingest.ports import Delivery
from tests.ingest.made import fix, message, worn
from tests.ingest.processes import Pair, Questions, ingesting, prepare, processes
from tests.ingest.publishing import Publisher
from tests.waiting import eventually

pytestmark = [pytest.mark.real, pytest.mark.slow]

GOOD_DEVICES = 20
GOOD_EACH = 60
BAD = "T1"
"""The device that sends only what is bad; the others are good."""
SEED = 2
MESSAGE_BYTES = 256 * 1024


def now_us() -> int:
    return time.time_ns() // 1000


def envelope(**changes: Any) -> bytes:
    return msgspec.json.encode({"v": 1, "sent": now_us() // 1000} | changes)


def bad_messages() -> list[tuple[str, bytes, str]]:
    """(topic, payload, reason) of one message each way of being bad."""
    topic = up_topic(BAD)
    other = f"{(int(partition_of(BAD), 16) + 1) % 64:02x}"
    many = [fix(seq, now_us()) for seq in range(1, 502)]
    return [
        (topic, b" " * (MESSAGE_BYTES + 1), "oversize"),
        (f"em/v1/zz/{BAD}/up", envelope(), "bad_topic"),
        ("em/v1/00/has space/up", envelope(), "bad_topic"),
        (f"em/v1/{other}/{BAD}/up", envelope(), "partition_mismatch"),
        (up_topic("NOBODY"), envelope(), "unknown_device"),
        (topic, b'{"v":1,"sent":"\xff"}', "not_utf8"),
        (topic, b"{", "not_json"),
        (topic, b"", "not_json"),
        (topic, b"[" * 100_000, "not_json"),
        (topic, b"\x81", "not_msgpack"),
        (topic, b"\xde\xff\xff", "not_msgpack"),
        (topic, envelope(v=2), "unknown_version"),
        (topic, envelope(fixes=many), "too_many_items"),
        (topic, b"{}", "schema"),
        (topic, envelope(sent="yesterday"), "schema"),
        (topic, envelope(fixes=7), "schema"),
        (topic, envelope(gen=-1), "schema"),
        (topic, envelope(sent=10**30), "schema"),
    ]


def bad_items() -> list[dict[str, Any]]:
    """Items that park alone; the envelope around them is good."""
    at_us = now_us()
    changed = [
        {"lat": 91},
        {"lat": None},
        {"lon": 181},
        {"acc": 0},
        {"acc": -1},
        {"seq": 0},
        {"seq": 2**53},
        {"seq": 1.5},
        {"t": 0},
        {"t": "now"},
        {"src": "stars"},
        {"hdg": 360},
        {"spd": 151},
    ]
    return [fix(seq, at_us) | change for seq, change in enumerate(changed, start=1000)]


def fuzz(rng: Random, number: int) -> list[tuple[str, bytes]]:
    """Good messages, each with a few bytes changed."""
    made = []
    for _ in range(number):
        payload = bytearray(message(BAD, rng.randint(1, 9), now_us())[1])
        for _ in range(rng.randint(1, 8)):
            payload[rng.randrange(len(payload))] = rng.randrange(256)
        made.append((up_topic(BAD), bytes(payload)))
    return made


async def test_failure_02_bad_messages_are_parked_and_slow_nobody(pair: Pair) -> None:
    rng = Random(SEED)
    wearers = list(range(1, GOOD_DEVICES + 2))
    good = [(f"T{number}", seq) for seq in range(1, GOOD_EACH + 1) for number in wearers[1:]]
    bad = bad_messages() * 4
    mixed = [message(device, seq, now_us()) for device, seq in good]
    for topic, payload, _ in bad:
        mixed.insert(rng.randrange(len(mixed)), (topic, payload))
    await prepare(pair.url, [record for number in wearers for record in worn(number)])
    with Questions(pair.url) as database:
        async with ingesting(pair.url, pair.mqtt_url, at_most_once=pair.at_most_once) as task:
            async with Publisher(pair.mqtt_url) as devices:
                await devices.publish(mixed)
            await eventually(lambda: database.fact_count() >= len(good), "the good ones are stored", timeout_s=60)
            parked = Counter(reason for _, _, reason in bad)
            await eventually(lambda: sum(database.parked().values()) >= parked.total(), "the bad ones are parked")
            assert database.parked() == parked
            assert not task.done()
        assert database.facts() == sorted((device, 0, seq) for device, seq in good)
        faults = database.rows("SELECT device, state FROM alerts WHERE kind = 'fault'")
        assert faults == [(BAD, "active")], "a device that sends nothing but bad messages is reported once"
        assert database.number("SELECT count(*) FROM dead_letters WHERE topic = %s", up_topic("NOBODY")) == 4


async def test_failure_02_a_bad_item_parks_alone(pair: Pair) -> None:
    items = bad_items()
    await prepare(pair.url, [*worn(1), *worn(2)])
    with Questions(pair.url) as database:
        async with ingesting(pair.url, pair.mqtt_url, at_most_once=pair.at_most_once):
            async with Publisher(pair.mqtt_url) as devices:
                good = [fix(seq, now_us()) for seq in (1, 2, 3)]
                await devices.publish(
                    [(up_topic("T2"), envelope(fixes=[good[0], *items[:6], good[1], *items[6:], good[2]]))]
                )
            await eventually(lambda: database.fact_count() == 3, "the good items are stored")
        assert database.parked() == {"schema": len(items)}
        assert database.facts() == [("T2", 0, 1), ("T2", 0, 2), ("T2", 0, 3)]
        assert database.number(
            "SELECT count(*) FROM dead_letters WHERE field IS NOT NULL AND cause IS NOT NULL"
        ) == len(items)


async def test_a_parked_tamper_is_a_critical_platform_alert(pair: Pair) -> None:
    await prepare(pair.url, worn(1))
    event = {"seq": "first", "t": now_us() // 1000, "code": "strap_tamper"}
    with Questions(pair.url) as database:
        async with ingesting(pair.url, pair.mqtt_url, at_most_once=pair.at_most_once):
            async with Publisher(pair.mqtt_url) as devices:
                await devices.publish([(up_topic("T1"), envelope(events=[event]))] * 3)
            await eventually(lambda: sum(database.parked().values()) == 3, "parked")
        alerts = database.rows("SELECT kind, severity, device FROM alerts WHERE kind = 'parked_alarm'")
        assert alerts == [("parked_alarm", "critical", "T1")]


async def test_failure_02_noise_never_ends_ingest_and_all_of_it_is_acknowledged(
    timescale_url: str, mosquitto: Any, tmp_path: Path
) -> None:
    noise = fuzz(Random(SEED), 3000)
    await prepare(timescale_url, [*worn(1), *worn(2)])
    with processes(timescale_url, mosquitto.url, tmp_path) as start, Questions(timescale_url) as database:
        ingest = start("--client-id", "tests-noise")
        await ingest.at_work()
        async with Publisher(mosquitto.url) as devices:
            await devices.publish(noise)
            await devices.publish([message("T2", 1, now_us())])
        await eventually(lambda: ("T2", 0, 1) in database.facts(), "what comes behind the noise is stored")
        assert ingest.stop() == 0
        assert await left_in_session(mosquitto.url, "tests-noise") == []


async def left_in_session(mqtt_url: str, client_id: str) -> list[bytes]:
    """What the broker still holds for a session: all that comes before a marker of our own."""
    broker = MqttBroker(BrokerAddress.parse(mqtt_url), client_id, LineClock())
    payloads: list[bytes] = []

    def take(delivery: Delivery) -> None:
        payloads.extend(payload for _, payload, _ in delivery.messages)
        broker.acknowledge(delivery.connection, delivery.packet_ids)

    running = asyncio.create_task(broker.run(take))
    await eventually(lambda: broker.connection > 0, "connected")
    broker.publish(broker.own_topic, b"the end")
    await eventually(lambda: b"the end" in payloads, "the marker is back")
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return payloads[: payloads.index(b"the end")]
