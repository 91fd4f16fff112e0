"""Rows of the store as what a look is given, and what a look gave back as rows. Pure.

`store` knows no alerts and `alerts` no SQL: here the words of the one become the types of the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final

import msgspec

from alerts.contingency import LastFix, Requirements
from alerts.hours import quiet_until_us
from alerts.machine import Act, Job
from alerts.ports import Leased, Notification, People, View, Written
from alerts.protocols import Target
from alerts.rising import Needed, Rising, needed_by, never, severity_now
from alerts.severity import INCIDENTS, RANK
from alerts.state import Alert, Answers, Around, Mute, Plan, Promise, Raise, Told
from domain.instants import DAY_US, SECOND_US
from domain.records import Place
from domain.vocabulary import (
    AlertCondition,
    AlertWork,
    Channel,
    ConditionKind,
    Level,
    Outcome,
    Severity,
    ToldReason,
)
from geofence.timetable import WindowCache
from geofence.wallclock import TimeZones
from store.work_rows import (
    EventRow,
    HistoryRow,
    LeasedRow,
    NotificationRow,
    OrderRow,
    OwnRow,
    Seen,
    StateRow,
    TaskRow,
    TimerRow,
    ToldRow,
    WorkRow,
    Writing,
)

ADULT_YEARS: Final = 18
UNKNOWN_ZONE: Final = "Europe/London"
NO_HISTORY: Final = HistoryRow(None, None, False, ())
TIMER_RANKS: Final = {severity: RANK[Severity.CRITICAL] - rank for severity, rank in RANK.items()}
"""0 for critical: which timers are seen to first after a long time away."""


# ---- reading ----


def views(seen: Seen, cache: WindowCache, zones: TimeZones, now_us: int) -> list[View]:
    """What looks at these alerts are given, in the order of ``seen.works``."""
    required = Requirements(seen.caseload, cache) if seen.caseload else None
    by_wearer, by_victim = _orders(seen.orders)
    found = []
    for row in seen.works:
        mine = by_wearer.get(row.wearer or "", []) if row.wearer is not None else by_victim.get(row.victim or "", [])
        found.append(_view(row, seen, mine, required, zones, now_us))
    return found


def _orders(orders: Iterable[OrderRow]) -> tuple[dict[str, list[OrderRow]], dict[str, list[OrderRow]]]:
    """Orders by wearer, and by the victims that their conditions protect."""
    by_wearer: dict[str, list[OrderRow]] = {}
    by_victim: dict[str, list[OrderRow]] = {}
    for row in orders:
        by_wearer.setdefault(row.wearer, []).append(row)
        if row.victim is not None and row.kind == ConditionKind.PROXIMITY:
            by_victim.setdefault(row.victim, []).append(row)
    return by_wearer, by_victim


def _view(
    row: WorkRow,
    seen: Seen,
    orders: Sequence[OrderRow],
    required: Requirements | None,
    zones: TimeZones,
    now_us: int,
) -> View:
    alert = _alert(row, seen.histories.get(row.no, NO_HISTORY))
    people = _people(row, seen, orders, zones)
    told = tuple(map(_told, seen.told.get(row.no, ())))
    plan = _plan(row, now_us)
    around = _around(alert, seen, orders, people, required, zones, now_us)
    return View(alert, _job(row), plan, around, told, row.revision, people)


def _plan(row: WorkRow, now_us: int) -> Plan:
    """How far the protocol has come. What another version of this program wrote and we cannot read begins anew, under a
    number of its run that was never used: rather told twice than not at all."""
    if row.plan is None:
        return Plan()
    try:
        return msgspec.convert(row.plan, Plan)
    except msgspec.ValidationError:
        return Plan(run=now_us // SECOND_US)


def _alert(row: WorkRow, history: HistoryRow) -> Alert:
    return Alert(
        no=row.no,
        episode=row.episode,
        kind=row.kind,
        severity=Severity(row.rules_severity),
        raised_us=row.raised_us,
        changed_us=row.changed_us,
        code=row.code,
        wearer=row.wearer,
        victim=row.victim,
        device=row.device,
        condition=row.condition,
        active=row.state == AlertCondition.ACTIVE.value,
        withdrawn=row.withdrawn,
        grouped_under=row.grouped_under,
        shortened_us=history.shortened_us,
        joined_us=history.joined_us,
        falls=history.falls,
        violations=history.violations,
        late=history.late,
    )


def _job(row: WorkRow) -> Job:
    return Job(
        unclaimed_us=row.unclaimed_us,
        work=AlertWork(row.work),
        condition=AlertCondition(row.job_condition),
        period=row.period,
        holder=row.holder,
        renewed_us=row.renewed_us,
        outcome=None if row.outcome is None else Outcome(row.outcome),
        closed_us=row.closed_us,
        closed_by=row.closed_by,
    )


def _told(row: ToldRow) -> Told:
    return Told(
        row.no,
        Target(row.target),
        row.recipient,
        Channel(row.channel),
        row.address,
        Severity(row.urgency),
        row.text,
    )


def _around(
    alert: Alert,
    seen: Seen,
    orders: Sequence[OrderRow],
    people: People,
    required: Requirements | None,
    zones: TimeZones,
    now_us: int,
) -> Around:
    body = people.wearer or {}
    level = Level(body.get("level") or Level.STANDARD)
    under_18 = _under_18(body, people.timezone, zones, now_us)
    rising = _rising(alert, seen, level, required, now_us)
    mutes = seen.mutes.get(alert.wearer or "", ())
    answers = seen.answers.get(alert.no, {})
    return Around(
        severity=rising.severity,
        level=level,
        under_18=under_18,
        victims=_protected(alert, orders),
        mutes=tuple(Mute(one.no, alert.wearer or "", one.from_us, one.to_us, one.by, one.reason) for one in mutes),
        promises=tuple(Promise(no, due_us) for no, due_us in seen.promises.get(alert.no, ())),
        answers=Answers(answers.get("wearer"), answers.get("victim")),
        prealerts_7d=seen.prealerts.get(alert.no, 0),
        severity_again_us=rising.again_us,
        quiet_until_us=quiet_until_us(now_us, people.timezone, zones) if under_18 else None,
        rests_on=tuple(seen.rests_on.get(alert.no, ())),
    )


def _rising(alert: Alert, seen: Seen, level: Level, required: Requirements | None, now_us: int) -> Rising:
    needed: Needed = never
    if required is not None and alert.wearer is not None:
        fix = seen.fixes.get(alert.wearer)
        last = None if fix is None else LastFix(*fix)
        needed = needed_by(required, alert.wearer, last, heard_at_home=alert.wearer in seen.at_home)
    return severity_now(alert, seen.rising.get(alert.no, ()), level, needed, now_us)


def _protected(alert: Alert, orders: Sequence[OrderRow]) -> tuple[str, ...]:
    """Who is protected from the wearer by an order that runs; and whom the alert is about, whatever runs."""
    found = {
        row.victim for row in orders if row.runs and row.kind == ConditionKind.PROXIMITY and row.victim is not None
    }
    if alert.wearer is None:
        found = set()
    return tuple(sorted(found | ({alert.victim} if alert.victim is not None else set())))


def _people(row: WorkRow, seen: Seen, orders: Sequence[OrderRow], zones: TimeZones) -> People:
    """Who may be told: by the order of the alert's condition, else by the newest that runs, else by the newest."""
    mine = [one for one in orders if one.condition is not None and one.condition == row.condition]
    order = next(iter(mine or orders), None)
    running = [one for one in orders if one.runs]
    named = [*mine, *running, *orders]
    zone = next((one.timezone for one in named if one.timezone in zones.names), None)
    homes = [one.place for one in running if one.kind == ConditionKind.CURFEW and one.place is not None]
    victims = {one.victim for one in running if one.victim is not None and one.kind == ConditionKind.PROXIMITY}
    if row.victim is not None:
        # An alert about one protected person is told to that one alone; the others' is not theirs to know.
        victims = {row.victim}
    fix = seen.fixes.get(row.wearer or "")
    return People(
        wearer=seen.wearers.get(row.wearer or ""),
        victims={victim: seen.victims[victim] for victim in sorted(victims) if victim in seen.victims},
        officer=next((one.officer for one in named if one.officer), None),
        area=None if order is None else order.area,
        organisation=None if order is None else order.organisation,
        last=None if fix is None else Place("", fix.lon, fix.lat),
        home=None if not homes else Place("", float(homes[0]["lon"]), float(homes[0]["lat"])),
        timezone=zone or UNKNOWN_ZONE,
    )


