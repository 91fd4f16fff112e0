"""Laws of the policy, on histories that nobody thought of: more looks, the same look twice, looks that come late."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.machine import CLAIM_US, Act, Actor
from alerts.policy import HOLD_US, STANDS_DOWN, look
from alerts.protocols import Target
from alerts.rehearsal import Line, Played, Rehearsal, Turn
from alerts.severity import LOSSES
from alerts.shipped import shipped_protocols
from alerts.state import Alert, Answers, Around, Mute, Plan, Promise
from domain.instants import HOUR_US, MINUTE_US, SECOND_US
from domain.vocabulary import AlertEvent, AlertWork, Kind, Level, Outcome, Role, Severity, ToldReason
from tests.alerts.made import at

START_US = at("19:00:00")
LAST_S = 4 * 3600
EXAMPLES = 150
PEOPLE = [Actor("ada", Role.OPERATOR), Actor("ben", Role.OPERATOR), Actor("chief", Role.SUPERVISOR)]
SENIORS = {Target.SUPERVISOR, Target.DUTY_MANAGER}
STAND_DOWNS = {ToldReason.STOOD_DOWN, ToldReason.CLEARED}

seconds = st.integers(0, LAST_S) | st.sampled_from([60, 119, 120, 121, 300, 600, 900, 960, 3600])


@st.composite
def acts(draw: st.DrawFn) -> Turn:
    """What a person does: the machine takes it or refuses it."""
    at_us = START_US + draw(seconds) * SECOND_US
    event = draw(st.sampled_from(["claim", "claim", "action", "release", "close", "reopen", "escalate"]))
    outcome = draw(st.sampled_from([*Outcome])) if event == "close" else None
    note = "seen to" if event == "close" else None
    return Turn(at_us, Act(AlertEvent(event), at_us, draw(st.sampled_from(PEOPLE)), outcome, note))


@st.composite
def changes(draw: st.DrawFn) -> Turn:
    """What the rules make of it, or what is around it."""
    at_us = START_US + draw(seconds) * SECOND_US
    alert: dict[str, Any] = draw(
        st.sampled_from(
            [
                *({}, {}, {"active": False}, {"active": True}),
                *({"grouped_under": "outage-1"}, {"grouped_under": None}, {"shortened_us": at_us}),
            ]
        )
    )
    around: dict[str, Any] = draw(
        st.sampled_from([{}, *({"severity": severity} for severity in Severity)])
        | st.builds(
            lambda wearer, victim: {"answers": Answers(wearer, victim)}, *[st.sampled_from([None, True, False])] * 2
        )
        | st.builds(lambda night: {"quiet_until_us": at_us + HOUR_US if night else None}, st.booleans())
    )
    return Turn(at_us, None, alert, around)


@st.composite
def mutes(draw: st.DrawFn) -> tuple[Mute, ...]:
    found = []
    for no in range(draw(st.integers(0, 2))):
        from_us = START_US + draw(seconds) * SECOND_US
        found.append(Mute(no, "W1", from_us, from_us + draw(st.integers(1, 7200)) * SECOND_US, "chief", "why"))
    return tuple(found)


@st.composite
def histories(draw: st.DrawFn) -> tuple[Alert, Around, list[Turn]]:
    """An alert, what is around it, and what happens to it in four hours; at the end it may be withdrawn."""
    kind = draw(st.sampled_from([kind.value for kind in Kind] + ["protection_ended", "undelivered"]))
    severity = draw(st.sampled_from(Severity))
    alert = Alert(1, "W1-1", kind, severity, START_US, START_US, wearer="W1")
    around = Around(
        severity,
        level=draw(st.sampled_from(Level)),
        under_18=draw(st.booleans()),
        victims=draw(st.sampled_from([(), ("V1",)])),
        mutes=draw(mutes()),
        promises=tuple(Promise(no, START_US + draw(seconds) * SECOND_US) for no in range(draw(st.integers(0, 1)))),
        prealerts_7d=draw(st.integers(1, 3)),
        rests_on=draw(st.sampled_from([(), (("recall:1", "W1-1"),)])),
    )
    turns = draw(st.lists(acts() | changes(), max_size=12))
    if draw(st.booleans()):
        withdrawn_us = max([START_US, *(turn.at_us for turn in turns)]) + draw(seconds) * SECOND_US
        turns.append(Turn(withdrawn_us, alert={"withdrawn": True, "active": False, "grouped_under": None}))
    return alert, around, turns


def play(history: tuple[Alert, Around, list[Turn]], extra: list[Turn] | None = None, hours: int = 9) -> Rehearsal:
    alert, around, turns = history
    rehearsal = Rehearsal(shipped_protocols())
    rehearsal.add(alert, around, [*turns, *(extra or [])])
    rehearsal.run(START_US + hours * HOUR_US)
    return rehearsal


def of_first(rehearsal: Rehearsal) -> list[Line]:
    return [line for line in rehearsal.lines if line.alert_no == 1]


@pytest.mark.slow
@settings(max_examples=EXAMPLES, deadline=None)
@given(histories(), st.lists(seconds, max_size=30))
def test_any_split_of_the_clock_into_looks_gives_the_same(
    history: tuple[Alert, Around, list[Turn]], looks: list[int]
) -> None:
    more = [Turn(START_US + second * SECOND_US) for second in looks]
    plain, split = of_first(play(history)), of_first(play(history, more))
    assert told(plain) == told(split)


def told(lines: list[Line]) -> list[object]:
    """Everything that came of them; acts that were refused and acts that were taken by the people are the history's."""
    return [
        (line.at_us, tell.key, tell.target, tell.text, tell.urgency, tell.reason, tell.sends)
        for line in lines
        for tell in line.tells
    ] + [(line.at_us, act.event, act.why) for line in lines for act in line.acts]


