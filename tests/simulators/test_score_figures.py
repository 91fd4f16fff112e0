"""The score's figures on cases worked out by hand: shares, delays, wrong intervals."""

from __future__ import annotations

from typing import Any

import pytest

from simulators.score import score
from simulators.score_figures import quantiles, wilson
from tests.simulators.score_world import found, run, truth


def _told(*lines: dict[str, Any], **options: Any) -> dict[str, Any]:
    """The figures of exclusion zones."""
    happened = [line for line in lines if "shown" in line]
    violations = [line for line in lines if "id" in line]
    told: dict[str, Any] = score([run(0, 600), *happened], violations, **options).as_json()
    return told["violations"]["exclusion_zone"]


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [(0, 0, None), (0, 10, [0.0, 0.277533]), (10, 10, [0.722467, 1.0]), (50, 100, [0.403832, 0.596168])],
)
def test_wilson_intervals_are_those_of_the_tables(part: int, whole: int, expected: list[float] | None) -> None:
    assert wilson(part, whole) == (expected and pytest.approx(expected, abs=1e-6))


def test_quantiles_of_nothing_are_none_and_of_a_hundred_are_known() -> None:
    assert quantiles([]) == {"n": 0, "p50": None, "p95": None, "p99": None, "max": None}
    assert quantiles(range(101)) == {"n": 101, "p50": 50, "p95": 95, "p99": 99, "max": 100}


def test_recall_and_precision_leave_out_what_is_explained_and_are_none_of_nothing() -> None:
    lines = [truth("exclusion_zone", n, n + 1) for n in (0, 10, 20, 30)] + [
        truth("exclusion_zone", 40, 41, "near_edge")
    ]
    right = [found("exclusion_zone", n, n + 1, name=f"W1-{n}") for n in (0, 10, 20)]
    other = [found("exclusion_zone", 40, 41, name="W1-40"), found("exclusion_zone", 50, 51, name="W1-50")]
    told = _told(*lines, *right, *other)
    assert (told["recall"], told["precision"], told["precision_strict"]) == (0.75, 0.75, 0.6)
    assert told["recall_95"] == pytest.approx(wilson(3, 4))
    assert (told["right"], told["explained"], told["false"]) == (3, 1, 1)
    nothing = _told(found("exclusion_zone", 1, 2))
    assert (nothing["recall"], nothing["recall_95"], nothing["precision"]) == (None, None, 0.0)
    missed = _told(truth("exclusion_zone", 1, 2))
    assert (missed["recall"], missed["precision"], missed["precision_95"]) == (0.0, None, None)


def test_the_delay_is_from_the_true_beginning_to_the_first_version_that_touches() -> None:
    told = _told(
        truth("exclusion_zone", 10, 20),
        found("exclusion_zone", 2, 3, decided=4),
        found("exclusion_zone", 2, 15, version=2, change="extended", decided=16),
        found("exclusion_zone", 2, 21, version=3, change="extended", decided=22),
    )["delay_s"]
    assert told["to_decided"] == {"n": 1, "p50": 360, "p95": 360, "p99": 360, "max": 360}
    assert told["age"]["max"] == 14 * 60


def test_what_was_open_already_has_no_delay_and_late_ones_are_told_apart() -> None:
    told = _told(
        truth("exclusion_zone", 10, 20),
        found("exclusion_zone", 5, 21, decided=6),
        truth("exclusion_zone", 100, 120),
        found("exclusion_zone", 101, 120, name="W1-2", decided=160, late=True),
    )
    assert told["late"] == 1
    assert (told["delay_s"]["to_decided"]["n"], told["delay_s"]["to_decided"]["max"]) == (2, 3600)
    assert told["delay_s"]["in_time"] == {"n": 1, "p50": 0, "p95": 0, "p99": 0, "max": 0}


