"""MQTT: the event of `alerts.channels.events` on ``em/v1/alerts/{area}``, at QoS 1 over one connection that is kept.

The broker's acknowledgement says more than that it came: one that nobody is subscribed to is tried again, for the broker
keeps it for nobody; one that this sign-in may not publish is refused.
"""

from __future__ import annotations

import asyncio
import re
from typing import Final

from alerts.channels.channel import Refused, TryAgain
from alerts.channels.events import event
from alerts.ports import Leased
from alerts.publishing import ERRORS_FROM, FOR_EVER, NOBODY, AlertBroker, BrokerAway, Publisher
from alerts.wording import Words

TOPIC: Final = "em/v1/alerts/{area}"
QUEUE_S: Final = 5.0
"""How long a notification waits for those before it; publishing goes one by one."""
_AREA = re.compile(r"[A-Za-z0-9_.:-]{1,64}")


class MqttSender:
    """Publishes to the area that is the notification's address."""

    def __init__(self, broker: AlertBroker, console: str) -> None:
        self._publisher = Publisher(broker)
        self._console = console
        self._turn = asyncio.Lock()

    async def send(self, leased: Leased, body: Words) -> None:
        """See `alerts.channels.channel.Sender`."""
        area = leased.notification.address
        if not _AREA.fullmatch(area):
            raise Refused("the address is not the id of an area")
        content = event(leased, body, self._console)
        try:
            async with asyncio.timeout(QUEUE_S):
                await self._turn.acquire()
        except TimeoutError:
            raise TryAgain(None, f"no turn within {QUEUE_S:g} s") from None
        try:
            code = await self._publisher.publish(TOPIC.format(area=area), content)
        except BrokerAway as error:
            raise TryAgain(None, f"{type(error).__name__}: the broker is away or did not answer") from None
        finally:
            self._turn.release()
        _judge(code)

    async def aclose(self) -> None:
        """See `alerts.channels.channel.Sender`."""
        await self._publisher.aclose()


def _judge(code: int) -> None:
    if code == NOBODY:
        raise TryAgain(None, "the broker took it, but nobody is subscribed to alerts of this area")
    if code in FOR_EVER:
        raise Refused(f"the broker refused it with reason code 0x{code:02x}")
    if code >= ERRORS_FROM:
        raise TryAgain(None, f"the broker did not take it: reason code 0x{code:02x}")
