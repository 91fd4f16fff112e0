"""Links by which an officer on the way to a wearer sees what they need. Of the secret in a link its digest is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from store.audit import Entry, write
from store.connecting import Pool
from store.refusing import rows_or_refused
from store.times import At

MOST_LISTED = 100


class NewLink(NamedTuple):
    """For whom, of which force, to which alert, until when."""

    alert_no: int
    officer: str
    force: str
    expires_us: int


class PatrolLink(NamedTuple):
    """A link; ``revoked_us`` None: nobody has revoked it."""

    no: int
    alert_no: int
    officer: str
    force: str
    made_us: int
    made_by: str
    expires_us: int
    revoked_us: int | None
    revoked_by: str | None
    opened: int
    last_opened_us: int | None


class Opened(NamedTuple):
    """What a link that opens leads to."""

    no: int
    alert_no: int
    wearer: str
    officer: str
    force: str
    expires_us: int
    kind: str
    code: str | None
    raised_us: int
    state: str


class PatrolLinks:
    """The links of a database."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def make(self, new: NewLink, token_hash: bytes, entry: Entry) -> int | None:
        """A link, by whom and when ``entry`` says; its number, None when its alert is no open critical one. Raises `Refused`."""
        row = new._asdict() | {"token_hash": token_hash, "at": At(entry.at_us), "by": entry.who}
        row["expires"] = At(row.pop("expires_us"))
        async with self._pool.connection() as conn, conn.transaction():
            rows = await rows_or_refused(conn, "make_patrol_link", row)
            if rows:
                await write(conn, replace(entry, details=entry.details | {"link": str(rows[0][0])}))
        return int(rows[0][0]) if rows else None

    async def revoke(self, number: int, entry: Entry) -> bool:
        """It opens nothing any more; False when that was so before."""
        async with self._pool.connection() as conn, conn.transaction():
            rows = await rows_or_refused(
                conn, "revoke_patrol_link", {"link_no": number, "at": At(entry.at_us), "by": entry.who}
            )
            if rows:
                await write(conn, entry)
        return bool(rows)

    async def of_alert(self, alert_no: int) -> list[PatrolLink]:
        """The newest links of an alert."""
        return await self._links(alert_no, None)

    async def one(self, number: int) -> PatrolLink | None:
        """A link; None when there is none."""
        return next(iter(await self._links(None, number)), None)

    async def open(self, token_hash: bytes, at_us: int, entry_of: Callable[[Opened], Entry]) -> Opened | None:
        """What the link with that secret leads to, once the opening is in the audit; None where it opens nothing."""
        async with self._pool.connection() as conn, conn.transaction():
            rows = await rows_or_refused(conn, "open_patrol_link", {"token_hash": token_hash, "at": At(at_us)})
            if not rows:
                return None
            opened = Opened(*rows[0])
            await write(conn, entry_of(opened))
        return opened

    async def _links(self, alert_no: int | None, number: int | None) -> list[PatrolLink]:
        wanted = {"alert_no": alert_no, "link_no": number, "limit": MOST_LISTED}
        async with self._pool.connection() as conn:
            return [PatrolLink(*row) for row in await rows_or_refused(conn, "patrol_links", wanted)]
