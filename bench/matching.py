"""Who was near: crimes against days of fixes, by the matcher over TimescaleDB, by PostGIS, and by a loop over a pandas frame in memory.

``python -m bench.matching [--wearers N] [--days N] [--crimes N]`` writes bench/results/matching.json. A fix a minute of each wearer, all
of whom may be seen. `growth_with_days`: what the same crimes of the last tenth of the days cost with all days stored, over what they cost
with that tenth alone; 1 is no growth. `ratio_to_pandas` and `ratio_to_postgis`: crimes a second of ours over theirs, of the same crimes,
answered alike. What a crime costs is time of the processors, of this process and of the database's; rates are by the clock. Ours reads from the database, writes its results, and asks of each fix whether it may be used; the others only count.
What is measured here is scaled down; `fixes_in_windows_per_s` says what a window costs at any number of wearers: their fixes in it over that.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
import psycopg

from bailiwick.matcher import Known, Telling, match_once
from bailiwick.parts.postgres_server import PostgresServer
from bailiwick.parts.processes import PartFailed
from bailiwick.parts.real_parts import real_parts
from bailiwick.timezones import pinned_time_zones
from bench.postgis import started_postgis
from bench.results import write_result
from bench.store import Meter
from domain.callers import Caller
from domain.commits import Work
from domain.facts import Batch, Roster, empty_facts
from domain.instants import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from domain.records import Condition, Device, Fitting, Order, Version, Wearer
from domain.vocabulary import ConditionKind, CrimeKind, DeviceKind, OrderKind, Role
from evidence.matching import metres_from
from store import Reading, Store
from store.audit import entry_of
from store.connecting import open_pool
from store.crimes import Crimes, Named, Told
from store.matching import CrimeMatching
from store.times import Connection

WEARERS: Final = 60
DAYS: Final = 90
CRIMES: Final = 1_000
REPEATS: Final = 3
COMPARED: Final = 60
"""Crimes that the others answer."""
BEGIN_US: Final = 1_790_000_000 * SECOND_US // DAY_US * DAY_US
PLACE: Final = (0.9, 51.2)
SPREAD: Final = 0.15
"""Degrees, about which people live and crimes happen: some 30 km."""
FILL: Final = """
    INSERT INTO fixes (device_no, gen, seq, fix_time, receive_time, commit_no, lat, lon, acc, spd, hdg, bat, line, row_no, sats, src,
        quality)
    SELECT w.device_no, 0, m, at.t, at.t + interval '400 ms', 0, w.lat + 0.02 * sin(m / 240.0 + w.phase) + 0.0006 * sin(m / 7.0),
        w.lon + 0.03 * cos(m / 310.0 + w.phase) + 0.001 * cos(m / 9.0), 8.5, 1.3, 271.5, 87, 0, 0, 11, 0, 0
    FROM generate_series(%s::bigint, %s::bigint) AS m
    CROSS JOIN LATERAL (SELECT to_timestamp(%s::float8) + m * interval '1 minute' AS t) AS at
    CROSS JOIN walkers w
"""
FRAME: Final = (
    "SELECT device_no, (extract(epoch FROM fix_time) * 1000000)::bigint, lon, lat, acc FROM fixes ORDER BY fix_time"
)
POSTGIS: Final = """
    WITH place AS (SELECT ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326)::geography AS p)
    SELECT device_no, count(*) FILTER (WHERE ST_DWithin(f.place, p, %(radius_m)s)),
        bool_and(NOT ST_DWithin(f.place, p, %(radius_m)s + f.acc))
    FROM fixes f, place WHERE f.t_us >= %(from_us)s AND f.t_us < %(to_us)s GROUP BY device_no
