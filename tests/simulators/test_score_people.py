"""The score of people: alerts and who was told, groups of wearers, who is served worst."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from domain.errors import BadInput
from simulators.score import BadLine, read_lines, score
from simulators.score_groups import read_groups
from tests.simulators.score_world import alert, found, life, minute, run, told, truth

DAY = 24 * 60
HAPPENED = [run(0, DAY), truth("exclusion_zone", 10, 20), truth("exclusion_zone", 60, 61, "near_edge")]
VIOLATIONS = [
    found("exclusion_zone", 11, 20, name="W1-1", decided=12),
    found("exclusion_zone", 60, 61, name="W1-2", decided=61),
    found("exclusion_zone", 90, 91, name="W1-3", decided=91),
    found("exclusion_zone", 120, None, name="W1-4", decided=121),
    found("exclusion_zone", 120, None, name="W1-4", version=2, change="withdrawn", decided=125),
]


def test_alerts_are_right_explained_or_false_by_their_violations_also_by_withdrawn_ones() -> None:
    alerts = [
        alert(1, "W1-1", "W1-3", raised=12),
        alert(2, "W1-2", raised=61),
        alert(3, "W1-4", raised=121, severity="serious"),
        alert(4, raised=130, wearer=None, kind="mass_outage"),
        alert(5, "W9-1", raised=130),
    ]
    report = score(HAPPENED, VIOLATIONS, alert_lines=alerts).as_json()["alerts"]
    assert {key: report[key] for key in ("alerts", "right", "explained", "false", "not_judged")} == {
        "alerts": 5,
        "right": 1,
        "explained": 1,
        "false": 1,
        "not_judged": 2,
    }
    assert report["severities"]["serious"]["false"] == 1
    assert report["kinds"]["exclusion_zone"]["precision"] == 0.5


def test_the_alert_of_what_happened_is_right_though_its_violation_was_withdrawn() -> None:
    violations = [found("exclusion_zone", 11, None), found("exclusion_zone", 11, None, version=2, change="withdrawn")]
    report = score(HAPPENED, violations, alert_lines=[alert(1, "W1-1", raised=12)])
    assert report.kinds["exclusion_zone"].missed == 1
    assert report.as_json()["alerts"]["right"] == 1


def test_delays_to_the_alert_and_to_the_victim_told() -> None:
    down = told(1, 13)["notifications"][0] | {"stands_down": "7"}
    called = told(1, 14)["notifications"][0] | {"channel": "call"}
    quiet = told(1, 14)["notifications"][0] | {"sends": False}
    officer = told(1, 14)["notifications"][0] | {"target": "officer"}
    history = told(1, None, 17, 19, contacts=[{"party": "victim", "answered": False, "at": minute(15)}])
    history["notifications"] += [down, called, quiet, officer]
    report = score(HAPPENED, VIOLATIONS, alert_lines=[history, alert(1, "W1-1", raised=12.5)]).as_json()
    delays = report["violations"]["exclusion_zone"]["delay_s"]
    assert [delays[k]["max"] for k in ("to_alert", "to_victim_told", "alert_to_victim_told")] == [150, 420, 270]
    assert report["alerts"]["alert_to_victim_told_s"]["max"] == 270
    answered = told(1, 17, contacts=[{"party": "victim", "answered": True, "at": minute(15)}])
    report = score(HAPPENED, VIOLATIONS, alert_lines=[alert(1, "W1-1", raised=12.5), answered]).as_json()
    assert report["violations"]["exclusion_zone"]["delay_s"]["to_victim_told"]["max"] == 300


def test_alerts_come_alone_or_in_pages_and_anything_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "alerts"
    page = {"items": [alert(1, "W1-1", raised=12), alert(2, "W1-3", raised=91)], "next": None}
    path.write_text(json.dumps(page) + "\n" + json.dumps(alert(3, "W1-2", raised=61)) + "\n")
    assert score(HAPPENED, VIOLATIONS, alert_lines=read_lines(path)).as_json()["alerts"]["alerts"] == 3
    path.write_text(json.dumps(page) + '\n{"id":"1"}\n')
    with pytest.raises(BadInput, match=r":2: line: neither an alert, nor a page"):
        score(HAPPENED, VIOLATIONS, alert_lines=read_lines(path))
    with pytest.raises(BadLine, match="severity"):
        score([], [], alert_lines=[alert(1, raised=1, severity="grave")])


def _lives() -> list[dict[str, Any]]:
    """A hundred days of four wearers, of whom W4 does not keep everything; W1's line ends with the run."""
    homes = {"W1": "flat", "W2": "flat", "W3": "boat", "W4": "boat"}
    near = {"W1": 40.0, "W2": 250.0, "W3": 4000.0, "W4": None}
    lives = [life(w, 0, 100 * DAY, home=homes[w], zone_m=near[w], orderly=w != "W4") for w in homes]
    return [*lives[1:], lives[0] | {"to": None}]


