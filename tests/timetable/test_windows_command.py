"""``bailiwick windows``: merged, cut by order, condition and range; and what it refuses."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from bailiwick.windows_command import KINDS_WITH_WINDOWS, windows_command
from domain.vocabulary import ConditionKind

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ROUND = {"type": "Circle", "center": [0.5, 51.2], "radius_m": 500}
PLACE = {"lon": 0.6, "lat": 51.3}


def rows(start: str, end: str, days: tuple[str, ...] = DAYS) -> list[dict[str, str]]:
    return [{"day": day, "start": start, "end": end} for day in days]


def condition(key: str, kind: str, **values: Any) -> dict[str, Any]:
    return {"type": "condition", "id": key, "order": "O1", "kind": kind, **values}


NIGHT = rows("19:00", "07:00")
RECORDS: list[dict[str, Any]] = [
    {"type": "wearer", "id": "W1"},
    {"type": "wearer", "id": "W2"},
    {
        "type": "order",
        "id": "O1",
        "wearer": "W1",
        "kind": "community",
        "from": "2026-10-20T20:00:00Z",
        "to": "2026-11-20T03:00:00Z",
    },
    {
        "type": "order",
        "id": "O2",
        "wearer": "W1",
        "kind": "bail",
        "from": "2026-01-01T00:00:00Z",
        "review": "2027-01-01T00:00:00Z",
    },
    condition("night", "curfew", place=PLACE, timetable=NIGHT),
    condition(
        "part", "curfew", place=PLACE, timetable=NIGHT, **{"from": "2026-10-23T02:00:00Z", "to": "2026-10-24T04:00:00Z"}
    ),
    condition("always", "exclusion_zone", zone=ROUND, schedule=None),
    condition("round", "curfew", place=PLACE, timetable=rows("18:00", "18:00")),
    condition("touching", "attendance", place=PLACE, timetable=rows("09:00", "12:00") + rows("12:00", "13:00")),
    condition("hole", "inclusion_zone", zone=ROUND, schedule=rows("01:15", "01:45", ("sun",))) | {"order": "O2"},
    condition("kept", "restriction_zone", zone=ROUND, schedule=NIGHT, timezone="Australia/Lord_Howe"),
    condition("apart", "association", other_wearer="W2"),
    {"type": "absence", "id": "A1", "condition": "night", "from": "2026-10-22T20:00:00Z", "to": "2026-10-22T22:00:00Z"},
    {"type": "suspension", "id": "S1", "order": "O1", "from": "2026-10-22T00:00:00Z", "to": "2026-10-23T00:00:00Z"},
]


@pytest.fixture
def caseload(tmp_path: Path) -> Path:
    path = tmp_path / "caseload.ndjson"
    path.write_text("".join(json.dumps(record) + "\n" for record in RECORDS))
    return path


def printed(
    capsys: pytest.CaptureFixture[str], caseload: Path, key: str, start: str, end: str
) -> list[tuple[str, str]]:
    assert windows_command(caseload, key, start, end) == 0
    out, err = capsys.readouterr()
    assert err == ""
    lines = [json.loads(line) for line in out.splitlines()]
    assert all(list(line) == ["condition", "from", "to"] and line["condition"] == key for line in lines)
    return [(line["from"], line["to"]) for line in lines]


@pytest.mark.parametrize(
    ("key", "start", "end", "expected"),
    [
        pytest.param(
            "night",
            "2026-10-24T00:00:00Z",
            "2026-10-25T12:00:00Z",
            [("2026-10-24T00:00:00Z", "2026-10-24T06:00:00Z"), ("2026-10-24T18:00:00Z", "2026-10-25T07:00:00Z")],
            id="cut by the range, over a clock change",
        ),
        pytest.param(
            "night",
            "2026-10-20T00:00:00Z",
            "2026-10-21T12:00:00Z",
            [("2026-10-20T20:00:00Z", "2026-10-21T06:00:00Z")],
            id="cut by the order's beginning",
        ),
        pytest.param(
            "night",
            "2026-11-19T12:00:00Z",
            "2026-12-19T12:00:00Z",
            [("2026-11-19T19:00:00Z", "2026-11-20T03:00:00Z")],
            id="cut by the order's end",
        ),
        pytest.param(
            "night",
            "2026-10-22T12:00:00Z",
            "2026-10-23T12:00:00Z",
            [("2026-10-22T18:00:00Z", "2026-10-23T06:00:00Z")],
            id="an absence and a suspension change nothing",
        ),
        pytest.param(
            "part",
            "2026-01-01T00:00:00Z",
            "2027-01-01T00:00:00Z",
            [("2026-10-23T02:00:00Z", "2026-10-23T06:00:00Z"), ("2026-10-23T18:00:00Z", "2026-10-24T04:00:00Z")],
            id="cut by the condition",
        ),
        pytest.param("night", "2027-01-01T00:00:00Z", "2028-01-01T00:00:00Z", [], id="outside the order"),
        pytest.param("night", "2026-10-24T12:00:00Z", "2026-10-24T18:00:00Z", [], id="half open at the start"),
        pytest.param(
            "always",
            "2026-01-01T00:00:00Z",
            "2027-01-01T00:00:00+01:00",
            [("2026-10-20T20:00:00Z", "2026-11-20T03:00:00Z")],
            id="without a timetable there is one",
        ),
        pytest.param(
            "round",
            "2026-10-21T00:00:00.5Z",
            "2026-10-29T00:00:00Z",
            [("2026-10-21T00:00:00.500Z", "2026-10-29T00:00:00Z")],
            id="round the clock is one",
        ),
        pytest.param(
            "touching",
            "2026-10-26T00:00:00Z",
            "2026-10-27T00:00:00Z",
            [("2026-10-26T09:00:00Z", "2026-10-26T13:00:00Z")],
            id="touching rows are one",
        ),
        pytest.param(
            "kept",
            "2026-11-01T00:00:00Z",
            "2026-11-02T00:00:00Z",
            [("2026-11-01T08:00:00Z", "2026-11-01T20:00:00Z")],
            id="by the condition's own time zone",
        ),
    ],
)
def test_windows(
    capsys: pytest.CaptureFixture[str], caseload: Path, key: str, start: str, end: str, expected: list[tuple[str, str]]
) -> None:
    assert printed(capsys, caseload, key, start, end) == expected


def test_failure_12_both_clock_change_nights_from_the_command(
    capsys: pytest.CaptureFixture[str], caseload: Path
) -> None:
    assert printed(capsys, caseload, "hole", "2026-03-28T00:00:00Z", "2026-04-06T00:00:00Z") == [
        ("2026-04-05T00:15:00Z", "2026-04-05T00:45:00Z")
    ]
    assert printed(capsys, caseload, "hole", "2026-10-24T00:00:00Z", "2026-10-26T00:00:00Z") == [
        ("2026-10-25T00:15:00Z", "2026-10-25T01:45:00Z")
    ]


def test_a_range_of_years_is_the_same_in_one_go_or_in_parts(capsys: pytest.CaptureFixture[str], caseload: Path) -> None:
    def counted(*years: int) -> list[tuple[str, str]]:
        found = []
        for first, last in pairwise(years):
            found += printed(capsys, caseload, "hole", f"{first}-07-01T00:00:00Z", f"{last}-07-01T00:00:00Z")
        return found

    whole = counted(2026, 2036)
    assert whole == counted(*range(2026, 2037))
    assert len(whole) == 10 * 52 + 2 - 10  # Sundays, less the ten on which the window falls in the hole


@pytest.mark.parametrize(
    ("key", "start", "end", "told"),
    [
        ("night", "2026-10-25T00:00:00Z", "2026-10-25T00:00:00Z", "--to: is 2026-10-25T00:00:00Z, not after --from"),
        ("night", "2026-10-25T00:00:00Z", "2026-10-24T00:00:00Z", "--to: is 2026-10-24T00:00:00Z, not after --from"),
        ("night", "2026-10-25", "2026-10-26T00:00:00Z", '--from: is "2026-10-25"; must be a date and time'),
        ("nigth", "2026-10-25T00:00:00Z", "2026-10-26T00:00:00Z", "there is no condition 'nigth' in the caseload"),
        (
            "apart",
            "2026-10-25T00:00:00Z",
            "2026-10-26T00:00:00Z",
            "'apart' is of kind association, which has no windows",
        ),
    ],
)
def test_bad_usage_is_told_in_one_line(
    capsys: pytest.CaptureFixture[str], caseload: Path, key: str, start: str, end: str, told: str
) -> None:
    assert windows_command(caseload, key, start, end) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert told in err
    assert err.count("\n") == 1


def test_a_bad_caseload_is_told_line_by_line(capsys: pytest.CaptureFixture[str], caseload: Path) -> None:
    with caseload.open("a") as file:
        file.write('{"type":"wearer","id":"W1"}\n{"type":"wearer","id":"W3","level":"high"}\n')
    assert windows_command(caseload, "night", "2026-10-25T00:00:00Z", "2026-10-26T00:00:00Z") == 2
    out, err = capsys.readouterr()
    assert out == ""
    lines = err.splitlines()
    assert [line.removeprefix(str(caseload)).split(" ")[:2] for line in lines] == [[":15:", "id:"], [":16:", "level:"]]


def test_a_file_that_cannot_be_read(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for path in (tmp_path / "none.ndjson", tmp_path):
        assert windows_command(path, "night", "2026-10-25T00:00:00Z", "2026-10-26T00:00:00Z") == 2
        assert f"{path}: file: cannot be read: " in capsys.readouterr().err


def test_the_kinds_with_windows() -> None:
    without = {kind.value for kind in set(ConditionKind) - KINDS_WITH_WINDOWS}
    assert without == {"proximity", "association", "presence_check", "trail", "alcohol"}
