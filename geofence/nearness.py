"""The trails of parties that are in pairs, and the stage of the fold that judges pairs (`geofence.near_fold`).

What is bounded, and how: a trail keeps the fixes from `KEEP_US` before the newest fact that its party has in the base
of the state, so about as many as the log of facts; what a pair's distance says is news only while they are near each
other or have just parted, and of a nearness that lasts beyond the base only what a judge can still ask for is kept
(`thin`). A pair that moves for days with nobody near keeps nothing but its trails.

What a late fact needs: a fact older than its own party's newest goes the way of every late fact, from an older copy of
the state. One that is only older than the other side's newest does not: the judgements from its time on are made again.
The facts since the base are so at most `KEEP_US` older than what the base has of the pair; for older ones the copy that
will be the next base is renewed (`Folder`), and behind the base the stored facts are asked for.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.instants import EARLY_US, FAR_US, SECOND_US
from geofence.emissions import EMISSION, NEW_RUN, STEADY, WHOLE, Emissions, News, What
from geofence.near_fold import MEETING_US, TRAIL, count_since, fold_pairs, keep_fixes, mark_heads, mark_kept
from geofence.state import State
from geofence.streams import Marks, Streams
from geofence.tables import Tables

KEEP_US = 300 * SECOND_US
_FIRST_ROOM = 1024
MOST_POINTS = 5
"""The longest run that a threshold asks for (contract.md: `threshold_points` 0 to 4)."""


class Nearness:
    """The rows of every trail."""

    def __init__(self) -> None:
        self._room: NDArray[Any] = np.zeros(_FIRST_ROOM, TRAIL)
        self.size = 0

    @property
    def trail(self) -> NDArray[Any]:
        """All rows, as they came."""
        return self._room[: self.size]

    def newest(self, state: State, party: int) -> Any | None:
        """A party's newest used fix, None when it has none or is in no pair."""
        at = int(state.parties["trail_at"][party])
        return self._room[at - 1] if at else None

    def fold(
        self, used: Emissions, since: NDArray[np.int64], state: State, tables: Tables, streams: Streams
    ) -> list[News]:
        """Add used fixes to the trails and judge their pairs. Returns what may change what is said.

        ``used`` are emissions `What.USED`; ``since`` (parties,) is the instant from which each party's fixes are news,
        `FAR_US` where there are none.
        """
        self._add(used, state)
        pairs = tables.pairs
        from_us = np.minimum(since[pairs["one"]], since[pairs["other"]])
        which = np.flatnonzero(from_us < FAR_US)
        if not len(which):
            return []
        from_us = from_us[which]
        again = self._cut_back(pairs[which], from_us, state, tables, streams)
        count = count_since(which, from_us, pairs, state.parties, self.trail)
        if not count:
            return again
        out = np.empty(2 * count, EMISSION)
        ones, others = np.empty(count, np.int64), np.empty(count, np.int64)
        n = fold_pairs(which, from_us, pairs, state.parties, self.trail, state.tracks, tables, ones, others, out)
        return again + (streams.take_near(out[:n]) if n else [])

    def _add(self, used: Emissions, state: State) -> None:
        need = self.size + len(used)
        if need > len(self._room):
            room = np.zeros(max(need, 2 * len(self._room)), TRAIL)
            room[: self.size] = self.trail
            self._room = room
        if len(used):
            keep_fixes(used, state.parties, self._room, self.size)
        self.size = need

    @staticmethod
    def _cut_back(pairs: Any, from_us: NDArray[np.int64], state: State, tables: Tables, streams: Streams) -> list[News]:
        """Take back what was news from an instant on.

        Returns a sign for each row of which more was than that a nearness went on: if it still does, nothing changes.
        """
        found: list[News] = []
        tracks = state.tracks
        for name in ("row", "wide_row"):
            rows = pairs[name]
            newest = np.maximum(tracks["wrong_last_t"][rows], tracks["right_last_t"][rows])
            for k in np.flatnonzero((rows >= 0) & (newest >= from_us)).tolist():
                row = int(rows[k])
                stream = streams.near[row]
                at = bisect_left(stream, int(from_us[k]), key=_time)
                steady = all(stream[i].flags & STEADY for i in range(at, len(stream)))
                stream.cut_back(at)
                _as_of(tracks[row], stream, tables)
                if not steady:
                    found.append(News(row, What.UPHELD, 0, int(from_us[k]), *([0] * 14)))
        return found

    # ---- letting go ----

    def let_go(self, states: Sequence[State]) -> None:
        """Forget what no fact can ask for any more. ``states``: the head and its older copies, the base last."""
        parties = states[-1].parties
        low_us = parties["head_t"] - KEEP_US
        kept = np.zeros(self.size, np.bool_)
        for state in states:
            mark_kept(state.parties, low_us, self.trail, kept)
        self._only(kept, states)

    def _only(self, kept: NDArray[np.bool_], states: Sequence[State]) -> None:
        rows, number = self._packed(kept)
        for state in states:
            state.parties["trail_at"] = number[state.parties["trail_at"]]
        self.put(rows)

    def _packed(self, kept: NDArray[np.bool_]) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """Some rows alone, and their numbers by the old ones; 0 of what is left out."""
        number = np.concatenate([np.zeros(1, np.int64), np.where(kept, np.cumsum(kept), 0)])
        rows = self.trail[kept]
        for name in ("before", "minute"):
            rows[name] = number[rows[name]]
        return rows, number

    def ends(self, state: State) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """The rows that a restart needs, and where each party's trail ends among them."""
        kept = np.zeros(self.size, np.bool_)
        mark_heads(state.parties, self.trail, kept)
        rows, number = self._packed(kept)
        return rows, number[state.parties["trail_at"]]

    def put(self, rows: NDArray[Any]) -> None:
        """Have these rows and no others."""
        self.size = len(rows)
        self._room = np.concatenate([rows, np.zeros(max(_FIRST_ROOM, len(rows)), TRAIL)])