def test_lines_of_lives_are_groups_and_no_truth() -> None:
    report = score([run(0, 100 * DAY), *_lives(), truth("sos", 5, 5, condition=None, wearer="W4")], [])
    assert report.violations() == {"sos": {"truth": 1, "found": 0, "missed": 1, "false": 0, "explained": 0}}
    assert not report.not_shown
    groups = report.as_json()["groups"]
    assert sorted(groups) == ["home", "level", "life", "order", "orderly", "under_18", "zone"]
    assert {word: one["wearers"] for word, one in groups["zone"].items()} == {
        "under 100 m": 1,
        "100 to 300 m": 1,
        "1 km or more": 1,
        "no zone": 1,
    }
    assert (groups["home"]["boat"]["missed"], groups["home"]["boat"]["recall"]) == (1, 0.0)
    assert groups["home"]["flat"]["recall"] is None
    assert report.as_json()["run"]["wearer_days"] == 400


def test_lines_of_lives_that_come_twice_are_days_once() -> None:
    report = score([run(0, 100 * DAY), *_lives()], [], life_lines=_lives())
    assert report.as_json()["run"] | {"from": "", "to": ""} == {"from": "", "to": "", "wearers": 4, "wearer_days": 400}
    parts = [life("W1", 0, 3 * DAY), life("W1", 2 * DAY, 5 * DAY), life("W1", 7 * DAY, 8 * DAY)]
    assert score([run(0, 100 * DAY), *parts], []).as_json()["run"]["wearer_days"] == 6


@pytest.mark.parametrize("line", [truth("curfew", 1, 5), run(0, 5)])
def test_lines_of_anything_else_among_the_lives_are_refused(tmp_path: Path, line: dict[str, Any]) -> None:
    path = tmp_path / "lives"
    path.write_text(json.dumps(life("W1", 0, DAY)) + "\n" + json.dumps(line) + "\n")
    with pytest.raises(BadInput) as bad:
        score([run(0, DAY)], [], life_lines=read_lines(path))
    cause = f"`{line['kind']}` among the lives: only lines of the kind `life` stand there"
    assert str(bad.value) == f"{path}:2: kind: {cause}"


def test_rates_by_wearer_day_are_of_those_whose_days_are_known() -> None:
    false = [found("sos", n, n, name=f"W{n}-1", wearer=f"W{n}", condition=None) for n in range(1, 11)]
    report = score([run(0, DAY)], false, groups={"W1": {"home": "flat"}}).as_json()
    assert (report["run"]["wearers"], report["run"]["wearer_days"], report["all"]["false"]) == (1, 1.0, 10)
    assert report["in_short"]["false_per_1000_wearer_days"] == 1000
    assert report["groups"]["home"]["flat"]["false_per_wearer_day"] == 1
    assert report["groups"]["home"]["not told"]["false_per_wearer_day"] is None


def test_a_violation_in_two_alerts_is_told_by_the_first_in_any_order_of_lines() -> None:
    lines = [alert(1, "W1-1", raised=15), alert(2, "W1-1", raised=11), told(1, 16), told(2, 19), told(1, 17)]
    for _ in lines:
        lines = [*lines[1:], lines[0]]
        report = score(HAPPENED, VIOLATIONS, alert_lines=lines).as_json()
        delays = report["violations"]["exclusion_zone"]["delay_s"]
        assert [delays[k]["max"] for k in ("to_alert", "to_victim_told")] == [60, 360]
        assert (report["alerts"]["right"], report["alerts"]["not_judged"]) == (2, 0)


def test_what_wearers_are_told_of_for_nothing_is_counted_per_group_and_per_wearer() -> None:
    false = [found("sos", n, n, name=f"W3-{n}", condition=None, wearer="W3") for n in range(0, 100, 10)]
    near = truth("exclusion_zone", 60, 61, "near_edge", wearer="W2")
    explained = found("exclusion_zone", 60, 61, name="W2-1", wearer="W2")
    told_ = score([run(0, 100 * DAY), *_lives(), near], [*false, explained]).as_json()
    home = told_["groups"]["home"]
    assert (home["boat"]["false_per_wearer_day"], home["flat"]["false_per_wearer_day"]) == (0.05, 0.0)
    assert home["flat"]["did_not_happen_per_wearer_day"] == 0.005
    assert home["boat"]["orderly_per_30_days"] == {
        "wearers": 1,
        "false": {"p50": 3, "p95": 3, "p99": 3, "max": 3},
        "did_not_happen": {"p50": 3, "p95": 3, "p99": 3, "max": 3},
    }
    worst = told_["worst_served"]
    assert [(one["wearer"], one["false"], one["explained"]) for one in worst["wearers"]] == [
        ("W3", 10, 0),
        ("W2", 0, 1),
    ]
    assert worst["per_30_days"]["did_not_happen"] == {"p50": 0, "p95": 3, "p99": 3, "max": 3}
    assert told_["in_short"]["false_per_1000_wearer_days"] == 25
    assert told_["in_short"]["worst_served_p99"] == 3


