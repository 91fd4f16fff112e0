"""`proximity_unknown`, `victim_unit_silent` and the victim in `lost_in_zone` (rules.md 7 and 8), at their boundaries."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rules.pairs_made import PROXIMITY, TAG, UNIT, Feed, at, caseload, every_way, spans, standing, suspended
from tests.rules.test_proximity import apart

UNKNOWN, SILENT, IN_ZONE = "proximity_unknown", "victim_unit_silent", "lost_in_zone"


def said(feed: Feed, **condition: Any) -> list[dict[str, Any]]:
    return every_way(caseload(PROXIMITY | condition), feed.said())


# ---- proximity_unknown ----


@pytest.mark.parametrize(("tick", "found"), [(300, []), (300.001, [(0.0, None)])])
def test_a_fix_is_old_after_five_minutes(tick: float, found: list[Any]) -> None:
    feed = Feed().fix(UNIT, 0, 0).fix(TAG, 250, 900).tick(tick)
    assert spans(said(feed), UNKNOWN) == found


@pytest.mark.parametrize(("more_m", "found"), [(0.0, []), (0.001, [(0.0, None)])])
def test_it_asks_for_less_than_the_pre_alert(more_m: float, found: list[Any]) -> None:
    """Both sides' ages count: 30 m/s for 340 s by the one, 2 m/s for 40 s by the other."""
    feed = Feed().fix(UNIT, 0, 0, spd=30).fix(TAG, 300, 20_000, spd=0).tick(400)
    limit = apart(20_000) - 340 * 30 - 40 * 2
    if not more_m:
        limit -= 0.001
    assert spans(said(feed, alert_m=1, prealert_m=limit + more_m), UNKNOWN) == found


def test_it_opens_at_ticks_only_and_names_whose_fix_is_old() -> None:
    feed = Feed().fix(UNIT, 0, 0)
    for k in range(1, 15):
        feed.fix(TAG, 60 * k, 2000)
    feed.tick(850).fix(TAG, 900, 2000).fix(UNIT, 930, 0).tick(1000)
    opened, closed = (v for v in said(feed) if v["kind"] == UNKNOWN)
    assert (opened["decided"], opened["from"], opened["reason"]) == (at(850), at(0), "silence")
    assert (opened["wearer"], opened["victim"], opened["condition"]) == ("W1", "V1", "C1")
    assert (opened["device"], opened["cause"]) == (UNIT, "unknown")
    assert opened["evidence"] == [{"device": UNIT, "gen": 0, "seq": 1}]
    assert (closed["to"], closed["reason"]) == (at(930), "fixes")
    assert closed["evidence"][-1] == {"device": UNIT, "gen": 0, "seq": 2}


def test_a_late_fix_ends_it_at_its_own_time_and_it_is_never_judged_again() -> None:
    feed = Feed().fix(UNIT, 0, 0).fix(TAG, 350, 800).tick(400).fix(UNIT, 200, 0, received=410).tick(420)
    assert spans(said(feed), UNKNOWN) == [(0.0, 200.0)]


def test_it_ends_with_the_order() -> None:
    feed = Feed().fix(UNIT, 0, 0).fix(TAG, 350, 800).tick(400).tick(500)
    versions = every_way(caseload(PROXIMITY | {"to": at(450)}), feed.said())
    assert spans(versions, UNKNOWN) == [(0.0, 450.0)]
    assert [v["reason"] for v in versions if v["kind"] == UNKNOWN] == ["silence", "clock"]


def test_nothing_is_asked_while_the_order_is_suspended() -> None:
    feed = Feed().fix(UNIT, 0, 0).fix(TAG, 0, 800)
    for seconds in (400, 599, 600, 601):
        feed.tick(seconds)
    versions = every_way([*caseload(PROXIMITY), suspended(100, 600)], feed.said())
    assert [(v["decided"], v["from"]) for v in standing(versions, UNKNOWN)] == [(at(600), at(600))]


# ---- victim_unit_silent ----


def test_a_unit_out_of_contact() -> None:
    feed = Feed().fix(UNIT, 0, 0).fix(TAG, 0, 9000).tick(299).tick(300).fix(UNIT, 350, 0).tick(351)
    opened, closed = (v for v in said(feed) if v["kind"] == SILENT)
    assert (opened["id"], opened["wearer"], opened["victim"]) == ("V1-2", None, "V1")
    assert (opened["condition"], opened["order"], opened["device"]) == (None, None, UNIT)
    assert (opened["decided"], opened["from"], opened["reason"]) == (at(300), at(0), "silence")
    assert opened["evidence"] == [{"device": UNIT, "gen": 0, "seq": 1}]
    assert (closed["to"], closed["reason"]) == (at(350), "contact")


def test_a_unit_without_a_location() -> None:
    feed = Feed().fix(UNIT, 0, 0)
    for k in range(1, 8):
        feed.event(UNIT, 60 * k, "heartbeat")
    feed.tick(450).fix(UNIT, 460, 0).tick(461)
    versions = said(feed)
    assert spans(versions, SILENT) == [(0.0, 460.0)]
    assert [(v["decided"], v["reason"]) for v in versions if v["kind"] == SILENT] == [
        (at(450), "silence"),
        (at(460), "fixes"),
    ]


def test_contact_without_a_location_is_not_enough() -> None:
    feed = Feed().fix(UNIT, 0, 0).tick(300).event(UNIT, 400, "heartbeat").tick(401).fix(UNIT, 500, 0).tick(501)
    versions = said(feed)
    assert spans(versions, SILENT) == [(0.0, 500.0)]
    assert len([v for v in versions if v["kind"] == SILENT]) == 2


def test_a_unit_of_whom_nobody_is_kept_is_not_watched() -> None:
    """`communication_lost` is of devices "under an active order": of a victim's unit, one that names the victim."""
    feed = Feed().fix(UNIT, 0, 0).tick(400)
    assert not [v for v in every_way(caseload(), feed.said()) if v["device"] == UNIT]


# ---- lost_in_zone ----


@pytest.mark.parametrize(("more_m", "found"), [(0.0, [(0.0, 360.0)]), (-0.001, [])])
def test_lost_within_the_pre_alert_of_a_victim(more_m: float, found: list[Any]) -> None:
    limit = apart(900) + more_m
    feed = Feed().fix(UNIT, 0, 0).fix(TAG, 0, 900)
    for k in range(1, 6):
        feed.fix(UNIT, 60 * k, 0)
    feed.tick(300.5).fix(TAG, 360, 5000).tick(361)
    versions = said(feed, alert_m=1, prealert_m=limit)
    assert spans(versions, IN_ZONE) == found
    for one in standing(versions, IN_ZONE):
        assert (one["wearer"], one["victim"], one["condition"], one["reason"]) == ("W1", "V1", "C1", "fixes")


def test_where_the_wearer_was_at_the_last_fix_counts() -> None:
    """That the victim has come near since is no loss in a zone."""
    feed = Feed().fix(UNIT, 0, 5000).fix(TAG, 1, 900)
    for k in range(1, 6):
        feed.fix(UNIT, 60 * k, 5000 - 800 * k)
    feed.tick(302)
    assert not spans(said(feed), IN_ZONE)
