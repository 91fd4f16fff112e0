"""Erasing what is held of a wearer, when nothing keeps it: records become tombstones, everything else goes, in one transaction."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import psycopg
from psycopg.types.json import Jsonb

from domain.caseload_file import record_as_json
from domain.erased import tombstone
from domain.instants import FAR_US, format_instant
from store import caseload
from store.audit import Entry, write
from store.connecting import Pool
from store.errors import MayNot, StoreError
from store.packed_records import pack_record
from store.retention_rows import erase_bodies
from store.statements import statement
from store.times import At, Connection

MOST_DUE: Final = 1_000

STEPS: Final = (
    *("erase_qualities", "erase_fixes", "erase_stray_fixes", "erase_equipment_events", "erase_stray_equipment_events"),
    *("erase_newest_fixes", "erase_dead_letters", "erase_networks", "blank_incident_devices", "blank_device_commands"),
    *("erase_notifications", "erase_tasks", "erase_contacts", "erase_timers", "erase_alert_events", "erase_outbox"),
    *("erase_alert_violations", "erase_alert_work", "erase_alerts"),
    *("erase_annex_openings", "erase_pack_recipients", "erase_packs"),
    *("erase_breach_narratives", "erase_breach_violations", "erase_breach_steps", "erase_breaches"),
    *("erase_rests_on", "erase_violations_newest", "erase_violations", "erase_mutes"),
    *("erase_request_uses", "erase_requests", "erase_warrant_holdings", "erase_warrants", "erase_holds"),
    *("erase_crime_matches",),
    *("erase_contact_tellings", "erase_contact_duties"),
    *("erase_stream_events", "erase_search_terms", "erase_wearer_statistics", "blank_subjects"),
)
"""In the order in which rows refer to one another."""


class Kept(StoreError):
    """A wearer's data may not be erased; ``reasons`` say why, each in a line."""

    def __init__(self, wearer: str, reasons: list[str]) -> None:
        super().__init__(f"{wearer} was not erased: {'; '.join(reasons)}")
        self.reasons = reasons


class Erasing:
    """Erasure over a database; the login must own its tables (docs/database.md)."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def due(self, ended_before_us: int) -> list[tuple[str, int]]:
        """(wearer, end of the last order) of those of whom nothing need be kept any more, the longest over first."""
        parameters = {"ended_before": At(ended_before_us), "limit": MOST_DUE}
        async with self._pool.connection() as conn:
            return [(row[0], row[1]) for row in await _rows(conn, "due_for_erasure", parameters)]

    async def erase(self, wearer: str, ended_before_us: int, entry: Entry) -> dict[str, int]:
        """Erases a wearer whose orders ended before an instant; how many rows of what went. Raises `Kept` and `MayNot`.

        ``entry`` tells the audit who did it and when.
        """
        try:
            async with self._pool.connection() as conn, conn.transaction():
                await conn.execute(statement("hold_erasing"))
                reasons = await kept_by(conn, wearer, ended_before_us, entry.at_us)
                if reasons:
                    raise Kept(wearer, reasons)
                return await _erase(conn, wearer, entry)
        except psycopg.errors.InsufficientPrivilege as error:
            raise MayNot(str(error)) from error


async def kept_by(conn: Connection, wearer: str, ended_before_us: int, now_us: int) -> list[str]:
    """Why a wearer's data may not be erased, in words; none when it may."""
    asked = {"wearer": wearer, "ended_before": At(ended_before_us), "now": At(now_us)}
    ((there, erased_at),) = await _rows(conn, "erasable_wearer", asked)
    if not there:
        return ["there is no such wearer"]
    if erased_at is not None:
        return [f"it was on {format_instant(erased_at)}"]
    reasons = []
    for name, end in await _rows(conn, "orders_that_keep", asked):
        reasons.append(_order(name, end, now_us))
    reasons += [f"device {row[1]} is fitted ({row[0]})" for row in await _rows(conn, "fittings_that_keep", asked)]
    reasons += [f"alert {row[0]} is not closed" for row in await _rows(conn, "alerts_that_keep", asked)]
    reasons += [f"hold {row[0]} stands" for row in await _rows(conn, "holds_that_keep", asked)]
    reasons += [f"{row[0]} {row[1]} rests on a violation" for row in await _rows(conn, "resting_that_keeps", asked)]
    reasons += [f"warrant {row[0]} is not over" for row in await _rows(conn, "warrants_that_keep", asked)]
    reasons += [f"breach case {row[0]} is not over" for row in await _rows(conn, "breaches_that_keep", asked)]
    ((folded,),) = await _rows(conn, "facts_that_keep", asked)
    return [*reasons, *(["facts of it are so new that a restart needs them: try again later"] if folded else [])]


def _order(name: str, end_us: int | None, now_us: int) -> str:
    if end_us is None or end_us >= FAR_US:
        return f"order {name} has no end"
    verb = "runs until" if end_us > now_us else "ended only on"
    return f"order {name} {verb} {format_instant(end_us)}"


async def _erase(conn: Connection, wearer: str, entry: Entry) -> dict[str, int]:
    for name in ("worn", "fill_worn", "erased_alerts", "fill_erased_alerts"):
        await conn.execute(statement(name), {"wearer": wearer})
    counts: dict[str, int] = {}
    records = await caseload.versions_of(conn, "records_of_wearer", {"wearer": wearer})
    for step in STEPS:
        gone = (await conn.execute(statement(step), {"wearer": wearer})).rowcount
        counts[step.partition("_")[2]] = gone
    for record_no, version in records:
        left = tombstone(version.record)
        row = {"record_no": record_no, "body": Jsonb(record_as_json(left)), "packed": pack_record(left)}
        await conn.execute(statement("blank_record"), row)
    counts["records"] = len(records)
    found = [int(row[0]) for row in await _rows(conn, "bodies_of_wearer", {"wearer": wearer})]
    counts["audit_bodies"] = await erase_bodies(conn, found, entry)
    went = {kind: number for kind, number in counts.items() if number}
    row = {"wearer": wearer, "at": At(entry.at_us), "by": entry.who, "counts": Jsonb(went)}
    await conn.execute(statement("enter_erasure"), row)
    await write(conn, replace(entry, subjects=(wearer,), details=entry.details | went))
    return went


async def _rows(conn: Connection, name: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    return await (await conn.execute(statement(name), parameters)).fetchall()
