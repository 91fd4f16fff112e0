"""The desk over a real database: what people do to alerts, and what follows of it in the same transaction."""

from __future__ import annotations

import asyncio

import psycopg
import pytest

from alerts.desk import AlertsWanted, Desk, Done, Item, Wish
from alerts.desk_errors import NoSuchAlert, StaleRevision, Unacceptable
from alerts.desk_records import Contact, DeskRecords, Party
from alerts.machine import LONGEST_TEXT, Actor, Illegal
from alerts.mutes import MuteRefused
from alerts.work_store import AlertWork as AlertStore
from domain.callers import Sight
from domain.instants import DAY_US, HOUR_US, MINUTE_US
from domain.records import Version, Wearer
from domain.vocabulary import AlertEvent, AlertWork, Change, Channel, Kind, Level, Outcome, Role, Severity
from store.desk_reading import tasks_open
from store.reading_types import AlertFilter
from tests.alerts.at_desk import ACTION, CLAIM, OLA, PIA, SAM, TOM, VERA, AtDesk, at_desk, close
from tests.store.alert_making import ZONES, Made
from tests.store.made import NOON, ask, change_of, violation_of
from tests.waiting import eventually

ALL = Sight(everything=True, centre=True)


async def test_a_claim_an_action_and_a_closing_are_recorded_with_who_when_and_why(database_url: str) -> None:
    async with at_desk(database_url) as at:
        claimed = await at.do(CLAIM, revision=1)
        at.clock.forward(60)
        await at.do(Wish(AlertEvent.ACTION, note="rang him", explanation="the bus was late"), revision=claimed.revision)
        at.clock.forward(60)
        done = await at.do(close())
        assert (done.job.work, done.job.outcome, done.job.closed_by) == (AlertWork.CLOSED, Outcome.CONFIRMED, "ola")
        events = at.ask("SELECT event, by_name, by_role, from_work, to_work, note, explanation, outcome, revision "
                        "FROM alert_events ORDER BY event_no")  # fmt: skip
        assert events == [
            ("claim", "ola", "operator", "raised", "claimed", None, None, None, 2),
            ("action", "ola", "operator", "claimed", "actioned", "rang him", "the bus was late", None, 3),
            ("close", "ola", "operator", "actioned", "closed", "seen on the map", None, "confirmed", 4),
        ]
        row = await at.made.store.reading.alert(1)
        assert row is not None
        assert (row.work, row.revision, row.outcome, row.closed_by) == (AlertWork.CLOSED, 4, Outcome.CONFIRMED, "ola")
        streamed = at.ask("SELECT body ->> 'work' FROM stream_events WHERE kind = 'alert' ORDER BY event_no")
        assert [work for (work,) in streamed] == ["raised", "claimed", "actioned", "closed"]


async def test_a_claim_stops_what_waits_for_one_and_names_when_it_ends(database_url: str) -> None:
    async with at_desk(database_url) as at:
        assert at.ask("SELECT name FROM timers ORDER BY name") == [("step:3",)]
        await at.do(CLAIM)
        assert at.ask("SELECT name FROM timers ORDER BY name") == [("claim",)]
        row = await at.made.store.reading.alert(1)
        assert row is not None
        assert row.claim_ends_us == at.clock() + 15 * MINUTE_US
        assert (row.holder, row.as_json()["revision"]) == ("ola", "2")
        (mine,) = await at.made.store.reading.alerts(AlertFilter(holder="ola", works=[AlertWork.CLAIMED]), None, 10)
        assert mine.no == 1
        at.clock.forward(15 * 60)
        await at.look()
        row = await at.made.store.reading.alert(1)
        assert row is not None
        assert (row.work, row.holder, row.unclaimed_us) == (AlertWork.RAISED, None, at.clock())


