"""The page for vendors says what the code does; the table is readable; bad usage is one line."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from domain.errors import BadSetting
from domain.vocabulary import DeviceKind
from simulators.conforming.bench import Deed
from simulators.conforming.clauses import CLAUSES, clauses_of, judge_all
from simulators.conforming.guided import QUESTIONS, WORDS
from simulators.conforming.report import as_json, as_text
from simulators.conforming.service import ALL_STEPS, ConformConfig, conform
from tests.simulators.conforming.bad_devices import ByTwo
from tests.simulators.conforming.virtual import START_US, Tag, log_of

PAGE = (Path(__file__).parents[3] / "docs" / "conform.md").read_text(encoding="utf-8")
BROKER = "mqtt://127.0.0.1:9"


def test_every_clause_stands_on_the_page_as_in_the_code() -> None:
    section = PAGE.split("\n## Clauses\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `([\w.]+)` \| (.*) \| (.*) \|$", section, re.MULTILINE)
    steps = [", ".join(f"`{step}`" for step in clause.steps) or "none" for clause in CLAUSES]
    assert rows == [(clause.id, clause.says, told) for clause, told in zip(CLAUSES, steps, strict=True)]


def test_every_step_stands_on_the_page() -> None:
    section = PAGE.split("\n## Steps\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
    assert [name for row in rows for name in re.findall(r"`(\w+)`", row)] == list(ALL_STEPS)


def test_every_step_is_named_by_a_clause_and_every_deed_has_words() -> None:
    named = {step for clause in CLAUSES for step in clause.steps}
    assert named == set(ALL_STEPS)
    assert WORDS.keys() == set(Deed)
    assert WORDS.keys() >= QUESTIONS
    assert len({clause.id for clause in CLAUSES}) == len(CLAUSES)


@pytest.mark.parametrize("kind", DeviceKind)
def test_every_kind_has_its_clauses(kind: DeviceKind) -> None:
    found = {clause.id for clause in clauses_of(kind)}
    assert found
    assert ("rf_tag.silent" in found) == (kind is DeviceKind.RF_TAG)
    assert ("home_unit.repeats" in found) == (kind is DeviceKind.HOME_UNIT)


@pytest.mark.parametrize("width", [40, 80, 100, 300])
def test_the_table_keeps_within_its_width(width: int) -> None:
    log = log_of(ByTwo(), "listen", "resend")
    table = as_text(log, judge_all(log), width).splitlines()
    assert max(map(len, table)) <= min(max(width, 60), 120)
    words = [re.split(r"  +", line.strip())[0] for line in table]
    assert words.count("failed") == 1
    assert sum(bool(re.match(r"failed: seq.by_one: message \d+, ", line)) for line in table[-3:]) == 1
    assert any(re.match(r"GT-1: \d+ passed, 1 failed, \d+ not shown; ", line) for line in table[-6:])


def test_the_report_names_the_message_that_shows_it() -> None:
    log = log_of(ByTwo(), "listen", "resend")
    told = as_json(log, judge_all(log), START_US, ("listen", "resend"), "mqtt://broker.example")
    assert json.loads(json.dumps(told)) == told
    (bad,) = [clause for clause in told["clauses"] if clause["result"] == "failed"]
    shown = bad["shown_by"]
    assert (bad["id"], shown["field"], shown["gen"]) == ("seq.by_one", "seq", 0)
    assert log.heard[shown["message"] - 1].items[0].seq == shown["seq"] + 1
    assert sum(told["counts"].values()) == len(told["clauses"])
    assert told["result"] == "failed"


def test_no_position_is_in_a_report() -> None:
    log = log_of(Tag(), *ALL_STEPS)
    told = json.dumps(as_json(log, judge_all(log), START_US, ALL_STEPS, "mqtt://broker.example"))
    assert "51.2" not in told


BAD_USAGE: list[tuple[dict[str, Any], str]] = [
    ({"device": "GT 1"}, "--device"),
    ({"device": "x" * 33}, "--device"),
    ({"broker": "http://localhost"}, "--broker"),
    ({"broker": "mqtt://u:geheim@host:port"}, "--broker"),
    ({"kind": "tag"}, "--kind"),
    ({"steps": "listen,jump"}, "no jump"),
    ({"steps": "restart"}, "--guided"),
    ({"wait_s": 0.0}, "--timeout"),
    ({"wait_s": float("nan")}, "--timeout"),
    ({"away_minutes": -1.0}, "--away"),
    ({"fast_s": 0}, "--fast"),
    ({"upload_s": 100_000}, "--upload"),
    ({"ca": "/no/such/file"}, "mqtts://"),
    ({"broker": "mqtts://host", "ca": "/no/such/file"}, "--ca"),
    ({"broker": "mqtts://host", "key": "/no/such/file"}, "go together"),
    ({"report": Path("/no/such/folder/x.json")}, "no folder"),
]


@pytest.mark.parametrize(("wrong", "says"), BAD_USAGE, ids=range(len(BAD_USAGE)))
def test_bad_usage_is_one_line(wrong: dict[str, Any], says: str) -> None:
    asked: dict[str, Any] = {"broker": BROKER, "device": "GT-1", "steps": "listen"}
    with pytest.raises(BadSetting, match=re.escape(says)) as told:
        conform(ConformConfig(**asked | wrong))
    assert "\n" not in str(told.value)
    assert "geheim" not in str(told.value)
