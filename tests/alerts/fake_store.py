"""The database of alert work, in memory: transactions that are whole or not at all, locks that are skipped, leases.

It is verified: test_alert_store runs the same tests over it and over the real one. `pause` is awaited at every named point at
which a process could be killed; the stateful test stops there, and goes on or does not.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from alerts.machine import Act, Job
from alerts.ports import Leased, Notification, People, View, Written
from alerts.severity import INCIDENTS, RANK
from alerts.state import Alert, Around, Plan, Raise, Task, Told
from domain.vocabulary import Channel, Severity, ToldReason

Pause = Callable[[str], Awaitable[None]]


async def go_on(point: str) -> None:
    """Nothing happens at any point."""


@dataclass
class Row:
    """A notification as the database has it."""

    no: int
    notification: Notification
    state: str
    made_us: int
    next_us: int
    attempts: int = 0
    leased_until_us: int | None = None
    sent_us: int | None = None
    taken_back: bool = False
    why: str | None = None

    @property
    def settled(self) -> bool:
        return self.state in ("sent", "failed", "unsent", "suppressed")

    def told(self) -> Told | None:
        """Who was told by it, or may have been."""
        one = self.notification
        if not one.sends or one.stands_down is not None or not self.attempts:
            return None
        return Told(self.no, one.target, one.recipient, one.channel, one.address, one.urgency, one.text)


@dataclass
class Work:
    """An alert and its work. ``outbox``: numbers of its changes that no look has seen."""

    alert: Alert
    job: Job
    plan: Plan = field(default_factory=Plan)
    severity: Severity | None = None
    revision: int = 1
    timers: dict[str, int] = field(default_factory=dict)
    outbox: list[int] = field(default_factory=list)
    people: People = field(default_factory=People)
    about: dict[str, Any] = field(default_factory=dict)

    def due_us(self) -> int | None:
        """When it must be looked at; at once when it changed."""
        return 0 if self.outbox else min(self.timers.values(), default=None)


def _to_whom(row: Row) -> tuple[int, str, Channel]:
    one = row.notification
    return one.alert_no, one.recipient, one.channel


def plain_around(work: Work, now_us: int) -> Around:
    """Nothing but the severity that the rules gave it."""
    return Around(work.alert.severity)


class FakeDatabase:
    """What is committed. `open_transactions` is what nobody else may touch."""

    def __init__(self, around: Callable[[Work, int], Around] = plain_around) -> None:
        self.around = around
        self.works: dict[int, Work] = {}
        self.by_episode: dict[str, int] = {}
        self.rows: list[Row] = []
        self.by_id: dict[str, Row] = {}
        self.tasks: dict[tuple[int, str], Task] = {}
        self.events: list[tuple[int, Act, Job]] = []
        self.locked: set[int] = set()
        self.bells: list[Callable[[], None]] = []
        self._changes = 0

    # -- ingest's side -------------------------------------------------------------------------------------------

    def raise_alert(self, alert: Alert, people: People | None = None, about: dict[str, Any] | None = None) -> int:
        """A new alert with its work; its number. The ``no`` of ``alert`` does not count. One an episode."""
        if alert.episode in self.by_episode:
            return self.by_episode[alert.episode]
        no = len(self.works) + 1
        work = Work(replace(alert, no=no), Job(alert.raised_us), people=people or People(), about=about or {})
        self.works[no] = work
        self.by_episode[alert.episode] = no
        self.touch(no)
        return no

    def change(self, no: int, **changes: Any) -> None:
        """The rules changed an alert; they wait for nobody's lock."""
        self.works[no].alert = replace(self.works[no].alert, **changes)
        self.touch(no)

    def touch(self, no: int) -> None:
        """A row that says that it changed."""
        self._changes += 1
        self.works[no].outbox.append(self._changes)
        self.ring()

    def ring(self) -> None:
        for bell in self.bells:
            bell()

    # -- a look --------------------------------------------------------------------------------------------------

    def view(self, no: int, now_us: int) -> View:
        work = self.works[no]
        told = tuple(told for row in self.rows if row.notification.alert_no == no and (told := row.told()))
        around = self.around(work, now_us)
        return View(work.alert, work.job, work.plan, around, told, work.revision, work.people)

    def due(self, now_us: int, limit: int) -> list[int]:
        """Alerts to be looked at, which nobody holds, the critical by themselves and first."""
        found = [
            (-RANK[work.severity or work.alert.severity], due_us, no)
            for no, work in self.works.items()
            if (due_us := work.due_us()) is not None and due_us <= now_us and no not in self.locked
        ]
        critical = [one for one in found if one[0] == -RANK[Severity.CRITICAL]]
        return [no for _, _, no in sorted(critical or found)[:limit]]

    def write(self, one: Written, seen: Sequence[int], now_us: int) -> None:
        """One look, committed."""
        no, looked = one.view.alert.no, one.looked
        work = self.works[no]
        work.job, work.plan, work.severity = looked.job, looked.plan, looked.severity
        work.timers = dict(looked.timers)
        work.outbox = [change for change in work.outbox if change not in seen]
        for act, job in looked.acts:
            self.record(no, act, job)
        if looked.unsend:
            self._take_back(no)
        for notification in one.notifications:
            self.tell(notification, now_us)
        for task in looked.tasks:
            self.tasks.setdefault((no, task.key), task)
        for own in looked.raises:
            self.raise_own(own, now_us)
        self.ring()

    def record(self, no: int, act: Act, job: Job) -> None:
        """One event of the machine."""
        self.works[no].revision += 1
        self.events.append((no, act, job))

    def raise_own(self, own: Raise, now_us: int) -> int:
        """An alert of the service's own, unless it is there."""
        alert = Alert(0, own.episode, own.kind, INCIDENTS[own.kind], now_us, now_us, wearer=own.wearer)
        return self.raise_alert(replace(alert, victim=own.victim, device=own.device), about=own.body)

    def _take_back(self, no: int) -> None:
        for row in self.rows:
            one = row.notification
            if one.alert_no == no and one.reason is not ToldReason.STOOD_DOWN and not row.settled:
                row.taken_back = True
                row.state = "unsent" if row.state == "waiting" else row.state

    def tell(self, one: Notification, now_us: int) -> None:
        """Once an id, for ever."""
        if one.id in self.by_id:
            return
        state = "waiting" if one.sends else "suppressed"
        row = Row(len(self.rows) + 1, one, state, now_us, max(now_us, one.not_before_us or 0))
        if one.sends and one.channel in (Channel.CALL, Channel.CONSOLE):  # a task; what the console shows
            row.state, row.attempts, row.sent_us = "sent", 1, now_us
        self.rows.append(row)
        self.by_id[one.id] = row

    # -- sending -------------------------------------------------------------------------------------------------

    def _lapse(self, now_us: int) -> None:
        for row in self.rows:
            if row.state == "leased" and row.leased_until_us is not None and row.leased_until_us <= now_us:
                row.state = "unsent" if row.taken_back else "waiting"
                row.next_us = row.leased_until_us

    def _blocked(self, row: Row) -> bool:
        """Whether an earlier one to the same recipient by the same channel about the same alert is not settled.

        Or the rules withdrew the alert, and the look that takes this back is still to come.
        """
        withdrawn = self.works[row.notification.alert_no].alert.withdrawn
        if withdrawn and row.notification.reason is not ToldReason.STOOD_DOWN:
            return True
        return any(_to_whom(other) == _to_whom(row) and not other.settled for other in self.rows[: row.no - 1])

    def lease(self, channel: Channel, now_us: int, until_us: int, limit: int) -> list[Leased]:
        self._lapse(now_us)
        waiting = [
            row
            for row in self.rows
            if row.notification.channel is channel and row.state == "waiting" and row.next_us <= now_us
        ]
        free = [row for row in waiting if not self._blocked(row)]
        free.sort(key=lambda row: (row.notification.rank, -RANK[row.notification.urgency], row.no))
        for row in free[:limit]:
            row.state, row.leased_until_us, row.attempts = "leased", until_us, row.attempts + 1
        return [self._leased(row) for row in free[:limit]]

    def _leased(self, row: Row) -> Leased:
        alert = self.works[row.notification.alert_no].alert
        facts = {"kind": alert.kind, "code": alert.code, "raised_us": alert.raised_us, "at_us": row.made_us}
        return Leased(row.no, row.notification, row.attempts, facts)

    def next_send_us(self, channel: Channel) -> int | None:
        times = []
        for row in self.rows:
            if row.notification.channel is channel and row.state == "leased":
                times.append(row.leased_until_us or 0)
            elif row.notification.channel is channel and row.state == "waiting" and not self._blocked(row):
                times.append(row.next_us)
        return min(times, default=None)

    def sent(self, no: int, at_us: int) -> None:
        row = self.rows[no - 1]
        if row.sent_us is None:
            row.state, row.sent_us = "sent", at_us

    def failed(self, no: int, why: str, next_us: int) -> None:
        row = self.rows[no - 1]
        if row.state in ("leased", "waiting"):
            row.state, row.why, row.next_us = "unsent" if row.taken_back else "waiting", why, next_us
            self.ring()

    def given_up(self, no: int, why: str, at_us: int) -> None:
        row = self.rows[no - 1]
        if row.state not in ("leased", "waiting"):
            return
        row.state, row.why = "unsent" if row.taken_back else "failed", why
        one = row.notification
        if not row.taken_back and self.works[one.alert_no].alert.kind != "undelivered":
            episode = f"undelivered:{one.alert_no}:{one.channel.value}"
            body = {"alert": str(one.alert_no), "channel": one.channel.value, "why": why}
            self.raise_own(Raise("undelivered", episode, body=body), at_us)


