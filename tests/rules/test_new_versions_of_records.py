"""New versions of records that are known already (rules.md 10): what they say nothing new of goes on as it was."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.rules.made import HOME, Line, Sender, both, condition, learnt, said, standing, tick, told, us, wearer
from tests.rules.pairs_made import PROXIMITY, Feed, caseload, every_way
from tests.rules.pairs_made import UNIT as UNIT_OF_VICTIM
from tests.rules.pairs_made import at as after
from tests.twin.engine import EVERY_KIND, run

DAY = "2026-11-02T"
"""A Monday."""
TAG, UNIT = ("T1", "gps_tag"), ("H1", "home_unit")
LONG_AGO = {"holds_from": "2026-10-01T00:00:00Z"}


def at(clock: str) -> str:
    return f"{DAY}{clock}:00"


def z(clock: str) -> str:
    return f"{at(clock)}Z"


def night(start: str = "19:00", end: str = "07:00", **more: Any) -> Line:
    rows = [{"day": "mon", "start": start, "end": end}]
    return condition(
        "curfew", **{"place": HOME, "timezone": "Europe/London", "timetable": rows, "grace_s": 300, **more}
    )


def record_of(records: list[Line], kind: str, **more: Any) -> Line:
    """A new version of the one record of its kind."""
    (found,) = [one for one in records if one["type"] == kind]
    return found | more


def minutes(tag: Sender, first: str, last: str, *, away: bool = False) -> list[Line]:
    """A fix each minute, by the clock."""
    count = (us(at(last)) - us(at(first))) // 60_000_000
    hour, minute = int(first[:2]), int(first[3:])
    clocks = [f"{hour + (minute + k) // 60:02}:{(minute + k) % 60:02}" for k in range(count + 1)]
    return [tag.away(at(clock)) if away else tag.fix(at(clock)) for clock in clocks]


ENDS = [
    pytest.param(None, id="an end to come, entered as it is known"),
    pytest.param("2026-11-01T09:00:00Z", id="an end to come, held from the start"),
]


@pytest.mark.parametrize("holds_from", ENDS)
def test_a_fitting_whose_end_is_entered_is_the_same_fitting(holds_from: str | None) -> None:
    """What its device did goes on, until its own end or that of the fitting."""
    tag, records = Sender("T1"), wearer(TAG)
    ends = learnt(at("21:05"), record_of(records, "fitting", to=z("23:00")), holds_from=holds_from)
    cut, low = tag.event(at("21:00"), "strap_tamper", "start"), tag.event(at("21:02"), "battery_low", "start")
    versions = both(records, [cut, low, ends, tag.event(at("22:00"), "battery_low", "end"), tick(at("23:10"))])
    assert told(standing(versions, "strap_tamper", "battery_low"), "kind", "from", "to", "version") == [
        ("strap_tamper", z("21:00"), z("23:00"), 2),
        ("battery_low", z("21:02"), z("22:00"), 2),
    ]
    assert {v["reason"] for v in versions if v["kind"] == "strap_tamper" and v["to"]} == {"clock"}


def test_a_loss_of_contact_goes_on_over_a_new_version_of_its_fitting() -> None:
    tag, records = Sender("T1"), wearer(TAG)
    ends = learnt(at("20:30"), record_of(records, "fitting", to=z("23:00")))
    versions = both(records, [tag.fix(at("20:00")), tick(at("20:15")), ends, tick(at("20:31")), tag.fix(at("20:40"))])
    assert told(versions, "kind", "change", "reason", "from", "to") == [
        ("communication_lost", "opened", "silence", f"{DAY}20:00:01Z", None),
        ("communication_lost", "closed", "contact", f"{DAY}20:00:01Z", f"{DAY}20:40:01Z"),
    ]


def test_an_end_that_is_entered_afterwards_ends_the_fitting_when_it_was_entered() -> None:
    """By what was known until then it was worn."""
    tag, records = Sender("T1"), wearer(TAG)
    ends = learnt(at("21:30"), record_of(records, "fitting", to=z("21:10")))
    (found,) = standing(both(records, [tag.event(at("21:00"), "strap_tamper", "start"), ends]), "strap_tamper")
    assert found["to"] == z("21:30")


def test_a_home_unit_s_word_stands_over_a_new_version_of_a_fitting() -> None:
    unit, records = Sender("H1"), [*wearer(TAG, UNIT), night(place=HOME | {"home_unit": "H1"})]
    fitting = next(one for one in records if one["id"] == "F-T1")
    lines = [unit.event(at("19:20"), "in_range", "start", tag="T1")]
    lines += [unit.event(at("19:50"), "in_range", "end", tag="T1")]
    lines += [unit.event(at(clock), "heartbeat") for clock in ("19:51", "19:52", "19:53", "19:54", "19:56", "19:58")]
    lines += [learnt(at("19:55"), fitting | {"to": z("23:00")}), unit.event(at("20:00"), "in_range", "start", tag="T1")]
    (found,) = standing(both(records, lines), "curfew")
    assert (found["from"], found["to"], found["minutes_certain"]) == (z("19:50"), z("20:00"), 10.0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param({"start": "19:00"}, {"start": "18:00"}, id="earlier"),
        pytest.param({"start": "18:00"}, {"start": "19:00"}, id="later"),
        pytest.param({"end": "23:00"}, {"end": "22:00"}, id="shorter"),
    ],
)
def test_a_curfew_whose_window_is_moved_keeps_what_it_says_nothing_new_of(before: Line, after: Line) -> None:
    tag, records = Sender("T1"), [*wearer(TAG, atv_allowance_min=20), night(**before)]
    lines = [
        *minutes(tag, "17:30", "20:59"),
        *minutes(tag, "21:00", "21:29", away=True),
        *minutes(tag, "21:30", "21:40"),
    ]
    moved = learnt(at("22:00"), night(**after), **LONG_AGO)
    versions = both(records, [*lines, moved, tick(at("22:10"))])
    (found,) = standing(versions, "curfew")
    assert (found["id"], found["from"], found["to"]) == ("W1-1", z("21:00"), z("21:30"))
    assert not any(v["retrospective"] or v["change"] == "withdrawn" for v in versions)
    assert len(standing(versions, "atv_warning", "atv_exceeded")) == 2


def test_a_window_that_begins_later_than_was_thought_shortens_what_began_in_it() -> None:
    """Out since before either: nothing is newly opened (rules.md 10)."""
    tag, records = Sender("T1"), [*wearer(TAG), night()]
    moved = learnt(at("20:00"), night("19:30"), **LONG_AGO)
    versions = both(records, [*minutes(tag, "18:50", "19:59", away=True), moved])
    assert told(versions, "id", "change", "reason", "from", "retrospective") == [
        ("W1-1", "opened", "fixes", z("19:00"), False),
        ("W1-1", "shortened", "variation", z("19:30"), False),
    ]


def test_an_order_s_start_that_was_moved_keeps_the_violations_of_a_curfew_round_the_clock() -> None:
    rows = [{"day": day, "start": "00:00", "end": "24:00"} for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")]
    tag, records = Sender("T1"), [*wearer(TAG), night(timetable=rows)]
    lines = [
        *minutes(tag, "20:00", "20:09"),
        *minutes(tag, "20:10", "20:29", away=True),
        *minutes(tag, "20:30", "20:40"),
    ]
    moved = learnt(at("21:00"), record_of(records, "order", **{"from": "2026-11-01T10:00:00Z"}), **LONG_AGO)
    (found,) = standing(both(records, [*lines, moved]), "curfew")
    assert (found["id"], found["version"], found["from"], found["to"]) == ("W1-1", 2, z("20:10"), z("20:30"))


def test_silence_that_stands_is_not_judged_by_an_order_that_had_not_begun_yet() -> None:
    """The order is moved to 20:04, as known from 20:02 on; the loss is opened at 20:10, from 20:00. Another record says nothing of it."""
    curfew = night("01:00", "02:00")
    tag, records = Sender("T1"), [*wearer(TAG), curfew]
    lines = [tag.fix(at("20:00")), tick(at("20:01"))]
    lines += [learnt(at("20:02"), record_of(records, "order", **{"from": z("20:04")})), tick(at("20:10"))]
    lines += [learnt(at("20:11"), curfew | {"grace_s": 120}), tick(at("20:13"))]
    assert told(both(records, lines), "kind", "change", "from") == [("communication_lost", "opened", f"{DAY}20:00:01Z")]


def test_the_grace_of_a_window_is_the_one_that_held_when_it_began() -> None:
    tag, records = Sender("T1"), [*wearer(TAG), night(grace_s=900)]
    changed = learnt(at("19:05"), night(grace_s=600))
    lines = [*minutes(tag, "18:00", "18:10"), tick(at("19:01")), changed, tick(at("19:14")), tick(at("19:15"))]
    (found,) = standing(both(records, lines), "whereabouts_unknown")
    assert (found["from"], found["decided"]) == (z("19:15"), z("19:15"))


def test_what_was_closed_by_a_home_unit_that_came_back_rests_on_the_word_with_which_it_came_back() -> None:
    """However often it says that again."""
    tag, unit = Sender("T1"), Sender("H1")
    records = [*wearer(TAG, UNIT), night(place=HOME | {"home_unit": "H1"})]
    lines = [unit.event(at(f"18:{m}"), "in_range", "start", tag="T1") for m in range(50, 60)]
    lines += [*minutes(tag, "21:00", "21:06", away=True)]
    lines += [unit.event(at(f"21:{m}"), "in_range", "start", tag="T1") for m in (10, 11, 12)]
    versions = both(records, [*lines, tick(at("21:20"))])
    (found,) = standing(versions, "curfew")
    assert [(fact["device"], fact["seq"]) for fact in found["evidence"]] == [("T1", 1), ("T1", 2), ("H1", 11)]
    assert (found["to"], found["version"]) == (z("21:10"), 2)


@pytest.mark.parametrize("last_heard", ["20:05", "20:11"])
def test_a_second_word_that_a_tag_is_not_heard_is_no_evidence_of_presence_at_the_first(last_heard: str) -> None:
    unit, records = Sender("H1"), [*wearer(TAG, UNIT), night(place=HOME | {"home_unit": "H1"})]
    starts = (*(f"19:{m}" for m in range(50, 60)), "20:00")
    lines = [unit.event(at(clock), "in_range", "start", tag="T1") for clock in starts]
    for clock, heard in (("20:10", "20:07"), ("20:12", last_heard)):
        lines.append(unit.event(at(clock), "in_range", "end", tag="T1", last_heard=us(at(heard)) // 1000))
    lines += [unit.event(at("20:30"), "in_range", "start", tag="T1")]
    (found,) = standing(both(records, lines), "curfew")
    assert found["minutes_possible"] == 23.0


def test_who_was_seen_outside_and_then_not_heard_by_the_home_unit_was_not_there() -> None:
    """What says so in the window is the home unit, whoever said it before."""
    tag, unit = Sender("T1"), Sender("H1")
    rows = [{"day": "mon", "start": "20:00", "end": "20:20"}]
    place = HOME | {"home_unit": "H1"}
    records = [*wearer(TAG, UNIT), condition("attendance", place=place, timezone="Europe/London", timetable=rows)]
    lines = [*minutes(tag, "19:50", "19:54", away=True), unit.event(at("19:55"), "in_range", "end", tag="T1")]
    lines += [unit.event(at(f"20:{m:02}"), "heartbeat") for m in range(21)]
    (found,) = standing(both(records, [*lines, tick(at("20:21"))]), "attendance_missed")
    assert [(fact["device"], fact["seq"]) for fact in found["evidence"]] == [("H1", 1)]


def test_a_loss_of_a_victim_s_unit_ends_with_the_order_whose_end_was_moved() -> None:
    """The order is of the wearer; whom it protects is concerned by it."""
    feed = Feed().fix(UNIT_OF_VICTIM, 0, 5000).fix("T1", 0, 0)
    order = next(one for one in map(json.loads, caseload(PROXIMITY)) if one["type"] == "order")
    feed.learnt(60, **order | {"to": after(1200)})
    for seconds in (30, 600, 1300):
        feed.tick(seconds)
    records = caseload(PROXIMITY)
    twin = [json.loads(line) for line in run(records, feed.said(), None, EVERY_KIND)]
    for versions in (every_way(records, feed.said()), twin):
        (found,) = (v for v in standing(versions, "communication_lost") if v["victim"] == "V1")
        assert (found["from"], found["to"]) == (after(0), after(1200))


@pytest.mark.parametrize(("before", "after"), [(60, 600), (600, 60)])
def test_what_was_judged_by_a_device_s_interval_stands_when_it_is_given_another(before: int, after: int) -> None:
    """By `G` of the version that held: out for twelve minutes with a fix every eight, and five minutes' silence of a tag."""
    tag = Sender("T1")
    old = {"type": "device", "id": "T1", "kind": "gps_tag", "interval_s": before, "upload_s": before}
    records = [old if one["type"] == "device" else one for one in wearer(TAG)] + [night()]
    lines = [
        tag.fix(at("19:30")),
        *(tag.away(at(clock)) for clock in ("19:40", "19:48", "19:56")),
        tag.fix(at("20:00")),
    ]
    lines += [tag.event(at("20:07"), "heartbeat"), tag.fix(at("20:08"))]
    first = both(records, lines)
    changed = learnt(at("21:00"), old | {"interval_s": after, "upload_s": after})
    assert both(records, [*lines, changed])[: len(first)] == first
    assert not [one for one in both(records, [*lines, changed]) if one["reason"] == "variation"]
    assert bool(standing(first, "curfew")) == (before == 600)


