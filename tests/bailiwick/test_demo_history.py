"""The demo's order of some days ago: its records and what its tag kept come to a visit to the zone and a night out, and to nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bailiwick.demo import history
from bailiwick.evaluate_command import evaluate_command
from domain.instants import MINUTE_US, format_instant, parse_instant

LONDON = {"type": "area", "id": history.AREA, "kind": "pdu", "name": "London", "parent": None}


@pytest.mark.parametrize("now", ["2026-11-23T02:44:00Z", "2026-03-31T23:59:00Z", "2026-10-28T00:00:00Z"])
def test_it_comes_to_two_violations_of_the_wearers_on_any_day(
    now: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    now_us = parse_instant(now)
    caseload, feed = tmp_path / "caseload.ndjson", tmp_path / "feed.ndjson"
    caseload.write_text("".join(json.dumps(one) + "\n" for one in (LONDON, *history.records(now_us))))
    heard = [
        {"received": now, "device": history.DEVICE, "envelope": json.loads(one)} for one in history.envelopes(now_us)
    ]
    ticks = [{"tick": now}, *heard, {"tick": format_instant(now_us + MINUTE_US)}]
    feed.write_text("".join(json.dumps(one) + "\n" for one in ticks))
    assert evaluate_command(str(caseload), str(feed), None) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(one["kind"], one["cause"], one["to"] is not None) for one in found] == [
        ("exclusion_zone", "wearer", True),
        ("curfew", "wearer", True),
    ]
    assert found[1]["minutes_certain"] == 75.0
