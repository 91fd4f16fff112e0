"""How the alert page and the caller's pages come to the states that the gallery shows."""

from __future__ import annotations

from urllib.parse import urlsplit

from playwright.async_api import Page, expect

from domain.vocabulary import Kind, Severity
from tests.api.doors import asks
from tests.console.world import World

PAIR = "W1004"


async def claimed(world: World) -> None:
    """Somebody at work on the tamper of W1002, who was rung by the wearer before."""
    rang = {"party": "wearer", "inbound": True, "wearer": "W1002", "said": "The strap is itching, I did not touch it"}
    await world.post("contacts", rang)
    await world.post("alerts/5/claim")
    tried = {"party": "wearer", "answered": False, "number": "0700 900001"}
    await world.post("alerts/5/contacts", tried)
    await world.post("devices/TW1002/commands", {"command": "locate_now"})


async def closed(world: World) -> None:
    """Just now, so that it can be undone."""
    await world.post("alerts/8/close", {"outcome": "false", "note": "A bus on the ring road"})


async def with_contact_form(page: Page, world: World) -> None:
    await page.keyboard.press("k")
    await expect(page.locator("#contact-party")).to_be_focused()


async def refused(page: Page, world: World) -> None:
    """Nothing that closing needs was given."""
    await page.get_by_role("button", name="Close the alert").click()
    await expect(page.locator(".govuk-error-summary")).to_be_visible()


async def overtaken(page: Page, world: World) -> None:
    """Somebody else was faster."""
    await page.fill("#note", "Rang the home number, no answer")
    await world.post("alerts/4/escalate", who=asks("sam", "supervisor"))
    await page.get_by_role("button", name="Escalate").click()
    await expect(page.locator(".bw-race")).to_be_visible()


async def paired(world: World) -> None:
    """A critical alert of a wearer and a protected person."""
    told = {"victim": "V1", "condition": "PW1001", "evidence": world.evidence(PAIR)}
    await world.raised(PAIR, Kind.PROXIMITY_ALERT, Severity.CRITICAL, **told)


async def protected_place(page: Page, world: World) -> None:
    """Asked for, and shown."""
    items = (await world.get(f"alerts?wearer={PAIR}"))["items"]
    number = next(one["id"] for one in items if one["kind"] == "proximity_alert")
    parts = urlsplit(page.url)
    await page.goto(f"{parts.scheme}://{parts.netloc}/alerts/{number}")
    await page.get_by_role("button", name="Show it").click()
    await expect(page.get_by_text("No place of theirs is known.")).to_be_visible()


async def nothing_entered(page: Page, world: World) -> None:
    """A promise without its time."""
    await page.fill("#contact-promised", "to be home soon")
    await page.get_by_role("button", name="Enter the contact").click()
    await expect(page.locator(".govuk-error-summary")).to_be_visible()
