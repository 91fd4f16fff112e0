"""Least privilege: each process may do its work and no more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from psycopg import AsyncConnection

from domain.facts import Roster
from domain.networks import Network
from store import Reading, Store
from store.migrate import Migration, migrate, read_migrations
from tests.store.made import (
    ask,
    change_of,
    fixes_of,
    learn_everything,
    migrated,
    outage_of,
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
