"""The codec against a slow reading of the page: random envelopes with anything anywhere, in both encodings."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.wire import Decoded, Message, up_topic
from tests.wire.made import DEVICE, KNOWN, RECEIVED_US, as_json, as_msgpack, decode_one, decoder, envelope, event, fix
from tests.wire.twin import DATA_MAY, FIRST_MS, LAST_MS, MAX_SEQ, Verdict, judge

pytestmark = pytest.mark.slow

FUZZ = settings(max_examples=300, deadline=None, database=None, print_blob=True)
EDGES = [
    *(0, 1, -1, 2, 90, 91, -180, 180.5, 150, 151, 359.99, 360, 100, 101, 100_000, 100_001, 0.5, -0.0, 1.0, 5e-324),
    *(FIRST_MS, FIRST_MS + 1, LAST_MS, LAST_MS + 1, MAX_SEQ, MAX_SEQ + 1, 2**63 - 1, 2**63, 2**64 - 1, -(2**63)),
    *("", "gps", "rf", "start", "end", "sos", "in_range", "heartbeat", "verified", "T1", "nobody", "\x00", "é"),
    *(True, False, None, [], {}, [1], {"tag": "T2"}, {"last_heard": FIRST_MS + 5, "ok": True, "result": "verified"}),
]
values = st.sampled_from(EDGES) | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
keys = st.sampled_from(["seq", "t", "lat", "lon", "acc", "src", "spd", "hdg", "bat", "sats", "hdop", "code", "state"])
data_keys = sorted({"tag", "x", *(name for may in DATA_MAY.values() for name in may)})
datas = st.dictionaries(st.sampled_from(data_keys), values, max_size=3)
codes = st.sampled_from([*DATA_MAY, "strap_tamper", "heartbeat", "fault"])
changes = st.dictionaries(keys | st.just("data"), values, max_size=2)
fixes = st.builds(lambda seq, more: fix(seq) | more, st.integers(1, 9), st.just({}) | changes)
events = st.builds(
    lambda seq, code, data, more: event(seq, code) | ({"data": data} if data else {}) | more,
    st.integers(1, 9),
    codes,
    datas,
    st.just({}) | changes,
)
heads = st.dictionaries(
    st.sampled_from(["v", "sent", "gen", "fixes", "events", "fw", "model", "net", "iv", "up", "oldest", "x"]),
    values | st.fixed_dictionaries({}, optional={"mcc": values, "rssi": values, "x": values}),
    max_size=2,
)
envelopes = st.builds(
    lambda f, e, head: envelope(fixes=f, events=e) | head,
    st.lists(fixes | values, max_size=4),
    st.lists(events | values, max_size=4),
    st.just({}) | heads,
)


def assert_agrees(decoded: Decoded, verdict: Verdict) -> None:
    letters = decoded.dead_letters
    if verdict.reason is not None:
        assert [letter.reason.value for letter in letters] == [verdict.reason]
        assert decoded.batch.bad.tolist() == [True]
        assert len(decoded.batch.facts) == 0
        return
    assert decoded.batch.bad.tolist() == [False]
    assert len(letters) == len(verdict.parked)
    for letter, fields in zip(letters, verdict.parked, strict=True):
        assert letter.field in fields
    facts = decoded.batch.facts
    assert len(facts) == len(verdict.facts)
    for fact, columns in zip(facts, verdict.facts, strict=True):
        for name, value in columns.items():
            same = fact[name] == value or (math.isnan(fact[name]) and math.isnan(value))
            assert same, (name, fact[name], value)


@FUZZ
@given(envelopes)
def test_json_and_messagepack_say_what_the_page_says(message: dict[str, Any]) -> None:
    verdict = judge(message)
    from_json, from_msgpack = decode_one(as_json(message)), decode_one(as_msgpack(message))
    assert_agrees(from_json, verdict)
    assert_agrees(from_msgpack, verdict)
    assert from_json.batch.facts.tobytes() == from_msgpack.batch.facts.tobytes()
    assert from_json.batch.event_data == from_msgpack.batch.event_data
    assert [letter.field for letter in from_json.dead_letters] == [letter.field for letter in from_msgpack.dead_letters]


@FUZZ
@given(envelopes)
def test_spaces_and_unknown_keys_change_nothing(message: dict[str, Any]) -> None:
    plain = decode_one(as_json(message))
    spaced = decode_one(json.dumps(message, indent=3).encode() + b"\r\n")
    more = decode_one(as_json(message | {"vendor": {"deep": [{}]}}))
    for other in (spaced, more):
        assert other.batch.facts.tobytes() == plain.batch.facts.tobytes()
        assert other.batch.bad.tolist() == plain.batch.bad.tolist()
        assert other.batch.event_data == plain.batch.event_data


@FUZZ
@given(st.lists(st.tuples(st.sampled_from(KNOWN), envelopes, st.booleans()), max_size=6), st.integers(0, 6))
def test_where_messages_are_cut_changes_nothing(sent: list[tuple[str, dict[str, Any], bool]], cut: int) -> None:
    messages: list[Message] = [
        (up_topic(device), as_msgpack(message) if packed else as_json(message), RECEIVED_US + number)
        for number, (device, message, packed) in enumerate(sent)
    ]
    whole = decoder().decode(messages)
    one = decoder()
    first, second = one.decode(messages[:cut]), one.decode(messages[cut:])
    second.batch.facts["line"] += len(messages[:cut])
    rejoined = np.concatenate([first.batch.facts, second.batch.facts])
    assert rejoined.tobytes() == whole.batch.facts.tobytes()
    assert first.dead_letters + second.dead_letters == whole.dead_letters
    offset = len(first.batch.facts)
    data = first.batch.event_data | {row + offset: value for row, value in second.batch.event_data.items()}
    assert data == whole.batch.event_data
    assert first.batch.sent_us.tolist() + second.batch.sent_us.tolist() == whole.batch.sent_us.tolist()


@FUZZ
@given(st.floats(-90, 90), st.floats(-180, 180), st.floats(5e-324, 100_000))
def test_a_number_keeps_its_last_bit(lat: float, lon: float, acc: float) -> None:
    written = json.dumps(envelope(fixes=[fix(lat=lat, lon=lon, acc=acc)])).encode()
    fact = decode_one(written).batch.facts[0]
    assert (fact["lat"], fact["lon"], fact["acc"]) == (lat, lon, acc)


@FUZZ
@given(st.binary(max_size=80) | st.builds(bytes.__add__, st.just(b"\x82"), st.binary(max_size=60)))
def test_any_bytes_at_all_are_parked_or_good(payload: bytes) -> None:
    decoded = decode_one(payload)
    assert len(decoded.batch.instants) == 1
    assert decoded.batch.bad.tolist() == [bool(decoded.dead_letters)]


@FUZZ
@given(envelopes, st.booleans(), st.data())
def test_damaged_messages_are_parked_or_good(message: dict[str, Any], packed: bool, data: st.DataObject) -> None:
    payload = bytearray(as_msgpack(message) if packed else as_json(message))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(payload) - 1))
        payload[place : place + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
        if not payload:
            break
    messages: list[Message] = [
        (up_topic(DEVICE), bytes(payload), RECEIVED_US),
        (up_topic("T2"), as_json(envelope(fixes=[fix(77)])), RECEIVED_US),
    ]
    batch = decoder().decode(messages).batch
    assert batch.facts["seq"][batch.facts["line"] == 1].tolist() == [77]
    assert not batch.bad[1]
