"""States of the centre's own pages: what was handed over, an outage, a patrol link, a session that has ended."""

from __future__ import annotations

from playwright.async_api import Page, expect

from tests.console.test_incident_page import outage
from tests.console.world import OLA, SAM, World

NAMED = {"officer": "PC 4411 Able", "force": "Invented Police"}


async def handed_over(world: World) -> None:
    """By an operator, with something overdue and a mute; nobody has taken it."""
    until = {"wearer": "W1006", "to": "2026-11-21T23:30:00Z", "reason": "in hospital, tag charging"}
    await world.post("mutes", until, who=SAM)
    await world.post(
        "handovers", {"note": "Alert 5: police are on their way, log 4411.\nAlert 4 is late data."}, who=OLA
    )


async def taken_over(world: World) -> None:
    """And the supervisor has."""
    await handed_over(world)
    newest = (await world.get("handovers"))["items"][0]["id"]
    await world.post(f"handovers/{newest}/take", {"note": "Read"}, who=SAM)


async def newest_handover(page: Page, world: World) -> None:
    """As it was told."""
    await page.locator("#earlier-title + table a").first.click()
    await expect(page.locator("h1")).to_contain_text("Handover of")


async def silent(world: World) -> None:
    """An outage of four, one of whom somebody sees to."""
    if not (await world.get("incidents"))["items"]:
        await outage(world)
    held = (await world.get("alerts?grouped_under=outage-1"))["items"]
    await world.post(f"alerts/{held[-1]['id']}/claim", who=SAM)


async def link_made(page: Page, world: World) -> None:
    """The page on which a link is shown this once."""
    await page.locator("#officer").fill(NAMED["officer"])
    await page.locator("#force").fill(NAMED["force"])
    await page.get_by_role("button", name="Make the link").click()
    await expect(page.locator("#address")).to_be_visible()


async def link_refused(page: Page, world: World) -> None:
    """Without a name there is none."""
    await page.get_by_role("button", name="Make the link").click()
    await expect(page.locator(".govuk-error-summary")).to_be_visible()


async def link_opened(page: Page, world: World) -> None:
    """What the officer sees."""
    made = await world.post("alerts/7/patrol-links", NAMED, who=OLA)
    origin = page.url.split("/patrol")[0]
    await page.goto(f"{origin}{made['path']}")
    await expect(page.locator(".bw-patrol__map")).to_be_visible()


async def form_without_session(page: Page, world: World) -> None:
    """A handover that was sent after the session had ended."""
    await page.evaluate("""() => {
        const form = document.createElement("form");
        form.method = "post";
        form.action = "/handover";
        const field = document.createElement("input");
        Object.assign(field, { type: "hidden", name: "note", value: "Alert 5: police are on their way" });
        form.append(field);
        document.body.append(form);
        form.submit();
    }""")
    await expect(page.locator("h1")).to_have_text("You were signed out before this was sent")
    await page.get_by_text("What you wrote").click()


async def wrong_password(page: Page, world: World) -> None:
    """What came back is said."""
    await page.locator("#name").fill("ola")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.locator(".govuk-error-summary")).to_be_visible()
