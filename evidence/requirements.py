"""What the orders of some wearers require of them at an instant, as a warrant's place in the order needs it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from domain.facts import Roster
from domain.records import Condition, Order, Version, Wearer
from domain.vocabulary import ConditionKind, WarrantKind
from evidence.ranking import Requires, Standing
from geofence.book import Book
from geofence.intervals import holding, without
from geofence.timetable import WindowCache

KEEP_AWAY: Final = frozenset({ConditionKind.EXCLUSION_ZONE, ConditionKind.PROXIMITY})
BE_THERE: Final = frozenset(
    {
        *(ConditionKind.CURFEW, ConditionKind.ATTENDANCE, ConditionKind.PRESENCE_CHECK),
        *(ConditionKind.INCLUSION_ZONE, ConditionKind.RESTRICTION_ZONE),
    }
)


class Requirements:
    """The caseload of some wearers, to be asked at an instant."""

    def __init__(self, versions: Iterable[Version], cache: WindowCache) -> None:
        self._book = Book(Roster(), cache)
        for version in versions:
            self._book.learn(version)

    def standing(self, no: int, kind: WarrantKind, wearer: str, issued_us: int, at_us: int) -> Standing:
        """All that a warrant's place in the order rests on. A suspension or an absence lets nothing be required."""
        person = self._book.newest(Wearer, wearer)
        rosh, mappa = (None, None) if person is None else (person.rosh, person.mappa)
        held = self._held(wearer, at_us)
        required = {one.kind for one in held if self._enforced(one, at_us)}
        requires = Requires.NOTHING
        if required & KEEP_AWAY:
            requires = Requires.KEEP_AWAY
        elif required & BE_THERE:
            requires = Requires.BE_THERE
        protects = any(one.victim is not None for one in held)
        return Standing(no, kind, issued_us, protects, rosh, mappa, requires)

    def _held(self, wearer: str, at_us: int) -> list[Condition]:
        """The conditions of the orders that run, whatever their timetables."""
        found = []
        for order_id in self._book.ids(Order, "wearer", wearer):
            for name in self._book.ids(Condition, Order, order_id):
                one = self._book.at(Condition, name, at_us)
                if one is not None and holding(self._book.held(name), at_us) is not None:
                    found.append(one)
        return found

    def _enforced(self, one: Condition, at_us: int) -> bool:
        windows = self._book.windows(one.id, at_us, at_us + 1)
        excused = self._book.suspensions(one.order, at_us, at_us + 1) + self._book.absences(one.id, at_us, at_us + 1)
        return holding(without(windows, sorted(excused)), at_us) is not None
