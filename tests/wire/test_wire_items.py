"""Every field's values at and past its bounds, and how one bad item is parked alone."""

from __future__ import annotations

import json
from math import isnan
from typing import Any, get_args

import numpy as np
import pytest

from domain.facts import Facts
from domain.vocabulary import DeadLetterReason, EventCode, EventState, Source
from domain.wire_items import EPOCH_FIRST_MS, EPOCH_LAST_MS, SEQ_LAST, CodeWord, SourceWord, StateWord
from tests.wire.made import SENT_MS, as_json, as_msgpack, decode_all, decode_one, envelope, event, fix, only_letter

ENCODERS = pytest.mark.parametrize("encode", [as_json, as_msgpack])
BELOW_360 = float(np.nextafter(360, 0))

GOOD_FIX_VALUES: dict[str, list[Any]] = {
    "seq": [1, SEQ_LAST],
    "t": [EPOCH_FIRST_MS + 1, EPOCH_LAST_MS],
    "lat": [-90, 90, 0, -0.0, 51.123456789],
    "lon": [-180, 180, 0.0, 5e-324],
    "acc": [5e-324, 0.1, 100_000],
    "src": ["gps", "rf", "lbs", "wifi", None],
    "spd": [0, 150, 1.5, None],
    "hdg": [0, BELOW_360, None],
    "bat": [0, 100, 33.3, None],
    "sats": [0, 32_767, None],
    "hdop": [0, 99.99, 1e6, None],
}
BAD_FIX_VALUES: dict[str, list[Any]] = {
    "seq": [0, -1, SEQ_LAST + 1, 2**63, 1.0, 1.5, "1", True, None, [1], {}],
    "t": [EPOCH_FIRST_MS, 0, -1, EPOCH_LAST_MS + 1, 2**63, float(SENT_MS), str(SENT_MS), False, None],
    "lat": [90.000001, -90.000001, 1e300, "51", True, None, [51.0], {"deg": 51}],
    "lon": [180.000001, -180.000001, "0", False, None],
    "acc": [0, -0.0, -1, 100_000.001, "8", True, None],
    "src": ["GPS", "glonass", "", 0, True, ["gps"]],
    "spd": [-0.001, 150.001, "fast", True],
    "hdg": [-0.001, 360, "n", False],
    "bat": [-0.1, 100.1, "87%", True],
    "sats": [-1, 32_768, 7.0, "7", True],
    "hdop": [-0.1, 1_000_001, "1", True],
}


def cases(table: dict[str, list[Any]]) -> list[tuple[str, Any]]:
    return [(name, value) for name, values in table.items() for value in values]


def only_fact(facts: Facts) -> Any:
    assert len(facts) == 1
    return facts[0]


@ENCODERS
@pytest.mark.parametrize(("name", "value"), cases(GOOD_FIX_VALUES))
def test_good_values_of_a_fix(encode: Any, name: str, value: Any) -> None:
    decoded = decode_one(encode(envelope(fixes=[fix() | {name: value}])))
    assert decoded.dead_letters == []
    fact = only_fact(decoded.batch.facts)
    if name == "t":
        assert fact["t_us"] == value * 1000
    elif name == "src":
        assert fact["src"] == (Source.GPS if value is None else Source[value.upper()])
    elif name == "sats":
        assert fact["sats"] == (-1 if value is None else value)
    elif value is None:
        assert isnan(fact[name])
    else:
        assert fact[name] == value


@ENCODERS
@pytest.mark.parametrize(("name", "value"), cases(BAD_FIX_VALUES))
def test_bad_values_of_a_fix_park_it_alone(encode: Any, name: str, value: Any) -> None:
    bad = fix(2) | {name: value}
    decoded = decode_one(encode(envelope(fixes=[fix(1), bad, fix(3)], events=[event(4)])))
    letter = only_letter(decoded)
    assert letter.reason is DeadLetterReason.SCHEMA
    assert letter.field == f"fixes[1].{name}"
    assert letter.cause
    assert json.loads(letter.payload) == bad
    assert decoded.batch.facts["seq"].tolist() == [1, 3, 4]
    assert decoded.batch.bad.tolist() == [False]
    assert decoded.batch.devices.tolist() == [0]


