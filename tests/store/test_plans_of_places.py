"""Plans of questions about places: the index is used, and days outside of what is asked are not looked at."""

from __future__ import annotations

from typing import Any

import pytest

from domain.instants import DAY_US, HOUR_US
from store.times import At, Connection
from tests.store.made import NOON, ask
from tests.store.test_desk_plans import CLOSED
from tests.store.test_plans import DAYS, a_week, chunks, indexes, many_alerts, plan, scanned, scans

DAY = NOON + 2 * DAY_US
SPAN = {"from_at": At(DAY), "to_at": At(DAY + HOUR_US)}


async def looked_at(conn: Connection, name: str, wanted: dict[str, Any], days: int) -> None:
    """Through the index, and in so many days."""
    found = await plan(conn, name, wanted)
    assert len({one for one in chunks(found) if one != "equipment_events"}) == days, chunks(found)
    assert scans(found, "fixes") <= {"Index Scan", "Bitmap Heap Scan", "Index Only Scan"}
    assert any("device_time" in one for one in indexes(found))


async def test_places_look_at_their_days_alone(database_url: str) -> None:
    async with a_week(database_url) as (_, conn):
        devices = {"devices": [1, 2], "from_ats": [At(DAY), At(DAY)], "to_ats": [At(DAY + HOUR_US)] * 2}
        box = {"west": 0.0, "south": 51.0, "east": 1.0, "north": 52.0}
        await looked_at(conn, "present_fixes", SPAN | devices | box | {"limit": 100}, 1)
        await looked_at(conn, "trail_backwards", SPAN | {"wearer": "W07", "limit": 100}, 1)
        now = NOON + (DAYS - 1) * DAY_US + HOUR_US
        in_days = ask(database_url, "SELECT 1 UNION ALL SELECT 2 FROM pg_extension WHERE extname = 'timescaledb'")
        wanted = {"victim": "V1", "now": At(now), "since": At(now - DAY_US)}
        await looked_at(conn, "victim_place", wanted, len(in_days))


@pytest.mark.slow
async def test_what_lets_somebody_see_is_found_by_index(database_url: str) -> None:
    async with many_alerts(database_url) as conn:
        await conn.execute(CLOSED.encode())
        await conn.execute(b"ANALYZE")
        await conn.execute(b"SET enable_seqscan = off")  # there is little of everything here
        wanted: dict[str, tuple[str, dict[str, Any]]] = {
            "open_spans": ("alert_work_open", {}),
            "wearers_told_of": ("notifications_police", {"recipients": ["force:kent"]}),
        }
        for name, (index, parameters) in wanted.items():
            found = await plan(conn, name, parameters)
            assert index in indexes(found), (name, indexes(found))
            assert not scanned(found), name
        of_one = indexes(await plan(conn, "open_spans_of", {"wearers": ["W1"]}))
        assert of_one & {"alerts_wearer", "alert_work_open"}
