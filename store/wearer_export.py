"""What is held of one wearer, as files of the same form as an export of everything: for people and other systems.

Positions are in it only where somebody else says that they may be seen, and nothing of a protected person is: rows that name
one are left out, and any other line that holds an id, a name, a number or a unit of one is withheld and counted.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from psycopg import sql

from domain.exports import EMPTY_SUM, FORMAT, FORMAT_VERSION, MANIFEST, ExportedFile, Manifest, TableSum, sums_of
from domain.instants import EARLY_US, FAR_US, format_instant
from store.export_tables import Table, fragment
from store.exporting import (
    Connection,
    Progress,
    Sieve,
    add_rows,
    connection,
    make_folder,
    note_protected,
    tables_of,
    write_lines,
    write_whole,
)
from store.statements import statement

OF_WEARER: Final = {
    "alert_events": "wearer_by_alert",
    "alert_violations": "wearer_by_alert",
    "alert_work": "wearer_by_alert",
    "alerts": "wearer_by_name",
    "caseload_learnt": "wearer_by_record",
    "caseload_records": "wearer_by_record",
    "contacts": "wearer_by_contact",
    "equipment_events": "wearer_by_fitting",
    "fixes": "wearer_by_fitting",
    "mutes": "wearer_by_name",
    "notifications": "wearer_by_alert",
    "stray_equipment_events": "wearer_by_fitting",
    "stray_fixes": "wearer_by_fitting",
    "tasks": "wearer_by_alert",
    "violations": "wearer_by_name",
}
"""By table, the block that says which of its rows are the wearer's; no other table is in it."""
FIXES: Final = ("fixes", "stray_fixes")

MaySee = Callable[[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]], NDArray[np.bool_]]
"""Which fixes may be seen: fix times in microseconds, lon and lat in degrees, accuracy in metres, each (fixes,)."""


@dataclass(frozen=True, slots=True)
class WearerWanted:
    """An export of one wearer: facts with a fix time in ``[from_us, to_us)``, where ``may_see`` lets them be."""

    folder: Path
    wearer: str
    made: str
    program: str
    may_see: MaySee
    from_us: int = EARLY_US
    to_us: int = FAR_US


def export_wearer(url: str, wanted: WearerWanted, progress: Progress = lambda rows: None) -> Manifest:
    """Writes the folder anew, and gives its manifest.

    Raises ``psycopg.OperationalError``, ``OSError``, and what ``progress`` raises.
    """
    if wanted.folder.exists():
        shutil.rmtree(wanted.folder)
    make_folder(wanted.folder)
    files: list[ExportedFile] = []
    withheld: dict[str, int] = {}
    with connection(url) as conn:
        markers = _note(conn, wanted)
        for table in tables_of(conn):
            if table.name in OF_WEARER:
                sieve = _sieve(table, markers, wanted.may_see)
                before = sum(file.rows for file in files)
                path = f"{table.name}{table.suffix}"
                copy_out = table.lines(_own(table), in_time=table.is_csv)
                told = partial(add_rows, progress, before)
                file, left_out = write_lines(conn, copy_out, wanted.folder, path, table, told, sieve)
                files += [] if file is None else [file]
                withheld |= {table.name: left_out} if left_out else {}
        manifest = _manifest(conn, wanted, files, withheld)
    write_whole(wanted.folder / MANIFEST, manifest.as_bytes())
    return manifest


def _note(conn: Connection, wanted: WearerWanted) -> re.Pattern[bytes] | None:
    """Notes what is asked again and again; by what a protected person would be known."""
    span = [_bound(us) for us in (wanted.from_us, wanted.to_us)]
    conn.execute(statement("export_of_wearer"), {"wearer": wanted.wearer, "from_at": span[0], "to_at": span[1]})
    note_protected(conn)
    for name in ("forget_wearer", "note_wearer_records", "note_wearer_fittings", "note_wearer_alerts"):
        conn.execute(statement(name))
    words = [row[0] for row in conn.execute(statement("markers_of_victims")).fetchall() if row[0] and row[0].strip()]
    if not words:
        return None
    either = b"|".join(re.escape(word.encode()) for word in sorted(words, key=len, reverse=True))
    return re.compile(rb"(?<!\w)(?:" + either + rb")(?!\w)", re.IGNORECASE)


def _bound(us: int) -> str:
    if us <= EARLY_US:
        return "-infinity"
    return "infinity" if us >= FAR_US else format_instant(us)


def _own(table: Table) -> sql.Composed:
    return sql.SQL("{} AND ({}) IS NOT TRUE").format(fragment(OF_WEARER[table.name]), table.protected())


def _sieve(table: Table, markers: re.Pattern[bytes] | None, may_see: MaySee) -> Sieve:
    def keep(lines: Sequence[bytes]) -> list[bool]:
        kept = [markers is None or markers.search(line) is None for line in lines]
        if table.name in FIXES:
            kept = [one and seen for one, seen in zip(kept, _permitted(table, lines, may_see), strict=True)]
        return kept

    return keep


def _permitted(table: Table, lines: Sequence[bytes], may_see: MaySee) -> list[bool]:
    """Of lines of fixes, which may be seen; none of their values holds a comma or a quotation mark."""
    place = [column.name for column in table.columns]
    rows = [line.split(b",") for line in lines]
    when = np.array([row[place.index("fix_time")].split(b"+")[0] for row in rows], "datetime64[us]").astype(np.int64)
    where = [np.array([float(row[place.index(name)]) for row in rows]) for name in ("lon", "lat", "acc")]
    found: list[bool] = may_see(when, *where).tolist()
    return found


def _manifest(conn: Connection, wanted: WearerWanted, files: list[ExportedFile], withheld: dict[str, int]) -> Manifest:
    sums = sums_of(files)
    ((commit, _),) = conn.execute(statement("export_newest_commit")).fetchall()
    columns = {table.name: [column.name for column in table.columns] for table in tables_of(conn)}
    return Manifest(
        format=FORMAT,
        version=FORMAT_VERSION,
        kind="wearer",
        subject=wanted.wearer,
        made=wanted.made,
        program=wanted.program,
        commit=str(commit),
        first=None if wanted.from_us <= EARLY_US else format_instant(wanted.from_us),
        last=None if wanted.to_us >= FAR_US else format_instant(wanted.to_us),
        protected="none",
        migrations=[row[0] for row in conn.execute(statement("applied_migrations")).fetchall()],
        tables={name: TableSum(*sums.get(name, (0, EMPTY_SUM)), columns=columns[name]) for name in sorted(OF_WEARER)},
        files=files,
        withheld=withheld,
    )
