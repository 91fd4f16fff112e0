"""The browser of the page's tests."""

from __future__ import annotations

import playwright.async_api as playwright
import pytest


@pytest.mark.slow
async def test_it_shows_a_page_and_runs_its_code(chromium: playwright.Browser) -> None:
    page = await chromium.new_page()
    await page.set_content(
        "<h1>Bailiwick</h1><script>document.title = document.querySelector('h1').offsetHeight</script>"
    )
    assert float(await page.title()) > 10
