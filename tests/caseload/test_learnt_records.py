"""Records of ``learnt`` lines: each against what was known before it."""

from __future__ import annotations

from pathlib import Path

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


def test_a_caseload_file_that_is_not_there_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read: No such file"):
        load_caseload(tmp_path / "none.ndjson")
