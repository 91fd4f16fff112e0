"""The fold: facts in order, one after another, into the state; what is news comes out (decision record 2).

The same functions judge live facts (from the head of the state) and late ones (from an older copy). They are compiled
array loops; each takes facts already in the order of the rules.
"""

from __future__ import annotations

from typing import Any

from domain.instants import EARLY_US, FAR_US
from domain.said import RESULT_BITS, CheckResult
from domain.vocabulary import EventCode, EventState, Quality, Source
from geofence.compiled import borrowed, compiled, inlined
from geofence.emissions import LATE, NEW_RUN, STEADY, SURE, WHOLE, What
from geofence.fold_leaves import distance_to, emit, era_of, fresh_at, gap_at, most_asked, score_of
from geofence.geodesy import distance_m, metres_per_degree
from geofence.presence_fold import hold_check, hold_presence
from geofence.shapes import line_may_meet, signed_distance_m
from geofence.state import CURFEW, EXCLUSION
from geofence.verdicts import verdict_of

SPEED_LIMIT_M_S = 90.0
POOR_FIX_FACTOR = 3.0

_OK, _IMPLAUSIBLE, _INACCURATE = int(Quality.OK), int(Quality.IMPLAUSIBLE), int(Quality.INACCURATE)
_FUTURE, _ANCIENT = int(Quality.FUTURE), int(Quality.ANCIENT)
_LBS = int(Source.LBS)
_REST, _IN_RANGE = int(EventCode.REST), int(EventCode.IN_RANGE)
_STRAP, _CASE, _SHIELD = int(EventCode.STRAP_TAMPER), int(EventCode.CASE_TAMPER), int(EventCode.SHIELDING)
_MOVED = int(EventCode.HOME_UNIT_MOVED)
_START, _END = int(EventState.START), int(EventState.END)
_CHECK, _VERIFIED, _RESULT = int(EventCode.PRESENCE_CHECK), int(CheckResult.VERIFIED), (1 << RESULT_BITS) - 1
_WRONG, _RIGHT, _LAPSE = int(What.WRONG), int(What.RIGHT), int(What.LAPSE)
_UNCONFIRMED, _CONFIRMED, _TRANSIT = int(What.UNCONFIRMED), int(What.CONFIRMED), int(What.TRANSIT)
_LOST, _FOUND, _USED = int(What.LOST), int(What.FOUND), int(What.USED)
_UPHELD, _UNIT_UPHELD = int(What.UPHELD), int(What.UNIT_UPHELD)
_HEARD, _UNHEARD, _SILENT = int(What.HEARD), int(What.UNHEARD), int(What.SILENT)


@compiled
def too_fast(lat1: float, lon1: float, acc1: float, t1: int, lat2: float, lon2: float, acc2: float, t2: int) -> bool:
    """Faster than the limit between two fixes; at equal times, any distance over both accuracies."""
    over = distance_m(lat1, lon1, lat2, lon2) - acc1 - acc2
    if t2 == t1:
        return over > 0.0
    return over > SPEED_LIMIT_M_S * (t2 - t1) * 1e-6


@compiled
def judge_speed(facts: Any, order: Any, quality: Any, devices: Any, rejected_at: Any, confirmed: Any) -> int:
    """Find implausible fixes (rules.md 2), in order (device, fix time, gen, seq).

    ``quality`` holds what the stateless rows of the table say and is written in place. ``rejected_at`` (devices,) must
    hold -1; a rejected fix among these facts that the next one confirms becomes `OK` here. One from before them is
    reported: its device goes to ``confirmed``. Returns how many.
    """
    facts, devices = borrowed(facts), borrowed(devices)
    n = 0
    for i in order:
        f = facts[i]
        d = devices[f["device"]]
        d["head_t"], d["head_gen"], d["head_seq"] = f["t_us"], f["gen"], f["seq"]
        if f["is_event"] or quality[i] != _OK or f["src"] == _LBS:
            continue
        t, lat, lon, acc = f["t_us"], f["lat"], f["lon"], f["acc"]
        if d["has_used"] and too_fast(d["used_lat"], d["used_lon"], d["used_acc"], d["used_t"], lat, lon, acc, t):
            if not d["has_rejected"] or too_fast(
                d["rejected_lat"], d["rejected_lon"], d["rejected_acc"], d["rejected_t"], lat, lon, acc, t
            ):
                quality[i] = _IMPLAUSIBLE
                d["has_rejected"] = True
                d["rejected_t"], d["rejected_lat"], d["rejected_lon"] = t, lat, lon
                d["rejected_acc"], d["rejected_gen"], d["rejected_seq"] = acc, f["gen"], f["seq"]
                rejected_at[f["device"]] = i
                continue
            if rejected_at[f["device"]] >= 0:
                quality[rejected_at[f["device"]]] = _OK
            else:
                confirmed[n] = f["device"]
                n += 1
        d["has_rejected"] = False
        rejected_at[f["device"]] = -1
        d["has_used"] = True
        d["used_t"], d["used_lat"], d["used_lon"], d["used_acc"] = t, lat, lon, acc
    return n


