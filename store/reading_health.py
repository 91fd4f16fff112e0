"""Questions of `store.reading` about how a wearer's devices are: since when they are on, when they were heard, what came of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, NamedTuple

from domain.vocabulary import EventCode, EventState
from store.times import At


class FittedRow(NamedTuple):
    """A fitting that touches a range, and its device. ``to_us`` is `FAR_US` while it goes on; ``battery`` in per cent, at a fix time."""

    fitting: str
    device: str
    record: dict[str, Any]
    from_us: int
    to_us: int
    heard_us: int | None
    battery: float | None
    battery_us: int | None


class StretchRow(NamedTuple):
    """How many fixes came of a fitting in a stretch; ``stretch`` counts from 0."""

    fitting: str
    stretch: int
    fixes: int


class RestRow(NamedTuple):
    """A device on a wearer began or ended to lie still."""

    fitting: str
    t_us: int
    starts: bool


class HealthQuestions(ABC):
    """What `Reading` answers of devices on a wearer; cut to its sight as all else: who sees no position counts no fix."""

    async def devices_on(self, wearer: str, from_us: int, to_us: int) -> list[FittedRow]:
        """The fittings of a wearer that touch ``[from_us, to_us)``, by when they began."""
        wanted = {"wearer": wearer, "from_at": At(from_us), "to_at": At(to_us)}
        rows = await self._rows("devices_on_wearer", wanted)
        return [FittedRow(*row)._replace(record=_record(row[2])) for row in rows]

    async def fixes_by_stretch(self, wearer: str, edges_us: Sequence[int]) -> list[StretchRow]:
        """Fixes by fitting and stretch: ``edges_us`` rise, and each two neighbours are a stretch ``[from, to)``."""
        wanted = {"wearer": wearer, "from_at": At(edges_us[0]), "to_at": At(edges_us[-1])}
        rows = await self._rows("fixes_by_stretch", wanted | {"edges": [At(edge) for edge in edges_us]})
        return [StretchRow(fitting, bucket - 1, fixes) for fitting, bucket, fixes in rows]

    async def rests(self, wearer: str, from_us: int, to_us: int) -> list[RestRow]:
        """When devices on a wearer began and ended to rest (rules.md 2) in ``[from_us, to_us)``, in that order."""
        wanted = {"wearer": wearer, "from_at": At(from_us), "to_at": At(to_us), "code": int(EventCode.REST)}
        rows = await self._rows("events_of_wearers_devices", wanted)
        return [RestRow(fitting, t_us, state == EventState.START) for fitting, t_us, state in rows]

    @abstractmethod
    async def _rows(self, name: str, parameters: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """`store.reading.Reading` has it."""


def _record(body: dict[str, Any]) -> dict[str, Any]:
    """A caseload record without its type."""
    return {key: value for key, value in body.items() if key != "type"}
