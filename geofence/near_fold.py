"""Two parties and how far apart they are (rules.md 8): used fixes kept by party, and what is news of their distance.

The newest used fixes of every party that is in a pair are kept as a *trail*: rows that are only added to, each with
the row before it of the same party. A copy of the state holds where a party's trail ends, so that what is put back to
an older copy goes on from there. A fix of one side that comes after later fixes of the other is no late fact of its
party: only the judgements from its own time on are made again, from the trails.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from domain.instants import SECOND_US
from geofence.compiled import borrowed, compiled, inlined
from geofence.emissions import NEW_RUN, STEADY, SURE, WHOLE, What
from geofence.fold_leaves import era_of, gap_at, most_asked
from geofence.geodesy import distance_m

FRESH_US = 300 * SECOND_US
"""Two fixes are held against each other while the older one is at most this old,"""
STILL_US = 60 * SECOND_US
"""and for so long its party is taken not to have moved."""
LEAST_SPEED_M_S, MOST_SPEED_M_S = 2.0, 30.0
HYSTERESIS = 1.1
MINUTE_US = 60 * SECOND_US
APPROACH_US = 900 * SECOND_US
"""Whose approach it is shows in how far each has moved in so long."""
MEETING_US = 600 * SECOND_US
"""How long two wearers must be near each other (rules.md 6, association)."""

_WRONG, _RIGHT = int(What.WRONG), int(What.RIGHT)

TRAIL = np.dtype(
    [
        ("before", np.int64),  # 1 + the row of the party's used fix before it, 0: none
        ("minute", np.int64),  # 1 + the row of the newest fix before it that is the first of its minute, 0: none
        ("is_first", np.bool_),  # whether it is the first of its minute itself
        ("t_us", np.int64),
        ("received_us", np.int64),
        ("device", np.int32),
        ("gen", np.int64),
        ("seq", np.int64),
        ("lat", np.float64),
        ("lon", np.float64),
        ("acc", np.float64),
        ("speed", np.float64),  # m/s, between the two limits
    ],
)

PAIRED = np.dtype(
    [
        ("one", np.int64),  # the wearer whose condition it is
        ("other", np.int64),  # the victim, or the other wearer
        ("row", np.int64),  # track row of the alert
        ("wide_row", np.int64),  # of the pre-alert, -1: none
        ("plain", np.bool_),  # the bare distance between two fixes counts (association)
    ],
)
"""A condition about two parties."""


@compiled
def keep_fixes(used: Any, parties: Any, trail: Any, size: int) -> None:
    """Add used fixes to the trails of their parties.

    Parameters
    ----------
    used : emissions `What.USED`, those of one party in order: `row` is the party, `p` the accuracy in metres, `lat2`
        the reported speed in m/s or NaN.
    parties : (parties,) of `geofence.state.PARTY`; `trail_at` is moved on.
    trail : of `TRAIL`, with room for them behind the first ``size`` rows.
    """
    used, parties, trail = borrowed(used), borrowed(parties), borrowed(trail)
    for k in range(len(used)):
        e = used[k]
        party = parties[e["row"]]
        before = party["trail_at"]
        speed = e["lat2"]
        if np.isnan(speed):
            speed = 0.0
            if before > 0:
                last = trail[before - 1]
                took_us = e["t"] - last["t_us"]
                speed = last["speed"]
                if took_us > 0:
                    speed = distance_m(last["lat"], last["lon"], e["lat"], e["lon"]) / (took_us * 1e-6)
        row = trail[size + k]
        row["minute"], row["is_first"] = 0, True
        if before > 0:
            last = trail[before - 1]
            row["minute"] = before if last["is_first"] else last["minute"]
            row["is_first"] = e["t"] // MINUTE_US != last["t_us"] // MINUTE_US
        row["before"], row["t_us"], row["received_us"] = before, e["t"], e["received"]
        row["device"], row["gen"], row["seq"] = e["device"], e["gen"], e["seq"]
        row["lat"], row["lon"], row["acc"] = e["lat"], e["lon"], e["p"]
        row["speed"] = min(max(speed, LEAST_SPEED_M_S), MOST_SPEED_M_S)
        party["trail_at"] = size + k + 1


@inlined
def apart_m(x: Any, y: Any, x_age_us: int, y_age_us: int) -> float:
    """`D` of rules.md 8 in metres: what is surely between two parties whose newest used fixes are so old."""
    moved = x["speed"] * max(0, x_age_us - STILL_US) + y["speed"] * max(0, y_age_us - STILL_US)
    between = distance_m(x["lat"], x["lon"], y["lat"], y["lon"]) - x["acc"] - y["acc"] - moved * 1e-6
    return float(max(0.0, between))


@inlined
def stayed(trail: Any, at: int, now_us: int) -> bool:
    """Whether a party moved less in the 15 minutes before an instant than both accuracies, to its newest fix by then.

    From the newest first fix of a minute that is so old, else from the oldest there is.
    """
    x = trail[at]
    then = trail[at]
    k = x["minute"]
    while k > 0 and then["t_us"] > now_us - APPROACH_US:
        then = trail[k - 1]
        k = then["minute"]
    return bool(distance_m(then["lat"], then["lon"], x["lat"], x["lon"]) < then["acc"] + x["acc"])


@compiled
def count_since(which: Any, since: Any, pairs: Any, parties: Any, trail: Any) -> int:
    """How many fixes of both sides of some pairs must be judged, those from ``since`` on."""
    pairs, parties, trail = borrowed(pairs), borrowed(parties), borrowed(trail)
    n = 0
    for k in range(len(which)):
        pair = pairs[which[k]]
        for who in (pair["one"], pair["other"]):
            at = parties[who]["trail_at"]
            while at > 0 and trail[at - 1]["t_us"] >= since[k]:
                n += 1
                at = trail[at - 1]["before"]
    return n


@inlined
def _since(trail: Any, at: int, since_us: int, rows: Any) -> tuple[int, int]:
    """The rows of a trail from an instant on, the newest first; how many, and the row before them (-1: none)."""
    n = 0
    while at > 0 and trail[at - 1]["t_us"] >= since_us:
        rows[n] = at - 1
        n += 1
        at = trail[at - 1]["before"]
    return n, at - 1


@compiled
def fold_pairs(
    which: Any,
    since: Any,
    pairs: Any,
    parties: Any,
    trail: Any,
    tracks: Any,
    tables: Any,
    ones: Any,
    others: Any,
    out: Any,
) -> int:
    """Judge pairs at each used fix of either side, from an instant on, in the order of facts.

    Parameters
    ----------
    which, since : (n,) int64, rows of ``pairs`` (of `PAIRED`) and the instant from which each is judged; the rows'
        tracks are as they were then.
    ones, others : int64 scratch, as long as `count_since` says.
    out : of `geofence.emissions.EMISSION`, twice as long: what is news.

    Returns the emissions made. At equal times the other side's fix counts, whichever comes first in order.
    """
    pairs, parties, trail = borrowed(pairs), borrowed(parties), borrowed(trail)
    tracks, tables, out = borrowed(tracks), borrowed(tables), borrowed(out)
    n = 0
    for k in range(len(which)):
        pair = pairs[which[k]]
        i, one = _since(trail, parties[pair["one"]]["trail_at"], since[k], ones)
        j, other = _since(trail, parties[pair["other"]]["trail_at"], since[k], others)
        i, j = i - 1, j - 1
        while i >= 0 or j >= 0:
            if j < 0 or (i >= 0 and _first(trail[ones[i]], trail[others[j]], tables)):
                one = ones[i]
                i -= 1
                theirs = _at_the_same_time(trail, one, other, others, j)
                n = _judge(trail, one, theirs, True, pair, tracks, tables, out, n)
            else:
                other = others[j]
                j -= 1
                theirs = _at_the_same_time(trail, other, one, ones, i)
                n = _judge(trail, other, theirs, False, pair, tracks, tables, out, n)
    return n


@inlined
def _first(x: Any, y: Any, tables: Any) -> bool:
    """Whether a fix comes before another in the order of facts."""
    if x["t_us"] != y["t_us"]:
        return bool(x["t_us"] < y["t_us"])
    if x["device"] != y["device"]:
        return bool(tables.rank[x["device"]] < tables.rank[y["device"]])
    return bool(x["gen"] < y["gen"] or (x["gen"] == y["gen"] and x["seq"] < y["seq"]))


@inlined
def _at_the_same_time(trail: Any, mine: int, theirs: int, rows: Any, k: int) -> int:
    """The other side's newest fix at or before one: what comes later in order may have the same time."""
    t = trail[mine]["t_us"]
    while k >= 0 and trail[rows[k]]["t_us"] == t:
        theirs = rows[k]
        k -= 1
    return theirs


