"""How commands say what is wrong: one clear line each on standard error, and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from domain.errors import BadInput, BailiwickError

DONE: Final = 0
FAILED: Final = 1
BAD_INPUT: Final = 2
MOST_TOLD: Final = 20
"""Faults of one file; more are counted: a file that is another's is wrong in every line."""


class Unreachable(BailiwickError):
    """What a command needs does not answer; nothing is wrong with what was asked for."""


class OutputLost(BailiwickError):
    """What was printed has not come out."""


def told(work: Callable[[], int], name: str, unread: int = FAILED) -> int:
    """What ``work`` gives; `BAD_INPUT` for bad files or usage, ``unread`` for a file that cannot be read or written.

    ``name`` stands for the file where the system names none. What went wrong within task groups is told as by itself.
    """
    try:
        return _done(work)
    except BadInput as bad:
        for line in first_of(list(map(str, bad.faults))):
            print(line, file=sys.stderr)
        return BAD_INPUT
    except (Unreachable, OutputLost) as away:
        print(away, file=sys.stderr)
        return FAILED
    except BailiwickError as bad:
        print(bad, file=sys.stderr)
        return BAD_INPUT
    except OSError as error:
        if isinstance(error, BrokenPipeError) and error.filename is None:
            raise
        print(f"{error.filename or name}: {error.strerror or error}", file=sys.stderr)
        return unread


def _done(work: Callable[[], int]) -> int:
    try:
        return work()
    except BaseExceptionGroup as several:
        raise alone(several) from None


def alone(several: BaseExceptionGroup) -> BaseException:
    """The one that is in it, however deep; itself where there are more."""
    found: BaseException = several
    while isinstance(found, BaseExceptionGroup) and len(found.exceptions) == 1:
        found = found.exceptions[0]
    return found


def first_of(lines: list[str]) -> list[str]:
    """The first `MOST_TOLD`, and how many more there are."""
    more = len(lines) - MOST_TOLD
    return lines if more <= 0 else [*lines[:MOST_TOLD], f"... and {more:,d} more"]


@contextmanager
def printing() -> Iterator[None]:
    """What is printed within has come out afterwards, or nothing more is tried, on the way out neither.

    Raises `OutputLost`, and `BrokenPipeError` where whoever read it has gone.
    """
    try:
        yield
        if sys.__stdout__ is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        if error.filename is not None:
            raise
        if sys.__stdout__ is not None:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno())
        raise OutputLost(f"standard output: {error.strerror or error}") from None
