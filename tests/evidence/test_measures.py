"""Named measures: their clocks in working days, targets, dimensions and months, and that no small number is shown or follows from others."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest

from bailiwick.timezones import pinned_time_zones
from domain.errors import BadInput
from evidence.characteristics import read_characteristics, tables_of
from evidence.measures import (
    Case,
    Measure,
    Measured,
    MeasuresFile,
    counted,
    measured,
    measures_on,
    shipped_measures,
)
from evidence.policy_files import BadPolicy, read_policy
from evidence.routes import shipped_routes
from tests.evidence.made import us

ROUTES = shipped_routes(pinned_time_zones())
NOW = "2027-02-10T12:00"


def measure(name: str = "enforcement_begun") -> Measure:
    return next(one for one in measures_on(shipped_measures(), date(2026, 6, 1)) if one.id == name)


def case(failure: str, ended: str | None = None, step: str = "information", **of: Any) -> Case:
    steps = {"failure": us(failure)} | ({} if ended is None else {step: us(ended)})
    return Case(steps, {name: value if isinstance(value, tuple) else (value,) for name, value in of.items()})


def told(cases: list[Case], name: str = "enforcement_begun", now: str = NOW, year: int = 2026) -> Measured:
    return measured(measure(name), cases, year, us(now), lambda area: ROUTES.calendar([area]))


def test_begun_within_ten_working_days_counts_no_weekend_and_no_bank_holiday() -> None:
    """From Monday 21 December: Christmas, Boxing Day's Monday and New Year's Day are none; the tenth is 7 January."""
    on_time = [case("2026-12-21T15:00", "2027-01-07T23:30") for _ in range(5)]
    late = [case("2026-12-21T15:00", "2027-01-08T00:30") for _ in range(5)]
    assert told(on_time).all.share == 1.0
    assert told(late).all.share == 0.0
    assert (told(on_time).all.mean, told(late).all.mean) == (10.0, 11.0)
    assert told(on_time).met is True
    assert told(late).met is False


def test_what_is_not_over_counts_against_the_limit_once_it_is_past() -> None:
    cases = [case("2026-11-02T09:00", "2026-11-04T09:00") for _ in range(5)] + [
        case("2026-11-02T09:00") for _ in range(5)
    ]
    assert told(cases).all.share == 0.5, "the others are overdue"
    running = told(cases, now="2026-12-01T12:00")
    assert running.all.share == 0.5
    young = [case("2026-11-26T09:00", "2026-11-27T09:00") for _ in range(5)] + [
        case("2026-11-27T09:00") for _ in range(5)
    ]
    found = told(young, now="2026-12-01T12:00")
    assert (found.all.number, found.all.share) == (10, 1.0), "they may still be begun in time"


def test_mean_median_p90_and_half_within() -> None:
    days = [f"2026-09-{day:02d}T12:00" for day in (8, 9, 10, 11, 30)]
    found = told([case("2026-09-07T12:00", end, "result") for end in days], "resolution")
    figures = found.all
    assert (figures.mean, figures.median, figures.p90) == (5.4, 3.0, pytest.approx(11.8))
    assert figures.half == 1.0
    assert found.met is True
    slow = told([case("2026-06-01T12:00", "2026-09-30T12:00", "result") for _ in range(5)], "resolution")
    assert slow.met is False


def test_an_order_has_its_own_limit_in_hours() -> None:
    def fitted(hours: int, limit: float) -> Case:
        start = us("2026-05-04T09:00")
        return Case({"order": start, "fitted": start + hours * 3_600_000_000}, {}, limit)

    found = told([*(fitted(30, 24.0) for _ in range(5)), *(fitted(30, 72.0) for _ in range(15))], "fitted")
    assert (found.all.share, found.all.mean) == (0.75, 30.0)


def test_a_month_that_runs_is_not_in_it_and_months_are_those_of_the_failure() -> None:
    cases = [
        case(f"2026-{month:02d}-05T10:00", f"2026-{month:02d}-09T10:00")
        for month in (1, 1, 1, 1, 1, 1, 3, 3, 3, 3, 3, 6)
        for _ in range(2)
    ]
    found = told(cases, now="2026-06-20T12:00")
    assert found.all.number == 22
    assert [(row.value, row.figures.number) for row in found.months] == [
        ("2026-01", 12),
        ("2026-02", 0),
        ("2026-03", 10),
    ]
    assert told(cases, year=2025).all.number == 0


def test_no_suppressed_number_follows_from_the_figures_that_are_shown() -> None:
    cases = [case("2026-05-05T10:00", "2026-05-08T10:00", area="kent", level="standard") for _ in range(40)]
    cases += [case("2026-05-05T10:00", "2026-05-08T10:00", area="essex", level="standard") for _ in range(9)]
    cases += [
        case("2026-06-05T10:00", "2026-07-30T10:00", area="dover", level="intensive", cohort=("iom",)) for _ in range(2)
    ]
    found = told(cases)
    assert found.all.number == 51
    for rows in (*found.by.values(), found.months):
        for row in rows:
            assert row.figures.number in (None, 0) or (row.figures.number or 0) >= 5
            if row.figures.number is None:
                assert row.figures.mean is row.figures.share is None
    areas = {row.value: row.figures.number for row in found.by["area"]}
    assert areas == {"dover": None, "essex": None, "kent": 40}, "dover is not 51 less the others"
    levels = {row.value: row.figures.number for row in found.by["level"]}
    assert levels == {"intensive": None, "standard": None}
    assert [(row.value, row.figures.number) for row in found.by["cohort"]] == [("iom", None)]
    assert [(row.value, row.figures.number) for row in found.by["organisation"]] == [("not said", 51)]
    few = told(cases[-2:])
    assert (few.all.number, few.all.mean, few.met) == (None, None, None)
    rows, total = counted({"continues": 30, "withdrawn": 3, "varied": 8})
    assert [(row.value, row.number) for row in rows] == [("continues", 30), ("varied", None), ("withdrawn", None)]
    assert total == 41


def test_a_measure_has_versions_with_dates_and_a_bad_file_says_where() -> None:
    text = """
