"""The settings of sign-in: the OpenID provider, and whose word is taken for where somebody asks from."""

from __future__ import annotations

import ipaddress
from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings

from api.addresses import OidcConfig, is_safe

CALLBACK = "/api/v1/session/oidc/callback"


class SignInSettings(BaseSettings):
    """The provider, and the proxies."""

    api_proxies: str = Field(
        default="",
        description="Addresses or networks, with spaces between, of proxies whose `X-Forwarded-For` is believed; default: none.",
    )
    oidc_issuer: str | None = Field(
        default=None, description="The OpenID provider at which people sign in, as it names itself: `https://...`."
    )
    oidc_client_id: str | None = Field(default=None, description="Who we are at the provider.")
    oidc_client_secret: SecretStr | None = Field(
        default=None, description="Our secret at the provider; without one we are a public client (PKCE protects both)."
    )
    oidc_scopes: str = Field(
        default="openid email profile", description="What we ask the provider for; `openid` must be among it."
    )

    @field_validator("api_proxies")
    @classmethod
    def _are_networks(cls, value: str) -> str:
        for one in value.split():
            ipaddress.ip_network(one, strict=False)
        return value

    @field_validator("oidc_issuer")
    @classmethod
    def _is_issuer(cls, value: str | None) -> str | None:
        if value is not None and not is_safe(value):
            raise ValueError("must be an https:// address (http:// on this machine alone)")
        return value

    @field_validator("oidc_scopes")
    @classmethod
    def _are_scopes(cls, value: str) -> str:
        if "openid" not in value.split():
            raise ValueError("`openid` must be among them")
        return value

    @model_validator(mode="after")
    def _provider_is_whole(self) -> Self:
        if (self.oidc_issuer is None) != (self.oidc_client_id is None):
            raise ValueError("OIDC_ISSUER and OIDC_CLIENT_ID go together")
        if self.oidc_client_secret is not None and self.oidc_issuer is None:
            raise ValueError("OIDC_CLIENT_SECRET needs OIDC_ISSUER and OIDC_CLIENT_ID")
        return self

    def provider(self, console: str) -> OidcConfig | None:
        """The provider, which sends people back to ``console``; None where there is none."""
        if self.oidc_issuer is None or self.oidc_client_id is None:
            return None
        back = f"{console.rstrip('/')}{CALLBACK}"
        return OidcConfig(self.oidc_issuer, self.oidc_client_id, self.oidc_client_secret, self.oidc_scopes, back)

    def proxies(self) -> tuple[str, ...]:
        """Of `API_PROXIES`, each."""
        return tuple(self.api_proxies.split())
