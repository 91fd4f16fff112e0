"""`shielding_suspected` (rules.md 7): four signs of a quarter each when contact is lost; never without the third."""

from __future__ import annotations

import json
from typing import Any

import pytest

from domain.instants import EARLY_US, SECOND_US
from geofence.suspicion import Signs, suspicion_of
from tests.rules.equipment_lines import Line, Sender, device, fitting, order, said, shown, tick, wearer

SUSPECTED = {"shielding_suspected"}
RECORDS = [wearer(), order(), device("T1"), fitting("T1")]
HEARD = 1_000_000 * SECOND_US
ALL = Signs(HEARD, 21.0, HEARD - 120 * SECOND_US, HEARD - 120 * SECOND_US, 0, 500)


@pytest.mark.parametrize(
    ("change", "score"),
    [
        ({}, 1.0),
        ({"bat": 20.0}, 0.75),
        ({"bat": float("nan")}, 0.75),
        ({"used_us": HEARD - 120 * SECOND_US - 1}, 0.75),
        ({"used_us": EARLY_US}, 0.75),
        ({"reception_us": HEARD - 120 * SECOND_US - 1}, None),
        ({"reception_us": EARLY_US}, None),
        ({"lost_too": 4}, 1.0),
        ({"lost_too": 5}, 0.75),
        ({"lost_too": 0, "others": 0}, 1.0),
        ({"lost_too": 1, "others": 100}, 0.75),
        ({"lost_too": 1, "others": 101}, 1.0),
        ({"bat": 20.0, "lost_too": 5}, None),
        ({"bat": 20.0, "used_us": EARLY_US}, None),
    ],
)
def test_signs(change: dict[str, Any], score: float | None) -> None:
    assert suspicion_of(ALL._replace(**change)) == score


def wrapped_up(code: str = "gnss_lost", bat: float = 80.0, last: str = "0 10:03:59") -> list[Line]:
    """A fix at 10:02, trouble with reception at 10:02, the last message; ticks around the loss 300 s after it."""
    tag = Sender("T1")
    lines = [tag.fix("0 10:00", bat=15.0), tag.fix("0 10:02", bat=bat), tag.event("0 10:02", code, "start")]
    return [*lines, tag.event(last, "heartbeat"), tick("0 10:08:59"), tick("0 10:09")]


def test_it_opens_with_the_loss_and_says_how_sure() -> None:
    found = said(RECORDS, wrapped_up(), SUSPECTED)
    assert shown(found, "change", "from", "decided", "reason", "score", "cause") == [
        ("opened", "0 10:04", "0 10:09", "silence", 1.0, "unknown")
    ]
    assert found[0]["evidence"] == [{"device": "T1", "gen": 0, "seq": 4}]
    assert '"score":1.0' in json.dumps(found[0], separators=(",", ":"))


@pytest.mark.parametrize(
    ("lines", "scores"),
    [
        (wrapped_up("jamming"), [1.0]),
        (wrapped_up(bat=20.0), [0.75]),
        (wrapped_up("heartbeat"), []),
        (wrapped_up(last="0 10:04"), []),
    ],
    ids=["jamming", "an empty battery", "no trouble with reception", "trouble and fix 121 s before the last message"],
)
def test_signs_of_a_feed(lines: list[Line], scores: list[float]) -> None:
    assert [v["score"] for v in said(RECORDS, [*lines, tick("0 10:10")], SUSPECTED)] == scores


def test_the_newest_battery_level_is_by_fix_time() -> None:
    tag = Sender("T1")
    lines = [tag.fix("0 10:03", bat=80.0), tag.event("0 10:03", "gnss_lost"), tag.fix("0 09:00", "0 10:04", bat=5.0)]
    assert [v["score"] for v in said(RECORDS, [*lines, tick("0 10:20")], SUSPECTED)] == [1.0]


def test_contact_closes_it_and_so_does_the_end_of_the_fitting() -> None:
    back = said(RECORDS, [*wrapped_up(), Sender("T1").bad("0 10:30")], SUSPECTED)
    assert shown(back, "change", "to", "reason", "score")[1:] == [("closed", "0 10:30", "contact", 1.0)]
    records = [*RECORDS[:3], fitting("T1", "0 00:00", "0 10:20")]
    ended = said(records, [*wrapped_up(), tick("0 10:30")], SUSPECTED)
    assert shown(ended, "change", "to", "reason")[1:] == [("closed", "0 10:20", "clock")]


def test_those_lost_together_are_no_suspicion_each() -> None:
    """Fifty more tags, one of which is lost in the same 300 s: no longer under 1 %."""
    others = [f"T{n}" for n in range(2, 52)]
    records = [*RECORDS, *(device(n) for n in others), *(fitting(n) for n in others)]
    lines = wrapped_up(bat=20.0)[:-2]
    alive = [Sender(name).event("0 10:06", "heartbeat") for name in others[1:]]
    alone = [*lines, Sender(others[0]).event("0 10:06", "heartbeat"), *alive, tick("0 10:09")]
    assert [v["score"] for v in said(records, alone, SUSPECTED, check=False)] == [0.75]
    together = [Sender(others[0]).event("0 10:03:58", "heartbeat"), *lines, *alive, tick("0 10:09")]
    together.sort(key=lambda line: str(line.get("received") or line.get("tick")))
    assert said(records, together, SUSPECTED) == []


def test_a_protected_person_is_not_suspected() -> None:
    records: list[Line] = [{"type": "victim", "id": "V1"}, device("T1", "victim_unit"), fitting("T1", person="V1")]
    assert said(records, wrapped_up(), SUSPECTED) == []
