"""States of the map's page, for the gallery."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Final

from playwright.async_api import Page, expect

from api.basemap import Basemap
from simulators.places import Town
from simulators.town_streets import streets
from tests.console.world import World

PATIENCE_MS: Final = 20_000
LONDON: Final = Town("London", 51.525, -0.112, 1, "london", "metropolitan")


async def with_streets(world: World) -> None:
    """A town under the wearers of the night."""
    file = Path(tempfile.mkdtemp()) / "streets.geojson"
    file.write_text(json.dumps(streets(4, [LONDON])), encoding="utf-8")
    object.__setattr__(world.app.state.parts, "basemap", Basemap(streets=file))


async def ready(page: Page, world: World) -> None:
    """Everybody is on it, and who has an alert beside it."""
    await expect(page.locator("#live-map")).to_have_attribute("data-ready", "true", timeout=PATIENCE_MS)
    await expect(page.locator("#map-alerts li")).not_to_have_count(0, timeout=PATIENCE_MS)
    await expect(page.locator("#map-count")).to_have_text("8 wearers", timeout=PATIENCE_MS)


async def picked(page: Page, world: World) -> None:
    """A wearer with an alert, the zones around them and the streets, all drawn."""
    await ready(page, world)
    async with page.expect_response("**/conditions?wearer=W1001*"):
        await page.locator("#map-alerts button", has_text="Alder Finch").click()
    await expect(page.locator("#map-about")).to_contain_text("large dog")
    await expect(page.locator("#live-map")).to_have_attribute("data-drawn", "true", timeout=PATIENCE_MS)


async def found(page: Page, world: World) -> None:
    """Some of whom one must be chosen."""
    await ready(page, world)
    await page.locator("#map-find").fill("W100")
    await expect(page.locator("#map-found li")).not_to_have_count(0, timeout=PATIENCE_MS)


async def sealed(page: Page, world: World) -> None:
    """Nobody may be seen."""
    await expect(page.locator("#map-empty")).to_be_visible(timeout=PATIENCE_MS)
    await expect(page.locator("#map-alerts-none")).to_be_visible(timeout=PATIENCE_MS)


async def still(page: Page, world: World) -> None:
    """The service does not answer."""
    await ready(page, world)
    await page.route("**/api/v1/positions*", lambda route: route.abort())
    await expect(page.locator("#map-stale")).to_be_visible(timeout=PATIENCE_MS)
