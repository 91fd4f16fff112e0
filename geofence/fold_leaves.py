"""What every part of the fold uses: to say that something is news, which version holds, how far it is, who is believed."""

from __future__ import annotations

import math
from typing import Any

from domain.instants import EARLY_US
from geofence.compiled import compiled, inlined
from geofence.shapes import box_distance_m, near_distance_m
from geofence.verdicts import ACC_FLOOR_M, FAR_SIGMAS, SIGMA_PER_ACC


@compiled
def emit(out: Any, n: int, f: Any, row: int, what: int, flags: int, p: float, a: int, b: int) -> int:
    e = out[n]
    e["row"], e["what"], e["flags"] = row, what, flags
    e["t"], e["received"] = f["t_us"], f["received_us"]
    e["device"], e["gen"], e["seq"] = f["device"], f["gen"], f["seq"]
    e["p"], e["a"], e["b"] = p, a, b
    e["device2"], e["gen2"], e["seq2"] = -1, 0, 0
    e["lat"], e["lon"], e["lat2"], e["lon2"] = f["lat"], f["lon"], 0.0, 0.0
    return n + 1


@inlined
def era_of(row: int, t: int, tables: Any) -> int:
    """Index of the version that holds at ``t``; before the first, the first; -1 where there is none."""
    found = tables.era_first[row] if tables.era_last[row] > tables.era_first[row] else -1
    for k in range(tables.era_first[row], tables.era_last[row]):
        if tables.eras[k]["from_us"] > t:
            break
        found = k
    return found


@inlined
def most_asked(row: int, before: int, threshold: int, tables: Any) -> int:
    """The higher of a threshold and that which held at the fix before: a run may be whole by a version of now alone."""
    e = era_of(row, before, tables)
    held: int = tables.eras[e]["threshold"] if e >= 0 else threshold
    return max(threshold, held)


@inlined
def gap_at(device: int, t: int, tables: Any) -> int:
    """`G` of a device for a fix of an instant (rules.md 4), by the version of the device that holds then."""
    gap: int = tables.gap_us[device]
    for k in range(tables.pace_first[device], tables.pace_last[device]):
        if k > tables.pace_first[device] and tables.paces[k]["from_us"] > t:
            break
        gap = tables.paces[k]["gap_us"]
    return gap


@inlined
def fresh_at(device: int, t: int, tables: Any) -> int:
    """How long after an item of an instant a home unit is fresh, by the version of it that holds then."""
    fresh: int = tables.fresh_us[device]
    for k in range(tables.pace_first[device], tables.pace_last[device]):
        if k > tables.pace_first[device] and tables.paces[k]["from_us"] > t:
            break
        fresh = tables.paces[k]["fresh_us"]
    return fresh


@compiled
def score_of(d_m: float, acc: float) -> float:
    sigma = max(acc, ACC_FLOOR_M) / SIGMA_PER_ACC
    return 0.5 * math.erfc(-d_m / sigma / math.sqrt(2.0))


@inlined
def distance_to(era: Any, d: Any, east: float, north: float, tables: Any) -> float:
    """Signed metres from a device's place to the era's shape; where it is far from the edge, only that it is far."""
    shape = tables.shapes[era["shape"]]
    lat, lon, buffer_m = d["place_lat"], d["place_lon"], era["buffer_m"]
    away = box_distance_m(shape, lat, lon, east, north)
    reach = buffer_m + FAR_SIGMAS * max(d["place_acc"], ACC_FLOOR_M) / SIGMA_PER_ACC
    if away > reach:
        return float(buffer_m - away)
    return float(
        near_distance_m(shape, tables.vlon, tables.vlat, tables.pen_up, lat, lon, east, north, reach) + buffer_m
    )


@inlined
def unchecked(device: int, tamper_t: int, t: int, tables: Any) -> bool:
    """Whether the device was tampered with and nobody has recorded a check of it since."""
    if tamper_t == EARLY_US:
        return False
    for k in range(tables.check_first[device], tables.check_last[device]):
        if tamper_t <= tables.check_t[k] <= t:
            return False
    return True
