"""What protected people must be told of the orders that protect them, and by when (docs/victim-contact.md). Pure.

It follows levels, not edges. From the caseload as it is known follows what a protected person should know (`News`: one a topic and
person). What they were told is the newest duty of that topic that was done. Where both differ there is one open duty; where they
agree there is none, so that what is taken back before anybody was told falls away by itself. What is thus found again is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2s
from itertools import chain
from typing import Any, Final, TypeAlias

import msgspec

from domain.caseload_json import record_as_json
from domain.facts import Roster
from domain.instants import DAY_US, EARLY_US, FAR_US, LAST_OF_RECORDS_US, format_instant, parse_instant
from domain.records import Condition, Order, Suspension, Version, Zone
from domain.vocabulary import ConditionKind, DutyEvent, DutyState, OrderKind
from evidence.duty_rules import DutyRules
from geofence.book import Book
from geofence.intervals import Span, union
from geofence.timetable import WindowCache

Facts: TypeAlias = Mapping[str, Any]
AfterWorkingDays: TypeAlias = Callable[[str | None, int, int], int]
"""An area, an instant and a number of working days: the instant by which so many have passed there."""
CUSTODY: Final = "custody"
DONE: Final = frozenset({DutyState.TOLD, DutyState.NOT_REACHED, DutyState.NOT_WANTED})
"""Nobody tells the same again after these; what changes since is news."""
NOTHING_SAID: Final = ("told_at", "officer", "organisation", "area", "atv_allowance_min", "fit_within_h", "name")
"""Of an order or condition, what is not told to whom it protects: a change of it alone is no variation for them."""


@dataclass(frozen=True, slots=True)
class News:
    """What one person should know of one topic.

    Attributes
    ----------
    topic : what it is about, the same for ever: ``order:O1``, ``end:O1``, ``suspension:S1``, ``resumption:S1``, ``recall:7``.
    facts : what there is to know, as JSON; None: there is no such thing (any more).
    learnt_us : when we learnt what changed last.
    clock_us : from when the time to tell runs: then, or so many days before what is foreseen happens.
    """

    topic: str
    victim: str
    wearer: str
    order: str | None
    area: str | None
    event: DutyEvent
    happens_us: int
    learnt_us: int
    clock_us: int
    facts: Facts | None


@dataclass(frozen=True, slots=True)
class Recall:
    """A warrant of recall; ``withdrawn``: it was taken back, and not executed."""

    no: int
    wearer: str
    area: str | None
    issued_us: int
    learnt_us: int
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """A duty as it is kept: the newest of its topic and person."""

    no: int
    topic: str
    victim: str
    state: DutyState
    event: DutyEvent
    facts: Facts
    before: Facts | None
    clock_us: int
    due_us: int


@dataclass(frozen=True, slots=True)
class Duty:
    """To be told by ``due_us``. ``before`` is what they were told before, None for nothing."""

    news: News
    before: Facts | None
    due_us: int


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to be written: new duties; open ones that say something else now, by number; and those that fall away."""

    made: tuple[Duty, ...] = ()
    amended: tuple[tuple[int, Duty], ...] = ()
    withdrawn: tuple[int, ...] = ()


