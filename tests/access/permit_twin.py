"""Which fix may be seen, one fix at a time and by nothing that the fast form uses: records as the caseload file has them."""

from __future__ import annotations

from typing import Any

from domain.instants import MINUTE_US, parse_instant
from tests.twin.geometry import depth_m
from tests.twin.timetables import windows

Record = dict[str, Any]
Line = tuple[Record, int, bool]
"""A record, from when it holds (microseconds UTC), and whether it was cancelled; in the order learnt."""
Alert = tuple[str, int, int | None]
"""Wearer, `from`, `to`."""
AROUND_US = 15 * MINUTE_US
WEEK_US = 7 * 24 * 60 * MINUTE_US
EARLY_US, FAR_US = -(1 << 62), 1 << 62


def holding(lines: list[Line], kind: str, record_id: str, at_us: int) -> Record | None:
    """Of the versions that hold by then, the one learnt last; None when that cancels."""
    newest = None
    for record, holds_us, cancelled in lines:
        if record["type"] == kind and record["id"] == record_id and holds_us <= at_us:
            newest = None if cancelled else record
    return newest


def all_holding(lines: list[Line], kind: str, at_us: int) -> list[Record]:
    ids = dict.fromkeys(record["id"] for record, _, _ in lines if record["type"] == kind)
    return [found for one in ids if (found := holding(lines, kind, one, at_us)) is not None]


def runs(record: Record, at_us: int) -> bool:
    start, end = record.get("from"), record.get("to")
    return (start is None or parse_instant(start) <= at_us) and (end is None or at_us < parse_instant(end))


def in_rows(rows: list[dict[str, str]] | None, timezone: str, at_us: int) -> bool:
    if rows is None:
        return True
    return any(start <= at_us < end for start, end in windows(rows, timezone, at_us - WEEK_US, at_us + WEEK_US))


def permitted(
    lines: list[Line], alerts: list[Alert], wearer: str, t_us: int, lon: float, lat: float, acc: float
) -> set[str]:
    """By what one fix may be seen: of `trail`, `window`, `zone`, `alert`."""
    found = set()
    orders = {one["id"] for one in all_holding(lines, "order", t_us) if one["wearer"] == wearer and runs(one, t_us)}
    for who, from_us, to_us in alerts:
        if orders and who == wearer and from_us - AROUND_US <= t_us and (to_us is None or t_us < to_us + AROUND_US):
            found.add("alert")
    for one in all_holding(lines, "suspension", t_us):
        if runs(one, t_us) and in_rows(one.get("timetable"), "Europe/London", t_us):
            orders.discard(one["order"])
    for one in all_holding(lines, "condition", t_us):
        if one["order"] in orders and runs(one, t_us):
            found |= _by_condition(lines, one, t_us, lon, lat, acc)
    return found


def _by_condition(lines: list[Line], one: Record, t_us: int, lon: float, lat: float, acc: float) -> set[str]:
    rows = one.get("timetable") or one.get("schedule")
    if not in_rows(rows, one.get("timezone", "Europe/London"), t_us):
        return set()
    kind = one["kind"]
    if kind == "trail":
        return {"trail"}
    if kind in ("curfew", "inclusion_zone") or (kind in ("attendance", "presence_check") and rows is not None):
        return {"window"}
    margin = margin_m(lines, one, t_us, lon, lat, acc)
    return {"zone"} if margin is not None and margin >= 0 else set()


def margin_m(lines: list[Line], one: Record, t_us: int, lon: float, lat: float, acc: float) -> float | None:
    """How far a fix is on the side of what may be seen; None where a condition permits by no place."""
    reach = min(acc, 200.0)
    if one["kind"] == "attendance":
        place = one["place"]
        circle = {"type": "Circle", "center": [place["lon"], place["lat"]], "radius_m": place["radius_m"]}
        return depth_m(circle, (lon, lat)) + reach
    if one["kind"] not in ("exclusion_zone", "restriction_zone"):
        return None
    shape = one["zone"]
    if "id" in shape:
        zone = holding(lines, "zone", shape["id"], t_us)
        if zone is None:
            return None
        shape = zone["shape"]
    d_m = depth_m(shape, (lon, lat))
    return reach - d_m if one["kind"] == "restriction_zone" else d_m + max(reach, one.get("buffer_m", 0.0))
