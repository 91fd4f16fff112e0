"""Erasure: nothing personal is left in any column of any table, what keeps it is said, the chain holds, and ingest goes on."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import psycopg
import pytest
from psycopg import sql

from alerts.desk import Desk, Item, Wish
from alerts.desk_records import Contact, DeskRecords, Party
from alerts.machine import Actor
from domain.callers import Caller
from domain.caseload_file import parse_record, record_as_json
from domain.erased import tombstone
from domain.instants import DAY_US, HOUR_US
from domain.records import (
    Absence,
    Assessment,
    Condition,
    Device,
    Fitting,
    Order,
    Override,
    Place,
    Record,
    Suspension,
    Timetable,
    TimetableRow,
    Version,
    Wearer,
)
from domain.vocabulary import (
    AlertEvent,
    AssessmentDecision,
    Channel,
    ConditionKind,
    DeviceKind,
    OrderKind,
    Outcome,
    Role,
)
from store.audit import Entry, entry_of
from store.caseload import ANY_NAME
from store.erasing import Kept
from store.errors import MayNot
from store.packed_records import pack_record, unpack_record
from tests.bailiwick.test_replay import Ingest, at, ingest
from tests.store.alert_making import Made, alerts_at
from tests.store.made import NOON, ask, fixes_of, wearer_records
from tests.store.test_audit import looked
from tests.store.test_keeping import checked
from tests.store.test_roles import guide, login_as

KEEPER = Caller("root", Role.ADMINISTRATOR, None, by="command")
OLA = Actor("ola", Role.OPERATOR)
LATER = NOON + 10 * DAY_US
ENDED = NOON + 2 * HOUR_US
SECRETS = (
    *("quixotic", "zebedee", "+44 7700 900123", "07700 900123", "pnc-77x", "gullible", "toad lane", "51.76543"),
    *("1.234567", "swimming", "elderflower", "marmalade", "officer@example.org", "52.11111", "rhubarb"),
)
"""Whatever is held of W1, and nobody else has."""

HOME = Place("12 Toad Lane", 1.234567, 51.76543)
CURFEW = Timetable("Europe/London", (TimetableRow(0, 19 * 3600, 7 * 3600),))
FROM = NOON - DAY_US


def mine() -> list[Version]:
    """W1's records, everything in them, with an end to each."""
    told = {"name": "A. Officer", "email": "officer@example.org"}
    records: list[Record] = [
        Wearer(
            "W1",
            "Zebedee Quixotic",
            phones=("+44 7700 900123",),
            needs=("swimming",),
            ids=(("pnc", "PNC-77x"),),
            born="1990-01-01",
        ),
        Order(
            "O-W1",
            "W1",
            OrderKind.COMMUNITY,
            FROM,
            ENDED,
            officer=told,
            notifying_organisation="gullible court",
            told_at_us=FROM,
        ),
        Fitting("F-W1", "T1", FROM, ENDED, wearer="W1"),
        Condition("C-W1", "O-W1", ConditionKind.CURFEW, "rhubarb", place=HOME, timetable=CURFEW),
        Absence("A1", "C-W1", NOON, NOON + HOUR_US, reason="elderflower", granted_by="rhubarb"),
        Suspension("S1", "O-W1", NOON, NOON + HOUR_US, reason="elderflower", by="rhubarb"),
        Assessment("B1", "W1-1", AssessmentDecision.UPHELD, "rhubarb", NOON, "elderflower"),
    ]
    return [Version(record) for record in records]


def erasing(wearer: str = "W1", at_us: int = LATER) -> Entry:
    return entry_of(KEEPER, at_us, "erase", "wearer", [wearer], "retention")


def left_of(url: str, words: tuple[str, ...]) -> list[tuple[str, str]]:
    """(table, word) of every table of every schema of ours that holds one of some words in any column."""
    found = []
    with psycopg.connect(url, autocommit=True) as conn:
        tables = conn.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p')"
        ).fetchall()
        for (table,) in tables:
            rows = conn.execute(sql.SQL("SELECT lower(t::text) FROM {} t").format(sql.Identifier(table))).fetchall()
            packed = []
            if table == "caseload_records":
                bodies = conn.execute("SELECT packed FROM caseload_records WHERE packed IS NOT NULL").fetchall()
                packed = [repr(unpack_record(body)).lower() for (body,) in bodies]
            text = "\n".join([*(row[0] for row in rows), *packed])
            found += [(table, word) for word in words if word in text]
    return found


