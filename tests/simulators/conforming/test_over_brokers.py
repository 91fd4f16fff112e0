"""Over real brokers, with our own simulated device: it keeps to every clause that can be shown without a person."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from bailiwick.parts.mosquitto_broker import MosquittoBroker
from bailiwick.parts.processes import LOOPBACK, make_folder, unprivileged
from domain.wire_topics import up_topic
from simulators.conforming.service import ConformConfig, conform
from simulators.devices import Devices, Message
from simulators.fleet import Fleet
from simulators.link import Address
from simulators.scenario import Network
from tests.alerts.certificates import make_certificates
from tests.simulators.worlds import life, one, wearer
from tests.waiting import eventually

CONNECT_S = 10.0
RUN_S = 600.0
RATE_HZ = 0.5
GUIDED = {
    "backlog.days",
    "backlog.kept",
    "backlog.order",
    "clock.epoch",
    "clock.rollover",
    "clock.told",
    "gen.rises",
    "memory.oldest",
    "seq.restart",
}

UNSEEN = {"connection.mqtt", "fix.radius"}

pytestmark = pytest.mark.slow


class LosesOne(Fleet):
    """The network loses a message once; the device holds it until it is asked for."""

    def _send(self, messages: list[Message], now_us: int) -> None:
        for message in messages:
            if message.first_seq == 3:
                self._obedience.hold_back(message)
            else:
                super()._send([message], now_us)


def fleet_of(url: str, rate_hz: float) -> Fleet:
    records = wearer(firmware="1.2", model="invented", interval_s=2, upload_s=2)
    subject, speakers, run = one(records, RUN_S, rate_hz)
    run = replace(run, start_us=time.time_ns() // 1_000_000 * 1000 + 1_500_000)
    lives = [life((0, 0, 0), (RUN_S, 0, 0))]
    devices = Devices(speakers, [subject], lives, run, 1)
    return LosesOne(devices, lives, [Address.parse(url)], Network(duplicates=0.5), 1)


@asynccontextmanager
async def playing(url: str, rate_hz: float) -> AsyncIterator[None]:
    task = asyncio.create_task(fleet_of(url, rate_hz).run(CONNECT_S))
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def trial(url: str, folder: Path, rate_hz: float = RATE_HZ, **more: Any) -> tuple[int, dict[str, Any]]:
    """Exit code and report; the tester listens before the device is switched on."""
    report = folder / "report.json"
    config = ConformConfig(url, "T1", "gps_tag", fast_s=1, wait_s=20.0, settle_s=2.0, report=report, **more)
    async with playing(url, rate_hz):
        code = await asyncio.to_thread(conform, config)
    return code, json.loads(report.read_text())


def by_result(report: dict[str, Any], result: str) -> dict[str, str]:
    return {clause["id"]: clause["why"] for clause in report["clauses"] if clause["result"] == result}


async def test_our_simulated_device_keeps_to_every_clause_that_can_be_shown(mosquitto: Any, tmp_path: Path) -> None:
    code, report = await trial(mosquitto.url, tmp_path)
    assert by_result(report, "failed") == {}
    assert by_result(report, "not shown").keys() == GUIDED | UNSEEN
    assert (code, report["result"]) == (0, "passed")
    assert report["counts"] == {"passed": len(report["clauses"]) - 11, "failed": 0, "not shown": 11}


async def test_it_does_over_the_embedded_broker(iotcore_broker: Any, tmp_path: Path) -> None:
    code, report = await trial(iotcore_broker.urls[0], tmp_path, 5.0, steps="vibrate,once,broken,client_id")
    assert by_result(report, "failed") == {}
    shown = {"connection.client_id", "command.vibrate", "command.once", "command.broken", "clock.utc", "seq.identity"}
    assert shown <= by_result(report, "passed").keys()
    assert code == 0


async def test_over_tls_only_that_device_is_heard_and_told(
    parts_folder: Path, mosquitto_with: Callable[..., MosquittoBroker], tmp_path: Path
) -> None:
    """A neighbour on the same broker speaks meanwhile, and hears nothing. The device itself obeys nobody, and is named for that."""
    own = make_certificates(make_folder(parts_folder / "conform", unprivileged(), mode=0o755), LOOPBACK)
    for path in (own.authority, own.certificate, own.key):
        path.chmod(0o644)
    files = {"cafile": own.authority, "certfile": own.certificate, "keyfile": own.key}
    guarded = mosquitto_with(require_certificate="true", **{name: str(path) for name, path in files.items()})
    shown = {"ca": str(own.authority), "certificate": str(own.certificate), "key": str(own.key)}
    url, report = f"mqtts://{LOOPBACK}:{guarded.port}", tmp_path / "report.json"
    config = ConformConfig(url, "T1", steps="vibrate", wait_s=3.0, report=report, **shown)
    context = own.client()
    context.load_cert_chain(own.certificate, own.key)
    seqs = count(1)
    async with client(guarded, "T1", context) as device, client(guarded, "T2", context) as neighbour:
        await neighbour.subscribe("em/v1/+/T2/down", qos=1)
        at_work = asyncio.create_task(asyncio.to_thread(conform, config))

        async def both_speak() -> bool:
            seq = next(seqs)
            body = {"v": 1, "sent": time.time_ns() // 1_000_000}
            event = {"seq": seq, "t": body["sent"], "code": "heartbeat"}
            for one, name in ((device, "T1"), (neighbour, "T2")):
                await one.publish(up_topic(name), json.dumps(body | {"events": [event]}), qos=1)
            return at_work.done()

        await eventually(both_speak, "the test is over")
        assert await at_work == 1
        assert neighbour._queue.empty()
    told = json.loads(report.read_text())
    assert by_result(told, "failed").keys() == {"command.vibrate"}
    assert told["items"] <= next(seqs)


def client(broker: MosquittoBroker, name: str, tls: ssl.SSLContext) -> aiomqtt.Client:
    v5 = aiomqtt.ProtocolVersion.V5
    return aiomqtt.Client(LOOPBACK, broker.port, identifier=name, protocol=v5, tls_context=tls)
