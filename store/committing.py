"""The one transaction of a commit: everything of a `Work` is there, or nothing.

What can be made ready without the database is made before the transaction begins, so that it is short.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psycopg.types.json import Jsonb

from domain.commits import DeadLetter, Work
from domain.violations import Violation
from store.alert_changes import write_alerts
from store.errors import NotNextCommit
from store.facts_io import EVENTS, FIXES, QUALITIES, event_rows, fix_rows, strays
from store.incidents import stream_bodies, write_incidents, write_networks
from store.packing import pack
from store.ranges import fold_ranges, packed_ranges
from store.rows import HEADER, TRAILER, Column, Layout, segment
from store.statements import statement
from store.texts import storable
from store.times import EPOCH_2000_US, MINUS_INFINITY, At, Connection, at

CHECKPOINTS_KEPT = 3
CHECKPOINT_PART_BYTES = 16 * 1024 * 1024
MANY_RECORDS = 1_000
"""From so many records on the caseload's tables are analysed at once (where ingest may: else autovacuum will)."""
LEARNT_BEFORE_EVERYTHING = -1
"""The line of a record in `Work.learnt` that was learnt before every line, at `EARLY_US`."""

LEARNT = Layout(
    "caseload_learnt",
    (Column("record_no", ">i8"), Column("commit_no", ">i8"), Column("line", ">i4"), Column("learnt_at", ">i8")),
)
_VIOLATION_TYPES = (
    *("text", "int4"),
    *("text",) * 9,
    *("timestamptz",) * 3,
    *("bool", "float8", "text"),
    *("float8",) * 4,
    *("bool", "bool", "jsonb", "int8", "int4"),
)
_DEAD_LETTER_TYPES = ("timestamptz", "text", "bytea", "text", "text", "text", "text", "bool", "int8")


@dataclass(frozen=True, slots=True)
class Ready:
    """A `Work` as the database takes it: the commit's row, a binary COPY for each table that gets facts, and devices' numbers."""

    row: dict[str, Any]
    copies: list[tuple[bytes, bytes]]
    nos: NDArray[np.int64]


def make_ready(work: Work, nos: NDArray[np.int64], writer: str) -> Ready:
    """Everything of ``work`` that is columns; ``nos`` is the device_no by roster index."""
    keep = work.keep
    is_event, stray = keep["is_event"], strays(keep)
    copies: list[tuple[bytes, bytes]] = []
    for far in (False, True):
        if far and not stray.any():
            continue
        fixes, events = np.flatnonzero(~is_event & (stray == far)), np.flatnonzero(is_event & (stray == far))
        if len(fixes):
            copies.append((_into(FIXES, far), fix_rows(keep, nos, work.no, fixes)))
        if len(events):
            copies.append((_into(EVENTS, far), event_rows(keep, work.event_data, nos, work.no, events)))
    if work.requalified:
        copies.append((QUALITIES.copy_in(), _quality_rows(work, nos)))
    return Ready(_commit_row(work, nos, writer, keep["t_us"][~stray]), copies, nos)


def _into(layout: Layout, far: bool) -> bytes:
    return layout.copy_in().replace(b"COPY ", b"COPY stray_", 1) if far else layout.copy_in()


def _quality_rows(work: Work, nos: NDArray[np.int64]) -> bytes:
    rows = np.array(work.requalified, np.int64).reshape(-1, 5)
    values: dict[str, NDArray[Any]] = {
        "device_no": nos[rows[:, 1]],
        "gen": rows[:, 2],
        "seq": rows[:, 3],
        "quality": rows[:, 4],
        "commit_no": np.full(len(rows), work.no),
        "line": rows[:, 0],
    }
    return HEADER + segment(QUALITIES, 0, values, np.arange(len(rows))).tobytes() + TRAILER


def _commit_row(work: Work, nos: NDArray[np.int64], writer: str, fix_times: NDArray[np.int64]) -> dict[str, Any]:
    batch = work.batch
    devices = np.where(batch.devices >= 0, nos[np.maximum(batch.devices, 0)], -1) if len(nos) else batch.devices
    lines, events = len(batch.instants), int(work.keep["is_event"].sum())
    return {
        "no": work.no,
        "writer": writer,
        "first_instant": At(batch.instants[0]) if lines else None,
        "last_instant": At(batch.instants[-1]) if lines else None,
        "oldest_fix_time": At(fix_times.min()) if len(fix_times) else None,
        "newest_fix_time": At(fix_times.max()) if len(fix_times) else None,
        "lines": lines,
        "fixes": len(work.keep) - events,
        "equipment_events": events,
        "violations": len(work.versions),
        "dead_letters": len(work.dead_letters),
        "instants": pack(batch.instants),
        "kinds": pack(batch.kinds),
        "device_nos": pack(devices),
        "sent": pack(batch.sent_us),
        "bad": pack(batch.bad),
        "ranges": packed_ranges(work, nos),
        "told_gens": pack(np.array(list(work.told_gens.items()), np.int64).ravel()) if work.told_gens else None,
    }


def used_devices(work: Work) -> NDArray[Any]:
    """Roster indices that need a number; negative ones are none."""
    ranges = np.array([r[0] for r in work.ranges], np.int32)
    requalified = np.array([r[1] for r in work.requalified], np.int32)
    return np.concatenate([work.batch.devices, work.keep["device"], work.keep["tag"], ranges, requalified])


