"""What a password must be: long, and nothing that is guessed first. No rules of composition."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.passwords import LONGEST, SHORTEST, normalised, wrong_with
from access.shipped import common_words

WORDS = common_words()


@pytest.mark.parametrize(
    "password",
    [
        "seven stray umbrellas",
        "a quiet lake at noon",
        "correct horse battery staple",
        "k7mqp-x3vdn-r4tzw-b9chj",
        "ŵyn a gwenyn yn y gwanwyn",
        "зонт под дождём вечером",
        "my red kite flies over Hythe",
        "x" + "7Q!z#" * 3,
    ],
)
def test_long_ones_of_ones_own_are_taken(password: str) -> None:
    assert wrong_with(password, "ola", WORDS) is None


@pytest.mark.parametrize(
    ("password", "cause"),
    [
        ("short", "must have 12 characters or more"),
        ("elevenchars", "must have 12 characters or more"),
        ("x" * 60 + "yz" * 35, "must have 128 characters or fewer"),
        ("aaaaaaaaaaaaaa", "repeats a few characters"),
        ("abababababab12", "repeats a few characters"),
        ("the ola kingdom", "must not hold the account's name"),
        ("THE OLA KINGDOM", "must not hold the account's name"),
        ("password12345", "guessed first"),
        ("P4ssw0rd!2026", "guessed first"),
        ("passwordpassword", "guessed first"),
        ("Welcome2026!!", "guessed first"),
        ("iloveyou-forever", "guessed first"),
        ("Bailiwick-2026-Admin", "guessed first"),
        ("qwertyuiop12", "guessed first"),
        ("123456789012", "guessed first"),
        ("asdfghjkl1234", "guessed first"),
        ("poiuytrewq09", "guessed first"),
        ("Liverpool-Summer-1", "guessed first"),
    ],
)
def test_what_is_guessed_first_is_refused(password: str, cause: str) -> None:
    found = wrong_with(password, "ola", WORDS)
    assert found is not None
    assert cause in found


def test_bounds_are_exact() -> None:
    letters = "kzvbnwtrjqxgpfmdhsyl"
    assert wrong_with(letters[: SHORTEST - 1], "ola", WORDS) is not None
    assert wrong_with(letters[:SHORTEST], "ola", WORDS) is None
    assert wrong_with((letters * 7)[:LONGEST], "ola", WORDS) is None
    assert wrong_with((letters * 7)[: LONGEST + 1], "ola", WORDS) is not None


def test_the_same_on_every_keyboard() -> None:
    composed, apart = "caf\u00e9 au lait noir", "cafe\u0301 au lait noir"
    assert composed != apart
    assert normalised(composed) == normalised(apart)


@given(st.lists(st.sampled_from(sorted(WORDS)), min_size=1, max_size=4), st.integers(0, 99_999))
def test_common_words_with_a_number_are_never_taken(words: list[str], number: int) -> None:
    assert wrong_with(f"{'-'.join(words)}{number}", "nobody", WORDS) is not None


@given(st.text(max_size=200))
def test_whatever_is_typed_is_judged(password: str) -> None:
    found = wrong_with(password, "ola", WORDS)
    if not SHORTEST <= len(normalised(password)) <= LONGEST:
        assert found is not None


def test_the_list_is_as_its_head_says() -> None:
    assert all(word == word.strip().lower() and word for word in WORDS)
    assert {"password", "bailiwick", "qwerty"} <= WORDS
