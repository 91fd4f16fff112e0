"""What is measured of alerts (alerts.md, What is measured): questions for reports and metrics. Ranges are ``[from, to)``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from domain.instants import DAY_US, MINUTE_US
from domain.vocabulary import Severity
from store.connecting import Pool
from store.statements import statement
from store.times import At

FLOOD_OVER: Final = 10.0
"""More alerts than this an operator in `FLOOD_US` is a flood."""
FLOOD_US: Final = 10 * MINUTE_US
MINUTES: Final = 60
"""How many minutes back it is told how many alerts were raised in each."""
PRECISION_OVER_US: Final = 28 * DAY_US
POOR_UNDER: Final = 0.2
"""A kind whose precision is under this is listed, with what makes it so."""


class Raised(NamedTuple):
    """Alerts of a kind raised in a range. ``per_wearer_day`` None: nobody had an order then."""

    kind: str
    severities: dict[Severity, int]
    number: int
    per_wearer_day: float | None


class Load(NamedTuple):
    """Alerts of `warning` and above in the 10 minutes from an instant, an operator (one at least)."""

    from_us: int
    alerts: int
    operators: int

    @property
    def per_operator(self) -> float:
        return self.alerts / max(1, self.operators)

    @property
    def flood(self) -> bool:
        return self.per_operator > FLOOD_OVER


class Quantiles(NamedTuple):
    """Seconds, of ``number`` alerts."""

    number: int
    p50: float
    p95: float
    p99: float


class Unclaimed(NamedTuple):
    """How many alerts nobody has, and since when the oldest."""

    number: int
    oldest_us: int


class Precision(NamedTuple):
    """Of alerts of a kind, closed in a range: how many held, of how many. ``what`` is `model`, `firmware`, `lot`, `place`.

    ``what`` and ``value`` are None for the kind as a whole; ``value`` alone where it is not known.
    """

    kind: str
    what: str | None
    value: str | None
    held: int
    number: int

    @property
    def ratio(self) -> float:
        return self.held / self.number

    @property
    def wrong(self) -> int:
        return self.number - self.held


class Served(NamedTuple):
    """A wearer's alerts closed in a range: how many were wrong, of how many, and the longest wait for a claim in seconds."""

    wearer: str
    wrong: int
    number: int
    longest_wait_s: float | None


class OfLot(NamedTuple):
    """An alert that rests on devices of a lot, and what rests on its violations (``warrant:W-1``)."""

    alert_no: int
    kind: str
    wearer: str | None
    victim: str | None
    raised_us: int
    work: str
    outcome: str | None
    devices: list[str]
    violations: list[str]
    rests_on: list[str]


