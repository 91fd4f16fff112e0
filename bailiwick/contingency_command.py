"""``bailiwick contingency``, and the list that `dispatch` writes every quarter of an hour."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Final

import structlog

from bailiwick.at_the_shell import entry_at_the_shell
from bailiwick.audit_keys import AnchorKey, PublicKeys
from bailiwick.contingency_files import fault_of, text_of, write_list
from bailiwick.contingency_list import contingency_list
from bailiwick.timezones import PinnedTimeZones
from geofence.wallclock import TimeZones
from store import Store
from store.audit import Entry

EVERY_S: Final = 900.0
DEED: Final = "contingency.read"
DISPATCH: Final = "dispatch"
FAILED: Final = 1
log = structlog.get_logger("contingency")


class ContingencyWatch:
    """Writes the list; several dispatchers write each their own, and prune together."""

    def __init__(
        self, store: Store, zones: TimeZones, folder: Path, key: AnchorKey | None, phone: str | None = None
    ) -> None:
        self._store = store
        self._zones = zones
        self._folder = folder
        self._key = key
        self._phone = phone

    async def look(self, now_us: int) -> None:
        """Once. That it was written is in the audit before it is."""
        told = await contingency_list(self._store, self._zones, now_us, self._phone)
        named = tuple(one["id"] for one in told["wearers"])
        entry = Entry(now_us, DISPATCH, "", "process", "", None, DEED, "wearer", named, None, {"listed": len(named)})
        await self._store.audit.look(entry)
        made = await asyncio.to_thread(write_list, self._folder, told, self._key)
        log.info("wrote the contingency list", list=made.name, listed=len(named), signed=self._key is not None)


def contingency_command(
    url: str,
    zones: PinnedTimeZones,
    folder: Path | None,
    key: AnchorKey | None,
    phone: str | None = None,
    *,
    as_json: bool = False,
) -> int:
    """Prints the list of now, or writes it into a folder; the exit code."""
    now_us = time.time_ns() // 1000

    async def work() -> Path | None:
        async with await Store.open(url) as store:
            told = await contingency_list(store, zones, now_us, phone)
            named = [one["id"] for one in told["wearers"]]
            await store.audit.look(entry_at_the_shell(DEED, "wearer", named, now_us, listed=len(named)))
        if folder is None:
            print(json.dumps(told, ensure_ascii=False) if as_json else text_of(told))
            return None
        return write_list(folder, told, key)

    made = asyncio.run(work())
    if made is not None:
        print(json.dumps({"folder": str(made)}) if as_json else f"wrote {made}")
    return 0


def verify_list_command(folder: Path, keys: PublicKeys, *, as_json: bool = False) -> int:
    """Says whether a list is as it was written and signed; the exit code."""
    fault = fault_of(folder, keys)
    told = {"folder": str(folder), "holds": fault is None, "fault": fault}
    print(json.dumps(told) if as_json else (f"{folder} holds" if fault is None else f"{folder} does not hold: {fault}"))
    return 0 if fault is None else FAILED
