"""What is to be acknowledged, in the order in which it came.

Live messages go ahead of long ones that came before them (`ingest.backlog`), and are committed before them. MQTT wants the
PUBACKs of a connection in the order of its PUBLISHes all the same (MQTT 5, 4.6), and a broker finds the oldest soonest:
so a read is acknowledged when all of it is committed, and all that was read before it on its connection.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from ingest.ports import Delivery


@dataclass(slots=True)
class Receipt:
    """One read of the socket; ``waiting`` counts the parts of it that are not committed yet."""

    connection: int
    packet_ids: list[int]
    waiting: int = 1


class Receipts:
    """Those of one connection, the oldest first: what another brought, the broker sends again."""

    def __init__(self) -> None:
        self._open: deque[Receipt] = deque()

    def take(self, delivery: Delivery) -> Receipt:
        """A read that has just come, as one part."""
        if self._open and self._open[-1].connection != delivery.connection:
            self._open.clear()
        receipt = Receipt(delivery.connection, delivery.packet_ids)
        self._open.append(receipt)
        return receipt

    def ready(self) -> list[tuple[int, list[int]]]:
        """(connection, packet ids) of the reads that may be acknowledged now, once each."""
        found = []
        while self._open and self._open[0].waiting == 0:
            receipt = self._open.popleft()
            found.append((receipt.connection, receipt.packet_ids))
        return found
