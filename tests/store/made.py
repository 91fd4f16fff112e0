"""Invented works for the store's tests: facts of every shape, from a seed."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import psycopg

from domain.commits import AlertChange, Work
from domain.facts import Batch, Facts, LineKind, Roster, empty_facts
from domain.incidents import IncidentVersion, TakenIn
from domain.instants import SECOND_US, parse_instant
from domain.networks import Network
from domain.records import Condition, Device, Fitting, Order, Version, Wearer
from domain.violations import FactId, Violation
from domain.vocabulary import (
    AlertCondition,
    Cause,
    Change,
    Code,
    ConditionKind,
    DeviceKind,
    EventCode,
    Kind,
    OrderKind,
    Quality,
    Reason,
    Severity,
)
from store import Store

NOON = parse_instant("2026-11-21T12:00:00Z")
BATTERY, SATELLITES = 80.0, 9


@asynccontextmanager
async def migrated(url: str, devices: Sequence[str] = ("T1", "T2", "T3")) -> Any:
    """A store over a fresh schema that knows some devices, entered and not yet learnt."""
    async with await Store.open(url) as store:
        await store.migrate()
        await store.learn([Version(Device(device, DeviceKind.GPS_TAG)) for device in devices])
        yield store


def roster_of(*devices: str) -> Roster:
    roster = Roster()
    for device in devices:
        roster.add(device)
    return roster


def batch_of(lines: int, at_us: int = NOON, devices: Sequence[int] | None = None, facts: Facts | None = None) -> Batch:
    """``lines`` messages a second apart, of one device unless told."""
    return Batch(
        instants=at_us + np.arange(lines, dtype=np.int64) * SECOND_US,
        kinds=np.zeros(lines, np.int8),
        devices=np.array(devices if devices is not None else [0] * lines, np.int32),
        sent_us=at_us + np.arange(lines, dtype=np.int64) * SECOND_US - 700_000,
        bad=np.zeros(lines, np.bool_),
        facts=empty_facts() if facts is None else facts,
    )


def fixes_of(device: int, seqs: Sequence[int], at_us: int = NOON, gen: int = 0) -> Facts:
    """Good fixes of one device, one a line, received half a second after their fix time."""
    facts = empty_facts(len(seqs))
    facts["line"] = np.arange(len(seqs))
    facts["device"], facts["gen"], facts["seq"] = device, gen, seqs
    facts["t_us"] = at_us + np.arange(len(seqs)) * SECOND_US
    facts["received_us"] = facts["t_us"] + 500_000
    facts["lat"], facts["lon"], facts["acc"] = 51.25, 0.5, 8.0
    facts["spd"], facts["hdg"], facts["bat"], facts["sats"] = 1.25, 90.0, BATTERY, SATELLITES
    return facts


def work_of(no: int, roster: Roster, facts: Facts | None = None, at_us: int = NOON, **more: Any) -> Work:
    """A commit of those facts, each a message of its own, with the ranges that they add."""
    keep = empty_facts() if facts is None else facts
    lines = int(keep["line"].max()) + 1 if len(keep) else 1
    devices = np.zeros(lines, np.int32)
    devices[keep["line"]] = keep["device"]
    ranges = [(int(f["device"]), int(f["gen"]), int(f["seq"]), int(f["seq"])) for f in keep]
    more.setdefault("version_lines", [lines - 1] * len(more.get("versions", ())))
    return Work(no, roster, batch_of(lines, at_us, devices.tolist()), keep, ranges=ranges, **more)


def any_work(no: int, roster: Roster, seed: int, facts: int = 200, **more: Any) -> Work:
    """Facts of every shape: fixes and events, every pattern of absent values, tags, strays, data; ticks between."""
    rng = np.random.default_rng(seed)
    keep = _any_facts(rng, roster, facts, no)
    lines = facts + 20
    keep["line"] = np.sort(rng.integers(0, lines, facts))
    at_us = NOON + no * 60 * SECOND_US
    batch = batch_of(lines, at_us, rng.integers(0, len(roster.ids), lines).tolist())
    batch.kinds[rng.random(lines) < 0.1] = LineKind.TICK
    batch.devices[batch.kinds == LineKind.TICK] = -1
    batch.sent_us[rng.random(lines) < 0.2] = 0
    batch.bad[rng.random(lines) < 0.1] = True
    events = np.flatnonzero(keep["is_event"]).tolist()
    data = {row: _any_data(rng) for row in events if rng.random() < 0.5}
    ranges = [(int(f["device"]), int(f["gen"]), int(f["seq"]), int(f["seq"])) for f in keep]
    more.setdefault("version_lines", [lines - 1] * len(more.get("versions", ())))
    return Work(no, roster, batch, keep, data, ranges, **more)


def _any_facts(rng: np.random.Generator, roster: Roster, count: int, no: int) -> Facts:
    facts = empty_facts(count)
    facts["device"] = rng.integers(0, len(roster.ids), count)
    facts["gen"] = rng.integers(0, 3, count)
    facts["seq"] = (no * 1000 + np.arange(count)) | (rng.integers(0, 2, count) << 52)
    facts["received_us"] = NOON + no * 60 * SECOND_US + rng.integers(0, 10**7, count)
    late_s = np.where(rng.random(count) < 0.1, rng.integers(-4_000_000, 400_000, count), rng.integers(0, 5, count))
    facts["t_us"] = facts["received_us"] - late_s * SECOND_US
    facts["quality"] = rng.integers(0, len(Quality), count)
    events = rng.random(count) < 0.3
    facts["is_event"] = events
    for name in ("lat", "lon", "acc", "spd", "hdg", "bat", "hdop"):
        facts[name] = np.where(events, np.nan, rng.normal(0, 50, count))
    for name in ("spd", "hdg", "bat", "hdop"):
        facts[name][rng.random(count) < 0.4] = np.nan
    facts["sats"] = np.where(events | (rng.random(count) < 0.4), -1, rng.integers(0, 30, count))
    facts["src"] = np.where(events, 0, rng.integers(0, 4, count))
    facts["code"] = np.where(events, rng.integers(0, len(EventCode), count), -1)
    facts["state"] = np.where(events, rng.integers(0, 3, count), 0)
    facts["tag"] = np.where(events, rng.integers(-2, len(roster.ids), count), -1)
    heard = np.where(rng.random(count) < 0.5, 0, rng.integers(-(1 << 62), 1 << 62, count))
    facts["last_heard_us"] = np.where(events, heard, 0)
    said = np.where(rng.random(count) < 0.7, 0, rng.integers(0, 1 << 63, count))
    facts["said"] = np.where(events, said, 0)
    return facts


def _any_data(rng: np.random.Generator) -> bytes:
    return b'{"z":1,"a":"' + b"x" * int(rng.integers(0, 40)) + b'\\u0000"}'


def same_facts(a: Facts, b: Facts) -> bool:
    """Whether two arrays of facts are the same to the bit, absent values too."""
    return len(a) == len(b) and all(
        np.array_equal(a[name], b[name], equal_nan=a.dtype[name].kind == "f") for name in a.dtype.names or ()
    )


def violation_of(violation_id: str = "W1-1", version: int = 1, **changed: Any) -> Violation:
    values: dict[str, Any] = {
        "change": Change.OPENED,
        "reason": Reason.FIXES,
        "wearer": violation_id.rpartition("-")[0],
        "victim": None,
        "kind": Kind.EXCLUSION_ZONE,
        "code": None,
        "order": "O1",
        "condition": "C1",
        "device": None,
        "from_us": NOON,
        "to_us": None,
        "decided_us": NOON,
        "late": False,
        "age_s": 61.25,
        "cause": Cause.WEARER,
        "minutes_certain": None,
        "minutes_possible": None,
        "p_inside": 0.999_412_3,
        "score": None,
        "retrospective": False,
        "untold": False,
        "evidence": (FactId("T1", 0, 101), FactId("T1", 0, 102)),
    }
    return Violation(violation_id, version, **(values | changed))


def change_of(violation: Violation, episode: str | None = None, **changed: Any) -> AlertChange:
    values: dict[str, Any] = {
        "wearer": violation.wearer,
        "victim": violation.victim,
        "device": violation.device,
        "kind": violation.kind.value,
        "code": violation.code.value if violation.code else None,
        "condition": violation.condition,
        "severity": Severity.CRITICAL,
        "state": AlertCondition.ACTIVE if violation.to_us is None else AlertCondition.CLEARED,
        "raised_us": violation.decided_us,
        "changed_us": violation.decided_us,
    }
    return AlertChange(episode or violation.id, violation.id, violation.version, **(values | changed))


def wearer_records(wearer: str = "W1", device: str = "T1", from_us: int = NOON - 86_400 * SECOND_US) -> list[Version]:
    """A wearer with a tag, an order and a condition."""
    return [
        Version(Wearer(wearer, f"Invented {wearer}")),
        Version(Device(device, DeviceKind.GPS_TAG)),
        Version(Fitting(f"F-{wearer}", device, from_us, wearer=wearer)),
        Version(Order(f"O-{wearer}", wearer, OrderKind.COMMUNITY, from_us, from_us + 10**14, told_at_us=from_us)),
        Version(Condition(f"C-{wearer}", f"O-{wearer}", ConditionKind.TRAIL)),
    ]


async def learn_everything(store: Store, no: int, roster: Roster) -> None:
    """Takes what was entered as ingest does at its first start."""
    records = await store.unlearnt()
    for _, version in records:
        if isinstance(version.record, Device):
            roster.add(version.record.id)
    await store.commit(
        Work(no, roster, batch_of(0), empty_facts(), learnt=[(record_no, -1) for record_no, _ in records])
    )


def ask(url: str, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
    """Rows of a query, on a connection of its own; the tests' way past the store."""
    with psycopg.connect(url, autocommit=True) as conn:
        return conn.execute(query.encode(), parameters or None).fetchall()


def codes() -> list[Code]:
    return list(Code)


def outage_of(version: int = 1, number: int = 1, **more: Any) -> IncidentVersion:
    """A version of an incident that took in the device of the first wearer, where nothing else is told."""
    told: dict[str, Any] = {"opened_us": NOON, "closed_us": None, "decided_us": NOON, "devices": 1, "silent": 1}
    if version == 1:
        told["taken"] = (TakenIn("T1", "W1", None, Network("234", "15", "7", "800")),)
    return IncidentVersion(f"outage-{number}", version, **(told | more))
