"""What an event's data says to the rules, as one number (domain/said.py, wire.md)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from domain.facts import Roster
from domain.feed_file import read_batches
from domain.records import Record
from domain.said import (
    NANO,
    NOTHING,
    CheckResult,
    check_said,
    nano_permille,
    place_key,
    reading_said,
    said_by_check,
    said_by_reading,
)
from domain.wire import Decoder

INT64_MAX = 2**63 - 1
SENT_MS = 1_793_646_000_000


def said_of(code: str, data: dict[str, Any] | None) -> int:
    """The column of a decoded event."""
    event = {"seq": 1, "t": SENT_MS, "code": code} | ({} if data is None else {"data": data})
    line = {
        "received": "2026-11-02T19:00:01Z",
        "device": "L1",
        "envelope": {"v": 1, "sent": SENT_MS, "events": [event]},
    }
    roster = Roster()
    roster.add("L1")

    def no_record(_: dict[str, Any]) -> Record:
        raise AssertionError("no record is learnt here")

    ((batch, _),) = list(read_batches([json.dumps(line)], Decoder(roster, {"L1"}), no_record))
    return int(batch.facts["said"][0])


@pytest.mark.parametrize("result", list(CheckResult))
@pytest.mark.parametrize("place", [None, "home", "", "Häuschen \udc80"])
def test_a_check_says_its_result_and_its_place(result: CheckResult, place: str | None) -> None:
    said = said_by_check(result.name.lower(), place)
    assert 0 < said <= INT64_MAX
    assert check_said(said) == (result, 0 if place is None else place_key(place))


def test_places_are_told_apart_and_are_the_same_in_every_process() -> None:
    assert place_key("home") == 0x14EC62DECE0B0952
    assert len({place_key(f"place {n}") for n in range(1000)}) == 1000


@pytest.mark.parametrize("permille", [0.0, 0.012, 0.5, 0.500000001, 1000.0])
def test_a_reading_says_its_value(permille: float) -> None:
    said = said_by_reading(permille)
    assert 0 < said <= INT64_MAX
    assert reading_said(said) == nano_permille(permille) == round(permille * NANO)


def test_what_says_nothing_is_nought() -> None:
    assert said_by_check(None, "home") == said_by_reading(None) == NOTHING
    assert check_said(NOTHING) is None
    assert reading_said(NOTHING) is None


def test_the_wire_fills_the_column() -> None:
    assert check_said(said_of("presence_check", {"result": "no_answer", "place": "home"})) == (
        CheckResult.NO_ANSWER,
        place_key("home"),
    )
    assert check_said(said_of("presence_check", {"result": "verified", "score": 0.9})) == (CheckResult.VERIFIED, 0)
    assert reading_said(said_of("alcohol_reading", {"tac_permille": 0.012})) == 12_000_000
    for code, data in [
        ("presence_check", None),
        ("presence_check", {"place": "home"}),
        ("alcohol_reading", None),
        ("alcohol_reading", {}),
        ("heartbeat", {"result": "verified"}),
        ("in_range", {"tac_permille": 0.5}),
    ]:
        assert said_of(code, data) == NOTHING
