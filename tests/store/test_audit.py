"""The audit as real databases keep it: a chain without holes, whoever writes at once, that no role of ours can change."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import pytest
from psycopg import AsyncConnection, IsolationLevel
from psycopg.types.json import Jsonb

from domain.audit_chain import FIRST_PREVIOUS, Checker, Ranges, set_id
from domain.callers import Caller
from domain.instants import HOUR_US, SECOND_US
from domain.records import Version, Wearer
from domain.vocabulary import Role
from store import Refused, Store
from store.audit import MOST_NAMED, Entry, entry_of, write
from store.audit_reading import AuditWanted
from store.connecting import configure
from store.times import At
from tests.store.made import NOON, ask, migrated
from tests.store.test_plans import indexes, plan
from tests.store.test_roles import login_as, refused

SAM = Caller("sam", Role.OPERATOR, None, by="session", address="192.0.2.7", session="s1")
ROLES = ("bailiwick_ingest", "bailiwick_api", "bailiwick_dispatch")


def looked(*wearers: str, at_us: int = NOON, who: Caller = SAM, **details: Any) -> Entry:
    return entry_of(who, at_us, "positions.read", "wearer", wearers, "an alert", **details)


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[AsyncConnection[Any]]:
    async with await AsyncConnection.connect(url, autocommit=True) as conn:
        await configure(conn)
        yield conn


async def holds(store: Store) -> Checker:
    """Checks the chain as anybody can."""
    async with store.audit_log.snapshot() as snapshot:
        checker = Checker([], await snapshot.erased())
        async for link, said, lost in snapshot.links():
            assert checker.take(link, said) is None
            assert lost is None
    return checker


async def test_an_entry_comes_back_as_it_was_written_and_the_database_chains_it(database_url: str) -> None:
    async with migrated(database_url) as store:
        await store.audit.look(looked("W2", "W1", "W1", alert="9007199254740993"))
        await store.audit.look(looked("W3", at_us=NOON + 1))
        newest, first = await store.audit_log.entries(AuditWanted(), None, 10)
        assert (first.no, first.at_us, newest.no, newest.at_us) == (1, NOON, 2, NOON + 1)
        assert first.body == {
            "who": "sam",
            "role": "operator",
            "by": "session",
            "address": "192.0.2.7",
            "session": "s1",
            "deed": "positions.read",
            "subject_type": "wearer",
            "subjects": ["W1", "W2"],
            "why": "an alert",
            "details": {"alert": "9007199254740993"},
        }
        assert ask(database_url, "SELECT previous FROM audit_entries ORDER BY entry_no") == [
            (FIRST_PREVIOUS,),
            (first.hash,),
        ]
        checked = await holds(store)
        assert (checked.entries, checked.bodies, checked.gone) == (2, 2, 0)


async def test_a_change_and_its_entry_are_there_both_or_neither(database_url: str) -> None:
    async with migrated(database_url) as store:
        with pytest.raises(Refused):
            await store.learn([Version(Wearer("W1", "bad \0"))], looked("W1"))
        assert ask(database_url, "SELECT count(*) FROM audit_bodies") == [(0,)]
        await store.learn([Version(Wearer("W1", "Invented W1"))], looked("W1"))
        assert ask(database_url, "SELECT entry_no FROM audit_entries") == [(1,)]


async def test_what_is_rolled_back_leaves_no_hole(database_url: str) -> None:
    async with migrated(database_url) as store, connected(database_url) as conn:
        await store.audit.look(looked("W1"))
        for _ in range(3):
            async with conn.transaction(force_rollback=True):
                await write(conn, looked("W2"))
        await store.audit.look(looked("W3"))
        assert (await holds(store)).entries == 2


async def test_many_who_write_at_once_make_one_chain(database_url: str) -> None:
    async def change(conn: AsyncConnection[Any], name: str) -> None:
        async with conn.transaction():
            await write(conn, looked(name))
            await write(conn, looked(f"{name}-again"))

    async with migrated(database_url) as store, migrated(database_url) as other:
        async with connected(database_url) as one, connected(database_url) as two:

            async def changes(conn: AsyncConnection[Any], name: str) -> None:
                for number in range(20):
                    await change(conn, f"{name}{number}")

            looks = [which.audit.look(looked(f"L{n}")) for n in range(40) for which in (store, other)]
            await asyncio.gather(changes(one, "A"), changes(two, "B"), *looks)
        assert (await holds(store)).entries == 160


async def test_who_has_written_its_entry_keeps_nobody_waiting_until_it_commits(database_url: str) -> None:
    async with migrated(database_url) as store, connected(database_url) as conn:
        async with conn.transaction():
            await write(conn, looked("W1"))
            await asyncio.wait_for(store.audit.look(looked("W2")), 10)
        rows = await store.audit_log.entries(AuditWanted(), None, 10)
        assert {row.no: row.body["subjects"] for row in rows} == {1: ["W2"], 2: ["W1"]}
        assert (await holds(store)).entries == 2


async def test_looks_that_come_together_share_transactions(database_url: str) -> None:
    async with migrated(database_url) as store:
        await asyncio.gather(*(store.audit.look(looked(f"W{n}")) for n in range(100)))
        ((transactions,),) = ask(database_url, "SELECT count(DISTINCT xmin::text) FROM audit_entries")
        assert transactions <= 2, "the first alone, the others together"
        assert (await holds(store)).entries == 100


async def test_a_look_that_cannot_be_kept_stops_no_other(database_url: str) -> None:
    async with migrated(database_url) as store:
        bad = looked("W1", said="a \0 in it")
        done = await asyncio.gather(*map(store.audit.look, [looked("W0"), bad, looked("W2")]), return_exceptions=True)
        assert [type(one) for one in done] == [type(None), Refused, type(None)]
        assert (await holds(store)).entries == 2


async def test_a_snapshot_older_than_the_lock_is_refused(database_url: str) -> None:
    async with migrated(database_url), connected(database_url) as conn:
        await conn.set_isolation_level(IsolationLevel.REPEATABLE_READ)
        with pytest.raises(psycopg.errors.RaiseException, match="READ COMMITTED"):
            async with conn.transaction():
                await write(conn, looked("W1"))


async def test_many_subjects_are_kept_once_however_often_they_are_looked_at(database_url: str) -> None:
    wearers = [f"W{n}" for n in range(MOST_NAMED + 1)]
    async with migrated(database_url) as store:
        for second in range(5):
            await store.audit.look(looked(*wearers, at_us=NOON + second * SECOND_US))
        await store.audit.look(looked("W3"))
        await store.audit.look(looked("V3"))
        ((name, subjects),) = ask(database_url, "SELECT set_id, subjects FROM audit_sets")
        assert (name, subjects) == (set_id(sorted(wearers)), sorted(wearers))
        found = await store.audit_log.entries(AuditWanted(subject="W3"), None, 10)
        assert [row.no for row in found] == [6, 5, 4, 3, 2, 1]
        assert found[1].body["set"] == name
        assert (found[1].body["count"], found[1].body["subjects"]) == (MOST_NAMED + 1, [])
        assert (await holds(store)).entries == 7


async def test_a_set_that_is_known_is_not_sent_again_and_still_holds(database_url: str) -> None:
    """For an hour; after that, and by another process, it is sent and found to be there."""
    wearers = [f"W{n}" for n in range(MOST_NAMED + 1)]
    async with migrated(database_url) as store, migrated(database_url) as other:
        for which, at_us in ((store, NOON), (store, NOON + SECOND_US), (other, NOON), (store, NOON + 2 * HOUR_US)):
            await which.audit.look(looked(*wearers, at_us=at_us))
        bodies = [row.body for row in await store.audit_log.entries(AuditWanted(subject="W3"), None, 10)]
        assert len(bodies) == 4
        assert {(body["set"], body["count"], *body["subjects"]) for body in bodies} == {
            (set_id(sorted(wearers)), MOST_NAMED + 1)
        }
        async with store.audit_log.snapshot() as snapshot:
            assert await snapshot.changed_set() is None
        assert ask(database_url, "SELECT count(*) FROM audit_sets") == [(1,)]


async def test_auditors_filter_and_page(database_url: str) -> None:
    kim = Caller("kim", Role.OFFICER)
    async with migrated(database_url) as store:
        for hour in range(6):
            await store.audit.look(looked("W1", at_us=NOON + hour * HOUR_US, who=SAM if hour % 2 else kim))
        log = store.audit_log

        async def numbers(before: int | None = None, limit: int = 10, **wanted: Any) -> list[int]:
            return [row.no for row in await log.entries(AuditWanted(**wanted), before, limit)]

        assert await numbers(who="sam") == [6, 4, 2]
        assert await numbers(who="sam", subject="W1") == [6, 4, 2]
        assert await numbers(deed="positions.read", from_us=NOON + HOUR_US, to_us=NOON + 3 * HOUR_US) == [3, 2]
        assert await numbers(subject="W1", from_us=NOON + HOUR_US, to_us=NOON + 3 * HOUR_US) == [3, 2]
        assert await numbers(subject="W") == await numbers(deed="alerts.work") == await numbers(who="W1") == []
        (last, *_) = page = await log.entries(AuditWanted(), None, 2)
        assert [row.no for row in page] == [6, 5]
        assert await numbers(before=page[-1].body_no, limit=2) == [4, 3]
        assert last.at_us == NOON + 5 * HOUR_US


async def test_who_looked_at_a_wearer_is_asked_of_indexes(database_url: str) -> None:
    async with migrated(database_url) as store, connected(database_url) as conn:
        await asyncio.gather(*(store.audit.look(looked(f"W{n}")) for n in range(2_000)))
        await conn.execute("ANALYZE")
        await conn.execute("SET enable_seqscan = off")  # of 2,000 rows it would read them all
        asked = AuditWanted(subject="W7").parameters() | {"before": None, "limit": 50}
        used = indexes(await plan(conn, "audit_listed_of_subject", asked))
        assert "audit_bodies_subjects" in used
        assert "audit_entries_body_no_key" in used
        asked = AuditWanted(who="kim").parameters() | {"before": None, "limit": 50}
        assert "audit_bodies_who" in indexes(await plan(conn, "audit_listed", asked))


TABLES = ("audit_entries", "audit_bodies", "audit_sets", "audit_anchors")
FORBIDDEN = (
    *(f"DELETE FROM {table} RETURNING 1" for table in TABLES),
    *(f"TRUNCATE {table}" for table in TABLES),
    *(f"DROP TABLE {table} CASCADE" for table in TABLES),
    *(f"ALTER TABLE {table} DISABLE TRIGGER ALL" for table in TABLES),
    "UPDATE audit_entries SET entry_no = 7 RETURNING 1",
    "UPDATE audit_entries SET at = now() RETURNING 1",
    "UPDATE audit_entries SET digest = digest RETURNING 1",
    "UPDATE audit_entries SET previous = hash RETURNING 1",
    "UPDATE audit_entries SET hash = previous RETURNING 1",
    "UPDATE audit_bodies SET body = '{}' RETURNING 1",
    "UPDATE audit_bodies SET salt = '' RETURNING 1",
    "UPDATE audit_bodies SET at = now() RETURNING 1",
    "UPDATE audit_sets SET subjects = '{}' RETURNING 1",
    "UPDATE audit_anchors SET hash = signature RETURNING 1",
    "INSERT INTO audit_entries (entry_no, at, body_no, digest, previous, hash)"
    " SELECT 2, at, 2, digest, hash, hash FROM audit_entries RETURNING 1",
    "INSERT INTO audit_bodies (at, salt, body) VALUES (now(), '', '{}') RETURNING 1",
    "INSERT INTO audit_sets (set_id, subjects) VALUES ('x', '{}') RETURNING 1",
    "DROP TRIGGER audit_bodies_linked ON audit_bodies",
    "CREATE TRIGGER mine BEFORE INSERT ON audit_bodies FOR EACH ROW EXECUTE FUNCTION audit_link()",
    "CREATE RULE mine AS ON INSERT TO audit_bodies DO INSTEAD NOTHING",
    "ALTER FUNCTION audit_link() RESET ALL",
    "CREATE OR REPLACE FUNCTION audit_link() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
    "CREATE OR REPLACE FUNCTION audit_write(at timestamptz, body jsonb, subjects text[]) RETURNS void"
    " LANGUAGE sql AS 'SELECT'",
    "DROP FUNCTION audit_write(timestamptz, jsonb, text[])",
    "SET session_replication_role = replica",
    "ALTER TABLE audit_entries OWNER TO CURRENT_USER",
)


@pytest.mark.slow
async def test_no_role_of_ours_changes_what_was_written(database_url: str) -> None:
    async with migrated(database_url) as store:
        await store.audit.look(looked("W1"))
        for role in ROLES:
            with login_as(database_url, role) as url:
                for query in FORBIDDEN:
                    refused(url, query)
        checked = await holds(store)
        assert (checked.entries, checked.bodies) == (1, 1)


async def test_each_role_writes_entries_and_none_tells_of_an_erasure(database_url: str) -> None:
    async with migrated(database_url) as store:
        for number, role in enumerate(ROLES, start=1):
            with login_as(database_url, role) as url, psycopg.connect(url) as conn:
                row = {"at": "2026-11-21T12:00:00Z", "body": Jsonb(looked("W1").body())}
                conn.execute("SELECT audit_write(%(at)s, %(body)s, NULL)", row)
                conn.commit()
                erasing = {"body": Jsonb({"deed": "audit.erase", "details": {"entries": [[1, 9]]}})}
                with pytest.raises(psycopg.errors.InsufficientPrivilege, match="by the erasure itself"):
                    conn.execute("SELECT audit_write(%(at)s, %(body)s, NULL)", row | erasing)
            assert (await holds(store)).entries == number


async def test_a_table_of_the_same_name_in_front_takes_nothing(database_url: str) -> None:
    """A role that puts a table of its own before ours (`pg_temp`) still writes into the chain."""
    async with migrated(database_url) as store:
        await store.audit.look(looked("W1"))
        with login_as(database_url, "bailiwick_api") as url, psycopg.connect(url, autocommit=True) as conn:
            conn.execute("CREATE TEMP TABLE audit_bodies (LIKE public.audit_bodies)")
            conn.execute("CREATE TEMP TABLE audit_entries (LIKE public.audit_entries)")
            conn.execute("SELECT audit_write(now(), '{\"subjects\": []}', NULL)")
            mine = conn.execute("SELECT count(*) FROM pg_temp.audit_bodies").fetchone()
            assert mine == (0,)
            conn.execute("DROP TABLE pg_temp.audit_bodies, pg_temp.audit_entries")
        assert ask(database_url, "SELECT max(entry_no) FROM audit_entries") == [(2,)]


async def test_only_dispatch_anchors_and_only_once_a_day(database_url: str) -> None:
    insert = (
        "INSERT INTO audit_anchors (day, entry_no, hash, made_at, key_id, signature)"
        " VALUES ('2026-11-21', 1, '', now(), 'k', '') RETURNING entry_no"
    )
    async with migrated(database_url):
        for role in ("bailiwick_ingest", "bailiwick_api"):
            with login_as(database_url, role) as url:
                refused(url, insert)
        with login_as(database_url, "bailiwick_dispatch") as url:
            assert ask(url, insert) == [(1,)]
            with pytest.raises(psycopg.errors.UniqueViolation):
                ask(url, insert)


async def test_instants_are_exact_in_the_hash(database_url: str) -> None:
    async with migrated(database_url) as store, connected(database_url) as conn:
        for at_us in (NOON + 1, NOON + 999_999, NOON + HOUR_US + 123_456):
            await store.audit.look(looked("W1", at_us=at_us))
        assert (await holds(store)).entries == 3
        row = await (await conn.execute("SELECT count(*) FROM audit_entries WHERE at = %s", (At(NOON + 1),))).fetchone()
        assert row == (1,)


def test_ranges_merge_and_hold_their_ends() -> None:
    ranges = Ranges([(5, 6), (1, 2), (3, 3), (9, 12), (10, 11)])
    assert ranges.as_pairs() == [(1, 3), (5, 6), (9, 12)]
    assert [number for number in range(14) if number in ranges] == [1, 2, 3, 5, 6, 9, 10, 11, 12]
