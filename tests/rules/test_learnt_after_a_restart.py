"""Records learnt after what they concern, by rules that were started anew meanwhile: what is stored must be asked for again."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rules.made import ORDER_FROM, Line, Sender, both, condition, learnt, standing, told, wearer

IN_ZONE = 51.2
SQUARE = [[[0.49, 51.195], [0.51, 51.195], [0.51, 51.205], [0.49, 51.205], [0.49, 51.195]]]
ZONE = {"type": "Polygon", "coordinates": SQUARE}


def _in_and_out(device: str) -> list[Line]:
    sender = Sender(device)
    inside = [sender.fix(f"2026-11-02T20:0{k}:00", IN_ZONE) for k in range(2)]
    return [*inside, *(sender.away(f"2026-11-02T20:0{k}:00") for k in range(4, 6))]


def _fitting(wearer_id: str, **more: Any) -> Line:
    return {"type": "fitting", "id": "F2", "wearer": wearer_id, "device": "T1", "from": ORDER_FROM, "to": None, **more}


@pytest.mark.parametrize("before", [False, True])
def test_what_a_device_had_sent_is_judged_when_its_fitting_is_entered_after_a_restart(before: bool) -> None:
    """Section 10, "a change that reaches into the past re-judges that stretch": also where the device was nobody's, or another's, until then."""
    records = [r for r in wearer(("T1", "gps_tag")) if r["type"] != "fitting"]
    records += [{"type": "wearer", "id": "W2", "name": "B"}, condition("exclusion_zone", zone=ZONE)]
    records += [_fitting("W2", id="F1", to="2026-11-02T12:00:00Z")] if before else []
    entered = learnt("2026-11-02T21:00:00", _fitting("W1", **{"from": "2026-11-02T19:00:00Z"}))
    entered["holds_from"] = "2026-11-02T19:00:00Z"
    versions = both(records, [*_in_and_out("T1"), entered])
    found = standing(versions, "exclusion_zone")
    assert told(found, "from", "to", "retrospective") == [("2026-11-02T20:00:00Z", "2026-11-02T20:04:00Z", True)]


def test_a_zone_that_is_entered_after_a_restart_is_judged_by_what_was_stored() -> None:
    entered = learnt("2026-11-02T21:00:00", condition("exclusion_zone", zone=ZONE)) | {"holds_from": ORDER_FROM}
    versions = both(wearer(("T1", "gps_tag")), [*_in_and_out("T1"), entered])
    found = standing(versions, "exclusion_zone")
    assert told(found, "from", "to", "retrospective") == [("2026-11-02T20:00:00Z", "2026-11-02T20:04:00Z", True)]


def test_two_who_must_not_meet_are_judged_by_what_was_stored_when_that_is_entered_after_a_restart() -> None:
    records = [*wearer(("T1", "gps_tag")), *wearer(("T2", "gps_tag"), wearer_id="W2", order="O2")]
    lines = []
    for sender in (Sender("T1"), Sender("T2")):
        lines += [sender.fix(f"2026-11-02T20:{minute:02d}:00") for minute in range(12)]
    entered = learnt("2026-11-02T21:00:00", condition("association", other_wearer="W2")) | {"holds_from": ORDER_FROM}
    found = standing(both(records, [*lines, entered]), "association")
    assert told(found, "from", "retrospective") == [("2026-11-02T20:00:00Z", True)]
