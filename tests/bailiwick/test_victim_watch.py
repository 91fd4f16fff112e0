"""What must be told is kept once, falls away or is told, and is an alert when it is late."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from alerts.shipped import shipped_protocols
from alerts.work_store import AlertWork
from bailiwick.paired_caseload import PairedCaseload
from bailiwick.timezones import pinned_time_zones
from bailiwick.victim_watch import VictimWatch, duty_rules
from domain.commits import Work
from domain.errors import BadSetting
from domain.facts import empty_facts
from domain.instants import DAY_US, HOUR_US, MINUTE_US, format_instant, parse_instant
from domain.records import Condition, Order, Record, Suspension, Version, Victim, Wearer
from domain.vocabulary import ConditionKind, DutyState, OrderKind
from evidence.routes import shipped_routes
from store import Store
from tests.store.alert_making import Made, alerts_at
from tests.store.made import NOON, ask, batch_of, learn_everything, migrated, roster_of, violation_of, wearer_records
from tests.store.test_roles import login_as

PAIR = Condition("P1", "O1", ConditionKind.PROXIMITY, victim="V1", alert_m=500.0)
ORDER = Order("O1", "W1", OrderKind.LICENCE, NOON - DAY_US, NOON + 60 * DAY_US, area="kent")
PEOPLE: list[Record] = [Wearer("W1"), Victim("V1"), ORDER, PAIR]
KEPT = "SELECT event, state, area FROM contact_duties ORDER BY duty_no"
WORK = "SELECT work, condition, outcome FROM alert_work ORDER BY alert_no"
CLAIMED = (
    "UPDATE alert_work SET work = 'claimed', holder = 'ola', renewed_at = %s, claim_ends_at = %s"
    " WHERE alert_no = 2 RETURNING 1"
)
LATE = "SELECT episode, severity, wearer, victim FROM alerts WHERE kind = 'victim_not_told'"


async def test_what_must_be_told_is_found_once_withdrawn_and_alerted_when_it_is_late(database_url: str) -> None:
    zones = pinned_time_zones()
    async with migrated(database_url) as store, await AlertWork.open(database_url, zones) as work:
        await _learnt(store, 1, NOON, *PEOPLE)
        watch = VictimWatch(store, work, PairedCaseload(store), duty_rules(None), shipped_routes(zones), zones)
        for _ in range(2):
            await watch.look(NOON)
        assert ask(database_url, KEPT) == [("started", "open", "kent")]
        (row,) = ask(database_url, "SELECT due_at AT TIME ZONE 'UTC' FROM contact_duties")
        assert str(row[0]) == "2026-11-26 00:00:00", "NOON is a Saturday: Monday, Tuesday, and Wednesday's end"
        await _learnt(
            store, 2, NOON + HOUR_US, Victim("V1", vulnerable=True), Suspension("S1", "O1", NOON, reason="custody")
        )
        await watch.look(NOON + HOUR_US)
        (row,) = ask(database_url, "SELECT due_at AT TIME ZONE 'UTC' FROM contact_duties WHERE event = 'started'")
        assert str(row[0]) == "2026-11-24 00:00:00"
        gone = Version(Suspension("S1", "O1", NOON, reason="custody"), cancelled=True)
        await _learnt(store, 3, NOON + 2 * HOUR_US, gone)
        again = VictimWatch(store, work, PairedCaseload(store), duty_rules(None), shipped_routes(zones), zones)
        await again.look(NOON + 2 * HOUR_US)
        assert [row[:2] for row in ask(database_url, KEPT)] == [("started", "open"), ("suspended", "withdrawn")]
        assert ask(database_url, LATE) == []
        for hours in (0, 1):
            await again.look(parse_instant("2026-11-24T00:00:00Z") + hours * HOUR_US)
        assert ask(database_url, LATE) == [("victim_not_told:1", "serious", "W1", "V1")]


async def test_the_alert_closes_itself_once_they_were_told(database_url: str) -> None:
    zones = pinned_time_zones()
    late_us = parse_instant("2026-11-26T00:00:00Z")
    async with migrated(database_url) as store, await AlertWork.open(database_url, zones) as work:
        await _learnt(store, 1, NOON, *PEOPLE, Suspension("S1", "O1", NOON, reason="custody"))
        protocols, desk = shipped_protocols(), Made(store, work, database_url)
        with login_as(database_url, "bailiwick_dispatch") as own:
            async with await Store.open(own) as narrow, await AlertWork.open(own, zones) as working:
                watch = VictimWatch(
                    narrow, working, PairedCaseload(narrow), duty_rules(None), shipped_routes(zones), zones
                )
                await watch.look(NOON)
                await watch.look(late_us)
                await desk.look(late_us, protocols)
                assert ask(database_url, WORK) == [("raised", "active", None)] * 2
                ask(database_url, CLAIMED, format_instant(late_us), format_instant(late_us + HOUR_US))
                ask(database_url, "UPDATE contact_duties SET state = 'told', ended_at = now() RETURNING 1")
                for minutes in (0, 1):
                    await watch.look(late_us + minutes * MINUTE_US)
                await desk.look(late_us + MINUTE_US, protocols)
        assert ask(database_url, WORK) == [("closed", "cleared", "explained"), ("claimed", "cleared", None)]
        await desk.look(late_us + 2 * HOUR_US, protocols)
        assert ask(database_url, WORK) == [("closed", "cleared", "explained")] * 2, "nobody holds it any more"
        assert ask(database_url, "SELECT count(*) FROM outbox WHERE change = 'cleared'") == [(2,)], "said once of each"


async def test_dispatch_clears_nothing_that_ingest_decided(embedded_url: str) -> None:
    async with alerts_at(embedded_url, *wearer_records()) as made:
        await made.commit([violation_of("W1-1")])
        assert (
            await made.work.clear_alerts(
                [episode for (episode,) in ask(embedded_url, "SELECT episode FROM alerts")], NOON
            )
            == 0
        )
        assert ask(embedded_url, "SELECT state FROM alerts") == [("active",)]


async def test_what_a_centre_begins_with_was_told_by_others(embedded_url: str) -> None:
    zones = pinned_time_zones()
    async with migrated(embedded_url) as store, await AlertWork.open(embedded_url, zones) as work:
        await store.learn([Version(one) for one in PEOPLE])
        await learn_everything(store, 1, roster_of())
        watch = VictimWatch(store, work, PairedCaseload(store), duty_rules(None), shipped_routes(zones), zones)
        await watch.look(NOON)
        assert ask(embedded_url, KEPT) == []
        await _learnt(store, 2, NOON + HOUR_US, replace(PAIR, alert_m=200.0))
        await watch.look(NOON + HOUR_US)
        assert ask(embedded_url, KEPT) == [("varied", "open", "kent")]


async def test_two_dispatchers_make_one_duty(embedded_url: str) -> None:
    zones = pinned_time_zones()
    async with migrated(embedded_url) as store, await AlertWork.open(embedded_url, zones) as work:
        await _learnt(store, 1, NOON, *PEOPLE)
        for _ in range(2):
            await VictimWatch(store, work, PairedCaseload(store), duty_rules(None), shipped_routes(zones), zones).look(
                NOON
            )
        assert len(ask(embedded_url, KEPT)) == 1
        ask(embedded_url, "UPDATE contact_duties SET state = 'told', ended_at = now() RETURNING 1")
        await _learnt(store, 2, NOON + HOUR_US, replace(ORDER, to_us=NOON + 90 * DAY_US))
        await VictimWatch(store, work, PairedCaseload(store), duty_rules(None), shipped_routes(zones), zones).look(
            NOON + HOUR_US
        )
        assert [row[:2] for row in ask(embedded_url, KEPT)] == [("started", DutyState.TOLD), ("varied", "open")]


def test_a_file_of_ones_own_is_read_and_one_that_is_wrong_stops_the_start(tmp_path: Path) -> None:
    named = tmp_path / "duties.toml"
    named.write_text('[[clock]]\nfrom = "2026-04-01T00:00:00Z"\nworking_days = 2\nsooner_working_days = 1\n')
    assert duty_rules(named).clocks[0].working_days == 2
    named.write_text("working = 1\n")
    with pytest.raises(BadSetting, match=r"BAILIWICK_DUTIES: .*clock: there is none"):
        duty_rules(named)
    with pytest.raises(BadSetting, match="No such file"):
        duty_rules(tmp_path / "none.toml")


async def _learnt(store: Store, commit: int, at_us: int, *versions: Record | Version) -> None:
    """Entered, and learnt by a running ingest at an instant."""
    await store.learn([one if isinstance(one, Version) else Version(one) for one in versions])
    learnt = [(record_no, 0) for record_no, _ in await store.unlearnt()]
    await store.commit(Work(commit, roster_of(), batch_of(1, at_us, [-1]), empty_facts(), learnt=learnt))
