"""Ingest over TLS, against a real Mosquitto that asks for a client certificate: nothing goes in the clear, nobody is believed."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path

import aiomqtt
import pytest

from bailiwick.parts.mosquitto_broker import MosquittoBroker
from bailiwick.parts.processes import LOOPBACK, make_folder, unprivileged
from ingest.broker import BrokerAddress, MqttBroker
from ingest.clock import LineClock
from tests.alerts.certificates import Certificates, make_certificates
from tests.ingest.made import message
from tests.ingest.test_broker_port import Taken, connected
from tests.waiting import eventually

MESSAGES = [message("T1", seq) for seq in range(1, 201)]


def made(folder: Path) -> Certificates:
    """Files that the broker's account may read."""
    found = make_certificates(make_folder(folder, unprivileged(), mode=0o755), LOOPBACK)
    for path in (found.authority, found.certificate, found.key):
        path.chmod(0o644)
    return found


@pytest.fixture
def own(parts_folder: Path) -> Certificates:
    return made(parts_folder / "tls")


@pytest.fixture
def guarded(own: Certificates, mosquitto_with: Callable[..., MosquittoBroker]) -> MosquittoBroker:
    files = {"cafile": own.authority, "certfile": own.certificate, "keyfile": own.key}
    return mosquitto_with(require_certificate="true", **{name: str(path) for name, path in files.items()})


def address(broker: MosquittoBroker, trusted: Certificates, shown: Certificates | None) -> BrokerAddress:
    of = {"ca": str(trusted.authority)}
    if shown is not None:
        of |= {"certificate": str(shown.certificate), "key": str(shown.key)}
    return BrokerAddress.parse(f"mqtts://{LOOPBACK}:{broker.port}", **of)


def device(broker: MosquittoBroker, own: Certificates) -> aiomqtt.Client:
    context = ssl.create_default_context(cafile=own.authority)
    context.load_cert_chain(own.certificate, own.key)
    return aiomqtt.Client(
        LOOPBACK, broker.port, identifier="T1", protocol=aiomqtt.ProtocolVersion.V5, tls_context=context
    )


async def test_messages_come_over_tls_and_are_acknowledged(guarded: MosquittoBroker, own: Certificates) -> None:
    ingest, taken = MqttBroker(address(guarded, own, own), "tests-tls", LineClock()), Taken()
    async with connected(ingest, taken), device(guarded, own) as tag:
        for topic, payload in MESSAGES:
            await tag.publish(topic, payload, qos=1)
        await eventually(lambda: len(taken.payloads()) == len(MESSAGES), "all delivered")
        for delivery in taken.deliveries:
            ingest.acknowledge(delivery.connection, delivery.packet_ids)
        await ingest.leave()
    assert taken.payloads() == [payload for _, payload in MESSAGES]
    again, rest = MqttBroker(address(guarded, own, own), "tests-tls", LineClock()), Taken()
    async with connected(again, rest):
        assert again.session_present
    assert rest.payloads() == [], "what was acknowledged comes again"


@pytest.mark.parametrize("wrong", ["authority", "no certificate", "certificate"])
async def test_a_broker_or_a_certificate_that_is_not_ours_connects_nobody(
    wrong: str, guarded: MosquittoBroker, own: Certificates, parts_folder: Path
) -> None:
    other = made(parts_folder / "tls-of-others")
    trusted = other if wrong == "authority" else own
    shown = {"authority": own, "no certificate": None, "certificate": other}[wrong]
    ingest = MqttBroker(address(guarded, trusted, shown), "tests-tls", LineClock())
    why, was_ready = await ingest._one_connection(Taken().deliveries.append)
    assert not was_ready
    assert ingest.connection == 0
    if wrong == "authority":
        assert "certificate verify failed" in why
