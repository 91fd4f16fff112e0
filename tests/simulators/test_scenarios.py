"""Scenario files: every setting, and one clear line for each fault."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from simulators.plots import PLOTS
from simulators.scenario import Outage, Scenario, Shares
from simulators.scenario_file import LISTS, SECTIONS, BadScenario, library, read_scenario
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
        (
            "[accuracy]\n\nbest_m = 50\n",
            "s.toml:3: accuracy: best_m, typical_m and worst_m must rise in this order, and are 50, 7 (the default), 25 (the default)",
        ),
        ("[accuracy]\n\ntypical_m = 60\n", "s.toml:3: accuracy: best_m, typical_m and worst_m must rise"),
        ("[accuracy]\ntypical_m = 60\nworst_m = 50\n", "s.toml:2: accuracy: best_m, typical_m and worst_m must rise"),
        ("[outage]\nfrom_s = 1\n", "outage: must be a list"),
        ("[[outage]]\nfrom_s = 1\n", "outage 1: to_s: is missing"),
        ("[[outage]]\nfrom_s = 5\nto_s = 4\n", "outage 1: to_s: must be after from_s"),
        ("[[outage]]\nfrom_s = 5\nto_s = 6\nkeeps = 1\n", "outage 1: keeps: must be true or false"),
        ("[shares\n", "s.toml:1: not TOML: Expected ']'"),
        ("[people]\ndays = 1\n", "s.toml:2: people: days: must be a text, one of auto, yes, no"),
        ("[people]\ndays = true\n", "s.toml:2: people: days: must be a text, one of auto, yes, no"),
        (
            "[[outage]]\nfrom_s = 1\nto_s = 2\ncarrier = 3\n",
            "s.toml:4: outage 1: carrier: must be a text, one of an empty text, north, south, east, west",
        ),
        ('[people]\ndays = "often"\n', "s.toml:2: people: days: must be one of auto, yes, no"),
        ('[wire]\n\n# a remark\nmsgpack = "x"\n', "s.toml:4: wire: msgpack: must be a number, from 0 to 1"),
        ('[run]\nstart = "tomorrow"\n', "s.toml:2: run: start: must be an instant such as"),
        ('[about]\nfailures = ["27"]\n', 's.toml:2: about: failures: must be a list of failures from "01" to "26"'),
        (
            '[[outage]]\nfrom_s = 1\nto_s = 2\n[[outage]]\nfrom_s = 1\nto_s = 2\ncarrier = "x"\n',
            "s.toml:7: outage 2: carrier",
        ),
        ("[[lot]]\nshare = 0.5\n", "s.toml:1: lot 1: lot: is missing"),
        (
            "[clocks]\nskew_s = 5.5\n",
            "s.toml:2: clocks: skew_s: must be from 0 to 5, not 5.5; for clocks that are farther off there are `jumped`",
        ),
        ("wire.msgpack = 3\n", "s.toml:1: wire: msgpack: must be from 0 to 1, not 3"),
        ("[hostile]\nclients = 2.5\n", "s.toml:2: hostile: clients: must be a whole number, from 0 to 1000, not 2.5"),
        ("[run]\nwearers = 2.5\n", "s.toml:2: run: wearers: must be a whole number"),
        ("[[outage]]\nfrom_s = 1\nto_s = 2\ncell = 1.5\n", "s.toml:4: outage 1: cell: must be a whole number"),
        ('[[lot]]\nlot = ""\n', "s.toml:2: lot 1: lot: must be the name of a lot, and is empty"),
        (f"[shares]\nsos = 1{'0' * 400}\n", "s.toml:2: shares: sos: must be from 0 to 1"),
        (f"[shares]\nsos = 0x1{'0' * 5000}\n", "s.toml:2: shares: sos: must be from 0 to 1"),
        (f"[shares]\nsos = 1{'0' * 5000}\n", "s.toml:2: not TOML: a number has too many digits"),
        (f"\n\n[shares]\nsos = {'[' * 5000}\n", "s.toml:4: not TOML: nested too deeply"),
        ('[shares]\n"so\\ns" = 1\n', "s.toml:2: shares: 'so\\ns': no such setting"),
        (f"[{'x' * 5000}]\n", f"s.toml:1: {'x' * 40}...: no such section"),
        (
            '[run]\n\nstart = "9999-12-31T23:59:59Z"\n',
            "s.toml:3: run: start: must be from 2020-01-02T00:00:00Z to 2100-",
        ),
        ('[run]\nstart = "0001-01-01T00:00:00Z"\n', "s.toml:2: run: start: must be from 2020-01-02T00:00:00Z to 2100-"),
        ('[run]\nstart = "1990-06-01T12:00:00Z"\n', "s.toml:2: run: start: must be from 2020-01-02T00:00:00Z to 2100-"),
        ("[run]\nstart = 2026-06-01T12:00:00Z\n", "in quotes, from 2020-01-02T00:00:00Z to 2100-01-01T00:00:00Z"),
        ("[shares]\nsos = 1\n\n[shares]\nfault = 1\n", "s.toml:4: not TOML: Cannot declare [shares] twice (column 8)"),
        ("[shares]\nsos = 1\nsos = 0\n", "s.toml:3: not TOML: a key stands here a second time"),
        ("[shares]\nsos = 1\nsos = 0", "s.toml:3: not TOML: a key stands here a second time"),
        ('[about]\ntitle = "Night\n[shares]\n', "s.toml:2: not TOML: a text that begins here has no end"),
        ('[about]\n\ntitle = """Night\n\n[shares]\n', "s.toml:3: not TOML: a text that begins here has no end"),
        ("[about]\ntitle = 'Night\n[shares]\n", 's.toml:2: not TOML: Expected "\'"'),
        ("[shares]\nsos = \n", "s.toml:2: not TOML: Invalid value"),
    ],
)
def test_a_fault_is_one_line_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(BadScenario) as bad:
        _read(tmp_path, text)
    assert said in str(bad.value)
    assert "\n" not in str(bad.value)