@inlined
def _judge(
    trail: Any, mine: int, theirs: int, is_one: bool, pair: Any, tracks: Any, tables: Any, out: Any, n: int
) -> int:
    if theirs < 0:
        return n
    x, y = trail[mine], trail[theirs]
    age_us = x["t_us"] - y["t_us"]
    if pair["plain"]:
        if age_us > FRESH_US:
            return n
        metres = distance_m(x["lat"], x["lon"], y["lat"], y["lon"])
        return _hold(x, y, pair["row"], metres, 1.0, tracks, tables, out, n)
    metres = apart_m(x, y, 0, age_us)
    if is_one:  # where the wearer's newest used fix was
        era = era_of(pair["wide_row"], x["t_us"], tables)
        within = era >= 0 and metres <= tables.eras[era]["radius_m"]
        tracks[pair["wide_row"]]["last_class"] = 1 if within else -1
    if age_us > FRESH_US:
        return n
    first = n
    n = _hold(x, y, pair["row"], metres, HYSTERESIS, tracks, tables, out, n)
    n = _hold(x, y, pair["wide_row"], metres, HYSTERESIS, tracks, tables, out, n)
    if n > first and stayed(trail, mine if is_one else theirs, x["t_us"]):
        for k in range(first, n):
            out[k]["lat2"] = 1.0
    return n


