"""A broker, a store and rules for quick tests. Those that stand in for a part are verified: test_broker_port and
test_store_port run the same tests over them and the real ones."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
import numpy as np

from domain.commits import AlertChange, Checkpoint, Commit, DeadLetter, Work
from domain.facts import Batch, Facts, LineKind, Roster
from domain.incidents import IncidentVersion
from domain.instants import EARLY_US
from domain.records import Device, Version
from domain.violations import FactId, Violation
from domain.vocabulary import AlertCondition, Cause, Change, EventCode, Kind, OrderState, Reason
from geofence.decisions import Answer, Ask, Decisions
from ingest.clock import LineClock
from ingest.ports import Delivery, SessionTaken
from store.errors import NotNextCommit
from tests.alerts.made import make_violation

RECEIVE_MAX = 65_535


class FakeBroker:
    """One persistent session in memory: what is not acknowledged comes again on the next connection."""

    def __init__(self, clock: LineClock) -> None:
        self._clock = clock
        self._waiting: deque[tuple[str, bytes]] = deque()
        self._flying: dict[int, tuple[str, bytes]] = {}
        self._changed = asyncio.Event()
        self._number = 0
        self._connection = 0
        self._up = True
        self._ended = False
        self._taken = False
        self.held = False
        self.acknowledged: list[int] = []

    # --- the port ---

    @property
    def connection(self) -> int:
        return self._connection

    @property
    def session_present(self) -> bool:
        return self._number > 1

    @property
    def sessions_lost(self) -> int:
        return 0

    @property
    def own_topic(self) -> str:
        return "em/v1/centre/fake/up"

    async def run(self, deliver: Callable[[Delivery], None]) -> None:
        try:
            while True:
                self._connect()
                while not (self._ended or self._taken):
                    self._deliver(deliver)
                    self._changed.clear()
                    await self._changed.wait()
                self._connection, self._ended = 0, False
                if self._taken:
                    raise SessionTaken("taken over")
                while not self._up:
                    self._changed.clear()
                    await self._changed.wait()
        finally:
            self._connection = 0

    def acknowledge(self, connection: int, packet_ids: Sequence[int]) -> None:
        if connection != self._connection:
            return
        for packet_id in packet_ids:
            self._flying.pop(packet_id)
            self.acknowledged.append(packet_id)
        self._changed.set()

    def publish(self, topic: str, payload: bytes) -> None:
        if self._connection:
            self.send(topic, payload)

    def hold(self) -> None:
        self.held = True

    def release(self) -> None:
        self.held = False
        self._changed.set()

    async def leave(self) -> None:
        self._ended = True
        self._changed.set()

    # --- the other side ---

    def send(self, topic: str, payload: bytes) -> None:
        """A device publishes."""
        self._waiting.append((topic, payload))
        self._changed.set()

    def cut(self) -> None:
        """The connection ends; until `restore` no other is made."""
        self._up, self._ended = False, True
        self._changed.set()

    def restore(self) -> None:
        self._up = True
        self._changed.set()

    def take(self) -> None:
        """Another client takes the session."""
        self._taken = True
        self._changed.set()

    @property
    def unacknowledged(self) -> int:
        return len(self._waiting) + len(self._flying)

    def _connect(self) -> None:
        self._number += 1
        self._connection = self._number
        self._waiting.extendleft(reversed(self._flying.values()))
        self._flying.clear()

    def _deliver(self, deliver: Callable[[Delivery], None]) -> None:
        free = (packet_id for packet_id in range(1, RECEIVE_MAX + 1) if packet_id not in self._flying)
        at_us = self._clock.stamp()
        delivery = Delivery(self._connection, at_us, [], [], 0)
        while self._waiting and not self.held and len(self._flying) < RECEIVE_MAX:
            topic, payload = self._waiting.popleft()
            packet_id = next(free)
            self._flying[packet_id] = (topic, payload)
            delivery.messages.append((topic, payload, at_us))
            delivery.packet_ids.append(packet_id)
            delivery.size_bytes += len(topic) + len(payload)
        if delivery.messages:
            deliver(delivery)


@dataclass
class FakeDatabase:
    """What outlives a process: commits, the caseload, the lock."""

    works: list[Work] = field(default_factory=list)
    entered: list[Version] = field(default_factory=list)
    learnt: dict[int, tuple[int, int, int]] = field(default_factory=dict)  # record -> commit, line, instant
    letters: list[DeadLetter] = field(default_factory=list)
    replayed: set[int] = field(default_factory=set)
    checkpoints: list[Checkpoint] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)
    leader: object | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def enter(self, *versions: Version) -> None:
        self.entered += versions
        self.changed.set()

    def facts(self) -> list[tuple[str, int, int]]:
        """(device, gen, seq) of every stored fact, in the order stored."""
        return [
            (work.roster.ids[fact["device"]], int(fact["gen"]), int(fact["seq"]))
            for work in self.works
            for fact in work.keep
        ]

    def lines(self) -> list[tuple[LineKind, int]]:
        """(kind, instant) of every committed line."""
        return [
            (LineKind(kind), int(at_us))
            for work in self.works
            for kind, at_us in zip(work.batch.kinds, work.batch.instants, strict=True)
        ]


class FakeLead:
    """The lock of a `FakeDatabase`; `lose` is what a lost connection does."""

    def __init__(self, database: FakeDatabase) -> None:
        self._database = database
        self._gone = asyncio.Event()
        self.ended_frozen = False

    async def __aenter__(self) -> FakeLead:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.lose()

    async def wait(self) -> None:
        while self._database.leader not in (None, self):
            self._database.changed.clear()
            await self._database.changed.wait()
        self._database.leader = self

    async def lost(self) -> None:
        await self._gone.wait()

    def lose(self) -> None:
        self._gone.set()
        if self._database.leader is self:
            self._database.leader = None
            self._database.changed.set()


class FakeStore:
    """What ingest uses of the store, over a `FakeDatabase`.

    ``gate`` holds commits while it is cleared; ``fail_next`` is raised by the next commit.
    """

    def __init__(self, database: FakeDatabase) -> None:
        self.database = database
        self.gate = asyncio.Event()
        self.gate.set()
        self.fail_next: BaseException | None = None
        self.leads: list[FakeLead] = []

    async def lead(self) -> FakeLead:
        lead = FakeLead(self.database)
        self.leads.append(lead)
        return lead

    async def commit(self, work: Work) -> None:
        await self.gate.wait()
        failure, self.fail_next = self.fail_next, None
        if failure is not None:
            raise failure
        database = self.database
        newest = len(database.works)
        if work.no != newest + 1:
            raise NotNextCommit(work.no, newest)
        database.works.append(work)
        for record_no, line in work.learnt:
            assert record_no not in database.learnt, "learnt twice"
            at_us = EARLY_US if line < 0 else int(work.batch.instants[line])
            database.learnt[record_no] = (work.no, line, at_us)
        database.letters += work.dead_letters
        database.replayed.update(work.replayed)
        if work.checkpoint is not None:
            database.checkpoints.append(Checkpoint(work.no, work.checkpoint))

    async def keep_checkpoint(self, no: int, body: bytes) -> None:
        assert no <= len(self.database.works), "the state after a commit that is not there"
        if all(kept.commit_no != no for kept in self.database.checkpoints):
            self.database.checkpoints.append(Checkpoint(no, body))

    async def unlearnt(self) -> list[tuple[int, Version]]:
        entered = enumerate(self.database.entered, start=1)
        return [(record_no, version) for record_no, version in entered if record_no not in self.database.learnt]

    async def caseload(self, until_commit: int | None = None) -> list[Version]:
        last = len(self.database.works) if until_commit is None else until_commit
        order = sorted((commit, line, record_no) for record_no, (commit, line, _) in self.database.learnt.items())
        return [
            replace(self.database.entered[record_no - 1], learnt_us=self.database.learnt[record_no][2])
            for commit, _, record_no in order
            if commit <= last
        ]

    async def facts_by_identity(
        self, ids: Sequence[tuple[int, int, int]], roster: Roster, until_commit: int | None = None
    ) -> Facts:
        stored = self._stored(roster, until_commit)
        wanted = set(ids)
        return stored[[(f["device"], f["gen"], f["seq"]) in wanted for f in stored]]

    async def history(
        self,
        devices: Sequence[int],
        roster: Roster,
        until_commit: int | None = None,
        after_us: Sequence[int] | None = None,
    ) -> Facts:
        stored = self._stored(roster, until_commit)
        return stored[np.isin(stored["device"], list(devices))]

    async def received_ranges(self, roster: Roster) -> Any:
        ranges = [one for work in self.database.works for one in work.ranges]
        return np.array(ranges, np.int64).reshape(-1, 4)

    async def newest_checkpoint(self) -> Checkpoint | None:
        return self.database.checkpoints[-1] if self.database.checkpoints else None

    async def commits_after(self, no: int, roster: Roster) -> AsyncIterator[Commit]:
        for work in self.database.works[no:]:
            learnt = {
                line: replace(self.database.entered[record_no - 1], learnt_us=at_us)
                for record_no, (commit, line, at_us) in self.database.learnt.items()
                if commit == work.no and line >= 0
            }
            facts = self._of(work, roster)
            for row, gen in work.told_gens.items():
                facts["gen"][row] = gen
            devices = [roster.add(work.roster.ids[d]) if d >= 0 else -1 for d in work.batch.devices]
            batch = replace(work.batch, facts=facts, learnt=learnt, devices=np.array(devices, np.int32))
            yield Commit(work.no, replace(batch, event_data=dict(work.event_data), networks=dict(work.networks)))

    async def active_since(self, kind: str) -> list[int]:
        newest = {change.episode: change for work in self.database.works for change in work.alerts}
        active = (one for one in newest.values() if one.kind == kind and one.state is AlertCondition.ACTIVE)
        return sorted(change.raised_us for change in active)

    async def replayable(self, limit: int) -> list[tuple[int, DeadLetter]]:
        known = {
            self.database.entered[record_no - 1].record.id
            for record_no in self.database.learnt
            if isinstance(self.database.entered[record_no - 1].record, Device)
        }
        found = [
            (number, letter)
            for number, letter in enumerate(self.database.letters, start=1)
            if letter.reason == "unknown_device" and letter.device in known and number not in self.database.replayed
        ]
        return found[:limit]

    @asynccontextmanager
    async def caseload_changes(self) -> AsyncIterator[Callable[[], Awaitable[None]]]:
        async def changed() -> None:
            await self.database.changed.wait()
            self.database.changed.clear()

        yield changed

    async def publish_figures(self, figures: dict[str, Any], at_us: int, name: str = "ingest") -> None:
        self.database.figures[name] = figures

    def _stored(self, roster: Roster, until_commit: int | None) -> Facts:
        works = self.database.works if until_commit is None else self.database.works[:until_commit]
        parts = [self._of(work, roster) for work in works]
        return np.concatenate(parts) if parts else Answer().stored

    def _of(self, work: Work, roster: Roster) -> Facts:
        facts: Facts = work.keep.copy()
        facts["device"] = [roster.add(work.roster.ids[device]) for device in facts["device"]]
        return facts


class FakeRules:
    """Keeps each identity once, asks the store about the second; an `sos` makes a violation; counts lines."""

    def __init__(self, roster: Roster, caseload: Sequence[Version] = ()) -> None:
        self._roster = roster
        self.seen: dict[tuple[int, int, int], None] = {}
        self.ticks = 0
        self.violations = 0
        self.learnt = len(caseload)
        self.judged = 0

    def ask(self, batch: Batch) -> Ask:
        return Ask([one for one in _identities(batch.facts) if one in self.seen])

    def judge(self, batch: Batch, answer: Answer) -> Decisions:
        asked = self.ask(batch).identities
        assert set(_identities(answer.stored)) >= set(asked), "what was received before is not in the store"
        self.judged += 1
        self.ticks += int((batch.kinds == LineKind.TICK).sum())
        self.learnt += int((batch.kinds == LineKind.LEARNT).sum())
        rows = []
        for row, identity in enumerate(_identities(batch.facts)):
            if identity not in self.seen:
                self.seen[identity] = None
                rows.append(row)
        keep = batch.facts[rows]
        versions = [self._sos(batch, fact) for fact in keep if fact["code"] == EventCode.SOS]
        ranges = [(device, gen, seq, seq) for device, gen, seq in _identities(keep)]
        return Decisions(versions, [], keep, rows, ranges, [])

    def order_states(self) -> dict[OrderState, int]:
        return {OrderState.MONITORED: 1}

    def snapshot(self) -> bytes:
        return msgspec.msgpack.encode([list(self.seen), self.ticks, self.violations, self.learnt, self.judged])

    @classmethod
    def restore(cls, roster: Roster, body: bytes) -> FakeRules:
        rules = cls(roster)
        seen, rules.ticks, rules.violations, rules.learnt, rules.judged = msgspec.msgpack.decode(body)
        rules.seen = dict.fromkeys(tuple(one) for one in seen)
        return rules

    def _sos(self, batch: Batch, fact: Any) -> Violation:
        self.violations += 1
        at_us = int(batch.instants[fact["line"]])
        made = make_violation(Kind.SOS, "19:00:00", id=f"W1-{self.violations}", cause=Cause.WEARER)
        evidence = (FactId(self._roster.ids[fact["device"]], int(fact["gen"]), int(fact["seq"])),)
        t_us = int(fact["t_us"])
        return replace(
            made,
            from_us=t_us,
            to_us=t_us,
            decided_us=at_us,
            change=Change.OPENED,
            reason=Reason.EVENT,
            evidence=evidence,
        )


class FakeAlerts:
    """No alerts; remembers how much it learnt."""

    def __init__(self, caseload: Sequence[Version] = ()) -> None:
        self.learnt = len(caseload)

    def learn(self, version: Version) -> None:
        self.learnt += 1

    def apply(
        self,
        versions: Sequence[Violation],
        lines: Sequence[int] = (),
        incidents: Sequence[tuple[int, IncidentVersion]] = (),
    ) -> list[AlertChange]:
        return []

    def snapshot(self) -> bytes:
        return b""


class FakeEngine:
    def fresh(self, roster: Roster, caseload: Sequence[Version]) -> tuple[FakeRules, FakeAlerts]:
        return FakeRules(roster, caseload), FakeAlerts(caseload)

    def restore(
        self, roster: Roster, caseload: Sequence[Version], rules: bytes, alerts: bytes
    ) -> tuple[FakeRules, FakeAlerts]:
        return FakeRules.restore(roster, rules), FakeAlerts(caseload)


def _identities(facts: Facts) -> list[tuple[int, int, int]]:
    return list(zip(facts["device"].tolist(), facts["gen"].tolist(), facts["seq"].tolist(), strict=True))
