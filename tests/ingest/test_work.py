"""A whole time at work over fakes: what is committed, what is acknowledged, and what happens when something fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from domain.facts import LineKind
from domain.instants import SECOND_US
from domain.wire_adapters import Adapter
from ingest import duty
from ingest.adapters import EVERY
from ingest.clock import LineClock
from ingest.figures import Figures
from ingest.lead import LeadLost
from ingest.ports import SessionTaken
from store.errors import NotNextCommit
from store.store import ConnectionLost
from tests.ingest.fakes import FakeBroker, FakeDatabase, FakeEngine, FakeStore
from tests.ingest.made import NOW_US, event_message, message, tag, worn
from tests.waiting import eventually


@dataclass
class Wall:
    """A wall clock that goes on by itself, a millisecond a look, and can be moved."""

    now_us: int = NOW_US

    def __call__(self) -> int:
        self.now_us += 1000
        return self.now_us


@dataclass
class Bench:
    """Fakes, and an ingest over them that can be started and stopped again and again."""

    database: FakeDatabase = field(default_factory=FakeDatabase)
    wall: Wall = field(default_factory=Wall)
    adapters: Sequence[Adapter] = ()

    def __post_init__(self) -> None:
        self.clock = LineClock(self.wall)
        self.broker = FakeBroker(self.clock)
        self.store = FakeStore(self.database)
        self.figures = Figures()
        self.stop = asyncio.Event()

    async def work(self) -> None:
        parts = (self.store, FakeEngine(), lambda: self.broker, self.clock, self.figures, self.stop)
        await duty.lead_and_work(*parts, self.adapters)

    @asynccontextmanager
    async def working(self) -> AsyncIterator[asyncio.Task[None]]:
        task = asyncio.create_task(self.work())
        await eventually(lambda: self.broker.connection > 0 or task.done(), "at work")
        try:
            yield task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def send(self, device: str, *seqs: int) -> None:
        for seq in seqs:
            self.broker.send(*message(device, seq))

    def stored(self, number: int) -> Callable[[], bool]:
        return lambda: len(self.database.facts()) == number

    def ticks(self) -> list[int]:
        return [at_us for kind, at_us in self.database.lines() if kind is LineKind.TICK]


@pytest.fixture
async def bench() -> Bench:
    bench = Bench()
    bench.database.enter(*worn(1), *worn(2))
    return bench


def figure(figures: Figures, name: str, **labels: str) -> float:
    value = figures.registry.get_sample_value(f"bailiwick_{name}", labels)
    assert value is not None, name
    return value


async def test_what_was_entered_before_the_first_start_is_learnt_before_everything(bench: Bench) -> None:
    async with bench.working():
        first = bench.database.works[0]
    assert first.no == 1
    assert [line for _, line in first.learnt] == [-1] * 8
    assert first.checkpoint is not None


async def test_facts_are_committed_and_then_acknowledged(bench: Bench) -> None:
    async with bench.working() as task:
        bench.store.gate.clear()
        bench.send("T1", 1, 2, 3)
        bench.send("T2", 1)
        await eventually(lambda: figure(bench.figures, "received_total") >= 4, "judged")
        assert bench.broker.acknowledged == []
        bench.store.gate.set()
        await eventually(bench.stored(4), "committed")
        await eventually(lambda: len(bench.broker.acknowledged) >= 4, "acknowledged")
        assert not task.done()
    assert bench.database.facts() == [("T1", 0, 1), ("T1", 0, 2), ("T1", 0, 3), ("T2", 0, 1)]


async def test_what_comes_again_is_stored_once(bench: Bench) -> None:
    async with bench.working():
        bench.send("T1", 1, 2)
        await eventually(bench.stored(2), "committed")
        bench.send("T1", 2, 3)
        await eventually(bench.stored(3), "committed")
        await eventually(lambda: bench.broker.unacknowledged == 0, "acknowledged")
    assert figure(bench.figures, "repeated_facts_total") == 1
    assert figure(bench.figures, "look_ups_total") == 1


async def test_a_bad_message_is_parked_and_acknowledged_and_its_neighbours_are_not_held_up(bench: Bench) -> None:
    async with bench.working():
        bench.send("T1", 1)
        bench.broker.send("em/v1/00/T1/up", b"{")
        bench.broker.send(message("T1", 1)[0], b"{")
        bench.broker.send(*message("NOBODY", 1))
        bench.send("T1", 2)
        await eventually(bench.stored(2), "committed")
        await eventually(lambda: bench.broker.unacknowledged == 0, "acknowledged")
    assert [letter.reason for letter in bench.database.letters] == ["partition_mismatch", "not_json", "unknown_device"]
    assert figure(bench.figures, "parked_total", reason="not_json") == 1


async def test_a_device_that_nobody_entered_is_reported_once(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    async with bench.working():
        for seq in range(20):
            bench.broker.send(*message("NOBODY", seq + 1))
        await eventually(lambda: len(bench.database.letters) == 20, "parked")
    assert capsys.readouterr().out.count("NOBODY") == 1


@pytest.mark.slow
async def test_a_failed_commit_acknowledges_nothing_and_recovery_loses_nothing(bench: Bench) -> None:
    async with bench.working() as task:
        bench.send("T1", 1)
        await eventually(bench.stored(1), "committed")
        bench.store.fail_next = ConnectionLost("the database went away")
        bench.send("T1", 2)
        with pytest.raises(BaseExceptionGroup) as failed:
            await task
        assert duty.leaves(failed.value)[0].args == ("the database went away",)
        assert bench.broker.unacknowledged == 1
    async with bench.working():
        await eventually(bench.stored(2), "committed")
        await eventually(lambda: bench.broker.unacknowledged == 0, "acknowledged")
    assert [work.no for work in bench.database.works] == list(range(1, len(bench.database.works) + 1))


@pytest.mark.slow
async def test_failure_15_a_phone_s_message_is_acknowledged_after_its_commit_and_stored_once(bench: Bench) -> None:
    bench.adapters = EVERY
    bench.database.enter(tag("owntracks_jane_phone"))
    position = b'{"_type":"location","lat":51.5,"lon":-0.12,"acc":8,"tst":1795298400}'
    async with bench.working() as task:
        bench.store.fail_next = ConnectionLost("the database went away")
        bench.broker.send("owntracks/jane/phone", position)
        bench.broker.send("owntracks/jane/phone", b'{"_type":"steps"}')
        with pytest.raises(BaseExceptionGroup):
            await task
        assert bench.broker.acknowledged == []
    async with bench.working():
        await eventually(bench.stored(1), "committed")
        bench.broker.send("owntracks/jane/phone", position)
        await eventually(lambda: figure(bench.figures, "repeated_facts_total") == 1, "known again")
        await eventually(lambda: bench.broker.unacknowledged == 0, "acknowledged")
    assert [device for device, _, _ in bench.database.facts()] == ["owntracks_jane_phone"]
    assert figure(bench.figures, "ignored_total", adapter="owntracks", sort="steps") == 2


@pytest.mark.slow
async def test_what_is_live_is_judged_before_a_backlog_that_came_before_it(bench: Bench) -> None:
    async with bench.working():
        bench.store.gate.clear()
        send_long(bench, range(1, 61))
        await eventually(lambda: figure(bench.figures, "received_total") >= 60, "judged")
        send_long(bench, range(61, 81))
        bench.send("T2", 1, 2, 3)
        await eventually(lambda: figure(bench.figures, "received_total") >= 63, "judged ahead")
        await eventually(lambda: figure(bench.figures, "ingest_aside_messages") == 20, "counted")
        bench.store.gate.set()
        await eventually(bench.stored(83), "committed")
        await eventually(lambda: bench.broker.unacknowledged == 0, "acknowledged")
    facts = bench.database.facts()
    assert facts[60:63] == [("T2", 0, 1), ("T2", 0, 2), ("T2", 0, 3)]
    assert facts[63:] == [("T1", 0, seq) for seq in range(61, 81)]
    instants = [at_us for _, at_us in bench.database.lines()]
    assert instants == sorted(instants)


@pytest.mark.slow
async def test_a_failed_commit_in_a_backlog_loses_nothing_and_stores_nothing_twice(bench: Bench) -> None:
    async with bench.working() as task:
        bench.store.gate.clear()
        send_long(bench, range(1, 61))
        await eventually(lambda: figure(bench.figures, "received_total") >= 60, "judged")
        send_long(bench, range(61, 81))
        bench.send("T2", 1)
        await eventually(lambda: figure(bench.figures, "received_total") >= 61, "judged ahead")
        bench.store.gate.set()
        bench.store.fail_next = ConnectionLost("the database went away")
        with pytest.raises(BaseExceptionGroup):
            await task
        assert bench.broker.acknowledged == []
    async with bench.working():
        await eventually(bench.stored(81), "committed")
        await eventually(lambda: bench.broker.unacknowledged == 0, "acknowledged")
    assert len(set(bench.database.facts())) == 81


def send_long(bench: Bench, seqs: range) -> None:
    """Of T1, one fix a message, as long as a backlog's envelopes are: keys that nobody knows are passed over."""
    for seq in seqs:
        topic, payload = message("T1", seq)
        bench.broker.send(topic, payload[:-1] + b',"more":"' + 64 * 1024 * b"x" + b'"}')


