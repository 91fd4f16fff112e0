"""Ticks and records between messages: one sequence of lines."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from domain.facts import Batch, LineKind, Roster
from domain.wire import Decoder
from ingest.weaving import empty_batch, woven
from tests.ingest.made import NOW_US, event_message, message, tag


def decoded(number: int) -> Batch:
    roster = Roster()
    decoder = Decoder(roster, {"T1", "T2"})
    sent = [message(f"T{1 + i % 2}", i + 1) for i in range(number)]
    return decoder.decode([(topic, payload, NOW_US + 10 * i) for i, (topic, payload) in enumerate(sent)]).batch


def kinds(batch: Batch) -> list[LineKind]:
    return [LineKind(kind) for kind in batch.kinds]


def test_nothing_to_weave_changes_nothing() -> None:
    batch = decoded(3)
    assert woven(batch, [], []) is batch


def test_lines_stand_in_their_order_and_facts_follow_their_lines() -> None:
    learnt = [replace(tag(name), learnt_us=NOW_US - 5) for name in ("T8", "T9")]
    batch = woven(decoded(4), learnt, [(0, NOW_US), (2, NOW_US + 15), (2, NOW_US + 16), (4, NOW_US + 40)])
    m, t, r = LineKind.MESSAGE, LineKind.TICK, LineKind.LEARNT
    assert kinds(batch) == [r, r, t, m, m, t, t, m, m, t]
    assert batch.facts["line"].tolist() == [3, 4, 7, 8]
    assert batch.facts["seq"].tolist() == [1, 2, 3, 4]
    assert (np.diff(batch.instants) >= 0).all()
    assert batch.devices.tolist() == [-1, -1, -1, 0, 1, -1, -1, 0, 1, -1]
    assert batch.learnt == {0: learnt[0], 1: learnt[1]}
    assert batch.sent_us[3] == NOW_US
    assert len(batch.bad) == 10


def test_a_tick_alone_is_a_batch() -> None:
    batch = woven(decoded(0), [], [(0, NOW_US)])
    assert kinds(batch) == [LineKind.TICK]
    assert len(batch.facts) == 0


def test_an_empty_batch_has_no_line() -> None:
    assert kinds(empty_batch()) == []
    assert kinds(woven(empty_batch(), [], [(0, NOW_US)])) == [LineKind.TICK]


def test_data_of_events_keeps_its_row() -> None:
    topic, payload = event_message("T1", 1, "sos")
    batch = Decoder(Roster(), {"T1"}).decode([(topic, payload, NOW_US)]).batch
    assert woven(batch, [], [(0, NOW_US)]).facts["line"].tolist() == [1]