def circled(**more: Any) -> Line:
    return condition("exclusion_zone", **{"zone": {"type": "Circle", "center": [0.5, 51.2], "radius_m": 500}, **more})


def test_a_run_that_is_long_enough_by_a_lower_threshold_opens_with_its_next_fix() -> None:
    tag, records = Sender("T1"), [*wearer(TAG), circled(threshold_points=3)]
    lowered = learnt(f"{DAY}20:01:30", circled(threshold_points=1))
    versions = both(records, [*minutes(tag, "20:00", "20:06"), lowered])
    assert told(versions, "kind", "change", "from", "decided") == [
        ("exclusion_zone", "opened", z("20:00"), f"{DAY}20:02:01Z")
    ]


def test_nearness_that_is_long_enough_by_a_lower_threshold_is_told_at_the_next_fix() -> None:
    near = PROXIMITY | {"threshold_points": 4}
    feed = Feed()
    for minute in range(5):
        feed.fix(UNIT_OF_VICTIM, 60 * minute, 0.0)
        feed.fix("T1", 60 * minute + 1, 0.0)
    feed.learnt(90, **near | {"threshold_points": 1})
    kinds = ("proximity_alert", "proximity_prealert")
    twin = [json.loads(line) for line in run(caseload(near), feed.said(), None, EVERY_KIND)]
    for versions in (every_way(caseload(near), feed.said()), twin):
        assert told(standing(versions, *kinds), "kind", "decided") == [(kind, after(120)) for kind in kinds]


