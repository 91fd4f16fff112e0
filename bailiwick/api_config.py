"""What `bailiwick api` is given, out of the settings."""

from __future__ import annotations

from functools import partial

from api.service import ApiConfig
from bailiwick.breach_routes import breach_routes
from bailiwick.desk import open_desk
from bailiwick.hooks import read_hooks
from bailiwick.policies import policies
from bailiwick.settings import Settings
from bailiwick.timezones import pinned_time_zones


def api_config(settings: Settings) -> ApiConfig:
    """Raises `BadSetting` for what is impossible, and for files that cannot be used."""
    url, zones = settings.database(), pinned_time_zones()
    return ApiConfig(
        url,
        settings.api_host,
        settings.api_port,
        zones,
        partial(open_desk, settings, zones, read_hooks(settings)),
        public_url=settings.public_url,
        proxies=settings.proxies(),
        oidc=settings.provider(settings.console()),
        basemap=settings.basemap,
        routes=breach_routes(settings, zones),
        centre_phone=settings.centre_phone,
        policies=policies(settings),
    )
