"""Accounts for the demo: one a role, with passwords made for this run alone, which need not be changed."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Final

from api.hashing import Hashing
from api.made_secrets import one_time_password
from bailiwick.at_the_shell import entry_at_the_shell
from bailiwick.demo.history import OFFICER_EMAIL
from domain.vocabulary import Role
from store import Store
from store.accounts import Password, Person

FILE: Final = "sign-in.json"
LONDON: Final = ("london",)
AREAS: Final[dict[Role, tuple[str, ...] | None]] = {
    Role.OFFICER: LONDON,
    Role.POLICE: (*LONDON, "metropolitan-force"),
    Role.ENFORCEMENT: LONDON,
    Role.FIELD: (),
    Role.ADMINISTRATOR: (),
    Role.AUDITOR: (),
    Role.DEVICE_MANAGER: (),
}
"""Those of the invented caseload (`simulators.places`); whoever is not here sees every area."""
ORGANISATIONS: Final = {Role.OFFICER: "probation", Role.POLICE: "metropolitan-police", Role.ENFORCEMENT: "enforcement"}


async def make_accounts(store: Store, folder: Path, now_us: int) -> dict[str, str]:
    """One a role; their passwords by name, which are in the folder's `FILE` too, for its owner alone."""
    passwords = {role.value: one_time_password() for role in Role}
    hashing = Hashing()
    try:
        hashes = await asyncio.gather(*(hashing.made(password) for password in passwords.values()))
    finally:
        hashing.close()
    for role, password_hash in zip(Role, hashes, strict=True):
        shown = f"Demo {role.value.replace('_', ' ')}"
        email = OFFICER_EMAIL if role is Role.OFFICER else None
        person = Person(shown, role, AREAS.get(role), organisation=ORGANISATIONS.get(role), email=email)
        entry = entry_at_the_shell("accounts.write", "account", [role.value], now_us, did="made", role=role.value)
        await store.accounts.make(role.value, person, Password(password_hash, must_change=False), now_us, entry)
    file = folder / FILE
    file.touch(mode=0o600)
    file.write_text(json.dumps(passwords, indent=1) + "\n", encoding="utf-8")
    return passwords


def how_to_sign_in(passwords: dict[str, str]) -> str:
    """A line an account."""
    wide = max(map(len, passwords))
    return "\n".join(f"          {name:<{wide}}  {password}" for name, password in passwords.items())
