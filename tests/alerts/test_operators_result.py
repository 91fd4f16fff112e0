"""docs/operators.md: the page and the picture are the result's, and the result reaches its goals."""

from __future__ import annotations

import json

import pytest

from bench.operators import asked, enough_for_all, enough_for_critical
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


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--rates x", "no rate 'x'; there are 0.3, 2, 6"),
        ("--rates 7", "no rate '7'; there are 0.3, 2, 6"),
        ("--rates 2,2", "a rate stands there twice"),
        ("--quick --rates 2", "--rates and --quick do not go together"),
        ("--page --rates 2", "--rates and --page do not go together"),
        ("--quick --page", "--quick and --page do not go together"),
        ("--page --seed 3", "--seed and --page do not go together"),
    ],
)
def test_what_would_have_no_effect_is_refused(capsys: pytest.CaptureFixture[str], words: str, said: str) -> None:
    with pytest.raises(SystemExit) as ended:
        asked(words.split())
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_some_of_the_rates_may_be_asked_for() -> None:
    told = asked(["--rates", "6, 0.3"])
    assert (told.rates, told.seed) == ([6.0, 0.3], 1)
