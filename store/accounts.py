"""People's accounts. A change and its entry of the audit are one transaction; who may change what is not decided here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import psycopg

from domain.vocabulary import Role
from store.audit import Entry, write
from store.connecting import Pool
from store.errors import NoSuchAccount, Refused, StaleAccount, Taken
from store.statements import statement
from store.times import At, Connection, at

_UNIQUE: Final = {"accounts_pkey": "name", "accounts_email": "email", "accounts_subject": "subject"}


@dataclass(frozen=True, slots=True)
class Person:
    """What an administrator says of an account. ``areas`` None: every area; ``email`` in lower case.

    ``issuer`` and ``subject`` are who this is at the OpenID provider, both or neither.
    """

    shown: str
    role: Role
    areas: tuple[str, ...] | None = ()
    email: str | None = None
    organisation: str | None = None
    issuer: str | None = None
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class Password:
    """A password by its hash. ``until_us``: it is a one-time password, worth nothing afterwards."""

    hash: str
    must_change: bool
    until_us: int | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """An account as it stands; its password's hash is not in it."""

    name: str
    person: Person
    has_password: bool
    must_change: bool
    password_until_us: int | None
    disabled_us: int | None
    failures: int
    locked_until_us: int | None
    revision: int
    made_us: int
    made_by: str


class Tried(NamedTuple):
    """A try to sign in that was counted. ``password_hash`` None: nothing to compare with, so it fails whatever was given.

    ``locked_until_us``: the account was locked before the try, which was not counted then.
    """

    password_hash: str | None
    locked_until_us: int | None
    failures: int


class Accounts:
    """The accounts of the database."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    # -- reading -------------------------------------------------------------------------------------------------

    async def one(self, name: str) -> Account | None:
        """One account; None when there is none."""
        async with self._pool.connection() as conn:
            return await _one(conn, name)

    async def page(self, after: str | None, limit: int, role: Role | None = None) -> list[Account]:
        """Accounts by their names, after one."""
        parameters = {"after": after, "limit": limit, "role": None if role is None else role.value}
        async with self._pool.connection() as conn:
            rows = await (await conn.execute(statement("accounts"), parameters)).fetchall()
        return [_account(row) for row in rows]

    async def of_subject(self, issuer: str, subject: str) -> str | None:
        """The account of a person of the OpenID provider."""
        async with self._pool.connection() as conn:
            return await _first(conn, "account_of_subject", {"issuer": issuer, "subject": subject})

    # -- changing ------------------------------------------------------------------------------------------------

    async def make(self, name: str, person: Person, password: Password | None, at_us: int, entry: Entry) -> None:
        """Makes one. Raises `Taken` for a name, an address or a person of the provider that has one, `Refused`."""
        given = None if password is None else password.hash
        until, change = (None, False) if password is None else (password.until_us, password.must_change)
        parameters = _columns(name, person) | {"password_hash": given, "until": at(until), "must_change": change}
        async with self._pool.connection() as conn, conn.transaction():
            if not await _run(conn, "enter_account", parameters | {"at": At(at_us), "by": entry.who}):
                raise Taken("name")
            await write(conn, entry)

    async def change(self, name: str, revision: int, person: Person, at_us: int, entry: Entry) -> Account:
        """What an administrator says of it is different; its sessions end. Raises `NoSuchAccount`, `StaleAccount`, `Taken`."""
        async with self._pool.connection() as conn, conn.transaction():
            if not await _run(conn, "change_account", _columns(name, person) | {"revision": revision}):
                now = await _there(conn, name)
                raise StaleAccount(now.revision)
            await _end_sessions(conn, name, "account_changed", at_us)
            await write(conn, entry)
            return await _there(conn, name)

    async def set_password(
        self, name: str, password: Password, at_us: int, entry: Entry, keep_session: str | None = None
    ) -> None:
        """A new password; its sessions end, but for one. Raises `NoSuchAccount`."""
        parameters = {"name": name, "password_hash": password.hash, "must_change": password.must_change}
        async with self._pool.connection() as conn, conn.transaction():
            if not await _run(conn, "set_password", parameters | {"until": at(password.until_us), "at": At(at_us)}):
                raise NoSuchAccount
            await _end_sessions(conn, name, "password_changed", at_us, keep_session)
            await write(conn, entry)

    async def disable(self, name: str, at_us: int, entry: Entry) -> bool:
        """Nobody signs in by it; its sessions end. False: that was so before. Raises `NoSuchAccount`."""
        async with self._pool.connection() as conn, conn.transaction():
            changed = await self._changed(conn, "disable_account", {"name": name, "at": At(at_us)}, entry)
            await _end_sessions(conn, name, "account_disabled", at_us)
            return changed

    async def enable(self, name: str, entry: Entry) -> bool:
        """It may be signed in by again. False: that was so before. Raises `NoSuchAccount`."""
        async with self._pool.connection() as conn, conn.transaction():
            return await self._changed(conn, "enable_account", {"name": name}, entry)

    async def unlock(self, name: str, entry: Entry) -> bool:
        """Wrong passwords are forgotten. False: there were none. Raises `NoSuchAccount`."""
        async with self._pool.connection() as conn, conn.transaction():
            return await self._changed(conn, "unlock_account", {"name": name}, entry)

    async def link(self, email: str, issuer: str, subject: str, entry: Callable[[str], Entry]) -> str | None:
        """The account of a verified address is from now on that person's of the provider; None when there is none to link."""
        async with self._pool.connection() as conn, conn.transaction():
            name = await _first(conn, "account_of_email", {"email": email})
            if name is None:
                return None
            linked = await _run(conn, "link_account", {"name": name, "issuer": issuer, "subject": subject})
            if linked:
                await write(conn, entry(name))
            return name if linked else None

    async def _changed(self, conn: Connection, block: str, parameters: dict[str, Any], entry: Entry) -> bool:
        if await _run(conn, block, parameters):
            await write(conn, entry)
            return True
        await _there(conn, str(parameters["name"]))
        return False

    # -- trying a password ---------------------------------------------------------------------------------------

    async def try_password(self, name: str, now_us: int, lock_us: Callable[[int], int]) -> Tried | None:
        """Counts a try as a failure before it is known what it is, so that many at once are no more tries than one by one.

        ``lock_us`` gives for how long so many failures in a row lock. None: there is no such account.
        """
        async with self._pool.connection() as conn, conn.transaction():
            row = await (await conn.execute(statement("hold_account_to_try"), {"name": name})).fetchone()
            if row is None:
                return None
            password_hash, disabled_us, until_us, failures, locked_us = row
            if locked_us is not None and locked_us > now_us:
                return Tried(None, locked_us, failures)
            lock = lock_us(failures + 1)
            counted = {"failures": failures + 1, "locked_until": At(now_us + lock) if lock else None}
            await conn.execute(statement("count_try"), counted | {"name": name})
            over = disabled_us is not None or (until_us is not None and until_us <= now_us)
            return Tried(None if over else password_hash, None, failures + 1)

    async def right_password(self, name: str) -> None:
        """The try was right: nothing is counted. For who is signed in already; a new session does it by itself."""
        async with self._pool.connection() as conn:
            await conn.execute(statement("forget_failures"), {"name": name})


