"""The console: what is told there is a row that the store wrote with the decision, and the stream shows it. Nothing to send."""

from __future__ import annotations

from alerts.ports import Leased
from alerts.wording import Words


class ConsoleSender:
    """Takes everything: it is there already."""

    async def send(self, leased: Leased, body: Words) -> None:
        """See `alerts.channels.channel.Sender`."""

    async def aclose(self) -> None:
        """See `alerts.channels.channel.Sender`."""
