"""``bailiwick doctor``: what it finds, what it advises, and how it ends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from bailiwick.broker_survey import QUEUE_SENT, BrokerAway, BrokerSurvey, survey_broker
from bailiwick.doctor import (
    Finding,
    Verdict,
    about_adapters,
    about_anchors,
    about_broker,
    about_headroom,
    about_reconciliation,
    about_retention,
    about_server,
    about_sign_in,
    doctor_command,
)
from bailiwick.parts.embedded_broker import IotcoreBroker
from bailiwick.parts.mosquitto_broker import MosquittoBroker
from bailiwick.parts.processes import free_port
from bailiwick.settings import Settings
from domain.facts import Roster
from domain.instants import parse_instant
from domain.records import Device, Fitting, Version, Wearer
from domain.vocabulary import DeviceKind
from store import Store
from store.reconciling import Reconciliation
from store.survey import Survey, messages_an_hour
from tests.store.made import ask, learn_everything

GOOD_BROKER = {"version": "mosquitto version 2.0.21", "dropped": 0, "sent": 10, "kept": 10, "takes_largest": True}
GOOD_SERVER: dict[str, Any] = {
    "server": "17.11",
    "timescaledb": "2.19.3",
    "license": "timescale",
    "unsafe": [],
    "connections_left": 90,
    "size_bytes": 1 << 20,
    "clock_ahead_us": 1000,
}


def verdicts(findings: list[Finding]) -> dict[str, Verdict]:
    return {finding.about: finding.verdict for finding in findings}


def of_broker(**changes: object) -> dict[str, Verdict]:
    return verdicts(list(about_broker(BrokerSurvey(**{**GOOD_BROKER, **changes}))))


def of_server(**changes: object) -> dict[str, Verdict]:
    return verdicts(list(about_server(Survey(**{**GOOD_SERVER, **changes}))))


def test_a_good_broker_is_good() -> None:
    assert of_broker() == dict.fromkeys(("broker", "queue", "dropped"), Verdict.GOOD)


def test_failure_16_a_broker_that_drops_is_told_of() -> None:
    assert of_broker(kept=9)["queue"] is Verdict.BAD
    assert of_broker(dropped=3)["dropped"] is Verdict.WARNING
    assert of_broker(dropped=None)["dropped"] is Verdict.WARNING
    assert of_broker(kept=None)["queue"] is Verdict.WARNING
    assert of_broker(takes_largest=False)["packets"] is Verdict.BAD


def test_failure_16_what_cannot_be_known_of_a_queue_is_said_and_is_no_alarm() -> None:
    (queue,) = [one for one in about_broker(BrokerSurvey(**GOOD_BROKER), 5000) if one.about == "queue"]
    assert (queue.verdict, queue.advice) == (Verdict.GOOD, "")
    assert "(max_queued_messages, persistence), it does not tell" in queue.found
    (other,) = [one for one in about_broker(BrokerSurvey(**{**GOOD_BROKER, "version": None})) if one.about == "queue"]
    assert other.found == "kept all of 10 messages for a client that was away"
    (small,) = [one for one in about_broker(BrokerSurvey(**{**GOOD_BROKER, "kept": 9}), 5000) if one.about == "queue"]
    assert "set max_queued_messages to hours of traffic, here about 5,000 an hour, and persistence true" in small.advice


def test_what_is_told_of_the_database() -> None:
    assert of_server() == {"database": Verdict.GOOD, "clocks": Verdict.GOOD}
    assert of_server(timescaledb=None)["database"] is Verdict.WARNING
    assert of_server(unsafe=["fsync = off"])["durability"] is Verdict.BAD
    assert of_server(connections_left=2)["connections"] is Verdict.WARNING
    assert of_server(clock_ahead_us=-2_000_000)["clocks"] is Verdict.BAD


def test_failure_01_numbers_that_run_out_are_told_of_in_time() -> None:
    assert about_headroom({"a": 1.0, "b": 0.9}).verdict is Verdict.GOOD
    assert about_headroom({"a": 1.0, "b": 0.4}).verdict is Verdict.WARNING
    assert about_headroom({"a": 0.05}).verdict is Verdict.BAD
    assert "numbers of b" in about_headroom({"a": 1.0, "b": 0.4}).found


def test_failures_06_and_11_what_does_not_fit_together_is_named() -> None:
    assert [f.verdict for f in about_reconciliation(Reconciliation())] == [Verdict.GOOD]
    many = tuple(f"O{number}" for number in range(1, 8))
    found = list(about_reconciliation(Reconciliation(many, ("F1",), ("T1",), ("X1",), (("T9", 55, 100),))))
    assert {f.verdict for f in found} == {Verdict.WARNING}
    assert found[0].found == "orders without fitting: O1, O2, O3, O4, O5 and 2 more"
    assert found[-1].found == "incomplete devices: T9 (55%)"
    assert all(finding.advice for finding in found)


def test_two_administrators_are_needed() -> None:
    verdicts_of = {number: about_sign_in(number).verdict for number in (0, 1, 2)}
    assert verdicts_of == {0: Verdict.WARNING, 1: Verdict.WARNING, 2: Verdict.GOOD}


def test_an_audit_that_is_not_anchored_and_a_retention_that_stands_still_are_told() -> None:
    day = "2026-11-20"
    anchored = {
        (has_key, newest): about_anchors(has_key, newest, day).verdict
        for has_key in (True, False)
        for newest in (None, "2026-11-19", day)
    }
    assert [one for one, verdict in anchored.items() if verdict is Verdict.GOOD] == [(True, day), (False, day)]
    assert set(anchored.values()) == {Verdict.GOOD, Verdict.WARNING}
    kept = {newest: about_retention(newest, day).verdict for newest in (None, "2026-11-19", day, "2026-11-21")}
    assert [one for one, verdict in kept.items() if verdict is Verdict.GOOD] == [day, "2026-11-21"]
    assert "never ran" in about_retention(None, day).found
    assert "bailiwick audit-key" in about_anchors(False, None, day).advice


def test_whatever_is_not_good_has_advice() -> None:
    bad = about_broker(BrokerSurvey(None, 3, 10, 9, takes_largest=False))
    worst = about_server(
        Survey(**{**GOOD_SERVER, "timescaledb": None, "unsafe": ["fsync = off"], "connections_left": 1})
    )
    for finding in [*bad, *worst, about_headroom({"a": 0.05})]:
        assert bool(finding.advice) == (finding.verdict is not Verdict.GOOD)


def test_an_adapter_that_is_on_is_said_to_be_for_trials() -> None:
    assert about_adapters(()).verdict is Verdict.GOOD
    on = about_adapters(("owntracks",))
    assert (on.verdict, on.found) == (Verdict.WARNING, "on: owntracks")
    assert "trials" in on.advice


def test_settings_that_are_missing_are_bad(capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor_command(Settings(), as_json=True) == 1
    found = {finding["about"]: finding for finding in json.loads(capsys.readouterr().out)["findings"]}
    assert found["database"]["verdict"] == found["broker"]["verdict"] == "bad"
    assert "BAILIWICK_DATABASE_URL" in found["database"]["advice"]


@pytest.mark.slow
@pytest.mark.bare
def test_a_database_and_a_broker_as_they_should_be(
    database_url: str, mosquitto: MosquittoBroker, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(database_url=database_url, mqtt_url=mosquitto.url)
    assert doctor_command(settings) == 1
    assert "run `bailiwick migrate`" in capsys.readouterr().out
    asyncio.run(migrate(database_url))
    assert doctor_command(settings) == 0
    told = capsys.readouterr().out
    assert f"kept all of {QUEUE_SENT} messages" in told
    assert "mosquitto version 2" in told
    assert "`bailiwick accounts add NAME --role administrator`" in told


@pytest.mark.slow
def test_a_database_that_a_newer_program_migrated_is_a_finding(
    database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    ask(database_url, "INSERT INTO migrations (name, checksum) VALUES ('9999_later', '') RETURNING 1")
    assert doctor_command(Settings(database_url=database_url), as_json=True) == 1
    found = {finding["about"]: finding for finding in json.loads(capsys.readouterr().out)["findings"]}
    assert found["schema"]["verdict"] == "bad"
    assert "9999_later" in found["schema"]["found"]
    assert "run the newer program" in found["schema"]["advice"]
    assert found["broker"]["found"] == "not set", "and the rest is looked at"


async def migrate(url: str) -> None:
    async with await Store.open(url) as store:
        await store.migrate()


@pytest.mark.slow
async def test_failure_16_the_default_queue_is_found_out(mosquitto_with: Callable[..., MosquittoBroker]) -> None:
    careless = mosquitto_with(max_queued_messages="1000", max_packet_size="2000")
    found = await survey_broker(Settings(mqtt_url=careless.url))
    assert (found.kept, found.takes_largest) == (1000, False)


@pytest.mark.slow
async def test_failure_16_a_queue_of_less_than_an_hour_is_found_out(
    mosquitto_with: Callable[..., MosquittoBroker], embedded_url: str
) -> None:
    async with await Store.open(embedded_url) as store:
        await store.learn([*wearing("gps_tag", 30, upload_s=20), *wearing("rf_tag", 30, upload_s=1)])
        await learn_everything(store, 1, Roster())
    an_hour = await messages_an_hour(embedded_url)
    assert an_hour == 30 * 180
    settings = Settings(mqtt_url=mosquitto_with(max_queued_messages="5000").url)
    found = await survey_broker(settings, an_hour)
    assert (found.sent, found.kept) == (5400, 5000)
    found = await survey_broker(settings)
    assert (found.sent, found.kept) == (QUEUE_SENT, QUEUE_SENT), "of few messages it keeps all"


def wearing(kind: str, number: int, upload_s: int) -> list[Version]:
    """So many, worn for long by one wearer each."""
    from_us = parse_instant("2026-01-01T00:00:00Z")
    return [
        Version(record)
        for name in (f"{kind}-{n}" for n in range(number))
        for record in (
            Wearer(name, "An Invented Person"),
            Device(name, DeviceKind(kind), upload_s=upload_s),
            Fitting(name, name, from_us, wearer=name),
        )
    ]


@pytest.mark.slow
async def test_the_embedded_broker_is_told_of_as_it_is(iotcore_broker: IotcoreBroker) -> None:
    found = await survey_broker(Settings(mqtt_url=iotcore_broker.url))
    assert (found.version, found.dropped, found.takes_largest) == (None, None, True)


async def test_a_broker_out_of_reach_is_one_line() -> None:
    with pytest.raises(BrokerAway) as caught:
        await survey_broker(Settings(mqtt_url=f"mqtt://127.0.0.1:{free_port()}"))
    assert "\n" not in str(caught.value)
