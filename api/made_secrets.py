"""Secrets that are made here: tokens, one-time passwords, keys. What is kept of them is a digest."""

from __future__ import annotations

import hashlib
import re
import secrets
from typing import Final, NamedTuple

KEY_FORM: Final = re.compile(r"bwk_([a-z2-7]{12})_([A-Za-z0-9_-]{43})")
TOKEN_BYTES: Final = 32
ID_BYTES: Final = 8
ID_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz234567"
READ_ALOUD: Final = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without what is mistaken for another."""
GROUPS: Final = 4
GROUP: Final = 5
"""Characters of a group of a one-time password: about 99 bits in all."""


class MadeKey(NamedTuple):
    """A key for a machine: its id, and what is shown once."""

    id: str
    shown: str

    @property
    def secret_hash(self) -> bytes:
        """What is kept of it."""
        return digest(self.shown.removeprefix(f"bwk_{self.id}_"))


def token() -> str:
    """256 random bits, as one word."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def public_id() -> str:
    """The id of a session: it opens nothing."""
    return secrets.token_hex(ID_BYTES)


def digest(secret: str) -> bytes:
    """What is kept of a secret with enough random bits: no slow hash is needed."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()


def one_time_password() -> str:
    """A password to be told and changed, such as `k7mqp-x3vdn-...`."""
    return "-".join("".join(secrets.choice(READ_ALOUD) for _ in range(GROUP)) for _ in range(GROUPS))


def new_key() -> MadeKey:
    """A key."""
    key_id = "".join(secrets.choice(ID_LETTERS) for _ in range(12))
    return MadeKey(key_id, f"bwk_{key_id}_{token()}")


def same(one: bytes, other: bytes) -> bool:
    """Compared in the same time, wherever they differ."""
    return secrets.compare_digest(one, other)
