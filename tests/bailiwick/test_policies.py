"""Files of policy by setting: read at the start, and a bad one stops it with one line that says where."""

from __future__ import annotations

from pathlib import Path

import pytest

from bailiwick.policies import policies
from bailiwick.settings import Settings
from domain.errors import BadSetting

MEASURES = """
[[measure]]
id = "own"
from = 2020-01-01
title = "Our own"
of = "breach"
starts = "identified"
ends = ["result"]
unit = "days"
"""


def test_a_centres_own_files_are_read_and_those_that_ship_without_them(tmp_path: Path) -> None:
    shipped = policies(Settings())
    assert "enforcement_begun" in {one.id for one in shipped.measures.measure}
    assert shipped.schemes.scheme[0].minimum_hours == 9
    file = tmp_path / "m.toml"
    file.write_text(MEASURES)
    assert [one.id for one in policies(Settings(measures=file)).measures.measure] == ["own"]
    file.write_text(MEASURES.replace('"days"', '"weeks"'))
    with pytest.raises(
        BadSetting, match=r"^BAILIWICK_MEASURES cannot be used: .*m\.toml: measure\[0\]\.unit: .*it may be working_days"
    ):
        policies(Settings(measures=file))
    with pytest.raises(BadSetting, match=r"^BAILIWICK_QUALIFYING cannot be used: .*m\.toml"):
        policies(Settings(qualifying=file))