def _time(news: News) -> int:
    return news.t


def _as_of(track: Any, stream: Sequence[News], tables: Tables) -> None:
    """Put a row's track as it was after the last of its news."""
    track["wrong_n"], track["wrong_last_t"], track["wrong_gap"] = 0, EARLY_US, 0
    track["right_n"], track["right_last_t"], track["right_gap"] = 0, EARLY_US, 0
    track["armed"], track["inside_t"] = False, EARLY_US
    if not stream:
        return
    last = stream[-1]
    gap = tables.gap_at(last.device, last.t)
    if last.what == What.WRONG:
        track["wrong_n"], track["wrong_last_t"], track["wrong_gap"] = int(last.p), last.t, gap
        track["inside_t"], track["armed"] = last.t - int(last.lat), True
    else:
        track["right_n"], track["right_last_t"], track["right_gap"] = int(last.p), last.t, gap
        track["armed"] = not last.flags & WHOLE


def thin(streams: Streams, marks: Marks, older: Marks, gap_at: Callable[[int, int], int]) -> None:
    """Let go of news of long runs from before the base that changes no answer.

    Of a run on either side the first `MOST_POINTS`, the first one after `MEETING_US`, and the last one are kept, and as
    many between them as hold it together: no two that follow each other are further apart than the gap allows. A fact
    that could ask for more is from before the base, and makes all of it again. ``marks`` are the base's, ``older``
    those of the copy that will be the next.
    """
    for row, mark in marks.get("near", {}).items():
        kept = streams.near[row]
        old = kept[:mark]
        length = bisect_left(old, old[-1].t - KEEP_US, key=_time) if old else 0
        if length <= 2 * MOST_POINTS:
            continue
        needed = list(_needed(old[:length], gap_at))
        gone = length - len(needed)
        if gone:
            kept.thin(length, needed)
            marks["near"][row] -= gone
            if row in older.get("near", {}):
                older["near"][row] -= gone


def _needed(stream: Sequence[News], gap_at: Callable[[int, int], int]) -> Iterator[int]:
    last_kept = stream[0]
    for k, news in enumerate(stream):
        after = stream[k + 1] if k + 1 < len(stream) else None
        goes_on = after is not None and after.what == news.what and not after.flags & NEW_RUN
        far = after is not None and after.t - last_kept.t > gap_at(last_kept.device, last_kept.t)
        if not goes_on or news.p <= MOST_POINTS or far or _makes_a_meeting(stream, k):
            last_kept = news
            yield k


def _makes_a_meeting(stream: Sequence[News], k: int) -> bool:
    return stream[k].lat >= MEETING_US > stream[k - 1].lat
