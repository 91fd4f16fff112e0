"""When an officer's digest is due, what it counts, and that it names nobody."""

from __future__ import annotations

from datetime import date

import pytest

from alerts.texts import shipped_catalogues
from bailiwick.timezones import pinned_time_zones
from domain.breaches import BreachStep, DatedStep
from domain.instants import parse_instant
from domain.vocabulary import OrderKind
from evidence.digest import Counts, day_due, due_and_overdue, subject, text
from evidence.routes import read_routes, shipped_text

WELSH, ENGLISH = (shipped_catalogues()[language].digest for language in ("cy", "en"))
ZONES = pinned_time_zones()
ROUTES = read_routes(shipped_text(), ZONES)
DAILY = read_routes(shipped_text().replace('days = "working"', 'days = "daily"'), ZONES)


@pytest.mark.parametrize(
    ("at", "working", "daily"),
    [
        ("2026-11-23T07:59:59Z", None, None),
        ("2026-11-23T08:00:00Z", "2026-11-23", "2026-11-23"),
        ("2026-11-23T23:59:59Z", "2026-11-23", "2026-11-23"),
        ("2026-11-22T09:00:00Z", None, "2026-11-22"),
        ("2026-12-28T09:00:00Z", None, "2026-12-28"),
        ("2026-07-01T07:00:00Z", "2026-07-01", "2026-07-01"),
        ("2026-03-29T06:59:59Z", None, None),
        ("2026-03-29T07:00:00Z", None, "2026-03-29"),
        ("2026-03-30T07:00:00Z", "2026-03-30", "2026-03-30"),
        ("2026-10-25T07:30:00Z", None, None),
        ("2026-10-25T08:00:00Z", None, "2026-10-25"),
        ("2026-10-26T08:00:00Z", "2026-10-26", "2026-10-26"),
    ],
)
def test_it_is_due_at_eight_by_the_clock_on_the_wall(at: str, working: str | None, daily: str | None) -> None:
    for routes, expected in ((ROUTES, working), (DAILY, daily)):
        found = day_due(routes, [routes.calendar()], parse_instant(at))
        assert (None if found is None else found.isoformat()) == expected


def test_a_bank_holiday_of_one_area_is_a_working_day_where_it_is_none() -> None:
    routes = read_routes(shipped_text().replace("areas = {}", 'areas = { lothian = "scotland" }'), ZONES)
    england, scotland = routes.calendars()
    at = parse_instant("2026-11-30T09:00:00Z")
    assert day_due(routes, [scotland], at) is None
    assert day_due(routes, [scotland, england], at) == date(2026, 11, 30)


def test_what_ends_today_is_due_and_what_has_ended_is_overdue() -> None:
    route = ROUTES.route_for(OrderKind.COMMUNITY, parse_instant("2026-11-20T09:00:00Z"))
    assert route is not None
    found = DatedStep(1, BreachStep.IDENTIFIED, parse_instant("2026-11-20T09:00:00Z"), None, "", None, "", 0, "dee")
    asked = DatedStep(2, BreachStep.PACK_REQUESTED, parse_instant("2026-11-20T09:00:00Z"), None, "", None, "", 0, "dee")
    monday, tuesday, wednesday = (parse_instant(f"2026-11-{day}T08:00:00Z") for day in (23, 24, 25))
    assert due_and_overdue(route, (found,), ROUTES.calendar(), monday) == (1, 0)
    assert due_and_overdue(route, (found,), ROUTES.calendar(), tuesday) == (0, 1)
    assert due_and_overdue(route, (found, asked), ROUTES.calendar(), tuesday) == (1, 0)
    assert due_and_overdue(route, (found, asked), ROUTES.calendar(), wednesday) == (0, 1)


def test_there_is_nothing_to_say_or_it_is_said_in_counts() -> None:
    assert not Counts()
    assert Counts(fallen=1)
    assert subject(12, date(2026, 11, 3), ENGLISH) == "Your caseload on Tuesday 3 November (digest 12)"
    told = text(Counts(3, 1, 2, 0, 1), "https://centre.example/", {}, ENGLISH)
    assert "Violations to assess: 3, 1 of them found in the last 24 hours." in told
    assert "Breach steps due today: 2. Overdue: 0." in told
    assert "WITHDRAWN: 1 violation that" in told
    assert "https://centre.example/caseload\nhttps://centre.example/alerts\n" in told
    assert "lerts since" not in told
    assert "Taken back" not in told


def test_alerts_are_told_by_kind_the_most_first_and_without_anything_to_assess_too() -> None:
    counts = Counts(alerts={"fault": 1, "not_fitted": 3, "new_kind": 1}, taken_back=2)
    assert counts
    assert Counts(taken_back=1)
    assert Counts(**counts.as_json()) == counts
    lines = text(
        counts, "https://centre.example", {"fault": "device fault", "not_fitted": "device not fitted"}, ENGLISH
    ).split("\n")
    assert lines[2:7] == [
        "Alerts since your last digest: 5, those that you were told of at once included.",
        "- device not fitted: 3",
        "- device fault: 1",
        "- new kind: 1",
        "Taken back since then, of alerts in earlier digests: 2 (withdrawn, or closed as false, equipment or duplicate).",
    ]
    assert Counts(to_assess=1, new=0, due_today=0, overdue=0, fallen=0).alerts == {}


def test_it_is_told_in_welsh_too() -> None:
    assert subject(12, date(2026, 11, 3), WELSH) == "Eich llwyth achosion: dydd Mawrth 3 Tachwedd (crynodeb 12)"
    told = text(Counts(3, 1, 2, 0, 2, {"fault": 4}, 5), "https://centre.example", {"fault": "nam ar ddyfais"}, WELSH)
    assert "Toriadau i'w hasesu: 3." in told
    assert "DIDDYMWYD: 2 o doriadau" in told
    assert "- nam ar ddyfais: 4" in told
    assert "{" not in told
    assert told.count("\n") == text(Counts(3, 1, 2, 0, 2, {"fault": 4}, 5), "", {}, ENGLISH).count("\n")
