"""E-mail: one message a notification, through the server of `SMTP_URL`, over connections that are kept and reused.

Its Message-ID is made of the idempotency id, so that two attempts at the same notification are one message to whoever looks.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import ssl
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP as RULES
from email.utils import format_datetime
from typing import Final

import aiosmtplib

from alerts.channels.channel import Refused, TryAgain
from alerts.channels.mail_server import MailServer, Security, plain_address, read_sender
from alerts.ports import Leased
from alerts.wording import Words
from domain.instants import SECOND_US
from domain.vocabulary import Severity

TOTAL_S: Final = 15.0
"""One message, connecting included."""
KEPT: Final = 4
KEPT_S: Final = 30.0
"""Connections kept without work, and for how long."""
CLOSE_S: Final = 1.0
_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}\b")


class MailSender:
    """Sends to the e-mail address that is the notification's address."""

    def __init__(self, server: MailServer, sender: str, now_us: Callable[[], int], *, total_s: float = TOTAL_S) -> None:
        self._server = server
        self._tls = server.tls()
        self._header, self._from = read_sender(sender)
        self._domain = self._from.rpartition("@")[2]
        self._now_us = now_us
        self._total_s = total_s
        self._idle: list[tuple[aiosmtplib.SMTP, float]] = []

    async def send(self, leased: Leased, body: Words) -> None:
        """See `alerts.channels.channel.Sender`."""
        to = plain_address(leased.notification.address)
        if to is None:
            raise Refused("the address is not an e-mail address")
        message = self._message(leased, body, to)
        try:
            async with asyncio.timeout(self._total_s):
                await self._hand_in(message, to)
        except (TimeoutError, aiosmtplib.SMTPTimeoutError):
            raise TryAgain(None, f"the mail server did not answer within {self._total_s:g} s") from None
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise _refusal(error.recipients[0]) from None
        except (aiosmtplib.SMTPSenderRefused, aiosmtplib.SMTPRecipientRefused, aiosmtplib.SMTPDataError) as error:
            raise _refusal(error) from None
        except aiosmtplib.SMTPResponseException as error:
            # Greeting, sign-in: about this server and us, not about the message.
            raise TryAgain(None, f"the mail server answered {_code(error)} before the message") from None
        except (aiosmtplib.SMTPException, ssl.SSLError, OSError, ValueError) as error:
            raise TryAgain(None, f"{type(error).__name__}: no session with the mail server") from None

    def _message(self, leased: Leased, body: Words, to: str) -> EmailMessage:
        note = leased.notification
        message = EmailMessage(RULES)
        message["From"] = self._header
        message["To"] = to
        if body.subject:
            message["Subject"] = body.subject
        message["Date"] = format_datetime(datetime.fromtimestamp(self._now_us() // SECOND_US, UTC))
        message["Message-ID"] = f"<{hashlib.sha256(note.id.encode()).hexdigest()[:40]}@{self._domain}>"
        message["Auto-Submitted"] = "auto-generated"
        if note.urgency is Severity.CRITICAL and note.words is None:
            message["Importance"] = "high"
        message.set_content(body.long, cte="quoted-printable")
        return message

    async def _hand_in(self, message: EmailMessage, to: str) -> None:
        client = await self._kept() or await self._connected()
        try:
            await client.send_message(message, sender=self._from, recipients=[to])
        except BaseException:
            client.close()
            raise
        if len(self._idle) < KEPT:
            self._idle.append((client, asyncio.get_running_loop().time()))
        else:
            client.close()

    async def _kept(self) -> aiosmtplib.SMTP | None:
        """A connection from before that still answers."""
        while self._idle:
            client, since_s = self._idle.pop()
            try:
                if client.is_connected and asyncio.get_running_loop().time() - since_s < KEPT_S:
                    await client.noop()
                    return client
            except (aiosmtplib.SMTPException, OSError):
                pass
            except BaseException:
                client.close()
                raise
            client.close()
        return None

    async def _connected(self) -> aiosmtplib.SMTP:
        server = self._server
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.username,
            password=server.password,
            local_hostname=self._domain,
            timeout=self._total_s,
            use_tls=server.security is Security.TLS,
            start_tls=server.security is Security.STARTTLS,
            tls_context=self._tls,
        )
        try:
            await client.connect()
        except BaseException:
            client.close()
            raise
        return client

    async def aclose(self) -> None:
        """See `alerts.channels.channel.Sender`."""
        while self._idle:
            client, _ = self._idle.pop()
            with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
                await client.quit(timeout=CLOSE_S)
            client.close()


def _refusal(error: aiosmtplib.SMTPResponseException) -> TryAgain | Refused:
    """By the code: what the server says beside it may repeat the address, and is left out."""
    if error.code >= 500:
        return Refused(f"the mail server answered {_code(error)}")
    return TryAgain(None, f"the mail server answered {_code(error)}")


def _code(error: aiosmtplib.SMTPResponseException) -> str:
    enhanced = _ENHANCED.match(error.message)
    return f"{error.code} {enhanced[0]}" if enhanced else str(error.code)