@pytest.mark.slow
async def test_a_recovered_ingest_goes_on_where_the_commits_end(bench: Bench) -> None:
    async with bench.working():
        bench.send("T1", 1, 2)
        bench.broker.send(*event_message("T1", 3, "sos"))
        await eventually(bench.stored(3), "committed")
    async with bench.working():
        bench.send("T1", 2)
        bench.broker.send(*event_message("T1", 4, "sos"))
        await eventually(bench.stored(4), "committed")
    versions = [version for work in bench.database.works for version in work.versions]
    assert [version.id for version in versions] == ["W1-1", "W1-2"]


@pytest.mark.slow
async def test_instants_never_go_back_when_the_wall_clock_does(bench: Bench) -> None:
    async with bench.working():
        bench.send("T1", 1)
        await eventually(bench.stored(1), "committed")
    bench.wall.now_us -= 3600 * SECOND_US
    async with bench.working():
        bench.send("T1", 2)
        await eventually(bench.stored(2), "committed")
    instants = [at_us for _, at_us in bench.database.lines()]
    assert instants == sorted(instants)


async def test_a_stopped_ingest_finishes_what_it_has_and_leaves_a_checkpoint(bench: Bench) -> None:
    async with bench.working() as task:
        bench.send("T1", *range(1, 51))
        await eventually(lambda: len(bench.broker._flying) >= 50, "received")
        bench.stop.set()
        async with asyncio.timeout(5):
            await task
    assert len(bench.database.facts()) == 50
    assert len(bench.broker.acknowledged) >= 50
    assert bench.database.checkpoints[-1].commit_no == len(bench.database.works)