class Protected:
    """The orders of some wearers that protect somebody, to be asked what the protected should know."""

    def __init__(self, versions: Iterable[Version], recalls: Iterable[Recall], cache: WindowCache) -> None:
        self._book = Book(Roster(), cache)
        self._first: dict[tuple[type, str], Version] = {}
        self._newest: dict[tuple[type, str], Version] = {}
        for version in versions:
            key = (type(version.record), version.record.id)
            self._book.learn(version)
            self._first.setdefault(key, version)
            self._newest[key] = version
        self._recalls = list(recalls)

    def news(self, rules: DutyRules) -> list[News]:
        """Everything, also what is to be told later (`News.clock_us`), in order of topic and person."""
        found: list[News] = []
        for order_id in self._book.all_ids(Order):
            for victim in self._victims_of(order_id):
                found += self._of_order(order_id, victim, rules)
        for recall in self._recalls:
            found += self._of_recall(recall)
        return sorted(found, key=lambda one: (one.topic, one.victim))

    # ---- who is protected by what ----

    def _pairs(self, order_id: str) -> dict[str, list[str]]:
        """By person, the conditions of an order that ever kept a distance to them."""
        found: dict[str, list[str]] = {}
        for name in self._book.ids(Condition, Order, order_id):
            for one in self._book.ever(Condition, name):
                if one.kind is ConditionKind.PROXIMITY and one.victim and name not in found.get(one.victim, ()):
                    found.setdefault(one.victim, []).append(name)
        return found

    def _victims_of(self, order_id: str) -> list[str]:
        """Those whom it pairs; where it has an exclusion zone, also those whom another order of the wearer pairs."""
        found = set(self._pairs(order_id))
        order = self._book.newest(Order, order_id)
        if order is not None and self._zones(order_id):
            found |= {victim for other in self._orders_of(order.wearer) for victim in self._pairs(other.id)}
        return sorted(found)

    def _orders_of(self, wearer: str) -> list[Order]:
        names = self._book.ids(Order, "wearer", wearer)
        return [one for name in names if (one := self._book.newest(Order, name)) is not None and one.wearer == wearer]

    def _zones(self, order_id: str) -> list[str]:
        names = self._book.ids(Condition, Order, order_id)
        newest = ((name, self._book.newest(Condition, name)) for name in names)
        return [name for name, one in newest if one is not None and one.kind is ConditionKind.EXCLUSION_ZONE]

    # ---- what they should know ----

    def _of_order(self, order_id: str, victim: str, rules: DutyRules) -> Iterable[News]:
        """What was over before we learnt of it is nothing that we could have told."""
        order = self._book.newest(Order, order_id)
        assert order is not None
        protecting = [*self._pairs(order_id).get(victim, ()), *self._zones(order_id)]
        spans = union(chain.from_iterable(self._book.held(name) for name in protecting))
        if spans and spans[-1][1] <= self._first[Order, order_id].learnt_us:
            return
        learnt_us = max([self._when(Order, order_id), *map(self._condition_learnt, protecting)])
        event = DutyEvent.BAIL if order.kind is OrderKind.BAIL else DutyEvent.STARTED
        facts = self._order_facts(order, protecting, spans) if spans else None
        whose = _Whose(victim, order.wearer, order_id, order.area)
        yield whose.news(f"order:{order_id}", event, order.from_us, learnt_us, learnt_us, facts)
        yield self._end(whose, spans, learnt_us, rules)
        for name in self._book.ids(Suspension, Order, order_id):
            yield from self._suspension(name, whose, spans, rules)

    def _order_facts(self, order: Order, protecting: Iterable[str], spans: Sequence[Span]) -> Facts:
        standing = {name: one for name in protecting if (one := self._standing(name)) is not None}
        end_us = spans[-1][1]
        return {
            "kind": order.kind.value,
            "from": format_instant(order.from_us),
            "to": None if end_us >= FAR_US else format_instant(end_us),
            "review": None if order.review_us is None else format_instant(order.review_us),
            "near": any(one.kind is ConditionKind.PROXIMITY for one in standing.values()),
            "zones": sum(one.kind is ConditionKind.EXCLUSION_ZONE for one in standing.values()),
            "conditions": {name: _digest(self._told_of(one)) for name, one in sorted(standing.items())},
        }

    def _standing(self, name: str) -> Condition | None:
        version = self._newest.get((Condition, name))
        if version is None or version.cancelled:
            return None
        assert isinstance(version.record, Condition)
        return version.record

    def _told_of(self, condition: Condition) -> Facts:
        told = {key: value for key, value in record_as_json(condition).items() if key not in NOTHING_SAID}
        zone = None if condition.zone is None else self._book.newest(Zone, condition.zone)
        return told if zone is None else told | {"shape": record_as_json(zone)["shape"]}

    def _end(self, whose: _Whose, spans: Sequence[Span], learnt_us: int, rules: DutyRules) -> News:
        """Nothing while no end is near: what has been told of an end that was put off is then no longer so."""
        end_us = spans[-1][1] if spans else FAR_US
        at_us = None if end_us >= FAR_US else end_us
        return self._foreseen(f"end:{whose.order}", whose, DutyEvent.ENDED, at_us, learnt_us, rules)

    def _suspension(self, name: str, whose: _Whose, spans: Sequence[Span], rules: DutyRules) -> Iterable[News]:
        version = self._newest[Suspension, name]
        one, learnt_us = version.record, version.learnt_us
        assert isinstance(one, Suspension)
        if one.order != whose.order:
            return
        held = any(start < _end_of(one) and end > one.from_us for start, end in spans)
        facts: Facts | None = None
        if held and not version.cancelled:
            to = None if one.to_us is None else format_instant(one.to_us)
            facts = {"from": format_instant(one.from_us), "to": to, "custody": _is_custody(one)}
            facts = {**facts, "at_times": one.timetable is not None}
        yield whose.news(f"suspension:{name}", DutyEvent.SUSPENDED, one.from_us, learnt_us, learnt_us, facts)
        event = DutyEvent.RELEASED if _is_custody(one) else DutyEvent.RESUMED
        goes_on = facts is not None and one.to_us is not None and any(s <= one.to_us < e for s, e in spans)
        known_late = one.to_us is not None and one.to_us <= self._first[Suspension, name].learnt_us
        at_us = one.to_us if goes_on and not known_late else None
        yield self._foreseen(f"resumption:{name}", whose, event, at_us, learnt_us, rules)

    def _foreseen(
        self, topic: str, whose: _Whose, event: DutyEvent, at_us: int | None, learnt_us: int, rules: DutyRules
    ) -> News:
        if at_us is None:
            return whose.news(topic, event, learnt_us, learnt_us, learnt_us, None)
        ahead_us = rules.at(learnt_us).ahead_days.get(event, 0) * DAY_US
        facts = {"at": format_instant(at_us)}
        return whose.news(topic, event, at_us, learnt_us, max(learnt_us, at_us - ahead_us), facts)

    def _of_recall(self, recall: Recall) -> Iterable[News]:
        mine = self._orders_of(recall.wearer)
        facts = None if recall.withdrawn else {"issued": format_instant(recall.issued_us)}
        for victim in sorted({name for one in mine for name in self._pairs(one.id)}):
            area = next((one.area for one in mine if victim in self._pairs(one.id)), recall.area)
            whose = _Whose(victim, recall.wearer, None, area)
            learnt_us = recall.learnt_us
            yield whose.news(f"recall:{recall.no}", DutyEvent.RECALLED, recall.issued_us, learnt_us, learnt_us, facts)

    def _condition_learnt(self, name: str) -> int:
        one = self._book.newest(Condition, name)
        zone = EARLY_US if one is None or one.zone is None else self._when(Zone, one.zone)
        return max(self._when(Condition, name), zone)

    def _when(self, kind: type, name: str) -> int:
        version = self._newest.get((kind, name))
        return EARLY_US if version is None else version.learnt_us


