"""docs/benchmarks.md and its pictures are what the kept results say; what the benchmarks reckon with is reckoned rightly."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from bench.backlog import Shape
from bench.backlog_load import kept as sent_by
from bench.ceiling import end_of
from bench.fleet import outages, scenario_of, score
from bench.growth import law
from bench.plots import PAGE, PICTURES, kept, made
from bench.plots_svg import Bar, Line, bars, decades, lines, placed
from simulators.scenario_file import read_scenario_over_mqtt

SVG = "{http://www.w3.org/2000/svg}"


def test_the_page_and_its_pictures_are_those_of_the_results() -> None:
    page, pictures = made(kept())
    assert PAGE.read_text(encoding="utf-8") == page, "make it again: python -m bench.plots"
    assert {file.stem: file.read_text(encoding="utf-8") for file in PICTURES.glob("*.svg")} == pictures
    assert all(f"(pictures/benchmarks/{name}.svg)" in page for name in pictures)


def test_a_bar_is_as_long_as_the_logarithm_of_its_value() -> None:
    drawn = ET.fromstring(bars("t", "u", [[Bar("a", 100.0, "100"), Bar("b", 10_000.0, "10,000", 0)]]))
    widths = [float(rect.attrib["width"]) for rect in drawn.iter(f"{SVG}rect")][1:]
    assert decades([100.0, 10_000.0]) == (1, 4)
    assert widths[1] == pytest.approx(3 * widths[0], abs=0.2)


def test_a_line_goes_through_what_was_measured() -> None:
    drawn = ET.fromstring(lines("t", "x", "y", [Line("a", [(1.0, 10.0), (10.0, 100.0), (100.0, 1000.0)])]))
    places = [(float(dot.attrib["cx"]), float(dot.attrib["cy"])) for dot in drawn.iter(f"{SVG}circle")]
    (x0, y0), (x1, y1), (x2, y2) = places
    assert (x1 - x0, y1 - y0) == pytest.approx((x2 - x1, y2 - y1), abs=0.2)
    assert placed(10.0, (1, 2), 5.0, 9.0) == 5.0


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_the_law_is_the_power_by_which_cost_was_made(power: float) -> None:
    plain = [{"days": days, "cost": 7.0 * days**power} for days in (1, 10, 90)]
    waits = [{"days": row["days"], "cost": {"p50": row["cost"], "p99": 1.0}} for row in plain]
    assert law(plain, "days", "cost") == law(waits, "days", "cost") == pytest.approx(power, abs=1e-3)


def test_what_comes_back_is_a_fix_a_minute_of_the_time_before() -> None:
    before_ms = 1_795_000_000_000
    topic, body = sent_by(("T1", -1.5, 52.5, 80.0), 60, before_ms)
    fixes = json.loads(body)
    assert topic.endswith("/T1/up")
    assert [fix["seq"] for fix in fixes] == list(range(1, 61))
    assert [fix["t"] for fix in fixes] == [before_ms - 60_000 * left for left in range(60, 0, -1)]
    assert Shape(18_000, 60, 0.0).fixes == 1_080_000


def test_packets_are_counted_only_when_they_are_whole() -> None:
    small, large = bytes([0x30, 2, 1, 2]), bytes([0x30, 0x80, 1]) + bytes(128)
    data = small + large
    assert end_of(data, 0, len(data)) == 4
    assert end_of(data, 4, len(data)) == len(data)
    assert [end_of(data[:cut], 4, cut) for cut in range(4, len(data))] == [0] * (len(data) - 4)


def test_the_disturbed_run_is_a_scenario_with_an_outage_of_all_in_the_middle(tmp_path: Path) -> None:
    file = tmp_path / "disturbed.toml"
    file.write_text(scenario_of(1800.0))
    scenario = read_scenario_over_mqtt(file)
    assert len(scenario.outages) == len(outages(1800))
    assert [one for one in scenario.outages if one.share == 1.0 and one.from_s <= 900 <= one.to_s and one.keeps]
    assert scenario.network.duplicates > 0
    assert scenario.network.reordered > 0


def test_a_score_is_the_sum_over_the_kinds() -> None:
    one = {"truth": 8, "found": 7, "missed": 2, "false": 1, "explained": 0}
    assert score({"violations": {"curfew": one, "sos": one}}) == {
        **{key: 2 * value for key, value in one.items()},
        "recall": 0.75,
    }
