"""Scenario files: every setting, and one clear line for each fault."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from simulators.plots import PLOTS
from simulators.scenario import Accuracy, BadScenario, Feed, Network, Outage, Scenario, Shares, Wire, read_scenario
from simulators.truth_lines import WhyNot


def _read(tmp_path: Path, text: str) -> Scenario:
    path = tmp_path / "s.toml"
    path.write_text(text)
    return read_scenario(path)


def test_every_share_has_its_plot_and_every_plot_its_share() -> None:
    assert {f.name for f in fields(Shares)} == set(PLOTS)


def test_an_empty_file_is_the_usual_scenario(tmp_path: Path) -> None:
    assert _read(tmp_path, "") == Scenario()


def test_settings_are_taken(tmp_path: Path) -> None:
    text = """
    [shares]
    zone_visit = 0.5
    [network]
    duplicates = 0.25
    [accuracy]
    worst_m = 40
    [feed]
    tick_s = 60
    [[outage]]
    from_s = 10
    to_s = 20
    keeps = false
    """
    scenario = _read(tmp_path, text)
    assert (scenario.shares.zone_visit, scenario.network.duplicates) == (0.5, 0.25)
    assert (scenario.accuracy.worst_m, scenario.feed.tick_s) == (40.0, 60.0)
    assert scenario.outages == (Outage(10.0, 20.0, 1.0, keeps=False),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[share]\n", "share: no such section"),
        ("outages = 1\n", "outages: no such section"),
        ("shares = 1\n", "shares: must be a table"),
        ("[shares]\nzone = 0.1\n", "shares: zone: no such setting"),
        ("[shares]\nzone_visit = 1.1\n", "shares: zone_visit: must be from 0 to 1, not 1.1"),
        ('[shares]\nzone_visit = "1"\n', "shares: zone_visit: must be a number"),
        ("[shares]\nzone_visit = nan\n", "shares: zone_visit: must be a number"),
        ("[shares]\nzone_visit = true\n", "shares: zone_visit: must be a number"),
        ("[accuracy]\nbest_m = 50\n", "accuracy: best_m, typical_m and worst_m must rise"),
        ("[outage]\nfrom_s = 1\n", "outage: must be a list"),
        ("[[outage]]\nfrom_s = 1\n", "outage 1: to_s: is missing"),
        ("[[outage]]\nfrom_s = 5\nto_s = 4\n", "outage 1: to_s: must be after from_s"),
        ("[[outage]]\nfrom_s = 5\nto_s = 6\nkeeps = 1\n", "outage 1: keeps: must be true or false"),
        ("[shares\n", "s.toml: "),
    ],
)
def test_a_fault_is_one_line_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(BadScenario) as bad:
        _read(tmp_path, text)
    assert said in str(bad.value)
    assert "\n" not in str(bad.value)


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(BadScenario, match="No such file"):
        read_scenario(tmp_path / "none.toml")


def test_the_page_tells_every_setting_with_its_default() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "simulators.md").read_text()
    for share in fields(Shares):
        assert f"| `{share.name}` | {share.default:g} |" in page
    for section in (Network(), Accuracy(), Wire(), Feed()):
        for setting in fields(section):
            name = f"{type(section).__name__.lower()}.{setting.name}"
            row = next(line for line in page.splitlines() if line.startswith("| `") and f"`{name}`" in line)
            assert f"{setting.default:g}" in row
    for why in WhyNot:
        assert f"`{why.value}`" in page
