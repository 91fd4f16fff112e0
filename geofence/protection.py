"""What we do not know about a victim's safety (rules.md 8), by silence: opened at ticks, never judged again.

`proximity_unknown` names the side whose newest used fix is old, and ends with that side's next used fix.
`victim_unit_silent` is the victim's: it stands as long as a unit's contact or location is lost.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from domain.instants import EARLY_US, FAR_US
from domain.vocabulary import Cause, DeviceKind, Kind, Reason
from geofence.drafts import Draft, Proof
from geofence.intervals import holding
from geofence.layout import Case, Layout
from geofence.near_fold import sweep_pairs
from geofence.silence import Silence, closed_step, enforced_spans, opened_step
from geofence.versions import Entry, Standing, Step
from geofence.world import World


class Protection:
    """Violations by silence of pairs and of victims' units that stand open."""

    def __init__(self, world: World, silence: Silence, standing: Standing) -> None:
        self.world, self.silence, self.standing = world, silence, standing
        self.unknown: dict[str, Entry] = {}
        self.unknown_of: dict[int, set[str]] = {}
        self.silent: dict[int, Entry] = {}
        self.spoken: set[int | None] = set()
        """Units that are in contact again by a message of which the facts are still to be judged."""
        self._units: tuple[Layout | None, Any] = (None, np.zeros(0, np.int64))
        self._not_before: dict[str, int] = {}

    def restore(self, unknown: dict[str, Entry], silent: dict[int, Entry]) -> None:
        """Take back what stood."""
        self.unknown, self.silent = unknown, silent
        self.unknown_of = {}
        for condition, entry in unknown.items():
            self._watch(condition, entry)

    def changed(self) -> None:
        """The caseload changed: a pair that was not enforced may be now."""
        self._not_before.clear()

    def parties(self) -> set[int]:
        """Whose silence stands."""
        entries = [*self.unknown.values(), *self.silent.values()]
        return {entry.draft.party for entry in entries} | set(self.unknown_of)

    def tick(self, at_us: int) -> list[Step]:
        """What opens at a tick."""
        return self._tick_pairs(at_us) + self._tick_units(at_us)

    # ---- pairs ----

    def _tick_pairs(self, at_us: int) -> list[Step]:
        world = self.world
        tables = world.layout.tables
        if not len(tables.pairs):
            return []
        found = np.empty(len(tables.pairs), np.int64)
        n = sweep_pairs(tables.pairs, world.state.parties, world.nearness.trail, tables, at_us, found)
        steps = []
        for k in found[:n].tolist():
            case = world.layout.cases[world.layout.case_of_row[int(tables.pairs["row"][k])]]
            assert case is not None
            if case.id in self.unknown or self._not_before.get(case.id, EARLY_US) > at_us:
                continue
            spans = enforced_spans(world, case, at_us)
            span = holding(spans, at_us)
            if span is None:
                self._not_before[case.id] = min((a for a, _ in spans if a > at_us), default=FAR_US)
            else:
                steps.append(self._open_unknown(case, span[0], at_us))
        return steps

    def _open_unknown(self, case: Case, since_us: int, at_us: int) -> Step:
        old = min(proof for party in (case.party, case.other) if (proof := self._newest(party)) is not None)
        draft = Draft(Kind.PROXIMITY_UNKNOWN, case.party, max(old.t, since_us), None, [old], cause=Cause.UNKNOWN)
        draft.order, draft.condition, draft.told_us = case.order, case.id, self.world.told_at(case)
        draft.other, draft.device = case.other, old.device
        entry = self.unknown[case.id] = Entry(draft, opened_us=at_us)
        self._watch(case.id, entry)
        return opened_step(entry)

    def _newest(self, party: int) -> Proof | None:
        row = self.world.nearness.newest(self.world.state, party)
        if row is None:
            return None
        device = int(row["device"])
        rank = int(self.world.layout.tables.rank[device])
        return Proof(int(row["t_us"]), rank, int(row["gen"]), int(row["seq"]), device, int(row["received_us"]))

    def _watch(self, condition: str, entry: Entry) -> None:
        self.unknown_of.setdefault(self._whose(entry), set()).add(condition)

    def _whose(self, entry: Entry) -> int:
        """The party whose fix is old: who wore the device then."""
        old = entry.draft.proofs[0]
        fitted = (party for start, end, party in self.world.fittings(old.device) if start <= old.t < end)
        return next(fitted, entry.draft.party)

    def ends_at(self, case: Case, at_us: int) -> int:
        """When the enforcement ends in which a pair's nearness is not known; `FAR_US` where nothing stands."""
        if case.id not in self.unknown:
            return FAR_US
        span = holding(enforced_spans(self.world, case, at_us), at_us)
        return span[1] if span is not None else FAR_US

    def found_again(self, party: int, used: Sequence[Proof], at_us: int, judged: Collection[int]) -> list[Step]:
        """Used fixes of a party came, or time passed: where it is is known, or the condition is no longer enforced.

        ``judged``: as for `Silence.found_again`.
        """
        steps = []
        for condition in sorted(self.unknown_of.get(party, ())):
            entry = self.unknown[condition]
            case = self.world.layout.cases[self.world.book.condition_index[condition]]
            span = None
            if case is not None:
                span = holding(enforced_spans(self.world, case, entry.opened_us), entry.opened_us)
            ends = span[1] if span is not None else at_us if case is None else FAR_US
            fix = next((p for p in used if p.t > entry.draft.proofs[0].t), None)
            if fix is None and self.world.book.condition_index[condition] not in judged:
                continue
            if ends <= (at_us if fix is None else fix.t):
                steps.append(self._known(party, condition, max(ends, entry.draft.from_us), Reason.CLOCK, None))
            elif fix is not None:
                steps.append(self._known(party, condition, max(fix.t, entry.draft.from_us), Reason.FIXES, fix))
        return steps

    def _known(self, party: int, condition: str, at_us: int, reason: Reason, proof: Proof | None) -> Step:
        self.unknown_of[party].discard(condition)
        if not self.unknown_of[party]:
            del self.unknown_of[party]
        return closed_step(self.unknown.pop(condition), at_us, reason, proof)

    # ---- victims' units ----

    def _tick_units(self, at_us: int) -> list[Step]:
        world, contact = self.world, self.silence.contact
        if self._units[0] is not world.layout:
            units = [d for d, kind in enumerate(world.layout.kinds) if kind is DeviceKind.VICTIM_UNIT]
            self._units = (world.layout, np.array(units, np.int64))
        units = self._units[1]
        if not len(units):
            return []
        maybe = units[contact["lost"][units] | world.state.devices["lost"][units]]
        steps = []
        for device in maybe.tolist():
            losses = self._losses(device)
            if losses and device not in self.silent and self._protected(losses[0].party, at_us):
                steps.append(self._open_silent(device, losses))
        return steps

    def _losses(self, device: int) -> list[Draft]:
        """The losses of a device that stand open."""
        entry = self.silence.lost.get(device)
        found = [entry.draft] if entry is not None else []
        for _, _, party in self.world.fittings(device):
            for one in self.standing.groups.get((Kind.LOCATION_LOST, party, None, device), ()):
                if one.draft.to_us is None and one.draft not in found:
                    found.append(one.draft)
        return found

    def _protected(self, victim: int, at_us: int) -> bool:
        """Whether a condition protects a victim now."""
        layout = self.world.layout
        pairs = layout.tables.pairs
        rows = pairs["row"][(pairs["other"] == victim) & ~pairs["plain"]].tolist()
        cases = [layout.cases[layout.case_of_row[row]] for row in rows]
        return any(c is not None and holding(enforced_spans(self.world, c, at_us), at_us) is not None for c in cases)

    def _open_silent(self, device: int, losses: Sequence[Draft]) -> Step:
        row = self.silence.contact[device]
        from_us = min(draft.from_us for draft in losses)
        proofs = []
        if row["fact_t"] > EARLY_US and row["heard"] >= row["fitted"]:
            rank = int(self.world.layout.tables.rank[device])
            values = (int(row["fact_t"]), rank, int(row["fact_gen"]), int(row["fact_seq"]))
            proofs = [Proof(*values, device, int(row["fact_received"]))]
        draft = Draft(Kind.VICTIM_UNIT_SILENT, losses[0].party, from_us, None, proofs, cause=Cause.UNKNOWN)
        draft.device = device
        entry = self.silent[device] = Entry(draft)
        return opened_step(entry)

    def spoke(self, loss: Draft, at_us: int, reason: Reason) -> list[Step]:
        """A loss of a unit is over: it is silent no longer, if no other stands."""
        device = loss.device
        if device is None or device not in self.silent or self._losses(device):
            return []
        entry = self.silent.pop(device)
        natural = Reason.FIXES if reason is Reason.LATE_DATA else reason
        return [closed_step(entry, max(at_us, entry.draft.from_us), natural, None)]
