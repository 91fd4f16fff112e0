"""The session's bytes: packets however they are cut, packets that the codec refuses, acknowledgements in bulk."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, cast

import mqtt5
import pytest

from ingest.clock import LineClock
from ingest.ports import Delivery
from ingest.session import (
    MAX_PACKET_BYTES,
    READ_BUFFER_BYTES,
    READ_REST_S,
    BrokenStream,
    Session,
    pubacks,
    publish_by_hand,
)
from tests.ingest.made import NOW_US
from tests.waiting import eventually


@dataclass
class Wire:
    """What a transport is asked to do."""

    written: bytearray = field(default_factory=bytearray)
    reading: bool = True
    closing: bool = False

    def write(self, data: bytes) -> None:
        self.written += data

    def pause_reading(self) -> None:
        assert self.reading
        self.reading = False

    def resume_reading(self) -> None:
        assert not self.reading
        self.reading = True

    def is_closing(self) -> bool:
        return self.closing

    def abort(self) -> None:
        self.closing = True

    close = abort


class Talk:
    """A session over a `Wire`, and what it delivered."""

    def __init__(self, filters: Sequence[str] = ("em/v1/+/+/up",), **more: Any) -> None:
        self.wire = Wire()
        self.deliveries: list[Delivery] = []
        connect = mqtt5.ConnectPacket("tests", keep_alive=3600)
        asked = [mqtt5.TopicFilter(pattern) for pattern in filters]
        self.session = Session(1, connect, asked, self.deliveries.append, LineClock(lambda: NOW_US), **more)
        self.session.connection_made(cast(Any, self.wire))

    def read(self, data: bytes) -> None:
        """The socket has ``data``."""
        while data and not self.wire.closing:
            room = self.session.get_buffer(-1)
            size = min(len(room), len(data))
            assert size > 0
            room[:size] = data[:size]
            self.session.buffer_updated(size)
            data = data[size:]

    def messages(self) -> list[tuple[str, bytes, int]]:
        """(topic, payload, packet id) of all that was delivered."""
        return [
            (topic, payload, packet_id)
            for delivery in self.deliveries
            for (topic, payload, _), packet_id in zip(delivery.messages, delivery.packet_ids, strict=True)
        ]

    def end(self) -> str:
        self.session.connection_lost(None)
        return self.session.closed.result()


@pytest.fixture
async def talk() -> Any:
    talk = Talk()
    talk.read(mqtt5.ConnAckPacket(session_present=True).write())
    yield talk
    if not talk.session.closed.done():
        talk.end()


def publish(topic: str, payload: bytes, packet_id: int = 1) -> bytes:
    return mqtt5.PublishPacket(topic, payload, qos=mqtt5.QoS.AT_LEAST_ONCE, packet_id=packet_id).write()


def raw_publish(topic: bytes, properties: bytes = b"", payload: bytes = b"x", packet_id: int = 7) -> bytes:
    body = len(topic).to_bytes(2, "big") + topic + packet_id.to_bytes(2, "big")
    body += bytes([len(properties)]) + properties + payload
    assert len(body) < 128
    return bytes([0x32, len(body)]) + body


async def test_a_stream_gives_the_same_messages_however_it_is_cut() -> None:
    rng = Random(5)
    sent = [(f"em/v1/00/T{n}/up", rng.randbytes(rng.choice((0, 10, 300, 5000))), n + 1) for n in range(200)]
    stream = b"".join(publish(*one) for one in sent)
    for _ in range(5):
        talk = Talk()
        at = 0
        while at < len(stream):
            size = rng.choice((1, 2, 3, 100, 4000, 70_000))
            talk.read(stream[at : at + size])
            at += size
        assert talk.messages() == sent
        talk.end()


async def test_a_packet_larger_than_the_buffer_is_taken(talk: Talk) -> None:
    large = b"y" * (3 * READ_BUFFER_BYTES)
    talk.read(publish("a", b"x", 1) + publish("b", large, 2) + publish("c", b"z", 3))
    assert talk.messages() == [("a", b"x", 1), ("b", large, 2), ("c", b"z", 3)]


async def test_a_packet_over_the_limit_ends_the_connection(talk: Talk) -> None:
    talk.read(publish("b", b"y" * (2 * MAX_PACKET_BYTES), 2))
    assert "larger than we allow" in talk.end()


@pytest.mark.parametrize(
    ("packet", "topic"),
    [
        (raw_publish(b"em/\xff/up"), "em/\ufffd/up"),
        (raw_publish(b"a", b"\x03\x00\x01\xff"), "a"),
        (raw_publish(b"a", b"\x01\x01\x01\x01"), "a"),
        (raw_publish(b"a", b"\x7f\x01"), "a"),
    ],
    ids=["topic not UTF-8", "property not UTF-8", "property twice", "unknown property"],
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the codec's panic leaves one behind
async def test_a_publish_that_the_codec_refuses_is_delivered_all_the_same(
    talk: Talk, packet: bytes, topic: str, capfd: pytest.CaptureFixture[str]
) -> None:
    talk.read(publish("before", b"1", 1) + packet + publish("after", b"2", 2))
    assert talk.messages() == [("before", b"1", 1), (topic, b"x", 7), ("after", b"2", 2)]
    assert not talk.wire.closing


@pytest.mark.parametrize(
    "garbage", [b"\x00\x00", b"\x32\xff\xff\xff\xff\xff", b"\x36\x05\x00\x01a\x00\x01", b"\x32\x03\x00\x09a"]
)
async def test_what_is_no_packet_ends_the_connection_and_nothing_else(talk: Talk, garbage: bytes) -> None:
    talk.read(garbage + bytes(200))
    assert talk.wire.closing
    assert talk.session.failure is None


async def test_our_own_failure_is_not_the_brokers(talk: Talk) -> None:
    def fail(delivery: Delivery) -> None:
        raise ZeroDivisionError

    talk.session._deliver = fail
    talk.read(publish("a", b"x"))
    assert isinstance(talk.session.failure, ZeroDivisionError)
    assert talk.wire.closing


async def test_acknowledgements_are_packets_of_the_codec_in_one_write(talk: Talk) -> None:
    written = len(talk.wire.written)
    talk.session.acknowledge([3, 0, 65_535, 1])
    expected = b"".join(mqtt5.PubAckPacket(packet_id).write() for packet_id in (3, 65_535, 1))
    assert bytes(talk.wire.written[written:]) == expected == pubacks([3, 65_535, 1])


async def test_nothing_is_written_to_a_connection_that_is_over(talk: Talk) -> None:
    talk.wire.closing = True
    written = len(talk.wire.written)
    talk.session.acknowledge([1, 2])
    assert len(talk.wire.written) == written


async def test_it_rests_after_a_small_read_and_not_after_a_large_one(talk: Talk) -> None:
    await eventually(lambda: talk.wire.reading, "it reads again")
    talk.read(publish("a", b"x"))
    assert not talk.wire.reading
    await eventually(lambda: talk.wire.reading, "it reads again")
    talk.read(publish("a", b"x" * (READ_BUFFER_BYTES // 2)))
    assert talk.wire.reading


async def test_held_stays_held_through_a_rest(talk: Talk) -> None:
    talk.read(publish("a", b"x"))
    talk.session.hold()
    rested = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_later(5 * READ_REST_S, rested.set_result, None)
    await rested
    assert not talk.wire.reading
    talk.session.release()
    assert talk.wire.reading


@pytest.mark.parametrize("code", [mqtt5.ConnAckReasonCode.NOT_AUTHORIZED, mqtt5.ConnAckReasonCode.BANNED])
async def test_a_refused_connection_ends_with_the_reason(code: mqtt5.ConnAckReasonCode) -> None:
    talk = Talk()
    talk.read(mqtt5.ConnAckPacket(reason_code=code).write())
    assert "refused us" in talk.end()
    assert not talk.session.ready.done()


async def test_a_session_that_was_present_is_ready_without_waiting_for_suback(talk: Talk) -> None:
    assert talk.session.ready.done()
    assert talk.session.session_present


async def test_a_new_session_is_ready_with_suback() -> None:
    talk = Talk()
    talk.read(mqtt5.ConnAckPacket(session_present=False).write())
    assert not talk.session.ready.done()
    talk.read(mqtt5.SubAckPacket(65_535, [mqtt5.SubAckReasonCode.GRANTED_QOS_AT_LEAST_ONCE]).write())
    assert talk.session.ready.done()
    talk.end()


async def test_a_refused_subscription_ends_with_the_reason() -> None:
    talk = Talk()
    talk.read(mqtt5.ConnAckPacket(session_present=False).write())
    talk.read(mqtt5.SubAckPacket(65_535, [mqtt5.SubAckReasonCode.NOT_AUTHORIZED]).write())
    assert "refused our subscription" in talk.end()
    assert not talk.session.ready.done()


async def test_an_adapter_s_topics_that_are_refused_keep_no_tag_from_us(capsys: pytest.CaptureFixture[str]) -> None:
    talk = Talk(["em/v1/+/+/up", "owntracks/+/+"], needed=1)
    talk.read(mqtt5.ConnAckPacket(session_present=False).write())
    codes = [mqtt5.SubAckReasonCode.GRANTED_QOS_AT_LEAST_ONCE, mqtt5.SubAckReasonCode.NOT_AUTHORIZED]
    talk.read(mqtt5.SubAckPacket(65_535, codes).write())
    assert talk.session.ready.done()
    assert not talk.wire.closing
    assert "owntracks/+/+" in capsys.readouterr().out
    talk.end()


@pytest.mark.parametrize("present", [True, False])
async def test_topics_that_are_not_wanted_any_more_are_taken_out_of_a_session_that_was_kept(present: bool) -> None:
    talk = Talk(unwanted=["owntracks/+/+"])
    talk.read(mqtt5.ConnAckPacket(session_present=present).write())
    assert (mqtt5.UnsubscribePacket(65_534, ["owntracks/+/+"]).write() in talk.wire.written) == present
    talk.read(mqtt5.UnsubAckPacket(65_534, [mqtt5.UnsubAckReasonCode.SUCCESS]).write())
    assert not talk.wire.closing
    talk.end()


def test_by_hand_and_by_codec_are_the_same() -> None:
    rng = Random(6)
    for _ in range(200):
        topic, payload = "em/" + "x" * rng.randint(0, 40), rng.randbytes(rng.randint(0, 400))
        packet = publish(topic, payload, rng.randint(1, 65_535))
        read, size = mqtt5.read(memoryview(packet))
        assert isinstance(read, mqtt5.PublishPacket)
        assert publish_by_hand(memoryview(packet)) == (read.topic, read.payload, read.packet_id, size)


def test_by_hand_refuses_what_is_no_publish() -> None:
    for packet in (b"\x40\x02\x00\x01", b"\x32", b"\x32\x7f\x00\x01a"):
        with pytest.raises(BrokenStream):
            publish_by_hand(memoryview(packet))
