"""Why somebody sees a wearer whom their areas do not show them, and what a place request finds: requests, warrants, forces, visits.

These questions are this process's own, past every sight: what comes of them is cut before it is shown (docs/decisions/0015).
Instants are microseconds UTC.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from domain.instants import DAY_US
from store.breaches import Breaches
from store.connecting import Pool, open_pool
from store.contact_duties import ContactDuties
from store.crimes import Crimes
from store.lots import Lots
from store.measures import Measures
from store.packs import Packs
from store.reading_types import PositionRow
from store.requests import Requests
from store.rota import RotaTables
from store.rows_read import position_row
from store.sheets import Sheets
from store.statements import statement
from store.times import At
from store.warrants import Warrants

PLACE_AGE_US: Final = DAY_US
"""How old a newest used fix may be to say where somebody is now."""


class Places(NamedTuple):
    """Where some wearers are: (wearers,) each, degrees."""

    wearers: list[str]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]


class Present(NamedTuple):
    """A device that says where it is, and with whom in ``[from_us, to_us)``."""

    wearer: str
    fitting: str
    device_no: int
    device: str
    from_us: int
    to_us: int


class Box(NamedTuple):
    """Degrees."""

    west: float
    south: float
    east: float
    north: float


class VictimPlace(NamedTuple):
    """The newest used fix of a protected person."""

    lon: float
    lat: float
    acc: float
    t_us: int
    received_us: int


class Pair(NamedTuple):
    """The condition between a wearer and a protected person; metres, None where it says none."""

    condition: str
    alert_m: float | None
    prealert_m: float | None


class Permissions:
    """Opened with `open`, closed with ``async with`` or `close`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.requests = Requests(pool)
        self.warrants = Warrants(pool)
        self.breaches = Breaches(pool)
        self.packs = Packs(pool)
        self.crimes = Crimes(pool)
        self.lots = Lots(pool)
        self.rota = RotaTables(pool)
        self.duties = ContactDuties(pool)
        self.sheets = Sheets(pool)
        self.measures = Measures(pool)

    @classmethod
    async def open(cls, url: str) -> Self:
        """Opens a small pool. Raises ``psycopg.OperationalError`` when the database cannot be reached."""
        return cls(await open_pool(url))

    async def close(self) -> None:
        """Ends every connection."""
        await self._pool.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def areas_below(self, areas: Collection[str]) -> frozenset[str]:
        """Some areas and all below them."""
        return frozenset(row[0] for row in await self._rows("areas_below", {"areas": sorted(areas)}))

    async def boundaries(self) -> dict[str, Any]:
        """The newest geometry of each force, by area."""
        return dict(await self._rows("boundaries"))

    async def places(self, now_us: int) -> Places:
        """Where everybody who wears something is, by newest used fixes of the last `PLACE_AGE_US`."""
        fitted = [row[0] for row in await self._rows("fitted_wearers", {"now": At(now_us)})]
        bounds = {"wearers": fitted, "since": At(now_us - PLACE_AGE_US), "now": At(now_us)}
        rows = await self._rows("newest_used_places", bounds)
        lon, lat = np.array([row[1:] for row in rows], np.float64).reshape(-1, 2).T
        return Places([row[0] for row in rows], lon, lat)

    async def told_of(self, forces: Collection[str]) -> frozenset[str]:
        """The wearers of alerts that are not closed and that some forces (by area) were told of."""
        recipients = [f"force:{area}" for area in sorted(forces)]
        return frozenset(row[0] for row in await self._rows("wearers_told_of", {"recipients": recipients}))

    async def forces_told(self, alert_no: int) -> frozenset[str]:
        """The forces (by area) that were told of an alert."""
        rows = await self._rows("forces_told", {"alert_no": alert_no})
        return frozenset(row[0].removeprefix("force:") for row in rows)

    async def visited(self, from_us: int, to_us: int, areas: Collection[str] | None) -> frozenset[str]:
        """Wearers with a visit or a fitting in ``[from_us, to_us)``, of some areas or of all."""
        wanted = {"from_at": At(from_us), "to_at": At(to_us), "areas": None if areas is None else sorted(areas)}
        return frozenset(row[0] for row in await self._rows("wearers_visited", wanted))

    async def victim_place(self, victim: str, now_us: int) -> VictimPlace | None:
        """Where a protected person is; None when their unit has said nothing of use for `PLACE_AGE_US`."""
        wanted = {"victim": victim, "now": At(now_us), "since": At(now_us - PLACE_AGE_US)}
        rows = await self._rows("victim_place", wanted)
        return VictimPlace(*rows[0]) if rows else None

    async def protected_of_order(self, order: str) -> list[str]:
        """The protected people with whom the wearer of an order is paired."""
        return [row[0] for row in await self._rows("protected_of_order", {"order": order})]

    async def everybody_protected(self, now_us: int) -> list[str]:
        """Every protected person with whom a device is now."""
        return [row[0] for row in await self._rows("everybody_protected", {"now": At(now_us)})]

    async def protected_places(
        self, victims: Sequence[str], at_us: Sequence[int]
    ) -> list[tuple[str, tuple[float, float]]]:
        """Where protected people were last before each of some instants, within `PLACE_AGE_US`: who, longitude and latitude."""
        wanted = {"victims": list(victims), "ats": [At(us) for us in at_us], "age_s": PLACE_AGE_US / 1e6}
        return [(victim, (lon, lat)) for victim, lon, lat in await self._rows("protected_places", wanted)]

    async def pair(self, wearer: str, victim: str) -> Pair | None:
        """The condition between two people; None when there is none."""
        rows = await self._rows("pair_condition", {"wearer": wearer, "victim": victim})
        return Pair(*rows[0]) if rows else None

    # ---- who was at a place ----

    async def present(self, from_us: int, to_us: int, after: tuple[str, str] | None, limit: int) -> list[Present]:
        """Devices on wearers in a stretch, by (wearer, fitting), those after ``after``."""
        wearer, fitting = after or ("", "")
        bounds = {"from_at": At(from_us), "to_at": At(to_us)}
        wanted = bounds | {"after_wearer": wearer, "after_id": fitting, "limit": limit}
        return [Present(*row) for row in await self._rows("present_devices", wanted)]

    async def fixes_in(self, devices: Sequence[Present], box: Box, limit: int) -> list[tuple[int, PositionRow]]:
        """The used fixes of some devices in a box, each while it was with its wearer.

        By the place of the device among those given, which stands first, and fix time.
        """
        if not devices:
            return []
        columns: dict[str, Any] = {
            "devices": [one.device_no for one in devices],
            "from_ats": [At(one.from_us) for one in devices],
            "to_ats": [At(one.to_us) for one in devices],
            "from_at": At(min(one.from_us for one in devices)),
            "to_at": At(max(one.to_us for one in devices)),
        }
        found = []
        for k, *row in await self._rows("present_fixes", columns | box._asdict() | {"limit": limit}):
            one = devices[k - 1]
            found.append((k - 1, position_row((one.wearer, one.device, *row))))
        return found

    async def _rows(self, name: str, parameters: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
        async with self._pool.connection() as conn:
            return await (await conn.execute(statement(name), parameters)).fetchall()
