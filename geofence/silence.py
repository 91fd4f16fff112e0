"""What we did not know (rules.md 0, 5 and 7): by receive times, opened at ticks, never judged again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.facts import Facts
from domain.instants import EARLY_US, FAR_US
from domain.records import Condition, Order
from domain.vocabulary import Cause, Change, ConditionKind, DeviceKind, EventState, Kind, Reason
from geofence.cases import AHEAD_US, curfew_windows, seen_of
from geofence.drafts import Draft, Proof
from geofence.intake import judged_times
from geofence.intervals import holding, union, without
from geofence.layout import Case
from geofence.presence import UNKNOWN
from geofence.suspicion import RECEPTION, TOGETHER_US, Signs, suspicion_of
from geofence.sweeps import sweep_contact
from geofence.versions import Entry, Step
from geofence.whereabouts import Plan, look_again_us, plan_of, surely_known, turns_of
from geofence.world import World

SPEAKING = (DeviceKind.GPS_TAG, DeviceKind.HOME_UNIT, DeviceKind.VICTIM_UNIT, DeviceKind.ALCOHOL_TAG)

CONTACT = np.dtype(
    [
        ("heard", np.int64),  # receive time of the newest message, EARLY_US when there was none
        ("fact_t", np.int64),  # the last fact heard
        ("fact_gen", np.int64),
        ("fact_seq", np.int64),
        ("fact_received", np.int64),
        ("fitted", np.int64),  # the fitting and order that are or will be in force: its beginning,
        ("begin", np.int64),  # when the device is watched from
        ("until", np.int64),  # and until when
        ("party", np.int64),
        ("speaks", np.bool_),
        ("lost", np.bool_),
        ("dark", np.bool_),  # of a wearer whose order stands as unmonitored
        ("bat", np.float64),  # newest battery level in percent, NaN when none was told
        ("bat_t", np.int64),  # and its fix time
        ("reception_t", np.int64),  # newest trouble with reception that the device told of
    ],
)


class Silence:
    """Contact of every device, and the violations by silence that stand open."""

    def __init__(self) -> None:
        self.contact: NDArray[Any] = np.zeros(0, CONTACT)
        self.started_us = FAR_US
        self.lost: dict[int, Entry] = {}
        self.suspected: dict[int, Entry] = {}
        self.lost_lately: list[tuple[int, int]] = []
        """(tick, device) of the losses that opened in the last `TOGETHER_US`."""
        self.in_contact = 0
        """How many devices were watched and not lost after the newest tick."""
        self.in_zone: dict[str, Entry] = {}
        self.in_zone_of: dict[int, set[str]] = {}
        self.unknown: dict[str, Entry] = {}
        self.unknown_until: dict[str, int] = {}
        self.last_tick_us = EARLY_US
        self._ends_after = EARLY_US
        self.next_check: NDArray[np.int64] = np.zeros(0, np.int64)
        self._plans: dict[int, Plan] = {}

    def grow(self, devices: int, cases: int) -> None:
        """Make room."""
        extra = devices - len(self.contact)
        if extra > 0:
            rows = np.zeros(extra, CONTACT)
            rows["heard"] = rows["fact_t"] = EARLY_US
            rows["until"] = rows["bat_t"] = rows["reception_t"] = EARLY_US
            rows["bat"] = np.nan
            rows["party"] = -1
            self.contact = np.concatenate([self.contact, rows])
        if cases > len(self.next_check):
            more = np.full(cases - len(self.next_check), EARLY_US, np.int64)
            self.next_check = np.concatenate([self.next_check, more])

    def changed(self, world: World, cases: Collection[int], devices: Collection[int] | None = None) -> None:
        """The caseload changed: look anew at these curfews, and at who is watched of these devices; None: of all."""
        kinds = world.layout.kinds
        which = list(range(len(kinds)) if devices is None else devices)
        self.contact["until"][which] = EARLY_US
        self.contact["speaks"][which] = [kinds[device] in SPEAKING for device in which]
        for device in set(self.lost) if devices is None else self.lost.keys() & devices:
            self._watch(world, device, max(self.lost[device].draft.from_us, self.lost[device].opened_us))
        self._ends_after = EARLY_US
        self.next_check[list(cases)] = EARLY_US
        if devices is None:
            self._plans.clear()
        for case in cases:
            self._plans.pop(case, None)

    def parties(self) -> set[int]:
        """Whose silence stands."""
        entries = [*self.lost.values(), *self.suspected.values(), *self.in_zone.values(), *self.unknown.values()]
        return {entry.draft.party for entry in entries}

    # ---- contact ----

    def heard(self, device: NDArray[Any], at_us: NDArray[Any]) -> None:
        """Messages came; the newest of a device comes last."""
        self.contact["heard"][device] = at_us

    def note(self, facts: Facts) -> None:
        """New facts, those of a device in the order of their messages and then of facts: what a loss will ask of them."""
        contact, device = self.contact, facts["device"]
        newest = np.append(device[1:] != device[:-1], True)
        of, last = device[newest], facts[newest]
        contact["fact_t"][of], contact["fact_received"][of] = last["t_us"], last["received_us"]
        contact["fact_gen"][of], contact["fact_seq"][of] = last["gen"], last["seq"]
        told = np.flatnonzero(~np.isnan(facts["bat"]) & (facts["t_us"] >= contact["bat_t"][device]))
        told = told[np.lexsort((told, facts["t_us"][told]))]
        contact["bat"][device[told]], contact["bat_t"][device[told]] = facts["bat"][told], facts["t_us"][told]
        if facts["is_event"].any():
            trouble = facts["is_event"] & np.isin(facts["code"], RECEPTION) & (facts["state"] != EventState.END)
            at_us = np.minimum(judged_times(facts[trouble]), facts["received_us"][trouble])
            np.maximum.at(contact["reception_t"], device[trouble], at_us)

    def contact_again(self, device: int, at_us: int) -> list[Step]:
        """A message came from a device that was lost."""
        return self._close_lost(device, at_us, Reason.CONTACT) if device in self.lost else []

    def _close_lost(self, device: int, at_us: int, reason: Reason) -> list[Step]:
        self.contact["lost"][device] = False
        entries = [of.pop(device) for of in (self.lost, self.suspected) if device in of]
        return [closed_step(entry, max(at_us, entry.draft.from_us), reason, None) for entry in entries]

    def ended(self, at_us: int) -> list[Step]:
        """Losses that the end of a fitting or an order closes."""
        steps = []
        for device in [d for d in self.lost if self.contact["until"][d] <= at_us]:
            until = int(self.contact["until"][device])
            steps += self._close_lost(device, until, Reason.CLOCK)
        return steps

    def next_end(self, until_us: int = FAR_US) -> int:
        """When the next open loss ends with its fitting or order; exact if that is by ``until_us``, else some later time.

        Thousands may stand in an outage, and as many messages end them: it is not looked for each time.
        """
        if self._ends_after <= until_us:
            self._ends_after = int(self.contact["until"][list(self.lost)].min()) if self.lost else FAR_US
        return self._ends_after

    def tick_contact(self, world: World, at_us: int) -> list[Step]:
        """Open `communication_lost` for watched devices that have been silent for too long, and what it looks like."""
        fresh_us = world.layout.tables.fresh_us
        stale, silent = np.empty(len(self.contact), np.int64), np.empty(len(self.contact), np.int64)
        n_stale, n_silent, self.in_contact = sweep_contact(
            self.contact, fresh_us, self.started_us, at_us, stale, silent
        )
        if n_stale:
            for device in stale[:n_stale].tolist():
                self._watch(world, device, at_us)
            _, n_silent, self.in_contact = sweep_contact(self.contact, fresh_us, self.started_us, at_us, stale, silent)
        if not n_silent:
            return []
        steps = [self._lose(world, device, at_us) for device in silent[:n_silent].tolist()]
        self.lost_lately = [one for one in self.lost_lately if one[0] > at_us - TOGETHER_US]
        self.lost_lately += [(at_us, device) for device in silent[:n_silent].tolist()]
        together = len({device for _, device in self.lost_lately})
        watched = self.contact["speaks"] & (self.contact["begin"] <= at_us) & (at_us < self.contact["until"])
        others = int(np.count_nonzero(watched)) - 1
        for device in silent[:n_silent].tolist():
            steps += self._suspect(world, device, together - 1, others)
        return steps

    def _suspect(self, world: World, device: int, lost_too: int, others: int) -> list[Step]:
        """Whether the loss looks like shielding; a protected person is not suspected."""
        lost, row = self.lost[device].draft, self.contact[device]
        if row["heard"] < row["fitted"] or world.book.parties[lost.party][0] != "wearer":
            return []
        bat = float(row["bat"]) if row["bat_t"] >= row["fitted"] else float("nan")
        used_us = int(world.state.devices["place_t"][device])
        signs = Signs(int(row["heard"]), bat, used_us, int(row["reception_t"]), lost_too, others)
        score = suspicion_of(signs)
        if score is None:
            return []
        draft = replace(lost, kind=Kind.SHIELDING_SUSPECTED, score=score, proofs=list(lost.proofs))
        entry = self.suspected[device] = Entry(draft)
        return [opened_step(entry)]

    def _lose(self, world: World, device: int, at_us: int) -> Step:
        row = self.contact[device]
        from_us = max(int(row["fitted"]), int(row["heard"]))
        proofs = []
        if row["fact_t"] > EARLY_US and row["heard"] >= row["fitted"]:
            rank = int(world.layout.tables.rank[device])
            values = (int(row["fact_t"]), rank, int(row["fact_gen"]), int(row["fact_seq"]))
            proofs = [Proof(*values, device, int(row["fact_received"]))]
        draft = Draft(Kind.COMMUNICATION_LOST, int(row["party"]), from_us, None, proofs, cause=Cause.UNKNOWN)
        draft.device = device
        entry = self.lost[device] = Entry(draft, opened_us=at_us)
        row["lost"] = True
        self._ends_after = min(self._ends_after, int(row["until"]))
        return opened_step(entry)

    def _watch(self, world: World, device: int, at_us: int) -> None:
        """The stretch of fitting and active order that is in force, or comes next."""
        row = self.contact[device]
        row["begin"], row["until"] = FAR_US, at_us + AHEAD_US
        for start, end, party in world.fittings(device):
            for order_from, order_to in active_spans(world, party, at_us):
                begin, until = max(start, order_from), min(end, order_to)
                if begin < until and until > at_us:
                    if begin <= at_us + AHEAD_US:
                        row["fitted"], row["begin"], row["until"], row["party"] = start, begin, until, party
                    return

    # ---- lost in a zone ----

    def tick_in_zone(self, world: World, party: int, from_us: int, at_us: int) -> list[Step]:
        """A loss opened for this party: was the newest used fix where it must not be?"""
        steps = []
        for index in world.layout.cases_of.get(party, []):
            case = world.layout.cases[index]
            if case is None or case.id in self.in_zone or not in_peril(world, case):
                continue
            if holding(enforced_spans(world, case, at_us), at_us) is None:
                continue
            fix = world.state.parties[party]
            rank = int(world.layout.tables.rank[fix["fix_device"]])
            proof = Proof(
                int(fix["fix_t"]), rank, int(fix["fix_gen"]), int(fix["fix_seq"]), int(fix["fix_device"]), 0
            )._replace(received=int(fix["fix_received"]))
            draft = Draft(Kind.LOST_IN_ZONE, party, from_us, None, [proof], cause=Cause.UNKNOWN)
            draft.order, draft.condition, draft.told_us = case.order, case.id, world.told_at(case)
            draft.other = case.other
            entry = self.in_zone[case.id] = Entry(draft, opened_us=at_us)
            self.in_zone_of.setdefault(party, set()).add(case.id)
            steps.append(opened_step(entry))
        return steps

    def found_again(
        self, world: World, party: int, used: Sequence[Proof], at_us: int, judged: Collection[int]
    ) -> list[Step]:
        """Used fixes came, or time passed: what was lost in a zone is found, or the zone is no longer enforced.

        ``judged`` are the conditions (by index) judged at this line: only theirs may be ended by the clock alone. Another
        that is due is judged at its own line, the first that knows.
        """
        steps = []
        for condition in sorted(self.in_zone_of.get(party, ())):
            entry = self.in_zone[condition]
            case = world.layout.cases[world.book.condition_index[condition]]
            assert case is not None
            span = holding(enforced_spans(world, case, entry.opened_us), entry.opened_us)
            ends = span[1] if span is not None else FAR_US
            fix = next((p for p in used if p.t > entry.draft.from_us), None)
            if fix is None and world.book.condition_index[condition] not in judged:
                continue
            if ends <= (at_us if fix is None else fix.t):
                steps.append(self._close_zone(party, condition, ends, Reason.CLOCK, None))
            elif fix is not None:
                steps.append(self._close_zone(party, condition, fix.t, Reason.FIXES, fix))
        return steps

    def _close_zone(self, party: int, condition: str, at_us: int, reason: Reason, proof: Proof | None) -> Step:
        self.in_zone_of[party].discard(condition)
        if not self.in_zone_of[party]:
            del self.in_zone_of[party]
        return closed_step(self.in_zone.pop(condition), at_us, reason, proof)

    # ---- whereabouts ----

    def tick_whereabouts(self, world: World, at_us: int) -> list[Step]:
        """Look at every curfew whose grace has run since the tick before."""
        steps = []
        due = np.flatnonzero(self.next_check <= at_us)
        for index in due.tolist():
            case = world.layout.cases[index] if index < len(world.layout.cases) else None
            if case is None or case.kind is not ConditionKind.CURFEW:
                self.next_check[index] = FAR_US
                continue
            step = self._look(world, case, index, at_us)
            if step is not None:
                steps.append(step)
        self.last_tick_us = at_us
        return steps

    def _look(self, world: World, case: Case, index: int, at_us: int) -> Step | None:
        plan = self._plans.get(index)
        if plan is None or plan.until_us < at_us:
            made = plan_of(world, case, self.last_tick_us, at_us)
            if made is not None:
                plan = self._plans[index] = made
        turns = plan.turns if plan is not None else turns_of(world, case, self.last_tick_us, at_us)
        self.next_check[index] = look_again_us(at_us, case.row)
        step = None
        for due_us, until_us in turns:
            if until_us <= at_us:
                continue
            if due_us > at_us:
                self.next_check[index] = min(due_us, int(self.next_check[index]))
                break
            if case.id in self.unknown or due_us <= self.last_tick_us or due_us >= until_us:
                continue
            if plan is not None and surely_known(world, case, plan, due_us):
                continue
            if seen_of(world, case).state_at(due_us) == UNKNOWN:
                step = self._unknown(case, due_us, until_us, world.told_at(case))
        return step

    def _unknown(self, case: Case, from_us: int, until_us: int, told_us: int) -> Step:
        draft = Draft(Kind.WHEREABOUTS_UNKNOWN, case.party, from_us, None, [], cause=Cause.UNKNOWN)
        draft.order, draft.condition, draft.told_us = case.order, case.id, told_us
        self.unknown[case.id] = Entry(draft)
        self.unknown_until[case.id] = until_us
        return opened_step(self.unknown[case.id])

    def known_again(self, world: World, case: Case, at_us: int) -> Step | None:
        """After a line: presence is known, or the window is over."""
        entry = self.unknown.get(case.id)
        if entry is None:
            return None
        windows, excused = curfew_windows(world, case, entry.draft.from_us, at_us + AHEAD_US)
        window = holding(windows, entry.draft.from_us)
        unexcused = without([window], excused) if window is not None else []
        until = unexcused[-1][1] if unexcused else entry.draft.from_us
        self.unknown_until[case.id] = until
        if until <= at_us:
            del self.unknown[case.id], self.unknown_until[case.id]
            return closed_step(entry, max(until, entry.draft.from_us), Reason.CLOCK, None)
        if seen_of(world, case).state_at(at_us) == UNKNOWN:
            return None
        del self.unknown[case.id], self.unknown_until[case.id]
        return closed_step(entry, at_us, Reason.FIXES, None)


def active_spans(world: World, party: int, at_us: int) -> list[tuple[int, int]]:
    """When a party is under an order; a victim's are the orders with a condition that names the victim, as it is in force.

    A victim's are those around an instant.
    """
    kind, party_id = world.book.parties[party]
    if kind != "wearer":
        naming = world.book.ids(Condition, "victim", party_id)
        low, high = at_us - AHEAD_US, at_us + 2 * AHEAD_US
        return union(span for condition in naming for span in world.book.windows(condition, low, high))
    orders = world.book.ids(Order, "wearer", party_id)
    return union(span for order in orders for span in world.book.order_spans(order))


def enforced_spans(world: World, case: Case, at_us: int) -> list[tuple[int, int]]:
    """A zone's enforcement around an instant."""
    low, high = at_us - AHEAD_US, at_us + AHEAD_US
    spans = without(world.book.windows(case.id, low, high), world.book.suspensions(case.order, low, high))
    return without(spans, world.book.absences(case.id, low, high))


