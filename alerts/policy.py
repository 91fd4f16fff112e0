"""What follows from an alert as it stands at an instant: whom to tell, what to do, when to look again. Pure (alerts.md).

`look` is level-triggered: it is given the whole truth of one alert (what the rules made of it, the machine's state, how
far its protocol has come, what is around it) and says what is to be done now. Nothing hangs on which message or timer
led to the look, so one that comes twice, late, or after a restart does no harm, and none can be lost between two others.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import msgspec

from alerts.machine import UNDO_US, Act, Job, step
from alerts.protocols import Action, Case, Flag, Protocol, Protocols, Since, Step, Target
from alerts.severity import INCIDENTS, LOSSES, PARKED_ALARM, RANK
from alerts.state import Alert, Answers, Around, Looked, Mute, Plan, Raise, Task, Tell, Told
from domain.instants import SECOND_US
from domain.vocabulary import AlertCondition, AlertEvent, AlertWork, Channel, Kind, Outcome, Severity, ToldReason

HOLD_US: Final = 120 * SECOND_US
"""Losses are told to nobody for so long, so that an outage can take them in."""
STANDS_DOWN: Final = frozenset({Outcome.FALSE, Outcome.EQUIPMENT, Outcome.DUPLICATE})
"""Closed so, everybody who was told is told of that."""
NEVER_MUTED: Final = frozenset(
    kind.value
    for kind in (
        *(Kind.STRAP_TAMPER, Kind.CASE_TAMPER, Kind.SHIELDING, Kind.ALCOHOL_TAMPER, Kind.SOS),
        *(Kind.EXCLUSION_ZONE, Kind.RESTRICTION_ZONE),
        *(Kind.PROXIMITY_ALERT, Kind.PROXIMITY_PREALERT, Kind.PROXIMITY_UNKNOWN),
    )
) | frozenset(INCIDENTS)
"""What no mute of a wearer covers: tamper, zones, proximity, SOS, and the service's own alerts, which are not the wearer's."""
OFTEN_PREALERTS: Final = 3
FIRST_RANKS: Final = {Target.VICTIM: 0, Target.POLICE: 1}
"""Who is told first of what is told at once, and stood down first; the others after them."""
OTHERWISE_RANK: Final = 2
CAN_WAIT_RANK: Final = 5
"""Of anybody else about what is not critical."""
SENIORS: Final = frozenset({Target.SUPERVISOR, Target.DUTY_MANAGER})
OUTSIDE: Final = frozenset({Target.VICTIM, Target.POLICE, Target.OFFICER})
"""Who is told that it is over, where the protocol says so."""


@dataclass(slots=True)
class _Look:
    """One look under way."""

    alert: Alert
    around: Around
    protocols: Protocols
    now_us: int
    job: Job
    plan: Plan
    acts: list[tuple[Act, Job]]
    tells: list[Tell]
    tasks: list[Task]
    timers: dict[str, int]
    raises: list[Raise]

    @property
    def severity(self) -> Severity:
        return self.around.severity

    def act(self, event: AlertEvent, why: str, outcome: Outcome | None = None, at_us: int | None = None) -> None:
        """The rules, a timer or the protocol do something to the alert, now or as of ``at_us``."""
        done = Act(event, self.now_us if at_us is None else at_us, outcome=outcome, why=why)
        self.job = step(self.job, done, self.severity)
        self.acts.append((done, self.job))

    def wake(self, name: str, at_us: int | None) -> None:
        if at_us is not None and at_us > self.now_us:
            self.timers[name] = at_us


def look(
    alert: Alert, job: Job, plan: Plan, around: Around, told: Sequence[Told], protocols: Protocols, now_us: int
) -> Looked:
    """What is to be done about ``alert`` at ``now_us``.

    ``told`` is everybody who was told of it, or is being told, by a notification that is no stand-down itself. The same
    look again, with what it gave back written down, does nothing.
    """
    at = _Look(alert, around, protocols, now_us, job, plan, [], [], [], {}, [])
    was_closed = job.work is AlertWork.CLOSED
    got_worse = plan.severity is not None and RANK[around.severity] > RANK[plan.severity]
    if got_worse or plan.severity is None:
        at.plan = msgspec.structs.replace(at.plan, severity=around.severity)
    unsend = _follow_the_rules(at, got_worse)
    if alert.shortened_us is not None and not alert.withdrawn and alert.shortened_us > (plan.fell_us or 0):
        at.plan = msgspec.structs.replace(at.plan, fell_us=alert.shortened_us)
        fallen = {name for name, fell_us in alert.falls if fell_us > (plan.fell_us or 0)}
        _stand_down(at, told, f"shortened:{alert.shortened_us}", "shortened", fallen)
    _tell_of_condition(at, told, was_closed)
    if at.job.work is not AlertWork.CLOSED:
        _work_on(at, got_worse, reopened=was_closed)
    if at.job.work is AlertWork.CLOSED:  # by now: its protocol may just have closed it
        unsend = _closed(at, told) or unsend
        # As it is now: what falls, and then rises again, has got worse since somebody closed it.
        at.plan = msgspec.structs.replace(at.plan, severity=around.severity)
    if len(alert.violations) > at.plan.joined:
        at.plan = msgspec.structs.replace(at.plan, joined=len(alert.violations))
    if not alert.withdrawn:
        _promises(at)
        # Also of a closed one: the rules reopen what gets worse.
        at.wake("severity", around.severity_again_us)
    results = (tuple(at.acts), tuple(at.tells), tuple(at.tasks), at.timers, tuple(at.raises), unsend)
    return Looked(at.job, at.plan, around.severity, *results)


def _follow_the_rules(at: _Look, got_worse: bool) -> bool:
    """The condition of the alert, as the rules have it now. True when what waits to be sent must not be."""
    alert = at.alert
    if alert.withdrawn:
        if at.job.condition is AlertCondition.ACTIVE or at.job.work is not AlertWork.CLOSED:
            at.act(AlertEvent.WITHDRAW, "withdrawn")
            return True
        return False
    if alert.active and at.job.condition is AlertCondition.CLEARED:
        at.act(AlertEvent.REACTIVATE, "open_again")
    elif not alert.active and at.job.condition is AlertCondition.ACTIVE:
        at.act(AlertEvent.CLEAR, "over")
    joined = 0 < at.plan.joined < len(alert.violations) or _parked_since(at)
    if at.job.work is AlertWork.CLOSED and (got_worse or joined):
        # Whoever closed it did not know of the violation that has joined it since, which may be over by now.
        at.act(AlertEvent.REOPEN, "worse" if got_worse else "happened_again")
    return False


def _parked_since(at: _Look) -> bool:
    """Whether another alarm of the sender was parked after somebody had closed the alert of the hour (wire.md)."""
    closed_us = at.job.closed_us
    return at.alert.kind == PARKED_ALARM and closed_us is not None and at.alert.changed_us > closed_us


def _tell_of_condition(at: _Look, told: Sequence[Told], was_closed: bool) -> None:
    """Over, and open again: who is outside and was told is told that, where the protocol says so."""
    events = {act.event for act, _ in at.acts}
    protocol = at.protocols.named(at.plan.protocol, at.plan.version)
    outside = [one for one in _each_once(told) if one.target in OUTSIDE] if protocol and protocol.tells_cleared else []
    undone = at.job.work is AlertWork.CLOSED and at.job.outcome in STANDS_DOWN
    if AlertEvent.CLEAR in events and not undone:
        _tell_again(at, outside, f"cleared:{at.now_us}", "cleared", ToldReason.CLEARED)
    held = at.alert.kind in LOSSES and at.now_us < _begun_us(at.alert) + HOLD_US
    if AlertEvent.REACTIVATE in events and not was_closed and at.plan.run and not held:
        _tell_again(at, outside, f"again:{at.now_us}", "open_again", ToldReason.REPEAT)
        key = f"again:{at.now_us}"
        silent = Tell(key, Target.OPERATOR, (Channel.CONSOLE,), "alert", at.severity, ToldReason.REPEAT, sends=False)
        at.tells.append(silent)


def _tell_again(at: _Look, told: Iterable[Told], key: str, text: str, reason: ToldReason) -> None:
    """The same people, by the same channel, with the same urgency; police and victim first."""
    ranked = ((FIRST_RANKS.get(one.target, OTHERWISE_RANK), one) for one in told)
    for rank, one in sorted(ranked, key=lambda pair: pair[0]):
        tell = Tell(f"{key}:{one.no}", one.target, (one.channel,), text, one.urgency, reason, again=one, rank=rank)
        at.tells.append(tell)


def _each_once(told: Sequence[Told]) -> list[Told]:
    """Of whoever was told several times by one channel the most urgent time, the first of these."""
    found: dict[tuple[Target, str, Channel, str], Told] = {}
    for one in sorted(told, key=lambda one: -RANK[one.urgency]):
        found.setdefault((one.target, one.recipient, one.channel, one.address), one)
    return list(found.values())


def _work_on(at: _Look, got_worse: bool, reopened: bool) -> None:
    """An alert that is not closed: claims that lapse, what is told, when its severity may be another."""
    ends_us = at.job.claim_ends_us(at.severity)
    if ends_us is not None and ends_us <= at.now_us:
        # As of when it lapsed, however late the look is; but what has just got worse shortens no claim backwards.
        at.act(AlertEvent.EXPIRE, "no_action", at_us=at.now_us if got_worse else ends_us)
    if _kept_quiet(at):
        _over(at, at.protocols.choose(_case(at)))
    else:
        _run(at, got_worse, reopened)
    if at.job.work is AlertWork.CLOSED:
        at.timers.clear()
        return
    at.wake("claim", at.job.claim_ends_us(at.severity))


def _closed(at: _Look, told: Sequence[Told]) -> bool:
    """A closed alert runs nothing. One that should not have been told of is taken back, once nobody can undo it."""
    job = at.job
    assert job.closed_us is not None
    withdrawn = at.alert.withdrawn
    if not withdrawn and job.outcome not in STANDS_DOWN:
        return False
    final_us = job.closed_us if withdrawn else job.closed_us + UNDO_US
    if at.now_us < final_us:
        at.wake("final", final_us)
        return False
    if at.plan.down_us is not None and at.plan.down_us >= job.closed_us:
        return False
    at.plan = msgspec.structs.replace(at.plan, down_us=max(job.closed_us, at.now_us if withdrawn else 0))
    _stand_down(at, told, f"down:{job.period}", "withdrawn" if withdrawn else f"closed_{job.outcome}")
    return True


def _stand_down(at: _Look, told: Sequence[Told], key: str, text: str, fallen: Collection[str] | None = None) -> None:
    """Everybody who was told is told so, by the same channel with the same urgency; what rests on it is a task.

    ``fallen``: the violations that it is about; None: all of them.
    """
    _tell_again(at, _each_once(told), key, text, ToldReason.STOOD_DOWN)
    resting = (reference for reference, violation in at.around.rests_on if fallen is None or violation in fallen)
    for reference in dict.fromkeys(resting):
        episode = f"rests_on_withdrawn:{reference}:{at.alert.no}:{key}"
        body = {"alert": str(at.alert.no), "rests_on": reference, "why": text}
        at.raises.append(Raise("rests_on_withdrawn", episode, at.alert.wearer, body=body))


def _kept_quiet(at: _Look) -> bool:
    """Whether nobody is told for now; the reason is recorded once, and when it ends is a timer."""
    if _can_be_muted(at.alert):
        of_wearer = (mute for mute in at.around.mutes if mute.wearer == at.alert.wearer)
        at.wake("mute", min((mute.from_us for mute in of_wearer if mute.from_us > at.now_us), default=None))
    found = _why_quiet(at)
    if found is None:
        return False
    reason, detail, until_us = found
    if at.plan.quiet != (reason, detail):
        at.plan = msgspec.structs.replace(at.plan, quiet=(reason, detail))
        key = f"quiet:{at.now_us}:{reason}"
        silent = Tell(key, Target.OPERATOR, (Channel.CONSOLE,), "alert", at.severity, reason, sends=False)
        at.tells.append(replace(silent, detail=detail))
    at.wake("quiet", until_us)
    return True


def _why_quiet(at: _Look) -> tuple[ToldReason, str, int | None] | None:
    alert = at.alert
    if alert.grouped_under is not None:
        return ToldReason.GROUPED_UNDER, alert.grouped_under, None
    held_until_us = _begun_us(alert) + HOLD_US
    if alert.kind in LOSSES and at.now_us < held_until_us:
        return ToldReason.HELD, "", held_until_us
    mute = mute_of(alert, at.around.mutes, at.now_us)
    return None if mute is None else (ToldReason.MUTED_BY, str(mute.no), mute.to_us)


def _begun_us(alert: Alert) -> int:
    """Since when it is what it is now: a loss that comes back is a loss of its own to whoever would be told of it."""
    joined_us = alert.joined_us if alert.kind in LOSSES else None
    return alert.raised_us if joined_us is None else max(alert.raised_us, joined_us)


def mute_of(alert: Alert, mutes: Iterable[Mute], now_us: int) -> Mute | None:
    """The mute that covers an alert now, the one that lasts longest; some kinds are never covered."""
    if not _can_be_muted(alert):
        return None
    covering = [mute for mute in mutes if mute.wearer == alert.wearer and mute.from_us <= now_us < mute.to_us]
    return max(covering, key=lambda mute: mute.to_us, default=None)


def _can_be_muted(alert: Alert) -> bool:
    return alert.wearer is not None and alert.kind not in NEVER_MUTED


def _case(at: _Look) -> Case:
    """What the protocol of the alert is chosen by, as it is now."""
    alert, around = at.alert, at.around
    own_unit = alert.wearer is None and alert.victim is not None
    return Case(alert.kind, around.severity, around.level, bool(around.victims), around.under_18, own_unit)


def _run(at: _Look, got_worse: bool, reopened: bool) -> None:
    """The steps of the protocol that are due, each once; the others as timers."""
    protocol = at.protocols.named(at.plan.protocol, at.plan.version)
    afresh = at.plan.run == 0 or at.plan.quiet is not None or reopened or protocol is None
    if afresh or got_worse:
        chosen = at.protocols.choose(_case(at))
        # One that is for the new severity too goes on, so that nobody is told the same again.
        if chosen is not None and (afresh or protocol is None or chosen.id != protocol.id):
            protocol = chosen
            _begin(at, chosen, at.now_us if reopened or got_worse else _could_begin_us(at))
    if protocol is None:
        return
    flags = _flags(at)
    protocol = _handed_on(at, protocol, flags)
    _forget_earlier_periods(at)
    for place, one in enumerate(protocol.steps):
        _take(at, place, one, flags)
    _over(at, protocol)


def _could_begin_us(at: _Look) -> int:
    """Since when people could be told: what was late, a restart above all, delays nobody's escalation."""
    if at.plan.quiet is None:
        return at.alert.raised_us if at.plan.run == 0 else at.now_us
    reason, detail = at.plan.quiet
    if reason is ToldReason.HELD:
        return _begun_us(at.alert) + HOLD_US
    ended = [mute.to_us for mute in at.around.mutes if reason is ToldReason.MUTED_BY and str(mute.no) == detail]
    return min(at.now_us, max(ended, default=at.now_us))


