"""The estate: of the published make-up, taken by the reader, each wearer for themselves, and silent about where victims live."""

from __future__ import annotations

import itertools
import json
from collections import Counter, defaultdict

import numpy as np
import pytest

from domain.caseload_file import read_caseload
from domain.vocabulary import ConditionKind
from simulators.caseload import as_lines
from simulators.estate import NEAR_ZONE_M, estate
from simulators.scenario import CALM, People
from simulators.service import timezone_names
from simulators.subjects import Run, subjects_of
from tests.simulators.estates import START_US, whole_days
from tests.simulators.worlds import versions_of


@pytest.mark.slow
def test_shares_of_tags_are_the_published_ones() -> None:
    wearers = 3000
    records = estate(wearers, 1, START_US)
    kinds = {r["id"]: r["kind"] for r in records if r["type"] == "device"}
    worn: dict[str, set[str]] = defaultdict(set)
    for record in records:
        if record["type"] == "fitting" and "wearer" in record:
            worn[record["wearer"]].add(kinds[record["device"]])
    assert len(worn) == wearers
    shares = Counter(kind for kinds_ in worn.values() for kind in kinds_)
    assert shares["rf_tag"] / wearers == pytest.approx(0.37, abs=0.03)
    assert shares["gps_tag"] / wearers == pytest.approx(0.50, abs=0.03)
    assert shares["alcohol_tag"] / wearers == pytest.approx(0.14, abs=0.05)
    own = sum({"home_unit", "rf_tag"} <= tags for tags in worn.values())
    assert own / shares["rf_tag"] == pytest.approx(1 - People().hostels, abs=0.02)
    with_curfew = {r["order"][1:7] for r in records if r.get("kind") == "curfew" and f"G{r['order'][1:7]}" in kinds}
    beside = sum({"home_unit", "gps_tag"} <= tags for tags in worn.values())
    assert beside / len(with_curfew) == pytest.approx(People().beacons, abs=0.03)
    two = sum(len(tags - {"home_unit"}) > 1 for tags in worn.values())
    assert 0 < two / wearers < 0.1


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_the_reader_takes_every_record(seed: int) -> None:
    lines = as_lines(estate(400, seed, START_US)).splitlines(keepends=True)
    versions, _ = read_caseload(lines, "made", timezone_names())
    assert len(versions) == len(lines)


def test_a_wearers_records_do_not_depend_on_how_many_others_there_are() -> None:
    few, many = (as_lines(estate(n, 5, START_US)) for n in (4, 12))
    assert many.startswith(few)
    assert as_lines(estate(4, 6, START_US)) != few


@pytest.mark.slow
def test_a_wearers_life_does_not_depend_on_how_many_others_there_are() -> None:
    _, few = whole_days(8, 12, CALM)
    _, many = whole_days(30, 12, CALM)
    lives = {subject.id: life for subject, life in zip(many.subjects, many.lives, strict=True)}
    for subject, life in zip(few.subjects, few.lives, strict=True):
        assert np.array_equal(life.t, lives[subject.id].t)
        assert np.array_equal(life.x, lives[subject.id].x)


@pytest.mark.slow
def test_where_a_victim_lives_stands_in_no_record() -> None:
    records = estate(500, 3, START_US)
    subjects = subjects_of(versions_of(records), Run(START_US, 86_400.0), 3)
    victims = [subject for subject in subjects if subject.is_victim]
    assert len(victims) > 10
    pairs = {(round(a, 4), round(b, 4)) for record in records for a, b in itertools.pairwise(_numbers(record))}
    homes = {(round(subject.home.lon, 4), round(subject.home.lat, 4)) for subject in subjects if not subject.is_victim}
    assert len(homes & pairs) > 100
    for victim in victims:
        assert (round(victim.home.lon, 4), round(victim.home.lat, 4)) not in pairs
    for record in records:
        if record["type"] == "victim":
            assert _numbers(record) == []


def _numbers(of: object) -> list[float]:
    found: list[float] = []
    json.loads(json.dumps(of), parse_float=lambda text: found.append(float(text)))
    return found


@pytest.mark.slow
def test_protected_people_live_in_the_same_town_beyond_the_limit() -> None:
    subjects = subjects_of(versions_of(estate(500, 3, START_US)), Run(START_US, 86_400.0), 3)
    at = {subject.id: subject for subject in subjects}
    pairs = [(s, w.condition) for s in subjects for w in s.of_kind(ConditionKind.PROXIMITY)]
    assert len(pairs) > 10
    for subject, condition in pairs:
        other = at[condition.victim or ""]
        x, y = subject.home.to_xy(np.array([other.home.lon]), np.array([other.home.lat]))
        assert (condition.prealert_m or 0) < float(np.hypot(x, y)[0]) < 6_000


@pytest.mark.slow
def test_the_people_whom_monitoring_serves_worst_are_among_them() -> None:
    records = estate(1000, 1, START_US)
    subjects = subjects_of(versions_of(records), Run(START_US, 3 * 86_400.0), 1)
    assert 15 < sum(subject.young for subject in subjects) < 120
    assert sum(len({r["kind"]}) for r in records if r["type"] == "order" and r["id"].endswith("b")) > 5
    assert sum(r["type"] == "absence" for r in records) > 5
    by_day = [
        r for r in records if r["type"] == "condition" and (r.get("timetable") or [{}])[0].get("start") == "08:30"
    ]
    assert len(by_day) > 10
    next_door = [
        w for s in subjects for w in s.of_kind(ConditionKind.EXCLUSION_ZONE) if w.condition.name == "Next door"
    ]
    homes = {w.condition.id: s.home for s in subjects for w in s.watched}
    assert len(next_door) > 10
    for watched in next_door:
        home = homes[watched.condition.id]
        assert watched.outline is not None
        away_m = -float(watched.outline.depth(np.array([home.lon]), np.array([home.lat]))[0])
        assert NEAR_ZONE_M[0] - 1 < away_m < NEAR_ZONE_M[1] + 1


def test_who_must_be_at_school_has_no_curfew_for_the_hours_of_school() -> None:
    records = estate(2500, 4, START_US)
    young = {r["id"][1:] for r in records if r["type"] == "wearer" and (r["born"] or "")[:4] >= "2009"}
    curfews = [r for r in records if r["type"] == "condition" and r["kind"] == "curfew" and r["id"][1:7] in young]
    assert len(curfews) > 30
    assert [r["id"] for r in curfews if r["timetable"][0]["start"] == "08:30"] == []
