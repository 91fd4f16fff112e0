"""The auditor: truth by hand and by brute force, and whether what was sent could show it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from domain.vocabulary import EventCode, EventState
from simulators.lives_walked import position_of
from simulators.scenario import CALM, Scenario
from simulators.scenes import DeviceEvent, Life, Silence, Sky
from simulators.truth import lines_of, truth_lines
from simulators.truth_lines import WhyNot
from simulators.truth_zones import walked
from tests.simulators.worlds import brief, curfew, life, lines_told, one, truth_of, wearer, world

ZONE = {
    "kind": "exclusion_zone",
    "zone": {"type": "Circle", "center": [0.5, 51.2], "radius_m": 100.0},
    "threshold_points": 1,
}


# --- zones ---------------------------------------------------------------------------------------------------------


def _through_zone(speed: float, condition: dict[str, Any] = ZONE) -> Life:
    """From 300 m east of the zone's middle straight through it; home is not the zone's middle."""
    subject, _, _ = one(wearer(condition), 600)
    x, y = subject.home.to_xy(np.array([0.5]), np.array([51.2]))
    end = 600 / speed
    return life((0, x[0] + 300, y[0]), (end, x[0] - 300, y[0]), (end + 1000, x[0] - 300, y[0]))


def test_a_walk_through_a_zone_is_told_from_edge_to_edge() -> None:
    assert brief(truth_of(wearer(ZONE), _through_zone(2.0), 600)) == [("exclusion_zone", None, 100, 200, None)]


def test_a_drive_too_fast_for_the_threshold_is_not_shown() -> None:
    ((kind, _, _, _, why_not),) = brief(
        [line for line in truth_of(wearer(ZONE), _through_zone(18.0), 600, 0.1) if line.kind == "exclusion_zone"]
    )
    assert (kind, why_not) == ("exclusion_zone", "too_short")


def test_a_straight_line_through_the_zone_between_two_positions_is_a_transit() -> None:
    lines = truth_of(wearer({**ZONE, "threshold_points": 0}), _through_zone(25.0), 600, 1 / 30)
    assert ("zone_transit", None) in {(line.kind, line.why_not) for line in lines}


def test_a_line_between_a_good_position_and_a_poor_one_may_pass_through_a_zone_that_only_the_good_one_is_far_from() -> (
    None
):
    subject, _, _ = one(wearer(ZONE), 600)
    x, y = subject.home.to_xy(np.array([0.5]), np.array([51.2]))
    walk = life((0, x[0] + 200, y[0]), (120, x[0] - 400, y[0]), (900, x[0] - 400, y[0]))
    walk.silences, walk.skies = [Silence((30.0, 90.0), keeps=False)], [Sky((100.0, 900.0), stated=12.0)]
    lines = [line for line in lines_told(wearer(ZONE), walk, 130, 1 / 60) if line.kind == "zone_transit"]
    assert brief(lines) == [("zone_transit", None, 0, 120, "near_edge")]


def test_a_zone_enforced_only_later_counts_from_then() -> None:
    rows = [{"day": "sat", "start": "18:02:30", "end": "18:05"}]
    lines = truth_of(wearer({**ZONE, "schedule": rows}), _through_zone(2.0), 600)
    assert brief(lines) == [("exclusion_zone", None, 150, 200, None)]


def test_a_zone_visited_while_the_device_is_off_is_not_shown() -> None:
    lived = _through_zone(2.0)
    lived.silences.append(Silence((90.0, 210.0), keeps=False))
    assert brief(truth_of(wearer(ZONE), lived, 600)) == [("exclusion_zone", None, 100, 200, "silent")]
    lived.silences[0] = Silence((90.0, 210.0), keeps=True)
    assert brief(truth_of(wearer(ZONE), lived, 600)) == [("exclusion_zone", None, 100, 200, None)]


def test_a_buffer_is_told_on_both_sides_of_a_visit() -> None:
    lines = brief(truth_of(wearer({**ZONE, "buffer_m": 100}), _through_zone(2.0), 600))
    assert lines == [
        ("zone_buffer", None, 50, 100, None),
        ("exclusion_zone", None, 100, 200, None),
        ("zone_buffer", None, 200, 250, None),
    ]


def test_a_place_to_stay_in_is_broken_outside_of_it() -> None:
    stay_in = {**ZONE, "kind": "restriction_zone"}
    lines = brief(truth_of(wearer(stay_in), _through_zone(2.0, stay_in), 400))
    assert lines == [("restriction_zone", None, 0, 100, None), ("restriction_zone", None, 200, -1, None)]


def test_near_the_edge_is_told_as_what_the_position_error_may_make() -> None:
    subject, speakers, run = one(wearer(ZONE), 300)
    x, y = subject.home.to_xy(np.array([0.5]), np.array([51.2]))
    stays = life((0, x[0] + 103, y[0]), (400, x[0] + 103, y[0]))
    lines = lines_of(subject, stays, speakers, run)
    assert [(line.kind, line.why_not) for line in lines] == [("exclusion_zone", WhyNot.NEAR_EDGE)]


@pytest.mark.slow
def test_zone_intervals_are_those_that_a_fine_look_at_every_walk_finds() -> None:
    """Brute force: everybody's true place every tenth of a second."""
    simulation = world(300, 400.0, 1.0, Scenario())
    speakers = {s.person: s for s in simulation.speakers}
    t = np.arange(0.0, 400.0, 0.1)
    checked = 0
    for person, (subject, lived) in enumerate(zip(simulation.subjects, simulation.lives, strict=True)):
        lines = lines_of(subject, lived, [speakers[person]], simulation.run)
        lon, lat = subject.home.to_lonlat(*position_of(lived, t))
        for watched in subject.watched:
            if watched.outline is None:
                continue
            depth = watched.outline.depth(lon, lat)
            wrong = depth > 0 if watched.condition.kind == "exclusion_zone" else depth < 0
            begin = simulation.run.start_us
            held = np.zeros(len(t), bool)
            for a, b in watched.enforced:
                held |= (t >= (a - begin) / 1e6) & (t < (b - begin) / 1e6)
            told_at = np.zeros(len(t), bool)
            for line in lines:
                same = line.condition == watched.condition.id and line.kind == watched.condition.kind
                if same and line.why_not is not WhyNot.NEAR_EDGE:
                    told_at |= (t >= line.from_s) & (t < line.to_s)
            assert np.count_nonzero(told_at != (wrong & held)) <= 2 * len(lines), watched.condition.id
            checked += wrong.any()
    assert checked > 5


