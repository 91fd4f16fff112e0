"""A reading side with its writing side: the fake one, or the real ones over a database of each edition."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from api.ports import Reading
from domain.commits import Work
from domain.facts import Roster
from domain.records import Version
from store import Reading as StoreReading
from store import Store
from store.store import ConnectionLost
from tests.api.fake_reading import Away, FakeReading
from tests.store.made import NOON, learn_everything


@dataclass
class Side:
    """``learn`` and ``commit`` put in, ``reading`` tells; ``away`` are the errors that say that it is not there."""

    reading: Reading
    roster: Roster
    away: tuple[type[Exception], ...]
    store: Store | None = None
    no: int = 0

    async def learn(self, versions: Iterable[Version]) -> None:
        if self.store is None:
            taken = list(versions)
            fake_of(self).learn(taken)
            for version in taken:
                if type(version.record).__name__ == "Device":
                    self.roster.add(version.record.id)
        else:
            self.no += 1
            await self.store.learn(list(versions))
            await learn_everything(self.store, self.no, self.roster)

    async def commit(self, work: Work) -> None:
        """``work.no`` is set here."""
        self.no += 1
        work.no = self.no
        if self.store is None:
            fake_of(self).commit(work)
        else:
            await self.store.commit(work)

    async def publish(self, figures: dict[str, Any]) -> None:
        if self.store is None:
            fake_of(self).publish(figures)
        else:
            await self.store.publish_figures(figures, NOON)


def fake_of(side: Side) -> FakeReading:
    """The fake behind a side."""
    assert isinstance(side.reading, FakeReading)
    return side.reading


def fake_side() -> Side:
    return Side(FakeReading(), Roster(), (Away,))


@asynccontextmanager
async def real_side(url: str) -> AsyncIterator[Side]:
    async with await Store.open(url) as store:
        await store.migrate()
        async with await StoreReading.open(url, lambda: NOON) as reading:
            yield Side(reading, Roster(), (ConnectionLost,), store)