@pytest.mark.slow
@settings(max_examples=EXAMPLES, deadline=None)
@given(histories())
def test_the_same_look_again_does_nothing(history: tuple[Alert, Around, list[Turn]]) -> None:
    alert, around, turns = history
    rehearsal = Rehearsal(shipped_protocols())
    rehearsal.add(alert, around, turns)
    now = rehearsal.alerts[1]
    for _ in range(300):
        at_us = now.next_us()
        if at_us is None or at_us > START_US + 9 * HOUR_US:
            return
        rehearsal.run(at_us)
        again = look(now.alert, now.job, now.plan, now.around, now.told, shipped_protocols(), at_us)
        assert (again.acts, again.tells, again.tasks, again.raises) == ((), (), (), ())
        assert (again.job, again.plan, again.timers) == (now.job, now.plan, now.timers)


@pytest.mark.slow
@settings(max_examples=EXAMPLES, deadline=None)
@given(histories())
def test_no_key_is_used_twice(history: tuple[Alert, Around, list[Turn]]) -> None:
    lines = of_first(play(history))
    keys = [tell.key for line in lines for tell in line.tells]
    tasks = [task.key for line in lines for task in line.tasks]
    assert len(set(keys)) == len(keys)
    assert len(set(tasks)) == len(tasks)


@pytest.mark.slow
@settings(max_examples=EXAMPLES, deadline=None)
@given(histories())
def test_no_critical_alert_is_open_unclaimed_and_untold(history: tuple[Alert, Around, list[Turn]]) -> None:
    """While one is critical, raised, and nothing keeps it quiet, a senior is told within 5 minutes, and then every 10."""
    alert, around, _ = history
    rehearsal = play(history)
    now = rehearsal.alerts[1]
    seniors = [
        line.at_us for line in of_first(rehearsal) for tell in line.tells if tell.sends and tell.target in SENIORS
    ]
    last_us = START_US + 9 * HOUR_US
    quiet = now.plan.quiet is not None
    if now.job.work is not AlertWork.RAISED or now.around.severity is not Severity.CRITICAL or quiet:
        return
    since_us = max(now.job.unclaimed_us, now.plan.started_us)
    if last_us - since_us <= 5 * MINUTE_US:
        return
    after = [us for us in seniors if us >= since_us]
    assert after, (alert, around)
    assert after[0] - since_us <= 5 * MINUTE_US
    gaps = [later - earlier for earlier, later in zip(after, [*after[1:], last_us], strict=True)]
    assert max(gaps) <= 10 * MINUTE_US


