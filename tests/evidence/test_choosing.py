"""A choice is whole: nothing of the order is neither relied on nor left out with why."""

from __future__ import annotations

from dataclasses import replace

from domain.breaches import Chosen
from domain.instants import format_instant
from domain.vocabulary import AssessmentDecision, Cause, Kind
from evidence.breaches import Fault
from evidence.choosing import Wanted, Wish, choice
from tests.store.made import NOON, violation_of

UPHELD, EXCUSED = AssessmentDecision.UPHELD, AssessmentDecision.REASONABLE_EXCUSE
ONE, TWO, THREE, GAP, LATER = (violation_of(f"W1-{n}", version=n) for n in range(1, 6))
FOUND = [
    (ONE, UPHELD),
    (TWO, UPHELD),
    (THREE, EXCUSED),
    (replace(GAP, cause=Cause.NETWORK, kind=Kind.COMMUNICATION_LOST), None),
    (replace(LATER, retrospective=True), UPHELD),
]


def test_every_violation_is_relied_on_or_left_out_with_why() -> None:
    wish = Wish((Wanted("W1-1", 1), Wanted("W1-5", 5, NOON - 1, "by letter")), {"W1-2": "a minute late"})
    assert choice(FOUND, wish) == (
        (
            Chosen("W1-1", 1, relied=True),
            Chosen("W1-2", 2, relied=False, why="a minute late"),
            Chosen("W1-3", 3, relied=False, why="assessed: reasonable excuse"),
            Chosen("W1-4", 4, relied=False, why="it is a monitoring gap: its cause is not the wearer"),
            Chosen("W1-5", 5, True, "", NOON - 1, "by letter"),
        ),
        [],
    )


def test_what_is_upheld_and_left_out_needs_a_reason_one_for_all_will_do() -> None:
    relied = (Wanted("W1-1", 1),)
    _, faults = choice(FOUND[:3], Wish(relied))
    assert faults == [Fault("left_out_because", "say why upheld violations are left out: there are 1")]
    chosen, faults = choice(FOUND, Wish(relied, because="older than the last warning"))
    assert faults == []
    assert [one.why for one in chosen][1] == "older than the last warning"
    assert [one.why for one in chosen][4].startswith("it was found by a change made later")


def test_what_may_not_be_relied_on_is_refused_by_place_and_reason() -> None:
    wish = Wish(
        (
            Wanted("W1-3", 3),
            Wanted("W1-1", 2),
            Wanted("W9-9", 1),
            Wanted("W1-5", 5),
            Wanted("W1-2", 2),
            Wanted("W1-2", 2),
        )
    )
    _, faults = choice(FOUND, wish)
    assert faults[:5] == [
        Fault("violations.0", "it was assessed otherwise than upheld"),
        Fault("violations.1", "has changed since you saw it: look at it again"),
        Fault("violations.2", "is no current violation of this order"),
        Fault("violations.3", "it was found by a change made later: say when and how the wearer had been told before"),
        Fault("violations", "one of them stands twice"),
    ]
    assert not any("W9" in one.cause for one in faults)


def test_each_that_nobody_has_assessed_is_told_by_place_kind_and_when() -> None:
    found = [(ONE, None), (TWO, UPHELD), (replace(THREE, kind=Kind.CURFEW), AssessmentDecision.DISPUTED)]
    _, faults = choice(found, Wish((Wanted("W1-3", 3), Wanted("W1-2", 2), Wanted("W1-1", 1))))
    when = format_instant(ONE.from_us)
    assert faults == [
        Fault("violations.0", f"it has not been assessed, or is disputed: curfew from {when}"),
        Fault("violations.2", f"it has not been assessed, or is disputed: {ONE.kind.value} from {when}"),
    ]
