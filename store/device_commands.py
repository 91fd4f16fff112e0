"""Commands to devices: made in the caller's transaction, leased to be sent, ended by an answer or by the clock.

At least once, by the outbox's habit: no transaction is open while the broker is called, and a command goes out under the same
wire id however often it is tried (docs/decisions/0016). Rows in, rows out; when to ask a device for something is
`alerts.device_commands`'s to decide.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

from psycopg.types.json import Jsonb

from domain.callers import Sight
from domain.device_commands import MOST_OPEN, CommandState, NewCommand
from domain.instants import DAY_US
from domain.wire_commands import Command, CommandName
from store.command_rules import CommandRules
from store.connecting import Pool, open_pool
from store.errors import StoreError
from store.listening import ALERTS_CHANNEL, COMMANDS_CHANNEL, listening
from store.refusing import refusing
from store.seeing import rows_seen
from store.statements import statement
from store.times import At, Connection

RESULTS_BACK_US: Final = 2 * DAY_US
"""A command lives a day at most. An answer that says an older time than this is looked for among the strays alone."""
READ_AHEAD: Final = 1_000
"""Commits without a result after which it is remembered that they were read."""


class TooManyOpen(StoreError):
    """Nothing is known yet of so many commands of a device; nothing was written."""

    def __init__(self, device: str) -> None:
        super().__init__(f"{MOST_OPEN} commands of this device are open already")
        self.device = device


class LeasedCommand(NamedTuple):
    """A command that one sender has for a while. ``attempt`` counts from 1."""

    no: int
    device: str
    command: Command
    attempt: int
    made_us: int


class CommandRow(NamedTuple):
    """A command as it stands; instants are microseconds UTC."""

    no: int
    id: str
    device: str
    command: str
    args: dict[str, Any]
    cause: str
    about: str | None
    by_name: str | None
    by_role: str | None
    made_us: int
    expires_us: int
    state: str
    attempts: int
    sent_us: int | None
    ended_us: int | None
    answered_us: int | None
    late: bool
    detail: str | None


class Ended(NamedTuple):
    """A command of which nothing more is expected."""

    command: CommandName
    state: CommandState
    late: bool = False


class Result(NamedTuple):
    """What a device said: ``data`` is that of its `command_result` event, as it came."""

    device: str
    data: bytes | None
    fix_us: int
    received_us: int


class ToCommand(NamedTuple):
    """A device, its record, and who wears it now. ``protected``: a protected person has it, or had it once."""

    id: str
    body: dict[str, Any]
    wearer: str | None
    victim: str | None
    protected: bool


class ProtectedRow(NamedTuple):
    """A person protected from a wearer, ever: their record (None: cancelled) and the ids of devices they ever had."""

    victim: str
    body: dict[str, Any] | None
    devices: list[str]


async def make(conn: Connection, new: NewCommand) -> int:
    """Writes a command inside the caller's transaction; its number. A newer interval takes the place of one that waits.

    Raises `TooManyOpen` when nothing is known yet of `MOST_OPEN` others of that device, `Refused` for what cannot be held.
    """
    about = {"device": new.device, "now": At(new.made_us)}
    row = await _one(conn, "open_commands_of_device", about)
    if row is not None and row[0] >= MOST_OPEN:
        raise TooManyOpen(new.device)
    parameters = {
        "command": new.name.value,
        "args": Jsonb(new.args),
        "cause": new.cause.value,
        "about": new.about,
        "by_name": new.by_name,
        "by_role": new.by_role,
        "made_at": At(new.made_us),
        "expires_at": At(new.expires_us),
    }
    with refusing():
        made = await _one(conn, "make_command", about | parameters)
    assert made is not None
    await conn.execute(statement("supersede_intervals"), about)
    await conn.execute(statement("try_device_now"), about)
    return int(made[0])


class DeviceCommands:
    """The commands of one database; `open` it, or give it a pool. Closed with ``async with`` or `close`."""

    def __init__(self, url: str, pool: Pool) -> None:
        self._url = url
        self._pool = pool

    @classmethod
    async def open(cls, url: str) -> Self:
        """A small pool of its own. Raises ``ConnectionLost`` when the database cannot be reached."""
        return cls(url, await open_pool(url))

    async def close(self) -> None:
        """Ends every connection."""
        await self._pool.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @asynccontextmanager
    async def changing(self) -> AsyncIterator[Connection]:
        """A connection in a transaction of its own, for `make` and what goes with it."""
        async with self._pool.connection() as conn, conn.transaction():
            yield conn

    @property
    def rules(self) -> CommandRules:
        """What the rules that ask devices read and keep."""
        return CommandRules(self._pool)

    def listen(self) -> AbstractAsyncContextManager[AsyncIterator[None]]:
        """Yields when a command was made; several may make one."""
        return listening(self._url, COMMANDS_CHANNEL)

    def listen_to_alerts(self) -> AbstractAsyncContextManager[AsyncIterator[None]]:
        """Yields when a violation was decided that alerts somebody; several may make one."""
        return listening(self._url, ALERTS_CHANNEL)

    # ---- sending ----

    async def lease(self, now_us: int, until_us: int, limit: int) -> list[LeasedCommand]:
        """Up to ``limit`` commands that are due, one a device, for this sender alone until then; those of people first."""
        async with self._pool.connection() as conn, conn.transaction():
            now = {"now": At(now_us)}
            await conn.execute(statement("supersede_intervals"), now | {"device": None})
            rows = await _rows(conn, "lease_commands", now | {"until": At(until_us), "limit": limit})
        return [_leased(row) for row in sorted(rows)]

    async def sent(self, no: int, at_us: int) -> None:
        """The broker took it; said twice it is once."""
        async with self._pool.connection() as conn:
            await conn.execute(statement("command_sent"), {"no": no, "at": At(at_us)})

    async def try_later(self, no: int, why: str, next_us: int) -> None:
        """The broker did not take it; to be tried again then, unless something came of it meanwhile."""
        async with self._pool.connection() as conn:
            await conn.execute(statement("command_later"), {"no": no, "why": why, "next": At(next_us)})

    async def undeliverable(self, no: int, why: str, at_us: int) -> bool:
        """The broker will never take it; False when something came of it meanwhile."""
        async with self._pool.connection() as conn:
            return await _one(conn, "command_undeliverable", {"no": no, "why": why, "at": At(at_us)}) is not None

    async def expire(self, now_us: int) -> list[Ended]:
        """Ends what nobody answered in time."""
        async with self._pool.connection() as conn:
            rows = await _rows(conn, "expire_commands", {"now": At(now_us)})
        return [Ended(CommandName(row[0]), CommandState(row[1])) for row in rows]

    async def next_us(self) -> int | None:
        """When the next try is due, a lease ends, or a command expires; None when there is nothing."""
        async with self._pool.connection() as conn:
            row = await _one(conn, "next_command", {})
        return None if row is None else row[0]

    # ---- answers ----

    async def any_open(self) -> bool:
        """Whether there is a command that a device may answer."""
        async with self._pool.connection() as conn:
            row = await _one(conn, "commands_open", {})
        return bool(row and row[0])

    @asynccontextmanager
    async def results(self, now_us: int) -> AsyncIterator[tuple[Connection, list[Result]]]:
        """What devices answered since this was last asked, for one who reads; to be entered by `answered` on this connection.

        That they were read is remembered when the block ends well.
        """
        async with self._pool.connection() as conn, conn.transaction():
            row = await _one(conn, "hold_results_read", {})
            if row is None or row[0] >= row[1]:
                yield conn, []
                return
            after, upto = row
            bounds = {"after": after, "upto": upto, "since": At(now_us - RESULTS_BACK_US)}
            found = [Result(*one) for one in await _rows(conn, "results_between", bounds)]
            yield conn, found
            if found or upto - after >= READ_AHEAD:
                await conn.execute(statement("set_results_read"), {"upto": upto})

    # ---- what people read ----

    async def device(self, device: str, now_us: int) -> ToCommand | None:
        """A device and who wears it; None when there is none."""
        async with self._pool.connection() as conn:
            row = await _one(conn, "device_to_command", {"device": device, "now": At(now_us)})
        return None if row is None else ToCommand(*row)

    async def protected_from(self, wearer: str) -> list[ProtectedRow]:
        """Everybody whom any order of a wearer, also one that is over, protects from them."""
        async with self._pool.connection() as conn:
            return [ProtectedRow(*row) for row in await _rows(conn, "victims_of_wearer", {"wearer": wearer})]

    async def of_device(self, sight: Sight, device: str, before: int | None, limit: int) -> list[CommandRow]:
        """What was asked of a device, newest first, those before ``before``; nothing of one that is not in sight."""
        page = {"device": device, "before": before, "limit": limit}
        async with self._pool.connection() as conn:
            return [CommandRow(*row) for row in await rows_seen(conn, sight, "commands_of_device", page)]

    async def command(self, sight: Sight, no: int) -> CommandRow | None:
        """One command; None when there is none in sight."""
        async with self._pool.connection() as conn:
            rows = await rows_seen(conn, sight, "command_by_number", {"no": no})
        return CommandRow(*rows[0]) if rows else None


async def answered(
    conn: Connection, device: str, wire_id: str, *, ok: bool, fix_us: int, received_us: int, now_us: int
) -> Ended | None:
    """Enters what a device answered to a command; None when it was answered before or the device never had it."""
    told = {"device": device, "id": wire_id, "ok": ok, "at": At(fix_us), "heard": At(received_us), "now": At(now_us)}
    row = await _one(conn, "command_answered", told)
    return None if row is None else Ended(CommandName(row[0]), CommandState(row[1]), row[2])


async def is_known(conn: Connection, device: str, wire_id: str) -> bool:
    """Whether a device was ever given a command of that name."""
    row = await _one(conn, "command_known", {"device": device, "id": wire_id})
    return bool(row and row[0])


def _leased(row: Sequence[Any]) -> LeasedCommand:
    no, wire_id, device, name, args, expires_us, attempt, made_us = row
    return LeasedCommand(no, device, Command(wire_id, CommandName(name), expires_us // 1000, args), attempt, made_us)


async def _rows(conn: Connection, name: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    return await (await conn.execute(statement(name), parameters)).fetchall()


async def _one(conn: Connection, name: str, parameters: dict[str, Any]) -> tuple[Any, ...] | None:
    return await (await conn.execute(statement(name), parameters)).fetchone()
