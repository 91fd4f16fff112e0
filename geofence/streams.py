"""What was news, kept by whom it is about: the sparse side of the state, from which the intervals are made."""

from __future__ import annotations

from bisect import insort
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from geofence.emissions import STEADY, Emissions, News, What, as_news
from geofence.equipment_rules import Event

UPHELD = frozenset({What.UPHELD, What.UNIT_UPHELD})
MAX_RUN = 1_000
"""Fixes of one unbroken run kept as evidence; of a longer one the first ones and the newest."""
DEVICE_NEWS = frozenset({What.LOST, What.FOUND})
PAIR_NEWS = frozenset({What.HEARD, What.UNHEARD})


@dataclass(slots=True)
class Streams:
    """News by track row, by device (location), by home unit (breaks), by pair; and equipment events by device."""

    rows: dict[int, list[News]] = field(default_factory=lambda: defaultdict(list))
    location: dict[int, list[News]] = field(default_factory=lambda: defaultdict(list))
    breaks: dict[int, list[News]] = field(default_factory=lambda: defaultdict(list))
    pairs: dict[int, list[News]] = field(default_factory=lambda: defaultdict(list))
    events: dict[int, list[Event]] = field(default_factory=lambda: defaultdict(list))
    _steady: dict[int, int] = field(default_factory=lambda: defaultdict(int))

    def take(self, emissions: Emissions) -> list[News]:
        """Keep emissions; returns those that may change what is said."""
        fresh = []
        for news in as_news(emissions):
            if news.what in DEVICE_NEWS:
                self.location[news.row].append(news)
            elif news.what in PAIR_NEWS:
                self.pairs[news.row].append(news)
            elif news.what == What.SILENT:
                self.breaks[news.row].append(news)
            elif news.what in UPHELD:
                pass
            elif self._keep(news):
                continue
            fresh.append(news)
        return fresh

    def _keep(self, news: News) -> bool:
        """Keep a row's news; whether it only goes on with what was."""
        stream = self.rows[news.row]
        if not news.flags & STEADY:
            self._steady[news.row] = 0
            stream.append(news)
            return False
        self._steady[news.row] += 1
        if self._steady[news.row] > MAX_RUN:
            stream[-1] = news
        else:
            stream.append(news)
        return True

    def event(self, device: int, event: Event) -> None:
        """Keep an equipment event about a device, in the order of facts."""
        insort(self.events[device], event)

    def marks(self) -> Marks:
        """How much of each stream there is now: where it can be cut back to."""
        return {name: {key: len(news) for key, news in getattr(self, name).items()} for name in _NAMES}

    def mark(self, name: str, keys: Iterable[int], marks: Marks) -> None:
        """Move the marks of some streams up to where they are now."""
        store: dict[int, list[News]] = getattr(self, name)
        marks.setdefault(name, {}).update({key: len(store[key]) for key in keys if key in store})

    def cut_back(self, name: str, keys: Iterable[int], marks: Marks) -> None:
        """Drop what came after the marks, so that it can be judged again."""
        store: dict[int, list[News]] = getattr(self, name)
        lengths = marks.get(name, {})
        for key in keys:
            if key in store:
                del store[key][lengths.get(key, 0) :]
            self._steady.pop(key, None)


_NAMES = ("rows", "location", "breaks", "pairs")
Marks = dict[str, dict[int, int]]