def test_intervals_that_are_off_by_more_than_the_tolerance_are_counted_once() -> None:
    lines = (
        truth("exclusion_zone", 10, 20),
        found("exclusion_zone", 13, 16, name="W1-1"),
        truth("exclusion_zone", 40, 50),
        found("exclusion_zone", 40.5, None, name="W1-2"),
        truth("exclusion_zone", 70, 80),
        found("exclusion_zone", 69.5, 81, name="W1-3"),
    )
    told = _told(*lines)
    assert [told[key] for key in ("off_from", "off_to", "wrong_interval", "not_ended")] == [1, 2, 2, 1]
    assert told["off_from_s"] == {"n": 3, "p50": 30, "p95": 165, "p99": 177, "max": 180}
    assert (told["off_to_s"]["n"], told["off_to_s"]["max"]) == (2, 240)
    strict = _told(*lines, tolerance_s=20.0)
    assert [strict[key] for key in ("off_from", "off_to", "wrong_interval")] == [3, 3, 3]


def test_what_was_not_over_when_the_run_ended_has_no_wrong_end() -> None:
    assert _told(truth("exclusion_zone", 10, None), found("exclusion_zone", 10, None))["off_to"] == 0
    assert _told(truth("exclusion_zone", 10, 599), found("exclusion_zone", 10, None))["off_to"] == 0
    assert _told(truth("exclusion_zone", 10, 599), found("exclusion_zone", 10, 605))["off_to"] == 0
    open_ = (truth("exclusion_zone", 10, None), found("exclusion_zone", 10, 30))
    assert score([open_[0]], [open_[1]]).kinds["exclusion_zone"].off_to == 0, "nobody says when the run ended"


@pytest.mark.parametrize("end", [None, 598.5])
def test_what_is_found_over_while_it_goes_on_has_a_wrong_end(end: float | None) -> None:
    told = _told(truth("exclusion_zone", 60, end), found("exclusion_zone", 60, 70))
    assert [told[key] for key in ("off_to", "wrong_interval", "not_ended")] == [1, 1, 0]
    assert told["off_to_s"]["max"] == ((end or 600) - 70) * 60
    assert _told(truth("exclusion_zone", 60, end), found("exclusion_zone", 60, 598.5))["off_to"] == 0


def test_what_has_no_end_is_wrong_by_any_tolerance() -> None:
    told = _told(truth("exclusion_zone", 60, 540), found("exclusion_zone", 60, None), tolerance_s=7200.0)
    assert [told[key] for key in ("off_to", "wrong_interval", "not_ended")] == [1, 1, 1]


def test_pieces_with_a_long_gap_between_them_are_no_right_interval() -> None:
    pieces = (found("exclusion_zone", 60, 65, name="W1-1"), found("exclusion_zone", 235, 240, name="W1-2"))
    lines = [run(0, 600), truth("exclusion_zone", 60, 240)]
    report = score(lines, pieces)
    told = report.as_json()["violations"]["exclusion_zone"]
    assert [told[key] for key in ("right", "off_from", "off_to", "gaps", "wrong_interval")] == [2, 0, 0, 1, 1]
    assert [(d["what"], d["why"]) for d in report.details] == [
        ("gap", "found in 2 pieces, with 10200 s between two of them"),
    ]
    between = found("exclusion_zone", 66, 234, name="W1-3")
    assert score(lines, [*pieces, between]).kinds["exclusion_zone"].wrong_interval == 0


def test_all_kinds_together_are_their_sums() -> None:
    lines = [
        run(0, 600),
        truth("curfew", 1, 5),
        truth("sos", 9, 9, condition=None),
        truth("sos", 30, 30, condition=None),
    ]
    violations = [found("curfew", 1, 5, decided=6), found("sos", 9, 9, name="W1-2", condition=None, decided=9)]
    report = score(lines, violations)
    told = report.as_json()
    assert (told["all"]["truth"], told["all"]["found"], told["all"]["missed"]) == (3, 2, 1)
    assert told["all"]["delay_s"]["to_decided"]["n"] == 2
    assert told["in_short"]["recall_min"] == 0.5
    assert told["in_short"]["delay_s"] == {"p50": 150, "p95": 285, "p99": 297}


def test_a_kind_that_the_truth_tells_of_is_scored_though_the_auditor_does_not_know_it() -> None:
    line = truth("attendance_missed", 1, 5)
    report = score([line], [found("attendance_missed", 1, 5)])
    assert report.violations()["attendance_missed"]["found"] == 1
    assert score([], [found("attendance_missed", 1, 5)]).not_scored == {"attendance_missed": 1}
