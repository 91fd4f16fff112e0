"""People on a floor, with a desk of one queue: breaks, shifts, one thing at a time, and what Erlang worked out."""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Iterable
from itertools import pairwise
from random import Random

import pytest

from domain.instants import DAY_US, FAR_US, HOUR_US, MINUTE_US, SECOND_US
from domain.vocabulary import Role
from simulators.operators import BREAKS, SHIFT_US, Doing, Floor, Shift, Span, Spread, always, shifts

MONDAY = 20_000 * DAY_US


class Counter:
    """A desk of one queue, first come, first served. ``work``: (when, how long) of each, in order."""

    def __init__(self, work: Iterable[tuple[int, int]]) -> None:
        self.coming, self.waiting = deque(work), deque[tuple[int, int]]()
        self.waited_us: list[int] = []
        self.left: list[tuple[str, int]] = []
        self.hands: set[str] = set()

    def next_us(self) -> int:
        return self.coming[0][0] if self.coming else FAR_US

    def happen(self, now_us: int) -> Iterable[str]:
        while self.coming and self.coming[0][0] <= now_us:
            self.waiting.append(self.coming.popleft())
        return ()

    def waits(self, role: Role) -> bool:
        return bool(self.waiting)

    def take(self, person: str, role: Role, now_us: int) -> int | None:
        if not self.waiting:
            return None
        assert person not in self.hands
        self.hands.add(person)
        came_us, lasts_us = self.waiting.popleft()
        self.waited_us.append(now_us - came_us)
        return lasts_us

    def done(self, person: str, now_us: int) -> int | None:
        self.hands.remove(person)
        return None

    def leave(self, person: str, now_us: int) -> None:
        assert person not in self.hands
        self.left.append((person, now_us))


def poisson(seed: int, mean_us: float, takes_us: float, until_us: int) -> list[tuple[int, int]]:
    """Who comes at random, and takes at random."""
    rng, at_us, found = Random(seed), float(MONDAY), []
    while (at_us := at_us + rng.expovariate(1 / mean_us)) < until_us:
        found.append((int(at_us), round(rng.expovariate(1 / takes_us))))
    return found


def waits_by_erlang(servers: int, load: float) -> float:
    """Erlang C: the share that has to wait, with ``load`` of them busy in the mean."""
    busy = 1.0
    for k in range(1, servers + 1):
        busy = load * busy / (k + load * busy)
    return busy / (1 - load / servers * (1 - busy))


def waits_one_by_one(work: Iterable[tuple[int, int]], servers: int) -> list[int]:
    """The slow twin: each goes to whoever is free first."""
    free, waited = [0] * servers, []
    for came_us, lasts_us in work:
        begins_us = max(came_us, heapq.heappop(free))
        waited.append(begins_us - came_us)
        heapq.heappush(free, begins_us + lasts_us)
    return waited


@pytest.mark.slow
@pytest.mark.parametrize(("servers", "load"), [(1, 0.6), (5, 3.5), (20, 15.0)])
def test_people_without_breaks_are_the_queue_that_erlang_reckoned(servers: int, load: float) -> None:
    takes_us, seeds = 3.0 * MINUTE_US, range(1, 7)
    print("seeds", list(seeds))
    waited: list[int] = []
    until_us = MONDAY + round(4_000 * takes_us / load)
    for seed in seeds:
        work = poisson(seed, takes_us / load, takes_us, until_us)
        desk = Counter(work)
        Floor(desk, always(Role.OPERATOR, servers, MONDAY, FAR_US)).run(until_us)
        assert desk.waited_us == waits_one_by_one(work, servers)[: len(desk.waited_us)]
        assert len(desk.waited_us) + len(desk.waiting) == len(work)
        waited += desk.waited_us
    share = waits_by_erlang(servers, load)
    # Waits that follow each other are alike: means of so many still differ by a sixth from seed to seed.
    assert sum(one > 0 for one in waited) / len(waited) == pytest.approx(share, rel=0.2)
    assert sum(waited) / len(waited) == pytest.approx(share * takes_us / (servers - load), rel=0.4)
    longer = sum(one > takes_us / 2 for one in waited) / len(waited)
    assert longer == pytest.approx(share * math.exp(-(servers - load) / 2), abs=0.04)


