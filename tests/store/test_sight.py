"""The database shows what a sight names and nothing else: also to a question that forgot its filter."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import psycopg
import pytest

from domain.callers import NOTHING, Sight
from domain.instants import HOUR_US
from domain.records import (
    Absence,
    Area,
    Circle,
    Condition,
    Device,
    Fitting,
    Order,
    Suspension,
    Version,
    Victim,
    Visit,
    Wearer,
    Zone,
)
from domain.vocabulary import AreaKind, ConditionKind, DeviceKind, Kind, OrderKind, VisitKind, VisitOutcome
from store import Reading, Store
from store.reading_types import AlertFilter, Subject, ViolationFilter
from store.seeing import seeing, sight_text
from tests.store.alert_making import Made, alerts_at
from tests.store.made import NOON, ask, change_of, fixes_of, migrated, violation_of

pytestmark = [pytest.mark.real, pytest.mark.slow]

BEGAN = NOON - 48 * HOUR_US
EVERYTHING = Sight(everything=True, positions=True, victims=True, centre=True)
MANY = 100


@pytest.fixture(params=["timescale_url", "embedded_url"])
def url(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(request.param))


def of_area(wearer: str, device: str, area: str, officer: str | None = None) -> list[Version]:
    order = Order(
        f"O-{wearer}",
        wearer,
        OrderKind.COMMUNITY,
        BEGAN,
        area=area,
        officer=officer and {"name": "x", "email": officer},
    )
    return [
        Version(record)
        for record in (
            # In an order that a file may have: what hangs on another before it.
            Absence(f"A-{wearer}", f"C-{wearer}", BEGAN, NOON),
            Condition(f"C-{wearer}", order.id, ConditionKind.TRAIL),
            Suspension(f"S-{wearer}", order.id, BEGAN, NOON),
            order,
            Wearer(wearer, f"Invented {wearer}"),
            Device(device, DeviceKind.GPS_TAG),
            Fitting(f"F-{wearer}", device, BEGAN, wearer=wearer),
            Visit(f"X-{wearer}", wearer, VisitKind.FIT, BEGAN, VisitOutcome.DONE),
        )
    ]


@asynccontextmanager
async def two_areas(url: str) -> AsyncIterator[tuple[Made, Reading]]:
    """W1 in `thanet`, which is below `kent`; W2 in `essex`, paired with V2; each with a tag, a fix, a violation, an alert."""
    everybody = [
        Version(Area("kent", AreaKind.REGION)),
        Version(Area("thanet", AreaKind.PDU, parent="kent")),
        Version(Area("essex", AreaKind.REGION)),
        Version(Zone("Z-essex", Circle(0.5, 51.9, 100.0), "essex", "A school")),
        *of_area("W1", "T1", "thanet", "Pat@Example.org"),
        *of_area("W2", "T2", "essex"),
        Version(Victim("V2", "Invented V2")),
        Version(Device("U2", DeviceKind.VICTIM_UNIT)),
        Version(Fitting("F-V2", "U2", BEGAN, victim="V2")),
        Version(Condition("P-W2", "O-W2", ConditionKind.PROXIMITY, victim="V2", alert_m=500.0, prealert_m=1000.0)),
    ]
    async with alerts_at(url, *everybody) as made, await Reading.open(url, lambda: NOON) as reading:
        for device in ("T1", "T2", "U2"):
            await made.commit(facts=fixes_of(made.roster.index[device], [1, 2], NOON - HOUR_US))
        for wearer in ("W1", "W2"):
            await made.raised(f"{wearer}-1", wearer=wearer, condition=f"C-{wearer}")
        yield made, reading


async def shown(reading: Reading) -> dict[str, set[str]]:
    """What a reader shows, by kind."""
    alerts = await reading.alerts(AlertFilter(), None, MANY)
    return {
        "wearers": {row.id for row in await reading.wearers(None, MANY)},
        "devices": {row.id for row in await reading.devices(None, MANY)},
        "positions": {row.wearer for row in await reading.positions(None, MANY)},
        "trail": {
            row.wearer for who in ("W1", "W2", "V2") for row in (await reading.trail(who, 0, NOON, None, MANY)).rows()
        },
        "violations": {one.id for _, one in await reading.violations(ViolationFilter(), None, MANY)},
        "alerts": {str(row.wearer) for row in alerts},
        "caseload": {version.record.id for version in await reading.caseload_of(["W1", "W2"])},
        "wearers in sight": set(await reading.wearers_in_sight()),
    }


KENTISH = {
    "wearers": {"W1"},
    "devices": {"T1"},
    "positions": {"W1"},
    "trail": {"W1"},
    "violations": {"W1-1"},
    "alerts": {"W1"},
    "caseload": {"W1", "O-W1", "C-W1", "A-W1", "S-W1"},
    "wearers in sight": {"W1"},
}


async def test_an_area_an_officer_or_a_name_shows_its_own_and_no_more(url: str) -> None:
    async with two_areas(url) as (_, reading):
        for sight in (
            Sight(areas=frozenset({"kent"}), positions=True),
            Sight(areas=frozenset({"thanet"}), positions=True),
            Sight(email="pat@example.org", positions=True),
            Sight(wearers=frozenset({"W1"}), positions=True),
        ):
            assert await shown(reading.seen(sight)) == KENTISH, sight
        everything = await shown(reading.seen(EVERYTHING))
        assert everything["wearers"] == {"W1", "W2"}
        assert everything["devices"] == {"T1", "T2", "U2"}
        assert everything["trail"] == {"W1", "W2"}


async def test_no_sight_shows_nothing(url: str) -> None:
    async with two_areas(url) as (_, reading):
        assert not any((await shown(reading.seen(NOTHING))).values())


async def test_without_positions_there_are_no_fixes_and_yet_devices_were_heard(url: str) -> None:
    async with two_areas(url) as (_, reading):
        blind = reading.seen(replace(EVERYTHING, positions=False))
        told = await shown(blind)
        assert (told["positions"], told["trail"]) == (set(), set())
        assert told["wearers"] == {"W1", "W2"}
        assert all(row.heard_us is not None for row in await blind.devices(None, MANY))


async def test_a_protected_persons_device_is_shown_to_those_for_them_alone_and_its_fixes_to_nobody(url: str) -> None:
    async with two_areas(url) as (_, reading):
        told = await shown(reading.seen(replace(EVERYTHING, victims=False)))
        assert told["devices"] == {"T1", "T2"}
        essex = Sight(areas=frozenset({"essex"}), positions=True)
        assert (await shown(reading.seen(essex)))["devices"] == {"T2"}
        for_victims = reading.seen(replace(essex, victims=True))
        assert (await shown(for_victims))["devices"] == {"T2", "U2"}
        assert await for_victims.in_sight(Subject.VICTIM, "V2")
        kent = reading.seen(Sight(areas=frozenset({"kent"}), positions=True, victims=True))
        assert not await kent.in_sight(Subject.VICTIM, "V2")
    with psycopg.connect(url) as conn:
        conn.execute("SELECT set_config('bailiwick.sight', %s, true)", [sight_text(EVERYTHING)])
        conn.execute("SET LOCAL search_path = seen, public")
        conn.execute("SET LOCAL ROLE bailiwick_seeing")
        assert conn.execute("SELECT count(*) FROM all_fixes").fetchone() == (4,)


async def test_what_is_not_in_sight_is_as_what_is_not_there(url: str) -> None:
    async with two_areas(url) as (made, reading):
        kent = reading.seen(Sight(areas=frozenset({"kent"})))
        numbers = [no for (no,) in ask(url, "SELECT alert_no FROM alerts ORDER BY alert_no")]
        assert await kent.alerts_in_sight([*numbers, 999]) == frozenset(numbers[:1])
        assert await kent.in_sight(Subject.ALERT, str(numbers[0]))
        assert not await kent.in_sight(Subject.ALERT, str(numbers[1]))
        assert await kent.versions_of("W2-1") == []
        assert await kent.alert(numbers[1]) is None
        assert made is not None


async def test_a_variation_that_moves_an_order_moves_what_hangs_on_it(url: str) -> None:
    async with two_areas(url) as (made, reading):
        kent = reading.seen(Sight(areas=frozenset({"kent"})))
        await made.learn(Version(Order("O-W2", "W2", OrderKind.COMMUNITY, BEGAN, area="thanet"), NOON))
        assert await kent.wearers_in_sight() == {"W1", "W2"}
        assert {version.record.id for version in await kent.caseload_of(["W2"])} >= {"O-W2", "C-W2", "A-W2", "S-W2"}


async def test_an_officer_reads_the_shared_zone_of_their_own_order_wherever_it_is_kept(url: str) -> None:
    async with two_areas(url) as (made, reading):
        pat = reading.seen(Sight(email="pat@example.org"))
        before = {version.record.id for version in await pat.caseload_of(["W1"])}
        named = Condition("N-W1", "O-W1", ConditionKind.EXCLUSION_ZONE, zone="Z-essex")
        await made.learn(Version(named))
        after = {version.record.id for version in await pat.caseload_of(["W1"])}
        assert after - before == {"N-W1", "Z-essex"}
        blind = reading.seen(Sight(wearers=frozenset({"W2"})))
        assert "Z-essex" not in {version.record.id for version in await blind.caseload_of(["W1", "W2"])}


async def test_what_has_no_wearer_is_seen_by_whom_it_is_about_and_what_is_nobodys_by_the_centre(url: str) -> None:
    async with two_areas(url) as (made, reading):
        silent = violation_of("V2-1", wearer=None, victim="V2", device="U2", kind=Kind.VICTIM_UNIT_SILENT)
        about = {"wearer": None, "kind": Kind.FAULT}
        parked = [violation_of(f"parked-{device}", device=device, **about) for device in ("T1", "T2", "U2", "T9")]
        parked.append(violation_of("parked-long-ago", device="U2", decided_us=BEGAN - HOUR_US, **about))
        await made.commit([silent], [change_of(one) for one in (silent, *parked, violation_of("deaf", **about))])
        nobodys = {"parked-T9", "parked-long-ago", "deaf"}
        essex = Sight(areas=frozenset({"essex"}), victims=True, centre=True)
        for sight, theirs in (
            (EVERYTHING, {"V2-1", "parked-T1", "parked-T2", "parked-U2", *nobodys}),
            (replace(essex, areas=frozenset({"kent"})), {"parked-T1", *nobodys}),
            (essex, {"V2-1", "parked-T2", "parked-U2", *nobodys}),
            (replace(essex, victims=False), {"parked-T2", *nobodys}),
            (replace(essex, centre=False), set()),
        ):
            seen = reading.seen(sight)
            alerts = [row for row in await seen.alerts(AlertFilter(), None, MANY) if row.wearer is None]
            assert {row.episode for row in alerts} == theirs, sight
            violations = [one.id for _, one in await seen.violations(ViolationFilter(), None, MANY) if not one.wearer]
            assert violations == [one for one in ("V2-1",) if one in theirs], sight
            assert bool(await seen.versions_of("V2-1")) == await seen.in_sight(Subject.VIOLATION, "V2-1")
            assert await seen.in_sight(Subject.VIOLATION, "V2-1") == ("V2-1" in theirs)


async def test_of_a_sight_with_a_day_the_visits_of_that_day_are_seen(url: str) -> None:
    async with two_areas(url) as (made, reading):
        for name, at_us in (
            ("X-eve", NOON - 1),
            ("X-first", NOON),
            ("X-last", NOON + HOUR_US - 1),
            ("X-after", NOON + HOUR_US),
        ):
            await made.learn(Version(Visit(name, "W1", VisitKind.FIT, at_us, VisitOutcome.DONE)))
        whole = Sight(wearers=frozenset({"W1"}))
        for sight, visits in (
            (whole, {"X-W1", "X-eve", "X-first", "X-last", "X-after"}),
            (replace(whole, visits=(NOON, NOON + HOUR_US)), {"X-first", "X-last"}),
            (replace(EVERYTHING, visits=(NOON, NOON + HOUR_US)), {"X-first", "X-last"}),
            (replace(whole, visits=(0, 0)), set()),
        ):
            async with reading._pool.connection() as conn, seeing(conn, sight):
                for view in (
                    "visits",
                    "caseload_entered WHERE type = 'visit'",
                    "caseload_versions WHERE type = 'visit'",
                ):
                    found = await (await conn.execute(f"SELECT id FROM seen.{view}".encode())).fetchall()
                    assert {row[0] for row in found} == visits, view


async def test_every_view_without_a_sight_is_empty_and_every_table_is_closed(url: str) -> None:
    async with two_areas(url):
        pass
    views = [row[0] for row in ask(url, "SELECT table_name FROM information_schema.views WHERE table_schema = 'seen'")]
    tables = [row[0] for row in ask(url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    assert {"fixes", "alerts", "wearers", "contacts"} <= set(views)
    assert "caseload_records" in tables
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("SET ROLE bailiwick_seeing")
        for view in views:
            if view != "areas":
                assert conn.execute(f"SELECT count(*) FROM seen.{view}".encode()).fetchone() == (0,), view
        for table in tables:
            for verb in ("SELECT 1 FROM", "DELETE FROM", "TRUNCATE"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    conn.execute(f"{verb} public.{table}".encode())
        for view in views:
            with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.ObjectNotInPrerequisiteState)):
                conn.execute(f"DELETE FROM seen.{view}".encode())


async def test_the_sight_ends_with_its_question(url: str) -> None:
    """A connection of the pool that was lent to a caller shows the next one nothing of it."""
    async with two_areas(url) as (_, reading):
        await reading.seen(EVERYTHING).wearers(None, MANY)
        async with reading._pool.connection() as conn:
            row = await (
                await conn.execute("SELECT current_user = session_user, current_setting('bailiwick.sight', true)")
            ).fetchone()
        assert row is not None
        assert (row[0], row[1] or "") == (True, "")


async def test_a_login_that_may_not_see_is_told_so(url: str) -> None:
    async with migrated(url, ()), await Store.open(url):
        name = f"a_login_{abs(hash(url)) % 10**8}"
        with psycopg.connect(url, autocommit=True) as admin:
            admin.execute(f"CREATE ROLE {name} LOGIN".encode())
            admin.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}".encode())
        try:
            parts = psycopg.conninfo.conninfo_to_dict(url)
            async with await Reading.open(psycopg.conninfo.make_conninfo(**(parts | {"user": name}))) as reading:
                assert "bailiwick_seeing" in str(await reading.ready())
        finally:
            with psycopg.connect(url, autocommit=True) as admin:
                admin.execute(f"DROP OWNED BY {name}".encode())
                admin.execute(f"DROP ROLE {name}".encode())