@inlined
def _hold(
    x: Any, y: Any, row: int, metres: float, hysteresis: float, tracks: Any, tables: Any, out: Any, n: int
) -> int:
    era = era_of(row, x["t_us"], tables)
    if era < 0:
        return n
    limit, threshold = tables.eras[era]["radius_m"], tables.eras[era]["threshold"]
    if metres <= limit:
        return _near(x, y, row, tracks[row], threshold, hysteresis == 1.0, tables, out, n)
    if metres > hysteresis * limit:
        return _far(x, y, row, tracks[row], threshold, tables, out, n)
    return n


@inlined
def _near(x: Any, y: Any, row: int, s: Any, threshold: int, meeting: bool, tables: Any, out: Any, n: int) -> int:
    """A fix at which they are near: one more of its run, or the first of a new one."""
    t = x["t_us"]
    goes_on = s["wrong_n"] > 0 and t - s["wrong_last_t"] <= s["wrong_gap"]
    if not goes_on:
        s["wrong_n"], s["inside_t"] = 0, t
    steady = False
    if goes_on and s["wrong_n"] > most_asked(row, s["wrong_last_t"], threshold, tables):
        before = s["wrong_last_t"]
        steady = x["received_us"] <= before + s["wrong_gap"] and before > s["wanted_t"]
        if meeting and t - s["inside_t"] >= MEETING_US and before - s["inside_t"] < MEETING_US:
            steady = False
    s["wrong_n"] += 1
    s["wrong_last_t"], s["wrong_gap"] = t, gap_at(x["device"], t, tables)
    s["right_n"], s["armed"] = 0, True
    flags = SURE + (0 if goes_on else NEW_RUN) + (STEADY if steady else 0)
    if s["wrong_n"] > threshold:
        flags += WHOLE
    return _emit(out, n, x, y, row, _WRONG, flags, s["wrong_n"], t - s["inside_t"])


@inlined
def _far(x: Any, y: Any, row: int, s: Any, threshold: int, tables: Any, out: Any, n: int) -> int:
    """A fix at which they are apart again; news until a whole run of them has ended what may be open."""
    s["wrong_n"] = 0
    if not s["armed"]:
        return n
    t = x["t_us"]
    goes_on = s["right_n"] > 0 and t - s["right_last_t"] <= s["right_gap"]
    s["right_n"] = s["right_n"] + 1 if goes_on else 1
    s["right_last_t"], s["right_gap"] = t, gap_at(x["device"], t, tables)
    flags = 0 if goes_on else NEW_RUN
    if s["right_n"] > threshold:
        flags += WHOLE
        s["armed"] = False
    return _emit(out, n, x, y, row, _RIGHT, flags, s["right_n"], 0)


