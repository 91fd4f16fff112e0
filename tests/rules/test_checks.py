"""Presence checks (rules.md 6): what they are evidence of, what two that failed are, and what one alone never is."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rules.made import HOME, Line, Sender, condition, said, standing, tick, told, wearer

MONDAY = "2026-11-02T"
NIGHTS = [{"day": "mon", "start": "19:00", "end": "07:00"}]
CURFEW = condition("curfew", place=HOME, timetable=NIGHTS, grace_s=300)
CHECK = condition("presence_check", "C2", place=HOME)


def check(line: Sender, clock: str, result: str, *, received: str | None = None, **data: Any) -> Line:
    return line.event(
        f"{MONDAY}{clock}", "presence_check", received=received and f"{MONDAY}{received}", result=result, **data
    )


def missed(records: list[Line], *checks: tuple[str, str]) -> list[Line]:
    line = Sender("L1")
    lines = [check(line, clock, result) for clock, result in checks]
    return standing(said(records, lines), "check_missed")


RECORDS = [*wearer(("L1", "voice_line")), CHECK]


@pytest.mark.parametrize(
    ("checks", "spans"),
    [
        ([("20:00:00", "no_answer")], []),
        ([("20:00:00", "no_answer"), ("20:09:59.999", "no_answer")], []),
        ([("20:00:00", "no_answer"), ("20:10:00", "no_answer")], [("20:00:00", "20:10:00")]),
        ([("20:00:00", "no_answer"), ("20:10:00", "not_verified")], [("20:00:00", "20:10:00")]),
        ([("20:00:00", "not_verified"), ("20:10:00", "no_answer")], [("20:00:00", "20:10:00")]),
        ([("20:00:00", "no_answer"), ("20:05:00", "verified"), ("20:10:00", "no_answer")], []),
        ([("20:00:00", "no_answer"), ("20:05:00", "no_answer"), ("20:10:00", "no_answer")], [("20:00:00", "20:10:00")]),
        # a miss is told once: the third begins anew, and the fourth is 10 minutes after it
        (
            [(f"20:{m}0:00", "no_answer") for m in range(4)],
            [("20:00:00", "20:10:00"), ("20:20:00", "20:30:00")],
        ),
        ([(f"20:{m}0:00", "no_answer") for m in range(3)], [("20:00:00", "20:10:00")]),
    ],
)
def test_two_that_fail_ten_minutes_apart_are_a_miss(
    checks: list[tuple[str, str]], spans: list[tuple[str, str]]
) -> None:
    expected = [(f"{MONDAY}{a}Z", f"{MONDAY}{b}Z") for a, b in spans]
    assert told(missed(RECORDS, *checks), "from", "to") == expected


def test_a_miss_is_one_version_of_an_event_and_counts_against_nobody() -> None:
    (only,) = missed(RECORDS, ("20:00:00", "no_answer"), ("20:10:00", "no_answer"))
    assert only["version"] == 1
    assert (only["change"], only["reason"], only["cause"]) == ("opened", "event", "unknown")
    assert (only["condition"], only["order"], only["device"]) == ("C2", "O1", None)
    assert [fact["seq"] for fact in only["evidence"]] == [1, 2]
    assert only["decided"] == f"{MONDAY}20:10:01Z"


def test_without_a_condition_about_checks_the_device_missed_them() -> None:
    (only,) = missed([*wearer(("L1", "non_fitted")), CURFEW], ("20:00:00", "no_answer"), ("20:10:00", "no_answer"))
    assert (only["condition"], only["order"], only["device"]) == (None, None, "L1")


def test_a_check_that_fails_while_none_is_asked_for_counts_for_nothing() -> None:
    asked = condition("presence_check", "C2", place=HOME, timetable=[{"day": "mon", "start": "20:00", "end": "21:00"}])
    records = [*wearer(("L1", "voice_line")), asked]
    assert not missed(records, ("19:59:59.999", "no_answer"), ("20:10:00", "no_answer"))
    assert missed(records, ("20:00:00", "no_answer"), ("20:10:00", "no_answer"))
    assert not missed(records, ("20:50:00", "no_answer"), ("21:00:00", "no_answer"))
    away = {"type": "absence", "id": "A1", "condition": "C2", "from": f"{MONDAY}20:05:00Z", "to": f"{MONDAY}20:15:00Z"}
    granted = [*records, away | {"reason": "hospital", "granted_by": "R. Dale"}]
    assert not missed(granted, ("20:00:00", "no_answer"), ("20:10:00", "no_answer"))


def test_a_late_answer_withdraws_the_miss() -> None:
    line = Sender("L1")
    lines = [check(line, "20:00:00", "no_answer"), check(line, "20:05:00", "verified", received="20:30:00")]
    lines += [check(line, "20:10:00", "no_answer"), tick(f"{MONDAY}20:31:00")]
    versions = [v for v in said(RECORDS, lines) if v["kind"] == "check_missed"]
    assert told(versions, "change", "reason", "decided") == [
        ("opened", "event", f"{MONDAY}20:10:01Z"),
        ("withdrawn", "late_data", f"{MONDAY}20:30:00Z"),
    ]


# ---- evidence of presence ----


def home_then_quiet(line_kind: str = "voice_line") -> tuple[list[Line], Sender, Sender, list[Line]]:
    """A curfew and a line; the tag is outside from 19:30 on."""
    tag, line = Sender("T1"), Sender("L1")
    lines = [tag.fix(f"{MONDAY}19:{minute:02}:00") for minute in range(30)]
    lines += [tag.away(f"{MONDAY}19:{minute:02}:00") for minute in range(30, 50)]
    return [*wearer(("T1", "gps_tag"), ("L1", line_kind)), CURFEW], tag, line, lines


def test_a_voice_verified_at_the_fixed_line_ends_an_absence() -> None:
    records, _, line, lines = home_then_quiet()
    versions = said(records, [*lines, check(line, "19:49:30", "verified", place="home")])
    (curfew,) = standing(versions, "curfew")
    assert (curfew["code"], curfew["to"], curfew["reason"]) == ("AL10", f"{MONDAY}19:49:30Z", "event")
    assert curfew["evidence"][-1] == {"device": "L1", "gen": 0, "seq": 1}
    assert curfew["minutes_certain"] == 19.5
    assert curfew["minutes_possible"] == 20.5


@pytest.mark.parametrize(
    ("result", "data", "kind", "ends"),
    [
        ("verified", {"place": "home"}, "voice_line", True),
        ("verified", {"place": "C1"}, "voice_line", True),  # by the condition's id
        ("verified", {}, "voice_line", True),  # the wearer has one place
        ("verified", {"place": "work"}, "voice_line", False),
        ("verified", {"place": "home"}, "non_fitted", False),  # carried: it says who, not where
        ("not_verified", {"place": "home"}, "voice_line", False),
        ("no_answer", {"place": "home"}, "voice_line", False),
    ],
)
def test_only_a_voice_verified_at_a_fixed_line_of_that_place_is_evidence(
    result: str, data: dict[str, str], kind: str, ends: bool
) -> None:
    records, _, line, lines = home_then_quiet(kind)
    (curfew,) = standing(said(records, [*lines, check(line, "19:49:30", result, **data)]), "curfew")
    assert (curfew["to"] is not None) == ends


def test_where_there_are_several_places_a_check_that_names_none_is_of_the_one_that_is_checked() -> None:
    work = HOME | {"name": "work", "lon": 0.6}
    course = condition("attendance", "C3", place=work, timetable=[{"day": "tue", "start": "09:00", "end": "10:00"}])
    records, _, line, lines = home_then_quiet()
    said_home = [*lines, check(line, "19:49:30", "verified")]
    (open_,) = standing(said([*records, course], said_home), "curfew")
    assert open_["to"] is None
    (closed,) = standing(said([*records, course, CHECK], said_home), "curfew")
    assert closed["to"] == f"{MONDAY}19:49:30Z"


def test_presence_by_a_check_holds_for_the_gap_and_until_a_whole_run_outside() -> None:
    records, tag, line, lines = home_then_quiet()
    lines += [check(line, "19:49:30", "verified", place="home")]
    lines += [tag.away(f"{MONDAY}19:50:00"), tag.away(f"{MONDAY}19:51:00"), tick(f"{MONDAY}20:00:00")]
    found = standing(said(records, lines), "curfew")
    assert told(found, "from", "to") == [
        (f"{MONDAY}19:30:00Z", f"{MONDAY}19:49:30Z"),
        (f"{MONDAY}19:50:00Z", None),
    ]


@pytest.mark.parametrize(("at", "known"), [("19:00:00", False), ("19:00:00.001", True), ("19:05:00", True)])
def test_a_check_answers_where_the_wearer_is_at_the_end_of_the_grace(at: str, known: bool) -> None:
    """Presence is asked after at 19:05:00, and holds for 300 s from the check, half open."""
    line = Sender("L1")
    lines = [check(line, at, "verified", place="home"), tick(f"{MONDAY}19:05:02"), tick(f"{MONDAY}19:20:00")]
    found = standing(said([*wearer(("T1", "gps_tag"), ("L1", "voice_line")), CURFEW], lines), "whereabouts_unknown")
    assert bool(found) != known


def test_the_home_unit_comes_first() -> None:
    """A fresh home unit that has lost the tag says absent, whoever answers the telephone."""
    unit, line = Sender("H1"), Sender("L1")
    records = [
        *wearer(("R1", "rf_tag"), ("H1", "home_unit"), ("L1", "voice_line")),
        CURFEW | {"place": HOME | {"home_unit": "H1"}},
    ]
    lines = [unit.event(f"{MONDAY}19:{m:02}:00", "in_range", "start", tag="R1") for m in range(10)]
    lines += [unit.event(f"{MONDAY}19:10:00", "in_range", "end", tag="R1")]
    lines += [unit.event(f"{MONDAY}19:{m:02}:00", "heartbeat") for m in range(11, 31)]
    lines += [check(line, "19:20:00", "verified", place="home"), tick(f"{MONDAY}19:31:00")]
    (curfew,) = standing(said(records, lines), "curfew")
    assert (curfew["from"], curfew["to"]) == (f"{MONDAY}19:10:00Z", None)
    # the unit's last word is of 19:30, so from 19:35 it says nothing; then a check does
    after = [*lines, check(line, "19:36:00", "verified", place="home"), tick(f"{MONDAY}19:40:00")]
    (curfew,) = standing(said(records, after), "curfew")
    assert (curfew["to"], curfew["reason"]) == (f"{MONDAY}19:36:00Z", "event")


def test_a_line_that_was_tampered_with_says_nothing() -> None:
    records, _, line, lines = home_then_quiet()
    lines += [line.event(f"{MONDAY}19:40:00", "case_tamper", "start")]
    (curfew,) = standing(said(records, [*lines, check(line, "19:49:30", "verified", place="home")]), "curfew")
    assert curfew["to"] is None


def test_a_check_that_comes_late_comes_out_as_one_in_time() -> None:
    records, tag, line, lines = home_then_quiet()
    lines += [tag.away(f"{MONDAY}19:{minute:02}:00") for minute in range(50, 59)]
    at_once = [*lines, check(line, "19:40:30", "verified", place="home"), tick(f"{MONDAY}20:30:00")]
    line.seq = 0
    late = [*lines, check(line, "19:40:30", "verified", place="home", received="20:20:00"), tick(f"{MONDAY}20:30:00")]
    keys = ("from", "to", "code", "minutes_certain", "minutes_possible", "evidence")
    found = [told(standing(said(records, way), "curfew"), *keys) for way in (at_once, late)]
    assert found[0] == found[1]
    assert len(found[0]) == 2


def test_failure_23_a_missed_check_alone_is_never_absence_nor_a_violation_of_the_curfew() -> None:
    """Random checks through the night, none answered: a warning, and presence as unknown as without them."""
    line = Sender("L1")
    records = [*wearer(("T1", "gps_tag"), ("L1", "voice_line")), CURFEW, CHECK]
    ticks = [tick(f"{MONDAY}{hour}:{minute:02}:00") for hour in range(19, 24) for minute in range(0, 60, 5)]
    calls = [(20, 0), (20, 1), (21, 0), (21, 30), (22, 15), (23, 0)]
    lines = [check(line, f"{h}:{m:02}:00", "no_answer" if h % 2 else "not_verified") for h, m in calls]
    versions = said(records, [*lines, *ticks])
    assert standing(versions, "check_missed")
    assert not standing(versions, "curfew")
    alike = ("from", "to", "cause", "decided")
    unknown = told(standing(versions, "whereabouts_unknown"), *alike)
    assert unknown == told(standing(said(records, ticks), "whereabouts_unknown"), *alike)
    alone = said(records, [lines[0], *ticks])
    assert {v["kind"] for v in alone} == {v["kind"] for v in said(records, ticks)}, "one alone is nothing at all"