def _under_18(body: Mapping[str, Any], timezone: str, zones: TimeZones, now_us: int) -> bool:
    """By the date of birth and the wearer's own calendar; without one, who has a responsible adult is taken to be."""
    try:
        born = date.fromisoformat(str(body.get("born") or ""))
    except ValueError:
        return bool(body.get("responsible_adult"))
    here = now_us + zones.zone(timezone).offset_us(now_us)
    today = date.fromordinal(date(1970, 1, 1).toordinal() + here // DAY_US)
    years = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    return years < ADULT_YEARS


def leased(row: LeasedRow, place: tuple[float, float] | None = None) -> Leased:
    """A notification that a sender has, with what its body may say."""
    note = Notification(
        id=row.id,
        alert_no=row.alert_no,
        target=Target(row.target),
        recipient=row.recipient,
        channel=Channel(row.channel),
        address=row.address,
        text=row.text,
        language=row.language,
        urgency=Severity(row.urgency),
        reason=ToldReason(row.reason),
        sends=row.sends,
        detail=row.detail,
        stands_down=row.stands_down,
        rank=row.rank,
        trusted=row.trusted,
        words=row.words,
    )
    facts: dict[str, Any] = {"kind": row.kind, "code": row.code, "raised_us": row.raised_us, "at_us": row.made_us}
    if row.trusted:
        facts |= {"name": row.name, "place": None if place is None else f"{place[1]:.5f}, {place[0]:.5f}"}
    return Leased(row.no, note, row.attempt, facts)


# ---- writing ----


def writing(written: Sequence[Written], shown: Mapping[int, str]) -> Writing:
    """What these looks write. ``shown``: the severity of each alert as it is shown until now."""
    out = Writing()
    for one in written:
        no, looked = one.view.alert.no, one.looked
        acts = _events(one)
        out.events += acts
        out.states.append(_state(one, one.view.revision + len(acts)))
        if acts or shown.get(no) != looked.severity.value:
            out.told.add(no)
        if looked.unsend:
            out.take_back.append(no)
        out.notifications += map(_notification, one.notifications)
        out.tasks += [TaskRow(no, task.key, task.target.value, task.text) for task in looked.tasks]
        out.tasks += [
            TaskRow(no, note.id, note.target.value, note.text)
            for note in one.notifications
            if note.sends and note.channel is Channel.CALL
        ]
        rank = TIMER_RANKS[looked.severity]
        out.timers += [TimerRow(no, name, due_us, rank) for name, due_us in looked.timers.items()]
        out.raises += map(own, looked.raises)
    return out


def _state(one: Written, revision: int) -> StateRow:
    job, looked = one.looked.job, one.looked
    return StateRow(
        alert_no=one.view.alert.no,
        revision=revision,
        work=job.work.value,
        condition=job.condition.value,
        severity=looked.severity.value,
        holder=job.holder,
        renewed_us=job.renewed_us,
        claim_ends_us=job.claim_ends_us(looked.severity),
        unclaimed_us=job.unclaimed_us,
        period=job.period,
        outcome=None if job.outcome is None else job.outcome.value,
        closed_us=job.closed_us,
        closed_by=job.closed_by,
        plan=msgspec.json.encode(looked.plan).decode(),
    )


def _events(one: Written) -> list[EventRow]:
    """The machine's events of a look, each with where it came from."""
    before, found = one.view.job, []
    for place, (act, job) in enumerate(one.looked.acts, start=one.view.revision + 1):
        found.append(_event(one, place, act, before, job))
        before = job
    return found


def _event(one: Written, revision: int, act: Act, before: Job, after: Job) -> EventRow:
    return EventRow(
        alert_no=one.view.alert.no,
        revision=revision,
        event=act.event.value,
        at_us=act.at_us,
        by_name=None if act.actor is None else act.actor.name,
        by_role=None if act.actor is None else act.actor.role.value,
        from_work=before.work.value,
        to_work=after.work.value,
        to_condition=after.condition.value,
        severity=one.looked.severity.value,
        outcome=None if act.outcome is None else act.outcome.value,
        note=act.note,
        explanation=act.explanation,
        why=act.why,
    )


def _notification(one: Notification) -> NotificationRow:
    return NotificationRow(
        id=one.id,
        alert_no=one.alert_no,
        target=one.target.value,
        recipient=one.recipient,
        channel=one.channel.value,
        address=one.address,
        text=one.text,
        language=one.language,
        urgency=one.urgency.value,
        reason=one.reason.value,
        sends=one.sends,
        detail=one.detail,
        stands_down=one.stands_down,
        rank=one.rank,
        not_before_us=one.not_before_us,
        trusted=one.trusted,
        words=one.words,
    )


def own(raised: Raise) -> OwnRow:
    """An alert of the service's own, as a row."""
    return OwnRow(
        episode=raised.episode,
        wearer=raised.wearer,
        victim=raised.victim,
        device=raised.device,
        kind=raised.kind,
        severity=INCIDENTS[raised.kind].value,
        about=msgspec.json.encode(raised.body).decode(),
    )
