"""The shipped broker configuration (failure 16): queues of hours, and an access list that pins a device to its topics."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from pathlib import Path

import aiomqtt
import pytest

from bailiwick.parts.mosquitto_broker import PRODUCTION_CONFIGURATION, MosquittoBroker
from bailiwick.parts.processes import make_folder, unprivileged

pytestmark = pytest.mark.slow

ACCESS_LIST = PRODUCTION_CONFIGURATION.with_name("access.acl")
V5 = aiomqtt.ProtocolVersion.V5
ROUNDS = 101
SHORT_QUEUE = 1000


def password_line(user: str, password: str) -> str:
    """A line of Mosquitto's password file: PBKDF2 with SHA-512."""
    salt = b"twelve bytes"
    key = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ROUNDS)
    return f"{user}:$7${ROUNDS}${base64.b64encode(salt).decode()}${base64.b64encode(key).decode()}\n"


@pytest.fixture
def guarded(parts_folder: Path, mosquitto_with: Callable[..., MosquittoBroker]) -> MosquittoBroker:
    """A Mosquitto with the shipped access list; devices come without a password, their client id is their name."""
    folder = make_folder(parts_folder / "guarded", unprivileged(), mode=0o755)
    for name, text in (("access.acl", ACCESS_LIST.read_text()), ("passwords", password_line("centre", "secret"))):
        (folder / name).write_text(text)
        (folder / name).chmod(0o644)
    return mosquitto_with(acl_file=str(folder / "access.acl"), password_file=str(folder / "passwords"))


def device(broker: MosquittoBroker, name: str) -> aiomqtt.Client:
    return aiomqtt.Client("127.0.0.1", broker.port, identifier=name, protocol=V5)


def centre(broker: MosquittoBroker) -> aiomqtt.Client:
    return aiomqtt.Client(
        "127.0.0.1", broker.port, identifier="ingest", username="centre", password="secret", protocol=V5
    )


async def test_a_device_speaks_on_its_own_topics_alone(guarded: MosquittoBroker) -> None:
    async with centre(guarded) as ingest, device(guarded, "T1") as t1:
        await ingest.subscribe([("em/v1/+/+/up", 1), ("em/v1/+/+/lwt", 1)])
        await t1.publish("em/v1/00/T2/up", b"forged", qos=1)
        await t1.publish("em/v1/00/T1/down", b"forged", qos=1)
        await t1.publish("em/v1/alerts/kent", b"forged", qos=1)
        await t1.publish("em/v1/00/T1/up", b"own", qos=1)
        message = await anext(aiter(ingest.messages))
    assert (str(message.topic), message.payload) == ("em/v1/00/T1/up", b"own")


async def test_a_device_hears_its_own_commands_alone(guarded: MosquittoBroker) -> None:
    async with centre(guarded) as ingest, device(guarded, "T1") as t1:
        await t1.subscribe("em/v1/#", qos=1)
        await t1.subscribe("em/v1/00/T1/down", qos=1)
        await ingest.publish("em/v1/00/T2/down", b"for another", qos=1)
        await ingest.publish("em/v1/alerts/kent", b"for people", qos=1)
        await ingest.publish("em/v1/00/T1/down", b"for T1", qos=1)
        message = await anext(aiter(t1.messages))
    assert message.payload == b"for T1"


async def test_the_centre_needs_its_password(guarded: MosquittoBroker) -> None:
    wrong = aiomqtt.Client("127.0.0.1", guarded.port, identifier="x", username="centre", password="guess", protocol=V5)
    with pytest.raises(aiomqtt.MqttError):
        await wrong.__aenter__()


async def test_failure_16_a_queue_of_the_default_drops_and_the_shipped_one_does_not(
    mosquitto_with: Callable[..., MosquittoBroker],
) -> None:
    sent = 3000
    assert await taken_after_absence(mosquitto_with(max_queued_messages=str(SHORT_QUEUE)), sent) < sent
    assert await taken_after_absence(mosquitto_with(), sent) == sent


async def taken_after_absence(broker: MosquittoBroker, sent: int) -> int:
    """How many of so many messages, all of them acknowledged to the sender, come to one who was away."""

    def subscriber() -> aiomqtt.Client:
        return aiomqtt.Client("127.0.0.1", broker.port, identifier="ingest", clean_session=False)

    async with subscriber() as client:
        await client.subscribe("em/v1/+/+/up", qos=1)
    async with device(broker, "T1") as t1:
        for number in range(sent):
            await t1.publish("em/v1/00/T1/up", str(number), qos=1)
    async with subscriber() as client, device(broker, "T1") as t1:
        messages = aiter(client.messages)
        for _ in range(SHORT_QUEUE):
            await anext(messages)
        await t1.publish("em/v1/00/T1/up", b"last", qos=1)
        taken = SHORT_QUEUE
        while (await anext(messages)).payload != b"last":
            taken += 1
    return taken


def test_what_stack_says_stands_in_the_file() -> None:
    text = PRODUCTION_CONFIGURATION.read_text()
    settings = dict(line.split(maxsplit=1) for line in text.splitlines() if line and not line.startswith("#"))
    assert settings["per_listener_settings"] == "false"
    assert settings["max_inflight_messages"] == "0"
    assert int(settings["max_queued_messages"]) >= 1_000_000
    assert settings["persistence"] == "true"
    assert int(settings["autosave_interval"]) <= 60
    assert int(settings["max_packet_size"]) > 256 * 1024
    assert settings["allow_anonymous"] == "false"
