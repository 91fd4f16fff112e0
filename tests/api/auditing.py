"""An audit for tests that need no database: it keeps what it is told, and tells the guard as the real one does."""

from __future__ import annotations

from store.audit import Entry, hear


class KeptAudit:
    """Entries in a list, the oldest first."""

    def __init__(self) -> None:
        self.kept: list[Entry] = []

    async def look(self, entry: Entry) -> None:
        self.kept.append(entry)
        hear(entry.deed)