[[measure]]
id = "one"
from = 2020-01-01
title = "One"
of = "breach"
starts = "failure"
ends = ["result"]
unit = "days"
within = 20
[[measure]]
id = "one"
from = 2026-07-01
title = "One"
of = "breach"
starts = "failure"
ends = ["result"]
unit = "days"
within = 10
"""
    file = read_policy(text, MeasuresFile, "here.toml")
    assert [one.within for one in measures_on(file, date(2026, 6, 30))] == [20]
    assert [one.within for one in measures_on(file, date(2026, 7, 1))] == [10]
    assert measures_on(file, date(2019, 1, 1)) == []
    with pytest.raises(
        BadPolicy, match=re.escape("here.toml: measure[0].unit: ") + ".*it may be working_days, days, hours"
    ):
        read_policy(text.replace('"days"', '"weeks"', 1), MeasuresFile, "here.toml")


def test_a_file_of_characteristics_is_all_or_nothing() -> None:
    heading = "wearer,sex,age_band,ethnic_group\n"
    good = read_characteristics(f"{heading}W1,female,25 to 34,\n\nW2,,,Asian or Asian British\n", "c.csv")
    assert [tuple(one) for one in good] == [
        ("W1", "female", "25 to 34", None),
        ("W2", None, None, "Asian or Asian British"),
    ]
    with pytest.raises(BadInput) as bad:
        read_characteristics(f"{heading}W1,f,,\nW1,m,,\nnot an id,m,,\nW3,m\nW4,<b>,,\n", "c.csv")
    assert [(one.line, one.field) for one in bad.value.faults] == [
        (3, "wearer"),
        (4, "wearer"),
        (5, "line"),
        (6, "sex"),
    ]
    with pytest.raises(BadInput, match=r"c\.csv:1: heading"):
        read_characteristics("id,sex\n", "c.csv")
    with pytest.raises(BadInput, match="not CSV"):
        read_characteristics(f'{heading}W1,"f', "c.csv")
    old_mac = read_characteristics(f"{heading}W1,f,,White: British\n".replace("\n", "\r"), "c.csv")
    assert [one.ethnic_group for one in old_mac] == ["White: British"]


def test_tables_by_characteristic_hide_small_counts_and_what_would_give_them_away() -> None:
    rows = [
        ("sex", "female", "continues", 9),
        ("sex", "female", "revoked", 2),
        ("sex", "male", "continues", 40),
        ("sex", "male", "revoked", 20),
    ]
    (table,) = tables_of(rows)
    assert (table["values"], table["results"]) == (["female", "male"], ["continues", "revoked"])
    assert table["counts"][0][1] is None
    for line in [*table["counts"], *zip(*table["counts"], strict=True)]:
        assert sum(one is None for one in line) != 1, "one alone would follow from its total"
    assert table["counts"][2][2] == 71
