"""News that something goes on, though it came late: while the centre is behind by minutes every message brings some.

By the clock it had lapsed when the message came, so a condition might come out otherwise than it was judged. Here is what shows,
for little, that it does not; where nothing here shows it, the condition is judged.
"""

from __future__ import annotations

from domain.instants import DAY_US, EARLY_US
from domain.records import Condition
from domain.vocabulary import ZONE_KINDS, ConditionKind
from geofence.cases import AHEAD_US, World, case_units, curfew_windows, never_out
from geofence.emissions import News, What
from geofence.intervals import Span
from geofence.layout import Case
from geofence.presence import ABSENT
from geofence.protection import Protection
from geofence.silence import Silence
from geofence.whereabouts import present_goes_on, unheard_goes_on


class GoingOn:
    """Whether a condition stays as it is when what was known goes on.

    Attributes
    ----------
    never_out : curfews, by index, of people of whom nothing ever said that they were out, when they were last judged.
    """

    def __init__(self, world: World, silence: Silence, protection: Protection) -> None:
        self.world, self.silence, self.protection = world, silence, protection
        self.never_out: set[int] = set()
        self._still: dict[int, Span] = {}
        """Around what was asked of a condition last, between which instants nothing of it begins or ends."""

    def changed(self) -> None:
        """The caseload changed."""
        self._still.clear()

    def is_never_out(self, index: int) -> bool:
        """Whether nothing has ever said of a curfew's party that they were out."""
        case = self.world.layout.cases[index]
        return case is not None and case.kind is ConditionKind.CURFEW and never_out(self.world, case)

    def still_never_out(self, index: int) -> bool:
        """Whether a curfew was judged so last, and is so after all that came since."""
        return index in self.never_out and self.is_never_out(index)

    def changes_nothing(self, news: News, index: int, now_us: int) -> bool:
        """Whether news that something goes on leaves a condition, by index, as it was judged last."""
        case = self.world.layout.cases[index]
        if case is None:
            return False
        if case.kind is ConditionKind.CURFEW:
            if case.id in self.silence.unknown:
                return False
            if index in self.never_out or present_goes_on(self.world, case):
                return True
            summed = case.party in self.world.layout.atv
            return not summed and self._absent(case) and self._nothing_between(case, index, news.a, now_us)
        if case.kind not in ZONE_KINDS or news.what != What.WRONG or news.row != case.row:
            return False
        lost = case.party in self.silence.in_zone_of or case.party in self.protection.unknown_of
        return not lost and self._nothing_between(case, index, news.a, now_us)

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
