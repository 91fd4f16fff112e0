"""The fleet's state as columns: one row a device, a party, and a party's condition.

A *party* is a wearer or a victim; a *track row* is one shape that one party's fixes are held against: a zone, a zone
with its buffer, or a curfew's circle. What is here is what the fold (`geofence.fold`) reads and writes; all of it is
plain numbers, so that a copy is a checkpoint and two copies (the head, and the base that late facts start from) are
judged by the same code.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from domain.instants import EARLY_US

EXCLUSION, KEEP_INSIDE, CURFEW, CURFEW_WITH_UNIT, NEAR = 0, 1, 2, 3, 4
"""What a track row is for: staying out, staying in (inclusion and restriction), being at a place, or being near another
party. A row of the last kind is nobody's alone: it is judged from the trails of both (`geofence.near_fold`)."""

DEVICE = np.dtype(
    [
        # quality (rules.md 2): the last used fix, and a rejected one that the next may confirm
        ("has_used", np.bool_),
        ("used_t", np.int64),
        ("used_lat", np.float64),
        ("used_lon", np.float64),
        ("used_acc", np.float64),
        ("has_rejected", np.bool_),
        ("rejected_t", np.int64),
        ("rejected_lat", np.float64),
        ("rejected_lon", np.float64),
        ("rejected_acc", np.float64),
        ("rejected_gen", np.int64),
        ("rejected_seq", np.int64),
        # the newest fact in order (fix time, gen, seq)
        ("head_t", np.int64),
        ("head_gen", np.int64),
        ("head_seq", np.int64),
        # the track: newest used fix with its repeats while at rest, tampering, contact of a home unit
        ("has_place", np.bool_),
        ("place_t", np.int64),
        ("place_lat", np.float64),
        ("place_lon", np.float64),
        ("place_acc", np.float64),
        ("place_spd", np.float64),  # m/s, NaN: not reported
        ("place_gen", np.int64),
        ("place_seq", np.int64),
        ("resting", np.bool_),
        ("tamper_t", np.int64),
        ("item_first_t", np.int64),  # unbroken items of a home unit: the first and the newest
        ("item_last_t", np.int64),
        ("item_last_gen", np.int64),
        ("item_last_seq", np.int64),
        ("item_last_received", np.int64),
        ("lost", np.bool_),  # a location loss is noted and no used fix has come since
    ],
)

PARTY = np.dtype(
    [
        ("has_fix", np.bool_),
        ("fix_t", np.int64),  # newest used fix of the track
        ("fix_lat", np.float64),
        ("fix_lon", np.float64),
        ("fix_gap", np.int64),
        ("fix_device", np.int32),
        ("fix_gen", np.int64),
        ("fix_seq", np.int64),
        ("fix_received", np.int64),
        ("trail_at", np.int64),  # 1 + the newest row of the party's trail (`geofence.near_fold`), 0: none
        ("head_t", np.int64),  # newest fact judged, in order (fix time, device, gen, seq)
        ("head_rank", np.int64),
        ("head_gen", np.int64),
        ("head_seq", np.int64),
    ],
)

TRACK = np.dtype(
    [
        ("last_class", np.int8),  # of the newest used fix: +1 inside, -1 outside, 0 uncertain, -2 none yet
        ("wrong_n", np.int32),  # the run on the wrong side
        ("wrong_sure", np.bool_),
        ("wrong_last_t", np.int64),
        ("wrong_gap", np.int64),
        ("right_n", np.int32),  # the run on the right side
        ("right_last_t", np.int64),
        ("right_gap", np.int64),
        ("armed", np.bool_),  # facts on the right side are news
        ("unconfirmed", np.bool_),
        ("presence", np.int8),  # curfew, by fixes: 0 unknown, 1 present, 2 absent
        ("newest_t", np.int64),  # curfew: newest fix that counts for presence
        ("newest_gap", np.int64),
        ("wanted_t", np.int64),  # fixes on the wrong side up to here, and the next one, are news: the clock ran ahead
        ("inside_t", np.int64),  # curfew: newest inside fix; near another party: the first fix of the run
        ("inside_device", np.int32),
        ("inside_gen", np.int64),
        ("inside_seq", np.int64),
    ],
)

