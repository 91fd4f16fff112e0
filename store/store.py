"""`Store`: what the other folders call. Each call is one unit of work."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self

import numpy as np
import psycopg
from psycopg import AsyncConnection, IsolationLevel
from psycopg.types.json import Jsonb

from domain.commits import Checkpoint, Commit, DeadLetter, Work
from domain.facts import Facts, Roster
from domain.incidents import IncidentVersion
from domain.records import Version
from domain.violations import Violation
from store import caseload, facts_back
from store.accounts import Accounts
from store.alert_changes import active_since
from store.alert_figures import AlertFigures
from store.api_keys import ApiKeys
from store.audit import Audit, Entry
from store.audit import write as write_audit
from store.audit_reading import AuditReading
from store.caseload_entry import CaseloadEntry
from store.committing import make_ready, used_devices, write, write_checkpoint
from store.connecting import Pool, open_pool
from store.contact_duties import ContactDuties
from store.contingency import Contingency
from store.device_numbers import DeviceNumbers
from store.digests import Digests
from store.erasing import Erasing
from store.errors import NotNextCommit, Refused
from store.handovers import Handovers
from store.holds import Holds
from store.incidents import incidents_of_commits
from store.leading import Lead
from store.listening import CASELOAD_CHANNEL, listening
from store.migrate import migrate, pending_in, read_migrations
from store.packs import Packs
from store.patrol_links import PatrolLinks
from store.protocols import ProtocolTables
from store.ranges import FOLD_COMMITS, Ranges, read_ranges
from store.reading import Reading
from store.retention import TABLES, Retained, apply_retention
from store.retention_rows import Retention
from store.rota import RotaTables
from store.rows_read import replayed_letter, violation
from store.sessions import Sessions
from store.statements import statement
from store.times import At
from store.views import Views

DEADLOCK_TRIES = 3
"""How often a commit that the database ended for a deadlock is tried again."""

ConnectionLost = psycopg.OperationalError
"""The database went away; nothing of the work in hand is known to be done."""

_OF_ANOTHER_SCHEMA = (
    psycopg.errors.UndefinedTable,
    psycopg.errors.UndefinedColumn,
    psycopg.errors.UndefinedFunction,
    psycopg.errors.UndefinedObject,
    psycopg.errors.InvalidSchemaName,
)


async def asks_to_migrate(error: BaseException, url: str) -> bool:
    """Whether ``error`` is, or holds, one that the database at ``url`` gives because it does not have the current schema."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if not isinstance(error, _OF_ANOTHER_SCHEMA):
        return False
    async with await AsyncConnection.connect(url, autocommit=True) as conn:
        return bool(await pending_in(conn, read_migrations()))


