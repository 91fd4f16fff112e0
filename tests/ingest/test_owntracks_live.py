"""A phone with OwnTracks through real brokers and databases: from what it publishes to a violation of an exclusion zone."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import aiomqtt
import pytest

from bailiwick.parts.mosquitto_broker import MosquittoBroker
from bailiwick.parts.processes import LOOPBACK, make_folder, unprivileged
from domain.instants import SECOND_US
from domain.records import Circle, Condition, Device, Fitting, Order, Record, Version, Wearer
from domain.vocabulary import ConditionKind, DeviceKind, OrderKind
from ingest.adapters.owntracks import OwnTracks
from ingest.broker import BrokerAddress, MqttBroker
from ingest.clock import LineClock
from store import Store
from tests.ingest.made import message, worn
from tests.ingest.processes import Pair, Questions, ingesting, prepare, processes
from tests.ingest.publishing import Publisher
from tests.ingest.test_broker_port import Taken, connected
from tests.parts.test_broker_rules import ACCESS_LIST, password_line
from tests.waiting import eventually

pytestmark = [pytest.mark.real, pytest.mark.slow]

PHONE = "owntracks_jane_phone"
TOPIC = "owntracks/jane/phone"
TOPICS = [OwnTracks.topic_filter]
ZONE_LON, ZONE_LAT = -0.12, 51.5
AWAY_LAT = 51.52
"""2.2 km north of the zone's centre."""
SEED = 61
HOUR_S = 3600


def now_s() -> int:
    return time.time_ns() // 10**9


def carried(device: str = PHONE) -> list[Version]:
    """A wearer with a phone, and a zone of 200 m that they may not enter."""
    since_us, until_us = (now_s() - 48 * HOUR_S) * SECOND_US, (now_s() + 24 * HOUR_S) * SECOND_US
    records: list[Record] = [
        Wearer("W1"),
        Device(device, DeviceKind.GPS_TAG, model="phone"),
        Fitting("F1", device, since_us, wearer="W1"),
        Order("O1", "W1", OrderKind.COMMUNITY, since_us, until_us),
        Condition("Z1", "O1", ConditionKind.EXCLUSION_ZONE, shape=Circle(ZONE_LON, ZONE_LAT, 200.0)),
    ]
    return [Version(record) for record in records]


def said(tst: int, lat: float, **changes: Any) -> bytes:
    place = {"lat": lat, "lon": ZONE_LON, "acc": 8, "tst": tst}
    return json.dumps({"_type": "location", "tid": "jp", "batt": 70, "bs": 1} | place | changes).encode()


def walk(start_s: int) -> list[bytes]:
    """A position a minute: away for five, in the zone for five, away for five."""
    lats = [AWAY_LAT] * 5 + [ZONE_LAT] * 5 + [AWAY_LAT] * 5
    return [said(start_s + 60 * minute, lat + minute * 1e-5) for minute, lat in enumerate(lats)]


def visit(start_s: int) -> dict[str, Any]:
    """What the walk is: in the zone from its sixth position to before its eleventh."""
    told = [time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(start_s + 60 * minute)) for minute in (5, 10)]
    return {"wearer": "W1", "kind": "exclusion_zone", "condition": "Z1", "from": told[0], "to": told[1]}


def found(database: Questions) -> list[dict[str, Any]]:
    return [{key: one[key] for key in visit(0)} for one in database.violations() if one["kind"] == "exclusion_zone"]


async def test_a_phone_in_an_exclusion_zone_is_a_violation_however_its_messages_come(pair: Pair) -> None:
    """Repeated, out of order, among what is no position and what nobody can read; and beside a tag."""
    start_s = now_s() - 2 * HOUR_S
    positions = walk(start_s)
    again = [said(start_s + 60 * 6, ZONE_LAT + 6e-5, batt=batt, t="u", created_at=start_s + 370) for batt in (69, 68)]
    strange = [
        b"{",
        b"\xff",
        b"",
        b'{"_type":"encrypted","data":"AAAA"}',
        said(start_s, 91.0),
        b'{"_type":"lwt","tst":1}',
        b'{"_type":"transition","event":"enter","lat":51.5,"lon":-0.12,"acc":1,"tst":1}',
    ]
    mixed = [(TOPIC, payload) for payload in [*positions * 2, *again, *strange]]
    Random(SEED).shuffle(mixed)
    await prepare(pair.url, [*carried(), *worn(2)])
    with Questions(pair.url) as database:
        async with ingesting(pair.url, pair.mqtt_url, at_most_once=pair.at_most_once, adapters=("owntracks",)) as task:
            async with Publisher(pair.mqtt_url) as devices:
                await devices.publish([*mixed, message("T2", 1, now_s() * SECOND_US)])
            await eventually(lambda: database.fact_count() == len(positions) + 1, "each position is stored once")
            await eventually(lambda: found(database) == [visit(start_s)], "the visit is found")
            assert not task.done()
        parked = {"not_json": 1, "not_utf8": 1, "schema": 2}
        assert database.parked() == parked
        assert database.number("SELECT count(*) FROM dead_letters WHERE device = %s", PHONE) == sum(parked.values())
        acc = database.rows(
            "SELECT DISTINCT round(acc::numeric, 2)::float8 FROM fixes JOIN devices d USING (device_no)"
            " WHERE d.id = %s",
            PHONE,
        )
        assert acc == [(12.96,)], "8 m of 68 % are 12.96 m of 95 %"
        assert database.number("SELECT count(*) FROM current_violations WHERE kind IN ('seq_conflict', 'fault')") == 0
        assert database.figure("missing") == 0