EIGHT = """[shares]
sos = 2
sso = 0.1
[people]
days = "often"
days = "no"
[netwrok]
lost = 0.1
[[outage]]
from_s = 5
to_s = 4
keeps = 1
[shares]
fault = "much"
[run]
wearers =
"""
"""Nothing but mistakes."""


def _faults(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(BadScenario) as bad:
        _read(tmp_path, text)
    return [line.removeprefix(f"{tmp_path}/s.toml:") for line in str(bad.value).split("\n")]


def test_all_faults_of_a_file_are_told_at_once_in_its_order(tmp_path: Path) -> None:
    told = _faults(tmp_path, EIGHT)
    assert [line.split(" known are ")[0] for line in told] == [
        "2: shares: sos: must be from 0 to 1, not 2",
        "3: shares: sso: no such setting;",
        "5: people: days: must be one of auto, yes, no",
        "6: not TOML: a key stands here a second time (Cannot overwrite a value (column 12))",
        "7: netwrok: no such section;",
        "11: outage 1: to_s: must be after from_s",
        "12: outage 1: keeps: must be true or false",
        "13: not TOML: Cannot declare [shares] twice (column 8)",
        "14: shares: fault: must be a number, from 0 to 1",
        "16: not TOML: Invalid value (column 10)",
    ]
    assert "known are about, run, shares" in told[4]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("[shares\nsos = 7\n[wire]\nmsgpack = 3\n", [1, 4]),
        ('[about]\nfailures = [\n "04"\n "13"\n]\n[wire]\nmsgpack = 3\n', [4, 7]),
        ('[about]\ntitle = """Night\nsos = 3\n[wire]\nmsgpack = 3\n', [2, 5]),
        ("[[lot]]\nlot =\n[wire]\nmsgpack = 3\n", [2, 4]),
        ("[accuracy]\nbest_m = 30\n[accuracy]\ntypical_m = 40\nworst_m = 50\n", [3]),
        ("[outage]\nfrom_s = 1\n[[outage]]\nfrom_s = 1\n", [1, 3, 3]),
        ("x = 1\nx = 2\nshares.sos = 3\nshares.sos = 4\n", [1, 2, 3, 4]),
        (f"a = {'[' * 5000}\n[wire]\nmsgpack = 3\n", [1, 3]),
        ("[wire]\nmsgpack = 3 # \x00\n\nx\n", [2, 4]),
    ],
)
def test_behind_what_is_no_toml_the_rest_is_looked_at(tmp_path: Path, text: str, lines: list[int]) -> None:
    assert [int(line.partition(":")[0]) for line in _faults(tmp_path, text)] == lines


