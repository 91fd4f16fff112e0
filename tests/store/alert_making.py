"""A database with alerts to work on, for the tests of alert work and of the desk."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from alerts.looking import look_at
from alerts.ports import Notification, View
from alerts.protocols import Action, Flag, Protocol, Protocols, Step, Target
from alerts.state import Tell
from alerts.work_store import AlertWork
from bailiwick.timezones import pinned_time_zones
from domain.commits import AlertChange
from domain.facts import Facts, Roster
from domain.records import Version
from domain.violations import Violation
from domain.vocabulary import Channel
from store import Store
from tests.store.made import NOON, change_of, learn_everything, migrated, violation_of, wearer_records, work_of

ZONES = pinned_time_zones()


def step(to: Target, after_s: int = 0, *by: Channel, **more: Any) -> Step:
    return Step(after_s=after_s, action=Action.NOTIFY, to=to, by=by or (Channel.SMS,), text="alert", **more)


ONE = Protocol(
    id="one",
    version=1,
    title="Everybody at once",
    steps=(
        step(Target.OPERATOR, 0, Channel.CONSOLE, stop=(Flag.CLAIMED,)),
        step(Target.POLICE, 0),
        step(Target.VICTIM, 0, Channel.CALL),
        step(Target.SUPERVISOR, 120, stop=(Flag.CLAIMED,)),
        Step(after_s=0, action=Action.TASK, to=Target.OFFICER, text="ring_officer"),
    ),
)
PROTOCOLS = Protocols(version=1, protocol=(ONE,))


def resolve(tell: Tell, view: View, now_us: int) -> tuple[Notification, ...]:
    """One recipient a target, named as it is; whoever is told again by the same address."""
    again = tell.again
    recipient, channel = (tell.target.value, tell.by[0]) if again is None else (again.recipient, again.channel)
    return (
        Notification(
            id=f"{view.alert.no}:{tell.key}:{recipient}:{channel.value}",
            alert_no=view.alert.no,
            target=tell.target,
            recipient=recipient,
            channel=channel,
            address="0000" if again is None else again.address,
            text=tell.text,
            language="en",
            urgency=tell.urgency,
            reason=tell.reason,
            sends=tell.sends,
            detail=tell.detail,
            stands_down=again.no if again is not None and tell.reason == "stood_down" else None,
            rank=tell.rank,
        ),
    )


@dataclass
class Made:
    """A store with ingest's side, and the work on its alerts."""

    store: Store
    work: AlertWork
    url: str
    roster: Roster = field(default_factory=Roster)
    commits: int = 1

    async def learn(self, *versions: Version) -> None:
        """Enters records, and takes them as ingest does at its first start."""
        await self.store.learn(versions)
        self.commits += 1
        await learn_everything(self.store, self.commits, self.roster)

    async def commit(
        self,
        violations: Sequence[Violation] = (),
        changes: Sequence[AlertChange] | None = None,
        facts: Facts | None = None,
        at_us: int = NOON,
    ) -> None:
        self.commits += 1
        alerts = [change_of(one) for one in violations] if changes is None else list(changes)
        await self.store.commit(
            work_of(self.commits, self.roster, facts, at_us, versions=list(violations), alerts=alerts)
        )

    async def raised(self, violation_id: str = "W1-1", **more: Any) -> Violation:
        """A violation with its alert."""
        found = violation_of(violation_id, **more)
        await self.commit([found])
        return found

    async def look(self, now_us: int = NOON, protocols: Protocols = PROTOCOLS, limit: int = 1000) -> list[View]:
        """Everything that a dispatcher has to look at, the critical by themselves; what it saw."""
        found: list[View] = []
        while len(found) < limit:
            async with self.work.take(now_us, limit - len(found)) as taken:
                views = list(taken.views)
                await taken.write([look_at(view, protocols, resolve, now_us) for view in views])
            if not views:
                break
            found += views
        return found

    async def view(self, number: int = 1, now_us: int = NOON) -> View:
        async with self.work.hold([number], now_us) as held:
            (found,) = held.views
        return found


@asynccontextmanager
async def alerts_at(url: str, *versions: Version) -> AsyncIterator[Made]:
    """Fresh, with a wearer W1 who has a tag T1, and what else is given."""
    async with migrated(url, ()) as store, await AlertWork.open(url, ZONES) as work:
        made = Made(store, work, url, commits=0)
        await made.learn(*wearer_records(), *versions)
        yield made