class FakeTaken:
    def __init__(self, database: FakeDatabase, nos: Sequence[int], now_us: int) -> None:
        self._views = [database.view(no, now_us) for no in nos]
        self._seen = {no: tuple(database.works[no].outbox) for no in nos}
        self._database, self._now_us = database, now_us
        self.written: list[Written] = []

    @property
    def views(self) -> Sequence[View]:
        return self._views

    async def write(self, written: Sequence[Written]) -> None:
        self.written += written

    def commit(self) -> None:
        for one in self.written:
            self._database.write(one, self._seen[one.view.alert.no], self._now_us)


class FakeAlertStore:
    """One process's way to the database."""

    def __init__(self, database: FakeDatabase, pause: Pause = go_on) -> None:
        self.database = database
        self._pause = pause

    @asynccontextmanager
    async def take(self, now_us: int, limit: int) -> AsyncIterator[FakeTaken]:
        nos = self.database.due(now_us, limit)
        with self._locked(nos):
            taken = FakeTaken(self.database, nos, now_us)
            await self._pause("taken")
            yield taken
            await self._pause("written")
            taken.commit()
        await self._pause("committed")

    @contextmanager
    def _locked(self, nos: Sequence[int]) -> Iterator[None]:
        self.database.locked |= set(nos)
        try:
            yield
        finally:
            self.database.locked -= set(nos)

    async def next_look_us(self) -> int | None:
        found = [due_us for work in self.database.works.values() if (due_us := work.due_us()) is not None]
        return min(found, default=None)

    async def next_send_us(self, channel: Channel) -> int | None:
        return self.database.next_send_us(channel)

    async def lease(self, channel: Channel, now_us: int, until_us: int, limit: int) -> list[Leased]:
        found = self.database.lease(channel, now_us, until_us, limit)
        await self._pause("leased")
        return found

    async def sent(self, no: int, at_us: int) -> None:
        await self._pause("handed")
        self.database.sent(no, at_us)
        await self._pause("sent")

    async def failed(self, no: int, why: str, next_us: int) -> None:
        await self._pause("refused")
        self.database.failed(no, why, next_us)
        await self._pause("failed")

    async def given_up(self, no: int, why: str, at_us: int) -> None:
        await self._pause("refused")
        self.database.given_up(no, why, at_us)
        await self._pause("given_up")

    @asynccontextmanager
    async def listen(self) -> AsyncIterator[AsyncIterator[None]]:
        rung = asyncio.Event()
        self.database.bells.append(rung.set)

        async def wakes() -> AsyncIterator[None]:
            while True:
                await rung.wait()
                rung.clear()
                yield

        yield wakes()
        self.database.bells.remove(rung.set)
