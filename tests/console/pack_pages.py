"""A pack with a sealed annex, its files made by hand, for the pages about it; `pack_states` has packs that were really made."""

from __future__ import annotations

from typing import Final

from playwright.async_api import Page, expect

from tests.api.access_packs import DIRECTION, SHA, document
from tests.api.doors import asks
from tests.console import caseload_states
from tests.console.world import World

HOLDS: Final = '{"holds": true, "fault": null, "held": ["every part"], "notes": [], "replayed": true}'
DOM: Final = asks("dom", "duty_manager")


async def made_by_hand(world: World) -> None:
    """Version 1 of case 1, signed, with an annex."""
    await caseload_states.under_way(world)
    if world.ask("SELECT 1 FROM packs"):
        return
    world.ask(
        "INSERT INTO packs (breach_no, version, state, asked_at, asked_by, asked_role, made_at, document, document_sha256, pages,"
        " verdict, annex, annex_sha256, parts, signatory, post, signed_at, signed_by) VALUES (1, 1, 'done', now(), 'dee', 'officer',"
        " now(), %s, %s, '<p>read</p>', %s, %s, %s, '[]', 'Sue', 'Duty manager', now(), 'sue') RETURNING 1",
        *(document(), SHA, HOLDS, document(), SHA),
    )


async def opened_once(world: World) -> None:
    """It was opened by one direction."""
    await made_by_hand(world)
    if not world.ask("SELECT 1 FROM annex_openings"):
        answer = await world.client.post("/api/v1/breaches/1/packs/1/annex-openings", json=DIRECTION, headers=DOM)
        assert answer.status_code == 200, answer.text


async def refused(page: Page, world: World) -> None:
    """A direction of which only the court was entered."""
    await page.locator("#court").fill("Kent Crown Court")
    await page.get_by_role("button", name="Open the annex").click()
    await expect(page.locator(".govuk-error-summary")).to_be_focused()
