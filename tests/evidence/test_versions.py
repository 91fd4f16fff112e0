"""What makes a new version of a pack: what it says is no longer so; and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from domain.records import Condition, Wearer
from evidence.gathered import Taken
from evidence.versions import basis_of, changes
from tests.evidence.made_pack import gathered
from tests.rules.nights import us


def basis(taken: list[Taken]) -> dict[str, Any]:
    whole = gathered(protected=True)
    return basis_of(whole.violations, taken, [(one.id, one.version) for one in whole.relied], 1)


def again(taken: list[Taken], kind: type[Any], record_id: str, /, **changed: Any) -> list[Taken]:
    """With another version of a record, learnt after everything."""
    found = next(
        one for one in reversed(taken) if isinstance(one.version.record, kind) and one.version.record.id == record_id
    )
    record = replace(found.version.record, **changed)
    learnt = replace(found.version, record=record, holds_from_us=us("23:00"), learnt_us=us("23:00"))
    return [*taken, Taken(2, 0, learnt)]


def test_what_a_pack_does_not_say_makes_no_version_of_it() -> None:
    taken = list(gathered(protected=True).taken)
    before = basis(taken)
    assert changes(before, basis(again(taken, Wearer, "W1", phones=("01632 960001",)))) == []
    assert changes(before, basis(again(taken, Condition, "C1"))) == [], "entered again as it was"


def test_another_name_and_another_sealed_zone_do() -> None:
    taken = list(gathered(protected=True).taken)
    before = basis(taken)
    assert changes(before, basis(again(taken, Wearer, "W1", name="Ada Moor"))) == ["The wearer W1 has a new version"]
    assert changes(before, basis(again(taken, Condition, "Z1", buffer_m=50.0))) == [
        "The condition Z1 has a new version"
    ]
