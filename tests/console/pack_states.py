"""The console over a night that was really judged, in which W1 was out, with a breach case of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from access.shipped import common_words
from alerts.work_store import AlertWork
from api.app import create_app
from api.desk import AtDesk
from api.export_files import AtExports
from api.sign_in import SignIn
from bailiwick.packer import look, work_once
from store import Reading, Store
from store.audit_reading import AuditKept
from store.exports import Exports
from store.permissions import Permissions
from store.store import ConnectionLost
from tests.api.doors import HeaderDoor, asks
from tests.api.serving import served
from tests.api.signing_in import quick_hashing
from tests.api.working import guide
from tests.bailiwick.pack_world import NOW_US, ZONES, There, key_in, night

DEE = asks("dee", "officer") | {"Test-Email": "dee@x.test"}
SUE = asks("sue", "supervisor")
"""Officer and supervisor of every area: the night's order has none."""


@dataclass
class Packed:
    """Where the console is, and what the packer works with."""

    address: str
    there: There

    async def made(self) -> None:
        """The exporter takes its turn."""
        while await work_once(self.there.packs, self.there.making, lambda: NOW_US):
            pass

    async def looked(self) -> int:
        return await look(self.there.packs, self.there.making, NOW_US)


@asynccontextmanager
async def packed(url: str, folder: Path) -> AsyncIterator[Packed]:
    async with AsyncExitStack() as stack:
        there = await stack.enter_async_context(night(url, key_in(folder)))
        await there.opened(["W1-1", "W1-2"], [("W1-8", "the same night"), ("W1-9", "the same night")])
        store = await stack.enter_async_context(await Store.open(url))
        work = await stack.enter_async_context(await AlertWork.open(url, ZONES))
        reading = await stack.enter_async_context(await Reading.open(url, lambda: NOW_US))
        exports = await stack.enter_async_context(await Exports.open(url))
        asked: dict[str, Any] = {
            "sign_in": _sign_in(stack, store),
            "audit": await stack.enter_async_context(await AuditKept.open(url)),
            "permissions": await stack.enter_async_context(await Permissions.open(url)),
        }
        desk = AtDesk(work, guide, lambda: NOW_US, store.rota.shifts, None, AtExports(exports, folder))
        app = create_app(reading, (ConnectionLost,), lambda: NOW_US, ZONES, desk, door=HeaderDoor(), **asked)
        address = await stack.enter_async_context(served(app))
        yield Packed(address, there)


def _sign_in(stack: AsyncExitStack, store: Store) -> SignIn:
    hashing = quick_hashing()
    stack.callback(hashing.close)
    kept = (store.accounts, store.sessions, store.keys)
    return SignIn(*kept, hashing, common_words(), lambda: NOW_US, None, None)
