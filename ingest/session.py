"""One MQTT 5 connection as an asyncio protocol over the sans-I/O codec `mqtt5`: bytes in, deliveries out.

The codec validates strictly and says `IndexError` for "more bytes needed". Whatever else it raises concerns one packet;
a PUBLISH that it refuses is taken apart by hand and delivered, to be parked like any bad message: dropping the
connection would only bring the same packet again, for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import cast

import mqtt5
import numpy as np
import structlog

from domain.wire import Message
from ingest.clock import LineClock
from ingest.ports import Delivery

READ_BUFFER_BYTES = 256 * 1024
"""One read of the socket takes at most this much, and what is waiting to be parsed is at most this plus one packet."""
READ_REST_S = 0.002
"""How long a connection rests after a read. A broker writes message by message: reading as fast as it writes costs a
wake-up and two system calls for each (12 us), resting lets one read bring a hundred (2 us)."""
READ_FULL_BYTES = READ_BUFFER_BYTES // 4
"""A read that brought this much is followed by the next without a rest."""
MAX_PACKET_BYTES = 2 * 1024 * 1024
"""The largest packet we let the broker send: well over the 256 KiB of wire.md, so that `oversize` is parked, not lost."""
RECEIVE_MAX = 65_535
"""Messages the broker may send before the first of them is acknowledged: all that the protocol allows."""
SUBSCRIBE_ID = 65_535
UNSUBSCRIBE_ID = 65_534
MARKER_ID = 1
FIRST_REFUSAL = 0x80
"""Reason codes from here on say no."""
PUBLISH_TYPE = 3
_PUBACK = np.dtype([("head", ">u2"), ("id", ">u2")])
_PUBACK_HEAD = 0x4002

Deliver = Callable[[Delivery], None]

log = structlog.get_logger("ingest.session")


class BrokenStream(Exception):
    """What the broker sent cannot be cut into packets; only a new connection helps."""


def pubacks(packet_ids: Sequence[int]) -> bytes:
    """PUBACK packets (MQTT 5, reason success) for all ``packet_ids``, in their order; 0 (QoS 0) is left out."""
    ids = np.asarray(packet_ids, np.uint16)
    ids = ids[ids != 0]
    packets = np.empty(len(ids), _PUBACK)
    packets["head"] = _PUBACK_HEAD
    packets["id"] = ids
    return packets.tobytes()


def publish_by_hand(view: memoryview) -> tuple[str, bytes, int, int]:
    """Take apart a PUBLISH that the codec refuses: (topic, payload, packet id, size in bytes).

    What is not UTF-8 in the topic becomes U+FFFD. Raises `BrokenStream` for anything that is not a whole PUBLISH.
    """
    length, start = _variable_integer(view, 1)
    end = start + length
    qos = (view[0] >> 1) & 3
    if view[0] >> 4 != PUBLISH_TYPE or qos == 3 or end > len(view) or length < 2:
        raise BrokenStream("a packet that is neither valid nor a PUBLISH")
    at = start + 2 + int.from_bytes(view[start : start + 2], "big")
    topic = bytes(view[start + 2 : at]).decode("utf-8", "replace")
    packet_id = 0
    if qos:
        packet_id = int.from_bytes(view[at : at + 2], "big")
        at += 2
    properties, at = _variable_integer(view, at)
    if at + properties > end:
        raise BrokenStream("a PUBLISH shorter than its own lengths")
    return topic, bytes(view[at + properties : end]), packet_id, end


def _variable_integer(view: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for shift in (0, 7, 14, 21):
        if at >= len(view):
            break
        value |= (view[at] & 0x7F) << shift
        at += 1
        if view[at - 1] < 0x80:
            return value, at
    raise BrokenStream("a length that is none")


class Session(asyncio.BufferedProtocol):
    """One connection, from CONNECT to its end.

    Attributes
    ----------
    ready : done when the subscription stands: with CONNACK when the session was present, else with SUBACK.
    closed : done, with the reason in a few words, when the connection is over; never an exception.
    session_present : whether the broker had kept our session.
    failure : what our own side raised while it took what was read.
    """

    def __init__(
        self,
        number: int,
        connect: mqtt5.ConnectPacket,
        filters: Sequence[mqtt5.TopicFilter],
        deliver: Deliver,
        clock: LineClock,
        needed: int | None = None,
        unwanted: Sequence[str] = (),
    ) -> None:
        """The first ``needed`` of ``filters`` (all by default) must be granted; without the others it goes on.

        ``unwanted``: filters that the session may still have and is to have no more.
        """
        loop = asyncio.get_running_loop()
        self.number = number
        self.ready: asyncio.Future[None] = loop.create_future()
        self.closed: asyncio.Future[str] = loop.create_future()
        self.session_present = False
        self.failure: Exception | None = None
        self.alive = False
        self._connect = connect
        self._filters = filters
        self._needed = len(filters) if needed is None else needed
        self._unwanted = list(unwanted)
        self._deliver = deliver
        self._clock = clock
        self._transport: asyncio.Transport | None = None
        self._buffer = memoryview(bytearray(READ_BUFFER_BYTES))
        self._end = 0
        self._why = "the connection was lost"
        self._paused = self._resting = False
        self._reading = True
        self._keep_alive_s = float(connect.keep_alive)
        self._loop = loop
        self._last_read_s = loop.time()
        self._timer: asyncio.TimerHandle | None = None

    # --- asyncio's side ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one by its methods only
        self._set_reading()
        self._transport.write(self._connect.write())
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self.alive = False
        if self._timer:
            self._timer.cancel()
        if not self.closed.done():
            self.closed.set_result(f"{self._why}: {exc}" if exc else self._why)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer[self._end :]

    def buffer_updated(self, nbytes: int) -> None:
        self._end += nbytes
        self._last_read_s = self._loop.time()
        instant_us = self._clock.stamp()
        try:
            self._take(instant_us)
        except BrokenStream as broken:
            self.drop(str(broken))
        except Exception as failure:  # ours, not the broker's: whoever runs the connection raises it again
            self.failure = failure
            self.drop(f"ingest failed: {failure!r}")
        if nbytes < READ_FULL_BYTES:
            self._rest()

    # --- our side ---

    def acknowledge(self, packet_ids: Sequence[int]) -> None:
        """Send the PUBACKs in one write; nothing when the connection is over: the broker will send again."""
        if self._transport and not self._transport.is_closing():
            self._transport.write(pubacks(packet_ids))

    def publish(self, topic: str, payload: bytes) -> None:
        """Publish at QoS 1 under the one packet id that we use; the caller has at most one message on its way."""
        if self.alive and self._transport:
            packet = mqtt5.PublishPacket(topic, payload, qos=mqtt5.QoS.AT_LEAST_ONCE, packet_id=MARKER_ID)
            self._transport.write(packet.write())

    def hold(self) -> None:
        """Read nothing more from the socket."""
        self._paused = True
        self._set_reading()

    def release(self) -> None:
        self._paused = False
        self._last_read_s = self._loop.time()
        self._set_reading()

    def leave(self, *, for_good: bool = False) -> None:
        """A clean DISCONNECT; the broker keeps the session and queues what comes, unless we leave for good."""
        if self._transport and not self._transport.is_closing():
            self._why = "we left"
            expiry_s = 0 if for_good else None
            self._transport.write(mqtt5.DisconnectPacket(session_expiry_interval=expiry_s).write())
            self._transport.close()

    def drop(self, why: str) -> None:
        """End the connection at once."""
        self._why = why
        if self._transport:
            self._transport.abort()

    # --- when to read ---

    def _rest(self) -> None:
        self._resting = True
        self._set_reading()
        self._loop.call_later(READ_REST_S, self._rested)

    def _rested(self) -> None:
        self._resting = False
        self._set_reading()

    def _set_reading(self) -> None:
        transport, wanted = self._transport, not (self._paused or self._resting)
        if transport is None or transport.is_closing() or wanted == self._reading:
            return
        self._reading = wanted
        if wanted:
            transport.resume_reading()
        else:
            transport.pause_reading()

    # --- bytes ---

    def _keep(self, start: int) -> None:
        """Move what is not yet a whole packet to the front of the buffer, and let the buffer grow to hold it."""
        waiting = self._end - start
        if waiting > MAX_PACKET_BYTES:
            raise BrokenStream("a packet larger than we allow")
        fresh = memoryview(bytearray(2 * len(self._buffer))) if waiting == len(self._buffer) else self._buffer
        fresh[:waiting] = self._buffer[start : self._end]
        self._buffer, self._end = fresh, waiting

    def _take(self, instant_us: int) -> None:
        """Cut what has been read into packets; deliver the PUBLISHes as one delivery."""
        read, publish, view, at, end = mqtt5.read, mqtt5.PublishPacket, self._buffer, 0, self._end
        messages: list[Message] = []
        packet_ids: list[int] = []
        while at < end:
            try:
                packet, size = read(view[at:end])
            except IndexError:
                break
            except (KeyboardInterrupt, SystemExit):
                raise
            except BaseException:  # the codec panics (not an Exception) on text that is not UTF-8
                topic, payload, packet_id, size = publish_by_hand(view[at:end])
                messages.append((topic, payload, instant_us))
                packet_ids.append(packet_id)
            else:
                if type(packet) is publish:
                    messages.append((packet.topic, packet.payload, instant_us))
                    packet_ids.append(packet.packet_id or 0)
                else:
                    self._control(packet)
            at += size
        self._keep(at)
        if messages:
            self._deliver(Delivery(self.number, instant_us, messages, packet_ids, at))

    def _control(self, packet: mqtt5.Packet) -> None:
        match packet:
            case mqtt5.ConnAckPacket():
                self._connected(packet)
            case mqtt5.SubAckPacket():
                self._subscribed([int(code) for code in packet.reason_codes])
            case mqtt5.DisconnectPacket():
                self.drop(f"the broker sent us away: {packet.reason_code!r}")
            case mqtt5.PubAckPacket() | mqtt5.PingRespPacket() | mqtt5.UnsubAckPacket():
                return
            case _:
                self.drop(f"the broker sent what a client does not take: {type(packet).__name__}")

    def _subscribed(self, codes: Sequence[int]) -> None:
        refused = [code for code in codes[: self._needed] if code >= FIRST_REFUSAL]
        if refused:
            self.drop(f"the broker refused our subscription: reason {refused[0]}")
            return
        for topics, code in zip(self._filters[self._needed :], codes[self._needed :], strict=False):
            if code >= FIRST_REFUSAL:
                log.error("the broker refuses the topics of an adapter", topics=topics.pattern, reason=code)
        if not self.ready.done():
            self.ready.set_result(None)

    def _connected(self, packet: mqtt5.ConnAckPacket) -> None:
        if int(packet.reason_code):
            self.drop(f"the broker refused us: {packet.reason_code!r}")
            return
        assert self._transport is not None
        self.session_present = packet.session_present
        if packet.session_present and not self.ready.done():
            # The subscription is part of the session, and SUBACK comes behind all that the broker had queued for us.
            self.ready.set_result(None)
        self._keep_alive_s = float(packet.server_keep_alive or self._connect.keep_alive)
        self.alive = True
        if packet.session_present and self._unwanted:
            self._transport.write(mqtt5.UnsubscribePacket(UNSUBSCRIBE_ID, self._unwanted).write())
        self._transport.write(mqtt5.SubscribePacket(SUBSCRIBE_ID, list(self._filters)).write())

    # --- keep-alive ---

    def _watch(self) -> None:
        """Ping three times in a keep-alive; give up a broker that has been silent for one and a half while we read."""
        if self._transport is None or self._transport.is_closing():
            return
        silent_s = self._loop.time() - self._last_read_s
        if not self._paused and silent_s > 1.5 * self._keep_alive_s:
            self.drop("the broker has been silent for longer than the keep-alive")
            return
        if self.alive:
            self._transport.write(mqtt5.PingReqPacket().write())
        self._timer = self._loop.call_later(self._keep_alive_s / 3, self._watch)
