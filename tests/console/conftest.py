"""`night`: the centre of `tests.console.world` over the embedded database; `address`: where it is served."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.api.serving import served
from tests.console.world import World
from tests.console.world import night as made_night


@pytest.fixture
async def night(embedded_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """Eight wearers and nine alerts, at `NIGHT`."""
    async with made_night(embedded_url, tmp_path) as world:
        yield world


@pytest.fixture
async def address(night: World) -> AsyncIterator[str]:
    """Of the console over it, on a socket of this machine."""
    async with served(night.app) as where:
        yield where
