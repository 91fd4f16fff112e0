"""Alcohol (rules.md 6): suspected by a run over the limit, a violation when a person says so, tampered with, or silent."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rules.made import Line, Sender, condition, learnt, said, standing, tick, told, wearer

MONDAY = "2026-11-02T"
ABSTAIN = condition("alcohol", tac_limit_permille=0.3)
RECORDS = [*wearer(("A1", "alcohol_tag")), ABSTAIN]


def reading(tag: Sender, clock: str, tac: float | None, **more: Any) -> Line:
    data = {} if tac is None else {"tac_permille": tac}
    return tag.event(f"{MONDAY}{clock}", "alcohol_reading", **more, **data)


def spans(readings: list[tuple[str, float | None]], records: list[Line] | None = None) -> list[tuple[Any, Any]]:
    tag = Sender("A1")
    lines = [reading(tag, clock, tac) for clock, tac in readings]
    found = standing(said(RECORDS if records is None else records, lines), "alcohol_suspected")
    cut = len(MONDAY)
    return [(a[cut:-1], b and b[cut:-1]) for a, b in told(found, "from", "to")]


@pytest.mark.parametrize(
    ("readings", "expected"),
    [
        ([("20:00:00", 0.31)], []),  # one is no run
        ([("20:00:00", 0.31), ("20:05:00", 0.4)], [("20:00:00", None)]),
        ([("20:00:00", 0.31), ("20:05:00.001", 0.4)], []),  # over the gap
        ([("20:00:00", 0.3), ("20:05:00", 0.3)], []),  # at the limit is not over it
        ([("20:00:00", 0.300000001), ("20:05:00", 0.300000001)], [("20:00:00", None)]),
        ([("20:00:00", 0.31), ("20:02:00", 0.1), ("20:04:00", 0.31)], []),  # broken
        ([("20:00:00", 0.31), ("20:02:00", None), ("20:04:00", 0.31)], [("20:00:00", None)]),  # says nothing
        # ended by a run not over it, at its first
        ([("20:00:00", 0.4), ("20:05:00", 0.4), ("20:10:00", 0.3)], [("20:00:00", None)]),
        ([("20:00:00", 0.4), ("20:05:00", 0.4), ("20:10:00", 0.3), ("20:15:00", 0.0)], [("20:00:00", "20:10:00")]),
        ([("20:00:00", 0.4), ("20:05:00", 0.4), ("23:00:00", 0.4)], [("20:00:00", None)]),  # a gap does not end it
    ],
)
def test_a_run_over_the_limit(readings: list[tuple[str, float | None]], expected: list[tuple[Any, Any]]) -> None:
    assert spans(readings) == expected


RUN = [("20:00:00", 0.4), ("20:05:00", 0.5)]


def test_without_a_limit_readings_are_facts_and_nothing_more() -> None:
    assert not spans(list(RUN), [*wearer(("A1", "alcohol_tag")), ABSTAIN | {"tac_limit_permille": None}])
    assert not spans(list(RUN), wearer(("A1", "alcohol_tag")))


def test_a_suspicion_is_opened_by_the_readings_and_closed_by_them() -> None:
    tag = Sender("A1")
    lines = [reading(tag, f"20:{minute:02}:00", tac) for minute, tac in ((0, 0.4), (5, 0.4), (10, 0.1), (15, 0.1))]
    opened, closed = said(RECORDS, lines)
    assert (opened["kind"], opened["change"], opened["reason"]) == ("alcohol_suspected", "opened", "event")
    assert (opened["condition"], opened["device"], opened["p_inside"]) == ("C1", None, None)
    assert [fact["seq"] for fact in opened["evidence"]] == [1, 2]
    assert (closed["change"], closed["reason"], closed["to"]) == ("closed", "event", f"{MONDAY}20:10:00Z")
    assert [fact["seq"] for fact in closed["evidence"]] == [1, 2, 3]


def test_the_end_of_enforcement_closes_it_and_a_run_goes_on_into_it() -> None:
    ends = ABSTAIN | {"to": f"{MONDAY}20:07:00Z"}
    assert spans([*RUN, ("20:08:00", 0.4)], [*wearer(("A1", "alcohol_tag")), ends]) == [("20:00:00", "20:07:00")]
    begins = ABSTAIN | {"from": f"{MONDAY}20:03:00Z"}
    assert spans(list(RUN), [*wearer(("A1", "alcohol_tag")), begins]) == [("20:03:00", None)]


def test_late_readings_come_out_as_they_would_have_in_time() -> None:
    tag = Sender("A1")
    first, second = reading(tag, "20:00:00", 0.4), reading(tag, "20:05:00", 0.4)
    sober = [reading(tag, f"20:{minute}:00", 0.0) for minute in (10, 14)]
    late = [line | {"received": f"{MONDAY}23:00:00Z"} for line in (first, second)]
    versions = said(RECORDS, [*sober, *late, tick(f"{MONDAY}23:01:00")])
    (only,) = standing(versions, "alcohol_suspected")
    assert (only["from"], only["to"], only["reason"]) == (f"{MONDAY}20:00:00Z", f"{MONDAY}20:10:00Z", "late_data")


# ---- what a person says of it ----


def assessment(decision: str, violation: str = "W1-1", assessment_id: str = "B1") -> Line:
    made = {"type": "assessment", "id": assessment_id, "violation": violation, "decision": decision, "by": "R. Dale"}
    return made | {"at": f"{MONDAY}21:00:00Z", "reason": "seen"}


def assessed(*lines: Line, records: list[Line] | None = None) -> list[Line]:
    tag = Sender("A1")
    run = [reading(tag, clock, tac) for clock, tac in RUN]
    over = [reading(tag, clock, 0.0) for clock in ("22:00:00", "22:04:00")]
    given = RECORDS if records is None else records
    return [v for v in said(given, [*run, *over, *lines, tick(f"{MONDAY}23:00:00")]) if v["kind"] == "alcohol"]


def test_nothing_is_a_violation_until_a_trained_person_says_so() -> None:
    assert not assessed()
    opened, closed = assessed(learnt(f"{MONDAY}21:00:00", assessment("upheld")))
    assert (opened["change"], opened["reason"], opened["decided"]) == ("opened", "assessment", f"{MONDAY}21:00:00Z")
    assert (opened["from"], opened["to"], opened["cause"]) == (f"{MONDAY}20:00:00Z", None, "wearer")
    assert (opened["id"], opened["retrospective"]) == ("W1-2", False)
    assert (closed["change"], closed["to"], closed["decided"]) == (
        "closed",
        f"{MONDAY}22:00:00Z",
        f"{MONDAY}22:04:01Z",
    )


@pytest.mark.parametrize("decision", ["reasonable_excuse", "equipment", "disputed", "not_pursued"])
def test_any_other_decision_makes_none(decision: str) -> None:
    assert not assessed(learnt(f"{MONDAY}21:00:00", assessment(decision)))


def test_a_later_decision_takes_it_back() -> None:
    upheld = learnt(f"{MONDAY}21:00:00", assessment("upheld"))
    doubted = learnt(f"{MONDAY}22:30:00", assessment("equipment", assessment_id="B2"))
    last = assessed(upheld, doubted)[-1]
    assert (last["change"], last["reason"], last["decided"]) == ("withdrawn", "assessment", f"{MONDAY}22:30:00Z")


def test_the_assessment_of_another_violation_says_nothing() -> None:
    assert not assessed(learnt(f"{MONDAY}21:00:00", assessment("upheld", "W1-2")))


def test_an_assessment_that_was_known_before_counts_from_the_next_line() -> None:
    opened = assessed(records=[*RECORDS, assessment("upheld")])[0]
    assert (opened["change"], opened["reason"], opened["decided"]) == ("opened", "assessment", f"{MONDAY}22:00:01Z")


# ---- tampering ----


@pytest.mark.parametrize("code", ["shielding", "case_tamper"])
def test_obstruction_is_a_monitoring_gap_of_the_tag(code: str) -> None:
    tag = Sender("A1")
    lines = [tag.event(f"{MONDAY}20:00:00", code, "start"), tag.event(f"{MONDAY}20:30:00", code, "end")]
    (gap,) = standing(said(RECORDS, lines), "alcohol_tamper")
    assert (gap["from"], gap["to"], gap["cause"]) == (f"{MONDAY}20:00:00Z", f"{MONDAY}20:30:00Z", "unknown")
    assert (gap["condition"], gap["device"]) == ("C1", "A1")
    assert standing(said(RECORDS, lines), code), "it is what it is besides"


def test_a_location_tag_under_a_blanket_is_no_matter_of_alcohol() -> None:
    tag = Sender("T1")
    records = [*wearer(("A1", "alcohol_tag"), ("T1", "gps_tag")), ABSTAIN]
    assert not standing(said(records, [tag.event(f"{MONDAY}20:00:00", "shielding", "start")]), "alcohol_tamper")


def gaps(lines: list[Line], records: list[Line] | None = None) -> list[tuple[Any, ...]]:
    found = standing(said(RECORDS if records is None else records, lines), "alcohol_tamper")
    return told(found, "from", "to", "reason", "cause", "decided")


def test_no_upload_for_24_hours_is_a_monitoring_gap_until_the_next_message() -> None:
    """The message is received at 20:00:01; the gap opens at the first tick 24 hours after that."""
    tag = Sender("A1")
    lines = [reading(tag, "20:00:00", 0.0), tick("2026-11-03T20:00:00.999")]
    assert not gaps(lines)
    lines.append(tick("2026-11-03T20:00:02"))
    due = "2026-11-03T20:00:01Z"
    assert gaps(lines) == [(due, None, "silence", "unknown", "2026-11-03T20:00:02Z")]
    back = [tag.event("2026-11-04T06:00:00", "heartbeat"), tick("2026-11-04T06:00:02")]
    assert gaps([*lines, *back]) == [(due, "2026-11-04T06:00:01Z", "contact", "unknown", "2026-11-04T06:00:01Z")]
    backlog = reading(tag, "23:00:00", 0.0, received="2026-11-04T07:00:00")
    assert gaps([*lines, *back, backlog]) == gaps([*lines, *back]), "it is never judged again"


def test_a_tag_that_was_never_heard_is_silent_from_the_first_line() -> None:
    lines = [tick(f"{MONDAY}12:00:00"), tick("2026-11-03T11:59:59.999")]
    assert not gaps(lines)
    assert gaps([*lines, tick("2026-11-03T12:00:00")])[0][0] == "2026-11-03T12:00:00Z"


def test_no_message_opens_it_while_nobody_listens() -> None:
    """Our own stall: the first lines after it are others' messages, and no tick (failure 25)."""
    tag, other = Sender("A1"), Sender("T1")
    records = [*wearer(("A1", "alcohol_tag"), ("T1", "gps_tag")), ABSTAIN]
    lines = [reading(tag, "20:00:00", 0.0), other.event("2026-11-05T20:00:00", "heartbeat")]
    lines += [tag.event("2026-11-05T20:00:01", "heartbeat"), tick("2026-11-05T20:00:03")]
    assert not gaps(lines, records)


def test_it_ends_with_the_fitting_and_with_the_condition() -> None:
    tag = Sender("A1")
    lines = [reading(tag, "20:00:00", 0.0), tick("2026-11-03T20:00:02"), tick("2026-11-04T12:00:01")]
    ends = ABSTAIN | {"to": "2026-11-04T12:00:00Z"}
    expected = [("2026-11-03T20:00:01Z", "2026-11-04T12:00:00Z", "clock", "unknown", "2026-11-04T12:00:01Z")]
    assert gaps(lines, [*wearer(("A1", "alcohol_tag")), ends]) == expected
    removed = wearer(("A1", "alcohol_tag"))
    removed[2]["to"] = "2026-11-04T12:00:00Z"
    assert gaps(lines, [*removed, ABSTAIN]) == expected
