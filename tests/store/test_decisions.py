"""Violations, alerts, the outbox, the stream and dead letters, as one commit writes them."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import psycopg
import pytest
from psycopg import AsyncConnection

from domain.commits import DeadLetter
from domain.instants import SECOND_US
from domain.records import Device, Version
from domain.vocabulary import (
    Cause,
    Change,
    Code,
    DeadLetterReason,
    DeviceKind,
    Kind,
    Reason,
    Severity,
)
from store import Refused
from store.alert_changes import write_alerts
from store.connecting import configure
from store.reading_types import DeadLetterFilter
from tests.store.made import NOON, ask, change_of, learn_everything, migrated, roster_of, violation_of, work_of
from tests.waiting import eventually


def closed(violation_id: str = "W1-1", version: int = 2) -> object:
    end = NOON + 60 * SECOND_US
    return violation_of(violation_id, version, change=Change.CLOSED, to_us=end, decided_us=end)


async def test_versions_come_back_exactly(database_url: str) -> None:
    full = violation_of(
        "V1-7",
        1,
        wearer=None,
        victim="V1",
        kind=Kind.CURFEW,
        code=Code.AL10,
        device="T1",
        to_us=NOON + 1,
        reason=Reason.LATE_DATA,
        late=True,
        age_s=0.1 + 0.2,
        cause=Cause.UNKNOWN,
        minutes_certain=1 / 3,
        minutes_possible=2 / 3,
        score=0.75,
        retrospective=True,
        untold=True,
        evidence=(),
    )
    several = [violation_of(), full, violation_of("W1-1", 2, change=Change.AMENDED, p_inside=None)]
    async with migrated(database_url) as store:
        await store.commit(work_of(1, roster_of("T1"), versions=several))
        assert [v for _, v in await store.reading.versions(0, 10)] == several
        assert await store.reading.versions_of("W1-1") == [several[0], several[2]]
        current = ask(database_url, "SELECT id, version FROM current_violations ORDER BY id")
        assert current == [("V1-7", 1), ("W1-1", 2)]
        withdrawn = violation_of("W1-1", 3, change=Change.WITHDRAWN)
        await store.commit(work_of(2, roster_of("T1"), versions=[withdrawn]))
        assert ask(database_url, "SELECT id FROM current_violations") == [("V1-7",)]


async def test_a_version_is_written_once(database_url: str) -> None:
    async with migrated(database_url) as store:
        await store.commit(work_of(1, roster_of("T1"), versions=[violation_of()]))
        with pytest.raises(Refused, match="violations_id_version_key"):
            await store.commit(work_of(2, roster_of("T1"), versions=[violation_of()]))
        assert await store.newest_commit() == 1


async def test_an_episode_has_one_alert(database_url: str) -> None:
    async with migrated(database_url) as store:
        roster = roster_of("T1")
        opened, ended = violation_of(), closed()
        await store.commit(work_of(1, roster, versions=[opened], alerts=[change_of(opened)]))
        joined = violation_of("W1-2", 1, decided_us=NOON + 90 * SECOND_US)
        more = [change_of(ended), change_of(joined, "W1-1", severity=Severity.SERIOUS, code="AL12")]
        await store.commit(work_of(2, roster, versions=[ended, joined], alerts=more))
        (row,) = ask(
            database_url,
            "SELECT alert_no, revision, state, severity, code, raised_at = '2026-11-21T12:00Z' FROM alerts",
        )
        assert row[1:] == (3, "active", "serious", "AL12", True)
        alert = await store.reading.alert(row[0])
        assert alert is not None
        assert alert.violations == ("W1-1", "W1-2")
        assert alert.changed_us == NOON + 90 * SECOND_US
        links = ask(database_url, "SELECT violation_id, version FROM alert_violations ORDER BY 1")
        assert links == [("W1-1", 2), ("W1-2", 1)]
        told = ask(database_url, "SELECT change, violation_id, version, told_at FROM outbox ORDER BY outbox_no")
        assert told == [("raised", "W1-1", 1, None), ("cleared", "W1-1", 2, None), ("updated", "W1-2", 1, None)]


async def test_raised_and_cleared_in_one_commit(database_url: str) -> None:
    async with migrated(database_url) as store:
        opened, ended = violation_of(), closed()
        gone = replace(change_of(violation_of("W1-1", 3)), withdrawn=True)
        alerts = [change_of(opened), change_of(ended), gone]
        await store.commit(work_of(1, roster_of("T1"), versions=[opened, ended], alerts=alerts))
        told = ask(database_url, "SELECT change FROM outbox ORDER BY outbox_no")
        assert told == [("raised",), ("cleared",), ("withdrawn",)]
        assert ask(database_url, "SELECT revision, withdrawn FROM alerts") == [(3, True)]


async def test_an_alert_of_the_service_rests_on_no_violation(database_url: str) -> None:
    async with migrated(database_url) as store:
        parked = change_of(violation_of("parked:T\0X:1"), wearer=None, condition=None, kind="parked_alarm")
        await store.commit(work_of(1, roster_of("T1"), alerts=[parked]))
        await store.commit(work_of(2, roster_of("T1"), alerts=[parked]))
        (alert,) = ask(database_url, "SELECT alert_no, episode, revision FROM alerts")
        assert alert[1:] == ("parked:T\ufffdX:1", 2)
        row = await store.reading.alert(alert[0])
        assert row is not None
        assert row.violations == ()


async def test_failure_14_two_workers_race_for_one_episode_and_there_is_one_alert(database_url: str) -> None:
    async with migrated(database_url):
        opened = violation_of()

        async def worker(severity: Severity) -> None:
            async with await AsyncConnection.connect(database_url, autocommit=True) as conn:
                await configure(conn)
                for number in range(30):
                    change = change_of(opened, f"episode {number}", severity=severity)
                    async with conn.transaction():
                        await write_alerts(conn, 1, [change])

        await asyncio.gather(worker(Severity.CRITICAL), worker(Severity.SERIOUS))
        rows = ask(database_url, "SELECT count(*), count(DISTINCT episode), min(revision), max(revision) FROM alerts")
        assert rows == [(30, 30, 2, 2)]
        raised = ask(database_url, "SELECT change, count(*) FROM outbox GROUP BY 1 ORDER BY 1")
        assert raised == [("raised", 30), ("updated", 30)]


async def test_the_stream_tells_violations_and_alerts_in_order(database_url: str) -> None:
    async with migrated(database_url) as store:
        async with store.reading.listen() as wakes:
            opened = violation_of()
            await store.commit(work_of(1, roster_of("T1"), versions=[opened], alerts=[change_of(opened)]))
            await asyncio.wait_for(anext(wakes), 10)
        told, raised = await store.reading.events(0, 10)
        assert (told.topic, told.body) == ("violation", opened.as_json())
        alert = await store.reading.alert(int(raised.body["id"]))
        assert alert is not None
        assert (raised.topic, raised.body) == ("alert", alert.as_json())
        assert raised.body["violations"] == ["W1-1"]
        assert await store.reading.events(told.no, 10) == [raised]
        assert (await store.reading.oldest_event(), await store.reading.newest_event()) == (told.no, raised.no)


async def test_no_event_comes_late_below_one_that_was_seen(database_url: str) -> None:
    async with migrated(database_url) as store:
        insert = b"INSERT INTO stream_events (kind, body) VALUES ('alert', '{}') RETURNING event_no"
        async with await AsyncConnection.connect(database_url) as first:
            (number,) = await (await first.execute(insert)).fetchone() or (0,)

            async def second() -> int:
                async with await AsyncConnection.connect(database_url) as conn:
                    row = await (await conn.execute(insert)).fetchone()
                    return row[0] if row else 0

            later = asyncio.create_task(second())
            waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            await eventually(lambda: ask(database_url, waiting) == [(1,)], "the second waits for the first to commit")
            assert await store.reading.events(0, 10) == []
            await first.commit()
        assert await asyncio.wait_for(later, 10) > number
        assert [event.no for event in await store.reading.events(0, 10)] == [number, later.result()]


async def test_dead_letters_hold_any_bytes_and_any_text(database_url: str) -> None:
    letters = [
        DeadLetter("em/v1/00/T\0X/up", b"\x00\xff{", NOON, DeadLetterReason.BAD_TOPIC, cause="\ud800 alone"),
        DeadLetter("em/v1/3f/T1/up", b"", NOON, DeadLetterReason.SCHEMA, "fixes.0.lat", "91 is over 90", "T1", True),
    ]
    async with migrated(database_url) as store:
        await store.commit(work_of(1, roster_of("T1"), dead_letters=letters))
        newest, oldest = await store.reading.dead_letters(DeadLetterFilter(), None, 10)
        assert (newest.topic, newest.payload, newest.device) == (letters[1].topic, b"", "T1")
        assert (newest.field, newest.cause, newest.critical) == ("fixes.0.lat", "91 is over 90", True)
        assert (oldest.topic, oldest.payload) == ("em/v1/00/T\ufffdX/up", b"\x00\xff{")
        assert oldest.received_us == NOON
        assert await store.reading.dead_letters(DeadLetterFilter(critical=True), None, 10) == [newest]
        assert await store.reading.dead_letters(DeadLetterFilter(), newest.no, 10) == [oldest]
        only = DeadLetterFilter(DeadLetterReason.SCHEMA, "T1")
        assert await store.reading.dead_letters(only, None, 10) == [newest]
        counts = await store.reading.counts()
        assert counts.dead_letters == {"bad_topic": 1, "schema": 1}


async def test_a_dead_letter_is_replayed_once_when_its_device_is_learnt(database_url: str) -> None:
    unknown = DeadLetter("em/v1/00/T9/up", b"{}", NOON, DeadLetterReason.UNKNOWN_DEVICE, device="T9")
    async with migrated(database_url) as store:
        roster = roster_of("T1")
        await learn_everything(store, 1, roster)
        await store.commit(work_of(2, roster, dead_letters=[unknown, unknown, replace(unknown, device="T8")]))
        assert await store.replayable(10) == []
        await store.learn([Version(Device("T9", DeviceKind.GPS_TAG))])
        assert await store.replayable(10) == [], "entered is not learnt"
        await learn_everything(store, 3, roster)
        (first, letter), second = await store.replayable(10)
        assert letter == unknown
        assert await store.replayable(1) == [(first, letter)]
        await store.commit(work_of(4, roster, replayed=[first]))
        assert await store.replayable(10) == [second]


async def test_a_storm_of_alerts_is_one_commit(database_url: str) -> None:
    many = [violation_of(f"W{i}-1", kind=Kind.COMMUNICATION_LOST, cause=Cause.UNKNOWN) for i in range(3_000)]
    async with migrated(database_url) as store:
        await store.commit(work_of(1, roster_of("T1"), versions=many, alerts=[change_of(v) for v in many]))
        assert ask(database_url, "SELECT count(*) FROM alerts WHERE state = 'active'") == [(3_000,)]
        ended = [replace(v, version=2, change=Change.CLOSED, to_us=NOON) for v in many]
        await store.commit(work_of(2, roster_of("T1"), versions=ended, alerts=[change_of(v) for v in ended]))
        assert ask(database_url, "SELECT count(*) FROM alerts WHERE state = 'active'") == [(0,)]


async def test_the_database_refuses_words_that_it_does_not_know(database_url: str) -> None:
    async with migrated(database_url) as store:
        await store.commit(work_of(1, roster_of("T1"), alerts=[change_of(violation_of())]))
    with pytest.raises(psycopg.errors.CheckViolation):
        ask(database_url, "UPDATE alert_work SET work = 'forgotten' RETURNING alert_no")
