"""What further random feeds found, each in a few lines; where the twin was wrong too, it is asked as well."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.rules.made import (
    HOME,
    Line,
    Sender,
    condition,
    in_order,
    learnt,
    said,
    standing,
    tick,
    told,
    wearer,
)
from tests.rules.pairs_made import PROXIMITY, TAG, UNIT, Feed, caseload, every_way
from tests.rules.pairs_made import standing as pair_standing
from tests.twin.engine import EVERY_KIND, run

DAY = "2026-11-02T"
"""A Monday."""
NIGHT = [{"day": "mon", "start": "19:00", "end": "07:00"}]
MEMBERS = (("T1", "gps_tag"), ("H1", "home_unit"))


def at_home(*devices: tuple[str, str], **more: object) -> list[Line]:
    """A wearer under a curfew with a grace of a quarter of an hour, with a home unit."""
    place = HOME | {"home_unit": "H1"}
    made = condition("curfew", place=place, timezone="Europe/London", timetable=NIGHT, grace_s=900)
    return [*wearer(*devices, **more), made]


def at(clock: str) -> str:
    return f"{DAY}{clock}:00"


def by_twin(records: list[Line], lines: list[Line]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run([json.dumps(r) for r in records], in_order(lines), None, EVERY_KIND)]


def seqs(violation: Line) -> list[tuple[str, int]]:
    return [(fact["device"], fact["seq"]) for fact in violation["evidence"]]


@pytest.mark.parametrize("more", [0, 1])
def test_a_home_unit_that_speaks_again_says_its_last_word(more: int) -> None:
    """It hears the tag at 19:00 and 19:04 and is silent; the tag is away at 19:15; its heartbeat of 19:35 says 19:04 again.

    What it says of the tag afterwards is another word.
    """
    tag, unit = Sender("T1"), Sender("H1")
    lines = [unit.event(at(clock), "in_range", "start", tag="T1") for clock in ("19:00", "19:04")]
    lines += [*(tag.away(at(f"19:{m}")) for m in range(15, 20)), unit.event(at("19:35"), "heartbeat")]
    lines += [unit.event(at("19:37"), "in_range", "start", tag="T1") for _ in range(more)]
    (found,) = standing(said(at_home(*MEMBERS), [*lines, tick(at("19:40"))]), "curfew")
    assert (found["from"], found["to"]) == (f"{at('19:15')}Z", f"{at('19:35')}Z")
    assert seqs(found) == [("H1", 2), ("T1", 1), ("T1", 2)]


def test_the_newest_inside_fix_by_the_instant_at_which_a_home_unit_falls_silent_may_come_after_it() -> None:
    """Silent from 19:25 on: closed by the clock then; the fix of 19:24 comes at 19:27."""
    tag, unit = Sender("T1"), Sender("H1")
    lines = [unit.event(at("19:00"), "in_range", "end", tag="T1"), unit.event(at("19:20"), "heartbeat")]
    lines += [tag.fix(at("19:23")), tag.fix(at("19:24"), received=at("19:27"))]
    lines += [Sender("T9").fix(f"{DAY}19:25:59")]
    records = [*at_home(*MEMBERS), *wearer(("T9", "gps_tag"), wearer_id="W9", order="O9")]
    versions = [v for v in said(records, lines) if v["kind"] == "curfew"]
    assert told(versions, "change", "reason", "to", "decided") == [
        ("opened", "home_unit", None, f"{DAY}19:20:01Z"),
        ("closed", "fixes", f"{at('19:25')}Z", f"{at('19:26')}Z"),
        ("amended", "fixes", f"{at('19:25')}Z", f"{at('19:27')}Z"),
    ]
    assert [seqs(v)[-1] for v in versions] == [("H1", 1), ("T1", 1), ("T1", 2)]


def test_what_was_heard_of_a_tag_before_it_was_worn_is_no_evidence_of_presence() -> None:
    """It was heard at 19:02, lost at 19:06, and fitted at 19:10: for the wearer's whereabouts the window begins at 19:00."""
    tag, unit = Sender("T1"), Sender("H1")
    records = at_home(*MEMBERS)
    fitting = next(record for record in records if record["type"] == "fitting")
    records[records.index(fitting)] = fitting | {"from": f"{at('19:10')}Z"}
    lines = [
        unit.event(at("19:02"), "in_range", "start", tag="T1"),
        unit.event(at("19:06"), "in_range", "end", tag="T1"),
    ]
    lines += [*(tag.away(at(f"19:{m}")) for m in range(30, 50)), tag.fix(at("19:50"))]
    (found,) = standing(said(records, lines), "curfew")
    assert (found["from"], found["to"], found["minutes_possible"]) == (f"{at('19:30')}Z", f"{at('19:50')}Z", 50.0)


