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
from tests.store.test_plans import DAYS, WEARERS, a_week, nodes

EVERYTHING = Sight(everything=True, positions=True, victims=True, centre=True)
SOME = Sight(wearers=frozenset({"W07"}), positions=True)
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