async def test_a_claim_that_lapsed_unseen_keeps_nobody_else_out(embedded_url: str) -> None:
    async with at_desk(embedded_url) as at:
        await at.do(CLAIM, PIA)
        at.clock.forward(15 * 60 - 2)
        with pytest.raises(Illegal, match="pia has claimed it"):
            await at.do(CLAIM, OLA)
        at.clock.forward(2)
        assert (await at.do(CLAIM, OLA)).job.holder == "ola"
        events = at.ask("SELECT event, by_name, revision FROM alert_events ORDER BY event_no")
        assert events == [("claim", "pia", 2), ("expire", None, 3), ("claim", "ola", 4)]


async def test_a_stale_version_says_who_changed_it_and_when_and_changes_nothing(database_url: str) -> None:
    async with at_desk(database_url) as at:
        await at.do(CLAIM, PIA, revision=1)
        with pytest.raises(StaleRevision, match="revision 2, not 1: pia did claim at 2026-11-21T12:00:01Z") as refused:
            await at.do(CLAIM, OLA, revision=1)
        assert (refused.value.by, refused.value.at_us, refused.value.revision) == ("pia", at.clock(), 2)
        assert at.ask("SELECT holder, revision FROM alert_work") == [("pia", 2)]


async def test_what_the_machine_refuses_changes_nothing(database_url: str) -> None:
    async with at_desk(database_url) as at:
        await at.do(CLAIM, PIA)
        with pytest.raises(Illegal, match="pia has claimed it"):
            await at.do(CLAIM, OLA)
        with pytest.raises(Illegal, match="in your own words"):
            await at.do(close(note="  "), PIA)
        with pytest.raises(Illegal, match="does not work on alerts"):
            await at.do(ACTION, VERA)
        with pytest.raises(NoSuchAlert, match="there is no alert 99"):
            await at.do(CLAIM, alert_no=99)
        assert at.ask("SELECT revision, work FROM alert_work") == [(2, "claimed")]
        await at.do(CLAIM, SAM)
        assert at.ask("SELECT holder FROM alert_work") == [("sam",)]


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        (Wish(AlertEvent.EXPIRE), "event"),
        (Wish(AlertEvent.WITHDRAW), "event"),
        (Wish(AlertEvent.ACTION, note="a\0b"), "note"),
        (Wish(AlertEvent.ACTION, explanation="\ud800"), "explanation"),
        (Wish(AlertEvent.ACTION, note="x" * (LONGEST_TEXT + 1)), "note"),
    ],
)
async def test_what_nobody_can_store_or_do_is_refused_with_its_field(embedded_url: str, wish: Wish, field: str) -> None:
    async with at_desk(embedded_url) as at:
        with pytest.raises(Unacceptable) as refused:
            await at.do(wish)
        assert refused.value.field == field
        assert at.ask("SELECT count(*) FROM alert_events") == [(0,)]


async def test_a_person_escalates_to_who_is_above(embedded_url: str) -> None:
    async with at_desk(embedded_url) as at:
        await at.do(Wish(AlertEvent.ESCALATE, note="I need help"))
        await at.do(Wish(AlertEvent.ESCALATE), SAM)
        told = at.ask("SELECT target, reason FROM notifications WHERE text = 'escalated' ORDER BY notification_no")
        assert told == [("supervisor", "escalation"), ("duty_manager", "escalation")]


async def test_closed_as_equipment_the_violations_are_disputed_until_the_officer_decides(database_url: str) -> None:
    async with at_desk(database_url) as at:
        await at.do(close(Outcome.EQUIPMENT, "the strap was replaced"))
        query = "SELECT id, body ->> 'violation', body ->> 'decision', body ->> 'by', cancelled FROM caseload_records "
        query += "WHERE type = 'assessment' ORDER BY record_no"
        assert at.ask(query) == [("alert-1-2-1", "W1-1", "disputed", "ola", False)]
        waiting = await at.made.store.unlearnt()
        assert [version.record.id for _, version in waiting] == ["alert-1-2-1"]
        at.clock.forward(30)
        await at.do(Wish(AlertEvent.REOPEN))
        assert [row[-1] for row in at.ask(query)] == [False, True], "what was undone disputes nothing"
        with pytest.raises(Illegal):
            await at.do(Wish(AlertEvent.REOPEN))
        await at.do(close(Outcome.FALSE))
        assert at.ask(query)[2][:3] == ("alert-1-4-1", "W1-1", "disputed")


