"""States of the editors for the gallery: what was looked at before saving, what was refused, warnings, a rota with gaps."""

from __future__ import annotations

import numpy as np
from playwright.async_api import Page, expect

from alerts.shipped import shipped_text
from domain.instants import MINUTE_US
from tests.console.world import NAMES, NIGHT, SAM, World
from tests.store.made import fixes_of


async def drawn(page: Page, world: World) -> None:
    """The zone is on the map and its size is told."""
    await expect(page.locator("#zone-size")).to_contain_text("from west to east")


async def muted(page: Page, world: World) -> None:
    """What a mute would make quiet."""
    await page.get_by_label("Why").fill("The field officer swaps the battery")
    await page.get_by_role("button", name="Look at what would be quiet").click()
    await expect(page.locator("caption")).to_be_visible()


async def mute_refused(page: Page, world: World) -> None:
    """A mute of two days."""
    await page.locator("#to-day").fill("24")
    await page.get_by_role("button", name="Look at what would be quiet").click()
    await expect(page.get_by_role("alert")).to_be_visible()


async def a_mute(world: World) -> None:
    """One that stands."""
    await world.post(
        "mutes", {"wearer": "W1004", "to": "2026-11-22T06:00:00Z", "reason": "The battery is swapped"}, SAM
    )


async def absence_seen(page: Page, world: World) -> None:
    """What an absence leaves of a curfew."""
    for part, text in (("day", "24"), ("month", "11"), ("year", "2026"), ("time", "06:00")):
        await page.locator(f"#to-{part}").fill(text)
    await page.get_by_label("Why").fill("Funeral")
    await page.get_by_label("Who authorised it").fill("Dee Farrow, responsible officer")
    await page.get_by_role("button", name="Look at what it covers").click()
    await expect(page.get_by_role("button", name="Save the absence")).to_be_visible()


async def an_absence(world: World) -> None:
    """One that stands and one that is over."""
    span = {"from": "2026-11-21T18:00:00Z", "to": "2026-11-22T08:00:00Z"}
    told = {"condition": "CW1001", "reason": "Night shift", "granted_by": "Dee Farrow"}
    await world.post("absences", {"id": "A1", **told, **span})
    over = {"from": "2026-11-01T18:00:00Z", "to": "2026-11-02T08:00:00Z"}
    await world.post("absences", {"id": "A2", **told, **over})


async def suspension_seen(page: Page, world: World) -> None:
    """One that repeats."""
    await page.get_by_label("only at the times below").check()
    await page.locator("#row-0-day").select_option("sat")
    await page.locator("#row-0-start").fill("09:00")
    await page.locator("#row-0-end").fill("17:00")
    await page.get_by_role("button", name="To every day").click()
    await page.get_by_role("button", name="Look at what it covers").click()
    await expect(page.get_by_role("button", name="Suspend as shown")).to_be_visible()


async def long_order(world: World) -> None:
    """An order over both clock changes."""
    told = await world.client.get("/api/v1/orders/OW1001", headers=SAM)
    longer = told.json()["record"] | {"to": "2027-12-01T00:00:00Z"}
    headers = SAM | {"If-Match": told.headers["ETag"]}
    answer = await world.client.put("/api/v1/orders/OW1001", json=longer, headers=headers)
    assert answer.status_code == 200, answer.text


async def condition_seen(page: Page, world: World) -> None:
    """The weeks to come, and the nights on which clocks change."""
    await page.get_by_label("not yet").check()
    await page.get_by_role("button", name="Look at what it covers").click()
    await expect(page.get_by_text("25 hours: clocks go back")).to_be_visible()


async def condition_refused(page: Page, world: World) -> None:
    """A row that cannot be."""
    await page.get_by_label("Start, row 2").fill("25:00")
    await page.get_by_label("not yet").check()
    await page.get_by_role("button", name="Look at what it covers").click()
    await expect(page.get_by_role("alert")).to_be_visible()


async def person_seen(page: Page, world: World) -> None:
    """Whom a new condition is about."""
    await page.get_by_label("Protected person").fill("V1")
    await page.get_by_label("not yet").check()
    await page.get_by_role("button", name="Look at what it covers").click()
    await expect(page.get_by_text("Hidden Person")).to_be_visible()


async def protected(world: World) -> None:
    """The protected person of the first pair is where that wearer lives."""
    _, _, lat, lon = NAMES[0]
    facts = fixes_of(world.made.roster.index["U1"], [1, 2], NIGHT - 30 * MINUTE_US)
    facts["lon"], facts["lat"], facts["acc"] = lon, lat, np.float64(10.0)
    await world.made.commit(facts=facts)


async def zone_warned(page: Page, world: World) -> None:
    """A zone that points at somebody, at the wearer's own door."""
    _, _, lat, lon = NAMES[0]
    await page.get_by_label("Circle", exact=True).check()
    await page.get_by_label("Radius of the circle").fill("30")
    await page.locator("#points").fill(f"{lat}, {lon}")
    await page.get_by_label("not yet").check()
    await page.get_by_role("button", name="Look at what it covers").click()
    await expect(page.get_by_label("I have read this and it is right")).to_be_visible()
    await expect(page.locator("#zone-warnings")).to_contain_text("protected address")


async def a_rota(world: World) -> None:
    """Some shifts, with a gap."""
    told = {"person": "ada", "name": "Ada Able", "phone": "+44 1632 960001"}
    spans = (("2026-11-21T18:00:00Z", "2026-11-22T06:00:00Z"), ("2026-11-22T18:00:00Z", "2026-11-24T06:00:00Z"))
    for role in ("operator", "supervisor"):
        for number, (start, end) in enumerate(spans):
            span = {"from": start, "to": end}
            await world.post("rota/shifts", {"id": f"{role}-{number}", "role": role, **told, **span}, SAM)


async def file_refused(page: Page, world: World) -> None:
    """A file of protocols with a fault."""
    wrong = shipped_text().replace('to = "supervisor"', 'to = "supervisr"', 1)
    await page.get_by_label("The whole file").fill(wrong)
    await page.get_by_role("button", name="Check it").click()
    await expect(page.get_by_role("region", name="What is wrong")).to_be_visible()
