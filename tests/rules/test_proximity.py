"""Proximity at the second and the metre of each sentence (rules.md 8), whatever the cut, restart or forgotten fact."""

from __future__ import annotations

from typing import Any

import pytest

from geofence.geodesy import distance_m, metres_per_degree
from tests.rules.pairs_made import (
    ACC,
    LAT,
    LON,
    PROXIMITY,
    TAG,
    UNIT,
    Feed,
    at,
    caseload,
    decided,
    every_way,
    spans,
    standing,
    suspended,
)

BOTH = 2 * ACC
ALERT, PREALERT = "proximity_alert", "proximity_prealert"


def said(feed: Feed, **condition: Any) -> list[dict[str, Any]]:
    return every_way(caseload(PROXIMITY | condition), feed.said())


def apart(north_m: float) -> float:
    """What the rules measure between the victim at 0 and a fix so far north, less both accuracies."""
    _, metres = metres_per_degree(LAT)
    return distance_m(LAT, LON, LAT + north_m / metres, LON) - ACC - ACC


# ---- distance ----


@pytest.mark.parametrize(("more_m", "opens"), [(0.0, True), (-0.001, False)])
def test_it_opens_at_exactly_the_limit(more_m: float, opens: bool) -> None:
    feed = Feed().fix(UNIT, 0, 0).fix(TAG, 0, 510)
    limit = apart(510) + more_m
    assert bool(spans(said(feed, alert_m=limit, prealert_m=limit), ALERT)) is opens


@pytest.mark.parametrize(("times", "to"), [(1.1, None), (1.1000001, 60.0)])
def test_it_closes_beyond_eleven_tenths_of_the_limit(times: float, to: float | None) -> None:
    limit = apart(560) / times
    feed = Feed().fix(UNIT, 0, 0).fix(TAG, 0, 400).fix(UNIT, 60, 0).fix(TAG, 60, 560)
    if times == 1.1:
        assert apart(560) <= 1.1 * limit
    assert spans(said(feed, alert_m=limit, prealert_m=2000), ALERT) == [(0.0, to)]


def test_between_the_two_limits_nothing_opens_and_nothing_closes() -> None:
    feed = Feed().fix(UNIT, 0, 0)
    for k, north_m in enumerate((560, 540, 500, 540, 560, 540)):
        feed.fix(TAG, 10 * k, north_m)
    assert spans(said(feed), ALERT) == [(20.0, 40.0)]


def test_both_stand_open_at_once_and_close_by_themselves() -> None:
    feed = Feed().fix(UNIT, 0, 0)
    for k, north_m in enumerate((2000, 900, 400, 900, 2000)):
        feed.fix(TAG, 15 * k, north_m)
    versions = said(feed)
    assert spans(versions, PREALERT) == [(15.0, 60.0)]
    assert spans(versions, ALERT) == [(30.0, 45.0)]


def test_the_pre_alert_is_twice_the_alert_by_default() -> None:
    limit = apart(700) / 2
    feed = Feed().fix(UNIT, 0, 0).fix(TAG, 0, 700)
    record = {key: value for key, value in PROXIMITY.items() if key != "prealert_m"}
    assert spans(every_way(caseload(record | {"alert_m": limit}), feed.said()), PREALERT) == [(0.0, None)]
    assert not spans(every_way(caseload(record | {"alert_m": limit - 0.001}), feed.said()), PREALERT)


# ---- age and speed ----


@pytest.mark.parametrize(("age_s", "found"), [(300, True), (300.001, False)])
def test_fixes_are_held_together_while_one_is_five_minutes_old(age_s: float, found: bool) -> None:
    feed = Feed().fix(UNIT, 0, 0).fix(TAG, age_s, 100)
    assert bool(spans(said(feed), ALERT)) is found


@pytest.mark.parametrize(
    ("age_s", "speed", "gone_m"),
    [
        (60, 20, 0),  # for a minute nobody is taken to have moved
        (61, 20, 20),
        (60.5, 20, 10),
        (70, 0, 20),  # at least 2 m/s
        (70, 2, 20),
        (70, 30, 300),
        (70, 60, 300),  # at most 30
        (300, 5, 1200),
    ],
)
@pytest.mark.parametrize("beyond_m", [0.0, 0.002])
def test_a_fix_grows_old(age_s: float, speed: float, gone_m: float, beyond_m: float) -> None:
    feed = Feed().fix(UNIT, 0, 0, spd=speed).fix(TAG, age_s, 2000)
    limit = apart(2000) - gone_m + 0.001 - beyond_m
    assert bool(spans(said(feed, alert_m=limit, prealert_m=limit), ALERT)) is (beyond_m == 0.0)


