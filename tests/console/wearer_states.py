"""States of the pages about a wearer, for the gallery."""

from __future__ import annotations

import re

from playwright.async_api import Page, expect

from domain.caseload_file import parse_record
from domain.instants import DAY_US, HOUR_US, MINUTE_US, format_instant
from domain.records import Version
from domain.vocabulary import Cause, Kind, Severity
from tests.console.world import NIGHT, World, records_of
from tests.console.world import SAM as _SAM
from tests.store.alert_making import ZONES


async def eventful(world: World) -> None:
    """W1005 has an allowance, a curfew violation, a gap, an absence, a suspension, a mute, a contact, and a condition untold."""
    await world.raised(
        *("W1005", Kind.CURFEW, Severity.SERIOUS, 20 * HOUR_US),
        condition="CW1005",
        from_us=NIGHT - 27 * HOUR_US,
        to_us=NIGHT - 26 * HOUR_US,
        minutes_certain=42.5,
    )
    lost = {"condition": None, "device": "TW1005", "cause": Cause.NETWORK, "to_us": NIGHT - 7 * HOUR_US}
    await world.raised("W1005", Kind.COMMUNICATION_LOST, Severity.WARNING, 8 * HOUR_US, **lost)
    order = await world.client.get("/api/v1/orders/OW1005", headers=_SAM)
    record = order.json()["record"] | {"atv_allowance_min": 120}
    headers = _SAM | {"If-Match": order.headers["etag"]}
    assert (await world.client.put("/api/v1/orders/OW1005", json=record, headers=headers)).status_code == 200
    evening = {"from": format_instant(NIGHT + DAY_US), "to": format_instant(NIGHT + DAY_US + 3 * HOUR_US)}
    await world.post("absences", {"id": "A5", "condition": "CW1005", "reason": "a funeral"} | evening)
    days = {"from": format_instant(NIGHT + 4 * DAY_US), "to": format_instant(NIGHT + 5 * DAY_US)}
    await world.post("suspensions", {"id": "S5", "order": "OW1005", "reason": "hospital"} | days)
    place = {"name": "the workshop", "lon": -0.07, "lat": 51.475}
    hours = [{"day": day, "start": "09:00", "end": "12:30"} for day in ("mon", "wed", "fri")]
    told = {"id": "N5", "order": "OW1005", "kind": "attendance", "told_at": None, "place": place, "timetable": hours}
    await world.post("conditions", told)
    await world.post(
        "mutes", {"wearer": "W1005", "to": format_instant(NIGHT + HOUR_US), "reason": "tag is changed"}, _SAM
    )
    await world.post("contacts", {"party": "wearer", "wearer": "W1005", "inbound": True, "said": "is on the way home"})


async def tracked(page: Page, world: World) -> None:
    """The track is shown, and stands at its gap."""
    await page.get_by_label("Why do you look at this track?").fill("For the court")
    await page.keyboard.press("Enter")
    await expect(page.locator(".bw-track__map[data-ready]")).to_be_visible()
    await page.get_by_role("slider").fill(str((NIGHT - 8 * HOUR_US - 45 * MINUTE_US) // 1000))
    await expect(page.locator(".bw-track__told")).to_contain_text(re.compile("nothing for|sealed"))


async def sealed(world: World) -> None:
    """W1004 is not followed any more: their trail is sealed outside the curfew's hours."""
    (trail,) = [line for line in records_of(3) if line.get("kind") == "trail"]
    await world.made.learn(Version(parse_record(trail, ZONES.names), cancelled=True))


async def wrong_times(page: Page, world: World) -> None:
    """The end is before the beginning."""
    await page.locator("summary", has_text="Other times").click()
    await page.get_by_label("To, day").fill("2026-11-01")
    await page.get_by_role("button", name="Show these times").click()
    await expect(page.get_by_role("alert").filter(has_text="There is a problem")).to_be_visible()


async def unsaid(page: Page, world: World) -> None:
    """Nobody said why."""
    await page.get_by_role("button", name="Show the track").click()
    await expect(page.get_by_role("alert").filter(has_text="Say why")).to_be_visible()


async def mapped(page: Page, world: World) -> None:
    """The sheet with its maps."""
    await expect(page.locator(".bw-sheet__map canvas").first).to_be_visible()


async def told_wrongly(page: Page, world: World) -> None:
    """The form of the sheet with nothing in it."""
    await page.get_by_role("group", name="When they were told").get_by_label("Day").fill("")
    await page.get_by_role("button", name="Enter when they were told").click()
    await expect(page.get_by_role("alert").filter(has_text="There is a problem")).to_be_visible()
