"""Adapters: one small file for each other format that ingest takes (docs/adapters.md); the port is `domain.wire_adapters`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from domain.wire_adapters import Adapter
from ingest.adapters.owntracks import OwnTracks

EVERY: Final[tuple[Adapter, ...]] = (OwnTracks(),)
"""All there are, on or off."""


def adapters_named(names: Iterable[str]) -> tuple[Adapter, ...]:
    """Those of some names, which are known."""
    by_name = {adapter.name: adapter for adapter in EVERY}
    return tuple(by_name[name] for name in names)
