"""Failure 19: late rows that meet compressed chunks, and stall. Here nothing compresses what a late row may still reach."""

from __future__ import annotations

import numpy as np
import pytest

from domain.instants import DAY_US
from domain.vocabulary import Quality
from tests.store.made import NOON, ask, fixes_of, migrated, roster_of, work_of

pytestmark = [pytest.mark.real, pytest.mark.slow]

REACH_DAYS = 30
"""Facts that are older when they come are `ancient` (rules.md 2)."""


async def test_failure_19_late_rows_land_in_plain_chunks_a_bounded_number_of_them(timescale_url: str) -> None:
    """Facts of every age up to the limit in one commit: one chunk a day, none compressed, and none for what is older."""
    roster = roster_of("T1")
    late = [fixes_of(0, [day + 1], NOON - day * DAY_US) for day in range(REACH_DAYS)]
    mad = [fixes_of(0, [100 + k], NOON - days * DAY_US) for k, days in enumerate((32, 400, 7168, 20_000))]
    facts = np.concatenate([*late, *mad])
    facts["received_us"] = NOON
    facts["quality"][REACH_DAYS:] = Quality.ANCIENT
    facts["line"] = np.arange(len(facts))
    async with migrated(timescale_url) as store:
        await store.commit(work_of(1, roster, facts))
    chunks = "SELECT count(*), count(*) FILTER (WHERE is_compressed) FROM timescaledb_information.chunks"
    assert ask(timescale_url, f"{chunks} WHERE hypertable_name = 'fixes'") == [(REACH_DAYS, 0)]
    assert ask(timescale_url, "SELECT count(*) FROM stray_fixes") == [(len(mad),)]
    compresses = "SELECT count(*) FROM timescaledb_information.jobs WHERE proc_name ILIKE '%compress%'"
    assert ask(timescale_url, compresses) == [(0,)]


async def test_failure_19_a_late_row_costs_what_a_live_one_does(timescale_url: str) -> None:
    """The same index finds its place: a row of 29 days ago is looked up in its own chunk, and no other is touched."""
    roster = roster_of("T1")
    async with migrated(timescale_url) as store:
        for no in range(1, 6):
            late = fixes_of(0, [10 * no], NOON - 29 * DAY_US)
            now = fixes_of(0, [10 * no + 1], NOON + no)
            facts = np.concatenate([late, now])
            facts["received_us"], facts["line"] = NOON + no, [0, 1]
            await store.commit(work_of(no, roster, facts))
    plan = ask(
        timescale_url,
        "EXPLAIN SELECT * FROM fixes WHERE device_no = 1 AND fix_time >= %s AND fix_time < %s",
        *("2026-10-23T00:00:00Z", "2026-10-24T00:00:00Z"),
    )
    scanned = [row[0] for row in plan if "Scan" in row[0] and "_chunk" in row[0]]
    assert len(scanned) == 1, plan
