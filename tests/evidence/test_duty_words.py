"""What is said to protected people: of every event in plain words, and never where somebody is."""

from __future__ import annotations

import pytest

from domain.vocabulary import DutyEvent, OrderKind
from evidence.duty_words import EVENTS, KINDS, what_to_say

ORDER = {
    "kind": "community",
    "from": "A",
    "to": "B",
    "review": None,
    "near": True,
    "zones": 1,
    "conditions": {"P1": "1"},
}
FACTS = {
    DutyEvent.STARTED: ORDER,
    DutyEvent.BAIL: ORDER | {"kind": "bail"},
    DutyEvent.VARIED: ORDER,
    DutyEvent.SUSPENDED: {"from": "A", "to": None, "custody": True, "at_times": False},
    DutyEvent.RESUMED: {"at": "A"},
    DutyEvent.RELEASED: {"at": "A"},
    DutyEvent.ENDED: {"at": "A"},
    DutyEvent.RECALLED: {"issued": "A"},
    DutyEvent.CORRECTED: {},
}


@pytest.mark.parametrize("event", list(DutyEvent))
def test_every_event_has_its_words(event: DutyEvent) -> None:
    said = what_to_say(event, FACTS[event], None, lambda text: f"<{text}>")
    assert len(said) >= 2
    assert all(one.endswith((".", "?")) for one in said)
    assert event in EVENTS
    assert set(KINDS) == set(OrderKind)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"to": "C"}, "As it stands it runs until <C>."),
        ({"to": None, "review": "R"}, "It has no end yet; it is looked at again by <R>."),
        ({"kind": "bail"}, "It is now bail, while a case against them is open."),
        ({"from": "F"}, "It begins on <F>."),
        ({"near": False}, "We are no longer warned when they come near you."),
        ({"zones": 2}, "The areas that they may not enter have changed."),
        ({"conditions": {"P1": "2"}}, "One of the conditions that protect you has changed."),
    ],
)
def test_a_variation_says_what_has_changed_against_what_they_were_told(changed: dict[str, object], says: str) -> None:
    said = what_to_say(DutyEvent.VARIED, ORDER | changed, ORDER, lambda text: f"<{text}>")
    assert says in " ".join(said)
    assert ("You were told <B>." in said) == ("to" in changed)
