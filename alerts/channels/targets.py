"""Where a webhook may be sent: never into the centre's own network, unless a host is allowed by name.

`Rules.check` reads a URL strictly and says what is wrong with it; `not_public` knows addresses. What a host's name leads to is
checked when it is connected to, by `alerts.channels.guarded_network`.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from domain.errors import BailiwickError

DEFAULT_PORTS: Final = frozenset({443})
LONGEST_URL: Final = 2_000

_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<rest>[/?][^#]*)?")
_AUTHORITY = re.compile(r"(?P<host>\[[^\]]*\]|[^:\[\]]*)(?::(?P<port>[0-9]{1,5}))?")
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")

_NOT_PUBLIC_4: Final = {
    "0.0.0.0/8": "this network",
    "10.0.0.0/8": "private",
    "100.64.0.0/10": "shared by a carrier",
    "127.0.0.0/8": "loopback",
    "168.63.129.16/32": "a cloud's own service",
    "169.254.0.0/16": "link-local, where a cloud keeps its metadata",
    "172.16.0.0/12": "private",
    "192.0.0.0/24": "for protocols",
    "192.0.2.0/24": "for documents",
    "192.88.99.0/24": "a 6to4 relay",
    "192.168.0.0/16": "private",
    "198.18.0.0/15": "for benchmarks",
    "198.51.100.0/24": "for documents",
    "203.0.113.0/24": "for documents",
    "224.0.0.0/4": "multicast",
    "240.0.0.0/4": "reserved",
}
_NOT_PUBLIC_6: Final = {
    "::1/128": "loopback",
    "::ffff:0:0/96": "an IPv4 address in another form",
    "::/96": "an IPv4 address in another form",
    "64:ff9b::/96": "an IPv4 address behind NAT64",
    "64:ff9b:1::/48": "an IPv4 address behind NAT64",
    "2001::/23": "for protocols",
    "2001:db8::/32": "for documents",
    "2002::/16": "an IPv4 address behind 6to4",
    "3fff::/20": "for documents",
    "fc00::/7": "unique local",
    "fe80::/10": "link-local",
    "fec0::/10": "site-local",
    "ff00::/8": "multicast",
}
"""IANA's registries of special-purpose addresses, as of November 2026; of IPv6 only 2000::/3 is public at all."""
_GLOBAL_6: Final = ipaddress.IPv6Network("2000::/3")
_TABLE_4: Final = [(ipaddress.IPv4Network(net), why) for net, why in _NOT_PUBLIC_4.items()]
_TABLE_6: Final = [(ipaddress.IPv6Network(net), why) for net, why in _NOT_PUBLIC_6.items()]


class BadTarget(BailiwickError):
    """A target that nothing is sent to, with the cause in plain words."""


@dataclass(frozen=True, slots=True)
class Target:
    """A URL that may be sent to. ``by_name``: its host is allowed by name, so that its addresses are not asked about."""

    url: str
    host: str
    port: int
    by_name: bool


@dataclass(frozen=True, slots=True)
class Rules:
    """Hosts that are allowed by name (each with its one port, or None for every port), and the ports of all others."""

    allowed: frozenset[tuple[str, int | None]] = frozenset()
    ports: frozenset[int] = DEFAULT_PORTS

    @classmethod
    def read(cls, hosts: Iterable[str], ports: Iterable[int] = DEFAULT_PORTS) -> Self:
        """From ``host`` or ``host:port`` each. Raises `BadTarget` that names the bad one."""
        allowed = set()
        for text in hosts:
            matched = _AUTHORITY.fullmatch(text.lower())
            if matched is None:
                raise BadTarget(f"{text!r} is not a host or host:port")
            allowed.add((_host(matched["host"]), _port(matched["port"])))
        return cls(frozenset(allowed), frozenset(ports))

    def by_name(self, host: str, port: int) -> bool:
        """Whether this host is allowed by name, on this port."""
        return bool(self.allowed & {(host, None), (host, port)})

    def check(self, url: str) -> Target:
        """The target that a URL names, as far as its text can be judged. Raises `BadTarget`."""
        if not url.isascii():
            raise BadTarget("has signs that are not ASCII; write the host in its ASCII form (xn--...)")
        if len(url) > LONGEST_URL or not url.isprintable() or " " in url or "\\" in url:
            raise BadTarget(f"has a space, a backslash or a control character, or more than {LONGEST_URL} characters")
        matched = _URL.fullmatch(url)
        if matched is None:
            raise BadTarget("is not https://host/path without a fragment")
        scheme, authority = matched["scheme"].lower(), matched["authority"].lower()
        if "@" in authority:
            raise BadTarget("names a user; a webhook is signed instead")
        place = _AUTHORITY.fullmatch(authority)
        if scheme not in ("https", "http") or place is None:
            raise BadTarget("is not https://host/path")
        host, port = _host(place["host"]), _port(place["port"]) or (443 if scheme == "https" else 80)
        by_name = self.by_name(host, port)
        if not by_name:
            _check_stranger(scheme, host, port, self.ports)
        rest = matched["rest"] or "/"
        path = rest if rest.startswith("/") else f"/{rest}"
        return Target(f"{scheme}://{place['host']}:{port}{path}", host, port, by_name)


def _check_stranger(scheme: str, host: str, port: int, ports: frozenset[int]) -> None:
    """What is asked of a host that is not allowed by name."""
    if scheme != "https":
        raise BadTarget("must start with https:// (http:// is for a host in WEBHOOK_ALLOWED_HOSTS)")
    if port not in ports:
        raise BadTarget(f"port {port} is not one of WEBHOOK_PORTS ({', '.join(map(str, sorted(ports)))})")
    if is_name(host):
        if "." not in host or host.endswith(".localhost"):
            raise BadTarget(f"{host} is a name without a domain, or this machine's own")
    elif cause := not_public(host):
        raise BadTarget(f"{host} is not a public address ({cause})")


def _port(text: str | None) -> int | None:
    if text is None:
        return None
    if not 1 <= int(text) <= 65535:
        raise BadTarget("the port must be 1 to 65535")
    return int(text)


def _host(text: str) -> str:
    """A host in its one spelling: a name of plain labels, a dotted quad, or an IPv6 address without its brackets."""
    if text.startswith("["):
        try:
            return str(ipaddress.IPv6Address(text[1:-1]))
        except ValueError:
            raise BadTarget(f"{text} is not an IPv6 address") from None
    if text.endswith("."):
        raise BadTarget("the host ends in a dot; write it without")
    labels = text.split(".")
    if len(text) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise BadTarget("the host is not a name: labels of a-z 0-9 - with dots between them")
    if _NUMBER.fullmatch(labels[-1]):
        try:
            return str(ipaddress.IPv4Address(text))
        except ValueError:
            raise BadTarget(f"{text} is a number; write an address as four decimal numbers, or a name") from None
    return text


def is_name(host: str) -> bool:
    """Whether a host is a name, and not an address."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return True
    return False


def not_public(text: str) -> str | None:
    """Why an address is not public; None when it is. Anything that is not an address is not public."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return "not an address"
    if isinstance(address, ipaddress.IPv4Address):
        return next((why for net, why in _TABLE_4 if address in net), None)
    if address.scope_id is not None:
        return "link-local"
    found = next((why for net, why in _TABLE_6 if address in net), None)
    return found or (None if address in _GLOBAL_6 else "not in 2000::/3")
