"""Rows of the database as the objects of `api.shapes`. Numbers of the database go out as strings: they have 64 bits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from api.instants import format_instants
from domain.instants import format_instant
from store.alert_figures import AlertsNow
from store.reading_types import Counts, DeadLetterRow, DeviceRow, PositionRow, WearerRow


def positions_body(rows: Sequence[PositionRow]) -> list[dict[str, Any]]:
    """`shapes.Position` of each."""
    times = format_instants([row.t_us for row in rows])
    received = format_instants([row.received_us for row in rows])
    return [
        {
            "wearer": row.wearer,
            "device": row.device,
            "t": t,
            "received": got,
            "lon": row.lon,
            "lat": row.lat,
            "acc": row.acc,
            "src": row.src,
            "quality": row.quality,
            "gen": row.gen,
            "seq": row.seq,
            "spd": row.spd,
            "hdg": row.hdg,
        }
        for row, t, got in zip(rows, times, received, strict=True)
    ]


def wearer_body(row: WearerRow) -> dict[str, Any]:
    """`shapes.Wearer`."""
    return {
        "id": row.id,
        "record": row.record,
        "orders": list(row.orders),
        "devices": list(row.devices),
    }


def device_body(row: DeviceRow) -> dict[str, Any]:
    """`shapes.Device`."""
    return {
        "id": row.id,
        "record": row.record,
        "wearer": row.wearer,
        "victim": row.victim,
        "heard": None if row.heard_us is None else format_instant(row.heard_us),
    }


def dead_letter_body(row: DeadLetterRow) -> dict[str, Any]:
    """`shapes.DeadLetter`."""
    same = ("topic", "device", "field", "cause", "critical")
    told = {"reason": row.reason.value, "bytes": len(row.payload), "taken_again": row.replayed_by is not None}
    return {"id": str(row.no), "received": format_instant(row.received_us)} | told | {k: getattr(row, k) for k in same}


def counts_body(counts: Counts) -> dict[str, Any]:
    """`shapes.Counts`; every state, kind and severity that has none is left out but for order states."""
    return {
        "at": None if counts.at_us is None else format_instant(counts.at_us),
        "wearers": counts.wearers,
        "devices": counts.devices,
        "orders_active": counts.orders_active,
        "orders": {state.value: number for state, number in counts.order_states.items()},
        "facts": counts.facts,
        "facts_per_s": round(counts.facts_per_s, 1),
        "violations_open": {kind.value: number for kind, number in counts.violations_open.items()},
        "alerts_active": {severity.value: number for severity, number in counts.alerts_active.items()},
        "dead_letters": dict(counts.dead_letters),
    }


def alerts_live_body(now: AlertsNow) -> dict[str, Any]:
    """`shapes.AlertsLive`."""
    load = None
    if now.load is not None:
        load = {"from": format_instant(now.load.from_us), "alerts": now.load.alerts, "operators": now.load.operators}
        load |= {"per_operator": round(now.load.per_operator, 1), "flood": now.load.flood}
    unclaimed = {
        severity.value: {"number": one.number, "oldest": format_instant(one.oldest_us)}
        for severity, one in now.unclaimed.items()
    }
    told = {"at": format_instant(now.at_us), "unclaimed": unclaimed, "load": load}
    return told | {"minutes": list(now.minutes), "outages": now.outages, "silent": now.silent}
