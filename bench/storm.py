"""A storm of alerts: 18,000 violations in ten seconds, an outage of 18,000 devices, 500 alerts closed at once.

``python -m bench.storm [--violations N] [--seconds S] [--dispatchers N]`` writes bench/results/storm.json. Everything is real:
TimescaleDB, the store's commit as ingest makes it, the episodes, `bailiwick dispatch` as processes of its own, a webhook's far end
on loopback. What is measured is at its outermost: from a violation's decision to the end of the transaction that shows the first
notification on the console, or to the far end having it. ``lost`` counts alerts that are not there or were not looked at, critical ones
of which nobody was told, and notifications that count as sent and did not come.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from alerts.channels.channel import public_id
from alerts.circumstances import Circumstances
from alerts.desk import Desk, DeskGuide, Item, Wish
from alerts.dispatch import wall_clock
from alerts.episodes import Episodes
from alerts.machine import Actor
from alerts.work_store import AlertWork
from bailiwick.guides import Guides
from bailiwick.parts.postgres_server import PostgresServer
from bailiwick.parts.real_parts import real_parts
from bailiwick.settings import Settings
from bailiwick.timezones import pinned_time_zones
from bench.results import write_result
from bench.storm_outage import outage
from bench.storm_parts import FarEnd, Ingest, caseload, count, dispatchers, far_end, fresh_database, rows
from domain.instants import MINUTE_US
from domain.violations import FactId, Violation
from domain.vocabulary import AlertEvent, Cause, Change, Channel, Code, Kind, Outcome, Reason, Role
from store import Store

VIOLATIONS: Final = 18_000
SECONDS: Final = 10.0
COMMITS_A_SECOND: Final = 10
CLOSED: Final = 500
WARM: Final = 10
"""Closed before, so that what is measured is a process that has been at work."""
ANN: Final = Actor("ann", Role.OPERATOR)
WITHIN_S: Final = 120.0
"""For everything to be looked at and sent after the storm."""
ESCALATION_S: Final = 130
"""What is critical and unclaimed for so long was told to the supervisor."""
KINDS: Final = (
    *((Kind.STRAP_TAMPER, None), (Kind.EXCLUSION_ZONE, None)),
    *((Kind.CURFEW, Code.AL10), (Kind.CURFEW, Code.AL08), (Kind.INCLUSION_ZONE, None), (Kind.HOME_UNIT_MOVED, None)),
    *((Kind.ZONE_BUFFER, None), (Kind.BATTERY_LOW, None), (Kind.CHECK_MISSED, None)),
    *((Kind.ZONE_TRANSIT, None), (Kind.CURFEW, Code.AL09), (Kind.ATTENDANCE_UNCONFIRMED, None)),
)
"""In turn, by wearer: what is critical by its kind is a sixth; a curfew of an intensive wearer comes to it."""


def violation(n: int, at_us: int) -> Violation:
    """The violation of wearer W{n}, decided at an instant, of a minute before."""
    kind, code = KINDS[n // 10 % len(KINDS)]
    told: dict[str, Any] = {"minutes_certain": None, "minutes_possible": None, "p_inside": None, "score": None}
    return Violation(
        id=f"W{n}-1",
        version=1,
        change=Change.OPENED,
        reason=Reason.FIXES,
        wearer=f"W{n}",
        victim=None,
        kind=kind,
        code=code,
        order=f"O{n}",
        condition=f"C{n}",
        device=None,
        from_us=at_us - MINUTE_US,
        to_us=None,
        decided_us=at_us,
        late=False,
        age_s=60.0,
        cause=Cause.WEARER,
        retrospective=False,
        untold=False,
        evidence=(FactId(f"T{n}", 0, 1),),
        **told,
    )


async def rage(ingest: Ingest, episodes: Episodes, number: int, seconds: float) -> dict[str, Any]:
    """Commits the violations as they are decided, in time; what the commits took."""
    each = max(1, round(number / (seconds * COMMITS_A_SECOND)))
    began_s, took, late_s = time.monotonic(), [], 0.0
    order = np.random.default_rng(1).permutation(number).tolist()
    for first in range(0, number, each):
        due_s = began_s + seconds * first / number
        late_s = max(late_s, time.monotonic() - due_s)
        await asyncio.sleep(max(0.0, due_s - time.monotonic()))
        found = [violation(n, wall_clock()) for n in order[first : first + each]]
        before_s = time.perf_counter()
        await ingest.commit(found, episodes.apply(found))
        took.append(time.perf_counter() - before_s)
    whole_s = time.monotonic() - began_s
    return {
        "took_s": round(whole_s, 2),
        "commits": len(took),
        "commit_s": quantiles(took),
        "behind_s": round(late_s, 3),
    }


def quantiles(values: Sequence[float]) -> dict[str, float]:
    """p50, p95, p99."""
    marks = np.quantile(np.array(values), (0.5, 0.95, 0.99)).tolist() if values else [float("nan")] * 3
    return {name: round(mark, 3) for name, mark in zip(("p50", "p95", "p99"), marks, strict=True)}


async def until_quiet(url: str, ahead_s: int = 0) -> float:
    """Seconds until everything was looked at and sent, with what dispatch's clock has due when it begins."""
    began_s, due_s = time.monotonic(), time.time() + ahead_s
    left = """SELECT (SELECT count(*) FROM outbox WHERE told_at IS NULL)
        + (SELECT count(*) FROM timers WHERE due_at <= to_timestamp(%s))
        + (SELECT count(*) FROM notifications WHERE state IN ('waiting', 'leased'))"""
    while count(url, left, due_s):
        if time.monotonic() - began_s > WITHIN_S:
            break
        await asyncio.sleep(0.25)
    return round(time.monotonic() - began_s, 2)


