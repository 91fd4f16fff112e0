"""The feed file: lines in order, strict about itself, and about devices what the wire is."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from domain.commits import DeadLetter
from domain.errors import BadInput, RecordFault
from domain.facts import Batch, LineKind, Roster
from domain.feed_file import Learnt, Received, Tick, read_batches, read_feed
from domain.instants import parse_instant
from domain.records import Device, Record, Wearer
from domain.vocabulary import DeadLetterReason, DeviceKind
from domain.wire import NOBODY, Decoder, up_topic
from tests.wire.made import KNOWN, as_json, decoder, envelope, event, fix

AT = "2026-11-21T22:00:00Z"
AT_US = parse_instant(AT)


def parse(written: dict[str, Any]) -> Record:
    """Wearers and location tags, for tests of lines rather than of records."""
    if written.get("type") == "device":
        return Device(written["id"], DeviceKind.GPS_TAG)
    if written.get("type") != "wearer":
        raise RecordFault([("type", "unknown"), ("id", "missing")])
    return Wearer(written["id"])


def line(**keys: Any) -> bytes:
    return json.dumps(keys).encode() + b"\n"


def received(at: str, device: str = "T1", **message: Any) -> bytes:
    return line(received=at, device=device, envelope=envelope(**message))


def device(at: str, name: str) -> bytes:
    return line(learnt=at, record={"type": "device", "id": name})


def feed_of(*lines: bytes | str) -> list[Received | Tick | Learnt]:
    return list(read_feed(lines, "feed.ndjson", parse))


def batches_of(
    lines: list[bytes], decoder_: Decoder | None = None, size: int = 100
) -> list[tuple[Batch, list[DeadLetter]]]:
    return list(read_batches(lines, decoder_ or decoder(), parse, lines_per_batch=size))


def test_the_three_kinds_of_line() -> None:
    read = feed_of(
        line(received="2026-11-21T22:00:00.123Z", device="T1", envelope={"v": 1}),
        line(tick="2026-11-21T22:00:01Z"),
        line(learnt="2026-11-21T22:00:02Z", record={"type": "wearer", "id": "W1"}),
        line(learnt="2026-11-21T22:00:02Z", holds_from=AT, record={"type": "wearer", "id": "W1"}, cancelled=True),
        line(learnt="2026-11-21T22:00:02Z", holds_from=None, record={"type": "wearer", "id": "W1"}, cancelled=False),
    )
    assert read[0] == Received(1, AT_US + 123_000, "T1", b'{"v": 1}')
    assert read[1] == Tick(2, AT_US + 1_000_000)
    learnt_us = AT_US + 2_000_000
    versions = [found.version for found in read[2:] if isinstance(found, Learnt)]
    assert [version.record for version in versions] == [Wearer("W1")] * 3
    assert [version.learnt_us for version in versions] == [learnt_us] * 3
    assert [version.holds_from_us for version in versions] == [learnt_us, AT_US, learnt_us]
    assert [version.cancelled for version in versions] == [False, True, False]


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        (b"{", "line"),
        (b"[]", "line"),
        (b"5", "line"),
        (b"{}", "line"),
        (b'{"tick":"' + AT.encode() + b'"} {}', "line"),
        (b'{"tick":"\xff"}', "line"),
        (b'{"received":"x","device":"T1","envelope":{"x":"\xff"}}', "line"),
        (b'{"received":"x","device":"T1","envelope":{"x":NaN}}', "line"),
        (b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "x"),
        (b'{"received":"x","device":"T1","envelope":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "line"),
        (b'{"tick":"' + AT.encode() + b'"}' + b" " * 5_000_000, "line"),
        (line(device="T1", envelope={}), "line"),
        (line(tick=AT, received=AT, device="T1", envelope={}), "line"),
        (line(tick=AT, envelope={}), "envelope"),
        (line(tick=AT, cancelled=False), "cancelled"),
        (line(received=AT, device="T1", envelope={}, holds_from=None), "holds_from"),
        (line(learnt=AT, record={}, device="T1"), "device"),
        (line(tick=AT, note="x"), "note"),
        (line(tick=5), "tick"),
        (line(tick=None), "tick"),
        (line(tick="2026-11-21 22:00:00"), "tick"),
        (line(tick="2026-11-21T22:00:00"), "tick"),
        (line(tick="2026-02-30T22:00:00Z"), "tick"),
        (line(tick=""), "tick"),
        (line(received="yesterday", device="T1", envelope={}), "received"),
        (line(received=AT, envelope={}), "device"),
        (line(received=AT, device=5, envelope={}), "device"),
        (line(received=AT, device="", envelope={}), "device"),
        (line(received=AT, device="T 1", envelope={}), "device"),
        (line(received=AT, device="T" * 33, envelope={}), "device"),
        (line(received=AT, device="T1"), "envelope"),
        (line(learnt=AT), "record"),
        (line(learnt=AT, record=5), "record"),
        (line(learnt=AT, record={"type": "x"}), "record.type"),
        (b'{"learnt":"%b","record":{"type":"wearer","id":"W1","id":"W2"}}' % AT.encode(), "record"),
        (b'{"received":"%b","device":"T\\ud800","envelope":{}}' % AT.encode(), "device"),
        (b'{"tick":"%b","\\ud800":1}' % AT.encode(), "\ufffd"),
        (line(learnt=AT, record={"type": "wearer", "id": "W1"}, cancelled="yes"), "cancelled"),
        (line(learnt=AT, record={"type": "wearer", "id": "W1"}, holds_from="then"), "holds_from"),
    ],
)
def test_a_bad_line_ends_the_reading_with_its_place_and_cause(bad: bytes, field: str) -> None:
    with pytest.raises(BadInput) as caught:
        feed_of(line(tick=AT), bad, line(tick=AT))
    [fault] = caught.value.faults
    assert (fault.file, fault.line, fault.field) == ("feed.ndjson", 2, field)
    assert fault.cause
    assert "\n" not in str(fault)


@pytest.mark.parametrize(
    ("later", "earlier", "field"),
    [
        (line(tick="2026-11-21T22:00:01Z"), received(AT), "received"),
        (received("2026-11-21T22:00:00.000001Z"), line(tick=AT), "tick"),
        (device("2026-11-21T22:00:01Z", "X9"), device(AT, "X9"), "learnt"),
        (line(tick="2026-11-21T22:00:00Z"), line(tick="2026-11-21T22:59:59+01:00"), "tick"),
    ],
)
def test_times_do_not_go_back(later: bytes, earlier: bytes, field: str) -> None:
    with pytest.raises(BadInput) as caught:
        feed_of(later, earlier)
    [fault] = caught.value.faults
    assert (fault.line, fault.field) == (2, field)
    assert fault.cause.startswith("goes back")


def test_equal_times_and_other_offsets_are_good() -> None:
    assert [found.at_us for found in feed_of(line(tick=AT), line(tick="2026-11-21T23:00:00+01:00"))] == [AT_US] * 2


def test_blank_lines_line_ends_and_a_byte_order_mark_are_nothing() -> None:
    read = feed_of(b"\xef\xbb\xbf" + line(tick=AT), b"\n", b"  \r\n", "", json.dumps({"tick": AT}) + "\r\n")
    assert [found.line for found in read] == [1, 5]


def test_lines_after_until_are_not_read() -> None:
    lines = [line(tick=AT), line(tick="2026-11-21T22:00:01Z"), line(tick="2026-11-21T22:00:02Z"), b"rubbish"]
    until_us = AT_US + 1_000_000
    assert [found.line for found in read_feed(lines, "f", parse, until_us)] == [1, 2]
    [(batch, _)] = read_batches(lines, decoder(), parse, until_us=until_us)
    assert batch.instants.tolist() == [AT_US, until_us]


@pytest.mark.parametrize(
    "later",
    [
        line(learnt="2026-11-21T22:00:02Z", record={"type": "x"}),
        line(received="2026-11-21T22:00:02Z", device="T 1", envelope={}),
        line(tick="2026-11-21T22:00:02Z", envelope={}),
        line(tick="2300-01-01T00:00:00Z"),
    ],
)
def test_of_the_first_line_after_until_only_its_instant_is_read(later: bytes) -> None:
    assert [found.line for found in read_feed([line(tick=AT), later], "f", parse, AT_US)] == [1]


@pytest.mark.parametrize(
    ("bad", "key"),
    [
        (f'{{"tick":"{AT}","tick":"{AT}"}}', "tick"),
        (f'{{"tick":"","tick":"{AT}"}}', "tick"),
        (f'{{"received":"{AT}","device":"","device":"T1","envelope":{{}}}}', "device"),
        (f'{{"received":"{AT}","device":"T1","envelope":1,"envelope":{{}}}}', "envelope"),
        (f'{{"envelope":{{"v":1}},"device":"T1","received":"{AT}","devi\\u0063e":"T1"}}', "device"),
        (f'{{"learnt":"{AT}","record":{{"type":"wearer","id":"W1"}},"learnt":"{AT}"}}', "learnt"),
        (f'{{"learnt":"{AT}","record":{{"type":"wearer","id":"W1"}},"cancelled":true,"cancelled":false}}', "cancelled"),
    ],
)
def test_a_key_that_a_line_has_twice_is_named(bad: str, key: str) -> None:
    with pytest.raises(BadInput) as caught:
        feed_of(line(tick=AT), bad)
    [fault] = caught.value.faults
    assert (fault.line, fault.field) == (2, "line")
    assert fault.cause == f'has the key "{key}" twice; which of the two is meant?'


def test_what_an_envelope_has_twice_is_not_the_lines_fault() -> None:
    spaced = f'{{ "received" : "{AT}" ,  "device" : "T1" ,  "envelope" : {{"v":1,"v":1,"device":0,"device":1}} }}'
    assert [found.at_us for found in feed_of(spaced, spaced + " " * 50)] == [AT_US, AT_US]


@pytest.mark.parametrize("half", ["\\ud800", "\\uDFFF", "\\ud800\\u0041", "\\udc00\\ud800", "\\ud83d\\ude00\\ud83d"])
def test_half_a_surrogate_pair_in_an_envelope_is_taken_as_it_is_live(half: str) -> None:
    message = envelope(events=[event(1, "strap_tamper", data={"x": "here"})])
    payload = json.dumps(message).replace("here", half + "\\ufffd\\\\ud800").encode()
    text = b'{"received":"%b","device":"T1","envelope":%b}' % (AT.encode(), payload)
    assert feed_of(text) == [Received(1, AT_US, "T1", payload)]
    [(batch, letters)] = batches_of([text])
    live = decoder().decode([(up_topic("T1"), payload, AT_US)])
    assert (letters, live.dead_letters) == ([], [])
    assert batch.event_data == live.batch.event_data
    assert len(batch.facts) == 1


def test_a_stream_is_read_line_by_line() -> None:
    handed: list[int] = []

    def stream() -> Iterator[bytes]:
        for number in range(5):
            handed.append(number)
            yield line(tick=AT)

    read = read_feed(stream(), "-", parse)
    assert next(read).line == 1
    assert handed == [0]
    batches = read_batches(io.BytesIO(line(tick=AT) * 5), decoder(), parse, lines_per_batch=2)
    assert [len(batch.instants) for batch, _ in batches] == [2, 2, 1]


def test_lines_become_lines_of_batches() -> None:
    [(batch, letters)] = batches_of(
        [
            received("2026-11-21T22:00:00Z", "T2", fixes=[fix(1), fix(2)]),
            line(tick="2026-11-21T22:00:01Z"),
            line(learnt="2026-11-21T22:00:02Z", record={"type": "wearer", "id": "W1"}),
            received("2026-11-21T22:00:03Z", "H1", events=[event(9, "in_range", data={"tag": "T1"})]),
        ],
    )
    assert letters == []
    assert batch.kinds.tolist() == [LineKind.MESSAGE, LineKind.TICK, LineKind.LEARNT, LineKind.MESSAGE]
    assert batch.instants.tolist() == [AT_US + n * 1_000_000 for n in range(4)]
    assert batch.devices.tolist() == [1, NOBODY, NOBODY, 2]
    assert batch.bad.tolist() == [False] * 4
    assert batch.facts["line"].tolist() == [0, 0, 3]
    assert batch.facts["received_us"].tolist() == [AT_US, AT_US, AT_US + 3_000_000]
    assert batch.facts["tag"].tolist() == [-1, -1, 0]
    assert batch.event_data == {2: b'{"tag":"T1"}'}
    assert {number: version.record for number, version in batch.learnt.items()} == {2: Wearer("W1")}


def test_what_a_device_sent_is_never_a_bad_line() -> None:
    bad = [
        line(received=AT, device="T1", envelope={"sent": 5}),
        line(received=AT, device="T1", envelope={"v": 2, "sent": 1}),
        line(received=AT, device="T1", envelope=None),
        line(received=AT, device="T1", envelope="hello"),
        received(AT, "X9"),
        received(AT, "T1", fixes=[fix(0), fix(5)]),
        line(received=AT, device="T1", envelope={"x": json.loads("[" * 300 + "]" * 300)}),
        received(AT, "T1", fixes=[fix(seq) for seq in range(1, 502)]),
    ]
    [(batch, letters)] = batches_of(bad)
    reasons = DeadLetterReason
    assert [letter.reason for letter in letters] == [
        reasons.SCHEMA,
        reasons.UNKNOWN_VERSION,
        reasons.SCHEMA,
        reasons.SCHEMA,
        reasons.UNKNOWN_DEVICE,
        reasons.SCHEMA,
        reasons.NOT_JSON,
        reasons.TOO_MANY_ITEMS,
    ]
    assert batch.devices.tolist() == [0, 0, 0, 0, NOBODY, 0, 0, 0]
    assert batch.bad.tolist() == [True] * 5 + [False, True, True]
    assert batch.facts["seq"].tolist() == [5]
    assert {letter.topic for letter in letters} == {up_topic("T1"), up_topic("X9")}
    assert letters[0].payload == b'{"sent": 5}'


def test_a_feed_says_what_live_messages_say() -> None:
    messages = [
        envelope(fixes=[fix(1)], events=[event(2, "fault", data={"tag": "T2"})], gen=4),
        envelope(fixes=[fix(3, spd=None), fix(0)]),
        {"v": 1},
        envelope(),
    ]
    live = decoder().decode([(up_topic("T1"), as_json(message), AT_US) for message in messages])
    lines = [b'{"received":"%b","device":"T1","envelope":%b}' % (AT.encode(), as_json(m)) for m in messages]
    [(batch, letters)] = batches_of(lines)
    assert letters == live.dead_letters
    for name in ("instants", "kinds", "devices", "sent_us", "bad"):
        assert getattr(batch, name).tolist() == getattr(live.batch, name).tolist()
    assert batch.facts.tobytes() == live.batch.facts.tobytes()
    assert batch.event_data == live.batch.event_data


def test_a_device_is_known_from_the_line_that_learns_it() -> None:
    lines = [
        received(AT, "X9", fixes=[fix(1)]),
        received(AT, "H1", events=[event(1, "in_range", data={"tag": "X9"})]),
        device(AT, "X9"),
        received(AT, "X9", fixes=[fix(2)]),
        received(AT, "H1", events=[event(2, "in_range", data={"tag": "X9"})]),
    ]
    for size in (1, 2, 100):
        fresh = Decoder(Roster(), frozenset(KNOWN))
        found = batches_of(lines, fresh, size)
        letters = [letter for _, parked in found for letter in parked]
        assert [(letter.reason, letter.device) for letter in letters] == [(DeadLetterReason.UNKNOWN_DEVICE, "X9")]
        facts = np.concatenate([batch.facts for batch, _ in found])
        assert facts["seq"].tolist() == [1, 2, 2]
        assert facts["tag"].tolist() == [-2, -1, fresh.index_of("X9")]


def test_a_device_learnt_again_begins_no_new_batch() -> None:
    [(batch, _)] = batches_of([line(tick=AT), device(AT, "T1"), line(tick=AT)])
    assert batch.kinds.tolist() == [LineKind.TICK, LineKind.LEARNT, LineKind.TICK]


def test_an_empty_feed_has_no_batches() -> None:
    assert batches_of([]) == []
    assert batches_of([b"\n"]) == []
