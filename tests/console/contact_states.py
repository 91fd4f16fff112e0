"""Warrants that are out and people to be told, for the pages about them."""

from __future__ import annotations

from typing import Any, Final

from playwright.async_api import Page, expect

from domain.instants import DAY_US, HOUR_US, format_instant
from domain.vocabulary import DutyEvent
from store.contact_duties import WantedDuty
from tests.api.access_world import versions_of
from tests.api.doors import asks
from tests.console.world import NIGHT, SAM, World

EVE: Final = asks("eve", "enforcement", "london") | {"Test-Organisation": "london-warrants"}
LIV: Final = asks("liv", "victim_liaison", "london")
SAFE: Final = {
    "safe_channels": ["call:0700 900 123", "sms:0700 900 123"],
    "safe_hours": "mon-fri 09:00-17:00",
    "safe_words": "Please ring the dentist",
}


async def warrants(world: World) -> None:
    """Four that are out, two held by the agency of London, and one that was executed."""
    if world.ask("SELECT 1 FROM warrants"):
        return
    risky = [{"type": "wearer", "id": "W1002", "name": "Bryn Okafor", "rosh": "high", "mappa": 2}]
    risky += [{"type": "wearer", "id": "W1003", "name": "Carys Holt", "rosh": "low"}]
    await world.made.learn(*versions_of(*risky))
    for number, (wearer, kind, agency, days) in enumerate(
        [
            ("W1001", "recall", "london-warrants", 3),
            ("W1002", "breach", "london-warrants", 12),
            ("W1003", "bail", "london-warrants", 40),
            ("W1004", "fail_to_attend", "city-police", 95),
        ],
        1,
    ):
        await world.post("warrants", _warrant(wearer, kind, agency, days, f"MC-{number}/26"), SAM)
    over = await world.post("warrants", _warrant("W1005", "breach", "london-warrants", 9, "MC-9/26"), SAM)
    done = {"outcome": "executed", "place": "Invented Row, E2", "at": format_instant(world.clock() - DAY_US)}
    await world.post(f"warrants/{over['id']}/end", done, SAM)


def _warrant(wearer: str, kind: str, agency: str, days: int, reference: str) -> dict[str, Any]:
    issued = format_instant(NIGHT - days * DAY_US)
    held = {"agency": agency, "person": "P. Carey"}
    return {"kind": kind, "wearer": wearer, "area": "london", "reference": reference, "issued": issued} | held


async def warrant_refused(page: Page, world: World) -> None:
    """A new one with next to nothing said."""
    await page.locator("#reference").fill("MC-77/26")
    await page.get_by_role("button", name="Enter the warrant").click()
    await expect(page.locator(".govuk-error-summary")).to_be_focused()


async def duties(world: World) -> None:
    """Of V1: a release that is overdue, and a variation; and a suspension that was told."""
    if world.ask("SELECT 1 FROM contact_duties"):
        return
    victim = {"type": "victim", "id": "V1", "name": "Hidden Person", "contact": SAFE, "vulnerable": True}
    await world.made.learn(*versions_of(victim))
    wanted = [
        _duty(DutyEvent.RELEASED, "resumption:S1", {"at": "2026-11-24T09:00:00Z"}, None, NIGHT - HOUR_US),
        _duty(
            DutyEvent.VARIED,
            "order:OW1001",
            _facts("2027-03-01T00:00:00Z"),
            _facts("2027-02-09T00:00:00Z"),
            NIGHT + DAY_US,
        ),
        _duty(
            DutyEvent.SUSPENDED,
            "suspension:S1",
            {"from": "2026-11-20T09:00:00Z", "to": None, "custody": True, "at_times": False},
            None,
            NIGHT + DAY_US,
        ),
    ]
    async with world.made.store.duties.reckoning() as held:
        await held.write(wanted, [], [], NIGHT - DAY_US)
    told = {"channel": "call", "result": "told", "said_back": "She is relieved."}
    await world.post("contact-duties/3/tellings", told, LIV)


def _facts(to: str) -> dict[str, Any]:
    facts: dict[str, Any] = {"kind": "community", "from": "2026-10-12T22:30:00Z", "to": to, "review": None}
    return facts | {"near": True, "zones": 1, "conditions": {"PW1001": "a"}}


def _duty(
    event: DutyEvent, topic: str, facts: dict[str, Any], before: dict[str, Any] | None, due_us: int
) -> WantedDuty:
    stamps = (NIGHT - DAY_US, NIGHT - DAY_US, due_us)
    return WantedDuty(topic, event, "V1", "W1001", "OW1001", "london", facts, before, *stamps)
