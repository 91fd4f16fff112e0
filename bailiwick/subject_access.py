"""``bailiwick subject-access``: everything that is held of a wearer, for the wearer, with an index in plain words (docs/privacy.md)."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from pathlib import Path
from typing import Final

from bailiwick.at_the_shell import entry_at_the_shell
from bailiwick.export_command import CannotExport, program
from bailiwick.settings import Settings
from domain.errors import BailiwickError
from domain.instants import format_instant
from store import Store
from store.subject_access import SubjectAccess, write_subject_access

DEED: Final = "subject_access"
INDEX: Final = "index.txt"

TOLD: Final = {
    "caseload_records.jsonl": "What courts, officers and the centre entered about you: your record, your orders with their conditions, places and "
    "times, absences and suspensions, devices fitted, visits, and what officers decided. One line a version.",
    "caseload_learnt.jsonl": "When each of those versions began to count.",
    "fixes.csv": "Where your tag said that it was: `fix_time` when, `lat` and `lon` where, `acc` how exactly in metres, `spd` speed in metres a second.",
    "stray_fixes.csv": "The same, from times when the tag's clock was wrong.",
    "equipment_events.csv": "What your equipment said of itself: charging, power, straps, whether a home unit heard the tag.",
    "stray_equipment_events.csv": "The same, from times when its clock was wrong.",
    "violations.jsonl": "What was decided by the rules: each time when a condition was not kept or equipment was out of touch, as it was decided and "
    "changed. `cause` says whose doing it was held to be; only `wearer` counts against you.",
    "violations_near.csv": "Times when you were near a person whom an order protects, or their equipment said so. Where that person was is not told.",
    "conditions_near.csv": "Your conditions that keep you from a person: how near was too near, in metres.",
    "zones.jsonl": "The shapes of the zones that your orders name.",
    "alerts.jsonl": "What people at the centre were asked to look at.",
    "alert_work.jsonl": "In whose hands each of those was and how it was closed.",
    "alert_events.jsonl": "What was done about each, when, and the notes that were made.",
    "alert_violations.jsonl": "Which of the decisions each of those was about.",
    "notifications.jsonl": "Who was told of it, how and when.",
    "tasks.jsonl": "What was to be done about it.",
    "contacts.jsonl": "Calls and messages with you and about you, and what was said.",
    "mutes.jsonl": "Times when alerts about you were not sent, and why.",
    "looks.csv": "Who looked at what is held of you or changed it: when, in which role, what, and why if they said so. The names of staff are not told.",
}
"""What each file holds, in words for the person whom it is about."""


class NoSuchWearer(BailiwickError):
    """There is none of that id."""

    def __init__(self, wearer: str) -> None:
        super().__init__(f"there is no wearer {wearer}")


def subject_access_command(
    settings: Settings, wearer: str, folder: Path, reason: str | None, *, as_zip: bool = False, as_json: bool = False
) -> int:
    """Writes the folder, or ``folder.zip``. Raises `NoSuchWearer` and `CannotExport`."""
    if folder.exists() and any(folder.iterdir()):
        raise CannotExport(f"{folder} is not empty: name another folder")
    now_us = time.time_ns() // 1000
    asyncio.run(_audit(settings, wearer, reason, now_us))
    made = format_instant(now_us)
    try:
        done = write_subject_access(settings.database(), folder, wearer, made, program())
        path = folder / INDEX
        path.touch(mode=0o600)
        path.write_text(index_of(wearer, made, done), encoding="utf-8")
        where = _zipped(folder) if as_zip else folder
    except OSError as error:
        raise CannotExport(f"{folder} cannot be written: {error.strerror}") from error
    told = {"wearer": wearer, "made": made, "rows": done.rows, "withheld": done.withheld, "where": str(where)}
    print(json.dumps(told) if as_json else f"{sum(done.rows.values())} rows in {len(done.rows)} files: {where}")
    return 0


async def _audit(settings: Settings, wearer: str, reason: str | None, now_us: int) -> None:
    async with await Store.open(settings.database()) as store:
        if await store.reading.wearer(wearer) is None:
            raise NoSuchWearer(wearer)
        await store.audit.look(entry_at_the_shell(DEED, "wearer", [wearer], at_us=now_us, why=reason))


def _zipped(folder: Path) -> Path:
    made = Path(shutil.make_archive(str(folder), "zip", folder))
    made.chmod(0o600)
    shutil.rmtree(folder)
    return made


def index_of(wearer: str, made: str, done: SubjectAccess) -> str:
    """The index, in plain words."""
    lines = [
        f"What is held of the device wearer {wearer}, as of {made}",
        "",
        "Files that end in .csv open in a spreadsheet; in those that end in .jsonl each line is one record. Times are UTC.",
        "",
    ]
    for name, rows in sorted(done.rows.items()):
        lines += [
            f"{name} ({rows} {'row' if rows == 1 else 'rows'})",
            f"    {TOLD.get(name, 'Held beside the others.')}",
            "",
        ]
    lines += [
        "Not in it: anything by which a person whom an order protects could be known or found"
        f" ({done.withheld} lines were left out for that); requests by the police and warrants, which those who made them tell of;"
        " what has been deleted because it was old.",
        "How long each kind is kept, and why, is in the centre's retention schedule; ask the centre for it, or to put right what is wrong.",
    ]
    return "\n".join(lines) + "\n"
