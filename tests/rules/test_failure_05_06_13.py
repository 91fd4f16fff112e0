"""Failures 05, 06 and 13: bad reception made into breaches; points some miles off; visits inside a late backlog."""

from __future__ import annotations

import json
from typing import Any

import pytest

from domain.vocabulary import Quality
from tests.rules.made import HOME, Line, Sender, condition, in_order, said, standing, tick, wearer
from tests.rules.running import WHOLE, Running, batches_of, caseload_of

pytestmark = pytest.mark.slow

DAY = "2026-11-02T"
"""A Monday."""
NIGHT = [{"day": "mon", "start": "19:00", "end": "07:00"}]
AFTERNOON = [{"day": "mon", "start": "14:00", "end": "18:00"}]
ZONE_LAT = 51.23
ZONE = {"type": "Circle", "center": [0.5, ZONE_LAT], "radius_m": 300}
OF_CONDITIONS = ("exclusion_zone", "restriction_zone", "inclusion_zone", "curfew", "zone_buffer", "zone_transit")
WITHOUT_FACTS = {
    "whereabouts_unknown",
    "communication_lost",
    "unmonitored",
    "not_fitted",
    "atv_warning",
    "atv_exceeded",
}
"""What rests on no fact of the wearer: silence with nothing heard, the clock, sums of other violations."""


def clocks(first: str, last: str, every: int = 1) -> list[str]:
    """``12:00`` to ``12:30``, both included, every so many minutes."""
    low, high = (int(clock[:2]) * 60 + int(clock[3:]) for clock in (first, last))
    return [f"{DAY}{m // 60:02}:{m % 60:02}:00" for m in range(low, high + 1, every)]


def confined() -> list[Line]:
    """A wearer with a tag, a curfew at home from 19:00, and a zone to keep out of two miles north."""
    curfew = condition("curfew", place=HOME, timezone="Europe/London", timetable=NIGHT, grace_s=300)
    return [*wearer(("T1", "gps_tag")), curfew, condition("exclusion_zone", "C2", zone=ZONE, buffer_m=500)]


def bad_reception() -> list[Line]:
    """At home all evening: heard every other quarter of an hour, without fixes for half of what is left, coarse now and then."""
    tag = Sender("T1")
    lines = [tick(clock) for clock in clocks("17:01", "23:59")]
    for number, clock in enumerate(clocks("17:00", "23:55")):
        if number // 15 % 4 == 3:
            continue
        if number // 15 % 4 == 1:
            lines.append(tag.event(clock, "heartbeat"))
        else:
            lines.append(tag.fix(clock, acc=(8.0, 60.0, 190.0, 450.0)[number % 4]))
    return lines


def test_failure_05_bad_reception_is_a_monitoring_gap_and_no_violation_of_any_condition() -> None:
    versions = said(confined(), bad_reception())
    found = standing(versions, *{v["kind"] for v in versions})
    kinds = {v["kind"] for v in found}
    assert {"communication_lost", "location_lost"} <= kinds
    assert kinds.isdisjoint(OF_CONDITIONS)
    assert {v["cause"] for v in found} == {"unknown"}, "none of it is the wearer's"
    assert all(v["minutes_certain"] is None for v in found)


def test_failure_05_an_episode_is_one_violation_however_many_points_say_it() -> None:
    """An hour in the zone, 61 fixes: one violation. Seven hours of silence: one loss, at 400 ticks."""
    tag = Sender("T1")
    lines = [tag.fix(clock, ZONE_LAT) for clock in clocks("12:00", "13:00")]
    lines += [tick(clock) for clock in clocks("12:01", "20:00")]
    versions = said(confined(), lines)
    assert len(standing(versions, "exclusion_zone")) == 1
    assert len(standing(versions, "communication_lost")) == 1
    assert sum(v["kind"] == "exclusion_zone" for v in versions) == 1, "and is told once"


def test_failure_05_a_fix_that_wavers_over_the_edge_makes_no_alert_each_time() -> None:
    """Every other fix inside, by less than the fix is sure of: 120 fixes and not one violation of the condition."""
    tag = Sender("T1")
    edge = ZONE_LAT + 300 / 111_250
    lats = [edge + (20 if number % 2 else -20) / 111_250 for number in range(121)]
    lines = [tag.fix(clock, lat, acc=60.0) for clock, lat in zip(clocks("12:00", "14:00"), lats, strict=True)]
    assert not standing(said(confined(), lines), "exclusion_zone", "zone_edge")


def test_failure_05_every_violation_says_which_points_and_which_rule() -> None:
    """Each names its rule (kind, and condition or device) and facts that were received; by silence, the last one heard."""
    tag = Sender("T1")
    lines = [*(tag.fix(clock, ZONE_LAT) for clock in clocks("15:00", "15:20")), *bad_reception_after(tag)]
    received = {(line["device"], 0, item["seq"]) for line in lines if "device" in line for item in items(line)}
    versions = said(confined(), lines)
    assert {"exclusion_zone", "curfew", "communication_lost", "strap_tamper"} <= {v["kind"] for v in versions}
    for version in versions:
        assert version["condition"] or version["device"] or version["kind"] in WITHOUT_FACTS, version
        named = [(fact["device"], fact["gen"], fact["seq"]) for fact in version["evidence"]]
        assert set(named) <= received
        assert named or version["kind"] == "whereabouts_unknown", version


def bad_reception_after(tag: Sender) -> list[Line]:
    """Away through the evening, the strap cut, and then silence."""
    lines = [tag.fix(clock, 51.21) for clock in clocks("18:50", "20:00")]
    lines += [tag.event(f"{DAY}20:00:30", "strap_tamper", "start")]
    return [*lines, *(tick(clock) for clock in clocks("15:01", "22:00"))]


