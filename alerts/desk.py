"""The desk: what people do to alerts. One transaction each: the alert is held, the machine asked, the policy looks, all is written.

The rules are elsewhere: `alerts.machine` says what may be done by whom, `alerts.policy` what follows. The desk locks the rows that
dispatch locks (`alerts.work_store`), so what a person does and what a timer does come one after the other, whoever is first.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias

from alerts.desk_errors import NoSuchAlert, StaleRevision, Unacceptable
from alerts.looking import Resolve, look_at
from alerts.machine import LONGEST_TEXT, Act, Actor, Job, step
from alerts.ports import View, Written
from alerts.protocols import Protocols, Target
from alerts.state import Looked, Tell
from alerts.work_store import AlertWork, LockedAlerts
from domain.callers import Sight
from domain.errors import BailiwickError
from domain.records import Assessment, Version
from domain.vocabulary import (
    AlertCondition,
    AlertEvent,
    AssessmentDecision,
    Channel,
    Outcome,
    Role,
    Severity,
    ToldReason,
)
from domain.vocabulary import AlertWork as Work
from store import desk as tables
from store.times import At, Connection

MOST_AT_ONCE: Final = 1_000
"""Alerts of one piece of bulk work."""
PROPOSES: Final = frozenset({Outcome.EQUIPMENT, Outcome.FALSE})
"""Closed so, the officer is asked to assess; until then the violations are disputed (alerts.md)."""
BY_PEOPLE: Final = frozenset(
    {
        *(AlertEvent.CLAIM, AlertEvent.RELEASE, AlertEvent.ACTION, AlertEvent.ESCALATE),
        *(AlertEvent.CLOSE, AlertEvent.REOPEN),
    }
)
ESCALATED_BY: Final = (Channel.CONSOLE, Channel.SMS, Channel.CALL)
"""How who is above is told that somebody escalates."""


Note: TypeAlias = Callable[[Connection], Awaitable[None]]
"""What is noted in the transaction of a piece of work, before it: that a request was taken. What it raises ends the work."""


async def nothing_noted(conn: Connection) -> None:
    """The note of a request that did not name itself."""


@dataclass(frozen=True, slots=True)
class DeskDeed:
    """What was done at the desk, for the audit: a word, to which alerts, of whom. ``details``: ids, words and numbers alone."""

    what: str
    alerts: tuple[int, ...] = ()
    wearers: tuple[str, ...] = ()
    victims: tuple[str, ...] = ()
    details: dict[str, Any] = field(default_factory=dict)


Audited: TypeAlias = Callable[[Connection, DeskDeed], Awaitable[None]]
"""Told in the transaction of a piece of work, when it is done and something was changed: both are kept or neither."""


async def nothing_audited(conn: Connection, deed: DeskDeed) -> None:
    """Where somebody else keeps the audit."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person wants of an alert. ``explanation`` is what the wearer says; it excuses nothing."""

    event: AlertEvent
    outcome: Outcome | None = None
    note: str | None = None
    explanation: str | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """An alert, and the revision of its work that the person saw; None: whatever it is now."""

    alert_no: int
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """What became of an alert: the machine's state, and the revision to name next."""

    alert_no: int
    revision: int
    job: Job
    severity: Severity


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one item of bulk work: done, or why not. Nothing of one that was refused was changed."""

    alert_no: int
    done: Done | None = None
    error: BailiwickError | None = None


@dataclass(frozen=True, slots=True)
class AlertsWanted:
    """A filter; what is given must hold. Withdrawn alerts are never among what it finds."""

    kinds: Sequence[str] = ()
    severities: Sequence[Severity] = ()
    works: Sequence[Work] = (Work.RAISED, Work.CLAIMED, Work.ACTIONED)
    wearer: str | None = None
    state: AlertCondition | None = None
    grouped_under: str | None = None
    holder: str | None = None
    raised_before_us: int | None = None

    def parameters(self) -> dict[str, Any]:
        """As the store asks."""
        before = None if self.raised_before_us is None else At(self.raised_before_us)
        return {
            "kinds": list(self.kinds) or None,
            "severities": [one.value for one in self.severities] or None,
            "works": [one.value for one in self.works],
            "wearer": self.wearer,
            "state": None if self.state is None else self.state.value,
            "grouped_under": self.grouped_under,
            "holder": self.holder,
            "raised_before": before,
        }


@dataclass(frozen=True, slots=True)
class DeskGuide:
    """By what alerts are looked at: as dispatch does."""

    protocols: Protocols
    resolve: Resolve


class Desk:
    """``guide`` is asked once a piece of work, ``clock`` gives microseconds UTC."""

    def __init__(
        self,
        work: AlertWork,
        guide: Callable[[], Awaitable[DeskGuide]],
        clock: Callable[[], int],
        note: Note = nothing_noted,
        audited: Audited = nothing_audited,
    ) -> None:
        self._work = work
        self._guide = guide
        self._clock = clock
        self._note = note
        self._audited = audited

    async def act(self, item: Item, wish: Wish, actor: Actor) -> Done:
        """Does one thing to one alert.

        Raises `NoSuchAlert`, `StaleRevision`, `alerts.machine.Illegal`, `Unacceptable`, and `store.errors.Busy`; nothing is
        changed then.
        """
        (result,) = await self.bulk([item], wish, actor)
        if result.done is None:
            assert result.error is not None
            raise result.error
        return result.done

    async def bulk(self, items: Sequence[Item], wish: Wish, actor: Actor) -> list[Result]:
        """Does one thing to many alerts, with one note: one result an item, in their order. What is refused stops no other.

        Raises `Unacceptable` for what no alert could take, and `store.errors.Busy`; nothing is changed then.
        """
        _check(items, wish, actor)
        guide, now_us = await self._guide(), self._clock()
        act = Act(wish.event, now_us, actor, wish.outcome, wish.note, wish.explanation)
        async with self._work.hold([item.alert_no for item in items], now_us) as held:
            await self._note(held.conn)
            views = {view.alert.no: view for view in held.views}
            stale = await _stale(held, items, views)
            results, written = [], []
            for item in items:
                view = views.pop(item.alert_no, None)
                result, one = _one(item, view, stale.get(item.alert_no), act, guide)
                results.append(result)
                if one is not None:
                    written.append(one)
            await _assess(held, written, act)
            await held.write(written)
            if written:
                await self._audited(held.conn, _deed(wish, written))
        return results

    async def snapshot(self, wanted: AlertsWanted, sight: Sight, limit: int = MOST_AT_ONCE) -> list[Item]:
        """The alerts in sight that fit now, oldest first, to be acted on: what changes afterwards is refused as stale."""
        async with self._work.asking(sight) as conn:
            found = await tables.alert_numbers(conn, wanted.parameters(), min(limit, MOST_AT_ONCE))
        return [Item(number, revision) for number, revision in found]


def _deed(wish: Wish, written: Sequence[Written]) -> DeskDeed:
    """For the audit."""
    about = [one.view.alert for one in written]
    wearers = {alert.wearer for alert in about if alert.wearer is not None}
    victims = {alert.victim for alert in about if alert.victim is not None}
    details = {} if wish.outcome is None else {"outcome": wish.outcome.value}
    numbers = tuple(alert.no for alert in about)
    return DeskDeed(wish.event.value, numbers, tuple(sorted(wearers)), tuple(sorted(victims)), details)


def _check(items: Sequence[Item], wish: Wish, actor: Actor) -> None:
    """What no alert could take."""
    if len(items) > MOST_AT_ONCE:
        raise Unacceptable("items", f"{len(items)} alerts at once; at most {MOST_AT_ONCE}")
    if len({item.alert_no for item in items}) < len(items):
        raise Unacceptable("items", "an alert is named twice")
    if wish.event not in BY_PEOPLE:
        allowed = ", ".join(sorted(BY_PEOPLE))
        raise Unacceptable("event", f"{wish.event.value} comes from the rules and the clock; people do {allowed}")
    for name in ("note", "explanation"):
        check_text(name, getattr(wish, name))
    check_text("actor", actor.name)


def check_text(field: str, text: str | None) -> None:
    """Refuses what the database cannot hold, or is longer than anybody's own words."""
    if text is None:
        return
    if "\0" in text or any("\ud800" <= one <= "\udfff" for one in text):
        raise Unacceptable(field, "has a character that cannot be stored (U+0000 or half of a pair)")
    if len(text) > LONGEST_TEXT:
        raise Unacceptable(field, f"has {len(text)} characters; at most {LONGEST_TEXT} are kept")


