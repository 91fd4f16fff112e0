"""The rota and the forces' boundaries: entered as a file has them, all or nothing, and read as they stand."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from psycopg.types.json import Jsonb

from domain.caseload_file import parse_record
from domain.records import Area
from domain.rota import Shift
from domain.vocabulary import Channel, Role
from store.audit import Entry
from store.audit import write as write_audit
from store.caseload import ANY_NAME
from store.connecting import Pool
from store.statements import statement
from store.times import At, Connection


class Entered(NamedTuple):
    """How many shifts of a file were new, changed, and there already."""

    new: int
    changed: int
    unchanged: int


class AreaInUse(NamedTuple):
    """An area that orders run in (None: orders without one), and whether one of them protects a victim."""

    area: str | None
    protects: bool


Note = Callable[[Connection], Awaitable[None]]
"""What else is written in the transaction of a change: the name of the request."""


class RotaTables:
    """What is told to whom, where the caseload does not say it."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def enter(self, shifts: Sequence[Shift], by: str, entry: Entry | None = None) -> Entered:
        """Takes shifts, all or none. One with an id that stands is another version of it; the same again changes nothing.

        ``entry`` tells the audit who did it, in the same transaction, where anything changes.
        """
        async with self._pool.connection() as conn, conn.transaction():
            await conn.execute(statement("hold_rota"))
            rows = await _rows(conn, "shifts_by_id", {"ids": [shift.id for shift in shifts]})
            there = {shift.id: shift for shift in map(_shift, rows)}
            fresh = [shift for shift in shifts if there.get(shift.id) != shift]
            changed = [shift.id for shift in fresh if shift.id in there]
            await conn.execute(statement("cancel_shifts"), {"ids": changed, "by": by})
            await conn.cursor().executemany(statement("enter_shift"), [_columns(shift, by) for shift in fresh])
            if entry is not None and fresh:
                await write_audit(conn, replace(entry, subjects=tuple(shift.id for shift in fresh)))
        return Entered(len(fresh) - len(changed), len(changed), len(shifts) - len(fresh))

    async def add(self, shift: Shift, by: str, entry: Entry, note: Note) -> bool:
        """Enters one shift; False, and nothing is changed, when one of its id stands."""
        async with self._pool.connection() as conn, conn.transaction():
            await note(conn)
            await conn.execute(statement("hold_rota"))
            if await _rows(conn, "shifts_by_id", {"ids": [shift.id]}):
                return False
            await conn.execute(statement("enter_shift"), _columns(shift, by))
            await write_audit(conn, entry)
        return True

    async def standing(self, name: str) -> Shift | None:
        """The shift of that id."""
        async with self._pool.connection() as conn:
            rows = await _rows(conn, "shift_of_id", {"id": name})
        return _shift(rows[0]) if rows else None

    async def end(self, name: str, at_us: int, by: str, entry: Entry, note: Note) -> Shift | None:
        """Ends a shift at an instant; one that has not begun by then is taken out. As it stood before; None when none stands.

        One that was over by then is left as it is.
        """
        async with self._pool.connection() as conn, conn.transaction():
            await note(conn)
            await conn.execute(statement("hold_rota"))
            rows = await _rows(conn, "shifts_by_id", {"ids": [name]})
            if not rows:
                return None
            before = _shift(rows[0])
            if before.to_us > at_us:
                await conn.execute(statement("cancel_shifts"), {"ids": [name], "by": by})
                if before.from_us < at_us:
                    await conn.execute(statement("enter_shift"), _columns(replace(before, to_us=at_us), by))
                await write_audit(conn, entry)
        return before

    async def shifts(self, from_us: int, to_us: int) -> list[Shift]:
        """Those that touch ``[from_us, to_us)``."""
        bounds = {"from_at": At(from_us), "to_at": At(to_us)}
        async with self._pool.connection() as conn:
            return [_shift(row) for row in await _rows(conn, "shifts_between", bounds)]

    async def areas(self) -> dict[str, Area]:
        """Every area by its id, as it was entered last."""
        async with self._pool.connection() as conn:
            rows = await _rows(conn, "every_area")
        found = [parse_record(body, ANY_NAME) for body, cancelled in rows if not cancelled]
        return {area.id: area for area in found if isinstance(area, Area)}

    async def areas_in_use(self, from_us: int, to_us: int) -> list[AreaInUse]:
        """The areas of the orders that run in a range."""
        bounds = {"from_at": At(from_us), "to_at": At(to_us)}
        async with self._pool.connection() as conn:
            return [AreaInUse(*row) for row in await _rows(conn, "areas_in_use", bounds)]

    async def told_lately(self, since_us: int) -> dict[tuple[str, Channel], int]:
        """How many notifications that are limited each recipient was sent by each channel since an instant."""
        async with self._pool.connection() as conn:
            rows = await _rows(conn, "told_lately", {"since": At(since_us)})
        return {(recipient, Channel(channel)): number for recipient, channel, number in rows}

    async def enter_boundaries(
        self, bodies: Mapping[str, Mapping[str, Any]], by: str, entry: Entry | None = None
    ) -> int:
        """Takes boundaries (GeoJSON geometries by area), all or none; how many were not there just so. ``entry`` as in `enter`."""
        async with self._pool.connection() as conn, conn.transaction():
            await conn.execute(statement("hold_rota"))
            there = dict(await _rows(conn, "boundaries"))
            fresh = {area: body for area, body in bodies.items() if there.get(area) != body}
            rows = [{"area": area, "body": Jsonb(body), "by": by} for area, body in fresh.items()]
            await conn.cursor().executemany(statement("enter_boundary"), rows)
            if entry is not None and fresh:
                await write_audit(conn, replace(entry, subjects=tuple(sorted(fresh))))
        return len(fresh)

    async def boundaries(self) -> dict[str, Any]:
        """The newest geometry of each force, by area."""
        async with self._pool.connection() as conn:
            return dict(await _rows(conn, "boundaries"))


async def _rows(conn: Connection, name: str, parameters: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
    return await (await conn.execute(statement(name), parameters)).fetchall()


def _shift(row: tuple[Any, ...]) -> Shift:
    name, role, *rest = row
    return Shift(name, Role(role), *rest)


def _columns(shift: Shift, by: str) -> dict[str, Any]:
    names = ("id", "person", "name", "area", "organisation", "phone", "email", "priority")
    instants = {"from_at": At(shift.from_us), "to_at": At(shift.to_us)}
    return {name: getattr(shift, name) for name in names} | instants | {"role": shift.role.value, "by": by}
