"""Entering caseload records by many hands at once: one transaction that sees what stands around a record, and lets nobody else
enter meanwhile. What is checked is `domain.caseload_file`'s; here is only what it must be held against."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import psycopg

from domain.callers import Sight
from domain.caseload_checks import Key, key_of, references
from domain.records import Area, Caseload, Condition, Device, EquipmentCheck, Fitting, Order, Record, Version
from store import caseload
from store.caseload_seen import CaseloadSeen, EnteredRow
from store.connecting import Pool
from store.errors import Busy
from store.refusing import refusing
from store.statements import statement
from store.times import Connection

ENTRY_TIMEOUT_MS: Final = 5_000
"""How long one hand waits for another that checks and enters."""
IMPORT_TIMEOUT_MS: Final = 120_000
MOST_REFERRING: Final = 5
"""Records that are named when something cannot be ended because of them."""


@dataclass(frozen=True, slots=True)
class Stood:
    """The newest entered version of a record, and its number."""

    record_no: int
    version: Version


class SubjectOf(NamedTuple):
    """Whose a record is."""

    wearer: str | None
    victim: str | None
    device: str | None


class Entering:
    """What one transaction that enters records may ask and do. Nobody else enters until it ends."""

    def __init__(self, conn: Connection) -> None:
        self.conn = conn

    async def everything(self) -> Caseload:
        """Every version that was ever entered, taken by an ingest or not."""
        known = Caseload()
        for version in await caseload.entered(self.conn):
            known.learn(version)
        return known

    async def around(self, records: Sequence[Record]) -> dict[Key, Stood]:
        """What stands of some records, of what they refer to, and of what they must be held against.

        That is all that `domain.caseload_file.check_written` asks of a caseload, and whose it is: areas above areas, the fittings
        of a fitting's or a check's device and of a home unit, the conditions that an order's or a device's new version may upset, and of a
        condition's wearer the orders, their conditions and shared zones.
        """
        found: dict[Key, Stood] = {}
        keys = {key_of(record) for record in records}
        keys |= {key for record in records for _, key in references(record)}
        await self._take(found, "entered_by_keys", _by_type(keys))
        areas = {record.parent for record in records if isinstance(record, Area) and record.parent is not None}
        if areas:
            await self._take(found, "entered_areas_above", {"ids": sorted(areas)})
        devices = {record.device for record in records if isinstance(record, Fitting | EquipmentCheck)}
        devices |= {r.place.home_unit for r in records if isinstance(r, Condition) and r.place and r.place.home_unit}
        if devices:
            await self._take(found, "entered_fittings", {"ids": sorted(devices)})
        upset = {kind: sorted(r.id for r in records if isinstance(r, kind)) for kind in (Order, Device)}
        if any(upset.values()):
            on = {"orders": upset[Order], "devices": upset[Device]}
            await self._take(found, "entered_conditions_on", on)
        wearers = _wearers_of_conditions(records, found)
        if wearers:
            await self._take(found, "entered_of_wearers", {"ids": sorted(wearers)})
        return found

    async def standing(self, keys: Iterable[Key]) -> dict[Key, Stood]:
        """The newest entered versions of some records, ended ones too."""
        found: dict[Key, Stood] = {}
        await self._take(found, "entered_by_keys", _by_type(keys))
        return found

    async def of_wearers(self, wearers: Iterable[str]) -> dict[Key, Stood]:
        """What stands of some wearers: orders, conditions, shared zones, absences, suspensions."""
        found: dict[Key, Stood] = {}
        await self._take(found, "entered_of_wearers", {"ids": sorted(wearers)})
        return found

    async def belonging_to_nobody(self, keys: Iterable[Key]) -> frozenset[Key]:
        """Those of some wearers and protected people to whom nothing belongs yet, and who so are in nobody's area."""
        rows = await self._rows("belonging_to_nobody", _by_type(keys))
        return frozenset((kind, name) for kind, name in rows)

    async def referring_to(self, key: Key) -> tuple[list[Key], int]:
        """Some standing records that refer to one, and how many do."""
        rows = await self._rows("referring_to", {"type": key[0], "id": key[1], "limit": MOST_REFERRING})
        return [(row[0], row[1]) for row in rows], rows[0][2] if rows else 0

    async def rows(self, stood: Iterable[Stood]) -> list[EnteredRow]:
        """Some versions as they are kept, with who entered each, in their order."""
        numbers = [one.record_no for one in stood]
        found = {row[1]: EnteredRow(*row) for row in await self._rows("versions_by_number", {"numbers": numbers})}
        return [found[number] for number in numbers]

    async def enter(self, versions: Sequence[Version], by: str | None, role: str | None) -> None:
        """Enters versions. Raises `Refused` for what the database cannot hold."""
        with refusing():
            await caseload.enter(self.conn, versions, by, role)

    async def subjects(self, keys: Iterable[Key]) -> dict[Key, SubjectOf]:
        """Whose some records are."""
        rows = await self._rows("subjects_of_records", _by_type(keys))
        return {(row[0], row[1]): SubjectOf(*row[2:]) for row in rows}

    async def _take(self, found: dict[Key, Stood], name: str, parameters: dict[str, Any]) -> None:
        for record_no, version in await caseload.versions_of(self.conn, name, parameters):
            found[key_of(version.record)] = Stood(record_no, version)

    async def _rows(self, name: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        return await (await self.conn.execute(statement(name), parameters)).fetchall()


class CaseloadEntry:
    """The writing side of the caseload, and the way to the reading one."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @asynccontextmanager
    async def entering(self, timeout_ms: int = ENTRY_TIMEOUT_MS) -> AsyncIterator[Entering]:
        """A transaction in which nobody else enters. Raises `Busy` when somebody else does for longer."""
        async with self._pool.connection() as conn, conn.transaction():
            await conn.execute(statement("lock_timeout"), {"ms": str(timeout_ms)})
            try:
                await conn.execute(statement("hold_caseload"))
            except psycopg.errors.LockNotAvailable as error:
                raise Busy("somebody else is entering records; try again") from error
            yield Entering(conn)

    @asynccontextmanager
    async def looking(self) -> AsyncIterator[Entering]:
        """A transaction for questions: others may enter meanwhile."""
        async with self._pool.connection() as conn, conn.transaction():
            yield Entering(conn)

    def seen(self, sight: Sight) -> CaseloadSeen:
        """The reading side, cut to a sight."""
        return CaseloadSeen(self._pool, sight)


def known_of(stood: Mapping[Key, Stood]) -> Caseload:
    """As `domain.caseload_file` takes what is known."""
    known = Caseload()
    for one in stood.values():
        known.learn(one.version)
    return known


def _by_type(keys: Iterable[Key]) -> dict[str, Any]:
    ordered = sorted(set(keys))
    return {"types": [kind for kind, _ in ordered], "ids": [name for _, name in ordered]}


def _wearers_of_conditions(records: Sequence[Record], found: Mapping[Key, Stood]) -> set[str]:
    """The wearers whose order a condition of ``records`` names."""
    named = {record.order for record in records if isinstance(record, Condition)}
    orders = [stood.version.record for stood in found.values()] + list(records)
    return {order.wearer for order in orders if isinstance(order, Order) and order.id in named}
