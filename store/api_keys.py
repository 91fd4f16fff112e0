"""Keys of machines: known by the SHA-256 of their secret alone; each acts in one role and ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from domain.instants import DAY_US, MINUTE_US
from domain.vocabulary import Role
from store.audit import Entry, write
from store.connecting import Pool
from store.errors import NoSuchKey
from store.refusing import refusing
from store.statements import statement
from store.times import At

LONGEST_US: Final = 400 * DAY_US
"""Of a key's life."""
USED_EVERY_US: Final = MINUTE_US
"""How exactly it is kept when a key was used last."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it stands. ``shown`` says what it is for; ``areas`` None: every area."""

    id: str
    shown: str
    role: Role
    areas: tuple[str, ...] | None
    organisation: str | None
    reads_only: bool
    made_us: int
    made_by: str
    ends_us: int
    revoked_us: int | None = None
    used_us: int | None = None

    def opens(self, now_us: int) -> bool:
        """Whether it opens anything now."""
        return self.revoked_us is None and now_us < self.ends_us


class ApiKeys:
    """The keys of the database."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def make(self, key: Key, secret_hash: bytes, entry: Entry) -> None:
        """Makes one. Raises `Refused` for an administrator's, and for one that ends too late."""
        names = ("id", "shown", "organisation", "reads_only")
        given = {name: getattr(key, name) for name in names} | {"role": key.role.value, "by": key.made_by}
        areas = None if key.areas is None else sorted(key.areas)
        row = given | {"areas": areas, "secret_hash": secret_hash, "at": At(key.made_us), "ends_at": At(key.ends_us)}
        async with self._pool.connection() as conn, conn.transaction():
            with refusing():
                await conn.execute(statement("enter_api_key"), row)
            await write(conn, entry)

    async def one(self, key_id: str) -> tuple[Key, bytes] | None:
        """A key and the hash of its secret; None when there is none."""
        async with self._pool.connection() as conn:
            row = await (await conn.execute(statement("api_key"), {"id": key_id})).fetchone()
        return None if row is None else (_key(row[:-1]), bytes(row[-1]))

    async def page(self, after: str | None, limit: int) -> list[Key]:
        """Keys by their ids, after one."""
        async with self._pool.connection() as conn:
            rows = await (await conn.execute(statement("api_keys"), {"after": after, "limit": limit})).fetchall()
        return [_key(row) for row in rows]

    async def revoke(self, key_id: str, at_us: int, entry: Entry) -> bool:
        """It opens nothing any more. False: that was so before. Raises `NoSuchKey`."""
        async with self._pool.connection() as conn, conn.transaction():
            row = {"id": key_id, "at": At(at_us), "by": entry.who}
            if await (await conn.execute(statement("revoke_api_key"), row)).fetchone() is not None:
                await write(conn, entry)
                return True
            if await (await conn.execute(statement("api_key"), {"id": key_id})).fetchone() is None:
                raise NoSuchKey
            return False

    async def used(self, key: Key, now_us: int) -> None:
        """It was used; kept once a `USED_EVERY_US`."""
        if key.used_us is None or now_us - key.used_us >= USED_EVERY_US:
            async with self._pool.connection() as conn:
                await conn.execute(statement("api_key_used"), {"id": key.id, "now": At(now_us)})


def _key(row: Sequence[Any]) -> Key:
    key_id, shown, role, areas, *rest = row
    return Key(key_id, shown, Role(role), None if areas is None else tuple(areas), *rest)
