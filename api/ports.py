"""What `api` asks of the database: a port owned here, kept by `store.reading` and by the fake of the tests.

Every list is in a stated order and is read on by the key of its last row, never by an offset: rows that come in
meanwhile shift nothing. Instants are microseconds UTC, ids are Python integers (64 bits in the database).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from domain.violations import Violation
from domain.vocabulary import AlertCondition, AlertWork, Kind, OrderState, Severity


@dataclass(frozen=True, slots=True)
class PositionRow:
    """One stored fix, and whose it is."""

    wearer: str
    device: str
    t_us: int
    received_us: int
    lat: float
    lon: float
    acc: float
    src: str
    quality: str
    gen: int
    seq: int
    spd: float | None = None
    hdg: float | None = None


@dataclass(frozen=True, slots=True)
class WearerRow:
    """A wearer as known now: ``record`` in the shape of the caseload file, without its ``type``."""

    id: str
    record: dict[str, Any]
    orders: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    newest: PositionRow | None = None


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """A device as known now, who has it, and when it was last heard."""

    id: str
    record: dict[str, Any]
    wearer: str | None = None
    victim: str | None = None
    heard_us: int | None = None


@dataclass(frozen=True, slots=True)
class AlertRow:
    """An alert as it is now. ``no`` is its 64-bit id; ``violations`` are the ids of those it rests on."""

    no: int
    episode: str
    wearer: str | None
    victim: str | None
    device: str | None
    kind: str
    code: str | None
    condition: str | None
    severity: Severity
    state: AlertCondition
    work: AlertWork
    raised_us: int
    changed_us: int
    withdrawn: bool
    violations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ViolationFilter:
    """What is given must hold. ``open`` asks for current violations that have no end."""

    wearer: str | None = None
    kinds: Sequence[Kind] = ()
    condition: str | None = None
    open: bool | None = None
    current: bool = True
    from_us: int | None = None
    to_us: int | None = None


@dataclass(frozen=True, slots=True)
class AlertFilter:
    """What is given must hold. Withdrawn alerts are left out unless asked for."""

    wearer: str | None = None
    severities: Sequence[Severity] = ()
    state: AlertCondition | None = None
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Counts:
    """The live figures, all of one instant (one snapshot of the database).

    ``order_states`` add up to ``orders_active`` (failure 10). ``at_us`` is the newest instant that ingest decided.
    """

    at_us: int | None
    wearers: int
    devices: int
    orders_active: int
    order_states: dict[OrderState, int]
    facts: int
    facts_per_s: float
    violations_open: dict[Kind, int]
    alerts_active: dict[Severity, int]
    dead_letters: dict[str, int] = field(default_factory=dict)
    headroom: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EventRow:
    """One thing that happened, to be streamed. ``no`` grows in the order of commits, without a late comer below."""

    no: int
    topic: str
    body: dict[str, Any]


class Reading(Protocol):
    """The reading side of the store."""

    async def ready(self) -> str | None:
        """None when the database answers and has the current schema; else what is wrong, in a line."""

    async def counts(self) -> Counts:
        """The live figures."""

    async def wearers(self, after: str | None, limit: int) -> list[WearerRow]:
        """Wearers by id, those after ``after``."""

    async def wearer(self, wearer: str) -> WearerRow | None:
        """One wearer."""

    async def devices(self, after: str | None, limit: int) -> list[DeviceRow]:
        """Devices by id, those after ``after``."""

    async def positions(self, after: str | None, limit: int) -> list[PositionRow]:
        """The newest fix that may be drawn of every wearer, by wearer id, those after ``after``."""

    async def trail(
        self, wearer: str, from_us: int, to_us: int, after: tuple[int, str, int, int] | None, limit: int
    ) -> list[PositionRow]:
        """All fixes of a wearer in ``[from_us, to_us)`` by (fix time, device, gen, seq), those after ``after``."""

    async def violations(self, wanted: ViolationFilter, before: int | None, limit: int) -> list[tuple[int, Violation]]:
        """Newest version of each violation with its row number, newest first, those before ``before``."""

    async def alerts(self, wanted: AlertFilter, before: tuple[int, int] | None, limit: int) -> list[AlertRow]:
        """Alerts by (raised, no), newest first, those before ``before``."""

    async def alert(self, no: int) -> AlertRow | None:
        """One alert."""

    async def events(self, after: int, limit: int) -> list[EventRow]:
        """Events after a number, in order."""

    async def newest_event(self) -> int:
        """The number of the newest event; 0 when there is none."""

    async def oldest_event(self) -> int:
        """The number of the oldest event that is still kept; 0 when there is none."""

    def listen(self) -> AbstractAsyncContextManager[AsyncIterator[None]]:
        """Yields whenever events were committed, at least once after each; several commits may make one."""
