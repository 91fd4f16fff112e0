"""The JSON of the rota and of protocols, as OpenAPI tells it: what is asked and what is answered."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import Field

from api.desk_shapes import Name, ShiftOnDuty
from api.instants import Instant
from api.shapes import Shape
from domain.vocabulary import Role

LONGEST_FILE: Final = 512_000
"""Characters of a file of protocols; the shipped one has a tenth."""
LONGEST_INSTANT: Final = 40
"""Characters; with nine digits of a second and an offset one has 35."""


# ---- the rota ----


class NewShift(Shape):
    """A shift, as a line of a rota file (docs/rota.md)."""

    id: Name
    role: Role
    person: Name
    name: Annotated[str, Field(min_length=1, max_length=4_000)]
    from_: Annotated[str, Field(alias="from", max_length=LONGEST_INSTANT, json_schema_extra={"format": "date-time"})]
    to: Annotated[str, Field(max_length=LONGEST_INSTANT, json_schema_extra={"format": "date-time"})]
    area: Name | None = None
    organisation: Annotated[str, Field(max_length=4_000)] | None = None
    phone: Annotated[str, Field(max_length=4_000)] | None = None
    email: Annotated[str, Field(max_length=4_000)] | None = None
    priority: Annotated[int, Field(ge=1, le=100)] = 1


class ShiftEnd(Shape):
    """When a shift ends, unless it is now. One that has not begun by then is taken out."""

    at: Instant | None = None


class Shifts(Shape):
    """The shifts that touch a range, by when they begin."""

    from_: str = Field(alias="from")
    to: str
    items: list[ShiftOnDuty]


class RotaGap(Shape):
    """Nobody on duty for a role, in an area (null: in none of those that need it). `from` null: it began before the range."""

    role: Role
    area: str | None
    from_: str | None = Field(alias="from")
    to: str


class RotaGaps(Shape):
    """When nobody is on duty for a role that the protocols tell, in an area that orders run in."""

    from_: str = Field(alias="from")
    to: str
    items: list[RotaGap]


# ---- protocols ----


class ProtocolVersion(Shape):
    """A version of the file of protocols; `protocols` says how many stand in it."""

    version: int
    entered: str
    by: str
    protocols: int


class ProtocolFile(Shape):
    """A whole file of protocols (TOML, docs/protocols.md)."""

    text: Annotated[str, Field(min_length=1, max_length=LONGEST_FILE)]


class ProtocolsChecked(Shape):
    """What a file would change: ids of protocols that are new, that say something else, and that are no more."""

    version: int
    protocols: int
    new: list[str]
    changed: list[str]
    gone: list[str]


class Explained(Shape):
    """What would happen to an alert if nobody acted, minute by minute, as `bailiwick protocols explain --json` prints it."""

    kind: str
    level: str
    severity: str
    victim: bool
    under_18: bool
    own_unit: bool
    at: str
    protocol: dict[str, Any]
    told: list[dict[str, Any]]
    rises: list[dict[str, Any]]
    when: list[dict[str, Any]]
    claimed_and_left: list[dict[str, Any]]
    claimed_and_worked_on: list[dict[str, Any]]
    not_told_when_cleared: list[dict[str, Any]]
    closes_when_cleared: str | None
    note: str
