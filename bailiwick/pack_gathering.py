"""What a breach pack is made of, brought together: the case, the records, the facts that may leave the centre, the audit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from access.permits import AROUND_US, AlertSpan, book_of, permits_of
from domain.callers import Sight
from domain.errors import BailiwickError
from domain.facts import Facts
from domain.instants import DAY_US, FAR_US, SECOND_US, format_instant
from domain.records import Assessment, Condition, Device, Fitting, Order
from domain.violations import FactId, Violation
from domain.vocabulary import Cause, Quality
from evidence.breaches import WHY_NOT, why_not
from evidence.disclosing import sealed_conditions
from evidence.gathered import Chained, Gathered, Heard, Relied, Scheduled, Taken
from geofence.intervals import Span, common, union
from geofence.timetable import WindowCache
from geofence.wallclock import TimeZones
from store.breaches import Breaches, Case
from store.pack_sources import ContactRow, FactRows, LookRow, PackSources

EVERYTHING: Final = Sight(everything=True)
BEFORE_US: Final = DAY_US
"""How far before an order's start facts are looked at: they count as evidence (rules.md 10)."""
REACH_S: Final = 6 * 3 * 3_600
"""The longest that a run may take to be whole, six of the widest gaps that a device of an hour's interval allows."""


class CannotGather(BailiwickError):
    """The case cannot be made a pack of as it stands; what to do is in the words."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which pack. ``as_of`` bounds nothing: everything that is committed counts. ``kept_days``: how long facts are kept."""

    breach: int
    version: int
    asked_us: int
    now_us: int
    kept_days: int


@dataclass(frozen=True, slots=True)
class Brought:
    """What was gathered, the annex's where a protected person is concerned, the case itself, and the contact log of its time."""

    pack: Gathered
    annex: Gathered | None
    case: Case
    contacts: list[ContactRow]


async def gather(sources: PackSources, breaches: Breaches, wanted: Wanted, zones: TimeZones) -> Brought:
    """Everything for one pack. Raises `CannotGather`."""
    case = await breaches.case(wanted.breach, EVERYTHING)
    newest = await sources.newest()
    if case is None or newest is None:
        raise CannotGather("there is no such case, or nothing was ever received")
    wearer = case.row.wearer
    taken = [Taken(*row) for row in await sources.taken(wearer)]
    violations = await sources.violations(wearer)
    relied = _relied(case)
    of_order = _Order(case, taken, violations, wanted, newest.at_us)
    heard = await _heard(sources, of_order, newest.commit, zones)
    looks, chain = await sources.audit(wearer, str(wanted.breach), wanted.asked_us)
    whole = Gathered(
        case=str(wanted.breach),
        version=wanted.version,
        reference=f"BW-{wanted.breach}",
        wearer=wearer,
        order=case.row.order,
        made_us=wanted.now_us,
        as_of_us=newest.at_us,
        taken=taken,
        heard=heard,
        violations=[one for one in violations if one.order in (None, case.row.order)],
        relied=relied,
        left_out=_left_out(case, of_order),
        scheduled=await _scheduled(sources, of_order, heard, looks),
        chain=[Chained(link, said) for link, said in chain],
        facts_gone=_gone(heard, of_order, wanted),
    )
    annex = await _annex(sources, of_order, whole, newest.commit)
    low, high = of_order.span()
    contacts = [one for one in await sources.contacts(wearer) if low <= one.at_us < high]
    return Brought(whole, annex, case, contacts)


def _relied(case: Case) -> list[Relied]:
    relied = [one for one in case.chosen if one.chosen.relied]
    if not relied:
        raise CannotGather("the case relies on no violation: choose at least one")
    stale = [one.chosen.violation for one in relied if one.withdrawn or one.newest != one.chosen.version]
    if stale:
        raise CannotGather(f"{', '.join(stale)} changed since they were chosen: look at them and choose again")
    for one in relied:
        why = why_not(one.violation, None if one.decided is None else one.decided.decision, one.chosen.told_us)
        if why is not None:
            raise CannotGather(f"{one.chosen.violation} may no longer be relied on: {WHY_NOT[why]}. Choose again")
    return [Relied(one.chosen.violation, one.chosen.version) for one in relied]


def _left_out(case: Case, of: _Order) -> dict[str, str]:
    """Every other current violation of the order, and why: the officer's words, else the rule that leaves it out."""
    said = {one.chosen.violation: one.chosen.why for one in case.chosen if not one.chosen.relied}
    relied = {one.chosen.violation for one in case.chosen if one.chosen.relied}
    found = {}
    for one in of.current():
        if one.order == case.row.order and one.id not in relied:
            rule = why_not(one, of.decision(one.id))
            found[one.id] = said.get(one.id) or (WHY_NOT[rule] if rule else "not in the officer's choice")
    return found