async def test_a_record_entered_later_is_learnt_as_a_line(bench: Bench) -> None:
    async with bench.working():
        bench.send("T1", 1)
        await eventually(bench.stored(1), "committed")
        bench.database.enter(*worn(3))
        await eventually(lambda: len(bench.database.learnt) == 12, "learnt")
        bench.send("T3", 1)
        await eventually(bench.stored(2), "committed")
    learning = next(work for work in bench.database.works[1:] if work.learnt)
    assert [line for _, line in learning.learnt] == [0, 1, 2, 3]
    assert learning.batch.kinds[:4].tolist() == [LineKind.LEARNT] * 4
    assert {version.learnt_us for version in learning.batch.learnt.values()} == {int(learning.batch.instants[0])}


async def test_parked_messages_of_a_device_are_taken_again_once_it_is_known(bench: Bench) -> None:
    async with bench.working():
        bench.send("T9", 1, 2)
        await eventually(lambda: len(bench.database.letters) == 2, "parked")
        bench.send("T1", 1)
        await eventually(bench.stored(1), "committed")
        bench.database.enter(tag("T9"))
        await eventually(bench.stored(3), "replayed")
        bench.send("T9", 3)
        await eventually(bench.stored(4), "committed")
    assert bench.database.facts()[1:] == [("T9", 0, 1), ("T9", 0, 2), ("T9", 0, 3)]
    assert bench.database.replayed == {1, 2}
    replay = next(work for work in bench.database.works if work.replayed)
    first = bench.database.letters[0]
    assert replay.keep["received_us"][0] == first.received_us < replay.batch.instants[0]


@pytest.mark.slow
async def test_replays_that_an_earlier_process_left_are_taken_at_the_start(bench: Bench) -> None:
    async with bench.working():
        bench.send("T9", 1)
        await eventually(lambda: len(bench.database.letters) == 1, "parked")
    bench.database.enter(tag("T9"))
    async with bench.working():
        await eventually(bench.stored(1), "replayed")


@pytest.mark.slow
async def test_two_are_never_at_work_and_the_second_takes_over(bench: Bench) -> None:
    other = Bench(bench.database, bench.wall)
    async with bench.working() as task:
        standing_by = asyncio.create_task(other.work())
        bench.send("T1", 1)
        await eventually(bench.stored(1), "committed")
        assert other.broker.connection == 0
        bench.store.leads[0].lose()
        with pytest.raises(BaseExceptionGroup) as failed:
            await task
        assert any(isinstance(error, LeadLost) for error in duty.leaves(failed.value))
        await eventually(lambda: other.broker.connection > 0, "the other is at work")
        other.send("T1", 2)
        await eventually(bench.stored(2), "committed by the other")
        other.stop.set()
        await standing_by


async def test_a_worker_that_did_not_notice_cannot_commit(bench: Bench) -> None:
    async with bench.working() as task:
        bench.send("T1", 1)
        await eventually(bench.stored(1), "committed")
        work = bench.database.works[-1]
        bench.database.works.append(work)  # another's commit
        bench.send("T1", 2)
        with pytest.raises(BaseExceptionGroup) as failed:
            await task
        assert any(isinstance(error, NotNextCommit) for error in duty.leaves(failed.value))
        assert bench.broker.unacknowledged > 0


async def test_a_session_that_was_taken_ends_the_work(bench: Bench) -> None:
    async with bench.working() as task:
        bench.broker.take()
        with pytest.raises(BaseExceptionGroup) as failed:
            await task
        assert any(isinstance(error, SessionTaken) for error in duty.leaves(failed.value))


async def test_expected_errors_are_tried_again_and_others_are_not() -> None:
    stop, tries = asyncio.Event(), []

    async def once() -> None:
        tries.append(len(tries))
        if len(tries) == 1:
            raise ConnectionLost("away")
        if len(tries) == 2:
            raise ExceptionGroup("several", [LeadLost("gone"), ConnectionLost("away")])
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await duty.again_until(stop, once, first_retry_s=0.001)
    assert len(tries) == 3