@pytest.mark.slow
@settings(max_examples=EXAMPLES, deadline=None)
@given(histories())
def test_everyone_who_was_told_of_what_is_withdrawn_or_closed_false_is_told_that(
    history: tuple[Alert, Around, list[Turn]],
) -> None:
    rehearsal = play(history)
    now = rehearsal.alerts[1]
    undone = now.job.work is AlertWork.CLOSED and now.job.outcome in STANDS_DOWN
    if not (now.alert.withdrawn or undone):
        return
    tells = [tell for line in of_first(rehearsal) for tell in line.tells]
    down = {(tell.target, tell.by[0]) for tell in tells if tell.reason is ToldReason.STOOD_DOWN}
    of_it = [tell for tell in tells if tell.sends and tell.again is None and tell.text != "promise_due"]
    assert {(tell.target, tell.by[0]) for tell in of_it} <= down


@pytest.mark.slow
@settings(max_examples=EXAMPLES, deadline=None)
@given(histories(), st.integers(1, 7200), st.integers(1, 7200))
def test_a_time_away_loses_no_step_and_a_restart_changes_nothing(
    history: tuple[Alert, Around, list[Turn]], gone_s: int, away_s: int
) -> None:
    """Failure 17. State and plan go through JSON, as the database keeps them, and nobody looks for up to two hours."""
    alert, around, turns = history
    gone_us, back_us = START_US + gone_s * SECOND_US, START_US + (gone_s + away_s) * SECOND_US
    # What happens to it happens before; what is told then hangs on nothing but the time.
    before = [turn for turn in turns if turn.at_us <= gone_us]
    around = replace(around, mutes=())
    whole = play((alert, around, before), [Turn(gone_us)])
    rehearsal = Rehearsal(shipped_protocols())
    rehearsal.add(alert, around, [*before, Turn(gone_us)])
    rehearsal.run(gone_us)
    now = rehearsal.alerts[1]
    restart(now)
    rehearsal.happen(1, Turn(back_us))
    rehearsal.run(START_US + 9 * HOUR_US)
    assert texts(of_first(rehearsal)) == texts(of_first(whole))
    then = whole.alerts[1]
    assert (replace(now.job, closed_us=None), now.plan.run, now.timers) == (
        replace(then.job, closed_us=None),
        then.plan.run,
        then.timers,
    )
    if then.job.closed_us is not None:  # what falls due to be closed while nobody looks is closed when somebody does
        assert now.job.closed_us is not None
        assert then.job.closed_us <= now.job.closed_us <= max(then.job.closed_us, back_us)


def restart(played: Played) -> None:
    """As after a restart: what was written down, and no timer that is taken before the next look."""
    played.plan = msgspec.json.decode(msgspec.json.encode(played.plan), type=Plan)
    played.timers = {}


def texts(lines: list[Line]) -> set[tuple[object, ...]]:
    """Who was told what, by what, however often."""
    return {(tell.target, tell.by, tell.text, tell.urgency) for line in lines for tell in line.tells if tell.sends}


def test_the_limits_that_these_laws_speak_of() -> None:
    assert CLAIM_US[Severity.CRITICAL] == 15 * MINUTE_US
    assert (120 * SECOND_US, {Kind.COMMUNICATION_LOST, Kind.LOCATION_LOST}) == (HOLD_US, LOSSES)
    assert {ToldReason.STOOD_DOWN, ToldReason.CLEARED} == STAND_DOWNS
