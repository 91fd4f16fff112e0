"""What sheets and measures read, by index: one wearer's rows and one year's cases, however much there is besides."""

from __future__ import annotations

from typing import Any

import pytest

from domain.callers import Sight
from store.permissions import Permissions
from store.times import At
from tests.store.alert_making import alerts_at
from tests.store.made import NOON
from tests.store.test_plans import indexes, many_alerts, plan, scanned
from tests.store.test_roles import login_as

pytestmark = [pytest.mark.real, pytest.mark.slow]

SPAN: dict[str, Any] = {"wearer": "W1", "from_at": At(0), "to_at": At(NOON), "limit": 100}
BY: dict[str, str] = {
    "sheet_violations": "violations_newest_wearer",
    "sheet_versions": "violations_newest_wearer",
    "sheet_contacts": "contacts_wearer",
    "sheet_alerts": "alerts_wearer",
    "sheet_warrants": "warrants_wearer",
    "sheet_breaches": "breaches_wearer",
}
MEASURED: dict[str, Any] = {"from_at": At(0), "to_at": At(NOON), "now": At(NOON)}


async def test_a_sheet_reads_one_wearer_by_index(database_url: str) -> None:
    async with many_alerts(database_url) as conn:
        await conn.execute(b"SET enable_seqscan = off")  # there is little of everything here
        for name, index in BY.items():
            found = await plan(conn, name, SPAN)
            assert index in indexes(found), name
            assert not scanned(found), (name, scanned(found))
        records = await plan(conn, "sheet_records", {"wearer": "W1", "whole": False})
        assert not scanned(records), scanned(records)
        breaches = await plan(conn, "measured_breaches", MEASURED)
        assert "breach_steps_breach" in indexes(breaches)


async def test_the_api_may_read_what_sheets_and_measures_are_made_of(database_url: str) -> None:
    async with alerts_at(database_url) as made:
        await made.raised("W1-1", order="O1")
        with login_as(database_url, "bailiwick_api") as url:
            async with await Permissions.open(url) as tables:
                everything = Sight(everything=True)
                what = ("contacts", "alerts", "warrants", "breaches")
                assert await tables.sheets.noted(everything, "W1", 0, NOON, what) == []
                assert [one.id for one in await tables.sheets.violations(everything, "W1", 0, NOON + 1)] == ["W1-1"]
                kinds = {type(one.record).__name__ for one in await tables.sheets.records(everything, "W1")}
                assert kinds == {"Wearer", "Device", "Fitting", "Order", "Condition"}
                assert await tables.sheets.markers("W1") == []
                assert await tables.sheets.records(Sight(wearers=frozenset({"W2"})), "W1") == []
                assert await tables.measures.breaches(0, NOON, NOON) == []
                assert [row.order_kind for row in await tables.measures.orders(0, NOON, NOON, 72.0)] == ["community"]
                assert (await tables.measures.held(0, NOON), await tables.measures.published(2026)) == ([], None)
