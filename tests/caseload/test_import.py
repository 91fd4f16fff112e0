"""``bailiwick import`` into real databases: all of a file or nothing, and twice is once."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import pytest

from bailiwick.import_command import import_command
from domain.records import Version
from store import Store
from tests.caseload.lines import NIGHT, also, as_lines, changed, record, records

CROSSED = [[0.50, 51.20], [0.52, 51.22], [0.52, 51.20], [0.50, 51.22], [0.50, 51.20]]
MEETS_HIMSELF = {"type": "condition", "id": "C9", "order": "O1", "kind": "association", "other_wearer": "W1"}


def entered(url: str) -> list[Version]:
    async def ask() -> list[Version]:
        async with await Store.open(url) as store:
            return [version for _, version in await store.unlearnt()]

    return asyncio.run(ask())


@pytest.fixture
def url(database_url: str) -> str:
    async def migrate() -> None:
        async with await Store.open(database_url) as store:
            await store.migrate()

    asyncio.run(migrate())
    return database_url


def written(folder: Path, lines: list[bytes]) -> Path:
    path = folder / "caseload.ndjson"
    path.write_bytes(b"".join(lines))
    return path


def test_import_is_all_or_nothing(url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = written(tmp_path, changed("X1", outcome="ok"))
    assert import_command(bad, url) == 2
    out, err = capsys.readouterr()
    line = 1 + [r["id"] for r in records()].index("X1")
    assert out == ""
    assert err.startswith(f"{bad}:{line}: outcome: ")
    assert entered(url) == []
    assert import_command(written(tmp_path, as_lines(records())), url) == 0
    assert capsys.readouterr() == (f"{len(records())} records are new, 0 changed, 0 as before\n", "")
    assert [version.record.id for version in entered(url)] == [r["id"] for r in records()]


BAD = {
    "a zone that crosses itself": changed("Z1", shape={"type": "Polygon", "coordinates": [CROSSED]}),
    "a timetable": changed("C2", timetable=[NIGHT[0] | {"end": "24:01"}]),
    "a time zone": changed("C2", timezone="Europe/Londn"),
    "a pair": changed("C3", victim="V9"),
    "a pair that is one": also(MEETS_HIMSELF),
    "two fittings of a device": also(record("F1") | {"id": "F9", "wearer": "W2"}),
    "a reference": changed("B1", violation="W1"),
    "no record": [*as_lines(records()), b"[]\n"],
    "cut short": [*as_lines(records()), b'{"type":"wearer","id":"W9"'],
}
"""Files of which all but one line, often the last, is good."""


def test_a_bad_file_changes_nothing_whatever_is_bad_in_it(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for why, lines in BAD.items():
        bad = written(tmp_path, lines)
        assert import_command(bad, url) == 2, why
        out, err = capsys.readouterr()
        assert out == "", why
        assert re.fullmatch(rf"{re.escape(str(bad))}:\d+: [\w.\[\]]+: .+\n", err), why
    assert entered(url) == []
    assert import_command(written(tmp_path, as_lines(records())), url) == 0
    before = entered(url)
    for why, lines in BAD.items():
        new = [json.dumps({"type": "wearer", "id": f"N{k}"}).encode() + b"\n" for k in range(3)]
        assert import_command(written(tmp_path, [*new, *lines]), url) == 2, why
    assert entered(url) == before


def test_what_is_there_is_left_and_what_changed_is_a_new_version(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert import_command(written(tmp_path, as_lines(records())), url) == 0
    assert import_command(written(tmp_path, as_lines(records())), url, as_json=True) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == {
        "new": 0,
        "changed": 0,
        "unchanged": len(records()),
        "warnings": 0,
    }
    before = entered(url)
    varied = written(tmp_path, changed("T1", upload_s=300))
    assert import_command(varied, url) == 0
    [more] = entered(url)[len(before) :]
    assert (more.record.id, more.holds_from_us > before[0].holds_from_us) == ("T1", True)
    later = written(tmp_path, as_lines([record("A1") | {"id": "A9"}]))
    assert import_command(later, url) == 0
    assert entered(url)[-1].record.id == "A9"


def test_warnings_are_told_and_do_not_stop_it(url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    unit = {"type": "device", "id": "H9", "kind": "home_unit"}
    curfew = record("C2") | {"id": "C9", "place": {"lon": 0.6, "lat": 51.3, "home_unit": "H9"}}
    path = written(tmp_path, also(unit, curfew))
    assert import_command(path, url) == 0
    out, err = capsys.readouterr()
    assert "records are new" in out
    assert err.startswith(f"warning: {path}:{len(records()) + 2}: place.home_unit: 'H9' is not fitted to anybody")


@pytest.mark.parametrize("lines", [[], [b"\n", b"  \n", b"\n"]])
def test_a_file_that_holds_no_record_is_warned_of(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], lines: list[bytes]
) -> None:
    empty = written(tmp_path, lines)
    assert import_command(empty, url) == 0
    out, err = capsys.readouterr()
    assert out == "0 records are new, 0 changed, 0 as before\n"
    assert err == f"warning: {empty}: file: holds no record; is it the file that you mean?\n"
