"""The caseload of the wearers whose orders protect somebody, read again when it has changed: for what dispatch watches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from domain.records import Version, Victim
from store import Store

AT_ONCE: Final = 500
"""Wearers whose caseload is read together."""


class PairedCaseload:
    """Remembers what was read, as of the newest record that was learnt."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._versions: list[Version] = []
        self._victims: dict[str, Victim] = {}
        self.newest = -1
        """The number of the record as of which it is."""

    async def versions(self) -> Sequence[Version]:
        """Every version that was learnt of those wearers, their orders, and what belongs to those, in the order learnt."""
        await self._read()
        return self._versions

    async def victims(self) -> dict[str, Victim]:
        """Everybody who is protected, as known now, by id."""
        await self._read()
        return self._victims

    async def _read(self) -> None:
        reading = self._store.reading
        newest = await reading.newest_learnt()
        if newest == self.newest:
            return
        wearers = await reading.paired_wearers()
        versions: list[Version] = []
        for start in range(0, len(wearers), AT_ONCE):
            versions += await reading.caseload_of(wearers[start : start + AT_ONCE])
        self._victims = {one.id: one for one in await self._store.duties.victims()}
        self._versions, self.newest = versions, newest
