"""E-mails that are about no alert, such as a digest or the reference of a pack: one attempt, and when the next is due."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, NamedTuple, TypeVar

from alerts.channels.channel import NotTaken, TryAgain
from alerts.ports import Leased, Notification
from alerts.protocols import Target
from alerts.sending import Sends
from alerts.wording import Words
from domain.instants import HOUR_US, MINUTE_US
from domain.vocabulary import Channel, Severity, ToldReason

EVERY_S: Final = 60.0
AT_ONCE: Final = 50
"""Leased at a time."""
TOGETHER: Final = 16
"""Sent at a time: of 50 the last is tried within four of the 15 s that a server is given, and so within the lease of 2 minutes."""
MOST_ATTEMPTS: Final = 8
RETRY_US: Final = (MINUTE_US, 5 * MINUTE_US, 15 * MINUTE_US, HOUR_US)
"""After the first attempts; the last for all that follow."""


Row = TypeVar("Row")


class NotSent(NamedTuple):
    """The channel did not take it, and why; to be tried again at ``next_us``, None: given up."""

    why: str
    next_us: int | None


async def each(rows: Iterable[Row], send: Callable[[Row], Awaitable[None]]) -> None:
    """Sends all that was leased, `TOGETHER` at a time: behind a slow server one by one would outlast the lease and go out twice."""
    gate = asyncio.Semaphore(TOGETHER)

    async def one_of(row: Row) -> None:
        async with gate:
            await send(row)

    await asyncio.gather(*map(one_of, rows))


async def attempt(sender: Sends, letter: Leased, words: Words, now_us: int) -> NotSent | None:
    """One attempt to send a letter; None when the channel took it."""
    try:
        await sender.send(letter, words)
    except NotTaken as error:
        tries = isinstance(error, TryAgain) and letter.attempt < MOST_ATTEMPTS
        wait_us = RETRY_US[min(letter.attempt, len(RETRY_US)) - 1]
        return NotSent(error.why, now_us + wait_us if tries else None)
    return None


def letter(what: str, no: int, address: str, attempt: int, now_us: int) -> Leased:
    """As the channel takes it: ``what`` and ``no`` make two attempts one message to whoever looks."""
    note = Notification(
        id=f"{what}:{no}",
        alert_no=0,
        target=Target.OFFICER,
        recipient=address,
        channel=Channel.EMAIL,
        address=address,
        text=what,
        language="en",
        urgency=Severity.INFORMATION,
        reason=ToldReason.FIRST,
    )
    return Leased(no, note, attempt, {"at_us": now_us})
