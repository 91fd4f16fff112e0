"""Each device that does one thing wrong is named with the clause that it breaks, and with no other."""

from __future__ import annotations

import pytest

from simulators.conforming.clauses import CLAUSES
from simulators.conforming.verdicts import Result
from tests.simulators.conforming.bad_devices import BAD
from tests.simulators.conforming.virtual import Tag, log_of, results, whys

IDS = [f"{clause}-{device.__name__}-{number}" for number, (clause, device, _) in enumerate(BAD)]


@pytest.mark.parametrize(("clause", "device", "steps"), BAD, ids=IDS)
def test_it_fails_that_clause_and_nothing_else(clause: str, device: type[Tag], steps: tuple[str, ...]) -> None:
    log = log_of(device(), *steps, listen_messages=24, away_minutes=120.0)
    assert [name for name, result in results(log).items() if result is Result.FAILED] == [clause], whys(log)


def test_every_clause_that_can_fail_has_its_bad_device() -> None:
    assert {clause.id for clause in CLAUSES} - {clause for clause, _, _ in BAD} == {"connection.mqtt", "fix.radius"}
