"""What is asked of and answered about the caseload, as OpenAPI tells it. `api.caseload_bodies` writes the answers."""

from __future__ import annotations

from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import Field

from api.caseload_records import DeviceName
from api.desk_shapes import Name
from api.instants import Instant
from api.shapes import Shape

Item = TypeVar("Item")


class Kept(Shape, Generic[Item]):
    """A version of a record. `version` is its `ETag`; `holds_from` null is from before everything.

    `entered` is when it reached us and `by` who entered it (null: a command on the machine itself); `learnt` is when ingest took
    it, null while it waits. `cancelled`: the record was ended from `holds_from` on.
    """

    id: str
    record: Item
    version: str
    holds_from: str | None
    entered: str
    by: str | None
    learnt: str | None
    cancelled: bool


class Warned(Shape):
    """What can be meant, but mostly is not."""

    field: str
    cause: str


class Entered(Kept[Item], Generic[Item]):
    """A record as it was entered, and what it is warned of."""

    warnings: list[Warned]


class LineWarned(Warned):
    """As `Warned`, of the record on a line."""

    line: int


class EnteredKey(Shape):
    """A record that was entered."""

    type: str
    id: str
    version: str | None


class ManyEntered(Shape):
    """What became of records that were entered together. With `preview`, what would have: `records` then have no version."""

    new: int
    changed: int
    unchanged: int
    records: list[EnteredKey]
    warnings: list[LineWarned]
    preview: bool


class ManyRecords(Shape):
    """Records as in a caseload file, each with its `type`; all are taken, or none."""

    records: list[dict[str, Any]]


class Swap(Shape):
    """One device for another: the fitting ends, and another begins at the same instant."""

    id: Annotated[Name, Field(description="The id of the new fitting")]
    device: Annotated[DeviceName, Field(description="The new device")]
    at: Annotated[Instant | None, Field(description="Default now")] = None


class Swapped(Shape):
    """The two fittings of a swap."""

    ended: Entered[dict[str, Any]]
    begun: Entered[dict[str, Any]]


class PreviewAsked(Shape):
    """A record that is to be entered, and the range to look at (at most 400 days)."""

    record: dict[str, Any]
    from_: Instant = Field(alias="from")
    to: Instant


class Span(Shape):
    """`from` inclusive, `to` exclusive."""

    from_: str = Field(alias="from")
    to: str


class EnforcedStretch(Span):
    """A stretch of a condition's windows: enforced, or not, and then by what."""

    enforced: bool
    by: list[str]


class SuspendedStretch(Span):
    """A stretch of a running order: suspended, and by what, or not."""

    suspended: bool
    by: list[str]


class ConditionWindows(Shape):
    """A condition's windows, which absences and suspensions do not change, and what is enforced of them."""

    condition: str
    windows: list[Span]
    timeline: list[EnforcedStretch]


class Preview(Shape):
    """What a record would make of an order: nothing is entered."""

    order: str
    suspensions: list[SuspendedStretch]
    conditions: list[ConditionWindows]
    warnings: list[Warned]


class ZoneAsked(Shape):
    """A shape that is drawn, for a condition of ``order`` or as the shared zone ``zone``; the docs say how each is written."""

    shape: dict[str, Any]
    order: Name | None = None
    zone: Name | None = None


class ZoneWarned(Warned):
    """As `Warned`; `about` the wearer's own home, or a protected person."""

    about: Literal["home", "protected"]


class ZoneChecked(Shape):
    """How large a shape is (square metres, metres from west to east and from south to north), its middle, and warnings."""

    area_m2: float
    middle: Annotated[list[float], Field(description="`[lon, lat]`")]
    across_m: float
    tall_m: float
    warnings: list[ZoneWarned]


class Found(Shape):
    """A wearer that was found; `by` is what the words were found in."""

    wearer: str
    name: str
    born: str | None
    by: list[str]


class SearchResult(Shape):
    """The best of those found, best first; `more`: there are others."""

    items: list[Found]
    more: bool
