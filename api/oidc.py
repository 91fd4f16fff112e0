"""Sign-in at an OpenID provider: authorization code with PKCE, and the ID token that is believed only after every check.

The provider says who somebody is, never what they may. What it answers is bounded in size and time, and it is asked over TLS or on
this machine alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

import httpx2
import msgspec
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from api.addresses import OidcConfig, is_safe
from api.problems import Problem
from domain.instants import HOUR_US, MINUTE_US, SECOND_US

ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA", "Ed25519")
"""What an ID token may be signed with: public keys, never a secret that both have, never nothing."""
CLOCKS_APART_S: Final = 60
TIMEOUT_S: Final = 10.0
ANSWER_BYTES: Final = 1 << 18
KEPT_US: Final = HOUR_US
"""How long what the provider says of itself is believed."""
KEYS_AGAIN_US: Final = MINUTE_US
"""For a key that is not known its keys are read again, so often at most."""
LONGEST_CODE: Final = 4096
AWAY: Final = "the sign-in provider cannot be used now: try again, or sign in here"
NOT_GOOD: Final = "what the sign-in provider sent is not good: begin again"


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody as the provider knows them. ``email`` in lower case, and only where it says that it is verified."""

    issuer: str
    subject: str
    email: str | None


@dataclass(frozen=True, slots=True)
class _Provider:
    """What it says of itself."""

    read_us: int
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    secret_in_body: bool
    names_itself: bool