@pytest.mark.parametrize(
    ("before_m", "after_m", "expected"),
    [
        pytest.param(0, 900, [(z("20:03"), None)], id="there is one from now on"),
        pytest.param(900, 0, [(z("20:00"), z("20:03"))], id="there is none from now on"),
        pytest.param(900, 600, [(z("20:00"), z("20:03"))], id="a smaller one"),
    ],
)
def test_a_buffer_is_what_it_is_by_the_version_that_holds(before_m: int, after_m: int, expected: list[Any]) -> None:
    """A fix 1,112 m from the middle is 612 m from the zone."""
    tag, records = Sender("T1"), [*wearer(TAG), circled(buffer_m=before_m)]
    lines = minutes(tag, "20:00", "20:06", away=True)
    versions = said(records, [*lines, learnt(f"{DAY}20:02:30", circled(buffer_m=after_m))])
    assert told(standing(versions, "zone_buffer"), "from", "to") == expected
    assert not any(v["retrospective"] for v in versions)


LEAVE: Line = {"type": "absence", "id": "A1", "condition": "C1", "from": z("20:00"), "to": z("23:00")}
SUSPENDED: Line = {"type": "suspension", "id": "S1", "order": "O1", "from": z("20:00"), "to": z("23:00")}


@pytest.mark.parametrize("grant", [LEAVE, SUSPENDED], ids=["leave", "a suspension"])
@pytest.mark.parametrize("holds_from", [None, z("20:30")], ids=["as of now", "as of before"])
def test_leave_that_is_revoked_makes_retrospective_what_is_added_to_the_past_alone(
    grant: Line, holds_from: str | None
) -> None:
    """What was said of the evening before the leave counts on, when nothing before the revocation is added to it (rules.md 10)."""
    tag, records = Sender("T1"), wearer(TAG, atv_allowance_min=50)
    feed = [*minutes(tag, "18:30", "18:59"), *minutes(tag, "19:10", "22:30", away=True)]
    revoked = learnt(at("21:00"), grant, holds_from=holds_from, cancelled=True)
    versions = both([*records, night(), grant], [*feed, revoked, tick(at("22:31"))])
    (violation,) = standing(versions, "curfew")
    assert told([violation], "from", "to", "retrospective") == [(z("19:10"), None, holds_from is not None)]
    assert told(standing(versions, "atv_warning", "atv_exceeded"), "kind", "from") == (
        [] if holds_from else [("atv_warning", z("19:50")), ("atv_exceeded", z("21:00"))]
    )


@pytest.mark.parametrize("holds_from", [None, z("20:30")], ids=["as of now", "as of before"])
def test_leave_from_a_zone_that_is_revoked_makes_retrospective_what_is_added_to_the_past_alone(
    holds_from: str | None,
) -> None:
    tag, records = Sender("T1"), wearer(TAG)
    zone = condition("restriction_zone", zone={"type": "Circle", "center": [HOME["lon"], HOME["lat"]], "radius_m": 50})
    feed = [*minutes(tag, "18:30", "18:59"), *minutes(tag, "19:10", "22:30", away=True)]
    revoked = learnt(at("21:00"), LEAVE, holds_from=holds_from, cancelled=True)
    versions = both([*records, zone, LEAVE], [*feed, revoked, tick(at("22:31"))])
    assert told(standing(versions, "restriction_zone"), "from", "to", "retrospective") == [
        (z("19:10"), None, holds_from is not None)
    ]