async def _stale(held: LockedAlerts, items: Sequence[Item], views: dict[int, View]) -> dict[int, StaleRevision]:
    """Those whose work is not as it was seen."""
    asked = {item.alert_no: item.revision for item in items if item.revision is not None}
    others = [no for no, view in views.items() if no in asked and asked[no] != view.revision]
    last = await tables.last_events(held.conn, others) if others else {}
    found = {}
    for no in others:
        event = last.get(no)
        told = ("", None, None) if event is None else (event.event, event.by, event.at_us)
        found[no] = StaleRevision(no, asked[no] or 0, views[no].revision, *told)
    return found


def _one(
    item: Item, view: View | None, stale: StaleRevision | None, act: Act, guide: DeskGuide
) -> tuple[Result, Written | None]:
    """One item: what is to be written of it, or why it is refused."""
    if view is None:
        return Result(item.alert_no, error=NoSuchAlert(item.alert_no)), None
    if stale is not None:
        return Result(item.alert_no, error=stale), None
    try:
        written = look_after(view, act, guide)
    except BailiwickError as error:
        return Result(item.alert_no, error=error), None
    looked = written.looked
    revision = view.revision + len(looked.acts)
    return Result(item.alert_no, Done(item.alert_no, revision, looked.job, looked.severity)), written