@dataclass(frozen=True, slots=True)
class _Order:
    """The case's order among what was gathered."""

    case: Case
    taken: Sequence[Taken]
    violations: Sequence[Violation]
    wanted: Wanted
    as_of_us: int

    def record(self) -> Order:
        """As it is known now."""
        found = [one.version.record for one in self.taken if isinstance(one.version.record, Order)]
        return next(one for one in reversed(found) if one.id == self.case.row.order)

    def current(self) -> list[Violation]:
        """The violations that stand."""
        newest = {one.id: one for one in self.violations}
        return [one for one in newest.values() if one.current]

    def decision(self, violation: str) -> Any:
        """The newest assessment's."""
        found = [one.version for one in self.taken if isinstance(one.version.record, Assessment)]
        mine = [one for one in found if getattr(one.record, "violation", None) == violation]
        return None if not mine or mine[-1].cancelled else getattr(mine[-1].record, "decision", None)

    def span(self) -> Span:
        """The order's time, up to now."""
        order = self.record()
        return order.from_us - BEFORE_US, min(order.to_us or FAR_US, self.wanted.now_us) + DAY_US

    def fitted(self, *, victims: bool = False) -> dict[str, list[Span]]:
        """By device, when it was on the wearer (or with a protected person)."""
        newest: dict[str, Fitting] = {}
        for one in self.taken:
            record = one.version.record
            if isinstance(record, Fitting):
                newest.pop(record.id, None)
                if not one.version.cancelled:
                    newest[record.id] = record
        found: dict[str, list[Span]] = {}
        for fitting in newest.values():
            if (fitting.victim is not None) == victims:
                found.setdefault(fitting.device, []).append((fitting.from_us, fitting.to_us or FAR_US))
        low, high = self.span()
        clipped = {device: common(union(spans), [(low, high)]) for device, spans in sorted(found.items())}
        return {device: spans for device, spans in clipped.items() if spans}

    def around(self) -> list[AlertSpan]:
        """Around every violation of the order that is the wearer's doing: what was decided can be decided again."""
        reach_us = max(0, self._reach_us() - AROUND_US)
        wearer = self.case.row.wearer
        return [
            AlertSpan(wearer, one.from_us - reach_us, None if one.to_us is None else one.to_us + reach_us)
            for one in self.current()
            if one.order == self.case.row.order and one.cause is Cause.WEARER
        ]

    def _reach_us(self) -> int:
        """How far the rules look around a violation: a whole run at the widest gap of the wearer's devices."""
        intervals = [one.version.record.interval_s for one in self.taken if isinstance(one.version.record, Device)]
        gap_s = max([300, *(3 * interval for interval in intervals)])
        return min(6 * gap_s, REACH_S) * SECOND_US


# ---- facts ----


async def _heard(sources: PackSources, of: _Order, until: int, zones: TimeZones) -> Heard:
    fitted = of.fitted()
    low, high = of.span()
    rows = await sources.facts(list(fitted), low - 1, until)
    facts = rows.facts
    kept = _while_fitted(facts, list(fitted.values())) & (facts["tag"] < len(fitted))
    cache = WindowCache(zones)
    open_ones = _without_sealed(of.taken)
    book = book_of(open_ones, cache)
    permits = permits_of(book, cache, of.case.row.wearer, low, high, of.around())
    fixes = np.flatnonzero(kept & ~facts["is_event"])
    of_fixes = facts[fixes]
    seen = permits.grounds(of_fixes["t_us"], of_fixes["lon"], of_fixes["lat"], of_fixes["acc"]) != 0
    kept[fixes[~seen]] = False
    return _as_heard(rows, np.flatnonzero(kept), list(fitted))


def _without_sealed(taken: Sequence[Taken]) -> list[Any]:
    """The versions by which positions are permitted: a zone that points at somebody would draw itself by which fixes are there."""
    sealed = sealed_conditions(taken)
    versions = (one.version for one in taken)
    return [one for one in versions if not (isinstance(one.record, Condition) and one.record.id in sealed)]


def _while_fitted(facts: Facts, spans: Sequence[list[Span]]) -> NDArray[np.bool_]:
    kept = np.zeros(len(facts), np.bool_)
    for index, own in enumerate(spans):
        mine = facts["device"] == index
        for start, end in own:
            kept |= mine & (facts["t_us"] >= start) & (facts["t_us"] < end)
    return kept


def _as_heard(rows: FactRows, kept: NDArray[np.int64], devices: Sequence[str]) -> Heard:
    whole = Heard(rows.facts, rows.commits, rows.sent_us, rows.quality, rows.devices, rows.data)
    return replace(whole.at(kept), devices=list(devices))


def _gone(heard: Heard, of: _Order, wanted: Wanted) -> bool:
    """Whether retention has taken facts of the time of what is relied on, or of a fact itself."""
    oldest_us = wanted.now_us - wanted.kept_days * DAY_US
    relied = {one.chosen.violation for one in of.case.chosen if one.chosen.relied}
    mine = [one for one in of.current() if one.id in relied]
    ids = set(heard.ids())
    own = set(heard.devices)
    lost = any(fact not in ids for one in mine for fact in one.evidence if fact.device in own)
    return lost or any(one.from_us - AROUND_US < oldest_us for one in mine)


