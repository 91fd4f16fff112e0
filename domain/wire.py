"""The wire protocol's decoder: many messages at once become one batch of columns, and what is bad is parked (wire.md).

A good message is read by one call of compiled code into typed records, and the columns are built for all of them
together. Whatever the strict reading refuses is read again carefully, by itself: a bad message costs its sender's
message time, never anybody else's facts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec

from domain.commits import DeadLetter
from domain.facts import Batch, Roster
from domain.vocabulary import DeadLetterReason
from domain.wire_adapters import EMPTY, Adapter, Ignored, LastWill
from domain.wire_columns import Lines
from domain.wire_faults import MSGPACK_FIRST, Refused, holds_critical, read_message
from domain.wire_items import DATA_TYPES, ITEMS, MESSAGE_BYTES, Envelope, Event, tag_alone
from domain.wire_topics import (
    Direction,
    Topic,
    down_topic,
    lwt_topic,
    parse_topic,
    partition_of,
    topic_of,
    up_topic,
)

__all__ = [
    "Decoded",
    "Decoder",
    "Direction",
    "Message",
    "Topic",
    "down_topic",
    "lwt_topic",
    "parse_topic",
    "partition_of",
    "topic_of",
    "up_topic",
]

Message: TypeAlias = tuple[str, bytes, int]
"""Topic, payload, receive time in microseconds UTC."""

NOBODY: Final = -1
"""In `Batch` ``devices``: the line is no device's contact."""

_from_json: Final = msgspec.json.Decoder(Envelope).decode
_from_msgpack: Final = msgspec.msgpack.Decoder(Envelope).decode
_STRICT: Final[dict[bytes, Any]] = dict.fromkeys(MSGPACK_FIRST, _from_msgpack)
_UNREADABLE: Final = (ValueError, RecursionError, OverflowError)
"""What a strict reading raises: the codec's errors and those of bad UTF-8 are ValueErrors."""


@dataclass(slots=True)
class Decoded:
    """What a call of `Decoder.decode` made of its messages.

    Attributes
    ----------
    batch : one line a message, in their order. ``devices`` is -1 for a message that is nobody's contact: of an
        unknown device, on a bad topic, or a last will.
    dead_letters : what was parked, whole messages and single items, in the order of the messages.
    last_wills : (device, receive time in microseconds): shown, never evidence.
    ignored : how many messages of other formats held nothing for us, by adapter and sort.
    """

    batch: Batch
    dead_letters: list[DeadLetter] = field(default_factory=list)
    last_wills: list[tuple[str, int]] = field(default_factory=list)
    ignored: Counter[tuple[str, str]] = field(default_factory=Counter)


class _Admission(NamedTuple):
    """Why a message is parked before its payload is read, if it is; the device that the topic names; whose contact."""

    reason: DeadLetterReason | None
    device: str
    contact: int


class _Taken(NamedTuple):
    """A message of another format: whose contact it is, what it says, and whether it was parked whole."""

    device: int
    envelope: Envelope | None = None
    bad: bool = False


