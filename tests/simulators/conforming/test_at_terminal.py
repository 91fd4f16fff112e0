"""The command as a process: what it asks a person, what it does when it is stopped, and when the broker goes away and comes back."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from bailiwick.parts.processes import LOOPBACK
from domain.wire_topics import down_topic, up_topic
from tests.waiting import eventually

pytestmark = pytest.mark.slow
DEVICE = "GT-7"


@asynccontextmanager
async def conform(url: str, *words: str) -> AsyncIterator[Process]:
    command = [sys.executable, "-m", "bailiwick", "conform", "--broker", url, "--device", DEVICE, *words]
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=PIPE)
    yield process
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()


async def told(process: Process, words: str) -> str:
    """What it said up to these words."""
    assert process.stderr is not None
    async with asyncio.timeout(20):
        return (await process.stderr.readuntil(words.encode())).decode()


@asynccontextmanager
async def tag(port: int) -> AsyncIterator[asyncio.Queue[str]]:
    """A device that answers every command, and says so too; what it was told, by id."""
    numbers, ids = count(1), asyncio.Queue[str]()
    v5 = aiomqtt.ProtocolVersion.V5
    async with aiomqtt.Client(LOOPBACK, port, identifier=DEVICE, protocol=v5) as client:

        async def say(code: str, **data: Any) -> None:
            now = time.time_ns() // 1_000_000
            event = {"seq": next(numbers), "t": now, "code": code, "data": data}
            await client.publish(up_topic(DEVICE), json.dumps({"v": 1, "sent": now, "events": [event]}), qos=1)

        async def answer() -> None:
            for _ in range(8):
                await say("heartbeat")
            async for message in client.messages:
                assert isinstance(message.payload, bytes)
                wire_id = json.loads(message.payload)["id"]
                await say("command_result", command=wire_id, ok=True)
                ids.put_nowait(wire_id)

        await client.subscribe(down_topic(DEVICE), qos=1)
        task = asyncio.create_task(answer())
        yield ids
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_person_is_asked_whether_the_device_did_it(iotcore_broker: Any) -> None:
    url = iotcore_broker.urls[0]
    async with conform(url, "--guided", "--steps", "vibrate,message,restart", "--json", "--timeout", "20") as process:
        await told(process, "1 of 4: listen")
        async with tag(int(url.rpartition(":")[2])) as ids:
            assert "2 of 4: vibrate" in await told(process, "Did the device vibrate? [y: yes, n: no, s: skip] ")
            assert process.stdin is not None
            process.stdin.write(b"n\n")
            await told(process, "Did it show or speak `Test: call the centre.`?")
            process.stdin.write(b"y\n")
            await told(process, ">>> Cut the device's power")
            process.stdin.write_eof()
            out, _ = await process.communicate()
            assert ids.qsize() == 2
    found = {clause["id"]: clause for clause in json.loads(out)["clauses"]}
    assert process.returncode == 1
    assert found["command.vibrate"]["result"] == "failed"
    assert "it did not vibrate" in found["command.vibrate"]["why"]
    assert found["command.message"]["why"] == "answered that it did, and it was seen"
    assert found["seq.restart"]["result"] == "not shown"


async def test_stopping_it_tells_what_was_shown_until_then(iotcore_broker: Any, tmp_path: Path) -> None:
    url, report = iotcore_broker.urls[0], tmp_path / "report.json"
    async with conform(url, "--no-guided", "--steps", "set_interval", "--report", str(report)) as process:
        await told(process, "1 of 2: listen")
        async with tag(int(url.rpartition(":")[2])) as ids:
            await ids.get()
            process.send_signal(signal.SIGINT)
            out, err = await process.communicate()
    assert b"stopped: what was not done stays not shown" in err
    assert process.returncode == 0
    assert out.decode().startswith("result ")
    assert json.loads(report.read_text())["counts"]["failed"] == 0


async def test_a_broker_that_restarts_is_come_back_to(mosquitto: Any) -> None:
    async with conform(mosquitto.url, "--no-guided", "--steps", "vibrate", "--json", "--timeout", "60") as process:
        await told(process, "1 of 2: listen")
        await asyncio.to_thread(mosquitto.restart)
        numbers = count(1)
        v5 = aiomqtt.ProtocolVersion.V5
        async with aiomqtt.Client(LOOPBACK, mosquitto.port, identifier=DEVICE, protocol=v5) as client:
            await client.subscribe(down_topic(DEVICE), qos=1)
            command = asyncio.ensure_future(anext(aiter(client.messages)))

            async def speaks_until_it_is_told() -> bool:
                now = time.time_ns() // 1_000_000
                event = {"seq": next(numbers), "t": now, "code": "heartbeat"}
                await client.publish(up_topic(DEVICE), json.dumps({"v": 1, "sent": now, "events": [event]}), qos=1)
                return command.done()

            await eventually(speaks_until_it_is_told, "the tester listens again, and tells the device")
        process.send_signal(signal.SIGINT)
        out, _ = await process.communicate()
    found = json.loads(out)
    assert found["connections_lost"] == 1
    assert found["messages"] >= 5
