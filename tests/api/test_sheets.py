"""Sheets over HTTP: JSON and CSV, who may, what is kept of a look, and that a chronology tells of no protected person."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from domain.instants import DAY_US, HOUR_US, format_instant
from domain.vocabulary import Cause, Change, Kind
from tests.api.doors import asks
from tests.console.world import DEE, NIGHT, OLA, World, night
from tests.store.made import violation_of

pytestmark = [pytest.mark.real, pytest.mark.slow]

ESSEX = asks("edda", "officer", "essex")


@asynccontextmanager
async def court(url: str, tmp_path: Any) -> AsyncIterator[World]:
    """W1001 to W1003; of W1002, on bail, a curfew's violation that an officer upheld, a gap, and one near a protected person."""
    async with night(url, tmp_path, 3, alerts=False) as world:
        start = NIGHT - 2 * DAY_US
        told: dict[str, Any] = {"order": "OW1002", "condition": "CW1002", "from_us": start, "decided_us": start}
        opened = violation_of("W1002-1", kind=Kind.CURFEW, **told)
        ends = {"to_us": start + HOUR_US, "minutes_certain": 60.0, "minutes_possible": 61.0}
        closed = replace(opened, version=2, change=Change.CLOSED, decided_us=start + HOUR_US, **ends)
        lost = {"condition": None, "order": None, "device": "TW1002", "cause": Cause.NETWORK}
        gap = violation_of("W1002-2", kind=Kind.COMMUNICATION_LOST, **(told | lost | {"to_us": start + 2 * HOUR_US}))
        near = violation_of(
            "W1001-1", kind=Kind.PROXIMITY_ALERT, **(told | {"order": "OW1001", "condition": "PW1001", "victim": "V1"})
        )
        await world.made.commit([opened, gap, near])
        await world.made.commit([closed])
        upheld = {"id": "B1", "violation": "W1002-1", "decision": "upheld", "reason": "=no excuse"}
        await world.post("assessments", upheld, DEE)
        said = {"wearer": "W1001", "party": "wearer", "channel": "call", "answered": True}
        await world.post("contacts", said | {"said": "Hidden Person rang me"})
        await world.post("contacts", said | {"said": "on the way home"})
        await world.made.learn()
        yield world


def lines(body: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body)))


async def test_a_compliance_sheet_is_for_officers_and_every_look_is_kept(embedded_url: str, tmp_path: Any) -> None:
    async with court(embedded_url, tmp_path) as world:
        week = f"from={format_instant(NIGHT - 8 * DAY_US)}&to={format_instant(NIGHT - DAY_US)}"
        told = await world.get(f"orders/OW1002/compliance?{week}", DEE)
        (curfew,) = [one for one in told["conditions"] if one["kind"] == "curfew"]
        assert curfew["all"]["windows"]["not_kept"] == 1
        assert curfew["all"]["windows"]["kept"] == 6
        assert (curfew["all"]["hours"]["absent"], curfew["all"]["hours"]["required"]) == (1.0, 84.0)
        broken = next(one for one in curfew["windows"] if one["kept"] == "not_kept")
        assert [(one["id"], one["decision"], one["reason"]) for one in broken["violations"]] == [
            ("W1002-1", "upheld", "=no excuse")
        ]
        assert [one["cause"] for one in told["gaps"]] == ["network"]
        assert {one["kind"] for one in told["conditions"]} == {"curfew", "exclusion_zone"}
        answer = await world.client.get(f"/api/v1/orders/OW1002/compliance?{week}&format=csv", headers=DEE)
        assert answer.headers["content-disposition"] == 'attachment; filename="compliance-OW1002.csv"'
        rows = lines(answer.text)
        assert [row["kept"] for row in rows if row["condition"] == "CW1002"].count("not_kept") == 1
        accepted = await world.client.get("/api/v1/orders/OW1002/compliance", headers=DEE | {"Accept": "text/csv"})
        assert accepted.headers["content-type"].startswith("text/csv")
        for path in ("orders/OW1002/compliance", "orders/nobody/compliance"):
            assert (await world.client.get(f"/api/v1/{path}", headers=ESSEX)).status_code == 404
        late = await world.client.get(
            f"/api/v1/orders/OW1002/compliance?from={format_instant(NIGHT)}&to={format_instant(NIGHT)}", headers=DEE
        )
        assert (
            late.status_code,
            late.json()["errors"][0]["field"] if "errors" in late.json() else late.json()["field"],
        ) == (422, "to")
        looks = world.ask(
            "SELECT body ->> 'who', body -> 'subjects', body -> 'details' ->> 'shown' FROM audit_bodies WHERE body ->> 'deed' = 'sheets.read'"
        )
        assert looks == [("dee", ["W1002"], "compliance")] * len(looks)
        assert len(looks) >= 3


