"""What waits to be judged, gathered into batches; and how much may wait before nothing more is read.

A batch closes when it is full, or when it is old enough and the judge is idle. So under light load batches are small
and quick, and under heavy load they grow while the one before is judged, up to full. What is live goes ahead of a backlog
(`ingest.backlog`).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from domain.commits import AlertChange, DeadLetter
from domain.records import Version
from domain.wire import Message
from ingest.backlog import ASIDE_BYTES, AT_LEAST_BYTES, IN_A_BATCH_BYTES, Backlog, long_bytes
from ingest.ports import Delivery
from ingest.receipts import Receipt, Receipts
from ingest.session import READ_FULL_BYTES

BATCH_MESSAGES = 4_000
"""A batch of so many messages is full; the delivery that fills it goes in whole."""
BATCH_BYTES = 8 * 1024 * 1024
"""A batch with so many bytes of packets is full."""
BATCH_AGE_S = 0.1
"""A batch closes at this age when nothing before it is being judged."""
HELD_MESSAGES = 24_000
"""With so many messages received and not yet committed, nothing more is read; below half, reading goes on."""
HELD_BYTES = 64 * 1024 * 1024
"""The same in bytes of packets: what bounds the memory, whatever the messages are."""
READ_ON_S = 1.0
"""For so long at most, full reads are followed before the next batch is judged: what is live may stand behind a backlog."""
READ_ON_PAUSE_S = 0.002


@dataclass(slots=True)
class OpenBatch:
    """Lines that wait, in their order: learnt records, then replayed dead letters, then messages with ticks between.

    Attributes
    ----------
    receipts : the reads that parts of it came with, one a part.
    ticks : (index in ``messages`` before which it stands, instant).
    learnt : (record_no, version), with the instant of its line as ``learnt_us``.
    replays : (dead_letter_no, dead letter), lines at ``replayed_us``.
    alerts : platform alerts to be written with the batch.
    committed : set when the batch is committed and acknowledged.
    long_bytes : of its long messages.
    opened_s : loop time of the first line.
    """

    opened_s: float
    messages: list[Message] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    ticks: list[tuple[int, int]] = field(default_factory=list)
    learnt: list[tuple[int, Version]] = field(default_factory=list)
    replays: list[tuple[int, DeadLetter]] = field(default_factory=list)
    replayed_us: int = 0
    alerts: list[AlertChange] = field(default_factory=list)
    size_bytes: int = 0
    long_bytes: int = 0
    received: int = 0
    committed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def full(self) -> bool:
        return len(self.messages) >= BATCH_MESSAGES or self.size_bytes >= BATCH_BYTES


class Gatherer:
    """Takes what comes and gives batches; tells its owner to hold and release the socket.

    Parameters
    ----------
    hold, release : called when too much waits, and when little enough does.
    stamp : the instant of what is received now.
    """

    def __init__(self, hold: Callable[[], None], release: Callable[[], None], stamp: Callable[[], int]) -> None:
        self._hold = hold
        self._release = release
        self._stamp = stamp
        self._loop = asyncio.get_running_loop()
        self._open: OpenBatch | None = None
        self._closed: deque[OpenBatch] = deque()
        self._in_work: deque[OpenBatch] = deque()
        self._changed = asyncio.Event()
        self._flushing = False
        self._backlog = Backlog()
        self._receipts = Receipts()
        self._read_full = False
        self.held = False
        self.held_messages = 0
        self.held_bytes = 0

    # --- in ---

    @property
    def behind(self) -> bool:
        """Whether messages wait aside: what has come is not all taken, and no tick can stand behind it."""
        return len(self._backlog) > 0

    @property
    def aside(self) -> int:
        """How many messages wait aside."""
        return len(self._backlog)

    def add(self, delivery: Delivery, ticks: Sequence[tuple[int, int]] = ()) -> None:
        """A delivery, with ``ticks`` as (index in its messages before which it stands, instant)."""
        receipt = self._receipts.take(delivery)
        messages, size_bytes, aside_bytes = delivery.messages, delivery.size_bytes, self._backlog.size_bytes
        self._read_full |= size_bytes >= READ_FULL_BYTES
        if self._backlog.pressing and not ticks:
            messages = self._backlog.put(messages, delivery.packet_ids, receipt)
            size_bytes -= self._backlog.size_bytes - aside_bytes
        batch = self._batch()
        offset = len(batch.messages)
        batch.ticks += [(offset + before, at_us) for before, at_us in ticks]
        batch.messages += messages
        batch.receipts.append(receipt)
        self._count(batch, len(delivery.packet_ids) - (receipt.waiting - 1), size_bytes, long_bytes(messages))
        if batch.full:
            self._close()
        if not self.held and self._too_much(1):
            self.held = True
            self._hold()

    def learn(
        self, records: Sequence[tuple[int, Version]], replays: Sequence[tuple[int, DeadLetter]], at_us: int
    ) -> OpenBatch:
        """Records learnt at ``at_us``, and dead letters to take again: the first lines of a new batch.

        Of a new one, so that what they make known is known to every message behind them.
        """
        self._close()
        batch = self._batch()
        batch.learnt += records
        batch.replays += replays
        batch.replayed_us = at_us
        batch.opened_s -= BATCH_AGE_S  # nothing to wait for
        self._changed.set()
        return batch

    def alert(self, change: AlertChange) -> None:
        """A platform alert, to be written with the next commit."""
        self._batch().alerts.append(change)

    # --- out ---

    async def next(self) -> OpenBatch:
        """The next batch, as soon as it is full or old enough."""
        self._go_on()
        while not self._closed:
            self._changed.clear()
            left_s = None
            if self._open is not None:
                left_s = self._open.opened_s + BATCH_AGE_S - self._loop.time()
                if left_s <= 0 or self._flushing:
                    self._close()
                    break
            try:
                async with asyncio.timeout(left_s):
                    await self._changed.wait()
            except TimeoutError:
                continue
            self._go_on()
        batch = self._closed.popleft()
        self._in_work.append(batch)
        return batch

    def done(self, batch: OpenBatch) -> list[tuple[int, list[int]]]:
        """A batch that `next` gave is committed: (connection, packet ids) that may be acknowledged now."""
        self._in_work.remove(batch)
        batch.committed.set()
        for receipt in batch.receipts:
            receipt.waiting -= 1
        self._count(batch, -batch.received, -batch.size_bytes, -batch.long_bytes)
        if self.held and not self._too_much(2):
            self.held = False
            self._release()
        if self._backlog:
            self._changed.set()
        return self._receipts.ready()

    async def read_on(self) -> None:
        """Let the socket be read: in a backlog for as long as that brings much, but not for ever."""
        await asyncio.sleep(0)
        until_s = self._loop.time() + READ_ON_S
        while self._backlog.pressing and self._read_full and not self.held and self._loop.time() < until_s:
            self._read_full = False
            await asyncio.sleep(READ_ON_PAUSE_S)

    def oldest_wait_s(self) -> float:
        """How long the oldest line that is not committed has waited, 0 when none is."""
        for waiting in (self._in_work, self._closed):
            if waiting:
                return self._loop.time() - waiting[0].opened_s
        return self._loop.time() - self._open.opened_s if self._open else 0.0

    @property
    def empty(self) -> bool:
        return not (self._in_work or self._closed or self._open or self._backlog)

    def flush(self) -> None:
        """From now on close what is open at once: the end is near. What waits aside comes again to whoever follows."""
        self._flushing = True
        self._backlog.leave()
        self._changed.set()

    def _go_on(self) -> None:
        """Some of what waits aside, behind what is live and has come by now."""
        share = AT_LEAST_BYTES if self._closed else IN_A_BATCH_BYTES
        going = list(self._backlog.go_on(share, self._stamp())) if self._backlog else []
        if not going:
            return
        batch = self._batch()
        batch.messages += [message for message, _ in going]
        batch.receipts += [receipt for _, receipt in going]
        size_bytes = sum(len(message[1]) for message, _ in going)
        self._count(batch, len(going), size_bytes, size_bytes)
        batch.opened_s = min(batch.opened_s, self._loop.time() - BATCH_AGE_S)  # it has waited

    def _count(self, batch: OpenBatch, messages: int, size_bytes: int, long: int) -> None:
        batch.received += messages
        batch.size_bytes += size_bytes
        batch.long_bytes += long
        self.held_messages += messages
        self.held_bytes += size_bytes
        self._backlog.on_their_way += long

    def _too_much(self, divisor: int) -> bool:
        """Whether so much waits that nothing more is to be read; for 2, whether still half of it does."""
        return (
            self.held_messages >= HELD_MESSAGES // divisor
            or self.held_bytes >= HELD_BYTES // divisor
            or self._backlog.size_bytes >= ASIDE_BYTES // divisor
        )

    def _batch(self) -> OpenBatch:
        if self._open is None:
            self._open = OpenBatch(self._loop.time())
            self._changed.set()
        return self._open

    def _close(self) -> None:
        if self._open is not None:
            self._closed.append(self._open)
            self._open = None
            self._changed.set()