@compiled
def fold_units(
    facts: Any, order: Any, pair_of: Any, devices: Any, pairs: Any, tables: Any, out: Any, in_doubt: Any
) -> int:
    """Contact of home units and what they hear, in order (device, fix time, gen, seq). Returns the emissions made.

    ``in_doubt`` is (devices,) whether one may have been tampered with among these facts. ``out`` has room for three a fact.
    """
    facts, devices = borrowed(facts), borrowed(devices)
    pairs, tables, out = borrowed(pairs), borrowed(tables), borrowed(out)
    n = 0
    for i in order:
        f = facts[i]
        t = f["t_us"]
        d = devices[f["device"]]
        if d["item_last_t"] == EARLY_US or t - d["item_last_t"] > fresh_at(f["device"], d["item_last_t"], tables):
            if d["item_last_t"] != EARLY_US:
                n = emit(out, n, f, f["device"], _SILENT, 0, 0.0, d["item_first_t"], d["item_last_t"])
                out[n - 1]["gen2"], out[n - 1]["seq2"] = d["item_last_gen"], d["item_last_seq"]
            d["item_first_t"] = t
        elif f["received_us"] > d["item_last_t"] + fresh_at(f["device"], d["item_last_t"], tables):
            n = emit(out, n, f, f["device"], _UNIT_UPHELD, 0, 0.0, d["item_last_t"], 0)
        d["item_last_t"], d["item_last_received"] = t, f["received_us"]
        d["item_last_gen"], d["item_last_seq"] = f["gen"], f["seq"]
        if f["tag"] < 0 and f["code"] in (_STRAP, _CASE, _SHIELD, _MOVED) and f["state"] != _END:
            d["tamper_t"] = t
        if f["code"] != _IN_RANGE or pair_of[i] < 0:
            continue
        q = pairs[pair_of[i]]
        doubted = in_doubt[f["device"]] or in_doubt[f["tag"]]
        doubted = doubted or d["tamper_t"] != EARLY_US or devices[f["tag"]]["tamper_t"] != EARLY_US
        back = q["heard"] == 1 and d["item_first_t"] > q["heard_t"]
        if back or (q["heard"] == 1 and doubted):
            n = _last_word(f, pair_of[i], q, out, n)
        if f["state"] == _END:
            last_heard = f["last_heard_us"] if f["last_heard_us"] > 0 else t
            since = max(min(last_heard, t), q["heard_t"])
            # When it last said that it hears the tag, where that stood; where it did not and ``since`` is when it said so, no such instant.
            said = q["heard_t"]
            if q["heard"] != 1:
                said = EARLY_US if since > q["heard_t"] else FAR_US
            n = emit(out, n, f, pair_of[i], _UNHEARD, 0, 0.0, since, said)
            q["heard"] = 2
        elif f["state"] == _START:
            if q["heard"] != 1 or _checked(f, q["heard_t"], t, tables):
                n = emit(out, n, f, pair_of[i], _HEARD, 0, 0.0, t, q["heard_t"])
            elif back:  # the word with which it came back is what shows it from then on, however often it is said again
                n = emit(out, n, f, pair_of[i], _HEARD, STEADY, 0.0, t, q["heard_t"])
            q["heard"] = 1
        else:
            continue
        q["heard_t"], q["heard_gen"], q["heard_seq"], q["heard_received"] = t, f["gen"], f["seq"], f["received_us"]
    return n


