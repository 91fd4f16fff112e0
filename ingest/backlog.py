"""Long messages wait aside while what is live goes ahead (decision 0204).

A device that was out of touch sends hundreds of items a message; one that is live, a few. When many come back at once, a
broker has all of it in one queue, and what is live stands behind it. So once enough long messages are on their way through
the judgement, those that follow wait here, read and not yet received: their instant is given when they go on. What waits
here is to the rules what waits at the broker: nothing of it has come, and there is no tick before it is through.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final

from domain.wire import Message
from ingest.receipts import Receipt

LONG_BYTES: Final = 4 * 1024
"""A message from here on is long: some forty items."""
ON_THEIR_WAY_BYTES: Final = 3 * 1024 * 1024
"""Of long messages, from the open batch to its commit; with more than that, they wait aside."""
IN_A_BATCH_BYTES: Final = 1024 * 1024
"""Of long messages that waited, how much goes on at a time: a tenth of a second's judging."""
AT_LEAST_BYTES: Final = 64 * 1024
"""The same while live ones wait for more than the next batch."""
ASIDE_BYTES: Final = 256 * 1024 * 1024
"""With so much aside, nothing more is read; below half, reading goes on."""


class Backlog:
    """What waits aside, in the order in which it came, and how much is on its way.

    Attributes
    ----------
    messages, size_bytes : of what waits aside.
    on_their_way : bytes of long messages that wait for their commit.
    """

    def __init__(self) -> None:
        self._aside: deque[tuple[Message, Receipt, int]] = deque()
        self.size_bytes = 0
        self.on_their_way = 0

    def __len__(self) -> int:
        return len(self._aside)

    @property
    def pressing(self) -> bool:
        """Whether a long message that comes now is to wait."""
        return bool(self._aside) or self.on_their_way >= ON_THEIR_WAY_BYTES

    def put(self, messages: Sequence[Message], packet_ids: Sequence[int], receipt: Receipt) -> list[Message]:
        """Take the long ones of a read; gives those that go on."""
        if len(packet_ids) != len(messages):
            return list(messages)  # a marker was among them, and stands behind what came before it
        short = []
        for message, packet_id in zip(messages, packet_ids, strict=True):
            if len(message[1]) < LONG_BYTES:
                short.append(message)
            else:
                self._aside.append((message, receipt, packet_id))
                self.size_bytes += len(message[1])
                receipt.waiting += 1
        return short

    def go_on(self, most_bytes: int, instant_us: int) -> Iterator[tuple[Message, Receipt]]:
        """As many as may: no longer aside, received at ``instant_us``."""
        left = min(most_bytes, ON_THEIR_WAY_BYTES - self.on_their_way)
        while self._aside and left > 0:
            (topic, payload, _), receipt, _ = self._aside.popleft()
            self.size_bytes -= len(payload)
            left -= len(payload)
            yield (topic, payload, instant_us), receipt

    def leave(self) -> None:
        """Forget what the broker will send again: what is to be acknowledged, and never will be by us."""
        kept = [one for one in self._aside if not one[2]]
        self._aside = deque(kept)
        self.size_bytes = sum(len(message[1]) for message, _, _ in kept)


def long_bytes(messages: Sequence[Message]) -> int:
    """Bytes of the long ones among messages."""
    sizes = (len(message[1]) for message in messages)
    return sum(size for size in sizes if size >= LONG_BYTES)
