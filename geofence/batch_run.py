"""One batch on its way through the rules: stretches of messages, and the ticks and records between them."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from domain.facts import FACT, UNKNOWN_TAG, Batch, Facts, LineKind
from domain.instants import EARLY_US
from domain.networks import Network
from domain.records import Assessment, Fitting, Version
from domain.said import NOTHING
from domain.vocabulary import ConditionKind, EventCode, Kind, Quality, Reason
from geofence.affected import affected_parties, attends
from geofence.book import party_of_violation
from geofence.decisions import Answer
from geofence.drafts import Draft, Proof
from geofence.emissions import LATE, News, What, as_news
from geofence.equipment_rules import KEPT, KINDS, TOLD, Event
from geofence.intake import judged_times
from geofence.layout import Case
from geofence.reception import CONFLICT, Heard
from geofence.refold import Folded
from geofence.stepper import ATV, CASE, DEVICE, Unit
from geofence.streams import UPHELD
from geofence.used_facts import used_by_line
from geofence.versions import Line

if TYPE_CHECKING:
    from geofence.rules import Rules


class BatchRun:
    """One batch on its way through the rules."""

    def __init__(self, rules: Rules, batch: Batch, keep: Facts, answer: Answer, conflicts: NDArray[np.int64]) -> None:
        self.rules = rules
        self.batch = batch
        self.instants = batch.instants
        self.answer = answer
        self.keep = keep
        self.conflicts = conflicts
        work = keep.copy()
        work["t_us"] = judged_times(keep)
        lines = np.searchsorted(batch.instants, work["t_us"])
        self.effective = np.maximum(work["line"], lines)
        self.keep_row = np.arange(len(work))
        waited = rules.waiting
        if len(waited):
            work = np.concatenate([waited, work])
            at = np.searchsorted(batch.instants, waited["t_us"])
            self.effective = np.concatenate([at, self.effective])
            self.keep_row = np.concatenate([np.full(len(waited), -1), self.keep_row])
        self.work = work
        rules.waiting = work[self.effective >= len(batch.instants)].copy()
        self.told = list(batch.networks)
        self.networks: dict[int, Network] = {}
        """Of the lines so far, where a device told of another network than before."""
        self.spoken: dict[int, list[Draft]] = {}
        """Losses of victims' units that a line ended, of which the facts are still to be judged."""

    def all(self) -> None:
        """Every stretch of messages, and the lines between them."""
        kinds = self.batch.kinds
        at = 0
        cuts = [*np.flatnonzero(kinds != LineKind.MESSAGE).tolist(), len(kinds)]
        for cut in cuts:
            if cut > at:
                self._messages(at, cut)
            if cut < len(kinds):
                if kinds[cut] == LineKind.TICK:
                    self._tick(cut)
                else:
                    self._learnt(cut)
            at = cut + 1

    # ---- messages ----

    def _messages(self, first: int, last: int) -> None:
        rules = self.rules
        rules.freshen()
        self._contacts(first, last)
        rules.stepper.end_losses(self.instants, first, last)
        rows = np.flatnonzero((self.effective >= first) & (self.effective < last))
        if len(rows):
            self._rounds(rows, first, last)
        due = rules.stepper.wakes.due(int(self.instants[last - 1]))
        rules.stepper.due_until(self.instants, first, last, due)

    def _contacts(self, first: int, last: int) -> None:
        """Receive times and last facts; what a message ends, and what it tells by how it came."""
        rules, stepper = self.rules, self.rules.stepper
        devices = self.batch.devices[first:last]
        lines = np.flatnonzero(devices >= 0)
        devices = devices[lines]
        lines += first
        contact = rules.silence.contact
        awaited = contact["lost"][devices] | contact["dark"][devices]
        if rules.unloaded.open:
            awaited |= np.isin(devices, rules.unloaded.silent)
        for k in np.flatnonzero(awaited).tolist():
            at, device = int(lines[k]), int(devices[k])
            stepper.end_losses(self.instants, first, at + 1)
            line = Line(int(self.instants[at]), is_message=True)
            steps = rules.silence.contact_again(device, line.at_us)
            stepper.write(steps, at, line)
            if device in stepper.protection.silent and steps:
                self._unit_spoke(steps[0].draft, at, line)
            stepper.write(rules.unmonitored.spoke(device, line.at_us), at, line)
            stepper.write(rules.unloaded.spoke(device, line.at_us), at, line)
        rules.silence.heard(devices, self.instants[lines])
        told = self.told[bisect_left(self.told, first) : bisect_left(self.told, last)]
        self.networks |= rules.outage.networks.take(self.batch, told)
        new = np.flatnonzero((self.keep["line"] >= first) & (self.keep["line"] < last))
        columns = (self.instants, self.batch.sent_us, self.batch.bad)
        for news in rules.reception.news(devices, lines, *columns, self._conflicts(first, last)):
            stepper.end_losses(self.instants, first, news.line + 1)
            line = Line(int(self.instants[news.line]), is_message=True)
            stepper.write(rules.reception.take(news, line.at_us), news.line, line)
        if len(new):
            facts = self.keep[new]
            order = np.lexsort((facts["seq"], facts["gen"], facts["t_us"], facts["line"], facts["device"]))
            rules.silence.note(facts[order])

    def _unit_spoke(self, loss: Draft, at: int, line: Line) -> None:
        """A victim's unit is in contact again; whether it is located may hang on the facts that it sent."""
        if ((self.effective == at) & (self.work["device"] == loss.device)).any():
            self.spoken.setdefault(at, []).append(loss)
            self.rules.stepper.protection.spoken.add(loss.device)
        else:
            self.rules.stepper.write(self.rules.stepper.protection.spoke(loss, line.at_us, Reason.CONTACT), at, line)

    def _conflicts(self, first: int, last: int) -> list[Heard]:
        """Facts that say otherwise than what came before under their identity; one a line and device."""
        found: dict[tuple[int, int], Heard] = {}
        rank = self.rules.world.layout.tables.rank
        for k in self.conflicts.tolist():
            f = self.keep[k]
            line, device = int(f["line"]), int(f["device"])
            if first <= line < last and (line, device) not in found:
                values = (int(f["t_us"]), int(rank[device]), int(f["gen"]), int(f["seq"]), device)
                found[line, device] = Heard(line, CONFLICT, device, Proof(*values, int(f["received_us"])))
        return list(found.values())

    def _rounds(self, rows: NDArray[np.int64], first: int, last: int) -> None:
        """Fold and step, one line of each cluster at a time."""
        self._join_heard(rows)
        cluster = self.rules.clusters.of_device[self.work["device"][rows]]
        line = self.effective[rows]
        rounds = _rounds_of(cluster, line)
        for k in range(int(rounds.max()) + 1):
            mine = rounds == k
            due = self.rules.stepper.wakes.due(int(self.instants[last - 1]))
            self._round(rows[mine], cluster[mine], line[mine], first, due)

    def _join_heard(self, rows: NDArray[np.int64]) -> None:
        tags = self.work["tag"][rows]
        spoken = tags >= 0
        if spoken.any() and self.rules.clusters.hear(self.work["device"][rows[spoken]], tags[spoken]):
            self.rules.clusters.renew(self.rules.world, ())

    def _round(
        self, rows: NDArray[np.int64], cluster: NDArray[np.int64], line: NDArray[np.int64], first: int, due: list[Unit]
    ) -> None:
        rules = self.rules
        facts = self.work.take(rows)
        line_of = dict(zip(cluster.tolist(), line.tolist(), strict=True))
        if due:
            rules.stepper.due_before(line_of, self.instants, first, due)
            due = rules.stepper.wakes.due(int(self.instants[line.max()]))
        lost = [*rules.silence.in_zone_of, *rules.stepper.protection.unknown_of]
        resting = rules.world.state.devices["resting"].copy() if lost else None
        folded = rules.folder.fold(facts, self._older(cluster))
        stored = self.keep_row[rows]
        fresh = stored >= 0
        self.keep["quality"][stored[fresh]] = folded.quality[fresh]
        self._note_waited(facts, folded, ~fresh, line_of)
        units = self._dirty(folded, facts, line_of)
        for unit in due:
            at = line_of.get(rules.stepper.cluster_of(unit))
            if at is not None and rules.stepper.wakes.of(unit) <= self.instants[at]:
                units.setdefault(at, set()).add(unit)
        late = self._late(facts, folded, line)
        used = {} if resting is None else used_by_line(rules.folder, lost, resting, facts, folded, line)
        for at in sorted({*units, *used}):
            is_message = bool(self.batch.kinds[at] == LineKind.MESSAGE)
            by = Line(int(self.instants[at]), is_message=is_message, late=frozenset(late.get(at, ())))
            rules.stepper.judge(units.get(at, ()), at, by, used.get(at))
        for at in sorted(set(self.spoken) & set(line_of.values())):
            by = Line(int(self.instants[at]), is_message=True)
            for loss in self.spoken.pop(at):
                rules.stepper.protection.spoken.discard(loss.device)
                rules.stepper.write(rules.stepper.protection.spoke(loss, by.at_us, Reason.CONTACT), at, by)

    def _older(self, cluster: NDArray[np.int64]) -> Facts | None:
        history = self.answer.history
        if not len(history):
            return None
        mine = np.isin(self.rules.clusters.of_device[history["device"]], cluster)
        older = history[mine].copy()
        older["t_us"] = judged_times(older)
        return older if len(older) else None

    def _note_waited(self, facts: Facts, folded: Folded, waited: NDArray[np.bool_], line_of: dict[int, int]) -> None:
        """Qualities of facts that are stored already."""
        out = self.rules.requalified
        of_device = self.rules.clusters.of_device
        for device, gen, seq, quality in folded.requalified:
            out.append((line_of.get(int(of_device[device]), 0), device, gen, seq, quality))
        for k in np.flatnonzero(waited & (folded.quality != facts["quality"])).tolist():
            f = facts[k]
            at = line_of[int(of_device[f["device"]])]
            out.append((at, int(f["device"]), int(f["gen"]), int(f["seq"]), Quality(int(folded.quality[k]))))

    def _dirty(self, folded: Folded, facts: Facts, line_of: dict[int, int]) -> dict[int, set[Unit]]:
        """What must be judged, by line."""
        rules = self.rules
        units: set[Unit] = set()
        signs = as_news(rules.stepper.going_on.awake(np.concatenate(folded.signs))) if folded.signs else []
        for news in (*folded.news, *signs):
            of_news = self._units_of_news(news)
            if news.what in UPHELD or news.flags & LATE:
                of_news = {unit for unit in of_news if not self._stays_as_it_is(news, unit, line_of)}
            units |= of_news
        units |= self._events(facts, folded)
        if len(folded.again):
            units.update(rules.stepper.units_again(folded, lambda of: int(self.instants[line_of[of]])))
        found: dict[int, set[Unit]] = {}
        for unit in units:
            at = line_of.get(rules.stepper.cluster_of(unit))
            if at is not None:
                found.setdefault(at, set()).add(unit)
        return found

    def _stays_as_it_is(self, news: News, unit: Unit, line_of: dict[int, int]) -> bool:
        """Whether news that something goes on changes nothing of what is judged at the line that brought it."""
        at = line_of.get(self.rules.stepper.cluster_of(unit)) if unit[0] == CASE else None
        going_on = self.rules.stepper.going_on
        return at is not None and going_on.changes_nothing(news, unit[1], int(self.instants[at]))

    def _units_of_news(self, news: News) -> set[Unit]:
        world = self.rules.world
        if news.what in (What.LOST, What.FOUND):
            return {(DEVICE, news.row)}
        if news.what in (What.HEARD, What.UNHEARD, What.SILENT, What.UNIT_UPHELD):
            cases: set[Unit] = {(CASE, c) for c in world.layout.units.get(news.device, ())}
            tags = [tag for tag, _ in world.pairs_of_unit.get(news.device, ()) if tag in world.streams.location]
            return cases | {(DEVICE, tag) for tag in tags}
        return {(CASE, world.layout.case_of_row[news.row])}

    def _events(self, facts: Facts, folded: Folded) -> set[Unit]:
        """Keep equipment events, and say whom they concern."""
        units: set[Unit] = set()
        if not facts["is_event"].any():
            return units
        rules = self.rules
        world = rules.world
        rank = world.layout.tables.rank
        for k in np.flatnonzero(facts["is_event"] & np.isin(facts["code"], (*KEPT, *TOLD))).tolist():
            f = facts[k]
            subject = int(f["tag"]) if f["tag"] >= 0 else int(f["device"])
            if f["tag"] == UNKNOWN_TAG:
                continue
            device, t = int(f["device"]), int(f["t_us"])
            proof = Proof(t, int(rank[device]), int(f["gen"]), int(f["seq"]), device, int(f["received_us"]))
            event = Event(proof, t, int(f["code"]), int(f["state"]), int(f["said"]))
            if f["code"] in TOLD:
                units |= self._told(subject, event, int((folded.tag_party if f["tag"] >= 0 else folded.party)[k]))
                continue
            world.streams.event(subject, event)
            units.add((DEVICE, subject))
            if f["code"] not in KINDS:
                continue
            for who in (folded.party[k], folded.tag_party[k]):
                units |= {(CASE, c) for c in world.layout.cases_of.get(int(who), ())}
            units |= {(CASE, c) for c in world.layout.units.get(subject, ())}
        return units

    def _told(self, subject: int, event: Event, party: int) -> set[Unit]:
        """Keep a check or a reading that says something, and say whom it concerns."""
        if event.said == NOTHING:
            return set()
        world = self.rules.world
        world.streams.tell(subject, event)
        kind = ConditionKind.ALCOHOL if event.code == EventCode.ALCOHOL_READING else ConditionKind.PRESENCE_CHECK
        cases = ((c, world.layout.cases[c]) for c in world.layout.cases_of.get(party, ()))
        asking: set[Unit] = {(CASE, c) for c, case in cases if case is not None and case.kind is kind}
        return asking or ({(DEVICE, subject)} if kind is ConditionKind.PRESENCE_CHECK else set())

    def _late(self, facts: Facts, folded: Folded, line: NDArray[np.int64]) -> dict[int, set[int]]:
        """Parties with a fact older than the newest they were judged on, by line; and that newest moves on."""
        newest = self.rules.newest
        found: dict[int, set[int]] = {}
        for party in (folded.party, folded.tag_party):
            some = party >= 0
            old = np.flatnonzero(some & (facts["t_us"] < newest[party]))
            for k in old.tolist():
                found.setdefault(int(line[k]), set()).add(int(party[k]))
        for party in (folded.party, folded.tag_party):
            some = party >= 0
            np.maximum.at(newest, party[some], facts["t_us"][some])
        return found

    # ---- ticks and records ----

    def _before(self, at: int) -> None:
        """Facts and wakes that are due at a line that is no message."""
        rules = self.rules
        rules.freshen()
        rules.stepper.end_losses(self.instants, at, at + 1, is_message=False)
        rows = np.flatnonzero(self.effective == at)
        if len(rows):
            self._rounds(rows, at, at + 1)

    def _tick(self, at: int) -> None:
        rules = self.rules
        self._before(at)
        line = Line(int(self.instants[at]))
        losses: dict[int, int] = {}
        rules.stepper.judge(rules.stepper.wakes.due(line.at_us), at, line)
        steps = rules.silence.tick_contact(rules.world, line.at_us)
        rules.stepper.write(steps, at, line)
        for step in steps:
            device = step.draft.device
            if (
                step.draft.kind is Kind.COMMUNICATION_LOST
                and device is not None
                and rules.world.layout.tables.locates[device]
            ):
                party = step.draft.party
                losses[party] = min(losses.get(party, step.draft.from_us), step.draft.from_us)
        for party, from_us in losses.items():
            rules.stepper.lost(party, from_us, at, line)
        rules.stepper.unsafe(at, line)
        rules.stepper.write(rules.unmonitored.tick(rules.orders(), rules.clusters.fittings, line.at_us), at, line)
        rules.stepper.write(rules.unloaded.tick(line.at_us), at, line)
        steps = rules.silence.tick_whereabouts(rules.world, line.at_us)
        rules.stepper.write(steps, at, line)
        for step in steps:
            assert step.draft.condition is not None
            index = rules.book.condition_index[step.draft.condition]
            rules.stepper.wakes.case[index] = line.at_us
        rules.outage.tick(at, line.at_us)

    def _learnt(self, at: int) -> None:
        rules = self.rules
        version = self.batch.learnt[at]
        if isinstance(version.record, Assessment):
            self._assessed(at, version)
            return
        due_anyway: tuple[Draft, ...] = ()
        if rules.stepper.wakes.next_us() <= self.instants[at]:
            rules.freshen()  # else it can wait: many may be learnt at once of people of whom nothing is known yet
            due_anyway = self._due_anyway(affected_parties(rules.book, version), at)
        parties = rules.learn(version)
        line = Line(int(self.instants[at]), is_learnt=True, due_anyway=due_anyway, enforced=rules.book.enforced)
        silent = rules.silence.parties() | rules.stepper.protection.parties() | rules.unmonitored.parties()
        judged = any(rules.newest[p] > EARLY_US or p in silent for p in parties if p < len(rules.newest))
        judged = judged or self._has_facts(version)
        by_clock = any(attends(rules.book, party) for party in parties)
        if not rules.stepper.fitting_changes(parties, line.at_us) and not judged and not by_clock:
            self._only_due(at)  # nobody of them has a fact: nothing can come out otherwise
            return
        rules.relay_out()
        self._before(at)
        clusters = np.unique(rules.clusters.of_party[parties])
        rules.folder.fold(np.zeros(0, FACT), self._older(clusters), clusters)
        rules.stepper.judge(rules.stepper.units_of(clusters), at, line)
        plain = Line(line.at_us)
        rules.stepper.judge(rules.stepper.wakes.due(line.at_us), at, plain)

    def _has_facts(self, version: Version) -> bool:
        """Whether a record fits a device that has sent something already, to nobody until now."""
        if not isinstance(version.record, Fitting):
            return False
        device, heads = self.rules.roster.add(version.record.device), self.rules.world.state.devices["head_t"]
        return device < len(heads) and bool(heads[device] > EARLY_US)

    def _only_due(self, at: int) -> None:
        """A line that changes nothing by itself: what was waiting for it, and what falls due at it."""
        wakes = self.rules.stepper.wakes
        if wakes.next_us() <= self.instants[at] or (self.effective == at).any():
            self._before(at)
            self._judge_due(at)

    def _judge_due(self, at: int) -> None:
        line = Line(int(self.instants[at]))
        self.rules.stepper.judge(self.rules.stepper.wakes.due(line.at_us), at, line)

    def _assessed(self, at: int, version: Version) -> None:
        """An assessment moves no fact and no interval of a condition: only the sums of whom it concerns."""
        rules = self.rules
        rules.freshen()
        party = rules.book.party_index.get(("wearer", party_of_violation(cast("Assessment", version.record).violation)))
        layout = rules.world.layout
        concerned = set() if party is None or party not in layout.named else {party}
        due_anyway = self._due_anyway(concerned, at)
        rules.learn(version)
        self._before(at)
        if concerned:
            due = rules.stepper.wakes.due(int(self.instants[at]))
            units = {(ATV, p) for p in concerned if p in layout.atv}
            units |= {(CASE, c) for p in concerned for c in layout.cases_of.get(p, ()) if _is_alcohol(layout.cases[c])}
            units |= {unit for unit in due if rules.stepper.party_of(unit) in concerned}
            line = Line(int(self.instants[at]), is_learnt=True, due_anyway=due_anyway, because=Reason.ASSESSMENT)
            rules.stepper.judge(units, at, line)
        self._judge_due(at)

    def _due_anyway(self, parties: set[int], at: int) -> tuple[Draft, ...]:
        """What falls due for these parties, and who is judged with them, at the line by the records known before it."""
        rules = self.rules
        found: list[Draft] = []
        of_party = rules.clusters.of_party
        clusters = {int(of_party[party]) for party in parties if party < len(of_party)}
        for unit in rules.stepper.wakes.due(int(self.instants[at])):
            if rules.stepper.cluster_of(unit) in clusters:
                found += rules.stepper.drafts(unit, at, int(self.instants[at]))
        return tuple(found)


def _is_alcohol(case: Case | None) -> bool:
    return case is not None and case.kind is ConditionKind.ALCOHOL


def _rounds_of(cluster: NDArray[np.int64], line: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each fact, how many earlier lines of its cluster there are."""
    order = np.lexsort((line, cluster))
    c, at = cluster[order], line[order]
    first = np.ones(len(order), np.bool_)
    first[1:] = c[1:] != c[:-1]
    step = np.zeros(len(order), np.int64)
    step[1:] = (~first[1:]) & (at[1:] != at[:-1])
    count = np.cumsum(step)
    starts = np.flatnonzero(first)
    base = np.repeat(count[starts], np.diff(np.append(starts, len(order))))
    rounds = np.empty(len(order), np.int64)
    rounds[order] = count - base
    return rounds
