"""The port of every channel, and the two ways in which a far end does not take a notification.

::

    NotTaken
    ├── TryAgain              it may be taken later
    └── Refused               it will never be taken like this
"""

from __future__ import annotations

import hashlib
from typing import Final, Protocol

from alerts.ports import Leased
from alerts.wording import Words
from domain.errors import BailiwickError

LONGEST_WHY: Final = 200
"""Characters of a reason."""


class NotTaken(BailiwickError):
    """``why`` is one line without personal data: no address, no text of the far end's that may repeat one."""

    def __init__(self, why: str) -> None:
        self.why = " ".join(why.split())[:LONGEST_WHY]
        super().__init__(self.why)


class TryAgain(NotTaken):
    """It may be taken later: not before ``after_s`` seconds from now where the far end said so, else None."""

    def __init__(self, after_s: float | None, why: str) -> None:
        super().__init__(why)
        self.after_s = after_s


class Refused(NotTaken):
    """It will never be taken like this; trying again is of no use."""


class Sender(Protocol):
    """One channel. It may be used by several tasks at once."""

    async def send(self, leased: Leased, body: Words) -> None:
        """Returns when the far end took it; raises `TryAgain` or `Refused`. It ends within a minute, whatever happens.

        It may be called again with the same notification: the far end is given the same id each time.
        """

    async def aclose(self) -> None:
        """Ends the connections that are kept."""


def public_id(idempotency_id: str) -> str:
    """The idempotency id as far ends are given it, the same at each attempt: a digest, since ours says who is told, and as what."""
    return hashlib.sha256(idempotency_id.encode()).hexdigest()[:40]
