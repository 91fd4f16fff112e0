"""The JSON of what protected people must be told: duties, tries, and how it is safe to speak to them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from alerts.safe_contact import SafeContact
from api.instants import Instant
from api.permission_shapes import Text
from api.shapes import Shape
from domain.instants import format_instant
from domain.rota import Shift
from domain.vocabulary import Channel, DutyEvent, DutyState, Role, TellingResult
from store.contact_duties import DutyRow, Telling

# ---- what is asked ----


class TellingAsked(Shape):
    """One try. `at`: when (left out: now). `adult`: it was the adult responsible for them who was spoken to."""

    at: Instant | None = None
    channel: Channel
    result: TellingResult
    adult: bool = False
    said_back: Annotated[str, Field(max_length=4000)] = ""


class GivingUp(Shape):
    """Why nobody tries any more, and what is done instead."""

    reason: Text


# ---- what is answered ----


class TellingNow(Shape):
    """One try, and who made it."""

    at: str
    channel: Channel
    result: TellingResult
    adult: bool
    said_back: str
    by: str
    role: Role


class DutyNow(Shape):
    """What a protected person (`name`, where you may see it) must be told: `facts` as it is now, `before` as they know it (null: nothing). `due` is by when."""

    id: str
    event: DutyEvent
    state: DutyState
    victim: str
    name: str | None
    wearer: str
    order: str | None
    area: str | None
    facts: dict[str, Any]
    before: dict[str, Any] | None
    happens: str
    learnt: str
    due: str
    overdue: bool
    vulnerable: bool
    under_18: bool
    made: str
    ended: str | None
    ended_by: str | None
    why: str | None
    tries: int
    last_try: str | None
    revision: str


class SafeWay(Shape):
    """A channel that was agreed with them, and its address; a message by it holds their own words alone."""

    channel: Channel
    address: str


class SafeNow(Shape):
    """How it is safe to speak to them. `open` null: the hours were agreed in words that only a person can keep to (`agreed`)."""

    name: str
    number: str | None
    messages: list[SafeWay]
    words: str | None
    agreed: Any
    open: bool | None
    opens: str | None


class Teller(Shape):
    """Who is on duty to tell them."""

    role: Role
    name: str
    phone: str | None


class DutyWhole(DutyNow):
    """With every try, how it is safe to speak to them, who tells them, and how many tries without an answer are enough."""

    tellings: list[TellingNow]
    safe: SafeNow
    tellers: list[Teller]
    tries_needed: int


# ---- rows as that ----


def duty_body(row: DutyRow, now_us: int) -> dict[str, Any]:
    """`DutyNow`."""
    person = row.person or {}
    return {
        "id": str(row.no),
        "event": row.event.value,
        "state": row.state.value,
        "victim": row.victim,
        "name": person.get("name"),
        "wearer": row.wearer,
        "order": row.order,
        "area": row.area,
        "facts": dict(row.facts),
        "before": None if row.before is None else dict(row.before),
        "happens": format_instant(row.happens_us),
        "learnt": format_instant(row.clock_us),
        "due": format_instant(row.due_us),
        "overdue": row.state is DutyState.OPEN and row.due_us <= now_us,
        "vulnerable": bool(person.get("vulnerable")),
        "under_18": bool(person.get("under_18")),
        "made": format_instant(row.made_us),
        "ended": None if row.ended_us is None else format_instant(row.ended_us),
        "ended_by": row.ended_by,
        "why": row.why,
        "tries": len(row.tellings),
        "last_try": format_instant(row.tellings[-1].at_us) if row.tellings else None,
        "revision": str(row.revision),
    }


def telling_body(one: Telling) -> dict[str, Any]:
    """`TellingNow`."""
    what = {"channel": one.channel.value, "result": one.result.value, "adult": one.adult, "said_back": one.said_back}
    return {"at": format_instant(one.at_us), **what, "by": one.by, "role": one.role.value}


def safe_body(row: DutyRow, safe: SafeContact, now_us: int, opens_us: int | None) -> dict[str, Any]:
    """`SafeNow`; ``opens_us``: when their hours next hold, ``now_us`` while they do."""
    person = row.person or {}
    contact = person.get("contact")
    known = safe.hours is not None
    return {
        "name": str(person.get("name") or ""),
        "number": safe.number or None,
        "messages": [{"channel": way.value, "address": address} for way, address in safe.addresses.items()],
        "words": safe.words,
        "agreed": contact.get("safe_hours") if isinstance(contact, dict) else None,
        "open": opens_us == now_us if known else None,
        "opens": format_instant(opens_us) if known and opens_us is not None and opens_us > now_us else None,
    }


def teller_body(one: Shift) -> dict[str, Any]:
    """`Teller`."""
    return {"role": one.role.value, "name": one.name, "phone": one.phone}
