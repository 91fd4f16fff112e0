"""docs/asyncapi.yaml is an AsyncAPI 3 document, and says of every message what the codec says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from jsonschema import Draft7Validator

from domain.vocabulary import DeadLetterReason
from domain.wire import Direction, topic_of
from domain.wire_commands import CommandName
from domain.wire_items import EPOCH_FIRST_MS, EPOCH_LAST_MS, ITEMS, SEQ_LAST, CodeWord, SourceWord, StateWord
from tests.wire.made import as_json, decode_one, envelope, event, fix
from tests.wire.schemas import ASYNCAPI, DOCUMENT, is_valid, payload_schema, validator
from tests.wire.test_wire_items import BAD_FIX_VALUES, GOOD_FIX_VALUES, cases
from tests.wire.test_wire_twin import envelopes

SCHEMAS = DOCUMENT["components"]["schemas"]


def test_it_is_an_asyncapi_3_document() -> None:
    Draft7Validator.check_schema(ASYNCAPI)
    faults = [
        f"{list(error.absolute_path)}: {error.message}" for error in Draft7Validator(ASYNCAPI).iter_errors(DOCUMENT)
    ]
    assert faults == []


def references(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_every_reference_leads_somewhere() -> None:
    for reference in references(DOCUMENT):
        found: Any = DOCUMENT
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_every_schema_is_one(name: str) -> None:
    Draft7Validator.check_schema(validator(name).schema)


def test_the_addresses_are_the_topics() -> None:
    assert set(DOCUMENT["channels"]) == {direction.value for direction in Direction}
    for direction in Direction:
        address = DOCUMENT["channels"][direction.value]["address"]
        pattern = (
            re.escape(address).replace(r"\{partition\}", "[0-9a-f]{2}").replace(r"\{device\}", "[A-Za-z0-9_-]{1,32}")
        )
        assert re.fullmatch(pattern, topic_of("GT-100201", direction))


def test_the_words_and_limits_are_the_codecs() -> None:
    assert SCHEMAS["event"]["properties"]["code"]["enum"] == list(get_args(CodeWord))
    assert set(SCHEMAS["event"]["properties"]["state"]["enum"]) == {*get_args(StateWord), None}
    assert set(SCHEMAS["fix"]["properties"]["src"]["enum"]) == {*get_args(SourceWord), None}
    assert set(SCHEMAS["command"]["properties"]["command"]["enum"]) == {name.value for name in CommandName}
    assert SCHEMAS["envelope"]["properties"]["fixes"]["maxItems"] == ITEMS
    assert SCHEMAS["seq"]["maximum"] == SEQ_LAST
    for instant in ("instant", "maybeInstant"):
        assert SCHEMAS[instant]["exclusiveMinimum"] == EPOCH_FIRST_MS
        assert SCHEMAS[instant]["maximum"] == EPOCH_LAST_MS
    words = re.findall(r"`(\w+)`", DOCUMENT["info"]["description"].split("reason")[1])
    assert words[: len(DeadLetterReason)] == [reason.value for reason in DeadLetterReason]


def test_the_messages_are_of_these_schemas() -> None:
    assert payload_schema("envelope") == "envelope"
    assert payload_schema("command") == "command"


@pytest.mark.parametrize(("name", "value"), cases(GOOD_FIX_VALUES))
def test_good_values_are_valid(name: str, value: Any) -> None:
    assert is_valid("fix", fix() | {name: value})


@pytest.mark.parametrize(("name", "value"), cases(BAD_FIX_VALUES))
def test_bad_values_are_not_valid(name: str, value: Any) -> None:
    assert not is_valid("fix", fix() | {name: value})


def good_whole(message: dict[str, Any]) -> bool:
    return decode_one(as_json(message)).dead_letters == []


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"v": 1},
        envelope(),
        envelope(v=2),
        envelope(v=1.0),
        envelope(v=True),
        envelope(fixes=None, events=None, net=None, fw=None),
        envelope(fixes=[fix(), fix(2)], events=[event(3)]),
        envelope(fixes=[{}]),
        envelope(events=[event(data={"tag": 1})]),
        envelope(events=[event(code="in_range", data={"last_heard": 1})]),
        envelope(events=[event(code="in_range", data={"last_heard": None})]),
        envelope(events=[event(code="rest", data={"last_heard": 1, "interval_s": 60})]),
        envelope(events=[event(code="presence_check", data={"result": "perhaps"})]),
        envelope(net={"mcc": "234", "mnc": 15, "rssi": -80, "vendor": []}),
        envelope(net={"mcc": -1}),
    ],
)
def test_envelopes_are_valid_when_the_codec_parks_nothing(message: dict[str, Any]) -> None:
    assert is_valid("envelope", message) == good_whole(message)


@pytest.mark.slow
@settings(max_examples=1000, deadline=None, database=None, print_blob=True)
@given(envelopes)
def test_random_envelopes_are_valid_when_the_codec_parks_nothing(message: dict[str, Any]) -> None:
    assert is_valid("envelope", message) == good_whole(message)