def test_a_speed_that_is_not_reported_is_that_between_the_last_two_fixes() -> None:
    feed = Feed().fix(UNIT, 0, 0, acc=1).fix(UNIT, 10, 0).fix(UNIT, 20, 100).fix(TAG, 90, 2100)
    limit = apart(2000) - 10 * 10.0
    assert spans(said(feed, alert_m=limit + 0.01, prealert_m=3000), ALERT) == [(90.0, None)]
    assert not spans(said(feed, alert_m=limit - 0.01, prealert_m=3000), ALERT)


def test_a_distance_is_never_under_nothing() -> None:
    feed = Feed().fix(UNIT, 0, 0, acc=150).fix(TAG, 0, 100, acc=150)
    assert spans(said(feed, alert_m=0.001, prealert_m=0.001), ALERT) == [(0.0, None)]


# ---- which fixes ----


def test_it_is_judged_at_the_fixes_of_either_side() -> None:
    feed = Feed().fix(UNIT, 0, 0).fix(TAG, 5, 3000).fix(UNIT, 60, 2600).fix(UNIT, 90, 2000)
    versions = said(feed)
    assert spans(versions, ALERT) == [(60.0, 90.0)]
    assert standing(versions, ALERT)[0]["evidence"] == [
        {"device": TAG, "gen": 0, "seq": 1},
        {"device": UNIT, "gen": 0, "seq": 2},
        {"device": UNIT, "gen": 0, "seq": 3},
    ]


@pytest.mark.parametrize("first", [TAG, UNIT])
def test_at_one_instant_the_other_sides_fix_of_that_instant_counts(first: str) -> None:
    """Neither the fix that comes first in order nor the one that comes first by wire sees the older place."""
    second = UNIT if first == TAG else TAG
    feed = Feed().fix(UNIT, 0, 0).fix(TAG, 0, 3000)
    places = {UNIT: 3000, TAG: 6000}
    feed.fix(first, 60, places[first], received=61).fix(second, 60, places[second], received=62)
    assert not spans(said(feed), ALERT, PREALERT)


def test_cell_fixes_and_poor_ones_take_no_part() -> None:
    feed = Feed().fix(UNIT, 0, 0).fix(TAG, 10, 100, src="lbs").fix(TAG, 20, 100, acc=201)
    feed.fix(UNIT, 30, 0, src="lbs").fix(TAG, 40, 3000)
    assert not spans(said(feed), ALERT, PREALERT)


def test_a_fix_at_rest_counts_as_repeated() -> None:
    feed = Feed().fix(UNIT, 0, 0).fix(TAG, 0, 100, acc=5).event(TAG, 10, "rest", "start").event(TAG, 400, "heartbeat")
    feed.fix(UNIT, 420, 0)
    versions = said(feed, threshold_points=1)
    assert spans(versions, ALERT) == [(0.0, None)]


@pytest.mark.parametrize(("points", "opened"), [(0, 30.0), (1, 30.0), (2, 30.0), (3, None)])
def test_a_threshold_asks_for_a_run(points: int, opened: float | None) -> None:
    feed = Feed().fix(UNIT, 0, 0)
    for k, north_m in enumerate((1500, 400, 530, 400, 400, 1500, 400, 400, 1500)):
        feed.fix(TAG, 30 * k, north_m)
    found = spans(said(feed, threshold_points=points), ALERT)
    assert (found[0][0] if found else None) == opened
    assert [to for _, to in found] == {0: [150.0, 240.0], 1: [None], 2: [None], 3: []}[points]


def test_a_run_is_broken_by_a_gap_of_more_than_g() -> None:
    feed = Feed().fix(UNIT, 0, 0).fix(TAG, 0, 400).fix(UNIT, 299, 0).fix(TAG, 600.001, 400)
    assert not spans(said(feed, threshold_points=3), ALERT)


# ---- the line ----


