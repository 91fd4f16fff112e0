"""The packer: makes breach packs that were asked for, and has those made anew whose grounds have changed (docs/packs.md).

It runs in the exporter's process, which reads everything and keeps a core busy. Several may run: a pack is in the hands of one.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import structlog

from bailiwick.matcher import first_of
from bailiwick.pack_gathering import EVERYTHING
from bailiwick.pack_making import Making, Page, Typeset, basis_now, make
from bailiwick.timezones import PinnedTimeZones
from domain.errors import BailiwickError
from evidence.document.page import html_of
from evidence.document.typesetting import pdf_of
from evidence.gathered import Taken
from evidence.routes import Routes, read_routes, shipped_text
from evidence.signing import SigningKey
from evidence.versions import changes
from store.breaches import Breaches
from store.connecting import open_pool
from store.pack_sources import PackSources
from store.packs import MOST_TRIES, Claimed, LostPack, Packs, Standing
from store.store import ConnectionLost

LOOK_S: Final = 30.0
"""Between two looks for packs whose grounds have changed."""
RENEW_S: Final = 40.0
"""A pack in hand is kept in hand so often: one of a year takes longer than its lease."""
AGAIN_S: Final = 2.0
"""Before a database that is away is tried again."""

OUR_FAULT: Final = "it could not be made, by a fault of this program: whoever runs it finds more in the exporter's log"

log = structlog.get_logger("bailiwick.packer")


@dataclass(frozen=True, slots=True)
class Packing:
    """What the packer is told. ``clock`` gives microseconds UTC."""

    database_url: str
    zones: PinnedTimeZones
    routes: Routes
    typeset: Typeset
    page: Page
    key: SigningKey | None
    kept_days: int
    clock: Callable[[], int]
    stop: asyncio.Event = field(default_factory=asyncio.Event)


class Told(Protocol):
    """What the exporter's process was told, as far as packs need it. ``routes`` None: those that ship."""

    @property
    def database_url(self) -> str: ...
    @property
    def zones(self) -> PinnedTimeZones: ...
    @property
    def routes(self) -> Routes | None: ...
    @property
    def key(self) -> SigningKey | None: ...
    @property
    def kept_days(self) -> int: ...
    @property
    def clock(self) -> Callable[[], int]: ...
    @property
    def stop(self) -> asyncio.Event: ...


def packing_of(told: Told) -> Packing:
    """As the exporter's process has it."""
    routes = told.routes or read_routes(shipped_text(), told.zones)
    how = (pdf_of, html_of, told.key, told.kept_days, told.clock, told.stop)
    return Packing(told.database_url, told.zones, routes, *how)


async def serve(told: Packing) -> None:
    """Runs until ``told.stop`` is set; the database is waited for."""
    while not told.stop.is_set():
        try:
            await _serve(told)
        except ConnectionLost:
            log.warning("the database is away")
            await first_of(told.stop.wait(), asyncio.sleep(AGAIN_S))


async def _serve(told: Packing) -> None:
    pool = await open_pool(told.database_url)
    try:
        packs, making = Packs(pool, told.database_url), making_of(told, pool)
        async with packs.asked() as wait:
            while not told.stop.is_set():
                while not told.stop.is_set() and await work_once(packs, making, told.clock):
                    pass
                await look(packs, making, told.clock())
                await first_of(told.stop.wait(), wait(), asyncio.sleep(LOOK_S))
    finally:
        await pool.close()


def making_of(told: Packing, pool: Any) -> Making:
    """What packs are made with, over a pool."""
    asks = (PackSources(pool), Breaches(pool), told.routes, told.zones)
    return Making(*asks, told.typeset, told.page, told.key, told.kept_days)


async def work_once(packs: Packs, making: Making, clock: Callable[[], int], renew_s: float = RENEW_S) -> bool:
    """Makes the oldest pack that is to be made; False when there is none."""
    claimed = await packs.claim(clock())
    if claimed is None:
        return False
    try:
        if claimed.attempts > MOST_TRIES:
            await packs.fail(claimed, "it was given up: whoever made it ended in the middle of it, again and again")
            return True
        work = asyncio.create_task(_make(packs, making, claimed, clock()))
        try:
            while not (await asyncio.wait({work}, timeout=renew_s))[0]:
                await packs.renew(claimed, clock())
            await work
        finally:
            work.cancel()
    except LostPack:
        log.warning("a pack is in other hands", pack=claimed.no)
    return True


async def _make(packs: Packs, making: Making, claimed: Claimed, now_us: int) -> None:
    try:
        made = await make(making, claimed, await packs.before(claimed), now_us)
    except ConnectionLost:
        raise
    except BailiwickError as error:
        await packs.fail(claimed, str(error))
        log.warning("a pack cannot be made", pack=claimed.no)
        return
    except Exception as error:  # a fault of ours stops no other pack, export or crime
        await packs.fail(claimed, OUR_FAULT)
        log.warning("a pack could not be made", pack=claimed.no, error=type(error).__name__, places=_places(error))
        return
    await packs.finish(claimed, made, now_us)
    log.info("a pack is there", pack=claimed.no, breach=claimed.breach, version=claimed.version)


def _places(error: Exception) -> list[str]:
    """Where it was raised; what it says may name people."""
    return [f"{one.name}:{one.lineno}" for one in traceback.extract_tb(error.__traceback__)]


async def look(packs: Packs, making: Making, now_us: int) -> int:
    """Has the next version made of every signed pack whose grounds have changed; how many were marked."""
    marked = 0
    for standing in await packs.in_force():
        if standing.stale and standing.pending:
            continue
        said = await changed(making, standing)
        if said:
            await packs.out_of_date(standing, said, now_us)
            marked += 1
            log.info("a pack is out of date", pack=standing.no, breach=standing.breach)
    return marked


async def changed(making: Making, standing: Standing) -> list[str]:
    """What of a pack's grounds is no longer so, in words."""
    case = await making.breaches.case(standing.breach, EVERYTHING)
    if case is None:
        return []
    taken = [Taken(*row) for row in await making.sources.taken(standing.wearer)]
    now = basis_now(case, await making.sources.violations(standing.wearer), taken)
    late = await making.sources.late_facts(standing.no)
    return changes(standing.basis, now, late)