def test_a_file_that_is_another_s_is_told_of_in_so_many_lines_at_most(tmp_path: Path) -> None:
    assert _faults(tmp_path, "".join(f"[[lot]]\nlot = {n}\n" for n in range(30)))[-1] == "... and 10 more"
    assert len(_faults(tmp_path, "what is this\n" * 500)) == 20


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (b'[about]\ntitle = "caf\xe9"\n', "s.toml:2: must be UTF-8: invalid continuation byte, byte 0xe9"),
        ("[about]\n".encode("utf-16"), "s.toml:1: must be UTF-8, and is UTF-16"),
        (b"# long\n" * 200_000, "s.toml: must be of at most 1000000 bytes"),
    ],
)
def test_a_file_that_is_no_text_is_one_line(tmp_path: Path, written: bytes, said: str) -> None:
    path = tmp_path / "s.toml"
    path.write_bytes(written)
    with pytest.raises(BadScenario) as bad:
        read_scenario(path)
    assert said in str(bad.value)


def test_a_mark_of_byte_order_and_windows_ends_of_lines_are_taken(tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    path.write_bytes(b"\xef\xbb\xbf[shares]\r\nsos = 0.5\r\n")
    assert read_scenario(path).shares.sos == 0.5
    path.write_bytes(b"\xef\xbb\xbf[shares]\r\n\r\nsos = 5\r\n")
    with pytest.raises(BadScenario, match=r"s\.toml:3: shares: sos: "):
        read_scenario(path)


def test_a_run_may_begin_at_either_limit(tmp_path: Path) -> None:
    for start in ("2020-01-02T00:00:00Z", "2100-01-01T00:00:00Z", ""):
        assert _read(tmp_path, f'[run]\nstart = "{start}"\n').run.start == start


def test_whole_numbers_may_be_written_as_numbers_are(tmp_path: Path) -> None:
    assert _read(tmp_path, "[hostile]\nclients = 2.0\n[run]\nwearers = 30\n").hostile.clients == 2


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(BadScenario, match="No such file"):
        read_scenario(tmp_path / "none.toml")
    with pytest.raises(BadScenario, match="File name too long"):
        read_scenario(Path("x" * 5000))


def test_the_page_tells_every_setting_with_its_default() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "simulators.md").read_text()
    for share in fields(Shares):
        assert f"| `{share.name}` | {share.default:g} |" in page
    for name, kind in SECTIONS.items():
        for setting in fields(kind):
            if name in ("about", "run", "shares"):
                continue
            row = next(
                line for line in page.splitlines() if line.startswith("| `") and f"`{name}.{setting.name}`" in line
            )
            assert (setting.default if isinstance(setting.default, str) else f"{setting.default:g}") in row
    for name, (_, kind) in LISTS.items():
        assert f"`[[{name}]]`" in page
        for setting in fields(kind):
            assert f"`{setting.name}`" in page
    for name, scenario in library().items():
        row = next(line for line in page.splitlines() if line.startswith(f"| `{name}` |"))
        assert scenario.about.title in row
        assert row.endswith(f"| {', '.join(scenario.about.failures)} |") or not scenario.about.failures
    for why in WhyNot:
        assert f"`{why.value}`" in page


def test_a_name_of_the_library_needs_no_file(tmp_path: Path) -> None:
    assert read_scenario(Path("two-days-dark")) == library()["two-days-dark"]
    with pytest.raises(BadScenario, match="the library has a-tenth-fails"):
        read_scenario(Path("two-days-drak"))


def test_every_failure_that_devices_can_bring_about_has_its_scenario() -> None:
    shown = {failure for one in library().values() for failure in one.about.failures}
    assert shown >= {
        "02",
        "04",
        "05",
        "06",
        "07",
        "08",
        "09",
        "12",
        "13",
        "14",
        "17",
        "19",
        "20",
        "21",
        "22",
        "24",
        "25",
        "26",
    }
