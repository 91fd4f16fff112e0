"""Every page and state of the gallery: without a finding of axe (WCAG 2.2 AA), at a desk and on a phone, and nothing sticks out.

With ``BAILIWICK_PICTURES=FOLDER`` (``make pictures``) each is kept as a picture.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import playwright.async_api as playwright
import pytest

from tests.console.browsing import PHONE, browsing
from tests.console.gallery import GALLERY, Shot
from tests.console.world import World

AXE: Final = Path(__file__).parents[2] / "web/node_modules/axe-core/axe.min.js"
TAGS: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LOOK: Final = """async (tags) => {
  // A back link stands before the main part, as GOV.UK Frontend has it.
  const rules = { region: { enabled: false } };
  const found = await axe.run(document, { runOnly: { type: "tag", values: tags }, rules, resultTypes: ["violations"] });
  return found.violations.flatMap((one) => one.nodes.map((node) => `${one.id}: ${node.target.join(" ")}: ${node.failureSummary}`));
}"""
WIDE: Final = "() => document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth"
PICTURES: Final = os.environ.get("BAILIWICK_PICTURES")
NOT_FOUND: Final = ("Failed to load resource",)
"""What a browser itself says of a page that is a 404."""
PARTS: Final = 4


async def looked_over(browser: playwright.Browser, address: str, world: World, shot: Shot) -> list[str]:
    """What is found at a desk, in forced colours, and on a phone that the page is brought to as it stands."""
    found: list[str] = []
    try:
        async with browsing(browser, address, shot.path, shot.who, NOT_FOUND, reduced_motion="reduce") as page:
            await shot.prepare(page, world)
            await page.evaluate(AXE.read_text(encoding="utf-8"))
            found += await at(page, f"{shot.name} at a desk")
            await keep(page, shot)
            await page.emulate_media(forced_colors="active")
            found += await at(page, f"{shot.name} in forced colours")
            await page.emulate_media(forced_colors="none")
            await page.set_viewport_size(PHONE)
            found += await at(page, f"{shot.name} on a phone")
    except AssertionError as error:
        found.append(f"{shot.name}: {str(error).splitlines()[0] if str(error) else error!r}")
    return found


async def at(page: playwright.Page, name: str) -> list[str]:
    """What axe finds on the page as it is now, and what sticks out of it."""
    found = [f"{name}: {one}" for one in await page.evaluate(LOOK, TAGS)]
    out = await page.evaluate(WIDE)
    return found + ([f"{name}: {out} px stick out sideways"] if out > 0 else [])


async def keep(page: playwright.Page, shot: Shot) -> None:
    """As a picture, where pictures are wanted."""
    if PICTURES:
        await page.screenshot(path=Path(PICTURES) / f"{shot.name}.png")


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
async def test_nothing_is_found(part: int, chromium: playwright.Browser, night: World, address: str) -> None:
    found: list[str] = []
    for shot in GALLERY[part::PARTS]:
        if shot.before is not None:
            await shot.before(night)
        found += await looked_over(chromium, address, night, shot)
    assert not found, "\n".join(found)


def test_every_shot_has_a_name_of_its_own() -> None:
    names = [shot.name for shot in GALLERY]
    assert len(names) == len(set(names))