def test_a_line_names_both_and_tells_no_place() -> None:
    feed = Feed().fix(UNIT, 0, 0).fix(TAG, 0, 3000).fix(TAG, 30, 400).fix(TAG, 60, 3000)
    opened, closed = (v for v in said(feed) if v["kind"] == ALERT)
    assert (opened["wearer"], opened["victim"], opened["order"], opened["condition"]) == ("W1", "V1", "O1", "C1")
    assert (opened["id"], opened["reason"], opened["cause"]) == ("W1-1", "distance", "wearer")
    assert opened["device"] is None
    assert opened["p_inside"] is None
    assert opened["evidence"] == [{"device": UNIT, "gen": 0, "seq": 1}, {"device": TAG, "gen": 0, "seq": 2}]
    assert (closed["change"], closed["reason"], closed["to"]) == ("closed", "distance", at(60))
    assert closed["evidence"] == [*opened["evidence"], {"device": TAG, "gen": 0, "seq": 3}]


def test_whose_approach_it_was() -> None:
    """The wearer has not moved in 15 minutes, and the victim came: nothing counts against the wearer."""
    still, came = Feed(), Feed()
    for k in range(17):
        still.fix(TAG, 60 * k, 0)
        came.fix(TAG, 60 * k, 0 if k == 0 else 9)
        for feed in (still, came):
            feed.fix(UNIT, 60 * k + 1, 9000 - 560 * k)
    assert [v["cause"] for v in standing(said(still), ALERT)] == ["unknown"]
    early = Feed().fix(TAG, 0, 0).fix(UNIT, 1, 3000)
    for k in range(1, 16):
        early.fix(TAG, 60 * k, 10.5).fix(UNIT, 60 * k + 1, 3000 if k < 15 else 400)
    assert [v["cause"] for v in standing(said(early), ALERT)] == ["wearer"]
    later = Feed().fix(TAG, 0, 0).fix(TAG, 60, 10.5).fix(UNIT, 61, 3000)
    for k in range(2, 18):
        later.fix(TAG, 60 * k, 10.5).fix(UNIT, 60 * k + 1, 3000 if k < 17 else 400)
    assert [v["cause"] for v in standing(said(later), ALERT)] == ["unknown"]


def test_many_to_many() -> None:
    """One wearer, two victims, two conditions about one of them."""
    other = '{"type":"victim","id":"V2"}'
    unit = '{"type":"device","id":"U2","kind":"victim_unit"}'
    fitting = '{"type":"fitting","id":"F4","victim":"V2","device":"U2","from":"2026-11-01T09:00:00Z"}'
    conditions = [PROXIMITY, PROXIMITY | {"id": "C3", "alert_m": 100}, PROXIMITY | {"id": "C4", "victim": "V2"}]
    feed = Feed().fix(UNIT, 0, 0).fix("U2", 0, 2000).fix(TAG, 10, 300).fix(TAG, 40, 1800).fix(TAG, 70, 50)
    versions = every_way([*caseload(*conditions), other, unit, fitting], feed.said())
    found = [(v["condition"], v["victim"], v["from"], v["to"]) for v in standing(versions, ALERT)]
    assert found == [
        ("C1", "V1", at(10), at(40)),
        ("C4", "V2", at(40), at(70)),
        ("C1", "V1", at(70), None),
        ("C3", "V1", at(70), None),
    ]


# ---- enforcement ----


def test_a_nearness_begins_with_the_order_and_ends_with_it() -> None:
    feed = Feed().fix(UNIT, 0, 0).fix(TAG, 0, 400)
    for k in range(1, 8):
        feed.fix(UNIT, 60 * k, 0).fix(TAG, 60 * k + 1, 400)
    records = caseload(PROXIMITY | {"from": at(90), "to": at(330)})
    versions = every_way(records, feed.said())
    assert spans(versions, ALERT) == [(90.0, 330.0)]
    assert [v["reason"] for v in versions if v["kind"] == ALERT] == ["clock", "clock"]


@pytest.mark.parametrize(("begins", "found"), [(300, [(300.0, None)]), (300.001, [])])
def test_the_clock_counts_a_fix_that_is_g_old(begins: float, found: list[Any]) -> None:
    feed = Feed().fix(UNIT, 0, 0).fix(TAG, 0, 400).tick(begins)
    assert spans(every_way(caseload(PROXIMITY | {"from": at(begins)}), feed.said()), ALERT) == found


def test_a_suspension_is_no_nearness() -> None:
    feed = Feed()
    for k in range(5):
        feed.fix(UNIT, 60 * k, 0).fix(TAG, 60 * k, 400)
    versions = every_way([*caseload(PROXIMITY), suspended(100, 200)], feed.said())
    assert spans(versions, ALERT) == [(0.0, 100.0), (200.0, None)]


