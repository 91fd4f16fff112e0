"""Whom a caller sees for a reason of their own (`access.sights.sight_of`): who is in a force's ground now, whom it was told of,
by which request; whose warrant an agency holds; who is visited today.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from alerts.forces import Boundary, Forces
from domain.callers import Caller
from domain.caseload_fields import DEFAULT_TIMEZONE
from domain.caseload_shapes import read_shape
from domain.instants import DAY_US, MINUTE_US, SECOND_US
from domain.records import Polygons
from domain.vocabulary import Role
from geofence.wallclock import TimeZones
from store.permissions import Permissions, Places

KEPT_US: Final = 5 * SECOND_US
"""Who is where is asked of the database once in so long, for all who ask."""
FORCES_KEPT_US: Final = MINUTE_US
"""Boundaries change with an import."""


@dataclass(slots=True)
class _Ground:
    """Who is in which force's ground, as of an instant; worked out for each force when somebody of it asks."""

    at_us: int
    forces: Forces
    places: Places
    inside: dict[str, frozenset[str]] = field(default_factory=dict)

    def of(self, area: str) -> frozenset[str]:
        """The wearers in a force's ground."""
        found = self.inside.get(area)
        if found is None:
            held = self.forces.holds(area, self.places.lon, self.places.lat)
            found = frozenset(wearer for wearer, inside in zip(self.places.wearers, held, strict=True) if inside)
            self.inside[area] = found
        return found


class Given:
    """`api.doors.GivenTo`, over the tables of `store.permissions`."""

    def __init__(self, permissions: Permissions, zones: TimeZones) -> None:
        self._permissions = permissions
        self._zones = zones
        self._ground: _Ground | None = None
        self._forces: tuple[int, Forces | None] = (0, None)
        self._one_at_a_time = asyncio.Lock()

    async def given_to(self, caller: Caller, now_us: int) -> frozenset[str]:
        """The ids of those wearers; nobody for a role that sees by area alone."""
        if caller.role is Role.POLICE:
            return await self.by_force(caller, now_us) | await self._by_request(caller, now_us)
        if caller.role is Role.ENFORCEMENT and caller.organisation:
            return await self._permissions.warrants.wearers_held(caller.organisation)
        if caller.role is Role.FIELD:
            return await self._visited(caller, now_us)
        return frozenset()

    async def by_force(self, caller: Caller, now_us: int) -> frozenset[str]:
        """Wearers in the ground of a caller's forces now, and those of open alerts that these were told of."""
        if not caller.areas:
            return frozenset()
        areas = await self._permissions.areas_below(caller.areas)
        ground = await self._ground_at(now_us)
        found = frozenset[str]().union(*map(ground.of, areas))
        return found | await self._permissions.told_of(areas)

    async def _by_request(self, caller: Caller, now_us: int) -> frozenset[str]:
        if not caller.organisation:
            return frozenset()
        standing = await self._permissions.requests.standing(caller.organisation, now_us)
        return frozenset(one.wearer for one in standing)

    def today(self, now_us: int) -> tuple[int, int]:
        """The local day, ``[from_us, to_us)``: of 23 and 25 hours on the nights of a change."""
        zone = self._zones.zone(DEFAULT_TIMEZONE)
        local_us = now_us + zone.offset_us(now_us)
        midnight_us = local_us - local_us % DAY_US
        return zone.first_us(midnight_us), zone.first_us(midnight_us + DAY_US)

    async def _visited(self, caller: Caller, now_us: int) -> frozenset[str]:
        """Of the local day; of the caller's areas and those below."""
        areas = None if caller.areas is None else await self._permissions.areas_below(caller.areas)
        return await self._permissions.visited(*self.today(now_us), areas)

    async def _ground_at(self, now_us: int) -> _Ground:
        async with self._one_at_a_time:
            kept = self._ground
            if kept is None or not 0 <= now_us - kept.at_us < KEPT_US:
                kept = self._ground = _Ground(
                    now_us, await self._forces_at(now_us), await self._permissions.places(now_us)
                )
            return kept

    async def _forces_at(self, now_us: int) -> Forces:
        at_us, forces = self._forces
        if forces is None or not 0 <= now_us - at_us < FORCES_KEPT_US:
            forces = await asyncio.to_thread(_read, await self._permissions.boundaries())
            self._forces = (now_us, forces)
        return forces


def _read(bodies: Mapping[str, Any]) -> Forces:
    shapes = ((area, read_shape(body)) for area, body in bodies.items())
    return Forces(Boundary(area, shape) for area, shape in shapes if isinstance(shape, Polygons))