@pytest.mark.parametrize("received", ["19:08", "19:12"])
def test_what_was_heard_last_before_a_tamper_is_evidence_of_presence(received: str) -> None:
    """Heard at 19:02 and 19:06, in doubt from 19:07 until 19:20, also if that is told after it was heard again."""
    tag, unit = Sender("T1"), Sender("H1")
    made = {
        "type": "equipment_check",
        "id": "E1",
        "device": "T1",
        "at": f"{at('19:20')}Z",
        "by": "x",
        "result": "sound",
    }
    lines = [unit.event(at(clock), "in_range", "start", tag="T1") for clock in ("19:02", "19:06", "19:10")]
    lines += [tag.event(at("19:07"), "strap_tamper", received=at(received)), learnt(at("19:20"), made)]
    lines += [*(tag.away(at(f"19:{m}")) for m in range(30, 50)), tag.fix(at("19:50"))]
    (found,) = standing(said(at_home(*MEMBERS), lines), "curfew")
    assert (found["from"], found["to"], found["minutes_possible"]) == (f"{at('19:30')}Z", f"{at('19:50')}Z", 44.0)


def test_a_tamper_of_another_device_breaks_no_run_outside_a_place_of_attendance() -> None:
    tag, alcohol = Sender("T1"), Sender("K1")
    rows = [{"day": "mon", "start": "12:00", "end": "12:15"}]
    visit = condition("attendance", place=HOME, timezone="Europe/London", timetable=rows)
    records = [*wearer(("T1", "gps_tag"), ("K1", "alcohol_tag")), visit]
    lines = [tag.away(at("11:56")), tag.away(at("11:57")), tag.away(at("12:01")), tick(at("12:15"))]
    lines += [alcohol.event(f"{DAY}11:56:30", "shielding", "start")]
    for versions in (said(records, lines), by_twin(records, lines)):
        (found,) = standing(versions, "attendance_missed")
        assert seqs(found) == [("T1", 1), ("T1", 2)]


def test_what_falls_due_at_a_record_about_somebody_else_keeps_its_reason() -> None:
    """An absence begins at 20:00; at the next line something is learnt of the wearer whom they must not meet."""
    granted = {"type": "absence", "condition": "C1", "from": f"{at('20:00')}Z", "to": f"{at('21:00')}Z"}
    other = wearer(("T2", "gps_tag"), wearer_id="W2", order="O2")
    records = [*at_home(*MEMBERS), granted | {"id": "A1"}, *other]
    records += [
        condition("association", "C2", other_wearer="W2"),
        condition("association", "C3", "O2", other_wearer="W1"),
    ]
    tag = Sender("T1")
    lines = [
        Sender("T2").away(at("19:30")),
        *(tag.away(at(f"19:{m}")) for m in range(30, 59)),
        learnt(f"{DAY}20:00:01", granted | {"id": "A2", "condition": "C3"}),
    ]
    closed = said(records, lines)[-1]
    assert (closed["kind"], closed["to"], closed["reason"]) == ("curfew", f"{at('20:00')}Z", "clock")


def test_a_fitting_that_ended_before_a_record_was_learnt_closes_by_the_clock() -> None:
    records = at_home(*MEMBERS)
    fitting = next(record for record in records if record["type"] == "fitting")
    records[records.index(fitting)] = fitting | {"to": f"{at('20:00')}Z"}
    lines = [Sender("T1").event(at("19:30"), "jamming", "start")]
    granted = {"type": "absence", "id": "A1", "condition": "C1", "from": f"{at('21:00')}Z", "to": f"{at('22:00')}Z"}
    closed = said(records, [*lines, learnt(f"{DAY}20:00:01", granted)])[-1]
    assert (closed["kind"], closed["to"], closed["reason"]) == ("jamming", f"{at('20:00')}Z", "clock")


def test_who_is_unmonitored_has_the_last_fact_of_a_device_whose_silence_counts() -> None:
    """A check at 19:30 by a device that is not fitted; the tag was never heard in the hour since 19:00."""
    line = Sender("L1").event(at("19:30"), "presence_check", result="verified", score=0.9)
    lines = [tick(at("19:00")), line, tick(at("20:00"))]
    (found,) = standing(said(wearer(("K1", "alcohol_tag"), ("L1", "non_fitted")), lines), "unmonitored")
    assert (found["from"], found["evidence"]) == (f"{at('20:00')}Z", [])