def look_after(view: View, act: Act, guide: DeskGuide) -> Written:
    """What is to be written when ``act`` is done to an alert: its event, and all that a look at what then is says.

    Raises `alerts.machine.Illegal`.
    """
    lapsed = _lapsed(view, act)
    after = step(lapsed[-1][1] if lapsed else view.job, act, view.around.severity)
    written = look_at(replace(view, job=after), guide.protocols, guide.resolve, act.at_us)
    acts = (*lapsed, (act, after), *written.looked.acts)
    notifications = written.notifications
    tells = written.looked.tells
    if act.event is AlertEvent.ESCALATE and act.actor is not None:
        tell = _escalation(view, act)
        tells = (*tells, tell)
        notifications = (*notifications, *guide.resolve(tell, view, act.at_us))
    looked: Looked = replace(written.looked, acts=acts, tells=tells)
    return Written(view, looked, notifications)


def _lapsed(view: View, act: Act) -> tuple[tuple[Act, Job], ...]:
    """The end of somebody else's claim that has lapsed and that no look has seen: a dispatcher that is late keeps nobody out."""
    ends_us = view.job.claim_ends_us(view.around.severity)
    held_by_actor = act.actor is not None and act.actor.name == view.job.holder
    if ends_us is None or ends_us > act.at_us or held_by_actor:
        return ()
    expiry = Act(AlertEvent.EXPIRE, ends_us, why="no_action")
    return ((expiry, step(view.job, expiry, view.around.severity)),)


def _escalation(view: View, act: Act) -> Tell:
    """Who is above is told, at once and each time."""
    assert act.actor is not None
    above = Target.SUPERVISOR if act.actor.role is Role.OPERATOR else Target.DUTY_MANAGER
    key = f"escalated:{view.revision + 1}"
    return Tell(key, above, ESCALATED_BY, "escalated", view.around.severity, ToldReason.ESCALATION, rank=2)


async def _assess(held: LockedAlerts, written: Sequence[Written], act: Act) -> None:
    """Closing as equipment or false disputes the violations until the officer decides; undone, so is that."""
    if act.event is AlertEvent.CLOSE and act.outcome in PROPOSES:
        versions = await _proposed(held, written, act)
    elif act.event is AlertEvent.REOPEN:
        versions = await _undone(held, [one for one in written if one.view.job.outcome in PROPOSES])
    else:
        return
    if versions:
        await tables.learn(held.conn, versions)


async def _proposed(held: LockedAlerts, written: Sequence[Written], act: Act) -> list[Version]:
    """An assessment, `disputed`, of each violation that no officer has assessed."""
    assert act.actor is not None
    assert act.outcome is not None
    violations = await tables.to_assess(held.conn, [one.view.alert.no for one in written])
    found = []
    for one in written:
        number = one.view.alert.no
        reason = f"alert {number} closed as {act.outcome.value}" + (f": {act.note}" if act.note else "")
        prefix = _prefix(number, one.view.revision + 1)
        for k, violation in enumerate(violations.get(number, ()), start=1):
            decision = AssessmentDecision.DISPUTED
            record = Assessment(f"{prefix}{k}", violation, decision, act.actor.name, act.at_us, reason)
            found.append(Version(record))
    return found


async def _undone(held: LockedAlerts, written: Sequence[Written]) -> list[Version]:
    """What the last closing of each proposed, cancelled."""
    closings = await tables.last_closings(held.conn, [one.view.alert.no for one in written])
    ids = [
        f"{_prefix(one.view.alert.no, closings.get(one.view.alert.no, 0))}{k}"
        for one in written
        for k in range(1, len(one.view.alert.violations) + 1)
    ]
    return [Version(record, cancelled=True) for record in await tables.assessments(held.conn, ids)]


def _prefix(alert_no: int, revision: int) -> str:
    """Ids of the assessments that a closing proposes: unique for ever, since a revision is."""
    return f"alert-{alert_no}-{revision}-"