def in_peril(world: World, case: Case) -> bool:
    """Whether the newest used fix was where a loss of contact is dangerous (rules.md 7, `lost_in_zone`)."""
    tracks = world.state.tracks
    if case.kind is ConditionKind.RESTRICTION_ZONE:
        return bool(tracks[case.row]["last_class"] == -1)
    if case.kind is ConditionKind.PROXIMITY:
        return case.other >= 0 and bool(tracks[case.buffer_row]["last_class"] == 1)
    if case.kind is not ConditionKind.EXCLUSION_ZONE:
        return False
    record = world.book.newest(Condition, case.id)
    buffered = record is not None and record.buffer_m > 0 and case.buffer_row >= 0
    return bool(tracks[case.buffer_row if buffered else case.row]["last_class"] >= 0)


def opened_step(entry: Entry) -> Step:
    """What was not known is said."""
    return Step(entry, entry.draft, Change.OPENED, Reason.SILENCE, entry.draft.from_us)


def closed_step(entry: Entry, at_us: int, reason: Reason, proof: Proof | None) -> Step:
    """It is over, by a fact perhaps."""
    proofs = [*entry.draft.proofs, proof] if proof is not None else entry.draft.proofs
    entry.draft = replace(entry.draft, to_us=at_us, proofs=list(proofs))
    return Step(entry, entry.draft, Change.CLOSED, reason, at_us)
