"""What a password must be (NIST SP 800-63B-4, OWASP ASVS 5.0 6.2): long, and nothing that is guessed first. Pure.

There are no rules of composition. What is guessed first is told by a short list of words that ships beside this
(`access.shipped`): a password that is nothing but such words, digits and signs, in any spelling with digits for letters, is
refused, and so is one that names its account or the service, repeats a few characters, or follows the keyboard.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from typing import Final

SHORTEST: Final = 12
"""Characters."""
LONGEST: Final = 128
"""Characters; a passphrase fits, and hashing it stays cheap."""
FEWEST_DIFFERENT: Final = 5
"""Different characters."""
LEAST_LEFT: Final = 4
"""Letters that must be left of a password without the words that are guessed first."""
LONGEST_RUN: Final = 6
"""Characters that follow the keyboard or the alphabet before it is only that."""

_RUNS: Final = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiop",
    "azertyuiop",
)
_LEET: Final = str.maketrans("@40135$7!", "aaoiessti")
_LETTERS: Final = re.compile(r"[^\W\d_]")


def normalised(password: str) -> str:
    """As it is measured and hashed: the same on every keyboard (Unicode NFKC)."""
    return unicodedata.normalize("NFKC", password)


def wrong_with(password: str, name: str, words: Collection[str]) -> str | None:
    """Why a password may not be taken, in words; None: it may. ``name`` is the account's, ``words`` are guessed first."""
    text = normalised(password)
    if len(text) < SHORTEST:
        return f"must have {SHORTEST} characters or more"
    if len(text) > LONGEST:
        return f"must have {LONGEST} characters or fewer"
    folded = text.casefold()
    if len(set(folded)) < FEWEST_DIFFERENT:
        return "repeats a few characters: use several words"
    if name.casefold() in folded:
        return "must not hold the account's name"
    if _follows_a_run(folded) or _only_of(folded, words):
        return "is among those that are guessed first: use several words of your own"
    return None


def _follows_a_run(text: str) -> bool:
    """Whether less than `LEAST_LEFT` characters are left without pieces of the keyboard or the alphabet."""
    left = text
    for run in (*_RUNS, *(run[::-1] for run in _RUNS)):
        for length in range(len(run), LONGEST_RUN - 3, -1):
            for start in range(len(run) - length + 1):
                left = left.replace(run[start : start + length], "")
    return len(left) < LEAST_LEFT


def _only_of(text: str, words: Collection[str]) -> bool:
    """Whether less than `LEAST_LEFT` letters are left without the words, as written or with digits for letters."""
    known = sorted(words, key=len, reverse=True)
    return any(_letters_left(spelt, known) < LEAST_LEFT for spelt in (text, text.translate(_LEET)))


def _letters_left(text: str, words: Collection[str]) -> int:
    for word in words:
        text = text.replace(word, " ")
    return len(_LETTERS.findall(text))
