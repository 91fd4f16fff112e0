"""What sending commands asks of the store and of the broker: ports owned here, kept by `store.device_commands` and `alerts.publishing`."""

from __future__ import annotations

from typing import Protocol

from store.device_commands import Ended, LeasedCommand


class SendingStore(Protocol):
    """The sender's side of `store.device_commands.DeviceCommands`."""

    async def lease(self, now_us: int, until_us: int, limit: int) -> list[LeasedCommand]: ...

    async def sent(self, no: int, at_us: int) -> None: ...

    async def try_later(self, no: int, why: str, next_us: int) -> None: ...

    async def undeliverable(self, no: int, why: str, at_us: int) -> bool: ...

    async def expire(self, now_us: int) -> list[Ended]: ...

    async def next_us(self) -> int | None: ...


class Publishes(Protocol):
    """Publishing at QoS 1; gives the reason code, raises `alerts.publishing.BrokerAway`."""

    async def publish(self, topic: str, content: bytes, expires_s: int | None = None) -> int: ...
