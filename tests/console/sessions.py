"""Who comes with a password and a cookie, not with a header: the door as it is in a centre."""

from __future__ import annotations

from dataclasses import replace

from playwright.async_api import Page

from domain.vocabulary import Role
from store.accounts import Password
from store.audit import Entry
from tests.api.signing_in import PASSWORD, person
from tests.console.world import World


async def real_door(night: World, **roles: Role) -> None:
    """From now on nobody is believed a header; accounts of these names and roles are there, each with `PASSWORD`."""
    parts = night.app.state.parts
    night.app.state.parts = replace(parts, door=parts.sign_in)
    now_us = night.clock()
    for name, role in roles.items():
        made = Password(await parts.sign_in.hashing.made(PASSWORD), must_change=False)
        entry = Entry(now_us, "test", "administrator", "command", "", None, "accounts.write", "account", (name,))
        await night.made.store.accounts.make(name, person(role), made, now_us, entry)


async def sign_in(page: Page, name: str) -> None:
    """On the page that asks for it, by keyboard."""
    await page.locator("#name").fill(name)
    await page.locator("#password").fill(PASSWORD)
    await page.keyboard.press("Enter")
