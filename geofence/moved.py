"""What judging again may change: what judges read of some clusters, before their facts were folded again and after.

Most late facts say nothing new: somebody was where the facts around it say, and a home unit spoke as it did. Their conditions
come out as they did, and need not be judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.instants import FAR_US
from geofence.state import Rows
from geofence.streams import Marks
from geofence.world import World

_OF_TRACKS = (
    *("armed", "wanted_t", "wrong_last_t", "presence", "newest_t", "newest_gap"),
    *("inside_t", "inside_device", "inside_gen", "inside_seq"),
)
"""What judges of conditions read of a track row (`geofence.cases`, `geofence.judging`), besides whether there is a run on the wrong side;"""
_OF_DEVICES = ("item_first_t", "item_last_t")
"""of a home unit;"""
_OF_PAIRS = ("heard", "heard_t", "heard_gen", "heard_seq", "heard_received")
"""and of what it last said of a tag (`geofence.home_units`)."""

Starts = Sequence[tuple[Rows, Marks]]
"""Rows that are put back together, and how long their streams were then."""


@dataclass(slots=True)
class Moved:
    """What judges may read otherwise after clusters were folded again.

    Attributes
    ----------
    tracks : track rows with other news, or other columns, than before.
    went_on : track rows of which all news is that a run on the wrong side goes on, as it was before: the newest fix of that run where
        they started from.
    units, pairs : home units, and rows of a home unit and a tag, of which the same may be said.
    """

    tracks: set[int] = field(default_factory=set)
    went_on: dict[int, int] = field(default_factory=dict)
    units: set[int] = field(default_factory=set)
    pairs: set[int] = field(default_factory=set)


@dataclass(slots=True)
class _Part:
    """Some rows of a table: columns of theirs, those with news since the copies, and those with more than that a run goes on."""

    rows: NDArray[np.int64]
    columns: list[NDArray[Any]]
    grown: set[int]
    turned: set[int]

    def otherwise(self, now: _Part) -> set[int]:
        """Rows with other columns, or with more news than that a run goes on."""
        other = np.zeros(len(self.rows), np.bool_)
        for before, after in zip(self.columns, now.columns, strict=True):
            other |= before != after
        return {*self.turned, *now.turned, *self.rows[other].tolist()}


@dataclass(slots=True)
class Read:
    """What judges read of some clusters, at one time."""

    tracks: _Part
    units: _Part
    pairs: _Part

    @classmethod
    def of(cls, world: World, starts: Starts) -> Read:
        """As it is now."""
        state, streams = world.state, world.streams
        tracks = _part(starts, "tracks", state.tracks, _OF_TRACKS)
        tracks.columns.append(state.tracks["wrong_n"][tracks.rows] > 0)
        units = _part(starts, "devices", state.devices, _OF_DEVICES)
        pairs = _part(starts, "pairs", state.pairs, _OF_PAIRS)
        for rows, marks in starts:
            grown = streams.grown("rows", rows.tracks.tolist(), marks)
            tracks.grown.update(grown)
            tracks.turned.update(streams.turned("rows", grown, marks))
            units.turned.update(streams.grown("breaks", rows.devices.tolist(), marks))
            pairs.turned.update(streams.grown("pairs", rows.pairs.tolist(), marks))
        return cls(tracks, units, pairs)

    def moved(self, now: Read, wrong_us: NDArray[np.int64]) -> Moved:
        """What is otherwise now. ``wrong_us`` is by track row, in their order, the newest fix of a run on the wrong side where they started
        from, `FAR_US`: none."""
        tracks = self.tracks.otherwise(now.tracks)
        left = dict(zip(self.tracks.rows.tolist(), wrong_us.tolist(), strict=True))
        went_on = {row: left[row] for row in (self.tracks.grown | now.tracks.grown) - tracks}
        tracks |= {row for row, since_us in went_on.items() if since_us == FAR_US}
        went_on = {row: since_us for row, since_us in went_on.items() if since_us < FAR_US}
        return Moved(tracks, went_on, self.units.otherwise(now.units), self.pairs.otherwise(now.pairs))


def _part(starts: Starts, name: str, table: NDArray[Any], columns: Sequence[str]) -> _Part:
    rows = np.concatenate([getattr(of, name) for of, _ in starts])
    return _Part(rows, [table[column][rows] for column in columns], set(), set())
