"""The database side of dispatch and the desk: `alerts.ports.AlertStore`, over the rows of `store` (docs/decisions/0004-alert-work.md)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import TracebackType
from typing import Final, Self

from alerts.ports import Leased, View, Written
from alerts.state import Raise
from alerts.views import leased, own, views, writing
from domain.callers import Sight
from domain.commits import DEAF_KIND, deaf_episode
from domain.vocabulary import Channel
from geofence.timetable import WindowCache
from geofence.wallclock import TimeZones
from store import alert_work, notifications
from store.alert_changes import active_since
from store.connecting import Pool, open_pool
from store.leading import nobody_leads
from store.listening import ALERTS_CHANNEL, listening
from store.seeing import see_as
from store.times import Connection
from store.work_rows import Seen, Writing

UNDELIVERED: Final = "undelivered"


class LockedAlerts:
    """Alerts that are locked until the transaction ends: `alerts.ports.Taken`."""

    def __init__(self, conn: Connection, now_us: int, cache: WindowCache, zones: TimeZones) -> None:
        self.conn = conn
        self.now_us = now_us
        self._cache = cache
        self._zones = zones
        self._seen = Seen([])
        self._views: list[View] = []

    async def see(self, numbers: Sequence[int]) -> None:
        """Reads what looks at these need; they are locked already."""
        if numbers:
            self._seen = await alert_work.see(self.conn, numbers, self.now_us)
            self._views = views(self._seen, self._cache, self._zones, self.now_us)

    async def again(self) -> Sequence[View]:
        """The same alerts as they are now, with what this transaction has written."""
        await self.see([view.alert.no for view in self._views])
        return self._views

    @property
    def views(self) -> Sequence[View]:
        return self._views

    async def write(self, written: Sequence[Written]) -> None:
        if not written:
            return
        shown = {row.no: row.severity or row.rules_severity for row in self._seen.works}
        await alert_work.write(self.conn, writing(written, shown), self._seen, self.now_us)


class AlertWork:
    """Opened with `open`, closed with ``async with`` or `close`. ``zones``: the time zones, loaded at the edge."""

    def __init__(self, url: str, pool: Pool, zones: TimeZones) -> None:
        self._url = url
        self._pool = pool
        self._zones = zones
        self._cache = WindowCache(zones)

    @classmethod
    async def open(cls, url: str, zones: TimeZones) -> Self:
        """Opens a small pool. Raises ``ConnectionLost`` when the database cannot be reached."""
        return cls(url, await open_pool(url, keeps_plans=True), zones)

    async def close(self) -> None:
        """Ends every connection."""
        await self._pool.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @asynccontextmanager
    async def asking(self, sight: Sight | None = None) -> AsyncIterator[Connection]:
        """A connection for questions, and for what needs no alert to be held: one transaction, by a sight if one is given."""
        async with self._pool.connection() as conn, conn.transaction():
            if sight is not None:
                await see_as(conn, sight)
            yield conn

    # ---- looks ----

    @asynccontextmanager
    async def take(self, now_us: int, limit: int) -> AsyncIterator[LockedAlerts]:
        """Up to ``limit`` alerts that are to be looked at and that nobody holds."""
        async with self._pool.connection() as conn, conn.transaction():
            yield await self._locked(conn, await alert_work.take(conn, now_us, limit), now_us)

    @asynccontextmanager
    async def hold(
        self, numbers: Sequence[int], now_us: int, timeout_ms: int = alert_work.HOLD_TIMEOUT_MS
    ) -> AsyncIterator[LockedAlerts]:
        """Some alerts, by number; those that there are none of are left out. Waits for whoever looks at one.

        Raises `store.errors.Busy` when somebody holds one for long.
        """
        async with self._pool.connection() as conn, conn.transaction():
            yield await self._locked(conn, await alert_work.hold(conn, numbers, timeout_ms), now_us)

    async def _locked(self, conn: Connection, numbers: Sequence[int], now_us: int) -> LockedAlerts:
        locked = LockedAlerts(conn, now_us, self._cache, self._zones)
        await locked.see(numbers)
        return locked

    async def next_look_us(self) -> int | None:
        """When the next timer is due; in the past when a change waits."""
        async with self._pool.connection() as conn:
            return await alert_work.next_look_us(conn)

    async def raise_alerts(self, raises: Sequence[Raise], now_us: int) -> int:
        """Raises alerts of the service's own that nobody raised yet (`rota_gap`, `protection_ended`); how many are new."""
        if not raises:
            return 0
        async with self._pool.connection() as conn, conn.transaction():
            new = await alert_work.raise_own(conn, Writing(raises=[own(one) for one in raises]), now_us)
            await alert_work.stream_alerts(conn, new)
            return len(new)

    async def clear_alerts(self, episodes: Sequence[str], now_us: int) -> int:
        """What some alerts of the service's own were about is over; how many were active. Their protocols say what follows."""
        if not episodes:
            return 0
        async with self._pool.connection() as conn, conn.transaction():
            over = await alert_work.clear_own(conn, episodes, now_us)
            await alert_work.stream_alerts(conn, over)
            return len(over)

    async def nobody_ingests(self) -> bool:
        """Whether no ingest is at work, nor standing by."""
        async with self._pool.connection() as conn, conn.transaction():
            return await nobody_leads(conn)

    async def raise_deaf(self, now_us: int) -> bool:
        """Raises `ingest_deaf` as ingest would, had it not ended; False where one is active, or an ingest is at work by now.

        None begins to before this is written: it finds the alert then, and clears it with its first tick.
        """
        async with self._pool.connection() as conn, conn.transaction():
            if not await nobody_leads(conn) or await active_since(conn, DEAF_KIND):
                return False
            new = await alert_work.raise_own(
                conn, Writing(raises=[own(Raise(DEAF_KIND, deaf_episode(now_us)))]), now_us
            )
            await alert_work.stream_alerts(conn, new)
            return bool(new)

    # ---- notifications ----

    async def next_send_us(self, channel: Channel) -> int | None:
        """When the next try of a channel is due, or a lease of one ends."""
        async with self._pool.connection() as conn:
            return await notifications.next_send_us(conn, channel.value)

    async def lease(self, channel: Channel, now_us: int, until_us: int, limit: int) -> list[Leased]:
        """What is due of one channel and nobody has; with the place only where the notification may carry it."""
        async with self._pool.connection() as conn, conn.transaction():
            rows = await notifications.lease(conn, channel.value, now_us, until_us, limit)
            wearers = sorted({row.wearer for row in rows if row.wearer is not None})
            places = await alert_work.newest_places(conn, wearers, now_us)
            return [leased(row, places.get(row.wearer or "")) for row in rows]

    async def sent(self, no: int, at_us: int) -> None:
        """The channel took it."""
        async with self._pool.connection() as conn:
            await notifications.sent(conn, no, at_us)

    async def failed(self, no: int, why: str, next_us: int) -> None:
        """It was not taken; to be tried again then."""
        async with self._pool.connection() as conn:
            await notifications.try_later(conn, no, why, next_us)

    async def given_up(self, no: int, why: str, at_us: int) -> None:
        """It cannot be delivered: that is an alert of its own, once an alert and channel, but of no `undelivered` alert."""
        async with self._pool.connection() as conn, conn.transaction():
            given = await notifications.give_up(conn, no, why)
            if given is None or given.taken_back or given.kind == UNDELIVERED:
                return
            body = {"alert": str(given.alert_no), "channel": given.channel, "why": why}
            episode = f"{UNDELIVERED}:{given.alert_no}:{given.channel}"
            raised = Writing(raises=[own(Raise(UNDELIVERED, episode, body=body))])
            await alert_work.stream_alerts(conn, await alert_work.raise_own(conn, raised, at_us))

    def listen(self) -> AbstractAsyncContextManager[AsyncIterator[None]]:
        """Yields when an alert or its work changed, or a notification waits; several may make one."""
        return listening(self._url, ALERTS_CHANNEL)
