"""Stored facts as they were first stored: by identity, by device, and commit by commit to be folded again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.commits import Commit
from domain.facts import Batch, Facts, Roster, empty_facts
from domain.instants import DAY_US, EARLY_US, FAR_US, HOUR_US
from domain.records import Device, Version
from store.caseload import NEWEST_COMMIT, learnt
from store.device_numbers import DeviceNumbers
from store.errors import FactsGone
from store.facts_io import EVENTS_READ, FIXES, STRAY_PAST_US, facts_of_events, facts_of_fixes
from store.incidents import networks_of_commits
from store.packing import unpack
from store.rows import Layout, read_rows
from store.statements import statement
from store.times import At, Connection

RECENT_US = HOUR_US
"""A message that comes again after a restart comes within this; older ones are looked for the slower way."""
UNSURE_PAST_US = 30 * DAY_US
"""An event received so long after its fix time is judged at its receive time (rules.md 2)."""
COMMITS_A_PAGE = 256
FACTS_A_PAGE = 200_000
"""How many commits and facts `commits_after` holds at once (one commit may hold more)."""

Identity = tuple[int, int, int]


async def copy_out(conn: Connection, name: str, layout: Layout, parameters: dict[str, Any]) -> NDArray[Any]:
    """The rows that a COPY statement gives, by its layout."""
    data = bytearray()
    async with conn.cursor().copy(statement(name), parameters) as copy:
        async for block in copy:
            data += block
    return read_rows(layout, data)


@dataclass(slots=True)
class Found:
    """Facts with the commit and the row in it that each came from."""

    facts: Facts
    commit_no: NDArray[np.int64]
    row_no: NDArray[np.int64]

    def at(self, rows: NDArray[Any]) -> Found:
        """Those at ``rows``."""
        return Found(self.facts[rows], self.commit_no[rows], self.row_no[rows])


async def find(conn: Connection, numbers: DeviceNumbers, roster: Roster, of: str, parameters: dict[str, Any]) -> Found:
    """Fixes and equipment events of ``read_fixes_of`` and ``read_events_of``, together, in no order."""
    fixes = await copy_out(conn, f"read_fixes_{of}", FIXES, parameters)
    events = await copy_out(conn, f"read_events_{of}", EVENTS_READ, parameters)
    tags = await numbers.indices(conn, events["tag"].astype(np.int64), roster)
    facts = [
        facts_of_fixes(fixes, await numbers.indices(conn, fixes["device_no"].astype(np.int64), roster)),
        facts_of_events(events, await numbers.indices(conn, events["device_no"].astype(np.int64), roster), tags),
    ]
    both = {name: np.concatenate([fixes[name], events[name]]).astype(np.int64) for name in ("commit_no", "row_no")}
    return Found(np.concatenate(facts), both["commit_no"], both["row_no"])


async def history(
    conn: Connection,
    numbers: DeviceNumbers,
    roster: Roster,
    devices: Sequence[int],
    until: int | None,
    after_us: Sequence[int] | None = None,
) -> Facts:
    """The stored facts of ``devices`` (roster indices) in the order (fix time, device, gen, seq).

    ``after_us``: of each device, those later than an instant are wanted, by fix time or, of events, by receive time;
    earlier ones may come too. None: all.
    """
    nos = await numbers.of_roster(conn, roster, np.array(devices, np.int32))
    after = np.full(len(devices), EARLY_US, np.int64) if after_us is None else np.array(after_us, np.int64)
    found = [empty_facts()]
    for some in (after == EARLY_US, after > EARLY_US):
        if some.any():
            since = await _since(conn, int(after[some].min()))
            of = {"nos": nos[np.array(devices, np.int64)[some]].tolist()}
            found.append((await find(conn, numbers, roster, "of_devices", of | since | _until(until))).facts)
    facts = np.concatenate(found)
    return facts[np.lexsort((facts["seq"], facts["gen"], facts["device"], facts["t_us"]))]


async def _since(conn: Connection, after_us: int) -> dict[str, At]:
    """Bounds of the facts later than an instant: no event before `unsure_after` or from after `unsure_until` that has
    an earlier fix time is judged later than it."""
    if after_us == EARLY_US:
        return dict.fromkeys(("after", "unsure_after", "unsure_until"), At(EARLY_US))
    row = await (await conn.execute(statement("newest_instant"))).fetchone()
    newest_us = row[0] if row else after_us
    unsure_until = min(after_us, newest_us - UNSURE_PAST_US)
    return {"after": At(after_us), "unsure_after": At(after_us - STRAY_PAST_US), "unsure_until": At(unsure_until)}


async def by_identity(
    conn: Connection, numbers: DeviceNumbers, roster: Roster, ids: Sequence[Identity], until: int | None
) -> Facts:
    """The stored facts of those (device index, gen, seq) that are stored, in the order of ``ids``."""
    if not ids:
        return empty_facts()
    wanted = list(dict.fromkeys(ids))
    nos = await numbers.of_roster(conn, roster, np.array([i[0] for i in wanted], np.int32))
    row = await (await conn.execute(statement("newest_instant"))).fetchone()
    oldest = At((row[0] if row else 0) - RECENT_US)
    recent = await find(
        conn, numbers, roster, "by_identity", _identities(wanted, nos) | _until(until) | {"oldest": oldest}
    )
    facts = recent.facts
    have = set(identities(facts))
    if missing := [i for i in wanted if i not in have]:
        older = await find(conn, numbers, roster, "by_seq", _identities(missing, nos) | _until(until))
        asked = set(missing)
        facts = np.concatenate([facts, older.facts[[i in asked for i in identities(older.facts)]]])
    place = {identity: k for k, identity in enumerate(identities(facts))}
    return facts[[place[i] for i in wanted if i in place]]


def _until(until: int | None) -> dict[str, int]:
    return {"until": NEWEST_COMMIT if until is None else until}


def identities(facts: Facts) -> list[Identity]:
    """(device index, gen, seq) of each fact."""
    return list(zip(facts["device"].tolist(), facts["gen"].tolist(), facts["seq"].tolist(), strict=True))


def _identities(ids: Sequence[Identity], nos: NDArray[np.int64]) -> dict[str, Any]:
    devices, gens, seqs = zip(*ids, strict=True)
    return {"nos": nos[list(devices)].tolist(), "gens": list(gens), "seqs": list(seqs)}


@dataclass(slots=True)
class _Page:
    """Rows of ``commits`` that are read together, with the facts and records of each."""

    rows: list[tuple[Any, ...]]

    @property
    def bounds(self) -> dict[str, Any]:
        """Commit numbers and fix times between which their facts lie."""
        oldest = [row[1] for row in self.rows if row[1] is not None]
        newest = [row[2] for row in self.rows if row[2] is not None]
        return {
            "first": self.rows[0][0],
            "last": self.rows[-1][0],
            "oldest": At(min(oldest, default=FAR_US)),
            "newest": At(max(newest, default=EARLY_US)),
        }


def pages(rows: Sequence[tuple[Any, ...]]) -> list[_Page]:
    """Commits in a row, cut where their facts together would be more than `FACTS_A_PAGE`."""
    cut: list[_Page] = []
    held = FACTS_A_PAGE + 1
    for row in rows:
        if held + row[3] > FACTS_A_PAGE:
            cut.append(_Page([]))
            held = 0
        cut[-1].rows.append(row)
        held += row[3]
    return cut


async def commits_after(conn: Connection, numbers: DeviceNumbers, roster: Roster, no: int) -> AsyncIterator[Commit]:
    """The commits after ``no``, oldest first, each exactly as it was committed; a bounded number in memory.

    Raises `FactsGone` for one whose facts retention has taken.
    """
    while True:
        page = {"after": no, "limit": COMMITS_A_PAGE}
        rows = await (await conn.execute(statement("commits_page"), page)).fetchall()
        for part in pages(rows):
            async for commit in _commits_of(conn, numbers, roster, part):
                yield commit
        if len(rows) < COMMITS_A_PAGE:
            return
        no = rows[-1][0]


async def _commits_of(conn: Connection, numbers: DeviceNumbers, roster: Roster, page: _Page) -> AsyncIterator[Commit]:
    bounds = page.bounds
    records = await _records_of(conn, bounds["first"], bounds["last"])
    # Devices enter the roster in the order in which they were learnt, as they did when this was first folded.
    for version in (v for by_line in records.values() for v in by_line.values()):
        if isinstance(version.record, Device):
            roster.add(version.record.id)
    found = await find(conn, numbers, roster, "of_commits", bounds)
    found = found.at(np.lexsort((found.row_no, found.commit_no)))
    cursor = await conn.execute(statement("read_data_of_commits"), bounds)
    data = {(commit_no, row_no): body for commit_no, row_no, body in await cursor.fetchall()}
    networks = await networks_of_commits(conn, bounds)
    for row in page.rows:
        start, end = np.searchsorted(found.commit_no, [row[0], row[0] + 1])
        if end - start != row[3]:
            raise FactsGone(row[0])
        batch = await _batch(conn, numbers, roster, row, records.get(row[0], {}))
        batch.facts = found.facts[start:end]
        _as_told(batch.facts, found.row_no[start:end], row[9])
        batch.networks = networks.get(row[0], {})
        row_nos = found.row_no[start:end].tolist()
        batch.event_data = {i: data[row[0], n] for i, n in enumerate(row_nos) if (row[0], n) in data}
        yield Commit(row[0], batch)


def _as_told(facts: Facts, row_nos: NDArray[np.int64], packed: bytes | None) -> None:
    """Gives facts that were kept under another `gen` the one that their device told. In place."""
    if packed is not None:
        for row_no, gen in unpack(packed)[0].reshape(-1, 2).tolist():
            facts["gen"][row_nos == row_no] = gen


async def _records_of(conn: Connection, first: int, last: int) -> dict[int, dict[int, Version]]:
    """By commit and line, the record that each took."""
    records: dict[int, dict[int, Version]] = {}
    async for commit_no, line, version in learnt(conn, first - 1, last):
        if line >= 0:
            records.setdefault(commit_no, {})[line] = version
    return records


async def _batch(
    conn: Connection, numbers: DeviceNumbers, roster: Roster, row: tuple[Any, ...], records: dict[int, Version]
) -> Batch:
    instants, kinds, device_nos, sent_us, bad = (unpack(column)[0] for column in row[4:9])
    return Batch(
        instants=instants,
        kinds=kinds.astype(np.int8),
        devices=await numbers.indices(conn, device_nos, roster),
        sent_us=sent_us,
        bad=bad.astype(np.bool_),
        facts=empty_facts(),
        learnt=records,
    )
