"""Who must be judged together: parties in one condition, or who share a device, a home unit, or a tag that another's
unit hears."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.vocabulary import DeviceKind
from geofence.cases import World


@dataclass(slots=True)
class Clusters:
    """Labels of the connected parts, and who wore what.

    Attributes
    ----------
    of_device, of_party : (n,) int64, the cluster of each.
    is_unit : (devices,) bool, home units.
    fittings : first, last by device, and rows (from, to, party).
    """

    of_device: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    of_party: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    is_unit: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))
    fittings: tuple[Any, Any, Any] = field(
        default_factory=lambda: (np.zeros(0, int), np.zeros(0, int), np.zeros((0, 3), int))
    )
    heard: set[tuple[int, int]] = field(default_factory=set)
    _devices: tuple[Any, Any] = field(default_factory=lambda: (np.zeros(0, np.int64), np.zeros(1, np.int64)))
    _parties: tuple[Any, Any] = field(default_factory=lambda: (np.zeros(0, np.int64), np.zeros(1, np.int64)))

    def devices_in(self, cluster: int) -> NDArray[np.int64]:
        """The devices of a cluster, ascending."""
        return _in(self._devices, cluster)

    def parties_in(self, cluster: int) -> NDArray[np.int64]:
        """The parties of a cluster, ascending."""
        return _in(self._parties, cluster)

    def renew(self, world: World) -> None:
        """Work the labels out from the caseload."""
        devices, parties = len(world.book.roster.ids), len(world.book.parties)
        parent = list(range(devices + parties))
        rows: list[tuple[int, int, int]] = []
        first = np.zeros(devices, np.int64)
        last = np.zeros(devices, np.int64)
        for device in range(devices):
            first[device] = len(rows)
            for fitting in world.fittings(device):
                rows.append(fitting)
                _join(parent, device, devices + fitting[2])
            last[device] = len(rows)
        for unit, cases in world.layout.units.items():
            for case in (world.layout.cases[c] for c in cases):
                if case is not None:
                    _join(parent, unit, devices + case.party)
        for pair in world.layout.tables.pairs:
            _join(parent, devices + int(pair["one"]), devices + int(pair["other"]))
        for unit, tag in self.heard:
            _join(parent, unit, tag)
        label = np.array([_root(parent, k) for k in range(len(parent))], np.int64)
        self.of_device, self.of_party = label[:devices], label[devices:]
        self._devices, self._parties = _members(self.of_device, len(label)), _members(self.of_party, len(label))
        kinds = world.layout.kinds
        self.is_unit = np.array([kind is DeviceKind.HOME_UNIT for kind in kinds], np.bool_)
        self.fittings = (first, last, np.array(rows, np.int64).reshape(-1, 3))

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


def _root(parent: list[int], k: int) -> int:
    while parent[k] != k:
        parent[k] = parent[parent[k]]
        k = parent[k]
    return k


def _join(parent: list[int], a: int, b: int) -> None:
    parent[_root(parent, a)] = _root(parent, b)
