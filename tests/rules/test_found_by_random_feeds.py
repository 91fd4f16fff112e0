"""What random feeds found, each in a few lines: doubt, rest, and the line that decides what the clock ends."""

from __future__ import annotations

from tests.rules.made import AWAY_LAT, HOME, Line, Sender, condition, learnt, said, standing, tick, wearer

DAY = "2026-11-02T"
"""A Monday."""
NIGHT = [{"day": "mon", "start": "19:00", "end": "07:00"}]


def minutes(first: str, last: str, every: int = 1) -> list[str]:
    low, high = (int(clock[:2]) * 60 + int(clock[3:]) for clock in (first, last))
    return [f"{DAY}{m // 60:02}:{m % 60:02}:00" for m in range(low, high + 1, every)]


def at_home(*devices: tuple[str, str], unit: str | None = None, **more: object) -> list[Line]:
    place = HOME | {"home_unit": unit}
    made = condition("curfew", place=place, timezone="Europe/London", timetable=NIGHT, grace_s=900)
    return [*wearer(*devices, **more), made]


def test_a_tamper_of_another_device_makes_nobody_present_since() -> None:
    """Last seen at home at 19:00; out by the home unit, which falls silent; at 19:40 the alcohol tag is tampered with."""
    tag, unit, alcohol = Sender("T1"), Sender("H1"), Sender("K1")
    lines = [tag.fix(f"{DAY}19:00:00"), unit.event(f"{DAY}19:06:00", "in_range", "start", tag="T1")]
    lines += [unit.event(f"{DAY}19:08:00", "in_range", "end", tag="T1")]
    lines += [unit.event(clock, "heartbeat") for clock in minutes("19:12", "19:24", 4)]
    records = at_home(("T1", "gps_tag"), ("H1", "home_unit"), ("K1", "alcohol_tag"), unit="H1")
    before = standing(said(records, [*lines, tick(f"{DAY}19:30:00")]), "curfew")
    assert [(v["from"], v["to"]) for v in before] == [(f"{DAY}19:08:00Z", None)]
    lines += [tick(f"{DAY}19:30:00"), alcohol.event(f"{DAY}19:40:00", "case_tamper", "start"), tick(f"{DAY}19:50:00")]
    assert standing(said(records, lines), "curfew") == before


def test_a_tamper_of_another_device_does_not_end_what_the_location_tag_says() -> None:
    tag, alcohol = Sender("T1"), Sender("K1")
    lines = [tag.fix(clock) for clock in minutes("18:50", "19:12")]
    lines += [alcohol.event(f"{DAY}18:59:30", "shielding", "start"), tick(f"{DAY}19:00:30")]
    lines += [tick(f"{DAY}19:16:00")]
    records = at_home(("T1", "gps_tag"), ("K1", "alcohol_tag"))
    assert not standing(said(records, lines), "whereabouts_unknown", "curfew")


def test_what_a_home_unit_says_of_a_resting_tag_is_no_fix_of_it() -> None:
    """Inside a zone at rest; the home unit tells of the tag; the run has the tag's own facts alone."""
    tag, unit = Sender("T1"), Sender("H1")
    zone = {"type": "Circle", "center": [0.5, 51.2], "radius_m": 300}
    rows = [{"day": "mon", "start": "20:00", "end": "21:00"}]
    records = [*wearer(("T1", "gps_tag"), ("H1", "home_unit")), condition("exclusion_zone", zone=zone, schedule=rows)]
    lines = [tag.fix(f"{DAY}19:57:00"), tag.event(f"{DAY}19:57:10", "rest", "start", interval_s=600)]
    lines += [unit.event(f"{DAY}19:58:00", "strap_tamper", tag="T1"), tag.event(f"{DAY}19:59:00", "heartbeat")]
    (found,) = standing(said(records, [*lines, tick(f"{DAY}20:00:00")]), "exclusion_zone")
    assert found["evidence"] == [{"device": "T1", "gen": 0, "seq": seq} for seq in (1, 2, 3)]


def test_what_is_said_of_a_tag_in_doubt_is_no_evidence_of_presence() -> None:
    """The tag is shielded 19:10 to 19:40: hearing it at 19:20 says nothing of where the wearer was last."""
    tag, unit = Sender("T1"), Sender("H1")
    check = {
        "type": "equipment_check",
        "id": "E1",
        "device": "T1",
        "at": f"{DAY}19:40:00Z",
        "by": "R. Dale",
        "result": "sound",
    }
    lines = [unit.event(clock, "in_range", "start", tag="T1") for clock in minutes("18:56", "19:04", 4)]
    lines += [tag.event(f"{DAY}19:10:00", "shielding")]
    lines += [unit.event(clock, "in_range", "start", tag="T1") for clock in minutes("19:12", "19:20", 4)]
    lines += [unit.event(f"{DAY}19:24:00", "in_range", "end", tag="T1"), learnt(f"{DAY}19:40:00", check)]
    lines += [tag.fix(clock, AWAY_LAT) for clock in minutes("19:41", "20:10")]
    lines += [tag.fix(clock) for clock in minutes("20:11", "20:12")]
    (found,) = standing(said(at_home(("T1", "gps_tag"), ("H1", "home_unit"), unit="H1"), lines), "curfew")
    assert (found["from"], found["to"]) == (f"{DAY}19:41:00Z", f"{DAY}20:11:00Z")
    assert found["minutes_possible"] >= 67, "the tag was last heard beyond doubt at 19:04"


def test_what_the_clock_ends_is_decided_at_the_first_line_that_knows() -> None:
    """Lost outside two zones that may not be left; one is excused at 12:35, the other's schedule begins again at 12:43.

    All lines after the loss come in one batch: the one is decided at 12:36, not with the other at 12:44.
    """
    zone = {"type": "Circle", "center": [0.5, 51.3], "radius_m": 300}
    held = [{"day": "mon", "start": "09:00", "end": "12:43"}]
    records = [
        *wearer(("T1", "gps_tag")),
        *wearer(("T9", "gps_tag"), wearer_id="W9", order="O9"),
        condition("restriction_zone", "C1", zone=zone, schedule=held),
        condition("restriction_zone", "C2", zone=zone),
        {"type": "absence", "id": "A2", "condition": "C2", "from": f"{DAY}12:35:00Z", "to": f"{DAY}14:00:00Z"},
    ]
    tag, other = Sender("T1"), Sender("T9")
    lines = [tag.fix(clock) for clock in minutes("12:00", "12:10")]
    lines += [tick(f"{DAY}12:20:00"), *(other.fix(clock) for clock in minutes("12:21", "12:59", 3))]
    ended = [v for v in said(records, lines) if v["kind"] == "lost_in_zone" and v["change"] == "closed"]
    assert [(v["condition"], v["to"], v["decided"]) for v in ended] == [
        ("C2", f"{DAY}12:35:00Z", f"{DAY}12:36:01Z"),
        ("C1", f"{DAY}12:43:00Z", f"{DAY}12:45:01Z"),
    ]
