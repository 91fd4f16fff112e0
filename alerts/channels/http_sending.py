"""HTTP for the channels that use it: one short request, the answer's status, and nothing else believed.

Connections are kept and reused, redirects are not followed, no proxy of the environment is used, of an answer at most
`ANSWER_BYTES` are read, and all of it ends within `TOTAL_S`.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Final

import httpcore2
import httpx2

from alerts.channels.channel import Refused, TryAgain
from alerts.channels.targets import BadTarget
from domain.instants import SECOND_US

TOTAL_S: Final = 10.0
"""From the beginning of a request to the answer's status."""
CONNECT_S: Final = 5.0
ANSWER_BYTES: Final = 16_384
CONNECTIONS: Final = 100
KEPT: Final = 20
KEPT_S: Final = 30.0
"""Connections at once; those kept without work, and for how long."""
RETRY_AFTER_MAX_S: Final = 3_600.0
"""A far end may ask for this much patience and no more."""
_LATER: Final = frozenset({408, 425, 429})
"""Client errors that pass."""


class _Answer(httpx2.AsyncByteStream):
    def __init__(self, parts: httpcore2.Response) -> None:
        self._parts = parts

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._parts.aiter_stream():
            yield part

    async def aclose(self) -> None:
        await self._parts.aclose()


class NetworkTransport(httpx2.AsyncBaseTransport):
    """Carries the requests of an HTTP client over a network of ours."""

    def __init__(self, network: httpcore2.AsyncNetworkBackend, tls: ssl.SSLContext | None = None) -> None:
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=tls or ssl.create_default_context(),
            max_connections=CONNECTIONS,
            max_keepalive_connections=KEPT,
            keepalive_expiry=KEPT_S,
            network_backend=network,
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """One request; raises the errors of httpcore2."""
        url = request.url
        answer = await self._pool.handle_async_request(
            httpcore2.Request(
                method=request.method,
                url=httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=request.headers.raw,
                content=request.content,
                extensions=request.extensions,
            )
        )
        return httpx2.Response(answer.status, headers=answer.headers, stream=_Answer(answer))

    async def aclose(self) -> None:
        """Ends all connections."""
        await self._pool.aclose()


class HttpSending:
    """Sends requests and judges the answers. ``now_us`` is asked only for a Retry-After that is a date."""

    def __init__(
        self,
        network: httpcore2.AsyncNetworkBackend,
        now_us: Callable[[], int],
        *,
        tls: ssl.SSLContext | None = None,
        total_s: float = TOTAL_S,
    ) -> None:
        timeout = httpx2.Timeout(total_s, connect=min(CONNECT_S, total_s))
        self._client = httpx2.AsyncClient(
            transport=NetworkTransport(network, tls), timeout=timeout, trust_env=False, follow_redirects=False
        )
        self._now_us = now_us
        self._total_s = total_s

    async def send(self, method: str, url: str, headers: Mapping[str, str], content: bytes) -> None:
        """Returns on 2xx; raises `TryAgain` or `Refused`."""
        request = self._client.build_request(method, url, headers=dict(headers), content=content)
        try:
            async with asyncio.timeout(self._total_s):
                answer = await self._client.send(request, stream=True)
        except BadTarget as error:
            raise Refused(f"nothing is sent there: {error}") from error
        except (TimeoutError, httpcore2.TimeoutException):
            raise TryAgain(None, f"no answer within {self._total_s:g} s") from None
        except (httpcore2.NetworkError, httpcore2.ProtocolError, OSError) as error:
            raise TryAgain(None, f"{type(error).__name__}: the connection failed or broke") from error
        try:
            await self._read_out(answer)
        finally:
            await answer.aclose()
        self._judge(answer.status_code, answer.headers.get("retry-after"))

    async def _read_out(self, answer: httpx2.Response) -> None:
        """So that the connection can be used again. The status has said everything: what is long, slow or broken is left."""
        read = 0
        try:
            async with asyncio.timeout(self._total_s / 4):
                async for part in answer.aiter_raw():
                    read += len(part)
                    if read > ANSWER_BYTES:
                        return
        except (TimeoutError, httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError):
            return

    def _judge(self, status: int, after: str | None) -> None:
        if 200 <= status < 300:
            return
        if status in _LATER or status >= 500:
            raise TryAgain(self._after_s(after), f"answered {status}")
        if 300 <= status < 400:
            raise Refused(f"answered {status}: redirects are not followed")
        raise Refused(f"answered {status}")

    def _after_s(self, text: str | None) -> float | None:
        """Of a Retry-After, seconds or an HTTP date; None when there is none that can be read."""
        if text is None:
            return None
        if text.strip().isdecimal() and text.isascii():
            return min(float(text[:12]), RETRY_AFTER_MAX_S)
        try:
            at_us = round(parsedate_to_datetime(text).timestamp() * SECOND_US)
        except (ValueError, OverflowError):
            return None
        return min(max(0.0, (at_us - self._now_us()) / SECOND_US), RETRY_AFTER_MAX_S)

    async def aclose(self) -> None:
        """Ends all connections."""
        await self._client.aclose()