class Store:
    """The database. Open with `open`, close with ``async with`` or `close`.

    ``reading`` has the questions that the API asks, ``alert_figures`` what is measured, ``rota`` who is told, ``protocols`` when;
    ``accounts``, ``sessions`` and ``keys`` who may sign in; ``audit`` takes looks, ``audit_log`` is what was done and by whom;
    ``entry`` is how records are entered by many at once.
    """

    def __init__(self, url: str, pool: Pool) -> None:
        self._url = url
        self._pool = pool
        self._numbers = DeviceNumbers()
        # Tells a commit of our own, repeated after a lost connection, from another worker's.
        self._writer = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(8)}"
        self.reading = Reading(url, pool)
        self.alert_figures = AlertFigures(pool)
        self.rota = RotaTables(pool)
        self.protocols = ProtocolTables(pool)
        self.accounts = Accounts(pool)
        self.sessions = Sessions(pool)
        self.keys = ApiKeys(pool)
        self.audit = Audit(pool)
        self.entry = CaseloadEntry(pool)
        self.audit_log = AuditReading(pool)
        self.retention = Retention(pool)
        self.holds = Holds(pool)
        self.handovers = Handovers(pool)
        self.contingency = Contingency(pool)
        self.patrol_links = PatrolLinks(pool)
        self.views = Views(pool)
        self.duties = ContactDuties(pool)
        self.erasing = Erasing(pool)
        self.digests = Digests(pool)
        self.packs = Packs(pool, url)

    @classmethod
    async def open(cls, url: str) -> Self:
        """Opens a small pool. Raises ``psycopg.OperationalError`` when the database cannot be reached."""
        return cls(url, await open_pool(url))

    async def close(self) -> None:
        """Ends every connection."""
        await self.reading.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def migrate(self) -> list[str]:
        """Brings the database to the current schema; returns what was done, in words.

        Raises `EditedMigration`, `NewerSchema` or `CannotMigrate`; the schema is then as it was.
        """
        # A connection of its own: installing an extension changes what a session has loaded.
        async with await AsyncConnection.connect(self._url, autocommit=True) as conn:
            return await migrate(conn, read_migrations())

    async def lead(self) -> Lead:
        """The lead, to be entered with ``async with``; see `Lead`."""
        return Lead(self._url)

    # -- writing -------------------------------------------------------------------------------------------------

    async def commit(self, work: Work) -> None:
        """Commits everything of ``work`` in one transaction, or nothing.

        The same work may be committed again by the same `Store` after a lost connection: it is there once.
        Raises `NotNextCommit` when the number does not follow the newest (another worker is at work),
        `UnknownDevice`, `Refused` for a value that the database cannot hold, and `ConnectionLost`.
        """
        for tries_left in reversed(range(DEADLOCK_TRIES)):
            try:
                await self._commit_once(work)
                return
            except psycopg.errors.DeadlockDetected:
                if not tries_left:
                    raise
            except psycopg.errors.UniqueViolation as error:
                if error.diag.constraint_name != "commits_pkey":
                    raise Refused(str(error)) from error
                # Two tried this number at once and the other was first.
                raise NotNextCommit(work.no, await self.newest_commit()) from error
            except psycopg.DataError as error:
                raise Refused(str(error)) from error

    async def _commit_once(self, work: Work) -> None:
        async with self._pool.connection() as conn:
            nos = await self._numbers.of_roster(conn, work.roster, used_devices(work))
            ready = make_ready(work, nos, self._writer)
            async with conn.transaction():
                await write(conn, work, ready)

    async def keep_checkpoint(self, no: int, body: bytes) -> None:
        """Keeps the state after a commit that is there already, in a transaction of its own.

        Twice is once: nothing happens when that commit's is kept. Raises `ConnectionLost`.
        """
        async with self._pool.connection() as conn, conn.transaction():
            row = await (await conn.execute(statement("has_checkpoint"), {"no": no})).fetchone()
            if not (row and row[0]):
                await write_checkpoint(conn, no, body, FOLD_COMMITS)

    async def learn(self, versions: Sequence[Version], entry: Entry | None = None) -> int:
        """Enters caseload records, all or none; wakes ingest (``bailiwick_caseload``); returns how many.

        ``entry`` tells the audit who did it, in the same transaction. Raises `Refused` for a text that the database cannot
        hold (U+0000).
        """
        try:
            async with self._pool.connection() as conn, conn.transaction():
                if entry is not None and versions:
                    await write_audit(conn, entry)
                return await caseload.enter(conn, versions)
        except psycopg.DataError as error:
            raise Refused(str(error)) from error

    async def publish_figures(self, figures: dict[str, Any], at_us: int, name: str = "ingest") -> None:
        """Puts the newest figures of one process where the API reads them; notifies ``bailiwick_figures``."""
        async with self._pool.connection() as conn:
            row = {"name": name, "body": Jsonb(figures), "at": At(at_us)}
            await conn.execute(statement("publish_figures"), row)

    async def apply_retention(self, before_us: int) -> Retained:
        """Drops what is older than ``before_us`` and may go; see `store.retention`."""
        async with self._pool.connection() as conn:
            return await apply_retention(conn, dict.fromkeys(TABLES, before_us))

    # -- what ingest reads back ----------------------------------------------------------------------------------

    async def unlearnt(self) -> list[tuple[int, Version]]:
        """(record_no, version) that no ingest has taken yet, in the order entered."""
        async with self._pool.connection() as conn:
            return await caseload.unlearnt(conn)

    async def caseload(self, until_commit: int | None = None) -> list[Version]:
        """Every version that was learnt (up to and with a commit), in the order learnt."""
        async with self._pool.connection() as conn:
            return [version async for _, _, version in caseload.learnt(conn, -1, until_commit)]

    async def device_numbers(self) -> dict[str, int]:
        """device id -> device_no (64-bit), of every device that was ever entered."""
        async with self._pool.connection() as conn:
            rows = await (await conn.execute(statement("all_device_numbers"))).fetchall()
            return dict(rows)

    async def entered(self) -> list[Version]:
        """Every version that was ever entered, learnt or not, in the order entered: what an import may refer to."""
        async with self._pool.connection() as conn:
            return await caseload.entered(conn)

    @asynccontextmanager
    async def caseload_changes(self) -> AsyncIterator[Callable[[], Awaitable[None]]]:
        """Gives what returns when something was entered since it was last asked; LISTENs on its own connection.

        Raises `ConnectionLost` when that ends.
        """
        async with listening(self._url, CASELOAD_CHANNEL) as wakes:
            yield wakes.wait

    async def facts_by_identity(
        self, ids: Sequence[tuple[int, int, int]], roster: Roster, until_commit: int | None = None
    ) -> Facts:
        """The stored facts of those (device index, gen, seq) that are stored, in the order of ``ids``.

        With ``until_commit``, as it stood after that commit.
        """
        async with self._pool.connection() as conn:
            return await facts_back.by_identity(conn, self._numbers, roster, ids, until_commit)

    async def history(
        self,
        devices: Sequence[int],
        roster: Roster,
        until_commit: int | None = None,
        after_us: Sequence[int] | None = None,
    ) -> Facts:
        """The stored facts of ``devices`` (roster indices) in the order (fix time, device, gen, seq).

        ``after_us``: of each device those later than an instant, by fix time or, of events, by receive time; earlier ones
        may come too. With ``until_commit``, as it stood after that commit.
        """
        async with self._pool.connection() as conn:
            return await facts_back.history(conn, self._numbers, roster, devices, until_commit, after_us)

    async def replayable(self, limit: int) -> list[tuple[int, DeadLetter]]:
        """Dead letters, by number, of devices unknown then and learnt now that no commit took again; oldest first."""
        async with self._pool.connection() as conn:
            rows = await (await conn.execute(statement("replayable"), {"limit": limit})).fetchall()
            return [replayed_letter(row) for row in rows]

    async def active_since(self, kind: str) -> list[int]:
        """When the active alerts of a kind were raised, the oldest first."""
        async with self._pool.connection() as conn:
            return await active_since(conn, kind)

    async def newest_commit(self) -> int:
        """The number of the newest commit; 0 when there is none."""
        async with self._pool.connection() as conn:
            row = await (await conn.execute(statement("newest_commit"))).fetchone()
            return int(row[0]) if row else 0

    async def newest_checkpoint(self) -> Checkpoint | None:
        """The newest state of the rules that was kept."""
        async with self._pool.connection() as conn:
            rows = await (await conn.execute(statement("newest_checkpoint"))).fetchall()
            return Checkpoint(rows[0][0], b"".join(bytes(body) for _, body in rows)) if rows else None

    async def checkpoint_before(self, no: int) -> Checkpoint | None:
        """The newest state of the rules that was kept of a commit before ``no``."""
        async with self._pool.connection() as conn:
            rows = await (await conn.execute(statement("checkpoint_before"), {"no": no})).fetchall()
            return Checkpoint(rows[0][0], b"".join(bytes(body) for _, body in rows)) if rows else None

    async def first_commit_at(self, at_us: int) -> int | None:
        """The first commit with a line at an instant or later; None when there is none."""
        async with self._pool.connection() as conn:
            row = await (await conn.execute(statement("first_commit_at"), {"at": At(at_us)})).fetchone()
            return row[0] if row else None

    async def oldest_commit(self) -> tuple[int, int] | None:
        """The number of the oldest commit that is still there, and the instant of the oldest line; None without lines."""
        async with self._pool.connection() as conn:
            row = await (await conn.execute(statement("oldest_commit"))).fetchone()
            return (row[0], row[1]) if row and row[1] is not None else None

    async def versions_of_commits(self, first: int, last: int) -> list[tuple[int, Violation]]:
        """(commit, version) of the violations that some commits decided, both included, in the order written."""
        async with self._pool.connection() as conn:
            rows = await conn.execute(statement("versions_of_commits"), {"first": first, "last": last})
            return [(row[0], violation(row[1:])) for row in await rows.fetchall()]

    async def incidents_of_commits(self, first: int, last: int) -> list[tuple[int, IncidentVersion]]:
        """(commit, version) of the incidents that some commits decided, both included, in the order written."""
        async with self._pool.connection() as conn:
            return await incidents_of_commits(conn, first, last)

    async def commits_after(self, no: int, roster: Roster) -> AsyncGenerator[Commit]:
        """The commits after ``no`` as they were committed, oldest first, a bounded number in memory at once.

        ``batch.facts`` are the facts that were kept, as first stored; ``line`` and their order are as they were.
        Devices that ``roster`` lacks are added to it. Raises `FactsGone` when retention has taken facts of one.
        """
        async with self._pool.connection() as conn:
            async for commit in facts_back.commits_after(conn, self._numbers, roster, no):
                yield commit

    async def received_ranges(self, roster: Roster) -> Ranges:
        """(ranges, 4) int64 of roster index, gen, low, high: everything received, merged, inclusive at both ends."""
        async with self._pool.connection() as conn:
            await conn.set_isolation_level(IsolationLevel.REPEATABLE_READ)
            try:
                async with conn.transaction():
                    ranges = await read_ranges(conn)
            finally:
                await conn.set_isolation_level(None)
            ranges[:, 0] = (await self._numbers.indices(conn, ranges[:, 0], roster)).astype(np.int64)
            return ranges
