"""Why a message is parked, in the page's order, and whose contact it still is."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from domain.facts import LineKind, Roster
from domain.vocabulary import DeadLetterReason
from domain.wire import NOBODY, Decoder, down_topic, lwt_topic, partition_of, up_topic
from domain.wire_items import ITEMS, MESSAGE_BYTES
from tests.wire.made import (
    DEVICE,
    RECEIVED_US,
    as_json,
    as_msgpack,
    decode_one,
    decoder,
    envelope,
    event,
    fix,
    only_letter,
)

R = DeadLetterReason
OTHER_PARTITION = f"{(int(partition_of(DEVICE), 16) + 1) % 64:02x}"
BAD_TOPIC = "em/v1/00/T1/sideways"
MISMATCH = f"em/v1/{OTHER_PARTITION}/{DEVICE}/up"
STRANGER = up_topic("X9")
BIG = b'{"v":1,"x":"' + b"a" * MESSAGE_BYTES + b'"}'
MANY = [fix(seq) for seq in range(1, ITEMS + 2)]


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [
        (up_topic(DEVICE), BIG, R.OVERSIZE),
        (BAD_TOPIC, as_json(envelope()), R.BAD_TOPIC),
        (down_topic(DEVICE), as_json(envelope()), R.BAD_TOPIC),
        (MISMATCH, as_json(envelope()), R.PARTITION_MISMATCH),
        (f"em/v1/ff/{DEVICE}/up", as_json(envelope()), R.PARTITION_MISMATCH),
        (STRANGER, as_json(envelope()), R.UNKNOWN_DEVICE),
        (up_topic(DEVICE), b'{"v":1,"sent":1795298400000,"fw":"\xff"}', R.NOT_UTF8),
        (up_topic(DEVICE), b'{"v":1,"sent":1795298400000,"unknown":"\xff"}', R.NOT_UTF8),
        (up_topic(DEVICE), b"\xff\xfe", R.NOT_UTF8),
        (up_topic(DEVICE), b"", R.NOT_JSON),
        (up_topic(DEVICE), b"offline", R.NOT_JSON),
        (up_topic(DEVICE), b'{"v":1,', R.NOT_JSON),
        (up_topic(DEVICE), as_json(envelope()) + b"x", R.NOT_JSON),
        (up_topic(DEVICE), b"\xef\xbb\xbf" + as_json(envelope()), R.NOT_JSON),
        (up_topic(DEVICE), as_msgpack(envelope())[:-1], R.NOT_MSGPACK),
        (up_topic(DEVICE), as_msgpack(envelope()) + b"\x00", R.NOT_MSGPACK),
        (up_topic(DEVICE), b"\x81\xa2fw\xa1\xff", R.NOT_MSGPACK),
        (up_topic(DEVICE), b"\xde", R.NOT_MSGPACK),
        (up_topic(DEVICE), b"\xdf\xff\xff\xff\xff", R.NOT_MSGPACK),
        (up_topic(DEVICE), as_json(envelope(v=2)), R.UNKNOWN_VERSION),
        (up_topic(DEVICE), as_json(envelope(v=0)), R.UNKNOWN_VERSION),
        (up_topic(DEVICE), as_msgpack(envelope(v=-1)), R.UNKNOWN_VERSION),
        (up_topic(DEVICE), as_json(envelope(fixes=MANY)), R.TOO_MANY_ITEMS),
        (up_topic(DEVICE), as_msgpack(envelope(fixes=MANY[:300], events=[event(9)] * 201)), R.TOO_MANY_ITEMS),
        (up_topic(DEVICE), b"[]", R.SCHEMA),
        (up_topic(DEVICE), b"null", R.SCHEMA),
        (up_topic(DEVICE), as_json({"sent": 1795298400000}), R.SCHEMA),
        (up_topic(DEVICE), as_json(envelope(v="1")), R.SCHEMA),
        (up_topic(DEVICE), as_json(envelope(v=True)), R.SCHEMA),
        (up_topic(DEVICE), as_json(envelope(v=2.5)), R.SCHEMA),
        (up_topic(DEVICE), as_json(envelope(v=None)), R.SCHEMA),
        (up_topic(DEVICE), as_msgpack(envelope(sent="now")), R.SCHEMA),
        (up_topic(DEVICE), as_json(envelope(fixes={})), R.SCHEMA),
    ],
)
def test_each_reason(topic: str, payload: bytes, reason: DeadLetterReason) -> None:
    letter = only_letter(decode_one(payload, topic))
    assert letter.reason is reason
    assert (letter.topic, letter.payload, letter.received_us) == (topic, payload, RECEIVED_US)
    assert (letter.field is not None and letter.cause is not None) or reason is not R.SCHEMA


def ranked() -> list[tuple[DeadLetterReason, str, bytes]]:
    """Messages with one thing wrong and, where both can be, with everything wrong that is checked after it."""
    late = as_json(envelope(v=2, fixes=MANY, sent="x"))
    return [
        (R.OVERSIZE, BAD_TOPIC, b"\xff" * (MESSAGE_BYTES + 1)),
        (R.BAD_TOPIC, "em/v1/zz/X9/up", b"\xff"),
        (R.PARTITION_MISMATCH, f"em/v1/{(int(partition_of('X9'), 16) + 1) % 64:02x}/X9/up", b"\xff"),
        (R.UNKNOWN_DEVICE, STRANGER, b"\xff"),
        (R.NOT_UTF8, up_topic(DEVICE), b"{\xff" + late),
        (R.NOT_JSON, up_topic(DEVICE), late[:-1]),
        (R.NOT_MSGPACK, up_topic(DEVICE), as_msgpack(envelope(v=2, fixes=MANY))[:-1]),
        (R.UNKNOWN_VERSION, up_topic(DEVICE), late),
        (R.TOO_MANY_ITEMS, up_topic(DEVICE), as_json({"fixes": MANY, "sent": "x"})),
        (R.SCHEMA, up_topic(DEVICE), as_json(envelope(sent="x"))),
    ]


def test_the_first_reason_that_holds_is_given() -> None:
    assert [only_letter(decode_one(payload, topic)).reason for _, topic, payload in ranked()] == list(DeadLetterReason)
    assert [reason for reason, _, _ in ranked()] == list(DeadLetterReason)


@pytest.mark.parametrize(
    ("topic", "payload", "is_contact"),
    [
        (up_topic(DEVICE), BIG, True),
        (MISMATCH, as_json(envelope()), True),
        (up_topic(DEVICE), b"garbage", True),
        (up_topic(DEVICE), as_json(envelope(v=2)), True),
        (STRANGER, b"garbage", False),
        (STRANGER, BIG, False),
        (BAD_TOPIC, b"garbage", False),
        (f"em/v1/{OTHER_PARTITION}/X9/up", b"garbage", False),
    ],
)
def test_a_bad_message_is_contact_of_a_known_device_and_of_nobody_else(
    topic: str, payload: bytes, is_contact: bool
) -> None:
    batch = decode_one(payload, topic).batch
    assert batch.devices.tolist() == [0 if is_contact else NOBODY]
    assert batch.bad.tolist() == [True]
    assert batch.kinds.tolist() == [LineKind.MESSAGE]
    assert batch.instants.tolist() == [RECEIVED_US]
    assert batch.sent_us.tolist() == [0]
    assert len(batch.facts) == 0


def test_exactly_256_kib_and_exactly_500_items_are_good() -> None:
    padded = as_json(envelope(fixes=MANY[:ITEMS]))
    padded = padded[:-1] + b',"pad":"' + b"a" * (MESSAGE_BYTES - len(padded) - 9) + b'"}'
    assert len(padded) == MESSAGE_BYTES
    decoded = decode_one(padded)
    assert decoded.dead_letters == []
    assert len(decoded.batch.facts) == ITEMS
    assert only_letter(decode_one(padded + b" ")).reason is R.OVERSIZE


def test_an_envelope_without_items_is_good_and_contact() -> None:
    for payload in (as_json(envelope()), as_json(envelope(fixes=[], events=[])), as_msgpack(envelope(fixes=None))):
        decoded = decode_one(payload)
        assert decoded.dead_letters == []
        assert decoded.batch.devices.tolist() == [0]
        assert decoded.batch.bad.tolist() == [False]
        assert decoded.batch.sent_us.tolist() == [1_795_298_400_000_000]


def test_a_last_will_is_shown_and_is_no_contact() -> None:
    decoded = decode_one(b"offline", lwt_topic(DEVICE))
    assert decoded.last_wills == [(DEVICE, RECEIVED_US)]
    assert decoded.dead_letters == []
    assert decoded.batch.devices.tolist() == [NOBODY]
    assert decoded.batch.bad.tolist() == [False]


def test_a_last_will_of_a_stranger_is_parked() -> None:
    decoded = decode_one(b"offline", lwt_topic("X9"))
    assert decoded.last_wills == []
    assert only_letter(decoded).reason is R.UNKNOWN_DEVICE


def test_a_device_becomes_known_at_run_time() -> None:
    d = decoder()
    message = (up_topic("X9"), as_json(envelope(fixes=[fix()])), RECEIVED_US)
    assert only_letter(d.decode([message])).reason is R.UNKNOWN_DEVICE
    assert only_letter(d.decode([message])).device == "X9"
    d.learn(["X9"])
    decoded = d.decode([message])
    assert decoded.dead_letters == []
    assert decoded.batch.devices.tolist() == [3]
    assert decoded.batch.facts["device"].tolist() == [3]


def test_a_device_in_the_roster_that_is_not_known_is_unknown() -> None:
    roster = Roster()
    roster.add("X9")
    decoded = Decoder(roster, frozenset()).decode([(up_topic("X9"), as_json(envelope()), RECEIVED_US)])
    assert only_letter(decoded).reason is R.UNKNOWN_DEVICE


@pytest.mark.parametrize("code", ["strap_tamper", "case_tamper", "sos"])
@pytest.mark.parametrize(
    "spoil",
    [
        lambda code: (STRANGER, as_json(envelope(events=[event(code=code)]))),
        lambda code: (BAD_TOPIC, as_msgpack(envelope(events=[event(code=code)]))),
        lambda code: (up_topic(DEVICE), as_json(envelope(events=[event(code=code, state="start")]))[:-5]),
        lambda code: (up_topic(DEVICE), as_msgpack(envelope(events=[event(code=code, state="start")]))[:-1]),
        lambda code: (up_topic(DEVICE), as_json(envelope(v=2, events=[event(code=code)]))),
        lambda code: (up_topic(DEVICE), as_json(envelope(events=[event(seq=0, code=code)]))),
        lambda code: (up_topic(DEVICE), json.dumps([code]).replace("s", "\\u0073").encode()),
        lambda code: (up_topic(DEVICE), b"\xff" + code.encode() + b"\xff"),
    ],
)
def test_a_parked_tamper_or_sos_is_critical(spoil: Callable[[str], tuple[str, bytes]], code: str) -> None:
    topic, payload = spoil(code)
    assert only_letter(decode_one(payload, topic)).critical


def test_other_parked_messages_are_not_critical() -> None:
    for payload in (b"garbage", as_json(envelope(v=2, events=[event(code="fault")])), b'{"sosban":"esos"}'):
        assert not only_letter(decode_one(payload)).critical


def test_nobody_elses_message_is_lost() -> None:
    bad = [(topic, payload) for _, topic, payload in ranked()]
    messages = []
    for number, (topic, payload) in enumerate(bad):
        messages.append((topic, payload, RECEIVED_US + 2 * number))
        good = as_json(envelope(fixes=[fix(number + 1)]))
        messages.append((up_topic("T2"), good, RECEIVED_US + 2 * number + 1))
    decoded = decoder().decode(messages)
    assert decoded.batch.facts["seq"].tolist() == list(range(1, len(bad) + 1))
    assert decoded.batch.facts["line"].tolist() == list(range(1, 2 * len(bad), 2))
    assert set(decoded.batch.facts["device"].tolist()) == {1}
    assert len(decoded.dead_letters) == len(bad)
    assert decoded.batch.instants.tolist() == [message[2] for message in messages]
