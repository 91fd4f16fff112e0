"""When a device is to say more often where it is: asked once, brought back once, never flapping."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.device_commands.intervals import (
    FAST_EXPIRES_US,
    FAST_KINDS,
    NEAR_LONGEST_US,
    NOTED_US,
    QUIET_US,
    RETRY_FIRST_US,
    RETURN_TRIES,
    Ask,
    Decided,
    Need,
    Needed,
    Pace,
    Usual,
    decide,
)
from domain.device_commands import CommandCause, CommandState
from domain.instants import HOUR_US, MINUTE_US, SECOND_US
from domain.vocabulary import Kind
from tests.store.made import NOON

MINUTE = Usual(60, 60)
ZONE = Needed(Need.VIOLATION, "W1-1")
NEAR = Needed(Need.NEAR, "C1")
LOOK_US = 15 * SECOND_US


@dataclass
class Device:
    """A device that the rule looks at, and answers every command as it is told to, by the next look."""

    usual: Usual = MINUTE
    answers: CommandState = CommandState.OK
    now_us: int = NOON
    pace: Pace | None = None
    asked: list[tuple[int, Ask]] = field(default_factory=list)

    def look(self, needed: Needed | None, after_us: int = LOOK_US) -> Decided:
        self.now_us += after_us
        if self.pace is not None and self.pace.command is CommandState.WAITING:
            self.pace = replace(self.pace, command=self.answers)
        decided = decide(self.pace, needed, self.usual, self.now_us)
        self.pace = decided.pace
        if decided.ask is not None:
            self.asked.append((self.now_us, decided.ask))
        return decided

    def looks(self, needed: Needed | None, for_us: int) -> None:
        until_us = self.now_us + for_us
        while self.now_us < until_us:
            self.look(needed)

    @property
    def interval_s(self) -> int:
        return self.asked[-1][1].interval_s if self.asked else self.usual.interval_s


def test_a_violation_shortens_at_once_and_its_end_brings_back_after_a_while() -> None:
    device = Device()
    first = device.look(ZONE).ask
    assert first == Ask(15, 15, CommandCause.VIOLATION, "W1-1", device.now_us + FAST_EXPIRES_US)
    device.looks(ZONE, 20 * MINUTE_US)
    assert len(device.asked) == 1
    over_us = device.now_us
    device.looks(None, 10 * MINUTE_US)
    (_, (back_us, back)) = device.asked
    assert (back.interval_s, back.upload_s, back.cause) == (60, 60, CommandCause.OVER)
    assert QUIET_US - NOTED_US - LOOK_US <= back_us - over_us <= QUIET_US + LOOK_US
    assert device.pace is None, "nothing is kept of a device that has its record's interval"


def test_what_comes_and_goes_within_the_quiet_asks_for_nothing() -> None:
    device = Device()
    for _ in range(10):
        device.looks(ZONE, MINUTE_US)
        device.looks(None, QUIET_US - NOTED_US - MINUTE_US)
    assert len(device.asked) == 1


def test_a_device_that_is_fast_by_its_record_is_left_alone() -> None:
    device = Device(Usual(10, 15))
    device.looks(ZONE, HOUR_US)
    assert device.asked == []
    upload_only = Device(Usual(10, 300))
    ask = upload_only.look(ZONE).ask
    assert ask is not None
    assert (ask.interval_s, ask.upload_s) == (10, 15), "what is shorter already stays"


@pytest.mark.parametrize(
    "answer", [CommandState.EXPIRED, CommandState.REFUSED, CommandState.UNDELIVERABLE, CommandState.SUPERSEDED]
)
def test_what_came_to_nothing_is_asked_again_less_and_less_often_while_it_is_needed(answer: CommandState) -> None:
    device = Device(answers=answer)
    device.looks(ZONE, 6 * HOUR_US)
    gaps = [later - earlier for (earlier, _), (later, _) in zip(device.asked, device.asked[1:], strict=False)]
    assert gaps == sorted(gaps)
    assert gaps[0] == RETRY_FIRST_US
    assert max(gaps) <= HOUR_US + LOOK_US
    assert 8 <= len(device.asked) <= 16


def test_a_device_that_never_takes_its_interval_back_is_given_up() -> None:
    device = Device()
    device.look(ZONE)
    device.look(ZONE)
    device.answers = CommandState.EXPIRED
    gave_up = 0
    for _ in range(10_000):
        gave_up += device.look(None, 10 * MINUTE_US).gave_up
    assert gave_up == 1
    assert device.pace is None
    assert len(device.asked) == 2 + RETURN_TRIES


def test_a_zone_that_stays_near_shortens_for_an_hour_and_again_only_when_it_was_left() -> None:
    device = Device()
    device.looks(NEAR, 12 * HOUR_US)
    (begun_us, fast), (back_us, back) = device.asked
    assert (fast.cause, fast.about) == (CommandCause.NEAR, "C1")
    assert back.cause is CommandCause.OVER
    assert NEAR_LONGEST_US <= back_us - begun_us <= NEAR_LONGEST_US + QUIET_US + LOOK_US
    device.looks(None, MINUTE_US)
    device.looks(NEAR, HOUR_US)
    assert len(device.asked) == 2, "a minute is not long enough to have left it"
    device.looks(None, QUIET_US + MINUTE_US)
    assert device.pace is None
    device.look(NEAR)
    assert len(device.asked) == 3


def test_a_violation_beside_a_zone_of_which_it_is_tired_shortens_all_the_same() -> None:
    device = Device()
    device.looks(NEAR, 3 * HOUR_US)
    assert device.interval_s == 60
    device.look(ZONE)
    assert device.interval_s == 15


def test_an_open_command_is_waited_for() -> None:
    decided = decide(None, ZONE, MINUTE, NOON)
    assert decided.pace is not None
    for state in (CommandState.WAITING, CommandState.LEASED, CommandState.SENT):
        again = decide(replace(decided.pace, command=state), ZONE, MINUTE, NOON + HOUR_US)
        assert again.ask is None


def test_the_kinds_are_those_in_which_a_place_matters() -> None:
    assert Kind.CURFEW not in FAST_KINDS
    assert Kind.BATTERY_CRITICAL not in FAST_KINDS
    assert {Kind.EXCLUSION_ZONE, Kind.PROXIMITY_PREALERT, Kind.STRAP_TAMPER} <= FAST_KINDS


NEEDS = st.sampled_from([None, ZONE, NEAR])
PACES = st.builds(
    Pace,
    st.booleans(),
    st.integers(NOON - HOUR_US, NOON),
    st.none() | st.integers(NOON - 2 * HOUR_US, NOON),
    st.integers(0, RETURN_TRIES),
    st.integers(NOON - HOUR_US, NOON + HOUR_US),
    st.none() | st.sampled_from(CommandState),
)
USUALS = st.builds(Usual, st.integers(1, 900), st.integers(1, 900))


@given(st.none() | PACES, NEEDS, USUALS)
def test_looking_twice_is_looking_once(pace: Pace | None, needed: Needed | None, usual: Usual) -> None:
    once = decide(pace, needed, usual, NOON)
    twice = decide(once.pace, needed, usual, NOON)
    if once.pace is None:
        assert twice.ask is None or needed is not None
    else:
        assert twice == replace(once, ask=None)


@given(st.lists(st.tuples(NEEDS, st.integers(1, 40)), max_size=30), st.sampled_from([CommandState.OK]))
def test_whatever_comes_it_is_short_while_a_violation_is_and_back_in_the_end(
    story: list[tuple[Needed | None, int]], answers: CommandState
) -> None:
    device = Device(answers=answers)
    changes = 0
    for needed, looks in story:
        for _ in range(looks):
            before = device.interval_s
            device.look(needed)
            changes += device.interval_s != before
            if needed == ZONE:
                assert device.interval_s == 15
    spent_us = device.now_us - NOON
    assert changes <= 2 * (spent_us // (QUIET_US - NOTED_US) + 1)
    device.looks(None, QUIET_US + 2 * LOOK_US)
    device.looks(None, QUIET_US)
    assert device.interval_s == 60
    assert device.pace is None
