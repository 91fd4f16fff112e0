"""A broker tried before anything else is done: one connection that signs in, says nothing and leaves."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import ssl
from collections.abc import Iterable
from typing import Final

import mqtt5

from simulators.link import FIRST_REFUSAL, LEAST_KEEP_ALIVE_S, Address
from simulators.telling import Unreachable

ANSWER_S: Final = 8.0
MOST_BYTES: Final = 65_536
"""Of an answer: it takes some ten."""
NAME: Final = "bailiwick-first"
CONNACK: Final = 2
"""The type of the packet that answers, in its first four bits."""
OF_OUR_NAME: Final = 0x85
"""The refusal of a client id: a broker may know those of devices alone, and nobody's is taken from it here."""


async def reach(brokers: Iterable[Address]) -> None:
    """Raises `Unreachable` with the system's words where one of the brokers cannot be used."""
    for address in brokers:
        try:
            async with asyncio.timeout(ANSWER_S):
                refusal = await _refusal(address)
        except TimeoutError:
            refusal = f"no answer within {ANSWER_S:g} s"
        except (OSError, EOFError) as error:
            refusal = _words(error)
        if refusal is not None:
            raise Unreachable(f"--broker: {address.host}:{address.port}: {refusal}")


async def _refusal(address: Address) -> str | None:
    """Why it does not let us in; None where it does."""
    reader, writer = await asyncio.open_connection(address.host, address.port, ssl=address.tls)
    try:
        name = f"{NAME}-{secrets.token_hex(4)}"
        connect = mqtt5.ConnectPacket(
            name,
            username=address.username,
            password=address.password,
            clean_start=True,
            keep_alive=LEAST_KEEP_ALIVE_S,
        )
        writer.write(connect.write())
        answer = await _answer(reader)
        if not isinstance(answer, mqtt5.ConnAckPacket):
            return "it does not answer as an MQTT 5 broker does"
        code = int(answer.reason_code)
        if code == 0:
            writer.write(mqtt5.DisconnectPacket().write())
            await writer.drain()
        return (
            None
            if code < FIRST_REFUSAL or code == OF_OUR_NAME
            else f"it refuses the connection: {answer.reason_code!r}"
        )
    finally:
        writer.close()


async def _answer(reader: asyncio.StreamReader) -> mqtt5.Packet | None:
    """The first packet; None for what is none."""
    taken = b""
    while len(taken) < MOST_BYTES:
        more = await reader.read(MOST_BYTES)
        if not more:
            raise EOFError("it closed the connection")
        taken += more
        if taken[0] >> 4 != CONNACK:
            return None
        try:
            return mqtt5.read(memoryview(taken))[0]
        except IndexError:
            continue
        except ValueError:
            return None
    return None


def _words(error: Exception) -> str:
    """What the system says of it."""
    if isinstance(error, OSError) and error.errno and not isinstance(error, socket.gaierror | ssl.SSLError):
        return os.strerror(error.errno)
    told = error.strerror if isinstance(error, OSError) else None
    return " ".join(str(told or error).split())
