"""Everybody who may be told, read from the database at once: what `alerts.recipients` is given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from alerts.forces import Boundary, Forces
from alerts.protocols import Protocols
from alerts.recipients import RATE_OVER_US, Directory, Hook
from alerts.rota import AHEAD_US, BACK_US, Gap, gap_alerts, gaps, wanted
from alerts.state import Raise
from domain.caseload_shapes import read_shape
from domain.instants import HOUR_US
from domain.records import Polygons
from domain.vocabulary import Channel
from geofence.wallclock import TimeZones
from store import Store

AROUND_US: Final = HOUR_US
"""Shifts that are read before and after now, so that a directory is good for a while."""


async def read_directory(
    store: Store,
    zones: TimeZones,
    now_us: int,
    hooks: tuple[Hook, ...] = (),
    trusted: frozenset[Channel] = frozenset({Channel.CONSOLE}),
    forces: Forces | None = None,
    channels: frozenset[Channel] = frozenset(Channel),
) -> Directory:
    """As the database has it at ``now_us``. ``forces``: those of an earlier reading, which change seldom."""
    shifts = await store.rota.shifts(now_us - AROUND_US, now_us + AROUND_US)
    areas = await store.rota.areas()
    lately = await store.rota.told_lately(now_us - RATE_OVER_US)
    known = forces if forces is not None else await read_forces(store)
    return Directory(shifts, areas, known, zones, hooks, trusted, lately, channels)


async def read_forces(store: Store) -> Forces:
    """The newest boundary of every force."""
    return Forces(boundaries_of(await store.rota.boundaries()))


def boundaries_of(bodies: Mapping[str, Any]) -> list[Boundary]:
    """Boundaries from the geometries that were stored, each of which was read before it was."""
    shapes = [(area, read_shape(body)) for area, body in bodies.items()]
    return [Boundary(area, shape) for area, shape in shapes if isinstance(shape, Polygons)]


async def rota_gaps(store: Store, protocols: Protocols, from_us: int, to_us: int) -> list[Gap]:
    """Where nobody will be on duty for a role that the protocols tell, in an area that orders run in."""
    shifts = await store.rota.shifts(from_us, to_us)
    needed = wanted(protocols, await store.rota.areas_in_use(from_us, to_us))
    return gaps(shifts, needed, from_us, to_us, await store.rota.areas())


async def rota_alerts(store: Store, protocols: Protocols, now_us: int) -> list[Raise]:
    """The platform alerts of the gaps of the next day, to be raised once each; asked every few minutes."""
    shifts = await store.rota.shifts(now_us - BACK_US, now_us + AHEAD_US)
    needed = wanted(protocols, await store.rota.areas_in_use(now_us, now_us + AHEAD_US))
    return gap_alerts(shifts, needed, now_us, await store.rota.areas())
