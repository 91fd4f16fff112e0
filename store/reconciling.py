"""The daily reconciliation: orders, fittings and data held against each other (failures 06 and 11).

The rules say of each order what is missing (`not_fitted`, `unmonitored`), and cannot say it of a fitting without an order
or of a device that nobody wears. So the tables themselves are asked, whatever the rules hold to be so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from domain.adapted import UNCOUNTED
from domain.instants import DAY_US
from store.connecting import Pool
from store.statements import statement
from store.times import At

NAMED_MAX: Final = 1_000
"""So many are looked for and named of each sort; that many is answer enough."""
FIT_WITHIN_H: Final = 72.0
COMPLETE_LEAST: Final = 0.9
COMPLETE_OVER: Final = 1_440
"""Numbers of ``seq``: a day at one a minute."""
COMPLETE_FEWEST: Final = 20
"""With fewer numbers than these a device has no completeness yet."""


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What does not fit together at an instant; ids in order, at most `NAMED_MAX` of each.

    ``incomplete`` has (device, items received, items counted) over the last `COMPLETE_OVER` numbers, the worst first.
    """

    orders_without_fitting: tuple[str, ...] = ()
    fittings_without_order: tuple[str, ...] = ()
    devices_without_data: tuple[str, ...] = ()
    data_without_fitting: tuple[str, ...] = ()
    incomplete: tuple[tuple[str, int, int], ...] = ()

    def numbers(self) -> dict[str, int]:
        """How many of each sort."""
        return {
            "orders_without_fitting": len(self.orders_without_fitting),
            "fittings_without_order": len(self.fittings_without_order),
            "devices_without_data": len(self.devices_without_data),
            "data_without_fitting": len(self.data_without_fitting),
            "incomplete_devices": len(self.incomplete),
        }


async def reconcile(pool: Pool, now_us: int) -> Reconciliation:
    """All of it, of one snapshot of the database. Costs a look-up or two a device: not for every second."""
    wanted: dict[str, Any] = {"now": At(now_us), "day_ago": At(now_us - DAY_US), "limit": NAMED_MAX}
    wanted |= {"fit_within_h": FIT_WITHIN_H, "least": COMPLETE_LEAST, "span": COMPLETE_OVER, "fewest": COMPLETE_FEWEST}
    wanted |= {"uncounted": UNCOUNTED}
    found: dict[str, list[tuple[Any, ...]]] = {}
    async with pool.connection() as conn, conn.transaction():
        await conn.execute(b"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        for name in (
            "orders_without_fitting",
            "fittings_without_order",
            "devices_without_data",
            "data_without_fitting",
            "incomplete_devices",
        ):
            found[name] = await (await conn.execute(statement(name), wanted)).fetchall()
    incomplete = tuple(
        (device, int(received), int(counted)) for device, received, counted in found.pop("incomplete_devices")
    )
    ids = {name: tuple(row[0] for row in rows) for name, rows in found.items()}
    return Reconciliation(**ids, incomplete=incomplete)