async def test_days_on_bail_are_reckoned_and_a_community_order_has_none(embedded_url: str, tmp_path: Any) -> None:
    async with court(embedded_url, tmp_path) as world:
        told = await world.get("orders/OW1002/qualifying-curfew", DEE)
        assert (told["subject"], told["counted"], told["credit"]) == (40, 39, 20)
        assert told["deducted"] == [
            {"why": "other_order", "days": 0},
            {"why": "release", "days": 0},
            {"why": "broken", "days": 1},
        ]
        assert [one["because"] for one in told["days"] if one["why"] == "broken"] == [["W1002-1"]]
        answer = await world.client.get("/api/v1/orders/OW1002/qualifying-curfew?format=csv", headers=OLA)
        assert [row["counts"] for row in lines(answer.text)].count("yes") == 39
        refused = await world.client.get("/api/v1/orders/OW1001/qualifying-curfew", headers=OLA)
        assert refused.status_code == 409
        assert "community" in refused.json()["detail"]
        weeks = await world.get("orders/OW1002/weeks", DEE)
        assert (weeks["weeks"], weeks["order"]["kind"]) == ([], "bail")


async def test_a_chronology_has_everything_a_page_at_a_time_and_nothing_of_a_protected_person(
    embedded_url: str, tmp_path: Any
) -> None:
    async with court(embedded_url, tmp_path) as world:
        whole = await world.get("wearers/W1002/chronology", DEE)
        assert whole["next"] is None
        events = [one["event"] for one in whole["items"]]
        assert (ats := [one["at"] for one in whole["items"]]) == sorted(ats)
        for said in (
            "bail order began",
            "curfew came into force",
            "device TW1002 fitted",
            "W1002-1: upheld",
            "violation opened, version 1: curfew not kept",
            "violation closed, version 2: curfew not kept",
            "monitoring gap opened, version 1: no message from the device",
        ):
            assert said in events
        found, path = [], "wearers/W1002/chronology?limit=3"
        while path:
            page = await world.get(path.removeprefix("/api/v1/"), DEE)
            found += page["items"]
            path = page["next"]
        assert found == whole["items"]
        some = await world.get("wearers/W1002/chronology?what=assessment&what=fitting", DEE)
        assert {one["what"] for one in some["items"]} == {"assessment", "fitting"}
        answer = await world.client.get("/api/v1/wearers/W1002/chronology?format=csv", headers=DEE)
        assert "'=no excuse" in [row["text"] for row in lines(answer.text)], "no spreadsheet works it out"
        near = await world.client.get("/api/v1/wearers/W1001/chronology", headers=DEE)
        for hidden in ("V1", "Hidden", "U1", "alert_m"):
            assert hidden not in near.text
        assert "withheld: it would tell of a protected person" in near.text
        assert "on the way home" in near.text
        assert (await world.client.get("/api/v1/wearers/W1002/chronology", headers=ESSEX)).status_code == 404
        far = "from=9999-01-01T00:00:00Z&to=9999-12-31T00:00:00Z"
        for path in (
            f"wearers/W1002/chronology?{far}",
            f"orders/OW1002/compliance?{far}",
            f"orders/OW1002/weeks?{far}",
        ):
            assert (await world.client.get(f"/api/v1/{path}", headers=DEE)).status_code == 422
        insert = (
            "INSERT INTO breaches (order_id, order_kind, wearer, route, status, made_at, made_by) VALUES "
            "('OW1002', 'bail', 'W1002', 'bail 2020-01-01', 'identified', '2026-11-20T09:00Z', 'dee') RETURNING breach_no"
        )
        world.ask(insert)
        world.ask(
            "INSERT INTO breach_steps (breach_no, step, at, note, why, made_at, made_by) "
            "SELECT breach_no, 'identified', made_at, '', '', made_at, 'dee' FROM breaches RETURNING 1"
        )
        path = "wearers/W1002/chronology?what=breach"
        assert [one["event"] for one in (await world.get(path, DEE))["items"]] == ["identified"]
        assert (await world.get(path, OLA))["items"] == [], "operators read no breach case"