async def test_what_an_officer_decided_is_not_disputed_by_a_closing(embedded_url: str) -> None:
    async with at_desk(embedded_url) as at:
        await at.do(close(Outcome.FALSE))
        ask(at.made.url, "UPDATE caseload_records SET body = jsonb_set(body, '{decision}', '\"upheld\"') "
                         "WHERE type = 'assessment' RETURNING 1")  # fmt: skip
        at.clock.forward(10)
        ask(at.made.url, "UPDATE caseload_records SET id = 'B1', body = jsonb_set(body, '{id}', '\"B1\"') "
                         "WHERE type = 'assessment' RETURNING 1")  # fmt: skip
        await at.do(Wish(AlertEvent.REOPEN))
        await at.do(close(Outcome.FALSE))
        assert at.ask("SELECT id FROM caseload_records WHERE type = 'assessment'") == [("B1",)]


async def test_who_was_told_is_stood_down_when_a_closing_can_no_longer_be_undone(database_url: str) -> None:
    async with at_desk(database_url) as at:
        (leased,) = await at.made.work.lease(Channel.SMS, at.clock(), at.clock() + MINUTE_US, 10)
        await at.made.work.sent(leased.no, at.clock())
        await at.do(close(Outcome.FALSE))
        query = "SELECT target, channel, state FROM notifications WHERE reason = 'stood_down' ORDER BY rank"
        assert at.ask(query) == []
        at.clock.forward(61)
        await at.look()
        down = [("victim", "call", "sent"), ("police", "sms", "waiting"), ("operator", "console", "sent")]
        assert at.ask(query) == down
        ((task,),) = at.ask("SELECT text FROM tasks WHERE key LIKE '%down%'")
        assert task == "closed_false", "whoever was rung is rung again"


# ---- bulk ----


async def with_many(at: AtDesk, number: int, names: str = "X") -> None:
    """More alerts, each of a wearer of its own, looked at."""
    found = [violation_of(f"{names}{n}-1") for n in range(number)]
    await at.made.commit(found)
    await at.look()


async def test_mixed_states_do_not_fail_the_lot(database_url: str) -> None:
    async with at_desk(database_url) as at:
        await with_many(at, 3)
        await at.do(CLAIM, PIA, alert_no=2)
        await at.do(close(), alert_no=3)
        items = [Item(1, 1), Item(2, 2), Item(3, 2), Item(4, 7), Item(99)]
        results = await at.desk.bulk(items, close(Outcome.EXPLAINED, "one note"), OLA)
        assert [result.alert_no for result in results] == [1, 2, 3, 4, 99]
        assert [type(result.error) for result in results] == [type(None), Illegal, Illegal, StaleRevision, NoSuchAlert]
        assert at.ask("SELECT alert_no, work FROM alert_work ORDER BY 1") == [
            *((1, "closed"), (2, "claimed"), (3, "closed"), (4, "raised"))
        ]
        assert at.ask("SELECT alert_no, note FROM alert_events WHERE outcome = 'explained'") == [(1, "one note")]


async def test_a_snapshot_is_what_was_seen_and_no_more(database_url: str) -> None:
    async with at_desk(database_url) as at:
        await with_many(at, 3)
        await at.do(CLAIM, PIA, alert_no=2)
        seen = await at.desk.snapshot(AlertsWanted(works=(AlertWork.RAISED,), kinds=[Kind.EXCLUSION_ZONE]), ALL)
        assert seen == [Item(1, 1), Item(3, 1), Item(4, 1)]
        await at.do(CLAIM, PIA, alert_no=3)
        await at.made.raised("X9-1")
        results = await at.desk.bulk(seen, close(), OLA)
        assert [result.error is None for result in results] == [True, False, True]
        wanted = AlertsWanted(severities=[Severity.CRITICAL], wearer="X9", raised_before_us=NOON + 1)
        assert await at.desk.snapshot(wanted, ALL) == [Item(5, 1)]