PAIR = np.dtype(
    [
        ("heard", np.int8),  # what the home unit last said of the tag: 0 nothing, 1 in range, 2 lost
        ("heard_t", np.int64),
        ("heard_gen", np.int64),
        ("heard_seq", np.int64),
        ("heard_received", np.int64),
    ],
)
"""One row a home unit and a tag that it has spoken of."""

ERA = np.dtype(
    [
        ("from_us", np.int64),
        ("shape", np.int64),  # row of the shape table, -1: nothing to be held against
        ("threshold", np.int32),
        ("buffer_m", np.float64),
        ("radius_m", np.float64),
        ("place", np.int64),  # key of the place's name (`domain.said`), 0: no place
        ("own", np.int64),  # key of the condition's id
        ("unnamed", np.bool_),  # a check at a fixed line that names no place is of this one
    ],
)
"""A version of a condition, from when it holds: which shape, which threshold, which place."""


def _blank_row(dtype: np.dtype[Any]) -> NDArray[Any]:
    row = np.zeros(1, dtype)
    for name in dtype.names or ():
        if name.endswith("_t"):
            row[name] = EARLY_US
    if "last_class" in (dtype.names or ()):
        row["last_class"] = -2
    return row


_BLANK = {dtype: _blank_row(dtype) for dtype in (DEVICE, PARTY, TRACK, PAIR)}


def _blank(size: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    return np.repeat(_BLANK[dtype], size)


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows of each kind: what is judged again together."""

    devices: NDArray[np.int64]
    parties: NDArray[np.int64]
    tracks: NDArray[np.int64]
    pairs: NDArray[np.int64]

    def all(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Of each kind."""
        return self.devices, self.parties, self.tracks, self.pairs


@dataclass(slots=True)
class State:
    """One copy of everything that the fold writes."""

    devices: NDArray[Any] = field(default_factory=lambda: _blank(0, DEVICE))
    parties: NDArray[Any] = field(default_factory=lambda: _blank(0, PARTY))
    tracks: NDArray[Any] = field(default_factory=lambda: _blank(0, TRACK))
    pairs: NDArray[Any] = field(default_factory=lambda: _blank(0, PAIR))

    def grow(self, devices: int, parties: int, tracks: int, pairs: int) -> None:
        """Make room; what is new is blank."""
        self.devices = _grown(self.devices, devices)
        self.parties = _grown(self.parties, parties)
        self.tracks = _grown(self.tracks, tracks)
        self.pairs = _grown(self.pairs, pairs)

    def copy(self) -> State:
        """Another copy."""
        return State(self.devices.copy(), self.parties.copy(), self.tracks.copy(), self.pairs.copy())

    def at(self, rows: Rows) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
        """Copies of some rows, of each kind."""
        tracks, pairs = self.tracks.take(rows.tracks), self.pairs.take(rows.pairs)
        return self.devices.take(rows.devices), self.parties.take(rows.parties), tracks, pairs

    def put(self, rows: Rows, values: Self) -> None:
        """Set some rows. ``values`` has these rows only."""
        for array, where, value in zip(self._arrays(), rows.all(), values._arrays(), strict=True):
            whole = np.dtype((np.void, array.dtype.itemsize))  # as bytes: field by field takes many times as long
            array.view(whole)[where] = value.view(whole)

    def blank(self, rows: Rows) -> None:
        """Set some rows to what they were before anything."""
        blank = (_blank(len(at), array.dtype) for at, array in zip(rows.all(), self._arrays(), strict=True))
        self.put(rows, type(self)(*blank))

    def _arrays(self) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
        return self.devices, self.parties, self.tracks, self.pairs

    def put_back(self, base: Self, rows: Rows) -> None:
        """Take some rows from an older copy."""
        self.put(rows, type(self)(*base.at(rows)))


def _grown(rows: NDArray[Any], size: int) -> NDArray[Any]:
    if len(rows) >= size:
        return rows
    return np.concatenate([rows, _blank(size - len(rows), rows.dtype)])