@pytest.mark.parametrize("name", ["seq", "t", "lat", "lon", "acc"])
def test_a_fix_without_what_it_needs_is_parked(name: str) -> None:
    bad = fix()
    del bad[name]
    letter = only_letter(decode_one(as_json(envelope(fixes=[bad]))))
    assert (letter.field, letter.cause) == (f"fixes[0].{name}", "missing")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("name", ["seq", "t", "lat", "lon", "acc", "spd", "hdg", "bat", "sats", "hdop"])
def test_numbers_of_messagepack_that_are_not_finite(name: str, value: float) -> None:
    decoded = decode_one(as_msgpack(envelope(fixes=[fix(1) | {name: value}, fix(2)])))
    assert only_letter(decoded).field == f"fixes[0].{name}"
    assert decoded.batch.facts["seq"].tolist() == [2]


@pytest.mark.parametrize("item", [None, 1, "fix", [], [1, 2], True])
@pytest.mark.parametrize("where", ["fixes", "events"])
def test_an_item_that_is_no_object(where: str, item: Any) -> None:
    letter = only_letter(decode_one(as_json(envelope(**{where: [item]}))))
    assert (letter.field, json.loads(letter.payload)) == (f"{where}[0]", item)


def test_an_empty_item_is_parked() -> None:
    assert only_letter(decode_one(as_json(envelope(events=[{}])))).field == "events[0].seq"


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"seq": 0}, "seq"),
        ({"t": EPOCH_FIRST_MS}, "t"),
        ({"code": "explosion"}, "code"),
        ({"code": 3}, "code"),
        ({"code": None}, "code"),
        ({"state": "begin"}, "state"),
        ({"state": 1}, "state"),
        ({"data": []}, "data"),
        ({"data": "tag"}, "data"),
        ({"data": {"tag": 5}}, "data.tag"),
        ({"code": "in_range", "data": {"last_heard": "now"}}, "data.last_heard"),
        ({"code": "in_range", "data": {"last_heard": 5}}, "data.last_heard"),
        ({"code": "in_range", "data": {"last_heard": SENT_MS + 0.5}}, "data.last_heard"),
        ({"code": "rest", "data": {"interval_s": 0}}, "data.interval_s"),
        ({"code": "rest", "data": {"interval_s": "60"}}, "data.interval_s"),
        ({"code": "alcohol_reading", "data": {"tac_permille": -0.1}}, "data.tac_permille"),
        ({"code": "alcohol_reading", "data": {"tac_permille": 1000.1}}, "data.tac_permille"),
        ({"code": "presence_check", "data": {"result": "maybe"}}, "data.result"),
        ({"code": "presence_check", "data": {"score": "high"}}, "data.score"),
        ({"code": "clock_set", "data": {"step_s": True}}, "data.step_s"),
        ({"code": "command_result", "data": {"command": 5}}, "data.command"),
        ({"code": "command_result", "data": {"ok": "yes"}}, "data.ok"),
    ],
)
@ENCODERS
def test_bad_values_of_an_event_park_it_alone(encode: Any, changes: dict[str, Any], name: str) -> None:
    bad = event(2) | changes
    decoded = decode_one(encode(envelope(fixes=[fix(1)], events=[bad, event(3)])))
    letter = only_letter(decoded)
    assert (letter.reason, letter.field) == (DeadLetterReason.SCHEMA, f"events[0].{name}")
    assert json.loads(letter.payload) == bad
    assert decoded.batch.facts["seq"].tolist() == [1, 3]


@ENCODERS
@pytest.mark.parametrize("code", list(EventCode))
@pytest.mark.parametrize("state", [None, *EventState])
def test_every_code_and_state(encode: Any, code: EventCode, state: EventState | None) -> None:
    word = None if state is None else state.name.lower()
    fact = only_fact(decode_one(encode(envelope(events=[event(7, code.name.lower(), state=word)]))).batch.facts)
    assert (fact["code"], fact["state"], fact["is_event"]) == (code, state or EventState.PULSE, True)
    assert all(isnan(fact[name]) for name in ("lat", "lon", "acc", "spd", "hdg", "bat", "hdop"))


