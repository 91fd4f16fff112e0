"""What waits to be judged, gathered into batches; and how much may wait before nothing more is read.

A batch closes when it is full, or when it is old enough and the judge is idle. So under light load batches are small
and quick, and under heavy load they grow while the one before is judged, up to full.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from domain.commits import AlertChange, DeadLetter
from domain.records import Version
from domain.wire import Message
from ingest.ports import Delivery

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


@dataclass(slots=True)
class OpenBatch:
    """Lines that wait, in their order: learnt records, then replayed dead letters, then messages with ticks between.

    Attributes
    ----------
    acks : (connection, packet ids) to acknowledge after the commit.
    ticks : (index in ``messages`` before which it stands, instant).
    learnt : (record_no, version), with the instant of its line as ``learnt_us``.
    replays : (dead_letter_no, dead letter), lines at ``replayed_us``.
    alerts : platform alerts to be written with the batch.
    committed : set when the batch is committed and acknowledged.
    opened_s : loop time of the first line.
    """

    opened_s: float
    messages: list[Message] = field(default_factory=list)
    acks: list[tuple[int, list[int]]] = field(default_factory=list)
    ticks: list[tuple[int, int]] = field(default_factory=list)
    learnt: list[tuple[int, Version]] = field(default_factory=list)
    replays: list[tuple[int, DeadLetter]] = field(default_factory=list)
    replayed_us: int = 0
    alerts: list[AlertChange] = field(default_factory=list)
    size_bytes: int = 0
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
    """

    def __init__(self, hold: Callable[[], None], release: Callable[[], None]) -> None:
        self._hold = hold
        self._release = release
        self._loop = asyncio.get_running_loop()
        self._open: OpenBatch | None = None
        self._closed: deque[OpenBatch] = deque()
        self._in_work: deque[OpenBatch] = deque()
        self._changed = asyncio.Event()
        self._flushing = False
        self.held = False
        self.held_messages = 0
        self.held_bytes = 0

    # --- in ---

    def add(self, delivery: Delivery, ticks: Sequence[tuple[int, int]] = ()) -> None:
        """A delivery, with ``ticks`` as (index in its messages before which it stands, instant)."""
        batch = self._batch()
        offset = len(batch.messages)
        batch.ticks += [(offset + before, at_us) for before, at_us in ticks]
        batch.messages += delivery.messages
        batch.acks.append((delivery.connection, delivery.packet_ids))
        batch.received += len(delivery.packet_ids)
        batch.size_bytes += delivery.size_bytes
        self.held_messages += len(delivery.packet_ids)
        self.held_bytes += delivery.size_bytes
        if batch.full:
            self._close()
        if not self.held and (self.held_messages >= HELD_MESSAGES or self.held_bytes >= HELD_BYTES):
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
        batch = self._closed.popleft()
        self._in_work.append(batch)
        return batch

    def done(self, batch: OpenBatch) -> None:
        """A batch that `next` gave is committed and acknowledged."""
        self._in_work.remove(batch)
        batch.committed.set()
        self.held_messages -= batch.received
        self.held_bytes -= batch.size_bytes
        if self.held and self.held_messages < HELD_MESSAGES // 2 and self.held_bytes < HELD_BYTES // 2:
            self.held = False
            self._release()

    def oldest_wait_s(self) -> float:
        """How long the oldest line that is not committed has waited, 0 when none is."""
        for waiting in (self._in_work, self._closed):
            if waiting:
                return self._loop.time() - waiting[0].opened_s
        return self._loop.time() - self._open.opened_s if self._open else 0.0

    @property
    def empty(self) -> bool:
        return not (self._in_work or self._closed or self._open)

    def flush(self) -> None:
        """From now on close what is open at once: the end is near."""
        self._flushing = True
        self._changed.set()

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
