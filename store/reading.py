"""The questions that the API asks: the port of `api.ports`, kept over the database.

Every list is in a stated order and is read on by the key of its last row, so that rows which come in meanwhile shift
nothing. Instants are microseconds UTC.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import TracebackType
from typing import Any, Self

import numpy as np

from domain.callers import Sight
from domain.instants import DAY_US, FAR_US, SECOND_US
from domain.records import Version
from domain.violations import Violation
from domain.vocabulary import Kind, OrderState, Severity
from store import caseload
from store.alert_figures import AlertFigures, AlertMeasures, AlertsNow
from store.connecting import Pool, open_pool
from store.listening import EVENTS_CHANNEL, listening
from store.newest_positions import EVERY_COMMIT, NewestKept, WearingKept, newest_positions
from store.position_columns import NO_POSITIONS, PositionColumns
from store.readiness import Readiness
from store.reading_health import HealthQuestions
from store.reading_places import PlaceQuestions
from store.reading_types import (
    AlertFilter,
    AlertRow,
    Counts,
    DeadLetterFilter,
    DeadLetterRow,
    DeviceRow,
    EventRow,
    Figures,
    IncidentDeviceRow,
    IncidentRow,
    NameRow,
    PositionRow,
    Subject,
    ViolationFilter,
    WearerRow,
)
from store.reconciling import Reconciliation, reconcile
from store.rows_read import alert_row, dead_letter_row, incident_device_row, position_row, violation
from store.seeing import WHERE_NO_DEARER, rows_seen, seeing, seeing_at_once
from store.statements import statement
from store.times import At, Connection, at
from store.trails import ask_trail, read_trail

POSITION_AGE_US = 7 * DAY_US
"""How far back the newest position, and when a device was last heard, are looked for."""
RATE_OVER_S = 10
_NEWEST = (1 << 63) - 1


def wall_clock_us() -> int:
    """Microseconds UTC."""
    return time.time_ns() // 1000


class Reading(PlaceQuestions, HealthQuestions):
    """Questions to the database; `open` one, or take `Store.reading`."""

    def __init__(
        self,
        url: str,
        pool: Pool,
        now_us: Callable[[], int] = wall_clock_us,
        sight: Sight | None = None,
        wearing: WearingKept | None = None,
        newest: NewestKept | None = None,
    ) -> None:
        self._url = url
        self._pool = pool
        self._now_us = now_us
        self._sight = sight
        self._wearing = WearingKept() if wearing is None else wearing
        self._newest = NewestKept(pool) if newest is None else newest
        self._readiness = Readiness(url, pool)

    @classmethod
    async def open(cls, url: str, now_us: Callable[[], int] = wall_clock_us) -> Self:
        """A small pool of its own; to be left with ``async with`` or `close`.

        Raises ``psycopg.OperationalError`` when the database cannot be reached.
        """
        return cls(url, await open_pool(url), now_us)

    def seen(self, sight: Sight) -> Self:
        """The same questions, answered with what that sight sees and nothing else. It needs no closing."""
        return type(self)(self._url, self._pool, self._now_us, sight, self._wearing, self._newest)

    async def close(self) -> None:
        """Ends every connection."""
        await self._readiness.close()
        await self._newest.close()
        await self._pool.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def ready(self) -> str | None:
        """None when the database answers and has the current schema; else what is wrong and what to do, in a line, after two seconds at most."""
        return await self._readiness.ask()

    async def counts(self) -> Counts:
        """The live figures, all of one instant."""
        row = (await self._rows("counts", {"recent_us": RATE_OVER_S * SECOND_US}))[0]
        (at_us, wearers, devices, figures, facts, recent, violations, alerts, dead_letters, headroom) = row
        states = (figures or {}).get("order_states", {})
        order_states = {state: int(states.get(state.value, 0)) for state in OrderState}
        return Counts(
            at_us=at_us,
            wearers=wearers,
            devices=devices,
            orders_active=sum(order_states.values()),
            order_states=order_states,
            facts=facts,
            facts_per_s=recent / RATE_OVER_S,
            violations_open={Kind(kind): number for kind, number in violations.items()},
            alerts_active={Severity(severity): number for severity, number in alerts.items()},
            dead_letters=dead_letters,
            headroom=headroom or {},
        )

    async def reconciliation(self) -> Reconciliation:
        """Orders, fittings and data held against each other; for now and then, not for every second."""
        return await reconcile(self._pool, self._now_us())

    async def alerts_now(self) -> AlertsNow:
        """What nobody has, and how much comes to each operator."""
        return await AlertFigures(self._pool).now(self._now_us())

    async def alert_measures(self) -> AlertMeasures:
        """What is measured of alerts; for now and then, not for every second."""
        return await AlertFigures(self._pool).measures(self._now_us())

    async def figures(self) -> dict[str, Figures]:
        """The newest figures of each process, by its name."""
        return {name: Figures(body, at_us) for name, body, at_us in await self._rows("figures")}

    async def wearers(self, after: str | None, limit: int) -> list[WearerRow]:
        """Wearers by id, those after ``after``."""
        return await self._wearers(after or "", None, limit)

    async def wearer(self, wearer: str) -> WearerRow | None:
        """One wearer; None when there is none of that id."""
        found = await self._wearers("", wearer, 1)
        return found[0] if found else None

    async def _wearers(self, after: str, wearer: str | None, limit: int) -> list[WearerRow]:
        wanted = {"after": after, "wearer": wearer, "now": At(self._now_us()), "limit": limit}
        rows = await self._rows("wearers_page", wanted)
        return [WearerRow(row[0], _record(row[1]), tuple(row[2]), tuple(row[3])) for row in rows]

    async def names(self, wearers: Sequence[str]) -> list[NameRow]:
        """What some wearers are called, by id; those that there are."""
        wanted = {"wearers": list(wearers), "now": At(self._now_us())}
        return [NameRow(*row) for row in await self._rows("names_of_wearers", wanted)]

    async def devices(self, after: str | None, limit: int) -> list[DeviceRow]:
        """Devices by id, those after ``after``."""
        now_us = self._now_us()
        wanted = {"after": after or "", "now": At(now_us), "since": At(now_us - POSITION_AGE_US), "limit": limit}
        return [DeviceRow(row[0], _record(row[1]), *row[2:]) for row in await self._rows("devices_page", wanted)]

    async def positions(self, after: str | None, limit: int) -> list[PositionRow]:
        """The newest fix that may be drawn of every wearer, by wearer id, those after ``after``.

        Of the last `POSITION_AGE_US`, from the devices that are on them now.
        """
        return (await self.positions_marked(after, limit))[0].rows()

    async def positions_marked(self, after: str | None, limit: int) -> tuple[PositionColumns, int, int]:
        """As `positions`; and how many wearers have a device on them that says where it is, and the commit from which `moves` goes on."""
        found, tracked, mark = await self._newest_of(EVERY_COMMIT)
        first = 0 if after is None else int(np.searchsorted(found.wearers, after, side="right"))
        return found.at(slice(first, first + limit)), tracked, mark

    async def moves(self, after: int) -> tuple[PositionColumns, int]:
        """As `positions`, of those alone of whom a newest fix came after a commit; and the commit from which to go on."""
        found, _, mark = await self._newest_of(after)
        return found, mark

    async def _newest_of(self, after: int) -> tuple[PositionColumns, int, int]:
        now_us = self._now_us()
        since_us = now_us - POSITION_AGE_US
        mark, learnt, newest = await self._newest.upto_now(now_us, since_us)
        wearing = await self._wearing.of(self._sight, learnt, self._rows)
        if self._sight is not None and not self._sight.positions:
            return NO_POSITIONS, wearing.tracked(now_us), mark
        return newest_positions(wearing, newest, since_us, now_us, after), wearing.tracked(now_us), mark

    async def trail(
        self, wearer: str, from_us: int, to_us: int, after: tuple[int, str, int, int] | None, limit: int
    ) -> PositionColumns:
        """All fixes of a wearer in ``[from_us, to_us)`` by (fix time, device, gen, seq), those after ``after``."""
        async with self._pool.connection() as conn:
            if self._sight is None:
                cursor = await ask_trail(conn, wearer, (from_us, to_us), after, limit)
            else:
                async with seeing_at_once(conn, self._sight, WHERE_NO_DEARER):
                    cursor = await ask_trail(conn, wearer, (from_us, to_us), after, limit)
            return await read_trail(cursor, wearer)

    async def violations(self, wanted: ViolationFilter, before: int | None, limit: int) -> list[tuple[int, Violation]]:
        """Newest version of each violation with the number of its first one, newest by that first, those before ``before``."""
        parameters = {
            "before": _NEWEST if before is None else before,
            "wearer": wanted.wearer,
            "kinds": [kind.value for kind in wanted.kinds] or None,
            "condition": wanted.condition,
            "open": wanted.open,
            "current": wanted.current,
            "from_at": at(wanted.from_us),
            "to_at": at(wanted.to_us),
            "limit": limit,
        }
        return [(row[0], violation(row[1:])) for row in await self._rows("violations_page", parameters)]

    async def versions(self, after: int, limit: int) -> list[tuple[int, Violation]]:
        """Every version of every violation with its row number, as written, those after ``after``."""
        rows = await self._rows("versions_page", {"after": after, "limit": limit})
        return [(row[0], violation(row[1:])) for row in rows]

    async def versions_of(self, violation_id: str) -> list[Violation]:
        """Every version of one violation, oldest first; empty when there is none of that id."""
        return [violation(row[1:]) for row in await self._rows("versions_of_violation", {"id": violation_id})]

    async def alerts(self, wanted: AlertFilter, before: tuple[int, int] | None, limit: int) -> list[AlertRow]:
        """Alerts by (raised, no), newest first, those before ``before``."""
        before_us, before_no = before or (FAR_US, _NEWEST)
        parameters = {
            "before_at": At(before_us),
            "before_no": before_no,
            "wearer": wanted.wearer,
            "severities": [severity.value for severity in wanted.severities] or None,
            "works": [work.value for work in wanted.works] or None,
            "holder": wanted.holder,
            "state": None if wanted.state is None else wanted.state.value,
            "withdrawn": wanted.withdrawn,
            "grouped_under": wanted.grouped_under,
            "grouped": wanted.grouped,
            "limit": limit,
        }
        return [alert_row(row) for row in await self._rows("alerts_page", parameters)]

    async def alert(self, no: int) -> AlertRow | None:
        """One alert; None when there is none of that number."""
        rows = await self._rows("alerts_by_number", {"numbers": [no]})
        return alert_row(rows[0]) if rows else None

    async def violations_of(self, alert_no: int) -> list[Violation]:
        """The violations that an alert is about, each in its newest version, by when they began."""
        return [violation(row[1:]) for row in await self._rows("violations_of_alert", {"alert_no": alert_no})]

    async def incidents(self, is_open: bool | None, before: int | None, limit: int) -> list[IncidentRow]:
        """Mass outages, the newest first, those before ``before``; open ones or closed ones alone, when asked."""
        wanted = {"open": is_open, "before": _NEWEST if before is None else before, "limit": limit}
        return [IncidentRow(*row) for row in await self._rows("incidents_page", wanted)]

    async def incident(self, incident: str) -> IncidentRow | None:
        """One mass outage; None when there is none of that id."""
        rows = await self._rows("incident", {"id": incident})
        return IncidentRow(*rows[0]) if rows else None

    async def devices_of_incident(self, incident: str) -> list[IncidentDeviceRow]:
        """Every device that a mass outage took in, as it is now, by id."""
        return [incident_device_row(row) for row in await self._rows("devices_of_incident", {"id": incident})]

    async def lost_in_zone(self) -> frozenset[str]:
        """The wearers of whom `lost_in_zone` stands."""
        return frozenset(row[0] for row in await self._rows("lost_in_zone"))

    async def caseload_of(self, wearers: Sequence[str]) -> list[Version]:
        """Everything learnt of some wearers, their orders, and what belongs to those, in the order learnt."""
        async with self._asking() as conn:
            return await caseload.of_wearers(conn, wearers)

    async def in_sight(self, what: Subject, key: str) -> bool:
        """Whether there is such a thing, and it is seen. ``key`` is an id, or the number of a row as text."""
        return bool((await self._rows(f"{what.value}_in_sight", {"key": key}))[0][0])

    async def alerts_in_sight(self, numbers: Sequence[int]) -> frozenset[int]:
        """Those of some alerts that there are and that are seen."""
        return frozenset(row[0] for row in await self._rows("alerts_in_sight", {"numbers": list(numbers)}))

    async def wearers_in_sight(self) -> frozenset[str]:
        """The ids of all that this reader sees."""
        return frozenset(row[0] for row in await self._rows("wearers_in_sight"))

    async def victims_in_sight(self) -> frozenset[str]:
        """The ids of all protected people that this reader sees."""
        return frozenset(row[0] for row in await self._rows("victims_in_sight"))

    async def newest_learnt(self) -> int:
        """The number of the newest record that was learnt; 0 when none was. The caseload changes only with it."""
        return int((await self._rows("newest_learnt"))[0][0])

    async def paired_wearers(self) -> list[str]:
        """Wearers with an order whose condition about a victim stands or has stood."""
        return [row[0] for row in await self._rows("paired_wearers")]

    async def newest_fixes(self, wearers: Sequence[str]) -> list[PositionRow]:
        """The newest fix of each of some wearers that may be drawn."""
        if not wearers:
            return []
        now_us = self._now_us()
        wanted = {"after": "", "wearers": list(wearers), "now": At(now_us), "limit": len(wearers)}
        rows = await self._rows("positions", wanted | {"since": At(now_us - POSITION_AGE_US)})
        return [position_row(row) for row in rows]

    async def dead_letters(self, wanted: DeadLetterFilter, before: int | None, limit: int) -> list[DeadLetterRow]:
        """Parked messages and items, newest first, those before ``before``."""
        parameters = {
            "before": _NEWEST if before is None else before,
            "reason": None if wanted.reason is None else wanted.reason.value,
            "device": wanted.device,
            "critical": wanted.critical,
            "limit": limit,
        }
        return [dead_letter_row(row) for row in await self._rows("dead_letters_page", parameters)]

    async def events(self, after: int, limit: int) -> list[EventRow]:
        """Events after a number, in order: none with a lower number ever appears later."""
        return [EventRow(*row) for row in await self._rows("events_after", {"after": after, "limit": limit})]

    async def newest_event(self) -> int:
        """The number of the newest event; 0 when there is none."""
        return int((await self._rows("newest_event"))[0][0])

    async def oldest_event(self) -> int:
        """The number of the oldest event that is still kept; 0 when there is none."""
        return int((await self._rows("oldest_event"))[0][0])

    def listen(self) -> AbstractAsyncContextManager[AsyncIterator[None]]:
        """Yields whenever events were committed, at least once after each; several commits may make one.

        On a connection of its own; listening has begun when the block is entered. Raises
        ``psycopg.OperationalError`` when the connection is lost.
        """
        return listening(self._url, EVENTS_CHANNEL)

    async def _rows(self, name: str, parameters: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
        async with self._pool.connection() as conn:
            if self._sight is not None:
                return await rows_seen(conn, self._sight, name, parameters)
            return await (await conn.execute(statement(name), parameters)).fetchall()

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[Connection]:
        async with self._pool.connection() as conn:
            if self._sight is None:
                yield conn
                return
            async with seeing(conn, self._sight):
                yield conn


def _record(body: dict[str, Any]) -> dict[str, Any]:
    """A caseload record without its type."""
    return {key: value for key, value in body.items() if key != "type"}
