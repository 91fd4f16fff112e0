"""What gave out, from what was seen once a second."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from simulators.loading.limits import Bounds, Gave, Look, limits_of, recovered_s
from simulators.loading.meter import MOST_KEPT, Series
from simulators.loading.plans import Step

STEP = Step("ramp 2", 30.0, 60.0, 1000.0, 100)


def looks(waiting: Callable[[int], int] = lambda _: 5, **more: Sequence[float | None]) -> list[Look]:
    """Thirty seconds of the step."""
    found = []
    for n in range(31):
        look = Look(30.0 + n, 1000 * n, 1000 * n - waiting(n), waiting(n), 100, 100, 0, 0)
        found.append(replace(look, **{name: values[n] for name, values in more.items()}))
    return found


def gave(seen: list[Look], step: Step = STEP, delay: float | None = 0.01, late: float | None = 0.0) -> list[Gave]:
    return [limit.what for limit in limits_of(step, seen, delay, late, Bounds())]


def test_what_is_taken_as_fast_as_it_comes_meets_no_limit() -> None:
    assert gave(looks()) == []


def test_what_rises_without_end_gave_out() -> None:
    assert gave(looks(lambda n: 100 * n)) == [Gave.UNACKNOWLEDGED]
    (limit,) = limits_of(STEP, looks(lambda n: 100 * n), 0.01, 0.0, Bounds())
    assert (limit.step, limit.rate_hz, limit.devices) == ("ramp 2", 1000.0, 100)
    assert limit.how == "what is sent and not acknowledged rises by 100 a second, to 3,000"


@pytest.mark.parametrize(
    "waiting",
    [
        pytest.param(lambda n: 5000, id="much waits and stays as much"),
        pytest.param(lambda n: 5000 - 150 * n, id="falls"),
        pytest.param(lambda n: 3000 if n < 5 else 10, id="a heap at the beginning"),
        pytest.param(lambda n: 15 * n, id="rises a little"),
        pytest.param(lambda n: 30 * n, id="rises, and is under a second's worth"),
    ],
)
def test_what_does_not_rise_without_end_is_none(waiting: Callable[[int], int]) -> None:
    assert gave(looks(waiting)) == []


def test_the_centre_gives_out_while_the_broker_takes_everything() -> None:
    assert gave(looks(behind=[200.0 * n for n in range(31)])) == [Gave.CENTRE]
    assert gave(looks(behind=[None] * 31)) == []


def test_delay_and_the_generators_own_lateness() -> None:
    assert gave(looks(), delay=1.5) == [Gave.DELAY]
    assert gave(looks(), delay=1.5, late=0.4) == [Gave.GENERATOR, Gave.DELAY]
    assert gave(looks(), delay=None, late=None) == []


def test_connections_and_full_memories() -> None:
    assert gave(looks(lost=[0] * 10 + [3] * 21)) == [Gave.CONNECTIONS]
    assert gave(looks(lost=[3] * 31)) == []
    assert gave(looks(connected=[100] * 30 + [99])) == [Gave.CONNECTIONS]
    assert gave(looks(connected=[0] * 20 + [100] * 11)) == []
    assert gave(looks(dropped=[0] * 30 + [8])) == [Gave.DROPPED]


def test_a_burst_may_grow_and_must_be_recovered_from() -> None:
    burst, after = replace(STEP, may_grow=True), replace(STEP, may_grow=True, recovers=True)
    assert gave(looks(lambda n: 100 * n), burst, delay=9.0) == []
    assert gave(looks(lambda n: 3000), after) == [Gave.RECOVERY]
    falls = looks(lambda n: max(0, 3000 - 200 * n))
    assert gave(falls, after) == []
    assert recovered_s(after, falls, Bounds()) == 10.0
    assert recovered_s(after, looks(lambda n: 3000), Bounds()) is None


def test_a_series_keeps_a_thousand_and_its_slope() -> None:
    series = Series()
    for second in range(20_000):
        series.add(float(second), 100.0 + second / 3600)
    assert MOST_KEPT / 2 <= len(series.seen) <= MOST_KEPT
    assert series.rise_an_hour(5000.0) == pytest.approx(1.0)
    assert series.rise_an_hour(19_900.0) is None
