"""The real `Broker`: one persistent session, kept connected; each connection is a `session.Session`."""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import mqtt5
import structlog

from domain.errors import BadSetting
from ingest.clock import LineClock
from ingest.ports import SessionTaken
from ingest.session import MAX_PACKET_BYTES, RECEIVE_MAX, Deliver, Session

FILTERS = ("em/v1/+/+/up", "em/v1/+/+/lwt")
SESSION_EXPIRY_S = 7 * 24 * 3600
"""How long the broker keeps our queue while nobody of us is there."""
KEEP_ALIVE_S = 15
CONNECT_TIMEOUT_S = 10.0
BACKOFF_FIRST_S = 0.1
BACKOFF_LAST_S = 5.0
TAKEN = repr(mqtt5.DisconnectReasonCode.SESSION_TAKEN_OVER)

log = structlog.get_logger("ingest.broker")


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where the broker is and how to sign in there.

    ``ca``, ``certificate`` and ``key`` are paths of PEM files; used with `mqtts` only.
    """

    host: str
    port: int
    username: str | None = None
    password: str | None = None
    tls: bool = False
    ca: str | None = None
    certificate: str | None = None
    key: str | None = None

    @classmethod
    def parse(
        cls, url: str, *, ca: str | None = None, certificate: str | None = None, key: str | None = None
    ) -> BrokerAddress:
        """Read ``mqtt://user:password@host:port`` or ``mqtts://...``. Raises `BadSetting`."""
        parts = urlsplit(url)
        if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
            raise BadSetting("MQTT_URL: expected mqtt://host:port or mqtts://host:port")
        tls = parts.scheme == "mqtts"
        return cls(
            parts.hostname,
            parts.port or (8883 if tls else 1883),
            unquote(parts.username) if parts.username else None,
            unquote(parts.password) if parts.password else None,
            tls,
            ca,
            certificate,
            key,
        )

    def context(self) -> ssl.SSLContext | None:
        """The TLS context, None without TLS."""
        if not self.tls:
            return None
        context = ssl.create_default_context(cafile=self.ca)
        if self.certificate:
            context.load_cert_chain(self.certificate, self.key)
        return context


class MqttBroker:
    """Keeps one session connected and hands on what comes.

    ``at_most_once`` subscribes at QoS 0, for a broker that lets only a few messages go unacknowledged (the embedded one
    100): acknowledging after the commit would then limit it to some 1,500 messages a second. What is on its way when
    ingest dies is lost then; such a broker keeps its queues in memory only, and promises no more anyway.

    ``adapted`` are the filters of the adapters that are on, ``unwanted`` of those that are off: a session that outlived
    its process may still have them.
    """

    def __init__(
        self,
        address: BrokerAddress,
        client_id: str,
        clock: LineClock,
        *,
        at_most_once: bool = False,
        adapted: Sequence[str] = (),
        unwanted: Sequence[str] = (),
    ) -> None:
        self._address = address
        self._client_id = client_id
        self._clock = clock
        self._qos = mqtt5.QoS.AT_MOST_ONCE if at_most_once else mqtt5.QoS.AT_LEAST_ONCE
        self._adapted = adapted
        self._unwanted = unwanted
        self._session: Session | None = None
        self._numbers = 0
        self._held = False
        self._had_session = False
        self._sessions_lost = 0

    @property
    def connection(self) -> int:
        session = self._session
        return session.number if session and session.alive and session.ready.done() else 0

    @property
    def session_present(self) -> bool:
        return self._session is not None and self._session.session_present

    @property
    def sessions_lost(self) -> int:
        """What the broker queued for such a session is gone; it shows as holes in `seq`."""
        return self._sessions_lost

    @property
    def own_topic(self) -> str:
        """The shipped access list lets a client write to the topics under its client id."""
        return f"em/v1/centre/{self._client_id}/up"

    async def run(self, deliver: Deliver) -> None:
        """Connect, hand on deliveries, connect again; until cancelled. Raises `SessionTaken`."""
        backoff_s = BACKOFF_FIRST_S
        try:
            while True:
                why, was_ready = await self._one_connection(deliver)
                if TAKEN in why:
                    raise SessionTaken(why)
                backoff_s = BACKOFF_FIRST_S if was_ready else min(2 * backoff_s, BACKOFF_LAST_S)
                log.warning("not connected to the broker", why=why, retry_s=round(backoff_s, 2))
                await asyncio.sleep(backoff_s * random.uniform(0.5, 1.0))
        finally:
            if self._session:
                self._session.drop("ingest stops")

    def acknowledge(self, connection: int, packet_ids: Sequence[int]) -> None:
        if self._session and self._session.number == connection:
            self._session.acknowledge(packet_ids)

    def publish(self, topic: str, payload: bytes) -> None:
        if self._session:
            self._session.publish(topic, payload)

    def hold(self) -> None:
        self._held = True
        if self._session:
            self._session.hold()

    def release(self) -> None:
        self._held = False
        if self._session:
            self._session.release()

    async def leave(self, *, for_good: bool = False) -> None:
        """With ``for_good`` the broker forgets the session, and queues nothing for it any more."""
        session = self._session
        if session:
            session.leave(for_good=for_good)
            await session.closed

    async def _one_connection(self, deliver: Deliver) -> tuple[str, bool]:
        """Open a connection and see it to its end: (why it ended, whether it had been subscribed)."""
        self._numbers += 1
        filters = self._filters()
        session = Session(
            self._numbers, self._connect_packet(), filters, deliver, self._clock, len(FILTERS), self._unwanted
        )
        if self._held:
            session.hold()
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await loop.create_connection(
                    lambda: session, self._address.host, self._address.port, ssl=self._address.context()
                )
                self._session = session
                ends: set[asyncio.Future[Any]] = {session.ready, session.closed}
                await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        except (OSError, TimeoutError) as error:
            session.drop("the broker did not answer in time")
            return str(error) or "the broker did not answer in time", False
        if session.ready.done():
            self._begun(session)
        why = await session.closed
        if session.failure:
            raise session.failure
        return why, session.ready.done()

    def _begun(self, session: Session) -> None:
        log.info("connected to the broker", connection=session.number, session_present=session.session_present)
        if self._had_session and not session.session_present:
            self._sessions_lost += 1
            log.error("the broker has forgotten our session: what it had queued for us is lost")
        self._had_session = True

    def _filters(self) -> list[mqtt5.TopicFilter]:
        once, never = mqtt5.RetainHandling.SEND_IF_SUBSCRIPTION_NOT_EXISTS, mqtt5.RetainHandling.SEND_NEVER
        # Phones have the broker retain their last message. Sent again it would be contact with a phone that may be long gone.
        wanted = [(pattern, once) for pattern in FILTERS] + [(pattern, never) for pattern in self._adapted]
        return [mqtt5.TopicFilter(pattern, max_qos=self._qos, retain_handling=how) for pattern, how in wanted]

    def _connect_packet(self) -> mqtt5.ConnectPacket:
        password = self._address.password
        return mqtt5.ConnectPacket(
            self._client_id,
            username=self._address.username,
            password=None if password is None else password.encode(),
            clean_start=False,
            keep_alive=KEEP_ALIVE_S,
            session_expiry_interval=SESSION_EXPIRY_S,
            receive_max=RECEIVE_MAX,
            max_packet_size=MAX_PACKET_BYTES,
        )
