"""Device ids, roster indices and device numbers: which is which.

A roster index is dense and belongs to one process; a device number is 64-bit and belongs to the database for ever.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.facts import Roster
from store.errors import UnknownDevice
from store.statements import statement
from store.times import Connection

NO_NUMBER = 0
"""Stands where a device of the roster has no number (yet)."""


class DeviceNumbers:
    """What one process knows of the numbers; it asks for those that it lacks."""

    def __init__(self) -> None:
        self._no_of: dict[str, int] = {}
        self._id_of: dict[int, str] = {}
        self._roster: Roster | None = None
        self._nos: NDArray[np.int64] = np.zeros(0, np.int64)

    async def of_roster(self, conn: Connection, roster: Roster, used: NDArray[Any]) -> NDArray[np.int64]:
        """device_no by roster index, `NO_NUMBER` where there is none.

        Raises `UnknownDevice` when one of ``used`` (roster indices; negative ones are none) has no number.
        """
        if roster is not self._roster:
            self._roster, self._nos = roster, np.zeros(0, np.int64)
        if len(self._nos) < len(roster.ids):
            await self._extend(conn, roster)
        nos = self._nos
        if len(used) and (nos[used[used >= 0]] == NO_NUMBER).any():
            await self._extend(conn, roster)
            nos = self._nos
            missing = np.unique(used[used >= 0])
            missing = missing[nos[missing] == NO_NUMBER]
            if len(missing):
                raise UnknownDevice([roster.ids[i] for i in missing.tolist()])
        return nos

    async def _extend(self, conn: Connection, roster: Roster) -> None:
        await self._ask(conn, [i for i in roster.ids if i not in self._no_of])
        self._nos = np.array([self._no_of.get(i, NO_NUMBER) for i in roster.ids], np.int64)

    async def _ask(self, conn: Connection, ids: list[str]) -> None:
        if ids:
            self._take(await (await conn.execute(statement("numbers_of_devices"), {"ids": ids})).fetchall())

    def _take(self, rows: Iterable[tuple[Any, ...]]) -> None:
        for device, no in rows:
            self._no_of[device] = no
            self._id_of[no] = device

    async def indices(self, conn: Connection, nos: NDArray[np.int64], roster: Roster) -> NDArray[np.int32]:
        """The roster index of each device number, the roster growing where it lacks one; 0 and below give -1.

        Raises ``KeyError`` for a number that no device has: a programmer's error.
        """
        distinct, inverse = np.unique(nos, return_inverse=True)
        unknown = [no for no in distinct.tolist() if no > 0 and no not in self._id_of]
        if unknown:
            self._take(await (await conn.execute(statement("devices_of_numbers"), {"nos": unknown})).fetchall())
        table = [roster.add(self._id_of[no]) if no > 0 else -1 for no in distinct.tolist()]
        return np.array(table, np.int32)[inverse]
