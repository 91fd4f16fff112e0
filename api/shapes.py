"""The JSON of every answer, as OpenAPI tells it. Answers are written by `api.bodies`; a test holds both together."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from alerts.contingency import Need
from domain.incidents import Release
from domain.vocabulary import (
    AlertCondition,
    AlertWork,
    Cause,
    Change,
    Code,
    DeadLetterReason,
    DeviceKind,
    Kind,
    OrderState,
    Outcome,
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


class LeftOut(Shape):
    """Wearers in sight with a device that says where it is, who are not on the list: `sealed` by their orders, or `unheard` for a week."""

    sealed: int
    unheard: int


class Positions(Page[Position]):
    """A page of positions. With a list that came whole: `moves` is the path of what has come since, and `left_out` who is not on it.

    With `since`: those who moved, and `gone`, who are on the list no more. `moves` null: read the list anew.
    """

    moves: str | None
    gone: list[str]
    left_out: LeftOut | None


class Wearer(Shape):
    """A device wearer as known now; `record` is that of the caseload file."""

    id: str
    record: dict[str, Any]
    orders: list[str]
    devices: list[str]


class WearerName(Shape):
    """What a wearer is called, for a list; `areas` are those of their orders in force."""

    id: str
    name: str
    level: str
    areas: list[str]


class Device(Shape):
    """A device as known now, who has it and when it was last heard."""

    id: str
    record: dict[str, Any]
    wearer: str | None
    victim: str | None
    heard: str | None


class DeadLetter(Shape):
    """A message or item that was parked: `field` and `cause` say what was wrong with it. `critical`: it held a tamper or an SOS.

    `taken_again`: after what was wrong was mended, it was read once more.
    """

    id: str
    received: str
    topic: str
    device: str | None
    reason: DeadLetterReason
    field: str | None
    cause: str | None
    critical: bool
    bytes: int
    taken_again: bool


class HealthDay(Shape):
    """A day by the centre's clock, today's until now: how many fixes could be expected, and how many came.

    None is expected before the fitting, after it, while the device lay still, and of those that may still be on their way.
    """

    day: str
    from_: str = Field(alias="from")
    to: str
    expected: int
    received: int


class DeviceHealth(Shape):
    """A device on a wearer, by its fitting. `battery` in per cent as of `battery_at`; `days` only of one that sends fixes."""

    fitting: str
    device: str
    kind: DeviceKind
    model: str | None
    firmware: str | None
    lot: str | None
    interval_s: int
    from_: str = Field(alias="from")
    to: str | None
    heard: str | None
    battery: float | None
    battery_at: str | None
    days: list[HealthDay]


class WearerHealth(Shape):
    """How a wearer's devices are, the earlier fittings of these days too."""

    wearer: str
    at: str
    devices: list[DeviceHealth]


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

    `grouped_under` is the episode of the incident that holds it: meanwhile nobody is told of it by itself. `severity` is what
    time and need have made of it. `revision` counts the events of its work; `claim_ends` is when the claim of `holder` lapses
    unless something is done; `about` is what an alert of the service's own says. `happened` is when the first of its violations
    began; `late`: each of them was learnt of late, so that it may be over.
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
    revision: str
    holder: str | None
    claim_ends: str | None
    unclaimed_since: str | None
    outcome: Outcome | None
    closed: str | None
    closed_by: str | None
    about: dict[str, Any] | None
    happened: str | None
    late: bool


class Incident(Shape):
    """A mass outage in its newest version: many losses of contact at once, held as one.

    `closed` is when 95 % of its devices had sent something; `devices` and `silent` are as of `decided`.
    """

    id: str
    version: int
    opened: str
    closed: str | None
    decided: str
    devices: int
    silent: int


class IncidentGroup(Shape):
    """Devices that last said that they were on one cell of one carrier; a part that they did not tell is null."""

    mcc: str | None
    mnc: str | None
    tac: str | None
    cell: str | None
    devices: int
    silent: int


class IncidentInFull(Incident):
    """A mass outage as it is now: `devices`, `silent` and the groups are of this moment."""

    groups: list[IncidentGroup]


class SilentWearer(Shape):
    """A wearer (or victim) with devices that have sent nothing since a mass outage took them in.

    `rank` 1 is the most urgent, and `why` says what makes it so; `since` is when the first of the devices was last heard;
    `released` is why its losses are alerted by themselves, null while they are held.
    """

    wearer: str | None
    victim: str | None
    rank: int
    why: Need
    since: str
    released: Release | None
    devices: list[str]
    violations: list[str]


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


class UnclaimedNow(Shape):
    """Alerts of a severity that nobody has: how many, and since when the oldest."""

    number: int
    oldest: str


class LoadNow(Shape):
    """Alerts of `warning` and above in the last whole 10 minutes, an operator; over 10 is a `flood`."""

    from_: str = Field(alias="from")
    alerts: int
    operators: int
    per_operator: float
    flood: bool


class AlertsLive(Shape):
    """What is live of alerts, at most five seconds old. `minutes`: raised in each of the last 60, the one that runs last."""

    at: str
    unclaimed: dict[Severity, UnclaimedNow]
    load: LoadNow | None
    minutes: list[int]
    outages: int
    silent: int


class Health(Shape):
    """`status` is `ok` when every check is."""

    status: str
    checks: dict[str, str]
