"""Plans: the index is used, and days outside of what is asked are not looked at."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
from psycopg import AsyncConnection

from domain.facts import Roster
from domain.instants import DAY_US, EARLY_US, HOUR_US
from store import Store
from store.connecting import configure
from store.statements import statement
from store.times import At, Connection
from tests.store.alert_making import alerts_at
from tests.store.made import NOON, fixes_of, learn_everything, migrated, violation_of, wearer_records, work_of

DAYS = 6
WEARERS = 40


@asynccontextmanager
async def a_week(url: str) -> AsyncIterator[tuple[Store, Connection]]:
    """A fix a minute of some wearers over some days, analysed; and a connection as the store's are."""
    async with migrated(url, ()) as store, await AsyncConnection.connect(url, autocommit=True) as conn:
        await configure(conn)
        begin = NOON - 30 * DAY_US
        await store.learn([record for n in range(WEARERS) for record in wearer_records(f"W{n:02}", f"T{n:02}", begin)])
        roster = Roster()
        await learn_everything(store, 1, roster)
        for day in range(DAYS):
            at_us = NOON + day * DAY_US
            facts = np.concatenate(
                [fixes_of(device, range(day * 200 + 1, day * 200 + 101), at_us) for device in range(WEARERS)]
            )
            await store.commit(work_of(day + 2, roster, facts, at_us))
        await conn.execute(b"ANALYZE")
        yield store, conn


