"""A small world of alerts for tests: protocols, people, a channel that keeps what it is given, and a desk."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from alerts.channels.channel import NotTaken
from alerts.deciding import Guide
from alerts.looking import Resolve, look_at
from alerts.machine import Act, Actor, Illegal, step
from alerts.ports import Leased, Notification, View, Written
from alerts.protocols import Action, Flag, Match, Protocol, Protocols, Step, Target
from alerts.state import Tell
from alerts.wording import Words
from domain.instants import parse_instant
from domain.vocabulary import AlertEvent, Channel, Outcome, Role, Severity, ToldReason
from tests.alerts.fake_store import FakeDatabase

START_US = parse_instant("2026-11-21T22:00:00Z")
CRITICAL = Protocol(
    id="critical",
    version=1,
    title="Anything critical",
    match=Match(severities=(Severity.CRITICAL,)),
    tells_cleared=True,
    steps=(
        Step(after_s=0, action=Action.NOTIFY, to=Target.OPERATOR, text="alert", by=(Channel.CONSOLE,)),
        Step(after_s=0, action=Action.NOTIFY, to=Target.POLICE, text="alert", by=(Channel.WEBHOOK,)),
        Step(after_s=0, action=Action.TASK, to=Target.OPERATOR, text="look"),
        Step(
            after_s=120,
            action=Action.ESCALATE,
            to=Target.SUPERVISOR,
            text="unclaimed",
            by=(Channel.SMS,),
            stop=(Flag.CLAIMED,),
        ),
        Step(
            after_s=300,
            action=Action.ESCALATE,
            to=Target.DUTY_MANAGER,
            text="unclaimed",
            by=(Channel.SMS,),
            stop=(Flag.CLAIMED,),
            repeat_s=600,
        ),
        Step(
            after_s=3600,
            action=Action.ESCALATE,
            to=Target.DUTY_MANAGER,
            text="still_open",
            by=(Channel.SMS,),
            repeat_s=3600,
        ),
        Step(
            after_s=0,
            action=Action.NOTIFY,
            to=Target.POLICE,
            text="no_answer",
            by=(Channel.WEBHOOK,),
            only=(Flag.WEARER_UNANSWERED,),
        ),
    ),
)
OTHERWISE = Protocol(
    id="otherwise",
    version=1,
    title="Anything else",
    closes_when_cleared=Outcome.EXPLAINED,
    steps=(
        Step(after_s=0, action=Action.NOTIFY, to=Target.OPERATOR, text="alert", by=(Channel.CONSOLE,)),
        Step(
            after_s=900,
            action=Action.NOTIFY,
            to=Target.OFFICER,
            text="alert",
            by=(Channel.EMAIL,),
            stop=(Flag.CLEARED,),
        ),
    ),
)
PLAIN = Protocols(version=1, protocol=(CRITICAL, OTHERWISE))


def plain_resolve(tell: Tell, view: View, now_us: int) -> tuple[Notification, ...]:
    """One recipient a target, by the first channel; a stand-down goes where the first went."""
    again = tell.again
    recipient = again.recipient if again else f"the-{tell.target.value}"
    channel = again.channel if again else tell.by[0]
    return (
        Notification(
            id=f"{view.alert.no}:{tell.key}:{recipient}:{channel.value}",
            alert_no=view.alert.no,
            target=tell.target,
            recipient=recipient,
            channel=channel,
            address=again.address if again else f"{recipient}@centre.example",
            text=tell.text,
            language="en",
            urgency=tell.urgency,
            reason=tell.reason,
            sends=tell.sends,
            detail=tell.detail,
            stands_down=again.no if again and tell.reason is ToldReason.STOOD_DOWN else None,
            rank=tell.rank,
        ),
    )


def telling(
    alert_no: int,
    key: str,
    channel: Channel,
    recipient: str = "them",
    reason: ToldReason = ToldReason.FIRST,
    **more: Any,
) -> Notification:
    """A critical notification to the supervisor."""
    base = Notification(
        id=f"{alert_no}:{key}:{recipient}:{channel.value}",
        alert_no=alert_no,
        target=Target.SUPERVISOR,
        recipient=recipient,
        channel=channel,
        address=f"{recipient}@centre.example",
        text="alert",
        language="en",
        urgency=Severity.CRITICAL,
        reason=reason,
    )
    return replace(base, **more)


def plain_words(leased: Leased) -> Words:
    """The key of the text, and what it is about."""
    text = f"{leased.notification.text} {leased.notification.alert_no} {leased.facts['kind']}"
    return Words(text, text, text, "en")


def guided(protocols: Protocols = PLAIN, resolve: Resolve = plain_resolve) -> Callable[[], Awaitable[Guide]]:
    """What a decider is given to look by."""

    async def guide() -> Guide:
        return Guide(protocols, resolve)

    return guide


@dataclass
class FakeChannel:
    """Keeps what it is given. ``answers`` are what comes next: None takes it, an error is raised; without any it takes all."""

    answers: list[NotTaken | Exception | None] = field(default_factory=list)
    given: list[tuple[str, Notification, Words]] = field(default_factory=list)
    before: Callable[[Leased], Awaitable[None]] | None = None

    async def send(self, leased: Leased, body: Words) -> None:
        if self.before is not None:
            await self.before(leased)
        answer = self.answers.pop(0) if self.answers else None
        if answer is not None:
            raise answer
        self.given.append((leased.notification.id, leased.notification, body))

    def ids(self) -> list[str]:
        return [given for given, _, _ in self.given]


class Quiet:
    """Figures that nobody reads."""

    def looked(self, written: Sequence[Written], now_us: int, took_s: float) -> None: ...

    def look_failed(self) -> None: ...

    def handed(self, leased: Leased, now_us: int, took_s: float) -> None: ...

    def not_taken(self, leased: Leased, gives_up: bool) -> None: ...

    def in_hand(self, channel: Channel, number: int) -> None: ...


@dataclass
class Desk:
    """What people do to alerts, each thing one transaction; None when somebody else has the alert just then, or it is refused."""

    database: FakeDatabase
    protocols: Protocols = PLAIN
    resolve: Resolve = plain_resolve

    def act(self, no: int, event: AlertEvent, who: str, role: Role, now_us: int, **more: Any) -> bool:
        if no in self.database.locked:
            return False
        view, seen = self.database.view(no, now_us), tuple(self.database.works[no].outbox)
        act = Act(event, now_us, Actor(who, role), **more)
        try:
            job = step(view.job, act, view.around.severity)
        except Illegal:
            return False
        self.database.record(no, act, job)
        written = look_at(replace(view, job=job), self.protocols, self.resolve, now_us)
        self.database.write(written, seen, now_us)
        return True

    def look(self, no: int, now_us: int) -> None:
        """After something around the alert changed."""
        self.database.touch(no)
