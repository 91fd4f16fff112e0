"""What stands before every request, signed in or not: only by names that are ours, and with headers that browsers obey.

A browser on this machine can be sent to us by a hostile page under a name that resolves to 127.0.0.1 (DNS rebinding).
The `Host` header still holds that name, so anything but a loopback name, and the public one where there is one, is refused.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.addresses import is_loopback
from api.problems import problem_response

SECURITY_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
TLS_ALONE: Final = {"Strict-Transport-Security": "max-age=63072000"}
"""Where people reach us by https: browsers ask in no other way for two years."""

LONGEST_BODY: Final = 1 << 20
"""Bytes of a request: a thousand alerts at once, with a note, are a tenth of it."""
TOO_LONG: Final = f"a request's body has at most {LONGEST_BODY} bytes"


def name_in(host_header: str) -> str:
    """The name of a `Host` header, without its port."""
    if host_header.startswith("["):
        return host_header[: host_header.find("]") + 1]
    return host_header.partition(":")[0]


class SecurityHeaders:
    """ASGI middleware, the outermost: sets the security headers on every answer."""

    def __init__(self, app: ASGIApp, public_url: str | None = None) -> None:
        self._app = app
        self._headers = SECURITY_HEADERS | (TLS_ALONE if urlsplit(public_url or "").scheme == "https" else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, send_guarded)


class KnownHosts:
    """ASGI middleware: refuses every request that names as its host neither this machine nor where people reach us."""

    def __init__(self, app: ASGIApp, public_url: str | None = None) -> None:
        self._app = app
        self._public = urlsplit(public_url).hostname if public_url else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            hosts = Headers(scope=scope).getlist("host")
            if len(hosts) != 1 or not self._known(name_in(hosts[0])):
                ours = "loopback names" if self._public is None else "loopback names and its public one"
                detail = f"this service answers to {ours} only"
                await problem_response(HTTPStatus.MISDIRECTED_REQUEST, detail)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _known(self, name: str) -> bool:
        return is_loopback(name) or (self._public is not None and name.strip("[]").lower() == self._public)


class BodyLimit:
    """ASGI middleware: refuses a body of more than `LONGEST_BODY`, as soon as that is known."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        told = Headers(scope=scope).get("content-length", "0")
        if told.isdecimal() and int(told) > LONGEST_BODY:
            await problem_response(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, TOO_LONG)(scope, receive, send)
            return
        got = 0

        async def receive_some() -> Message:
            nonlocal got
            message = await receive()
            got += len(message.get("body", b""))
            if got > LONGEST_BODY:
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, TOO_LONG)
            return message

        await self._app(scope, receive_some, send)


class HeadAsGet:
    """ASGI middleware: answers HEAD as GET, without the body; what would go on for ever ends with its headers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def send_headers(message: Message) -> None:
            # After the whole answer the server says to whoever asks that the client is gone, which ends a stream.
            if message["type"] == "http.response.start":
                await send(message)
                await send({"type": "http.response.body", "body": b""})

        await self._app({**scope, "method": "GET"}, receive, send_headers)
