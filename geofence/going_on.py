"""Late facts of which nothing comes but that what was goes on: while the centre is behind by minutes every message brings some.

By the clock it had lapsed when the message came, or the fact stands between others that were judged already, so a condition might come
out otherwise than it was judged. Here is what shows, for little, that it does not; where nothing here shows it, the condition is judged.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from domain.instants import DAY_US, EARLY_US
from domain.records import Condition
from domain.vocabulary import ZONE_KINDS, ConditionKind
from geofence.cases import AHEAD_US, curfew_windows, never_out
from geofence.emissions import Emissions, News, What
from geofence.home_units import case_units
from geofence.intervals import Span
from geofence.layout import ROWLESS_KINDS, Case
from geofence.moved import Moved
from geofence.presence import ABSENT
from geofence.protection import Protection
from geofence.silence import Silence
from geofence.state import CURFEW, CURFEW_WITH_UNIT
from geofence.whereabouts import present_goes_on, unheard_goes_on
from geofence.world import World


class GoingOn:
    """Whether a condition stays as it is when what was known goes on.

    Attributes
    ----------
    never_out : (conditions,) the curfews of people of whom nothing ever said that they were out, when they were last judged.
    """

    def __init__(self, world: World, silence: Silence, protection: Protection) -> None:
        self.world, self.silence, self.protection = world, silence, protection
        self.never_out: NDArray[np.bool_] = np.zeros(0, np.bool_)
        self._still: dict[int, Span] = {}
        """Around what was asked of a condition last, between which instants nothing of it begins or ends."""
        self._tables: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None
        """The condition of each track row; home units, each with a condition that it speaks for. None: the caseload changed."""
        self._pairs: NDArray[np.int64] = np.zeros((0, 2), np.int64)
        """Home units, each with a tag that it has spoken of."""

    def changed(self) -> None:
        """The caseload changed."""
        self._still.clear()
        more = len(self.world.layout.cases) - len(self.never_out)
        self.never_out = np.concatenate([self.never_out, np.zeros(max(0, more), np.bool_)])
        self._tables = None

    def awake(self, signs: Emissions) -> Emissions:
        """Of signs to look again those that are not all of curfews of people who were never out."""
        if not len(signs):
            return signs
        world, silence = self.world, self.silence
        loud = ~self.never_out
        loud[[world.book.condition_index[name] for name in silence.unknown]] = True
        units = np.zeros(len(world.state.devices), np.bool_)
        case_of_row, spoken = self._tables or self._new_tables()
        units[spoken[loud[spoken[:, 1]], 0]] = True
        units |= self._beside_located(len(units))
        by_unit = signs["what"] == What.UNIT_UPHELD
        kept = np.empty(len(signs), np.bool_)
        kept[by_unit] = units[signs["row"][by_unit]]
        kept[~by_unit] = loud[case_of_row[signs["row"][~by_unit]]]
        return signs.compress(kept)

    def _new_tables(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        layout = self.world.layout
        spoken = [(unit, case) for unit, cases in layout.units.items() for case in cases]
        self._tables = np.array(layout.case_of_row, np.int64), np.array(spoken, np.int64).reshape(-1, 2)
        return self._tables

    def _beside_located(self, devices: int) -> NDArray[np.bool_]:
        """Home units that have spoken of a device of whose location something was ever news."""
        found = np.zeros(devices, np.bool_)
        located, pairs = self.world.streams.location, self.world.pair_index
        if located and pairs:
            if len(self._pairs) != len(pairs):
                self._pairs = np.array(list(pairs), np.int64)
            ever = np.zeros(devices, np.bool_)
            ever[list(located)] = True
            found[self._pairs[ever[self._pairs[:, 1]], 0]] = True
        return found

    def is_never_out(self, index: int) -> bool:
        """Whether nothing has ever said of a curfew's party that they were out."""
        case = self.world.layout.cases[index]
        return case is not None and case.kind is ConditionKind.CURFEW and never_out(self.world, case)

    def still_never_out(self, index: int) -> bool:
        """Whether a curfew was judged so last, and is so after all that came since."""
        return bool(self.never_out[index]) and self.is_never_out(index)

    def changes_nothing(self, news: News, index: int, now_us: int) -> bool:
        """Whether news that something goes on leaves a condition, by index, as it was judged last."""
        case = self.world.layout.cases[index]
        if case is None:
            return False
        if case.kind is ConditionKind.CURFEW:
            if case.id in self.silence.unknown:
                return False
            if self.never_out[index] or present_goes_on(self.world, case):
                return True
            summed = case.party in self.world.layout.atv
            return not summed and self._absent(case) and self._nothing_between(case, index, news.a, now_us)
        if case.kind not in ZONE_KINDS or news.what != What.WRONG:
            return False
        return not self._is_sought(case) and self._nothing_between(case, index, news.a, now_us)

    # ---- after facts were folded again ----

    def may_move(self, index: int, moved: Moved, now_us: int) -> bool:
        """Whether a condition, by index, may come out otherwise as of an instant, after its party's facts were folded again."""
        case = self.world.layout.cases[index]
        if case is None or case.kind in ROWLESS_KINDS:
            return False
        if case.id in self.silence.unknown:
            return True
        if case.kind in ZONE_KINDS:
            return self._zone_may_move(case, index, moved, now_us)
        if self.still_never_out(index):
            return False
        at_place = case.other < 0 and self.world.layout.tables.kind[case.row] in (CURFEW, CURFEW_WITH_UNIT)
        if not at_place or case.row in moved.tracks or case.row in moved.went_on:
            return True
        units = case_units(self.world, case)
        return any(unit in moved.units or not moved.pairs.isdisjoint(pairs) for unit, pairs, _ in units)

    def _zone_may_move(self, case: Case, index: int, moved: Moved, now_us: int) -> bool:
        if self._is_sought(case) or case.row in moved.tracks or case.buffer_row in moved.tracks:
            return True
        since = [moved.went_on[row] for row in (case.row, case.buffer_row) if row in moved.went_on]
        return not all(self._nothing_between(case, index, us, now_us) for us in since)

    # ---- what shows it ----

    def _is_sought(self, case: Case) -> bool:
        """Whether anything said of the party's place may end what is held of it: that they were lost in a zone, or nobody knows where."""
        return case.party in self.silence.in_zone_of or case.party in self.protection.unknown_of

    def _absent(self, case: Case) -> bool:
        """Whether all that speaks of a curfew's party has last said, beyond doubt, that they are out."""
        row = self.world.state.tracks[case.row]
        units = case_units(self.world, case)
        if not units:
            return int(row["presence"]) == ABSENT
        return int(row["newest_t"]) == EARLY_US and unheard_goes_on(self.world, units)

    def _nothing_between(self, case: Case, index: int, from_us: int, to_us: int) -> bool:
        """Whether no window, absence or suspension of a condition begins or ends after one instant and up to another.

        So whoever was on the wrong side at the first has by now what the next piece of evidence for it would give them: the violation, or
        nothing, since none is to come.
        """
        still = self._still.get(index)
        if still is None or not still[0] < from_us < still[1]:
            still = self._still[index] = self._still_around(case, from_us)
        return still[0] < from_us and to_us < still[1]

    def _still_around(self, case: Case, at_us: int) -> Span:
        book = self.world.book
        if len(book.eras(Condition, case.id)) != 1:
            return at_us, at_us
        since_us, until_us = at_us - DAY_US, at_us + AHEAD_US
        if case.kind is ConditionKind.CURFEW:
            windows, excused = curfew_windows(self.world, case, since_us, until_us)
        else:
            windows = book.windows(case.id, since_us, until_us)
            excused = [
                *book.absences(case.id, since_us, until_us),
                *book.suspensions(case.order, since_us, until_us),
            ]
        edges = [edge for span in (*windows, *excused) for edge in span]
        before = max((edge for edge in edges if edge <= at_us), default=EARLY_US)
        after = min((edge for edge in edges if edge > at_us), default=until_us)
        return max(before, since_us), min(after, until_us)
