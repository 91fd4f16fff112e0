"""The rota and the boundaries as real databases keep them: twice is once, another version replaces, nothing is half taken."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import psycopg
import pytest

from alerts.shipped import shipped_protocols
from bailiwick.directory import rota_alerts
from domain.instants import DAY_US, HOUR_US
from domain.records import Area, Condition, Order, Record, Version, Victim, Wearer
from domain.rota import Shift
from domain.vocabulary import AreaKind, ConditionKind, OrderKind, Role
from store.connecting import configure
from store.rota import AreaInUse, Entered
from store.times import At
from tests.store.made import NOON, learn_everything, migrated, roster_of
from tests.store.test_plans import indexes, plan

DAY = Shift("S1", Role.SUPERVISOR, "p1", "A. Able", NOON, NOON + 8 * HOUR_US, "south", None, "+44 1632 960001", None, 2)
NIGHT = Shift(
    "S2", Role.OFFICER, "p2", "B. Bold", NOON + 8 * HOUR_US, NOON + DAY_US, None, "probation", None, "b@example.org"
)


async def test_shifts_come_back_exactly_by_range(database_url: str) -> None:
    async with migrated(database_url) as store:
        assert await store.rota.enter([NIGHT, DAY], "import") == Entered(2, 0, 0)
        assert await store.rota.shifts(NOON, NOON + DAY_US) == [DAY, NIGHT]
        assert await store.rota.shifts(NOON, NOON + 8 * HOUR_US) == [DAY]
        assert await store.rota.shifts(NOON + 8 * HOUR_US, NOON + 9 * HOUR_US) == [NIGHT]


async def test_a_file_twice_is_once_and_a_changed_shift_replaces_the_old_which_is_kept(database_url: str) -> None:
    async with migrated(database_url) as store:
        await store.rota.enter([DAY, NIGHT], "first")
        assert await store.rota.enter([DAY, NIGHT], "again") == Entered(0, 0, 2)
        other = replace(DAY, person="p3", name="C. Calm")
        assert await store.rota.enter([other, NIGHT], "swap") == Entered(0, 1, 1)
        assert await store.rota.shifts(NOON, NOON + DAY_US) == [other, NIGHT]
    async with await psycopg.AsyncConnection.connect(database_url) as conn:
        rows = await (
            await conn.execute("SELECT person, cancelled_by FROM rota WHERE id = 'S1' ORDER BY shift_no")
        ).fetchall()
    assert rows == [("p1", "swap"), ("p3", None)]


async def test_shifts_are_taken_while_an_ingest_is_at_work(database_url: str) -> None:
    async with migrated(database_url) as store, await store.lead() as leader:
        assert leader
        assert await asyncio.wait_for(store.rota.enter([DAY], "import"), 10) == Entered(1, 0, 0)


async def test_shifts_are_taken_whole_or_not_at_all(database_url: str) -> None:
    async with migrated(database_url) as store:
        bad = replace(NIGHT, to_us=NIGHT.from_us)
        with pytest.raises(psycopg.errors.CheckViolation):
            await store.rota.enter([DAY, bad], "import")
        assert await store.rota.shifts(NOON, NOON + DAY_US) == []


async def test_areas_are_the_newest_entered_and_those_in_use_say_whether_they_protect(database_url: str) -> None:
    def order(name: str, wearer: str, area: str | None, to_us: int) -> Order:
        return Order(name, wearer, OrderKind.COMMUNITY, NOON - DAY_US, to_us, area=area)

    records: list[Record] = [
        Area("south", AreaKind.REGION, "South"),
        Area("south-pdu", AreaKind.PDU, "P", "south"),
        Wearer("W1"),
        Wearer("W2"),
        Victim("V1"),
        order("O1", "W1", "south-pdu", NOON + DAY_US),
        order("O2", "W2", None, NOON + DAY_US),
        order("O3", "W2", "south", NOON - HOUR_US),
        Condition("P1", "O1", ConditionKind.PROXIMITY, victim="V1", alert_m=500.0),
    ]
    async with migrated(database_url) as store:
        await store.learn([Version(record) for record in records])
        await store.learn([Version(Area("south", AreaKind.POLICE_FORCE, "Southshire"))])
        areas = await store.rota.areas()
        await learn_everything(store, 1, roster_of())
        assert await store.rota.areas_in_use(NOON, NOON + HOUR_US) == [
            AreaInUse(None, False),
            AreaInUse("south-pdu", True),
        ]
        assert len(await store.rota.areas_in_use(NOON - 2 * HOUR_US, NOON + HOUR_US)) == 3
    assert set(areas) == {"south", "south-pdu"}
    assert areas["south"] == Area("south", AreaKind.POLICE_FORCE, "Southshire")


SQUARE = {"type": "Polygon", "coordinates": [[[0.0, 51.0], [1.0, 51.0], [1.0, 52.0], [0.0, 52.0], [0.0, 51.0]]]}


async def test_the_newest_boundary_of_each_force_counts(database_url: str) -> None:
    async with migrated(database_url) as store:
        other = SQUARE | {"coordinates": [[[2.0, 51.0], [3.0, 51.0], [3.0, 52.0], [2.0, 51.0]]]}
        assert await store.rota.enter_boundaries({"westshire": SQUARE, "eastshire": SQUARE}, "import") == 2
        assert await store.rota.enter_boundaries({"westshire": SQUARE, "eastshire": other}, "import") == 1
        assert await store.rota.boundaries() == {"eastshire": other, "westshire": SQUARE}


async def test_the_rota_and_what_was_sent_of_late_are_found_by_their_indexes(database_url: str) -> None:
    async with (
        migrated(database_url) as store,
        await psycopg.AsyncConnection.connect(database_url, autocommit=True) as conn,
    ):
        await configure(conn)
        years = [
            replace(DAY, id=f"S{n}", from_us=NOON - n * DAY_US, to_us=NOON - (n - 1) * DAY_US) for n in range(1, 2_001)
        ]
        await store.rota.enter([*years, replace(NIGHT, id="night")], "import")
        await conn.execute(b"ANALYZE")
        found = await plan(conn, "shifts_between", {"from_at": At(NOON), "to_at": At(NOON + DAY_US)})
        assert "rota_to" in indexes(found)
        await conn.execute(b"SET enable_seqscan = off")
        assert "notifications_lately" in indexes(await plan(conn, "told_lately", {"since": At(NOON)}))
        assert await store.rota.told_lately(NOON) == {}


async def test_a_gap_in_the_rota_is_an_alert_a_day_ahead(database_url: str) -> None:
    """From what the database has: the roles that the shipped protocols tell, where orders run."""
    whole = [
        Shift(f"S-{role}", role, "p1", "A. Able", NOON - 8 * DAY_US, NOON + 8 * DAY_US, email="a@example.org")
        for role in (Role.OPERATOR, Role.DUTY_MANAGER, Role.OFFICER, Role.VICTIM_LIAISON)
    ]
    ends = Shift("S-sup", Role.SUPERVISOR, "p2", "B. Bold", NOON - 8 * DAY_US, NOON + 12 * HOUR_US)
    order = Order("O1", "W1", OrderKind.COMMUNITY, NOON - DAY_US, NOON + 9 * DAY_US)
    async with migrated(database_url) as store:
        await store.learn([Version(record) for record in (Wearer("W1"), order)])
        await learn_everything(store, 1, roster_of())
        await store.rota.enter([*whole, ends], "import")
        (found,) = await rota_alerts(store, shipped_protocols(), NOON)
        assert found.episode == "rota_gap:supervisor:all:2026-11-22T00:00:00Z"
        await store.rota.enter([replace(ends, id="S-more", from_us=ends.to_us, to_us=NOON + 3 * DAY_US)], "import")
        assert await rota_alerts(store, shipped_protocols(), NOON) == []
