"""Real far ends on loopback, for the tests of the channels: servers that take, refuse, are slow, break off, or say too much."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import h11

LOOPBACK = "127.0.0.1"
ENDLESS_PART = b"x" * 4_096
DRIP_S = 0.02


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: int


@dataclass
class HttpFarEnd:
    """An HTTP server whose answer is told by ``behave``; by itself it answers ``status`` with ``headers``.

    ``asked`` is what came, ``connections`` how many connections were made and ``open`` are, ``names`` which name each TLS greeting asked for.
    """

    port: int = 0
    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    behave: str = "answer"
    asked: list[Asked] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)
    connections: int = 0
    open: int = 0
    written: int = 0
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    serving: dict[asyncio.Task[None], asyncio.StreamWriter] = field(default_factory=dict)

    def url(self, host: str = LOOPBACK, scheme: str = "http") -> str:
        """Where it is."""
        return f"{scheme}://{host}:{self.port}/hook?x=1"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until it ends."""
        task = asyncio.current_task()
        assert task is not None
        self.serving[task] = writer
        self.connections += 1
        self.open += 1
        number = self.connections
        try:
            while await self._exchange(reader, writer, number):
                pass
        except (ConnectionError, ssl.SSLError):
            pass
        finally:
            self.open -= 1
            del self.serving[task]
            writer.close()

    async def end(self) -> None:
        """Every connection is ended."""
        self.ended.set()
        serving = dict(self.serving)
        for writer in serving.values():
            writer.transport.abort()
        await asyncio.gather(*serving)

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> bool:
        speaker = h11.Connection(h11.SERVER)
        asked = await _read(speaker, reader, number)
        if asked is None:
            return False
        self.asked.append(asked)
        if self.behave == "drop":
            return False
        if self.behave == "silent":
            await self.ended.wait()
            return False
        if self.behave == "nonsense":
            writer.write(b"250 OK, this is not HTTP\r\n\r\n")
            return False
        if self.behave in ("huge", "drip"):
            await self._endless(writer)
            return False
        if self.behave == "headers":
            await self._dripping_headers(writer)
            return False
        headers = {"content-length": "0"} | self.headers
        writer.write(speaker.send(h11.Response(status_code=self.status, headers=list(headers.items()))) or b"")
        writer.write(speaker.send(h11.EndOfMessage()) or b"")
        await writer.drain()
        return True

    async def _endless(self, writer: asyncio.StreamWriter) -> None:
        """An answer without an end: as fast as it is taken, or one byte and then nothing."""
        writer.write(b"HTTP/1.1 %d OK\r\ncontent-length: 10000000000\r\n\r\n" % self.status)
        if self.behave == "drip":
            writer.write(b"x")
            await self.ended.wait()
            return
        while not self.ended.is_set():
            writer.write(ENDLESS_PART)
            await writer.drain()
            self.written += len(ENDLESS_PART)

    async def _dripping_headers(self, writer: asyncio.StreamWriter) -> None:
        """Headers without an end, one now and then: no single read waits for long."""
        writer.write(b"HTTP/1.1 %d OK\r\n" % self.status)
        while not self.ended.is_set():
            writer.write(b"x-more: 1\r\n")
            await writer.drain()
            with suppress(TimeoutError):
                await asyncio.wait_for(self.ended.wait(), DRIP_S)


async def _read(speaker: h11.Connection, reader: asyncio.StreamReader, number: int) -> Asked | None:
    head: h11.Request | None = None
    body = b""
    while True:
        heard = speaker.next_event()
        if heard is h11.NEED_DATA:
            part = await reader.read(65_536)
            if not part:
                return None
            speaker.receive_data(part)
        elif isinstance(heard, h11.Request):
            head = heard
        elif isinstance(heard, h11.Data):
            body += heard.data
        elif isinstance(heard, h11.EndOfMessage):
            assert head is not None
            headers = {name.decode(): value.decode() for name, value in head.headers}
            return Asked(head.method.decode(), head.target.decode(), headers, body, number)
        else:
            return None


@asynccontextmanager
async def http_far_end(tls: ssl.SSLContext | None = None) -> AsyncIterator[HttpFarEnd]:
    """A server on a free port of loopback; with ``tls`` it notes which name it was greeted by."""
    far_end = HttpFarEnd()
    if tls is not None:
        tls.sni_callback = lambda _socket, name, _context: far_end.names.append(name)
    server = await asyncio.start_server(far_end.serve, LOOPBACK, 0, ssl=tls)
    far_end.port = server.sockets[0].getsockname()[1]
    try:
        yield far_end
    finally:
        server.close()
        await far_end.end()
