"""docs/operators.md: the page and the picture are the result's, and the result reaches its goals."""

from __future__ import annotations

import json

from bench.operators import enough_for_all, enough_for_critical
from bench.operators_page import PAGE, page
from bench.operators_picture import PICTURE, picture
from bench.results import RESULTS

RESULT = json.loads((RESULTS / "operators.json").read_text())


def test_the_page_and_the_picture_are_the_result() -> None:
    assert PAGE.read_text() == page(RESULT)
    assert PICTURE.read_text() == picture(RESULT)


def test_the_result_reaches_its_goals_with_the_operators_that_it_names() -> None:
    assert RESULT["wearers"] == 18_000
    assert set(RESULT["needed"]["critical"]) == {"0.3", "2", "6"}
    for row in RESULT["rows"]:
        assert sum(row["ends"].values()) == row["raised"]
        if row["name"] == "critical":
            assert enough_for_critical(row)
            assert row["operators"] == RESULT["needed"]["critical"][f"{row['rate']:g}"]
        if row["name"] == "all":
            assert enough_for_all(row)
            assert row["operators"] == RESULT["needed"]["all"][f"{row['rate']:g}"]
    for tried in RESULT["tried"].values():
        assert min(point["critical_within_2_min"] for point in tried) < RESULT["enough"]
