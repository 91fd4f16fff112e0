"""A real SMTP server on loopback for the tests of e-mail: it takes, refuses for now or for ever, hangs, and asks for TLS."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.alerts.far_ends import LOOPBACK


@dataclass(frozen=True)
class Received:
    """One message as it was handed in."""

    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage
    over_tls: bool
    signed_in: bool
    session: int

    @property
    def text(self) -> str:
        """Of the body, with plain line ends, as it is on the reader's screen."""
        return str(self.message.get_content()).replace("\r\n", "\n")


@dataclass
class MailFarEnd:
    """What it answers to a recipient and to the message; ``hangs`` at ``RCPT`` or ``DATA``."""

    port: int = 0
    to_rcpt: str = "250 OK"
    to_data: str = "250 OK"
    hangs: str | None = None
    password: bytes = b"right"
    received: list[Received] = field(default_factory=list)
    attempts: int = 0
    sessions: list[Session] = field(default_factory=list)
    speakers: list[SMTP] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, rcpt_options: list[str]
    ) -> str:
        self.attempts += 1
        if self.hangs == "RCPT":
            await self.ended.wait()
        if self.to_rcpt.startswith("2"):
            envelope.rcpt_tos.append(address)
        return self.to_rcpt

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.hangs == "DATA":
            await self.ended.wait()
        if not any(session is known for known in self.sessions):
            self.sessions.append(session)
        if self.to_data.startswith("2"):
            assert isinstance(envelope.content, bytes)
            message = message_from_bytes(envelope.content, policy=policy.SMTP)
            assert isinstance(message, EmailMessage)
            number = next(n for n, known in enumerate(self.sessions) if known is session)
            over_tls, signed_in = session.ssl is not None, bool(session.authenticated)
            sender, recipients = envelope.mail_from or "", tuple(envelope.rcpt_tos)
            self.received.append(Received(sender, recipients, message, over_tls, signed_in, number))
        return self.to_data

    def authenticate(self, server: SMTP, session: Session, envelope: Envelope, how: str, data: object) -> AuthResult:
        """By the one password."""
        right = isinstance(data, LoginPassword) and data.password == self.password
        return AuthResult(success=right, handled=False)


@asynccontextmanager
async def mail_far_end(
    *, starttls: ssl.SSLContext | None = None, tls: ssl.SSLContext | None = None, signs_in: bool = False
) -> AsyncIterator[MailFarEnd]:
    """A server on a free port; with ``starttls`` it takes nothing before STARTTLS, with ``tls`` it speaks TLS at once."""
    far_end = MailFarEnd()
    loop = asyncio.get_running_loop()

    def protocol() -> SMTP:
        speaker = SMTP(
            far_end,
            hostname="mail.example",
            tls_context=starttls,
            require_starttls=starttls is not None,
            authenticator=far_end.authenticate if signs_in else None,
            auth_required=signs_in,
            auth_require_tls=starttls is not None,
            loop=loop,
        )
        far_end.speakers.append(speaker)
        return speaker

    server = await loop.create_server(protocol, LOOPBACK, 0, ssl=tls)
    far_end.port = server.sockets[0].getsockname()[1]
    try:
        yield far_end
    finally:
        far_end.ended.set()
        server.close()


@asynccontextmanager
async def silent_server() -> AsyncIterator[int]:
    """The port of a server that takes connections and never says a word."""
    ended = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await ended.wait()
        writer.close()

    server = await asyncio.start_server(serve, LOOPBACK, 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        ended.set()
        server.close()