def first_told(url: str, hooked: FarEnd) -> dict[int, tuple[float, float]]:
    """Of each critical alert: when it was decided and when the first notification was handed on, seconds since the epoch."""
    arrived: dict[str, float] = {}
    for number, arrived_s in hooked.arrived:
        arrived.setdefault(number, arrived_s)
    decided = dict(
        rows(url, "SELECT alert_no, extract(epoch FROM raised_at)::float8 FROM alerts WHERE severity = 'critical'")
    )
    found: dict[int, tuple[float, float]] = {}
    query = """SELECT alert_no, id, channel, extract(epoch FROM pg_xact_commit_timestamp(xmin))::float8 FROM notifications
        WHERE sends AND state = 'sent' AND channel IN ('console', 'webhook')"""
    for alert_no, number, channel, committed_s in rows(url, query):
        at_s: float | None = committed_s if channel == "console" else arrived.get(public_id(number))
        if alert_no in decided and at_s is not None and at_s < found.get(alert_no, (0.0, float("inf")))[1]:
            found[alert_no] = (decided[alert_no], at_s)
    return found


async def storm(url: str, folder: Path, number: int, seconds: float, processes: int) -> dict[str, Any]:
    """The storm itself, then the closing of many, then what waits too long."""
    zones, now_us = pinned_time_zones(), wall_clock()
    records = caseload(number, now_us)
    async with await Store.open(url) as store, far_end() as hooked:
        ingest = Ingest(store)
        await ingest.begin(records, now_us)
        around = Circumstances(records)
        episodes = Episodes(around.level_of, around.context_of)
        with dispatchers(url, hooked.port, folder, processes):
            raged = await rage(ingest, episodes, number, seconds)
            quiet_s = await until_quiet(url)
            told = first_told(url, hooked)
            closing_s = await bulk_close(url, store, zones)
        result = {
            "first_notification_s": quantiles([handed_s - decided_s for decided_s, handed_s in told.values()]),
            "storm": {"violations": number, "dispatchers": processes, **raged, "quiet_after_s": quiet_s},
            "bulk_close_500_s": closing_s,
            "lost": lost(url, number, told, hooked),
            **counts(url, hooked),
        }
        with dispatchers(url, hooked.port, folder, processes, ESCALATION_S):
            result["escalation_quiet_after_s"] = await until_quiet(url, ESCALATION_S)
        return result | {"escalated": count(url, ESCALATED), "unescalated": count(url, UNESCALATED)}


