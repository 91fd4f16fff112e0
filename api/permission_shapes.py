"""The JSON of requests, warrants and protected places: what is asked, what is answered, and how rows become it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator

from api.bodies import positions_body
from api.instants import Instant
from api.shapes import Position, Shape
from domain.instants import format_instant
from domain.vocabulary import RequestState, WarrantKind, WarrantOutcome
from store.reading_types import PositionRow
from store.requests import Circle, NewRequest, RequestRow
from store.warrants import End, Holding, NewWarrant, WarrantRow

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,64}$")]
Text = Annotated[str, Field(min_length=1, max_length=1000, pattern=r"\S")]
Short = Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]


# ---- what is asked ----


class PlaceAsked(Shape):
    """A circle: degrees, metres."""

    lon: Annotated[float, Field(ge=-180, le=180)]
    lat: Annotated[float, Field(ge=-90, le=90)]
    radius_m: Annotated[float, Field(gt=0, le=500)]


class RequestAsked(Shape):
    """Positions of one wearer, or who was at one place: in a week at most, until `expires`, 28 days from now at most."""

    legal_ground: Text
    purpose: Text
    wearer: Id | None = None
    place: PlaceAsked | None = None
    from_: Annotated[Instant, Field(alias="from")]
    to: Instant
    expires: Instant

    @model_validator(mode="after")
    def _one_of_both(self) -> RequestAsked:
        if (self.wearer is None) == (self.place is None):
            raise ValueError("name a wearer or a place, not both")
        return self

    def new(self, organisation: str) -> NewRequest:
        """As the store takes it."""
        place = None if self.place is None else Circle(self.place.lon, self.place.lat, self.place.radius_m)
        what = (organisation, self.legal_ground, self.purpose, self.from_, self.to, self.expires)
        return NewRequest(*what, wearer=self.wearer, place=place)


class Why(Shape):
    """Why somebody decides so."""

    reason: Text


class WarrantAsked(Shape):
    """A warrant, and who holds it first. It rests on `violations`, and on those that the case `breach` relies on."""

    kind: WarrantKind
    wearer: Id
    area: Id | None = None
    reference: Short
    issued: Instant
    agency: Id
    person: Short
    violations: Annotated[tuple[Id, ...], Field(max_length=100)] = ()
    breach: Annotated[str, Field(pattern=r"^[0-9]{1,18}$")] | None = None

    def new(self) -> NewWarrant:
        """As the store takes it."""
        what = (self.kind, self.wearer, self.area, self.reference, self.issued)
        breach = None if self.breach is None else int(self.breach)
        return NewWarrant(*what, self.agency, self.person, self.violations, breach)


class HandOver(Shape):
    """Who holds a warrant from now on."""

    agency: Id
    person: Short


class Ending(Shape):
    """How a warrant ended: when (`at`; left out: now) and in which place, in words. One that was executed says where."""

    outcome: WarrantOutcome
    at: Instant | None = None
    place: Short | None = None
    note: Text | None = None

    def end(self) -> End:
        """As the store takes it."""
        return End(self.outcome, self.at, self.place, self.note)


# ---- what is answered ----


class RequestNow(Shape):
    """A request as it is now; `uses` counts how often positions were seen by it."""

    id: str
    state: RequestState
    organisation: str
    legal_ground: str
    purpose: str
    wearer: str | None
    place: PlaceAsked | None
    from_: Annotated[str, Field(alias="from")]
    to: str
    expires: str
    asked: str
    asked_by: str
    decided: str | None
    decided_by: str | None
    reason: str | None
    revoked: str | None
    revoked_by: str | None
    revocation: str | None
    uses: int
    used: str | None


class Match(Shape):
    """A wearer who was at a place, with the fixes there; `cut`: there are more than are shown."""

    wearer: str
    fixes: list[Position]
    cut: bool


class HoldingNow(Shape):
    """Who held a warrant from when to when; `to` null: holds it now. `accepted`: when somebody of theirs said that they have it."""

    agency: str
    person: str
    from_: Annotated[str, Field(alias="from")]
    to: str | None
    by: str
    accepted: str | None
    accepted_by: str | None


class RestsOn(Shape):
    """A violation that a warrant rests on; `withdrawn`: it does not stand any more, and somebody may be held wrongly."""

    violation: str
    withdrawn: bool


class WarrantNow(Shape):
    """A warrant as it is now, with all who held it in order; `holder` null: it has ended."""

    id: str
    kind: WarrantKind
    wearer: str
    area: str | None
    reference: str
    issued: str
    made: str
    made_by: str
    ended: str | None
    ended_by: str | None
    outcome: WarrantOutcome | None
    happened: str | None
    place: str | None
    note: str | None
    breach: str | None
    rests_on: list[RestsOn]
    holder: HoldingNow | None
    holdings: list[HoldingNow]
    revision: str


class LastPlace(Shape):
    """The newest place of a wearer that may be seen, and its age; null where none of the last 31 days may be."""

    warrant: str
    wearer: str
    position: Position | None
    age_s: float | None


class VictimFix(Shape):
    """Where a protected person's unit is."""

    t: str
    received: str
    lon: float
    lat: float
    acc: float


