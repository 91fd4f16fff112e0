"""The JSON of breach cases: what is asked and what is answered. `api.breach_bodies` makes rows into it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from api import shapes
from api.instants import Instant
from api.permission_shapes import Id, Text
from api.shapes import Shape
from domain.breaches import BreachStep
from domain.vocabulary import AssessmentDecision, OrderKind
from evidence.breaches import NotRelied, Running
from evidence.choosing import Wanted, Wish

MOST_CHOSEN = 2_000
LONGEST_NARRATIVE = 20_000
Note = Annotated[str, Field(max_length=4_000)]
Number = Annotated[str, Field(pattern=r"^[0-9]{1,18}$")]
Narrated = Annotated[str, Field(max_length=LONGEST_NARRATIVE)]


# ---- what is asked ----


class RelyOn(Shape):
    """A violation to be relied on, in the version you saw. `told`, `told_how`: that the wearer had been told before, where needed."""

    id: Id
    version: Annotated[int, Field(ge=1, le=2**31 - 1)]
    told: Instant | None = None
    told_how: Text | None = None

    @model_validator(mode="after")
    def _both_or_none(self) -> RelyOn:
        if (self.told is None) != (self.told_how is None):
            raise ValueError("told and told_how go together")
        return self


class LeftOut(Shape):
    """A violation that is left out, and why."""

    id: Id
    why: Text


class ChoiceAsked(Shape):
    """What a case relies on; all others of the order are left out, for `left_out_because` where you give no other reason."""

    violations: Annotated[tuple[RelyOn, ...], Field(min_length=1, max_length=MOST_CHOSEN)]
    left_out: Annotated[tuple[LeftOut, ...], Field(max_length=MOST_CHOSEN)] = ()
    left_out_because: Text | None = None

    def wish(self) -> Wish:
        """As the rules take it."""
        relied = [Wanted(one.id, one.version, one.told, one.told_how or "") for one in self.violations]
        return Wish(relied, {one.id: one.why for one in self.left_out}, self.left_out_because)


class CaseAsked(ChoiceAsked):
    """A new case of an order: when the breach was identified, what it relies on, and perhaps the draft of a narrative."""

    order: Id
    identified: Instant
    narrative: Narrated | None = None


class StepAsked(Shape):
    """A date of a case. With `corrects`, the number of an entry, and `why`: it replaces that one; without `at` that did not happen."""

    step: BreachStep
    at: Instant | None = None
    result: Annotated[str | None, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")] = None
    note: Note = ""
    corrects: Number | None = None
    why: Text | None = None

    @model_validator(mode="after")
    def _fits(self) -> StepAsked:
        if self.at is None and self.corrects is None:
            raise ValueError("say when it happened")
        if (self.corrects is None) != (self.why is None):
            raise ValueError("a correction says why, and nothing else does")
        if self.result is not None and self.step is not BreachStep.RESULT:
            raise ValueError("only the step result has a result")
        return self


class NarrativeAsked(Shape):
    """What the officer writes; a draft until it is `ready` to stand in a pack."""

    text: Narrated
    ready: bool = False


# ---- what is answered ----


class Assessed(Shape):
    """What the officer decided of a violation last."""

    decision: AssessmentDecision
    at: str
    by: str
    reason: str


class ToRelyOn(Shape):
    """A current violation of an order: what was decided of it, and why it may not be relied on (null: it may)."""

    violation: shapes.Violation
    assessed: Assessed | None
    why_not: NotRelied | None
    words: str | None


class OrderToRelyOn(Shape):
    """What there is of an order to rely on. `minutes_counted` are the certain curfew minutes that count against its allowance;
    `still_running` the curfew violations that are not over and not in it yet. `route`: what a breach found now would take."""

    order: str
    wearer: str
    kind: OrderKind
    from_: Annotated[str, Field(alias="from")]
    to: str | None
    area: str | None
    organisation: str | None
    officer: str | None
    atv_allowance_min: float | None
    minutes_counted: float
    still_running: int
    route: RouteNow | None
    violations: list[ToRelyOn]
    cases: list[CaseNow]


class StageNow(Shape):
    """A step of a route: what it may not be before, whether its date may be ahead, whether there may be several, its limit in words."""

    step: BreachStep
    title: str
    status: str
    follows: list[BreachStep]
    planned: bool
    repeats: bool
    limit: str | None


class ResultNow(Shape):
    """What may come of a breach; `rests`: something followed from it, and the case goes on until that has ended."""

    id: str
    title: str
    rests: bool


class RouteNow(Shape):
    """How a breach of such an order is taken to whom. None of it is law."""

    name: str
    title: str
    recipient: str
    template: str
    stages: list[StageNow]
    results: list[ResultNow]


class StepNow(Shape):
    """An entry of a case's dates; `stands`: nobody has corrected it. `at` null: what it corrects did not happen."""

    id: str
    step: BreachStep
    title: str
    at: str | None
    result: str | None
    note: str
    corrects: str | None
    why: str
    made: str
    made_by: str
    stands: bool


class ClockNow(Shape):
    """A step with a limit. `due_day` is the last local day of a limit in days, `left_working_days` after today; negative: past."""

    step: BreachStep
    title: str
    state: Running
    due: str | None
    due_day: str | None
    left_working_days: int | None
    done: str | None


class CaseNow(Shape):
    """A breach case of one order. `next`: the clock that runs out first; `ended`: nothing rests on it any more."""

    id: str
    order: str
    order_kind: OrderKind
    wearer: str
    area: str | None
    route: str
    status: str
    revision: str
    identified: str | None
    made: str
    made_by: str
    ended: str | None
    next: ClockNow | None


class ChosenNow(Shape):
    """A violation as it was chosen, and what became of it. `stands`: it could be relied on now, in the version that was."""

    relied: bool
    why: str
    told: str | None
    told_how: str
    chosen: str
    chosen_by: str
    violation: shapes.Violation
    newest_version: int
    withdrawn: bool
    assessed: Assessed | None
    stands: bool
    words: str | None


class NarrativeNow(Shape):
    """A version of the narrative."""

    version: int
    text: str
    ready: bool
    made: str
    made_by: str


class CaseWhole(CaseNow):
    """A case whole: its route, every entry of its dates, its clocks, the newest of its choices, and all its narratives."""

    taken_by: RouteNow | None
    steps: list[StepNow]
    clocks: list[ClockNow]
    choice: int
    violations: list[ChosenNow]
    narratives: list[NarrativeNow]


class OrderAtHand(Shape):
    """An order of a caseload with what there is to do of it. `monitoring_gaps` count against nobody."""

    order: str
    wearer: str
    name: str
    kind: OrderKind
    from_: Annotated[str, Field(alias="from")]
    to: str | None
    officer: str | None
    area: str | None
    to_assess: int
    upheld: int
    otherwise: int
    monitoring_gaps: int
    atv_allowance_min: float | None
    minutes_counted: float
    still_running: int
    cases: list[str]


OrderToRelyOn.model_rebuild()
