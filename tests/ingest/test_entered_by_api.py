"""What is entered by API is judged by a running ingest, two seconds later at the most."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.api.entering import entry
from tests.ingest.made import message, worn
from tests.ingest.processes import Questions, ingesting, prepare
from tests.ingest.publishing import Publisher
from tests.waiting import eventually

pytestmark = [pytest.mark.real, pytest.mark.slow]

REACHES_WITHIN_S = 2.0
AROUND = {"type": "Circle", "center": [-0.12, 51.5], "radius_m": 500}


def now_us() -> int:
    return time.time_ns() // 1000


async def test_a_condition_that_is_entered_reaches_ingest_within_two_seconds_and_is_enforced(
    database_url: str, mosquitto: Any
) -> None:
    await prepare(database_url, worn(1))
    with Questions(database_url) as database:
        async with (
            ingesting(database_url, mosquitto.url),
            Publisher(mosquitto.url) as devices,
            entry(database_url) as at,
        ):
            entered_s = time.monotonic()
            body = {"id": "C1", "order": "O1", "kind": "exclusion_zone", "zone": AROUND}
            assert (await at.call("POST", "conditions", body)).status_code == 201

            async def learnt() -> bool:
                return bool((await at.get("conditions/C1")).json()["learnt"])

            await eventually(learnt, "learnt")
            assert time.monotonic() - entered_s < REACHES_WITHIN_S
            await devices.publish([message("T1", seq, now_us() + seq) for seq in (1, 2, 3)])
            found = "SELECT count(*) FROM current_violations WHERE condition = 'C1' AND kind = 'exclusion_zone'"
            await eventually(lambda: database.number(found) == 1, "decided")