async def test_what_a_phone_said_before_it_was_entered_is_judged_when_it_is(
    timescale_url: str, mosquitto: Any, tmp_path: Path
) -> None:
    """By a process that was told of the adapter as people tell it."""
    start_s = now_s() - 2 * HOUR_S
    await prepare(timescale_url, worn(2))
    told = {"BAILIWICK_ADAPTERS": "owntracks"}
    with processes(timescale_url, mosquitto.url, tmp_path, **told) as start, Questions(timescale_url) as database:
        ingest = start()
        await ingest.at_work()
        async with Publisher(mosquitto.url) as devices:
            await devices.publish([(TOPIC, payload) for payload in walk(start_s)])
        await eventually(lambda: database.parked() == {"unknown_device": 15}, "parked")
        async with await Store.open(timescale_url) as store:
            await store.learn(carried())
        await eventually(lambda: found(database) == [visit(start_s)], "taken again, and the visit found")
        assert ingest.stop() == 0
        assert database.number("SELECT count(*) FROM dead_letters WHERE replayed_by IS NULL") == 0
        assert database.rows("SELECT DISTINCT topic FROM dead_letters") == [(TOPIC,)]


async def test_what_the_broker_retained_is_no_contact(mosquitto: Any) -> None:
    """It may be weeks old, of a phone that is long gone."""
    ingest = MqttBroker(BrokerAddress.parse(mosquitto.url), "tests-ingest", LineClock(), adapted=TOPICS)
    async with Publisher(mosquitto.url) as devices:
        await devices.publish([(TOPIC, b"old")], retain=True)
        taken = Taken()
        async with connected(ingest, taken):
            await devices.publish([(TOPIC, b"new")], retain=True)
            await eventually(lambda: b"new" in taken.payloads(), "what is published now comes")
    assert taken.payloads() == [b"new"]


async def test_a_session_that_had_the_topics_has_them_no_more_when_the_adapter_is_off(mosquitto: Any) -> None:
    address = BrokerAddress.parse(mosquitto.url)
    on = MqttBroker(address, "tests-ingest", LineClock(), adapted=TOPICS)
    async with connected(on, Taken()), Publisher(mosquitto.url):
        await on.leave()
    off, taken = MqttBroker(address, "tests-ingest", LineClock(), unwanted=TOPICS), Taken()
    async with connected(off, taken), Publisher(mosquitto.url) as devices:
        assert off.session_present
        off.publish(off.own_topic, b"subscribed")
        await eventually(lambda: b"subscribed" in taken.payloads(), "its own topics are granted")
        await devices.publish([(TOPIC, b"{}"), message("T1", 1)])
        await eventually(lambda: len(taken.payloads()) > 1, "a tag is heard")
    assert taken.payloads() == [b"subscribed", message("T1", 1)[1]]


Guarded = Callable[[str], MosquittoBroker]


@pytest.fixture
def guarded(parts_folder: Path, mosquitto_with: Callable[..., MosquittoBroker]) -> Guarded:
    """A Mosquitto with an access list, the centre, and two phones that sign in by password."""

    def start(access_list: str) -> MosquittoBroker:
        folder = make_folder(parts_folder / "owntracks", unprivileged(), mode=0o755)
        files = {"acl_file": folder / "access.acl", "password_file": folder / "passwords"}
        files["acl_file"].write_text(access_list)
        files["password_file"].write_text("".join(password_line(name, "secret") for name in ("centre", "jane", "joe")))
        for path in files.values():
            path.chmod(0o644)
        return mosquitto_with(**{name: str(path) for name, path in files.items()})

    return start


def signed_in(server: MosquittoBroker, name: str) -> aiomqtt.Client:
    return aiomqtt.Client(LOOPBACK, server.port, identifier=f"{name}-phone", username=name, password="secret")


async def test_the_shipped_access_list_pins_a_phone_to_its_user_and_shows_it_nobody(guarded: Guarded) -> None:
    shipped = ACCESS_LIST.read_text()
    lines = [line.removeprefix("#") if "owntracks/" in line else line for line in shipped.splitlines()]
    server = guarded("\n".join(lines) + "\n")
    address = BrokerAddress.parse(server.url.replace("mqtt://", "mqtt://centre:secret@"))
    ingest, taken = MqttBroker(address, "bailiwick-ingest", LineClock(), adapted=TOPICS), Taken()
    async with connected(ingest, taken), signed_in(server, "jane") as jane, signed_in(server, "joe") as joe:
        await joe.subscribe([("owntracks/#", 1), ("em/v1/+/joe-phone/down", 1)])
        await joe.publish(TOPIC, "as somebody else", qos=1)
        await joe.publish("owntracks/joe/phone/event", "deeper", qos=1)
        await joe.publish("em/v1/00/T1/up", "as a tag", qos=1)
        await jane.publish(TOPIC, "hers", qos=1)
        await joe.publish("owntracks/joe/phone", "his", qos=1)
        await eventually(lambda: {b"hers", b"his"} <= set(taken.payloads()), "both are heard")
        ingest.publish("em/v1/00/joe-phone/down", b"the end")
        assert (await anext(aiter(joe.messages))).payload == b"the end", "what stands before it is not for him"
    assert sorted(taken.payloads()) == [b"hers", b"his"]
