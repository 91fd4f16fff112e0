"""One device's connection: MQTT 5, QoS 1, sans-I/O on the `mqtt5` codec. What is not acknowledged is kept and sent again.

A device's own memory is what survives its connection. The broker keeps the session, and with it the commands that come
meanwhile, for ``session_s``; with 0 it ends with the connection (clean start).
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from dataclasses import dataclass
from typing import Final, Protocol, cast
from urllib.parse import unquote, urlsplit

import mqtt5

from domain.errors import BadSetting
from domain.wire_topics import down_topic, lwt_topic, up_topic

MOST_KEPT: Final = 20_000
"""Messages in a device's memory; the oldest give way, and are counted."""
LEAST_KEEP_ALIVE_S: Final = 300
MOST_KEEP_ALIVE_S: Final = 65_535
MOST_PACKET_ID: Final = 65_534
SUBSCRIBE_ID: Final = 65_535
FIRST_REFUSAL: Final = 0x80
"""Reason codes from here on are refusals."""
PORTS: Final = {"mqtt": 1883, "mqtts": 8883}
LAST_WILL: Final = b"offline"

Post = tuple[bytes, int, int]
"""A payload, how many items it holds, and when it was due, microseconds since the run began."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a broker listens."""

    host: str
    port: int
    username: str | None = None
    password: bytes | None = None
    tls: ssl.SSLContext | None = None

    @classmethod
    def parse(cls, url: str) -> Address:
        """The address of ``mqtt://user:password@host:port`` or ``mqtts://...``. Raises `BadSetting`."""
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError:
            raise BadSetting(f"{url}: the port is not a number from 0 to 65535") from None
        if parts.scheme not in PORTS or not parts.hostname:
            raise BadSetting(f"{url}: a broker is mqtt://host:port or mqtts://host:port")
        password = None if parts.password is None else unquote(parts.password).encode()
        username = None if parts.username is None else unquote(parts.username)
        tls = ssl.create_default_context() if parts.scheme == "mqtts" else None
        return cls(parts.hostname, port or PORTS[parts.scheme], username, password, tls)


class Exchange(Protocol):
    """What a link tells of itself."""

    def connected(self, link: Link) -> None: ...
    def lost(self, link: Link, why: str, *, was_ready: bool) -> None: ...
    def acknowledged(self, items: int, *, routed: bool) -> None: ...
    def dropped(self, items: int) -> None: ...
    def published(self, items: int, *, again: bool) -> None: ...
    def told(self, link: Link, payload: bytes) -> None: ...


