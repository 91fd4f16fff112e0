"""``bailiwick erase``: everything that is held of a wearer goes, when nothing keeps it (docs/privacy.md)."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Final

from bailiwick.at_the_shell import entry_at_the_shell
from bailiwick.keeping import RetentionRefused, url_of
from bailiwick.settings import Settings
from domain.instants import DAY_US, format_instant
from store import Store
from store.erasing import Kept
from store.errors import MayNot

DEED: Final = "erase"
FAILED: Final = 1


def erase_command(settings: Settings, wearer: str, reason: str | None, *, as_json: bool = False) -> int:
    """Erases one wearer; 1 with every reason, a line each, when something keeps it. Raises `RetentionRefused`."""
    now_us = time.time_ns() // 1000
    try:
        counts = asyncio.run(_erase(settings, wearer, reason, now_us))
    except Kept as kept:
        lines = [f"{wearer} was not erased:", *(f"- {reason}" for reason in kept.reasons)]
        print(json.dumps({"erased": False, "reasons": kept.reasons}) if as_json else "\n".join(lines))
        return FAILED
    except MayNot:
        raise RetentionRefused from None
    lines = [f"{wearer} was erased", *(f"{number} {kind.replace('_', ' ')}" for kind, number in counts.items())]
    print(json.dumps({"erased": True, "counts": counts}) if as_json else "\n".join(lines))
    return 0


async def _erase(settings: Settings, wearer: str, reason: str | None, now_us: int) -> dict[str, int]:
    entry = entry_at_the_shell(DEED, "wearer", [wearer], at_us=now_us, why=reason)
    async with await Store.open(url_of(settings)) as store:
        return await store.erasing.erase(wearer, now_us - settings.retention_cases_days * DAY_US, entry)


def due_command(settings: Settings, *, as_json: bool = False) -> int:
    """Prints the wearers of whom nothing need be kept any more; it erases nobody."""
    ended_before_us = time.time_ns() // 1000 - settings.retention_cases_days * DAY_US

    async def work() -> list[tuple[str, int]]:
        async with await Store.open(url_of(settings)) as store:
            return await store.erasing.due(ended_before_us)

    found = [{"wearer": wearer, "ended": format_instant(end)} for wearer, end in asyncio.run(work())]
    lines = [f"{one['wearer']}: the last order ended on {one['ended']}" for one in found]
    print(json.dumps({"due": found}) if as_json else "\n".join(lines) or "nobody is due")
    return 0
