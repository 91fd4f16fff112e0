"""What an account and a key may be, and how long a session goes on. Pure."""

from __future__ import annotations

import re
from typing import Final

from access.grants import CENTRE
from domain.instants import DAY_US, HOUR_US, MINUTE_US
from domain.vocabulary import Role

NAME_CHARACTERS: Final = r"^[a-z0-9][a-z0-9_.-]{1,63}$"
"""An id, not a person's name: it stands in every history."""
RESERVED: Final = frozenset({"nobody", "somebody", "import", "service", "rules", "command"})
"""Names that histories give to what no person did."""
KEY_PREFIX: Final = "key-"
"""Of the name that a key acts under."""
EMAIL_CHARACTERS: Final = r"^[^@\s]{1,64}@[^@\s]{1,189}$"

SESSION_US: Final = 12 * HOUR_US
"""A session's whole length: a shift."""
IDLE_US: Final = HOUR_US
"""Without anything done; the centre's staff watch all night, so theirs goes on as long as the session."""
ONE_TIME_US: Final = 7 * DAY_US
"""Within which a one-time password must be used."""
LEAST_KEY_US: Final = MINUTE_US
LONGEST_KEY_US: Final = 400 * DAY_US

_NAME: Final = re.compile(NAME_CHARACTERS)


def is_name(text: str) -> bool:
    """Whether an account may be called that."""
    return _NAME.fullmatch(text) is not None and text not in RESERVED and not text.startswith(KEY_PREFIX)


def idle_us(role: Role) -> int:
    """After how long without anything done a session of that role ends, in microseconds."""
    return SESSION_US if role in CENTRE else IDLE_US
