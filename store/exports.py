"""Exports that were asked for: entered by whoever asks, claimed by one exporter at a time, and dropped when their time has come."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

from psycopg.types.json import Jsonb

from domain.exports import Manifest
from domain.instants import DAY_US, FAR_US, SECOND_US
from store.audit import Entry, write
from store.connecting import Pool, open_pool
from store.errors import StoreError
from store.listening import EXPORTS_CHANNEL, listening
from store.statements import statement
from store.times import At, Connection, at

LEASE_US: Final = 60 * SECOND_US
"""An exporter that has not said for so long how far it is has gone."""
KEPT_US: Final = 7 * DAY_US
"""How long files may be fetched."""
MOST_TRIES: Final = 5
"""An export that took down so many exporters is not tried again."""
MOST_WAITING: Final = 20
"""Exports that are not finished, at once."""
_NEWEST: Final = (1 << 63) - 1


class TooManyExports(StoreError):
    """`MOST_WAITING` are not finished; nothing was entered."""


class LostExport(StoreError):
    """Another exporter has it in hand by now."""


@dataclass(frozen=True, slots=True)
class NewExport:
    """What is asked for. ``subject`` and the span are None where the kind has none; the span is half open."""

    kind: str
    asked_by: str
    asked_role: str
    asked_us: int
    subject: str | None = None
    from_us: int | None = None
    to_us: int | None = None
    protected: bool = False
    why: str | None = None


class ExportRow(NamedTuple):
    """One export as it stands; ``files`` are those that may be fetched, None once they are gone."""

    no: int
    kind: str
    subject: str | None
    from_us: int | None
    to_us: int | None
    protected: bool
    state: str
    asked_by: str
    asked_role: str
    why: str | None
    asked_us: int
    begun_us: int | None
    rows_done: int
    done_us: int | None
    expires_us: int | None
    rows: int | None
    bytes: int | None
    manifest_sha256: str | None
    problem: str | None
    files: list[dict[str, Any]] | None


class Claimed(NamedTuple):
    """An export in hand; ``attempts`` counts whoever had it, with this one."""

    no: int
    kind: str
    subject: str | None
    from_us: int | None
    to_us: int | None
    protected: bool
    attempts: int
    asked_us: int


async def ask_for(conn: Connection, wanted: NewExport) -> int:
    """Enters one, in the caller's transaction; its number. Raises `TooManyExports`."""
    await conn.execute(statement("hold_exports"))
    ((waiting,),) = await (await conn.execute(statement("exports_waiting"))).fetchall()
    if waiting >= MOST_WAITING:
        raise TooManyExports(f"{waiting} exports are not finished; ask again when some are")
    row = {
        "kind": wanted.kind,
        "subject": wanted.subject,
        "from_at": at(wanted.from_us),
        "to_at": at(wanted.to_us),
        "protected": wanted.protected,
        "asked_by": wanted.asked_by,
        "asked_role": wanted.asked_role,
        "why": wanted.why,
        "asked_at": At(wanted.asked_us),
    }
    ((number,),) = await (await conn.execute(statement("ask_for_export"), row)).fetchall()
    return int(number)


class Exports:
    """Opened with `open`, closed with ``async with`` or `close`."""

    def __init__(self, url: str, pool: Pool) -> None:
        self._url = url
        self._pool = pool

    @classmethod
    async def open(cls, url: str) -> Self:
        """Opens a small pool. Raises ``ConnectionLost`` when the database cannot be reached."""
        return cls(url, await open_pool(url))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._pool.close()

    @asynccontextmanager
    async def changing(self, entry: Entry) -> AsyncIterator[Connection]:
        """One transaction, with what the audit is told of it."""
        async with self._pool.connection() as conn, conn.transaction():
            yield conn
            await write(conn, entry)

    async def page(self, asked_by: str | None, before: int | None, limit: int) -> list[ExportRow]:
        """Exports, newest first, those before ``before``; of everybody where ``asked_by`` is None."""
        wanted = {"asked_by": asked_by, "before": _NEWEST if before is None else before, "limit": limit}
        return [ExportRow(*row) for row in await self._rows("exports_page", wanted)]

    async def one(self, number: int, asked_by: str | None) -> ExportRow | None:
        """One export; None when there is none of that number, or another asked for it."""
        rows = await self.page(asked_by, number + 1, 1) if 0 < number < _NEWEST else []
        return rows[0] if rows and rows[0].no == number else None

    async def look(self, entry: Entry) -> None:
        """Audits that files are fetched, before they are given."""
        async with self.changing(entry):
            pass

    # -- the exporter's ------------------------------------------------------------------------------------------

    async def claim(self, now_us: int) -> Claimed | None:
        """The oldest that is to be made; it is ours until the lease ends. None when there is none."""
        rows = await self._rows("claim_export", {"now": At(now_us), "until": At(now_us + LEASE_US)})
        return Claimed(*rows[0]) if rows else None

    async def renew(self, claimed: Claimed, rows: int, now_us: int) -> None:
        """Says how far it is. Raises `LostExport`."""
        await self._ours("renew_export", claimed, {"rows": rows, "until": At(now_us + LEASE_US)})

    async def finish(self, claimed: Claimed, manifest: Manifest, sha256: str, now_us: int, size: int) -> None:
        """It may be fetched. ``size`` is the manifest's own, in bytes. Raises `LostExport`."""
        files = [
            {"path": one.path, "bytes": one.bytes, "sha256": one.sha256, "rows": one.rows} for one in manifest.files
        ]
        row = {
            "now": At(now_us),
            "expires_at": At(min(now_us + KEPT_US, FAR_US)),
            "rows": manifest.rows,
            "bytes": sum(one.bytes for one in manifest.files) + size,
            "sha256": sha256,
            "files": Jsonb(files),
        }
        await self._ours("finish_export", claimed, row)

    async def fail(self, claimed: Claimed, problem: str, now_us: int) -> None:
        """It cannot be made. Raises `LostExport`."""
        await self._ours("fail_export", claimed, {"problem": problem[:1000], "now": At(now_us)})

    async def put_back(self, claimed: Claimed) -> None:
        """Another may go on with it at once."""
        await self._rows("put_export_back", {"export_no": claimed.no, "attempts": claimed.attempts})

    async def expire(self, now_us: int, drop: Callable[[int], None]) -> int:
        """Has the files of those dropped whose time has come; how many."""
        rows = await self._rows("exports_expired", {"now": At(now_us)})
        for (number,) in rows:
            drop(number)
            await self._rows("expire_export", {"export_no": number})
        return len(rows)

    @asynccontextmanager
    async def asked(self) -> AsyncIterator[Callable[[], Awaitable[None]]]:
        """Gives what returns when one was asked for; on a connection of its own."""
        async with listening(self._url, EXPORTS_CHANNEL) as wakes:
            yield wakes.wait

    async def _ours(self, name: str, claimed: Claimed, row: dict[str, Any]) -> None:
        ours = {"export_no": claimed.no, "attempts": claimed.attempts}
        if not await self._rows(name, row | ours):
            raise LostExport(f"export {claimed.no} is in other hands")

    async def _rows(self, name: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        async with self._pool.connection() as conn:
            return await (await conn.execute(statement(name), parameters)).fetchall()