def _handed_on(at: _Look, protocol: Protocol, flags: frozenset[Flag]) -> Protocol:
    """The protocol that runs now: when one has waited long enough for a claim, the one that it names goes on."""
    while protocol.then is not None and Flag.CLAIMED not in flags:
        following = at.protocols.named(protocol.then)
        then_us = max(at.plan.started_us, at.job.unclaimed_us) + protocol.then_after_s * SECOND_US
        at.wake("then", then_us)
        if following is None or then_us > at.now_us:
            break
        _begin(at, following, then_us)
        protocol = following
    return protocol


def _begin(at: _Look, protocol: Protocol, started_us: int) -> None:
    """A run of a protocol, as of ``started_us``."""
    run, version = at.plan.run + 1, protocol.version
    begun = msgspec.structs.replace(at.plan, protocol=protocol.id, version=version, run=run, severity=at.severity)
    at.plan = msgspec.structs.replace(begun, started_us=started_us, done={}, quiet=None)


def _forget_earlier_periods(at: _Look) -> None:
    """What was done while an earlier time without a claim lasted is asked for no more."""
    done = {key: times for key, times in at.plan.done.items() if key.partition(".")[2] in ("", str(at.job.period))}
    if len(done) < len(at.plan.done):
        at.plan = msgspec.structs.replace(at.plan, done=done)