async def _annex(sources: PackSources, of: _Order, whole: Gathered, until: int) -> Gathered | None:
    """The same with the facts of protected people around what is sealed; None where nothing sealed is relied on."""
    sealed = sealed_conditions(whole.taken)
    relied = {one.id for one in whole.relied}
    mine = [one for one in of.current() if one.id in relied and (one.condition in sealed or one.victim is not None)]
    if not mine:
        return None
    fitted = of.fitted(victims=True)
    if not fitted:
        return whole
    low, _ = of.span()
    own = list(whole.heard.devices)
    rows = await sources.facts([*own, *fitted], low - 1, until)
    spans = union((one.from_us - AROUND_US, (one.to_us or FAR_US) + AROUND_US) for one in mine)
    theirs = [common(worn, spans) for worn in fitted.values()]
    kept = _while_fitted(rows.facts, [*([] for _ in own), *theirs])
    kept |= np.isin(_identities(rows), list(_identities_of(whole.heard)))
    return replace(whole, heard=_as_heard(rows, np.flatnonzero(kept), [*own, *fitted]))


def _identities(rows: FactRows) -> NDArray[Any]:
    columns = (rows.facts[name].tolist() for name in ("device", "gen", "seq"))
    return np.array([f"{rows.devices[device]} {gen} {seq}" for device, gen, seq in zip(*columns, strict=True)], object)


def _identities_of(heard: Heard) -> set[str]:
    return {f"{one.device} {one.gen} {one.seq}" for one in heard.ids()}


# ---- unused material ----


async def _scheduled(sources: PackSources, of: _Order, heard: Heard, looks: Iterable[LookRow]) -> list[Scheduled]:
    wearer, (low, high) = of.case.row.wearer, of.span()
    found = [*_of_records(of, heard), *_of_decisions(of), *_rejudged(heard)]
    letters = await sources.letters(list(heard.devices), low)
    found += [
        Scheduled("parked", one.at_us, {"device": one.device, "reason": one.reason, "field": one.field})
        for one in letters
        if one.at_us < high
    ]
    found += [
        Scheduled("outage", one.from_us, {"id": one.id, "to": _text(one.to_us), "devices": one.devices})
        for one in await sources.outages(wearer)
        if one.from_us < high and (one.to_us or FAR_US) > low
    ]
    found += [
        Scheduled("look", one.at_us, {"who": one.who, "role": one.role, "deed": one.deed, "why": one.why})
        for one in looks
        if one.at_us >= low
    ]
    return sorted(found, key=lambda one: (one.at_us, one.kind, sorted(map(str, one.says.items()))))


def _text(us: int | None) -> str | None:
    return None if us is None else format_instant(us)


def _of_records(of: _Order, heard: Heard) -> Iterable[Scheduled]:
    mine = {one.id for one in of.violations if one.order in (None, of.case.row.order)}
    for one in of.taken:
        record = one.version.record
        if isinstance(record, Fitting) and record.wearer == of.case.row.wearer:
            yield Scheduled("swap", record.from_us, {"device": record.device, "to": _text(record.to_us)})
        elif isinstance(record, Device) and record.id in heard.devices and record.lot is not None:
            told = {"device": record.id, "lot": record.lot, "model": record.model, "firmware": record.firmware}
            yield Scheduled("lot", of.record().from_us, told)
        elif isinstance(record, Assessment) and record.violation in mine:
            told = {"violation": record.violation, "decision": record.decision.value, "reason": record.reason}
            yield Scheduled("assessment", record.at_us, told)


def _of_decisions(of: _Order) -> Iterable[Scheduled]:
    left = _left_out(of.case, of)
    for one in of.current():
        told = {"violation": one.id, "kind_of": one.kind.value, "from": format_instant(one.from_us)}
        if one.id in left and one.victim is None:
            yield Scheduled("left_out", one.from_us, told | {"to": _text(one.to_us), "why": left[one.id]})
        if one.cause is Cause.EQUIPMENT and one.victim is None and one.order in (None, of.case.row.order):
            yield Scheduled("fault", one.from_us, told | {"to": _text(one.to_us), "device": one.device})


def _rejudged(heard: Heard) -> Iterable[Scheduled]:
    facts = heard.facts
    ids: list[FactId] | None = None
    for k in np.flatnonzero(facts["quality"] != heard.quality).tolist():
        ids = heard.ids() if ids is None else ids
        first, now = Quality(int(facts["quality"][k])), Quality(int(heard.quality[k]))
        told = {"device": ids[k].device, "gen": ids[k].gen, "seq": ids[k].seq}
        yield Scheduled(
            "rejudged", int(facts["t_us"][k]), told | {"first": first.name.lower(), "now": now.name.lower()}
        )
