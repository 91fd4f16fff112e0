"""The settings of the channels by which people are told (docs/channels.md); `bailiwick.settings` has the others."""

from __future__ import annotations

import json
import ssl
from typing import Self

from pydantic import Field, FilePath, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings

from alerts.channels.mail_server import MailServer, Security, read_sender
from alerts.channels.sms_gateway import METHODS, Gateway
from alerts.channels.targets import BadTarget, Rules
from alerts.channels.webhook_keys import read_keys
from domain.vocabulary import Channel

TRUSTABLE = (Channel.WEBHOOK, Channel.EMAIL, Channel.MQTT)
"""SMS is read by everybody on its way, and a call is a person's own."""


class ChannelSettings(BaseSettings):
    """E-mail, SMS, webhooks, and which of them may carry names and places."""

    smtp_url: str | None = Field(
        default=None,
        description="The mail server: `smtp://user:password@host` (STARTTLS, never without) or `smtps://...`.",
    )
    smtp_from: str | None = Field(
        default=None, description="Sender of e-mail: an address, or `Name <address>`. Protected people see it too."
    )
    smtp_ca: FilePath | None = Field(
        default=None, description="File with the certificate authority of the mail server; default: the system's."
    )
    sms_url: SecretStr | None = Field(
        default=None, description="The SMS provider's HTTP gateway; may have `{to}`, `{text}`, `{id}` after the host."
    )
    sms_method: str = Field(default="POST", description="`POST`, `PUT` or `GET`.")
    sms_body: SecretStr | None = Field(
        default=None, description="Body for the gateway with `{to}`, `{text}`, `{id}`: JSON, a form or XML."
    )
    sms_headers: SecretStr | None = Field(
        default=None, description='Headers for the gateway, as JSON: `{"X-Account": "..."}`.'
    )
    sms_token: SecretStr | None = Field(default=None, description="Sent to the gateway as `Authorization: Bearer ...`.")
    webhook_keys: SecretStr | None = Field(
        default=None,
        description="Key that webhooks are signed with (`whsec_...`); while it is changed, the new and the old one.",
    )
    webhook_allowed_hosts: str = Field(
        default="",
        description="Hosts (`host` or `host:port`, with spaces between) that a webhook may go to inside the centre's own network, and by `http://`.",
    )
    webhook_ports: str = Field(default="443", description="Ports that a webhook may go to at every other host.")
    hooks: FilePath | None = Field(
        default=None, description="File (TOML) with the other systems that are told, by webhook or MQTT."
    )
    trusted_channels: str = Field(
        default="", description="Channels that may carry names and places: `webhook`, `email`, `mqtt`; default: none."
    )

    @field_validator("smtp_url")
    @classmethod
    def _is_mail_server(cls, value: str | None) -> str | None:
        if value is not None:
            MailServer.parse(value)
        return value

    @field_validator("smtp_from")
    @classmethod
    def _is_sender(cls, value: str | None) -> str | None:
        if value is not None:
            read_sender(value)
        return value

    @field_validator("sms_method")
    @classmethod
    def _is_method(cls, value: str) -> str:
        if value not in METHODS:
            raise ValueError(f"must be one of {', '.join(METHODS)}")
        return value

    @field_validator("webhook_keys")
    @classmethod
    def _are_keys(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            read_keys(value.get_secret_value())
        return value

    @field_validator("webhook_allowed_hosts")
    @classmethod
    def _are_hosts(cls, value: str) -> str:
        try:
            Rules.read(listed(value))
        except BadTarget as error:
            raise ValueError(str(error)) from None
        return value

    @field_validator("webhook_ports")
    @classmethod
    def _are_ports(cls, value: str) -> str:
        if not listed(value) or not all(
            one.isascii() and one.isdecimal() and 1 <= int(one) <= 65535 for one in listed(value)
        ):
            raise ValueError("must be ports from 1 to 65535 with spaces between")
        return value

    @field_validator("trusted_channels")
    @classmethod
    def _are_channels(cls, value: str) -> str:
        for one in listed(value):
            if one not in TRUSTABLE:
                raise ValueError(f"{one!r} is not one of {', '.join(TRUSTABLE)}")
        return value

    @model_validator(mode="after")
    def _mail_fits(self) -> Self:
        if (self.smtp_url is None) != (self.smtp_from is None):
            raise ValueError("SMTP_URL and SMTP_FROM go together")
        server = self.mail_server()
        if self.smtp_ca is not None and (server is None or server.security is Security.NONE):
            raise ValueError("SMTP_CA needs an SMTP_URL with TLS")
        if server is not None:
            try:
                server.tls()
            except (ssl.SSLError, OSError):
                raise ValueError("SMTP_CA: is not a file of certificates in PEM") from None
        return self

    @model_validator(mode="after")
    def _gateway_fits(self) -> Self:
        self.sms_gateway()
        return self

    def mail_server(self) -> MailServer | None:
        """None when e-mail is not set up."""
        ca = None if self.smtp_ca is None else str(self.smtp_ca)
        return None if self.smtp_url is None else MailServer.parse(self.smtp_url, ca)

    def sms_gateway(self) -> Gateway | None:
        """None when SMS is not set up. Raises ValueError that names the setting, and repeats no secret."""
        if self.sms_url is None:
            for name in ("sms_body", "sms_headers", "sms_token"):
                if getattr(self, name) is not None:
                    raise ValueError(f"{name.upper()} needs SMS_URL")
            return None
        url, body, token = (_told(one) for one in (self.sms_url, self.sms_body, self.sms_token))
        return Gateway.read(url or "", self.sms_method, body or "", _headers(_told(self.sms_headers)), token)

    def keys(self) -> tuple[str, ...]:
        """Those that webhooks are signed with; none when webhooks are not set up."""
        return () if self.webhook_keys is None else read_keys(self.webhook_keys.get_secret_value())

    def webhook_rules(self) -> Rules:
        """Where webhooks may go."""
        return Rules.read(listed(self.webhook_allowed_hosts), [int(one) for one in listed(self.webhook_ports)])

    def trusted(self) -> frozenset[Channel]:
        """Channels that may carry names and places; the console does always."""
        return frozenset({Channel.CONSOLE, *map(Channel, listed(self.trusted_channels))})

    def tells_outside(self) -> bool:
        """Whether anything is set up whose messages link to the console."""
        return not (self.smtp_url is None and self.sms_url is None and self.webhook_keys is None)


def listed(text: str) -> list[str]:
    """Words with spaces or commas between."""
    return text.replace(",", " ").split()


def _told(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()


def _headers(text: str | None) -> dict[str, str]:
    if text is None:
        return {}
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise ValueError('SMS_HEADERS: must be JSON with texts, as {"X-Account": "..."}')
    return found
