"""Alert work over both editions of the database: what a look reads, what it writes, who holds what."""

from __future__ import annotations

from domain.instants import SECOND_US
from tests.store.alert_making import alerts_at
from tests.store.made import NOON, ask


async def test_an_alert_is_looked_at_once_for_what_changed(database_url: str) -> None:
    async with alerts_at(database_url) as made:
        await made.raised()
        assert await made.work.next_look_us() is not None
        (view,) = await made.look(NOON + SECOND_US)
        assert (view.alert.no, view.alert.wearer, view.revision) == (1, "W1", 1)
        assert await made.look(NOON + 2 * SECOND_US) == []
        assert ask(database_url, "SELECT count(*) FROM outbox WHERE told_at IS NULL") == [(0,)]
        assert await made.work.next_look_us() == NOON + 120 * SECOND_US
