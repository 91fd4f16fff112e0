"""Lock-outs that double, and addresses that wait: with a clock of one's own, and bounded."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from access.accounts import IDLE_US, SESSION_US, idle_us, is_name
from access.attempts import FAILURE_EVERY_US, FAILURES_AT_ONCE, Addresses, lock_us
from domain.instants import DAY_US, MINUTE_US
from domain.vocabulary import Role


def test_locks_begin_with_the_fifth_and_double_to_a_day() -> None:
    assert [lock_us(number) // MINUTE_US for number in range(1, 14)] == [
        *(0, 0, 0, 0),
        *(15, 30, 60, 120, 240, 480, 960, 1440, 1440),
    ]
    assert lock_us(10**9) == DAY_US


def test_an_address_has_so_many_at_once_and_then_one_a_span() -> None:
    addresses = Addresses()
    for _ in range(FAILURES_AT_ONCE):
        assert addresses.wait_us("192.0.2.1", 0) == 0
        addresses.tries("192.0.2.1", 0)
    assert addresses.wait_us("192.0.2.1", 0) == FAILURE_EVERY_US
    assert addresses.wait_us("192.0.2.2", 0) == 0
    assert addresses.wait_us("192.0.2.1", FAILURE_EVERY_US - 1) == 1
    assert addresses.wait_us("192.0.2.1", FAILURE_EVERY_US) == 0
    addresses.tries("192.0.2.1", FAILURE_EVERY_US)
    assert addresses.wait_us("192.0.2.1", FAILURE_EVERY_US) == FAILURE_EVERY_US
    addresses.forgiven("192.0.2.1")
    assert addresses.wait_us("192.0.2.1", FAILURE_EVERY_US) == 0


def test_a_network_of_ipv6_is_one_address() -> None:
    addresses = Addresses()
    for number in range(FAILURES_AT_ONCE):
        addresses.tries(f"2001:db8::{number:x}", 0)
    assert addresses.wait_us("2001:db8::ffff", 0) > 0
    assert addresses.wait_us("2001:db8:0:1::1", 0) == 0
    for _ in range(FAILURES_AT_ONCE):
        addresses.tries("::ffff:192.0.2.1", 0)
    assert addresses.wait_us("192.0.2.1", 0) > 0


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 1_000_000)), max_size=80))
def test_memory_is_bounded_whatever_comes(tries: list[tuple[int, int]]) -> None:
    addresses = Addresses(most=10)
    for address, at_us in tries:
        addresses.tries(f"192.0.2.{address}", at_us)
        addresses.forgiven(f"198.51.100.{address}")
        assert len(addresses) <= 10


@given(st.lists(st.integers(0, 20 * FAILURE_EVERY_US), min_size=1, max_size=200))
def test_never_more_than_the_bucket_and_what_flows_in(gaps: list[int]) -> None:
    addresses, now_us, let_in = Addresses(), 0, 0
    for gap_us in gaps:
        now_us += gap_us
        if addresses.wait_us("x", now_us) == 0:
            addresses.tries("x", now_us)
            let_in += 1
    assert let_in <= FAILURES_AT_ONCE + now_us // FAILURE_EVERY_US + 1


def test_names_of_accounts_are_ids() -> None:
    assert all(map(is_name, ("ola", "o.lind", "j-smith_2", "a1")))
    wrong = ("o", "Ola", "o lind", "-ola", "nobody", "import", "key-abc", "o" * 65, "ola\n", "å.berg", "")
    assert not any(map(is_name, wrong))


def test_the_centre_watches_all_night() -> None:
    assert {role for role in Role if idle_us(role) == SESSION_US} == {
        Role.OPERATOR,
        Role.SUPERVISOR,
        Role.DUTY_MANAGER,
    }
    assert idle_us(Role.POLICE) == IDLE_US
