"""Every page of the console in every state that somebody meets: what axe looks at, and what the pictures in the docs show.

A new page or state is a line here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from playwright.async_api import Page, expect

from tests.api.doors import NOBODY
from tests.console.world import World

Prepare = Callable[[Page, World], Awaitable[None]]


async def _ready(page: Page, world: World) -> None:
    await expect(page.locator("h1").first).to_be_visible()


@dataclass(frozen=True)
class Shot:
    """A page as ``who`` sees it at ``path``, after ``prepare``, which waits for what must be there and may press and type."""

    name: str
    path: str
    who: dict[str, str]
    prepare: Prepare = _ready
    before: Callable[[World], Awaitable[None]] | None = None
    """What is done to the world first."""


GALLERY: Final[list[Shot]] = [
    Shot("sign-in", "/sign-in", NOBODY),
]
