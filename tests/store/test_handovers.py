"""Handovers as real databases keep them: how things stand, cut to a sight; signed by two, edited by nobody."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from access.sights import sight_of
from domain.callers import Caller
from domain.instants import HOUR_US, MINUTE_US, format_instant
from domain.vocabulary import Kind, Role, Severity
from store.audit import entry_of
from tests.api.doors import asks
from tests.console.world import night
from tests.store.made import change_of, violation_of

OLA = Caller("ola", Role.OPERATOR, None)
PIA = Caller("pia", Role.OPERATOR, None)
ELSEWHERE = Caller("kim", Role.OPERATOR, frozenset({"nowhere"}))


async def test_how_things_stand_is_told_of_what_is_seen(database_url: str, tmp_path: Path) -> None:
    async with night(database_url, tmp_path) as world:
        there, now = world.made.store.handovers, world.clock()
        told = await there.picture(sight_of(OLA), now)
        assert {one.severity: (one.number, one.unclaimed) for one in told.open} == {
            "critical": (3, 2),
            "serious": (3, 3),
            "warning": (2, 2),
            "information": (1, 1),
        }
        assert [(one.severity, one.holder) for one in told.claimed] == [("critical", "pia")]
        assert [one.severity for one in told.unclaimed[:3]] == ["critical", "critical", "serious"]
        assert told.unclaimed[0].raised_us < told.unclaimed[1].raised_us
        assert (told.raised, told.closed, told.since_us) == (9, 0, now - 12 * HOUR_US)
        nobody = await there.picture(sight_of(ELSEWHERE), now)
        assert (nobody.open, nobody.claimed, nobody.unclaimed, nobody.overdue, nobody.raised) == ([], [], [], [], 0)


async def test_what_lapses_and_what_was_promised_is_overdue(database_url: str, tmp_path: Path) -> None:
    async with night(database_url, tmp_path, 2, alerts=False) as world:
        alert = await world.raised("W1001", Kind.STRAP_TAMPER, Severity.CRITICAL, condition=None, device="TW1001")
        await world.post(f"alerts/{alert}/claim")
        due = {"promised": "to ring back", "promised_at": "2026-11-21T22:40:00Z"}
        await world.post(f"alerts/{alert}/contacts", {"party": "wearer", "answered": True, "said": "wait"} | due)
        until = {"wearer": "W1002", "to": "2026-11-21T23:30:00Z", "reason": "in court"}
        mute = await world.post("mutes", until)
        there = world.made.store.handovers
        before = await there.picture(sight_of(OLA), world.clock())
        assert not [one for one in before.overdue if one.what == "promise"]
        assert [(str(one.no), one.alerts) for one in before.muted] == [(mute["id"], [])]
        world.clock.now_us += 12 * MINUTE_US
        after = await there.picture(sight_of(OLA), world.clock())
        whats = {one.what for one in after.overdue if one.alert_no == alert}
        assert {"claim", "promise", "timer"} == whats
        world.clock.now_us += 2 * HOUR_US
        later = await there.picture(sight_of(OLA), world.clock())
        assert later.muted == []
        (task,) = [one for one in later.overdue if one.what == "task" and one.alert_no == alert]
        # A call that is not to be made before is not overdue before: the alert's other tasks are done.
        world.ask(
            "UPDATE tasks SET done_at = made_at, done_by = 'ola' WHERE alert_no = %s AND target <> 'victim' RETURNING 1",
            alert,
        )
        waits_until = "2026-11-22T08:00:00Z"
        assert world.ask(
            "UPDATE notifications n SET next_at = %s FROM tasks t WHERE t.key = n.id AND t.alert_no = %s RETURNING 1",
            *(waits_until, alert),
        )
        waiting = await there.picture(sight_of(OLA), world.clock())
        assert not [one for one in waiting.overdue if one.what == "task"]
        world.clock.now_us += 8 * HOUR_US
        over = await there.picture(sight_of(OLA), world.clock())
        (again,) = [one for one in over.overdue if one.what == "task"]
        assert (format_instant(again.due_us), again.alert_no) == (waits_until, task.alert_no)


async def test_it_is_signed_by_two_and_kept_as_it_was(database_url: str, tmp_path: Path) -> None:
    async with night(database_url, tmp_path, 1, alerts=False) as world:
        there, now = world.made.store.handovers, world.clock()
        left = entry_of(OLA, now, "alerts.work", "handover")
        number = await there.enter("Mind alert 7", {"raised": 3}, now - HOUR_US, left)
        row = await there.one(number)
        assert row is not None
        assert (row.made_by, row.note, row.told, row.taken_by) == ("ola", "Mind alert 7", {"raised": 3}, None)
        assert not await there.take(number, None, entry_of(OLA, now, "alerts.work", "handover"))
        assert await there.take(number, "seen", entry_of(PIA, now, "alerts.work", "handover"))
        assert not await there.take(number, None, entry_of(PIA, now, "alerts.work", "handover"))
        assert [one.no for one in await there.page(None, 10)] == [number]
        assert (await there.picture(sight_of(OLA), now + HOUR_US)).since_us == now
        assert world.ask("SELECT body -> 'subjects' FROM audit_bodies WHERE body ->> 'subject_type' = 'handover'") == [
            ([str(number)],),
            ([str(number)],),
        ]


async def test_whoever_reads_one_is_told_of_the_alerts_that_they_see(database_url: str, tmp_path: Path) -> None:
    async with night(database_url, tmp_path) as world:
        nobodys = violation_of("parked-T9", wearer=None, device="T9", kind=Kind.FAULT, decided_us=world.clock())
        await world.made.commit([], [change_of(nobodys)], at_us=world.clock())
        await world.made.look(world.clock())
        await world.post("mutes", {"wearer": "W1004", "to": "2026-11-21T23:30:00Z", "reason": "in court"})
        made = await world.post("handovers", {"note": "Mind alert 7"})
        (own,) = world.ask("SELECT alert_no FROM alerts WHERE episode = 'parked-T9'")[0]
        assert (len(made["told"]["open"]), len(made["told"]["muted"]), len(made["told"]["claimed"])) == (4, 1, 1)
        kim = asks("kim", "operator", "nowhere")
        one = await world.get(f"handovers/{made['id']}", kim)
        (listed,) = (await world.get("handovers", kim))["items"]
        for told in (one, listed, await world.post(f"handovers/{made['id']}/take", {}, kim)):
            assert (told["note"], told["told"]["raised"]) == ("Mind alert 7", made["told"]["raised"])
            assert [item["alert"] for item in told["told"]["unclaimed"]] == [str(own)]
            lists = [told["told"][name] for name in ("open", "claimed", "muted")]
            assert lists == [[], [], []]
            assert {item["alert"] for item in told["told"]["overdue"]} <= {str(own)}
        assert (await world.get(f"handovers/{made['id']}"))["told"] == made["told"]


@pytest.mark.parametrize("column", ["note = 'other'", "told = '{}'", "made_by = 'pia'"])
async def test_the_api_cannot_edit_what_was_told(database_url: str, tmp_path: Path, column: str) -> None:
    async with night(database_url, tmp_path, 1, alerts=False) as world:
        with psycopg.connect(world.made.url, autocommit=True) as conn:
            conn.execute("SET ROLE bailiwick_api")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                conn.execute(f"UPDATE handovers SET {column}")
