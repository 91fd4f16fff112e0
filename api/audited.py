"""The audit as the routes see it: a look is kept before it is answered, a change with what it changes (docs/audit.md).

What is forgotten is found: `AuditGuard` turns an answer into an error when its route changes something, or shows positions, and the
audit has heard nothing of it. So a test that asks such a route at all fails.
"""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, Final, Protocol

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from access.grants import Deed, changes
from alerts.desk import Audited, DeskDeed
from api.doors import DEED, Seen
from api.problems import Problem
from store.audit import Entry, entry_of, heard_nothing, hearing, write_all
from store.audit_reading import AuditRow, AuditWanted
from store.times import Connection

REPLAYED: Final = "Idempotency-Replayed"
"""On an answer that was given before: what was done then is in the audit."""
LOOKS: Final = frozenset(
    {
        *(Deed.READ_POSITIONS, Deed.READ_LAST_PLACE, Deed.READ_PROTECTED_PLACES, Deed.READ_CONTACT_DUTIES),
        *(Deed.READ_SHEETS, Deed.READ_AUDIT, Deed.READ_CRIME_MATCHES),
    }
)
"""What is read and has an entry."""
LOOKS_AT_CASES: Final = frozenset({Deed.READ_BREACHES, Deed.READ_LOTS})
"""As `LOOKS`: what somebody is to answer for before a court or a prison."""
MOST_ALERTS_NAMED: Final = 50


class AuditSide(Protocol):
    """The audit beside other work (`store.audit.Audit`, `store.audit_reading.AuditReading`)."""

    async def look(self, entry: Entry) -> None:
        """Returns when the entry is committed."""

    async def entries(self, wanted: AuditWanted, before: int | None, limit: int) -> list[AuditRow]:
        """Entries that fit, the newest first, from before a `AuditRow.body_no`."""


async def looked(seen: Seen, deed: Deed, subject_type: str, subjects: Iterable[str] = (), **details: Any) -> None:
    """Keeps a look at people before it is answered; 503 where this process has no audit: then nothing may be shown."""
    if seen.parts.audit is None:
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "what you ask for is shown only where an audit is kept")
    entry = entry_of(seen.caller, seen.parts.now(), deed, subject_type, subjects, seen.why, **details)
    await seen.parts.audit.look(entry)


def at_the_desk(seen: Seen, deed: Deed) -> Audited:
    """What the desk tells of its work, for the audit: an entry for the wearers, one for protected people, else one for the alerts."""

    async def audited(conn: Connection, done: DeskDeed) -> None:
        named = {"wearer": done.wearers, "victim": done.victims}
        people = {kind: names for kind, names in named.items() if names}
        about = people or {"alert": tuple(map(str, done.alerts))}
        details = {"done": done.what, **_alerts(done), **done.details}
        now_us = seen.parts.now()
        await write_all(
            conn,
            [entry_of(seen.caller, now_us, deed, kind, names, seen.why, **details) for kind, names in about.items()],
        )

    return audited


def _alerts(done: DeskDeed) -> dict[str, Any]:
    if not done.alerts:
        return {}
    if len(done.alerts) > MOST_ALERTS_NAMED:
        return {"alerts": len(done.alerts)}
    return {"alerts": [str(number) for number in done.alerts]}


def nothing_changed() -> None:
    """Says that a request that may change something did not: a preview, or the same again. It needs no entry."""
    heard_nothing()


def needs_entry(deed: Deed) -> bool:
    """Whether an answer about that deed is given only when the audit has heard of it."""
    return changes(deed) or deed in LOOKS | LOOKS_AT_CASES


class AuditGuard:
    """Lets no answer out that the audit should know of and does not: a mistake of ours, an error of 500."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with hearing() as heard:

            async def guarded(message: Message) -> None:
                if message["type"] == "http.response.start" and not heard:
                    _require_entry(scope, message)
                await send(message)

            await self._app(scope, receive, guarded)


def _require_entry(scope: Scope, message: Message) -> None:
    deed = scope.get("state", {}).get(DEED)
    done = message["status"] < HTTPStatus.BAD_REQUEST and REPLAYED not in Headers(raw=message["headers"])
    if done and deed is not None and needs_entry(deed):
        raise AssertionError(f"no entry in the audit: {deed} at {scope['path']}")
