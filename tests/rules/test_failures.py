"""Failures of real services that the rules must not repeat (failures.md)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from domain.instants import MINUTE_US, format_instant, parse_instant
from geofence.cases import seen_of
from geofence.presence import ABSENT, PRESENT, UNKNOWN
from tests.rules.running import Running, batches_of, caseload_of

HOME = {"name": "home", "lon": 0.5, "lat": 51.2, "radius_m": 50}
FAR_LAT = 51.25
MONDAY = "2026-11-02T"
MONDAYS = [{"day": "mon", "start": "19:00", "end": "07:00"}]
Line = dict[str, Any]


def caseload(tag: str, kind: str, home_unit: str | None) -> list[str]:
    """One wearer under a curfew on Mondays from 19:00 to 07:00, with a tag and perhaps a home unit."""
    fitted = [(tag, kind), *([(home_unit, "home_unit")] if home_unit else [])]
    order = {"type": "order", "id": "O1", "wearer": "W1", "kind": "bail", "from": "2026-11-01T09:00:00Z"}
    curfew = {"type": "condition", "id": "C1", "order": "O1", "kind": "curfew", "timezone": "Europe/London"}
    records: list[dict[str, Any]] = [
        {"type": "wearer", "id": "W1", "name": "Ada Marsh"},
        order | {"to": "2027-02-01T00:00:00Z"},
        curfew | {"place": HOME | {"home_unit": home_unit}, "timetable": MONDAYS, "grace_s": 300},
    ]
    for device, device_kind in fitted:
        fitting = {"type": "fitting", "id": f"F-{device}", "wearer": "W1", "device": device, "to": None}
        records.append({"type": "device", "id": device, "kind": device_kind, "interval_s": 60, "upload_s": 60})
        records.append(fitting | {"from": "2026-11-01T09:00:00Z"})
    return [json.dumps(record) for record in records]


def instant(clock: str) -> int:
    return parse_instant(f"{MONDAY}{clock}:00Z")


def minutes(first: str, last: str, every: int = 1) -> range:
    return range(instant(first), instant(last) + 1, every * MINUTE_US)


class Sender:
    """Messages of one device, one item each, a second on the way."""

    def __init__(self, device: str) -> None:
        self.device = device
        self.seq = 0

    def fix(self, at: int, lat: float = 51.2) -> Line:
        return self._sent(at, "fixes", {"lat": lat, "lon": 0.5, "acc": 8.0})

    def event(self, at: int, code: str, state: str = "pulse", **data: Any) -> Line:
        return self._sent(at, "events", {"code": code, "state": state, **({"data": data} if data else {})})

    def _sent(self, at: int, key: str, item: dict[str, Any]) -> Line:
        self.seq += 1
        sent = at // 1000
        envelope = {"v": 1, "sent": sent + 500, key: [{"seq": self.seq, "t": sent, **item}]}
        return {"received": format_instant(at + 1_000_000), "device": self.device, "envelope": envelope}


def tick(at: int) -> Line:
    return {"tick": format_instant(at)}


def run(records: list[str], lines: Sequence[Line]) -> Running:
    """Lines in the order of their instants."""

    def when(line: Line) -> str:
        return str(line.get("received") or line.get("tick") or line.get("learnt"))

    running = Running(caseload_of(records))
    feed = [json.dumps(line) for line in sorted(lines, key=lambda line: parse_instant(when(line)))]
    for batch in batches_of(running.versions, feed, running.roster, 20, None):
        running.take(batch)
    return running


def presence(running: Running, clock: str) -> int:
    case = running.rules.world.layout.cases[running.rules.book.condition_index["C1"]]
    assert case is not None
    return seen_of(running.rules.world, case).state_at(instant(clock))


def standing(running: Running) -> dict[str, dict[str, Any]]:
    """The current violations by kind."""
    newest = {v.id: json.loads(v.as_line()) for v in running.said}
    return {v["kind"]: v for v in newest.values() if v["change"] != "withdrawn"}


def test_failure_24_a_strap_cut_and_the_tag_left_at_home_is_no_presence() -> None:
    tag = Sender("T1")
    lines = [tag.fix(at) for at in minutes("17:00", "17:59")]
    lines += [tag.event(instant("18:00"), "strap_tamper", "start")]
    lines += [tag.fix(at) for at in minutes("18:01", "22:00")]
    lines += [tick(at) for at in minutes("17:01", "22:01")]
    running = run(caseload("T1", "gps_tag", None), lines)
    assert presence(running, "17:59") == PRESENT
    assert {presence(running, clock) for clock in ("18:01", "19:00", "20:30", "22:00")} == {UNKNOWN}
    found = standing(running)
    assert found["strap_tamper"]["from"] == f"{MONDAY}18:00:00Z"
    assert found["whereabouts_unknown"]["from"] == f"{MONDAY}19:05:00Z"
    assert found["whereabouts_unknown"]["to"] is None, "the curfew is not shown as kept"
    assert "curfew" not in found, "nor as broken: nobody knows"


def test_failure_24_the_end_of_the_tamper_does_not_end_the_doubt_but_a_check_does() -> None:
    tag = Sender("T1")
    check = {"type": "equipment_check", "id": "E1", "device": "T1", "at": f"{MONDAY}20:00:00Z", "by": "R. Dale"}
    lines: list[Line] = [tag.event(instant("18:00"), "strap_tamper", "start")]
    lines += [tag.event(instant("18:10"), "strap_tamper", "end")]
    lines += [tag.fix(at) for at in minutes("18:11", "19:59")]
    lines += [{"learnt": f"{MONDAY}20:00:00Z", "holds_from": None, "record": check | {"result": "sound"}}]
    before = run(caseload("T1", "gps_tag", None), lines)
    assert presence(before, "19:30") == UNKNOWN
    assert presence(before, "20:00") == UNKNOWN, "the check revives nothing: new evidence is needed"
    after = run(caseload("T1", "gps_tag", None), [*lines, tag.fix(instant("20:01"))])
    assert presence(after, "20:01") == PRESENT


@pytest.mark.parametrize("code", ["strap_tamper", "case_tamper"])
def test_failure_24_a_home_unit_that_hears_a_cut_tag_says_nothing(code: str) -> None:
    unit = Sender("H1")
    lines = [unit.event(at, "in_range", "start", tag="R1") for at in minutes("17:00", "17:59")]
    lines += [unit.event(instant("18:00"), code, "start", tag="R1")]
    lines += [unit.event(at, "in_range", "start", tag="R1") for at in minutes("18:01", "20:00")]
    lines += [tick(at) for at in minutes("17:01", "20:01")]
    running = run(caseload("R1", "rf_tag", "H1"), lines)
    assert presence(running, "17:59") == PRESENT
    assert {presence(running, clock) for clock in ("18:01", "19:30", "20:00")} == {UNKNOWN}
    assert standing(running)[code]["device"] == "R1"
    assert standing(running)["whereabouts_unknown"]["to"] is None


def test_failure_24_a_cut_tag_that_goes_away_is_no_absence_either() -> None:
    tag = Sender("T1")
    lines = [tag.event(instant("18:00"), "strap_tamper", "start")]
    lines += [tag.fix(at, FAR_LAT) for at in minutes("18:30", "22:00")]
    running = run(caseload("T1", "gps_tag", None), lines)
    assert presence(running, "21:00") == UNKNOWN
    assert "curfew" not in standing(running)


def test_failure_26_a_curfew_tag_is_never_communication_lost_on_its_own() -> None:
    unit = Sender("H1")
    lines = [unit.event(at, "in_range", "start", tag="R1") for at in minutes("17:00", "18:00")]
    lines += [tick(at) for at in minutes("17:01", "23:59", every=3)]
    running = run(caseload("R1", "rf_tag", "H1"), lines)
    lost = [json.loads(v.as_line()) for v in running.said if v.kind == "communication_lost"]
    assert {v["device"] for v in lost} == {"H1"}, "the home unit is lost, once, and the tag is not"
    assert len(lost) == 1


def test_failure_26_a_curfew_tag_without_any_home_unit_is_never_communication_lost() -> None:
    lines = [tick(at) for at in minutes("17:00", "23:59", every=10)]
    running = run(caseload("R1", "rf_tag", None), lines)
    assert not any(v.kind in ("communication_lost", "location_lost") for v in running.said)


def test_failure_26_a_home_unit_that_does_not_hear_the_tag_is_an_absence_not_a_loss() -> None:
    unit = Sender("H1")
    lines = [unit.event(at, "in_range", "start", tag="R1") for at in minutes("18:00", "20:00")]
    lines += [unit.event(instant("20:01"), "in_range", "end", tag="R1", last_heard=instant("20:00") // 1000)]
    lines += [unit.event(at, "heartbeat") for at in minutes("20:02", "20:30")]
    lines += [tick(at) for at in minutes("18:01", "20:31")]
    running = run(caseload("R1", "rf_tag", "H1"), lines)
    assert presence(running, "20:10") == ABSENT
    assert {v.kind.value for v in running.said} == {"curfew"}