class Link(asyncio.Protocol):
    """The connection of one device, and its memory of what has not been acknowledged."""

    __slots__ = (
        "_again",
        "_buffer",
        "_delayed",
        "_exchange",
        "_in_flight",
        "_keep_alive_s",
        "_leaving",
        "_packet_id",
        "_receive_max",
        "_session_s",
        "_topic",
        "_transport",
        "_waiting",
        "_why",
        "address",
        "device",
        "index",
        "ready",
        "wanted",
    )

    def __init__(
        self, index: int, device: str, address: Address, upload_s: float, exchange: Exchange, session_s: int = 0
    ) -> None:
        self.index, self.device, self.address = index, device, address
        self.ready = False
        self.wanted = True
        """Whether it is to be connected; not while the device is out of reach."""
        self._topic = up_topic(device)
        self._keep_alive_s = int(min(max(LEAST_KEEP_ALIVE_S, 3 * upload_s), MOST_KEEP_ALIVE_S))
        self._session_s = session_s
        self._exchange = exchange
        self._transport: asyncio.Transport | None = None
        self._waiting: deque[Post] = deque()
        self._in_flight: dict[int, Post] = {}
        self._again = 0
        self._packet_id = 0
        self._receive_max = 0
        self._buffer = b""
        self._why = ""
        self._leaving = False
        self._delayed = 0

    @property
    def unacknowledged(self) -> int:
        """Items that the broker has not taken yet."""
        return sum(items for _, items, _ in (*self._waiting, *self._in_flight.values()))

    def send(self, payload: bytes, items: int, due_us: int = 0) -> None:
        """Publishes, or keeps it until that can be done; the order is kept."""
        if self.ready and not self._waiting and len(self._in_flight) < self._receive_max:
            self._publish((payload, items, due_us))
            return
        if len(self._waiting) >= MOST_KEPT:
            self._exchange.dropped(self._waiting.popleft()[1])
        self._waiting.append((payload, items, due_us))

    def send_late(self, delay_s: float, payload: bytes, items: int) -> None:
        """Publishes so much later: the device has sent it, and the network brings it then, though the device leave meanwhile."""
        self._delayed += 1
        asyncio.get_running_loop().call_later(delay_s, self._send_delayed, payload, items)

    def _send_delayed(self, payload: bytes, items: int) -> None:
        self._delayed -= 1
        self.send(payload, items)

    def leave(self) -> None:
        """As when the radio is lost: no DISCONNECT, so the broker publishes the last will.

        What was to be sent before is let arrive, however late it is: so what was sent is known.
        """
        self._leaving = True
        self._leave_when_done()

    def come_back(self) -> None:
        """The radio is back: the device may connect again."""
        self._leaving, self.wanted = False, True

    def _leave_when_done(self) -> None:
        if self._leaving and not self._in_flight and not self._waiting and not self._delayed:
            self.wanted = False
            self.cut()

    def cut(self) -> None:
        """Ends the connection at once; the device may connect again."""
        if self._transport is not None:
            self._transport.abort()

    def say_goodbye(self) -> None:
        """An orderly end."""
        self.wanted = False
        if self._transport is not None and self.ready:
            self._transport.write(mqtt5.DisconnectPacket().write())
            self._transport.close()

    # --- asyncio.Protocol ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one by its methods only
        self._buffer = b""
        if not self.wanted:
            self._transport.abort()
            return
        will = mqtt5.Will(lwt_topic(self.device), payload=LAST_WILL, qos=mqtt5.QoS.AT_LEAST_ONCE)
        connect = mqtt5.ConnectPacket(
            self.device,
            username=self.address.username,
            password=self.address.password,
            clean_start=not self._session_s,
            session_expiry_interval=self._session_s,
            will=will,
            keep_alive=self._keep_alive_s,
        )
        self._transport.write(connect.write())

    def data_received(self, data: bytes) -> None:
        if self._buffer:
            data = self._buffer + data
        view, at = memoryview(data), 0
        while at < len(data):
            try:
                packet, size = mqtt5.read(view[at:])
            except IndexError:
                break
            except ValueError as error:
                self._fail(f"the broker sent what is not MQTT 5: {error}")
                return
            at += size
            if isinstance(packet, mqtt5.PubAckPacket):
                self._taken(packet)
            else:
                self._other(packet)
        self._buffer = data[at:]

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        was_ready, self.ready = self.ready, False
        self._waiting.extendleft(reversed(self._in_flight.values()))
        self._again = len(self._in_flight)
        self._in_flight.clear()
        why, self._why = self._why or (str(exc) if exc else "closed"), ""
        self._exchange.lost(self, why, was_ready=was_ready)

    # --- packets ---

    def _taken(self, packet: mqtt5.PubAckPacket) -> None:
        post = self._in_flight.pop(packet.packet_id, None)
        if post is None:
            return
        reason = int(packet.reason_code)
        if reason >= FIRST_REFUSAL:
            self._waiting.appendleft(post)
            self._fail(f"the broker refused a message: {packet.reason_code!r}")
            return
        self._exchange.acknowledged(post[1], routed=reason == 0)
        if self._waiting:
            self._publish(self._waiting.popleft())
        elif self._leaving:
            self._leave_when_done()

    def _other(self, packet: mqtt5.Packet) -> None:
        if isinstance(packet, mqtt5.ConnAckPacket):
            if int(packet.reason_code):
                self._fail(f"the broker refused the connection: {packet.reason_code!r}")
                return
            self.ready = True
            self._receive_max = packet.receive_max
            self._subscribe()
            self._exchange.connected(self)
            while self._waiting and len(self._in_flight) < self._receive_max:
                self._publish(self._waiting.popleft())
        elif isinstance(packet, mqtt5.PublishPacket):
            self._exchange.told(self, bytes(packet.payload or b""))
            if packet.packet_id and self._transport is not None:
                self._transport.write(mqtt5.PubAckPacket(packet.packet_id).write())
        elif isinstance(packet, mqtt5.SubAckPacket):
            if any(int(code) >= FIRST_REFUSAL for code in packet.reason_codes):
                self._fail("the broker refused the subscription to commands")
        elif isinstance(packet, mqtt5.DisconnectPacket):
            self._fail(f"the broker ended the connection: {packet.reason_code!r}")

    def _subscribe(self) -> None:
        assert self._transport is not None
        topic = mqtt5.TopicFilter(down_topic(self.device), max_qos=mqtt5.QoS.AT_LEAST_ONCE)
        self._transport.write(mqtt5.SubscribePacket(SUBSCRIBE_ID, [topic]).write())

    def _publish(self, post: Post) -> None:
        assert self._transport is not None
        self._packet_id = self._packet_id % MOST_PACKET_ID + 1
        while self._packet_id in self._in_flight:
            self._packet_id = self._packet_id % MOST_PACKET_ID + 1
        self._in_flight[self._packet_id] = post
        again = self._again > 0
        self._again -= again
        self._exchange.published(post[1], again=again)
        packet = mqtt5.PublishPacket(self._topic, post[0], qos=mqtt5.QoS.AT_LEAST_ONCE, packet_id=self._packet_id)
        self._transport.write(packet.write())

    def _fail(self, why: str) -> None:
        self._why = why
        self.cut()
