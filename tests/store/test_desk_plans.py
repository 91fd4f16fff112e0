"""What the desk and its lists read, by index however much there is besides."""

from __future__ import annotations

from typing import Any

import pytest

from store.times import At
from tests.store.made import NOON
from tests.store.test_plans import indexes, many_alerts, nodes, plan, scanned

CLOSED = (
    "UPDATE alert_work SET work = 'closed', closed_at = now(), outcome = 'confirmed', holder = 'p' || alert_no % 30, "
    "renewed_at = now() WHERE alert_no % 100 <> 0 RETURNING 1"
)
NO_FILTER: dict[str, Any] = dict.fromkeys(
    ("wearer", "severities", "state", "grouped_under", "grouped", "works", "holder")
)
FIRST_PAGE = NO_FILTER | {"before_at": At(NOON * 2), "before_no": 10**9, "withdrawn": False, "limit": 101}


@pytest.mark.slow
async def test_what_is_open_or_somebodys_is_found_without_what_is_closed(database_url: str) -> None:
    async with many_alerts(database_url) as conn:
        await conn.execute(CLOSED.encode())
        await conn.execute(b"ANALYZE")
        await conn.execute(b"SET enable_seqscan = off")  # there is little of everything here
        for works in (["raised", "claimed", "actioned"], ["raised"], ["claimed"]):
            found = await plan(conn, "alerts_page", FIRST_PAGE | {"works": works})
            assert "alert_work_open" in indexes(found), works
            assert not scanned(found), works
        found = await plan(conn, "alerts_page", FIRST_PAGE | {"holder": "nobody"})
        assert "alert_work_holder" in indexes(found)
        assert "alerts_raised" in indexes(await plan(conn, "alerts_page", FIRST_PAGE))


@pytest.mark.slow
async def test_a_history_tasks_and_mutes_are_read_by_index(database_url: str) -> None:
    async with many_alerts(database_url) as conn:
        await conn.execute(b"SET enable_seqscan = off")  # there is little of everything here
        one: dict[str, Any] = {"alert_no": 7, "limit": 1000}
        wanted = {
            "events_of_alert": ("alert_events_alert_no_revision_key", one),
            "notifications_of_alert": ("notifications_alert", one),
            "contacts_of_alert": ("contacts_alert", one),
            "tasks_of_alert": ("tasks_alert_no_key_key", one),
            "timers_of_alert": ("timers_pkey", one),
            "tasks_page": ("tasks_open", {"after_at": At(NOON), "after_no": 5, "limit": 10}),
            "mutes_page": ("mutes_standing", {"now": At(NOON), "after": 5, "wearer": None, "limit": 10}),
            "contacts_page": ("contacts_wearer", {"since": At(NOON), "before": 99, "wearer": "W1", "limit": 10}),
            "answer_given": ("answers_given_pkey", {"actor": "ola", "path": "/", "key": "k"}),
            "drop_old_answers": ("answers_given_at", {"before": At(NOON)}),
        }
        for name, (index, parameters) in wanted.items():
            found = await plan(conn, name, parameters)
            assert index in indexes(found), name
            assert not scanned(found), name
            if name.endswith("_page"):
                assert "Sort" not in {node["Node Type"] for root in found for node in nodes(root)}, name