def test_the_walk_is_looked_at_closely_where_it_moves_only() -> None:
    t = walked(life((0, 0, 0), (1000, 0, 0), (1010, 100, 0), (5000, 100, 0)), 5000)
    assert np.count_nonzero(t < 1000) == 1
    assert np.count_nonzero((t >= 1000) & (t < 1010)) >= 34
    assert t[-1] == 5000


# --- curfew --------------------------------------------------------------------------------------------------------

AWAY = 400.0
EVENING = curfew("18:05", "18:15")


@pytest.mark.parametrize("tag", ["gps_tag", "rf_tag"])
@pytest.mark.parametrize(
    ("leaves", "returns", "expected"),
    [
        (200, 450, ("curfew", "AL09", 300, 450, None)),
        (200, 1000, ("curfew", "AL12", 300, 900, None)),
        (400, 600, ("curfew", "AL10", 400, 600, None)),
        (400, 1000, ("curfew", "AL11", 400, 900, None)),
        (400, 430, ("curfew", "AL10", 400, 430, "below_grace")),
        (400, 460, ("curfew", "AL10", 400, 460, "near_grace")),
    ],
)
def test_curfew_codes(
    tag: str, leaves: float, returns: float, expected: tuple[str, str, float, float, str | None]
) -> None:
    records = wearer({**EVENING, "grace_s": 120 if returns == 430 else 60}, tag=tag)
    records[-1]["place"]["home_unit"] = "H1" if tag == "rf_tag" else None
    walk = life((0, 0, 0), (leaves, 0, 0), (leaves + 1, AWAY, 0), (returns - 1, AWAY, 0), (returns, 0, 0), (1300, 0, 0))
    assert brief(truth_of(records, walk, 1200)) == [expected]


