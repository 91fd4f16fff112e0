"""The rules: lines in, versions of violations out (rules.md 0). Pure: every line carries its own instant.

`Rules.judge` takes a batch of lines. Facts that only go on with what was are folded by compiled loops over columns
(`geofence.fold`); what is news becomes intervals (`geofence.cases`), and what differs from what was said before becomes
versions (`geofence.versions`). Late facts take the same way from an older copy of the state (`geofence.refold`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.facts import Batch, Facts, Roster, empty_facts
from domain.instants import EARLY_US, FAR_US, SECOND_US
from domain.records import Fitting, Version
from domain.violations import Violation
from domain.vocabulary import ConditionKind, OrderState, Quality
from geofence.affected import Changes, affected_parties
from geofence.batch_run import BatchRun
from geofence.book import Book
from geofence.clusters import Clusters
from geofence.decisions import Answer, Ask, Decisions
from geofence.fold import too_fast
from geofence.intake import judged_times, keep_to_their_own, stateless_quality
from geofence.layout import Planner
from geofence.ledger import Ledger
from geofence.log import FactLog
from geofence.order_states import count_order_states
from geofence.outage import Outage
from geofence.reception import Reception
from geofence.refold import Base, Folder
from geofence.silence import Silence
from geofence.stepper import Stepper
from geofence.timetable import WindowCache
from geofence.unloaded import Unloaded
from geofence.unmonitored import OrderTable, Unmonitored, order_table
from geofence.versions import as_violation
from geofence.wallclock import TimeZones
from geofence.world import World

MAX_LOG = 300_000
"""Facts held before the base moves up; what is older than the base is judged again from stored facts, which must be asked for."""
YOUNG_US = 60 * SECOND_US
"""A generation of the state is no younger than this when the next is made: messages that come out of order do so by seconds, and find
their facts here however many come in one."""
MOST_LOGS = 16
"""But never so many times the facts are held."""


class Rules:
    """The state of the fleet and the one way to move it on."""

    def __init__(self, roster: Roster, versions: Iterable[Version], zones: TimeZones, max_log: int = MAX_LOG) -> None:
        self.roster = roster
        self.max_log = max_log
        self.book = Book(roster, WindowCache(zones))
        for version in versions:
            self.book.learn(version)
        self.planner = Planner(self.book)
        self.world = World(self.book, self.planner.layout())
        self.clusters = Clusters()
        self.log = FactLog()
        self.silence = Silence()
        self.folder = Folder(self.world, self.clusters, self.log)
        self.unmonitored = Unmonitored(self.world, self.silence)
        self.reception = Reception(self.world)
        self.unloaded = Unloaded(self.world, self.silence)
        self.outage = Outage(self.world, self.silence)
        self.stepper = Stepper(self.world, self.clusters, self.silence)
        self.stepper.endings += [self.unmonitored, self.reception, self.unloaded]
        self.ledger = Ledger()
        self.waiting: Facts = empty_facts()
        self._told: dict[tuple[int, int, int], int] = {}
        """What `_remembered` needs beside the log. No part of the state: what is not here is looked up."""
        self.newest: NDArray[np.int64] = np.zeros(0, np.int64)
        self.now_us = EARLY_US
        self.changes: Changes | None = None
        """What was learnt since the tables were made; None: everything."""
        self._orders: OrderTable | None = None
        self._spare_log, self._spare_us = 0, EARLY_US
        self.requalified: list[tuple[int, int, int, int, Quality]] = []
        self.relay_out()

    def learn(self, version: Version) -> list[int]:
        """Take a record. Returns the parties that it concerns, by what was known before it or is now."""
        parties = affected_parties(self.book, version)
        ever = self.book.ever(type(version.record), version.record.id)
        self.book.learn(version)
        parties |= affected_parties(self.book, version)
        if self.changes is not None:
            self.changes.take(version, ever, parties)
        return sorted(parties)

    def relay_out(self) -> None:
        """Tables anew from the caseload, where it has changed; rows keep their numbers."""
        world = self.world
        changes, self.changes = self.changes, Changes()
        touched = None if changes is None else changes.touched(self.book)
        if changes is None or changes.orders:
            self._orders = None
        grown = len(self.clusters.of_device) < len(self.roster.ids)
        if changes is None or changes.tables or grown:
            world.layout = self.planner.layout(touched)
            self.clusters.renew(world, None if touched is None else touched.devices)
            self._make_room()
        world.pairs_of_unit, world.units_of_case = {}, {}
        for (unit, tag), pair in world.pair_index.items():
            world.pairs_of_unit.setdefault(unit, []).append((tag, pair))
        old, cases = len(self.silence.next_check), len(self.book.conditions)
        devices = len(self.roster.ids)
        self.silence.grow(devices, cases)
        index_of = self.book.condition_index
        moved = {index_of[name] for name in touched.conditions} if touched is not None else set()
        self.silence.changed(world, [*range(old, cases), *moved], None if touched is None else touched.devices)
        self.stepper.wakes.grow(cases, devices, len(self.book.parties))
        kinds = [(k, world.layout.cases[k]) for k in range(old, cases)]
        attended = [k for k, case in kinds if case is not None and case.kind is ConditionKind.ATTENDANCE]
        self.stepper.wakes.case[attended] = EARLY_US
        self.reception.grow(devices)
        self.reception.changed()
        self.unmonitored.changed()
        self.unloaded.changed()
        self.stepper.protection.changed()
        self.stepper.going_on.changed()

    def _make_room(self) -> None:
        devices, parties, tracks = len(self.roster.ids), len(self.book.parties), len(self.planner.owners)
        for state in (self.world.state, *self.folder.older_states()):
            state.grow(devices, parties, tracks, len(self.world.pair_index))
        self.ledger.grow(devices)
        self.newest = np.concatenate([self.newest, np.full(parties - len(self.newest), EARLY_US, np.int64)])

    # ---- asking ----

    def ask(self, batch: Batch) -> Ask:
        """What must be looked up before this batch can be judged; mostly nothing."""
        self.freshen()
        keep_to_their_own(batch.facts, self.clusters.is_unit)
        repeated = [i for i in self.ledger.seen_before(batch.facts) if self._remembered(*i) is None]
        return Ask(repeated, *self._history(batch))

    def _history(self, batch: Batch) -> tuple[list[int], list[int]]:
        """Devices of the clusters that reach back before the base, and since when their stored facts are needed."""
        base, clusters = self.folder.base.state, self.clusters
        heads = base.devices["head_t"]
        if not (heads > EARLY_US).any():
            return [], []
        facts = batch.facts
        device, t_us = facts["device"], judged_times(facts)
        behind = t_us <= heads[device]
        behind |= self._may_confirm(facts)
        of = clusters.of_device[device]
        by_cluster = np.full(len(clusters.of_device) + len(clusters.of_party), EARLY_US)
        np.maximum.at(by_cluster, clusters.of_party, base.parties["head_t"][: len(clusters.of_party)])
        behind |= t_us <= by_cluster[of]
        late = set(of[behind].tolist())
        anew = self._joined(facts, late)
        for version in batch.learnt.values():
            anew |= {int(clusters.of_party[p]) for p in affected_parties(self.book, version)}
            if isinstance(version.record, Fitting) and version.record.device in self.roster.index:
                anew.add(
                    int(clusters.of_device[self.roster.index[version.record.device]])
                )  # it may be nobody's until now
        low_us = np.full(len(by_cluster), FAR_US, np.int64)
        np.minimum.at(low_us, of, t_us)
        devices: list[int] = []
        since_us: list[int] = []
        for cluster in sorted(late | anew):
            members = clusters.devices_in(cluster)
            one = None if cluster in anew else self.folder.resumes.newest(members, int(low_us[cluster]))
            if (heads[members] > EARLY_US).any() and (one is None or not one.whole):
                devices += members.tolist()
                since_us += [EARLY_US if one is None else one.at_us] * len(members)
        return devices, since_us

    def _joined(self, facts: Facts, late: set[int]) -> set[int]:
        """Clusters of which this batch makes one, because a home unit speaks of a tag, where one of them has late facts."""
        spoken = facts["tag"] >= 0
        unit, tag = (self.clusters.of_device[facts[name][spoken]] for name in ("device", "tag"))
        apart = set(zip(unit[unit != tag].tolist(), tag[unit != tag].tolist(), strict=True))
        return {cluster for both in apart if late & set(both) for cluster in both}

    def _may_confirm(self, facts: Facts) -> NDArray[np.bool_]:
        """Facts of devices whose rejected fix, which the next may confirm, came before the base."""
        base, now = self.folder.base.state.devices, self.world.state.devices
        device = facts["device"]
        may: NDArray[np.bool_] = base["has_rejected"][device] & ~facts["is_event"]
        for k in np.flatnonzero(may).tolist():
            d, f = now[device[k]], facts[k]
            still = d["has_rejected"] and d["rejected_seq"] == base["rejected_seq"][device[k]]
            places = (d["rejected_lat"], d["rejected_lon"], d["rejected_acc"], d["rejected_t"])
            may[k] = still and not too_fast(*places, f["lat"], f["lon"], f["acc"], f["t_us"])
        return may

    def freshen(self) -> None:
        """Tables anew, when the caseload or the roster has changed."""
        if self.changes is None or self.changes or len(self.clusters.of_device) < len(self.roster.ids):
            self.relay_out()

    # ---- judging ----

    def judge(self, batch: Batch, answer: Answer | None = None) -> Decisions:
        """Take some lines in a row. What comes out is the same wherever a batch is cut."""
        self.freshen()
        keep_to_their_own(batch.facts, self.clusters.is_unit)
        answer = answer or Answer()
        if self.silence.started_us > self.now_us and len(batch.instants):
            self.silence.started_us = min(self.silence.started_us, int(batch.instants[0]))
        taken = self.ledger.take(batch.facts, self._stored(answer))
        keep = batch.facts[taken.rows]
        keep["gen"] = taken.gens
        keep["quality"] = self._first_look(keep, batch)
        self._keep_told(keep)
        self.requalified = []
        self.stepper.made, self.outage.made = [], []
        conflicts = np.flatnonzero(taken.gens != batch.facts["gen"][taken.rows])
        run = BatchRun(self, batch, keep, answer, conflicts)
        run.all()
        if len(batch.instants):
            self.now_us = int(batch.instants[-1])
        versions, lines = self._numbered()
        self._move_base()
        decided = (versions, lines, keep, taken.rows, taken.ranges, self.requalified)
        return Decisions(*decided, incidents=self.outage.made, networks=run.networks)

    def _first_look(self, keep: Facts, batch: Batch) -> NDArray[np.int8]:
        """What is ahead of the clock is stored before it is judged: with what its own values say of it."""
        quality = np.full(len(keep), Quality.OK, np.int8)
        if len(batch.instants):
            ahead = np.flatnonzero(keep["t_us"] > batch.instants[-1])
            if len(ahead):
                quality[ahead] = stateless_quality(keep[ahead], self.folder.parties_of(keep[ahead]))
        return quality

    def _keep_told(self, keep: Facts) -> None:
        """Events that are judged at their receive times: with the time that the device told, which the log has not."""
        events = keep[keep["is_event"]]
        at_receipt = events[judged_times(events) == events["received_us"]]
        identities = zip(*(at_receipt[name].tolist() for name in ("device", "gen", "seq")), strict=True)
        self._told.update(zip(identities, at_receipt["t_us"].tolist(), strict=True))
        while len(self._told) > self.max_log:
            del self._told[next(iter(self._told))]

    def _as_told(self, found: Any) -> Any | None:
        """An event of the log with the time that its device told; None where that is forgotten."""
        told_us = self._told.get((int(found["device"]), int(found["gen"]), int(found["seq"])))
        if told_us is None:
            return None
        fact = found.copy()
        fact["t_us"] = told_us
        return fact

    def _stored(self, answer: Answer) -> Any:
        looked_up = {(int(f["device"]), int(f["gen"]), int(f["seq"])): f for f in answer.stored}

        def stored(identity: tuple[int, int, int]) -> Any | None:
            found = self._remembered(*identity)
            return found if found is not None else looked_up.get(identity)

        return stored

    def _remembered(self, device: int, gen: int, seq: int) -> Any | None:
        """The fact of an identity as it was told, judged or waiting for the clock to reach it; None: to be looked up, if there is one."""
        found = self.log.find(device, gen, seq)
        if found is not None:
            at_receipt = found["is_event"] and found["t_us"] == found["received_us"]
            return self._as_told(found) if at_receipt else found
        if not len(self.waiting):
            return None
        same = self.waiting["device"] == device
        same &= (self.waiting["gen"] == gen) & (self.waiting["seq"] == seq)
        at = np.flatnonzero(same)
        return self.waiting[at[0]] if len(at) else None

    def _numbered(self) -> tuple[list[Violation], list[int]]:
        steps = sorted(self.stepper.made, key=self.stepper.key)
        versions = []
        for step in steps:
            self.stepper.give_number(step.entry)
            step.entry.version += 1
            versions.append(as_violation(step, self.book.parties, self.roster.ids))
        return versions, [step.line for step in steps]

    def _move_base(self) -> None:
        """Let go of facts that are older than two generations of the state."""
        self.folder.resumes.thin()
        young = self.now_us - self._spare_us < YOUNG_US and len(self.log) < MOST_LOGS * self.max_log
        if len(self.log) < self.max_log or young:
            return
        if self.folder.spare is not None:
            self.folder.base = self.folder.spare
            self.folder.resumes.let_go(self.clusters.of_device, self.log.facts[: self._spare_log])
            self.log.drop_first(self._spare_log)
            self.log.promote()
        self.folder.spare = Base(self.world.state.copy(), self.world.streams.marks())
        self._spare_log, self._spare_us = len(self.log), self.now_us
        self.folder.let_go()

    def snapshot(self) -> bytes:
        """The state, exactly; `geofence.snapshot.restore` goes on from it."""
        from geofence.snapshot import snapshot  # noqa: PLC0415 - a snapshot knows the rules it is of

        return snapshot(self)

    def order_states(self) -> dict[OrderState, int]:
        """How many active orders are in each state; they add up to the active orders (rules.md 7)."""
        self.freshen()
        standing = (self.stepper.not_fitted(), self.unmonitored.open)
        through, fittings = self.unmonitored.heard_through(self.now_us), self.clusters.fittings
        return count_order_states(self.orders(), fittings, self.world, self.silence, standing, through, self.now_us)

    def orders(self) -> OrderTable:
        """The orders as columns."""
        if self._orders is None:
            self._orders = order_table(self.book)
        return self._orders
