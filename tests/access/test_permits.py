"""Which positions may be seen: the fast form is never more, nor less, than the slow twin; and the rule's edges."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from access.permits import AlertSpan, Ground, Permits, Sealed, book_of, permits_of
from access.standing import Standing
from bailiwick.timezones import pinned_time_zones
from domain.caseload_records import parse_record
from domain.instants import DAY_US, HOUR_US, MINUTE_US, format_instant, parse_instant
from domain.records import Version
from geofence.timetable import WindowCache
from tests.access.permit_twin import Alert, Line, Record, all_holding, margin_m, permitted

ZONES = pinned_time_zones()
CACHE = WindowCache(ZONES)
NOON = parse_instant("2026-11-18T12:00:00Z")
"""A Wednesday."""
LONG = {"from": "2026-11-01T00:00:00Z", "to": "2027-02-01T00:00:00Z"}
NIGHTS = [{"day": day, "start": "19:00", "end": "07:00"} for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")]
SQUARE = {"type": "Polygon", "coordinates": [[[0.5, 51.2], [0.52, 51.2], [0.52, 51.21], [0.5, 51.21], [0.5, 51.2]]]}
HOME = {"name": "home", "lon": 0.6, "lat": 51.25, "radius_m": 50, "home_unit": None}
AWAY, IN_SQUARE = (0.9, 51.9), (0.51, 51.205)
METRE = 1 / 111_262.0
"""Degrees of latitude at 51 N."""


def order(order_id: str = "O1", wearer: str = "W1", **more: Any) -> Record:
    return {"type": "order", "id": order_id, "wearer": wearer, "kind": "community", "area": "A"} | LONG | more


def condition(kind: str, condition_id: str = "C1", **more: Any) -> Record:
    return {"type": "condition", "id": condition_id, "order": "O1", "kind": kind} | more


def lines_of(*records: Record) -> list[Line]:
    return [(record, -(1 << 62), False) for record in records]


def versions_of(lines: list[Line]) -> list[Version]:
    return [Version(parse_record(record, ZONES.names), holds, cancelled=gone) for record, holds, gone in lines]


def permits(lines: list[Line], alerts: list[Alert] | None = None, from_us: int = 0, to_us: int = 0) -> Permits:
    span = (from_us or NOON - 3 * DAY_US, to_us or NOON + 3 * DAY_US)
    return permits_of(book_of(versions_of(lines), CACHE), CACHE, "W1", *span, [AlertSpan(*one) for one in alerts or ()])


def words(bits: int) -> set[str]:
    return {str(one.name).lower() for one in Ground if one and bits & one}


def seen_at(found: Permits, t_us: int, place: tuple[float, float] = AWAY, acc: float = 10.0) -> set[str]:
    columns = [np.array([value]) for value in (t_us, *place, acc)]
    return words(int(found.grounds(*columns)[0]))


# -- the rule, kind by kind --


def test_without_an_order_nothing_is_seen_not_even_around_an_alert() -> None:
    lines = lines_of(condition("trail"))
    assert seen_at(permits(lines, [("W1", NOON, None)]), NOON) == set()


def test_an_order_that_asks_for_no_place_shows_none() -> None:
    lines = lines_of(
        order(),
        condition("proximity", victim="V1"),
        condition("alcohol", "C2"),
        condition("association", "C3", other_wearer="W2"),
    )
    assert seen_at(permits(lines), NOON) == set()


def test_trail_shows_everything_of_its_order_to_the_microsecond() -> None:
    lines = lines_of(order() | {"to": format_instant(NOON)}, condition("trail"))
    found = permits(lines)
    assert seen_at(found, NOON - 1) == {"trail"}
    assert seen_at(found, NOON) == set()
    assert found.sealed() == [Sealed(NOON, NOON + 3 * DAY_US, but_zones=False)]


def test_a_curfew_shows_its_windows_to_the_microsecond() -> None:
    found = permits(lines_of(order(), condition("curfew", place=HOME, timetable=NIGHTS)))
    start, end = parse_instant("2026-11-18T19:00:00Z"), parse_instant("2026-11-19T07:00:00Z")
    instants = (start - 1, start, end - 1, end)
    assert [seen_at(found, at) for at in instants] == [set(), {"window"}, {"window"}, set()]


def test_the_window_of_the_night_that_the_clocks_go_back_is_an_hour_longer() -> None:
    late = [{"day": "sun", "start": "00:30", "end": "01:30"}]
    lines = lines_of(order() | {"from": "2026-10-01T00:00:00Z"}, condition("curfew", place=HOME, timetable=late))
    start, end = parse_instant("2026-10-24T23:30:00Z"), parse_instant("2026-10-25T01:30:00Z")
    found = permits(lines, from_us=start - DAY_US, to_us=end + DAY_US)
    assert found.always == [(start, end)]
    assert [seen_at(found, at) for at in (start - 1, start, end - 1, end)] == [set(), {"window"}, {"window"}, set()]


def test_the_window_of_the_night_that_the_clocks_go_forward_is_an_hour_shorter() -> None:
    late = [{"day": "sun", "start": "00:30", "end": "02:30"}]
    lines = lines_of(order() | {"to": "2027-06-01T00:00:00Z"}, condition("inclusion_zone", zone=SQUARE, schedule=late))
    start, end = parse_instant("2027-03-28T00:30:00Z"), parse_instant("2027-03-28T01:30:00Z")
    assert permits(lines, from_us=start - DAY_US, to_us=end + DAY_US).always == [(start, end)]


@pytest.mark.parametrize("kind", ["attendance", "presence_check"])
def test_conditions_to_be_somewhere_show_their_windows(kind: str) -> None:
    rows = [{"day": "wed", "start": "09:00", "end": "17:00"}]
    found = permits(lines_of(order(), condition(kind, place=HOME, timetable=rows)))
    assert seen_at(found, NOON) == {"window"}
    assert seen_at(found, NOON + DAY_US) == set()


def test_hours_a_week_show_the_place_and_not_the_week() -> None:
    found = permits(lines_of(order(), condition("attendance", place=HOME, timetable=None, hours_per_week=20)))
    assert seen_at(found, NOON) == set()
    assert seen_at(found, NOON, (HOME["lon"], HOME["lat"])) == {"zone"}


def test_an_exclusion_zone_shows_who_is_near_it() -> None:
    found = permits(lines_of(order(), condition("exclusion_zone", zone=SQUARE, buffer_m=100)))
    south = lambda metres: (0.51, 51.2 - metres * METRE)  # noqa: E731
    assert seen_at(found, NOON, IN_SQUARE) == {"zone"}
    assert seen_at(found, NOON, south(98)) == {"zone"}
    assert seen_at(found, NOON, south(103)) == set()
    assert seen_at(found, NOON, south(103), acc=110) == {"zone"}, "the fix may be inside the buffer"
    assert seen_at(found, NOON, south(190), acc=5_000) == {"zone"}
    assert seen_at(found, NOON, south(210), acc=5_000) == set(), "a bad fix is not seen from anywhere"
    assert found.sealed() == [Sealed(found.from_us, found.to_us, but_zones=True)]


def test_a_restriction_zone_shows_who_leaves_it() -> None:
    found = permits(lines_of(order(), condition("restriction_zone", zone=SQUARE)))
    assert seen_at(found, NOON, IN_SQUARE) == set()
    assert seen_at(found, NOON, AWAY) == {"zone"}
    assert seen_at(found, NOON, (0.51, 51.2 + 8 * METRE)) == {"zone"}, "it may be outside"
    assert seen_at(found, NOON, (0.51, 51.2 + 12 * METRE)) == set()


def test_a_zone_with_a_schedule_shows_nobody_between_its_windows() -> None:
    zone = condition("exclusion_zone", zone=SQUARE, schedule=[{"day": "thu", "start": "00:00", "end": "24:00"}])
    found = permits(lines_of(order(), zone))
    assert seen_at(found, NOON, IN_SQUARE) == set()
    assert seen_at(found, NOON + DAY_US, IN_SQUARE) == {"zone"}


def test_around_an_open_alert_everything_is_seen_and_no_longer() -> None:
    quarter = 15 * MINUTE_US
    lines = lines_of(order())
    past = permits(lines, [("W1", NOON, NOON + HOUR_US), ("W2", NOON - DAY_US, None)])
    edges = (NOON - quarter - 1, NOON - quarter, NOON + HOUR_US + quarter - 1, NOON + HOUR_US + quarter)
    assert [seen_at(past, at) for at in edges] == [set(), {"alert"}, {"alert"}, set()]
    assert seen_at(permits(lines, [("W1", NOON, None)]), NOON + 2 * DAY_US) == {"alert"}
    ended = lines_of(order() | {"to": format_instant(NOON + MINUTE_US)})
    assert seen_at(permits(ended, [("W1", NOON, None)]), NOON + MINUTE_US) == set()


def test_while_an_order_is_suspended_only_an_alert_shows_anything() -> None:
    lines = lines_of(
        order(),
        condition("trail"),
        {
            "type": "suspension",
            "id": "S1",
            "order": "O1",
            "from": format_instant(NOON),
            "to": format_instant(NOON + HOUR_US),
            "reason": "hospital",
        },
    )
    found = permits(lines)
    edges = (NOON - 1, NOON, NOON + HOUR_US - 1, NOON + HOUR_US)
    assert [seen_at(found, at) for at in edges] == [{"trail"}, set(), set(), {"trail"}]
    assert seen_at(permits(lines, [("W1", NOON, None)]), NOON + MINUTE_US) == {"alert"}


def test_an_authorised_absence_shows_what_the_window_shows() -> None:
    absent = {"type": "absence", "id": "A1", "condition": "C1", "reason": "work", "granted_by": "officer"}
    curfew = condition("curfew", place=HOME, timetable=NIGHTS)
    lines = lines_of(order(), curfew, absent | {"from": format_instant(NOON), "to": format_instant(NOON + DAY_US)})
    assert seen_at(permits(lines), NOON + 8 * HOUR_US) == {"window"}


def test_what_a_variation_took_away_is_sealed_from_when_it_holds() -> None:
    lines = lines_of(order(), condition("trail"))
    lines.append((condition("trail"), NOON, True))
    found = permits(lines)
    assert [seen_at(found, at) for at in (NOON - 1, NOON)] == [{"trail"}, set()]


def test_outside_what_was_asked_nothing_is_seen() -> None:
    found = permits(lines_of(order(), condition("trail")), from_us=NOON, to_us=NOON + HOUR_US)
    assert [seen_at(found, at) for at in (NOON - 1, NOON, NOON + HOUR_US)] == [set(), {"trail"}, set()]


def test_cut_to_a_request_or_to_alerts() -> None:
    lines = lines_of(order(), condition("trail"), condition("exclusion_zone", "C2", zone=SQUARE))
    found = permits(lines, [("W1", NOON, NOON)])
    some = found.during([(NOON + HOUR_US, NOON + 2 * HOUR_US)])
    assert [seen_at(some, NOON + HOUR_US + step, IN_SQUARE) for step in (-1, 0)] == [set(), {"trail", "zone"}]
    alerts = found.around_alerts()
    assert [seen_at(alerts, NOON + step) for step in (0, HOUR_US)] == [{"alert"}, set()]
    both = alerts.also(some)
    assert [seen_at(both, NOON + step) for step in (0, 30 * MINUTE_US, HOUR_US)] == [{"alert"}, set(), {"trail"}]
    assert len(both.sealed()) == 3


# -- held against the twin --

TIMETABLES = st.sampled_from(
    [
        None,
        NIGHTS,
        [{"day": "wed", "start": "09:00", "end": "17:00"}, {"day": "wed", "start": "17:00", "end": "17:30"}],
        [{"day": "sun", "start": "00:30", "end": "01:30"}],
    ]
)
STARTS = (NOON, parse_instant("2026-10-25T01:00:00Z"), parse_instant("2027-03-28T01:00:00Z"))
EDGES = st.builds(
    lambda base, hours, step: base + hours * HOUR_US + step,
    st.sampled_from(STARTS),
    st.integers(-40, 40),
    st.sampled_from([-1, 0, 1, 30 * MINUTE_US]),
)
SHAPES = st.sampled_from(
    [
        SQUARE,
        {"type": "Circle", "center": [0.51, 51.205], "radius_m": 300},
        {"type": "Corridor", "coordinates": [[0.5, 51.2], [0.52, 51.21]], "width_m": 80},
        {"id": "Z1"},
    ]
)
PLACES = st.tuples(st.floats(0.494, 0.526), st.floats(51.196, 51.214))
OWN = {"from": "2026-10-01T00:00:00Z", "to": "2027-06-01T00:00:00Z"}


@st.composite
def spans(draw: st.DrawFn) -> dict[str, str]:
    start, end = sorted((draw(EDGES), draw(EDGES)))
    return {"from": format_instant(start), "to": format_instant(end + 1)}


@st.composite
def conditions(draw: st.DrawFn) -> Record:
    kind = draw(
        st.sampled_from(
            ["trail", "curfew", "attendance", "exclusion_zone", "restriction_zone", "inclusion_zone", "presence_check"]
        )
    )
    more: Record = draw(st.one_of(st.just({}), spans()))
    rows = draw(TIMETABLES)
    if kind.endswith("_zone"):
        more = more | {"zone": draw(SHAPES), "schedule": rows, "buffer_m": draw(st.sampled_from([0, 150]))}
    elif kind != "trail":
        more = more | {"place": HOME | {"lon": 0.51, "lat": 51.205}}
        more["timetable"] = rows
        if kind == "attendance" and rows is None:
            more["hours_per_week"] = 10
    return condition(kind, draw(st.sampled_from(["C1", "C2", "C3"])), **more) | {
        "order": draw(st.sampled_from(["O1", "O2"]))
    }


@st.composite
def caseloads(draw: st.DrawFn) -> list[Line]:
    first = [
        order("O1", draw(st.sampled_from(["W1", "W2"]))) | OWN,
        order("O2", "W1") | draw(spans()),
        {"type": "zone", "id": "Z1", "area": "A", "name": "", "shape": SQUARE},
    ]
    lines = lines_of(*first)
    for one in draw(st.lists(conditions(), min_size=1, max_size=6)):
        held = draw(st.one_of(st.just(-(1 << 62)), EDGES))
        lines.append((one, held, draw(st.integers(0, 5)) == 0))
    for number in range(draw(st.integers(0, 2))):
        suspension = {"type": "suspension", "id": f"S{number}", "order": "O1", "reason": "custody"} | draw(spans())
        lines.append((suspension | {"timetable": draw(TIMETABLES)}, -(1 << 62), False))
    if draw(st.booleans()):
        moved = {"type": "Circle", "center": [0.505, 51.202], "radius_m": 120}
        lines.append((first[2] | {"shape": moved}, draw(EDGES), draw(st.booleans())))
    return lines


FIXES = st.lists(st.tuples(EDGES, PLACES, st.sampled_from([0.0, 8.0, 120.0, 900.0])), min_size=1, max_size=12)
ALERTS = st.lists(st.tuples(st.sampled_from(["W1", "W2"]), EDGES, st.one_of(st.none(), EDGES)), max_size=3)


def not_on_an_edge(lines: list[Line], t_us: int, lon: float, lat: float, acc: float) -> bool:
    """Two ways of measuring differ by millimetres."""
    margins = [margin_m(lines, one, t_us, lon, lat, acc) for one in all_holding(lines, "condition", t_us)]
    return all(margin is None or abs(margin) > 0.5 for margin in margins)


@given(caseloads(), ALERTS, FIXES)
def test_the_fast_form_is_the_slow_one(
    lines: list[Line], alerts: list[Alert], fixes: list[tuple[int, tuple[float, float], float]]
) -> None:
    fixes = [one for one in fixes if not_on_an_edge(lines, one[0], *one[1], one[2])]
    assume(fixes)
    times = [at for at, _, _ in fixes]
    found = permits(lines, alerts, min(times), max(times) + 1)
    columns = (np.array(times), *np.array([place for _, place, _ in fixes]).T, np.array([acc for _, _, acc in fixes]))
    bits = found.grounds(*columns).tolist()
    twin = [permitted(lines, alerts, "W1", at, *place, acc) for at, place, acc in fixes]
    assert [words(one) for one in bits] == twin

    standing = Standing(CACHE)
    standing.learn(versions_of(lines))
    spans_of_alerts = [AlertSpan(*one) for one in alerts]
    for (at, place, acc), expected in zip(fixes, twin, strict=True):
        asked = [np.array([value, value]) for value in (at, *place, acc)]
        told = standing.grounds(["W9", "W1"], *asked, spans_of_alerts).tolist()
        assert (told[0], words(told[1])) == (0, expected)

    for stretch in found.sealed():
        inside = [told for (at, _, _), told in zip(fixes, twin, strict=True) if stretch.from_us <= at < stretch.to_us]
        assert all(told <= ({"zone"} if stretch.but_zones else set()) for told in inside)
    for (at, _, _), told in zip(fixes, twin, strict=True):
        shut = any(one.from_us <= at < one.to_us for one in found.sealed())
        assert shut or told - {"zone"}


@given(caseloads(), st.data())
def test_what_is_learnt_later_counts_at_once(lines: list[Line], data: st.DataObject) -> None:
    at, place = data.draw(EDGES), data.draw(PLACES)
    assume(not_on_an_edge(lines, at, *place, 8.0))
    columns = [np.array([value]) for value in (at, *place, 8.0)]
    standing, cut = Standing(CACHE), data.draw(st.integers(0, len(lines)))
    standing.learn(versions_of(lines[:cut]))
    standing.grounds(["W1"], *columns)
    standing.learn(versions_of(lines[cut:]))
    assert words(int(standing.grounds(["W1"], *columns)[0])) == permitted(lines, [], "W1", at, *place, 8.0)


def test_many_wearers_at_once_each_by_their_own() -> None:
    standing = Standing(CACHE)
    kinds = [
        condition("trail"),
        condition("exclusion_zone", zone=SQUARE),
        condition("curfew", place=HOME, timetable=NIGHTS),
    ]
    names = [f"W{number}" for number in range(30)]
    records = [
        record
        for number, name in enumerate(names)
        for record in (order(f"O{number}", name), kinds[number % 3] | {"id": f"C{number}", "order": f"O{number}"})
    ]
    standing.learn(versions_of(lines_of(*records)))
    inside = np.arange(30) % 2 == 0
    lon, lat = (np.where(inside, there, away) for there, away in zip(IN_SQUARE, AWAY, strict=True))
    t, acc = np.full(30, NOON), np.full(30, 10.0)
    alerts = [
        AlertSpan("W2", NOON, None),
        AlertSpan("W29", NOON - DAY_US, NOON - HOUR_US),
        AlertSpan("W99", NOON, None),
    ]
    for _ in range(2):
        bits = standing.grounds(names, t, lon, lat, acc, alerts)
        for number in range(30):
            expected = [{"trail"}, {"zone"} if number % 2 == 0 else set(), set()][number % 3]
            assert words(int(bits[number])) == expected | ({"alert"} if number == 2 else set())
    night = standing.grounds(names, t + 8 * HOUR_US, lon, lat, acc)
    assert words(int(night[2])) == {"window"}
