"""A shift from signing in to signing out, through the real door: a password, a `__Host-` cookie, and each form's own token."""

from __future__ import annotations

import playwright.async_api as playwright
from playwright.async_api import expect

from domain.vocabulary import Role
from tests.console.browsing import browsing
from tests.console.sessions import real_door, sign_in
from tests.console.world import World


async def test_a_shift_from_signing_in_to_signing_out(chromium: playwright.Browser, address: str, night: World) -> None:
    await real_door(night, rae=Role.OPERATOR, una=Role.OPERATOR)
    async with browsing(chromium, address, "/", {}) as page:
        await sign_in(page, "rae")
        await expect(page).to_have_url(f"{address}/alerts")
        (cookie,) = await page.context.cookies()
        assert (cookie["name"], cookie["httpOnly"], cookie["sameSite"]) == ("__Host-bailiwick-session", True, "Strict")
        await expect(page.locator("#age")).to_have_attribute("data-live", "")
        line = page.locator('[data-key="wearer W1005"]')
        await line.focus()
        await page.keyboard.press("c")
        await expect(line).to_contain_text("You until")
        await page.keyboard.press("a")
        await page.keyboard.press("6")
        await page.get_by_role("textbox", name="What was done").fill("Rang: at home, the tag was on charge")
        await page.get_by_role("button", name="Record", exact=True).press("Enter")
        await expect(page.get_by_role("dialog")).to_have_count(0)
        await page.keyboard.press("f")
        await page.keyboard.press("4")
        await page.keyboard.press("Enter")
        await expect(line).to_contain_text("Closed: false")
        await page.goto(f"{address}/handover")
        await page.get_by_label("What they must know").fill("Quiet but for alert 5")
        await page.get_by_role("button", name="Hand over in my name").press("Enter")
        await expect(page.locator(".bw-signed")).to_contain_text("Nobody has taken over yet")
        handover = page.url.partition("?")[0]
        await page.get_by_role("button", name="Sign out").press("Enter")
        await expect(page).to_have_url(f"{address}/sign-in")
        assert await page.context.cookies() == []
        await page.goto(handover)
        await sign_in(page, "una")
        await page.get_by_role("button", name="I have read it and take over").press("Enter")
        await expect(page.locator(".bw-signed")).to_contain_text("una, operator")
    assert night.ask("SELECT made_by, taken_by FROM handovers") == [("rae", "una")]
    assert night.ask("SELECT event FROM alert_events WHERE by_name = 'rae' ORDER BY event_no") == [
        ("claim",),
        ("action",),
        ("close",),
    ]
