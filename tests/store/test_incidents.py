"""Mass outages as one commit writes them and as they are read: versions, devices, and what is grouped under them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from psycopg import AsyncConnection

from domain.incidents import IncidentVersion, Release, Released, TakenIn
from domain.instants import MINUTE_US, SECOND_US
from domain.networks import UNTOLD, Network
from domain.records import Absence, Version
from domain.violations import Violation
from domain.vocabulary import Change, Kind
from store import Refused
from store.connecting import configure
from store.reading_types import AlertFilter, IncidentDeviceRow, IncidentRow
from tests.store.made import (
    NOON,
    ask,
    change_of,
    fixes_of,
    learn_everything,
    migrated,
    outage_of,
    roster_of,
    violation_of,
    wearer_records,
    work_of,
)
from tests.store.test_plans import indexes, plan

CELL = Network("234", "15", "7", "800")


def loss_of(wearer: str, device: str, from_us: int = NOON - MINUTE_US, **more: Any) -> Violation:
    return violation_of(
        f"{wearer}-1", kind=Kind.COMMUNICATION_LOST, condition=None, order=None, device=device, from_us=from_us, **more
    )


def story() -> list[IncidentVersion]:
    """Two are taken in, one more a minute later; one is let go of in the end."""
    more = (TakenIn("T3", "W3", None, UNTOLD),)
    gone = (Released("T1", "W1", None, Release.VICTIM), Released("T3", "W3", None, Release.STILL_SILENT))
    two = (TakenIn("T1", "W1", None, CELL), TakenIn("T2", None, "V2", UNTOLD))
    end = NOON + 12 * MINUTE_US
    return [
        outage_of(taken=two, devices=2, silent=2),
        outage_of(2, decided_us=NOON + MINUTE_US, devices=3, silent=3, taken=more),
        outage_of(3, decided_us=end, closed_us=NOON + 9 * MINUTE_US, devices=3, silent=2, released=gone),
    ]


async def test_versions_come_back_exactly(database_url: str) -> None:
    first, second, third = story()
    other = outage_of(1, 2, opened_us=NOON + 1, decided_us=NOON + 1)
    async with migrated(database_url) as store:
        roster = roster_of("T1")
        await store.commit(work_of(1, roster, incidents=[(0, first), (0, second)]))
        await store.commit(work_of(2, roster, incidents=[(0, third), (0, other)]))
        assert await store.incidents_of_commits(1, 2) == [(1, first), (1, second), (2, third), (2, other)]
        assert await store.incidents_of_commits(2, 2) == [(2, third), (2, other)]
        assert await store.incidents_of_commits(3, 9) == []
        newest = IncidentRow(1, "outage-1", 3, NOON, third.closed_us, third.decided_us, 3, 2)
        assert await store.reading.incident("outage-1") == newest
        assert await store.reading.incident("outage-9") is None
        listed = await store.reading.incidents(None, None, 10)
        assert [row.id for row in listed] == ["outage-2", "outage-1"]
        assert await store.reading.incidents(None, listed[0].no, 10) == [replace(newest, no=listed[1].no)]
        assert [row.id for row in await store.reading.incidents(True, None, 10)] == ["outage-2"]
        assert [row.id for row in await store.reading.incidents(False, None, 10)] == ["outage-1"]


async def test_the_stream_tells_how_many_not_whom(database_url: str) -> None:
    async with migrated(database_url) as store:
        await store.commit(work_of(1, roster_of("T1"), incidents=[(0, story()[0])]))
        (event,) = await store.reading.events(0, 10)
        assert (event.topic, event.body) == ("incident", story()[0].as_event())
        assert event.body["taken"] == 2


async def test_a_version_is_written_once(database_url: str) -> None:
    async with migrated(database_url) as store:
        await store.commit(work_of(1, roster_of("T1"), incidents=[(0, outage_of())]))
        with pytest.raises(Refused, match="incident_versions_id_version_key"):
            await store.commit(work_of(2, roster_of("T1"), incidents=[(0, outage_of())]))
        assert await store.newest_commit() == 1


async def test_every_reason_of_a_release_can_be_stored(database_url: str) -> None:
    gone = tuple(Released(f"T{n}", "W1", None, why) for n, why in enumerate(Release))
    async with migrated(database_url) as store:
        told = [(0, outage_of()), (0, outage_of(2, released=gone))]
        await store.commit(work_of(1, roster_of("T1"), incidents=told))
        assert (await store.incidents_of_commits(1, 1))[1][1].released == gone


async def test_who_is_still_silent(database_url: str) -> None:
    async with migrated(database_url) as store:
        roster = roster_of("T1", "T2", "T3")
        one, two, three = loss_of("W1", "T1"), loss_of("V2", "T2"), loss_of("W3", "T3")
        two = replace(two, wearer=None, victim="V2")
        losses = [one, two, three]
        incidents = list(enumerate(story()))
        await store.commit(work_of(1, roster, fixes_of(0, [1, 2, 3]), versions=losses, incidents=incidents))
        back = NOON + 5 * MINUTE_US
        end = replace(two, version=2, change=Change.CLOSED, to_us=back, decided_us=back)
        again = replace(two, id="V2-2", from_us=back, decided_us=back + 6 * MINUTE_US)
        await store.commit(work_of(2, roster, versions=[end, again]))
        since = NOON - MINUTE_US
        assert await store.reading.devices_of_incident("outage-1") == [
            IncidentDeviceRow("T1", "W1", None, CELL, Release.VICTIM, since, "W1-1"),
            IncidentDeviceRow("T2", None, "V2", UNTOLD, None, None, None),
            IncidentDeviceRow("T3", "W3", None, UNTOLD, Release.STILL_SILENT, since, "W3-1"),
        ]
        assert await store.reading.devices_of_incident("outage-2") == []


async def test_a_device_that_is_taken_in_anew_is_held_anew(database_url: str) -> None:
    async with migrated(database_url) as store:
        gone = (Released("T1", "W1", None, Release.VICTIM),)
        told = [outage_of(), outage_of(2, released=gone), outage_of(3, taken=(TakenIn("T1", "W1", None, UNTOLD),))]
        work = work_of(1, roster_of("T1"), fixes_of(0, [1, 2, 3]), versions=[loss_of("W1", "T1")])
        work.incidents = list(enumerate(told))
        await store.commit(work)
        (row,) = await store.reading.devices_of_incident("outage-1")
        assert (row.released, row.network) == (None, UNTOLD)


async def test_a_grouped_alert_says_so_in_its_row_the_outbox_and_the_lists(database_url: str) -> None:
    async with migrated(database_url) as store:
        roster, loss, cut = roster_of("T1"), loss_of("W1", "T1"), violation_of("W2-1", kind=Kind.STRAP_TAMPER)
        held = replace(change_of(loss), grouped_under="outage-1")
        outage = change_of(violation_of("outage-1"), wearer=None, condition=None, kind="mass_outage")
        await store.commit(work_of(1, roster, versions=[loss, cut], alerts=[outage, held, change_of(cut)]))

        async def names(**wanted: Any) -> set[str]:
            return {row.episode for row in await store.reading.alerts(AlertFilter(**wanted), None, 10)}

        assert await names() == {"outage-1", "W1-1", "W2-1"}
        assert await names(grouped=False) == {"outage-1", "W2-1"}
        assert await names(grouped=True) == await names(grouped_under="outage-1") == {"W1-1"}
        told = ask(database_url, "SELECT violation_id, grouped_under FROM outbox ORDER BY outbox_no")
        assert told == [("outage-1", None), ("W1-1", "outage-1"), ("W2-1", None)]
        let_go = replace(held, changed_us=NOON + SECOND_US, grouped_under=None)
        await store.commit(work_of(2, roster, alerts=[let_go]))
        assert await names(grouped=True) == set()
        told = ask(database_url, "SELECT change, grouped_under FROM outbox WHERE commit_no = 2")
        assert told == [("updated", None)]


async def test_lists_go_by_their_indexes(embedded_url: str) -> None:
    async with migrated(embedded_url), await AsyncConnection.connect(embedded_url, autocommit=True) as conn:
        await configure(conn)
        await conn.execute(b"SET enable_seqscan = off")
        page = {"before": 10**6, "open": None, "limit": 10}
        assert "incidents_incident_no_key" in indexes(await plan(conn, "incidents_page", page))
        of = await plan(conn, "devices_of_incident", {"id": "outage-1"})
        assert indexes(of) & {"incident_devices_pkey", "incident_devices_version"}
        assert "violations_newest_open" in indexes(of)
        some = {"first": 5, "last": 6}
        assert "incident_versions_commit" in indexes(await plan(conn, "incidents_of_commits", some))
        assert "network_changes_pkey" in indexes(await plan(conn, "networks_of_commits", some))
        alerts = dict.fromkeys(("wearer", "severities", "state", "grouped", "works", "holder")) | {
            "withdrawn": False,
            "limit": 10,
        }
        alerts |= {"before_at": NOON, "before_no": 9, "grouped_under": "outage-1"}
        query = await plan(conn, "alerts_page", alerts | {"before_at": "2026-11-21T12:00Z"})
        assert "alerts_grouped" in indexes(query)


async def test_the_caseload_of_some_wearers_is_theirs_alone(database_url: str) -> None:
    async with migrated(database_url, ()) as store:
        records = [*wearer_records("W1", "T1"), *wearer_records("W2", "T2")]
        condition = next(v.record.id for v in records if type(v.record).__name__ == "Condition")
        records.append(Version(Absence("A1", condition, NOON, NOON + MINUTE_US, None, "work", "an officer")))
        await store.learn(records)
        await learn_everything(store, 1, roster_of())
        mine = await store.reading.caseload_of(["W1"])
        kinds = [type(version.record).__name__ for version in mine]
        assert kinds == ["Wearer", "Order", "Condition", "Absence"]
        assert "W2" not in repr(mine)
        assert await store.reading.caseload_of([]) == []


async def test_networks_go_with_their_commits(database_url: str) -> None:
    async with migrated(database_url) as store:
        roster = roster_of("T1")
        for no in (1, 2, 3):
            networks = {0: Network(cell=str(no))}
            await store.commit(work_of(no, roster, at_us=NOON + no * MINUTE_US, networks=networks, checkpoint=b"s"))
        await store.apply_retention(NOON + 2 * MINUTE_US)
        kept = ask(database_url, "SELECT commit_no, cell FROM network_changes ORDER BY 1")
        assert kept[-1] == (3, "3")
        assert {no for no, _ in kept} == {no for (no,) in ask(database_url, "SELECT no FROM commits")}
