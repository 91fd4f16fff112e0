"""What people record beside an alert's events: the contact log, promises, tasks, mutes, what rests on a violation.

What is recorded about an alert is followed by a look at it in the same transaction: an unanswered call may mean that the police
are told now, a promise is a timer, and a mute is a look at each of the wearer's alerts.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from alerts.desk import (
    Audited,
    DeskDeed,
    DeskGuide,
    Note,
    check_text,
    look_after,
    nothing_audited,
    nothing_noted,
)
from alerts.desk_errors import DoneBefore, NoSuchAlert, NoSuchRecord, Unacceptable
from alerts.looking import look_at
from alerts.machine import STAFF, Act, Actor
from alerts.mutes import LONGEST_US, Stretch, check_mute, joined, needs_senior, preview
from alerts.ports import View, Written
from alerts.state import Mute
from alerts.work_store import AlertWork, LockedAlerts
from domain.instants import DAY_US, format_instant
from domain.vocabulary import AlertEvent, Channel, Level
from domain.vocabulary import AlertWork as Work
from store import desk as tables
from store.desk import ContactRow

LONGEST_PROMISE_US: Final = 31 * DAY_US
LONGEST_NAME: Final = 200
"""Characters of a number, a name, a reference."""
NOT_SAVED: Final = 0
"""The number of a mute in a preview, which has none yet."""
RESTING: Final = ("breach", "warrant", "recall", "arrest")


class Party(StrEnum):
    """With whom somebody of the centre was in contact."""

    WEARER = "wearer"
    VICTIM = "victim"
    RESPONSIBLE_ADULT = "responsible_adult"
    OFFICER = "officer"
    POLICE = "police"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Contact:
    """A call or a message, out or in.

    Attributes
    ----------
    answered : None where nobody could answer (a message). Who rings us has been reached.
    said : in their words; of a wearer it is an explanation, which excuses nothing.
    promised, promised_us : what they will do, and by when: it comes back then.
    """

    party: Party
    channel: Channel = Channel.CALL
    inbound: bool = False
    number: str | None = None
    answered: bool | None = None
    answered_by: str | None = None
    said: str | None = None
    promised: str | None = None
    promised_us: int | None = None
    police_log: str | None = None
    wearer: str | None = None
    victim: str | None = None


@dataclass(frozen=True, slots=True)
class MutePreview:
    """What a mute would do. ``senior``: a supervisor or duty manager must make it. ``too_long``: with those that it joins."""

    stretches: tuple[Stretch, ...]
    senior: bool
    too_long: bool


class DeskRecords:
    """``guide`` is asked once a piece of work, ``clock`` gives microseconds UTC. All raise `store.errors.Busy`."""

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

    async def contact(self, alert_no: int | None, contact: Contact, actor: Actor) -> int:
        """Enters a contact, about an alert or none; its number. What the holder of the claim enters is an action on the alert.

        Raises `NoSuchAlert` and `Unacceptable`; nothing is changed then.
        """
        now_us = self._clock()
        _staff(actor)
        _check_contact(contact, alert_no, now_us)
        if alert_no is None:
            async with self._work.asking() as conn:
                await self._note(conn)
                row = _row(contact, None, actor, now_us)
                number = await tables.enter_contact(conn, row)
                await self._audited(conn, _contacted(number, row))
                return number
        guide = await self._guide()
        async with self._work.hold([alert_no], now_us) as held:
            await self._note(held.conn)
            view = _only(held, alert_no)
            row = _row(contact, view, actor, now_us)
            number = await tables.enter_contact(held.conn, row)
            act = Act(AlertEvent.ACTION, now_us, actor, explanation=_explanation(contact), why=f"contact:{number}")
            await _look(held, guide, act if _works_on_it(view, actor) else None)
            await self._audited(held.conn, _contacted(number, row))
        return number

    async def kept(self, contact_no: int, actor: Actor) -> None:
        """What was promised was done. Raises `DoneBefore`, and `NoSuchRecord` when nothing was promised."""
        _staff(actor)
        async with self._work.asking() as conn:
            found = await tables.promise(conn, contact_no)
        if found is None or found.promised_us is None or found.alert_no is None:
            raise NoSuchRecord("contact", f"nothing was promised in contact {contact_no}")
        guide, now_us = await self._guide(), self._clock()
        async with self._work.hold([found.alert_no], now_us) as held:
            await self._note(held.conn)
            if not await tables.keep_promise(held.conn, contact_no, actor.name, now_us):
                raise DoneBefore("contact", f"the promise of contact {contact_no} was marked as kept before")
            await _look(held, guide, None)
            await self._audited(held.conn, _of(held.views, "kept", contact=str(contact_no)))

    async def task_done(self, task_no: int, actor: Actor) -> None:
        """A task is done. Raises `NoSuchRecord`, and `DoneBefore`, which says by whom."""
        _staff(actor)
        async with self._work.asking() as conn:
            await self._note(conn)
            alert_no = await tables.finish_task(conn, task_no, actor.name, self._clock())
            if alert_no is not None:
                wearers = await tables.whose_alerts(conn, [alert_no])
                await self._audited(conn, DeskDeed("task", (alert_no,), tuple(wearers), details={"task": str(task_no)}))
                return
            found = await tables.task(conn, task_no)
        if found is None:
            raise NoSuchRecord("task", f"there is no task {task_no}")
        when = format_instant(found.done_us or 0)
        raise DoneBefore("task", f"{found.done_by} did task {task_no} at {when}")

    async def mute(self, wearer: str, from_us: int | None, to_us: int, reason: str, actor: Actor) -> int:
        """Mutes a wearer's alerts, a day at most; its number. They are looked at, and again when it ends.

        ``from_us`` None: from now on.

        Raises `alerts.mutes.MuteRefused`, and `Unacceptable` for a wearer that there is not; nothing is changed then.
        """
        now_us = self._clock()
        from_us = now_us if from_us is None else from_us
        _staff(actor)
        _name("wearer", wearer)
        check_text("reason", reason)
        async with self._work.asking() as conn:
            await self._note(conn)
            found = await tables.who_is_muted(conn, wearer, now_us)
            if found is None:
                raise Unacceptable("wearer", "there is no such wearer")
            level, victims = Level(found[0]), bool(found[1])
            near = await tables.mutes_of(conn, wearer, from_us - LONGEST_US - 1)
            check_mute(
                *(from_us, to_us, reason, actor, now_us), level=level, has_victim=victims, standing=map(_standing, near)
            )
            by = (actor.name, actor.role.value)
            number = await tables.enter_mute(conn, wearer, from_us, to_us, reason, by, now_us)
            span = {"from": format_instant(from_us), "to": format_instant(to_us)}
            await self._audited(conn, DeskDeed("mute", (), (wearer,), details=span | {"mute": str(number)}))
            return number

    async def mute_preview(self, wearer: str, from_us: int, to_us: int) -> MutePreview:
        """What would be quiet if ``[from_us, to_us)`` were muted too, beside the mutes that stand: before it is saved.

        It shows those that would join it whole. Raises `Unacceptable` for a wearer that there is not.
        """
        now_us = self._clock()
        _name("wearer", wearer)
        async with self._work.asking() as conn:
            found = await tables.who_is_muted(conn, wearer, now_us)
            if found is None:
                raise Unacceptable("wearer", "there is no such wearer")
            near = await tables.mutes_of(conn, wearer, from_us - LONGEST_US - 1)
        mutes = [*map(_standing, near), Mute(NOT_SAVED, wearer, from_us, to_us, "", "")]
        silence = joined(from_us, to_us, mutes)
        senior = needs_senior(Level(found[0]), has_victim=bool(found[1]))
        return MutePreview(tuple(preview(mutes, wearer, *silence)), senior, silence[1] - silence[0] > LONGEST_US)

    async def end_mute(self, mute_no: int, actor: Actor) -> None:
        """Ends a mute now: what is still open is alerted. Raises `NoSuchRecord` when it is over, or there is none."""
        _staff(actor)
        async with self._work.asking() as conn:
            await self._note(conn)
            wearer = await tables.end_mute(conn, mute_no, actor.name, self._clock())
            if wearer is None:
                raise NoSuchRecord("mute", f"there is no mute {mute_no} that is not over")
            await self._audited(conn, DeskDeed("end_mute", (), (wearer,), details={"mute": str(mute_no)}))

    async def rests(self, kind: str, reference: str, violations: Sequence[str], by: str) -> None:
        """A breach, warrant, recall or arrest rests on some violations: if one is withdrawn, that is a critical task."""
        if kind not in RESTING:
            raise Unacceptable("kind", f"{kind!r} is none of {', '.join(RESTING)}")
        _name("reference", reference)
        if not reference or not violations:
            raise Unacceptable("reference", "needs a reference and at least one violation")
        async with self._work.asking() as conn:
            await tables.enter_resting(conn, kind, reference, violations, by, self._clock())
            await self._audited(conn, DeskDeed(f"rests:{kind}", details={"violations": list(violations)}))

    async def rests_no_more(self, kind: str, reference: str) -> None:
        """It is over: nobody is told of what is withdrawn from it."""
        async with self._work.asking() as conn:
            await tables.end_resting(conn, kind, reference, self._clock())
            await self._audited(conn, DeskDeed(f"rests_no_more:{kind}"))


def _contacted(number: int, row: ContactRow) -> DeskDeed:
    """A contact, for the audit: with whom, never what was said."""
    wearers = () if row.wearer is None else (row.wearer,)
    victims = () if row.victim is None else (row.victim,)
    alerts = () if row.alert_no is None else (row.alert_no,)
    return DeskDeed("contact", alerts, wearers, victims, {"contact": str(number), "party": row.party})


def _of(views: Sequence[View], what: str, **details: str) -> DeskDeed:
    """Something that was done about alerts, for the audit."""
    wearers = {view.alert.wearer for view in views if view.alert.wearer is not None}
    return DeskDeed(what, tuple(view.alert.no for view in views), tuple(sorted(wearers)), details=dict(details))


def _standing(one: tables.Muted) -> Mute:
    return Mute(one.no, one.wearer, one.from_us, one.to_us, one.by, one.reason)


def _only(held: LockedAlerts, alert_no: int) -> View:
    if not held.views:
        raise NoSuchAlert(alert_no)
    return held.views[0]


async def _look(held: LockedAlerts, guide: DeskGuide, act: Act | None) -> None:
    """A look at the one alert that is held, as it is now; after ``act``, where that is given."""
    (view,) = await held.again()
    written: Written = (
        look_at(view, guide.protocols, guide.resolve, held.now_us) if act is None else look_after(view, act, guide)
    )
    await held.write([written])


def _works_on_it(view: View, actor: Actor) -> bool:
    return view.job.holder == actor.name and view.job.work in (Work.CLAIMED, Work.ACTIONED)


def _explanation(contact: Contact) -> str | None:
    return contact.said if contact.party is Party.WEARER else None


def _staff(actor: Actor) -> None:
    check_text("actor", actor.name)
    if actor.role not in STAFF:
        raise Unacceptable("actor", f"the role {actor.role.value} does not work on alerts")


def _name(field: str, text: str | None) -> None:
    check_text(field, text)
    if text is not None and len(text) > LONGEST_NAME:
        raise Unacceptable(field, f"has {len(text)} characters; at most {LONGEST_NAME}")


def _check_contact(contact: Contact, alert_no: int | None, now_us: int) -> None:
    for field in ("number", "answered_by", "police_log", "wearer", "victim"):
        _name(field, getattr(contact, field))
    for field in ("said", "promised"):
        check_text(field, getattr(contact, field))
    if contact.answered is False and contact.answered_by:
        raise Unacceptable("answered_by", "names somebody, though nobody answered")
    if (contact.promised is None) != (contact.promised_us is None):
        raise Unacceptable("promised", "needs what was promised and by when, both or neither")
    if contact.promised_us is None:
        return
    if alert_no is None:
        raise Unacceptable("promised", "comes back as a timer of an alert; name the alert")
    if not now_us < contact.promised_us <= now_us + LONGEST_PROMISE_US:
        raise Unacceptable("promised_at", f"must be later than now and within {LONGEST_PROMISE_US // DAY_US} days")


def _row(contact: Contact, view: View | None, actor: Actor, now_us: int) -> ContactRow:
    """The entry, of the alert's wearer or victim. Raises `Unacceptable` for one who has nothing to do with the alert."""
    alert = None if view is None else view.alert
    if view is not None and contact.wearer not in (None, view.alert.wearer):
        raise Unacceptable("wearer", "is not the alert's; leave it out, or enter the contact without an alert")
    if view is not None and contact.victim not in (None, view.alert.victim, *view.around.victims):
        raise Unacceptable("victim", "is not one whom the alert's order protects")
    return ContactRow(
        party=contact.party.value,
        channel=contact.channel.value,
        at_us=now_us,
        by_name=actor.name,
        by_role=actor.role.value,
        alert_no=None if alert is None else alert.no,
        wearer=contact.wearer or (None if alert is None else alert.wearer),
        victim=contact.victim or (None if alert is None else alert.victim),
        inbound=contact.inbound,
        number=contact.number,
        answered=True if contact.inbound and contact.channel is Channel.CALL else contact.answered,
        answered_by=contact.answered_by,
        said=contact.said,
        promised=contact.promised,
        promised_us=contact.promised_us,
        police_log=contact.police_log,
    )