def standing(work: AlertWork, condition: AlertCondition, answers: Answers) -> frozenset[Flag]:
    """The flags that hold by how an alert's work and condition stand, and by who answered."""
    held = {
        Flag.CLAIMED: work is not AlertWork.RAISED,
        Flag.ACTIONED: work is AlertWork.ACTIONED,
        Flag.CLEARED: condition is AlertCondition.CLEARED,
        Flag.WEARER_ANSWERED: answers.wearer is True,
        Flag.WEARER_UNANSWERED: answers.wearer is False,
        Flag.VICTIM_ANSWERED: answers.victim is True,
        Flag.VICTIM_UNANSWERED: answers.victim is False,
    }
    return frozenset(flag for flag, holds in held.items() if holds)


def _flags(at: _Look) -> frozenset[Flag]:
    often = {Flag.OFTEN} if at.around.prealerts_7d >= OFTEN_PREALERTS else set()
    under_18 = {Flag.UNDER_18} if at.around.under_18 else set()
    return standing(at.job.work, at.job.condition, at.around.answers) | often | under_18


def _take(at: _Look, place: int, one: Step, flags: frozenset[Flag]) -> None:
    """One step: done when it is due, again when it repeats; else a timer."""
    unclaimed = Flag.CLAIMED in one.stop
    base_us = _begun_us(at.alert) if one.since is Since.RAISED else at.plan.started_us
    base_us = max(base_us, at.job.unclaimed_us) if unclaimed else base_us
    key = f"{place}.{at.job.period}" if unclaimed else str(place)
    times = at.plan.done.get(key, 0)
    if (times and one.repeat_s is None) or flags.intersection(one.stop):
        return
    every_us = (one.repeat_s or 0) * SECOND_US
    due_us = base_us + one.after_s * SECOND_US + times * every_us
    if due_us > at.now_us:
        at.wake(f"step:{place}", due_us)
        return
    if not flags.issuperset(one.only):
        return
    quiet_until_us = at.around.quiet_until_us
    if one.to is Target.WEARER and quiet_until_us is not None and at.severity is not Severity.CRITICAL:
        at.wake(f"step:{place}", quiet_until_us)
        return
    # After a long time away a step that repeats is done once, not once for every time that was missed.
    passed = 1 if not every_us else (at.now_us - base_us - one.after_s * SECOND_US) // every_us + 1
    at.plan = msgspec.structs.replace(at.plan, done=at.plan.done | {key: passed})
    _do(at, f"{at.plan.run}:{key}:{times}", one, again=times > 0)
    if every_us:
        at.wake(f"step:{place}", base_us + one.after_s * SECOND_US + passed * every_us)


