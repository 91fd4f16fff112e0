"""Every failure of the specification has a test that bears its number."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
FAILURES = 26


def test_each_failure_has_a_test_by_its_name() -> None:
    text = "\n".join(path.read_text() for path in TESTS.rglob("test_*.py"))
    named = {int(number) for number in re.findall(r"def test_failure_(\d\d)_", text)}
    assert set(range(1, FAILURES + 1)) - named == set()
