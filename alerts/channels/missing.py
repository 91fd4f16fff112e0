"""The channel that the settings do not have: what is to go by it is refused, so that a platform alert tells of it at once."""

from __future__ import annotations

from dataclasses import dataclass

from alerts.channels.channel import Refused
from alerts.ports import Leased
from alerts.wording import Words


@dataclass(frozen=True, slots=True)
class MissingSender:
    """``setting`` is what would make the channel."""

    setting: str

    async def send(self, leased: Leased, body: Words) -> None:
        """See `alerts.channels.channel.Sender`."""
        raise Refused(f"the channel is not set up: {self.setting} is not set")

    async def aclose(self) -> None:
        """See `alerts.channels.channel.Sender`."""
