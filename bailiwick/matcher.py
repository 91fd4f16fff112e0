"""The matcher: who was near each crime that was entered, corrected, or has got data since (docs/crimes.md).

It runs in the exporter's process, which reads everything and keeps a core busy. Several may run: crimes are in the hands of one.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import numpy as np
import structlog
from numpy.typing import NDArray

from access.many import ManyPermits
from access.permits import AlertSpan, Permits, book_of, permits_of
from bailiwick.timezones import PinnedTimeZones
from domain.records import Order, Version
from domain.vocabulary import CrimeMatch
from evidence.matching import Fixes, Matching, Near, Outcome, Sought, near_home, stretch_us, stretches
from evidence.matching_fixes import Wearing, to_be_judged
from evidence.matching_homes import homes_of
from geofence.timetable import WindowCache
from store import Reading
from store.matching import Batch, Claimed, CrimeFacts, CrimeMatching, Found, FoundNear
from store.store import ConnectionLost

LOOK_S: Final = 60.0
"""Between two looks for data that came late."""
AGAIN_S: Final = 2.0
"""Before a database that is away is tried again."""
FIXES_KEPT: Final = 200
"""Of one wearer near one crime, with their places; the visits tell of all."""
BEGINNING: Final = (0, -(1 << 31), 0)
"""Before every record: (commit, line, record)."""

log = structlog.get_logger("bailiwick.matcher")


@dataclass(frozen=True, slots=True)
class Placed:
    """Who is considered in a stretch, in order, what may be seen of each, and where they must be of a night."""

    wearers: list[str]
    permits: list[Permits]
    homes: list[list[tuple[float, float, float]]]

    def considered(self, sought: Sequence[Sought]) -> NDArray[np.bool_]:
        """Whose orders were in force in which window: (crimes, wearers)."""
        spans = [(row, *span) for row, one in enumerate(self.permits) for span in one.running]
        rows, starts, ends = np.array(spans, np.int64).reshape(-1, 3).T
        found = np.zeros((len(sought), len(self.wearers)), np.bool_)
        for k, crime in enumerate(sought):
            found[k, rows[(starts < crime.to_us) & (ends > crime.from_us)]] = True
        return found


class Known:
    """The caseload as far as it permits positions; taken whole when first asked for, and what was learnt since each time."""

    def __init__(self, zones: PinnedTimeZones) -> None:
        self._windows = WindowCache(zones)
        self._book = book_of((), self._windows)
        self._learnt = BEGINNING
        self._wearers: set[str] = set()

    async def learn(self, reading: Reading) -> None:
        """Takes what was learnt since."""
        while True:
            versions, place = await reading.permit_records(self._learnt)
            if not versions:
                return
            await asyncio.to_thread(self.take, versions)
            self._learnt = place

    def take(self, versions: Sequence[Version]) -> None:
        """Takes versions."""
        for version in versions:
            self._book.learn(version)
            if isinstance(version.record, Order):
                self._wearers.add(version.record.wearer)

    def placed(self, from_us: int, to_us: int, alerts: Sequence[AlertSpan]) -> Placed:
        """Everybody with an order in force in ``[from_us, to_us)``."""
        by_wearer: dict[str, list[AlertSpan]] = {}
        for alert in alerts:
            by_wearer.setdefault(alert.wearer, []).append(alert)
        found = Placed([], [], [])
        for wearer in sorted(self._wearers):
            permits = permits_of(self._book, self._windows, wearer, from_us, to_us, by_wearer.get(wearer, ()))
            if any(start < to_us and end > from_us for start, end in permits.running):
                found.wearers.append(wearer)
                found.permits.append(permits)
                found.homes.append(homes_of(self._book, wearer, from_us, to_us))
        return found


def sought_of(crime: Claimed) -> Sought:
    """A crime as `evidence.matching` takes it."""
    return Sought(crime.lon, crime.lat, crime.radius_m, crime.within_m, crime.from_us, crime.to_us)


async def outcomes(facts: CrimeFacts, placed: Placed, sought: Sequence[Sought]) -> list[Outcome]:
    """What some crimes come to; their windows together span `access.many.LONGEST_US` at most."""
    from_us, to_us = min(one.from_us for one in sought), max(one.to_us for one in sought)
    worn = await facts.worn(from_us, to_us)
    wearing = Wearing(worn, {wearer: row for row, wearer in enumerate(placed.wearers)})
    many = await asyncio.to_thread(ManyPermits, placed.permits, from_us, to_us)
    matching = Matching(sought, placed.considered(sought))
    for stretch in stretches(sought, stretch_us(len(worn))):
        fixes, quality = wearing.fixes(await facts.fixes(*stretch))
        needed = to_be_judged(fixes, quality, matching.in_reach(fixes))
        newest = await facts.newest_qualities(fixes[needed])
        quality[needed] = np.where(newest >= 0, newest, quality[needed])
        await asyncio.to_thread(_take, matching, many, fixes[quality == 0])
    return await asyncio.to_thread(matching.outcomes)


def _take(matching: Matching, many: ManyPermits, fixes: Fixes) -> None:
    columns = (np.ascontiguousarray(fixes[name]) for name in ("wearer", "t_us", "lon", "lat", "acc"))
    matching.take(fixes[many.permitted(*columns)])


def found_of(outcome: Outcome, placed: Placed, crime: Sought) -> Found:
    """An outcome as it is kept."""
    near = [_kept(one, placed, crime) for one in outcome.near]
    said = [(wearer, code) for wearer, code in zip(placed.wearers, outcome.match.tolist(), strict=True) if code >= 0]
    digest = hashlib.sha256(msgspec.json.encode([said, outcome.elsewhere_throughout, near])).digest()
    counts = (outcome.count(CrimeMatch.ELSEWHERE), outcome.elsewhere_throughout, outcome.count(CrimeMatch.NO_DATA))
    return Found(near, *counts, digest)


def _kept(one: Near, placed: Placed, crime: Sought) -> FoundNear:
    rows = zip(one.fixes[:FIXES_KEPT].tolist(), one.metres.tolist(), strict=False)
    fixes = [[row[1], round(row[2], 6), round(row[3], 6), row[4], round(metres, 1)] for row, metres in rows]
    visits: list[list[Any]] = [list(visit) for visit in one.visits]
    home = near_home(crime, placed.homes[one.wearer])
    return FoundNear(placed.wearers[one.wearer], one.score, home, len(one.fixes), visits, fixes)


@dataclass(frozen=True, slots=True)
class Telling:
    """What the matcher is told. ``clock`` gives microseconds UTC."""

    database_url: str
    zones: PinnedTimeZones
    clock: Callable[[], int]
    stop: asyncio.Event


async def serve(told: Telling) -> None:
    """Runs until ``told.stop`` is set; the database is waited for."""
    known = Known(told.zones)
    while not told.stop.is_set():
        try:
            async with (
                await CrimeMatching.open(told.database_url) as store,
                await Reading.open(told.database_url) as reading,
                store.asked() as wait,
            ):
                while not told.stop.is_set():
                    await store.look_for_late(told.clock())
                    while not told.stop.is_set() and await match_once(told, store, reading, known):
                        pass
                    await first_of(told.stop.wait(), wait(), asyncio.sleep(LOOK_S))
        except ConnectionLost:
            log.warning("the database is away")
            await first_of(told.stop.wait(), asyncio.sleep(AGAIN_S))


async def match_once(told: Telling, store: CrimeMatching, reading: Reading, known: Known) -> int:
    """Matches some crimes that are to be matched; how many, 0 when there are none."""
    async with store.claimed() as batch:
        if batch.crimes:
            await known.learn(reading)
            alerts = [AlertSpan(*span) for span in await reading.open_spans()]
            await _match(told, store, known, alerts, batch)
    return len(batch.crimes)


async def _match(told: Telling, store: CrimeMatching, known: Known, alerts: Sequence[AlertSpan], batch: Batch) -> None:
    sought = [sought_of(one) for one in batch.crimes]
    from_us, to_us = min(one.from_us for one in sought), max(one.to_us for one in sought)
    placed = await asyncio.to_thread(known.placed, from_us, to_us, alerts)
    for crime, one, outcome in zip(batch.crimes, sought, await outcomes(store.facts, placed, sought), strict=True):
        found = await asyncio.to_thread(found_of, outcome, placed, one)
        is_new = await batch.enter(crime, found, told.clock())
        log.info("a crime was matched", crime=crime.no, version=crime.version, is_new=is_new, near=len(found.near))


async def first_of(*waits: Awaitable[object]) -> None:
    """Returns when one of them does; the others are ended."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
