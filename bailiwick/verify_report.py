"""``bailiwick verify-report``: whether a breach pack holds, from its file alone, offline (docs/packs.md)."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Final

from bailiwick.timezones import pinned_time_zones
from domain.errors import BadSetting
from domain.instants import parse_instant
from evidence.against import against_fault
from evidence.attachments import NoPack, attachments_of
from evidence.files import AUDIT, FACTS
from evidence.gathered import Heard
from evidence.manifest import MANIFEST, read_manifest
from evidence.signing import certificate_of
from evidence.verifying import Verdict, links_of, table, verify
from store.caseload import NEWEST_COMMIT
from store.connecting import open_pool
from store.pack_sources import PackSources

FAILED: Final = 1
BAD_INPUT: Final = 2
LARGEST_PACK: Final = 1 << 30
"""Bytes."""


def verify_report_command(
    file: Path, trust: list[Path], annex: Path | None, database_url: str | None, *, as_json: bool = False
) -> int:
    """Check a pack and print what was found; the exit code. ``database_url``: held against that database too."""
    certificates = [certificate_of(path) for path in trust]
    document = _read(file)
    try:
        verdict = verify(document, pinned_time_zones(), certificates, None if annex is None else _read(annex))
    except NoPack as error:
        print(
            f"{file} is no breach pack: {error}; give the PDF as the centre sent it, not a print of it", file=sys.stderr
        )
        return BAD_INPUT
    if verdict.holds and database_url is not None:
        _against(verdict, document, database_url)
    print(json.dumps(verdict.as_json(), ensure_ascii=False) if as_json else "\n".join(_lines(verdict)))
    if not verdict.holds and not as_json:
        print(f"bailiwick: {verdict.fault}", file=sys.stderr)
    return 0 if verdict.holds else FAILED


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST_PACK:
            raise BadSetting(f"{path} is larger than any breach pack")
        return path.read_bytes()
    except OSError as error:
        raise BadSetting(f"{path} cannot be read: {error.strerror}") from None


def _lines(verdict: Verdict) -> list[str]:
    signed = verdict.signed
    lines = [f"{verdict.reference or 'a pack'}, version {verdict.version}" if verdict.reference else "a pack"]
    if signed is not None and signed.by:
        at = f" at {signed.at:%Y-%m-%dT%H:%M:%SZ}" if signed.at else ""
        stamped = f", time stamp {signed.stamped:%Y-%m-%dT%H:%M:%SZ}" if signed.stamped else ""
        lines.append(f"signed by {signed.by}{at}{stamped}; certificate SHA-256 {signed.certificate_sha256}")
    lines += [f"holds: {one}" for one in verdict.held]
    lines += [f"decided again: {', '.join(verdict.replayed)}"] if verdict.replayed else []
    lines += [f"note: {one}" for one in verdict.notes]
    return [*lines, "everything holds" if verdict.holds else f"does not hold: {verdict.fault}"]


def _against(verdict: Verdict, document: bytes, database_url: str) -> None:
    parts = attachments_of(document)
    verdict.fault = asyncio.run(_ask(database_url, parts))
    if verdict.fault is None:
        verdict.held.append("the database says the same")


async def _ask(database_url: str, parts: dict[str, bytes]) -> str | None:
    rows = table(parts[FACTS])
    devices = sorted({device for device, _, _ in rows})
    earliest_us = min((parse_instant(row["fix_time"]) for row in rows.values()), default=0)
    numbers = [link.no for link, _ in links_of(parts[AUDIT])]
    pool = await open_pool(database_url)
    try:
        sources = PackSources(pool)
        found = await sources.facts(devices, earliest_us - 1, NEWEST_COMMIT)
        violations = await sources.violations(read_manifest(parts[MANIFEST]).wearer)
        links = await sources.links(min(numbers, default=1), max(numbers, default=0))
    finally:
        await pool.close()
    own = (found.facts["device"] < len(devices)).nonzero()[0]
    heard = Heard(found.facts, found.commits, found.sent_us, found.quality, found.devices, found.data)
    return against_fault(parts, heard.at(own), violations, links)
