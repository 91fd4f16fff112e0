"""The versions of breach packs: asked for, made by one exporter at a time, signed for by a person, held by others.

A change is one transaction with its entry of the audit. Instants are microseconds UTC.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from psycopg.types.json import Jsonb

from domain.callers import Sight
from domain.instants import SECOND_US
from store.audit import Entry, write
from store.connecting import Pool
from store.errors import StoreError
from store.listening import EXPORTS_CHANNEL, listening
from store.refusing import refusing
from store.requests import Note
from store.seeing import rows_seen
from store.statements import statement
from store.times import At

LEASE_US: Final = 120 * SECOND_US
"""An exporter that has had a pack in hand for so long has gone."""
MOST_TRIES: Final = 3
MOST_VERSIONS: Final = 200


class LostPack(StoreError):
    """Another exporter has it in hand by now."""


class Cannot(StoreError):
    """It is not in a state in which that can be done; says why."""


class PackRow(NamedTuple):
    """A version of a pack, without its files; see the table's own words."""

    no: int
    breach: int
    version: int
    state: str
    asked_us: int
    asked_by: str
    asked_role: str
    changed: list[str]
    made_us: int | None
    problem: str | None
    signatory: str | None
    post: str | None
    organisation: str | None
    signed_us: int | None
    signed_by: str | None
    sha256: str | None
    annex_sha256: str | None
    bytes: int | None
    signature: str | None
    verdict: dict[str, Any] | None
    parts: list[dict[str, Any]] | None
    out_of_date_us: int | None
    superseded_us: int | None


class RecipientRow(NamedTuple):
    """Who got it, when, and how; ``state`` of the message that told them."""

    no: int
    name: str
    organisation: str
    channel: str
    address: str | None
    given_us: int
    given_by: str
    state: str
    sent_us: int | None
    why: str | None


class OpeningRow(NamedTuple):
    """By which court's direction the annex was opened; ``directed_on`` is a date."""

    court: str
    reference: str
    directed_on: str
    opened_us: int
    opened_by: str


class Claimed(NamedTuple):
    """A pack in hand."""

    no: int
    breach: int
    version: int
    attempts: int
    asked_us: int
    asked_by: str
    signatory: str | None
    post: str | None
    organisation: str | None
    signed_us: int | None
    read_sha256: str | None


@dataclass(frozen=True, slots=True)
class MadePack:
    """What the exporter made. ``signature`` says who signed, empty: nobody. ``basis`` is what it rests on.

    ``changed``: what differs from the version in force, in words.
    """

    document: bytes
    sha256: str
    pages: str
    signature: str
    basis: dict[str, Any]
    basis_sha256: str
    verdict: dict[str, Any]
    parts: list[dict[str, Any]]
    annex: bytes | None = None
    annex_sha256: str | None = None
    changed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Signing:
    """Who puts their name to which draft; ``read_sha256`` is the draft's document as they read it."""

    name: str
    post: str
    organisation: str
    read_sha256: str
    by: str
    at_us: int


class Standing(NamedTuple):
    """A signed pack in force, and what it rests on; ``stale``: said to be out of date, ``pending``: a newer version is on its way."""

    no: int
    breach: int
    version: int
    wearer: str
    order: str
    basis: dict[str, Any]
    basis_sha256: str
    stale: bool
    pending: bool


class Before(NamedTuple):
    """The signed version in force, whose place the next takes, and what it rests on."""

    no: int
    version: int
    basis: dict[str, Any]


class PackTold(NamedTuple):
    """Somebody to be told of a pack; ``replaces``: it takes the place of one that they hold. ``attempts`` counts this one."""

    no: int
    breach: int
    version: int
    address: str
    attempts: int
    replaces: bool


