"""Where people reach us and where they may come from, as settings say it: words about addresses, without a server."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from pydantic import SecretStr

from domain.errors import BadSetting


@dataclass(frozen=True, slots=True)
class OidcConfig:
    """The provider, who we are there, and where it sends people back to. Without a secret we are a public client."""

    issuer: str
    client_id: str
    client_secret: SecretStr | None
    scopes: str
    redirect_uri: str


def is_loopback(name: str) -> bool:
    """Whether a host name or address is this machine's own, without asking any resolver."""
    if name.lower().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def require_guarded(host: str, public_url: str | None) -> None:
    """`BadSetting` when ``host`` would let others in whose passwords and cookies anybody on the way could read."""
    if not is_loopback(host) and urlsplit(public_url or "").scheme != "https":
        raise BadSetting(
            f"API_HOST {host}: others are let in only with a PUBLIC_URL that starts with https:// (a proxy ends TLS); "
            "without one, listen on 127.0.0.1 or ::1"
        )


def origin_of(url: str) -> str:
    """Scheme, host and port of an address, as a browser's `Origin` names them."""
    parts = urlsplit(url)
    standard = {"http": 80, "https": 443}.get(parts.scheme)
    port = "" if parts.port in (None, standard) else f":{parts.port}"
    name = parts.hostname or ""
    return f"{parts.scheme}://{f'[{name}]' if ':' in name else name}{port}"


def is_safe(address: str) -> bool:
    """Whether nobody on the way can read or change what is sent there: TLS, or this machine."""
    parts = urlsplit(address)
    return bool(parts.hostname) and (
        parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
    )
