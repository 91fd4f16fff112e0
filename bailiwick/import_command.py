"""``bailiwick import``: a caseload file into the database, all or nothing."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

from bailiwick.at_the_shell import entry_at_the_shell
from bailiwick.caseload_input import caseload_written, holding_nothing, tell
from domain.caseload_file import check_written
from domain.caseload_news import News, what_is_new
from domain.errors import BadInput
from domain.records import Wearer
from store import Store
from store.audit import Entry
from store.audit import write as write_audit
from store.caseload_entry import IMPORT_TIMEOUT_MS

BAD_INPUT = 2
"""Exit code of bad usage or input."""


def import_command(file: Path, database_url: str, *, as_json: bool = False) -> int:
    """Take a caseload file into the database; give the exit code.

    Faults go to standard error, one line each, and nothing is changed. The file may refer to records that are there
    already; one with a known id is a new version, which holds from now on. A record that is there word for word is
    left alone, so that a file can be imported twice.
    """
    return asyncio.run(_import(file, database_url, as_json))


async def _import(file: Path, database_url: str, as_json: bool) -> int:
    try:
        written = caseload_written(file)
        async with await Store.open(database_url) as store, store.entry.entering(IMPORT_TIMEOUT_MS) as entering:
            # Nobody else enters from here on: what was held against the file is what stands when it is entered.
            known = await entering.everything()
            versions, warnings = check_written(written, known)
            news = what_is_new(versions, known, time.time_ns() // 1000)
            if news.versions:
                entry = _entry(news, file)
                await entering.enter(news.versions, entry.who, entry.role)
                await write_audit(entering.conn, entry)
    except BadInput as bad:
        tell(bad.faults)
        return BAD_INPUT
    warnings = [*holding_nothing(written), *warnings]
    tell(warnings, as_warnings=True)
    if as_json:
        told = {"new": len(news.fresh), "changed": len(news.changed), "unchanged": news.unchanged}
        print(json.dumps(told | {"warnings": len(warnings)}, separators=(",", ":")))
    else:
        print(f"{len(news.fresh)} records are new, {len(news.changed)} changed, {news.unchanged} as before")
    return 0


def _entry(news: News, file: Path) -> Entry:
    """For the audit: which wearers' records, and how many of each type."""
    records = [version.record for version in news.versions]
    wearers = {record.id for record in records if isinstance(record, Wearer)}
    wearers |= {name for record in records if (name := getattr(record, "wearer", None)) is not None}
    types = Counter(type(record).__name__.lower() for record in records)
    counts: dict[str, Any] = {
        "new": len(news.fresh),
        "changed": len(news.changed),
        "types": dict(sorted(types.items())),
    }
    return entry_at_the_shell("caseload.write", "wearer", wearers, file=file.name, **counts)
