"""SMS through the HTTP gateway of any provider (`alerts.channels.sms_gateway`)."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable
from typing import Final

import httpcore2

from alerts.channels.channel import Refused, public_id
from alerts.channels.http_sending import TOTAL_S, HttpSending
from alerts.channels.sms_gateway import Gateway
from alerts.ports import Leased
from alerts.wording import Words

LONGEST_TEXT: Final = 1_530
"""Characters that ten parts hold; nothing longer is written by us."""
_NUMBER = re.compile(r"\+?[0-9]{5,20}")


class SmsSender:
    """Sends to the number that is the notification's address."""

    def __init__(
        self,
        gateway: Gateway,
        now_us: Callable[[], int],
        *,
        tls: ssl.SSLContext | None = None,
        total_s: float = TOTAL_S,
    ) -> None:
        self._gateway = gateway
        self._http = HttpSending(httpcore2.AnyIOBackend(), now_us, tls=tls, total_s=total_s)

    async def send(self, leased: Leased, body: Words) -> None:
        """See `alerts.channels.channel.Sender`."""
        to = re.sub(r"[ ()./-]", "", leased.notification.address)
        if not _NUMBER.fullmatch(to):
            raise Refused("the address is not a telephone number")
        if len(body.short) > LONGEST_TEXT:
            raise Refused(f"the text has {len(body.short)} characters; at most {LONGEST_TEXT} are sent")
        values = {"to": to, "text": body.short, "id": public_id(leased.notification.id)}
        gateway = self._gateway
        await self._http.send(gateway.method, gateway.address(values), gateway.headers, gateway.content(values))

    async def aclose(self) -> None:
        """See `alerts.channels.channel.Sender`."""
        await self._http.aclose()