"""


def records(wearers: int, days: int) -> list[Version]:
    """People with a tag and an order that shows where they are at all times."""
    found: list[Version] = []
    for number in range(wearers):
        name, end_us = f"W{number}", BEGIN_US + (days + 1) * DAY_US
        found += [
            Version(Wearer(name, f"Invented {name}")),
            Version(Device(f"T{number}", DeviceKind.GPS_TAG)),
            Version(Fitting(f"F{number}", f"T{number}", BEGIN_US, wearer=name)),
            Version(Order(f"O{number}", name, OrderKind.COMMUNITY, BEGIN_US, end_us, told_at_us=BEGIN_US)),
            Version(Condition(f"C{number}", f"O{number}", ConditionKind.TRAIL)),
        ]
    return found


async def prepare(url: str, wearers: int, days: int) -> None:
    """The schema and the caseload, learnt as ingest does."""
    async with await Store.open(url) as store:
        await store.migrate()
        await store.learn(records(wearers, days))
        roster, rows = Roster(), await store.unlearnt()
        for _, version in rows:
            if isinstance(version.record, Device):
                roster.add(version.record.id)
        none = np.zeros(0, np.int64)
        batch = Batch(none, none.astype(np.int8), none.astype(np.int32), none, none.astype(np.bool_), empty_facts())
        await store.commit(Work(1, roster, batch, empty_facts(), learnt=[(number, -1) for number, _ in rows]))
    rng = np.random.default_rng(4)
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(
            "CREATE TABLE walkers AS SELECT device_no, 0::float8 AS lon, 0::float8 AS lat, 0::float8 AS phase FROM devices"
        )
        for (number,) in conn.execute("SELECT device_no FROM walkers").fetchall():
            lon, lat = PLACE + rng.uniform(-SPREAD, SPREAD, 2)
            row = (float(lon), float(lat), float(rng.uniform(0, 6)), number)
            conn.execute("UPDATE walkers SET lon = %s, lat = %s, phase = %s WHERE device_no = %s", row)


def fill(url: str, first_day: int, last_day: int) -> None:
    """A fix a minute of everybody in some days, two at a time."""

    def one(day: int) -> None:
        with psycopg.connect(url, autocommit=True) as conn:
            conn.execute("SET synchronous_commit = off")
            conn.execute(FILL, (day * 1440, day * 1440 + 1439, BEGIN_US / 1e6))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(one, range(first_day, last_day)))
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("VACUUM ANALYZE fixes")


def crimes_of(url: str, number: int, first_day: int, last_day: int, word: str) -> list[Named]:
    """Windows of 1 to 12 hours; every second crime where somebody was."""
    rng = np.random.default_rng(7)
    found = []
    with psycopg.connect(url, autocommit=True) as conn:
        for k in range(number):
            hours = float(rng.uniform(1, 12))
            from_us = int(rng.uniform(BEGIN_US + first_day * DAY_US, BEGIN_US + last_day * DAY_US - hours * HOUR_US))
            lon, lat = PLACE + rng.uniform(-SPREAD, SPREAD, 2)
            if k % 2:
                minute = (from_us - BEGIN_US) // MINUTE_US + 30
                at = "SELECT lon, lat FROM fixes WHERE device_no = (SELECT min(device_no) + %s FROM walkers) AND fix_time = to_timestamp(%s)"
                who = int(rng.integers(0, 20))
                row = conn.execute(at.encode(), (who, BEGIN_US / 1e6 + int(minute) * 60)).fetchone()
                lon, lat = row if row else (lon, lat)
            told = Told(
                CrimeKind.THEFT, float(lon), float(lat), 0.0, 100.0, from_us, from_us + int(hours * HOUR_US), "bench"
            )
            found.append(Named("bench", f"{word}-{k}", told))
    return found


class Took(NamedTuple):
    """Seconds, by the clock and of the processors."""

    wall_s: float
    cpu_s: float


class Ours:
    """The matcher over a database."""

    def __init__(self, url: str, store: CrimeMatching, reading: Reading, crimes: Crimes) -> None:
        zones = pinned_time_zones()
        self._meter = Meter(url)
        self._telling = Telling(url, zones, lambda: time.time_ns() // 1000, asyncio.Event())
        self._store, self._reading, self._crimes, self._known = store, reading, crimes, Known(zones)

    async def enter(self, crimes: Sequence[Named]) -> None:
        now_us = time.time_ns() // 1000
        caller = Caller("bench", Role.ADMINISTRATOR, None, by="command")
        await self._crimes.enter(crimes, "bench", now_us, entry_of(caller, now_us, "crimes.write", "crime"), _nothing)

    async def matched(self, number: int) -> Took:
        """What it takes to match so many that wait."""
        before, done = self._meter.now(), 0
        while one := await match_once(self._telling, self._store, self._reading, self._known):
            done += one
        assert done == number, done
        after = self._meter.now()
        spent = {name: after[name] - before[name] for name in before}
        return Took(spent["wall"], spent["client"] + spent["server"])


async def _nothing(conn: Connection) -> None:
    """No key is noted."""


async def measured(url: str, wearers: int, days: int, number: int) -> tuple[dict[str, Any], list[Named]]:
    """The figures of ours, and the crimes of the last tenth of the days."""
    tenth = max(days // 10, 1)
    await prepare(url, wearers, days)
    await asyncio.to_thread(fill, url, days - tenth, days)
    late = crimes_of(url, max(number // 10, COMPARED), days - tenth, days, "late")
    pool = await open_pool(url)
    async with await CrimeMatching.open(url) as store, await Reading.open(url) as reading:
        ours = Ours(url, store, reading, Crimes(pool))
        few = await repeated(url, ours, late)
        await asyncio.to_thread(fill, url, 0, days - tenth)
        many = await repeated(url, ours, late)
        everywhere = crimes_of(url, number, 0, days, "all")
        await ours.enter(everywhere)
        took = await ours.matched(number)
    await pool.close()
    hours = sum(one.told.to_us - one.told.from_us for one in everywhere) / HOUR_US
    return {
        "wearers": wearers,
        "days": days,
        "fixes_stored": wearers * days * 1440,
        "crimes": number,
        "crimes_per_s": round(number / took.wall_s, 1),
        "cpu_ms_per_crime": round(took.cpu_s / number * 1e3, 1),
        "cpu_ms_per_crime_of_a_tenth": {
            "with_a_tenth_stored": round(few.cpu_s / len(late) * 1e3, 2),
            "with_all_stored": round(many.cpu_s / len(late) * 1e3, 2),
        },
        "growth_with_days": round(many.cpu_s / few.cpu_s, 3),
        "fixes_in_windows_per_s": round(hours * 60 * wearers / took.wall_s),
        "late_per_s": len(late) / many.wall_s,
    }, late


async def repeated(url: str, ours: Ours, crimes: Sequence[Named]) -> Took:
    """What it takes to match some crimes, the medians of some times."""
    await ours.enter(crimes)
    took = []
    for _ in range(REPEATS + 1):
        with psycopg.connect(url, autocommit=True) as conn:
            conn.execute("UPDATE crimes SET state = 'waiting' WHERE reference LIKE 'late-%%'")
            conn.execute("DELETE FROM crime_matches")
            conn.execute("DELETE FROM crime_matchings")
            conn.execute("CHECKPOINT")
        took.append(await ours.matched(len(crimes)))
    return Took(*(statistics.median(one) for one in zip(*took[1:], strict=True)))


def stored_answers(url: str, crimes: Sequence[Named]) -> list[tuple[frozenset[int], int]]:
    """What ours found: the devices near, and how many were elsewhere."""
    query = """
        SELECT c.reference, r.elsewhere, array_remove(array_agg(d.device_no), NULL)
        FROM crimes c JOIN crime_matchings r ON r.crime_no = c.crime_no LEFT JOIN crime_matches m ON m.matching_no = r.matching_no
        LEFT JOIN devices d ON d.id = 'T' || substr(m.wearer, 2) GROUP BY 1, 2"""
    with psycopg.connect(url) as conn:
        found = {
            name: (frozenset(near), elsewhere) for name, elsewhere, near in conn.execute(query.encode()).fetchall()
        }
    return [found[one.reference] for one in crimes]


def by_pandas(url: str, crimes: Sequence[Named]) -> tuple[float, list[tuple[frozenset[int], int]]]:
    """Crimes a second of a loop over a frame of all fixes, which is there already."""
    with psycopg.connect(url) as conn, conn.cursor(binary=True) as cursor:
        rows = cursor.execute(FRAME.encode()).fetchall()
    frame = pd.DataFrame(rows, columns=["device", "t_us", "lon", "lat", "acc"])
    del rows
    began, found = time.perf_counter(), []
    for _, _, told in crimes:
        window = frame[(frame.t_us >= told.from_us) & (frame.t_us < told.to_us)]
        metres = metres_from(told.lon, told.lat, window.lon.to_numpy(), window.lat.to_numpy())
        seen = pd.DataFrame(
            {"device": window.device, "near": metres <= told.radius_m, "far": metres > told.radius_m + window.acc}
        )
        by_device = seen.groupby("device").agg(near=("near", "sum"), far=("far", "all"))
        found.append((frozenset(by_device.index[by_device.near >= 2]), int(by_device.far.sum())))
    return len(crimes) / (time.perf_counter() - began), found


def by_postgis(url: str, crimes: Sequence[Named]) -> tuple[float, list[tuple[frozenset[int], int]], dict[str, str]]:
    """Crimes a second of PostGIS over the days of those crimes alone, with an index on the time and one on the place."""
    first = min(one.told.from_us for one in crimes)
    with started_postgis() as (conn, versions), psycopg.connect(url) as ours:
        conn.execute("CREATE TABLE fixes (device_no bigint, t_us bigint, acc float8, place geography(Point, 4326))")
        rows = ours.execute(
            f"SELECT * FROM ({FRAME.removesuffix(' ORDER BY fix_time')}) AS f (d, t, lon, lat, acc) WHERE t >= {first}".encode()
        )
        with conn.cursor().copy("COPY fixes (device_no, t_us, acc, place) FROM STDIN") as copy:
            for device, t_us, lon, lat, acc in rows:
                copy.write_row((device, t_us, acc, f"SRID=4326;POINT({lon} {lat})"))
        conn.execute("CREATE INDEX ON fixes (t_us)")
        conn.execute("CREATE INDEX ON fixes USING gist (place)")
        conn.execute("VACUUM ANALYZE fixes")
        began, found = time.perf_counter(), []
        for _, _, told in crimes:
            answer = conn.execute(POSTGIS.encode(), told._asdict()).fetchall()
            found.append((frozenset(device for device, near, _ in answer if near >= 2), sum(far for *_, far in answer)))
        return len(crimes) / (time.perf_counter() - began), found, versions


def main(wearers: int, days: int, number: int) -> tuple[dict[str, Any], dict[str, str]]:
    """Runs the three. Raises `PartFailed` without a TimescaleDB."""
    parts = real_parts()
    folder = Path(tempfile.mkdtemp(prefix="bailiwick-bench-"))
    folder.chmod(0o711)
    server = PostgresServer(parts.timescale, folder / "matching" / "data", folder / "log")
    server.start()
    try:
        with psycopg.connect(server.url("postgres"), autocommit=True) as conn:
            conn.execute("CREATE DATABASE matching")
        url = server.url("matching")
        with psycopg.connect(url, autocommit=True) as conn:
            conn.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
        result, late = asyncio.run(measured(url, wearers, days, number))
        compared = late[:COMPARED]
        answers, rate = stored_answers(url, compared), result.pop("late_per_s")
        pandas_rate, by_frame = by_pandas(url, compared)
        assert by_frame == answers, "the loop found others"
        versions = dict(parts.versions)
        try:
            postgis_rate, by_gist, of_postgis = by_postgis(url, compared)
            assert by_gist == answers, "PostGIS found others"
            versions |= of_postgis
            result["ratio_to_postgis"] = round(rate / postgis_rate, 2)
        except PartFailed as error:
            result["ratio_to_postgis"] = None
            print(f"PostGIS is not to be had: {error}")
        return result | {
            "ratio_to_pandas": round(rate / pandas_rate, 2),
            "near": sum(len(one[0]) for one in answers),
        }, versions
    finally:
        server.stop()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wearers", type=int, default=WEARERS)
    parser.add_argument("--days", type=int, default=DAYS)
    parser.add_argument("--crimes", type=int, default=CRIMES)
    given = parser.parse_args()
    done, used = main(given.wearers, given.days, given.crimes)
    write_result(
        "matching",
        done,
        f"python -m bench.matching --wearers {given.wearers} --days {given.days} --crimes {given.crimes}",
        used,
    )
