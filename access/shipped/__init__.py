"""The data that ships with access, beside the code that reads it: common_words.txt, the words that are guessed first."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import Final

FILE: Final = "common_words.txt"


@lru_cache(maxsize=1)
def common_words() -> frozenset[str]:
    """The words, in lower case."""
    lines = files(__name__).joinpath(FILE).read_text(encoding="utf-8").splitlines()
    return frozenset(line.strip() for line in lines if line.strip() and not line.startswith("#"))
