"""OpenID providers on this machine: a real one in its own process, and one of our own that lies as it is told.

The real one (`oidc-provider-mock`) does not check PKCE and tells no lies; the other checks PKCE and the client's secret to the
letter, and signs whatever a test wants to be refused.
"""

from __future__ import annotations

import base64
import hashlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx2
from fastapi import FastAPI, Request
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey
from pydantic import SecretStr
from starlette.responses import JSONResponse, Response

from api.addresses import OidcConfig
from api.app import wall_clock_us
from api.oidc import Oidc
from bailiwick.parts.processes import accepts, free_port
from tests.waiting import wait_until

CLIENT, SECRET = "bailiwick", "the client's secret: + % &"
CALLBACK = "/api/v1/session/oidc/callback"


def config_of(issuer: str, back: str = "http://127.0.0.1") -> OidcConfig:
    return OidcConfig(issuer, CLIENT, SecretStr(SECRET), "openid email profile", back + CALLBACK)


class Later:
    """The wall's clock, and what a test has put it forward by."""

    def __init__(self) -> None:
        self.ahead_us = 0

    def __call__(self) -> int:
        return wall_clock_us() + self.ahead_us


@asynccontextmanager
async def at(
    issuer: str, back: str = "http://127.0.0.1", now: Callable[[], int] = wall_clock_us
) -> AsyncIterator[Oidc]:
    """We, as a client of that provider."""
    oidc = Oidc(config_of(issuer, back), now)
    try:
        yield oidc
    finally:
        await oidc.aclose()


@contextmanager
def real_provider() -> Iterator[str]:
    """`oidc-provider-mock` in a process of its own; its issuer. It knows whoever `know` tells it."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--host", "127.0.0.1", "--require-nonce"],
        env={**os.environ, "AUTHLIB_INSECURE_TRANSPORT": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=Path(__file__).parent,
    )
    try:
        wait_until(lambda: accepts(port, "127.0.0.1"), "the provider listens")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def know(issuer: str, subject: str, **claims: Any) -> None:
    """The real provider knows somebody."""
    httpx2.put(f"{issuer}/users/{subject}", json=claims).raise_for_status()


@dataclass
class Liar:
    """A provider of our own. What a test sets is what its ID tokens claim and how they are signed."""

    issuer: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=lambda: {"alg": "RS256", "kid": "one"})
    document: dict[str, Any] = field(default_factory=dict)
    key: Any = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))
    shown: list[Any] = field(default_factory=list)
    """The keys that it publishes; by itself its own."""
    challenge: str = ""
    keys_read: int = 0
    answer: Response | None = None
    """In place of a token."""

    def app(self) -> FastAPI:
        app = FastAPI()
        app.add_api_route("/.well-known/openid-configuration", self._describe)
        app.add_api_route("/keys", self._keys)
        app.add_api_route("/token", self._token, methods=["POST"])
        return app

    async def _describe(self) -> Response:
        ends = {"authorization_endpoint": "/authorize", "token_endpoint": "/token", "jwks_uri": "/keys"}
        told = {"issuer": self.issuer} | {name: self.issuer + path for name, path in ends.items()}
        return JSONResponse(told | self.document)

    async def _keys(self) -> Response:
        self.keys_read += 1
        return JSONResponse(KeySet(self.shown or [self.key]).as_dict(private=False))

    async def _token(self, request: Request) -> Response:
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        verifier = hashlib.sha256(form["code_verifier"].encode()).digest()
        if base64.urlsafe_b64encode(verifier).rstrip(b"=").decode() != self.challenge:
            return JSONResponse({"error": "invalid_grant"}, 400)
        told = base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).decode()
        expected = f"{CLIENT}:the%20client%27s%20secret%3A%20%2B%20%25%20%26"
        if told != expected or form["code"] != "good" or form["grant_type"] != "authorization_code":
            return JSONResponse({"error": "invalid_client"}, 401)
        if self.answer is not None:
            return self.answer
        key = (
            OctKey.import_key("a secret that both sides would have had") if self.header["alg"] == "HS256" else self.key
        )
        return JSONResponse(
            {"access_token": "x", "token_type": "Bearer", "id_token": jwt.encode(self.header, self.claims, key)}
        )
