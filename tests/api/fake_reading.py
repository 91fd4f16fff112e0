"""The reading side in memory: verified by the same suite as the real one (test_reading_port.py)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from domain.violations import Violation
from domain.vocabulary import Kind, OrderState, Severity
from store.reading_types import (
    AlertFilter,
    AlertRow,
    Counts,
    DeviceRow,
    EventRow,
    PositionRow,
    ViolationFilter,
    WearerRow,
)

EMPTY = Counts(
    at_us=None,
    wearers=0,
    devices=0,
    orders_active=0,
    order_states=dict.fromkeys(OrderState, 0),
    facts=0,
    facts_per_s=0.0,
    violations_open={},
    alerts_active={},
)


class Away(Exception):
    """The database cannot be reached."""


@dataclass
class FakeReading:
    """What a test puts in comes out; ``away`` makes every question fail."""

    people: dict[str, WearerRow] = field(default_factory=dict)
    kit: dict[str, DeviceRow] = field(default_factory=dict)
    fixes: list[PositionRow] = field(default_factory=list)
    versions: list[Violation] = field(default_factory=list)
    alert_rows: dict[int, AlertRow] = field(default_factory=dict)
    log: list[EventRow] = field(default_factory=list)
    told: Counts = EMPTY
    wrong: str | None = None
    away: bool = False
    questions: int = 0
    _wakes: set[asyncio.Event] = field(default_factory=set)

    def tell(self, *events: EventRow) -> None:
        """Commits events, and wakes who listens."""
        self.log += events
        for wake in self._wakes:
            wake.set()

    def break_off(self) -> None:
        """Every question fails from now on, and who listens is thrown out."""
        self.away = True
        for wake in self._wakes:
            wake.set()

    def _asked(self) -> None:
        self.questions += 1
        if self.away:
            raise Away

    async def ready(self) -> str | None:
        return "the database cannot be reached" if self.away else self.wrong

    async def counts(self) -> Counts:
        self._asked()
        return self.told

    async def wearers(self, after: str | None, limit: int) -> list[WearerRow]:
        self._asked()
        return [self.people[one] for one in sorted(self.people) if after is None or one > after][:limit]

    async def wearer(self, wearer: str) -> WearerRow | None:
        self._asked()
        return self.people.get(wearer)

    async def devices(self, after: str | None, limit: int) -> list[DeviceRow]:
        self._asked()
        return [self.kit[one] for one in sorted(self.kit) if after is None or one > after][:limit]

    async def positions(self, after: str | None, limit: int) -> list[PositionRow]:
        self._asked()
        newest: dict[str, PositionRow] = {}
        for row in sorted(self.fixes, key=lambda row: row.t_us):
            newest[row.wearer] = row
        return [newest[one] for one in sorted(newest) if after is None or one > after][:limit]

    async def trail(
        self, wearer: str, from_us: int, to_us: int, after: tuple[int, str, int, int] | None, limit: int
    ) -> list[PositionRow]:
        self._asked()
        keyed = sorted(
            ((row.t_us, row.device, row.gen, row.seq), row)
            for row in self.fixes
            if row.wearer == wearer and from_us <= row.t_us < to_us
        )
        return [row for key, row in keyed if after is None or key > after][:limit]

    async def violations(self, wanted: ViolationFilter, before: int | None, limit: int) -> list[tuple[int, Violation]]:
        self._asked()
        newest = {violation.id: (no, violation) for no, violation in enumerate(self.versions, 1)}
        rows = sorted(newest.values(), key=lambda row: -row[0])
        return [row for row in rows if (before is None or row[0] < before) and _fits(wanted, row[1])][:limit]

    async def versions_of(self, violation_id: str) -> list[Violation]:
        self._asked()
        return [version for version in self.versions if version.id == violation_id]

    async def alerts(self, wanted: AlertFilter, before: tuple[int, int] | None, limit: int) -> list[AlertRow]:
        self._asked()
        rows = sorted(self.alert_rows.values(), key=lambda row: (row.raised_us, row.no), reverse=True)
        found = [
            row
            for row in rows
            if (before is None or (row.raised_us, row.no) < before)
            and wanted.wearer in (None, row.wearer)
            and (not wanted.severities or row.severity in wanted.severities)
            and wanted.state in (None, row.state)
            and (wanted.withdrawn or not row.withdrawn)
        ]
        return found[:limit]

    async def alert(self, no: int) -> AlertRow | None:
        self._asked()
        return self.alert_rows.get(no)

    async def events(self, after: int, limit: int) -> list[EventRow]:
        self._asked()
        return [row for row in self.log if row.no > after][:limit]

    async def newest_event(self) -> int:
        self._asked()
        return self.log[-1].no if self.log else 0

    async def oldest_event(self) -> int:
        self._asked()
        return self.log[0].no if self.log else 0

    @asynccontextmanager
    async def listen(self) -> AsyncIterator[AsyncIterator[None]]:
        self._asked()
        wake = asyncio.Event()
        self._wakes.add(wake)
        try:
            yield self._wakes_of(wake)
        finally:
            self._wakes.discard(wake)

    async def _wakes_of(self, wake: asyncio.Event) -> AsyncIterator[None]:
        while True:
            await wake.wait()
            wake.clear()
            self._asked()
            yield


def _fits(wanted: ViolationFilter, violation: Violation) -> bool:
    return (
        wanted.wearer in (None, violation.wearer)
        and (not wanted.kinds or violation.kind in wanted.kinds)
        and wanted.condition in (None, violation.condition)
        and wanted.open in (None, violation.to_us is None)
        and (violation.current or not wanted.current)
        and (wanted.from_us is None or violation.to_us is None or violation.to_us >= wanted.from_us)
        and (wanted.to_us is None or violation.from_us < wanted.to_us)
    )


def severities(**numbers: int) -> dict[Severity, int]:
    """``critical=3`` and so on."""
    return {Severity(name): number for name, number in numbers.items()}


def kinds(**numbers: int) -> dict[Kind, int]:
    """``curfew=3`` and so on."""
    return {Kind(name): number for name, number in numbers.items()}