async def write(conn: Connection, work: Work, ready: Ready) -> bool:
    """Writes everything inside the caller's transaction; False when this very writer had committed it already.

    Raises `NotNextCommit` when another worker holds that number or the one before is not there.
    """
    if not await _claim(conn, ready.row):
        return False
    for copy_in, rows in ready.copies:
        async with conn.cursor().copy(copy_in) as copy:
            await copy.write(rows)
    if work.networks:
        await write_networks(conn, work, ready.nos)
    if work.learnt:
        await _mark_learnt(conn, work)
    if work.dead_letters:
        await _write_dead_letters(conn, work)
    if work.replayed:
        await conn.execute(statement("mark_replayed"), {"commit_no": work.no, "numbers": work.replayed})
    if work.versions:
        await _copy_rows(conn, "copy_violations", _VIOLATION_TYPES, _violation_rows(work))
        await conn.execute(statement("point_at_newest_violations"), {"commit_no": work.no})
    if work.incidents:
        await write_incidents(conn, work)
    if work.checkpoint is not None:
        await write_checkpoint(conn, work.no, work.checkpoint)
    alerts = await write_alerts(conn, work.no, work.alerts)
    # Last, since from here to the COMMIT nobody else can write events (migration 0005 says why).
    told = stream_bodies(work.incidents)
    told += [("violation", v.as_json()) for v in work.versions] + [("alert", a.as_json()) for a in alerts]
    if told:
        await _copy_rows(conn, "copy_stream_events", ("text", "jsonb"), [(kind, Jsonb(body)) for kind, body in told])
    return True


async def _claim(conn: Connection, row: dict[str, Any]) -> bool:
    cursor = await conn.execute(statement("claim_commit"), row)
    if cursor.rowcount == 1:
        return True
    newest = await (await conn.execute(statement("newest_commit"))).fetchone()
    no, writer = newest or (0, "")
    if (no, writer) == (row["no"], row["writer"]):
        return False
    raise NotNextCommit(row["no"], no)


async def _copy_rows(conn: Connection, name: str, types: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    async with conn.cursor().copy(statement(name)) as copy:
        copy.set_types(types)
        for row in rows:
            await copy.write_row(row)


def _violation_rows(work: Work) -> list[tuple[Any, ...]]:
    return [_violation_row(v, work.no, line) for v, line in zip(work.versions, work.version_lines, strict=True)]


def _violation_row(v: Violation, commit_no: int, line: int) -> tuple[Any, ...]:
    evidence = [{"device": f.device, "gen": f.gen, "seq": f.seq} for f in v.evidence]
    code = None if v.code is None else v.code.value
    return (
        *(v.id, v.version, v.change.value, v.reason.value, v.wearer, v.victim, v.kind.value, code, v.order),
        *(v.condition, v.device, At(v.from_us), at(v.to_us), At(v.decided_us), v.late, float(v.age_s), v.cause.value),
        *(_float(v.minutes_certain), _float(v.minutes_possible), _float(v.p_inside), _float(v.score)),
        *(v.retrospective, v.untold, Jsonb(evidence), commit_no, line),
    )


def _float(value: float | None) -> float | None:
    return None if value is None else float(value)


async def _write_dead_letters(conn: Connection, work: Work) -> None:
    rows = [_dead_letter_row(letter, work.no) for letter in work.dead_letters]
    await _copy_rows(conn, "copy_dead_letters", _DEAD_LETTER_TYPES, rows)
    counts = Counter(letter.reason.value for letter in work.dead_letters)
    columns = {"reasons": list(counts), "numbers": list(counts.values())}
    await conn.execute(statement("count_dead_letters"), columns)


def _dead_letter_row(d: DeadLetter, commit_no: int) -> tuple[Any, ...]:
    texts = (storable(d.field), storable(d.cause), storable(d.device))
    topic = storable(d.topic)
    return (At(d.received_us), topic, d.payload, d.reason.value, *texts, d.critical, commit_no)


async def _mark_learnt(conn: Connection, work: Work) -> None:
    record_nos, lines = np.array(work.learnt, np.int64).T
    instants = np.append(work.batch.instants, 0)[lines] - EPOCH_2000_US
    values: dict[str, NDArray[Any]] = {
        "record_no": record_nos,
        "commit_no": np.full(len(lines), work.no),
        "line": lines,
        "learnt_at": np.where(lines == LEARNT_BEFORE_EVERYTHING, MINUS_INFINITY, instants),
    }
    rows = segment(LEARNT, 0, values, np.arange(len(lines)))
    async with conn.cursor().copy(LEARNT.copy_in()) as copy:
        await copy.write(HEADER + rows.tobytes() + TRAILER)
    waited = await conn.execute(statement("stop_waiting"), {"commit_no": work.no})
    assert waited.rowcount == len(lines), "a record was learnt twice, or was never entered"
    await conn.execute(statement("point_at_newest"), {"commit_no": work.no})
    if len(lines) >= MANY_RECORDS:
        await conn.execute(statement("analyze_caseload"))


async def write_checkpoint(conn: Connection, no: int, body: bytes, fold_at_least: int = 1) -> None:
    """Keeps the state after commit ``no``, and folds the ranges up to it if there are enough; inside a transaction."""
    parts = range(0, max(len(body), 1), CHECKPOINT_PART_BYTES)
    rows = [(no, i, body[start : start + CHECKPOINT_PART_BYTES]) for i, start in enumerate(parts)]
    await _copy_rows(conn, "copy_checkpoint", ("int8", "int4", "bytea"), rows)
    await conn.execute(statement("drop_old_checkpoints"), {"kept": CHECKPOINTS_KEPT})
    await fold_ranges(conn, no, fold_at_least)
