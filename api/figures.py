"""The live figures, asked of the database at most once a second however many look at them; what is dearer, now and then."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

from api.ports import Reading
from store.alert_figures import AlertMeasures, AlertsNow
from store.reading_types import Counts
from store.reconciling import Reconciliation

FRESH_S: Final = 1.0
RECONCILED_EVERY_S: Final = 900.0
ALERTS_EVERY_S: Final = 5.0
MEASURED_EVERY_S: Final = 300.0
T = TypeVar("T")


class _Kept(Generic[T]):
    """An answer that is asked for again when it is older than ``every_s``; those who ask together share one question."""

    def __init__(self, ask: Callable[[], Awaitable[T]], every_s: float) -> None:
        self._ask = ask
        self._every_s = every_s
        self._lock = asyncio.Lock()
        self._held: tuple[float, T] | None = None

    async def get(self) -> T:
        async with self._lock:
            time = asyncio.get_running_loop().time()
            if self._held is None or time >= self._held[0]:
                self._held = (time + self._every_s, await self._ask())
            return self._held[1]


class Figures:
    """`Counts` at most `FRESH_S` old, what is live of alerts, and what is dearer: a `Reconciliation`, what is measured of alerts."""

    def __init__(self, reading: Reading) -> None:
        self._counts = _Kept[Counts](reading.counts, FRESH_S)
        self._reconciled = _Kept[Reconciliation](reading.reconciliation, RECONCILED_EVERY_S)
        self._alerts = _Kept[AlertsNow](reading.alerts_now, ALERTS_EVERY_S)
        self._measures = _Kept[AlertMeasures](reading.alert_measures, MEASURED_EVERY_S)

    async def now(self) -> Counts:
        """The figures; those who ask together share one query."""
        return await self._counts.get()

    async def reconciliation(self) -> Reconciliation:
        """What did not fit together when it was last asked."""
        return await self._reconciled.get()

    async def alerts(self) -> AlertsNow:
        """What nobody has, and how much comes to each operator."""
        return await self._alerts.get()

    async def alert_measures(self) -> AlertMeasures:
        """What was measured of alerts when it was last asked."""
        return await self._measures.get()
