"""The JSON of sheets about one wearer (docs/sheets.md): compliance, bail with a curfew, weeks of a programme, chronology. Hours to 2 decimals."""

from __future__ import annotations

from pydantic import Field

from api.shapes import Shape
from domain.vocabulary import AssessmentDecision, Cause, ConditionKind, Kind, OrderKind, Programme
from evidence.chronology import What
from evidence.compliance import KeptAs, Weight
from evidence.programmes import Met
from evidence.qualifying import DayWhy, Deduct


class SheetHours(Shape):
    """Hours of windows that are over. `required` is `present` + `absent` + `open`; `excused` is beside it."""

    required: float
    present: float
    absent: float
    open: float
    absent_possible: float
    unknown: float
    excused: float


class SheetSums(Shape):
    """Windows by what is said of them, and their hours."""

    windows: dict[KeptAs, int]
    hours: SheetHours


class SheetViolation(Shape):
    """A violation of a window: what the officer decided, and what it counts for."""

    id: str
    kind: Kind
    from_: str = Field(alias="from")
    to: str | None
    weight: Weight
    decision: AssessmentDecision | None
    reason: str


class SheetWindowSaid(Shape):
    """One window; `kept` says what the sheet says of it."""

    from_: str = Field(alias="from")
    to: str
    kept: KeptAs
    hours: SheetHours
    absent_with_leave: float
    suspended: float
    violations: list[SheetViolation]


class SheetWeek(SheetSums):
    """A local week, by the instant of its Monday."""

    week: str


class SheetOfCondition(Shape):
    """One condition of the order."""

    condition: str
    kind: ConditionKind
    name: str
    timezone: str
    all: SheetSums
    weeks: list[SheetWeek]
    windows: list[SheetWindowSaid]


class SheetGap(Shape):
    """A monitoring gap: it counts against nobody."""

    id: str
    kind: Kind
    cause: Cause
    from_: str = Field(alias="from")
    to: str | None


class SheetOrder(Shape):
    """The order that a sheet is about."""

    id: str
    wearer: str
    kind: OrderKind
    programme: Programme | None
    from_: str = Field(alias="from")
    to: str | None


class Compliance(Shape):
    """The compliance sheet of an order: windows that begin in `[from, to)`, as of `at`."""

    order: SheetOrder
    from_: str = Field(alias="from")
    to: str
    at: str
    all: SheetSums
    conditions: list[SheetOfCondition]
    gaps: list[SheetGap]


class QualifyingDay(Shape):
    """One date: hours of curfew in it, whether it counts and why, and the violations or orders that deduct it."""

    day: str
    hours: float
    counts: bool
    why: DayWhy
    because: list[str]


class QualifyingStep(Shape):
    """A deduction, in the order of the scheme."""

    why: Deduct
    days: int


class QualifyingCurfew(Shape):
    """Days on bail with a monitored curfew. `credit` is half of `counted` or what the scheme says, rounded by it."""

    order: SheetOrder
    scheme: str
    scheme_from: str
    minimum_hours: float
    numerator: int
    denominator: int
    rounding: str
    at: str
    subject: int
    deducted: list[QualifyingStep]
    counted: int
    credit: int
    days: list[QualifyingDay]


class ProgrammeWeek(Shape):
    """Hours of one local week. `present` is exact where `exactly`, at least so many otherwise; null where nothing is asked."""

    condition: str
    from_: str = Field(alias="from")
    to: str
    met: Met
    required: float | None
    offered: float
    present: float | None
    exactly: bool
    unknown: float
    violation: str | None
    decision: AssessmentDecision | None


class ProgrammeWeeks(Shape):
    """The weekly sheet of an order: weeks that begin in `[from, to)`, as of `at`."""

    order: SheetOrder
    from_: str = Field(alias="from")
    to: str
    at: str
    weeks: list[ProgrammeWeek]


class ChronologyLine(Shape):
    """Something that happened; `learnt` where the centre learnt of it at another instant."""

    at: str
    to: str | None
    learnt: str | None
    what: What
    event: str
    about: str
    by: str
    text: str
