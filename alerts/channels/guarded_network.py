"""A network that leads only where `alerts.channels.targets` lets a webhook go.

For each new connection the host is looked up, refused when one of its addresses is not public, and connected to at an address
that was checked: there is no second look-up in between that could give another. Name and certificate stay those of the host.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol

import httpcore2

from alerts.channels.targets import BadTarget, Rules, is_name, not_public

MOST_ADDRESSES: Final = 4
"""Addresses of a host that are tried, one after the other."""
RESOLVING_THREADS: Final = 4


class Resolver(Protocol):
    """Looks names up."""

    async def addresses(self, host: str, port: int) -> list[str]:
        """The addresses of a host in the order to try them. Raises `OSError` when it has none or cannot be looked up."""

    def close(self) -> None:
        """Nothing is looked up any more."""


class SystemResolver:
    """The system's resolver in threads of its own, so that a name server that hangs holds up nothing else."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(RESOLVING_THREADS, thread_name_prefix="resolver")

    async def addresses(self, host: str, port: int) -> list[str]:
        """See `Resolver`."""
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._threads, _look_up, host, port)
        return list(dict.fromkeys(found))

    def close(self) -> None:
        """See `Resolver`."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _look_up(host: str, port: int) -> list[str]:
    return [str(place[0]) for *_, place in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class GuardedNetwork(httpcore2.AsyncNetworkBackend):
    """Connects for the HTTP client: looks a host up, checks every address, and connects to one that was checked."""

    def __init__(
        self, rules: Rules, resolver: Resolver | None = None, inner: httpcore2.AsyncNetworkBackend | None = None
    ) -> None:
        self._rules = rules
        self._resolver = resolver or SystemResolver()
        self._inner = inner or httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 (the port is the client's)
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """A connection to ``host``. Raises `BadTarget`, or the HTTP client's ConnectError and ConnectTimeout."""
        try:
            async with asyncio.timeout(timeout):
                addresses = await self._checked(host.lower(), port)
                for address in addresses[:-1]:
                    try:
                        return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
                    except httpcore2.ConnectError:
                        continue
                return await self._inner.connect_tcp(addresses[-1], port, timeout, local_address, socket_options)
        except TimeoutError:
            raise httpcore2.ConnectTimeout("no connection in time") from None

    async def _checked(self, host: str, port: int) -> list[str]:
        host = host.removeprefix("[").removesuffix("]")
        try:
            addresses = await self._resolver.addresses(host, port) if is_name(host) else [host]
        except (OSError, UnicodeError):
            raise httpcore2.ConnectError("the name of the host is not known") from None
        if not addresses:
            raise httpcore2.ConnectError("the host has no address")
        if not self._rules.by_name(host, port):
            for address in addresses:
                cause = not_public(address)
                if cause is not None:
                    raise BadTarget(f"{host} has an address that is not public ({cause})")
        return addresses[:MOST_ADDRESSES]

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Never: a webhook is not sent to a file."""
        raise BadTarget("a webhook is not sent to a socket file")

    async def sleep(self, seconds: float) -> None:
        """What the client asks for between its tries."""
        await self._inner.sleep(seconds)

    def close(self) -> None:
        """Names are looked up no more."""
        self._resolver.close()
