"""``bailiwick import``: a caseload file into the database, all or nothing."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from bailiwick.at_the_shell import entry_at_the_shell
from bailiwick.caseload_input import load_caseload, tell
from domain.caseload_checks import key_of
from domain.errors import BadInput
from domain.records import Caseload, Version, Wearer
from store import Store
from store.audit import Entry

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
    async with await Store.open(database_url) as store:
        known = await _known(store)
        try:
            versions, warnings = load_caseload(file, known)
        except BadInput as bad:
            tell(bad.faults)
            return BAD_INPUT
        tell(warnings, as_warnings=True)
        fresh, changed = _what_is_new(versions, known, time.time_ns() // 1000)
        await store.learn(fresh + changed, _entry(fresh, changed, file))
    unchanged = len(versions) - len(fresh) - len(changed)
    if as_json:
        told = {"new": len(fresh), "changed": len(changed), "unchanged": unchanged, "warnings": len(warnings)}
        print(json.dumps(told, separators=(",", ":")))
    else:
        print(f"{len(fresh)} records are new, {len(changed)} changed, {unchanged} as before")
    return 0


def _entry(fresh: list[Version], changed: list[Version], file: Path) -> Entry:
    """For the audit: which wearers' records, and how many of each type."""
    records = [version.record for version in fresh + changed]
    wearers = {record.id for record in records if isinstance(record, Wearer)}
    wearers |= {name for record in records if (name := getattr(record, "wearer", None)) is not None}
    types = Counter(type(record).__name__.lower() for record in records)
    counts: dict[str, Any] = {"new": len(fresh), "changed": len(changed), "types": dict(sorted(types.items()))}
    return entry_at_the_shell("caseload.write", "wearer", wearers, file=file.name, **counts)


async def _known(store: Store) -> Caseload:
    """Everything entered so far, whether an ingest has taken it yet or not."""
    known = Caseload()
    for version in await store.caseload():
        known.learn(version)
    for _, version in await store.unlearnt():
        known.learn(version)
    return known


def _what_is_new(versions: list[Version], known: Caseload, now_us: int) -> tuple[list[Version], list[Version]]:
    """(records that were not there, new versions of records that were), without those that stand there already."""
    fresh, changed = [], []
    for version in versions:
        before = known.versions.get(key_of(version.record))
        if before is None:
            fresh.append(version)
        elif before[-1].cancelled or before[-1].record != version.record:
            changed.append(replace(version, holds_from_us=now_us))
    return fresh, changed
