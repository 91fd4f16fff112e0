"""The demo's accounts: its officer is the officer of the order that can be taken to a breach at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from bailiwick.demo import history
from bailiwick.demo.accounts import make_accounts
from store import Store
from tests.store.made import NOON, ask


@pytest.mark.real
@pytest.mark.slow
async def test_the_demos_officer_is_the_officer_of_its_order(database_url: str, tmp_path: Path) -> None:
    async with await Store.open(database_url) as store:
        await store.migrate()
        await make_accounts(store, tmp_path, NOON)
    (order,) = [one for one in history.records(NOON) if one["type"] == "order"]
    assert ask(database_url, "SELECT name FROM accounts WHERE email = %s", order["officer"]["email"]) == [("officer",)]
