"""The decider: one alert that meets a mistake of ours stops no other, and is not lost; it does not ask again and again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from alerts.deciding import Decider
from alerts.ports import Notification, View, Written
from alerts.state import Alert, Tell
from alerts.waking import LEAST_S, Bell
from domain.instants import SECOND_US
from domain.vocabulary import Severity
from store.store import ConnectionLost
from tests.alerts.fake_store import FakeAlertStore, FakeDatabase, FakeTaken
from tests.alerts.world import START_US, Quiet, guided, plain_resolve
from tests.waiting import eventually

POISONED = 2


class Counting(Quiet):
    def __init__(self) -> None:
        self.failed = 0

    def look_failed(self) -> None:
        self.failed += 1


def raised(database: FakeDatabase, count: int) -> None:
    for number in range(1, count + 1):
        alert = Alert(0, f"W{number}-1", "strap_tamper", Severity.CRITICAL, START_US, START_US, wearer=f"W{number}")
        database.raise_alert(alert)


def poisoned_resolve(tell: Tell, view: View, now_us: int) -> tuple[Notification, ...]:
    if view.alert.no == POISONED:
        raise KeyError("a mistake of ours")
    return plain_resolve(tell, view, now_us)


def decider(store: FakeAlertStore, figures: Quiet | None = None, **more: object) -> Decider:
    given = {"guide": guided(), "clock": lambda: START_US + SECOND_US} | more
    return Decider(store, meter=lambda: 0.0, figures=figures or Quiet(), **given)


def told_of(database: FakeDatabase, number: int) -> set[str]:
    return {row.notification.recipient for row in database.rows if row.notification.alert_no == number}


async def test_an_alert_that_a_look_fails_on_is_told_to_the_supervisors_and_stops_no_other() -> None:
    database, figures = FakeDatabase(), Counting()
    raised(database, 3)
    assert await decider(FakeAlertStore(database), figures, guide=guided(resolve=poisoned_resolve)).once() == 3
    assert told_of(database, 1) == told_of(database, 3) == {"the-operator", "the-police"}
    assert told_of(database, POISONED) == {"supervisor"}
    assert database.works[POISONED].timers == {"again": START_US + 61 * SECOND_US}
    assert figures.failed == 1
    # Once it is mended, the alert goes its ordinary way.
    later = lambda: START_US + 62 * SECOND_US  # noqa: E731
    assert await decider(FakeAlertStore(database), clock=later).once() == 1
    assert told_of(database, POISONED) >= {"the-operator", "the-police"}


class Refusing(FakeAlertStore):
    """Cannot write anything that is told about one alert to anybody but the supervisor."""

    def __init__(self, database: FakeDatabase, error: Callable[[], Exception], poisoned: int = POISONED) -> None:
        super().__init__(database, self._count)
        self._error, self._poisoned = error, poisoned
        self.attempts = 0

    async def _count(self, point: str) -> None:
        self.attempts += point == "taken"

    def take(self, now_us: int, limit: int):
        inner, error, poisoned = super().take(now_us, limit), self._error, self._poisoned

        class Taking:
            async def __aenter__(self) -> FakeTaken:
                taken = await inner.__aenter__()
                write = taken.write

                async def refuse(written: list[Written]) -> None:
                    bad = [one for one in written if one.view.alert.no == poisoned and len(one.notifications) > 1]
                    if bad:
                        raise error()
                    await write(written)

                taken.write = refuse
                return taken

            async def __aexit__(self, *why: object) -> bool | None:
                return await inner.__aexit__(*why)

        return Taking()


async def test_an_alert_that_cannot_be_written_is_put_off_and_the_others_are_written() -> None:
    database, figures = FakeDatabase(), Counting()
    raised(database, 4)
    at_work = decider(Refusing(database, lambda: ValueError("cannot be stored")), figures)
    for _ in range(6):
        await at_work.once()
    assert [told_of(database, number) for number in (1, 3, 4)] == [{"the-operator", "the-police"}] * 3
    assert told_of(database, POISONED) == {"supervisor"}
    assert figures.failed == 1


async def test_a_lost_database_is_no_mistake_of_an_alert() -> None:
    database, figures = FakeDatabase(), Counting()
    raised(database, 2)
    at_work = decider(Refusing(database, lambda: ConnectionLost("away")), figures)
    for _ in range(2):
        with pytest.raises(ConnectionLost):
            await at_work.once()
    assert figures.failed == 0
    assert not database.rows
    assert not database.locked


async def test_it_sleeps_until_the_next_timer_and_is_woken_by_what_changes() -> None:
    database = FakeDatabase()
    store = Refusing(database, lambda: ValueError("never"), poisoned=0)
    stop, bell = asyncio.Event(), Bell()
    sleeper = bell.sleeper(stop)
    raised(database, 1)
    running = asyncio.create_task(decider(store).run(stop, sleeper))
    await eventually(lambda: len(database.works[1].timers) > 0, "the first look")
    asked = store.attempts
    raised(database, 3)
    bell.ring()
    await eventually(lambda: told_of(database, 3) != set(), "the alerts that came later are looked at")
    assert store.attempts - asked <= 4, "it asks when something happened, not all the time"
    stop.set()
    await running


async def test_what_somebody_else_holds_is_not_asked_for_all_the_time() -> None:
    database = FakeDatabase()
    raised(database, 1)
    database.locked.add(1)
    store = Refusing(database, lambda: ValueError("never"), poisoned=0)
    stop, bell = asyncio.Event(), Bell()
    running = asyncio.create_task(decider(store).run(stop, bell.sleeper(stop)))
    await eventually(lambda: store.attempts >= 1, "it asks")
    before, began_s = store.attempts, asyncio.get_running_loop().time()
    await eventually(lambda: store.attempts >= before + 3, "it asks again")
    assert asyncio.get_running_loop().time() - began_s >= 2 * LEAST_S
    database.locked.clear()
    await eventually(lambda: told_of(database, 1) != set(), "it is looked at when it is free")
    stop.set()
    await running