def test_a_unit_that_was_never_lost_is_silent_no_longer_because_of_the_fixes() -> None:
    """It speaks again at 30 minutes and is not located; a minute later it sends the fixes of those minutes."""
    feed = Feed().fix(UNIT, 0, 9000).fix(TAG, 0, 0)
    feed.tick(400).event(UNIT, 1800, "heartbeat")
    for seconds in range(60, 1800, 60):
        feed.fix(UNIT, seconds, 9000, received=1860)
    records = caseload(PROXIMITY)
    for versions in (
        every_way(records, feed.said()),
        [json.loads(x) for x in run(records, feed.said(), None, EVERY_KIND)],
    ):
        shown = [(v["change"], v["reason"]) for v in versions if v["kind"] == "victim_unit_silent"]
        assert shown == [("opened", "silence"), ("closed", "fixes")]


@pytest.mark.parametrize(("by_tick", "late"), [(True, False), (False, True)])
def test_only_a_message_decides_late(by_tick: bool, late: bool) -> None:
    """The last fact heard came a quarter of an hour after its time; the loss is closed by the end of the order."""
    records = wearer(("T1", "gps_tag"), to=f"{at('20:00')}Z")
    last = tick(at("20:01")) if by_tick else Sender("T9").event(at("20:01"), "heartbeat")
    lines = [Sender("T1").away(at("19:00"), received=at("19:15")), tick(at("19:30")), last]
    closed = said([*records, *wearer(("T9", "gps_tag"), wearer_id="W9", order="O9")], lines)[-1]
    assert (closed["kind"], closed["reason"], closed["late"]) == ("communication_lost", "clock", late)


def test_a_suspicion_upheld_before_it_had_a_name_is_confirmed_as_such_at_whatever_line_comes_next() -> None:
    alcohol = Sender("K1")
    limit = condition("alcohol", tac_limit_permille=0.3)
    upheld = {"type": "assessment", "id": "B1", "violation": "W1-1", "decision": "upheld", "by": "x"}
    granted = {"type": "absence", "id": "A1", "condition": "C1", "from": f"{at('21:00')}Z", "to": f"{at('22:00')}Z"}
    lines = [learnt(at("19:00"), upheld | {"at": f"{at('18:00')}Z", "reason": "x"})]
    lines += [alcohol.event(at(clock), "alcohol_reading", tac_permille=0.5) for clock in ("19:10", "19:15")]
    found = said([*wearer(("K1", "alcohol_tag")), limit], [*lines, learnt(at("19:20"), granted)])
    assert told(found, "kind", "reason", "retrospective") == [
        ("alcohol_suspected", "event", False),
        ("alcohol", "assessment", False),
    ]


@pytest.mark.parametrize(
    ("fixes", "cause"),
    [
        ([(400, 200), (595, 320)], "wearer"),  # so old when they met, if not when the wearer was last seen
        ([(400, 320), (545, 200), (595, 320)], "unknown"),  # the first of its minute counts
    ],
)
def test_whose_approach_it_is_shows_in_the_fifteen_minutes_before_they_meet(
    fixes: list[tuple[int, int]], cause: str
) -> None:
    """They meet at 1,500 s, 900 s after the tenth minute began; the wearer was last seen at 1,400 s, 200 m away."""
    feed = Feed().fix(UNIT, 0, 3000)
    for seconds, north_m in [*fixes, (1400, 200)]:
        feed.fix(TAG, seconds, north_m)
    feed.fix(UNIT, 1500, 0)
    records = caseload(PROXIMITY)
    for versions in (
        every_way(records, feed.said()),
        [json.loads(x) for x in run(records, feed.said(), None, EVERY_KIND)],
    ):
        (found,) = pair_standing(versions, "proximity_alert")
        assert found["cause"] == cause


def test_of_two_fixes_of_one_instant_the_speed_before_stands() -> None:
    """The victim came 1,800 m in two minutes: in 80 s more they may have come 1,200 m of the 2,000 that are between."""
    feed = Feed().fix(UNIT, 0, -1800).fix(UNIT, 120, 0).fix(UNIT, 120, 0, acc=8).fix(TAG, 260, 2000)
    records = caseload(PROXIMITY)
    by_rules = every_way(records, feed.said())
    for versions in (by_rules, [json.loads(line) for line in run(records, feed.said(), None, EVERY_KIND)]):
        assert len(pair_standing(versions, "proximity_prealert")) == 1