@pytest.fixture(scope="module")
def busy() -> tuple[Floor, list[Shift], Counter]:
    """A day and a half of ten operators with nearly too much to do."""
    to_us = MONDAY + 36 * HOUR_US
    rota = shifts(10, MONDAY, to_us)
    desk = Counter(poisson(3, 0.65 * MINUTE_US, 5.0 * MINUTE_US, to_us))
    floor = Floor(desk, rota, kept=True)
    floor.run(to_us)
    return floor, rota, desk


def spans_of(floor: Floor, person: str) -> list[Span]:
    return [span for span in floor.spans if span.person == person]


def test_so_many_operators_are_on_shift_at_every_instant() -> None:
    rota = shifts(13, MONDAY, MONDAY + 2 * DAY_US)
    for at_us in range(MONDAY, MONDAY + 2 * DAY_US, 7 * MINUTE_US):
        assert sum(shift.from_us <= at_us < shift.to_us for shift in rota) == 13
    assert len({shift.person for shift in rota}) == len(rota)


@pytest.mark.slow
def test_never_is_more_than_a_quarter_of_them_on_a_break_by_plan() -> None:
    rota = shifts(32, MONDAY, MONDAY + DAY_US)
    for at_us in range(MONDAY, MONDAY + DAY_US, MINUTE_US):
        resting = sum(one <= at_us < one + lasts for shift in rota for one, lasts in shift.breaks)
        assert resting <= 8


def test_every_break_is_kept_in_full_and_begins_when_the_hands_are_empty(
    busy: tuple[Floor, list[Shift], Counter],
) -> None:
    floor, rota, _ = busy
    whole = [shift for shift in rota if shift.from_us >= MONDAY and shift.to_us + HOUR_US < MONDAY + 36 * HOUR_US]
    assert len(whole) > 20
    for shift in whole:
        resting = [span for span in spans_of(floor, shift.person) if span.doing is Doing.BREAK]
        assert [span.to_us - span.from_us for span in resting] == [lasts_us for _, lasts_us in BREAKS]
        assert all(span.from_us >= due_us for span, (due_us, _) in zip(resting, shift.breaks, strict=True))
        assert sum(span.to_us - span.from_us for span in resting) == HOUR_US


def test_nobody_has_two_things_in_hand_nor_is_in_two_places(busy: tuple[Floor, list[Shift], Counter]) -> None:
    floor, rota, desk = busy
    assert len(desk.waited_us) > 1_000
    for shift in rota:
        mine = spans_of(floor, shift.person)
        assert all(one.to_us == two.from_us for one, two in pairwise(mine))
        assert all(one.from_us >= shift.from_us for one in mine)


def test_whoever_goes_home_does_so_with_empty_hands_and_takes_nothing_more(
    busy: tuple[Floor, list[Shift], Counter],
) -> None:
    _, rota, desk = busy
    ends = {shift.person: shift.to_us for shift in rota}
    assert len(desk.left) > 20
    assert all(ends[person] <= at_us < ends[person] + HOUR_US for person, at_us in desk.left)
    assert all(shift.to_us - shift.from_us == SHIFT_US for shift in rota)


def test_the_hours_add_up_to_the_spans(busy: tuple[Floor, list[Shift], Counter]) -> None:
    floor, _, _ = busy
    for doing in (Doing.FREE, Doing.BUSY, Doing.BREAK):
        of_spans = sum(span.to_us - span.from_us for span in floor.spans if span.doing is doing)
        assert sum(us for (_, _, what), us in floor.hours.items() if what is doing) == of_spans


def test_whoever_is_free_longest_is_asked_first() -> None:
    desk = Counter([(MONDAY + k * MINUTE_US, 30 * SECOND_US) for k in range(1, 7)])
    floor = Floor(desk, always(Role.OPERATOR, 3, MONDAY, FAR_US), kept=True)
    floor.run(MONDAY + HOUR_US)
    served = [span.person for span in floor.spans if span.doing is Doing.BUSY]
    assert served == ["operator0", "operator1", "operator2"] * 2


def test_a_length_has_the_median_and_the_mean_that_it_says() -> None:
    seed = 11
    print("seed", seed)
    rng, spread = Random(seed), Spread(60.0, 0.6)
    drawn = sorted(spread.draw_us(rng) / SECOND_US for _ in range(20_000))
    assert drawn[10_000] == pytest.approx(60.0, rel=0.03)
    assert sum(drawn) / 20_000 == pytest.approx(spread.mean_s, rel=0.03)
