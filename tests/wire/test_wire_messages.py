"""docs/messages: one worked message for each kind of device, run through the codec and the AsyncAPI document."""

from __future__ import annotations

import json
import re
from pathlib import Path

import msgspec
import pytest

from domain.facts import Roster
from domain.vocabulary import DeviceKind, EventCode, EventState, Source
from domain.wire import Decoded, Decoder, Direction, parse_topic, partition_of
from domain.wire_commands import CommandName, decode_command
from tests.wire.made import RECEIVED_US
from tests.wire.schemas import is_valid

FOLDER = Path(__file__).parents[2] / "docs" / "messages"
TOPICS = dict(
    re.findall(
        r"^\| `(\w+\.json)` \| `(em/v1/[^`]+)` \|", (FOLDER / "README.md").read_text(encoding="utf-8"), re.MULTILINE
    ),
)
FILES = sorted(path.name for path in FOLDER.glob("*.json"))
UP = [name for name in FILES if TOPICS.get(name, "").endswith("/up")]
DOWN = [name for name in FILES if TOPICS.get(name, "").endswith("/down")]
TAG = "RT-300988"


def payload_of(name: str) -> bytes:
    return (FOLDER / name).read_bytes()


def decode(name: str, payload: bytes | None = None) -> Decoded:
    topic = parse_topic(TOPICS[name])
    assert topic is not None
    decoder = Decoder(Roster(), {topic.device, TAG})
    return decoder.decode([(TOPICS[name], payload_of(name) if payload is None else payload, RECEIVED_US)])


def test_the_page_names_every_file_and_every_kind_has_one() -> None:
    assert sorted(TOPICS) == FILES
    assert {f"{kind.value}.json" for kind in DeviceKind} <= set(FILES)
    assert {f"command_{name.value}.json" for name in CommandName} <= set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_the_topic_is_the_devices_own(name: str) -> None:
    topic = parse_topic(TOPICS[name])
    assert topic is not None
    assert topic.partition == partition_of(topic.device)
    assert topic.direction is (Direction.DOWN if name in DOWN else Direction.UP)


@pytest.mark.parametrize("name", UP)
def test_envelopes_are_taken_whole_and_are_valid(name: str) -> None:
    decoded = decode(name)
    written = json.loads(payload_of(name))
    assert decoded.dead_letters == []
    assert decoded.batch.bad.tolist() == [False]
    seqs = [item["seq"] for where in ("fixes", "events") for item in written.get(where, [])]
    assert decoded.batch.facts["seq"].tolist() == seqs
    assert is_valid("envelope", written)


@pytest.mark.parametrize("name", UP)
def test_in_messagepack_they_say_the_same(name: str) -> None:
    packed = decode(name, msgspec.msgpack.encode(json.loads(payload_of(name))))
    plain = decode(name)
    assert packed.batch.facts.tobytes() == plain.batch.facts.tobytes()
    assert packed.batch.event_data == plain.batch.event_data


@pytest.mark.parametrize("name", DOWN)
def test_commands_are_read_and_are_valid(name: str) -> None:
    command = decode_command(payload_of(name))
    assert name == f"command_{command.name.value}.json"
    assert is_valid("command", json.loads(payload_of(name)))


def test_a_home_unit_speaks_for_the_curfew_tag() -> None:
    facts = decode("rf_tag.json").batch.facts
    assert facts["code"].tolist() == [EventCode.IN_RANGE, EventCode.STRAP_TAMPER]
    assert facts["state"].tolist() == [EventState.END, EventState.START]
    assert (facts["tag"] == facts["tag"][0]).all()
    assert (facts["tag"] != facts["device"]).all()
    assert (facts["last_heard_us"] > 0).tolist() == [True, False]


def test_a_location_tag_says_everything_that_may_be_said() -> None:
    fact = decode("gps_tag.json").batch.facts[0]
    assert (fact["spd"], fact["hdg"], fact["bat"], fact["sats"], fact["hdop"]) == (1.3, 84.0, 76.0, 11, 0.9)


def test_a_victims_unit_may_place_itself_by_wifi() -> None:
    facts = decode("victim_unit.json").batch.facts
    assert facts["src"].tolist()[0] == Source.WIFI
    assert facts["code"].tolist()[1] == EventCode.SOS


def test_readings_and_checks_keep_their_data() -> None:
    assert json.loads(decode("alcohol_tag.json").batch.event_data[1]) == {"tac_permille": 0.012}
    assert json.loads(decode("voice_line.json").batch.event_data[0])["result"] == "no_answer"
    assert json.loads(decode("non_fitted.json").batch.event_data[1])["score"] == 0.97


def test_the_answer_names_its_command() -> None:
    asked = decode_command(payload_of("command_set_interval.json"))
    assert json.loads(decode("command_result.json").batch.event_data[0]) == {"command": asked.id, "ok": True}