async def test_a_snapshot_counts_to_its_limit_what_is_in_sight_alone(embedded_url: str) -> None:
    async with at_desk(embedded_url) as at:
        for number in (1, 2):
            await at.made.raised(f"X{number}-1")
        await at.made.look(at.clock())
        latest = Sight(wearers=frozenset({"X2"}))
        assert await at.desk.snapshot(AlertsWanted(), latest, 1) == [Item(3, 1)]
        assert await at.desk.snapshot(AlertsWanted(wearer="X1"), latest) == []


async def test_too_many_at_once_and_one_named_twice_are_refused(embedded_url: str) -> None:
    async with at_desk(embedded_url) as at:
        for items in ([Item(n) for n in range(1001)], [Item(1), Item(1)]):
            with pytest.raises(Unacceptable) as refused:
                await at.desk.bulk(items, CLAIM, OLA)
            assert refused.value.field == "items"
        assert await at.desk.bulk([], CLAIM, OLA) == []


@pytest.mark.slow
@pytest.mark.parametrize("outcome", [Outcome.CONFIRMED, Outcome.FALSE])
async def test_500_alerts_are_closed_at_once(timescale_url: str, outcome: Outcome) -> None:
    """How long that takes is bench/storm's."""
    async with at_desk(timescale_url) as at:
        await with_many(at, 499, "Lx")
        seen = await at.desk.snapshot(AlertsWanted(), ALL)
        assert len(seen) == 500
        results = await at.desk.bulk(seen, close(outcome), OLA)
        assert all(result.error is None for result in results)
        assert at.ask("SELECT count(*) FROM alert_work WHERE work = 'closed'") == [(500,)]


async def test_what_was_to_be_done_about_an_alert_is_not_when_it_is_closed(database_url: str) -> None:
    async with at_desk(database_url) as at:
        made = (
            "INSERT INTO tasks (alert_no, key, target, text, made_at) VALUES (1, 'k', 'wearer', 't', now()) RETURNING 1"
        )
        at.ask(made)
        async with at.made.work.asking() as conn:
            before = [task.key for task in await tasks_open(conn, None, 100)]
            await at.do(close())
            after = [task.key for task in await tasks_open(conn, None, 100)]
        assert "k" in before
        assert after == []


# ---- the contact log ----


@pytest.mark.parametrize(
    ("contact", "field"),
    [
        (Contact(Party.WEARER, wearer="W2"), "wearer"),
        (Contact(Party.VICTIM, victim="V9"), "victim"),
        (Contact(Party.WEARER, answered=False, answered_by="mother"), "answered_by"),
    ],
)
async def test_a_contact_with_somebody_else_is_not_this_alerts(embedded_url: str, contact: Contact, field: str) -> None:
    async with at_desk(embedded_url) as at:
        with pytest.raises(Unacceptable) as refused:
            await at.records.contact(1, contact, OLA)
        assert refused.value.field == field
        assert at.ask("SELECT count(*) FROM contacts") == [(0,)]


async def test_the_adult_responsible_for_a_wearer_answers_for_them(database_url: str) -> None:
    async with at_desk(database_url) as at:
        await at.do(CLAIM)
        for answered in (False, True):
            call = Contact(Party.RESPONSIBLE_ADULT, number="0000", answered=answered)
            await at.records.contact(1, call, OLA)
            answers = (await at.made.view(1, at.clock())).around.answers
            assert (answers.wearer, answers.victim) == (answered, None)