def test_out_and_not_back_when_the_run_ends() -> None:
    walk = life((0, 0, 0), (200, 0, 0), (201, AWAY, 0), (900, AWAY, 0))
    assert brief(truth_of(wearer(EVENING), walk, 600)) == [("curfew", "AL08", 300, -1, None)]


def test_an_absence_granted_is_not_counted() -> None:
    records = wearer(curfew("18:05", "19:00"))
    records.append(
        {"type": "absence", "id": "A1", "condition": "C1", "from": "2026-11-21T18:10:00Z", "to": "2026-11-21T18:20:00Z"}
    )
    walk = life((0, 0, 0), (590, 0, 0), (591, AWAY, 0), (1500, AWAY, 0), (1501, 0, 0), (2000, 0, 0))
    assert brief(truth_of(records, walk, 1900)) == [("curfew", "AL10", 590, 1501, None)]


def test_after_a_strap_is_cut_nobody_can_know() -> None:
    events = [DeviceEvent(10.0, EventCode.STRAP_TAMPER, EventState.START)]
    walk = life((0, 0, 0), (1300, 0, 0), events=events)
    lines = brief(truth_of(wearer(curfew("18:10", "18:20")), walk, 1300))
    assert ("strap_tamper", None, 10, -1, None) in lines
    assert ("whereabouts_unknown", None, 660, 1200, None) in lines


def test_what_the_clock_decides_just_after_the_last_message_may_be_found() -> None:
    walk = life((0, 0, 0), (1300, 0, 0), events=[DeviceEvent(10.0, EventCode.STRAP_TAMPER, EventState.START)])
    lines = brief(truth_of(wearer(curfew("18:10", "18:20")), walk, 650))
    assert ("whereabouts_unknown", None, 660, -1, "run_ended") in lines


def test_whereabouts_are_unknown_when_nothing_is_heard_as_the_grace_runs_off() -> None:
    walk = life((0, 0, 0), (1300, 0, 0), silences=[Silence((20.0, 700.0), keeps=False)])
    lines = brief(truth_of(wearer(curfew("18:08", "18:20")), walk, 1300))
    assert ("whereabouts_unknown", None, 540, 700, None) in lines


# --- contact and equipment -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("length_s", "expected"), [(280, []), (300, ["at_threshold"]), (400, [None]), (math.inf, [None])]
)
def test_contact_is_lost_after_five_minutes(length_s: float, expected: list[str | None]) -> None:
    walk = life((0, 0, 0), (1000, 0, 0), silences=[Silence((100.0, 100.0 + length_s), keeps=False)])
    lines = truth_of(wearer(), walk, 900)
    assert [line.why_not for line in lines if line.kind == "communication_lost"] == expected


def test_positions_are_lost_while_signs_of_life_go_on() -> None:
    walk = life((0, 0, 0), (1000, 0, 0), blind=[(100.0, 500.0)])
    assert brief(truth_of(wearer(), walk, 900)) == [("location_lost", None, 99, 500, None)]


def test_lost_in_a_zone_is_told_where_the_newest_position_was() -> None:
    subject, _, _ = one(wearer(ZONE), 900)
    x, y = subject.home.to_xy(np.array([0.5]), np.array([51.2]))
    walk = life((0, x[0], y[0]), (1000, x[0], y[0]), silences=[Silence((100.0, 500.0), keeps=False)])
    kinds = {line.kind: line.why_not for line in truth_of(wearer(ZONE), walk, 900)}
    assert kinds == {"exclusion_zone": None, "communication_lost": None, "lost_in_zone": None}


