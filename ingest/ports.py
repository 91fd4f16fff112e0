"""What ingest needs of others, as small protocols of its own; `service` and the composition root hand in the real ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(slots=True)
class Delivery:
    """The messages that one read of the socket brought, in the broker's order.

    ``packet_ids`` are valid on connection number ``connection`` only; 0 needs no acknowledgement.
    """

    connection: int
    instant_us: int
    topics: list[str]
    payloads: list[bytes]
    packet_ids: list[int]
    size_bytes: int


class Broker(Protocol):
    """A persistent MQTT session that acknowledges when told."""

    @property
    def connection(self) -> int:
        """Number of the connection that stands and is subscribed; 0 when none does."""

    @property
    def session_present(self) -> bool:
        """Whether the broker still had our session when this connection began."""

    async def run(self, deliver: Callable[[Delivery], None]) -> None:
        """Keep connected until cancelled. Raises `SessionTaken` when another took our client id."""

    def acknowledge(self, connection: int, packet_ids: Sequence[int]) -> None:
        """Acknowledge, all in one write. Ids of a connection that is over are left to the broker to send again."""

    def publish(self, topic: str, payload: bytes) -> None:
        """Publish at QoS 1, one message on its way at a time; nothing when not connected."""

    def hold(self) -> None:
        """Take nothing more from the socket until `release`."""

    def release(self) -> None: ...

    async def leave(self) -> None:
        """Disconnect cleanly; the session stays."""


class SessionTaken(Exception):
    """Another connection took our client id: somebody else is at work."""
