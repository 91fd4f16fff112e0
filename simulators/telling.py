"""How the simulators' commands say what is wrong: one clear line each on standard error, and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Final

from domain.errors import BadInput, BailiwickError

DONE: Final = 0
FAILED: Final = 1
BAD_INPUT: Final = 2


def told(work: Callable[[], int], name: str, unread: int = FAILED) -> int:
    """What ``work`` gives; `BAD_INPUT` for bad files or usage, ``unread`` for a file that cannot be read or written.

    ``name`` stands for the file where the system names none.
    """
    try:
        return work()
    except BadInput as bad:
        print("\n".join(map(str, bad.faults)), file=sys.stderr)
        return BAD_INPUT
    except BailiwickError as bad:
        print(bad, file=sys.stderr)
        return BAD_INPUT
    except OSError as error:
        print(f"{error.filename or name}: {error.strerror or error}", file=sys.stderr)
        return unread