async def _one(conn: Connection, name: str) -> Account | None:
    row = await (await conn.execute(statement("account"), {"name": name})).fetchone()
    return None if row is None else _account(row)


async def _there(conn: Connection, name: str) -> Account:
    found = await _one(conn, name)
    if found is None:
        raise NoSuchAccount
    return found


async def _first(conn: Connection, block: str, parameters: dict[str, Any]) -> str | None:
    row = await (await conn.execute(statement(block), parameters)).fetchone()
    return None if row is None else str(row[0])


async def _end_sessions(conn: Connection, name: str, why: str, at_us: int, but: str | None = None) -> None:
    parameters = {"account": name, "why": why, "at": At(at_us), "but": but}
    await conn.execute(statement("end_sessions"), parameters)


async def _run(conn: Connection, block: str, parameters: dict[str, Any]) -> bool:
    """Whether a change changed anything."""
    try:
        return await (await conn.execute(statement(block), parameters)).fetchone() is not None
    except psycopg.errors.UniqueViolation as error:
        raise Taken(_UNIQUE[error.diag.constraint_name or ""]) from error
    except (psycopg.DataError, psycopg.errors.CheckViolation) as error:
        raise Refused(str(error)) from error


def _columns(name: str, person: Person) -> dict[str, Any]:
    names = ("shown", "email", "organisation", "issuer", "subject")
    areas = None if person.areas is None else sorted(person.areas)
    return {one: getattr(person, one) for one in names} | {"name": name, "role": person.role.value, "areas": areas}


def _account(row: Sequence[Any]) -> Account:
    name, shown, role, areas, *rest = row
    person = Person(shown, Role(role), None if areas is None else tuple(areas), *rest[:4])
    return Account(name, person, *rest[4:])
