"""How long what is kept: from the settings to instants, once a day by dispatch, and by ``bailiwick retention`` (docs/privacy.md)."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Final

import structlog

from bailiwick.at_the_shell import entry_at_the_shell
from bailiwick.settings import Settings
from domain.audit_chain import day_before
from domain.errors import BailiwickError
from domain.instants import DAY_US
from store import Store
from store.audit import Entry
from store.errors import MayNot
from store.retention_rows import Cutoffs, Went, counts_of

EVERY_S: Final = 600.0
"""Between two looks whether the day's retention is done."""
DEED: Final = "retention"
DISPATCH: Final = "dispatch"
FAILED: Final = 1
log = structlog.get_logger("retention")


class RetentionRefused(BailiwickError):
    """The login may not let data go."""

    def __init__(self) -> None:
        super().__init__(
            "retention was not run: this login may not delete; set BAILIWICK_RETENTION_DATABASE_URL to the owner's"
        )


def cutoffs(settings: Settings, now_us: int) -> Cutoffs:
    """What is older than these goes now."""

    def before(days: int) -> int:
        return now_us - days * DAY_US

    return Cutoffs(
        positions_us=before(settings.retention_positions_days),
        events_us=before(settings.retention_events_days),
        protected_us=before(settings.retention_protected_days),
        contacts_us=before(settings.retention_contacts_days),
        letters_us=before(settings.retention_dead_letters_days),
        audit_us=before(settings.retention_audit_days),
    )


def url_of(settings: Settings) -> str:
    """The database by a login that may let data go."""
    return settings.retention_database_url or settings.database()


async def look(settings: Settings, now_us: int) -> None:
    """Lets go what is old enough where nobody has today; of several processes one does it."""
    day = day_before(now_us)
    async with await Store.open(url_of(settings)) as store:
        if await store.retention.done_on(day):
            return
        entry = Entry(now_us, DISPATCH, "", "process", "", None, DEED, DEED)
        try:
            went = await store.retention.run(cutoffs(settings, now_us), day, entry)
        except MayNot:
            log.warning(str(RetentionRefused()))
            return
    if went is not None:
        log.info("let go what was old", day=day, through=not went.more, **counts_of(went))


def retention_command(settings: Settings, *, dry_run: bool = False, as_json: bool = False) -> int:
    """Prints what went, or would; 1 when another process is at it. Raises `RetentionRefused`."""
    now_us = time.time_ns() // 1000
    try:
        went = asyncio.run(_run(settings, now_us, dry_run))
    except MayNot:
        raise RetentionRefused from None
    if went is None:
        print("another process is at it")
        return FAILED
    if as_json:
        print(json.dumps({"dry_run": dry_run, "counts": went.counts, "more": went.more}))
        return 0
    did = "would go" if dry_run else "went"
    lines = [f"{number} {kind.replace('_', ' ')} {did}" for kind, number in went.counts.items()]
    print("\n".join([*lines, *(["more is left: run it again"] if went.more else [])]))
    return 0


async def _run(settings: Settings, now_us: int, dry_run: bool) -> Went | None:
    async with await Store.open(url_of(settings)) as store:
        entry = entry_at_the_shell(DEED, DEED, at_us=now_us)
        return await store.retention.run(cutoffs(settings, now_us), day_before(now_us), entry, dry=dry_run)
