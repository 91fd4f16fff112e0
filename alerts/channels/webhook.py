"""Webhooks: a CloudEvents body, signed as Standard Webhooks says, with one key or, while keys are changed, two.

The receiver checks the signature with the key it has, and knows a repetition by `webhook-id`.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final
from weakref import WeakValueDictionary

import httpcore2
from standardwebhooks import Webhook

from alerts.channels.channel import Refused, TryAgain, public_id
from alerts.channels.events import CONTENT_TYPE, event
from alerts.channels.guarded_network import GuardedNetwork, Resolver
from alerts.channels.http_sending import TOTAL_S, HttpSending
from alerts.channels.targets import BadTarget, Rules, Target
from alerts.channels.webhook_keys import MOST_KEYS, check_key
from alerts.ports import Leased
from alerts.wording import Words
from domain.instants import SECOND_US

HOST_AT_ONCE: Final = 8
TURN_S: Final = 2.0
"""Requests to one host at once, and how long one waits for its turn."""


class WebhookSender:
    """Sends to the URL that is the notification's address.

    ``keys`` are one or two; both sign while a key is changed, so that a receiver may still have the old one.
    """

    def __init__(
        self,
        keys: Sequence[str],
        rules: Rules,
        console: str,
        now_us: Callable[[], int],
        *,
        tls: ssl.SSLContext | None = None,
        resolver: Resolver | None = None,
        inner: httpcore2.AsyncNetworkBackend | None = None,
        total_s: float = TOTAL_S,
        turn_s: float = TURN_S,
    ) -> None:
        assert 1 <= len(keys) <= MOST_KEYS
        for key in keys:
            check_key(key)
        self._keys = [Webhook(key) for key in keys]
        self._rules = rules
        self._console = console
        self._now_us = now_us
        self._network = GuardedNetwork(rules, resolver, inner)
        self._http = HttpSending(self._network, now_us, tls=tls, total_s=total_s)
        self._turn_s = turn_s
        self._turns: WeakValueDictionary[tuple[str, int], asyncio.Semaphore] = WeakValueDictionary()

    async def send(self, leased: Leased, body: Words) -> None:
        """See `alerts.channels.channel.Sender`."""
        try:
            target = self._rules.check(leased.notification.address)
        except BadTarget as error:
            raise Refused(f"the webhook's address {error}") from error
        content = event(leased, body, self._console)
        async with self._turn(target):
            await self._http.send("POST", target.url, self._headers(leased, content), content)

    @asynccontextmanager
    async def _turn(self, target: Target) -> AsyncIterator[None]:
        """So that a host that hangs does not take every sender from the others. Raises `TryAgain`."""
        place = (target.host, target.port)
        turns = self._turns.setdefault(place, asyncio.Semaphore(HOST_AT_ONCE))
        try:
            async with asyncio.timeout(self._turn_s):
                await turns.acquire()
        except TimeoutError:
            raise TryAgain(None, f"{HOST_AT_ONCE} others wait for an answer of {target.host}") from None
        try:
            yield
        finally:
            turns.release()

    def _headers(self, leased: Leased, content: bytes) -> dict[str, str]:
        """The signature is of this attempt: receivers refuse what is older than some minutes."""
        number = public_id(leased.notification.id)
        second = self._now_us() // SECOND_US
        at, text = datetime.fromtimestamp(second, UTC), content.decode()
        return {
            "content-type": CONTENT_TYPE,
            "user-agent": "Bailiwick",
            "webhook-id": number,
            "webhook-timestamp": str(second),
            "webhook-signature": " ".join(key.sign(number, at, text) for key in self._keys),
        }

    async def aclose(self) -> None:
        """See `alerts.channels.channel.Sender`."""
        await self._http.aclose()
        self._network.close()
