"""An order that protects a victim ends or is suspended: one alert, from the real database, however often it is looked for."""

from __future__ import annotations

from alerts.work_store import AlertWork
from bailiwick.paired_caseload import PairedCaseload
from bailiwick.protection_watch import BACK_US, ProtectionWatch
from bailiwick.timezones import pinned_time_zones
from domain.instants import DAY_US, HOUR_US
from domain.records import Condition, Order, Record, Suspension, Version, Victim, Wearer
from domain.vocabulary import ConditionKind, OrderKind
from store import Store
from store.reading_types import AlertFilter
from tests.store.made import NOON, learn_everything, migrated, roster_of

PEOPLE: list[Record] = [Wearer("W1"), Wearer("W2"), Victim("V1")]


async def test_an_end_is_alerted_once_and_a_suspension_learnt_later_too(database_url: str) -> None:
    pair = Condition("P1", "O1", ConditionKind.PROXIMITY, victim="V1", alert_m=500.0)
    trail = Condition("T1", "O2", ConditionKind.TRAIL)
    orders = [
        Order("O1", "W1", OrderKind.BAIL, NOON - DAY_US, NOON + 3 * HOUR_US),
        Order("O2", "W2", OrderKind.BAIL, NOON - DAY_US, NOON),
    ]
    async with migrated(database_url) as store, await AlertWork.open(database_url, pinned_time_zones()) as work:
        await store.learn([Version(record) for record in (*PEOPLE, *orders, pair, trail)])
        await learn_everything(store, 1, roster_of())
        watch = ProtectionWatch(PairedCaseload(store), work, pinned_time_zones())
        assert await store.reading.paired_wearers() == ["W1"]
        await watch.look(NOON)
        assert await _raised(store) == []
        await store.learn([Version(Suspension("S1", "O1", NOON + HOUR_US, NOON + 2 * HOUR_US))])
        await learn_everything(store, 2, roster_of())
        for at_us in (NOON + HOUR_US, NOON + HOUR_US, NOON + 3 * HOUR_US, NOON + 4 * HOUR_US):
            await watch.look(at_us)
        ends = [f"protection_ended:P1:{NOON + hours * HOUR_US}" for hours in (1, 3)]
        assert sorted(await _raised(store)) == sorted((end, "W1", "V1", "critical") for end in ends)
        again = ProtectionWatch(PairedCaseload(store), work, pinned_time_zones())
        await again.look(NOON + 3 * HOUR_US + BACK_US)
        assert len(await _raised(store)) == len(ends)


async def _raised(store: Store) -> list[tuple[str, str | None, str | None, str]]:
    rows = await store.reading.alerts(AlertFilter(), None, 10)
    return [(row.episode, row.wearer, row.victim, row.severity.value) for row in rows]
