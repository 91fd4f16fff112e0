"""Facts ahead of the clock wait until a line reaches them, whatever that line is (rules.md 0)."""

from __future__ import annotations

import pytest

from tests.rules.made import Line, Sender, condition, learnt, said, tick, told, wearer

DAY = "2026-11-02T"
ZONE = {"type": "Circle", "center": [0.5, 51.2], "radius_m": 300}
RECORDS = [*wearer(("T1", "gps_tag")), condition("exclusion_zone", zone=ZONE)]
STRANGER: Line = {"type": "wearer", "id": "W9", "name": "Bo Fenn"}
OTHERS_ORDER: Line = {
    "type": "order",
    "id": "O9",
    "wearer": "W9",
    "kind": "bail",
    "from": f"{DAY}00:00:00Z",
    "to": None,
}
AREA: Line = {"type": "area", "id": "kent", "kind": "pdu", "name": "Kent", "parent": None}
FITTING = {"type": "fitting", "id": "F9", "wearer": "W9", "device": "T9", "from": f"{DAY}00:00:00Z", "to": None}
ASSESSMENT: Line = {
    "type": "assessment",
    "id": "B1",
    "violation": "W9-1",
    "decision": "upheld",
    "at": f"{DAY}00:00:00Z",
}
DEVICE = {"type": "device", "id": "T9", "kind": "gps_tag"}


def reached(clock: str) -> dict[str, list[Line]]:
    """Lines of every sort that reach an instant, none of them about the wearer who waits."""
    at = f"{DAY}{clock}"
    return {
        "a tick": [tick(at)],
        "a wearer without facts": [learnt(at, STRANGER)],
        "an order of one without facts": [
            learnt(at, STRANGER),
            learnt(at, OTHERS_ORDER | {"review": f"{DAY}00:00:00Z"}),
        ],
        "a fitting of one without facts": [learnt(at, STRANGER), learnt(at, DEVICE), learnt(at, FITTING)],
        "an area": [learnt(at, AREA)],
        "an assessment of nothing": [learnt(at, ASSESSMENT)],
        "a message of nobody's": [Sender("T1").fix(f"{DAY}00:00:00", received=at)],
    }


@pytest.mark.parametrize("sort", reached("12:01:30"))
def test_facts_ahead_are_judged_by_the_line_that_reaches_them(sort: str) -> None:
    """Two fixes inside, 60 and 80 s ahead of the message that brought them; and one more, which no line reaches."""
    tag = Sender("T1")
    tag.seq = 1
    ahead = [tag.fix(f"{DAY}12:{clock}", received=f"{DAY}12:00:00") for clock in ("01:00", "01:20", "01:50")]
    early = [learnt(f"{DAY}12:00:10", STRANGER | {"id": "W8"}), tick(f"{DAY}12:00:50")]
    versions = said(RECORDS, [*ahead, *early, *reached("12:01:30")[sort]])
    found = [v for v in versions if v["kind"] == "exclusion_zone"]
    assert told(found, "change", "from", "to", "decided") == [
        ("opened", f"{DAY}12:01:00Z", None, f"{DAY}12:01:30Z"),
    ]
    assert [fact["seq"] for fact in found[0]["evidence"]] == [2, 3]


def test_a_line_that_does_not_reach_them_decides_nothing() -> None:
    tag = Sender("T1")
    ahead = [tag.fix(f"{DAY}12:01:{second}", received=f"{DAY}12:00:00") for second in ("00", "20")]
    assert said(RECORDS, [*ahead, learnt(f"{DAY}12:01:19.999999", STRANGER)]) == []
    assert len(said(RECORDS, [*ahead, learnt(f"{DAY}12:01:20", STRANGER)])) == 1


def test_what_falls_due_by_the_clock_is_decided_by_a_record_about_somebody_else() -> None:
    """A schedule begins while the wearer is inside, and the only line then is a stranger's record."""
    rows = [{"day": "mon", "start": "12:00", "end": "13:00"}]
    records = [*wearer(("T1", "gps_tag")), condition("exclusion_zone", zone=ZONE, schedule=rows)]
    tag = Sender("T1")
    inside = [tag.fix(f"{DAY}11:{minute}:00") for minute in ("57", "58", "59")]
    versions = said(records, [*inside, learnt(f"{DAY}12:00:30", STRANGER)])
    assert told(versions, "kind", "from", "decided") == [
        ("exclusion_zone", f"{DAY}12:00:00Z", f"{DAY}12:00:30Z"),
    ]
