"""Mass outages over HTTP: what the reading side gives, the ranked list, and what is grouped under them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from api.shapes import Incident as IncidentShape
from api.shapes import IncidentInFull, Page, SilentWearer
from domain.incidents import Release, Released, TakenIn
from domain.instants import DAY_US, MINUTE_US
from domain.networks import UNTOLD, Network
from domain.records import Condition, Timetable, TimetableRow, Version, Wearer
from domain.violations import Violation
from domain.vocabulary import ConditionKind, Kind, Level
from store.reading_types import IncidentDeviceRow
from tests.api.auditing import KeptAudit
from tests.api.doors import HeaderDoor
from tests.api.serving import app_over, client_of
from tests.api.sides import Side, fake_side
from tests.store.made import NOON, change_of, fixes_of, outage_of, violation_of, wearer_records, work_of

CELL = Network("234", "15", "7", "800")
API = "/api/v1"


def loss_of(number: int, **more: Any) -> Violation:
    told = {"kind": Kind.COMMUNICATION_LOST, "condition": None, "order": None, "device": f"T{number}"}
    return violation_of(f"W{number}-1", **(told | {"from_us": NOON - (10 + number) * MINUTE_US} | more))


def proximity(number: int) -> Version:
    order = f"O-W{number}"
    return Version(Condition(f"P{number}", order, ConditionKind.PROXIMITY, victim="V1", alert_m=500.0))


async def with_outage(side: Side, size: int = 3, more: Sequence[Version] = (), **changed: Any) -> None:
    """Some wearers who are silent; W1 has been released."""
    for number in range(1, size + 1):
        await side.learn(wearer_records(f"W{number}", f"T{number}", NOON - DAY_US))
    if more:
        await side.learn(more)
    taken = tuple(TakenIn(f"T{n}", f"W{n}", None, CELL if n < size else UNTOLD) for n in range(1, size + 1))
    opened = outage_of(taken=taken, devices=size, silent=size, **changed)
    gone = (Released("T1", "W1", None, Release.VICTIM),)
    later = outage_of(2, devices=size, silent=size, released=gone, decided_us=NOON + 1, **changed)
    losses = [loss_of(number) for number in range(1, size + 1)]
    outage = change_of(violation_of("outage-1"), wearer=None, condition=None, kind="mass_outage")
    held = [replace(change_of(loss), grouped_under="outage-1") for loss in losses]
    work = work_of(0, side.roster, fixes_of(0, [1]), versions=losses, alerts=[outage, *held])
    work.incidents = [(0, opened), (0, later)]
    await side.commit(work)


async def test_an_empty_database_has_none(side: Side) -> None:
    reading = side.reading
    assert await reading.incidents(None, None, 10) == []
    assert await reading.incident("outage-1") is None
    assert await reading.devices_of_incident("outage-1") == []
    assert await reading.lost_in_zone() == frozenset()
    assert (await reading.caseload_of(["W1"]), await reading.newest_fixes(["W1"])) == ([], [])


async def test_both_sides_tell_the_same(side: Side) -> None:
    await with_outage(side, 2, [proximity(1)])
    row = await side.reading.incident("outage-1")
    assert row is not None
    assert (row.version, row.devices, row.silent, row.closed_us) == (2, 2, 2, None)
    assert await side.reading.incidents(None, None, 10) == [row]
    assert await side.reading.incidents(False, None, 10) == []
    assert await side.reading.incidents(None, row.no, 10) == []
    assert await side.reading.devices_of_incident("outage-1") == [
        IncidentDeviceRow("T1", "W1", None, CELL, Release.VICTIM, NOON - 11 * MINUTE_US, "W1-1"),
        IncidentDeviceRow("T2", "W2", None, UNTOLD, None, NOON - 12 * MINUTE_US, "W2-1"),
    ]
    zoned = violation_of("W2-2", kind=Kind.LOST_IN_ZONE)
    await side.commit(work_of(0, side.roster, versions=[zoned]))
    assert await side.reading.lost_in_zone() == {"W2"}
    kinds = sorted(type(version.record).__name__ for version in await side.reading.caseload_of(["W1"]))
    assert kinds == ["Condition", "Condition", "Order", "Wearer"]
    assert [row.wearer for row in await side.reading.newest_fixes(["W1", "W9"])] == ["W1"]


async def test_a_list_and_one_in_full() -> None:
    side = fake_side()
    await with_outage(side)
    async with client_of(app_over(side)) as client:
        page = (await client.get(f"{API}/incidents")).json()
        Page[IncidentShape].model_validate(page)
        assert [one["id"] for one in page["items"]] == ["outage-1"]
        assert (await client.get(f"{API}/incidents?open=false")).json()["items"] == []
        one = (await client.get(f"{API}/incidents/outage-1")).json()
        IncidentInFull.model_validate(one)
        assert [(group["cell"], group["devices"], group["silent"]) for group in one["groups"]] == [
            *(("800", 2, 2), (None, 1, 1))
        ]
        assert (await client.get(f"{API}/incidents/outage-2")).status_code == 404
        assert (await client.get(f"{API}/incidents/outage-2/silent")).status_code == 404
        assert (await client.get(f"{API}/incidents/other")).status_code == 422


async def test_who_is_silent_is_ranked_a_page_at_a_time() -> None:
    side = fake_side()
    always = Timetable("Europe/London", tuple(TimetableRow(day, 0, 86_400) for day in range(7)))
    zone = Condition("Z4", "O-W4", ConditionKind.CURFEW, timetable=always, timezone="Europe/London")
    intensive = Version(Wearer("W4", level=Level.INTENSIVE))
    await with_outage(side, 4, [proximity(3), intensive, Version(zone)])
    async with client_of(app_over(side)) as client:
        page = (await client.get(f"{API}/incidents/outage-1/silent?limit=2")).json()
        Page[SilentWearer].model_validate(page)
        assert [(one["wearer"], one["rank"], one["why"]) for one in page["items"]] == [
            *(("W3", 1, "victim"), ("W4", 3, "intensive"))
        ]
        rest = (await client.get(page["next"])).json()
        assert [one["wearer"] for one in rest["items"]] == ["W2", "W1"], "the longest silent first"
        assert [one["released"] for one in rest["items"]] == [None, "victim"]
        assert rest["next"] is None
        asked = side.reading.questions["devices_of_incident"]
        assert asked == 1, "worked out once for some seconds"


async def test_without_time_zones_nothing_is_ranked() -> None:
    from api.app import create_app  # noqa: PLC0415 - the one test that leaves them out

    side = fake_side()
    async with client_of(
        create_app(side.reading, side.away, lambda: NOON, door=HeaderDoor(), audit=KeptAudit())
    ) as client:
        assert (await client.get(f"{API}/incidents/outage-1/silent")).status_code == 503


@pytest.mark.parametrize(
    ("query", "episodes"),
    [
        ("", {"outage-1", "W1-1", "W2-1", "W3-1"}),
        ("?grouped=false", {"outage-1"}),
        ("?grouped=true", {"W1-1", "W2-1", "W3-1"}),
        ("?grouped_under=outage-1", {"W1-1", "W2-1", "W3-1"}),
        ("?grouped_under=outage-2", set()),
    ],
)
async def test_alerts_say_what_holds_them(query: str, episodes: set[str]) -> None:
    side = fake_side()
    await with_outage(side)
    async with client_of(app_over(side)) as client:
        found = (await client.get(f"{API}/alerts{query}")).json()["items"]
        assert {one["episode"] for one in found} == episodes
        held = {one["grouped_under"] for one in found if one["episode"] != "outage-1"}
        assert held <= {"outage-1"}
