"""Plans under a sight: what cuts a question to the caller's wearers does not make it read everybody's facts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from domain.callers import Sight
from domain.instants import DAY_US
from store.seeing import seeing
from store.statements import statement
from store.times import At
from tests.store.made import NOON
from tests.store.test_plans import DAYS, WEARERS, a_week, many_alerts, nodes, plan, scanned

EVERYTHING = Sight(everything=True, positions=True, victims=True, centre=True)
SOME = Sight(wearers=frozenset({"W07"}), positions=True)
CENTRE_OF_AN_AREA = Sight(areas=frozenset({"kent"}), positions=True, victims=True, centre=True)
OF_ONE_DAY = 100
SPAN = {"from_at": At(NOON + 2 * DAY_US), "to_at": At(NOON + 3 * DAY_US)}
AFTER = {"after_time": At(0), "after_device": "", "after_gen": -1, "after_seq": -1}


@pytest.mark.parametrize("sight", [EVERYTHING, SOME], ids=["everything", "some"])
@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("trail", AFTER | {"limit": 5000}),
        ("trail_backwards", {"limit": 5000}),
        ("facts_between", {}),
        ("fixes_by_stretch", {"edges": [SPAN["from_at"], SPAN["to_at"]]}),
    ],
)
async def test_a_wearers_facts_are_found_by_device(
    database_url: str, name: str, more: dict[str, Any], sight: Sight
) -> None:
    async with a_week(database_url) as (_, conn), seeing(conn, sight):
        text = b"EXPLAIN (ANALYZE, TIMING OFF, FORMAT json) " + statement(name)
        row = await (await conn.execute(text, SPAN | {"wearer": "W07"} | more)).fetchone()
        assert row is not None
        told = row[0] if isinstance(row[0], list) else json.loads(row[0])
        facts = [
            node["Actual Rows"] * node["Actual Loops"]
            for node in nodes(told[0]["Plan"])
            if "chunk" in node.get("Relation Name", "") or node.get("Relation Name") in ("fixes", "stray_fixes")
        ]
        assert max(facts) == OF_ONE_DAY < WEARERS * DAYS


@pytest.mark.parametrize("sight", [EVERYTHING, CENTRE_OF_AN_AREA], ids=["everything", "an area"])
async def test_alerts_without_a_wearer_are_cut_by_index_in_the_order_of_the_list(
    embedded_url: str, sight: Sight
) -> None:
    wanted = dict.fromkeys(("wearer", "severities", "state", "grouped_under", "grouped", "works", "holder"))
    wanted |= {"before_at": At(NOON + DAY_US), "before_no": 10**6, "withdrawn": False, "limit": 10}
    async with many_alerts(embedded_url) as conn:
        await conn.execute(b"UPDATE alerts SET wearer = NULL, device = 'T1' WHERE alert_no % 2 = 0")
        await conn.execute(b"ANALYZE alerts")
        await conn.execute(b"SET enable_seqscan = off")
        async with seeing(conn, sight):
            found = await plan(conn, "alerts_page", wanted)
        assert "alerts_raised" in {node.get("Index Name") for node in found}
        assert not scanned(found) & {"alerts", "caseload_entered", "violations"}
        assert "Sort" not in [node["Node Type"] for node in found[:2]]
