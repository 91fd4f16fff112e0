"""Where every device last said that it was connected, and which carriers and cells stand out by their losses (rules.md 11)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from domain.facts import Batch
from domain.networks import UNTOLD, Network

GROUP_FEWEST = 10
"""With fewer losses no carrier and no cell explains any of them."""
GROUP_SHARE = 50
"""One of so many of a group's devices lost (2 %) makes it stand out."""
NO_CELL = -1

Flags = NDArray[np.bool_]
"""(devices,) by roster index."""


class Networks:
    """The newest network that each device told of."""

    def __init__(self, of: dict[int, Network] | None = None) -> None:
        self.of = of if of is not None else {}
        self._groups: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None

    def take(self, batch: Batch, lines: Sequence[int]) -> dict[int, Network]:
        """Take what these messages of a batch tell, in their order. Returns, by line, what was new of its device."""
        known, new = self.of, {}
        for line, device in zip(lines, batch.devices[lines].tolist() if lines else (), strict=True):
            network = batch.networks[line]
            if known.get(device) != network:
                known[device] = new[line] = network
        if new:
            self._groups = None
        return new

    def network_of(self, device: int) -> Network:
        """Of a device that never told: `UNTOLD`."""
        return self.of.get(device, UNTOLD)

    def groups(self, devices: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """By device, numbers of its carrier (those of whom none is known are one) and of its cell (`NO_CELL`: unknown)."""
        if self._groups is not None and len(self._groups[0]) == devices:
            return self._groups
        carrier, cell = np.zeros(devices, np.int64), np.full(devices, NO_CELL, np.int64)
        carriers: dict[tuple[str, str] | None, int] = {None: 0}
        cells: dict[Network, int] = {}
        for device, network in self.of.items():
            carrier[device] = carriers.setdefault(network.carrier, len(carriers))
            if network.carrier is not None and network.cell is not None:
                cell[device] = cells.setdefault(network, len(cells))
        self._groups = (carrier, cell)
        return self._groups

    def stand_out(self, lost: Flags, heard: Flags) -> Flags:
        """The devices whose cell, or whose carrier without such cells, has lost enough of what it had to explain a loss.

        Where such cells are most of a carrier, the few that are left go with them unless half of those speak.
        ``lost`` are those of which the outage may be the cause, ``heard`` those in contact; others count nowhere.
        """
        carrier, cell = self.groups(len(lost))
        known = cell != NO_CELL
        by_cell = np.zeros(len(lost), np.bool_)
        by_cell[known] = _much_lost(*_counts(cell[known], lost[known], heard[known]))[cell[known]]
        rest = ~by_cell
        whole = _much_lost(*_counts(carrier, lost, heard))
        n_lost, n_all = _counts(carrier, lost & rest, heard & rest)
        by_carrier = _much_lost(n_lost, n_all) | (whole & (2 * n_lost > n_all))
        return by_cell | (rest & by_carrier[carrier])


def _counts(group: NDArray[np.int64], lost: Flags, heard: Flags) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(groups,) how many are lost of each, and how many are lost or heard."""
    groups = int(group.max(initial=-1)) + 1
    return np.bincount(group[lost], minlength=groups), np.bincount(group[lost | heard], minlength=groups)


def _much_lost(n_lost: NDArray[np.int64], n_all: NDArray[np.int64]) -> Flags:
    """(groups,) of which have at least `GROUP_FEWEST` losses, and one in `GROUP_SHARE` at least."""
    much: Flags = (n_lost >= GROUP_FEWEST) & (n_lost * GROUP_SHARE >= n_all)
    return much
