"""Who must be judged together: parties in one condition, or who share a device, a home unit, or a tag that another's
unit hears."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.vocabulary import DeviceKind
from geofence.compiled import compiled, inlined
from geofence.flat import Flat
from geofence.world import World


@dataclass(slots=True)
class Clusters:
    """Labels of the connected parts, and who wore what.

    Attributes
    ----------
    of_device, of_party : (n,) int64, the cluster of each.
    is_unit : (devices,) bool, home units.
    fittings : the rows (from, to, party) of each device.
    fitted_again : (devices,) bool, those that were fitted more than once.
    """

    of_device: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    of_party: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    is_unit: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))
    fittings: Flat = field(default_factory=lambda: Flat(np.int64, 3))
    fitted_again: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))
    heard: set[tuple[int, int]] = field(default_factory=set)
    _devices: tuple[Any, Any] = field(default_factory=lambda: (np.zeros(0, np.int64), np.zeros(1, np.int64)))
    _parties: tuple[Any, Any] = field(default_factory=lambda: (np.zeros(0, np.int64), np.zeros(1, np.int64)))

    def devices_in(self, cluster: int) -> NDArray[np.int64]:
        """The devices of a cluster, ascending."""
        return _in(self._devices, cluster)

    def parties_in(self, cluster: int) -> NDArray[np.int64]:
        """The parties of a cluster, ascending."""
        return _in(self._parties, cluster)

    def renew(self, world: World, changed: Collection[int] | None = None) -> None:
        """Work the labels out from the caseload. ``changed``: the known devices whose fittings may be others; None: all."""
        devices, parties = len(world.book.roster.ids), len(world.book.parties)
        known = 0 if changed is None else len(self.fittings.first)
        which = sorted({*(changed or ()), *range(known, devices)})
        self.fittings.put(which, [world.fittings(device) for device in which], devices)
        parties = max(parties, len(world.book.parties))
        self.fitted_again = self.fittings.last - self.fittings.first > 1
        device, place = self.fittings.places()
        cases = world.layout.cases
        units = [
            (unit, devices + case.party) for unit, of in world.layout.units.items() for c in of if (case := cases[c])
        ]
        pairs = world.layout.tables.pairs
        near = np.stack([devices + pairs["one"], devices + pairs["other"]], 1).astype(np.int64)
        fitted = np.stack([device, devices + self.fittings.rows[place, 2]], 1)
        edges = [fitted, *(np.array(list(of), np.int64).reshape(-1, 2) for of in (units, self.heard)), near]
        label = np.arange(devices + parties)
        _label(np.concatenate(edges), label)
        self.of_device, self.of_party = label[:devices], label[devices:]
        self._devices, self._parties = _members(self.of_device, len(label)), _members(self.of_party, len(label))
        is_unit = np.zeros(devices, np.bool_)
        is_unit[: len(self.is_unit)] = self.is_unit
        is_unit[which] = [world.layout.kinds[device] is DeviceKind.HOME_UNIT for device in which]
        self.is_unit = is_unit

    def hear(self, units: NDArray[Any], tags: NDArray[Any]) -> bool:
        """Home units spoke of tags; whether that joins clusters that were apart."""
        apart = self.of_device[units] != self.of_device[tags]
        if not apart.any():
            return False
        self.heard |= set(zip(units[apart].tolist(), tags[apart].tolist(), strict=True))
        return True


def _members(label: NDArray[np.int64], labels: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Who has each label, one label after another, and where each begins."""
    return np.argsort(label, kind="stable"), np.searchsorted(np.sort(label), np.arange(labels + 1))


def _in(members: tuple[Any, Any], label: int) -> NDArray[np.int64]:
    who, first = members
    found: NDArray[np.int64] = who[first[label] : first[label + 1]]
    return found


@compiled
def _label(edges: Any, parent: Any) -> None:
    """Writes to ``parent``, which begins as its own indices, the same number for all that edges connect."""
    for k in range(len(edges)):
        a, b = _root(parent, edges[k, 0]), _root(parent, edges[k, 1])
        parent[a] = b
    for k in range(len(parent)):
        parent[k] = _root(parent, k)


@inlined
def _root(parent: Any, k: int) -> int:
    while parent[k] != k:
        parent[k] = parent[parent[k]]
        k = parent[k]
    return k
