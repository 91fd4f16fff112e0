"""The file of routes: what ships covers every kind of order, and whoever changes it is told what is wrong and where."""

from __future__ import annotations

import pytest

from bailiwick.timezones import pinned_time_zones
from domain.breaches import BreachStep
from domain.instants import parse_instant
from domain.vocabulary import OrderKind
from evidence.policy_files import BadPolicy
from evidence.routes import Routes, read_routes, shipped_text
from evidence.working_days import Region

ZONES = pinned_time_zones()
TODAY = parse_instant("2026-11-22T12:00:00Z")
BARE = """
[[route]]
id = "court"
from = 2026-01-01
order_kinds = ["community"]
title = "To court"
recipient = "the court"
template = "court"
stages = [
  { step = "identified", title = "Identified", status = "identified" },
  { step = "result", title = "Result", status = "decided", follows = ["identified"] },
  { step = "ended", title = "Ended", status = "ended", follows = ["result"] },
]
results = [{ id = "withdrawn", title = "Withdrawn", rests = false }]
"""


def shipped() -> Routes:
    return read_routes(shipped_text(), ZONES)


@pytest.mark.parametrize("kind", OrderKind)
def test_what_ships_has_a_route_for_every_kind_of_order(kind: OrderKind) -> None:
    route = shipped().route_for(kind, TODAY)
    assert route is not None
    assert shipped().named(route.name) == route
    assert {BreachStep.IDENTIFIED, BreachStep.AUTHORITY_NOTIFIED, BreachStep.PACK_SENT} <= {
        one.step for one in route.stages
    }
    assert any(not one.rests for one in route.results)
    assert any(one.rests for one in route.results)


def test_bail_has_hours_and_the_rest_days_and_recalls_have_no_court() -> None:
    limits = {
        kind: [one.limit for one in route.stages if one.limit]
        for kind in OrderKind
        if (route := shipped().route_for(kind, TODAY))
    }
    assert all(one.hours is not None for one in limits[OrderKind.BAIL])
    assert any(one.working_days == 10 for one in limits[OrderKind.COMMUNITY])
    recall = shipped().route_for(OrderKind.LICENCE, TODAY)
    assert recall is not None
    assert recall.stage(BreachStep.RECALL) is not None
    assert recall.stage(BreachStep.INFORMATION) is None


def test_a_route_holds_from_its_day_by_the_local_clock() -> None:
    newer = BARE.replace('"court"\nfrom = 2026-01-01', '"court"\nfrom = 2026-07-01').replace(
        "To court", "To the new court"
    )
    routes = read_routes(BARE + newer, ZONES)
    before, after = (
        routes.route_for(OrderKind.COMMUNITY, parse_instant(at))
        for at in ("2026-06-30T22:59:59Z", "2026-06-30T23:00:00Z")
    )
    assert before is not None and after is not None  # noqa: PT018
    assert (before.title, after.title) == ("To court", "To the new court")
    assert routes.route_for(OrderKind.COMMUNITY, parse_instant("2025-12-31T12:00:00Z")) is None
    assert routes.route_for(OrderKind.BAIL, TODAY) is None


def test_bank_holidays_go_by_the_nearest_area_that_is_named() -> None:
    routes = read_routes('[regions]\nareas = { lothian = "scotland", north = "england_and_wales" }\n' + BARE, ZONES)
    assert routes.calendar(("leith", "lothian", "north")).region is Region.SCOTLAND
    assert routes.calendar(("kent",)).region is Region.ENGLAND_AND_WALES


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        (
            'order_kinds = ["community"]',
            'order_kinds = ["jail"]',
            "route[0].order_kinds[0]: Invalid enum value 'jail'; it may be bail",
        ),
        ('recipient = "the court"', "", "route[0]: Object missing required field `recipient`"),
        ('title = "To court"', 'title = "To court"\ncolour = "red"', "unknown field `colour`"),
        ('step = "identified"', 'step = "hearing"', "route 'court': its first stage must be identified"),
        ('follows = ["identified"]', 'follows = ["hearing"]', "result names hearing, which does not stand before it"),
        ('step = "ended"', 'step = "hearing"', "it has no stage ended"),
        ("rests = false", "rests = true", "it needs a result with rests = false"),
        ('template = "court"', 'template = "The Court"', "template 'The Court' is not a word"),
        (
            'follows = ["result"]',
            'limit = { of = "result", days = 1, hours = 2 }',
            "one of working_days, days and hours",
        ),
        ('follows = ["result"]', 'limit = { of = "result", days = 2000 }', "0 to 1000 days"),
        ("[[route]]", 'timezone = "Europe/Ulster"\n[[route]]', "'Europe/Ulster' is no time zone"),
        (
            "[[route]]",
            '[digest]\ndays = "never"\n[[route]]',
            "digest.days: Invalid enum value 'never'; it may be daily, working",
        ),
        ("[[route]]", "[[route]", "not TOML"),
    ],
)
def test_what_is_wrong_with_a_file_is_told_by_file_key_and_what_may_stand_there(was: str, now: str, said: str) -> None:
    assert was in BARE
    with pytest.raises(BadPolicy) as refused:
        read_routes(BARE.replace(was, now), ZONES, "ours.toml")
    assert str(refused.value).startswith("ours.toml: ")
    assert said in str(refused.value)


def test_two_routes_of_one_kind_from_one_day_are_refused() -> None:
    with pytest.raises(BadPolicy, match="two routes for community from 2026-01-01"):
        read_routes(BARE + BARE, ZONES)
