"""Which holes are asked for: old ones, newest first, so often and no more, and never again when they are filled."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from alerts.device_commands.holes import (
    MOST_HOLES,
    OLD_US,
    OPEN_AT_ONCE,
    TRIES,
    WAIT_FIRST_US,
    WAIT_LAST_US,
    Hole,
    Known,
    Sorted,
    resend_args,
    sort_out,
    unasked,
    without,
)
from domain.device_commands import MOST_RESENT, CommandState
from domain.instants import HOUR_US, MINUTE_US
from store.ranges import merge
from tests.store.made import NOON

LOOK_US = MINUTE_US


@dataclass
class Centre:
    """Looks once a minute; a command that was made ends as ``answers`` says before the next look."""

    worn: set[int] = field(default_factory=lambda: {1})
    answers: CommandState = CommandState.OK
    now_us: int = NOON
    known: tuple[Known, ...] = ()
    asked: list[tuple[int, Hole]] = field(default_factory=list)
    filled: list[Hole] = field(default_factory=list)
    given_up: list[Hole] = field(default_factory=list)

    def look(self, *found: Hole, after_us: int = LOOK_US) -> Sorted:
        self.now_us += after_us
        known = [
            replace(one, command=self.answers) if one.command is CommandState.WAITING else one for one in self.known
        ]
        now = sort_out(known, found, self.worn, self.now_us)
        self.known = now.kept
        self.asked += [(self.now_us, hole) for hole in now.asked]
        self.filled += now.filled
        self.given_up += now.given_up
        return now


def hole(low: int, high: int | None = None, device: int = 1, gen: int = 0) -> Hole:
    return Hole(device, gen, low, low if high is None else high)


def test_a_hole_is_asked_for_when_it_is_ten_minutes_old() -> None:
    centre = Centre()
    for _ in range(11):
        centre.look(hole(5))
    ((at_us, asked),) = centre.asked
    assert asked == hole(5)
    assert at_us == NOON + LOOK_US + OLD_US
    assert resend_args(asked) == {"gen": 0, "from": 5, "to": 5}


def test_what_was_only_late_is_never_asked_for() -> None:
    centre = Centre()
    for _ in range(9):
        centre.look(hole(5))
    centre.look()
    assert (centre.asked, centre.filled, centre.known) == ([], [hole(5)], ())


def test_the_newest_goes_first_and_so_many_of_a_device_at_once() -> None:
    centre = Centre(answers=CommandState.SENT)
    many = [hole(n) for n in range(10, 50, 10)] + [hole(3, gen=1)]
    centre.look(*many)
    now = centre.look(*many, after_us=OLD_US)
    assert now.asked == (hole(3, gen=1), hole(40))
    assert len(now.asked) == OPEN_AT_ONCE
    assert centre.look(*many).asked == (), "these are still open"


def test_it_is_asked_for_so_often_with_longer_and_longer_waits_and_then_given_up() -> None:
    centre = Centre(answers=CommandState.EXPIRED)
    for _ in range(4_000):
        centre.look(hole(5))
    waits = [later - earlier for (earlier, _), (later, _) in zip(centre.asked, centre.asked[1:], strict=False)]
    assert waits == [min(WAIT_FIRST_US << n, WAIT_LAST_US) for n in range(TRIES - 1)]
    assert centre.given_up == [hole(5)]
    centre.look()
    assert centre.filled == [hole(5)], "it may still come by itself"


def test_a_device_that_has_it_no_more_is_not_asked_again() -> None:
    centre = Centre(answers=CommandState.REFUSED)
    for _ in range(100):
        centre.look(hole(5))
    assert (len(centre.asked), centre.given_up) == (1, [hole(5)])


def test_what_is_filled_in_part_goes_on_with_its_tries() -> None:
    centre = Centre(answers=CommandState.EXPIRED)
    for _ in range(100):
        centre.look(hole(10, 99))
    tries = centre.known[0].tries
    assert tries >= 3
    now = centre.look(hole(10, 19), hole(60, 99))
    assert {one.tries for one in now.kept} == {tries}
    assert now.filled == ()
    centre.look(hole(60, 99))
    assert centre.filled == [hole(10, 19)]


def test_a_device_that_nobody_wears_is_not_asked() -> None:
    centre = Centre(worn=set())
    for _ in range(60):
        centre.look(hole(5))
    assert centre.asked == []


def test_what_newer_holes_push_off_the_list_is_not_filled() -> None:
    centre = Centre()
    centre.look(hole(2))
    newer = [hole(100 + 2 * n) for n in range(MOST_HOLES)]
    assert centre.look(*newer).filled == ()


def test_of_a_large_hole_the_newest_part_is_asked_for() -> None:
    assert resend_args(hole(1, 20_000, gen=7)) == {"gen": 7, "from": 20_001 - MOST_RESENT, "to": 20_000}


def test_one_that_could_not_be_asked_for_after_all_counts_no_try() -> None:
    centre = Centre()
    centre.look(hole(5))
    (one,) = centre.look(hole(5), after_us=OLD_US).kept
    assert (one.tries, unasked(one).tries, unasked(one).command) == (1, 0, None)


def test_what_was_received_lately_is_taken_out() -> None:
    received = np.array([[1, 0, 1, 3], [1, 0, 12, 14], [1, 0, 19, 30], [1, 1, 1, 99], [2, 0, 1, 99]])
    assert without([hole(10, 20), hole(40, 41)], received) == [hole(10, 11), hole(15, 18), hole(40, 41)]
    assert without([hole(12, 13)], received) == []
    assert without([hole(5)], np.zeros((0, 4), np.int64)) == [hole(5)]


@given(
    st.lists(st.tuples(st.integers(1, 30), st.integers(0, 6)), max_size=8),
    st.lists(st.tuples(st.integers(1, 30), st.integers(0, 9)), max_size=8),
)
def test_taking_out_is_taking_away_numbers(some: list[tuple[int, int]], came: list[tuple[int, int]]) -> None:
    found = apart([hole(low, low + size) for low, size in some])
    ranges = np.array([[1, 0, low, low + size] for low, size in came], np.int64).reshape(-1, 4)
    left = {seq for one in without(found, merge(ranges)) for seq in range(one.low, one.high + 1)}
    missing = {seq for one in found for seq in range(one.low, one.high + 1)}
    assert left == missing - {seq for low, size in came for seq in range(low, low + size + 1)}


HOLES = st.builds(
    lambda device, gen, low, size: Hole(device, gen, low, low + size),
    st.integers(1, 3), st.integers(0, 1), st.integers(1, 60), st.integers(0, 9),
)  # fmt: skip


def apart(many: list[Hole]) -> list[Hole]:
    """Of holes that overlap the first; as ranges that were received leave them."""
    taken: dict[tuple[int, int], set[int]] = defaultdict(set)
    found = []
    for one in many:
        seqs = set(range(one.low - 1, one.high + 2))
        if not seqs & taken[one.device_no, one.gen]:
            taken[one.device_no, one.gen] |= seqs
            found.append(one)
    return found


@given(st.lists(st.lists(HOLES, max_size=12), max_size=12), st.integers(1, 4))
def test_whatever_comes_the_bounds_hold_and_looking_twice_is_looking_once(story: list[list[Hole]], worn: int) -> None:
    centre = Centre(worn=set(range(1, worn)), answers=CommandState.SENT)
    for some in story:
        found = apart(some)
        now = centre.look(*found, after_us=HOUR_US)
        assert {one.hole for one in now.kept} == set(found)
        assert set(now.filled).isdisjoint(found)
        again = sort_out(now.kept, found, centre.worn, centre.now_us)
        assert again == Sorted(now.kept, (), (), ())
        is_open = Counter(one.hole.device_no for one in now.kept if one.command is not None)
        assert all(one.device_no in centre.worn for one in now.asked)
        asked = Counter(one.device_no for one in now.asked)
        assert all(number <= OPEN_AT_ONCE for number in asked.values())
        assert all(one.tries <= TRIES for one in now.kept)
        assert sum(is_open.values()) >= len(now.asked)
