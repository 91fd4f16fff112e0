"""What nobody sends by mistake: never a crash, never a stall, never somebody else's loss."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import msgspec
import pytest

from domain.vocabulary import DeadLetterReason
from domain.wire import Decoded
from domain.wire_items import MESSAGE_BYTES, NESTING
from tests.wire.made import SENT_MS, as_json, as_msgpack, decode_all, decode_one, envelope, event, fix, only_letter

R = DeadLetterReason
STALL_S = 1.0
"""No message may take so long, on a machine however busy; the worst takes about a twentieth."""


def filled(start: bytes, piece: bytes, end: bytes) -> bytes:
    """As many pieces between start and end as a message has room for."""
    return start + piece * ((MESSAGE_BYTES - len(start) - len(end)) // len(piece)) + end


def nested(depth: int) -> bytes:
    """An envelope that nests so deep: itself is the first level."""
    return b'{"v":1,"sent":%d,"x":%s%s}' % (SENT_MS, b"[" * (depth - 1), b"]" * (depth - 1))


def nested_msgpack(depth: int) -> bytes:
    return b"\x83\xa1v\x01\xa4sent\xcf" + SENT_MS.to_bytes(8, "big") + b"\xa1x" + b"\x91" * (depth - 2) + b"\x90"


HEAD = b'{"v":1,"sent":%d,' % SENT_MS
HOSTILE: list[tuple[str, bytes, DeadLetterReason | None]] = [
    ("arrays without end", b"[" * MESSAGE_BYTES, R.NOT_JSON),
    ("objects without end", filled(b"", b'{"a":', b""), R.NOT_JSON),
    ("deep and whole", filled(HEAD + b'"x":', b"[", b"")[: MESSAGE_BYTES // 2] + b"]" * 1000, R.NOT_JSON),
    ("deep in MessagePack", filled(b"\x81\xa1x", b"\x91", b"\x01"), R.NOT_MSGPACK),
    ("deep maps in MessagePack", filled(b"", b"\x81\xa1x", b"\x01"), R.NOT_MSGPACK),
    ("digits", filled(HEAD + b'"gen":', b"9", b"}"), R.SCHEMA),
    ("digits of a version", filled(b'{"v":', b"9", b"}"), R.UNKNOWN_VERSION),
    ("digits ignored", filled(HEAD + b'"x":', b"7", b"}"), None),
    ("many long integers", filled(HEAD + b'"x":[', b"8" * 4000 + b",", b"1]}"), None),
    ("decimals ignored", filled(HEAD + b'"x":0.', b"7", b"}"), None),
    ("exponent", HEAD + b'"x":1e999999999}', None),
    ("zeros", filled(HEAD + b'"x":[', b"0,", b"0]}"), None),
    ("keys", filled(HEAD, b'"k":0,', b'"k":0}'), None),
    ("empty objects for fixes", filled(HEAD + b'"fixes":[', b"{},", b"{}]}"), R.TOO_MANY_ITEMS),
    ("quotes", filled(HEAD + b'"x":"', b'\\"', b'"}'), None),
    ("surrogates", filled(HEAD + b'"x":"', b"\\ud800", b'"}'), None),
    ("spaces", filled(HEAD, b" ", b'"x":0}'), None),
    ("NaN", HEAD + b'"x":NaN}', R.NOT_JSON),
    ("Infinity", HEAD + b'"gen":Infinity}', R.NOT_JSON),
    ("-Infinity", HEAD + b'"gen":-Infinity}', R.NOT_JSON),
    ("a comment", HEAD + b'"gen":0/**/}', R.NOT_JSON),
    ("a trailing comma", HEAD + b'"gen":0,}', R.NOT_JSON),
    ("a leading zero", HEAD + b'"gen":01}', R.NOT_JSON),
    ("a control character in text", HEAD + b'"fw":"a\nb"}', R.NOT_JSON),
    ("two documents", as_json(envelope()) * 2, R.NOT_JSON),
    ("UTF-16", as_json(envelope()).decode().encode("utf-16"), R.NOT_UTF8),
    ("UTF-16 without its mark", as_json(envelope()).decode().encode("utf-16-le"), R.NOT_JSON),
    ("NUL", b"\x00", R.NOT_JSON),
    ("an array of 4 billion", b"\x81\xa5fixes\xdd\xff\xff\xff\xff", R.NOT_MSGPACK),
    ("a text of 4 billion", b"\x81\xa2fw\xdb\xff\xff\xff\xff", R.NOT_MSGPACK),
    ("a map of 4 billion", b"\xdf\xff\xff\xff\xff\xa1v", R.NOT_MSGPACK),
    ("the byte that MessagePack never uses", b"\x81\xa1v\xc1", R.NOT_MSGPACK),
    ("a time that is none", b"\x81\xa1v\xd4\xff\x00", R.NOT_MSGPACK),
    ("a map for a key", b"\x81\x81\x01\x01\x01", R.NOT_MSGPACK),
    ("an extension for a version", b"\x81\xa1v\xd4\x05\x00", R.SCHEMA),
    ("keys that are numbers", b"\xde\x10\x00" + b"".join(b"\xcd%b\x01" % n.to_bytes(2) for n in range(4096)), R.SCHEMA),
]


@pytest.mark.parametrize(("payload", "reason"), [case[1:] for case in HOSTILE], ids=[case[0] for case in HOSTILE])
def test_hostile_messages(payload: bytes, reason: DeadLetterReason | None) -> None:
    started = time.perf_counter()
    decoded = decode_all([as_json(envelope(fixes=[fix(1)])), payload, as_json(envelope(fixes=[fix(2)]))])
    assert time.perf_counter() - started < STALL_S
    assert [letter.reason for letter in decoded.dead_letters] == ([] if reason is None else [reason])
    assert decoded.batch.facts["seq"].tolist() == [1, 2]
    assert decoded.batch.facts["line"].tolist() == [0, 2]


@pytest.mark.parametrize("make", [nested, nested_msgpack])
def test_nesting_has_one_limit_whoever_asks(make: Callable[[int], bytes]) -> None:
    assert decode_one(make(NESTING)).dead_letters == []
    letter = only_letter(decode_one(make(NESTING + 1)))
    assert letter.reason in (R.NOT_JSON, R.NOT_MSGPACK)
    assert letter.cause == f"nested deeper than {NESTING}"
    assert only_letter(decode_one(make(5000))).cause == letter.cause


def at_depth(frames: int, call: Callable[[], Decoded]) -> Decoded:
    return call() if frames == 0 else at_depth(frames - 1, call)


def test_the_limit_does_not_depend_on_how_deep_the_caller_is() -> None:
    for payload in (nested(NESTING), nested(NESTING + 1), nested(600), nested_msgpack(600)):
        shallow = decode_one(payload).dead_letters
        assert at_depth(300, partial(decode_one, payload)).dead_letters == shallow


def test_of_keys_that_stand_twice_the_last_counts() -> None:
    twice = b'{"v":2,"v":1,"sent":%d,"fixes":[{"seq":1,"seq":2,"t":%d,"lat":91,"lat":51,"lon":0,"acc":5}]}'
    decoded = decode_one(twice % (SENT_MS, SENT_MS))
    assert decoded.dead_letters == []
    assert decoded.batch.facts["seq"].tolist() == [2]
    assert only_letter(decode_one(b'{"v":1,"v":2,"sent":%d}' % SENT_MS)).reason is R.UNKNOWN_VERSION


def test_keys_of_messagepack_that_are_not_text_are_ignored() -> None:
    strange = {b"seq": 9, 5: 1, None: 2, (1, 2): 3, 1.5: 4}
    message = envelope(fixes=[fix(1) | strange], events=[event(2, data={"tag": "T2", b"x": 1})], net={7: 1}) | strange
    decoded = decode_one(as_msgpack(message))
    assert decoded.dead_letters == []
    assert decoded.batch.facts["seq"].tolist() == [1, 2]
    assert decoded.batch.event_data == {1: b'{"tag":"T2"}'}


def test_what_json_has_not_is_of_the_wrong_type_and_shown_as_text() -> None:
    for strange, shown in ((b"gps", b'"677073"'), (msgspec.msgpack.Ext(5, b"\x01\xff"), b'"01ff"')):
        letter = only_letter(decode_one(as_msgpack(envelope(fixes=[fix(1, src=strange)]))))
        assert letter.field == "fixes[0].src"
        assert shown in letter.payload
        decoded = decode_one(as_msgpack(envelope(events=[event(1, "sos", data={"x": strange})])))
        assert decoded.batch.event_data == {0: b'{"x":' + shown + b"}"}


def test_a_number_of_data_that_no_store_can_hold_parks_its_event() -> None:
    for number in (b"1e999", b"-1e999", b"9" * 41, b"9" * 5000):
        payload = as_json(envelope(events=[event(1, data={"x": [0]}), event(2)])).replace(b"[0]", b"[0,%s]" % number)
        decoded = decode_one(payload)
        assert only_letter(decoded).field == "events[0].data.x[1]"
        assert decoded.batch.facts["seq"].tolist() == [2]


def test_500_bad_items_are_500_dead_letters_and_no_stall() -> None:
    started = time.perf_counter()
    decoded = decode_one(as_json(envelope(fixes=[fix(0)] * 250, events=[event(0, data={"tag": "T2"})] * 250)))
    assert time.perf_counter() - started < STALL_S
    assert [letter.field for letter in decoded.dead_letters] == [
        *(f"fixes[{index}].seq" for index in range(250)),
        *(f"events[{index}].seq" for index in range(250)),
    ]
    assert decoded.batch.bad.tolist() == [False]


def test_failure_02_a_thousand_bad_messages_leave_the_good_ones_quick() -> None:
    good = [as_json(envelope(fixes=[fix(seq)])) for seq in range(1, 501)]
    bad = [b"[" * 5000, b"\x81" * 5000, as_json(envelope(v=2)), b"\xff"] * 250
    started = time.perf_counter()
    decoded = decode_all([*bad, *good])
    assert time.perf_counter() - started < STALL_S
    assert len(decoded.dead_letters) == len(bad)
    assert decoded.batch.facts["seq"].tolist() == list(range(1, 501))
