"""The JSON of every answer, as OpenAPI tells it. Answers are written by `api.bodies`; a test holds both together."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from domain.vocabulary import (
    AlertCondition,
    AlertWork,
    Cause,
    Change,
    Code,
    Kind,
    OrderState,
    Reason,
    Severity,
)

Item = TypeVar("Item")


class Shape(BaseModel):
    """An object with exactly these keys."""

    model_config = ConfigDict(extra="forbid")


class Page(Shape, Generic[Item]):
    """A page of a list. ``next`` is the path of the next page, null on the last."""

    items: list[Item]
    next: str | None


class Position(Shape):
    """One fix. `t` is the fix time, `received` the receive time, `acc` the 95 % radius in metres."""

    wearer: str
    device: str
    t: str
    received: str
    lon: float
    lat: float
    acc: float
    src: str
    quality: str
    gen: int
    seq: int
    spd: float | None
    hdg: float | None


class Wearer(Shape):
    """A device wearer as known now; `record` is that of the caseload file."""

    id: str
    record: dict[str, Any]
    orders: list[str]
    devices: list[str]
    newest: Position | None


class Device(Shape):
    """A device as known now, who has it and when it was last heard."""

    id: str
    record: dict[str, Any]
    wearer: str | None
    victim: str | None
    heard: str | None


class Evidence(Shape):
    """Identity of a fact."""

    device: str
    gen: int
    seq: int


class Violation(Shape):
    """One version of a violation (the violation's newest, unless all were asked for)."""

    id: str
    version: int
    change: Change
    reason: Reason
    wearer: str | None
    victim: str | None
    kind: Kind
    code: Code | None
    order: str | None
    condition: str | None
    device: str | None
    from_: str = Field(alias="from")
    to: str | None
    decided: str
    late: bool
    age_s: float
    cause: Cause
    minutes_certain: float | None
    minutes_possible: float | None
    p_inside: float | None
    score: float | None
    retrospective: bool
    untold: bool
    evidence: list[Evidence]


class Alert(Shape):
    """What a person must look at. `violations` are the ids of those it rests on; `kind` is theirs, or an incident's.

    `grouped_under` is the episode of the incident that holds it: meanwhile nobody is told of it by itself.
    """

    id: str
    episode: str
    wearer: str | None
    victim: str | None
    device: str | None
    kind: str
    code: str | None
    condition: str | None
    severity: Severity
    state: AlertCondition
    work: AlertWork
    raised: str
    changed: str
    withdrawn: bool
    violations: list[str]
    grouped_under: str | None


class Counts(Shape):
    """The live figures, all of one instant. `orders` adds up to `orders_active`."""

    at: str | None
    wearers: int
    devices: int
    orders_active: int
    orders: dict[OrderState, int]
    facts: int
    facts_per_s: float
    violations_open: dict[Kind, int]
    alerts_active: dict[Severity, int]
    dead_letters: dict[str, int]


class Health(Shape):
    """`status` is `ok` when every check is."""

    status: str
    checks: dict[str, str]
