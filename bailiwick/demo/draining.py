"""When everything that was sent is stored, or nothing more comes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

STALLED_S: Final = 15.0
"""Nothing more comes when two counts so far apart, or further, find as much, and none between them found anything else."""


async def drained(
    count: Callable[[], Awaitable[int]], sent: int, now_s: Callable[[], float], between: Callable[[], Awaitable[None]]
) -> bool:
    """Counts what is stored until it is ``sent``: True; False once nothing more comes.

    A count of tens of millions may itself take longer than `STALLED_S`, while more comes: what matters is what it finds.
    """
    stored, found_s = -1, now_s()
    while (now := await count()) < sent:
        if now != stored:
            stored, found_s = now, now_s()
        elif now_s() - found_s >= STALLED_S:
            return False
        await between()
    return True
