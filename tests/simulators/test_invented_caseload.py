"""The invented caseload: the same bytes for a seed, taken by the reader without a word, and of the right make-up."""

from __future__ import annotations

from collections import Counter

import pytest

from domain.caseload_file import read_caseload
from domain.instants import parse_instant
from domain.vocabulary import ConditionKind, OrderKind
from simulators.caseload import as_lines, generate
from simulators.service import timezone_names
from simulators.subjects import Run, subjects_of
from tests.simulators.worlds import START_US, versions_of

WEARERS = 250


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    first, again, other = (as_lines(generate(20, seed, START_US, 600, 1.0)) for seed in (5, 5, 6))
    assert first == again
    assert first != other


def test_a_wearer_does_not_depend_on_how_many_there_are() -> None:
    few, many = (as_lines(generate(n, 5, START_US, None)) for n in (3, 9))
    assert many.startswith(few)


@pytest.mark.slow
def test_a_caseload_is_read_without_fault_or_warning() -> None:
    lines = as_lines(generate(WEARERS, 2, START_US, 900, 1.0)).splitlines(keepends=True)
    versions, warnings = read_caseload(lines, "made", timezone_names())
    assert len(versions) == len(lines)
    assert warnings == []


def test_37_in_a_hundred_wear_curfew_tags_with_a_home_unit_and_only_curfews() -> None:
    records = generate(WEARERS, 1, START_US)
    tagged = {r["id"][1:] for r in records if r["type"] == "device" and r["kind"] == "rf_tag"}
    units = {r["id"][1:] for r in records if r["type"] == "device" and r["kind"] == "home_unit"}
    assert tagged == units
    assert len(tagged) / WEARERS == pytest.approx(0.37, abs=0.08)
    for record in records:
        if record["type"] == "condition" and record["order"][1:] in tagged:
            assert record["kind"] == "curfew"
            assert record["place"]["home_unit"] == f"H{record['order'][1:]}"


@pytest.mark.slow
def test_orders_are_of_every_kind_each_with_an_end_or_a_review() -> None:
    orders = [r for r in generate(2000, 1, START_US) if r["type"] == "order"]
    assert {o["kind"] for o in orders} == {kind.value for kind in OrderKind}
    assert all((o["to"] is None) == ("review" in o) for o in orders)


def test_zones_are_of_every_shape_and_polygons_have_8_to_60_vertices() -> None:
    shapes = [r["zone"] for r in generate(WEARERS, 1, START_US) if r["type"] == "condition" and "zone" in r]
    kinds = Counter(shape.get("type", "shared") for shape in shapes)
    assert set(kinds) == {"Polygon", "MultiPolygon", "Circle", "Corridor", "shared"}
    sizes = [len(shape["coordinates"][0]) - 1 for shape in shapes if shape.get("type") == "Polygon"]
    assert min(sizes) >= 8
    assert max(sizes) <= 60


@pytest.mark.parametrize("start", ["2026-11-21T18:00:00Z", "2026-10-25T00:20:00Z", "2026-03-29T00:50:00Z"])
def test_most_curfews_of_a_short_run_begin_within_it_also_when_the_clocks_change(start: str) -> None:
    run = Run(parse_instant(start), 900.0)
    subjects = subjects_of(versions_of(generate(90, 3, run.start_us, run.duration_s, 1.0)), run, 3)
    curfews = [w for s in subjects for w in s.of_kind(ConditionKind.CURFEW)]
    beginning = sum(any(run.start_us < w[0] < run.end_us for w, _ in c.windows) for c in curfews)
    assert beginning / len(curfews) == pytest.approx(0.7, abs=0.15)


def test_some_curfews_of_a_short_run_end_in_it() -> None:
    run = Run(START_US, 900.0)
    subjects = subjects_of(versions_of(generate(90, 3, run.start_us, run.duration_s, 1.0)), run, 3)
    curfews = [w for s in subjects for w in s.of_kind(ConditionKind.CURFEW)]
    ending = sum(any(run.start_us < w[1] < run.end_us for w, _ in c.windows) for c in curfews)
    assert 0.1 < ending / len(curfews) < 0.5
