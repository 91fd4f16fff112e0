"""What the caseload says about a wearer reaches the severity of the wearer's alerts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alerts.circumstances import Circumstances
from alerts.episodes import Episodes
from alerts.severity import Context
from domain.records import Condition, Order, Version, Wearer
from domain.vocabulary import Code, ConditionKind, Kind, Level, OrderKind, Severity
from tests.alerts.made import at, make_violation

ORDER = Order("O1", "W1", OrderKind.COMMUNITY, at("2026-11-01T09:00:00Z"), at("2027-02-01T00:00:00Z"))
VICTIM = Condition("C3", "O1", ConditionKind.PROXIMITY, victim="V1", alert_m=500.0)
LATE = make_violation(Kind.CURFEW, "19:00:00", code=Code.AL08)


def told(*records: Wearer | Order | Condition) -> Circumstances:
    return Circumstances(Version(record) for record in records)


def test_a_wearer_of_whom_nobody_told_us_is_standard() -> None:
    assert told().level_of("W9") is Level.STANDARD
    assert told().context_of(LATE) == Context()


def test_the_newest_level_counts_and_a_cancelled_wearer_is_forgotten() -> None:
    caseload = told(Wearer("W1", level=Level.ENHANCED))
    caseload.learn(Version(Wearer("W1", level=Level.INTENSIVE)))
    assert caseload.level_of("W1") is Level.INTENSIVE
    caseload.learn(Version(Wearer("W1"), cancelled=True))
    assert caseload.level_of("W1") is Level.STANDARD


@pytest.mark.parametrize("records", [(ORDER, VICTIM), (VICTIM, ORDER)])
def test_a_wearer_with_a_victim_whichever_was_learnt_first(records: tuple[Order, Condition]) -> None:
    caseload = told(*records)
    assert caseload.context_of(LATE) == Context(has_victim=True)
    assert caseload.context_of(replace(LATE, wearer="W2")) == Context()
    caseload.learn(Version(VICTIM, cancelled=True))
    assert caseload.context_of(LATE) == Context()


def test_an_order_that_has_ended_protects_nobody_any_more() -> None:
    assert told(replace(ORDER, to_us=at("18:59:59")), VICTIM).context_of(LATE) == Context()


@pytest.mark.parametrize(
    ("kind", "start", "first"),
    [
        (OrderKind.HDC, "09:00:00", True),
        (OrderKind.LICENCE, "09:00:00", True),
        (OrderKind.COMMUNITY, "09:00:00", False),
        (OrderKind.HDC, "2026-11-20T09:00:00Z", False),
    ],
)
def test_the_first_night_of_hdc_and_licence(kind: OrderKind, start: str, first: bool) -> None:
    caseload = told(replace(ORDER, kind=kind, from_us=at(start)))
    assert caseload.context_of(LATE) == Context(first_night=first)


def test_an_edge_of_a_zone_that_protects_a_victim() -> None:
    edge = make_violation(Kind.ZONE_EDGE, "10:00:00")
    assert told(ORDER, VICTIM).context_of(edge) == Context(protects_victim=True)
    assert told(ORDER, VICTIM).context_of(replace(edge, order="O2")) == Context()
    assert told(ORDER, VICTIM).context_of(replace(edge, kind=Kind.EXCLUSION_ZONE)) == Context()
    assert told(ORDER).context_of(edge) == Context()


def test_it_reaches_the_alert() -> None:
    caseload = told(ORDER, VICTIM)
    (change,) = Episodes(caseload.level_of, caseload.context_of).apply([LATE])
    assert change.severity is Severity.CRITICAL