@dataclass(frozen=True, slots=True)
class PoorKind:
    """A kind of alert that mostly does not hold, and what makes the wrong ones: by `model`, `firmware`, `lot`, `place`."""

    whole: Precision
    makers: dict[str, list[Precision]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AlertsNow:
    """What is cheap to ask often: what nobody has, and the load of the last whole 10 minutes (None: no time has passed).

    ``minutes`` are the alerts raised in each of the last `MINUTES`, the one that runs last; ``outages`` those that stand, and
    ``silent`` how many of their devices are.
    """

    at_us: int
    unclaimed: dict[Severity, Unclaimed] = field(default_factory=dict)
    load: Load | None = None
    minutes: tuple[int, ...] = ()
    outages: int = 0
    silent: int = 0


@dataclass(frozen=True, slots=True)
class AlertMeasures:
    """What is dearer: of the last day, and of precision of the last 28."""

    raised: list[Raised] = field(default_factory=list)
    delays: dict[str, Quantiles] = field(default_factory=dict)
    outcomes: dict[str, dict[str, int]] = field(default_factory=dict)
    assessments: dict[str, dict[str, int]] = field(default_factory=dict)
    precision: list[Precision] = field(default_factory=list)


class AlertFigures:
    """The questions. Each is one statement."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def raised(self, from_us: int, to_us: int) -> list[Raised]:
        """By kind, the most first."""
        rows = await self._rows("raised_by_kind", _range(from_us, to_us))
        ((days,),) = await self._rows("wearer_days", _range(from_us, to_us))
        kinds: dict[str, dict[Severity, int]] = {}
        for kind, severity, number in rows:
            kinds.setdefault(kind, {})[Severity(severity)] = number
        found = []
        for kind, severities in kinds.items():
            number = sum(severities.values())
            found.append(Raised(kind, severities, number, number / days if days else None))
        return sorted(found, key=lambda one: (-one.number, one.kind))

    async def loads(self, from_us: int, to_us: int) -> list[Load]:
        """Every 10 minutes of a range, those without an alert too."""
        return [Load(*row) for row in await self._rows("load_of_operators", _range(from_us, to_us))]

    async def delays(self, from_us: int, to_us: int) -> dict[str, Quantiles]:
        """`fix_to_alert`, `alert_to_claim`, `claim_to_close`, `alert_to_victim_told`; what has none is left out."""
        rows = await self._rows("delays", _range(from_us, to_us))
        return {what: Quantiles(number, *quantiles) for what, number, quantiles in rows}

    async def unclaimed(self) -> dict[Severity, Unclaimed]:
        """What nobody has now, by severity."""
        return {Severity(severity): Unclaimed(*rest) for severity, *rest in await self._rows("unclaimed", {})}

    async def outcomes(self, from_us: int, to_us: int) -> dict[str, dict[str, int]]:
        """kind -> outcome -> how many alerts were closed so."""
        return _nested(await self._rows("outcomes_by_kind", _range(from_us, to_us)))

    async def assessments(self, from_us: int, to_us: int) -> dict[str, dict[str, int]]:
        """kind -> decision -> how many violations officers decided so."""
        return _nested(await self._rows("assessments_by_kind", _range(from_us, to_us)))

    async def precision(self, from_us: int, to_us: int) -> list[Precision]:
        """By kind, and by kind and model, firmware, lot and place, what makes the most wrong ones first."""
        return [Precision(*row) for row in await self._rows("precision_of_alerts", _range(from_us, to_us))]

    async def poor_kinds(self, now_us: int) -> list[PoorKind]:
        """Kinds of which less than a fifth held in the last 28 days, with what makes the wrong ones."""
        found = await self.precision(now_us - PRECISION_OVER_US, now_us)
        poor = {one.kind: PoorKind(one) for one in found if one.what is None and one.ratio < POOR_UNDER}
        for one in found:
            if one.what is not None and one.kind in poor and one.wrong:
                poor[one.kind].makers.setdefault(one.what, []).append(one)
        return sorted(poor.values(), key=lambda one: (one.whole.ratio, one.whole.kind))

    async def worst_served(self, from_us: int, to_us: int, limit: int) -> list[Served]:
        """The wearers with the most wrong alerts, then with the longest wait."""
        rows = await self._rows("worst_served", _range(from_us, to_us) | {"limit": limit})
        return [Served(*row) for row in rows]

    async def of_lot(self, lot: str) -> list[OfLot]:
        """Every alert and breach that rests on devices of a lot (failure 09)."""
        return [OfLot(*row) for row in await self._rows("resting_on_lot", {"lot": lot})]

    async def now(self, now_us: int) -> AlertsNow:
        """What is asked every few seconds."""
        whole_us = now_us - now_us % FLOOD_US
        (load,) = await self.loads(whole_us - FLOOD_US, whole_us)
        ((outages, silent),) = await self._rows("outages_now", {})
        return AlertsNow(now_us, await self.unclaimed(), load, await self._by_minute(now_us), outages, silent)

    async def _by_minute(self, now_us: int) -> tuple[int, ...]:
        to_us = now_us - now_us % MINUTE_US + MINUTE_US
        from_us = to_us - MINUTES * MINUTE_US
        found: dict[int, int] = dict(await self._rows("raised_by_minute", _range(from_us, to_us)))
        return tuple(found.get(at_us, 0) for at_us in range(from_us, to_us, MINUTE_US))

    async def measures(self, now_us: int) -> AlertMeasures:
        """What is asked every few minutes."""
        day = (now_us - DAY_US, now_us)
        return AlertMeasures(
            raised=await self.raised(*day),
            delays=await self.delays(*day),
            outcomes=await self.outcomes(*day),
            assessments=await self.assessments(*day),
            precision=[one for one in await self.precision(now_us - PRECISION_OVER_US, now_us) if one.what is None],
        )

    async def _rows(self, name: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        async with self._pool.connection() as conn:
            return await (await conn.execute(statement(name), parameters)).fetchall()


def _range(from_us: int, to_us: int) -> dict[str, Any]:
    return {"from_at": At(from_us), "to_at": At(to_us)}


def _nested(rows: list[tuple[Any, ...]]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for kind, word, number in rows:
        found.setdefault(kind, {})[word] = number
    return found
