"""Severities that rise by the clock, and need: at the boundary second of each."""

from __future__ import annotations

import pytest

from alerts.contingency import LastFix, Requirements
from alerts.rising import Needed, needed_by, never, severity_now
from alerts.state import Alert
from bailiwick.timezones import pinned_time_zones
from domain.instants import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from domain.records import Circle, Condition, Order, Place, Record, Timetable, TimetableRow, Version, Wearer
from domain.violations import Violation
from domain.vocabulary import Change, Code, ConditionKind, Kind, Level, OrderKind, Severity
from geofence.timetable import WindowCache
from tests.alerts.made import at, make_violation

OPENED = at("12:00:00")
INFORMATION, WARNING, SERIOUS, CRITICAL = (
    Severity.INFORMATION,
    Severity.WARNING,
    Severity.SERIOUS,
    Severity.CRITICAL,
)


def alert(kind: Kind, severity: Severity, grouped_under: str | None = None) -> Alert:
    return Alert(1, "W1-1", kind.value, severity, OPENED, OPENED, wearer="W1", grouped_under=grouped_under)


def loss(from_: str = "12:00:00", to: str | None = None, kind: Kind = Kind.COMMUNICATION_LOST) -> Violation:
    return make_violation(kind, from_, to, device="T1")


def always(at_us: int) -> bool:
    return True


def since(instant: int) -> Needed:
    return lambda at_us: at_us >= instant


def asked(
    violation: Violation, clock: str, needed: Needed = never, level: Level = Level.STANDARD
) -> tuple[Severity, int | None]:
    written = alert(violation.kind, INFORMATION if violation.kind is not Kind.CURFEW else SERIOUS)
    found = severity_now(written, [violation], level, needed, at(clock))
    return found.severity, found.again_us


@pytest.mark.parametrize("kind", [Kind.COMMUNICATION_LOST, Kind.LOCATION_LOST])
@pytest.mark.parametrize(
    ("clock", "severity"),
    [("12:59:59", INFORMATION), ("13:00:00", WARNING), ("15:59:59", WARNING), ("16:00:00", SERIOUS)],
)
def test_a_loss_that_nobody_needs_rises_by_its_age(kind: Kind, clock: str, severity: Severity) -> None:
    assert asked(loss(kind=kind), clock)[0] is severity


@pytest.mark.parametrize(
    ("clock", "again"),
    [
        ("12:00:01", "12:05:01"),  # need is asked again every 5 minutes
        ("12:57:00", "13:00:00"),  # the next mark is nearer
        ("13:00:00", "13:05:00"),
        ("15:58:00", "16:00:00"),
    ],
)
def test_when_the_answer_may_be_another(clock: str, again: str) -> None:
    assert asked(loss(), clock)[1] == at(again)


def test_a_loss_that_is_serious_by_its_age_is_not_asked_again_but_for_intensive() -> None:
    assert asked(loss(), "16:00:00") == (SERIOUS, None)
    assert asked(loss(), "16:00:00", level=Level.INTENSIVE) == (SERIOUS, at("16:05:00"))


def test_a_need_that_begins_between_two_askings_is_known_to_the_second() -> None:
    begins = at("12:33:20")
    assert asked(loss(), "12:30:00", since(begins)) == (INFORMATION, begins)
    assert asked(loss(), "12:33:20", since(begins))[0] is SERIOUS


def test_intensive_is_critical_after_10_minutes_of_need_not_of_loss() -> None:
    begins, level = at("12:33:20"), Level.INTENSIVE
    assert asked(loss(), "12:33:20", since(begins), level) == (SERIOUS, at("12:38:20"))
    severity, again_us = asked(loss(), "12:40:00", since(begins), level)
    assert (severity, again_us) == (SERIOUS, at("12:43:20"))
    assert asked(loss(), "12:43:19", since(begins), level)[0] is SERIOUS
    assert asked(loss(), "12:43:20", since(begins), level) == (CRITICAL, at("12:48:20"))
    # Needed long before it was lost: 10 minutes of loss.
    assert asked(loss(), "12:09:59", always, level) == (SERIOUS, at("12:10:00"))
    assert asked(loss(), "12:10:00", always, level)[0] is CRITICAL


def test_a_need_that_ends_lets_the_severity_fall_to_what_its_age_gives() -> None:
    until = at("12:32:00")
    needed: Needed = lambda at_us: at_us < until  # noqa: E731
    severity, again_us = asked(loss(), "12:30:00", needed)
    assert (severity, again_us) == (SERIOUS, until)
    assert asked(loss(), "12:32:00", needed)[0] is INFORMATION


def test_what_is_over_keeps_the_severity_of_its_last_instant() -> None:
    needed: Needed = lambda at_us: at_us < at("12:30:00")  # noqa: E731
    assert asked(loss(to="12:30:00"), "18:00:00", needed) == (SERIOUS, None)
    assert asked(loss(to="12:31:00"), "18:00:00", needed) == (INFORMATION, None)


@pytest.mark.parametrize("code", [Code.AL08, Code.AL10, Code.AL11])
def test_an_open_absence_is_critical_at_120_minutes_though_nothing_comes_in(code: Code) -> None:
    one = make_violation(Kind.CURFEW, "12:00:00", code=code)
    assert asked(one, "12:00:00") == (SERIOUS, at("14:00:00"))
    assert asked(one, "13:59:59") == (SERIOUS, at("14:00:00"))
    assert asked(one, "14:00:00") == (CRITICAL, None)