@inlined
def _emit(out: Any, n: int, x: Any, y: Any, row: int, what: int, flags: int, count: int, since_us: int) -> int:
    """`p` is the number of the fix in its run, `lat` how long the run has lasted in microseconds; no place is told.

    `lat2` is 1 where the wearer has stayed and the other party came (`stayed`).
    """
    e = out[n]
    e["row"], e["what"], e["flags"] = row, what, flags
    e["t"], e["received"] = x["t_us"], x["received_us"]
    e["device"], e["gen"], e["seq"] = x["device"], x["gen"], x["seq"]
    e["p"], e["a"], e["b"] = count, y["t_us"], y["received_us"]
    e["device2"], e["gen2"], e["seq2"] = y["device"], y["gen"], y["seq"]
    e["lat"], e["lon"], e["lat2"], e["lon2"] = since_us, 0.0, 0.0, 0.0
    return n + 1


@compiled
def mark_kept(parties: Any, low_us: Any, trail: Any, kept: Any) -> None:
    """Mark the rows that can still matter of the trails that end in a copy of the state.

    Those are each party's fixes from ``low_us`` (parties,) on, the one before them, and the first fixes of the minutes
    before that as far back as an approach is looked for. Rows that ``kept`` had before are not gone into again.
    """
    for p in range(len(parties)):
        at = parties[p]["trail_at"]
        while at > 0 and not kept[at - 1]:
            kept[at - 1] = True
            if trail[at - 1]["t_us"] < low_us[p]:
                mark_minutes(trail, at, kept)
                break
            at = trail[at - 1]["before"]


@inlined
def mark_minutes(trail: Any, at: int, kept: Any) -> None:
    """Mark the first fixes of the minutes before one, those of an approach and the one before them."""
    low_us = trail[at - 1]["t_us"] - APPROACH_US
    k = trail[at - 1]["minute"]
    while k > 0:
        kept[k - 1] = True
        if trail[k - 1]["t_us"] <= low_us:
            break
        k = trail[k - 1]["minute"]


@compiled
def mark_heads(parties: Any, trail: Any, kept: Any) -> None:
    """Mark what a restart needs of the trails: the newest fix of each, and what its approach may be held against."""
    for p in range(len(parties)):
        at = parties[p]["trail_at"]
        if at > 0:
            kept[at - 1] = True
            mark_minutes(trail, at, kept)


@compiled
def sweep_pairs(pairs: Any, parties: Any, trail: Any, tables: Any, at_us: int, found: Any) -> int:
    """Pairs of which a newest used fix is too old to say that they are apart (rules.md 8, `proximity_unknown`).

    Returns how many; ``found`` (pairs,) int64 holds their rows from the front.
    """
    pairs, parties, trail, tables = borrowed(pairs), borrowed(parties), borrowed(trail), borrowed(tables)
    n = 0
    for k in range(len(pairs)):
        pair = pairs[k]
        if not pair["plain"] and is_unknown(pair, parties, trail, tables, at_us):
            found[n] = k
            n += 1
    return n


@inlined
def is_unknown(pair: Any, parties: Any, trail: Any, tables: Any, at_us: int) -> bool:
    """Whether a newest used fix of a pair is old at an instant, and they may be nearer than the pre-alert."""
    one, other = parties[pair["one"]]["trail_at"], parties[pair["other"]]["trail_at"]
    if one == 0 or other == 0:
        return False
    x, y = trail[one - 1], trail[other - 1]
    x_age, y_age = at_us - x["t_us"], at_us - y["t_us"]
    if x_age <= FRESH_US and y_age <= FRESH_US:
        return False
    era = era_of(pair["wide_row"], at_us, tables)
    return era >= 0 and bool(apart_m(x, y, x_age, y_age) < tables.eras[era]["radius_m"])
