"""Sessions of people who signed in, and sign-ins begun at the OpenID provider. Tokens are known by their SHA-256 alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from domain.instants import DAY_US, MINUTE_US, SECOND_US
from domain.vocabulary import Role
from store.audit import Entry, write
from store.connecting import Pool
from store.statements import statement
from store.times import At

SESSIONS_AT_ONCE: Final = 10
"""Of one account; the oldest ends."""
KEPT_US: Final = 30 * DAY_US
"""How long a session that is over stays."""
SEEN_EVERY_US: Final = MINUTE_US
"""How exactly it is kept when a session was seen last."""
OIDC_US: Final = 10 * MINUTE_US
"""Within which a sign-in begun at the provider comes back."""
OIDC_AT_ONCE: Final = 10_000


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session that begins. ``password_hash`` is what was tried, None for one without a password; ``better_hash`` replaces it."""

    id: str
    token_hash: bytes
    account: str
    csrf: str
    signed_in_by: str
    at_us: int
    idle_us: int
    ends_us: int
    password_hash: str | None = None
    better_hash: str | None = None


class Session(NamedTuple):
    """A session that goes on, and its account as it stands now."""

    id: str
    csrf: str
    made_us: int
    seen_us: int
    idle_us: int
    ends_us: int
    account: str
    shown: str
    role: Role
    areas: tuple[str, ...] | None
    email: str | None
    organisation: str | None
    must_change: bool


class Begun(NamedTuple):
    """What a sign-in at the provider was begun with."""

    nonce: str
    verifier: str


class Sessions:
    """The sessions of the database."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def begin(self, new: NewSession, entry: Entry, instead_of: str | None = None) -> bool:
        """A session begins, and another ends with it; the account's failures are forgotten.

        False: the account was disabled or its password changed meanwhile; nothing was done.
        """
        names = ("id", "token_hash", "account", "csrf", "signed_in_by", "password_hash")
        times = {"at": At(new.at_us), "ends_at": At(new.ends_us), "idle_s": new.idle_us // SECOND_US}
        async with self._pool.connection() as conn, conn.transaction():
            parameters = {name: getattr(new, name) for name in names} | times
            if await (await conn.execute(statement("enter_session"), parameters)).fetchone() is None:
                return False
            await conn.execute(statement("forget_failures"), {"name": new.account})
            if new.better_hash is not None:
                better = {"name": new.account, "password_hash": new.better_hash, "was": new.password_hash}
                await conn.execute(statement("hash_again"), better)
            if instead_of is not None:
                ended = {"id": instead_of, "why": "signed_in_again", "at": At(new.at_us)}
                await conn.execute(statement("end_session"), ended)
            many = {"account": new.account, "newest": new.id, "others": SESSIONS_AT_ONCE - 1, "at": At(new.at_us)}
            await conn.execute(statement("end_oldest_sessions"), many)
            await conn.execute(statement("drop_old_sessions"), {"before": At(new.at_us - KEPT_US)})
            await write(conn, entry)
        return True

    async def of_token(self, token_hash: bytes, now_us: int) -> Session | None:
        """The session of a token; None when there is none, it is over, or its account is disabled."""
        parameters = {"token_hash": token_hash, "now": At(now_us)}
        async with self._pool.connection() as conn:
            row = await (await conn.execute(statement("session"), parameters)).fetchone()
        if row is None:
            return None
        session_id, csrf, made_us, seen_us, idle_s, ends_us, account, shown, role, areas, *rest = row
        place = (account, shown, Role(role), None if areas is None else tuple(areas))
        return Session(session_id, csrf, made_us, seen_us, idle_s * SECOND_US, ends_us, *place, *rest)

    async def seen(self, session: Session, now_us: int) -> None:
        """It was used: it goes on for its idle time from now. Kept once a `SEEN_EVERY_US`."""
        if now_us - session.seen_us >= SEEN_EVERY_US:
            async with self._pool.connection() as conn:
                await conn.execute(statement("session_seen"), {"id": session.id, "now": At(now_us)})

    async def end(self, session_id: str, at_us: int, entry: Entry) -> None:
        """Whoever has it signs out. The same again changes nothing."""
        await self._end("end_session", {"id": session_id, "why": "signed_out", "at": At(at_us)}, entry)

    async def end_all(self, account: str, at_us: int, entry: Entry) -> None:
        """Every session of an account ends: its person signs out everywhere."""
        await self._end("end_sessions", {"account": account, "why": "signed_out", "at": At(at_us), "but": None}, entry)

    async def _end(self, block: str, parameters: dict[str, Any], entry: Entry) -> None:
        async with self._pool.connection() as conn, conn.transaction():
            if await (await conn.execute(statement(block), parameters)).fetchone() is not None:
                await write(conn, entry)

    async def note(self, entry: Entry) -> None:
        """An entry of the audit for what changed nothing here: a refusal."""
        async with self._pool.connection() as conn, conn.transaction():
            await write(conn, entry)

    # -- at the OpenID provider ----------------------------------------------------------------------------------

    async def begin_oidc(self, state_hash: bytes, browser_hash: bytes, begun: Begun, at_us: int) -> None:
        """A sign-in at the provider begins; those that never came back are dropped."""
        row = {"state_hash": state_hash, "browser_hash": browser_hash, **begun._asdict(), "at": At(at_us)}
        old = {"before": At(at_us - OIDC_US), "most": OIDC_AT_ONCE - 1}
        async with self._pool.connection() as conn, conn.transaction():
            await conn.execute(statement("drop_old_oidc"), old)
            await conn.execute(statement("begin_oidc"), row)

    async def take_oidc(self, state_hash: bytes, browser_hash: bytes, now_us: int) -> Begun | None:
        """What it was begun with, once, in the browser that began it; None for any other, and for one too old."""
        parameters = {"state_hash": state_hash, "browser_hash": browser_hash, "since": At(now_us - OIDC_US)}
        async with self._pool.connection() as conn:
            row = await (await conn.execute(statement("take_oidc"), parameters)).fetchone()
        return None if row is None else Begun(*row)