async def with_a_case(made: Made) -> None:
    """W1 as ended: facts, an alert that was worked on and closed, a contact, a mute, looks."""
    facts = fixes_of(made.roster.index["T1"], [1, 2, 3])
    facts["lat"], facts["lon"] = 52.11111, 1.234567
    await made.commit(facts=facts)
    await made.raised("W1-1")
    await made.look()
    clock = NOON + HOUR_US
    desk = Desk(made.work, guide, lambda: clock)
    await desk.act(Item(1), Wish(AlertEvent.CLAIM), OLA)
    records = DeskRecords(made.work, guide, lambda: clock)
    said = Contact(Party.WEARER, Channel.CALL, number="07700 900123", answered=True, said="marmalade")
    await records.contact(1, said, OLA)
    await records.mute("W1", clock, clock + HOUR_US, "marmalade", Actor("sam", Role.SUPERVISOR))
    await desk.act(Item(1), Wish(AlertEvent.CLOSE, Outcome.EXPLAINED, "marmalade"), OLA)
    await made.store.audit.look(looked("W1"))
    await made.store.audit.look(looked("W1", "W2"))
    # The same tag on another wearer afterwards: not one fact of theirs goes.
    await made.commit(facts=fixes_of(made.roster.index["T1"], [11, 12], ENDED + HOUR_US))
    await made.commit(facts=fixes_of(made.roster.index["T2"], [1, 2]))
    await made.store.keep_checkpoint(made.commits, b"state")


def others() -> list[Version]:
    ended = replace(wearer_records("W1")[2].record, to_us=ENDED)
    tag = Version(Fitting("F-W2b", "T1", ENDED, None, wearer="W2"))
    return [*wearer_records("W2", "T2"), Version(ended), tag]


@pytest.mark.slow
async def test_nothing_personal_is_left_anywhere_and_the_audit_holds(database_url: str) -> None:
    async with alerts_at(database_url, *mine(), *others()) as made:
        await with_a_case(made)
        before = {word for _, word in left_of(database_url, SECRETS)}
        assert before == set(SECRETS), "the test would see them"
        counts = await made.store.erasing.erase("W1", LATER, erasing())
        assert left_of(database_url, SECRETS) == []
        assert (counts["fixes"], counts["alerts"], counts["violations"], counts["contacts"], counts["mutes"]) == (
            *(3, 1, 1, 1, 1),
        )
        assert ask(
            database_url,
            "SELECT d.id, array_agg(f.seq ORDER BY f.seq) FROM fixes f JOIN devices d USING (device_no) GROUP BY 1 ORDER BY 1",
        ) == [
            ("T1", [11, 12]),
            ("T2", [1, 2]),
        ]
        assert ask(database_url, "SELECT wearer, erased_by, counts FROM erasures") == [("W1", "root", counts)]
        entries, bodies, gone = await checked(made.store)
        assert (gone, counts["audit_bodies"]) == (1, 1), (
            "the look at W1 alone; one with W2 stays, and so does this erasure"
        )
        assert entries == bodies + gone
        told = ask(database_url, "SELECT body -> 'details' FROM audit_bodies WHERE body ->> 'deed' = 'erase'")
        assert told == [(counts,)]


async def test_what_keeps_a_wearer_is_said_and_nothing_goes(database_url: str) -> None:
    async with alerts_at(database_url, *wearer_records("W2", "T2")) as made:
        await made.commit(facts=fixes_of(made.roster.index["T1"], [1]))
        await made.raised("W1-1")
        await made.look()
        await made.store.holds.enter("an appeal", entry_of(KEEPER, NOON, "holds.write", "wearer", ["W1"]))
        await DeskRecords(made.work, guide, lambda: NOON).rests("warrant", "B-7", ["W1-1"], "ola")
        with pytest.raises(Kept) as kept:
            await made.store.erasing.erase("W1", LATER, erasing())
        assert kept.value.reasons == [
            "order O-W1 runs until 2030-01-20T21:46:40Z",
            "device T1 is fitted (F-W1)",
            "alert 1 is not closed",
            "hold 1 stands",
            "warrant B-7 rests on a violation",
            "facts of it are so new that a restart needs them: try again later",
        ]
        with pytest.raises(Kept, match="there is no such wearer"):
            await made.store.erasing.erase("W99", LATER, erasing("W99"))
        assert ask(database_url, "SELECT count(*) FROM fixes") == [(1,)]
        assert ask(database_url, "SELECT count(*) FROM erasures") == [(0,)]