@inlined
def _last_word(f: Any, pair: int, q: Any, out: Any, n: int) -> int:
    """What a unit last said before this is kept, and wakes nobody: when it was silent and spoke again it said that again,
    and where a device is in doubt it is what was last heard beyond doubt."""
    n = emit(out, n, f, pair, _HEARD, STEADY, 0.0, q["heard_t"], q["heard_t"])
    e = out[n - 1]
    e["t"], e["received"], e["gen"], e["seq"] = q["heard_t"], q["heard_received"], q["heard_gen"], q["heard_seq"]
    return n


@inlined
def _checked(f: Any, since: int, t: int, tables: Any) -> bool:
    """Whether somebody made the home unit or the tag believed again between two instants."""
    for device in (f["device"], f["tag"]):
        for k in range(tables.check_first[device], tables.check_last[device]):
            if since < tables.check_t[k] <= t:
                return True
    return False


@compiled
def fold_tracks(
    facts: Any,
    order: Any,
    quality: Any,
    party_of: Any,
    fitted_us: Any,
    devices: Any,
    parties: Any,
    tracks: Any,
    tables: Any,
    out: Any,
) -> int:
    """Facts of location tags into their parties' tracks, for each party and device in order (fix time, device, gen, seq).

    ``fitted_us`` (facts,) is when the device's fitting began: a place from before it is another's. ``tables`` is a `geofence.tables.Tables`. Returns the emissions made.
    """
    facts, devices, parties = borrowed(facts), borrowed(devices), borrowed(parties)
    tracks, tables, out = borrowed(tracks), borrowed(tables), borrowed(out)
    n = 0
    for i in order:
        f = facts[i]
        who = party_of[i]
        d = devices[f["device"]]
        _move_head(parties[who], f, tables.rank)
        if d["place_t"] < fitted_us[i]:
            d["has_place"], d["lost"] = False, False
        used = not f["is_event"] and quality[i] == _OK and f["src"] != _LBS
        repeat = False
        if f["is_event"]:
            # what a home unit says of the tag is no fact of the tag
            repeat = f["tag"] < 0 and (d["resting"] or (f["code"] == _REST and f["state"] == _START))
            n = _note_event(f, d, who, tracks, tables, out, n)
        elif not used:
            repeat = d["resting"] and quality[i] != _FUTURE and quality[i] != _ANCIENT
        if used:
            d["has_place"] = True
            d["place_lat"], d["place_lon"], d["place_acc"] = f["lat"], f["lon"], f["acc"]
            d["place_spd"] = f["spd"]
        if used or (repeat and d["has_place"]):
            if d["lost"]:
                n = emit(out, n, f, f["device"], _FOUND, 0, 0.0, d["place_t"], 0)
                d["lost"] = False
            d["place_t"], d["place_gen"], d["place_seq"] = f["t_us"], f["gen"], f["seq"]
            n = _hold(f, who, d, parties, tracks, tables, out, n)
            continue
        if quality[i] == _FUTURE or quality[i] == _ANCIENT:
            continue
        n = _lost_location(f, d, tables, out, n)
        if not f["is_event"] and (f["src"] == _LBS or quality[i] == _INACCURATE):
            n = _hold_poor(f, quality[i], who, tracks, tables, out, n)
    return n


@inlined
def _move_head(party: Any, f: Any, rank: Any) -> None:
    party["head_t"], party["head_rank"] = f["t_us"], rank[f["device"]]
    party["head_gen"], party["head_seq"] = f["gen"], f["seq"]


@inlined
def _note_event(f: Any, d: Any, who: int, tracks: Any, tables: Any, out: Any, n: int) -> int:
    """Rest, checks, and tampering: what the device's fixes said of a place ends with it, until new evidence.

    What had lapsed before it had, and what another device's newer fix upholds goes on.
    """
    code, state = f["code"], f["state"]
    if code == _REST:
        if state == _START:
            d["resting"] = True
        elif state == _END:
            d["resting"] = False
    elif code in (_STRAP, _CASE, _SHIELD) and state != _END:
        d["tamper_t"] = f["t_us"]
        for k in range(tables.row_first[who], tables.row_last[who]):
            row = tables.rows[k]
            s = tracks[row]
            if tables.kind[row] >= CURFEW and s["presence"] != 0 and s["newest_t"] == d["place_t"]:
                until = min(f["t_us"], s["newest_t"] + s["newest_gap"])
                n = emit(out, n, f, row, _LAPSE, 0, 0.0, until, s["wrong_last_t"])
                s["presence"], s["wrong_n"] = 0, 0
    elif code == _CHECK and f["said"] & _RESULT == _VERIFIED and tables.fixed_line[f["device"]]:
        n = hold_check(f, d, who, tracks, tables, out, n)
    return n


