"""The daily reconciliation (failures 06 and 11): what does not fit together, over a real database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import numpy as np

from domain.facts import Roster
from domain.instants import DAY_US, HOUR_US, MINUTE_US
from domain.records import Device, Fitting, Order, Suspension, Version, Victim
from domain.vocabulary import DeviceKind, EventCode
from store import Reading, Store
from store.reconciling import Reconciliation
from tests.store.made import NOON, fixes_of, learn_everything, migrated, wearer_records, work_of

NOW = NOON + HOUR_US
LONG_AGO = NOON - 100 * DAY_US


@asynccontextmanager
async def knowing(url: str, *versions: Version) -> AsyncIterator[tuple[Store, Reading, Roster]]:
    async with migrated(url, ()) as store, await Reading.open(url, lambda: NOW) as reading:
        await store.learn(list(versions))
        roster = Roster()
        await learn_everything(store, 1, roster)
        yield store, reading, roster


def person(number: int, from_us: int = LONG_AGO, **order: object) -> list[Version]:
    """Somebody with a tag fitted from ``from_us`` and an order, changed as told."""
    wearer, device, fitting, made, condition = wearer_records(f"W{number}", f"T{number}", from_us)
    assert isinstance(made.record, Order)
    return [wearer, device, fitting, Version(replace(made.record, **order)), condition]


def without_fitting(number: int, from_us: int, **order: object) -> list[Version]:
    return [v for v in person(number, from_us, **order) if not isinstance(v.record, Fitting)]


async def test_all_is_well_when_everybody_is_fitted_and_heard(database_url: str) -> None:
    async with knowing(database_url, *person(1), *person(2)) as (store, reading, roster):
        facts = np.concatenate([fixes_of(0, range(1, 101)), fixes_of(1, range(1, 101))])
        await store.commit(work_of(2, roster, facts, checkpoint=b"state"))
        assert await reading.reconciliation() == Reconciliation()


async def test_failure_11_orders_that_nobody_is_fitted_for(database_url: str) -> None:
    people = [
        *without_fitting(1, NOW - 72 * HOUR_US),
        *without_fitting(2, NOW - 72 * HOUR_US + MINUTE_US),
        *without_fitting(3, NOW - 2 * HOUR_US, fit_within_h=2.0),
        *without_fitting(4, LONG_AGO, to_us=NOW),
        *without_fitting(5, LONG_AGO),
    ]
    custody = Version(Suspension("S5", "O-W5", LONG_AGO, None))
    async with knowing(database_url, *people, custody) as (_, reading, _):
        found = await reading.reconciliation()
        assert found.orders_without_fitting == ("O-W1", "O-W3")
        assert found.numbers() == dict.fromkeys(found.numbers(), 0) | {"orders_without_fitting": 2}


async def test_failure_11_a_fitting_that_goes_on_for_935_days_after_the_orders_end(database_url: str) -> None:
    people = [
        *person(1, NOW - 1_000 * DAY_US, to_us=NOW - 935 * DAY_US),
        *person(2, to_us=NOW - DAY_US),
        *person(3, to_us=NOW - DAY_US + MINUTE_US),
        *person(4, to_us=None, review_us=NOW + DAY_US),
    ]
    async with knowing(database_url, *people) as (store, reading, roster):
        facts = np.concatenate([fixes_of(number, range(1, 31)) for number in range(4)])
        await store.commit(work_of(2, roster, facts))
        found = await reading.reconciliation()
        assert found == Reconciliation(fittings_without_order=("F-W1", "F-W2"))


async def test_failure_11_devices_on_somebody_of_which_nothing_came_and_on_nobody_that_send(database_url: str) -> None:
    spare = [
        Version(Device("R1", DeviceKind.RF_TAG)),
        Version(Fitting("F-R1", "R1", LONG_AGO, wearer="W1")),
        Version(Victim("V1", "Invented V1")),
        Version(Device("U1", DeviceKind.VICTIM_UNIT)),
        Version(Fitting("F-U1", "U1", LONG_AGO, victim="V1")),
        Version(Device("X1", DeviceKind.GPS_TAG)),
        Version(Device("X2", DeviceKind.GPS_TAG)),
        Version(Fitting("F-X2", "X2", LONG_AGO, NOW - DAY_US + MINUTE_US, wearer="W1")),
    ]
    people = [*person(1), *person(2), *person(3, from_us=NOW - HOUR_US)]
    async with knowing(database_url, *people, *spare) as (store, reading, roster):
        index = {device: number for number, device in enumerate(roster.ids)}
        event = fixes_of(index["T2"], [1], NOW - DAY_US + MINUTE_US)
        event["is_event"], event["code"] = True, EventCode.HEARTBEAT
        stale = fixes_of(index["T1"], [1], NOW - DAY_US - MINUTE_US)
        facts = np.concatenate([stale, fixes_of(index["X1"], [1]), fixes_of(index["X2"], [1]), event])
        facts["line"] = np.arange(len(facts))
        await store.commit(work_of(2, roster, facts))
        found = await reading.reconciliation()
        assert found == Reconciliation(devices_without_data=("T1", "U1"), data_without_fitting=("X1",))


async def test_failure_06_completeness_is_measured_for_each_device(database_url: str) -> None:
    """55 of 100 points came; 89 of 100; 90; a first dozen with a hole; many holes, long ago; all, under a conflict's gen."""
    sent = {
        "T1": [n for n in range(1, 101) if n % 20 < 11],
        "T2": [*range(1, 89), 100],
        "T3": [*range(1, 90), 100],
        "T4": [1, 12],
        "T5": [1, 100, *range(2_000, 3_440)],
        "T6": [*range(1, 101)],
    }
    async with knowing(database_url, *(v for n in range(1, 7) for v in person(n))) as (store, reading, roster):
        for no, device in enumerate(sent, 2):
            await store.commit(
                work_of(no, roster, fixes_of(roster.ids.index(device), sent[device]), checkpoint=b"state")
            )
        conflict = fixes_of(roster.ids.index("T6"), [7, 9], NOON + MINUTE_US, gen=1)
        await store.commit(work_of(8, roster, conflict, checkpoint=b"state"))
        found = await reading.reconciliation()
        assert found.incomplete == (("T1", 55, 100), ("T2", 89, 100))
        assert found.numbers()["incomplete_devices"] == 2


async def test_failure_06_what_counts_nothing_is_not_incomplete(embedded_url: str) -> None:
    phone = "owntracks_jane_phone"
    worn = [Version(Device(phone, DeviceKind.GPS_TAG)), Version(Fitting("F-phone", phone, LONG_AGO, wearer="W1"))]
    async with knowing(embedded_url, *person(1), *worn) as (store, reading, roster):
        sent = {"T1": [1, 100], phone: [1, 100]}
        for no, (device, seqs) in enumerate(sent.items(), 2):
            await store.commit(work_of(no, roster, fixes_of(roster.ids.index(device), seqs), checkpoint=b"state"))
        assert (await reading.reconciliation()).incomplete == (("T1", 2, 100),)
