"""What `api` asks of the database: a port owned here, kept by `store.reading` and by the fake of the tests.

Every list is in a stated order and is read on by the key of its last row, never by an offset: rows that come in
meanwhile shift nothing. Instants are microseconds UTC, ids are Python integers (64 bits in the database).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from domain.callers import Sight
from domain.records import Version
from domain.violations import Violation
from store.alert_figures import AlertMeasures, AlertsNow
from store.position_columns import PositionColumns
from store.reading_health import FittedRow, RestRow, StretchRow
from store.reading_places import Counted, OpenSpan
from store.reading_types import (
    AlertFilter,
    AlertRow,
    Counts,
    DeadLetterFilter,
    DeadLetterRow,
    DeviceRow,
    EventRow,
    IncidentDeviceRow,
    IncidentRow,
    NameRow,
    PositionRow,
    Subject,
    ViolationFilter,
    WearerRow,
)
from store.reconciling import Reconciliation


class Reading(Protocol):
    """The reading side of the store."""

    def seen(self, sight: Sight) -> Reading:
        """The same questions, answered with what that sight sees and nothing else."""

    async def in_sight(self, what: Subject, key: str) -> bool:
        """Whether there is such a thing, and it is seen. ``key`` is an id, or the number of a row as text."""

    async def alerts_in_sight(self, numbers: Sequence[int]) -> frozenset[int]:
        """Those of some alerts that there are and that are seen."""

    async def wearers_in_sight(self) -> frozenset[str]:
        """The ids of all wearers that are seen."""

    async def victims_in_sight(self) -> frozenset[str]:
        """The ids of all protected people whose records are seen."""

    async def ready(self) -> str | None:
        """None when the database answers and has the current schema; else what is wrong, in a line."""

    async def counts(self) -> Counts:
        """The live figures."""

    async def reconciliation(self) -> Reconciliation:
        """Orders, fittings and data held against each other."""

    async def alerts_now(self) -> AlertsNow:
        """What nobody has, and how much comes to each operator."""

    async def alert_measures(self) -> AlertMeasures:
        """What is measured of alerts of the last day, and their precision."""

    async def wearers(self, after: str | None, limit: int) -> list[WearerRow]:
        """Wearers by id, those after ``after``."""

    async def wearer(self, wearer: str) -> WearerRow | None:
        """One wearer."""

    async def names(self, wearers: Sequence[str]) -> list[NameRow]:
        """What some wearers are called, by id; those that there are."""

    async def devices(self, after: str | None, limit: int) -> list[DeviceRow]:
        """Devices by id, those after ``after``."""

    async def positions(self, after: str | None, limit: int) -> list[PositionRow]:
        """The newest fix that may be drawn of every wearer, by wearer id, those after ``after``."""

    async def positions_marked(self, after: str | None, limit: int) -> tuple[PositionColumns, int, int]:
        """As `positions`; how many wearers have a device on them that says where it is; and where `moves` goes on."""

    async def moves(self, after: int) -> tuple[PositionColumns, int]:
        """As `positions`, of those alone of whom a newest fix came since; and where to go on from."""

    async def trail(
        self, wearer: str, from_us: int, to_us: int, after: tuple[int, str, int, int] | None, limit: int
    ) -> PositionColumns:
        """All fixes of a wearer in ``[from_us, to_us)`` by (fix time, device, gen, seq), those after ``after``."""

    async def trail_backwards(self, wearer: str, from_us: int, to_us: int, limit: int) -> list[PositionRow]:
        """The newest used fixes of a wearer in ``[from_us, to_us)``, the newest first."""

    async def facts_between(self, wearer: str, from_us: int, to_us: int) -> list[Counted]:
        """What came of a wearer's devices in ``[from_us, to_us)``, by device and gen."""

    async def events_between(self, wearer: str, from_us: int, to_us: int) -> list[Counted]:
        """As `facts_between`, of equipment events alone."""

    async def devices_on(self, wearer: str, from_us: int, to_us: int) -> list[FittedRow]:
        """The fittings of a wearer that touch ``[from_us, to_us)``, by when they began."""

    async def fixes_by_stretch(self, wearer: str, edges_us: Sequence[int]) -> list[StretchRow]:
        """Fixes by fitting and stretch: ``edges_us`` rise, and each two neighbours are a stretch ``[from, to)``."""

    async def rests(self, wearer: str, from_us: int, to_us: int) -> list[RestRow]:
        """When devices on a wearer began and ended to rest in ``[from_us, to_us)``, in that order."""

    async def open_spans(self, wearers: Sequence[str] | None = None) -> list[OpenSpan]:
        """The violations of alerts that are not closed, of all wearers or of some. In no order."""

    async def permit_records(self, place: tuple[int, int, int]) -> tuple[list[Version], tuple[int, int, int]]:
        """A page of versions that permit positions, learnt after ``place``, and the place of the last of them."""

    async def violations(self, wanted: ViolationFilter, before: int | None, limit: int) -> list[tuple[int, Violation]]:
        """Newest version of each violation with the number of its first one, newest by that first, those before ``before``."""

    async def versions_of(self, violation_id: str) -> list[Violation]:
        """Every version of one violation, oldest first; empty when there is none of that id."""

    async def alerts(self, wanted: AlertFilter, before: tuple[int, int] | None, limit: int) -> list[AlertRow]:
        """Alerts by (raised, no), newest first, those before ``before``."""

    async def alert(self, no: int) -> AlertRow | None:
        """One alert."""

    async def incidents(self, is_open: bool | None, before: int | None, limit: int) -> list[IncidentRow]:
        """Mass outages by number, newest first, those before ``before``; open or closed ones alone, when asked."""

    async def incident(self, incident: str) -> IncidentRow | None:
        """One mass outage."""

    async def devices_of_incident(self, incident: str) -> list[IncidentDeviceRow]:
        """Every device that a mass outage took in, as it is now, by id."""

    async def lost_in_zone(self) -> frozenset[str]:
        """The wearers of whom `lost_in_zone` stands."""

    async def caseload_of(self, wearers: Sequence[str]) -> list[Version]:
        """Everything learnt of some wearers, their orders, and what belongs to those, in the order learnt."""

    async def newest_fixes(self, wearers: Sequence[str]) -> list[PositionRow]:
        """The newest fix of each of some wearers that may be drawn."""

    async def dead_letters(self, wanted: DeadLetterFilter, before: int | None, limit: int) -> list[DeadLetterRow]:
        """Parked messages and items, newest first, those before ``before``."""

    async def events(self, after: int, limit: int) -> list[EventRow]:
        """Events after a number, in order."""

    async def newest_event(self) -> int:
        """The number of the newest event; 0 when there is none."""

    async def oldest_event(self) -> int:
        """The number of the oldest event that is still kept; 0 when there is none."""

    def listen(self) -> AbstractAsyncContextManager[AsyncIterator[None]]:
        """Yields whenever events were committed, at least once after each; several commits may make one."""
