"""Two wearers who must not meet (rules.md 6): both within 50 m for ten minutes, information."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rules.pairs_made import ASSOCIATION, OTHER_TAG, TAG, Feed, at, caseload, every_way, spans, standing

MEETING = "association"


def together(until: float, north_m: float = 49.9, step: float = 60) -> Feed:
    feed = Feed().fix(OTHER_TAG, 0, 0).fix(TAG, 0, 400)
    seconds = 60.0
    while seconds < until:
        feed.fix(OTHER_TAG, seconds, 0).fix(TAG, seconds, north_m)
        seconds += step
    return feed.fix(OTHER_TAG, until, 0).fix(TAG, until, north_m)


def said(feed: Feed, **condition: Any) -> list[dict[str, Any]]:
    return every_way(caseload(ASSOCIATION | condition), feed.said())


@pytest.mark.parametrize(("until", "found"), [(660, [(60.0, None)]), (659.999, [])])
def test_ten_minutes(until: float, found: list[Any]) -> None:
    assert spans(said(together(until)), MEETING) == found


@pytest.mark.parametrize(("north_m", "found"), [(49.999, [(60.0, None)]), (50.001, [])])
def test_fifty_metres_between_the_fixes_whatever_their_accuracy(north_m: float, found: list[Any]) -> None:
    assert spans(said(together(660, north_m)), MEETING) == found


@pytest.mark.parametrize(("step", "found"), [(300, [(60.0, None)]), (300.001, [])])
def test_a_gap_breaks_the_ten_minutes(step: float, found: list[Any]) -> None:
    assert spans(said(together(60 + 2 * step, step=step)), MEETING) == found


def test_the_line() -> None:
    versions = said(together(720).fix(TAG, 750, 60).fix(TAG, 780, 40))
    opened, *_, closed = (v for v in versions if v["kind"] == MEETING)
    assert (opened["wearer"], opened["victim"], opened["condition"], opened["reason"]) == ("W1", None, "C2", "distance")
    assert (opened["decided"], opened["from"]) == (at(660), at(60))
    assert (closed["to"], closed["reason"]) == (at(750), "distance")


def test_it_ends_with_the_order() -> None:
    versions = every_way(caseload(ASSOCIATION | {"to": at(700)}), together(800).said())
    assert spans(versions, MEETING) == [(60.0, 700.0)]


def test_a_late_fix_apart_takes_it_back() -> None:
    versions = said(together(720).fix(TAG, 400, 90, received=800))
    assert not spans(versions, MEETING)
    assert not standing(versions, MEETING)
