"""What a breach pack is made of, as it is stored. Read by the exporter, which may read everything; nothing is written here.

Instants are microseconds UTC.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from domain.audit_chain import Link, Said
from domain.facts import Facts, Roster
from domain.instants import EARLY_US
from domain.records import Version
from domain.violations import Violation
from store.caseload import page_of
from store.connecting import Pool
from store.device_numbers import DeviceNumbers
from store.facts_back import find
from store.packing import unpack
from store.rows_read import violation
from store.statements import statement
from store.times import At, Connection

COMMITS_AT_ONCE: Final = 500
MOST_LINKS: Final = 20_000
"""Links of the audit in a pack: from the request for it to its making is minutes."""


class TakenRow(NamedTuple):
    """A version of a record, and the commit and line that took it."""

    commit: int
    line: int
    version: Version


@dataclass(frozen=True, slots=True)
class FactRows:
    """Facts in the order received; columns as of `evidence.gathered.Heard`, ``devices`` by their index in the facts."""

    facts: Facts
    commits: NDArray[np.int64]
    sent_us: NDArray[np.int64]
    quality: NDArray[np.int8]
    devices: list[str]
    data: dict[int, bytes]


class Newest(NamedTuple):
    """The newest commit and its last instant, and the oldest commit that retention has left."""

    commit: int
    at_us: int
    oldest: int


class LetterRow(NamedTuple):
    """A parked message, without what stood in it."""

    at_us: int
    device: str
    reason: str
    field: str
    critical: bool


class OutageRow(NamedTuple):
    """An outage that held a device of the wearer."""

    from_us: int
    to_us: int | None
    id: str
    devices: int


class ContactRow(NamedTuple):
    """A call or message with the wearer; ``answered`` None: not told."""

    at_us: int
    by: str
    role: str
    channel: str
    inbound: bool
    answered: bool | None
    said: str


class LookRow(NamedTuple):
    """Somebody looked at the wearer, or changed something of theirs."""

    at_us: int
    who: str
    role: str
    deed: str
    why: str


class PrecisionRow(NamedTuple):
    """How alerts of a kind from a model ended: confirmed, of all that were decided."""

    kind: str
    model: str
    confirmed: int
    decided: int


class PackSources:
    """The questions; over a pool that somebody else closes."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def newest(self) -> Newest | None:
        """Where the decisions stand; None before the first line."""
        rows = await self._rows("newest_line", {})
        return Newest(*rows[0]) if rows else None

    async def taken(self, wearer: str) -> list[TakenRow]:
        """The records of a wearer and what they refer to, in the order learnt; of protected people too."""
        async with self._pool.connection() as conn:
            rows = await page_of(conn, "records_of_pack", {"wearer": wearer})
        return [TakenRow(row[6], row[7], version) for row, version in rows]

    async def facts(self, devices: Sequence[str], after_us: int, until: int) -> FactRows:
        """What some devices said with a fix time later than an instant, up to a commit."""
        roster, numbers = Roster(), DeviceNumbers()
        for device in devices:
            roster.add(device)
        async with self._pool.connection() as conn:
            nos = (await numbers.of_roster(conn, roster, np.arange(len(devices), dtype=np.int32))).tolist()
            since = {"after": At(after_us), "unsure_after": At(EARLY_US), "unsure_until": At(EARLY_US)}
            found = await find(conn, numbers, roster, "of_devices", {"nos": nos, "until": until} | since)
            found = found.at(np.lexsort((found.row_no, found.facts["line"], found.commit_no)))
            sent = await _sent(conn, found.commit_no, found.facts["line"])
            asked = {"nos": nos, "after": At(after_us)}
            said = await (await conn.execute(statement("data_of_devices"), asked)).fetchall()
            judged = await (await conn.execute(statement("qualities_of_devices"), {"nos": nos})).fetchall()
        data = _by_row(found.commit_no, found.row_no, said)
        quality = _judged(found.facts, nos, judged)
        return FactRows(found.facts, found.commit_no, sent, quality, roster.ids, data)

    async def violations(self, wearer: str) -> list[Violation]:
        """Every version of every violation of a wearer, in the order decided."""
        return [violation(row) for row in await self._rows("violations_of_pack", {"wearer": wearer})]

    async def letters(self, devices: Sequence[str], from_us: int) -> list[LetterRow]:
        """Parked messages of some devices since an instant."""
        asked = {"devices": list(devices), "from": At(from_us)}
        return [LetterRow(*row) for row in await self._rows("letters_of_devices", asked)]

    async def outages(self, wearer: str) -> list[OutageRow]:
        """Outages that held a device of a wearer."""
        return [OutageRow(*row) for row in await self._rows("outages_of_wearer", {"wearer": wearer})]

    async def contacts(self, wearer: str) -> list[ContactRow]:
        """Calls and messages with a wearer."""
        return [ContactRow(*row) for row in await self._rows("contacts_of_wearer", {"wearer": wearer})]

    async def precision(self, kinds: Sequence[str], from_us: int, to_us: int) -> list[PrecisionRow]:
        """How alerts of some kinds ended, by kind and model of the device."""
        asked = {"kinds": list(kinds), "from": At(from_us), "to": At(to_us)}
        return [PrecisionRow(*row) for row in await self._rows("precision_of_kinds", asked)]

    async def audit(
        self, wearer: str, breach: str, from_us: int
    ) -> tuple[list[LookRow], list[tuple[Link, Said | None]]]:
        """Who looked, and the chain from the first entry about the case's packs since an instant to its end."""
        async with self._pool.connection() as conn:
            newest = await (await conn.execute(statement("audit_newest"))).fetchone()
            if newest is None:
                return [], []
            asked = {"breach": breach, "from": At(from_us)}
            first = await (await conn.execute(statement("audit_of_pack"), asked)).fetchone()
            start = newest[0] if first is None or first[0] is None else first[0]
            span = {"breach": breach, "last": newest[0], "after": max(start, newest[0] - MOST_LINKS + 1) - 1}
            links = await (await conn.execute(statement("audit_segment"), span)).fetchall()
            of = {"wearer": wearer, "last": newest[0]}
            looks = await (await conn.execute(statement("looks_of_pack"), of)).fetchall()
        return [LookRow(*row) for row in looks], [_linked(row) for row in links]

    async def links(self, first: int, last: int) -> list[Link]:
        """The links of the audit from a number to another, both included."""
        asked = {"breach": "", "after": first - 1, "last": last}
        return [_linked(row)[0] for row in await self._rows("audit_segment", asked)]

    async def late_facts(self, pack: int) -> int:
        """How many used fixes came after a pack was made that are of the time of what it relies on."""
        return int((await self._rows("late_facts_of_pack", {"no": pack}))[0][0])

    async def _rows(self, name: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        async with self._pool.connection() as conn:
            return await (await conn.execute(statement(name), parameters)).fetchall()


def _linked(row: Sequence[Any]) -> tuple[Link, Said | None]:
    link = Link(row[0], row[1], row[2], bytes(row[3]), bytes(row[4]), bytes(row[5]))
    return link, None if row[7] is None else Said(row[8], bytes(row[6]), row[7])


async def _sent(conn: Connection, commits: NDArray[np.int64], lines: NDArray[Any]) -> NDArray[np.int64]:
    """When the message of each fact was sent: (facts,) int64, 0 where the commit is gone."""
    sent = np.zeros(len(commits), np.int64)
    wanted = np.unique(commits)
    for start in range(0, len(wanted), COMMITS_AT_ONCE):
        some = {"commits": wanted[start : start + COMMITS_AT_ONCE].tolist()}
        for no, packed in await (await conn.execute(statement("sent_of_commits"), some)).fetchall():
            low, high = np.searchsorted(commits, [no, no + 1])
            sent[low:high] = unpack(packed)[0][lines[low:high]]
    return sent


def _by_row(
    commits: NDArray[np.int64], row_nos: NDArray[np.int64], said: Sequence[tuple[Any, ...]]
) -> dict[int, bytes]:
    place = {pair: k for k, pair in enumerate(zip(commits.tolist(), row_nos.tolist(), strict=True))}
    return {place[no, row_no]: bytes(body) for no, row_no, body in said if (no, row_no) in place}


def _judged(facts: Facts, nos: Sequence[int], judged: Sequence[tuple[Any, ...]]) -> NDArray[np.int8]:
    quality = facts["quality"].astype(np.int8)
    if not judged:
        return quality
    index = {no: k for k, no in enumerate(nos)}
    newest = {(index[no], gen, seq): now for no, gen, seq, now, _ in judged}
    columns = (facts[name].tolist() for name in ("device", "gen", "seq"))
    for k, identity in enumerate(zip(*columns, strict=True)):
        if identity in newest:
            quality[k] = newest[identity]
    return quality
