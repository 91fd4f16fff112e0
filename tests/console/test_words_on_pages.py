"""What pages say of themselves: whose time it is, what a heading or a figure counts, and evidence as officers read it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from api.console.rendering import TEMPLATES, environment
from tests.api.doors import asks
from tests.console import court_states
from tests.console.test_court import page_of
from tests.console.world import DEE, OLA, World

ANN = asks("ann", "auditor")


@pytest.mark.parametrize("path", ["/alerts", "/alerts/5", "/handover", "/wearers/W1002/chronology"])
async def test_a_page_says_whose_time_it_tells(path: str, night: World) -> None:
    assert "Times are of London" in await page_of(night, path, OLA)


async def test_sheets_say_it_in_what_is_printed_too(night: World) -> None:
    await court_states.on_bail(night)
    said = await page_of(night, "/orders/OW1002/compliance", DEE)
    assert "Doubt counts against nobody. Times are of London." in said
    assert "times are of London, made" in await page_of(night, "/wearers/W1002/chronology", DEE)


async def test_a_handover_says_that_what_is_due_soon_is_listed_too(night: World) -> None:
    assert "Overdue or due soon" in await page_of(night, "/handover", OLA)


async def test_a_wallboard_says_which_alerts_its_two_figures_count(night: World) -> None:
    assert "counts what is over and not closed too" in await page_of(night, "/wallboard", ANN)


def test_evidence_of_an_absence_says_which_way_its_score_counts() -> None:
    row = environment().from_string('{% from "parts/violation_row.html" import evidence %}{{ evidence(v) }}')
    shown: dict[str, Any] = {"minutes_certain": None, "evidence": [], "p_inside": 0.0, "late": False, "version": 1}
    assert "weakest position score under 0.0001 (towards 1 is inside, towards 0 outside)" in row.render(v=shown)


def test_no_template_writes_a_position_score_by_itself() -> None:
    writers = [one.name for one in Path(TEMPLATES).rglob("*.html") if "format(v.p_inside)" in one.read_text("utf-8")]
    assert writers == []