def _do(at: _Look, key: str, one: Step, again: bool) -> None:
    if one.action is Action.TASK:
        at.tasks.append(Task(key, one.to, one.text))
        return
    if one.action is Action.ESCALATE and not again:
        at.act(AlertEvent.ESCALATE, one.to.value)
    if any((tell.target, tell.by, tell.text) == (one.to, one.by, one.text) and tell.again is None for tell in at.tells):
        return  # two steps of one content came due while nobody looked
    first = one.to not in at.plan.told
    if again or not (first or one.action is Action.ESCALATE or one.to in SENIORS):
        reason = ToldReason.REPEAT
    elif one.action is Action.ESCALATE or one.to in SENIORS:
        reason = ToldReason.ESCALATION
    else:
        reason = ToldReason.FIRST
    if first:
        at.plan = msgspec.structs.replace(at.plan, told=(*at.plan.told, one.to))
    others = OTHERWISE_RANK if at.severity is Severity.CRITICAL else CAN_WAIT_RANK
    rank = FIRST_RANKS.get(one.to, others)
    at.tells.append(Tell(key, one.to, one.by, one.text, at.severity, reason, rank=rank))


def _over(at: _Look, protocol: Protocol | None) -> None:
    """What the protocol does when the alert is cleared: nothing, unless it says so."""
    if protocol is None or at.job.condition is not AlertCondition.CLEARED:
        return
    outcome = protocol.closes_when_cleared
    if outcome is not None and at.job.holder is None and not at.alert.withdrawn:
        at.act(AlertEvent.CLOSE, "cleared", outcome)


def _promises(at: _Look) -> None:
    """What somebody promised and has not done by then comes back, once."""
    for promise in at.around.promises:
        if promise.due_us > at.now_us:
            at.wake(f"promise:{promise.no}", promise.due_us)
        elif promise.no not in at.plan.reminded:
            at.plan = msgspec.structs.replace(at.plan, reminded=(*at.plan.reminded, promise.no))
            for target in (Target.OPERATOR, Target.SUPERVISOR):
                key = f"promise:{promise.no}:{target}"
                by = (Channel.CONSOLE,)
                at.tells.append(Tell(key, target, by, "promise_due", at.severity, ToldReason.ESCALATION))
