"""The routes of breaches: the file of `ROUTES`, or those that ship (docs/breaches.md)."""

from __future__ import annotations

from bailiwick.settings import PREFIX, Settings
from domain.errors import BadSetting
from evidence.policy_files import BadPolicy
from evidence.routes import Routes, read_routes, shipped_routes
from geofence.wallclock import TimeZones


def breach_routes(settings: Settings, zones: TimeZones) -> Routes:
    """Raises `BadSetting` with one line that says where the file is wrong, and what may stand there."""
    if settings.routes is None:
        return shipped_routes(zones)
    try:
        return read_routes(settings.routes.read_text(encoding="utf-8"), zones, str(settings.routes))
    except (BadPolicy, OSError, UnicodeDecodeError) as error:
        line = " ".join(str(error).split())
        raise BadSetting(f"{PREFIX}ROUTES cannot be used: {line}") from None
