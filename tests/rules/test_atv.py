"""Accumulated time violation (rules.md 5, last bullet; 10, Assessments), at the boundary instants."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from tests.rules.nights import (
    AWAY_LAT,
    Line,
    Sender,
    Told,
    at,
    curfew,
    each,
    learnt,
    printed,
    tagged,
    ticking,
    ticks,
    told,
    us,
)

ATV = ("atv_warning", "atv_exceeded")
pytestmark = pytest.mark.slow
KEYS = ("decided", "kind", "change", "reason", "from", "to")


def atv(records: Sequence[Line], lines: Sequence[Line], keys: Sequence[str] = KEYS) -> list[Told]:
    return told(records, lines, ATV, keys)


def opened(decided: str, kind: str, reason: str, start: str) -> Told:
    return (at(decided), kind, "opened", reason, at(start), None)


def closed(decided: str, kind: str, reason: str, start: str, end: str) -> Told:
    return (at(decided), kind, "closed", reason, at(start), at(end))


def with_unit(**order: Any) -> list[Line]:
    return [*tagged(unit=True, **order), curfew(unit="H1")]


def by_fixes(**order: Any) -> list[Line]:
    return [*tagged(**order), curfew()]


def out_from(clock: str, until: str, unit: Sender | None = None) -> list[Line]:
    """A home unit that lost the tag at an instant, and goes on sending."""
    unit = unit or Sender("H1")
    lines = [unit.event(us("18:30"), "in_range", "start", tag="R1")]
    lines += [unit.event(instant, "heartbeat") for instant in each("18:31", "19:59")]
    lines += [unit.event(us(clock), "in_range", "end", tag="R1", last_heard=us(clock) // 1000)]
    return lines + [unit.event(instant, "heartbeat") for instant in each("20:01", until)]


def away(first: str, last: str, tag: Sender | None = None) -> list[Line]:
    """At home for an hour, then out, a fix a minute."""
    tag = tag or Sender("T1")
    lines = [tag.fix(instant) for instant in range(us(first) - 3_600_000_000, us(first), 60_000_000)]
    return lines + [tag.fix(instant, AWAY_LAT) for instant in each(first, last)]


def test_80_percent_is_reached_by_the_clock_and_100_passed() -> None:
    """ "`atv_warning` at 80 %, `atv_exceeded` over 100 %", "open ones as they run"."""
    lines = out_from("20:00", "21:10")
    before = [*lines, *ticks("20:47:59.999")]
    assert atv(with_unit(atv_allowance_min=60), [line for line in before if _until(line, "20:47:59.999")]) == []
    at_80 = [line for line in [*lines, *ticks("20:47:59.999", "20:48")] if _until(line, "20:48")]
    assert atv(with_unit(atv_allowance_min=60), at_80) == [opened("20:48", "atv_warning", "home_unit", "20:48")]
    at_100 = [line for line in [*lines, *ticks("20:48", "21:00")] if _until(line, "21:00")]
    assert len(atv(with_unit(atv_allowance_min=60), at_100)) == 1
    over = [line for line in [*lines, *ticks("20:48", "21:00", "21:00:00.001")] if _until(line, "21:00:00.001")]
    assert atv(with_unit(atv_allowance_min=60), over)[1:] == [
        opened("21:00:00.001", "atv_exceeded", "home_unit", "21:00")
    ]


def _until(line: Line, clock: str) -> bool:
    when = line.get("tick") or line.get("received") or line.get("learnt")
    return str(when) <= at(clock) if len(str(when)) == len(at(clock)) else str(when)[:19] <= at(clock)[:19]


def test_nothing_without_an_allowance() -> None:
    assert atv(with_unit(), [*out_from("20:00", "22:00"), *ticking("20:00", "22:00")]) == []


def test_an_allowance_of_nothing_is_passed_at_once() -> None:
    lines = [*out_from("20:00", "20:10"), *ticks("20:05", "20:06")]
    assert atv(with_unit(atv_allowance_min=0), lines) == [opened("20:05", "atv_exceeded", "home_unit", "20:00")]


def test_what_is_shorter_than_the_grace_never_counts() -> None:
    unit = Sender("H1")
    lines = out_from("20:00", "20:03", unit)
    lines += [unit.event(us("20:04:59.999"), "in_range", "start", tag="R1"), *ticks("20:06")]
    assert atv(with_unit(atv_allowance_min=4), lines) == []


def test_the_grace_counts_from_its_first_second_once_it_is_reached() -> None:
    lines = [*out_from("20:00", "20:10"), *ticks("20:04:59.999", "20:05")]
    assert atv(with_unit(atv_allowance_min=5), [line for line in lines if _until(line, "20:05")]) == [
        opened("20:05", "atv_warning", "home_unit", "20:04")
    ]


def test_fixes_count_up_to_the_newest_outside() -> None:
    """8 minutes of 10 at the fix of 20:08; nothing is certain between that and the next."""
    lines = [*away("20:00", "20:12"), *ticking("20:00", "20:12", 10)]
    assert atv(by_fixes(atv_allowance_min=10), lines) == [
        opened("20:08:01", "atv_warning", "fixes", "20:08"),
        opened("20:11:01", "atv_exceeded", "fixes", "20:10"),
    ]


def test_a_limit_between_two_fixes_is_reached_with_the_second_and_from_its_own_instant() -> None:
    lines = [*away("20:00", "20:12"), *ticking("20:00", "20:12", 1)]
    assert atv(by_fixes(atv_allowance_min=10.3), lines) == [
        opened("20:09:01", "atv_warning", "fixes", "20:08:14.4"),
        opened("20:11:01", "atv_exceeded", "fixes", "20:10:18"),
    ]


def test_it_is_of_the_order_and_rests_on_violations_not_on_facts() -> None:
    keys = ("order", "condition", "device", "code", "cause", "minutes_certain", "p_inside", "evidence")
    found = atv(by_fixes(atv_allowance_min=10), away("20:00", "20:09"), keys)
    assert found == [("O1", None, None, None, "wearer", None, None, [])]


def test_violations_of_two_nights_and_two_curfews_are_one_sum() -> None:
    unit = Sender("H1")
    lines = out_from("20:00", "20:29", unit)
    lines += [unit.event(us("20:30"), "in_range", "start", tag="R1")]
    lines += [unit.event(instant, "heartbeat") for instant in each("20:31", "Tue 19:59")]
    lines += [unit.event(us("Tue 20:00"), "in_range", "end", tag="R1", last_heard=us("Tue 20:00") // 1000)]
    lines += [unit.event(instant, "heartbeat") for instant in each("Tue 20:01", "Tue 20:30")]
    one = with_unit(atv_allowance_min=50)
    assert atv(one, [*lines, *ticks("Tue 20:09", "Tue 20:10")]) == [
        opened("Tue 20:10", "atv_warning", "home_unit", "Tue 20:10"),
        opened("Tue 20:20:01", "atv_exceeded", "home_unit", "Tue 20:20"),
    ]
    twice = [*one, curfew("C2", unit="H1")]
    assert atv(twice, lines)[0] == opened("20:20:01", "atv_warning", "home_unit", "20:20")
    assert atv(twice, lines)[1] == opened("20:25:01", "atv_exceeded", "home_unit", "20:25")


def test_an_absence_that_was_granted_does_not_count() -> None:
    grant = {"type": "absence", "id": "A1", "condition": "C1", "from": at("20:30"), "to": at("21:00")}
    lines = [*out_from("20:00", "22:00"), *ticking("20:00", "22:00", 30)]
    assert atv([*with_unit(atv_allowance_min=60), grant], lines) == [
        opened("21:18", "atv_warning", "home_unit", "21:18"),
        opened("21:30:01", "atv_exceeded", "home_unit", "21:30"),
    ]


def assessed(clock: str, decision: str, violation: str = "W1-1", made: str | None = None, **more: Any) -> Line:
    record = {"type": "assessment", "id": "B1", "violation": violation, "decision": decision, "at": at(made or clock)}
    return learnt(clock, record, **more)


@pytest.mark.parametrize("decision", ["reasonable_excuse", "equipment", "disputed"])
def test_an_assessment_changes_the_sum_from_then_on(decision: str) -> None:
    lines = [*out_from("20:00", "21:30"), *ticking("20:00", "21:30", 30)]
    lines += [assessed("21:10:20", decision), assessed("21:20:40", "upheld")]
    assert atv(with_unit(atv_allowance_min=60), lines)[2:] == [
        closed("21:10:20", "atv_warning", "assessment", "20:48", "21:10:20"),
        closed("21:10:20", "atv_exceeded", "assessment", "21:00", "21:10:20"),
        opened("21:20:40", "atv_exceeded", "assessment", "21:20:40"),
        opened("21:20:40", "atv_warning", "assessment", "21:20:40"),
    ]


@pytest.mark.parametrize("decision", ["upheld", "not_pursued"])
def test_other_assessments_change_nothing(decision: str) -> None:
    lines = [*out_from("20:00", "21:30"), *ticking("20:00", "21:30", 30), assessed("21:10:20", decision)]
    assert len(atv(with_unit(atv_allowance_min=60), lines)) == 2


def test_an_assessment_of_another_violation_changes_nothing() -> None:
    lines = [*out_from("20:00", "21:30"), *ticking("20:00", "21:30", 30), assessed("21:10:20", "equipment", "W1-2")]
    assert len(atv(with_unit(atv_allowance_min=60), lines)) == 2


def test_an_assessment_that_holds_from_before_shortens() -> None:
    lines = [*out_from("20:00", "21:30"), *ticking("20:00", "21:30", 30)]
    lines += [assessed("21:10:20", "equipment", made="20:55", holds_from=at("20:55"))]
    assert atv(with_unit(atv_allowance_min=60), lines)[2:] == [
        closed("21:10:20", "atv_warning", "assessment", "20:48", "20:55"),
        (at("21:10:20"), "atv_exceeded", "withdrawn", "assessment", at("21:00"), None),
    ]


def test_an_assessment_may_hold_from_later_and_be_cancelled() -> None:
    lines = [*out_from("20:00", "21:30"), *ticking("20:00", "21:30", 30)]
    lines += [assessed("20:55", "equipment", holds_from=at("21:05"))]
    lines += [assessed("21:10", "equipment", cancelled=True)]
    assert atv(with_unit(atv_allowance_min=60), lines)[2:] == [
        closed("21:05", "atv_warning", "assessment", "20:48", "21:05"),
        closed("21:05", "atv_exceeded", "assessment", "21:00", "21:05"),
        opened("21:10", "atv_exceeded", "assessment", "21:10"),
        opened("21:10", "atv_warning", "assessment", "21:10"),
    ]


def test_what_fell_due_before_an_assessment_keeps_its_own_reason() -> None:
    lines = [*out_from("20:00", "20:47"), assessed("20:49", "upheld")]
    assert atv(with_unit(atv_allowance_min=60), lines) == [opened("20:49", "atv_warning", "home_unit", "20:48")]


def test_an_assessed_violation_that_goes_on_does_not_count() -> None:
    lines = [*out_from("20:00", "22:00"), *ticking("20:00", "22:00", 30), assessed("20:30", "disputed")]
    assert atv(with_unit(atv_allowance_min=60), lines) == []


def test_retrospective_violations_do_not_count() -> None:
    """From before the wearer was told; and what a variation newly finds in the past."""
    lines = [*out_from("20:00", "21:30"), *ticking("20:00", "21:30", 30)]
    assert atv([*with_unit(atv_allowance_min=60)[:-1], curfew(unit="H1", told_at=at("20:00:01"))], lines) == []
    before = with_unit(atv_allowance_min=60)[:-1]
    later = [*lines, learnt("21:20", curfew(unit="H1"), holds_from=at("Sun 09:00"))]
    assert atv(before, later) == []


def test_the_end_of_the_order_closes() -> None:
    lines = [*out_from("20:00", "21:30"), *ticking("20:00", "21:30", 30)]
    assert atv(with_unit(atv_allowance_min=60, to=at("21:10:10")), lines)[2:] == [
        closed("21:10:30", "atv_warning", "clock", "20:48", "21:10:10"),
        closed("21:10:30", "atv_exceeded", "clock", "21:00", "21:10:10"),
    ]


def test_another_allowance_holds_from_when_it_does() -> None:
    lines = [*out_from("20:00", "21:30"), *ticking("20:00", "21:30", 30)]
    order = next(record for record in with_unit(atv_allowance_min=60) if record["type"] == "order")
    lines += [learnt("21:10:20", order | {"atv_allowance_min": 80})]
    assert atv(with_unit(atv_allowance_min=60), lines)[2:] == [
        closed("21:10:20", "atv_exceeded", "variation", "21:00", "21:10:20"),
        opened("21:20:01", "atv_exceeded", "home_unit", "21:20"),
    ]
    fewer = [*lines, learnt("20:30", order | {"atv_allowance_min": 20})]
    assert atv(with_unit(atv_allowance_min=60), fewer)[:2] == [
        opened("20:30", "atv_exceeded", "variation", "20:30"),
        opened("20:30", "atv_warning", "variation", "20:30"),
    ]


def test_late_fixes_take_from_the_sum_and_add_to_it() -> None:
    """A backlog that shows the wearer at home withdraws; one that shows the absence longer extends."""
    tag = Sender("T1")
    lines = away("20:00", "20:20", tag)
    late = [tag.fix(instant, received=us("20:30")) for instant in each("20:04:30", "20:05:30", 30)]
    found = atv(by_fixes(atv_allowance_min=20), [*lines, *late, *ticking("20:00", "20:31")])
    assert found[0] == opened("20:16:01", "atv_warning", "fixes", "20:16")
    assert [one[2:4] for one in found[1:]] == [("extended", "late_data")] or [one[2:4] for one in found[1:]] == [
        ("withdrawn", "late_data")
    ]


def test_sums_of_two_orders_stay_apart() -> None:
    second = {
        "type": "order",
        "id": "O2",
        "wearer": "W1",
        "kind": "community",
        "from": at("20:10"),
        "to": at("Tue 07:00"),
    }
    records = [*with_unit(atv_allowance_min=60), second | {"atv_allowance_min": 30}, curfew("C2", "O2", unit="H1")]
    found = atv(records, [*out_from("20:00", "21:30"), *ticking("20:00", "21:30", 30)], (*KEYS, "order"))
    assert [(one[1], one[4], one[6]) for one in found] == [
        ("atv_warning", at("20:34"), "O2"),
        ("atv_exceeded", at("20:40"), "O2"),
        ("atv_warning", at("20:48"), "O1"),
        ("atv_exceeded", at("21:00"), "O1"),
    ]


def test_a_line_that_concerns_nobody_decides_what_fell_due() -> None:
    """ "What fell due between two lines is decided by the second", be it a record about somebody else."""
    other = learnt("20:48:30", {"type": "wearer", "id": "W2", "name": "Bo Lund"})
    lines = [*out_from("20:00", "20:47"), other]
    said = printed(with_unit(atv_allowance_min=60), lines)
    assert [line for line in said if at("20:48:30") in line and "atv_warning" in line]


def test_what_a_unit_said_of_a_tag_is_certain_only_while_the_tag_is_worn() -> None:
    """A swap at 20:20: nobody knows where the wearer is until the new tag is heard or lost."""
    swapped = [
        record | {"to": at("20:20")} if record["id"] == "F-R1" else record for record in with_unit(atv_allowance_min=25)
    ]
    new = [{"type": "device", "id": "R2", "kind": "rf_tag"}]
    new += [{"type": "fitting", "id": "F-R2", "wearer": "W1", "device": "R2", "from": at("20:20"), "to": None}]
    lines = [*out_from("20:00", "Tue 07:05"), *ticking("20:00", "Tue 07:05", 300)]
    found = told([*swapped, *new], lines, (*ATV, "curfew"), ("kind", "change", "from", "to", "minutes_certain"))
    assert found == [
        ("curfew", "opened", at("20:00"), None, None),
        ("atv_warning", "opened", at("20:20"), None, None),
        ("curfew", "closed", at("20:00"), at("Tue 07:00"), 20.0),
    ]


def test_an_assessment_that_was_there_first_takes_the_violation_out_with_the_next_line() -> None:
    """A caseload file may hold assessments of violations that a feed makes again; a number is given when its line ends."""
    known = {"type": "assessment", "id": "B1", "violation": "W1-1", "decision": "equipment", "at": at("Sun 09:00")}
    lines = [*out_from("20:00", "20:30"), *ticking("20:00", "20:30", 30)]
    assert atv([*with_unit(atv_allowance_min=60), known], lines) == []
    assert atv([*with_unit(atv_allowance_min=4), known], lines) == [
        opened("20:05", "atv_warning", "home_unit", "20:03:12"),
        opened("20:05", "atv_exceeded", "home_unit", "20:04"),
        (at("20:05:01"), "atv_warning", "withdrawn", "home_unit", at("20:03:12"), None),
        (at("20:05:01"), "atv_exceeded", "withdrawn", "home_unit", at("20:04"), None),
    ]
