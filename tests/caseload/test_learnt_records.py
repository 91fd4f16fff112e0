"""Records of ``learnt`` lines: each against what was known before it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bailiwick.caseload_input import LearntRecords, load_caseload
from domain.errors import BadInput, RecordFault
from tests.caseload.lines import as_lines, read, record, records


def test_a_learnt_record_may_refer_to_the_caseload_and_to_what_was_learnt_before() -> None:
    learn = LearntRecords(read(as_lines(records()))[0])
    assert learn(record("A1") | {"id": "A2"}).id == "A2"
    order = record("O1") | {"id": "O9"}
    curfew = record("C2") | {"id": "C9", "order": "O9"}
    with pytest.raises(RecordFault) as refused:
        learn(curfew)
    assert (refused.value.field, refused.value.cause) == ("order", "there is no order 'O9'")
    learn(order)
    assert learn(curfew).id == "C9"


def test_a_bad_learnt_record_is_refused_and_not_known_after() -> None:
    learn = LearntRecords(read(as_lines(records()))[0])
    with pytest.raises(RecordFault) as refused:
        learn(record("T1") | {"id": "T9", "interval_s": 0})
    assert refused.value.field == "interval_s"
    with pytest.raises(RecordFault, match="there is no device 'T9'"):
        learn(record("E1") | {"device": "T9"})


ALWAYS = {"timetable": None, "override": None}
YRO = {"kind": "yro"}


def after(*learnt: dict[str, Any]) -> LearntRecords:
    """What reads the lines after these."""
    learn = LearntRecords(read(as_lines(records()))[0])
    for one in learnt:
        learn(one)
    return learn


@pytest.mark.parametrize(
    ("before", "bad", "field", "cause"),
    [
        ([], record("F1") | {"id": "F9", "wearer": "W2"}, "device", "'T1' is already on 'W1' by fitting 'F1'"),
        ([record("O1") | YRO], record("C2") | ALWAYS, "timetable", "asks 24 hours in one day; the most is 20"),
        ([record("C2") | ALWAYS], record("O1") | YRO, "kind", "order 'O1' has condition 'C2', which asks 24 hours"),
        ([], record("H1") | {"kind": "gps_tag"}, "kind", "'H1' is the home unit of condition 'C2'"),
    ],
)
def test_what_a_caseload_file_is_refused_for_a_learnt_record_is(
    before: list[dict[str, Any]], bad: dict[str, Any], field: str, cause: str
) -> None:
    learn = after(*before)
    with pytest.raises(RecordFault) as refused:
        learn(bad)
    assert refused.value.field == field
    assert cause in refused.value.cause
    entered = LearntRecords(read(as_lines(records()))[0], as_entered=True)
    for one in (*before, bad):
        assert entered(one).id == one["id"]


def test_a_device_goes_to_the_next_when_its_fitting_was_ended() -> None:
    swap = record("F1") | {"id": "F9", "wearer": "W2", "from": "2026-12-01T00:00:00Z"}
    assert after(record("F1") | {"to": "2026-12-01T00:00:00Z"})(swap).id == "F9"
    learn = after()
    learn.ended(record("F1"))
    assert learn(swap).id == "F9"
    assert learn(swap | {"to": "2026-12-02T00:00:00Z"}).id == "F9"


def test_hours_over_the_limits_are_learnt_where_somebody_is_named_who_allowed_them() -> None:
    assert (
        after(record("O1") | YRO)(record("C2") | ALWAYS | {"override": {"by": "HHJ Finch", "reason": "x"}}).id == "C2"
    )


def test_nothing_is_fitted_that_was_ended_and_what_stood_may_be_ended_too() -> None:
    learn = after()
    learn.ended(record("T1"))
    with pytest.raises(RecordFault, match="device: device 'T1' was ended before"):
        learn(record("F1") | {"id": "F9", "from": "2025-11-01T09:00:00Z", "to": "2025-12-01T09:00:00Z"})
    assert learn(record("F1") | {"to": "2026-12-01T00:00:00Z"}).id == "F1"
    assert learn.ended(record("F1")).id == "F1"
    assert learn(record("T1")).id == "T1"
    assert learn(record("F1") | {"id": "F9"}).id == "F9"


def test_a_caseload_file_that_is_not_there_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read: No such file"):
        load_caseload(tmp_path / "none.ndjson")
