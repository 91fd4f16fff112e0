"""The store port of dispatch, over the fake and over both real databases: the same tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Any

import pytest

from alerts.machine import Act
from alerts.ports import AlertStore, Leased, Notification, View, Written
from alerts.protocols import Target
from alerts.state import Alert, Looked, Raise, Task
from domain.instants import MINUTE_US, SECOND_US
from domain.vocabulary import AlertCondition, AlertEvent, AlertWork, Change, Channel, Severity, ToldReason
from tests.alerts.fake_store import FakeAlertStore, FakeDatabase
from tests.alerts.world import telling
from tests.store.alert_making import alerts_at
from tests.store.made import NOON, change_of, violation_of

REAL = [pytest.param(name, marks=[pytest.mark.real, pytest.mark.slow]) for name in ("timescale_url", "embedded_url")]
LEASE_US = 30 * SECOND_US
SMS, EMAIL = Channel.SMS, Channel.EMAIL


@dataclass
class Side:
    """A store as dispatch sees it, and what ingest does: an alert of a wearer raised, or changed."""

    store: AlertStore
    raise_: Callable[[str, Severity], Awaitable[int]]
    change: Callable[[str], Awaitable[None]]
    withdraw: Callable[[str], Awaitable[None]]

    async def raised(self, wearer: str = "W1", severity: Severity = Severity.CRITICAL) -> int:
        return await self.raise_(wearer, severity)

    async def look(self, *told: Notification, now_us: int = NOON, **more: Any) -> list[View]:
        """Takes what there is and writes nothing of it but this."""
        async with self.store.take(now_us, 100) as taken:
            views = list(taken.views)
            await taken.write([kept(view, told, **more) for view in views])
        return views

    async def lease(self, now_us: int = NOON, channel: Channel = SMS, limit: int = 10) -> list[Leased]:
        return await self.store.lease(channel, now_us, now_us + LEASE_US, limit)

    async def told(self, now_us: int = NOON) -> list[str]:
        """Who counts as told of alert 1."""
        await self.change("W1")
        async with self.store.take(now_us, 100) as taken:
            found = [told.recipient for view in taken.views if view.alert.no == 1 for told in view.told]
            await taken.write([kept(view) for view in taken.views])
        return found


def kept(view: View, told: Sequence[Notification] = (), **more: Any) -> Written:
    """A look that changes nothing and tells ``told``; ``more`` are fields of `Looked`."""
    looked = Looked(view.job, view.plan, view.around.severity, **more)
    return Written(view, looked, tuple(one for one in told if one.alert_no == view.alert.no))


def fake_side() -> Side:
    database = FakeDatabase()
    names: dict[str, int] = {}

    async def raise_(wearer: str, severity: Severity) -> int:
        alert = Alert(0, f"{wearer}-1", "exclusion_zone", severity, NOON, NOON, wearer=wearer)
        names[wearer] = database.raise_alert(alert)
        return names[wearer]

    async def change(wearer: str) -> None:
        database.change(names[wearer], changed_us=NOON)

    async def withdraw(wearer: str) -> None:
        database.change(names[wearer], active=False, withdrawn=True)

    return Side(FakeAlertStore(database), raise_, change, withdraw)


@pytest.fixture(params=["fake", *REAL])
async def side(request: pytest.FixtureRequest) -> AsyncIterator[Side]:
    if request.param == "fake":
        yield fake_side()
        return
    async with AsyncExitStack() as stack:
        made = await stack.enter_async_context(alerts_at(request.getfixturevalue(request.param)))
        versions: dict[str, int] = {}

        async def raise_(wearer: str, severity: Severity) -> int:
            versions[wearer] = 1
            violation = violation_of(f"{wearer}-1")
            await made.commit([violation], [change_of(violation, severity=severity)])
            return len(versions)

        async def change(wearer: str) -> None:
            versions[wearer] += 1
            violation = violation_of(f"{wearer}-1", versions[wearer])
            await made.commit([violation], [change_of(violation)])

        async def withdraw(wearer: str) -> None:
            versions[wearer] += 1
            violation = violation_of(f"{wearer}-1", versions[wearer], change=Change.WITHDRAWN)
            await made.commit([violation], [change_of(violation, withdrawn=True, state=AlertCondition.CLEARED)])

        yield Side(made.work, raise_, change, withdraw)


# ---- looks ----


async def test_what_changed_is_taken_once(side: Side) -> None:
    assert await side.store.next_look_us() is None
    number = await side.raised()
    due_us = await side.store.next_look_us()
    assert due_us is not None
    (view,) = await side.look()
    assert (view.alert.no, view.alert.wearer, view.alert.kind) == (number, "W1", "exclusion_zone")
    assert (view.job.work, view.job.unclaimed_us, view.plan.run) == (AlertWork.RAISED, NOON, 0)
    assert await side.look() == []
    assert await side.store.next_look_us() is None


async def test_a_look_that_is_not_ended_well_wrote_nothing(side: Side) -> None:
    await side.raised()

    async def work() -> None:
        async with side.store.take(NOON, 100) as taken:
            (view,) = taken.views
            await taken.write([kept(view, [telling(1, "a", SMS)], timers={"later": NOON + MINUTE_US})])
            raise InterruptedError

    with pytest.raises(InterruptedError):
        await work()
    assert await side.lease() == []
    assert len(await side.look()) == 1


async def test_two_never_have_the_same_alert(side: Side) -> None:
    for wearer in ("W1", "W2", "W3"):
        await side.raised(wearer)
    async with side.store.take(NOON, 2) as first, side.store.take(NOON, 10) as second:
        assert [view.alert.no for view in first.views] == [1, 2]
        assert [view.alert.no for view in second.views] == [3]
        async with side.store.take(NOON, 10) as third:
            assert list(third.views) == []
        await second.write([kept(view) for view in second.views])
    assert [view.alert.no for view in await side.look()] == [1, 2]


async def test_the_critical_come_first_and_by_themselves(side: Side) -> None:
    for wearer, severity in (("W1", Severity.INFORMATION), ("W2", Severity.CRITICAL), ("W3", Severity.SERIOUS)):
        await side.raised(wearer, severity)
    async with side.store.take(NOON, 10) as taken, side.store.take(NOON, 1) as other:
        assert [view.alert.no for view in taken.views] == [2]
        assert [view.alert.no for view in other.views] == [3]


async def test_what_changes_while_it_is_looked_at_is_looked_at_again(side: Side) -> None:
    await side.raised()
    async with side.store.take(NOON, 10) as taken:
        await side.change("W1")
        await taken.write([kept(view) for view in taken.views])
    assert len(await side.look()) == 1
    assert await side.look() == []


async def test_timers_are_due_at_their_instant_and_replaced_by_each_look(side: Side) -> None:
    await side.raised()
    await side.look(timers={"step:1": NOON + 60 * SECOND_US, "claim": NOON + 90 * SECOND_US})
    assert await side.store.next_look_us() == NOON + 60 * SECOND_US
    assert await side.look(now_us=NOON + 60 * SECOND_US - 1) == []
    assert len(await side.look(now_us=NOON + 60 * SECOND_US, timers={"step:2": NOON + 200 * SECOND_US})) == 1
    assert await side.store.next_look_us() == NOON + 200 * SECOND_US
    assert await side.look(now_us=NOON + 199 * SECOND_US) == []


async def test_the_machines_events_and_state_are_kept(side: Side) -> None:
    await side.raised()
    (before,) = await side.look()
    await side.change("W1")
    cleared = replace(before.job, condition=AlertCondition.CLEARED)
    async with side.store.take(NOON, 1) as taken:
        (view,) = taken.views
        act = Act(AlertEvent.CLEAR, NOON + SECOND_US, why="over")
        plan = type(view.plan)(protocol="one", version=1, run=1, done={"0": 1})
        looked = Looked(
            cleared, plan, Severity.CRITICAL, acts=((act, cleared),), tasks=(Task("k", Target.OFFICER, "t"),)
        )
        await taken.write([Written(view, looked)])
    await side.change("W1")
    (after,) = await side.look()
    assert (after.job, after.plan) == (cleared, plan)
    assert after.revision == before.revision + 1


async def test_alerts_of_the_services_own_are_raised_once(side: Side) -> None:
    await side.raised()
    own = Raise("rota_gap", "rota_gap:1", body={"role": "operator"})
    await side.look(raises=(own, own))
    (view,) = await side.look(raises=(own,))
    assert (view.alert.no, view.alert.kind, view.alert.severity) == (2, "rota_gap", Severity.WARNING)
    assert await side.look() == []


# ---- notifications ----


async def test_an_id_is_told_once_for_ever(side: Side) -> None:
    await side.raised()
    await side.look(telling(1, "a", SMS))
    await side.change("W1")
    await side.look(telling(1, "a", SMS, text="another"), telling(1, "b", SMS, recipient="other"))
    assert [one.notification.id for one in await side.lease()] == ["1:a:them:sms", "1:b:other:sms"]


async def test_what_one_has_leased_nobody_else_gets_until_the_lease_ends(side: Side) -> None:
    await side.raised()
    await side.look(telling(1, "a", SMS))
    assert await side.store.next_send_us(SMS) == NOON
    (first,) = await side.lease()
    assert (first.attempt, first.facts["kind"], first.facts["raised_us"]) == (1, "exclusion_zone", NOON)
    assert first.facts["at_us"] == NOON
    assert await side.store.next_send_us(SMS) == NOON + LEASE_US
    assert await side.lease(NOON + LEASE_US - 1) == []
    (again,) = await side.lease(NOON + LEASE_US)
    assert (again.no, again.attempt, again.notification) == (first.no, 2, first.notification)


async def test_channels_are_leased_apart_and_the_most_urgent_first(side: Side) -> None:
    await side.raised()
    await side.look(
        telling(1, "a", EMAIL),
        telling(1, "b", SMS, "r1", urgency=Severity.WARNING),
        telling(1, "c", SMS, "r2"),
        telling(1, "d", SMS, "r3", urgency=Severity.WARNING, rank=1),
        telling(1, "e", SMS, "r4", not_before_us=NOON + MINUTE_US),
        telling(1, "f", SMS, "r5", sends=False, reason=ToldReason.HELD),
        telling(1, "g", Channel.CALL, "r6"),
        telling(1, "h", Channel.CONSOLE, "r7"),
    )
    assert [one.notification.recipient for one in await side.lease(limit=2)] == ["r3", "r2"]
    assert [one.notification.recipient for one in await side.lease()] == ["r1"]
    assert [one.notification.recipient for one in await side.lease(NOON + SECOND_US)] == []
    assert [one.notification.id for one in await side.lease(channel=EMAIL)] == ["1:a:them:email"]
    assert [one.notification.recipient for one in await side.lease(NOON + MINUTE_US - 1)] == ["r3", "r2", "r1"]
    assert [one.notification.recipient for one in await side.lease(NOON + MINUTE_US)] == ["r4"]
    assert await side.lease(NOON + MINUTE_US, Channel.CALL) == []
    assert await side.lease(NOON + MINUTE_US, Channel.CONSOLE) == []


async def test_what_was_sent_is_never_leased_again(side: Side) -> None:
    await side.raised()
    await side.look(telling(1, "a", SMS))
    (one,) = await side.lease()
    await side.store.sent(one.no, NOON + SECOND_US)
    await side.store.sent(one.no, NOON + 2 * SECOND_US)
    await side.store.failed(one.no, "late news", NOON + 3 * SECOND_US)
    await side.store.given_up(one.no, "late news", NOON + 3 * SECOND_US)
    assert await side.lease(NOON + MINUTE_US) == []
    assert await side.store.next_send_us(SMS) is None
    assert await side.store.next_look_us() is None, "no `undelivered` is raised"


async def test_what_failed_is_tried_again_at_its_time(side: Side) -> None:
    await side.raised()
    await side.look(telling(1, "a", SMS))
    (one,) = await side.lease()
    await side.store.failed(one.no, "answered 503", NOON + 5 * SECOND_US)
    assert await side.store.next_send_us(SMS) == NOON + 5 * SECOND_US
    assert await side.lease(NOON + 4 * SECOND_US) == []
    assert [again.attempt for again in await side.lease(NOON + 5 * SECOND_US)] == [2]


async def test_what_cannot_be_delivered_is_an_alert_once_an_alert_and_channel_and_not_without_end(side: Side) -> None:
    await side.raised()
    await side.look(telling(1, "a", SMS, "r1"), telling(1, "b", SMS, "r2"), telling(1, "c", EMAIL))
    for one in [*await side.lease(), *await side.lease(channel=EMAIL)]:
        await side.store.given_up(one.no, "answered 410", NOON + SECOND_US)
    async with side.store.take(NOON + SECOND_US, 10) as taken:
        assert [view.alert.kind for view in taken.views] == ["undelivered", "undelivered"]
        await taken.write([kept(view, [telling(view.alert.no, "x", SMS)]) for view in taken.views])
    found = await side.lease(NOON + SECOND_US)
    assert len(found) == 2
    for one in found:
        await side.store.given_up(one.no, "answered 410", NOON + SECOND_US)
    assert await side.look() == []
    assert await side.lease(NOON + MINUTE_US) == []


async def test_who_was_told_is_who_a_sender_had_once(side: Side) -> None:
    await side.raised()
    await side.look(
        telling(1, "a", SMS, "sent"),
        telling(1, "b", EMAIL, "waits"),
        telling(1, "c", SMS, "failed"),
        telling(1, "d", Channel.CALL, "called"),
        telling(1, "e", SMS, "quiet", sends=False, reason=ToldReason.HELD),
        telling(1, "f", Channel.CONSOLE, "shown"),
    )
    sent, failed = await side.lease()
    await side.store.sent(sent.no, NOON)
    await side.store.failed(failed.no, "answered 503", NOON + MINUTE_US)
    await side.look()
    assert sorted(await side.told()) == ["called", "failed", "sent", "shown"]


async def test_what_is_taken_back_is_not_tried_again(side: Side) -> None:
    await side.raised()
    await side.look(telling(1, "a", SMS, "in hand"), telling(1, "b", EMAIL, "waits"))
    (in_hand,) = await side.lease()
    await side.change("W1")
    down = telling(1, "down", SMS, "other", ToldReason.STOOD_DOWN)
    await side.look(down, unsend=True)
    await side.change("W1")
    await side.look(unsend=True)
    assert await side.lease(channel=EMAIL) == []
    await side.store.failed(in_hand.no, "answered 503", NOON + SECOND_US)
    assert [one.notification.id for one in await side.lease(NOON + MINUTE_US)] == [down.id], "what stands down goes on"
    assert await side.told() == ["in hand", "other"]


async def test_what_was_taken_back_in_hand_is_over_when_its_lease_is(side: Side) -> None:
    await side.raised()
    await side.look(telling(1, "a", SMS))
    await side.lease()
    await side.change("W1")
    await side.look(unsend=True)
    assert await side.lease(NOON + LEASE_US) == []
    assert await side.store.next_send_us(SMS) is None


@pytest.mark.parametrize("how", ["sent", "given up", "lease ended"])
async def test_a_stand_down_waits_until_what_was_told_before_is_settled(side: Side, how: str) -> None:
    await side.raised()
    await side.look(telling(1, "a", SMS))
    (in_hand,) = await side.lease()
    await side.change("W1")
    down = telling(1, "down", SMS, reason=ToldReason.STOOD_DOWN, stands_down=in_hand.no, rank=0)
    await side.look(down, telling(1, "down", EMAIL, reason=ToldReason.STOOD_DOWN), unsend=True)
    assert await side.lease(NOON + SECOND_US) == []
    assert len(await side.lease(NOON + SECOND_US, EMAIL)) == 1, "by another channel nothing was in hand"
    assert await side.store.next_send_us(SMS) == NOON + LEASE_US
    at_us = NOON + LEASE_US if how == "lease ended" else NOON + 2 * SECOND_US
    if how == "sent":
        await side.store.sent(in_hand.no, at_us)
    if how == "given up":
        await side.store.given_up(in_hand.no, "answered 410", at_us)
    assert [one.notification.id for one in await side.lease(at_us)] == [down.id]


async def test_one_recipient_is_told_by_one_channel_in_order(side: Side) -> None:
    await side.raised()
    await side.look(telling(1, "a", SMS), telling(1, "b", SMS, rank=0), telling(1, "c", SMS, "other"))
    first, other = sorted(await side.lease(), key=lambda one: one.notification.id)
    assert [first.notification.id, other.notification.id] == ["1:a:them:sms", "1:c:other:sms"]
    await side.store.failed(first.no, "answered 503", NOON + 5 * SECOND_US)
    assert await side.lease(NOON + SECOND_US) == []
    (again,) = await side.lease(NOON + 5 * SECOND_US)
    await side.store.sent(again.no, NOON + 6 * SECOND_US)
    assert [one.notification.id for one in await side.lease(NOON + 6 * SECOND_US)] == ["1:b:them:sms"]


async def test_what_the_rules_withdrew_is_not_told_any_more_before_it_is_looked_at(side: Side) -> None:
    await side.raised()
    await side.look(telling(1, "a", SMS), telling(1, "down", SMS, "other", ToldReason.STOOD_DOWN))
    await side.withdraw("W1")
    assert [one.notification.recipient for one in await side.lease()] == ["other"]
    assert await side.store.next_send_us(SMS) == NOON + LEASE_US


# ---- waking ----


async def test_whoever_listens_is_woken_by_an_alert_and_by_a_notification(side: Side) -> None:
    async with asyncio.timeout(10), side.store.listen() as wakes:
        await side.raised()
        await anext(wakes)
        await side.look(telling(1, "a", SMS))
        await anext(wakes)