async def plan(conn: Connection, name: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
    """The nodes of the plan of a named block (what a COPY copies, where it is one)."""
    text = statement(name).decode()
    if text.startswith("COPY ("):
        text = text.removeprefix("COPY (").rpartition(") TO STDOUT")[0]
    row = await (await conn.execute(f"EXPLAIN (FORMAT json) {text}".encode(), parameters)).fetchone()
    assert row is not None
    told = row[0] if isinstance(row[0], list) else json.loads(row[0])
    return list(nodes(told[0]["Plan"]))


def nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for below in node.get("Plans", []):
        yield from nodes(below)


def chunks(found: list[dict[str, Any]]) -> set[str]:
    """Which tables of fixes are looked at: chunks, or the one table."""
    names = {node.get("Relation Name", "") for node in found if node["Node Type"] != "Custom Scan"}
    return {name for name in names if name.startswith("_hyper") or name in ("fixes", "equipment_events")}


def scans(found: list[dict[str, Any]], table: str) -> set[str]:
    """How it is looked at."""
    scanned = [node for node in found if node.get("Relation Name", "").startswith(("_hyper", table))]
    return {node["Node Type"] for node in scanned} - {"Custom Scan"}


def indexes(found: list[dict[str, Any]]) -> set[str]:
    return {node["Index Name"] for node in found if "Index Name" in node}


async def test_a_trail_of_hours_looks_at_one_day_through_the_index(timescale_url: str) -> None:
    async with a_week(timescale_url) as (_, conn):
        wanted = {"wearer": "W07", "from_at": At(NOON + 2 * DAY_US), "to_at": At(NOON + 2 * DAY_US + HOUR_US)}
        place = {"after_time": At(EARLY_US), "after_device": "", "after_gen": 0, "after_seq": 0, "limit": 100}
        found = await plan(conn, "trail", wanted | place)
        assert len(chunks(found)) == 1
        assert scans(found, "fixes") <= {"Index Scan", "Bitmap Heap Scan"}
        assert any("device_time" in name for name in indexes(found))


async def test_the_trail_uses_the_index_without_chunks_too(embedded_url: str) -> None:
    async with a_week(embedded_url) as (_, conn):
        wanted = {"wearer": "W07", "from_at": At(NOON + 2 * DAY_US), "to_at": At(NOON + 2 * DAY_US + HOUR_US)}
        place = {"after_time": At(EARLY_US), "after_device": "", "after_gen": 0, "after_seq": 0, "limit": 100}
        found = await plan(conn, "trail", wanted | place)
        assert "fixes_device_time" in indexes(found)
        assert "Seq Scan" not in scans(found, "fixes")


async def test_positions_look_back_no_further_than_asked_through_the_index(timescale_url: str) -> None:
    async with a_week(timescale_url) as (_, conn):
        now = NOON + (DAYS - 1) * DAY_US + HOUR_US
        wanted = {"after": "", "wearers": None, "now": At(now), "since": At(now - DAY_US), "limit": 100}
        found = await plan(conn, "positions", wanted)
        assert len(chunks(found)) == 2, "today and the day on which the stretch began"
        assert scans(found, "fixes") == {"Index Scan"}
        assert all("device_time" in name for name in indexes(found) if name.startswith("_hyper"))


async def test_an_identity_is_looked_for_in_the_last_hour_of_its_device(timescale_url: str) -> None:
    async with a_week(timescale_url) as (_, conn):
        now = NOON + (DAYS - 1) * DAY_US
        wanted = {"nos": [1, 2], "gens": [0, 0], "seqs": [1001, 1002], "oldest": At(now), "until": 99}
        found = await plan(conn, "read_fixes_by_identity", wanted)
        assert len(chunks(found)) == 1
        assert any("device_time" in name for name in indexes(found))
        assert "Seq Scan" not in scans(found, "fixes")


async def test_the_history_since_an_instant_looks_at_its_days_only(timescale_url: str) -> None:
    async with a_week(timescale_url) as (_, conn):
        after = NOON + (DAYS - 1) * DAY_US
        wanted = {"nos": [1, 2], "until": 99, "after": At(after)}
        found = await plan(conn, "read_fixes_of_devices", wanted)
        assert len(chunks(found)) == 1
        assert "Seq Scan" not in scans(found, "fixes")


async def test_the_commits_after_a_checkpoint_look_at_their_days_only(timescale_url: str) -> None:
    async with a_week(timescale_url) as (_, conn):
        day = NOON + 3 * DAY_US
        wanted = {"first": 5, "last": 5, "oldest": At(day), "newest": At(day + HOUR_US)}
        found = await plan(conn, "read_fixes_of_commits", wanted)
        assert len(chunks(found)) == 1


async def test_a_commit_is_found_by_its_block_range(embedded_url: str) -> None:
    async with a_week(embedded_url) as (_, conn):
        await conn.execute(b"SET enable_seqscan = off")
        day = NOON + 3 * DAY_US
        wanted = {"first": 5, "last": 5, "oldest": At(day), "newest": At(day + HOUR_US)}
        assert "fixes_commit" in indexes(await plan(conn, "read_fixes_of_commits", wanted))


async def test_lists_are_read_in_the_order_of_their_index(embedded_url: str) -> None:
    async with a_week(embedded_url) as (_, conn):
        await conn.execute(b"SET enable_seqscan = off")
        events = await plan(conn, "events_after", {"after": 5, "limit": 10})
        assert "stream_events_pkey" in indexes(events)
        nobody = dict.fromkeys(("wearer", "kinds", "condition", "open", "from_at", "to_at"))
        wanted = nobody | {"before": 10**6, "current": True, "limit": 10}
        assert "violations_newest_first_no_key" in indexes(await plan(conn, "violations_page", wanted))
        assert "violations_newest_wearer" in indexes(await plan(conn, "violations_page", wanted | {"wearer": "W1"}))
        alerts = {"before_at": At(NOON), "before_no": 9, "wearer": None, "severities": None, "state": None}
        alerts |= {"grouped_under": None, "grouped": None, "works": None, "holder": None}
        found = await plan(conn, "alerts_page", alerts | {"withdrawn": False, "limit": 10})
        assert "alerts_raised" in indexes(found)
        assert "Sort" not in {node["Node Type"] for node in found if node.get("Relation Name") == "alerts"}
        assert "Sort" not in [node["Node Type"] for node in found[:2]]


@asynccontextmanager
async def many_alerts(url: str) -> AsyncIterator[Connection]:
    """Two thousand alerts that were looked at and two hundred that wait, with what is told of them, analysed."""
    async with alerts_at(url) as made, await AsyncConnection.connect(url, autocommit=True) as conn:
        await configure(conn)
        for number in range(4):
            await made.commit([violation_of(f"W{number}x{n}-1") for n in range(500)])
            await made.look(NOON + number)
        await made.commit([violation_of(f"W9x{n}-1") for n in range(200)])
        for filling in FILLINGS:
            await conn.execute(filling.encode())
        await conn.execute(b"ANALYZE")
        yield conn


FILLINGS = (
    "INSERT INTO contacts (alert_no, party, inbound, channel, answered, at, by_name, by_role, promised, promised_at) "
    "SELECT n, 'wearer', false, 'call', true, now(), 'ola', 'operator', 'x', now() FROM generate_series(1, 2000) AS n",
    "INSERT INTO mutes (wearer, from_at, to_at, reason, made_at, by_name, by_role) "
    "SELECT 'W' || n, now(), now() + interval '1 hour', 'why', now(), 'sam', 'supervisor' FROM generate_series(1, 2000) AS n",
    "INSERT INTO rests_on (kind, reference, violation_id, made_at, made_by) "
    "SELECT 'breach', 'B' || n, 'W1x' || n || '-1', now(), 'sam' FROM generate_series(1, 2000) AS n",
)


def scanned(found: list[dict[str, Any]]) -> set[str]:
    """Tables that are read from end to end."""
    return {node["Relation Name"] for node in found if node["Node Type"] == "Seq Scan"}


async def test_a_look_reads_by_index_whatever_there_is_besides(database_url: str) -> None:
    async with many_alerts(database_url) as conn:
        await conn.execute(b"SET enable_seqscan = off")  # there is little of everything here
        take = await plan(conn, "take_alerts", {"now": At(NOON), "limit": 200, "least": 3})
        assert {"outbox_waiting", "timers_due", "alert_work_pkey"} <= indexes(take)
        assert not scanned(take)
        some = {"numbers": list(range(1, 21))}
        wanted = {
            "hold_alerts": ("alert_work_pkey", some),
            "hold_waiting_notifications": ("notifications_alert", some),
            "unseen_changes": ("outbox_waiting", some),
            "timers_of_alerts": ("timers_pkey", some),
            "work_of_alerts": ("alert_work_pkey", some),
            "histories_of_alerts": ("violations_id_version_key", some),
            "current_violations_of_alerts": ("violations_newest_pkey", some | {"kinds": ["curfew"]}),
            "told_of_alerts": ("notifications_alert", some),
            "answers_of_alerts": ("contacts_alert", some),
            "promises_of_alerts": ("contacts_alert", some),
            "prealerts_of_pairs": ("alerts_wearer", some),
            "resting_on_alerts": ("rests_on_violation", some),
            "mutes_of_wearers": ("mutes_wearer", {"wearers": ["W1"], "since": At(NOON)}),
            "look_again": ("alerts_wearer", {"wearer": "W1", "name": "x", "now": At(NOON)}),
            "next_look": ("timers_due", {}),
            "violations_to_assess": ("caseload_records_violation", some),
            "orders_of_wearers": (
                "caseload_records_victim",
                {"wearers": ["W1"], "victims": ["V1"], "now": At(NOON)},
            ),
        }
        for name, (index, parameters) in wanted.items():
            found = await plan(conn, name, parameters)
            assert index in indexes(found), name
            assert not scanned(found), name


async def test_sending_reads_what_waits_in_order_and_no_more(database_url: str) -> None:
    async with many_alerts(database_url) as conn:
        asked = {"channel": "sms", "now": At(NOON + DAY_US), "until": At(NOON + 2 * DAY_US), "limit": 50, "no": 1}
        lease = await plan(conn, "lease", asked)
        assert "notifications_waiting" in indexes(lease)
        assert "notifications" not in scanned(lease)
        assert "notifications_next" in indexes(await plan(conn, "next_send", asked))
        assert "notifications_leased" in indexes(await plan(conn, "end_leases", asked))
        await conn.execute(b"SET enable_seqscan = off")
        assert "alert_work_open" in indexes(await plan(conn, "unclaimed", {}))
        span = {"from_at": At(NOON), "to_at": At(NOON + DAY_US)}
        assert "alert_work_closed" in indexes(await plan(conn, "outcomes_by_kind", span))
        assert "alert_work_closed" in indexes(await plan(conn, "precision_of_alerts", span))
