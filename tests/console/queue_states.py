"""States of the alert queue, for the gallery: each can be brought about again and again."""

from __future__ import annotations

import re

from playwright.async_api import Page, expect

from domain.vocabulary import Kind, Severity
from tests.console.world import SAM, World


async def live(page: Page, world: World) -> None:
    """Its lines are there, and the stream."""
    await expect(page.locator("#age")).to_have_attribute("data-live", "")
    await expect(page.locator(".bw-queue__lines [role=row]").first).to_be_visible()


async def _to(page: Page, world: World, wearer: str) -> None:
    await live(page, world)
    await page.locator(f'[data-key="wearer {wearer}"] .bw-line__severity').click()


async def saved(world: World) -> None:
    """Two views are saved, one of them by a supervisor for all."""
    await world.post("views", {"name": "Tampers", "query": "kind=strap_tamper"})
    shared = {"name": "Bad and nobody's", "query": "held=nobody&severity=critical&severity=serious", "shared": True}
    await world.post("views", shared, SAM)


async def selected(page: Page, world: World) -> None:
    """Two lines are selected, and something new waits."""
    await _to(page, world, "W1006")
    await page.keyboard.press("x")
    await page.keyboard.press("j")
    await page.keyboard.press("x")
    await expect(page.locator(".bw-bar__about")).to_contain_text("2 lines selected")


async def waiting(page: Page, world: World) -> None:
    """Somebody reads while something critical comes."""
    await _to(page, world, "W1002")
    bad = {one["wearer"] for one in (await world.get("alerts?severity=critical&severity=serious"))["items"]}
    calm = next(wearer for wearer in ("W1004", "W1006", "W1007") if wearer not in bad)
    await world.raised(calm, Kind.STRAP_TAMPER, Severity.CRITICAL, condition=None, device=f"T{calm}")
    await expect(page.locator(".bw-waiting__button")).to_be_visible()


async def closing(page: Page, world: World) -> None:
    """How did it end?"""
    await _to(page, world, "W1005")
    await page.keyboard.press("f")
    await page.keyboard.press("4")
    await expect(page.get_by_role("dialog")).to_be_visible()


async def closing_refused(page: Page, world: World) -> None:
    """Nothing was chosen."""
    await _to(page, world, "W1005")
    await page.keyboard.press("f")
    await page.get_by_role("dialog").get_by_role("button", name="Close").click()
    await expect(page.locator("#ask-wrong")).to_be_visible()


async def contact(page: Page, world: World) -> None:
    """Whom did you try to reach?"""
    await _to(page, world, "W1005")
    await page.keyboard.press("a")
    await page.keyboard.press("1")
    await expect(page.get_by_label("What was said")).to_be_visible()


async def naming(page: Page, world: World) -> None:
    """A view is given a name."""
    await live(page, world)
    await page.get_by_role("button", name="Save this view").click()
    await expect(page.get_by_role("dialog")).to_be_visible()


async def undoable(page: Page, world: World) -> None:
    """Something was just closed."""
    alert = (await world.get("alerts?wearer=W1003"))["items"][0]
    if alert["work"] == "closed":
        await world.post(f"alerts/{alert['id']}/reopen")
    await _to(page, world, "W1003")
    for key in ("f", "4", "Enter"):
        await page.keyboard.press(key)
    await expect(page.locator(".bw-said")).to_contain_text("Closed as false")


async def stale(page: Page, world: World) -> None:
    """The stream is away."""
    await page.route(re.compile("/api/v1/stream"), lambda route: route.abort())
    await page.reload()
    await expect(page.locator("#banner-stream")).to_be_visible()
    await expect(page.locator(".bw-queue__lines [role=row]").first).to_be_visible()


async def empty(page: Page, world: World) -> None:
    """Nothing is in the view."""
    await expect(page.locator(".bw-queue__none")).to_be_visible()


async def keys(page: Page, world: World) -> None:
    """The list of keys."""
    await live(page, world)
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog")).to_be_visible()
