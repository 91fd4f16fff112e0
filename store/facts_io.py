"""Facts between `FACT` arrays and the tables ``fixes`` and ``equipment_events``, without a loop over facts.

Writing: one binary COPY a table, of segments by NULL pattern (`store.rows`). Reading: a binary COPY in which absent
values have been replaced (NaN, -1, 0), so that all rows have one dtype. Both give and take every column exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.facts import FACT, Facts, empty_facts
from domain.instants import DAY_US, SECOND_US
from store.rows import HEADER, TRAILER, Column, Layout, segment, with_tails
from store.times import EPOCH_2000_US

STRAY_PAST_US = 31 * DAY_US
STRAY_FUTURE_US = 3600 * SECOND_US
"""A fact whose fix time is further than these from its receive time stands in a stray table; outside the limits of
`ancient` and `future` (rules.md 2), so that no fact that is used is ever a stray."""

UNKNOWN_TAG_NO = 0
"""``equipment_events.tag`` of an event about a tag that we do not know; device numbers begin at 1."""
_NO_TAG, _UNKNOWN_TAG = -1, -2

_IDENTITY = (
    Column("device_no", ">i8"),
    Column("gen", ">i8"),
    Column("seq", ">i8"),
    Column("fix_time", ">i8"),
    Column("receive_time", ">i8"),
    Column("commit_no", ">i8"),
    Column("line", ">i4"),
    Column("row_no", ">i4"),
    Column("quality", ">i2"),
)
FIXES = Layout(
    "fixes",
    (
        *_IDENTITY,
        Column("lat", ">f8"),
        Column("lon", ">f8"),
        Column("acc", ">f8"),
        Column("src", ">i2"),
        Column("spd", ">f8", nullable=True),
        Column("hdg", ">f8", nullable=True),
        Column("bat", ">f8", nullable=True),
        Column("hdop", ">f8", nullable=True),
        Column("sats", ">i2", nullable=True),
    ),
)
EVENTS = Layout(
    "equipment_events",
    (
        *_IDENTITY,
        Column("code", ">i2"),
        Column("state", ">i2"),
        Column("tag", ">i8", nullable=True),
        Column("last_heard_us", ">i8", nullable=True),
        Column("said", ">i8", nullable=True),
    ),
    tail="data",
)
EVENTS_READ = Layout("equipment_events", EVENTS.columns)
QUALITIES = Layout(
    "fix_qualities",
    (
        Column("device_no", ">i8"),
        Column("gen", ">i8"),
        Column("seq", ">i8"),
        Column("quality", ">i2"),
        Column("commit_no", ">i8"),
        Column("line", ">i4"),
    ),
)
_FLOATS = ("lat", "lon", "acc", "spd", "hdg", "bat", "hdop")
_SAME_NAME = ("gen", "seq", "line", "quality")


def strays(facts: Facts) -> NDArray[np.bool_]:
    """Which facts have a fix time far from their receive time."""
    ahead = facts["t_us"] - facts["received_us"]
    far: NDArray[np.bool_] = (ahead > STRAY_FUTURE_US) | (ahead < -STRAY_PAST_US)
    return far


def _common(facts: Facts, nos: NDArray[np.int64], commit_no: int) -> dict[str, NDArray[Any]]:
    values: dict[str, NDArray[Any]] = {name: facts[name] for name in _SAME_NAME}
    values["device_no"] = nos[facts["device"]]
    values["fix_time"] = facts["t_us"] - EPOCH_2000_US
    values["receive_time"] = facts["received_us"] - EPOCH_2000_US
    values["commit_no"] = np.full(len(facts), commit_no, np.int64)
    values["row_no"] = np.arange(len(facts), dtype=np.int32)
    return values


def _segments(
    layout: Layout,
    values: dict[str, NDArray[Any]],
    absent: Mapping[str, NDArray[np.bool_]],
    rows: NDArray[np.intp],
    tails: Mapping[int, bytes],
) -> bytes:
    """``rows`` grouped by which nullable columns are absent and by whether they have a tail."""
    group = np.zeros(len(rows), np.int64)
    for bit, name in enumerate(layout.nullable):
        group |= absent[name][rows].astype(np.int64) << bit
    tail_bit = len(layout.nullable)
    if tails:
        group |= np.isin(rows, np.fromiter(tails, np.int64, len(tails))).astype(np.int64) << tail_bit
    parts = [HEADER]
    for key in np.unique(group).tolist():
        chosen = rows[group == key]
        made = segment(layout, key & ((1 << tail_bit) - 1), values, chosen)
        has_tail = key >> tail_bit
        parts.append(with_tails(layout, made, [tails[r] for r in chosen.tolist()]) if has_tail else made.tobytes())
    parts.append(TRAILER)
    return b"".join(parts)


def fix_rows(facts: Facts, nos: NDArray[np.int64], commit_no: int, rows: NDArray[np.intp]) -> bytes:
    """The binary COPY of the fixes at ``rows`` of ``facts``; ``nos`` is the device_no by roster index."""
    values = _common(facts, nos, commit_no)
    values |= {name: facts[name] for name in (*_FLOATS, "src", "sats")}
    absent = {name: np.isnan(facts[name]) for name in ("spd", "hdg", "bat", "hdop")}
    return _segments(FIXES, values, absent | {"sats": facts["sats"] == -1}, rows, {})


def event_rows(
    facts: Facts, data: Mapping[int, bytes], nos: NDArray[np.int64], commit_no: int, rows: NDArray[np.intp]
) -> bytes:
    """The binary COPY of the equipment events at ``rows``; ``data`` is by row of ``facts``."""
    values = _common(facts, nos, commit_no)
    tag = facts["tag"]
    values["code"], values["state"] = facts["code"], facts["state"]
    values["tag"] = np.where(tag >= 0, nos[np.maximum(tag, 0)], UNKNOWN_TAG_NO) if len(nos) else tag
    values["last_heard_us"], values["said"] = facts["last_heard_us"], facts["said"]
    absent = {"tag": tag == _NO_TAG, "last_heard_us": facts["last_heard_us"] == 0, "said": facts["said"] == 0}
    return _segments(EVENTS, values, absent, rows, data)


def facts_of_fixes(rows: NDArray[Any], devices: NDArray[np.int32]) -> Facts:
    """Fixes as read (absent values replaced) to `FACT`; ``devices`` is the roster index of each row."""
    facts = _facts_common(rows, devices)
    for name in (*_FLOATS, "src", "sats"):
        facts[name] = rows[name]
    return facts


def facts_of_events(rows: NDArray[Any], devices: NDArray[np.int32], tags: NDArray[np.int32]) -> Facts:
    """Equipment events as read to `FACT`; ``tags`` is the roster index of each row's tag, where it has one."""
    facts = _facts_common(rows, devices)
    facts["is_event"] = True
    facts["code"], facts["state"] = rows["code"], rows["state"]
    facts["tag"] = np.where(rows["tag"] > 0, tags, np.where(rows["tag"] == UNKNOWN_TAG_NO, _UNKNOWN_TAG, _NO_TAG))
    facts["last_heard_us"], facts["said"] = rows["last_heard_us"], rows["said"]
    return facts


def _facts_common(rows: NDArray[Any], devices: NDArray[np.int32]) -> Facts:
    facts = empty_facts(len(rows))
    facts["device"] = devices
    for name in _SAME_NAME:
        facts[name] = rows[name]
    facts["t_us"] = rows["fix_time"].astype(np.int64) + EPOCH_2000_US
    facts["received_us"] = rows["receive_time"].astype(np.int64) + EPOCH_2000_US
    return facts


assert set(FACT.names or ()) == {
    *_SAME_NAME,
    *_FLOATS,
    "device",
    "is_event",
    "t_us",
    "received_us",
    "sats",
    "src",
    "code",
    "state",
    "tag",
    "last_heard_us",
    "said",
}, "a new column of FACT needs its place in the tables"
