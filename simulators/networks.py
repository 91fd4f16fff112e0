"""Which carrier and cell a device is with: what its first message tells (wire.md, `net`), and what an outage takes."""

from __future__ import annotations

from typing import Any, Final
from zlib import crc32

from simulators.ground import Frame

CARRIERS: Final = {"north": "10", "south": "15", "east": "20", "west": "30"}
"""Made-up names, and mobile network codes of the United Kingdom."""
CELL_DEGREES: Final = 0.02
"""Homes within about two kilometres share a cell."""


def carrier_of(device: str) -> str:
    """The same for the same device, whatever the run."""
    return list(CARRIERS)[crc32(device.encode()) % len(CARRIERS)]


def cell_of(home: Frame) -> int:
    """The cell at somebody's home."""
    return 1 + (round(home.lat / CELL_DEGREES) * 20_011 + round(home.lon / CELL_DEGREES) * 31) % 65_000


def told_network(device: str, home: Frame) -> dict[str, Any]:
    """`net`, as a device tells it."""
    cell = cell_of(home)
    return {"mcc": "234", "mnc": CARRIERS[carrier_of(device)], "tac": str(cell // 100), "cell": str(cell)}
