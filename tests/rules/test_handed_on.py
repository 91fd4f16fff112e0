"""A device that goes from one wearer to the next takes nothing with it: what it was on one is no fact of the other (rules.md 0, 2, 7)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rules.made import Line, Sender, both, condition, said, told, wearer

DAY = "2026-11-02T"
CIRCLE = {"type": "Circle", "center": [0.5, 51.2], "radius_m": 500}


def at(second: int) -> str:
    """So many seconds after noon."""
    return f"{DAY}{12 + second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"


def z(second: int) -> str:
    return f"{at(second)}Z"


def swapped(*more: Line, swap_s: int = 1000) -> list[Line]:
    """T2 is on W2 until then, and on W1 from then on; each has a tag that stays."""
    records = [*wearer(("T1", "gps_tag")), *wearer(("T3", "gps_tag"), wearer_id="W2", order="O2")]
    records.append({"type": "device", "id": "T2", "kind": "gps_tag", "interval_s": 60, "upload_s": 60})
    fitting = {"type": "fitting", "device": "T2", "from": "2026-11-01T09:00:00Z", "to": None}
    records += [fitting | {"id": "F-before", "wearer": "W2", "to": z(swap_s)}]
    records += [fitting | {"id": "F-after", "wearer": "W1", "from": z(swap_s)}]
    return [*records, *more]


def together(tag: Sender, second: int, *items: Line) -> Line:
    """Items in one message that comes then."""
    envelope: dict[str, Any] = {"v": 1, "sent": items[-1]["envelope"]["sent"]}
    for item in items:
        for key in ("fixes", "events"):
            envelope.setdefault(key, []).extend(item["envelope"].get(key, []))
    return {"received": z(second), "device": tag.device, "envelope": envelope}


def test_what_was_of_two_wearers_and_comes_in_one_message_is_of_each_in_its_time() -> None:
    tag = Sender("T2")
    message = together(tag, 1500, tag.fix(at(100)), tag.fix(at(1020)), tag.event(at(1420), "heartbeat"))
    assert told(both(swapped(), [message]), "wearer", "kind", "from", "to") == [("W1", "location_lost", z(1020), None)]


def test_where_a_tag_lay_with_the_next_wearer_is_not_where_it_was_with_the_one_before() -> None:
    tag = Sender("T2")
    lines = (tag.event(at(100), "heartbeat"), tag.fix(at(1020)), tag.event(at(1030), "rest", "start"))
    zone = condition("exclusion_zone", order="O2", zone=CIRCLE, threshold_points=0)
    assert both(swapped(zone), [together(tag, 1900, *lines)]) == []


def test_rest_repeats_no_place_of_the_wearer_before() -> None:
    tag = Sender("T2")
    zone = condition("exclusion_zone", zone=CIRCLE, threshold_points=0)
    lines = [tag.fix(at(100)), tag.event(at(110), "rest", "start"), tag.event(at(300), "heartbeat")]
    assert both(swapped(zone, swap_s=200), lines) == []


@pytest.mark.parametrize("order", ["none", "of both"])
def test_a_late_fact_of_the_next_wearer_leaves_what_was_said_of_the_one_before(order: str) -> None:
    records = [one for one in swapped() if order == "of both" or one["type"] != "order"]
    tag, other = Sender("T2"), Sender("T1")
    late = other.event(at(1090), "heartbeat", received=at(1200))
    lines = [tag.fix(at(100)), tag.event(at(500), "heartbeat"), other.fix(at(1100)), tag.fix(at(1120)), late]
    assert told(both(records, lines), "wearer", "change", "from", "to") == [
        ("W2", "opened", z(100), None),
        ("W2", "closed", z(100), z(1000)),
    ]


def test_a_unit_that_is_nobody_s_excuses_no_lost_location() -> None:
    tag, unit = Sender("T1"), Sender("H1")
    records = [*wearer(("T1", "gps_tag")), {"type": "device", "id": "H1", "kind": "home_unit", "upload_s": 300}]
    lines = [unit.event(at(90), "in_range", "start", tag="T1"), tag.fix(at(100)), tag.event(at(450), "heartbeat")]
    lines += [unit.event(at(500), "in_range", "end", tag="T1"), tag.event(at(520), "heartbeat")]
    found = told(said(records, lines), "kind", "change", "from", "decided")
    assert found == [("location_lost", "opened", z(100), f"{at(451)}Z")]