class Packs:
    """The packs; over a pool that somebody else closes. ``url`` is for who waits to be told of one."""

    def __init__(self, pool: Pool, url: str = "") -> None:
        self._pool = pool
        self._url = url

    # ---- reading ----

    async def of_case(self, breach: int, sight: Sight) -> list[PackRow]:
        """The versions of a case in sight, the newest first."""
        return [PackRow(*row) for row in await self._seen(sight, "packs_of_case", {"breach": breach})]

    async def one(self, breach: int, version: int, sight: Sight) -> PackRow | None:
        """A version in sight; None when there is none."""
        found = await self.of_case(breach, sight)
        return next((row for row in found if row.version == version), None)

    async def document(self, no: int) -> bytes | None:
        """The PDF of one that the caller may have; None while there is none."""
        rows = await self._rows("pack_document", {"no": no})
        return None if not rows or rows[0][0] is None else bytes(rows[0][0])

    async def pages(self, no: int) -> str | None:
        """It as a page for people; None while there is none."""
        rows = await self._rows("pack_pages", {"no": no})
        return rows[0][0] if rows else None

    async def recipients(self, no: int, sight: Sight) -> list[RecipientRow]:
        """Who got it, in the order given."""
        return [RecipientRow(*row) for row in await self._seen(sight, "recipients_of_pack", {"no": no})]

    async def openings(self, no: int, sight: Sight) -> list[OpeningRow]:
        """When its annex was opened."""
        return [OpeningRow(*row) for row in await self._seen(sight, "openings_of_pack", {"no": no})]

    # ---- asking and signing ----

    async def ask(self, breach: int, role: str, by: str, at_us: int, entry: Entry, note: Note) -> int:
        """Enters the next version, to be made as a draft; its version. Raises `Cannot` while one is on its way."""
        async with self._pool.connection() as conn, conn.transaction():
            await note(conn)
            await conn.execute(statement("hold_packs_of_case"), {"breach": breach})
            asked = {"breach": breach, "at": At(at_us), "by": by, "role": role}
            rows = await (await conn.execute(statement("ask_for_pack"), asked)).fetchall()
            if not rows:
                raise Cannot("a version is being made, or is a draft that nobody has signed yet")
            version = int(rows[0][1])
            await write(conn, replace(entry, details=entry.details | {"version": version}))
        return version

    async def sign(self, no: int, signing: Signing, entry: Entry, note: Note) -> None:
        """Puts a name to a draft; it is made again with it and signed. Raises `Cannot`: it is no draft, or another one by now."""
        values = {"no": no, "name": signing.name, "post": signing.post, "organisation": signing.organisation}
        values |= {"read": signing.read_sha256, "by": signing.by, "at": At(signing.at_us)}
        with refusing():
            async with self._pool.connection() as conn, conn.transaction():
                await note(conn)
                rows = await (await conn.execute(statement("sign_pack"), values)).fetchall()
                if not rows:
                    raise Cannot("it is no draft, or no longer the draft that you read: read it again")
                await write(conn, entry)

    async def give(
        self, no: int, to: tuple[str, str, str | None], by: str, at_us: int, entry: Entry, note: Note
    ) -> int:
        """Enters who gets it: name, organisation, and an address for a message with its reference (None: by hand)."""
        values = {"no": no, "name": to[0], "organisation": to[1], "address": to[2], "by": by, "at": At(at_us)}
        with refusing():
            async with self._pool.connection() as conn, conn.transaction():
                await note(conn)
                rows = await (await conn.execute(statement("give_pack"), values)).fetchall()
                if not rows:
                    raise Cannot("it is not signed, or a newer version has taken its place")
                await write(conn, entry)
        return int(rows[0][0])

    async def open_annex(
        self, no: int, direction: tuple[str, str, str], by: str, at_us: int, entry: Entry, note: Note
    ) -> bytes:
        """The annex, by a court's direction (court, reference, date); entered before it is given. Raises `Cannot`."""
        values = {"no": no, "court": direction[0], "reference": direction[1], "on": direction[2]}
        with refusing():
            async with self._pool.connection() as conn, conn.transaction():
                await note(conn)
                rows = await (await conn.execute(statement("pack_annex"), {"no": no})).fetchall()
                if not rows or rows[0][0] is None:
                    raise Cannot("it has no annex")
                await conn.execute(statement("enter_opening"), values | {"by": by, "at": At(at_us)})
                await write(conn, entry)
        return bytes(rows[0][0])

    async def look(self, entry: Entry) -> None:
        """Audits that a file is fetched, before it is given."""
        async with self._pool.connection() as conn, conn.transaction():
            await write(conn, entry)

    # ---- the dispatcher's ----

    async def lease_told(self, now_us: int, limit: int) -> list[PackTold]:
        """Who is to be told, for this dispatcher alone for a while."""
        wanted = {"now": At(now_us), "until": At(now_us + LEASE_US), "limit": limit}
        return [PackTold(*row) for row in await self._rows("lease_pack_told", wanted)]

    async def told(self, no: int, at_us: int) -> None:
        """The channel took it."""
        await self._rows("pack_told", {"no": no, "at": At(at_us)})

    async def not_told(self, no: int, why: str, next_us: int | None) -> None:
        """It was not taken: to be tried again then; None: given up."""
        state = "failed" if next_us is None else "waiting"
        await self._rows("pack_not_told", {"no": no, "why": why, "state": state, "next": At(next_us or 0)})

    # ---- the exporter's ----

    async def claim(self, now_us: int) -> Claimed | None:
        """The oldest that is to be made; ours until the lease ends. None when there is none."""
        rows = await self._rows("claim_pack", {"now": At(now_us), "until": At(now_us + LEASE_US)})
        return Claimed(*rows[0]) if rows else None

    async def renew(self, claimed: Claimed, now_us: int) -> None:
        """Ours for as long again. Raises `LostPack`."""
        values = {"no": claimed.no, "attempts": claimed.attempts, "until": At(now_us + LEASE_US)}
        if not await self._rows("renew_pack", values):
            raise LostPack(f"pack {claimed.no} is in other hands")

    async def finish(self, claimed: Claimed, made: MadePack, now_us: int) -> None:
        """It is there: a draft where nobody has signed for it, else the one in force. Raises `LostPack`."""
        values: dict[str, Any] = {
            "document": made.document,
            "sha256": made.sha256,
            "pages": made.pages,
            "signature": made.signature,
        }
        values |= {"basis": Jsonb(made.basis), "basis_sha256": made.basis_sha256, "verdict": Jsonb(made.verdict)}
        values |= {"annex": made.annex, "annex_sha256": made.annex_sha256, "parts": Jsonb(made.parts)}
        values |= {"changed": Jsonb(list(made.changed))}
        ours = {"no": claimed.no, "attempts": claimed.attempts, "now": At(now_us)}
        async with self._pool.connection() as conn, conn.transaction():
            rows = await (await conn.execute(statement("finish_pack"), values | ours)).fetchall()
            if not rows:
                raise LostPack(f"pack {claimed.no} is in other hands")
            if rows[0][0] == "done":
                again = {"no": claimed.no, "breach": claimed.breach, "now": At(now_us)}
                await conn.execute(statement("tell_holders_again"), again)
                await conn.execute(statement("supersede_packs"), again)

    async def fail(self, claimed: Claimed, problem: str) -> None:
        """It cannot be made. Raises `LostPack`."""
        values = {"no": claimed.no, "attempts": claimed.attempts, "problem": problem[:1000]}
        if not await self._rows("fail_pack", values):
            raise LostPack(f"pack {claimed.no} is in other hands")

    async def before(self, claimed: Claimed) -> Before | None:
        """The version whose place the one in hand takes; None where none of the case was ever signed."""
        rows = await self._rows("pack_before", {"breach": claimed.breach, "no": claimed.no})
        return Before(*rows[0]) if rows else None

    async def in_force(self) -> list[Standing]:
        """The signed packs that no newer one has taken the place of, of cases that are not over."""
        return [Standing(*row) for row in await self._rows("packs_in_force", {})]

    async def out_of_date(self, standing: Standing, changed: Sequence[str], now_us: int) -> int | None:
        """Marks one at once, and has the next version made as a draft; its version, None where one is on its way."""
        values = {"no": standing.no, "breach": standing.breach, "changed": Jsonb(list(changed)), "now": At(now_us)}
        async with self._pool.connection() as conn, conn.transaction():
            await conn.execute(statement("hold_packs_of_case"), {"breach": standing.breach})
            await conn.execute(statement("pack_out_of_date"), {"no": standing.no, "now": At(now_us)})
            wanted = {name: values[name] for name in ("breach", "changed", "now")}
            rows = await (await conn.execute(statement("ask_for_next_pack"), wanted)).fetchall()
        return int(rows[0][0]) if rows else None

    @asynccontextmanager
    async def asked(self) -> AsyncIterator[Callable[[], Awaitable[None]]]:
        """Gives what returns when one was asked for; on a connection of its own."""
        async with listening(self._url, EXPORTS_CHANNEL) as wakes:
            yield wakes.wait

    async def _seen(self, sight: Sight, name: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        async with self._pool.connection() as conn:
            return await rows_seen(conn, sight, name, parameters)

    async def _rows(self, name: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        async with self._pool.connection() as conn:
            return await (await conn.execute(statement(name), parameters)).fetchall()
