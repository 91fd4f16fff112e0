"""How the fixes of a crime's window are found: one day through block ranges, whatever else is stored."""

from __future__ import annotations

from domain.instants import DAY_US, MINUTE_US
from store.times import At
from tests.store.made import NOON
from tests.store.test_plans import a_week, chunks, indexes, plan

HOUR = {"from_at": At(NOON + 2 * DAY_US), "to_at": At(NOON + 2 * DAY_US + MINUTE_US)}


async def test_a_window_looks_at_one_day_and_passes_over_the_blocks_of_other_hours(timescale_url: str) -> None:
    async with a_week(timescale_url) as (_, conn):
        assert len(chunks(await plan(conn, "fixes_between", HOUR))) == 1
        await conn.execute(b"SET enable_seqscan = off")
        found = await plan(conn, "fixes_between", HOUR)
        assert any("fixes_commit" in name for name in indexes(found)), "of a day of a fleet, not of one of forty"


async def test_the_block_ranges_serve_without_chunks_too(embedded_url: str) -> None:
    async with a_week(embedded_url) as (_, conn):
        await conn.execute(b"SET enable_seqscan = off")
        assert "fixes_commit" in indexes(await plan(conn, "fixes_between", HOUR))
        one = HOUR | {"nos": [3, 4]}
        assert "fixes_device_time" in indexes(await plan(conn, "fixes_of_devices_between", one))
