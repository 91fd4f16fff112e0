"""The fold's part about places (rules.md 5 and 6): what fixes and checks at a fixed line say of being there."""

from __future__ import annotations

from typing import Any

from domain.instants import EARLY_US
from domain.said import RESULT_BITS
from geofence.compiled import inlined
from geofence.emissions import CHECKED, NEW_RUN, STEADY, SURE, WHOLE, What
from geofence.fold_leaves import distance_to, emit, era_of, gap_at, score_of, unchecked
from geofence.state import CURFEW, CURFEW_WITH_UNIT
from geofence.verdicts import verdict_of

POOR_CURFEW_FACTOR = 2.0
CURFEW_POINTS = 2

_WRONG, _RIGHT, _LAPSE, _UPHELD = int(What.WRONG), int(What.RIGHT), int(What.LAPSE), int(What.UPHELD)


@inlined
def hold_check(f: Any, d: Any, who: int, tracks: Any, tables: Any, out: Any, n: int) -> int:
    """A voice verified at a fixed line is evidence of presence at its place (rules.md 6), as an inside fix would be."""
    if unchecked(f["device"], d["tamper_t"], f["t_us"], tables):
        return n
    named = f["said"] >> RESULT_BITS
    t, gap = f["t_us"], gap_at(f["device"], f["t_us"], tables)
    for k in range(tables.row_first[who], tables.row_last[who]):
        row = tables.rows[k]
        e = era_of(row, t, tables)
        if tables.kind[row] < CURFEW or e < 0:
            continue
        era = tables.eras[e]
        if (named == 0 and not era["unnamed"]) or (named != 0 and named != era["place"] and named != era["own"]):
            continue
        s = tracks[row]
        n = _heard_of(f, row, s, max(gap, s["newest_t"] + s["newest_gap"] - t), out, n)
        news = s["presence"] != 1 or s["wrong_n"] > 0 or t <= s["wanted_t"]
        before = s["wrong_last_t"] if s["wrong_n"] > 0 else EARLY_US
        n = emit(out, n, f, row, _RIGHT, CHECKED + (0 if news else STEADY), 0.0, before, s["inside_t"])
        s["presence"], s["wrong_n"] = 1, 0
    return n


@inlined
def hold_presence(
    f: Any, d: Any, row: int, s: Any, e: int, gap: int, east: float, north: float, tables: Any, out: Any, n: int
) -> int:
    """Presence by fixes (rules.md 5, presence 3)."""
    t = f["t_us"]
    if unchecked(f["device"], d["tamper_t"], t, tables):
        return n
    era = tables.eras[e]
    acc = d["place_acc"]
    metres = distance_to(era, d, east, north, tables)
    verdict = verdict_of(metres, acc)
    if acc > era["radius_m"]:
        verdict = -2 if metres < -POOR_CURFEW_FACTOR * acc else 0
    s["last_class"] = 1 if verdict > 0 else (-1 if verdict < 0 else 0)
    n = _heard_of(f, row, s, gap, out, n)
    if verdict > 0:
        n = _at_place(f, row, s, tables.kind[row] == CURFEW_WITH_UNIT, score_of(metres, acc), out, n)
    elif verdict < 0:
        n = _out_of_place(
            f, row, s, verdict == -2, tables.kind[row] == CURFEW_WITH_UNIT, gap, score_of(metres, acc), out, n
        )
    return n


@inlined
def _heard_of(f: Any, row: int, s: Any, gap: int, out: Any, n: int) -> int:
    """Something newer that counts for presence, good for ``gap``: what was held may have lapsed before it."""
    t = f["t_us"]
    if s["presence"] != 0 and t - s["newest_t"] > s["newest_gap"]:
        n = emit(out, n, f, row, _LAPSE, 0, 0.0, s["newest_t"] + s["newest_gap"], s["wrong_last_t"])
        s["presence"] = 0
    elif f["received_us"] > s["newest_t"] + s["newest_gap"] and s["newest_t"] > EARLY_US:
        n = emit(out, n, f, row, _UPHELD, 0, 0.0, s["newest_t"], 0)
    s["newest_t"], s["newest_gap"] = t, gap
    return n


@inlined
def _at_place(f: Any, row: int, s: Any, every: bool, p: float, out: Any, n: int) -> int:
    t = f["t_us"]
    before = s["wrong_last_t"] if s["wrong_n"] > 0 else EARLY_US
    news = s["presence"] != 1 or s["wrong_n"] > 0 or t <= s["wanted_t"]
    if news or every:
        n = emit(out, n, f, row, _RIGHT, 0 if news else STEADY, p, before, s["inside_t"])
    s["presence"] = 1
    s["wrong_n"] = 0
    s["inside_t"], s["inside_device"], s["inside_gen"], s["inside_seq"] = t, f["device"], f["gen"], f["seq"]
    return n


@inlined
def _out_of_place(f: Any, row: int, s: Any, sure: bool, every: bool, gap: int, p: float, out: Any, n: int) -> int:
    t = f["t_us"]
    goes_on = s["wrong_n"] > 0 and t - s["wrong_last_t"] <= s["wrong_gap"]
    was_whole = goes_on and s["wrong_n"] >= CURFEW_POINTS and s["wrong_sure"]
    before = s["wrong_last_t"] if s["wrong_n"] > 0 else EARLY_US
    if not goes_on:
        s["wrong_n"], s["wrong_sure"] = 0, False
    s["wrong_n"] += 1
    s["wrong_sure"] = s["wrong_sure"] or sure
    s["wrong_last_t"], s["wrong_gap"] = t, gap
    whole = s["wrong_n"] >= CURFEW_POINTS and s["wrong_sure"]
    wanted = before <= s["wanted_t"]
    news = wanted or not (was_whole and s["presence"] == 2)
    if news or every:
        flags = (0 if goes_on else NEW_RUN) + (SURE if sure else 0) + (WHOLE if whole else 0)
        n = emit(out, n, f, row, _WRONG, flags + (0 if news else STEADY), p, before, s["inside_t"])
        x = out[n - 1]
        x["device2"], x["gen2"], x["seq2"] = s["inside_device"], s["inside_gen"], s["inside_seq"]
    if whole:
        s["presence"] = 2
    return n
