"""Caseload records: entered by `learn`, taken by ingest, read back in the order learnt."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from psycopg.types.json import Jsonb

from domain.caseload_file import parse_record, record_as_json
from domain.instants import EARLY_US
from domain.records import TYPE_NAMES, Device, Version
from store.packed_records import pack_record, packed_for_us, unpack_record
from store.statements import statement
from store.times import At, Connection

RECORDS_A_PAGE = 5_000
ANALYZED_FROM = 2_000
"""So many records entered at once change what the planner must know."""
NEWEST_COMMIT = (1 << 63) - 1
_RECORD_TYPES = ("text", "text", "jsonb", "bytea", "timestamptz", "bool", "text", "text")


class _AnyName:
    """Every time zone that is stored was a known one when it was entered."""

    def __contains__(self, name: object) -> bool:
        return True


ANY_NAME = _AnyName()


async def enter(conn: Connection, versions: Sequence[Version], by: str | None = None, role: str | None = None) -> int:
    """Enters ``versions`` inside the caller's transaction, gives new devices their numbers, and wakes ingest.

    ``by`` and ``role`` are kept with each: who entered it, None for a command on the machine itself.
    """
    devices = [v.record.id for v in versions if isinstance(v.record, Device)]
    await conn.execute(statement("enter_devices"), {"ids": list(dict.fromkeys(devices))})
    async with conn.cursor().copy(statement("copy_records")) as copy:
        copy.set_types(_RECORD_TYPES)
        for v in versions:
            kind, body = TYPE_NAMES[type(v.record)], Jsonb(record_as_json(v.record))
            row = (kind, v.record.id, body, pack_record(v.record), At(v.holds_from_us), v.cancelled, by, role)
            await copy.write_row(row)
    if len(versions) >= ANALYZED_FROM:
        await conn.execute(statement("analyze_entered"))
    return len(versions)


async def unlearnt(conn: Connection) -> list[tuple[int, Version]]:
    """(record_no, version) of what no ingest has taken yet, in the order entered; ``learnt_us`` is `EARLY_US`."""
    return await _in_the_order_entered(conn, "unlearnt_records")


async def entered(conn: Connection) -> list[Version]:
    """Every version, learnt or not, in the order entered."""
    return [version for _, version in await _in_the_order_entered(conn, "entered_records")]


async def _in_the_order_entered(conn: Connection, name: str) -> list[tuple[int, Version]]:
    found: list[tuple[int, Version]] = []
    while True:
        page = {"after": found[-1][0] if found else 0, "limit": RECORDS_A_PAGE}
        rows = await _page(conn, name, page)
        found += [(row[0], _version(row)) for row in rows]
        if len(rows) < RECORDS_A_PAGE:
            return found


async def learnt(conn: Connection, after_commit: int, until: int | None) -> AsyncIterator[tuple[int, int, Version]]:
    """(commit, line, version) of what was learnt after ``after_commit`` and up to ``until``, in the order learnt."""
    place = {"commit_no": after_commit + 1, "line": -(1 << 31), "record_no": 0}
    while True:
        page = place | {"until": NEWEST_COMMIT if until is None else until, "limit": RECORDS_A_PAGE}
        rows = await _page(conn, "learnt_records", page)
        for row in rows:
            yield row[6], row[7], _version(row)
        if len(rows) < RECORDS_A_PAGE:
            return
        place = {"commit_no": rows[-1][6], "line": rows[-1][7], "record_no": rows[-1][0]}


async def of_wearers(conn: Connection, wearers: Sequence[str]) -> list[Version]:
    """What was learnt of some wearers, their orders, and what belongs to those, in the order learnt."""
    return [_version(row) for row in await _page(conn, "caseload_of_wearers", {"wearers": list(wearers)})]


async def versions_of(conn: Connection, name: str, parameters: dict[str, Any]) -> list[tuple[int, Version]]:
    """(record_no, version) of what a statement finds whose columns are those of the others here."""
    return [(row[0], _version(row)) for row in await _page(conn, name, parameters)]


async def page_of(conn: Connection, name: str, parameters: dict[str, Any]) -> list[tuple[tuple[Any, ...], Version]]:
    """The rows of such a statement whole, each with its version."""
    return [(row, _version(row)) for row in await _page(conn, name, parameters)]


async def permitting(conn: Connection, place: tuple[int, int, int]) -> tuple[list[Version], tuple[int, int, int]]:
    """A page of what was learnt after ``place`` (commit, line, record) and permits positions; and the place of its last.

    Orders, conditions, zones and suspensions, in the order learnt; an empty page says that there are no more.
    """
    page = dict(zip(("commit_no", "line", "record_no"), place, strict=True)) | {"limit": RECORDS_A_PAGE}
    rows = await _page(conn, "permit_records", page)
    return [_version(row) for row in rows], (rows[-1][6], rows[-1][7], rows[-1][0]) if rows else place


async def _page(conn: Connection, name: str, page: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Rows with their packed record only, where that is in the form of this program; else with their JSON too."""
    rows = await (await conn.execute(statement(name), page | {"whole": False})).fetchall()
    if all(row[1] is None or packed_for_us(row[1]) for row in rows):
        return rows
    return await (await conn.execute(statement(name), page | {"whole": True})).fetchall()


def _version(row: tuple[Any, ...]) -> Version:
    _, packed, body, holds_from, learnt_at, cancelled = row[:6]
    record = parse_record(body, ANY_NAME) if body is not None else unpack_record(packed)
    return Version(record, holds_from, EARLY_US if learnt_at is None else learnt_at, cancelled)
