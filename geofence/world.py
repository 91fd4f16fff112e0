"""What the judges look at: the caseload as tables, the state of the fleet, and what was news about it."""

from __future__ import annotations

from dataclasses import dataclass, field

from domain.records import Condition
from geofence.book import Book
from geofence.drafts import Proof, proof_of
from geofence.emissions import News
from geofence.equipment_rules import doubts
from geofence.intervals import Span
from geofence.layout import Case, Layout
from geofence.nearness import Nearness
from geofence.state import State
from geofence.streams import Streams
from geofence.visited import visits_to


@dataclass(slots=True)
class World:
    """What the judges look at; the engine owns it."""

    book: Book
    layout: Layout
    state: State = field(default_factory=State)
    streams: Streams = field(default_factory=Streams)
    pair_index: dict[tuple[int, int], int] = field(default_factory=dict)
    pairs_of_unit: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    units_of_case: dict[str, list[tuple[int, list[int], list[Span]]]] = field(default_factory=dict)
    """What `case_units` found, until the caseload changes or a home unit speaks of another tag."""
    nearness: Nearness = field(default_factory=Nearness)

    def proof(self, news: News) -> Proof:
        """An emission's fact, with the rank of its device."""
        return proof_of(news, int(self.layout.tables.rank[news.device]))

    def gap_us(self, device: int, at_us: int) -> int:
        """`G` of a device for a fix of an instant."""
        return self.layout.tables.gap_at(device, at_us)

    def told_at(self, case: Case) -> int:
        """When the wearer was told of a condition."""
        record = self.book.newest(Condition, case.id)
        assert record is not None
        return self.book.told_at(record)

    def doubts(self, device: int) -> list[Span]:
        """When a device is not believed."""
        events = self.streams.events.get(device)
        if not events:
            return []
        name = self.book.roster.ids[device]
        of_place = [self.layout.cases[k] for k in self.layout.units.get(device, ())]
        return doubts(events, self.book.checks(name), visits_to(self.book, name, of_place))

    def fittings(self, device: int) -> list[tuple[int, int, int]]:
        """Who wore a device, and when."""
        return self.book.fittings(self.book.roster.ids[device])
