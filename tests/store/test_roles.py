"""Least privilege: each process may do its work and no more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from psycopg import AsyncConnection

from alerts.desk import Desk, DeskGuide, Item, Wish
from alerts.desk_records import Contact, DeskRecords, Party
from alerts.machine import Actor
from alerts.state import Raise
from alerts.work_store import AlertWork
from bailiwick.paired_caseload import PairedCaseload
from bailiwick.victim_watch import VictimWatch, duty_rules
from domain.facts import Roster
from domain.instants import HOUR_US
from domain.networks import Network
from domain.records import Condition, Place, Version, Victim
from domain.vocabulary import AlertEvent, Channel, ConditionKind, DutyEvent, Kind, Outcome, Role
from evidence.routes import shipped_routes
from store import Reading, Store
from store.contact_duties import WantedDuty
from store.migrate import Migration, migrate, read_migrations
from tests.store.alert_making import PROTOCOLS, ZONES, Made, alerts_at, resolve
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


@contextmanager
def login_as(url: str, group: str) -> Iterator[str]:
    """A login role of one process, for the length of a test."""
    name = f"{group}_of_{psycopg.conninfo.conninfo_to_dict(url)['dbname']}"
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(f"CREATE ROLE {name} LOGIN IN ROLE {group}".encode())
        try:
            yield psycopg.conninfo.make_conninfo(url, user=name)
        finally:
            admin.execute(f"DROP ROLE {name}".encode())


def refused(url: str, query: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        ask(url, query)


async def test_ingest_does_all_its_work(database_url: str) -> None:
    async with migrated(database_url, ()) as admin:
        await admin.learn(wearer_records())
        with login_as(database_url, "bailiwick_ingest") as url:
            async with await Store.open(url) as store:
                roster, opened = Roster(), violation_of()
                await learn_everything(store, 1, roster)
                work = work_of(2, roster, fixes_of(0, [1, 2]), checkpoint=b"state", versions=[opened])
                work.alerts = [change_of(opened)]
                work.incidents, work.networks = [(0, outage_of(1))], {0: Network("234", "15")}
                await store.commit(work)
                more = work_of(3, roster, fixes_of(0, [3]), checkpoint=b"state", incidents=[(0, outage_of(2))])
                await store.commit(more)
                await store.publish_figures({"order_states": {}}, 0)
                assert len([commit async for commit in store.commits_after(0, roster)]) == 3
            refused(url, "DELETE FROM fixes RETURNING 1")
            refused(url, "UPDATE violations SET kind = 'sos' RETURNING 1")
            refused(url, "UPDATE incident_versions SET silent = 0 RETURNING 1")
            refused(url, "DELETE FROM incident_devices RETURNING 1")
            refused(url, "UPDATE caseload_records SET body = '{}' RETURNING 1")
            refused(url, "INSERT INTO devices (id) VALUES ('T9') RETURNING 1")


async def test_api_reads_and_enters_but_writes_no_fact(database_url: str) -> None:
    async with migrated(database_url, ()) as admin:
        await admin.learn(wearer_records())
        await learn_everything(admin, 1, Roster())
        with login_as(database_url, "bailiwick_api") as url:
            async with await Reading.open(url) as reading, await Store.open(url) as store:
                assert await reading.ready() is None
                assert len(await reading.wearers(None, 10)) == 1
                assert (await reading.counts()).wearers == 1
                assert await store.learn(wearer_records("W2", "T2")) == 5
            refused(url, "DELETE FROM alerts RETURNING 1")
            refused(url, "INSERT INTO violations_newest SELECT * FROM violations_newest RETURNING 1")
            refused(url, "UPDATE fixes SET lat = 0 RETURNING 1")
            refused(url, "UPDATE caseload_records SET body = body RETURNING 1")


async def test_dispatch_sees_no_position(database_url: str) -> None:
    async with migrated(database_url):
        with login_as(database_url, "bailiwick_dispatch") as url:
            assert ask(url, "SELECT count(*) FROM outbox") == [(0,)]
            refused(url, "SELECT count(*) FROM fixes")
            refused(url, "SELECT count(*) FROM all_fixes")
            assert ask(url, "SELECT count(*) FROM incidents") == [(0,)]
            refused(url, "SELECT count(*) FROM network_changes")
            refused(url, "SELECT count(*) FROM incident_devices")
            refused(url, "UPDATE violations SET kind = 'sos' RETURNING 1")


async def test_dispatch_does_all_its_work_on_alerts(database_url: str) -> None:
    near = Condition("C-V", "O-W1", ConditionKind.PROXIMITY, victim="V1", alert_m=500.0, prealert_m=1000.0)
    async with alerts_at(database_url, Version(near), Version(Victim("V1", "Invented V1"))) as made:
        made.roster = roster_of("T1")
        await made.commit(facts=fixes_of(0, [1]))
        lost = violation_of("W1-1", kind=Kind.COMMUNICATION_LOST, device="T1", condition=None)
        await made.commit([lost, violation_of("W1-2")])
        with login_as(database_url, "bailiwick_dispatch") as url:
            async with await AlertWork.open(url, ZONES) as work:
                side = Made(made.store, work, url)
                views = await side.look(NOON + HOUR_US)
                assert {view.people.last for view in views} == {Place("", 0.5, 51.25)}
                assert [view.around.victims for view in views] == [("V1",), ("V1",)]
                now_us = NOON + 2 * HOUR_US
                first, second, *_ = await work.lease(Channel.SMS, now_us, now_us + HOUR_US, 10)
                await work.sent(first.no, now_us)
                await work.given_up(second.no, "gone", now_us)
                await work.raise_alerts([Raise("rota_gap", "rota_gap:x")], now_us)
                await _duties_as_dispatch(url, work)
                assert len(await side.look(now_us)) >= 2
            refused(url, "SELECT lat FROM fixes")
            refused(url, "SELECT said FROM equipment_events")
            refused(url, "UPDATE alerts SET severity = 'information' RETURNING 1")
            refused(url, "UPDATE alert_events SET note = 'other' RETURNING 1")
            refused(url, "DELETE FROM notifications RETURNING 1")
            refused(url, "DELETE FROM alert_work RETURNING 1")
            refused(url, "INSERT INTO mutes (wearer) VALUES ('W1') RETURNING 1")
            refused(url, "UPDATE outbox SET change = 'raised' RETURNING 1")


async def _duties_as_dispatch(url: str, work: AlertWork) -> None:
    """It makes, changes and withdraws what must be told, and reads what that takes; it tells nobody."""
    told = WantedDuty("order:O", DutyEvent.STARTED, "V1", "W1", "O-W1", None, {"to": None}, None, NOON, NOON, NOON)
    async with await Store.open(url) as store:
        for made, amended, withdrawn in (([told], [], []), ([], [(1, told)], []), ([], [], [1]), ([told], [], [])):
            async with store.duties.reckoning() as held:
                await held.write(made, amended, withdrawn, NOON)
        await VictimWatch(store, work, PairedCaseload(store), duty_rules(None), shipped_routes(ZONES), ZONES).look(
            NOON + HOUR_US
        )
        assert [one.no for one in await store.duties.overdue(NOON)] == [2]
    refused(url, "INSERT INTO contact_tellings (duty_no) VALUES (1) RETURNING 1")
    refused(url, "DELETE FROM contact_duties RETURNING 1")
    refused(url, "UPDATE contact_duties SET victim = 'V2' RETURNING 1")


async def test_the_desk_does_all_its_work_as_the_api(database_url: str) -> None:
    async with alerts_at(database_url) as made:
        await made.raised()
        with login_as(database_url, "bailiwick_api") as url:
            async with await AlertWork.open(url, ZONES) as work:
                clock = [NOON + HOUR_US]
                desk, records = Desk(work, guide, lambda: clock[0]), DeskRecords(work, guide, lambda: clock[0])
                sam = Actor("sam", Role.SUPERVISOR)
                await desk.act(Item(1), Wish(AlertEvent.CLAIM), sam)
                promise = Contact(Party.WEARER, answered=True, promised="x", promised_us=clock[0] + HOUR_US)
                await records.kept(await records.contact(1, promise, sam), sam)
                await records.end_mute(await records.mute("W1", clock[0], clock[0] + HOUR_US, "why", sam), sam)
                await records.task_done(1, sam)
                await records.rests("warrant", "W-1", ["W1-1"], "sam")
                await records.rests_no_more("warrant", "W-1")
                await desk.act(Item(1), Wish(AlertEvent.CLOSE, Outcome.FALSE, "no"), sam)
            refused(url, "UPDATE alerts SET severity = 'information' RETURNING 1")
            refused(url, "UPDATE alert_events SET note = 'other' RETURNING 1")
            refused(url, "UPDATE contacts SET said = 'other' RETURNING 1")
            refused(url, "UPDATE mutes SET to_at = 'infinity' RETURNING 1")
            refused(url, "DELETE FROM rota RETURNING 1")
            refused(url, "UPDATE protocols SET body = '{}' RETURNING 1")
        with login_as(database_url, "bailiwick_ingest") as url:
            refused(url, "UPDATE alert_work SET work = 'raised' RETURNING 1")
            refused(url, "INSERT INTO notifications (id) VALUES ('x') RETURNING 1")


async def guide() -> DeskGuide:
    return DeskGuide(PROTOCOLS, resolve)


@pytest.mark.bare
async def test_a_user_who_may_make_no_roles_migrates_all_the_same(database_url: str) -> None:
    database = str(psycopg.conninfo.conninfo_to_dict(database_url)["dbname"])
    # Roles belong to the whole server and others' tests have made them: so other names here.
    known = [
        Migration(m.name, m.text.replace("bailiwick_", f"none_{database}_"), m.checksum) for m in read_migrations()
    ]
    name = f"plain_{database}"
    with psycopg.connect(database_url, autocommit=True) as admin:
        admin.execute(f"CREATE ROLE {name} LOGIN".encode())
        admin.execute(f"GRANT ALL ON SCHEMA public TO {name}".encode())
        admin.execute(f"GRANT CREATE ON DATABASE {database} TO {name}".encode())
    try:
        plain = psycopg.conninfo.make_conninfo(database_url, user=name)
        async with await AsyncConnection.connect(plain, autocommit=True) as conn:
            done = await migrate(conn, known)
        assert f"role none_{database}_api was not made: {name} may not make roles" in done
        assert "no privileges were granted: the roles are not all there" in done
        assert f"applied {known[-1].name}" in done
    finally:
        with psycopg.connect(database_url, autocommit=True) as admin:
            admin.execute(f"DROP OWNED BY {name} CASCADE".encode())
            admin.execute(f"DROP ROLE {name}".encode())
