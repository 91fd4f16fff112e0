"""`side`: fake, over TimescaleDB, over plain PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.api.sides import Side, fake_side, real_side


@pytest.fixture(
    params=[
        "fake",
        pytest.param("timescale_url", marks=pytest.mark.real),
        pytest.param("embedded_url", marks=pytest.mark.real),
    ]
)
async def side(request: pytest.FixtureRequest) -> AsyncIterator[Side]:
    """A reading side with its writing side."""
    if request.param == "fake":
        yield fake_side()
        return
    async with real_side(request.getfixturevalue(request.param)) as real:
        yield real
