"""A browser at the console: as whom, how wide, and what must never happen on any page.

Every page opened here fails its test when it asks for anything outside the machine, or writes an error to its console.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import playwright.async_api as playwright

from tests.console.world import OLA

DESKTOP: Final[dict[str, int]] = {"width": 1440, "height": 900}
PHONE: Final[dict[str, int]] = {"width": 320, "height": 640}


@asynccontextmanager
async def browsing(
    browser: playwright.Browser,
    address: str,
    path: str = "/",
    who: dict[str, str] = OLA,
    expected: tuple[str, ...] = (),
    **context_options: Any,
) -> AsyncIterator[playwright.Page]:
    """A page at ``path``. ``expected`` are pieces of console errors that the test brings about itself."""
    options: dict[str, Any] = {
        "locale": "en-GB",
        "timezone_id": "Europe/London",
        "viewport": DESKTOP,
        "extra_http_headers": who,
    }
    context = await browser.new_context(**(options | context_options))
    page = await context.new_page()
    wrong: list[str] = []

    def said(message: playwright.ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not any(piece in message.text for piece in expected):
            wrong.append(f"{message.type}: {message.text}")

    def asked(request: playwright.Request) -> None:
        if not request.url.startswith((address, "data:", "blob:")):
            wrong.append(f"asked outside: {request.url}")

    page.on("console", said)
    page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
    page.on("request", asked)
    await page.goto(f"{address}{path}")
    yield page
    await context.close()
    assert not wrong, "; ".join(wrong)
