"""When a notification is tried again, and when it is given up (alerts.md: back off up to a limit)."""

from __future__ import annotations

import pytest

from alerts.retrying import ATTEMPTS, LONGEST_US, next_try_us
from domain.instants import MINUTE_US, SECOND_US
from tests.alerts.world import START_US

NEARLY_ONE = 1.0 - 2.0**-53


@pytest.mark.parametrize(("attempt", "longest_s"), [(1, 1), (2, 2), (3, 4), (7, 64), (8, 120), (9, 120)])
def test_the_wait_doubles_up_to_its_longest_and_is_by_chance(attempt: int, longest_s: int) -> None:
    def wait_s(chance: float) -> float:
        next_us = next_try_us(attempt, START_US, START_US, chance)
        assert next_us is not None
        return (next_us - START_US) / SECOND_US

    assert (wait_s(0.0), wait_s(0.5), wait_s(NEARLY_ONE)) == (0.0, longest_s / 2, longest_s)


def test_the_last_attempt_is_not_followed_by_another() -> None:
    assert next_try_us(ATTEMPTS - 1, START_US, START_US, 0.0) is not None
    assert next_try_us(ATTEMPTS, START_US, START_US, 0.0) is None


def test_a_provider_may_ask_for_patience() -> None:
    assert next_try_us(1, START_US, START_US, 0.5, retry_after_s=90.0) == START_US + 90 * SECOND_US
    assert next_try_us(8, START_US, START_US, NEARLY_ONE, retry_after_s=3.0) == START_US + 120 * SECOND_US


def test_but_not_for_so_much_that_nobody_is_told_by_another_way() -> None:
    assert next_try_us(1, START_US, START_US, 0.5, retry_after_s=LONGEST_US / SECOND_US) == START_US + LONGEST_US
    assert next_try_us(1, START_US, START_US, 0.5, retry_after_s=LONGEST_US / SECOND_US + 1) is None
    assert next_try_us(2, START_US, START_US + 16 * MINUTE_US, 0.0) is None


@pytest.mark.parametrize(("attempt", "chance"), [(0, 0.5), (1, 1.0), (1, -0.1)])
def test_what_is_no_attempt_or_no_chance_is_a_mistake_of_ours(attempt: int, chance: float) -> None:
    with pytest.raises(AssertionError):
        next_try_us(attempt, START_US, START_US, chance)
