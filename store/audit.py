"""The audit: an entry for every look at a person and every change, in a chain of hashes that the database makes.

A change writes its entry in its own transaction (`write`): both are there or neither. A look has its entry committed before
it is answered (`Audit.look`); looks that come together share one transaction.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from operator import lt
from typing import Any, Final, TypeAlias

import psycopg
from psycopg.types.json import Jsonb

from domain.audit_chain import set_id
from domain.callers import Caller
from domain.instants import HOUR_US
from store.connecting import Pool, at_once
from store.errors import Refused
from store.statements import statement
from store.times import At, Connection

MOST_NAMED: Final = 16
"""Subjects that an entry names itself; more of them are kept once, as a set."""
MOST_AT_ONCE: Final = 200
"""Looks that share one transaction."""
LONGEST_WHY: Final = 200
"""Characters of a purpose."""
MOST_SETS: Final = 64
"""Sets of subjects that a process remembers to have kept, so that a map of everybody sends no list each time."""
SET_KNOWN_US: Final = HOUR_US
_NONE_KNOWN: Final[Mapping[str, int]] = {}


_heard: ContextVar[list[str] | None] = ContextVar("what the audit heard of one request", default=None)


@contextmanager
def hearing() -> Iterator[list[str]]:
    """Gives what the audit hears of in this task: a deed for every entry that is written or looked, in order."""
    heard: list[str] = []
    token = _heard.set(heard)
    try:
        yield heard
    finally:
        _heard.reset(token)


def heard_nothing() -> None:
    """Says that there was nothing to write."""
    hear("")


def hear(deed: str) -> None:
    """Tells whoever hears of this task that something is in the audit."""
    heard = _heard.get()
    if heard is not None:
        heard.append(deed)


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was done, or one look.

    Attributes
    ----------
    at_us : when, microseconds UTC.
    who, role, by, address, session : the caller, as `domain.callers.Caller` has it.
    deed : what was done, such as `positions.read`.
    subject_type : what the subjects are: `wearer` and `victim` wherever a person is concerned, else the kind of record.
    subjects : ids; none where nothing is named (a list that was empty).
    why : the purpose that was given.
    details : what else makes the entry clear; ids, words and numbers, never a position or a person's name.
    """

    at_us: int
    who: str
    role: str
    by: str
    address: str
    session: str | None
    deed: str
    subject_type: str
    subjects: tuple[str, ...] = ()
    why: str | None = None
    details: dict[str, Any] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        """As it is kept, but for the instant and for many subjects."""
        caller = {"who": self.who, "role": self.role, "by": self.by, "address": self.address, "session": self.session}
        named = list(self.subjects) if len(self.subjects) <= MOST_NAMED else []
        what = {"deed": self.deed, "subject_type": self.subject_type, "subjects": named}
        return caller | what | {"why": self.why, "details": self.details}


def entry_of(
    caller: Caller,
    at_us: int,
    deed: str,
    subject_type: str,
    subjects: Iterable[str] = (),
    why: str | None = None,
    **details: Any,
) -> Entry:
    """What a caller did; the subjects in order, each once."""
    who = (caller.name, caller.role.value, caller.by, caller.address, caller.session)
    return Entry(at_us, *who, str(deed), subject_type, _in_order(tuple(subjects)), why, details)


def _in_order(subjects: tuple[str, ...]) -> tuple[str, ...]:
    """Each once. A map's 18,000 are so already, and to see that is cheaper than to sort them."""
    return subjects if all(map(lt, subjects, subjects[1:])) else tuple(sorted(set(subjects)))


async def write(conn: Connection, entry: Entry) -> None:
    """Writes an entry in the transaction of the change that it tells of; both are there or neither.

    The transaction is READ COMMITTED, as they are by themselves. It may be written at any place of it: the chain is held from
    the COMMIT alone.
    """
    await write_all(conn, [entry])


async def write_all(conn: Connection, entries: Sequence[Entry]) -> None:
    """`write` for several. Raises `Refused` for a text that the database cannot hold (U+0000)."""
    await _write_all(conn, entries)
    for entry in entries:
        hear(entry.deed)


async def _write_all(conn: Connection, entries: Sequence[Entry], known: Mapping[str, int] = _NONE_KNOWN) -> None:
    """``known`` has sets of subjects that are in the database, each until an instant: they need not be sent again."""
    with _refusing():
        for entry in entries:
            body, many = entry.body(), None
            if len(entry.subjects) > MOST_NAMED:
                name = set_id(entry.subjects)
                if known.get(name, entry.at_us) > entry.at_us:
                    body |= {"set": name, "count": len(entry.subjects)}
                else:
                    many = list(entry.subjects)
            row = {"at": At(entry.at_us), "body": Jsonb(body), "subjects": many}
            await conn.execute(statement("audit_write"), row)


@contextmanager
def _refusing() -> Iterator[None]:
    """What the database cannot hold is refused, also where it says so only at the COMMIT."""
    try:
        yield
    except psycopg.DataError as error:
        raise Refused(str(error)) from error


_Look: TypeAlias = tuple[Entry, "asyncio.Future[None]"]


class Audit:
    """The audit beside other work: looks, each committed before it is answered."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._waiting: list[_Look] = []
        self._task: asyncio.Task[None] | None = None
        self._sets: dict[str, int] = {}

    async def look(self, entry: Entry) -> None:
        """Returns when the entry is committed. Those that come while others are being written share one transaction.

        Raises what the database raises; nothing may be shown then.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((entry, done))
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="audit of looks")
        await done
        hear(entry.deed)

    async def _run(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
                await self._settle(batch)
        finally:
            self._task = None

    async def _settle(self, batch: Sequence[_Look]) -> None:
        try:
            async with self._pool.connection() as conn:
                with _refusing():
                    async with at_once(conn):
                        await _write_all(conn, [entry for entry, _ in batch], self._sets)
        except Refused as error:
            # One that cannot be kept stops no other.
            if len(batch) > 1:
                for one in batch:
                    await self._settle([one])
                return
            _tell(batch, error)
        except Exception as error:
            _tell(batch, error)
        except BaseException:
            for _, done in (*batch, *self._waiting):
                done.cancel()
            raise
        else:
            self._remember(entry for entry, _ in batch if len(entry.subjects) > MOST_NAMED)
            _tell(batch, None)

    def _remember(self, entries: Iterable[Entry]) -> None:
        """Sets that are committed. What names them is kept for a year at least, so that for an hour they cannot go."""
        for entry in entries:
            if len(self._sets) >= MOST_SETS:
                self._sets.clear()
            self._sets[set_id(entry.subjects)] = entry.at_us + SET_KNOWN_US


def _tell(batch: Sequence[_Look], error: Exception | None) -> None:
    for _, done in batch:
        if done.done():  # whoever asked has gone
            continue
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)
