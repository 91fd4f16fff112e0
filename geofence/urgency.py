"""Whose loss of contact may not wait in a mass outage (rules.md 11): a victim, a zone, or `intensive` in a window, now."""

from __future__ import annotations

from typing import NamedTuple

from domain.incidents import Release
from domain.instants import EARLY_US
from domain.records import Wearer
from domain.vocabulary import ConditionKind, Level
from geofence.cases import AHEAD_US
from geofence.layout import Case, Layout
from geofence.silence import Silence, enforced_spans
from geofence.world import World

WINDOWED = frozenset(
    {
        ConditionKind.CURFEW,
        ConditionKind.EXCLUSION_ZONE,
        ConditionKind.INCLUSION_ZONE,
        ConditionKind.RESTRICTION_ZONE,
    }
)
"""Kinds whose windows make somebody `intensive` urgent."""


class _Asked(NamedTuple):
    """A condition that makes its parties urgent while it is enforced, why, and from when to when the answer holds."""

    case: Case
    why: Release
    parties: tuple[int, ...]
    until_us: int = EARLY_US
    enforced: bool = False


class Urgency:
    """Why somebody is urgent now. Looks at a condition again only when its enforcement can have changed."""

    def __init__(self, world: World, silence: Silence) -> None:
        self.world = world
        self.silence = silence
        self._layout: Layout | None = None
        self._asked: list[_Asked] = []

    def now(self, at_us: int) -> dict[int, Release]:
        """The parties that are urgent at an instant, each with the first reason that holds."""
        if self._layout is not self.world.layout:
            self._layout, self._asked = self.world.layout, self._conditions()
        found: dict[int, Release] = {}
        self._asked = [asked if at_us < asked.until_us else self._look(asked, at_us) for asked in self._asked]
        for asked in self._asked:
            if asked.enforced:
                found.update(dict.fromkeys(asked.parties, asked.why))
        intensive = {party: why for party, why in found.items() if why is Release.INTENSIVE}
        zones = dict.fromkeys(self.silence.in_zone_of, Release.LOST_IN_ZONE)
        victims = {party: why for party, why in found.items() if why is Release.VICTIM}
        return intensive | zones | victims

    def _conditions(self) -> list[_Asked]:
        """Proximity conditions last, so that they say why where a wearer has both."""
        intensive = {
            party
            for (kind, wearer), party in self.world.book.party_index.items()
            if kind == "wearer" and _is_intensive(self.world.book.newest(Wearer, wearer))
        }
        windowed, paired = [], []
        for case in self.world.layout.cases:
            if case is None:
                continue
            if case.kind is ConditionKind.PROXIMITY:
                parties = (case.party,) if case.other < 0 else (case.party, case.other)
                paired.append(_Asked(case, Release.VICTIM, parties))
            elif case.kind in WINDOWED and case.party in intensive:
                windowed.append(_Asked(case, Release.INTENSIVE, (case.party,)))
        return windowed + paired

    def _look(self, asked: _Asked, at_us: int) -> _Asked:
        spans = enforced_spans(self.world, asked.case, at_us)
        edges = [edge for span in spans for edge in span if edge > at_us]
        enforced = any(start <= at_us < end for start, end in spans)
        return asked._replace(until_us=min([*edges, at_us + AHEAD_US // 2]), enforced=enforced)


def _is_intensive(wearer: Wearer | None) -> bool:
    return wearer is not None and wearer.level is Level.INTENSIVE