def test_with_alerts_only_critical_ones_make_somebody_badly_served() -> None:
    violations = [found("sos", n, n, name=f"W3-{n}", condition=None, wearer="W3") for n in (1, 2, 3)]
    alerts = [alert(1, "W3-1", raised=1, wearer="W3"), alert(2, "W3-2", raised=2, wearer="W3", severity="warning")]
    worst = score([run(0, 100 * DAY), *_lives()], violations, alert_lines=alerts).as_json()["worst_served"]
    assert (worst["of"], [(w["wearer"], w["false"]) for w in worst["wearers"]]) == ("critical alerts", [("W3", 1)])


def test_without_lives_nobody_knows_how_many_wearer_days_there_were() -> None:
    told_ = score([run(0, DAY)], [found("sos", 1, 1, condition=None)]).as_json()
    assert told_["in_short"]["false_per_1000_wearer_days"] is None
    assert told_["worst_served"]["per_30_days"]["did_not_happen"]["p99"] is None
    assert told_["worst_served"]["wearers"][0]["wearer"] == "W1"
    assert told_["groups"] == {}


@pytest.mark.parametrize(
    "text",
    [
        "wearer,tenure,lift\nW1,owner,yes\nW2,tenant,no\n",
        '{"wearer":"W1","tenure":"owner","lift":true}\n{"wearer":"W2","tenure":"tenant","lift":false}\n',
    ],
    ids=["csv", "ndjson"],
)
def test_groups_from_a_file_join_those_of_the_truth(tmp_path: Path, text: str) -> None:
    path = tmp_path / "groups"
    path.write_text(text)
    told_ = score([run(0, 100 * DAY), *_lives()], [], groups=read_groups(path)).as_json()
    assert {word: one["wearers"] for word, one in told_["groups"]["tenure"].items()} == {
        "owner": 1,
        "tenant": 1,
        "not told": 2,
    }
    assert sorted(told_["groups"]["lift"]) == ["no", "not told", "yes"]
    alone = score([run(0, 10 * DAY)], [], groups=read_groups(path)).as_json()
    assert alone["run"]["wearer_days"] == 20


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,home\n", ":1: wearer: no column of this name"),
        ("wearer,home\nW1\n", ":2: line: 1 values under 2 names"),
        ('{"wearer":"W1"}\n{"home":"flat"}\n', ":2: wearer: missing"),
        ('{"wearer":"W1","home":["flat"]}\n', ":1: line: not an object of words"),
        ("", ":1: wearer: no column of this name"),
        ("wearer,home\nW1,flat\nW2,flat\nW1,boat\n", ":4: wearer: W1 stands on a line before"),
        ('{"wearer":"W1","a":1}\n{"wearer":"W1","a":2}\n', ":2: wearer: W1 stands on a line before"),
        ("wearer,home,home\nW1,flat,boat\n", ":1: home: two columns of this name"),
        ("wearer,wearer\nW1,W2\n", ":1: wearer: two columns of this name"),
        ("wearer,,home\nW1,a,b\n", ":1: line: column 2 of the heading has no name"),
        ("wearer,home\n ,flat\n", ":2: wearer: missing"),
        ('{"wearer":""}\n', ":1: wearer: missing"),
        ('{"wearer":"W1","":1}\n', ":1: line: a key without a name"),
        ("wearer,home\nW1," + "x" * 131_073 + "\n", ":2: line: not CSV: field larger than field limit"),
        ('{"wearer":' + "[" * 200_000 + "\n", ":1: line: not an object of words"),
    ],
)
def test_bad_groups_are_refused_with_line_and_cause(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "groups"
    path.write_text(text)
    with pytest.raises(BadInput) as bad:
        read_groups(path)
    assert str(bad.value).startswith(f"{path}{said}")


def test_what_is_not_utf_8_is_told_with_its_own_line(tmp_path: Path) -> None:
    path = tmp_path / "groups"
    path.write_bytes(b"\xef\xbb\xbfwearer,home\nW1,flat\nW2,b\xffat\n")
    with pytest.raises(BadInput) as bad:
        read_groups(path)
    assert str(bad.value) == f"{path}:3: line: not UTF-8: invalid start byte"
