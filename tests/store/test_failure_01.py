"""Failure 01: an id column was full at 2.1 billion rows. Every id and sequence is 64-bit, and headroom is measured."""

from __future__ import annotations

import psycopg

from domain.commits import DeadLetter
from domain.vocabulary import DeadLetterReason
from store import Store
from store.statements import statement
from tests.store.made import (
    NOON,
    ask,
    change_of,
    fixes_of,
    learn_everything,
    migrated,
    roster_of,
    same_facts,
    violation_of,
    wearer_records,
    work_of,
)

PAST_32 = (1 << 31) + 5
PAST_53 = (1 << 53) + 1
SEQ_MAX = (1 << 53) - 1


def restart_every_sequence(url: str, at: int) -> int:
    """Every sequence goes on from ``at``; how many there are."""
    names = [name for (name,) in ask(url, "SELECT sequencename FROM pg_sequences WHERE schemaname = 'public'")]
    with psycopg.connect(url, autocommit=True) as conn:
        for name in names:
            conn.execute(f"ALTER SEQUENCE {name} RESTART WITH {at}".encode())
    return len(names)


async def one_of_everything(store: Store, url: str) -> None:
    roster = roster_of()
    await store.learn(wearer_records())
    await learn_everything(store, PAST_32, roster)
    opened = violation_of()
    letter = DeadLetter("em/v1/00/T1/up", b"{", NOON, DeadLetterReason.NOT_JSON)
    facts = fixes_of(0, [SEQ_MAX - 1, SEQ_MAX], gen=PAST_53)
    decided = {"versions": [opened], "alerts": [change_of(opened)]}
    work = work_of(PAST_32 + 1, roster, facts, checkpoint=b"state", dead_letters=[letter], **decided)
    await store.commit(work)
    (commit,) = [c async for c in store.commits_after(PAST_32, roster)]
    assert same_facts(commit.batch.facts, facts)
    ids = [(0, PAST_53, SEQ_MAX)]
    assert (await store.facts_by_identity(ids, roster))["seq"].tolist() == [SEQ_MAX]
    assert (await store.received_ranges(roster)).tolist() == [[0, PAST_53, SEQ_MAX - 1, SEQ_MAX]]


async def test_failure_01_ids_past_32_bits_work_everywhere(database_url: str) -> None:
    async with await Store.open(database_url) as store:
        await store.migrate()
        assert restart_every_sequence(database_url, PAST_32) >= 8
        last = PAST_32 - 1
        ask(
            database_url,
            "INSERT INTO commits (no, writer, lines, fixes, equipment_events, violations, dead_letters, facts_total, "
            "instants, kinds, device_nos, sent, bad, ranges) "
            "VALUES (%s, 'x', 0, 0, 0, 0, 0, %s, '', '', '', '', '', '') RETURNING no",
            last,
            last,
        )
        ask(database_url, "UPDATE folded_ranges SET commit_no = %s RETURNING 1", last)
        await one_of_everything(store, database_url)
        assert (await store.device_numbers())["T1"] == PAST_32
        alert = await store.reading.alert(PAST_32)
        assert alert is not None
        assert alert.as_json()["id"] == str(PAST_32)
        assert await store.reading.newest_event() >= PAST_32
        assert (await store.reading.counts()).facts == last + 2


async def test_failure_01_ids_past_53_bits_are_told_exactly(database_url: str) -> None:
    async with migrated(database_url) as store:
        restart_every_sequence(database_url, PAST_53)
        opened = violation_of()
        await store.commit(work_of(1, roster_of("T1"), versions=[opened], alerts=[change_of(opened)]))
        alert = await store.reading.alert(PAST_53)
        assert alert is not None
        assert alert.as_json()["id"] == "9007199254740993"
        told = await store.reading.events(PAST_53 - 1, 10)
        assert [event.no for event in told] == [PAST_53, PAST_53 + 1]
        assert told[1].body["id"] == "9007199254740993"


async def test_failure_01_nothing_that_counts_is_narrower_than_64_bits(database_url: str) -> None:
    async with migrated(database_url):
        assert ask(database_url, statement("not_64_bit").decode().replace("%%", "%")) == []
        narrow = "SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' AND data_type <> 'bigint'::regtype"
        assert ask(database_url, narrow) == []


async def test_failure_01_headroom_is_measured(database_url: str) -> None:
    async with migrated(database_url) as store:
        headroom = (await store.reading.counts()).headroom
        assert len(headroom) >= 8
        assert all(0.999 < share <= 1.0 for share in headroom.values())
        restart_every_sequence(database_url, 1 << 62)
        opened = violation_of()
        await store.commit(work_of(1, roster_of("T1"), versions=[opened], alerts=[change_of(opened)]))
        headroom = (await store.reading.counts()).headroom
        assert abs(headroom["alerts_alert_no_seq"] - 0.5) < 0.001
