"""Who works at the shell, for the audit: the system's user, by a command."""

from __future__ import annotations

import getpass
import socket
import time
from collections.abc import Iterable
from typing import Any

from domain.callers import Caller
from domain.vocabulary import Role
from store.audit import Entry, entry_of


def shell_caller() -> Caller:
    """The system's user, who has the database's password and so every right."""
    return Caller(getpass.getuser(), Role.ADMINISTRATOR, None, by="command", address=socket.gethostname())


def entry_at_the_shell(
    deed: str,
    subject_type: str,
    subjects: Iterable[str] = (),
    at_us: int | None = None,
    why: str | None = None,
    **details: Any,
) -> Entry:
    """What is done now by whoever typed the command."""
    now_us = time.time_ns() // 1000 if at_us is None else at_us
    return entry_of(shell_caller(), now_us, deed, subject_type, subjects, why, **details)