def items(line: Line) -> list[dict[str, Any]]:
    envelope = line["envelope"]
    return [*envelope.get("fixes", []), *envelope.get("events", [])]


# -- 06 --


def test_failure_06_a_jump_of_miles_is_rejected_with_its_reason_and_opens_nothing() -> None:
    """One fix two miles off, in the zone, said to be right to 5 m: kept, called implausible, and counted for nothing."""
    tag = Sender("T1")
    lines = [tag.fix(clock) for clock in clocks("12:00", "12:04")]
    lines += [tag.fix(f"{DAY}12:04:20", ZONE_LAT, acc=5.0)]
    lines += [tag.fix(clock) for clock in clocks("12:05", "12:10")]
    records = confined()
    assert said(records, lines) == []
    running = Running(caseload_of(json.dumps(record) for record in records))
    for batch in batches_of(running.versions, in_order(lines), running.roster, WHOLE, None):
        running.take(batch)
    qualities = [Quality(fact["quality"]) for fact in running.stored]
    assert qualities == [*[Quality.OK] * 5, Quality.IMPLAUSIBLE, *[Quality.OK] * 6]


REASONS: dict[str, tuple[Quality, dict[str, Any]]] = {
    "nobody wears it": (Quality.UNFITTED, {"at": "2026-10-30T12:00:00", "received": f"{DAY}12:00:00"}),
    "of the future": (Quality.FUTURE, {"at": f"{DAY}12:02:01", "received": f"{DAY}12:00:00"}),
    "of nowhere": (Quality.ZERO, {"at": f"{DAY}12:00:00", "lat": 0.0, "lon": 0.0}),
    "of anywhere": (Quality.INACCURATE, {"at": f"{DAY}12:00:00", "acc": 200.1}),
}


@pytest.mark.parametrize("what", REASONS)
def test_failure_06_what_is_not_used_says_why(what: str) -> None:
    """In what is stored with it; also of a fix from the future, which waits until the clock reaches it."""
    quality, how = REASONS[what]
    running = Running(caseload_of(json.dumps(record) for record in confined()))
    sent = Sender("T1").fix(**{"lat": ZONE_LAT, **how})
    for batch in batches_of(running.versions, [json.dumps(sent)], running.roster, 1, None):
        running.take(batch)
    assert [Quality(fact["quality"]) for fact in running.stored] == [quality]
    assert running.said == []


# -- 13 --


def test_failure_13_a_visit_inside_a_late_backlog_is_found_with_its_true_times() -> None:
    """In the zone 09:20 to 09:40; all of it comes at 15:00, after hours of live fixes from home."""
    tag = Sender("T1")
    visit = [*clocks("09:20", "09:40")]
    backlog = [tag.fix(clock, ZONE_LAT if clock in visit else 51.2) for clock in clocks("09:00", "10:00")]
    for line in backlog:
        line["received"] = f"{DAY}15:00:00Z"
    live = [tag.fix(clock) for clock in clocks("12:00", "15:30")]
    versions = said(confined(), [*live, *backlog, *(tick(clock) for clock in clocks("12:01", "15:30", 10))])
    (found,) = standing(versions, "exclusion_zone")
    assert (found["from"], found["to"]) == (f"{DAY}09:20:00Z", f"{DAY}09:41:00Z")
    assert (found["decided"], found["reason"], found["late"]) == (f"{DAY}15:00:00Z", "late_data", True)
    assert found["cause"] == "wearer"


@pytest.mark.parametrize("live", [True, False], ids=["a fix a minute", "no fix since before the start"])
def test_failure_13_already_inside_when_a_schedule_starts_is_found_at_its_start(live: bool) -> None:
    """There since 13:30, forbidden from 14:00: from 14:00, decided by the first line then, without another fix."""
    tag = Sender("T1")
    zone = condition("exclusion_zone", "C2", zone=ZONE, schedule=AFTERNOON)
    lines = [tag.fix(clock, ZONE_LAT) for clock in clocks("13:30", "14:10" if live else "13:58")]
    versions = said([*wearer(("T1", "gps_tag")), zone], [*lines, tick(f"{DAY}14:00:00")])
    (found,) = standing(versions, "exclusion_zone")
    assert (found["from"], found["to"]) == (f"{DAY}14:00:00Z", None)
    assert (versions[0]["decided"], versions[0]["reason"]) == (f"{DAY}14:00:00Z", "clock")


def test_failure_13_already_out_when_a_curfew_starts_is_found_at_its_start() -> None:
    tag = Sender("T1")
    lines = [tag.fix(clock, 51.21) for clock in clocks("18:00", "19:10")]
    (found,) = standing(said(confined(), lines), "curfew")
    assert (found["from"], found["code"]) == (f"{DAY}19:00:00Z", "AL08")


def test_failure_13_both_at_once_a_backlog_that_shows_the_wearer_inside_when_the_schedule_started() -> None:
    tag = Sender("T1")
    zone = condition("exclusion_zone", "C2", zone=ZONE, schedule=AFTERNOON)
    backlog = [tag.fix(clock, ZONE_LAT, received=f"{DAY}17:00:00") for clock in clocks("13:30", "14:20")]
    lines = [
        *backlog,
        tag.fix(f"{DAY}17:01:00"),
        tag.fix(f"{DAY}17:02:00"),
        *(tick(c) for c in clocks("13:00", "16:59", 30)),
    ]
    (found,) = standing(said([*wearer(("T1", "gps_tag")), zone], lines), "exclusion_zone")
    assert (found["from"], found["to"]) == (f"{DAY}14:00:00Z", f"{DAY}17:01:00Z")
