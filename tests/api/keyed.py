"""A key for a process that really asks who is there."""

from __future__ import annotations

from api.made_secrets import new_key
from domain.instants import DAY_US
from domain.vocabulary import Role
from store import Store
from store.api_keys import Key
from store.audit import Entry
from tests.store.made import NOON


async def key_for(url: str, role: Role = Role.OPERATOR, ends_us: int = NOON + 300 * DAY_US) -> dict[str, str]:
    """The header of a new key of every area, which may change things."""
    made, from_us = new_key(), ends_us - 399 * DAY_US
    key = Key(made.id, "a test", role, None, None, reads_only=False, made_us=from_us, made_by="test", ends_us=ends_us)
    entry = Entry(from_us, "test", "administrator", "command", "", None, "accounts.write", "key", (made.id,))
    async with await Store.open(url) as store:
        await store.keys.make(key, made.secret_hash, entry)
    return {"Authorization": f"Bearer {made.shown}"}