@dataclass(frozen=True, slots=True)
class _Whose:
    victim: str
    wearer: str
    order: str | None
    area: str | None

    def news(
        self, topic: str, event: DutyEvent, happens_us: int, learnt_us: int, clock_us: int, facts: Facts | None
    ) -> News:
        whose = (self.victim, self.wearer, self.order, self.area)
        return News(topic, *whose, event, happens_us, learnt_us, clock_us, facts)


@dataclass(frozen=True, slots=True)
class Reckoning:
    """By what due instants are worked out; ``vulnerable(victim, words)`` says whether one of those words is true of them."""

    rules: DutyRules
    vulnerable: Callable[[str, frozenset[str]], bool]
    after: AfterWorkingDays

    def due_us(self, victim: str, area: str | None, clock_us: int) -> int:
        """By when whoever should know it must be told."""
        clock = self.rules.at(clock_us)
        sooner = self.vulnerable(victim, clock.sooner_for)
        return self.after(area, clock_us, clock.sooner_working_days if sooner else clock.working_days)


def changes(news: Iterable[News], before: Iterable[News], kept: Iterable[Kept], by: Reckoning, now_us: int) -> Changes:
    """What has become a duty, changed, or fallen away by ``now_us``.

    ``before`` is the news of what was learnt before the rules began: others have told it. ``kept`` has the newest duty of each
    topic and person.
    """
    begins_us = by.rules.begins_us
    known = {(one.topic, one.victim): one.facts for one in before if one.clock_us < begins_us}
    newest = {(one.topic, one.victim): one for one in kept}
    made: list[Duty] = []
    amended: list[tuple[int, Duty]] = []
    withdrawn: list[int] = []
    for one in news:
        was = newest.get((one.topic, one.victim))
        told = known.get((one.topic, one.victim)) if was is None else _told(was)
        facts = one.facts if one.clock_us <= now_us else None
        news_of = _is_news(one.topic, facts, told, now_us)
        if was is not None and was.state is DutyState.OPEN:
            duty = _duty(one, facts, told, min(was.clock_us, now_us), by)
            if not news_of:
                withdrawn.append(was.no)
            elif (duty.news.facts or {}, duty.due_us, duty.news.event) != (was.facts, was.due_us, was.event):
                amended.append((was.no, duty))
        elif news_of:
            clock_us = one.clock_us if facts is not None else one.learnt_us
            made.append(_duty(one, facts, told, min(max(clock_us, begins_us), now_us), by))
    return Changes(tuple(made), tuple(amended), tuple(withdrawn))


def _told(was: Kept) -> Facts | None:
    """What they know: of an open duty or one that fell away, what they were told before it."""
    return (was.facts if was.state in DONE else was.before) or None


def _is_news(topic: str, facts: Facts | None, told: Facts | None, now_us: int) -> bool:
    """Whether it must be told. Of an order that protects nobody any more its end tells, of a suspension's end the resumption."""
    if facts is None or told is None:
        return facts is not told
    if (
        topic.startswith("order:")
        and facts["to"] is not None
        and parse_instant(facts["to"], LAST_OF_RECORDS_US) <= now_us
    ):
        return False
    if topic.startswith("suspension:") and told["to"] is None:
        facts = {**facts, "to": None}
    return facts != told


def _duty(one: News, facts: Facts | None, told: Facts | None, clock_us: int, by: Reckoning) -> Duty:
    event = one.event
    if facts is None:
        event = DutyEvent.CORRECTED
    elif told is not None and one.topic.startswith("order:"):
        event = DutyEvent.VARIED
    news = replace(one, event=event, facts=facts, clock_us=clock_us)
    return Duty(news, told, by.due_us(one.victim, one.area, clock_us))


def _is_custody(one: Suspension) -> bool:
    return one.reason.strip().lower() == CUSTODY


def _end_of(one: Suspension) -> int:
    return FAR_US if one.to_us is None else one.to_us


def _digest(told: Facts) -> str:
    """Tells two states of a condition apart without saying what it is: a zone's shape is no business of a duty."""
    return blake2s(msgspec.json.encode(told, order="deterministic"), digest_size=8).hexdigest()
