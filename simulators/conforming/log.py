"""Everything that was seen and done while a device was tested; the judges read it and nothing else.

Instants are the tester's, microseconds UTC; ``now_us`` is when it is judged.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from statistics import median
from typing import Final

from domain.vocabulary import DeviceKind
from domain.wire_topics import Direction, parse_topic
from simulators.conforming.reading import Heard, Item, read
from simulators.conforming.verdicts import MS_US, Flaw

MOST_FACTS: Final = 1_000_000
MOST_MESSAGES: Final = 300_000
"""Kept of one test: more than three days of a message a second; what comes after is only counted, and told."""
MOST_FLAWS: Final = 1_000
"""Kept of each clause."""
LAST_WILL: Final = b"offline"

Key = tuple[int, int]
"""``gen`` and ``seq`` of a fact."""


class Spell(StrEnum):
    """What a device was put through, from one instant to another."""

    POWER = "power"
    NETWORK = "network"
    LONG = "long"
    MEMORY = "memory"
    EPOCH = "epoch"
    ROLLOVER = "rollover"
    REFLASH = "reflash"


AWAY: Final = (Spell.NETWORK, Spell.LONG, Spell.MEMORY)
WRONG_CLOCK: Final = (Spell.EPOCH, Spell.ROLLOVER)


@dataclass(slots=True)
class Span:
    """``to_us`` None: it goes on. ``over``: what was to follow it has come, or was waited for in vain."""

    spell: Spell
    from_us: int
    to_us: int | None = None
    over: bool = False

    def holds(self, at_us: int) -> bool:
        return self.from_us <= at_us and (self.to_us is None or at_us < self.to_us)


@dataclass(frozen=True, slots=True)
class Fact:
    """An item when it was heard first."""

    item: Item
    message: int
    at_us: int
    sent_ms: int | None


@dataclass(frozen=True, slots=True)
class Conflict:
    """An identity that came again with another time or other values."""

    gen: int
    first: Fact
    again: Item
    message: int
    at_us: int


@dataclass(frozen=True, slots=True)
class Answer:
    """A `command_result`, once; ``ok`` None: it does not say."""

    ok: bool | None
    at_us: int
    t_ms: int | None


@dataclass(slots=True)
class Told:
    """Something sent to the device. ``over_us``: when its answer was no longer waited for; ``routed``: the broker had a taker."""

    step: str
    id: str
    at_us: int
    args: dict[str, int]
    over_us: int | None = None
    confirmed: bool | None = None
    routed: bool = True


@dataclass(slots=True)
class TakenOver:
    """The tester connected as the device. ``back_us``: the device took its connection back; ``until_us``: it was let go."""

    at_us: int
    refused: str | None = None
    back_us: int | None = None
    until_us: int | None = None


@dataclass(slots=True)
class Log:
    """See the module."""

    device: str
    kind: DeviceKind | None
    now_us: int
    upload_s: int | None = None
    heard: list[Heard] = field(default_factory=list)
    facts: dict[Key, Fact] = field(default_factory=dict)
    newest: dict[int, int] = field(default_factory=dict)
    conflicts: list[Conflict] = field(default_factory=list)
    again: dict[Key, int] = field(default_factory=dict)
    oldest: dict[int, int] = field(default_factory=dict)
    flaws: dict[str, list[Flaw]] = field(default_factory=lambda: defaultdict(list))
    wills: list[tuple[int, bytes]] = field(default_factory=list)
    told: dict[str, Told] = field(default_factory=dict)
    answers: dict[str, list[Answer]] = field(default_factory=lambda: defaultdict(list))
    spells: list[Span] = field(default_factory=list)
    taken: TakenOver | None = None
    ran: set[str] = field(default_factory=set)
    unread: int = 0
    uncounted: int = 0
    deaf: int = 0
    """How often our own connection to the broker was lost."""

    def take(self, at_us: int, topic: str, payload: bytes, qos: int) -> None:
        """What came on the device's `up` or `lwt` topic; a retained message is of another time, and not to be given here."""
        self.now_us = max(self.now_us, at_us)
        parts = parse_topic(topic)
        if parts is not None and parts.direction is Direction.LWT:
            self.wills.append((at_us, payload))
            return
        if len(self.heard) >= MOST_MESSAGES:
            self.uncounted += 1
            return
        heard = read(len(self.heard) + 1, at_us, self.device, topic, payload, qos)
        self.unread += heard.unread
        for flaw in heard.flaws:
            if len(self.flaws[flaw.clause]) < MOST_FLAWS:
                self.flaws[flaw.clause].append(flaw)
        if heard.gen is not None:
            for item in heard.items:
                self._fact(heard, heard.gen, item)
            if "oldest" in heard.said:
                self.oldest[heard.gen] = max(self.oldest.get(heard.gen, 0), heard.said["oldest"])
        self.heard.append(heard)

    def _fact(self, heard: Heard, gen: int, item: Item) -> None:
        first = self.facts.get((gen, item.seq))
        if first is not None:
            self.again[gen, item.seq] = heard.at_us
            if first.item.values != item.values:
                self.conflicts.append(Conflict(gen, first, item, heard.number, heard.at_us))
            return
        if len(self.facts) >= MOST_FACTS:
            self.uncounted += 1
            return
        self.facts[gen, item.seq] = Fact(item, heard.number, heard.at_us, heard.sent_ms)
        self.newest[gen] = max(self.newest.get(gen, 0), item.seq)
        if item.code == "command_result" and item.data:
            command, ok = item.data.get("command"), item.data.get("ok")
            if isinstance(command, str):
                said = ok if isinstance(ok, bool) else None
                self.answers[command].append(Answer(said, heard.at_us, item.t_ms))

    def begin(self, spell: Spell, at_us: int) -> Span:
        span = Span(spell, at_us)
        self.spells.append(span)
        return span

    def spell(self, spell: Spell) -> Span | None:
        """The last of this kind."""
        return next((one for one in reversed(self.spells) if one.spell is spell), None)

    def in_spell(self, at_us: int, *spells: Spell) -> bool:
        return any(one.spell in spells and one.holds(at_us) for one in self.spells)

    def of_step(self, step: str) -> list[Told]:
        return [one for one in self.told.values() if one.step == step]

    def since(self, at_us: int) -> list[Heard]:
        """Messages heard from then on."""
        low, high = 0, len(self.heard)
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if self.heard[middle].at_us >= at_us else (middle + 1, high)
        return self.heard[low:]

    def rhythm_ms(self, from_us: int, to_us: int) -> list[int]:
        """Times of what a device records by its rhythm, each once, in order: positions, or for want of any all but answers."""
        many = [fact.item for fact in self.facts.values() if fact.item.t_ms is not None]
        fixes = [item for item in many if item.is_fix]
        chosen = fixes or [item for item in many if item.code != "command_result"]
        times = {item.t_ms for item in chosen if item.t_ms is not None}
        return sorted(t for t in times if from_us <= t * MS_US < to_us)

    def pace_s(self, from_us: int, to_us: int) -> float | None:
        """The usual time between two of those; None with fewer than two."""
        times = self.rhythm_ms(from_us, to_us)
        return median(b - a for a, b in pairwise(times)) / 1000 if len(times) > 1 else None
