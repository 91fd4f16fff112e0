"""Webhooks: a CloudEvents body, signed as Standard Webhooks says, with one key or, while keys are changed, two.

The receiver checks the signature with the key it has, and knows a repetition by `webhook-id`.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import httpcore2
from standardwebhooks import Webhook

from alerts.channels.channel import Refused, public_id
from alerts.channels.events import CONTENT_TYPE, event
from alerts.channels.guarded_network import GuardedNetwork, Resolver
from alerts.channels.http_sending import TOTAL_S, HttpSending
from alerts.channels.targets import BadTarget, Rules
from alerts.channels.webhook_keys import MOST_KEYS, check_key
from alerts.ports import Leased
from alerts.wording import Words
from domain.instants import SECOND_US


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

    async def send(self, leased: Leased, body: Words) -> None:
        """See `alerts.channels.channel.Sender`."""
        try:
            target = self._rules.check(leased.notification.address)
        except BadTarget as error:
            raise Refused(f"the webhook's address {error}") from error
        content = event(leased, body, self._console)
        await self._http.send("POST", target.url, self._headers(leased, content), content)

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
