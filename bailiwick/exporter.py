"""The exporter: makes what was asked for, one export after another, and drops files whose time has come.

It is a process of its own, because it reads everything, which no other may, and keeps a core busy. Several may run: an export is in
the hands of one, which says how far it is; when that one has gone another goes on with the same folder. Crimes are matched by it too
(`bailiwick.matcher`), and breach packs made (`bailiwick.packer`), for the same reason.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import structlog
from numpy.typing import NDArray

from access.permits import AlertSpan, book_of, permits_of
from bailiwick import matcher, packer
from bailiwick.export_command import program
from bailiwick.matcher import first_of
from bailiwick.timezones import PinnedTimeZones
from domain.exports import MANIFEST, Manifest
from domain.instants import EARLY_US, FAR_US, SECOND_US, format_instant
from evidence.routes import Routes
from evidence.signing import SigningKey
from geofence.timetable import WindowCache
from store import Reading
from store.exporting import Progress, Wanted, export_everything
from store.exports import LEASE_US, MOST_TRIES, Claimed, Exports, LostExport
from store.store import ConnectionLost
from store.wearer_export import MaySee, WearerWanted, export_wearer

LOOK_S: Final = 30.0
"""Between two looks for what was left behind or has expired, when nothing is asked for."""
AGAIN_S: Final = 2.0
"""Before a database that is away is tried again."""
EARLIEST_US: Final = 0
"""Fix times of before 1970 are of clocks that were never set; no order permits them."""

log = structlog.get_logger("bailiwick.exporter")


class Stopping(Exception):
    """The process is to end: the export goes back."""


@dataclass(frozen=True, slots=True)
class Exporting:
    """What the process is told. ``clock`` gives microseconds UTC; ``key`` signs breach packs; ``kept_days``: how long facts are kept."""

    database_url: str
    folder: Path
    zones: PinnedTimeZones
    clock: Callable[[], int] = lambda: time.time_ns() // 1000
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    key: SigningKey | None = None
    kept_days: int = 730
    routes: Routes | None = None


async def serve(told: Exporting) -> None:
    """Runs until ``told.stop`` is set; the database is waited for."""
    while not told.stop.is_set():
        try:
            async with await Exports.open(told.database_url) as exports, exports.asked() as wait:
                while not told.stop.is_set():
                    while await work_once(told, exports):
                        pass
                    await exports.expire(told.clock(), lambda number: _drop(told.folder, number))
                    await first_of(told.stop.wait(), wait(), asyncio.sleep(LOOK_S))
        except ConnectionLost:
            log.warning("the database is away")
            await first_of(told.stop.wait(), asyncio.sleep(AGAIN_S))


async def work_once(told: Exporting, exports: Exports) -> bool:
    """Makes the oldest export that is to be made; False when there is none, or the process is to end."""
    claimed = None if told.stop.is_set() else await exports.claim(told.clock())
    if claimed is None:
        return False
    folder = folder_of(told.folder, claimed.no)
    if claimed.attempts > MOST_TRIES:
        await exports.fail(
            claimed, "it was given up: whoever made it ended in the middle of it, again and again", told.clock()
        )
        shutil.rmtree(folder, ignore_errors=True)
        return True
    try:
        manifest = await _made(told, exports, claimed, folder)
    except Stopping:
        await exports.put_back(claimed)
        return False
    except LostExport:
        log.warning("an export is in other hands", export=claimed.no)
        return True
    except OSError as error:
        await exports.fail(claimed, f"the folder of exports cannot be written: {error.strerror}", told.clock())
        shutil.rmtree(folder, ignore_errors=True)
        return True
    body = (folder / MANIFEST).read_bytes()
    await exports.finish(claimed, manifest, hashlib.sha256(body).hexdigest(), told.clock(), len(body))
    log.info("an export is there", export=claimed.no, rows=manifest.rows, files=len(manifest.files))
    return True


async def _made(told: Exporting, exports: Exports, claimed: Claimed, folder: Path) -> Manifest:
    """Writes in a thread; says how far it is from here, a third of the lease apart."""
    rows, ended = [0], asyncio.Event()

    def progress(done: int) -> None:
        rows[0] = done
        if told.stop.is_set():
            raise Stopping
        if ended.is_set():
            raise LostExport(f"export {claimed.no} is in other hands")

    making = asyncio.create_task(_making(told, claimed, folder, progress))
    try:
        while not making.done():
            await asyncio.wait({making}, timeout=LEASE_US / SECOND_US / 3)
            if not making.done():
                await exports.renew(claimed, rows[0], told.clock())
    except BaseException:
        ended.set()
        await asyncio.wait({making})
        raise
    return making.result()


async def _making(told: Exporting, claimed: Claimed, folder: Path, progress: Progress) -> Manifest:
    made = format_instant(claimed.asked_us)
    if claimed.subject is None:
        wanted = Wanted(folder, made, program(), claimed.protected)
        return await asyncio.to_thread(export_everything, told.database_url, wanted, progress)
    span = (
        EARLY_US if claimed.from_us is None else claimed.from_us,
        FAR_US if claimed.to_us is None else claimed.to_us,
    )
    may_see = await permitted(told, claimed.subject, told.clock())
    of_one = WearerWanted(folder, claimed.subject, made, program(), may_see, *span)
    return await asyncio.to_thread(export_wearer, told.database_url, of_one, progress)


async def permitted(told: Exporting, wearer: str, now_us: int) -> MaySee:
    """Which positions of a wearer their orders and open alerts let anybody see."""
    async with await Reading.open(told.database_url) as reading:
        versions = await reading.caseload_of([wearer])
        spans = [AlertSpan(*span) for span in await reading.open_spans([wearer])]
    cache = WindowCache(told.zones)
    permits = permits_of(book_of(versions, cache), cache, wearer, EARLIEST_US, now_us, spans)

    def may_see(
        t_us: NDArray[np.int64], lon: NDArray[np.float64], lat: NDArray[np.float64], acc: NDArray[np.float64]
    ) -> NDArray[np.bool_]:
        seen: NDArray[np.bool_] = permits.grounds(t_us, lon, lat, acc) != 0
        return seen

    return may_see


def folder_of(folder: Path, number: int) -> Path:
    """Where the files of an export lie."""
    return folder / str(number)


def _drop(folder: Path, number: int) -> None:
    shutil.rmtree(folder_of(folder, number), ignore_errors=True)


def run(told: Exporting) -> None:
    """The process: logs as JSON lines on standard error, SIGTERM and SIGINT to stop."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )

    async def main() -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, told.stop.set)
        matching = matcher.Telling(told.database_url, told.zones, told.clock, told.stop)
        packing = packer.packing_of(told)
        async with asyncio.TaskGroup() as group:
            for serving in (serve(told), matcher.serve(matching), packer.serve(packing)):
                group.create_task(serving)

    before = os.umask(0o077)
    try:
        asyncio.run(main())
    finally:
        os.umask(before)