def test_contact_and_location_lost_at_once_tell_once_that_somebody_was_lost_in_a_zone() -> None:
    subject, _, _ = one(wearer(ZONE), 900)
    x, y = subject.home.to_xy(np.array([0.5]), np.array([51.2]))
    walk = life((0, x[0], y[0]), (1000, x[0], y[0]), silences=[Silence((100.0, 399.0), False)], blind=[(399.0, 401.0)])
    kinds = [line.kind for line in truth_of(wearer(ZONE), walk, 900)]
    assert kinds.count("communication_lost") == kinds.count("location_lost") == kinds.count("lost_in_zone") == 1


def test_equipment_events_are_told_from_start_to_end_and_only_if_they_got_through() -> None:
    events = [
        DeviceEvent(20.0, EventCode.FAULT, EventState.START),
        DeviceEvent(60.0, EventCode.FAULT, EventState.END),
        DeviceEvent(70.0, EventCode.SOS, EventState.PULSE),
        DeviceEvent(150.0, EventCode.CASE_TAMPER, EventState.START),
        DeviceEvent(250.0, EventCode.BATTERY_DEAD, EventState.START),
    ]
    walk = life((0, 0, 0), (1000, 0, 0), events=events, silences=[Silence((100.0, 200.0), keeps=False)])
    assert brief(truth_of(wearer(), walk, 300)) == [
        ("fault", "AL24", 20, 60, None),
        ("sos", None, 70, 70, None),
        ("battery_dead", "AL23", 250, -1, None),
    ]


# --- the whole -----------------------------------------------------------------------------------------------------


def test_what_is_kept_is_never_told_by_a_device_that_is_off_before_it_is_back_in_touch() -> None:
    silences = [Silence((60.0, 120.0), keeps=True), Silence((120.0, math.inf), keeps=False)]
    dead = DeviceEvent(110.0, EventCode.BATTERY_DEAD, EventState.PULSE)
    lived = life((0, 0, 0), (900, 0, 0), silences=silences, events=[dead])
    found = truth_of(wearer(), lived, 900.0)
    assert [(line.kind, line.why_not) for line in found if line.kind == "battery_dead"] == [("battery_dead", "silent")]
    (lost,) = [line for line in found if line.kind == "communication_lost"]
    assert lost.from_s == pytest.approx(60.0, abs=1.5)
    assert math.isinf(lost.to_s)
    assert lost.why_not is None


@pytest.mark.slow
def test_nothing_happens_to_people_who_keep_to_everything() -> None:
    """But for what their devices go through in a day: no reception, the underground, a battery that nobody charged."""
    unheard = {"communication_lost", "location_lost", "whereabouts_unknown"}
    batteries = {"battery_low", "battery_critical", "battery_dead"}
    for duration_s, soon, may in ((900.0, True, set()), (86_400.0, False, unheard | batteries)):
        simulation = world(250, duration_s, 1.0 if soon else 1 / 60, CALM, soon=soon)
        happened = [line for line in truth_lines(simulation) if line["shown"] and line["kind"] not in may]
        assert happened == []


def test_truth_lines_have_the_keys_of_the_contract_and_bound_the_run() -> None:
    lines = list(truth_lines(world(60, 300.0, 1.0)))
    assert all(
        list(line) == ["wearer", "kind", "code", "condition", "from", "to", "shown", "why_not"] for line in lines
    )
    assert (lines[0]["kind"], lines[0]["from"], lines[0]["to"]) == (
        "run",
        "2026-11-21T18:00:00Z",
        "2026-11-21T18:05:00Z",
    )


def test_a_condition_that_begins_between_two_positions_may_be_found_a_moment_too_late() -> None:
    """Out of the zone at 200 s; the schedule begins at 202 s; positions every 30 s: the newest still says inside."""
    rows = [{"day": "sat", "start": "18:03:22", "end": "18:05"}]
    lines = truth_of(wearer({**ZONE, "schedule": rows}), _through_zone(2.0), 600, 1 / 30)
    assert brief(lines) == [("exclusion_zone", None, 202, 270, "between_positions")]