def test_the_words_of_the_wire_are_those_of_the_vocabulary() -> None:
    for literal, enum in ((SourceWord, Source), (StateWord, EventState), (CodeWord, EventCode)):
        assert list(get_args(literal)) == [member.name.lower() for member in enum]


@pytest.mark.parametrize("code", ["strap_tamper", "case_tamper", "sos"])
def test_a_parked_item_that_is_a_tamper_or_sos_is_critical(code: str) -> None:
    decoded = decode_one(as_json(envelope(events=[event(0, code), event(1, "heartbeat", t=1)])))
    assert [letter.critical for letter in decoded.dead_letters] == [True, False]


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"sent": EPOCH_FIRST_MS}, "sent"),
        ({"sent": EPOCH_LAST_MS + 1}, "sent"),
        ({"sent": SENT_MS + 0.5}, "sent"),
        ({"sent": True}, "sent"),
        ({"sent": None}, "sent"),
        ({"gen": -1}, "gen"),
        ({"gen": SEQ_LAST + 1}, "gen"),
        ({"gen": "0"}, "gen"),
        ({"fixes": {}}, "fixes"),
        ({"events": "none"}, "events"),
        ({"fw": 3}, "fw"),
        ({"model": []}, "model"),
        ({"net": "vodafone"}, "net"),
        ({"net": {"mcc": 1.5}}, "net.mcc"),
        ({"net": {"rssi": "weak"}}, "net.rssi"),
        ({"iv": -1}, "iv"),
        ({"up": 0.5}, "up"),
        ({"oldest": "1"}, "oldest"),
    ],
)
@ENCODERS
def test_bad_values_around_the_items_park_the_whole(encode: Any, changes: dict[str, Any], name: str) -> None:
    payload = encode(envelope(fixes=[fix()]) | changes)
    decoded = decode_one(payload)
    letter = only_letter(decoded)
    assert (letter.reason, letter.field, letter.payload) == (DeadLetterReason.SCHEMA, name, payload)
    assert len(decoded.batch.facts) == 0
    assert decoded.batch.bad.tolist() == [True]


@ENCODERS
def test_what_may_stand_around_the_items(encode: Any) -> None:
    around = {
        "gen": SEQ_LAST,
        "fw": "3.2.1",
        "model": None,
        "net": {"mcc": "234", "mnc": 15, "tac": None, "cell": 2**28, "rssi": -87.5, "band": 20},
        "iv": 60,
        "up": 0,
        "oldest": 1,
    }
    decoded = decode_one(encode(envelope(fixes=[fix()], **around)))
    assert decoded.dead_letters == []
    assert decoded.batch.facts["gen"].tolist() == [SEQ_LAST]


@ENCODERS
def test_unknown_keys_are_ignored_wherever_they_stand(encode: Any) -> None:
    strange = {"x": {"y": [1, None, {"z": "é"}]}, "t2": 1e10}
    message = envelope(fixes=[fix(1) | strange], events=[event(2) | strange], net={"band": strange}, **strange)
    decoded = decode_one(encode(message))
    assert decoded.dead_letters == []
    assert decoded.batch.facts["seq"].tolist() == [1, 2]


def test_an_event_keeps_its_data_as_json() -> None:
    data = {"tag": "T2", "rssi": -60, "why": 'näh "so"', "deep": {"a": [1, 2.5, None, True]}, "big": 2**80}
    decoded = decode_one(as_json(envelope(fixes=[fix(1)], events=[event(2), event(3, "fault", data=data)])))
    facts = decoded.batch.facts
    assert facts["seq"].tolist() == [1, 2, 3]
    assert list(decoded.batch.event_data) == [2]
    assert json.loads(decoded.batch.event_data[2]) == data
    assert facts["tag"].tolist() == [-1, -1, 1]


