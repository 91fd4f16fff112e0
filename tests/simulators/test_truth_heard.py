"""The auditor: what arrives and is of no use, what does not arrive, and what was known by when."""

from __future__ import annotations

import numpy as np
import pytest

from domain.vocabulary import EventCode, EventState
from simulators.misfortunes import WEEKS_S
from simulators.scenario import CALM
from simulators.scenes import DeviceEvent, Life, Silence
from simulators.speakers import speakers_of
from simulators.subjects import Run, subjects_of
from simulators.testimony import Way, told_by
from simulators.truth import lines_of
from simulators.truth_pairs import Party
from tests.simulators.worlds import START_US, brief, curfew, life, one, truth_of, versions_of, wearer

AWAY = 400.0

# --- what arrives and is of no use, and what does not arrive ----------------------------------------------------------


def _jumped(walk: Life, begin: float, end: float) -> Life:
    walk.jumps = [((begin, end), -WEEKS_S)]
    return walk


def test_what_a_device_says_while_its_clock_is_weeks_off_is_a_sign_of_life_and_no_more() -> None:
    events = [
        DeviceEvent(50.0, EventCode.FAULT, EventState.START),
        DeviceEvent(150.0, EventCode.SOS, EventState.PULSE),
        DeviceEvent(160.0, EventCode.FAULT, EventState.END),
        DeviceEvent(170.0, EventCode.BATTERY_LOW, EventState.START),
        DeviceEvent(520.0, EventCode.BATTERY_LOW, EventState.END),
        DeviceEvent(530.0, EventCode.BATTERY_CRITICAL, EventState.START),
    ]
    lines = brief(truth_of(wearer(), _jumped(life((0, 0, 0), (1000, 0, 0), events=events), 100.0, 500.0), 900))
    assert lines == [
        ("fault", "AL24", 50, -1, None),
        ("fault", "AL24", 109, 500, None),
        ("sos", None, 150, 150, "silent"),
        ("battery_low", None, 170, 520, "silent"),
        ("battery_critical", None, 530, -1, None),
    ]


@pytest.mark.parametrize("kept_from", ["parked", "off"])
def test_a_tamper_that_the_centre_does_not_hear_of_casts_no_doubt(kept_from: str) -> None:
    events = [DeviceEvent(10.0, EventCode.STRAP_TAMPER, EventState.START)]
    walk = life((0, 0, 0), (1300, 0, 0), events=events)
    if kept_from == "parked":
        _jumped(walk, 5.0, 20.0)
    else:
        walk.silences.append(Silence((5.0, 20.0), keeps=False))
    lines = truth_of(wearer(curfew("18:10", "18:20")), walk, 1300)
    assert "whereabouts_unknown" not in {line.kind for line in lines}
    assert [line.why_not for line in lines if line.kind == "strap_tamper"] == ["silent"] * (kept_from == "parked")


def test_a_tamper_that_is_heard_of_only_after_the_grace_does_not_make_whereabouts_unknown() -> None:
    """A kind by silence is told by what was known at its tick."""
    walk = life((0, 0, 0), (1300, 0, 0), events=[DeviceEvent(300.0, EventCode.STRAP_TAMPER, EventState.START)])
    away = Way(server_away=[(299.5, 1000.0)])
    subject, speakers, run = one(wearer(curfew("18:05:20", "18:20")), 1300)
    assert "whereabouts_unknown" not in {line.kind for line in lines_of(subject, walk, speakers, run, away)}
    assert "whereabouts_unknown" in {line.kind for line in lines_of(subject, walk, speakers, run)}


