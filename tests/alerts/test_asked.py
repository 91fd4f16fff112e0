"""What operators were asked to do is not needed any more once its step would not be taken."""

from __future__ import annotations

import pytest

from alerts.asked import Stands, not_needed, place_of, time_of
from alerts.protocols import Flag
from alerts.shipped import shipped_protocols
from alerts.state import Answers, Plan
from domain.vocabulary import AlertCondition, AlertWork

PROTOCOLS = shipped_protocols()
PLAN = Plan(protocol="victim-unit-silent", version=1, run=2)
POLICE, SUPERVISOR, STILL_OPEN = 2, 4, 6
"""Places in it: stops at an answer, at a claim, at nothing."""


def stands(work: str = "raised", period: int = 1, answers: Answers | None = None) -> Stands:
    return Stands(AlertWork(work), AlertCondition.ACTIVE, period, PLAN, answers or Answers())


@pytest.mark.parametrize(
    ("key", "key_of_time", "run", "place", "period"),
    [
        ("2:3:0", "2:3:0", 2, 3, None),
        ("2:4.7:1", "2:4.7:1", 2, 4, 7),
        ("15:2:2:0:force:northshire:call", "2:2:0", 2, 2, None),
        ("15:2:4.1:3:5:6:7:call", "2:4.1:3", 2, 4, 1),
    ],
)
def test_a_key_tells_its_step(key: str, key_of_time: str, run: int, place: int, period: int | None) -> None:
    time = time_of(key)
    assert time is not None
    assert (time.key, time.run, time.place, time.period) == (key_of_time, run, place, period)


@pytest.mark.parametrize(
    "key", ["15:down:1:3:victim:V1:call", "15:cleared:99:3:force:a:call", "promise:3:operator", ""]
)
def test_what_no_step_asked_for_is_of_none(key: str) -> None:
    assert time_of(key) is None
    assert not_needed(key, stands("claimed"), PROTOCOLS) == ()


def test_a_call_that_stops_at_an_answer_is_needed_until_there_is_one() -> None:
    key = f"15:2:{POLICE}:0:force:a:call"
    assert not_needed(key, stands(), PROTOCOLS) == ()
    assert not_needed(key, stands(answers=Answers(victim=False)), PROTOCOLS) == ()
    assert not_needed(key, stands("claimed"), PROTOCOLS) == ()
    assert not_needed(key, stands(answers=Answers(victim=True)), PROTOCOLS) == (Flag.VICTIM_ANSWERED,)


def test_a_call_to_somebody_senior_is_needed_until_it_is_claimed_and_then_asked_for_anew() -> None:
    key = f"15:2:{SUPERVISOR}.1:0:pia:call"
    assert not_needed(key, stands(), PROTOCOLS) == ()
    assert not_needed(key, stands("claimed"), PROTOCOLS) == (Flag.CLAIMED,)
    assert not_needed(key, stands(period=2), PROTOCOLS) == (Flag.CLAIMED,)


def test_what_is_asked_whatever_happens_is_always_needed() -> None:
    everything = stands("actioned", answers=Answers(wearer=True, victim=True))
    assert not_needed(f"15:2:{STILL_OPEN}:0:dan:call", everything, PROTOCOLS) == ()


def test_an_earlier_run_and_a_protocol_that_is_not_known_take_nothing_off() -> None:
    key = f"15:1:{POLICE}:0:force:a:call"
    answered = stands(answers=Answers(victim=True))
    assert (not_needed(key, answered, PROTOCOLS), place_of(key, PLAN)) == ((), None)
    unknown = Stands(
        AlertWork.RAISED, AlertCondition.ACTIVE, 1, Plan(protocol="gone", version=9, run=2), Answers(victim=True)
    )
    assert not_needed(f"15:2:{POLICE}:0:force:a:call", unknown, PROTOCOLS) == ()
