"""In which order warrants are seen to, and how long they are out."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise, permutations

from domain.instants import DAY_US, parse_instant
from domain.vocabulary import WarrantKind, WarrantOutcome
from evidence.executions import ALL_AREAS, Life, figures, hidden_where_few, quantile
from evidence.ranking import Ground, Requires, Standing, ranked

NOW = parse_instant("2026-11-22T12:00:00Z")


def out(no: int, kind: WarrantKind = WarrantKind.BREACH, days: float = 1, **more: object) -> Standing:
    return Standing(no, kind, round(NOW - days * DAY_US), **more)


def test_each_ground_counts_only_among_those_whom_the_grounds_before_it_leave_equal() -> None:
    listed = [
        out(1, WarrantKind.FAIL_TO_ATTEND, 1, protects=True, rosh="low"),
        out(2, WarrantKind.RECALL, 400, rosh="very_high", mappa=3, requires=Requires.KEEP_AWAY),
        out(3, rosh="high", mappa=2),
        out(4, WarrantKind.RECALL, 90, rosh="high", mappa=1, requires=Requires.KEEP_AWAY),
        out(5, rosh="medium", requires=Requires.KEEP_AWAY),
        out(6, requires=Requires.BE_THERE),
        out(7, WarrantKind.RECALL),
        out(8, WarrantKind.BAIL),
        out(9, days=3),
        out(10, days=2),
        out(11, days=2),
        out(12, WarrantKind.RECALL, 900, rosh="low"),
    ]
    grounds = [Ground.ROSH, Ground.MAPPA, Ground.ROSH, Ground.REQUIRES, Ground.REQUIRES, Ground.KIND]
    expected = [None, Ground.VICTIM, *grounds, Ground.KIND, Ground.AGE, Ground.AGE, Ground.ROSH]
    found = ranked(reversed(listed))
    assert [one.standing.no for one in found] == [one.no for one in listed]
    assert [one.after_by for one in found] == expected[:3] + expected[3:]
    assert [one.place for one in found] == list(range(1, 13))
    assert all(ranked(some) == ranked(listed[:4]) for some in permutations(listed[:4]))


def test_risk_that_nobody_assessed_is_not_low() -> None:
    unknown, low, medium = out(1, days=1), out(2, days=9, rosh="low"), out(3, days=5, rosh="medium")
    assert [one.standing.no for one in ranked([low, unknown, medium])] == [3, 1, 2]
    assert all(a.place < b.place for a, b in pairwise(ranked([low, unknown])))


def life(days: int, ended: int | None = None, kind: WarrantKind = WarrantKind.BREACH, **more: object) -> Life:
    issued = NOW - days * DAY_US
    if ended is None:
        return Life(kind, "kent", issued, **more)
    return Life(kind, "kent", issued, issued + ended * DAY_US, WarrantOutcome.EXECUTED, **more)


def test_days_to_execution_are_told_of_five_or_more() -> None:
    executed = [life(100, days) for days in (1, 2, 3, 10, 40)]
    every, kent, breach = figures(executed, NOW)
    assert (every.area, every.kind, kent.area, kent.kind, breach.kind) == (ALL_AREAS, None, "kent", None, "breach")
    assert (breach.executed, breach.median_days, breach.p90_days) == (5, 3.0, 40.0)
    few = figures(executed[:4], NOW)[-1]
    assert (few.executed, few.median_days, few.p90_days) == (None, None, None)
    assert quantile([1.0, 2.0, 3.0, 4.0], 0.5) == 2.0


def test_who_is_out_is_counted_by_age_and_nobody_can_be_worked_out() -> None:
    lives = [life(1) for _ in range(7)] + [life(10) for _ in range(6)] + [life(60)]
    found = figures(lives, NOW)[0]
    assert found.out == {"under_8_days": 7, "8_to_28_days": None, "29_to_90_days": None, "over_90_days": 0}
    assert (found.out_in_all, found.executed) == (14, 0)
    assert hidden_where_few({"a": 2, "b": 3, "c": 9}) == {"a": None, "b": None, "c": 9}
    assert hidden_where_few({"a": 2}) == {"a": None}
    assert figures([], NOW)[0].out_in_all == 0
    assert hidden_where_few({"a": 1, "b": 1, "c": 9}) == {"a": None, "b": None, "c": None}, (
        "two that come to 2 are 1 each"
    )
    kinds = figures([*lives, *(life(1, kind=WarrantKind.BAIL) for _ in range(2))], NOW)[1:]
    shown = {one.kind: one.out_in_all for one in kinds}
    assert shown == {None: 16, WarrantKind.BAIL: None, WarrantKind.BREACH: None}, "16 less 14 would tell the two"


def test_the_kinds_of_an_area_do_not_tell_what_the_area_hides() -> None:
    kent, essex = [life(100, 9) for _ in range(7)], [replace(life(100, 9), area="essex") for _ in range(3)]
    found = {(one.area, one.kind): (one.executed, one.median_days) for one in figures([*kent, *essex], NOW)}
    assert found[ALL_AREAS, None] == (10, 9.0)
    assert found["kent", None] == found["essex", None] == (None, None), "10 less 7 would tell the three"
    assert found["kent", WarrantKind.BREACH] == (None, None), "and so would its only kind"
