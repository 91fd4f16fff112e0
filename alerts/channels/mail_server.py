"""The mail server of `SMTP_URL`, and what an e-mail address must be. Pure but for the certificate authority's file."""

from __future__ import annotations

import ipaddress
import re
import ssl
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.headerregistry import Address
from enum import StrEnum
from typing import Final, Self
from urllib.parse import parse_qsl, unquote, urlsplit

_SENDER = re.compile(r'(?P<name>[^<>@",;]*)<(?P<address>[^<>]+)>|(?P<bare>[^<>\s]+)')
_PORTS: Final = {"smtp": 587, "smtps": 465}


class Security(StrEnum):
    """How the connection is protected. `none` is for a server on this machine alone."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where e-mail is handed in. ``ca``: a file with its certificate authority, None for the system's."""

    host: str
    port: int
    security: Security
    username: str | None = None
    password: str | None = None
    ca: str | None = None

    @classmethod
    def parse(cls, url: str, ca: str | None = None) -> Self:
        """``smtp://user:password@host:port`` (STARTTLS, never without), ``smtps://...``; raises ValueError with the cause.

        ``smtp://localhost?starttls=no`` is for a server on this machine.
        """
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError("must be smtp://host or smtps://host, with user and password where it asks for them")
        if parts.path.strip("/") or parts.fragment:
            raise ValueError("has a path; smtp://host:port is all")
        if (parts.username is None) != (parts.password is None):
            raise ValueError("user and password go together")
        asked = dict(parse_qsl(parts.query, keep_blank_values=True))
        security = Security.TLS if parts.scheme == "smtps" else Security.STARTTLS
        if asked == {"starttls": "no"} and security is Security.STARTTLS:
            if not _is_here(parts.hostname):
                raise ValueError("?starttls=no is for a server on this machine alone")
            security = Security.NONE
        elif asked:
            raise ValueError("after ? stands nothing but starttls=no, with smtp://")
        user, password = (None if one is None else unquote(one) for one in (parts.username, parts.password))
        return cls(parts.hostname, parts.port or _PORTS[parts.scheme], security, user, password, ca)

    def tls(self) -> ssl.SSLContext | None:
        """None without TLS."""
        return None if self.security is Security.NONE else ssl.create_default_context(cafile=self.ca)


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def read_sender(text: str) -> tuple[str, str]:
    """The From header and its address, of ``a@b`` or ``Name <a@b>``. Raises ValueError."""
    found = _SENDER.fullmatch(text)
    plain = plain_address(found["bare"] or found["address"]) if found and text.isprintable() else None
    if found is None or plain is None:
        raise ValueError("must be an e-mail address, or Name <address>")
    return str(Address((found["name"] or "").strip(), addr_spec=plain)), plain


def plain_address(text: str) -> str | None:
    """An e-mail address as it is, if it is one of plain ASCII that cannot change a header or a command; else None."""
    if not re.fullmatch(r"[!-;=?-~]{1,64}@[A-Za-z0-9.-]{1,253}", text):
        return None
    try:
        Address(addr_spec=text)
    except (HeaderParseError, ValueError, IndexError):
        return None
    return text
