"""States of the centre's own pages: what was handed over, an outage, a patrol link, a session that has ended."""

from __future__ import annotations

from playwright.async_api import Page, expect

from tests.api.access_world import versions_of
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


async def parked(world: World) -> None:
    """A message of a device that nobody entered, and a tamper that could not be read."""
    column = "dead_letters (received_at, topic, payload, reason, field, cause, device, critical, commit_no)"
    for device, reason, cause, critical in (
        ("T9", "unknown_device", "there is no such device", False),
        ("TW1001", "schema", "is -3; must be 0 to 100", True),
    ):
        row = ("em/v1/up/" + device, b'{"lat": 51.531}', reason, "items[0].bat", cause, device, critical)
        world.ask(f"INSERT INTO {column} VALUES (now(), %s, %s, %s, %s, %s, %s, %s, 1) RETURNING 1", *row)


async def visited(world: World) -> None:
    """Two visits today, one of them done; the second person's tag has been silent for a while."""
    for wearer, at, outcome in (
        ("W1001", "2026-11-21T10:00:00Z", "done"),
        ("W1002", "2026-11-21T15:00:00Z", "no_answer"),
    ):
        told = {"id": f"X{wearer}", "wearer": wearer, "kind": "inspect", "at": at, "outcome": outcome}
        await world.made.learn(*versions_of({"type": "visit"} | told))
