"""Timetables shown as windows before they are entered, the same as `bailiwick windows` prints; a suspension as what it really covers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bailiwick.windows_command import windows_command
from domain.instants import HOUR_US, parse_instant
from tests.api.entering import ESSEX, ORLA, entry, problem
from tests.caseload.lines import NIGHT, as_lines, record, records

pytestmark = [pytest.mark.real, pytest.mark.slow]

AUTUMN = ("2026-10-23T12:00:00Z", "2026-10-27T12:00:00Z")
SPRING = ("2027-03-26T12:00:00Z", "2027-03-30T12:00:00Z")
WINTER = ("2026-12-07T12:00:00Z", "2026-12-10T12:00:00Z")
LONG = {"from": "2026-09-01T00:00:00Z", "to": "2027-09-01T00:00:00Z"}
SMALL_HOURS = [{"day": day, "start": "00:30", "end": "01:30"} for day in ("sat", "sun", "mon", "tue")]


def printed(
    folder: Path, capsys: pytest.CaptureFixture[str], wanted: list[dict[str, Any]], span: tuple[str, str]
) -> Any:
    """What the command prints of C2, without the condition's name."""
    capsys.readouterr()
    (folder / "c.ndjson").write_bytes(b"".join(as_lines(wanted)))
    assert windows_command(folder / "c.ndjson", "C2", *span) == 0
    lines = map(json.loads, capsys.readouterr().out.splitlines())
    return [{"from": line["from"], "to": line["to"]} for line in lines]


def with_order(*more: dict[str, Any]) -> list[dict[str, Any]]:
    """The good caseload, its order long enough for both clock changes."""
    return [
        one | LONG if one["id"] == "O1" else one for one in records() if one["id"] not in {m["id"] for m in more}
    ] + list(more)


@pytest.mark.parametrize("span", [AUTUMN, SPRING, WINTER])
@pytest.mark.parametrize("rows", [NIGHT, SMALL_HOURS, None])
async def test_a_condition_is_shown_as_the_command_prints_it(
    embedded_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], rows: Any, span: tuple[str, str]
) -> None:
    curfew = record("C2") | {"timetable": rows}
    async with entry(embedded_url) as at:
        await at.everything()
        tag = (await at.get("orders/O1")).headers["etag"]
        order = {key: value for key, value in (record("O1") | LONG).items() if key != "type"}
        await at.call("PUT", "orders/O1", order, If_Match=tag)
        body = {key: value for key, value in curfew.items() if key != "type"}
        before = at.entered()
        shown = await at.call("POST", "conditions/preview", {"record": body, "from": span[0], "to": span[1]})
        assert shown.status_code == 200, shown.text
        assert at.entered() == before, "a preview changes nothing"
        expected = printed(tmp_path, capsys, with_order(curfew), span)
        assert expected
        assert shown.json()["conditions"][0]["windows"] == expected
        tag = (await at.get("conditions/C2")).headers["etag"]
        await at.call("PUT", "conditions/C2", body, If_Match=tag)
        kept = await at.get(f"conditions/C2/windows?from={span[0]}&to={span[1]}")
        assert kept.json()["windows"] == expected


async def test_failure_18_a_suspension_that_repeats_daily_is_shown_as_each_days_hours(embedded_url: str) -> None:
    """On the night on which clocks go back too: what is silent is an instant to an instant, and nothing else is."""
    async with entry(embedded_url) as at:
        await at.everything()
        tag = (await at.get("orders/O1")).headers["etag"]
        order = {key: value for key, value in (record("O1") | LONG).items() if key != "type"}
        await at.call("PUT", "orders/O1", order, If_Match=tag)
        daily = [{"day": day, "start": "22:00", "end": "02:00"} for day in ("fri", "sat", "sun", "mon")]
        body = {
            "id": "S9",
            "order": "O1",
            "from": "2026-10-20T00:00:00Z",
            "to": "2026-11-20T00:00:00Z",
            "timetable": daily,
        }
        shown = await at.call("POST", "suspensions/preview", {"record": body, "from": AUTUMN[0], "to": AUTUMN[1]})
        assert shown.status_code == 200, shown.text
        silent = [(one["from"], one["to"]) for one in shown.json()["suspensions"] if one["suspended"]]
        assert silent == [
            ("2026-10-23T21:00:00Z", "2026-10-24T01:00:00Z"),
            ("2026-10-24T21:00:00Z", "2026-10-25T02:00:00Z"),
            ("2026-10-25T22:00:00Z", "2026-10-26T02:00:00Z"),
            ("2026-10-26T22:00:00Z", "2026-10-27T02:00:00Z"),
        ], "four hours, five on the night of the change"
        conditions = {one["condition"]: one for one in shown.json()["conditions"]}
        assert set(conditions) == {"C1", "C2", "C3"}
        for one in conditions["C2"]["timeline"]:
            assert one["enforced"] == (one["by"] == [])
        not_enforced = [one for one in conditions["C2"]["timeline"] if not one["enforced"]]
        assert {tuple(one["by"]) for one in not_enforced} == {("suspension:S9",)}
        assert [(one["from"], one["to"]) for one in not_enforced] == silent
        covered = sum(parse_instant(one["to"]) - parse_instant(one["from"]) for one in conditions["C2"]["timeline"])
        windows = sum(parse_instant(one["to"]) - parse_instant(one["from"]) for one in conditions["C2"]["windows"])
        assert covered == windows >= 40 * HOUR_US, "every window is either enforced or silent"


async def test_an_absence_is_shown_beside_the_windows_that_it_leaves(embedded_url: str) -> None:
    async with entry(embedded_url) as at:
        await at.everything()
        body = {"id": "A9", "condition": "C2", "from": "2026-12-07T20:00:00Z", "to": "2026-12-07T22:00:00Z"}
        asked = {"record": body, "from": WINTER[0], "to": "2026-12-08T12:00:00Z"}
        shown = (await at.call("POST", "absences/preview", asked, ORLA)).json()
        assert [
            (one["from"][11:16], one["to"][11:16], one["enforced"]) for one in shown["conditions"][0]["timeline"]
        ] == [
            ("19:00", "20:00", True),
            ("20:00", "22:00", False),
            ("22:00", "07:00", True),
        ]
        assert shown["conditions"][0]["windows"] == [{"from": "2026-12-07T19:00:00Z", "to": "2026-12-08T07:00:00Z"}]


async def test_a_preview_tells_what_would_be_refused_and_shows_nothing_out_of_sight(embedded_url: str) -> None:
    async with entry(embedded_url) as at:
        await at.everything()
        body = {key: value for key, value in record("C2").items() if key != "type"}
        span = {"from": WINTER[0], "to": WINTER[1]}
        bad = await at.call("POST", "conditions/preview", {"record": body | {"timezone": "Europe/Londn"}} | span)
        assert set(problem(bad)) == {"timezone"}
        unseen = await at.call("POST", "conditions/preview", {"record": body | {"id": "C9"}} | span, ESSEX)
        assert (unseen.status_code, set(problem(unseen))) == (422, {"order"})
        assert (await at.get("conditions/C2/windows", ESSEX)).status_code == 404
        assert (
            await at.get("conditions/C2/windows?from=2026-12-01T00:00:00Z&to=2026-12-01T00:00:00Z")
        ).status_code == 422
