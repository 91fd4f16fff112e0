"""Answers that were given to requests which named themselves, so that the same request again does nothing twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from domain.instants import DAY_US
from store.errors import KeyUsed
from store.statements import statement
from store.times import At, Connection

KEPT_US: Final = DAY_US
"""How long an answer is kept."""


@dataclass(frozen=True, slots=True)
class RequestKey:
    """A request by the name that its sender gave it. ``asked`` is a digest of its body; ``at_us`` is when it came."""

    actor: str
    path: str
    key: str
    asked: bytes
    at_us: int

    def parameters(self) -> dict[str, Any]:
        """As the statements have them."""
        named = {"actor": self.actor, "path": self.path, "key": self.key}
        return named | {"asked": self.asked, "at": At(self.at_us)}


class AnswerGiven(NamedTuple):
    """What was asked, and what was answered; ``status`` None: it is being answered, or its answer was lost."""

    asked: bytes
    status: int | None
    etag: str | None
    body: bytes | None
    location: str | None = None


async def answer_given(conn: Connection, request: RequestKey) -> AnswerGiven | None:
    """What was answered to that request in the last `KEPT_US`; None when it never came. Older answers are dropped."""
    await conn.execute(statement("drop_old_answers"), {"before": At(request.at_us - KEPT_US)})
    row = await (await conn.execute(statement("answer_given"), request.parameters())).fetchone()
    return None if row is None else AnswerGiven(*row)


async def note_key(conn: Connection, request: RequestKey) -> None:
    """Marks the key as used in the transaction of what is done for it. Raises `KeyUsed`: somebody was faster."""
    if await (await conn.execute(statement("note_key"), request.parameters())).fetchone() is None:
        raise KeyUsed


async def keep_answer(
    conn: Connection, request: RequestKey, status: int, etag: str | None, body: bytes, location: str | None = None
) -> None:
    """Puts in what was answered; the first answer stays."""
    answer = {"status": status, "etag": etag, "body": body, "location": location}
    await conn.execute(statement("keep_answer"), request.parameters() | answer)
