"""A fact that comes again in a later batch is the same fact, whatever its device's clock says (wire.md; rules.md 0)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from domain.instants import MINUTE_US, SECOND_US, format_instant, parse_instant
from tests.rules.running import EVERYTHING, WHOLE, decided

NOON = parse_instant("2026-11-21T12:00:00Z")
RECORDS = [
    json.dumps(record)
    for record in (
        {"type": "wearer", "id": "W1", "name": "Alex Example"},
        {"type": "device", "id": "T1", "kind": "gps_tag"},
        {"type": "fitting", "id": "F1", "device": "T1", "wearer": "W1", "from": "2026-11-01T00:00:00Z"},
        {"type": "order", "id": "O1", "wearer": "W1", "kind": "bail", "from": "2026-11-01T00:00:00Z", "review": "2027-01-01T00:00:00Z"},
    )
]  # fmt: skip


def message(at_s: float, t_s: float, seq: int = 1, code: str | None = "strap_tamper") -> str:
    """A message of T1 that arrives so long after noon, with one fact of so long after noon by its own clock."""
    t = (NOON + round(t_s * SECOND_US)) // 1000
    fact: dict[str, Any] = {"seq": seq, "t": t}
    body = {"events": [fact | {"code": code}]} if code else {"fixes": [fact | {"lat": 51.5, "lon": 0.1, "acc": 5}]}
    return json.dumps(
        {
            "received": format_instant(NOON + round(at_s * SECOND_US)),
            "device": "T1",
            "envelope": {"v": 1, "sent": t} | body,
        }
    )


def kinds(lines: list[str]) -> list[str]:
    return [json.loads(line)["kind"] for line in lines]


@pytest.mark.parametrize("ahead_s", [20 * 60.0, 0.0, -31 * 86_400.0], ids=["fast", "right", "slow"])
@pytest.mark.parametrize("max_log", [EVERYTHING, 1])
@pytest.mark.parametrize("restarts", [False, True])
def test_a_tamper_of_a_wrong_clock_that_comes_again_is_one(ahead_s: float, max_log: int, restarts: bool) -> None:
    feed = [message(1 + k, ahead_s) for k in (0, 2, 40)]
    whole = decided(RECORDS, feed, WHOLE)
    assert decided(RECORDS, feed, 1, max_log, restarts=restarts) == whole
    assert kinds(whole) == ["strap_tamper"]


def test_with_another_time_it_is_another_fact_however_wrong_both_are() -> None:
    feed = [message(1, 20 * 60), message(3, 25 * 60)]
    whole = decided(RECORDS, feed, WHOLE)
    assert decided(RECORDS, feed, 1) == whole
    assert "seq_conflict" in kinds(whole)


@pytest.mark.parametrize("code", [None, "heartbeat", "strap_tamper"])
@pytest.mark.parametrize("restarts", [False, True])
def test_what_waits_for_the_clock_and_comes_again_waits_once(code: str | None, restarts: bool) -> None:
    feed = [message(1, 6, code=code), message(2, 6, code=code), json.dumps({"tick": format_instant(NOON + MINUTE_US)})]
    whole = decided(RECORDS, feed, WHOLE)
    assert decided(RECORDS, feed, 1, restarts=restarts) == whole
    assert "seq_conflict" not in kinds(whole)


# ---- repeats after the counter began again, and what says something else ----


def sos(at_s: float, seq: int, gen: int = 0) -> str:
    line = json.loads(message(at_s, 0, seq, "sos"))
    line["envelope"]["gen"] = gen
    return json.dumps(line)


@pytest.mark.parametrize("cut", [1, 2, WHOLE])
def test_repeats_of_an_older_gen_are_repeats(cut: int) -> None:
    feed = [sos(1, 1), sos(2, 2), sos(3, 3), sos(4, 1, gen=1), sos(5, 1), sos(6, 2), sos(7, 3), sos(8, 1, gen=1)]
    assert kinds(decided(RECORDS, feed, cut)) == ["sos"] * 4


UNIT = [
    json.dumps({"type": "device", "id": "H1", "kind": "home_unit"}),
    json.dumps({"type": "fitting", "id": "F2", "device": "H1", "wearer": "W1", "from": "2026-11-01T00:00:00Z"}),
]


def heard(at_s: float, state: str, **data: Any) -> str:
    event = {"seq": 1, "t": NOON // 1000, "code": "in_range", "state": state, "data": data}
    envelope = {"v": 1, "sent": NOON // 1000, "events": [event]}
    return json.dumps(
        {"received": format_instant(NOON + round(at_s * SECOND_US)), "device": "H1", "envelope": envelope}
    )


@pytest.mark.parametrize("cut", [1, WHOLE])
def test_a_tag_that_is_entered_between_two_copies_makes_no_conflict(cut: int) -> None:
    learnt = {"learnt": format_instant(NOON + 2 * SECOND_US), "holds_from": None}
    entered = json.dumps(learnt | {"record": {"type": "device", "id": "T9", "kind": "rf_tag"}})
    feed = [heard(1, "start", tag="T9"), entered, heard(3, "start", tag="T9")]
    assert decided([*RECORDS, *UNIT], feed, cut) == []


@pytest.mark.parametrize("cut", [1, WHOLE])
def test_another_instant_at_which_a_tag_was_last_heard_is_a_conflict(cut: int) -> None:
    ends = [heard(at_s, "end", tag="T1", last_heard=NOON // 1000 - back) for at_s, back in ((1, 60_000), (3, 120_000))]
    assert "seq_conflict" in kinds(decided([*RECORDS, *UNIT], ends, cut))
