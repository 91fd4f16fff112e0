"""The table of docs/alerts.md and `alerts.severity` are the same, and total."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from alerts.severity import INCIDENTS, Context, severity_of, worst
from domain.vocabulary import Code, Kind, Level, Severity
from tests.alerts.made import make_violation as violation

PAGE = Path(__file__).parents[2] / "docs" / "alerts.md"


def rows_of_the_page() -> dict[str, Severity]:
    """Each kind, code and incident of the table, with the severity of its row."""
    found: dict[str, Severity] = {}
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        match = re.fullmatch(r"\| `(critical|serious|warning|information)` \| (.*) \|", line)
        if match:
            for word in re.findall(r"`(\w+)`", match[2]):
                assert word not in found, f"{word} stands twice"
                found[word] = Severity(match[1])
    return found


def test_the_page_names_every_kind_curfew_code_and_incident_once() -> None:
    kinds = {kind.value for kind in Kind if kind is not Kind.CURFEW}
    codes = {"AL08", "AL09", "AL10", "AL11", "AL12"}
    assert set(rows_of_the_page()) == kinds | codes | set(INCIDENTS)


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.CURFEW])
def test_every_kind_has_the_severity_of_its_row(kind: Kind) -> None:
    assert severity_of(violation(kind, "10:00:00")) is rows_of_the_page()[kind.value]


@pytest.mark.parametrize("code", [Code.AL08, Code.AL09, Code.AL10, Code.AL11, Code.AL12])
def test_every_curfew_code_has_the_severity_of_its_row(code: Code) -> None:
    assert severity_of(violation(Kind.CURFEW, "19:00:00", code=code)) is rows_of_the_page()[code.value]


def test_incidents_have_the_severity_of_their_row() -> None:
    assert {name: rows_of_the_page()[name] for name in INCIDENTS} == INCIDENTS


@pytest.mark.parametrize("level", list(Level))
def test_it_is_total_over_codes_levels_and_contexts(level: Level) -> None:
    contexts = [
        Context(m, v, n, p, w) for m in (None, 0.0, 1e6) for v in (0, 1) for n in (0, 1) for p in (0, 1) for w in (0, 1)
    ]
    for kind in Kind:
        for code in (None, *Code):
            one = violation(kind, "10:00:00", code=code)
            assert all(isinstance(severity_of(one, level, context), Severity) for context in contexts)


@pytest.mark.parametrize(("minutes", "expected"), [(14.999, Severity.INFORMATION), (15.0, Severity.WARNING)])
def test_a_late_return_of_15_minutes_is_a_warning(minutes: float, expected: Severity) -> None:
    one = violation(Kind.CURFEW, "19:00:00", "19:40:00", code=Code.AL09, minutes_certain=minutes)
    assert severity_of(one) is expected


@pytest.mark.parametrize("code", [Code.AL08, Code.AL10, Code.AL11])
def test_absence_in_a_curfew_rises_at_120_minutes(code: Code) -> None:
    one = violation(Kind.CURFEW, "19:00:00", code=code)
    assert severity_of(one, context=Context(minutes_open=119.9)) is Severity.SERIOUS
    assert severity_of(one, context=Context(minutes_open=120.0)) is Severity.CRITICAL
    decided_late = violation(Kind.CURFEW, "19:00:00", code=code, decided="21:00:00")
    assert severity_of(decided_late) is Severity.CRITICAL


@pytest.mark.parametrize("code", [Code.AL08, Code.AL10, Code.AL11])
@pytest.mark.parametrize("context", [Context(has_victim=True), Context(first_night=True)])
def test_absence_in_a_curfew_is_critical_at_once_with_a_victim_or_in_the_first_night(
    code: Code, context: Context
) -> None:
    assert severity_of(violation(Kind.CURFEW, "19:00:00", code=code), context=context) is Severity.CRITICAL


def test_absence_in_a_curfew_is_critical_at_once_for_intensive() -> None:
    one = violation(Kind.CURFEW, "19:00:00", code=Code.AL08)
    assert severity_of(one, Level.INTENSIVE) is Severity.CRITICAL
    assert severity_of(one, Level.ENHANCED) is Severity.SERIOUS


def test_an_edge_is_serious_where_the_zone_protects_a_victim() -> None:
    one = violation(Kind.ZONE_EDGE, "10:00:00")
    assert severity_of(one, context=Context(protects_victim=True)) is Severity.SERIOUS


@pytest.mark.parametrize("kind", [Kind.COMMUNICATION_LOST, Kind.LOCATION_LOST])
@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        (59.9, Severity.INFORMATION),
        (60.0, Severity.WARNING),
        (239.9, Severity.WARNING),
        (240.0, Severity.SERIOUS),
    ],
)
def test_a_loss_without_need_rises_with_its_age(kind: Kind, minutes: float, expected: Severity) -> None:
    assert severity_of(violation(kind, "10:00:00"), context=Context(minutes_open=minutes)) is expected


def test_a_loss_with_need_is_serious_and_for_intensive_critical_after_10_minutes() -> None:
    one = violation(Kind.COMMUNICATION_LOST, "10:00:00")
    assert severity_of(one, context=Context(needed=True)) is Severity.SERIOUS
    assert severity_of(one, Level.INTENSIVE, Context(minutes_open=9.9, needed=True)) is Severity.SERIOUS
    assert severity_of(one, Level.INTENSIVE, Context(minutes_open=10.0, needed=True)) is Severity.CRITICAL


def test_the_worst_is_the_most_urgent() -> None:
    assert worst([Severity.WARNING, Severity.CRITICAL, Severity.INFORMATION]) is Severity.CRITICAL
