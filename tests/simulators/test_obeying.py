"""What simulated devices do when they are told something: once, in time, and really."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import aiomqtt
import msgspec
import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from domain.instants import SECOND_US
from domain.wire_commands import Command, CommandName, encode_command
from domain.wire_topics import down_topic
from simulators.devices import Devices, Message
from simulators.fleet import Fleet
from simulators.link import Address
from simulators.obeying import Done, Obedience
from simulators.scenario import CALM, Network
from simulators.scenes import Silence
from tests.simulators.test_fleet import Heard, listening
from tests.simulators.worlds import START_US, life, one, wearer
from tests.waiting import eventually

CONNECT_S = 10.0
FAR_MS = (START_US + 3600 * SECOND_US) // 1000


def devices_of(duration_s: float = 600.0, rate_hz: float | None = 1 / 60, **more: Any) -> Devices:
    subject, speakers, run = one(wearer(**more), duration_s, rate_hz or 1.0)
    return Devices(speakers, [subject], [life((0, 0, 0), (duration_s, 0, 0))], run, 1)


def tell(
    obedience: Obedience, name: CommandName, now_us: int, wire_id: str = "c1", expires_ms: int = FAR_MS, **args: Any
) -> Done:
    named = {key.rstrip("_"): value for key, value in args.items()}
    payload = encode_command(Command(wire_id, name, expires_ms, named))
    return obedience.obey(0, payload, now_us, (START_US + now_us) // 1000)


def bodies(messages: Any) -> list[dict[str, Any]]:
    return [msgspec.json.decode(message.payload) for message in messages]


def answers(done: Done) -> list[tuple[str, bool]]:
    events = [event for body in bodies(done.said) for event in body.get("events", [])]
    return [(event["data"]["command"], event["data"]["ok"]) for event in events if event["code"] == "command_result"]


def times_s(messages: list[Message]) -> list[float]:
    return [fix["t"] / 1000 - START_US / SECOND_US for body in bodies(messages) for fix in body.get("fixes", [])]


def test_an_interval_that_is_set_is_kept_from_then_on() -> None:
    devices = devices_of()
    obedience = Obedience(devices)
    before = times_s(devices.step(130 * SECOND_US))
    assert before == [0.0, 60.0, 120.0]
    assert answers(tell(obedience, CommandName.SET_INTERVAL, 130 * SECOND_US, interval_s=15, upload_s=15)) == [
        ("c1", True)
    ]
    assert times_s(devices.step(200 * SECOND_US)) == [145.0, 160.0, 175.0, 190.0]
    tell(obedience, CommandName.SET_INTERVAL, 200 * SECOND_US, "c2", interval_s=60, upload_s=60)
    assert times_s(devices.step(400 * SECOND_US)) == [205.0, 265.0, 325.0, 385.0]


def test_an_upload_interval_gathers_what_is_recorded_between() -> None:
    devices = devices_of()
    tell(Obedience(devices), CommandName.SET_INTERVAL, 0, interval_s=15, upload_s=60)
    sent = [len(body.get("fixes", [])) for body in bodies(devices.step(300 * SECOND_US))]
    assert max(sent) == 4
    assert len(sent) <= 6


def test_a_position_now_is_sent_before_the_answer() -> None:
    devices = devices_of()
    devices.step(30 * SECOND_US)
    done = tell(Obedience(devices), CommandName.LOCATE_NOW, 30 * SECOND_US)
    assert times_s(list(done.said)) == [30.0]
    assert answers(done) == [("c1", True)]
    seqs = [item["seq"] for body in bodies(done.said) for item in [*body.get("fixes", []), *body.get("events", [])]]
    assert seqs == [2, 3]


def test_who_knows_no_place_says_so() -> None:
    devices = devices_of(tag="rf_tag")
    assert answers(tell(Obedience(devices), CommandName.LOCATE_NOW, SECOND_US)) == [("c1", False)]


def test_the_same_command_again_is_passed_over_and_nonsense_too() -> None:
    devices = devices_of()
    obedience = Obedience(devices)
    first = tell(obedience, CommandName.VIBRATE, SECOND_US)
    assert (first.obeyed, answers(first)) == (True, [("c1", True)])
    assert tell(obedience, CommandName.VIBRATE, 2 * SECOND_US) == Done()
    assert answers(tell(obedience, CommandName.MESSAGE, 2 * SECOND_US, "c2", text="Call the centre.")) == [("c2", True)]
    assert obedience.obey(0, b"\xff{", 3 * SECOND_US, FAR_MS) == Done()


def test_what_has_expired_is_answered_and_not_done() -> None:
    devices = devices_of()
    now_ms = (START_US + 10 * SECOND_US) // 1000
    obedience = Obedience(devices)
    done = tell(obedience, CommandName.SET_INTERVAL, 10 * SECOND_US, expires_ms=now_ms, interval_s=1, upload_s=1)
    assert answers(done) == [("c1", False)]
    assert times_s(devices.step(59 * SECOND_US)) == [0.0]


def test_what_was_lost_is_found_again_once() -> None:
    devices = devices_of(rate_hz=1.0)
    obedience = Obedience(devices)
    sent = devices.step(10 * SECOND_US)
    for message in sent[2:5]:
        obedience.hold_back(message)
    now_us = 10 * SECOND_US
    assert answers(tell(obedience, CommandName.RESEND, now_us, "g", gen=1, from_=1, to=9)) == [("g", False)]
    some = tell(obedience, CommandName.RESEND, now_us, "a", gen=0, from_=4, to=9)
    assert (list(some.found), answers(some)) == (sent[3:5], [("a", True)])
    rest = tell(obedience, CommandName.RESEND, now_us, "b", gen=0, from_=1, to=3)
    assert list(rest.found) == sent[2:3]
    assert answers(tell(obedience, CommandName.RESEND, now_us, "c", gen=0, from_=1, to=9)) == [("c", False)]


async def publish(url: str, command: Command, expires_s: int | None = None) -> None:
    parts = urlsplit(url)
    properties = None
    if expires_s is not None:
        properties = Properties(PacketTypes.PUBLISH)
        properties.MessageExpiryInterval = expires_s
    centre = aiomqtt.Client(
        parts.hostname or "", parts.port or 0, identifier="centre", protocol=aiomqtt.ProtocolVersion.V5
    )
    async with centre:
        await centre.publish(down_topic("T1"), encode_command(command), qos=1, properties=properties)


def soon_ms(seconds: float) -> int:
    return round((time.time() + seconds) * 1000)


def fleet_of(url: str, duration_s: float, rate_hz: float, network: Network, *silences: Silence) -> Fleet:
    subject, speakers, run = one(wearer(), duration_s, rate_hz)
    run = replace(run, start_us=time.time_ns() // 1_000_000 * 1000 + 300_000)
    lives = [life((0, 0, 0), (10, 0, 0), silences=list(silences))]
    return Fleet(Devices(speakers, [subject], lives, run, 1), lives, [Address.parse(url)], network, 1)


@pytest.mark.slow
async def test_a_command_over_a_broker_is_obeyed_and_answered(broker: Any) -> None:
    heard = Heard()
    fleet = fleet_of(broker.urls[0], 6.0, 0.5, CALM.network)
    async with listening(broker.urls[0], heard):
        playing = asyncio.create_task(fleet.run(CONNECT_S))
        await eventually(lambda: fleet.tally.acknowledged > 0, "the device is at work")
        await publish(
            broker.urls[0], Command("c1", CommandName.SET_INTERVAL, soon_ms(60), {"interval_s": 1, "upload_s": 1})
        )
        await eventually(lambda: fleet.tally.commands == 1, "the device was told")
        tally = await playing
    assert tally.sent >= 5, "more than every two seconds, and the answer"
    assert tally.held == 0


@pytest.mark.slow
async def test_what_the_network_lost_comes_when_it_is_asked_for(mosquitto: Any) -> None:
    heard = Heard()
    fleet = fleet_of(mosquitto.url, 4.0, 10.0, Network(lost=0.3))
    async with listening(mosquitto.url, heard):
        playing = asyncio.create_task(fleet.run(CONNECT_S))
        await eventually(lambda: fleet.tally.lost > 3, "something was lost")
        command = Command("c1", CommandName.RESEND, soon_ms(60), {"gen": 0, "from": 1, "to": 5_000})
        await publish(mosquitto.url, command)
        await eventually(lambda: fleet.tally.commands == 1, "the device was told")
        tally = await playing
        missing = set(range(1, 1 + tally.sent)) - {seq for _, seq in heard.items}
    assert len(missing) == tally.lost < tally.sent * 0.3


@pytest.mark.slow
async def test_a_device_that_is_away_is_told_when_it_comes_back_unless_that_is_too_late(mosquitto: Any) -> None:
    """The broker keeps its session; what has expired meanwhile the broker lets go, and the device would not obey it."""
    fleet = fleet_of(mosquitto.url, 5.0, 10.0, Network(session_s=600.0), Silence((0.5, 3.0), keeps=True))
    playing = asyncio.create_task(fleet.run(CONNECT_S))
    await eventually(lambda: fleet.tally.connections == 1 and not fleet._ready, "the device is away")
    await publish(mosquitto.url, Command("gone", CommandName.VIBRATE, soon_ms(1)), expires_s=1)
    await publish(mosquitto.url, Command("late", CommandName.VIBRATE, soon_ms(1)))
    await publish(mosquitto.url, Command("good", CommandName.VIBRATE, soon_ms(60)), expires_s=60)
    tally = await playing
    assert tally.commands == 2, "one of three was let go by the broker"
    assert tally.held == 0
