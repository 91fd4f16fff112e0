"""A broker is tried before a run: what does not let us in is told with its words, and a simulation does not begin."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import mqtt5
import pytest

from simulators.link import Address
from simulators.reaching import reach
from simulators.service import SimulateConfig, simulate
from simulators.telling import Unreachable

NOT_AUTHORIZED = mqtt5.ConnAckPacket(reason_code=mqtt5.ConnAckReasonCode.NOT_AUTHORIZED).write()
STRANGE_NAME = mqtt5.ConnAckPacket(reason_code=mqtt5.ConnAckReasonCode.CLIENT_ID_NOT_VALID).write()


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[Address]:
    """Somebody who says this to whatever comes, and hangs up."""

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1000)
        writer.write(answer)
        writer.close()

    async with await asyncio.start_server(say, "127.0.0.1", 0) as server:
        yield Address("127.0.0.1", server.sockets[0].getsockname()[1])


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"", "it closed the connection"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "it does not answer as an MQTT 5 broker does"),
        (mqtt5.PingRespPacket().write(), "it does not answer as an MQTT 5 broker does"),
        (NOT_AUTHORIZED, "it refuses the connection: .*NOT_AUTHORIZED"),
    ],
)
async def test_who_does_not_let_us_in_is_told_with_why(answer: bytes, why: str) -> None:
    async with answering(answer) as address:
        with pytest.raises(Unreachable, match=f"--broker: 127.0.0.1:{address.port}: {why}"):
            await reach([address])


async def test_a_broker_that_only_knows_the_names_of_devices_may_let_these_in() -> None:
    async with answering(STRANGE_NAME) as address:
        await reach([address])


@pytest.mark.slow
async def test_a_broker_that_is_there_is_reached(broker: Any) -> None:
    await reach(Address.parse(url) for url in broker.urls)


def test_a_simulation_to_a_broker_that_is_not_there_ends_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert simulate(SimulateConfig(wearers=2, broker="mqtt://127.0.0.1:1", duration_s=5)) == 1
    assert capsys.readouterr().err == "--broker: 127.0.0.1:1: Connection refused\n"
    assert list(tmp_path.iterdir()) == []