@inlined
def _lost_location(f: Any, d: Any, tables: Any, out: Any, n: int) -> int:
    locates = tables.locates[f["device"]]
    if locates == 0 or not d["has_place"] or d["resting"] or f["tag"] >= 0 or (d["lost"] and locates == 1):
        return n
    if f["t_us"] - d["place_t"] <= gap_at(f["device"], d["place_t"], tables):
        return n
    n = emit(out, n, f, f["device"], _LOST, 0, 0.0, d["place_t"], 0)
    e = out[n - 1]
    e["device2"], e["gen2"], e["seq2"] = f["device"], d["place_gen"], d["place_seq"]
    d["lost"] = True
    return n


@inlined
def _hold(f: Any, who: int, d: Any, parties: Any, tracks: Any, tables: Any, out: Any, n: int) -> int:
    """Hold a used fix (or its repeat) against every row of its party."""
    party = parties[who]
    gap = gap_at(f["device"], f["t_us"], tables)
    east, north = metres_per_degree(d["place_lat"])
    for k in range(tables.row_first[who], tables.row_last[who]):
        row = tables.rows[k]
        e = era_of(row, f["t_us"], tables)
        if e < 0 or tables.eras[e]["shape"] < 0:
            continue
        if tables.kind[row] >= CURFEW:
            n = hold_presence(f, d, row, tracks[row], e, gap, east, north, tables, out, n)
        else:
            n = _hold_zone(f, d, party, row, tracks[row], e, gap, east, north, tables, out, n)
    party["has_fix"] = True
    party["fix_t"], party["fix_lat"], party["fix_lon"] = f["t_us"], d["place_lat"], d["place_lon"]
    party["fix_gap"], party["fix_device"] = gap, f["device"]
    party["fix_gen"], party["fix_seq"], party["fix_received"] = f["gen"], f["seq"], f["received_us"]
    if who < len(tables.pair_first) and tables.pair_first[who] < tables.pair_last[who]:
        n = emit(out, n, f, who, _USED, 0, d["place_acc"], 0, 0)
        e = out[n - 1]
        e["lat"], e["lon"], e["lat2"] = d["place_lat"], d["place_lon"], d["place_spd"]
    return n


@inlined
def _hold_zone(
    f: Any,
    d: Any,
    party: Any,
    row: int,
    s: Any,
    e: int,
    gap: int,
    east: float,
    north: float,
    tables: Any,
    out: Any,
    n: int,
) -> int:
    era = tables.eras[e]
    metres = distance_to(era, d, east, north, tables)
    acc = d["place_acc"]
    verdict = verdict_of(metres, acc)
    exclusion = tables.kind[row] == EXCLUSION
    side = verdict if exclusion else -verdict  # positive on the wrong side
    if exclusion and era["buffer_m"] == 0.0 and s["last_class"] == -1 and verdict < 0:
        n = _transit(f, d, party, row, era, tables, out, n)
    if s["unconfirmed"]:
        n = emit(out, n, f, row, _CONFIRMED, 0, 0.0, 0, 0)
        s["unconfirmed"] = False
    s["last_class"] = 1 if verdict > 0 else (-1 if verdict < 0 else 0)
    if side > 0:
        n = _wrong_side(f, row, s, side == 2, era["threshold"], gap, score_of(metres, acc), tables, out, n)
    elif side < 0:
        n = _right_side(f, row, s, era["threshold"], gap, score_of(metres, acc), out, n)
    return n