class Decoder:
    """Decodes messages of known devices; ``roster`` gets each device's index when it is first needed.

    A device that was known once stays so: what it sends after its end is `unfitted`, not lost.
    """

    def __init__(self, roster: Roster, known: Container[str]) -> None:
        self._roster = roster
        self._known = known
        self._learnt: set[str] = set()
        self._by_topic: dict[str, int] = {}
        self._adapters: dict[str, Adapter] = {}

    def adapt(self, adapters: Iterable[Adapter]) -> None:
        """Take messages of these other formats too."""
        self._adapters = {adapter.topic_filter.partition("/")[0]: adapter for adapter in adapters}

    def learn(self, devices: Iterable[str]) -> None:
        """These devices are known from now on."""
        self._learnt.update(devices)

    def index_of(self, device: str) -> int | None:
        """Roster index of a device, None when it is not known."""
        found = self._roster.index.get(device)
        if found is not None and device in self._learnt:
            return found
        if device not in self._learnt:
            if device not in self._known:
                return None
            self._learnt.add(device)
        return self._roster.add(device)

    def decode(self, messages: Sequence[Message]) -> Decoded:
        """Turn messages, in their order, into one batch. Never raises for anything that a device can send."""
        dead_letters: list[DeadLetter] = []
        last_wills: list[tuple[str, int]] = []
        ignored: Counter[tuple[str, str]] = Counter()
        devices: list[int] = []
        envelopes: list[Envelope | None] = []
        bad: list[int] = []
        by_topic = self._by_topic
        for topic, payload, received_us in messages:
            device = by_topic.get(topic)
            if device is None or len(payload) > MESSAGE_BYTES:
                adapter = self._adapters.get(topic.partition("/")[0])
                if adapter is not None:
                    taken = self._adapted(adapter, (topic, payload, received_us), dead_letters, last_wills, ignored)
                    if taken.bad:
                        bad.append(len(devices))
                    devices.append(taken.device)
                    envelopes.append(taken.envelope)
                    continue
                admission = self._admit(topic, payload)
                device = admission.contact
                if admission.reason is not None:
                    refused = Refused(admission.reason)
                    dead_letters.append(_parked(topic, payload, received_us, refused, admission.device))
                    bad.append(len(devices))
                    devices.append(device)
                    envelopes.append(None)
                    continue
                if device == NOBODY:
                    last_wills.append((admission.device, received_us))
                    devices.append(NOBODY)
                    envelopes.append(None)
                    continue
            envelope = _strict(payload)
            if envelope is None:
                envelope = self._careful(topic, payload, received_us, self._roster.ids[device], dead_letters)
                if envelope is None:
                    bad.append(len(devices))
            devices.append(device)
            envelopes.append(envelope)
        lines = Lines.of_messages([message[2] for message in messages], devices, envelopes, bad)
        return Decoded(lines.batch(self.index_of), dead_letters, last_wills, ignored)

    def take(
        self,
        lines: Lines,
        device: str,
        envelope: bytes,
        received_us: int,
        dead_letters: list[DeadLetter],
    ) -> None:
        """Add a feed's line to ``lines``: an envelope as JSON text, from a device by name rather than by topic.

        What live is looked at before the JSON (size, topic, encoding) does not apply. What is parked goes to
        ``dead_letters``.
        """
        index = self.index_of(device)
        if index is None:
            refused = Refused(DeadLetterReason.UNKNOWN_DEVICE)
            dead_letters.append(_parked(up_topic(device), envelope, received_us, refused, device))
            lines.message(received_us, NOBODY, None, bad=True)
            return
        read = _strict(envelope)
        if read is None:
            read = self._careful(up_topic(device), envelope, received_us, device, dead_letters)
        lines.message(received_us, index, read, read is None)

    def _admit(self, topic: str, payload: bytes) -> _Admission:
        """Look at what comes before the payload: its size, the topic, the device.

        A device that we know and whose message is too long, or in another's partition, has still spoken.
        """
        parts = parse_topic(topic)
        if parts is None or parts.direction is Direction.DOWN:
            too_long = len(payload) > MESSAGE_BYTES
            return _Admission(DeadLetterReason.OVERSIZE if too_long else DeadLetterReason.BAD_TOPIC, "", NOBODY)
        index = self.index_of(parts.device)
        device = index if index is not None and parts.direction is Direction.UP else NOBODY
        if len(payload) > MESSAGE_BYTES:
            return _Admission(DeadLetterReason.OVERSIZE, parts.device, device)
        if parts.partition != partition_of(parts.device):
            return _Admission(DeadLetterReason.PARTITION_MISMATCH, parts.device, device)
        if index is None:
            return _Admission(DeadLetterReason.UNKNOWN_DEVICE, parts.device, NOBODY)
        if parts.direction is Direction.UP:
            self._by_topic[topic] = index
        return _Admission(None, parts.device, device)

    def _adapted(
        self,
        adapter: Adapter,
        message: Message,
        dead_letters: list[DeadLetter],
        last_wills: list[tuple[str, int]],
        ignored: Counter[tuple[str, str]],
    ) -> _Taken:
        """A message of another format, looked at in the order of our own: size, topic, device, payload."""
        topic, payload, received_us = message
        device = adapter.device_of(topic)
        index = None if device is None else self.index_of(device)
        contact = NOBODY if index is None else index
        try:
            if len(payload) > MESSAGE_BYTES:
                raise Refused(DeadLetterReason.OVERSIZE)
            if device is None:
                raise Refused(DeadLetterReason.BAD_TOPIC)
            if not payload:
                ignored[adapter.name, EMPTY] += 1
                return _Taken(NOBODY)
            if index is None:
                raise Refused(DeadLetterReason.UNKNOWN_DEVICE)
            read = adapter.read(payload)
        except Refused as refused:
            dead_letters.append(_parked(topic, payload, received_us, refused, device or ""))
            return _Taken(contact, bad=True)
        match read:
            case LastWill():
                last_wills.append((device, received_us))
                return _Taken(NOBODY)
            case Ignored(sort):
                ignored[adapter.name, sort] += 1
                return _Taken(contact)
            case _:
                return _Taken(contact, read)

    def _careful(
        self,
        topic: str,
        payload: bytes,
        received_us: int,
        device: str,
        dead_letters: list[DeadLetter],
    ) -> Envelope | None:
        """What the strict reading refused, read again; None when it is parked whole."""
        try:
            reading = read_message(payload)
        except Refused as refused:
            dead_letters.append(_parked(topic, payload, received_us, refused, device))
            return None
        for item in reading.parked:
            fault = Refused(DeadLetterReason.SCHEMA, item.field, item.cause)
            dead_letters.append(_parked(topic, item.payload, received_us, fault, device))
        return reading.envelope


def _strict(payload: bytes) -> Envelope | None:
    try:
        envelope: Envelope = _STRICT.get(payload[:1], _from_json)(payload)
        if envelope.events:
            _check_data(envelope.events)
    except _UNREADABLE:
        return None
    return envelope if len(envelope.fixes) + len(envelope.events) <= ITEMS else None


def _check_data(events: Sequence[Event]) -> None:
    """Raise `msgspec.ValidationError` when an event's ``data`` does not hold what its code needs there."""
    for event in events:
        if event.data is not None and tag_alone(event.data) is None:
            msgspec.convert(event.data, DATA_TYPES[event.code])


def _parked(topic: str, payload: bytes, received_us: int, refused: Refused, device: str) -> DeadLetter:
    return DeadLetter(
        topic,
        payload,
        received_us,
        refused.reason,
        refused.field,
        refused.cause,
        device or None,
        holds_critical(payload),
    )