ESCALATED: Final = "SELECT count(DISTINCT alert_no) FROM notifications WHERE target = 'supervisor' AND sends"
UNESCALATED: Final = """SELECT count(*) FROM alert_work w WHERE severity = 'critical' AND work = 'raised' AND NOT EXISTS (
    SELECT FROM notifications n WHERE n.alert_no = w.alert_no AND target = 'supervisor' AND sends)"""


def counts(url: str, hooked: FarEnd) -> dict[str, Any]:
    """How much there was."""
    critical = count(url, "SELECT count(*) FROM alerts WHERE severity = 'critical'")
    sent = rows(url, "SELECT channel, count(*) FROM notifications WHERE sends GROUP BY channel ORDER BY channel")
    return {"critical": critical, "notifications": dict(sent), "webhooks_arrived": len(hooked.arrived)}


def lost(url: str, number: int, told: dict[int, tuple[float, float]], hooked: FarEnd) -> int:
    """What should be there and is not."""
    alerts = count(url, "SELECT count(*) FROM alerts WHERE wearer IS NOT NULL")
    unlooked = count(url, "SELECT count(*) FROM outbox WHERE told_at IS NULL")
    critical = count(url, "SELECT count(*) FROM alerts WHERE severity = 'critical' AND wearer IS NOT NULL")
    sent = rows(url, "SELECT id FROM notifications WHERE channel = 'webhook' AND state = 'sent'")
    came = {number for number, _ in hooked.arrived}
    missing = sum(public_id(one) not in came for (one,) in sent)
    return abs(number - alerts) + unlooked + max(0, critical - len(told)) + missing


async def bulk_close(url: str, store: Store, zones: Any) -> float:
    """Seconds to close `CLOSED` alerts with one note, as an operator does while dispatch is at work."""
    settings = Settings(database_url=url)
    guides = Guides(store, settings, zones, (), frozenset({Channel.CONSOLE, Channel.WEBHOOK}), wall_clock)
    numbers = [
        no for (no,) in rows(url, f"SELECT alert_no FROM alert_work WHERE work = 'raised' LIMIT {CLOSED + WARM}")
    ]

    async def guide() -> DeskGuide:
        found = await guides.guide()
        return DeskGuide(found.protocols, found.resolve)

    async with await AlertWork.open(url, zones) as work:
        desk = Desk(work, guide, wall_clock)
        await guide()
        wish = Wish(AlertEvent.CLOSE, Outcome.CONFIRMED, "seen together")
        await desk.bulk([Item(number) for number in numbers[CLOSED:]], wish, ANN)  # the process is warm
        began_s = time.perf_counter()
        results = await desk.bulk([Item(number) for number in numbers[:CLOSED]], wish, ANN)
        took_s = time.perf_counter() - began_s
    assert sum(result.done is not None for result in results) == CLOSED
    return round(took_s, 3)


async def run(number: int, seconds: float, processes: int) -> None:
    """All parts, one after another, and their result."""
    parts = real_parts()
    with tempfile.TemporaryDirectory(prefix="bailiwick-storm-") as name:
        folder = Path(name)
        os.chmod(folder, 0o711)  # noqa: PTH101 - the database runs as another user
        settings = {"track_commit_timestamp": "on", "shared_preload_libraries": "timescaledb"}
        server = PostgresServer(parts.timescale, folder / "timescale" / "data", folder / "timescale.log", settings)
        server.start()
        try:
            with fresh_database(server, "storm") as url:
                result = await storm(url, folder, number, seconds, processes)
            with fresh_database(server, "outage") as url:
                result |= await outage(url, folder, number, processes)
        finally:
            server.stop()
    result["lost"] += result.pop("outage_lost")
    command = f"python -m bench.storm --violations {number} --seconds {seconds:g} --dispatchers {processes}"
    write_result("storm", result, command, parts.versions)


def main() -> None:
    """The command."""
    options = argparse.ArgumentParser()
    options.add_argument("--violations", type=int, default=VIOLATIONS)
    options.add_argument("--seconds", type=float, default=SECONDS)
    options.add_argument("--dispatchers", type=int, default=2)
    told = options.parse_args()
    asyncio.run(run(told.violations, told.seconds, told.dispatchers))


if __name__ == "__main__":
    main()
