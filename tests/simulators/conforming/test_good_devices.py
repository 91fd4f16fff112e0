"""A device that keeps to everything passes everything; one that says nothing fails nothing; and no bytes stop the tester."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.vocabulary import DeviceKind
from domain.wire_items import ITEMS, MESSAGE_BYTES
from domain.wire_topics import lwt_topic, up_topic
from simulators.conforming.bench import Deed, Reply
from simulators.conforming.clauses import clauses_of, judge_all
from simulators.conforming.log import Log, Spell
from simulators.conforming.reading import READ_BYTES
from simulators.conforming.service import ALL_STEPS
from simulators.conforming.verdicts import Result
from tests.simulators.conforming.virtual import START_US, HomeUnit, Item, S, Tag, VirtualBench, log_of, results, whys

UNSEEN = {"connection.mqtt", "fix.radius"}
NO_PLACE = {"fix.place", "fix.accuracy", "fix.source", "fix.optional"}


class SmallTag(Tag):
    """Its memory is full after six hours."""

    holds = 360


class SmallUnit(HomeUnit):
    holds = 360


class Binary(SmallTag):
    def encode(self, body: Item) -> bytes:
        return msgspec.msgpack.encode(body)


class Slow(SmallTag):
    """A position a minute, sent every five."""

    def __init__(self) -> None:
        super().__init__()
        self.upload_s = 300


@pytest.mark.parametrize(
    ("device", "unseen"), [(SmallTag, UNSEEN), (Binary, UNSEEN), (Slow, UNSEEN), (SmallUnit, UNSEEN | NO_PLACE)]
)
def test_a_device_that_keeps_to_everything_passes_everything(device: type[Tag], unseen: set[str]) -> None:
    log = log_of(device(), *ALL_STEPS, away_minutes=600.0)
    found = results(log)
    assert {name for name, result in found.items() if result is not Result.PASSED} == unseen, whys(log)
    assert found.keys() == {clause.id for clause in clauses_of(device.kind)}


def test_three_days_are_waited_for_in_virtual_time() -> None:
    log = log_of(Tag(), "listen", "long")
    span = log.spell(Spell.LONG)
    assert span is not None
    assert (span.to_us or 0) - span.from_us > 3 * 86_400 * S
    assert whys(log)["backlog.days"].startswith("passed: 4319 items")
    assert max(len(heard.items) for heard in log.heard) == ITEMS


class Silent(Tag):
    def emit(self, payload: bytes) -> None:
        """Nothing leaves it."""


@pytest.mark.parametrize("kind", [None, *(kind for kind in DeviceKind if kind is not DeviceKind.RF_TAG)])
def test_of_a_device_that_says_nothing_nothing_is_shown(kind: DeviceKind | None) -> None:
    bench = VirtualBench(Silent(), kind)
    assert set(results(bench.log).values()) == {Result.NOT_SHOWN}
    log = log_of(Silent(), *ALL_STEPS, kind=kind)
    assert set(results(log).values()) == {Result.NOT_SHOWN}
    assert log.ran == {"listen"}
    assert log.told == {}, "it is told nothing"


def test_a_curfew_tag_has_to_say_nothing() -> None:
    class Worn(Silent):
        kind = DeviceKind.RF_TAG

    assert results(log_of(Worn(), "listen")) == {"rf_tag.silent": Result.PASSED}


class NothingIsDone(Tag):
    def done(self, deed: Deed) -> Reply:
        return Reply.SKIP


def test_what_a_person_skips_stays_not_shown() -> None:
    found = results(log_of(NothingIsDone(), *ALL_STEPS))
    skipped = {clause.id for clause in clauses_of(DeviceKind.GPS_TAG) if found[clause.id] is Result.NOT_SHOWN}
    assert {"seq.restart", "backlog.kept", "backlog.days", "memory.oldest", "clock.told", "gen.rises"} <= skipped
    assert Result.FAILED not in found.values()


class ThatItCannot(Tag):
    def carry_out(self, command: Any) -> bool:
        return False


def test_a_device_may_say_that_it_cannot() -> None:
    log = log_of(ThatItCannot(), "listen", "locate_now", "vibrate", "message")
    found = results(log)
    assert Result.FAILED not in found.values()
    assert found["command.locate_now"] is Result.NOT_SHOWN
    assert "cannot" in whys(log)["command.vibrate"]


class Indoors(Tag):
    """Knows no place from its seventh item on, and tells that it is alive instead."""

    def work(self) -> None:
        if self.seq < 6:
            super().work()
        else:
            self.event("heartbeat")


class AtRest(Tag):
    """Lies still: its rhythm is that of rest, whatever it is told."""

    def work(self) -> None:
        if self.seq < 6:
            super().work()
        elif self.seq == 6:
            self.event("rest", "start", {"interval_s": 3600})


@pytest.mark.parametrize("device", [Indoors, AtRest])
def test_a_device_that_knows_no_place_or_lies_still_is_not_blamed_for_its_rhythm(device: type[Tag]) -> None:
    log = log_of(device(), "listen", "expired", "set_interval")
    assert Result.FAILED not in results(log).values(), whys(log)
    assert results(log)["command.set_interval"] is Result.NOT_SHOWN


class OfYesterday(Tag):
    """What it kept from before the test comes with the first message."""

    def __init__(self) -> None:
        super().__init__()
        for minute in range(600):
            self.now_us = START_US - (600 - minute) * 60 * S
            self.work()
        self.now_us = START_US


def test_a_backlog_from_before_the_test_is_no_fault() -> None:
    log = log_of(OfYesterday(), "listen")
    assert Result.FAILED not in results(log).values(), whys(log)
    assert len(log.facts) > 600


class LiveFirst(Tag):
    """Live data need not wait for the backlog, which comes one message at a time."""

    def send_backlog(self) -> None:
        if len(self.memory) > 3:
            self.send([self.memory.pop()])
            part = [self.memory.popleft() for _ in range(min(20, len(self.memory)))]
            self.send(part)
            self.kept.extend(part)
            return
        super().send_backlog()


def test_live_data_need_not_wait_for_the_backlog() -> None:
    log = log_of(LiveFirst(), "listen", "network", away_minutes=60.0)
    assert Result.FAILED not in results(log).values(), whys(log)
    assert results(log)["backlog.order"] is Result.PASSED


def test_another_centre_at_work_disturbs_nothing() -> None:
    """Answers to commands of others, and a retained will of long ago, are nobody's fault."""
    log = log_of(Tag(), "listen")
    event = {
        "seq": 999,
        "t": START_US // 1000,
        "code": "command_result",
        "data": {"command": "7-of-another", "ok": True},
    }
    before = results(log)
    body = {"v": 1, "sent": log.now_us // 1000, "oldest": 999, "events": [event]}
    log.take(log.now_us, up_topic("GT-1"), json.dumps(body).encode(), 1)
    assert results(log)["command.result"] is Result.PASSED
    assert {k: v for k, v in before.items() if v is Result.FAILED} == {}


HOSTILE = [
    b"",
    b"\x00",
    b"\xff" * 100,
    b"[" * 100_000,
    b'{"v":' + b"9" * 10_000 + b"}",
    b'{"v":1,"sent":1e400,"fixes":[]}',
    b'{"fixes":[[],1,null,{"seq":1}],"events":{"a":1}}',
    b'{"v":1,"sent":1795000000000,"fw":"\\ud800","net":{"mcc":"\\ud800"}}',
    b'{"v":1,"sent":1795000000000,"events":[{"seq":1,"t":1795000000000,"code":"\\ud800","state":"\\ud800"}]}',
    b'{"v":1,"sent":1795000000000,"events":[{"seq":1,"t":1795000000000,"code":"fault","data":{"a":{"b":[1,{"c":2}]}}}]}',
    b'{"v":1,"sent":1795000000000,"events":[{"seq":1,"t":1795000000000,"code":"in_range","data":{"tag":["x"]}}]}',
    b'{"v":1,"sent":1795000000000,"events":[{"seq":1,"t":1795000000000,"code":["in_range"],"state":{"a":1}}]}',
    b'{"v":1,"sent":1795000000000,"oldest":9007199254740991,"fixes":[{"seq":9007199254740991}]}',
    b'{"v":1,"sent":4611686018427386,"fixes":[{"seq":5,"t":4611686018427386,"lat":0,"lon":0,"acc":1}]}',
    b'{"v":1,"sent":4611686018427387}',
    b'{"v":true,"sent":true,"gen":true,"iv":true}',
    b"\x81\xc0\x01",
    b"\x81" * 5_000,
    b"\xde\xff\xff",
    msgspec.msgpack.encode({"v": 1, "sent": 1_795_000_000_000, "fixes": [{"seq": 2, "t": b"\xff", "lat": 2**63}]}),
    msgspec.msgpack.encode({1: 2, "v": 1, "sent": 2**64 - 1}),
    b"x" * (READ_BYTES + 1),
    json.dumps({"v": 1, "sent": 1_795_000_000_000, "fixes": [{"seq": n} for n in range(1, 3_000)]}).encode(),
]


def judged(payloads: list[bytes], topic: str = up_topic("GT-1")) -> Log:
    log = Log("GT-1", None, START_US, upload_s=60)
    for number, payload in enumerate(payloads):
        log.take(START_US + number * S, topic, payload, number % 3)
    judge_all(log)
    return log


@pytest.mark.parametrize("payload", HOSTILE, ids=range(len(HOSTILE)))
def test_no_hostile_payload_stops_the_tester(payload: bytes) -> None:
    log = judged([payload, b'{"v":1,"sent":1795000000000}', payload])
    assert len(log.heard) == 3
    judged([payload], lwt_topic("GT-1"))


def test_hostile_payloads_together_do_not_either() -> None:
    assert len(judged(HOSTILE * 2).heard) == 2 * len(HOSTILE)


def test_a_topic_that_is_none_is_told() -> None:
    log = judged([b'{"v":1,"sent":1795000000000}'], "em/v1/zz/GT-1/up")
    assert results(log)["topic.partition"] is Result.FAILED


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(max_size=5)
    | st.binary(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
NAMES = ("seq", "t", "lat", "lon", "acc", "src", "code", "state", "data", "hdg")
ITEM = st.dictionaries(st.sampled_from(NAMES), VALUES | st.integers(1, 5), max_size=7)
HEAD = st.dictionaries(
    st.sampled_from(("v", "sent", "gen", "fw", "net", "iv", "up", "oldest")),
    VALUES | st.integers(1_795_000_000_000, 1_795_000_100_000),
    max_size=6,
)
ITEM_LIST = st.lists(ITEM | VALUES, max_size=4)


@settings(print_blob=True, deadline=None, max_examples=60)
@given(st.lists(st.tuples(HEAD, ITEM_LIST, ITEM_LIST), max_size=4), st.lists(st.binary(max_size=40), max_size=3))
def test_whatever_a_device_says_is_judged(many: list[tuple[Item, list[Any], list[Any]]], raw: list[bytes]) -> None:
    payloads = [msgspec.msgpack.encode(head | {"fixes": fixes, "events": events}) for head, fixes, events in many]
    log = judged([*payloads, *raw, *(json.dumps(head, default=repr).encode() for head, _, _ in many)])
    assert len(log.heard) == 2 * len(many) + len(raw)


def test_a_large_message_is_judged_by_its_size_and_read_all_the_same() -> None:
    body = {"v": 1, "sent": START_US // 1000, "padding": "x" * MESSAGE_BYTES}
    log = judged([json.dumps(body).encode()])
    assert results(log)["message.size"] is Result.FAILED
    assert results(log)["message.encoding"] is Result.PASSED