async def test_a_call_that_is_not_answered_is_known_to_the_next_look(database_url: str) -> None:
    async with at_desk(database_url) as at:
        await at.do(CLAIM)
        at.clock.forward(14 * 60)
        call = Contact(Party.WEARER, number="0000", answered=False)
        assert await at.records.contact(1, call, OLA) == 1
        view = await at.made.view(1, at.clock())
        assert view.around.answers.wearer is False
        assert view.job.renewed_us == at.clock(), "a call by the holder is an action"
        said = Contact(Party.WEARER, inbound=True, answered_by="himself", said="my phone was off")
        await at.records.contact(1, said, OLA)
        view = await at.made.view(1, at.clock())
        assert view.around.answers.wearer is True, "who rings us has been reached"
        assert at.ask("SELECT explanation, why FROM alert_events WHERE event = 'action' ORDER BY event_no") == [
            (None, "contact:1"),
            ("my phone was off", "contact:2"),
        ]
        assert at.ask("SELECT wearer, number, answered_by FROM contacts ORDER BY contact_no") == [
            ("W1", "0000", None),
            ("W1", None, "himself"),
        ]


async def test_a_promise_that_is_not_kept_comes_back(database_url: str) -> None:
    async with at_desk(database_url) as at:
        due_us = at.clock() + 20 * MINUTE_US
        promise = Contact(Party.WEARER, answered=True, promised="be home", promised_us=due_us)
        first = await at.records.contact(1, promise, PIA)
        second = await at.records.contact(1, promise, PIA)
        assert at.ask("SELECT count(*) FROM timers WHERE name LIKE 'promise:%'") == [(2,)]
        await at.records.kept(second, PIA)
        assert at.ask("SELECT name FROM timers WHERE name LIKE 'promise:%'") == [(f"promise:{first}",)]
        with pytest.raises(Unacceptable, match="was marked as kept before"):
            await at.records.kept(second, PIA)
        at.clock.forward(20 * 60)
        await at.look()
        told = at.ask("SELECT DISTINCT target FROM notifications WHERE text = 'promise_due' ORDER BY 1")
        assert told == [("operator",), ("supervisor",)]


async def test_a_contact_about_no_alert_is_kept_and_bad_ones_change_nothing(database_url: str) -> None:
    async with at_desk(database_url) as at:
        inbound = Contact(Party.VICTIM, inbound=True, said="is he near?", victim="V1", police_log="LOG 12")
        assert await at.records.contact(None, inbound, OLA) == 1
        promised = {"promised": "ring back", "promised_us": at.clock() + 1}
        bad = [
            (None, Contact(Party.OTHER, **promised), OLA, "promised"),
            (1, Contact(Party.OTHER, promised="ring back"), OLA, "promised"),
            (1, Contact(Party.OTHER, promised="x", promised_us=at.clock()), OLA, "promised_at"),
            (1, Contact(Party.OTHER, said="x" * 5000), OLA, "said"),
            (1, Contact(Party.OTHER, number="1\0"), OLA, "number"),
            (1, Contact(Party.OTHER), VERA, "actor"),
        ]
        for alert_no, contact, actor, field in bad:
            with pytest.raises(Unacceptable) as refused:
                await at.records.contact(alert_no, contact, actor)
            assert refused.value.field == field
        with pytest.raises(NoSuchAlert):
            await at.records.contact(99, Contact(Party.OTHER), OLA)
        assert at.ask("SELECT count(*) FROM contacts") == [(1,)]


async def test_a_task_is_done_once_by_somebody(database_url: str) -> None:
    async with at_desk(database_url) as at:
        await at.records.task_done(1, OLA)
        with pytest.raises(Unacceptable, match="ola did task 1 at 2026-11-21T12:00:01Z"):
            await at.records.task_done(1, PIA)
        with pytest.raises(Unacceptable, match="there is no task 99"):
            await at.records.task_done(99, PIA)


async def test_failure_22_what_rests_on_a_withdrawn_violation_is_a_critical_alert(database_url: str) -> None:
    async with at_desk(database_url) as at:
        await at.records.rests("warrant", "WR-7", ["W1-1"], "court.officer")
        await at.records.rests("warrant", "WR-7", ["W1-1"], "court.officer")
        await at.records.rests("recall", "RC-1", ["W1-1"], "court.officer")
        await at.records.rests_no_more("recall", "RC-1")
        gone = violation_of("W1-1", 2, change=Change.WITHDRAWN)
        await at.made.commit([gone], [change_of(gone, withdrawn=True)])
        await at.look()
        found = at.ask("SELECT a.kind, a.severity, w.about ->> 'rests_on', a.wearer FROM alerts a "
                       "JOIN alert_work w USING (alert_no) WHERE a.kind = 'rests_on_withdrawn'")  # fmt: skip
        assert found == [("rests_on_withdrawn", "critical", "warrant:WR-7", "W1")]
        with pytest.raises(Unacceptable):
            await at.records.rests("rumour", "R1", ["W1-1"], "x")