def test_the_tag_that_an_event_is_about() -> None:
    events = [
        event(1, "in_range", state="start", data={"tag": "T2"}),
        event(2, "in_range", state="end", data={"tag": "T2", "last_heard": SENT_MS - 60_000}),
        event(3, "strap_tamper", data={"tag": "nobody"}),
        event(4, "in_range", data={"tag": None, "last_heard": None}),
        event(5, "fault", data={}),
    ]
    facts = decode_one(as_json(envelope(events=events))).batch.facts
    assert facts["tag"].tolist() == [1, 1, -2, -1, -1]
    assert facts["last_heard_us"].tolist() == [0, (SENT_MS - 60_000) * 1000, 0, 0, 0]


@ENCODERS
def test_data_never_holds_what_a_json_store_refuses(encode: Any) -> None:
    data = {"a\x00b": "c\x00d", "deep": ["\x00"]}
    decoded = decode_one(encode(envelope(events=[event(1, "strap_tamper", data=data)])))
    assert decoded.dead_letters == []
    assert json.loads(decoded.batch.event_data[0]) == {"a\ufffdb": "c\ufffdd", "deep": ["\ufffd"]}
    flat = decode_one(encode(envelope(events=[event(1, "strap_tamper", data={"x": "\x00", "y": "\\u0000"})])))
    assert json.loads(flat.batch.event_data[0]) == {"x": "\ufffd", "y": "\\u0000"}


def test_a_lone_surrogate_in_data_is_replaced_and_in_a_word_parks() -> None:
    text = as_json(envelope(events=[event(1, "sos", data={"who": "@"})])).replace(b"@", b"\\ud800")
    decoded = decode_one(text)
    assert decoded.dead_letters == []
    assert json.loads(decoded.batch.event_data[0]) == {"who": "\ufffd"}
    word = as_json(envelope(fixes=[fix(1, src="@"), fix(2)])).replace(b"@", b"\\udfff")
    assert only_letter(decode_one(word)).field == "fixes[0]"


def test_a_lone_surrogate_in_a_key_that_nobody_knows_is_passed_over_with_it() -> None:
    odd = fix(1) | {"@": 1}
    text = as_json(envelope(fixes=[odd, fix(2)]) | {"@": 2}).replace(b"@", b"\\ud800")
    decoded = decode_one(text)
    assert decoded.dead_letters == []
    assert decoded.batch.facts["seq"].tolist() == [1, 2]


def test_a_null_where_nothing_is_needed_is_nothing() -> None:
    nulls = dict.fromkeys(("src", "spd", "hdg", "bat", "sats", "hdop"))
    with_nulls = decode_one(as_json(envelope(fixes=[fix() | nulls], events=None, gen=None, net=None)))
    assert with_nulls.dead_letters == []
    assert with_nulls.batch.facts.tobytes() == decode_one(as_json(envelope(fixes=[fix()]))).batch.facts.tobytes()


def test_facts_stand_in_the_order_of_their_lines_fixes_before_events() -> None:
    messages = [
        envelope(events=[event(1)]),
        envelope(fixes=[fix(4), fix(3)], events=[event(2, data={"n": 1})]),
        envelope(),
        envelope(fixes=[fix(6)], events=[event(5, data={"n": 2}), event(7)]),
    ]
    batch = decode_all([as_json(message) for message in messages]).batch
    assert batch.facts["seq"].tolist() == [1, 4, 3, 2, 6, 5, 7]
    assert batch.facts["line"].tolist() == [0, 1, 1, 1, 3, 3, 3]
    assert batch.facts["received_us"].tolist() == batch.instants[batch.facts["line"]].tolist()
    assert {row: json.loads(data) for row, data in batch.event_data.items()} == {3: {"n": 1}, 5: {"n": 2}}


def test_failure_01_counters_go_past_32_bits() -> None:
    past = 2**31 + 5
    facts = decode_one(as_json(envelope(gen=past, fixes=[fix(past), fix(SEQ_LAST)]))).batch.facts
    assert facts["seq"].tolist() == [past, SEQ_LAST]
    assert facts["gen"].tolist() == [past, past]
