"""Retention by kind, and legal holds: what is old goes, what must stay stays, and the audit tells what went."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from typing import Any

import psycopg
import pytest

from domain.audit_chain import Checker
from domain.callers import Caller
from domain.facts import Roster
from domain.instants import DAY_US
from domain.records import Device, Fitting, Version, Victim
from domain.violations import FactId
from domain.vocabulary import DeviceKind, Role
from store import Refused, Store
from store.audit import Entry, entry_of, write
from store.connecting import configure
from store.errors import MayNot
from store.retention_rows import Cutoffs, Went
from tests.api.crime_rows import crime_of
from tests.store.made import NOON, ask, fixes_of, learn_everything, migrated, violation_of, wearer_records, work_of
from tests.store.test_audit import looked
from tests.store.test_roles import login_as, refused

DUTY = Caller("dee", Role.DUTY_MANAGER, None)
KEEPER = Caller("root", Role.ADMINISTRATOR, None, by="command")
BEGUN = NOON - 400 * DAY_US
TODAY = "2026-11-20"


def keeping(at_us: int = NOON) -> Entry:
    return entry_of(KEEPER, at_us, "retention", "retention")


def about(wearer: str, at_us: int = NOON) -> Entry:
    return entry_of(DUTY, at_us, "holds.write", "wearer", [wearer])


def older_than(days: int, **changed: int) -> Cutoffs:
    """Everything of before so many days, but for what is named."""
    all_of_it = dict.fromkeys(
        ("positions_us", "events_us", "protected_us", "contacts_us", "letters_us", "audit_us"), NOON - days * DAY_US
    )
    return Cutoffs(**(all_of_it | {name: NOON - other * DAY_US for name, other in changed.items()}))


async def two_wearers(store: Store) -> Roster:
    """W1 with T1, W2 with T2, a protected person with U1: a fix a day of each for ten days, and a checkpoint."""
    roster = Roster()
    await store.learn(
        [
            *wearer_records("W1", "T1", BEGUN),
            *wearer_records("W2", "T2", BEGUN),
            Version(Victim("V1", "Invented V1")),
            Version(Device("U1", DeviceKind.VICTIM_UNIT)),
            Version(Fitting("F-V1", "U1", BEGUN, victim="V1")),
        ]
    )
    await learn_everything(store, 1, roster)
    for day in range(10):
        for number, device in enumerate(("T1", "T2", "U1")):
            at_us = NOON - (10 - day) * DAY_US
            facts = fixes_of(roster.index[device], [day + 1], at_us)
            await store.commit(work_of(2 + day * 3 + number, roster, facts, at_us))
    await store.commit(work_of(40 - 8, roster, at_us=NOON, checkpoint=b"state"))
    return roster


def left(url: str) -> dict[str, int]:
    rows = ask(url, "SELECT d.id, count(*) FROM all_fixes f JOIN devices d USING (device_no) GROUP BY 1 ORDER BY 1")
    return dict(rows)


async def run(store: Store, cutoffs: Cutoffs, day: str = TODAY, **more: Any) -> Went:
    went = await store.retention.run(cutoffs, day, keeping(), **more)
    assert went is not None
    return went


async def test_a_wearer_on_hold_keeps_everything_and_others_lose_what_is_old(database_url: str) -> None:
    async with migrated(database_url, ()) as store:
        await two_wearers(store)
        number = await store.holds.enter("an appeal", about("W1"))
        went = await run(store, older_than(3, protected_us=400))
        assert left(database_url) == {"T1": 10, "T2": 3, "U1": 3}
        assert went.counts["facts"] == 14
        assert await store.holds.end(number, "decided", entry_of(DUTY, NOON, "holds.write", "wearer"))
        await run(store, older_than(3))
        assert left(database_url) == {"T1": 3, "T2": 3, "U1": 3}


async def test_positions_of_protected_people_go_early_but_those_a_violation_rests_on(database_url: str) -> None:
    async with migrated(database_url, ()) as store:
        roster = await two_wearers(store)
        named = violation_of("W1-1", evidence=(FactId("U1", 0, 2),))
        await store.commit(work_of(33, roster, at_us=NOON, versions=[named], checkpoint=b"state"))
        await store.holds.enter("an appeal", about("W1"))
        went = await run(store, older_than(400, protected_us=4))
        assert went.counts == {
            "facts": 0,
            "commits": 0,
            "protected_positions": 5,
            "dead_letters": 0,
            "contacts": 0,
            "crime_matches": 0,
            "audit_bodies": 0,
        }
        assert left(database_url) == {"T1": 10, "T2": 10, "U1": 5}
        assert ask(
            database_url, "SELECT min(f.seq) FROM fixes f JOIN devices d USING (device_no) WHERE d.id = 'U1'"
        ) == [(2,)]


async def test_a_dry_run_counts_and_lets_nothing_go(database_url: str) -> None:
    async with migrated(database_url, ()) as store:
        await two_wearers(store)
        await store.audit.look(looked("W1", at_us=NOON - 9 * DAY_US))
        before = left(database_url)
        dry = await run(store, older_than(3), dry=True)
        assert left(database_url) == before
        assert ask(database_url, "SELECT count(*) FROM audit_bodies") == [(1,)]
        assert not await store.retention.done_on(TODAY)
        went = await run(store, older_than(3))
        assert (went.counts["audit_bodies"], dry.counts["audit_bodies"]) == (1, 1)
        assert went.counts["facts"] + went.counts["protected_positions"] == 21


async def test_bodies_of_the_audit_go_the_chain_holds_and_an_entry_tells_which(database_url: str) -> None:
    async with migrated(database_url) as store:
        for day in range(6):
            await store.audit.look(looked(f"W{day}", at_us=NOON - (10 - day) * DAY_US))
        await store.audit.look(looked(*(f"W{n}" for n in range(30)), at_us=NOON - 4 * DAY_US))
        await store.holds.enter("an appeal", about("W2", NOON - 4 * DAY_US))
        went = await run(store, older_than(2))
        assert went.counts["audit_bodies"] == 5, "all but those of W2, the set that W2 is in, and the hold"
        ((told,),) = ask(
            database_url, "SELECT body -> 'details' FROM audit_bodies WHERE body ->> 'deed' = 'audit.erase'"
        )
        assert told == {"entries": [[1, 2], [4, 6]]}
        ((counted,),) = ask(
            database_url, "SELECT body -> 'details' FROM audit_bodies WHERE body ->> 'deed' = 'retention'"
        )
        assert counted == {"audit_bodies": 5}
        assert (await checked(store)) == (10, 5, 5)
        await store.holds.end(1, "decided", entry_of(DUTY, NOON, "holds.write", "wearer"))
        await run(store, older_than(2), "2026-11-21")
        assert ask(database_url, "SELECT count(*) FROM audit_sets") == [(0,)]
        await store.retention.run(older_than(-9), "2026-11-22", keeping(NOON + DAY_US))
        _, bodies, gone = await checked(store)
        erasures = ask(database_url, "SELECT count(*) FROM audit_bodies WHERE body ->> 'deed' = 'audit.erase'")
        assert bodies == erasures[0][0] + 1, "what tells of an erasure stays; and this run's own counts"
        assert gone > 8


async def test_a_set_that_somebody_is_naming_stays(database_url: str) -> None:
    """Its last body goes while an entry that names it again is being written."""
    wearers = [f"W{n}" for n in range(30)]
    async with migrated(database_url) as store, await psycopg.AsyncConnection.connect(database_url) as conn:
        await configure(conn)
        await store.audit.look(looked(*wearers, at_us=NOON - 9 * DAY_US))
        await write(conn, looked(*wearers))
        going = asyncio.create_task(store.retention.run(older_than(2), TODAY, keeping()))
        done, _ = await asyncio.wait({going}, timeout=0.5)
        assert not done, "it waits for whoever writes"
        await conn.commit()
        assert (await going) is not None
        assert ask(database_url, "SELECT cardinality(subjects) FROM audit_sets") == [(30,)]
        assert (await checked(store))[2] == 1


async def checked(store: Store) -> tuple[int, int, int]:
    """Entries, bodies, erased ones; everything holds."""
    async with store.audit_log.snapshot() as snapshot:
        checker = Checker([], await snapshot.erased())
        async for link, said, lost in snapshot.links():
            assert checker.take(link, said) is None
            assert lost is None
    return checker.entries, checker.bodies, checker.gone


async def test_the_contact_log_and_parked_messages_go_by_their_own_age(database_url: str) -> None:
    async with migrated(database_url, ()) as store:
        await two_wearers(store)
        with psycopg.connect(database_url, autocommit=True) as conn:
            for wearer, age in (("W1", 9), ("W2", 9), ("W2", 1)):
                conn.execute(
                    "INSERT INTO contacts (party, wearer, inbound, channel, at, by_name, by_role)"
                    " VALUES ('wearer', %s, false, 'call', to_timestamp(%s), 'ola', 'operator')",
                    (wearer, (NOON - age * DAY_US) / 1e6),
                )
                conn.execute(
                    "INSERT INTO dead_letters (received_at, topic, payload, reason, device, critical, commit_no)"
                    " VALUES (to_timestamp(%s), 't', '', 'schema', %s, false, 1)",
                    ((NOON - age * DAY_US) / 1e6, wearer.replace("W", "T")),
                )
        await store.holds.enter("an appeal", about("W1"))
        went = await run(store, older_than(400, contacts_us=5, letters_us=5))
        assert (went.counts["contacts"], went.counts["dead_letters"]) == (1, 1)
        assert ask(database_url, "SELECT wearer FROM contacts ORDER BY contact_no") == [("W1",), ("W2",)]
        assert ask(database_url, "SELECT device FROM dead_letters ORDER BY dead_letter_no") == [("T1",), ("T2",)]


async def test_one_process_does_it_once_a_day(database_url: str) -> None:
    async with migrated(database_url) as store, migrated(database_url) as other:
        done = await asyncio.gather(*(which.retention.run(older_than(3), TODAY, keeping()) for which in (store, other)))
        assert any(done)
        assert await other.retention.done_on(TODAY)
        assert not await other.retention.done_on("2026-11-21")


async def test_no_role_of_a_process_lets_anything_go(database_url: str) -> None:
    async with migrated(database_url, ()) as store:
        await two_wearers(store)
        before = left(database_url)
        for role in ("bailiwick_dispatch", "bailiwick_api", "bailiwick_ingest"):
            with login_as(database_url, role) as url:
                async with await Store.open(url) as least:
                    with pytest.raises(MayNot):
                        await least.retention.run(older_than(3), TODAY, keeping())
                refused(url, "DELETE FROM holds RETURNING 1")
                refused(url, "DELETE FROM retention_runs RETURNING 1")
        assert left(database_url) == before


async def test_the_api_makes_and_ends_holds_and_both_are_in_the_audit(database_url: str) -> None:
    async with migrated(database_url):
        with login_as(database_url, "bailiwick_api") as url:
            async with await Store.open(url) as store:
                number = await store.holds.enter("an appeal", about("W1"))
                ending = entry_of(DUTY, NOON + 1, "holds.write", "wearer", done="ended")
                assert await store.holds.end(number, "decided", ending)
                assert not await store.holds.end(number, "again", ending)
                assert not await store.holds.end(99, "none", ending)
                with pytest.raises(Refused):
                    await store.holds.enter("", about("W1"))
                one = await store.holds.one(number)
                assert one is not None
                assert (one.wearer, one.reason, one.made_by, one.ended_by, one.end_reason) == (
                    *("W1", "an appeal", "dee", "dee", "decided"),
                )
            refused(url, "UPDATE holds SET wearer = 'W2' RETURNING 1")
    told = ask(database_url, "SELECT body -> 'subjects', body -> 'details' FROM audit_bodies ORDER BY body_no")
    assert told == [(["W1"], {"hold": "1"}), (["W1"], {"done": "ended", "hold": "1"})]


async def test_holds_are_listed_by_wearer_and_by_what_stands(database_url: str) -> None:
    async with migrated(database_url) as store:
        for wearer in ("W1", "W2", "W1"):
            await store.holds.enter("an appeal", about(wearer))
        await store.holds.end(1, "decided", replace(about("W1"), subjects=()))

        async def numbers(before: int | None = None, limit: int = 10, **wanted: Any) -> list[int]:
            return [hold.no for hold in await store.holds.page(before, limit, **wanted)]

        assert await numbers() == [3, 2, 1]
        assert await numbers(standing=True) == [3, 2]
        assert await numbers(wearer="W1") == [3, 1]
        assert await numbers(wearers={"W2"}) == [2]
        assert await numbers(before=3, limit=1) == [2]


async def test_who_was_near_a_crime_goes_with_positions_but_whom_a_force_was_let_see_and_who_is_held(
    embedded_url: str,
) -> None:
    async with migrated(embedded_url, ()) as store:
        await two_wearers(store)
        rows = partial(ask, embedded_url)
        for wearer in ("W1", "W2", "W3"):
            crime_of(rows, "kent", wearer, wearer, 51.0)
        rows(
            "UPDATE crime_matches SET decided_at = now(), decided_by = 'pia', authorised = true, decision = 'so'"
            " WHERE wearer = 'W2' RETURNING 1"
        )
        await store.holds.enter("an appeal", about("W1"))
        assert (await run(store, older_than(1))).counts["crime_matches"] == 0
        assert (await run(store, older_than(0))).counts["crime_matches"] == 1
        assert rows("SELECT wearer FROM crime_matches ORDER BY 1") == [("W1",), ("W2",)]
        assert rows("SELECT sum(near)::int FROM crime_matchings") == [(3,)]