# ---- mutes ----


async def test_a_mute_is_looked_at_now_and_what_is_still_open_when_it_ends_is_alerted_then(database_url: str) -> None:
    async with at_desk(database_url) as at:
        await at.made.commit([violation_of("W1-2", kind=Kind.BATTERY_LOW, condition=None, device="T1")])
        from_us = at.clock()
        seen = (await at.records.mute_preview("W1", from_us, from_us + HOUR_US)).stretches
        assert [(one.from_us, one.to_us, one.quiet) for one in seen] == [(from_us, from_us + HOUR_US, True)]
        assert await at.records.mute("W1", from_us, from_us + HOUR_US, "a known fault of the charger", SAM) == 1
        await at.look()
        muted = "SELECT alert_no, detail FROM notifications WHERE reason = 'muted_by'"
        assert at.ask(muted) == [(2, "1")], "an exclusion zone is covered by no mute"
        assert at.ask("SELECT count(*) FROM notifications WHERE alert_no = 2 AND sends") == [(0,)]
        assert at.ask("SELECT name FROM timers WHERE alert_no = 2") == [("quiet",)]
        at.clock.forward(600)
        await at.records.end_mute(1, OLA)
        with pytest.raises(Unacceptable, match="no mute 1 that is not over"):
            await at.records.end_mute(1, OLA)
        await at.look()
        assert at.ask("SELECT count(*) > 0 FROM notifications WHERE alert_no = 2 AND sends") == [(True,)]


async def test_a_mute_that_may_not_be_is_refused(database_url: str) -> None:
    async with at_desk(database_url) as at:
        now_us = at.clock()
        await at.made.learn(Version(Wearer("W2", level=Level.INTENSIVE)))
        for wearer, to_us, reason, actor, field in (
            *(("W1", now_us + DAY_US + 1, "why", SAM, "to"), ("W1", now_us + 1, " ", SAM, "reason")),
            *(("W2", now_us + 1, "why", OLA, "by"), ("W3", now_us + 1, "why", SAM, "wearer")),
            *(("W1", now_us + 1, "why", VERA, "actor"), ("W1", now_us + 1, "a\0b", SAM, "reason")),
        ):
            with pytest.raises((MuteRefused, Unacceptable)) as refused:
                await at.records.mute(wearer, now_us, to_us, reason, actor)
            assert refused.value.field == field
        assert at.ask("SELECT count(*) FROM mutes") == [(0,)]
        await at.records.mute("W1", now_us, now_us + 20 * HOUR_US, "why", SAM)
        with pytest.raises(MuteRefused, match="joins mutes that stand"):
            await at.records.mute("W1", now_us + 20 * HOUR_US, now_us + 30 * HOUR_US, "why", SAM)
        query = "INSERT INTO mutes (wearer, from_at, to_at, reason, made_at, by_name, by_role) VALUES "
        query += "('W1', now(), now() + interval '25 hours', 'why', now(), 'sam', 'supervisor') RETURNING 1"
        with pytest.raises(psycopg.errors.CheckViolation):
            at.ask(query)


# ---- two at once ----


async def test_failure_14_two_who_claim_at_once_are_one_who_has_it(database_url: str) -> None:
    async with at_desk(database_url) as at:
        wishes = [at.do(CLAIM, Actor(f"op{n}", Role.OPERATOR), revision=1) for n in range(4)]
        results = await asyncio.gather(*wishes, return_exceptions=True)
        done = [one for one in results if isinstance(one, Done)]
        assert len(done) == 1
        assert sum(isinstance(one, StaleRevision) for one in results) == 3
        ((holder,),) = at.ask("SELECT holder FROM alert_work")
        assert holder == done[0].job.holder
        assert at.ask("SELECT count(*) FROM alert_events") == [(1,)]


