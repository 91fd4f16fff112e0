"""Mass outages inside a commit and read back, and the networks that devices told of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.commits import Work
from domain.incidents import IncidentVersion, Release, Released, TakenIn
from domain.networks import Network
from store.statements import statement
from store.times import At, Connection, at

_VERSION_TYPES = ("text", "int4", *("timestamptz",) * 3, "int4", "int4", "int8", "int4")
_DEVICE_TYPES = ("text", "text", "int4", *("text",) * 8)
_NETWORK_TYPES = ("int8", "int4", "int8", *("text",) * 4)
_NOWHERE = (None,) * len(Network._fields)


async def write_incidents(conn: Connection, work: Work) -> None:
    """Versions, what they took in and released, and the pointers to the newest; inside the caller's transaction."""
    async with conn.cursor().copy(statement("copy_incident_versions")) as copy:
        copy.set_types(_VERSION_TYPES)
        for line, v in work.incidents:
            instants = (At(v.opened_us), at(v.closed_us), At(v.decided_us))
            await copy.write_row((v.id, v.version, *instants, v.devices, v.silent, work.no, line))
    async with conn.cursor().copy(statement("copy_incident_devices")) as copy:
        copy.set_types(_DEVICE_TYPES)
        for _, version in work.incidents:
            for row in _device_rows(version):
                await copy.write_row(row)
    await conn.execute(statement("point_at_newest_incidents"), {"commit_no": work.no})


def _device_rows(version: IncidentVersion) -> Iterator[tuple[Any, ...]]:
    for one in version.taken:
        yield (version.id, one.device, version.version, "taken", one.wearer, one.victim, *one.network, None)
    for gone in version.released:
        who = (gone.wearer, gone.victim)
        yield (version.id, gone.device, version.version, "released", *who, *_NOWHERE, gone.why.value)


async def write_networks(conn: Connection, work: Work, nos: NDArray[np.int64]) -> None:
    """The lines that told of a new network; ``nos`` is the device_no by roster index."""
    devices = work.batch.devices
    async with conn.cursor().copy(statement("copy_network_changes")) as copy:
        copy.set_types(_NETWORK_TYPES)
        for line, network in work.networks.items():
            await copy.write_row((work.no, line, int(nos[devices[line]]), *network))


async def networks_of_commits(conn: Connection, bounds: dict[str, Any]) -> dict[int, dict[int, Network]]:
    """By commit and line, the networks told; ``bounds`` has the ``first`` and the ``last`` commit."""
    found: dict[int, dict[int, Network]] = {}
    rows = await (await conn.execute(statement("networks_of_commits"), bounds)).fetchall()
    for commit_no, line, *network in rows:
        found.setdefault(commit_no, {})[line] = Network(*network)
    return found


async def incidents_of_commits(conn: Connection, first: int, last: int) -> list[tuple[int, IncidentVersion]]:
    """(commit, version) of the incidents that some commits decided, both included, in the order written."""
    bounds = {"first": first, "last": last}
    rows = await (await conn.execute(statement("incidents_of_commits"), bounds)).fetchall()
    if not rows:
        return []
    taken: dict[tuple[str, int], list[TakenIn]] = {}
    released: dict[tuple[str, int], list[Released]] = {}
    for row in await (await conn.execute(statement("devices_of_commits"), bounds)).fetchall():
        (incident, version, change, device, wearer, victim, *network, why) = row
        if change == "taken":
            taken.setdefault((incident, version), []).append(TakenIn(device, wearer, victim, Network(*network)))
        else:
            released.setdefault((incident, version), []).append(Released(device, wearer, victim, Release(why)))
    found = [(row[0], row[1:], (row[1], row[2])) for row in rows]
    return [(no, _version(row, taken.get(key, ()), released.get(key, ()))) for no, row, key in found]


def _version(row: Sequence[Any], taken: Sequence[TakenIn] = (), released: Sequence[Released] = ()) -> IncidentVersion:
    (incident, version, opened_us, closed_us, decided_us, devices, silent) = row
    counts = (devices, silent, tuple(taken), tuple(released))
    return IncidentVersion(incident, version, opened_us, closed_us, decided_us, *counts)


def stream_bodies(incidents: Sequence[tuple[int, IncidentVersion]]) -> list[tuple[str, dict[str, Any]]]:
    """What the stream tells of them: how many were taken in and released, not whom."""
    return [("incident", version.as_event()) for _, version in incidents]
