"""What dispatch and the desk ask of the store: ports owned here, kept by `store` and by the verified fake of the tests.

The database is the only place where two dispatchers and the desk meet. A *look* locks one alert's work for the length of one
short transaction, in which nothing else is called; a *lease* lets one sender try one notification for a while, with no
transaction open. Whatever is written in a look is written whole or not at all.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from alerts.machine import Job
from alerts.protocols import Target
from alerts.state import Alert, Around, Looked, Plan, Told
from domain.records import Place
from domain.vocabulary import Channel, Severity, ToldReason


@dataclass(frozen=True, slots=True)
class View:
    """One alert, locked: everything that a look needs. ``revision`` counts what was done to its work."""

    alert: Alert
    job: Job
    plan: Plan
    around: Around
    told: tuple[Told, ...]
    revision: int
    people: People


@dataclass(frozen=True, slots=True)
class People:
    """Who may be told of an alert, beside those on the rota: as the caseload has them now.

    Attributes
    ----------
    wearer, victims : their bodies in the caseload file's shape, by id; ``victims`` are those of this alert.
    officer : the responsible officer of the order (``name``, ``email``), where one is named.
    area : of that order; ``organisation`` likewise.
    last : the place of the newest used fix, for the force that holds it.
    home : the place of a curfew in force, for the home force.
    timezone : of the wearer's conditions.
    """

    wearer: dict[str, Any] | None = None
    victims: dict[str, dict[str, Any]] = field(default_factory=dict)
    officer: dict[str, Any] | None = None
    area: str | None = None
    organisation: str | None = None
    last: Place | None = None
    home: Place | None = None
    timezone: str = "Europe/London"


@dataclass(frozen=True, slots=True)
class Notification:
    """One thing to be told to one recipient by one channel, or on purpose not told (``sends`` False).

    ``id`` is the idempotency id, unique for ever: ``{alert}:{key}:{recipient}:{channel}``. A `call` is a task for the
    operators and is never sent by us. ``trusted``: the channel may carry names and places. ``words``: the safe words of a
    protected person, to be used instead of the catalogue's.
    """

    id: str
    alert_no: int
    target: Target
    recipient: str
    channel: Channel
    address: str
    text: str
    language: str
    urgency: Severity
    reason: ToldReason
    sends: bool = True
    detail: str | None = None
    stands_down: int | None = None
    rank: int = 5
    not_before_us: int | None = None
    trusted: bool = False
    words: str | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """What is to be written of one look."""

    view: View
    looked: Looked
    notifications: tuple[Notification, ...] = ()


class Taken(Protocol):
    """Alerts that are locked until the block ends; leaving it by an exception writes nothing."""

    @property
    def views(self) -> Sequence[View]:
        """The most urgent first. Empty: there is nothing to look at now."""

    async def write(self, written: Sequence[Written]) -> None:
        """Everything of these looks: machine's events, state, notifications, tasks, timers (instead of those before), alerts raised.

        A notification whose id is there already is left as it is. `Looked.unsend` takes back those of the alert that are not
        settled, before these are written; only what stands somebody down (`stood_down`) goes on. It becomes true when the block ends.
        """


@dataclass(frozen=True, slots=True)
class Leased:
    """A notification that one sender has for a while. ``attempt`` counts from 1."""

    no: int
    notification: Notification
    attempt: int
    facts: dict[str, Any]
    """What a body may say: `kind`, `code` (AL04 to AL24, or None), `raised_us`, and `at_us`, the instant of the look that
    decided to tell. No name, no place; only for a notification that is trusted also `name` and `place`."""


class AlertStore(Protocol):
    """The database side of dispatch."""

    def take(self, now_us: int, limit: int) -> AbstractAsyncContextManager[Taken]:
        """Up to ``limit`` alerts that something happened to since they were looked at, or whose timer is due at ``now_us``.

        `FOR UPDATE SKIP LOCKED`: what another dispatcher or the desk has is left to them. The critical come first, and
        by themselves: they wait for no other in their transaction.
        """

    async def next_look_us(self) -> int | None:
        """When the next timer of an alert is due (one that changed is due at once: in the past); None when there is none."""

    async def next_send_us(self, channel: Channel) -> int | None:
        """When the next try of a notification of that channel is due, or a lease of one ends; None when there is none."""

    async def lease(self, channel: Channel, now_us: int, until_us: int, limit: int) -> list[Leased]:
        """Notifications of one channel that are due and that nobody has until then; by rank, urgency and age.

        Of one alert a recipient is told by one channel in the order in which it was decided: what comes later (a stand-down above
        all) waits until what was before it is settled: sent, given up, or taken back and leased by nobody. What the rules have
        withdrawn is not told any more, though the look that takes it back is still to come. Each lease is an attempt, from the first on somebody may have been told. A lease that ends with no result is due again.
        """

    async def sent(self, no: int, at_us: int) -> None:
        """The channel took it. Said twice, or after the lease ended, it is once; the first instant stays."""

    async def failed(self, no: int, why: str, next_us: int) -> None:
        """It was not taken; to be tried again then. What was sent or given up meanwhile stays so; what was taken back is not tried."""

    async def given_up(self, no: int, why: str, at_us: int) -> None:
        """It cannot be delivered: kept as it is, and a platform alert (`undelivered`) is raised once an alert and channel.

        None is raised for a notification of an `undelivered` alert itself: that would have no end.
        """

    def listen(self) -> AbstractAsyncContextManager[AsyncIterator[None]]:
        """Yields when an alert or its work changed, or a notification waits; several may make one."""
