"""What the desk reads beside the alerts themselves: an alert's history, open tasks, mutes. Rows, in the caller's transaction.

Instants are microseconds UTC, numbers 64-bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeVar

from domain.instants import EARLY_US
from store.statements import statement
from store.times import At, Connection

HISTORY_LIMIT: Final = 1_000
"""Rows of each sort in a history; the newest."""
LARGEST_NO: Final = (1 << 63) - 1

Row = TypeVar("Row", bound=tuple[Any, ...])


class EventSeen(NamedTuple):
    """Something that happened to an alert's work; ``by_name`` None: the rules, a timer or a protocol did it."""

    no: int
    revision: int
    event: str
    at_us: int
    by_name: str | None
    by_role: str | None
    from_work: str
    to_work: str
    to_condition: str
    severity: str
    outcome: str | None
    note: str | None
    explanation: str | None
    why: str | None


class NotificationSeen(NamedTuple):
    """Something that was told, or on purpose not (``sends`` False), and why; ``stands_down`` is what it takes back."""

    no: int
    target: str
    recipient: str
    channel: str
    text: str
    urgency: str
    reason: str
    sends: bool
    detail: str | None
    stands_down: int | None
    state: str
    attempts: int
    made_us: int
    sent_us: int | None
    why: str | None
    id: str
    """The idempotency id (`alerts.ports.Notification`); of a call it is also the key of its task."""
    not_before_us: int | None
    """A call that is not to be made before; None: at once, or no call."""


class TaskSeen(NamedTuple):
    """Something that an operator is or was to do, and how its alert stands.

    Of a call: whom it is to, before when it is not to be made, and whether it stands somebody down; ``recipient`` None: no call.
    """

    no: int
    alert_no: int
    key: str
    target: str
    text: str
    made_us: int
    done_us: int | None
    done_by: str | None
    recipient: str | None
    not_before_us: int | None
    stands_down: bool
    work: str
    condition: str
    period: int
    plan: dict[str, Any]
    wearer_answered: bool | None
    victim_answered: bool | None


class ContactSeen(NamedTuple):
    """An entry of the contact log."""

    no: int
    party: str
    wearer: str | None
    victim: str | None
    inbound: bool
    channel: str
    number: str | None
    answered: bool | None
    answered_by: str | None
    said: str | None
    promised: str | None
    promised_us: int | None
    kept_us: int | None
    kept_by: str | None
    police_log: str | None
    at_us: int
    by_name: str
    by_role: str
    alert_no: int | None = None
    """Where the log is read by wearer; None: about no alert."""


class TimerSeen(NamedTuple):
    """When an alert is looked at again, and what for."""

    name: str
    due_us: int


class NextStep(NamedTuple):
    """The step of an alert's protocol that comes next: its ``place`` in the protocol, from 0."""

    alert_no: int
    place: int
    due_us: int
    protocol: str | None
    version: int


class MuteSeen(NamedTuple):
    """A mute that is not over."""

    no: int
    wearer: str
    from_us: int
    to_us: int
    reason: str
    made_us: int
    by_name: str
    by_role: str


@dataclass(frozen=True, slots=True)
class History:
    """All that is recorded of one alert, each in order; the newest `HISTORY_LIMIT` of each sort."""

    events: list[EventSeen]
    notifications: list[NotificationSeen]
    contacts: list[ContactSeen]
    tasks: list[TaskSeen]
    timers: list[TimerSeen]
    plan: dict[str, Any]
    """How far its protocol has come (`alerts.state.Plan`); empty before the first look."""


async def history_of(conn: Connection, alert_no: int) -> History:
    """The history of an alert; empty for one that there is not."""
    return History(
        await _newest(conn, "events_of_alert", EventSeen, alert_no),
        await _newest(conn, "notifications_of_alert", NotificationSeen, alert_no),
        await _newest(conn, "contacts_of_alert", ContactSeen, alert_no),
        await _tasks(conn, list(reversed(await _rows(conn, "tasks_of_alert", _of(alert_no))))),
        [TimerSeen(*row) for row in await _rows(conn, "timers_of_alert", _of(alert_no))],
        next((row[0] for row in await _rows(conn, "plan_of_alert", _of(alert_no)) if row[0]), {}),
    )


async def tasks_open(conn: Connection, after: tuple[int, int] | None, limit: int) -> list[TaskSeen]:
    """What is to be done by (made, number), the oldest first, those after ``after``."""
    after_us, after_no = after or (EARLY_US, 0)
    wanted = {"after_at": At(after_us), "after_no": after_no, "limit": limit}
    return await _tasks(conn, await _rows(conn, "tasks_page", wanted))


async def next_steps(conn: Connection, numbers: Sequence[int]) -> list[NextStep]:
    """What comes next on each of some alerts, by number; of those that have nothing to come, nothing."""
    return [NextStep(*row) for row in await _rows(conn, "next_steps", {"numbers": list(numbers)})]


async def contacts_logged(
    conn: Connection, wearer: str | None, since_us: int, before: int | None, limit: int
) -> list[ContactSeen]:
    """The contact log since an instant, of everybody or of one wearer, the newest first, those before ``before``."""
    wanted = {"wearer": wearer, "since": At(since_us), "before": before or LARGEST_NO, "limit": limit}
    return [ContactSeen(*row) for row in await _rows(conn, "contacts_page", wanted)]


async def mutes_standing(
    conn: Connection, wearer: str | None, now_us: int, after: int | None, limit: int
) -> list[MuteSeen]:
    """The mutes that are not over by number, those after ``after``."""
    wanted = {"wearer": wearer, "now": At(now_us), "after": after or 0, "limit": limit}
    return [MuteSeen(*row) for row in await _rows(conn, "mutes_page", wanted)]


async def _tasks(conn: Connection, rows: Sequence[tuple[Any, ...]]) -> list[TaskSeen]:
    """Each with who has answered about its alert."""
    numbers = sorted({row[1] for row in rows})
    answers: dict[tuple[int, str], bool] = {}
    for no, side, answered in await _rows(conn, "answers_of_alerts", {"numbers": numbers}) if numbers else ():
        answers[no, side] = answered
    return [TaskSeen._make((*row, answers.get((row[1], "wearer")), answers.get((row[1], "victim")))) for row in rows]


async def _newest(conn: Connection, name: str, kind: type[Row], alert_no: int) -> list[Row]:
    rows = await _rows(conn, name, _of(alert_no))
    return [kind(*row) for row in reversed(rows)]


def _of(alert_no: int) -> dict[str, Any]:
    return {"alert_no": alert_no, "limit": HISTORY_LIMIT}


async def _rows(conn: Connection, name: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    return await (await conn.execute(statement(name), parameters)).fetchall()