def test_a_variation_judges_again() -> None:
    feed = Feed().fix(UNIT, 0, 0).fix(TAG, 0, 700).fix(TAG, 60, 700)
    feed.learnt(90, **(PROXIMITY | {"alert_m": 800, "prealert_m": 1600})).fix(TAG, 120, 700)
    versions = said(feed)
    assert spans(versions, ALERT) == [(120.0, None)]


def test_a_pair_that_is_learnt_of_later() -> None:
    """Facts from before count as evidence; they were nobody's news then."""
    feed = Feed().fix(UNIT, 0, 0).fix(TAG, 0, 400).learnt(60, **PROXIMITY).fix(TAG, 70, 400).fix(TAG, 130, 3000)
    versions = every_way(caseload(), feed.said())
    assert [(v["change"], v["reason"]) for v in versions if v["kind"] == ALERT] == [
        ("opened", "variation"),
        ("closed", "distance"),
    ]


# ---- late facts ----


def near_then_far() -> Feed:
    feed = Feed()
    for k, north_m in enumerate((3000, 900, 400, 400, 900, 3000)):
        feed.fix(UNIT, 60 * k, 0).fix(TAG, 60 * k + 5, north_m)
    return feed


def test_in_whatever_order_they_come_the_same_stands() -> None:
    """The unit's fixes at once, all after the tag's, and the other way round."""
    expected = standing(said(near_then_far()), ALERT, PREALERT)
    assert len(expected) == 2
    for slow in (UNIT, TAG):
        feed = Feed()
        for k, north_m in enumerate((3000, 900, 400, 400, 900, 3000)):
            for device, seconds, metres in ((UNIT, 60 * k, 0), (TAG, 60 * k + 5, north_m)):
                feed.fix(device, seconds, metres, received=seconds if device != slow else 400 + k)
        found = standing(said(feed), ALERT, PREALERT)
        keys = ("kind", "from", "to", "wearer", "victim", "cause", "evidence")
        assert [[v[key] for key in keys] for v in found] == [[v[key] for key in keys] for v in expected]


@pytest.mark.parametrize("device", [UNIT, TAG])
def test_a_late_fact_of_either_side_withdraws(device: str) -> None:
    """What looked near was the place of long ago: a fix between says that they were apart."""
    feed = Feed().fix(UNIT, 0, 0).fix(TAG, 0, 3000)
    if device == UNIT:
        feed.fix(TAG, 120, 400).fix(UNIT, 130, -3000).fix(UNIT, 100, -2000, received=200)
    else:
        feed.fix(UNIT, 120, 2600).fix(TAG, 130, 6000).fix(TAG, 100, 5500, received=200)
    versions = said(feed)
    assert [v["change"] for v in versions if v["kind"] == ALERT] == ["opened", "closed", "withdrawn"]
    last = [v for v in versions if v["kind"] == ALERT][-1]
    assert last["reason"] == "late_data"
    assert not spans(versions, ALERT)


def test_a_fix_that_is_only_older_than_the_other_sides_is_no_late_data() -> None:
    feed = Feed().fix(UNIT, 0, 0).fix(TAG, 50, 3000).fix(TAG, 110, 3000).fix(UNIT, 100, 2700, received=115)
    (opened, *_) = [v for v in said(feed) if v["kind"] == ALERT]
    assert (opened["reason"], opened["from"]) == ("distance", at(100))


def test_a_party_in_no_pair_leaves_no_trail() -> None:
    feed = Feed().fix("T2", 0, 0).fix("T2", 60, 0)
    assert not decided(caseload(PROXIMITY), feed.said())


# ---- patterns ----


def approaches(*starts: float) -> Feed:
    feed = Feed()
    for start in starts:
        feed.fix(UNIT, start, 0).fix(TAG, start, 800).fix(TAG, start + 60, 3000)
    return feed


WEEK = 7 * 86_400.0


@pytest.mark.parametrize(
    ("starts", "found"),
    [
        ((0, 600, 1200), [1200.0]),
        ((0, 600, WEEK - 1), [WEEK - 1]),
        ((0, 600, WEEK), []),
        ((0, 600, 1200, 1800), [1200.0]),
    ],
)
def test_the_third_pre_alert_in_seven_days(starts: tuple[float, ...], found: list[float]) -> None:
    versions = said(approaches(*starts))
    assert spans(versions, "pattern_near_victim") == [(start, start) for start in found]
    for pattern in standing(versions, "pattern_near_victim"):
        assert (pattern["wearer"], pattern["victim"], pattern["condition"]) == ("W1", "V1", "C1")
        assert (pattern["reason"], len(pattern["evidence"])) == ("distance", 3)
