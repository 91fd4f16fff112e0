"""The keys that webhooks are signed with, as Standard Webhooks write them. Pure."""

from __future__ import annotations

import base64
import binascii
from typing import Final

KEY_PREFIX: Final = "whsec_"
KEY_BYTES: Final = (24, 64)
"""How long a key may be, by Standard Webhooks."""
MOST_KEYS: Final = 2


def check_key(text: str) -> None:
    """Raises ValueError, with a cause that does not repeat the key, unless it is ``whsec_`` and 24 to 64 bytes of base64."""
    low, high = KEY_BYTES
    wanted = f"must be {KEY_PREFIX} followed by {low} to {high} bytes in base64"
    try:
        key = base64.b64decode(text.removeprefix(KEY_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(wanted) from None
    if not text.startswith(KEY_PREFIX) or not low <= len(key) <= high:
        raise ValueError(wanted)


def read_keys(text: str) -> tuple[str, ...]:
    """One or two keys, with a space or a comma between them. Raises ValueError that repeats none."""
    keys = tuple(text.replace(",", " ").split())
    if not 1 <= len(keys) <= MOST_KEYS or len(set(keys)) != len(keys):
        raise ValueError("must be one key, or the new and the old one while they are changed")
    for key in keys:
        check_key(key)
    return keys
