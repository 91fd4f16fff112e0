"""The matcher as the process that it is: by the exporter's own login, woken by what was entered, one at a time."""

from __future__ import annotations

import asyncio

import pytest

from bailiwick.matcher import Known, Telling, match_once, serve
from domain.callers import Caller, Sight
from domain.instants import MINUTE_US
from domain.vocabulary import CrimeKind, Role
from store import Reading
from store.audit import Entry, entry_of
from store.connecting import open_pool
from store.crimes import Crimes, Named, Told
from store.matching import CrimeMatching
from store.times import Connection
from tests.api.test_crimes import INSIDE, Scene, scene
from tests.store.alert_making import ZONES
from tests.store.made import NOON, ask
from tests.store.test_roles import login_as
from tests.waiting import eventually

EVERYBODY = Sight(everything=True, positions=True)
TOLD = Told(CrimeKind.THEFT, *INSIDE, 0.0, 100.0, NOON, NOON + 10 * MINUTE_US, "told")


def entry(deed: str, who: str = "ola") -> Entry:
    return entry_of(Caller(who, Role.OPERATOR, None), NOON, deed, "crime")


async def nothing(conn: Connection) -> None:
    """No key is noted."""


async def test_each_does_its_part_with_its_own_rights(database_url: str) -> None:
    async with scene(database_url):
        with login_as(database_url, "bailiwick_api") as api, login_as(database_url, "bailiwick_exporter") as own:
            pool = await open_pool(api)
            stop = asyncio.Event()
            matcher = asyncio.create_task(serve(Telling(own, ZONES, lambda: NOON, stop)))
            crimes = Crimes(pool)
            await crimes.enter([Named("kent", "a", TOLD)], "pc", NOON, entry("crimes.write"), nothing)
            done = "SELECT 1 FROM crimes WHERE state = 'matched'"
            await eventually(lambda: bool(ask(database_url, done)), "it is matched")
            stop.set()
            await matcher
            row = await crimes.crime(1, None)
            assert row is not None
            assert row.result is not None
            assert row.result.near == 3
            number = row.result.no
            near = await crimes.matches(number, EVERYBODY)
            work = (1, number, near[0].wearer, None, True, "so")
            assert await crimes.qualify(*work, "ola", NOON, entry("crime_matches.qualify")) is not None
            assert await crimes.decide(*work, "sam", NOON, entry("crime_matches.authorise", "sam")) is not None
            assert [one.wearer for one in await crimes.matches(number, None)] == [near[0].wearer]
            await pool.close()


async def ends_in_the_middle(it: Scene, other: CrimeMatching, reading: Reading) -> None:
    """While it has a crime in hand another finds none."""
    async with it.store.claimed() as batch:
        assert len(batch.crimes) == 1
        assert await match_once(it.telling, other, reading, Known(ZONES)) == 0
        raise ZeroDivisionError("it ends in the middle")


async def test_what_one_has_in_hand_another_passes_over_and_takes_when_it_is_let_go(embedded_url: str) -> None:
    async with scene(embedded_url) as it:
        await it.told()
        async with await CrimeMatching.open(embedded_url) as other, await Reading.open(embedded_url) as reading:
            with pytest.raises(ZeroDivisionError):
                await ends_in_the_middle(it, other, reading)
            assert await match_once(it.telling, other, reading, Known(ZONES)) == 1