def test_what_is_parked_of_a_home_unit_says_nothing_and_what_it_said_before_holds() -> None:
    """It says once that it lost the tag: when nobody takes that, it goes on to say that it is there."""
    records = wearer(curfew("18:10", "18:30", unit="H1"), tag="rf_tag")
    walk = life((0, 0, 0), (150, 0, 0), (151, AWAY, 0), (2000, AWAY, 0))
    kinds = {line.kind: line.why_not for line in truth_of(records, walk, 1500)}
    assert kinds == {"curfew": None}
    kinds = {line.kind: line.why_not for line in truth_of(records, _jumped(walk, 145.0, 154.0), 1500)}
    assert kinds == {"curfew": "silent"}
    walk.silences.append(Silence((200.0, 210.0), keeps=False))
    kinds = {line.kind: line.why_not for line in truth_of(records, walk, 1500)}
    assert kinds == {"curfew": None}, "it was off, and says again where the tag is not"


def test_ten_messages_that_nobody_can_use_are_ten_though_they_are_handed_over_together() -> None:
    walk = _jumped(life((0, 0, 0), (1000, 0, 0)), 110.0, 130.0)
    subject, speakers, run = one(wearer(), 600)
    faults = [
        line
        for line in lines_of(subject, walk, speakers, run, Way(server_away=[(100.0, 200.0)]))
        if line.kind == "fault"
    ]
    assert [(line.from_s, line.to_s, line.why_not) for line in faults] == [(200.0, 200.0, None)]


@pytest.mark.parametrize(
    ("way", "many", "expected"),
    [
        (Way(), 9, []),
        (Way(), 10, [None]),
        (Way(twice=True), 4, []),
        (Way(twice=True), 5, ["at_threshold"]),
        (Way(5.0, twice=True), 19, ["at_threshold"]),
        (Way(5.0, twice=True), 20, [None]),
        (Way(twice=True, broken=True), 4, ["at_threshold"]),
        (Way(broken=True), 100, ["at_threshold"]),
    ],
)
def test_where_messages_come_twice_and_in_any_order_nobody_knows_which_is_the_tenth(
    way: Way, many: int, expected: list[str | None]
) -> None:
    walk = _jumped(life((0, 0, 0), (1000, 0, 0)), 99.5, 99.5 + many)
    subject, speakers, run = one(wearer(), 600)
    lines = lines_of(subject, walk, speakers, run, way)
    assert [line.why_not for line in lines if line.kind == "fault"] == expected


def test_which_numbers_were_lost_of_a_home_unit_that_others_share_is_not_known() -> None:
    walk = _restarted(life((0, 0, 0), (1000, 0, 0)), 400.0)
    subject, speakers, run = one(wearer(), 900)
    faults = []
    for shares in (False, True):
        for way in (Way(), Way(lost=0.3)):
            lines = lines_of(subject, walk, speakers, run, way, shares=shares)
            faults += [(line.why_not, line.to_s > line.from_s) for line in lines if line.kind == "fault"]
    assert faults == [(None, False), (None, False), (None, False), ("silent", True)]


def _restarted(walk: Life, at: float) -> Life:
    walk.restarts = [at]
    return walk


def test_a_counter_that_begins_again_while_the_clock_is_off_is_seen_when_the_clock_is_right() -> None:
    walk = _restarted(_jumped(life((0, 0, 0), (1000, 0, 0)), 400.0, 405.0), 402.0)
    assert brief(truth_of(wearer(), walk, 900)) == [("fault", "AL24", 405, 405, None)]


@pytest.mark.parametrize(("length_s", "again"), [(3000.0, []), (3585.0, ["at_threshold"]), (4000.0, [None])])
def test_an_hour_without_facts_alike_mends_them_and_the_next_are_a_fault_of_their_own(
    length_s: float, again: list[str | None]
) -> None:
    walk = _restarted(life((0, 0, 0), (9000, 0, 0), silences=[Silence((3100.0, 3100.0 + length_s), False)]), 3000.0)
    faults = [line for line in truth_of(wearer(), walk, 8000, 0.1) if line.kind == "fault"]
    assert [line.why_not for line in faults] == [None, *again]
    assert faults[0].from_s == pytest.approx(3000.0, abs=10.0)


