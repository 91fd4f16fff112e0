"""What ingest's tests share."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ingest.processes import Pair


@pytest.fixture(params=["real", "embedded"])
def pair(request: pytest.FixtureRequest) -> Pair:
    """TimescaleDB and Mosquitto, or what the demo has."""
    real = request.param == "real"
    url = request.getfixturevalue("timescale_url" if real else "embedded_url")
    broker: Any = request.getfixturevalue("mosquitto" if real else "iotcore_broker")
    return Pair(url, broker.url, not real)
