"""The score as a page: it says what the figures say, asks for nothing, and can be read by everybody."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final

import playwright.async_api as playwright
import pytest

from simulators.score import Report, score
from simulators.score_page import as_page
from simulators.score_plots import axis, bins, curve, duration, percent
from tests.console.test_gallery import AXE, LOOK, TAGS, WIDE
from tests.simulators.score_world import alert, found, life, run, told, truth

DAY: Final = 24 * 60
FETCHING: Final = ("src", "href", "xlink:href", "action", "poster", "data", "srcset")


def _mixed() -> Report:
    """Some of everything: missed, false, explained, late, off, with alerts and lives."""
    lines = [truth("exclusion_zone", n, n + 5, wearer=f"W{n % 7}") for n in range(0, 300, 10)]
    lines += [truth("curfew", 400, 500, wearer="W1"), truth("exclusion_zone", 600, 601, "near_edge", wearer="W2")]
    violations = [
        found("exclusion_zone", n + 1 + n / 120, n + 5, name=f"W{n}-1", wearer=f"W{n % 7}", decided=n + 2, late=n > 250)
        for n in range(0, 270, 10)
    ]
    violations += [
        found("exclusion_zone", 600, 601, name="W2-77", wearer="W2"),
        found("sos", 700, 700, name="W3-77", wearer="W3", condition=None),
    ]
    alerts = [alert(1, "W0-1", raised=3), told(1, 4), alert(2, "W3-77", raised=701, wearer="W3")]
    lives = [life(f"W{n}", 0, DAY, home=("flat", "<b>boat</b>")[n % 2], orderly=n != 1) for n in range(7)]
    return score([run(0, DAY), *lives, *lines], violations, alert_lines=alerts)


class _Seen(HTMLParser):
    """What a page has: ids, what names a picture, what would be fetched, scripts, and its words."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.pictures: list[dict[str, Any]] = []
        self.fetched: list[str] = []
        self.tags: set[str] = set()
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.add(tag)
        self.ids += [given["id"] or ""] if "id" in given else []
        self.fetched += [given[name] or "" for name in FETCHING if name in given]
        if tag == "svg":
            self.pictures.append(given)

    def handle_data(self, data: str) -> None:
        self.words.append(data.strip())


def test_the_page_is_one_file_that_asks_for_nothing() -> None:
    page = as_page(_mixed())
    seen = _Seen(page)
    assert "script" not in seen.tags
    assert [where for where in seen.fetched if not where.startswith(("#", "data:"))] == []
    assert [where for where in seen.fetched if where.startswith("#") and where[1:] not in seen.ids] == []
    assert not re.search(r"url\(|@import|https?:", page)
    assert len(seen.ids) == len(set(seen.ids))


def test_every_picture_has_a_name_or_is_said_beside_it() -> None:
    seen = _Seen(as_page(_mixed()))
    assert len(seen.pictures) > 12
    for picture in seen.pictures:
        named = picture.get("aria-label") or picture.get("aria-labelledby") in seen.ids
        assert named or picture.get("aria-hidden") == "true", picture


def test_the_page_says_what_the_figures_say_and_takes_no_word_for_markup() -> None:
    report = _mixed()
    page = as_page(report)
    figures = report.as_json()["all"]
    words = " ".join(_Seen(page).words)
    assert f"{figures['missed']} missed and {figures['false']} false." in words
    assert f"{figures['truth'] - figures['missed']} of {figures['truth']}" in words
    assert "<b>" not in page
    assert "&lt;b&gt;boat&lt;/b&gt;" in page
    assert words.count("Missed: W") == sum(strip.what == "missed" for strip in report.strips()) > 0


def test_what_never_ended_has_a_number_and_a_bar_of_its_own() -> None:
    lines = [truth("exclusion_zone", n, n + 5) for n in range(0, 110, 10)]
    violations = [found("exclusion_zone", n, None if n < 90 else n + 5, name=f"W1-{n}") for n in range(0, 110, 10)]
    report = score([run(0, DAY), life("W1", 0, DAY), *lines], violations)
    page = as_page(report)
    assert "Ends: 2 compared, 0 of them wrong; 9 more never ended" in page
    assert "<title>never ended: 9</title>" in page
    drawn = bins([0.0, 1.0], 120.0, 9)
    assert (drawn[-1].count, drawn[-1].wrong, drawn[-1].height) == (9, True, 1.0)
    assert drawn[-1].x + drawn[-1].width == pytest.approx(1.0)
    assert "1 wearer, 1 wearer-day." in page
    assert "1 wearers" not in page
    assert "The axis of time is logarithmic" in page


@pytest.mark.parametrize(
    "lines", [([], []), ([truth("sos", 1, 1)], []), ([], [found("sos", 1, 1)]), ([run(0, 60)], [])]
)
def test_a_page_is_made_of_nothing_or_little(lines: tuple[list[dict[str, Any]], list[dict[str, Any]]]) -> None:
    page = as_page(score(*lines))
    assert "nan" not in page
    assert "Infinity" not in page
    assert "What is counted" in page


def test_a_curve_ends_at_the_top_and_stays_in_its_panel_however_many_there_are() -> None:
    values = [0.0, *(n / 3 for n in range(5000))]
    path = curve(values, axis([values]))
    places = [(float(x), float(y)) for x, y in re.findall(r"H([\d.]+)V([\d.]+)", path)]
    assert len(places) <= 160
    assert places == sorted(places, key=lambda place: (place[0], -place[1]))
    assert places[-1][1] == 8.0
    assert all(40 <= x <= 292 and 8 <= y <= 98 for x, y in places)


def test_every_value_is_in_one_bin_and_the_tolerance_is_an_edge() -> None:
    values = [-1e6, -130.0, -120.0, -45.0, 0.0, 44.0, 46.0, 1e6]
    drawn = bins(values, 45.0)
    assert sum(one.count for one in drawn) == len(values)
    assert sum(one.count for one in drawn if one.wrong) == 5  # -45 itself is within, and stands in the bin above it
    assert {one.said for one in drawn if one.count == 1} >= {"over 1 h early", "over 1 h late", "within 2 s"}


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.0, "0 s"), (0.05, "0.05 s"), (60, "1 min"), (80.0, "80 s"), (300, "5 min"), (7200, "2 h"), (172800, "2 d")],
)
def test_durations_are_said_in_the_unit_that_people_use(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def test_only_all_is_a_hundred_percent() -> None:
    assert [percent(value) for value in (0.0, 0.000001, 0.5, 0.999999, 1.0)] == [
        "0 %",
        "0.01 %",
        "50 %",
        "99.99 %",
        "100 %",
    ]


@pytest.mark.slow
@pytest.mark.parametrize("colours", ["light", "dark"])
async def test_nothing_is_found_by_axe_and_nothing_sticks_out(
    chromium: playwright.Browser, tmp_path: Path, colours: Any
) -> None:
    path = tmp_path / "score.html"
    path.write_text(as_page(_mixed()), encoding="utf-8")
    page = await chromium.new_page(color_scheme=colours, viewport={"width": 1280, "height": 900})
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text))
    page.on("request", lambda request: wrong.append(request.url))
    await page.goto(path.as_uri())
    assert wrong == [path.as_uri()]
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    for width in (1280, 320):
        await page.set_viewport_size({"width": width, "height": 900})
        assert await page.evaluate(LOOK, TAGS) == []
        assert await page.evaluate(WIDE) <= 0
    await page.emulate_media(media="print")
    assert await page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    await page.close()