def test_what_is_said_so_soon_after_the_fitting_may_have_been_before_it_by_the_devices_clock() -> None:
    events = [DeviceEvent(3.0, EventCode.SOS, EventState.PULSE), DeviceEvent(6.0, EventCode.SOS, EventState.PULSE)]
    subject, speakers, run = one(wearer(), 60)
    found = lines_of(subject, life((0, 0, 0), (100, 0, 0), events=events), speakers, run, Way(skew_s=5.0))
    assert [(line.from_s, line.why_not) for line in found] == [(3.0, "before_run"), (6.0, None)]


# --- what was known ------------------------------------------------------------------------------------------------

KEEP_AWAY = {"kind": "proximity", "victim": "V1", "alert_m": 200, "prealert_m": 400}


def _near_when_lost(theirs: list[Silence]) -> list[tuple[float, str | None]]:
    """Somebody protected goes from 100 m away to 2 km away at 100 s; the wearer falls silent at 150 s."""
    protected = {"type": "victim", "id": "V1", "name": "Bo", "contact": {"safe_channels": ["sms"]}}
    unit = {"type": "device", "id": "U1", "kind": "victim_unit", "interval_s": 1, "upload_s": 1}
    fitted = {"type": "fitting", "id": "FU1", "victim": "V1", "device": "U1", "from": "2026-11-21T18:00:00Z"}
    run = Run(START_US, 900.0)
    subjects = subjects_of(versions_of([*wearer(KEEP_AWAY), protected, unit, fitted]), run, 1)
    speakers = speakers_of(subjects, run, CALM, 1, 1.0)
    (them, who), (worn, tag) = subjects, speakers
    assert (them.id, who.id, worn.id, tag.id) == ("V1", "W1", "U1", "T1")
    x, y = (float(each[0]) for each in them.home.to_xy(*who.home.to_lonlat(np.array([100.0]), np.array([0.0]))))
    walked_off = life((0, x, y), (100, x, y), (101, x + 2000, y), (1000, x + 2000, y), silences=theirs)
    other = Party(them, walked_off, told_by(walked_off, [worn], 900.0))
    lived = life((0, 0, 0), (1000, 0, 0), silences=[Silence((150.0, 600.0), keeps=False)])
    lines = lines_of(who, lived, [tag], run, protected={"V1": other})
    return [(round(line.from_s), line.why_not) for line in lines if line.kind == "lost_in_zone"]


def test_who_is_lost_near_somebody_protected_is_told_by_the_places_that_were_known_then() -> None:
    assert _near_when_lost([]) == []
    assert _near_when_lost([Silence((99.0, 300.0), keeps=True)]) == []
    assert _near_when_lost([Silence((99.0, 700.0), keeps=True)]) == [(150, None)], "what comes later nobody asks again"
    ((_, why_not),) = _near_when_lost([Silence((99.0, 449.5), keeps=True)])
    assert why_not == "near_edge", "it came as the loss was noticed"


def test_a_home_unit_that_has_not_heard_a_tag_again_whose_place_is_inside_leaves_presence_unknown() -> None:
    """The tag tells of its return at 900 s, when the grace has run off, the unit hears it at 937 s (rules.md 5.2)."""
    records = wearer(curfew("18:10", "18:30", grace_s=300, unit="H1"), interval_s=60, upload_s=60)
    for record in (
        {"type": "device", "id": "H1", "kind": "home_unit", "interval_s": 60, "upload_s": 60},
        {"type": "fitting", "id": "FH1", "wearer": "W1", "device": "H1", "from": "2026-11-21T18:00:00Z"},
    ):
        records.append(record)
    subject, speakers, run = one(records, 1500, 1 / 60)
    tag, unit = sorted(speakers, key=lambda speaker: speaker.beacon)
    assert tag.phase_us == 0
    assert unit.phase_us / 1e6 == pytest.approx(37.08, abs=0.01)
    walk = life((0, 0, 0), (300, 0, 0), (301, AWAY, 0), (890, AWAY, 0), (891, 0, 0), (1700, 0, 0))
    (unknown,) = [x for x in lines_of(subject, walk, speakers, run) if x.kind == "whereabouts_unknown"]
    assert unknown.why_not == "at_threshold"
    assert unknown.to_s == pytest.approx(937.1, abs=0.1)
