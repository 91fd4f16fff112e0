"""What a phone with OwnTracks says, in the wire's terms; and that nothing that it can send stops anybody."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.adapted import ADAPTERS, UNCOUNTED, is_adapted
from domain.facts import Roster
from domain.instants import SECOND_US
from domain.vocabulary import EventCode
from domain.wire import NOBODY, Decoded, Decoder
from domain.wire_items import SEQ_LAST, Envelope
from domain.wire_topics import DEVICE_PATTERN
from geofence.ledger import same_values
from ingest.adapters import EVERY, adapters_named
from ingest.adapters.owntracks import EPOCH_FIRST_S, SECONDS_LAST, TO_95_PERCENT, OwnTracks
from ingest.completeness import counted_alone, measure
from tests.ingest.made import NOW_US, message

JANE = "owntracks_jane_phone"
TOPIC = "owntracks/jane/phone"
NOW_S = NOW_US // SECOND_US


def location(**changes: Any) -> bytes:
    """A position as the app publishes it; what is None is left out."""
    said = {
        "_type": "location",
        "acc": 10,
        "alt": 341,
        "batt": 69,
        "bs": 1,
        "conn": "m",
        "inregions": ["home"],
        "lat": 51.5,
        "lon": -0.12,
        "m": 1,
        "tid": "jp",
        "tst": NOW_S,
        "vac": 30,
    }
    return json.dumps({key: value for key, value in (said | changes).items() if value is not None}).encode()


def decoder(*known: str) -> Decoder:
    made = Decoder(Roster(), frozenset(known or (JANE, "T1")))
    made.adapt(EVERY)
    return made


def decoded(*payloads: bytes, topic: str = TOPIC) -> Decoded:
    return decoder().decode([(topic, payload, NOW_US + number) for number, payload in enumerate(payloads)])


def refusal(payload: bytes, topic: str = TOPIC) -> tuple[str, str | None, str | None]:
    """Reason, field and cause of the only dead letter; it has the bytes and the topic as they came."""
    (letter,) = decoded(payload, topic=topic).dead_letters
    assert (letter.topic, letter.payload) == (topic, payload)
    return letter.reason.value, letter.field, letter.cause


def test_a_position_becomes_a_fix_with_a_95_percent_radius_in_our_units() -> None:
    found = decoded(location(vel=54, cog=270))
    (fact,) = found.batch.facts
    assert (fact["lat"], fact["lon"]) == (51.5, -0.12)
    assert fact["acc"] == pytest.approx(16.2)
    assert fact["spd"] == pytest.approx(15.0)
    assert (fact["hdg"], fact["t_us"], fact["gen"]) == (270.0, NOW_US, 0)
    assert not fact["is_event"]
    assert np.isnan([fact["bat"], fact["hdop"]]).all()
    assert found.batch.sent_us.tolist() == [NOW_US]
    assert found.dead_letters == []


def test_the_factor_is_that_of_a_normal_error() -> None:
    assert pytest.approx(np.sqrt(np.log(0.05) / np.log(0.32)), abs=0.005) == TO_95_PERCENT


@pytest.mark.parametrize(
    ("changes", "column", "value"),
    [
        ({"cog": 360}, "hdg", 0.0),
        ({"cog": -1}, "hdg", np.nan),
        ({"vel": -1}, "spd", np.nan),
        ({"vel": None}, "spd", np.nan),
        ({"vel": 0}, "spd", 0.0),
        ({"acc": 0.5}, "acc", 0.81),
    ],
)
def test_what_is_not_known_is_absent(changes: dict[str, Any], column: str, value: float) -> None:
    (fact,) = decoded(location(**changes)).batch.facts
    assert fact[column] == pytest.approx(value, nan_ok=True)


def test_one_position_is_one_fact_however_often_and_in_whatever_dress_it_is_published() -> None:
    dresses = [{}, {"batt": 68}, {"t": "u"}, {"created_at": NOW_S + 10}, {"bs": 2, "conn": "w", "p": 100.7, "tid": "x"}]
    facts = decoded(*(location(**dress) for dress in dresses)).batch.facts
    assert len(set(facts["seq"].tolist())) == 1
    assert all(same_values(facts[0], fact) for fact in facts)


def test_on_the_meridian_of_greenwich_it_makes_no_odds_which_zero_is_written() -> None:
    facts = decoded(location(lon=0.0), location(lon=-0.0)).batch.facts
    assert len(set(facts["seq"].tolist())) == 1


def test_two_positions_of_one_second_are_two_facts_and_no_conflict() -> None:
    others = [{}, {"lat": 51.5001}, {"lon": -0.1201}, {"acc": 11}, {"vel": 3}, {"cog": 3}, {"tst": NOW_S + 1}]
    seqs = decoded(*(location(**other) for other in others)).batch.facts["seq"].tolist()
    assert len(set(seqs)) == len(others)


def test_later_positions_have_higher_seqs_to_the_end_of_their_time() -> None:
    last = EPOCH_FIRST_S + SECONDS_LAST
    seqs = decoded(*(location(tst=tst) for tst in (EPOCH_FIRST_S + 1, NOW_S, NOW_S + 1, last))).batch.facts["seq"]
    assert (np.diff(seqs) > 0).all()
    assert 1 <= seqs[0] < seqs[-1] <= SEQ_LAST


def test_a_ping_says_that_the_phone_lives_and_never_where_it_is() -> None:
    """Its place is the last one known; iOS gives it the time of now, Android that of the place."""
    found = decoded(location(t="p"), location(t="p", tst=NOW_S - 900, created_at=NOW_S), location(t="l", acc=None))
    assert found.batch.facts["is_event"].all()
    assert set(found.batch.facts["code"].tolist()) == {EventCode.HEARTBEAT}
    assert found.batch.facts["t_us"].tolist() == [NOW_US] * 3
    assert len(set(found.batch.facts["seq"].tolist())) == 1


def test_an_old_position_told_again_also_says_that_there_is_no_newer_one() -> None:
    fix, alive = decoded(location(tst=NOW_S - 600, created_at=NOW_S)).batch.facts
    assert (fix["is_event"], fix["t_us"]) == (False, NOW_US - 600 * SECOND_US)
    assert (alive["code"], alive["t_us"]) == (EventCode.HEARTBEAT, NOW_US)
    backlog = decoded(location(tst=NOW_S - 600, created_at=NOW_S - 599))
    assert [bool(fact["is_event"]) for fact in backlog.batch.facts] == [False]


@pytest.mark.parametrize("sort", sorted(OwnTracks.sorts))
def test_what_holds_no_position_is_contact_and_is_counted(sort: str) -> None:
    found = decoded(json.dumps({"_type": sort, "tst": NOW_S, "lat": 51.5, "lon": 0.1, "acc": 5}).encode())
    assert found.ignored == {("owntracks", sort): 1}
    assert found.batch.devices.tolist() == [0]
    assert (len(found.batch.facts), found.dead_letters, found.batch.bad.tolist()) == (0, [], [False])


def test_a_last_will_is_shown_and_is_no_contact() -> None:
    found = decoded(b'{"_type":"lwt","tst":1795298400}')
    assert found.last_wills == [(JANE, NOW_US)]
    assert found.batch.devices.tolist() == [NOBODY]


@pytest.mark.parametrize("known", [(JANE,), ("T1",)])
def test_a_retained_message_that_is_taken_back_is_nobodys(known: tuple[str, ...]) -> None:
    found = decoder(*known).decode([(TOPIC, b"", NOW_US)])
    assert found.ignored == {("owntracks", "empty"): 1}
    assert (found.batch.devices.tolist(), found.dead_letters) == ([NOBODY], [])


@pytest.mark.parametrize(
    ("payload", "reason", "field", "cause"),
    [
        (b" " * (256 * 1024 + 1), "oversize", None, None),
        (b"\xff", "not_utf8", None, "invalid start byte at byte 0"),
        (b"C2,561ebac3,v,50123456,65987654", "not_json", None, "Expecting value at character 0"),
        (b"[" * 100_000, "not_json", None, "nested deeper than 128"),
        (b"[]", "schema", "envelope", "expected object, got array"),
        (b"{}", "schema", "_type", "missing"),
        (b'{"_type":7}', "schema", "_type", "not a type that is known"),
        (b'{"_type":"made_up"}', "schema", "_type", "not a type that is known"),
        (
            b'{"_type":"encrypted","data":"c29z"}',
            "schema",
            "_type",
            "encrypted: there is no key here; the app's must be taken out",
        ),
        (location(acc=None), "schema", "acc", "missing"),
        (location(acc=0), "schema", "acc", "expected float > 0.0"),
        (location(acc=-1), "schema", "acc", "expected float > 0.0"),
        (location(lat=90.5), "schema", "lat", "expected float <= 90.0"),
        (location(lat="51.5"), "schema", "lat", "expected float, got str"),
        (location(lon=True), "schema", "lon", "expected float, got bool"),
        (location(tst=None), "schema", "tst", "missing"),
        (location(tst=NOW_S + 0.5), "schema", "tst", "expected int, got float"),
        (location(tst=NOW_S * 1000), "schema", "tst", "expected int <= 5872804095"),
        (location(tst=1_577_836_800), "schema", "tst", "expected int >= 1577836801"),
        (location(vel=541), "schema", "vel", "expected float <= 540.0"),
        (location(cog=361), "schema", "cog", "expected float <= 360.0"),
        (location(t=7), "schema", "t", "expected str | null, got int"),
    ],
)
def test_what_cannot_be_read_is_parked_with_field_and_cause(
    payload: bytes, reason: str, field: str | None, cause: str | None
) -> None:
    found = refusal(payload)
    assert found[:2] == (reason, field)
    if cause is not None:
        assert found[2] == cause


def test_a_bad_message_is_contact_of_its_device() -> None:
    batch = decoded(location(lat=91)).batch
    assert (batch.devices.tolist(), batch.bad.tolist()) == ([0], [True])


@pytest.mark.parametrize(
    "topic",
    [
        "owntracks/jane",
        "owntracks//phone",
        "owntracks/jane/",
        "owntracks/jane/phone/event",
        "owntracks/ja_ne/phone",
        "owntracks/jané/phone",
        "owntracks/jane/my phone",
        "owntracks/jane/phone\n",
        "owntracks/a-name-that-is-too-long/phone",
    ],
)
def test_a_topic_that_no_device_can_have_is_a_bad_topic(topic: str) -> None:
    assert refusal(location(), topic)[0] == "bad_topic"


def test_a_phone_that_nobody_entered_is_parked_and_read_when_it_is_known() -> None:
    one = decoder("T1")
    first = one.decode([(TOPIC, location(), NOW_US)])
    (letter,) = first.dead_letters
    assert (letter.reason.value, letter.device) == ("unknown_device", JANE)
    one.learn([JANE])
    assert len(one.decode([(letter.topic, letter.payload, NOW_US)]).batch.facts) == 1


def test_no_topic_gives_a_tag_s_id_nor_another_topic_s() -> None:
    adapter = OwnTracks()
    users, devices = ("a", "a-b", "T1"), ("a", "a_b", "b_c", "T1")
    ids = [adapter.device_of(f"owntracks/{user}/{device}") for user in users for device in devices]
    assert len(set(ids)) == len(ids)
    assert all(found and DEVICE_PATTERN.fullmatch(found) and is_adapted(found) for found in ids)


def test_every_adapter_is_known_by_name_and_by_the_beginning_of_its_ids() -> None:
    assert tuple(adapter.name for adapter in adapters_named(ADAPTERS)) == ADAPTERS
    assert UNCOUNTED == ["owntracks\\_%"]
    assert [is_adapted(device) for device in ("owntracks_a_b", "owntracks", "T1", "owntracksXa_b")] == [True] + [
        False
    ] * 3
    first_levels = [adapter.topic_filter.partition("/")[0] for adapter in EVERY]
    assert len(set(first_levels)) == len(EVERY)
    assert not {"em", "+", "#"} & set(first_levels)


def test_without_the_adapter_its_topic_is_a_bad_topic() -> None:
    plain = Decoder(Roster(), frozenset([JANE]))
    (letter,) = plain.decode([(TOPIC, location(), NOW_US)]).dead_letters
    assert letter.reason.value == "bad_topic"


def test_tags_are_read_as_ever_beside_a_phone() -> None:
    found = decoder().decode(
        [(*message("T1", 1), NOW_US), (TOPIC, location(), NOW_US), (TOPIC, b"{", NOW_US), (*message("T1", 2), NOW_US)]
    )
    facts = found.batch.facts
    assert facts["line"].tolist() == [0, 1, 3]
    assert facts["seq"].tolist()[::2] == [1, 2]
    assert [letter.topic for letter in found.dead_letters] == [TOPIC]


def test_failure_06_what_a_phone_never_counted_is_not_missing() -> None:
    roster = Roster()
    for device in ("T1", JANE):
        roster.add(device)
    ranges = np.array([(0, 0, 1, 4), (0, 0, 7, 10), (1, 0, 1 << 40, 1 << 40), (1, 0, 1 << 41, 1 << 41)])
    assert measure(counted_alone(ranges, roster)).missing == 2


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
KEYS = ("_type", "tst", "t", "created_at", "lat", "lon", "acc", "vel", "cog")


@given(changes=st.dictionaries(st.sampled_from(KEYS), json_values, max_size=4))
def test_failure_02_whatever_a_phone_says_is_taken_or_parked(changes: dict[str, Any]) -> None:
    payload = json.dumps(json.loads(location()) | changes).encode()
    found = decoded(payload)
    taken = len(found.batch.facts) + found.ignored.total() + len(found.last_wills)
    assert bool(taken) != bool(found.dead_letters)


@given(payload=st.binary(max_size=200))
def test_failure_02_whatever_bytes_come_are_parked(payload: bytes) -> None:
    found = decoded(payload)
    assert len(found.dead_letters) == bool(payload)


@given(
    lat=st.floats(-90, 90),
    lon=st.floats(-180, 180),
    acc=st.floats(1e-3, 61_728),
    vel=st.none() | st.floats(-1, 540),
    cog=st.none() | st.floats(-1, 360),
    tst=st.integers(EPOCH_FIRST_S + 1, EPOCH_FIRST_S + SECONDS_LAST),
)
def test_what_is_converted_meets_every_range_of_the_wire(**values: Any) -> None:
    made = OwnTracks().read(location(**values))
    assert isinstance(made, Envelope)
    encoded = msgspec.json.encode(made)
    assert msgspec.json.encode(msgspec.json.decode(encoded, type=Envelope)) == encoded
