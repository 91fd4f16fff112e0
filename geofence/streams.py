"""What was news, kept by whom it is about: the sparse side of the state, from which the intervals are made."""

from __future__ import annotations

from bisect import insort
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from domain.instants import DAY_US
from domain.said import said_by_reading
from geofence.emissions import GOES_ON, STEADY, Emissions, News, What, as_news
from geofence.equipment_rules import Event
from geofence.kept import Kept

UPHELD = frozenset({What.UPHELD, What.UNIT_UPHELD})
MAX_RUN = 1_000
"""Fixes of one unbroken run kept as evidence; of a longer one the first ones and the newest."""
TOLD_AT_ONCE = 1_000
SETTLED_US = 32 * DAY_US
"""No fact is judged at a time so long before the newest: older ones are judged when they are received (rules.md 2)."""
SOBER = said_by_reading(0.0)
DEVICE_NEWS = frozenset({What.LOST, What.FOUND})
PAIR_NEWS = frozenset({What.HEARD, What.UNHEARD})


@dataclass(slots=True)
class Streams:
    """News by track row, by device (location), by home unit (breaks), by pair, by the track row of a condition about two
    parties (near); and by device equipment events, and what was told of its wearer (checks, alcohol readings)."""

    rows: dict[int, Kept] = field(default_factory=lambda: defaultdict(Kept))
    location: dict[int, Kept] = field(default_factory=lambda: defaultdict(Kept))
    breaks: dict[int, Kept] = field(default_factory=lambda: defaultdict(Kept))
    pairs: dict[int, Kept] = field(default_factory=lambda: defaultdict(Kept))
    near: dict[int, Kept] = field(default_factory=lambda: defaultdict(Kept))
    events: dict[int, list[Event]] = field(default_factory=lambda: defaultdict(list))
    told: dict[int, list[Event]] = field(default_factory=lambda: defaultdict(list))

    def take(self, emissions: Emissions) -> tuple[list[News], Emissions]:
        """Keep emissions; returns those that may change what is said, and the signs to look again, which nobody keeps."""
        fresh = []
        is_sign = (emissions["what"] == What.UPHELD) | (emissions["what"] == What.UNIT_UPHELD)
        signs = _looked_at_once(emissions.compress(is_sign))
        emissions = emissions.compress(~is_sign)
        body, size = emissions.tobytes(), emissions.itemsize
        for k, (row, what, flags) in enumerate(emissions[["row", "what", "flags"]].tolist()):
            stream = self._stream(row, what)
            stream.keep(body[k * size : (k + 1) * size], steady=bool(flags & GOES_ON), most=MAX_RUN)
            if not flags & STEADY:
                fresh.append(k)
        return as_news(emissions[fresh]), signs

    def _stream(self, row: int, what: int) -> Kept:
        if what in DEVICE_NEWS:
            return self.location[row]
        if what in PAIR_NEWS:
            return self.pairs[row]
        if what == What.SILENT:
            return self.breaks[row]
        return self.rows[row]

    def take_near(self, emissions: Emissions) -> list[News]:
        """Keep what is news of the distance of two parties, all of it; returns what may change what is said."""
        body, size = emissions.tobytes(), emissions.itemsize
        for k, row in enumerate(emissions["row"].tolist()):
            self.near[row].keep(body[k * size : (k + 1) * size], steady=False, most=MAX_RUN)
        return as_news(emissions[emissions["flags"] & STEADY == 0])

    def event(self, device: int, event: Event) -> None:
        """Keep an equipment event about a device, in the order of facts."""
        insort(self.events[device], event)

    def tell(self, device: int, event: Event) -> None:
        """Keep a presence check or an alcohol reading, in the order of facts.

        Of old readings of nothing in a row only the first is kept: nothing can come between them any more.
        """
        told = self.told[device]
        insort(told, event)
        if len(told) % TOLD_AT_ONCE == 0:
            settled_us = told[-1].at_us - SETTLED_US
            told[:] = [
                one
                for k, one in enumerate(told)
                if one.at_us >= settled_us or one.said != SOBER or k == 0 or told[k - 1].said != SOBER
            ]

    def marks(self) -> Marks:
        """How much of each stream there is now: where it can be cut back to."""
        return {name: {key: len(news) for key, news in getattr(self, name).items()} for name in _NAMES}

    def mark(self, name: str, keys: Iterable[int], marks: Marks) -> None:
        """Move the marks of some streams up to where they are now."""
        store: dict[int, Kept] = getattr(self, name)
        marks.setdefault(name, {}).update({key: len(store[key]) for key in keys if key in store})

    def kept(self, name: str, keys: Iterable[int]) -> list[Kept]:
        """Those of some streams that there are."""
        store: dict[int, Kept] = getattr(self, name)
        return [store[key] for key in keys if key in store]

    def cut_back(self, name: str, keys: Iterable[int], marks: Marks) -> None:
        """Drop what came after the marks, so that it can be judged again."""
        lengths = marks.get(name, {})
        for key in self.grown(name, keys, marks):
            getattr(self, name)[key].cut_back(lengths.get(key, 0))

    def grown(self, name: str, keys: Iterable[int], marks: Marks) -> list[int]:
        """Those of which there is more than the marks say, or other news in the place of the newest."""
        store: dict[int, Kept] = getattr(self, name)
        lengths = marks.get(name, {})
        some = ((key, store[key]) for key in keys if key in store)
        return [key for key, kept in some if len(kept) > lengths.get(key, 0) or kept.steady >= MAX_RUN]

    def turned(self, name: str, keys: Iterable[int], marks: Marks) -> list[int]:
        """Of those that have `grown` the ones of which more came since than that what was goes on."""
        store: dict[int, Kept] = getattr(self, name)
        lengths = marks.get(name, {})
        return [key for key in keys if not store[key].only_goes_on_since(lengths.get(key, 0))]


def _looked_at_once(signs: Emissions) -> Emissions:
    """One sign of each row, as they came: of a backlog nearly every fact is one."""
    if len(signs) < 2:
        return signs
    _, first = np.unique(signs["row"].astype(np.int64) << 8 | signs["what"], return_index=True)
    return signs[np.sort(first)]


_NAMES = ("rows", "location", "breaks", "pairs", "near")
Marks = dict[str, dict[int, int]]