@inlined
def _wrong_side(
    f: Any, row: int, s: Any, sure: bool, threshold: int, gap: int, p: float, tables: Any, out: Any, n: int
) -> int:
    t = f["t_us"]
    goes_on = s["wrong_n"] > 0 and t - s["wrong_last_t"] <= s["wrong_gap"]
    was_whole = goes_on and s["wrong_sure"] and s["wrong_n"] > most_asked(row, s["wrong_last_t"], threshold, tables)
    before, before_gap = (s["wrong_last_t"], s["wrong_gap"]) if s["wrong_n"] > 0 else (EARLY_US, 0)
    if not goes_on:
        s["wrong_n"], s["wrong_sure"] = 0, False
    s["wrong_n"] += 1
    s["wrong_sure"] = s["wrong_sure"] or sure
    s["wrong_last_t"], s["wrong_gap"] = t, gap
    s["right_n"] = 0
    whole = s["wrong_n"] > threshold and s["wrong_sure"]
    flags = (0 if goes_on else NEW_RUN) + (SURE if sure else 0) + (WHOLE if whole else 0)
    if was_whole and before > s["wanted_t"]:
        flags += STEADY if f["received_us"] <= before + before_gap else LATE
    n = emit(out, n, f, row, _WRONG, flags, p, before, before_gap)
    s["armed"] = True
    return n


@inlined
def _right_side(f: Any, row: int, s: Any, threshold: int, gap: int, p: float, out: Any, n: int) -> int:
    t = f["t_us"]
    goes_on = s["right_n"] > 0 and t - s["right_last_t"] <= s["right_gap"]
    before, before_gap = (s["wrong_last_t"], s["wrong_gap"]) if s["wrong_n"] > 0 else (EARLY_US, 0)
    s["wrong_n"] = 0
    s["right_n"] = s["right_n"] + 1 if goes_on else 1
    s["right_last_t"], s["right_gap"] = t, gap
    if s["armed"]:
        whole = s["right_n"] > threshold
        n = emit(out, n, f, row, _RIGHT, (0 if goes_on else NEW_RUN) + (WHOLE if whole else 0), p, before, before_gap)
        if whole:
            s["armed"] = False
    return n


@inlined
def _transit(f: Any, d: Any, party: Any, row: int, era: Any, tables: Any, out: Any, n: int) -> int:
    """A line between two fixes outside that may meet the shape: worth looking at exactly."""
    if not party["has_fix"] or f["t_us"] - party["fix_t"] > party["fix_gap"]:
        return n
    shape = tables.shapes[era["shape"]]
    lat1, lon1, lat2, lon2 = party["fix_lat"], party["fix_lon"], d["place_lat"], d["place_lon"]
    if max(lon1, lon2) < shape["west"] or min(lon1, lon2) > shape["east"]:
        return n
    if max(lat1, lat2) < shape["south"] or min(lat1, lat2) > shape["north"]:
        return n
    if not line_may_meet(shape, tables.vlon, tables.vlat, tables.pen_up, lon1, lat1, lon2, lat2):
        return n
    n = emit(out, n, f, row, _TRANSIT, 0, 0.0, party["fix_t"], era["shape"])
    e = out[n - 1]
    e["device2"], e["gen2"], e["seq2"] = party["fix_device"], party["fix_gen"], party["fix_seq"]
    e["lat"], e["lon"], e["lat2"], e["lon2"] = lat2, lon2, lat1, lon1
    return n


@inlined
def _hold_poor(f: Any, quality: int, who: int, tracks: Any, tables: Any, out: Any, n: int) -> int:
    """A cell or inaccurate fix that lies on the wrong side of a zone by more than three times its accuracy."""
    if quality not in (_OK, _INACCURATE):
        return n
    for k in range(tables.row_first[who], tables.row_last[who]):
        row = tables.rows[k]
        e = era_of(row, f["t_us"], tables)
        if tables.kind[row] >= CURFEW or e < 0 or tables.eras[e]["shape"] < 0 or tables.eras[e]["buffer_m"] > 0.0:
            continue
        shape = tables.shapes[tables.eras[e]["shape"]]
        metres = signed_distance_m(shape, tables.vlon, tables.vlat, tables.pen_up, f["lat"], f["lon"])
        if (metres if tables.kind[row] == EXCLUSION else -metres) > POOR_FIX_FACTOR * f["acc"]:
            n = emit(out, n, f, row, _UNCONFIRMED, 0, 0.0, 0, 0)
            tracks[row]["unconfirmed"] = True
    return n