@pytest.mark.slow
async def test_failure_14_desks_dispatchers_and_ingest_at_once_never_stop_each_other(timescale_url: str) -> None:
    """Everybody at the same alerts: a deadlock would be an error of one of them, a wait for ever a timeout."""
    async with at_desk(timescale_url) as at, await AlertStore.open(timescale_url, ZONES) as other:
        at.clock.forward(300)
        desks = [at.desk, Desk(other, at.guide, at.clock)]
        records = DeskRecords(other, at.guide, at.clock)
        over = asyncio.Event()

        async def dispatch() -> None:
            while not over.is_set():
                await Made(at.made.store, other, timescale_url).look(at.clock(), limit=5)
                for one in await other.lease(Channel.SMS, at.clock(), at.clock() + MINUTE_US, 20):
                    await (other.given_up(one.no, "no", at.clock()) if one.no % 2 else other.sent(one.no, at.clock()))

        rounds = {"sam": 0, "tom": 0}

        async def work(desk: Desk, actor: Actor) -> None:
            while not over.is_set():
                rounds[actor.name] += 1
                items = await desk.snapshot(AlertsWanted(works=tuple(AlertWork)), ALL)
                await desk.bulk(items[::-1], CLAIM, actor)
                await desk.bulk(items, close(Outcome.FALSE), actor)
                await desk.bulk(items[::-1], Wish(AlertEvent.REOPEN), actor)

        async def record() -> None:
            while not over.is_set():
                await records.contact(1, Contact(Party.VICTIM, answered=False), SAM)
                await records.end_mute(await records.mute("W1", at.clock(), at.clock() + HOUR_US, "why", SAM), SAM)

        tasks = [dispatch(), dispatch(), work(desks[0], SAM), work(desks[1], TOM), record()]
        running = [asyncio.create_task(task) for task in tasks]
        for number in range(12):
            found = [violation_of(f"W1-{number + 2}"), violation_of(f"X{number}-1")]
            await asyncio.wait_for(at.made.commit(found), 20)
            gone = [violation_of(found[1].id, 2, change=Change.WITHDRAWN)]
            await asyncio.wait_for(at.made.commit(gone, [change_of(one, withdrawn=True) for one in gone]), 20)
        await eventually(lambda: min(rounds.values()) > 4, "both desks have been round several times")
        over.set()
        await asyncio.wait_for(asyncio.gather(*running), 30)
        await at.look()
        assert at.ask("SELECT count(*) FROM outbox WHERE told_at IS NULL") == [(0,)]
        # Every event follows the one before it, whoever caused it.
        broken = "SELECT count(*) FROM (SELECT from_work, lag(to_work) OVER (PARTITION BY alert_no ORDER BY revision) AS was, "
        broken += "revision FROM alert_events) AS e WHERE was IS NOT NULL AND was <> from_work"
        assert at.ask(broken) == [(0,)]
        assert at.ask("SELECT count(*) > 50 FROM alert_events") == [(True,)]


async def test_ingest_waits_for_nobody_who_holds_an_alert(database_url: str) -> None:
    async with at_desk(database_url) as at, at.made.work.hold([1], at.clock()) as held:
        shut = violation_of("W1-1", 2, change=Change.CLOSED, to_us=NOON + MINUTE_US)
        await asyncio.wait_for(at.made.commit([shut]), 5)
        assert [view.alert.active for view in held.views] == [True]
        await at.look()
        assert at.ask("SELECT count(*) FROM outbox WHERE told_at IS NULL") == [(1,)], "held: left to be looked at"


def test_an_unknown_event_is_no_event() -> None:
    with pytest.raises(ValueError, match="'explode' is not a valid AlertEvent"):
        AlertEvent("explode")
