"""The part of bench/storm in which every device falls silent at once: through the rules engine, ingest's commits, and dispatch."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any, Final

from alerts.circumstances import Circumstances
from alerts.dispatch import wall_clock
from alerts.episodes import Episodes
from bailiwick.timezones import pinned_time_zones
from bench.storm_parts import Ingest, caseload, count, dispatchers, far_end
from domain.facts import Batch, Roster
from domain.incidents import MASS_OUTAGE
from domain.instants import SECOND_US
from domain.wire_columns import Lines
from domain.wire_items import Envelope, Net
from geofence.rules import Rules
from store import Store

LOST_S: Final = 300
"""Seconds of silence after which contact with these devices is lost."""
APART_US: Final = 3_000
"""Between the last messages of two devices."""
TICK_S: Final = 4
AHEAD_S: Final = 300
"""Dispatch's clock is so much later than the outage: whatever was held for 120 s would be told by then."""
WITHIN_S: Final = 120.0
NET: Final = Net(mcc=234, mnc="15", tac=1)


def beats(roster: Roster, start_us: int) -> Batch:
    """One message of each device, the last that is ever heard of it."""
    taken = Lines()
    for place, index in enumerate(roster.index.values()):
        at_us = start_us + place * APART_US
        taken.message(at_us, index, Envelope(v=1, sent=at_us // 1000, net=NET), False)
    return taken.batch(roster.index.get)


def tick(roster: Roster, at_us: int) -> Batch:
    """One tick."""
    taken = Lines()
    taken.tick(at_us)
    return taken.batch(roster.index.get)


async def outage(url: str, folder: Path, number: int, processes: int) -> dict[str, Any]:
    """Incidents and notifications of ``number`` devices that fall silent within ``number`` times 3 ms."""
    spread_s = number * APART_US // SECOND_US
    now_us = wall_clock()
    start_us = now_us - (LOST_S + spread_s + TICK_S) * SECOND_US
    records = caseload(number, start_us, levels=False)
    took: list[float] = []
    async with await Store.open(url) as store, far_end() as hooked:
        ingest = Ingest(store)
        await ingest.begin(records, now_us)
        around = Circumstances(records)
        episodes = Episodes(around.level_of, around.context_of)
        rules = Rules(ingest.roster, records, pinned_time_zones())
        rules.judge(beats(ingest.roster, start_us))
        with dispatchers(url, hooked.port, folder, processes, AHEAD_S):
            for after_s in range(0, LOST_S + spread_s + TICK_S + 1, TICK_S):
                decided = rules.judge(tick(ingest.roster, start_us + after_s * SECOND_US))
                changes = episodes.apply(decided.versions, decided.lines, decided.incidents)
                before_s = time.perf_counter()
                await ingest.commit(decided.versions, changes, decided.incidents, decided.lines)
                took.append(time.perf_counter() - before_s)
            quiet_s = await _until_quiet(url)
    return {
        "mass_outage_incidents": count(url, "SELECT count(*) FROM alerts WHERE kind = %s", MASS_OUTAGE),
        "mass_outage_notifications": count(url, "SELECT count(*) FROM notifications WHERE sends"),
        "outage": {
            "alerts": count(url, "SELECT count(*) FROM alerts"),
            "grouped": count(url, "SELECT count(*) FROM alerts WHERE grouped_under IS NOT NULL"),
            "slowest_commit_s": round(max(took), 3),
            "looked_at_after_s": quiet_s,
        },
        "outage_lost": _lost(url, number),
    }


async def _until_quiet(url: str) -> float:
    began_s = time.monotonic()
    while count(url, "SELECT count(*) FROM outbox WHERE told_at IS NULL"):
        if time.monotonic() - began_s > WITHIN_S:
            break
        await asyncio.sleep(0.25)
    return round(time.monotonic() - began_s, 2)


def _lost(url: str, number: int) -> int:
    """Devices without an alert of their loss, alerts of losses that nobody looked at, and an outage nobody was told of."""
    alerts = count(url, "SELECT count(DISTINCT wearer) FROM alerts WHERE kind = 'communication_lost'")
    unlooked = count(url, "SELECT count(*) FROM outbox WHERE told_at IS NULL")
    query = "SELECT count(*) FROM notifications n JOIN alerts a USING (alert_no) WHERE a.kind = %s AND n.sends"
    told = count(url, query, MASS_OUTAGE)
    return number - alerts + unlooked + (told == 0)
