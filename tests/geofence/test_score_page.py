"""docs/score.md has the figures that the command gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.geofence.score_table import circle_table, table

PAGE = Path(__file__).parents[2] / "docs" / "score.md"


@pytest.mark.slow
def test_the_page_has_the_tables() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert table() in page
    assert circle_table() in page