class Oidc:
    """One provider. ``now`` gives microseconds UTC."""

    def __init__(self, config: OidcConfig, now: Callable[[], int]) -> None:
        self._config = config
        self._now = now
        self._client = httpx2.AsyncClient(timeout=TIMEOUT_S, trust_env=False, follow_redirects=False)
        self._known: _Provider | None = None
        self._keys: tuple[int, KeySet] | None = None

    async def aclose(self) -> None:
        """Ends its connections."""
        await self._client.aclose()

    async def address(self, state: str, nonce: str, verifier: str) -> str:
        """Where a browser is sent to sign in. 503 when the provider is away."""
        provider = await self._provider()
        asked = {
            "response_type": "code",
            "client_id": self._config.client_id,
            "redirect_uri": self._config.redirect_uri,
            "scope": self._config.scopes,
            "state": state,
            "nonce": nonce,
            "code_challenge": create_s256_code_challenge(verifier),
            "code_challenge_method": "S256",
        }
        joint = "&" if urlsplit(provider.authorization_endpoint).query else "?"
        return f"{provider.authorization_endpoint}{joint}{urlencode(asked)}"

    async def who(self, told: Mapping[str, str], nonce: str, verifier: str) -> Who:
        """Whom the provider sent back, by its code. 403 when it says no, 502 for what is not good, 503 when it is away."""
        provider = await self._provider()
        if told.get("iss", self._config.issuer) != self._config.issuer or (provider.names_itself and "iss" not in told):
            raise _not_good()
        if "error" in told:
            raise Problem(HTTPStatus.FORBIDDEN, "the sign-in provider did not let you in")
        code = told.get("code", "")
        if not 0 < len(code) <= LONGEST_CODE:
            raise _not_good()
        return self._read(await self._claims(provider, await self._exchange(provider, code, verifier), nonce))

    async def _exchange(self, provider: _Provider, code: str, verifier: str) -> str:
        """The ID token for a code."""
        config = self._config
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": config.redirect_uri}
        form |= {"code_verifier": verifier}
        auth: httpx2.BasicAuth | None = None
        if config.client_secret is None or provider.secret_in_body:
            form |= {"client_id": config.client_id}
        if config.client_secret is not None:
            secret = config.client_secret.get_secret_value()
            if provider.secret_in_body:
                form |= {"client_secret": secret}
            else:
                # RFC 6749, 2.3.1: both are encoded as in a form first.
                auth = httpx2.BasicAuth(quote(config.client_id, safe=""), quote(secret, safe=""))
        request = self._client.build_request("POST", provider.token_endpoint, data=form)
        body = await self._answer(request, auth)
        found = body.get("id_token")
        if not isinstance(found, str):
            raise _not_good()
        return found

    async def _claims(self, provider: _Provider, id_token: str, nonce: str) -> dict[str, Any]:
        """What an ID token claims, signed by the provider, for us, now, and for this sign-in."""
        for again in (False, True):
            keys = await self._key_set(provider, again=again)
            try:
                claims = jwt.decode(id_token, keys, algorithms=list(ALGORITHMS)).claims
                self._expected(nonce).validate(claims)
            except InvalidKeyIdError:
                continue
            except (JoseError, ValueError, TypeError):
                raise _not_good() from None
            audience = claims["aud"]
            alone = audience in (self._config.client_id, [self._config.client_id])
            if claims.get("azp", self._config.client_id) != self._config.client_id or not (alone or "azp" in claims):
                raise _not_good()
            return dict(claims)
        raise _not_good()

    def _expected(self, nonce: str) -> jwt.JWTClaimsRegistry:
        return jwt.JWTClaimsRegistry(
            now=self._now() // SECOND_US,
            leeway=CLOCKS_APART_S,
            iss={"essential": True, "value": self._config.issuer},
            aud={"essential": True, "value": self._config.client_id},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        )

    def _read(self, claims: Mapping[str, Any]) -> Who:
        email = claims.get("email")
        verified = claims.get("email_verified") is True and isinstance(email, str)
        return Who(self._config.issuer, claims["sub"], email.lower() if verified and email else None)

    # -- what the provider says of itself ------------------------------------------------------------------------

    async def _provider(self) -> _Provider:
        known = self._known
        if known is None or self._now() - known.read_us > KEPT_US:
            where = f"{self._config.issuer.rstrip('/')}/.well-known/openid-configuration"
            known = self._known = self._described(await self._answer(self._client.build_request("GET", where)))
        return known

    def _described(self, body: Mapping[str, Any]) -> _Provider:
        sign_in, exchange, keys = (body.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"))
        safe = all(isinstance(end, str) and is_safe(end) for end in (sign_in, exchange, keys))
        if body.get("issuer") != self._config.issuer or not safe:
            raise _not_good()
        methods = body.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        in_body = "client_secret_basic" not in methods and "client_secret_post" in methods
        names_itself = body.get("authorization_response_iss_parameter_supported") is True
        return _Provider(self._now(), str(sign_in), str(exchange), str(keys), in_body, names_itself)

    async def _key_set(self, provider: _Provider, *, again: bool) -> KeySet:
        kept = self._keys
        age_us = None if kept is None else self._now() - kept[0]
        if kept is None or age_us is None or age_us > KEPT_US or (again and age_us > KEYS_AGAIN_US):
            body: Any = await self._answer(self._client.build_request("GET", provider.jwks_uri))
            try:
                kept = self._keys = (self._now(), KeySet.import_key_set(body))
            except (JoseError, ValueError, TypeError, KeyError):
                raise _not_good() from None
        return kept[1]

    async def _answer(self, request: httpx2.Request, auth: httpx2.BasicAuth | None = None) -> dict[str, Any]:
        """The JSON object that is answered, within `TIMEOUT_S` and `ANSWER_BYTES`."""
        body = bytearray()
        try:
            async with asyncio.timeout(TIMEOUT_S):
                answer = await self._client.send(request, auth=auth, stream=True)
                try:
                    async for part in answer.aiter_bytes():
                        body += part
                        if len(body) > ANSWER_BYTES:
                            raise _not_good()
                finally:
                    await answer.aclose()
        except (TimeoutError, httpx2.HTTPError, OSError):
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, AWAY) from None
        if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, AWAY)
        try:
            found = msgspec.json.decode(bytes(body), type=dict[str, Any])
        except msgspec.MsgspecError:
            raise _not_good() from None
        if answer.status_code != HTTPStatus.OK:
            raise _not_good()
        return found


def _not_good() -> Problem:
    return Problem(HTTPStatus.BAD_GATEWAY, NOT_GOOD)
