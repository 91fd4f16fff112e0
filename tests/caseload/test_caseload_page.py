"""What docs/caseload.md says of records, hours, faults and warnings is what the code does."""

from __future__ import annotations

import re

import pytest

from domain.caseload_conditions import KEYS_OF_KIND
from domain.caseload_file import parse_record, record_as_json
from domain.records import RECORD_TYPES
from domain.timetable_limits import ENGLAND_AND_WALES
from domain.vocabulary import OrderKind
from tests.caseload.lines import (
    NIGHT,
    TIMEZONES,
    also,
    as_lines,
    changed,
    faults_of,
    read,
    record,
    records,
)
from tests.caseload.pages import page, rows, words
from tests.caseload.test_caseload_faults import LINES, ONE_RECORD
from tests.caseload.test_caseload_zones import ZONES

CASELOAD = page("caseload.md")


@pytest.mark.parametrize("kind", RECORD_TYPES)
def test_the_caseload_page_has_each_record_with_its_keys(kind: str) -> None:
    page = CASELOAD.split(f"### `{kind}`\n")[1].split("\n### ")[0]
    written = next(r for r in records() if r["type"] == kind)
    keys = set(record_as_json(parse_record(written, TIMEZONES))) - {"type", "id"}
    if kind == "condition":
        keys = {"order", "kind", "name", "from", "to", "told_at", "timezone", "prealert_m", "override"}
        keys |= {kind.value for kind in KEYS_OF_KIND}
        keys |= {key for own in KEYS_OF_KIND.values() for key in own}
    assert {key for key in keys if f"`{key}`" not in page} == set()


def test_the_caseload_page_has_the_hours_of_each_order_kind() -> None:
    told = {words(row[0])[0]: (float(row[1]), float(row[2]), row[3]) for row in rows(CASELOAD, "### Hours")}
    assert set(told) == {kind.value for kind in ENGLAND_AND_WALES}
    for kind, limit in ENGLAND_AND_WALES.items():
        day, week, over = told[kind.value]
        assert (day, week, over == "refused") == (limit.hours_a_day, limit.hours_a_week, limit.refused)
    assert all(f"`{kind.value}`" in CASELOAD for kind in OrderKind)


def told_as(phrase: str) -> re.Pattern[str]:
    """A phrase of the page as a pattern: ``...`` is anything, ``N`` a number, ``'X'`` an id."""
    told = re.escape(phrase).replace(r"\.\.\.", ".*").replace("'X'", "'.*'")
    return re.compile(re.sub(r"\bN\b", r"[\\d,.]+", told))


def faults() -> list[str]:
    """Every fault that the tests know how to make."""
    files = [changed(key, **values) for key, values, _, _ in ONE_RECORD.values()]
    files += [changed("C1", **values) for values, _, _ in ZONES.values()]
    files += [[*as_lines(records()), line] for line, _, _ in LINES.values()]
    files.append(also(record("W1"), record("F1") | {"id": "F9"}))
    for rows_of_it in (None, [row | {"start": "14:00"} for row in NIGHT]):
        order = record("O1") | {"id": "O9", "kind": "yro"}
        files.append(also(order, record("C2") | {"id": "C9", "order": "O9", "timetable": rows_of_it}))
    return [f"{fault.field}: {fault.cause}" for lines in files for fault in faults_of(lines)]


def warnings() -> list[str]:
    near = {"type": "Circle", "center": [0.6, 51.3], "radius_m": 45}
    around = {"type": "Circle", "center": [0.6, 51.3], "radius_m": 450}
    files = [changed("Z1", shape=near), changed("Z1", shape=around), changed("C2", timetable=None)]
    files += [changed("F2", wearer="W2"), changed("F2", device="L1"), changed("F3", victim=..., wearer="W1")]
    files += [changed("C2", from_="2027-03-01T00:00:00Z"), changed("C1", kind="inclusion_zone", buffer_m=1)]
    return [f"{warning.field}: {warning.cause}" for lines in files for warning in read(lines)[1]]


@pytest.mark.parametrize(
    ("heading", "told"), [("## Faults, and what to do", faults), ("## Warnings", warnings)], ids=["faults", "warnings"]
)
def test_the_page_explains_what_is_told_and_nothing_else(heading: str, told: object) -> None:
    assert callable(told)
    found: list[str] = told()
    phrases = {phrase: told_as(phrase) for row in rows(CASELOAD, heading) for phrase in words(row[0])}
    assert [phrase for phrase, pattern in phrases.items() if not any(map(pattern.search, found))] == []
    assert [fault for fault in found if not any(pattern.search(fault) for pattern in phrases.values())] == []
