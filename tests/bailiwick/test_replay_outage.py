"""A mass outage through ingest and the real database: over a restart in its middle, and judged again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bailiwick.replay_command import Wanted, replay
from bailiwick.timezones import pinned_time_zones
from domain.instants import DAY_US, SECOND_US, format_instant
from ingest.engine import RealEngine
from store import Store
from store.reading_types import AlertFilter
from tests.bailiwick.test_replay import Ingest, sql
from tests.rules.nights import Line
from tests.rules.outages_made import T0, fleet

pytestmark = [pytest.mark.real, pytest.mark.slow]
SIZE = 60


def beats(devices: range, at_s: int, mnc: int = 15) -> list[Line]:
    at_us = T0 + at_s * SECOND_US
    net = {"mcc": 234, "mnc": mnc, "tac": 7}
    return [
        {
            "received": format_instant(at_us),
            "device": f"T{n}",
            "envelope": {"v": 1, "sent": at_us // 1000, "net": net | {"cell": n // 10}},
        }
        for n in devices
    ]


def ticks(*at_s: int) -> list[Line]:
    return [{"tick": format_instant(T0 + one * SECOND_US)} for one in at_s]


async def outage(url: str, *, clean: bool) -> None:
    """Sixty are silent from noon on; ingest stops while the incident stands; all but two are back."""
    async with await Store.open(url) as store:
        await store.migrate()
        await store.learn([replace(version) for version in fleet(SIZE)])
        first = beats(range(SIZE), 0) + ticks(1, 299, 300, 301)
        second = beats(range(SIZE - 2), 400, mnc=20) + ticks(401, 1300, 1301)
        for lines in (first, second):
            working = Ingest(store)
            await working.start()
            await working.take(lines)
            if clean:
                await working.stop()


@pytest.mark.parametrize("clean", [True, False], ids=["stopped", "killed"])
async def test_an_outage_goes_on_over_a_restart_and_comes_out_again(embedded_url: str, *, clean: bool) -> None:
    await outage(embedded_url, clean=clean)
    async with await Store.open(embedded_url) as store:
        row = await store.reading.incident("outage-1")
        assert row is not None
        assert (row.devices, row.silent, row.closed_us) == (SIZE, 2, T0 + 401 * SECOND_US)
        devices = await store.reading.devices_of_incident("outage-1")
        still = {one.device: (one.released, one.network.cell) for one in devices if one.silent_since_us is not None}
        assert {name: (why and why.value, cell) for name, (why, cell) in still.items()} == {
            "T58": ("still_silent", "5"),
            "T59": ("still_silent", "5"),
        }
        alerts = await store.reading.alerts(AlertFilter(grouped=False), None, 100)
        # The 58 that came back fell silent again and make a second outage; what it holds is no alert of its own.
        assert {alert.episode for alert in alerts} == {"outage-1", "outage-2", "W58-1", "W59-1"}
        told = sql(embedded_url, "SELECT count(*), count(DISTINCT device_no) FROM network_changes")
        assert told == [(2 * SIZE - 2, SIZE)]
        engine: Any = RealEngine(pinned_time_zones())
        everything = Wanted(T0 - DAY_US, T0 + DAY_US)
        again = await replay(store, engine, everything)
        assert (again.same, again.incidents) == (True, 4)
        sql(embedded_url, "UPDATE incident_devices SET why = 'back' WHERE change = 'released' AND device = 'T58'")
        again = await replay(store, engine, everything)
        assert [difference.as_json()["decided"]["id"] for difference in again.differences] == ["outage-1"]