async def test_an_order_that_ended_too_lately_keeps_it_and_once_is_once(database_url: str) -> None:
    async with alerts_at(database_url, *mine(), *others()) as made:
        with pytest.raises(Kept, match="order O-W1 ended only on 2026-11-21T14:00:00Z"):
            await made.store.erasing.erase("W1", ENDED - 1, erasing())
        assert await made.store.erasing.due(ENDED - 1) == []
        assert await made.store.erasing.due(ENDED) == [("W1", ENDED)]
        await made.store.erasing.erase("W1", ENDED, erasing())
        assert await made.store.erasing.due(LATER) == []
        with pytest.raises(Kept, match="it was on 2026-12-01T12:00:00Z"):
            await made.store.erasing.erase("W1", LATER, erasing())


async def test_no_role_of_a_process_erases(database_url: str) -> None:
    async with alerts_at(database_url, *mine(), *others()) as made:
        for role in ("bailiwick_api", "bailiwick_dispatch", "bailiwick_ingest"):
            with login_as(database_url, role) as url:
                async with await type(made.store).open(url) as least:
                    with pytest.raises(MayNot):
                        await least.erasing.erase("W1", LATER, erasing())
        assert ask(database_url, "SELECT count(*) FROM erasures") == [(0,)]


async def test_a_hold_made_meanwhile_waits_and_an_erasure_waits_for_a_hold(database_url: str) -> None:
    """Whoever is second sees what the first has done."""
    async with alerts_at(database_url, *mine(), *others()) as made:
        async with await psycopg.AsyncConnection.connect(database_url) as conn:
            await conn.execute(
                "INSERT INTO holds (wearer, reason, made_at, made_by) VALUES ('W1', 'an appeal', now(), 'dee')"
            )
            erasure = asyncio.create_task(made.store.erasing.erase("W1", LATER, erasing()))
            done, _ = await asyncio.wait({erasure}, timeout=0.3)
            assert not done
            await conn.commit()
        with pytest.raises(Kept, match="hold 1 stands"):
            await erasure


def all_records() -> list[Record]:
    """One of each that has something personal, and some that have not."""
    override = Override("rhubarb", "elderflower")
    zone = Condition("Z", "O-W1", ConditionKind.EXCLUSION_ZONE, zone="Z1")
    fitted = Fitting("F", "T1", FROM, None, wearer="W1")
    curfew = Condition("C", "O-W1", ConditionKind.CURFEW, place=HOME, timetable=CURFEW, override=override)
    return [*(version.record for version in mine()), zone, fitted, curfew, Device("T1", DeviceKind.GPS_TAG)]


@pytest.mark.parametrize("record", all_records(), ids=lambda record: f"{type(record).__name__}-{record.id}")
def test_a_tombstone_is_a_record_with_nothing_personal(record: Record) -> None:
    left = tombstone(record)
    assert left.id == record.id
    assert parse_record(record_as_json(left), ANY_NAME) == left
    assert unpack_record(pack_record(left)) == left
    text = json.dumps(record_as_json(left)).lower()
    assert [word for word in SECRETS if word in text] == []
    assert tombstone(left) == left


@pytest.mark.slow
def test_ingest_starts_again_and_goes_on_after_an_erasure(embedded_url: str) -> None:
    """On what real rules decided: W1 is erased, a restart folds the rest, and W2's case is as it was."""

    async def work() -> None:
        from store import Store  # noqa: PLC0415

        await ingest(embedded_url)
        async with await Store.open(embedded_url) as store:
            before = ask(embedded_url, "SELECT id, version, change FROM violations WHERE wearer = 'W2' ORDER BY 1, 2")
            query = "UPDATE caseload_entered SET to_at = '2026-01-01T00:00:00Z' WHERE wearer = 'W1' AND type IN ('order', 'fitting')"
            with psycopg.connect(embedded_url, autocommit=True) as conn:
                conn.execute(query)
                conn.execute(
                    "UPDATE alert_work SET work = 'closed', outcome = 'explained', closed_at = now(), closed_by = 'ola', holder = NULL WHERE alert_no IN (SELECT alert_no FROM alerts WHERE wearer = 'W1')"
                )
            await store.erasing.erase("W1", LATER * 2, erasing(at_us=LATER * 2))
            working = Ingest(store)
            await working.start()
            await working.take([{"tick": at("21:45")}])
            await working.stop()
            after = ask(embedded_url, "SELECT id, version, change FROM violations WHERE wearer = 'W2' ORDER BY 1, 2")
            assert set(before) <= set(after)

    asyncio.run(work())
