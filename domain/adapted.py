"""Devices that speak another format than the wire's, through an adapter of ingest (docs/adapters.md, decision 0061).

An adapter's name begins the id of every device that it speaks for, and no other device should be given such an id. So
everybody can tell such a device: it numbers nothing, so that nothing of it can be missing, and it takes no commands.
"""

from __future__ import annotations

from typing import Final

ADAPTERS: Final = ("owntracks",)
"""Every adapter there is, by name."""
UNCOUNTED: Final = [f"{name}\\_%" for name in ADAPTERS]
"""The same devices, as patterns for LIKE."""

_BEGINNINGS: Final = tuple(f"{name}_" for name in ADAPTERS)


def is_adapted(device: str) -> bool:
    """Whether this is the id of a device that an adapter speaks for."""
    return device.startswith(_BEGINNINGS)
