"""One line after another for the clusters that it concerns: what was news, what fell due, and the versions made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from domain.instants import EARLY_US, FAR_US
from domain.records import Condition
from domain.vocabulary import Change, ConditionKind, DeviceKind, Kind, Reason
from geofence.alcohol_rules import confirmed
from geofence.atv import judge_atv
from geofence.cases import judge_device
from geofence.clusters import Clusters
from geofence.drafts import Draft, Proof
from geofence.going_on import GoingOn
from geofence.intervals import Span, holding
from geofence.judging import judge_condition
from geofence.not_fitted import judge_fitting
from geofence.protection import Protection
from geofence.silence import Silence, enforced_spans
from geofence.versions import Entry, Group, Line, Standing, Step, group_of, meets
from geofence.world import World

if TYPE_CHECKING:
    from geofence.refold import Folded

CASE, DEVICE, ATV, FITTING = 0, 1, 2, 3
Unit = tuple[int, int]
"""What is judged at once: a condition or a device, by index, or the sums of a party's orders, or whether they are fitted.
At a line in this order: a sum rests on the curfews that the line changed."""


@dataclass(slots=True)
class Wakes:
    """When the clock alone may change something: instants by condition and by device, and by party where there are sums."""

    case: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    device: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    atv: dict[int, int] = field(default_factory=dict)
    fitting: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))

    def grow(self, cases: int, devices: int, parties: int) -> None:
        """Make room; nothing is due of what is new, but that a new party must be looked at."""
        self.fitting = np.concatenate([self.fitting, np.full(max(0, parties - len(self.fitting)), EARLY_US, np.int64)])
        self.case = np.concatenate([self.case, np.full(max(0, cases - len(self.case)), FAR_US, np.int64)])
        self.device = np.concatenate([self.device, np.full(max(0, devices - len(self.device)), FAR_US, np.int64)])

    def due(self, at_us: int) -> list[Unit]:
        """What is due by an instant."""
        cases = [(CASE, int(c)) for c in np.flatnonzero(self.case <= at_us)]
        sums = [(ATV, party) for party, wake in self.atv.items() if wake <= at_us]
        fittings = [(FITTING, int(p)) for p in np.flatnonzero(self.fitting <= at_us)]
        return cases + [(DEVICE, int(d)) for d in np.flatnonzero(self.device <= at_us)] + sums + fittings

    def of(self, unit: Unit) -> int:
        """When one unit is due."""
        if unit[0] == ATV:
            return self.atv.get(unit[1], FAR_US)
        return int(self._column(unit[0])[unit[1]])

    def _column(self, what: int) -> NDArray[np.int64]:
        return {CASE: self.case, DEVICE: self.device, FITTING: self.fitting}[what]

    def put(self, unit: Unit, at_us: int) -> None:
        """Set when one unit is due."""
        if unit[0] == ATV:
            if at_us < FAR_US:
                self.atv[unit[1]] = at_us
            else:
                self.atv.pop(unit[1], None)
            return
        self._column(unit[0])[unit[1]] = at_us

    def next_us(self) -> int:
        """The next instant at which something is due."""
        arrays = min(column.min(initial=FAR_US) for column in (self.case, self.device, self.fitting))
        return min(int(arrays), min(self.atv.values(), default=FAR_US))


class Ending(Protocol):
    """What holds violations that are never judged again, and that the clock may end."""

    def next_end(self, until_us: int) -> int:
        """When it ends the next: exact if that is by ``until_us``, else some later time."""
        ...

    def ended(self, at_us: int) -> list[Step]:
        """What has ended by an instant."""
        ...


class Stepper:
    """Judges units at a line and writes down what differs."""

    def __init__(self, world: World, clusters: Clusters, silence: Silence) -> None:
        self.world = world
        self.clusters = clusters
        self.silence = silence
        self.endings: list[Ending] = [silence]
        self.standing = Standing()
        self.protection = Protection(world, silence, self.standing)
        self.wakes = Wakes()
        self.made: list[Step] = []
        self.numbers: dict[int, int] = {}
        """The highest number given to a violation of each party."""
        self.going_on = GoingOn(world, silence, self.protection)
        self._groups: dict[Unit, set[Group]] = {}

    def write(self, steps: Iterable[Step], index: int, line: Line) -> None:
        """Versions of a line, to be numbered when the batch is done."""
        for step in steps:
            step.line, step.decided = index, line
            self._say_when_told(step.draft)
            self.made.append(step)
            if step.draft.kind in LOSSES and self.protection.silent and not _goes_on(step):
                self._unit_again(step, index, line)

    def _say_when_told(self, draft: Draft) -> None:
        """By what is known at the line that decides: of what was judged before a record, that may have been otherwise."""
        condition = None if draft.condition is None else self.world.book.newest(Condition, draft.condition)
        if condition is not None:
            draft.told_us = self.world.book.told_at(condition)

    def _unit_again(self, step: Step, index: int, line: Line) -> None:
        """A loss is over: a victim's unit may be silent no longer. A message's facts are asked first (`BatchRun`)."""
        if (
            step.reason is Reason.CONTACT and step.change is Change.CLOSED
        ) or step.draft.device in self.protection.spoken:
            return
        at_us = line.at_us if step.draft.to_us is None else step.draft.to_us
        self.write(self.protection.spoke(step.draft, at_us, step.reason), index, line)

    def judge(
        self, units: Iterable[Unit], index: int, line: Line, used: dict[int, list[Proof]] | None = None
    ) -> list[tuple[int, int]]:
        """Judge units at a line. Returns the (party, from) of locations that were lost by it and are lost now."""
        losses: list[tuple[int, int]] = []
        parties: set[int] = set(used or ())
        judged = self._with_sums(units)
        conditions = {unit[1] for unit in judged if unit[0] == CASE}
        for unit in judged:
            steps = self._judge_one(unit, index, line)
            self.write(steps, index, line)
            losses += [
                (s.draft.party, s.draft.from_us)
                for s in steps
                if s.draft.kind is Kind.LOCATION_LOST
                and s.change is Change.OPENED
                and s.draft.to_us is None
                and s.draft.device is not None
                and self.world.layout.kinds[s.draft.device] is DeviceKind.GPS_TAG
            ]
            if unit[0] == CASE:
                case = self.world.layout.cases[unit[1]]
                if case is not None:
                    parties |= {case.party, case.other} if case.other >= 0 else {case.party}
        for party in sorted(parties):
            proofs = sorted((used or {}).get(party, []))
            if party in self.protection.unknown_of:
                self.write(self.protection.found_again(party, proofs, line.at_us, conditions), index, line)
            if party in self.silence.in_zone_of:
                self.write(self.silence.found_again(self.world, party, proofs, line.at_us, conditions), index, line)
        for party, from_us in losses:
            self.lost(party, from_us, index, line)
        return losses

    def lost(self, party: int, from_us: int, index: int, line: Line) -> None:
        """A loss opened: the party may be lost in a zone."""
        steps = self.silence.tick_in_zone(self.world, party, from_us, line.at_us)
        self.write(steps, index, line)
        for step in steps:
            assert step.draft.condition is not None
            self._wake_at_end_of_zone(step.draft.condition, line.at_us)

    def unsafe(self, index: int, line: Line) -> None:
        """At a tick: victims of whom we do not know that they are safe."""
        steps = self.protection.tick(line.at_us)
        self.write(steps, index, line)
        for step in steps:
            if step.draft.condition is not None:
                self._wake_at_end_of_zone(step.draft.condition, line.at_us)

    def _wake_at_end_of_zone(self, condition: str, at_us: int) -> None:
        at = self.world.book.condition_index[condition]
        case = self.world.layout.cases[at]
        assert case is not None
        span = holding(enforced_spans(self.world, case, at_us), at_us)
        if span is not None:
            self.wakes.case[at] = min(int(self.wakes.case[at]), span[1])

    def _with_sums(self, units: Iterable[Unit]) -> list[Unit]:
        """In their order, and after the curfews of a party the sums that rest on them."""
        wanted = set(units)
        if self.world.layout.atv:
            cases = self.world.layout.cases
            curfews = [case for unit in wanted if unit[0] == CASE and (case := cases[unit[1]]) is not None]
            parties = {case.party for case in curfews if case.kind is ConditionKind.CURFEW}
            wanted |= {(ATV, party) for party in parties if party in self.world.layout.atv}
        return sorted(wanted)

    def _judge_one(self, unit: Unit, index: int, line: Line) -> list[Step]:
        known = self._groups.get(unit, set())
        steps: list[Step] = []
        if unit[0] == CASE:
            case = self.world.layout.cases[unit[1]]
            if case is None:
                self.wakes.put(unit, FAR_US)
                return []
            drafts, wake = judge_condition(self.world, case, line.at_us)
            if case.kind is ConditionKind.ALCOHOL and (drafts or known):
                return self._suspected(unit, case.party, drafts, wake, index, line)
            if case.id in self.silence.unknown:
                step = self.silence.known_again(self.world, case, line.at_us)
                steps = [step] if step is not None else []
                wake = min(wake, self.silence.unknown_until.get(case.id, FAR_US))
            if case.id in self.silence.in_zone:
                span = holding(enforced_spans(self.world, case, line.at_us), line.at_us)
                wake = min(wake, span[1] if span is not None else FAR_US)
            wake = min(wake, self.protection.ends_at(case, line.at_us))
        elif unit[0] == DEVICE:
            drafts, wake = judge_device(self.world, unit[1], line.at_us)
        elif unit[0] == FITTING:
            drafts, wake = judge_fitting(self.world.book, unit[1], line.at_us)
        else:
            drafts, wake = judge_atv(self.world, unit[1], self._not_counted(unit[1], index), line.at_us)
            if self._is_unnamed(unit[1]):
                wake = min(wake, line.at_us + 1)
        self.wakes.put(unit, wake)
        steps += self.standing.compare(known, drafts, line)
        self._stands(unit, drafts)
        if unit[0] == CASE:
            out = drafts or wake != FAR_US or not self.going_on.is_never_out(unit[1])
            self.going_on.never_out[unit[1]] = not out
        return steps

    def _stands(self, unit: Unit, drafts: Iterable[Draft]) -> None:
        """Note in which groups a unit has something."""
        groups = {group_of(draft) for draft in drafts}
        if groups:
            self._groups[unit] = groups
        else:
            self._groups.pop(unit, None)

    # ---- what a person confirms ----

    def _suspected(self, unit: Unit, party: int, drafts: list[Draft], wake: int, index: int, line: Line) -> list[Step]:
        """Suspicions are compared first: an upheld assessment names one of them, and makes it a violation (rules.md 6).

        One that was assessed before it was named is confirmed at the next line.
        """
        known = self._groups.get(unit, set())
        steps = self.standing.compare({g for g in known if g[0] is not Kind.ALCOHOL}, drafts, line)
        upheld, all_named = self._upheld(party, drafts, index, line.at_us)
        self.wakes.put(unit, wake if all_named else line.at_us)
        steps += self.standing.compare({g for g in known if g[0] is Kind.ALCOHOL}, upheld, line)
        self._stands(unit, [*drafts, *upheld])
        return steps

    def _upheld(self, party: int, drafts: Sequence[Draft], index: int, at_us: int) -> tuple[list[Draft], bool]:
        """What a person made of those suspicions of a party that stand, and whether each has a name by now."""
        book = self.world.book
        party_id = book.parties[party][1]
        if party_id not in book.assessed:
            return [], True
        self._number(party, index)
        found: list[Draft] = []
        all_named = True
        for draft in drafts:
            if draft.kind is Kind.ALCOHOL_SUSPECTED:
                entries = [e for e in self.standing.groups.get(group_of(draft), ()) if meets(e.draft, draft)]
                entry = next((e for e in entries if e.draft is draft), entries[0] if entries else None)
                if entry is None or not entry.number:
                    all_named = False
                elif book.is_upheld(f"{party_id}-{entry.number}", at_us):
                    found.append(confirmed(draft))
        return found, all_named

    # ---- sums ----

    def _not_counted(self, party: int, index: int) -> Callable[[Draft], list[Span]]:
        """When a curfew violation does not count: a retrospective one never does, an assessed one by its assessment."""
        party_id = self.world.book.parties[party][1]
        assessed = party_id in self.world.book.assessed
        if assessed:
            self._number(party, index)

        def of(draft: Draft) -> list[Span]:
            entries = self.standing.groups.get(group_of(draft), [])
            entry = next((e for e in entries if e.draft.from_us == draft.from_us), None)
            if draft.from_us < draft.told_us or (entry is not None and entry.retrospective):
                return [(EARLY_US, FAR_US)]
            if entry is None or entry.number == 0 or not assessed:
                return []
            return self.world.book.not_counted(f"{party_id}-{entry.number}")

        return of

    def _is_unnamed(self, party: int) -> bool:
        """Whether a curfew violation was opened by this very line, of a party with assessments: one may have named it."""
        book = self.world.book
        if book.parties[party][1] not in book.assessed:
            return False
        cases = (self.world.layout.cases[index] for index in self.world.layout.cases_of.get(party, ()))
        groups: list[Group] = [(Kind.CURFEW, party, case.id, None) for case in cases if case is not None]
        return any(entry.number == 0 for group in groups for entry in self.standing.groups.get(group, ()))

    # ---- names ----

    def key(self, step: Step) -> tuple[Any, ...]:
        """The order of versions (contract.md)."""
        draft = step.draft
        kind, party = self.world.book.parties[draft.party]
        other_kind, other = self.world.book.parties[draft.other] if draft.other >= 0 else ("", "")
        wearer, victim = (party, other if other_kind == "victim" else "") if kind == "wearer" else ("", party)
        device = "" if draft.device is None else self.world.book.roster.ids[draft.device]
        return (step.line, draft.from_us, draft.kind.value, wearer, victim, draft.condition or "", device)

    def give_number(self, entry: Entry) -> None:
        """The next number of its party, to a violation that has none."""
        if entry.number == 0:
            party = entry.draft.party
            entry.number = self.numbers[party] = self.numbers.get(party, 0) + 1

    def not_fitted(self) -> set[str]:
        """The orders that stand as not fitted."""
        found = (e.draft for group, of in self.standing.groups.items() if group[0] is Kind.NOT_FITTED for e in of)
        return {draft.order for draft in found if draft.order is not None and draft.to_us is None}

    def fitting_changes(self, parties: Iterable[int], at_us: int) -> bool:
        """A record was learnt: whether it makes or ends what is not fitted. If not, looks when the clock will."""
        book = self.world.book
        self.wakes.grow(0, 0, len(book.parties))
        for party in parties:
            drafts, wake = judge_fitting(book, party, at_us)
            if drafts or (FITTING, party) in self._groups:
                return True
            self.wakes.put((FITTING, party), wake)
        return False

    def _number(self, party: int, before: int) -> None:
        """Number what the lines of this batch before one opened for a party: an assessment names its number."""
        steps = [s for s in self.made if s.line < before and s.entry.number == 0 and s.draft.party == party]
        for step in sorted(steps, key=self.key):
            self.give_number(step.entry)

    # ---- what falls due ----

    def due_before(self, index_of: dict[int, int], instants: NDArray[np.int64], first: int, due: list[Unit]) -> None:
        """Judge what falls due at lines before the one that a cluster has now. ``index_of``: cluster to its line."""
        for units in self._together(due):
            line = index_of.get(self.cluster_of(units[0]))
            if line is not None:
                self._run_due(units, instants, first, line)

    def due_until(self, instants: NDArray[np.int64], first: int, last: int, due: list[Unit]) -> None:
        """Judge what falls due at the lines [first, last)."""
        for units in self._together(due):
            self._run_due(units, instants, first, last)

    def _together(self, due: list[Unit]) -> list[list[Unit]]:
        """Each by itself, but a party's conditions and its sums line by line together."""
        sums, named = self.world.layout.atv, self.world.layout.named
        if not named:
            return [[unit] for unit in due]
        alone = [[unit] for unit in due if self.party_of(unit) not in named]
        of_party: dict[int, list[Unit]] = {}
        for unit in due:
            party = self.party_of(unit)
            if party in named:
                of_party.setdefault(party, [(ATV, party)] if party in sums else []).append(unit)
        return alone + [sorted(set(units)) for units in of_party.values()]

    def _run_due(self, units: list[Unit], instants: NDArray[np.int64], first: int, before: int) -> None:
        at = first
        while True:
            wake = min(self.wakes.of(unit) for unit in units)
            at = max(at, first + int(np.searchsorted(instants[first:before], wake)))
            if at >= before:
                return
            line = Line(int(instants[at]), is_message=True)
            self.judge([unit for unit in units if self.wakes.of(unit) <= line.at_us], at, line)
            at += 1

    def end_losses(self, instants: NDArray[np.int64], first: int, last: int, *, is_message: bool = True) -> None:
        """Close losses whose fitting or order has ended, and what else only the clock ends, at the first line that knows."""
        while (ends_us := self.next_end(int(instants[last - 1]))) <= instants[last - 1]:
            at = first + int(np.searchsorted(instants[first:last], ends_us))
            line = Line(int(instants[at]), is_message=is_message)
            for ending in self.endings:
                self.write(ending.ended(line.at_us), at, line)

    def next_end(self, until_us: int) -> int:
        """When the clock next ends something that is never judged again, if it does by ``until_us``."""
        return min(ending.next_end(until_us) for ending in self.endings)

    def cluster_of(self, unit: Unit) -> int:
        """The cluster of a party, its conditions and its sums, or of a device."""
        if unit[0] == DEVICE:
            return int(self.clusters.of_device[unit[1]])
        if unit[0] in (ATV, FITTING):
            return int(self.clusters.of_party[unit[1]])
        case = self.world.layout.cases[unit[1]]
        return -1 if case is None else int(self.clusters.of_party[case.party])

    def party_of(self, unit: Unit) -> int:
        """Whose a condition or a sum is; -1 for a device."""
        if unit[0] in (ATV, FITTING):
            return unit[1]
        case = self.world.layout.cases[unit[1]] if unit[0] == CASE else None
        return -1 if case is None else case.party

    def drafts(self, unit: Unit, index: int, at_us: int) -> list[Draft]:
        """What a condition, a device or a sum would come out as, written nowhere."""
        if unit[0] == ATV:
            return judge_atv(self.world, unit[1], self._not_counted(unit[1], index), at_us)[0]
        if unit[0] == FITTING:
            return judge_fitting(self.world.book, unit[1], at_us)[0]
        if unit[0] == DEVICE:
            return judge_device(self.world, unit[1], at_us)[0]
        case = self.world.layout.cases[unit[1]]
        if case is None:
            return []
        found = judge_condition(self.world, case, at_us)[0]
        if case.kind is ConditionKind.ALCOHOL:
            found += self._upheld(case.party, found, index, at_us)[0]
        return found

    def units_of(self, clusters: Sequence[int] | NDArray[np.int64]) -> list[Unit]:
        """Everything that is judged of some clusters."""
        devices = np.concatenate([_NONE, *map(self.clusters.devices_in, clusters)]).tolist()
        parties = np.concatenate([_NONE, *map(self.clusters.parties_in, clusters)]).tolist()
        cases = [c for p in parties for c in self.world.layout.cases_of.get(p, [])]
        return [(CASE, c) for c in cases] + [(DEVICE, d) for d in devices] + [(FITTING, p) for p in parties]

    def units_again(self, folded: Folded, instant_of: Callable[[int], int]) -> list[Unit]:
        """What must be judged after clusters were folded again, each at its instant.

        What cannot come out otherwise is left out: conditions of which judges read what they read before (`GoingOn.may_move`), and devices
        of whose location nothing was ever news; what events change is known from them.
        """
        found: list[Unit] = []
        cases_of = self.world.layout.cases_of
        for cluster in folded.again.tolist():
            cases = [c for p in self.clusters.parties_in(cluster).tolist() for c in cases_of.get(p, ())]
            found += [(CASE, c) for c in cases if self.going_on.may_move(c, folded.moved, instant_of(cluster))]
            found += [(DEVICE, d) for d in self.clusters.devices_in(cluster).tolist() if self._may_be_lost(d)]
        return found

    def _may_be_lost(self, device: int) -> bool:
        return bool(self.world.streams.location.get(device)) or (DEVICE, device) in self._groups

    # ---- state ----

    def entries(self) -> list[tuple[Group, list[Entry]]]:
        """What stands, by group."""
        return list(self.standing.groups.items())

    def restore(self, groups: dict[Group, list[Entry]]) -> None:
        """Take back what stood."""
        self.standing.groups = groups
        index = self.world.book.condition_index
        for group in groups:
            kind, party, condition, device = group
            if condition is not None:
                unit = (CASE, index[condition])
            elif kind is Kind.NOT_FITTED:
                unit = (FITTING, party)
            else:
                unit = (ATV, party) if device is None else (DEVICE, device)
            self._groups.setdefault(unit, set()).add(group)


_NONE: NDArray[np.int64] = np.zeros(0, np.int64)
LOSSES = frozenset({Kind.COMMUNICATION_LOST, Kind.LOCATION_LOST})


def _goes_on(step: Step) -> bool:
    return step.draft.to_us is None and step.change is not Change.WITHDRAWN
