"""Crimes as the tests and the gallery have them: sent, matched, looked at."""

from __future__ import annotations

import asyncio
from typing import Final

from playwright.async_api import Page, expect

from bailiwick.matcher import Known, Telling, match_once
from domain.instants import HOUR_US, MINUTE_US, format_instant
from store import Reading
from store.matching import CrimeMatching
from tests.api.doors import asks
from tests.console.world import NAMES, NIGHT, OLA, SAM, World
from tests.store.alert_making import ZONES

PC: Final = asks("pc-able", "police", "london") | {"Test-Organisation": "london-police"}
HEADER: Final = "force,reference,kind,from,to,lat,lon"


def row(reference: str = "46/1/26", number: int = 4, **more: object) -> str:
    """A row about a crime at somebody's home."""
    _, _, lat, lon = NAMES[number]
    window = {"from": format_instant(NIGHT - 2 * HOUR_US), "to": format_instant(NIGHT - MINUTE_US)}
    told = {"force": "london", "reference": reference, "kind": "burglary"} | window | {"lat": lat, "lon": lon} | more
    return ",".join(str(told[name]) for name in HEADER.split(","))


async def matched(night: World) -> None:
    """The matcher's turn."""
    url = night.made.url
    telling = Telling(url, ZONES, night.clock, asyncio.Event())
    async with await CrimeMatching.open(url) as store, await Reading.open(url) as reading:
        await match_once(telling, store, reading, Known(ZONES))


async def sent(night: World, *rows: str) -> None:
    """Some rows, as the force sends them."""
    body = "\n".join((HEADER, *rows)).encode()
    answer = await night.client.post("/api/v1/crimes/batches", content=body, headers=PC | {"Content-Type": "text/csv"})
    assert answer.status_code == 200, answer.text


async def looked_at(night: World) -> None:
    """One that was corrected since, qualified and not yet decided; others of the night."""
    await sent(night, row(), row("46/2/26", 1, kind="vehicle_crime"), row("46/3/26", 6, kind="criminal_damage"))
    await matched(night)
    await sent(night, row(lat=round(NAMES[4][2] + 0.0002, 4)))
    await matched(night)
    near = (await night.get("crimes/1/matches", OLA))["items"]
    for one, plausible in zip(near, (True, False), strict=False):
        note = "There for the whole time" if plausible else "Passed by on the main road"
        await night.post(f"crimes/1/matches/{one['wearer']}/qualify", {"plausible": plausible, "note": note}, OLA)


async def authorised(night: World) -> None:
    """And the force may see one."""
    await looked_at(night)
    wearer = (await night.get("crimes/1/matches", OLA))["items"][0]["wearer"]
    told = {"authorised": True, "decision": "Proportionate to a burglary"}
    await night.post(f"crimes/1/matches/{wearer}/authorise", told, SAM)


async def refused(page: Page, night: World) -> None:
    """A file with faults was sent."""
    faults = (row("46/4/26", to="soon"), row("46/5/26", force="kent"), row("46/6/26", lat=0.1, lon=51.5))
    await page.locator("#text").fill("\n".join((HEADER, row("46/7/26"), *faults)))
    await page.get_by_role("button", name="Send").click()
    await expect(page.locator(".bw-panel--told tbody tr")).to_have_count(3)


async def drawn(page: Page, night: World) -> None:
    """Its map is drawn."""
    await expect(page.locator("[data-drawn=true]")).to_have_count(1)
