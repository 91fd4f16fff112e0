"""The audit's daily anchor: made by the first dispatcher that looks after midnight UTC, and written to a file outside."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import structlog

from bailiwick.audit_keys import AnchorKey
from domain.audit_chain import Anchor, anchor_due
from domain.errors import BadInput, BadInstant, Fault
from store.audit_reading import AuditReading

EVERY_S: Final = 60.0
log = structlog.get_logger("audit")


class AnchorWatch:
    """Anchors the last whole day when nobody has, and brings the file outside up to what the database has.

    Several may run at once: a day has one anchor, whoever was first. Each with a file of its own keeps every anchor in it.
    """

    def __init__(self, audit: AuditReading, key: AnchorKey, file: Path | None) -> None:
        self._audit = audit
        self._key = key
        self._file = file

    async def look(self, now_us: int) -> None:
        """Once; the same day twice is one anchor."""
        day = anchor_due(await self._audit.newest_anchor(), now_us)
        if day is not None:
            await self._anchor(day, now_us)
        if self._file is not None:
            async with self._audit.snapshot() as snapshot:
                anchors = await snapshot.anchors()
            await asyncio.to_thread(bring_up, self._file, anchors)

    async def _anchor(self, day: str, now_us: int) -> None:
        end = await self._audit.end_of_day(day)
        if end is None:  # nothing was ever written
            return
        anchor = self._key.sign(Anchor(day, end[0], end[1], now_us))
        if await self._audit.keep_anchor(anchor):
            log.info("anchored the audit", day=day, entry=anchor.no, key=anchor.key_id)


def bring_up(file: Path, anchors: Sequence[Anchor]) -> int:
    """Appends the anchors of later days than the file has; how many. It never changes a line that is there."""
    there = read_anchors(file) if file.exists() else []
    last = max((anchor.day for anchor in there), default="")
    fresh = [anchor for anchor in anchors if anchor.day > last]
    if fresh:
        with file.open("a", encoding="utf-8") as lines:
            lines.writelines(json.dumps(anchor.as_json(), separators=(",", ":")) + "\n" for anchor in fresh)
            lines.flush()
            os.fsync(lines.fileno())
    return len(fresh)


def read_anchors(file: Path) -> list[Anchor]:
    """The anchors of a file. Raises `BadInput` with the line that is none."""
    found = []
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput([Fault(str(file), 0, "file", f"cannot be read: {error}")]) from None
    for number, line in enumerate(lines, start=1):
        try:
            found.append(Anchor.from_json(json.loads(line)))
        except (ValueError, KeyError, TypeError, BadInstant):
            raise BadInput([Fault(str(file), number, "anchor", "is not an anchor of the audit")]) from None
    return found