class ProtectedPlace(Shape):
    """Of the pair of an open critical alert: the protected person's newest place, its age, and how far the wearer is."""

    alert: str
    victim: str
    place: VictimFix | None
    age_s: float | None
    distance_m: float | None
    band: str | None


# ---- rows as that ----


def request_body(row: RequestRow, now_us: int) -> dict[str, Any]:
    """`RequestNow`."""
    asked = row.asked
    return {
        "id": str(row.no),
        "state": row.state(now_us).value,
        "organisation": asked.organisation,
        "legal_ground": asked.legal_ground,
        "purpose": asked.purpose,
        "wearer": asked.wearer,
        "place": None if asked.place is None else asked.place._asdict(),
        "from": format_instant(asked.from_us),
        "to": format_instant(asked.to_us),
        "expires": format_instant(asked.expires_us),
        "asked": format_instant(row.asked_us),
        "asked_by": row.asked_by,
        "decided": _instant(row.decided_us),
        "decided_by": row.decided_by,
        "reason": row.decision,
        "revoked": _instant(row.revoked_us),
        "revoked_by": row.revoked_by,
        "revocation": row.revocation,
        "uses": row.uses,
        "used": _instant(row.used_us),
    }


def warrant_body(row: WarrantRow) -> dict[str, Any]:
    """`WarrantNow`."""
    return {
        "id": str(row.no),
        "kind": row.kind.value,
        "wearer": row.wearer,
        "area": row.area,
        "reference": row.reference,
        "issued": format_instant(row.issued_us),
        "made": format_instant(row.made_us),
        "made_by": row.made_by,
        "ended": _instant(row.ended_us),
        "ended_by": row.ended_by,
        "outcome": None if row.outcome is None else row.outcome.value,
        "happened": _instant(row.happened_us),
        "place": row.place,
        "note": row.note,
        "breach": None if row.breach is None else str(row.breach),
        "rests_on": [one._asdict() for one in row.rests_on],
        "holder": None if row.holder is None else _holding(row.holder),
        "holdings": [_holding(one) for one in row.holdings],
        "revision": str(row.revision),
    }


def last_place_body(row: WarrantRow, position: PositionRow | None, now_us: int) -> dict[str, Any]:
    """`LastPlace`."""
    body: dict[str, Any] = {"warrant": str(row.no), "wearer": row.wearer, "position": None, "age_s": None}
    if position is None:
        return body
    return body | {"position": positions_body([position])[0], "age_s": (now_us - position.t_us) / 1e6}


def _holding(one: Holding) -> dict[str, Any]:
    span = {"from": format_instant(one.from_us), "to": _instant(one.to_us)}
    accepted = {"accepted": _instant(one.accepted_us), "accepted_by": one.accepted_by}
    return {"agency": one.agency, "person": one.person} | span | {"by": one.by} | accepted


def _instant(us: int | None) -> str | None:
    return None if us is None else format_instant(us)