def test_an_absence_that_is_over_counts_by_its_certain_minutes() -> None:
    one = make_violation(Kind.CURFEW, "12:00:00", "15:00:00", code=Code.AL10, minutes_certain=119.0)
    assert asked(one, "18:00:00") == (SERIOUS, None)


def test_it_is_never_under_what_ingest_wrote_and_the_worst_violation_counts() -> None:
    written = alert(Kind.ZONE_EDGE, SERIOUS)  # the zone protects a victim, which is not asked here
    found = severity_now(written, [make_violation(Kind.ZONE_EDGE, "12:00:00")], Level.STANDARD, never, OPENED)
    assert found.severity is SERIOUS
    both = [loss("12:00:00", "12:30:00"), loss("08:00:00")]
    assert severity_now(alert(Kind.COMMUNICATION_LOST, INFORMATION), both, Level.STANDARD, never, OPENED).severity is (
        SERIOUS
    )


def test_what_an_incident_explains_or_is_withdrawn_rises_no_more() -> None:
    grouped = alert(Kind.COMMUNICATION_LOST, INFORMATION, grouped_under="I-1")
    found = severity_now(grouped, [loss()], Level.INTENSIVE, always, OPENED + DAY_US)
    assert (found.severity, found.again_us) == (INFORMATION, None)
    gone = make_violation(Kind.COMMUNICATION_LOST, "12:00:00", change=Change.WITHDRAWN)
    found = severity_now(alert(Kind.COMMUNICATION_LOST, WARNING), [gone], Level.STANDARD, always, OPENED + DAY_US)
    assert (found.severity, found.again_us) == (WARNING, None)


# ---- what is asked of the caseload ----

NIGHT = Timetable("Europe/London", tuple(TimetableRow(day, 19 * 3600, 7 * 3600) for day in range(7)))
HOME = Place("home", 0.5, 51.2, 50.0)


def required(*conditions: Condition) -> Requirements:
    order = Order("O1", "W1", OrderKind.COMMUNITY, OPENED - 9 * DAY_US, OPENED + 9 * DAY_US)
    records: list[Record] = [Wearer("W1"), order, *conditions]
    return Requirements([Version(record) for record in records], WindowCache(pinned_time_zones()))


CURFEW = Condition("C1", "O1", ConditionKind.CURFEW, place=HOME, timetable=NIGHT)


def needs(condition: Condition, clock: str, last: LastFix | None, *, heard: bool = False) -> bool:
    return needed_by(required(condition), "W1", last, heard_at_home=heard)(at(clock))


@pytest.mark.parametrize(
    ("clock", "needed"), [("18:29:59", False), ("18:30:00", False), ("18:30:01", True), ("23:00:00", True)]
)
def test_a_curfew_asks_from_half_an_hour_before_its_window(clock: str, needed: bool) -> None:
    assert needs(CURFEW, clock, None) is needed


@pytest.mark.parametrize(
    ("lon", "age_s", "heard", "needed"),
    [
        (0.5, 300, False, False),  # a fresh fix inside the place
        (0.5, 301, False, True),  # not fresh any more
        (0.51, 10, False, True),  # fresh, elsewhere
        (0.51, 4000, True, False),  # the home unit hears the tag
    ],
)
def test_other_evidence_of_presence(lon: float, age_s: int, heard: bool, needed: bool) -> None:
    last = LastFix(lon, 51.2, 8.0, at("23:00:00") - age_s * SECOND_US)
    assert needs(CURFEW, "23:00:00", last, heard=heard) is needed


def test_a_zone_asks_once_it_can_have_been_reached_and_a_far_one_does_not_for_intensive_either() -> None:
    zone = Condition("Z1", "O1", ConditionKind.EXCLUSION_ZONE, shape=Circle(0.5, 51.5, 100.0))  # 33 km north
    last = LastFix(0.5, 51.2, 8.0, OPENED)
    assert not needs(zone, "12:15:00", last)
    assert needs(zone, "12:20:00", last)
    wanted = needed_by(required(zone), "W1", last)
    found = severity_now(alert(Kind.COMMUNICATION_LOST, INFORMATION), [loss()], Level.INTENSIVE, wanted, at("12:15:00"))
    assert found.severity is INFORMATION
    assert found.again_us is not None
    assert at("12:18:00") < found.again_us < at("12:19:00")


def test_a_victim_asks_always() -> None:
    pair = Condition("P1", "O1", ConditionKind.PROXIMITY, victim="V1", alert_m=500.0)
    assert needs(pair, "12:00:00", LastFix(0.5, 51.2, 8.0, OPENED))


def test_asking_at_every_second_and_at_the_instants_named_gives_the_same_severities() -> None:
    """Whoever looks only when told to misses nothing by more than a second."""
    needed, violation = needed_by(required(CURFEW), "W1", None), loss("17:40:00")
    written, level = alert(Kind.COMMUNICATION_LOST, INFORMATION), Level.INTENSIVE
    now_us, told = at("17:45:00"), []
    while now_us < at("17:45:00") + 2 * HOUR_US:
        found = severity_now(written, [violation], level, needed, now_us)
        told.append((now_us, found.severity))
        if found.again_us is None:
            break
        assert now_us < found.again_us <= now_us + 5 * MINUTE_US
        now_us = found.again_us
    rises = [
        (first, severity)
        for (first, severity), before in zip(told, [(0, None), *told], strict=False)
        if severity is not before[1]
    ]
    assert [severity for _, severity in rises] == [INFORMATION, SERIOUS, CRITICAL]
    for (first, _), clock in zip(rises[1:], ("18:30:00", "18:40:00"), strict=True):
        assert 0 <= first - at(clock) <= 2 * SECOND_US
