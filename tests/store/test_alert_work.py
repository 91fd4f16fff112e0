"""Alert work over both editions of the database: what a look reads, what it writes, who holds what."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from alerts.desk import Desk, DeskGuide, Item, Wish
from alerts.looking import look_at
from alerts.machine import Actor, Job
from alerts.protocols import Target
from alerts.state import Plan, Raise
from alerts.work_store import AlertWork
from domain.instants import DAY_US, HOUR_US, MINUTE_US, SECOND_US, parse_instant
from domain.records import Condition, Order, Place, Timetable, TimetableRow, Version, Victim, Wearer
from domain.vocabulary import (
    AlertCondition,
    AlertEvent,
    Change,
    Channel,
    Code,
    ConditionKind,
    Kind,
    Level,
    OrderKind,
    Outcome,
    Quality,
    Role,
    Severity,
)
from store import Busy, Refused
from tests.store.alert_making import PROTOCOLS, ZONES, Made, alerts_at, resolve
from tests.store.made import NOON, ask, change_of, fixes_of, roster_of, violation_of
from tests.waiting import eventually

LATER = NOON + SECOND_US


async def test_an_alert_is_looked_at_once_for_what_changed(database_url: str) -> None:
    async with alerts_at(database_url) as made:
        assert await made.work.next_look_us() is None
        await made.raised()
        assert await made.work.next_look_us() is not None
        (view,) = await made.look(LATER)
        assert (view.alert.no, view.alert.wearer, view.revision) == (1, "W1", 1)
        assert (view.job, view.plan) == (Job(NOON), Plan())
        assert await made.look(LATER + SECOND_US) == []
        assert ask(database_url, "SELECT count(*) FROM outbox WHERE told_at IS NULL") == [(0,)]
        assert await made.work.next_look_us() == NOON + 120 * SECOND_US


async def test_what_a_look_wrote_is_what_the_next_one_reads(database_url: str) -> None:
    async with alerts_at(database_url) as made:
        await made.raised()
        (before,) = await made.look(LATER)
        wrote = look_at(before, PROTOCOLS, resolve, LATER).looked
        after = await made.view(1, LATER)
        assert (after.job, after.plan) == (wrote.job, wrote.plan)
        told = [one.target for one in after.told]
        assert told == [Target.VICTIM, Target.OPERATOR], "who is to be rung counts as told, and what the console shows"
        shut = violation_of("W1-1", 2, change=Change.CLOSED, to_us=NOON + 30 * SECOND_US)
        await made.commit([shut])
        (view,) = await made.look(NOON + MINUTE_US)
        assert not view.alert.active
        assert (await made.view(1, NOON + MINUTE_US)).job.condition is AlertCondition.CLEARED
        events = ask(database_url, "SELECT event, by_name, why, revision FROM alert_events")
        assert events == [("clear", None, "over", 2)]


async def test_a_plan_that_another_version_wrote_begins_anew_and_stops_nobody(embedded_url: str) -> None:
    async with alerts_at(embedded_url) as made:
        await made.raised()
        await made.look(LATER)
        ask(embedded_url, "UPDATE alert_work SET plan = '{\"of_tomorrow\": 1}' RETURNING 1")
        await made.commit([violation_of("W1-1", 2, change=Change.AMENDED)])
        await made.look(LATER + SECOND_US)
        told = ask(embedded_url, "SELECT target, count(*) FROM notifications GROUP BY 1 ORDER BY 1")
        assert told == [("operator", 2), ("police", 2), ("victim", 2)]
        assert (await made.view(1, LATER)).plan.protocol == "one"


async def test_a_change_that_comes_during_a_look_is_looked_at_once_more(database_url: str) -> None:
    async with alerts_at(database_url) as made:
        await made.raised()
        async with made.work.take(LATER, 10) as taken:
            shut = violation_of("W1-1", 2, change=Change.CLOSED, to_us=NOON + 30 * SECOND_US)
            await asyncio.wait_for(made.commit([shut]), 5)
            await taken.write([look_at(view, PROTOCOLS, resolve, LATER) for view in taken.views])
        (view,) = await made.look(LATER)
        assert not view.alert.active


async def killed(made: Made) -> None:
    """A dispatcher that ends after it wrote and before the COMMIT."""
    async with made.work.take(LATER, 6) as mine:
        await mine.write([look_at(view, PROTOCOLS, resolve, LATER) for view in mine.views])
        raise RuntimeError("killed")


async def unstorable(made: Made) -> None:
    """A look that tells an address with U+0000."""
    async with made.work.take(LATER, 6) as taken:
        (view,) = taken.views
        written = look_at(view, PROTOCOLS, resolve, LATER)
        bad = replace(written.notifications[0], address="a\0b")
        await taken.write([replace(written, notifications=(bad,))])


async def test_the_critical_come_first_and_others_leave_out_what_one_has(database_url: str) -> None:
    async with alerts_at(database_url) as made, await AlertWork.open(database_url, ZONES) as other:
        found = [violation_of(f"X{n}-1") for n in range(6)]
        severities = [Severity.INFORMATION, Severity.WARNING, Severity.SERIOUS] + [Severity.CRITICAL] * 3
        changes = [change_of(one, severity=severity) for one, severity in zip(found, severities, strict=True)]
        await made.commit(found, changes)
        async with made.work.take(LATER, 4) as mine, other.take(LATER, 4) as theirs:
            assert [view.alert.no for view in mine.views] == [4, 5, 6], "by themselves"
            assert [view.alert.no for view in theirs.views] == [3, 2, 1]
        with pytest.raises(RuntimeError, match="killed"):
            await killed(made)
        assert ask(database_url, "SELECT count(*) FROM notifications") == [(0,)]
        assert len(await made.look(LATER)) == 6


async def test_what_cannot_be_stored_is_refused_and_nothing_is_written(database_url: str) -> None:
    async with alerts_at(database_url) as made:
        await made.raised()
        with pytest.raises(Refused):
            await unstorable(made)
        assert ask(database_url, "SELECT count(*) FROM outbox WHERE told_at IS NULL") == [(1,)]


async def test_the_desk_waits_for_a_look_but_not_for_ever(embedded_url: str) -> None:
    async with alerts_at(embedded_url) as made, await AlertWork.open(embedded_url, ZONES) as other:
        await made.raised()
        async with made.work.take(LATER, 1):
            holding = asyncio.create_task(made.view(1, LATER))
            query = (
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
            await eventually(lambda: ask(embedded_url, query) == [(1,)], "the desk waits")
            assert not holding.done()
            with pytest.raises(Busy, match="try again"):
                async with other.hold([1], LATER, timeout_ms=20):
                    raise AssertionError("held by two")
        assert (await holding).alert.no == 1


# ---- what is around ----


def people(*more: Version, **wearer: object) -> list[Version]:
    """W1 again, with an order that has an officer, and a curfew place; and what else is given."""
    order = Order(
        *("O1", "W1", OrderKind.LICENCE, NOON - DAY_US, NOON + DAY_US),
        area="elham",
        organisation="probation",
        officer={"name": "An Officer", "email": "o@x.example"},
    )
    curfew = Condition(
        *("C1", "O1", ConditionKind.CURFEW),
        place=Place("home", 1.0, 51.0, 50.0),
        timetable=Timetable("Europe/London", (TimetableRow(5, 19 * 3600, 7 * 3600),)),
    )
    return [Version(Wearer("W1", "Invented W1", **wearer)), Version(order), Version(curfew), *more]


async def test_people_and_level_are_those_of_the_caseload_now(database_url: str) -> None:
    near = Condition("C2", "O1", ConditionKind.PROXIMITY, victim="V1", alert_m=500.0, prealert_m=1000.0)
    past = Order("O0", "W1", OrderKind.COMMUNITY, NOON - 9 * DAY_US, NOON - DAY_US, area="old")
    old = Condition("C9", "O0", ConditionKind.PROXIMITY, victim="V9", alert_m=500.0, prealert_m=1000.0)
    more = [Version(record) for record in (near, past, old, Victim("V1", "Invented V1"), Victim("V9", "Invented V9"))]
    async with alerts_at(database_url, *people(*more, level=Level.INTENSIVE)) as made:
        made.roster = roster_of("T1")
        facts = fixes_of(0, [1, 2])
        facts["quality"][1], facts["lat"][1] = Quality.INACCURATE, 50.0
        await made.commit(facts=facts)
        await made.raised("W1-1", order="O1", condition="C1")
        view = await made.view(1, LATER)
        assert (view.around.level, view.around.victims, view.around.under_18) == (Level.INTENSIVE, ("V1",), False)
        told = view.people
        assert told.wearer is not None
        assert (told.wearer["name"], told.area, told.organisation) == ("Invented W1", "elham", "probation")
        assert told.officer == {"name": "An Officer", "email": "o@x.example"}
        assert {name: body["name"] for name, body in told.victims.items()} == {"V1": "Invented V1"}
        assert told.last == Place("", 0.5, 51.25)
        assert told.home == Place("", 1.0, 51.0)
        assert told.timezone == "Europe/London"


@pytest.mark.parametrize(
    ("born", "adult", "now", "under", "quiet"),
    [
        ("2008-11-22", None, "2026-11-21T21:59:59Z", True, None),
        ("2008-11-22", None, "2026-11-21T22:00:00Z", True, "2026-11-22T07:00:00Z"),
        ("2008-11-22", None, "2026-11-22T00:00:00Z", False, None),
        (None, {"name": "A Parent"}, "2026-11-21T23:00:00Z", True, "2026-11-22T07:00:00Z"),
        (None, None, "2026-11-21T23:00:00Z", False, None),
        # Clocks went back at 01:00Z: seven o'clock is 07:00Z after, and 06:00Z before.
        ("2010-01-01", None, "2026-10-24T22:30:00Z", True, "2026-10-25T07:00:00Z"),
        ("2010-01-01", None, "2026-10-23T22:30:00Z", True, "2026-10-24T06:00:00Z"),
    ],
)
async def test_under_18_is_by_the_wearers_own_calendar_and_clock(
    embedded_url: str, born: str | None, adult: object, now: str, under: bool, quiet: str | None
) -> None:
    async with alerts_at(embedded_url, *people(born=born, responsible_adult=adult)) as made:
        await made.raised()
        view = await made.view(1, parse_instant(now))
        until_us = None if quiet is None else parse_instant(quiet)
        assert (view.around.under_18, view.around.quiet_until_us) == (under, until_us)


async def test_an_alert_of_a_victims_unit_knows_whom_it_is_about_and_where(database_url: str) -> None:
    near = Condition("C2", "O1", ConditionKind.PROXIMITY, victim="V1", alert_m=500.0, prealert_m=1000.0)
    async with alerts_at(database_url, *people(Version(near), Version(Victim("V1", "Invented V1")))) as made:
        await made.raised("V1-1", kind=Kind.VICTIM_UNIT_SILENT, wearer=None, victim="V1", condition="C2")
        view = await made.view(1, LATER)
        assert view.around.victims == ("V1",)
        assert (view.people.area, list(view.people.victims)) == ("elham", ["V1"])
        assert view.people.wearer is None


async def test_prealerts_of_a_pair_are_counted_over_seven_days(database_url: str) -> None:
    async with alerts_at(database_url) as made:
        times = [NOON - 8 * DAY_US, NOON - 6 * DAY_US, NOON - DAY_US, NOON]
        for number, at_us in enumerate(times, start=1):
            more = {"kind": Kind.PROXIMITY_PREALERT, "victim": "V1", "decided_us": at_us, "from_us": at_us}
            await made.raised(f"W1-{number}", **more)
        other = violation_of("W1-9", kind=Kind.PROXIMITY_PREALERT, victim="V2", decided_us=NOON)
        gone = violation_of("W1-8", kind=Kind.PROXIMITY_PREALERT, victim="V1", decided_us=NOON)
        await made.commit([other, gone], [change_of(other), change_of(gone, withdrawn=True)])
        counted = [(await made.view(number, LATER)).around.prealerts_7d for number in (1, 2, 3, 4, 5)]
        assert counted == [1, 2, 2, 3, 1]


async def test_what_was_shortened_and_late_is_known_of_the_alert(database_url: str) -> None:
    async with alerts_at(database_url) as made:
        await made.raised(late=True, to_us=NOON + HOUR_US)
        short = violation_of("W1-1", 2, change=Change.SHORTENED, to_us=NOON + 60, decided_us=NOON + MINUTE_US)
        await made.commit([short])
        alert = (await made.view(1, LATER)).alert
        assert (alert.late, alert.shortened_us, alert.violations) == (True, NOON + MINUTE_US, ("W1-1",))


async def test_one_violation_of_several_that_is_withdrawn_is_known_as_if_it_were_shortened(database_url: str) -> None:
    async with alerts_at(database_url) as made:
        first, second = violation_of("W1-1"), violation_of("W1-2", decided_us=NOON)
        await made.commit([first, second], [change_of(first), change_of(second, episode="W1-1")])
        assert (await made.view(1, LATER)).alert.shortened_us is None
        gone = violation_of("W1-2", 2, change=Change.WITHDRAWN, decided_us=NOON + MINUTE_US)
        await made.commit([gone], [change_of(gone, episode="W1-1")])
        alert = (await made.view(1, LATER)).alert
        assert (alert.withdrawn, alert.shortened_us) == (False, NOON + MINUTE_US)


async def test_failure_07_what_joins_a_closed_alert_raises_it_again(database_url: str) -> None:
    async with alerts_at(database_url) as made:
        await made.raised("W1-1", kind=Kind.SOS, to_us=NOON)
        await made.look(LATER)
        desk = Desk(made.work, guide, lambda: NOON + MINUTE_US)
        await desk.act(Item(1), Wish(AlertEvent.CLOSE, Outcome.EXPLAINED, "by mistake"), Actor("ola", Role.OPERATOR))
        assert (await made.look(NOON + 2 * MINUTE_US)) == []
        again = violation_of("W1-2", kind=Kind.SOS, to_us=NOON + HOUR_US, decided_us=NOON + 3 * MINUTE_US)
        await made.commit([again], [change_of(again, episode="W1-1")])
        await made.look(NOON + 3 * MINUTE_US)
        view = await made.view(1, NOON + 3 * MINUTE_US)
        assert (view.job.work.value, view.alert.joined_us) == ("raised", NOON + 3 * MINUTE_US)
        told = "SELECT count(*) FROM notifications WHERE target = 'operator' AND sends"
        assert ask(database_url, told) == [(2,)]
        events = ask(database_url, "SELECT event, why FROM alert_events ORDER BY event_no")
        assert events[-1] == ("reopen", "happened_again")


async def guide() -> DeskGuide:
    return DeskGuide(PROTOCOLS, resolve)


async def test_severity_rises_with_time_and_by_need_while_nothing_comes_in(database_url: str) -> None:
    async with alerts_at(database_url, *people()) as made:
        lost = violation_of("W1-1", kind=Kind.COMMUNICATION_LOST, condition=None, device="T1")
        late = violation_of("W1-2", kind=Kind.CURFEW, code=Code.AL08, condition="C1")
        changes = [change_of(lost, severity=Severity.INFORMATION), change_of(late, severity=Severity.SERIOUS)]
        await made.commit([lost, late], changes)
        # 2026-11-21 is a Saturday; the curfew of that day begins at 19:00, and is asked for from 18:30.
        found = [(await made.view(1, NOON + minutes * MINUTE_US)).around.severity for minutes in (1, 59, 60, 240)]
        assert found == [Severity.INFORMATION, Severity.INFORMATION, Severity.WARNING, Severity.SERIOUS]
        again = violation_of("W1-3", kind=Kind.LOCATION_LOST, condition=None, device="T1", from_us=NOON + 5 * HOUR_US)
        await made.commit([again], [change_of(again, severity=Severity.INFORMATION)])
        before = await made.view(3, parse_instant("2026-11-21T18:29:00Z"))
        assert before.around.severity_again_us is not None
        after = await made.view(3, before.around.severity_again_us)
        assert before.around.severity is Severity.WARNING
        assert before.around.severity_again_us - parse_instant("2026-11-21T18:30:00Z") <= SECOND_US
        assert after.around.severity is Severity.SERIOUS
        absent = await made.view(2, NOON + 119 * MINUTE_US)
        assert absent.around.severity is Severity.SERIOUS
        assert absent.around.severity_again_us == NOON + 120 * MINUTE_US
        await made.look(NOON + 120 * MINUTE_US)
        row = await made.store.reading.alert(2)
        assert row is not None
        assert row.severity is Severity.CRITICAL, "what is read is what it is now"
        assert ask(database_url, "SELECT severity FROM alerts WHERE alert_no = 2") == [("serious",)]
        counts = await made.store.reading.counts()
        assert counts.alerts_active[Severity.CRITICAL] == 1


async def test_a_loss_that_an_incident_explains_asks_nothing_of_the_conditions(embedded_url: str) -> None:
    async with alerts_at(embedded_url, *people()) as made:
        lost = violation_of("W1-1", kind=Kind.COMMUNICATION_LOST, condition=None, device="T1")
        await made.commit([lost], [change_of(lost, severity=Severity.INFORMATION, grouped_under="outage-1")])
        view = await made.view(1, NOON + 300 * MINUTE_US)
        assert (view.around.severity, view.alert.grouped_under) == (Severity.INFORMATION, "outage-1")


# ---- notifications ----


async def sms(made: Made, now_us: int = LATER, until_us: int = LATER + MINUTE_US) -> list[int]:
    return [one.no for one in await made.work.lease(Channel.SMS, now_us, until_us, 10)]


async def test_what_is_leased_is_nobody_elses_until_the_lease_ends(database_url: str) -> None:
    async with alerts_at(database_url) as made, await AlertWork.open(database_url, ZONES) as other:
        await made.raised()
        await made.look(LATER)
        (leased,) = await made.work.lease(Channel.SMS, LATER, LATER + MINUTE_US, 10)
        assert (leased.attempt, leased.notification.target) == (1, Target.POLICE)
        assert leased.facts == {"kind": "exclusion_zone", "code": None, "raised_us": NOON, "at_us": LATER}
        assert await other.lease(Channel.SMS, LATER, LATER + MINUTE_US, 10) == []
        assert await other.next_send_us(Channel.SMS) == LATER + MINUTE_US
        (again,) = await other.lease(Channel.SMS, LATER + MINUTE_US, LATER + 2 * MINUTE_US, 10)
        assert (again.no, again.attempt) == (leased.no, 2)
        await other.failed(again.no, "500", LATER + 5 * MINUTE_US)
        assert await other.next_send_us(Channel.SMS) == LATER + 5 * MINUTE_US
        await made.work.sent(leased.no, LATER + 3 * MINUTE_US)
        await other.sent(leased.no, LATER + 9 * MINUTE_US)
        await other.failed(leased.no, "500", LATER)
        state = ask(database_url, f"SELECT state, attempts FROM notifications WHERE notification_no = {leased.no}")
        assert state == [("sent", 2)]
        assert await other.next_send_us(Channel.SMS) is None


async def test_what_cannot_be_delivered_is_an_alert_of_its_own_once_an_alert_and_channel(database_url: str) -> None:
    async with alerts_at(database_url) as made:
        await made.raised()
        await made.look(LATER)
        await made.look(NOON + 120 * SECOND_US)
        first, second = await sms(made, NOON + 121 * SECOND_US, NOON + 300 * SECOND_US)
        await asyncio.gather(
            *(made.work.given_up(no, "no such number", NOON + 200 * SECOND_US) for no in (first, second))
        )
        found = ask(database_url, "SELECT a.alert_no, a.episode, a.severity, w.about FROM alerts a "
                                  "JOIN alert_work w USING (alert_no) WHERE kind = 'undelivered'")  # fmt: skip
        about = {"alert": "1", "channel": "sms", "why": "no such number"}
        assert [row[1:] for row in found] == [("undelivered:1:sms", "critical", about)]
        number = found[0][0]
        assert number in {view.alert.no for view in await made.look(NOON + 200 * SECOND_US)}
        for no in await sms(made, NOON + 400 * SECOND_US, NOON + 500 * SECOND_US):
            await made.work.given_up(no, "nor that", NOON + 450 * SECOND_US)
        assert ask(database_url, "SELECT count(*) FROM alerts WHERE kind = 'undelivered'") == [(1,)], "that has an end"
        row = await made.store.reading.alert(number)
        assert row is not None
        assert row.about == about


async def test_what_waits_is_taken_back_and_what_a_sender_has_is_stood_down_after_it(database_url: str) -> None:
    async with alerts_at(database_url) as made:
        await made.raised("W1-1")
        await made.raised("W1-2")
        await made.look(LATER)
        (first, *_) = await made.work.lease(Channel.SMS, LATER, LATER + MINUTE_US, 1)
        assert first.notification.alert_no == 1
        gone = [violation_of(name, 2, change=Change.WITHDRAWN) for name in ("W1-1", "W1-2")]
        await made.commit(gone, [change_of(one, withdrawn=True) for one in gone])
        await made.look(LATER + SECOND_US)
        states = (
            "SELECT alert_no, reason, state FROM notifications WHERE channel = 'sms' ORDER BY alert_no, notification_no"
        )
        assert ask(database_url, states) == [
            *((1, "first", "leased"), (1, "stood_down", "waiting"), (2, "first", "unsent")),
        ]
        assert await sms(made, LATER + 2 * SECOND_US) == [], "the stand-down waits for what it takes back"
        await made.work.failed(first.no, "timed out: perhaps it came", LATER + 3 * SECOND_US)
        assert len(await sms(made, LATER + 4 * SECOND_US)) == 1
        assert ask(database_url, states)[0] == (1, "first", "unsent")


async def test_nobody_begins_to_send_what_a_look_is_about_to_take_back(database_url: str) -> None:
    async with alerts_at(database_url) as made:
        await made.raised()
        await made.look(LATER)
        async with made.work.hold([1], LATER):
            assert await sms(made) == []
        assert len(await sms(made)) == 1


async def test_whoever_listens_is_woken_by_ingest_by_the_desk_and_by_what_waits(database_url: str) -> None:
    async with alerts_at(database_url) as made, made.work.listen() as wakes:
        await made.raised()
        await asyncio.wait_for(anext(wakes), 5)
        await made.look(LATER)
        await asyncio.wait_for(anext(wakes), 5)
        (no,) = await sms(made)
        await made.work.failed(no, "500", LATER + MINUTE_US)
        await asyncio.wait_for(anext(wakes), 5)


# ---- the service's own ----


async def test_failure_14_two_workers_that_raise_one_episode_raise_one_alert(database_url: str) -> None:
    async with alerts_at(database_url) as made, await AlertWork.open(database_url, ZONES) as other:
        gaps = [Raise("rota_gap", f"rota_gap:operator:all:{n}", body={"role": "operator"}) for n in range(40)]
        counts = await asyncio.gather(
            *(work.raise_alerts(some, LATER) for work, some in ((made.work, gaps), (other, gaps[::-1]), (other, gaps)))
        )
        assert sum(counts) == 40
        assert ask(database_url, "SELECT count(*), count(DISTINCT episode) FROM alerts") == [(40, 40)]
        assert ask(database_url, "SELECT count(*) FROM alert_work") == [(40,)]
        assert ask(database_url, "SELECT count(*) FROM outbox") == [(40,)]
        views = await made.look(LATER)
        assert {view.alert.severity for view in views} == {Severity.WARNING}
        assert await made.work.raise_alerts([], LATER) == 0


async def test_failure_14_two_dispatchers_and_ingest_at_once_make_one_of_everything(database_url: str) -> None:
    async with alerts_at(database_url) as made, await AlertWork.open(database_url, ZONES) as other:
        over = asyncio.Event()

        async def dispatch(work: AlertWork) -> None:
            side = Made(made.store, work, made.url)
            while not over.is_set() or await side.look(LATER, limit=7):
                await side.look(LATER, limit=7)

        workers = [asyncio.create_task(dispatch(work)) for work in (made.work, other)]
        for number in range(20):
            found = [violation_of(f"X{number}-{n}") for n in range(1, 6)]
            await made.commit(found)
            shut = [violation_of(one.id, 2, change=Change.CLOSED, to_us=NOON + 60, decided_us=LATER) for one in found]
            await made.commit(shut)
        over.set()
        await asyncio.wait_for(asyncio.gather(*workers), 30)
        assert ask(database_url, "SELECT count(*) FROM outbox WHERE told_at IS NULL") == [(0,)]
        assert ask(database_url, "SELECT condition, count(*) FROM alert_work GROUP BY 1") == [("cleared", 100)]
        doubled = (
            "SELECT count(*) FROM (SELECT alert_no, target FROM notifications GROUP BY 1, 2 HAVING count(*) > 1) AS d"
        )
        assert ask(database_url, doubled) == [(0,)]
        told = "SELECT target, count(*) FROM notifications WHERE reason = 'first' GROUP BY 1 ORDER BY 1"
        assert ask(database_url, told) == [("operator", 100), ("police", 100), ("victim", 100)]


async def test_a_work_row_is_made_with_its_alert_and_only_once(database_url: str) -> None:
    async with alerts_at(database_url) as made:
        first = violation_of("W1-1")
        await made.commit([first], [change_of(first), change_of(first, severity=Severity.SERIOUS)])
        await made.commit([violation_of("W1-1", 2, change=Change.AMENDED)])
        assert ask(database_url, "SELECT a.alert_no, a.revision, w.revision, w.work FROM alerts a "
                                 "LEFT JOIN alert_work w USING (alert_no)") == [(1, 3, 1, "raised")]  # fmt: skip
