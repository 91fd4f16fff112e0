"""Three days in virtual time with every protocol firing, judged by an auditor that reads the tells and nothing else."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import msgspec
import pytest

from alerts.machine import Act, Actor
from alerts.protocol_checks import every_case
from alerts.protocols import Case, Flag, Protocol
from alerts.rehearsal import Line, Rehearsal, Turn
from alerts.shipped import shipped_protocols
from alerts.state import Alert, Answers, Around, Plan, Tell
from domain.instants import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from domain.vocabulary import AlertEvent, AlertWork, Level, Outcome, Role, Severity, ToldReason
from tests.alerts.made import at

START_US = at("08:00:00")
END_US = START_US + 3 * DAY_US
SEED = 20261122
SENIORS = ("supervisor", "duty_manager")
PEOPLE = [Actor("ada", Role.OPERATOR), Actor("ben", Role.OPERATOR), Actor("chief", Role.SUPERVISOR)]


def first_cases() -> dict[str, Case]:
    """For each protocol a case that it is the first to fit; under 18 where that makes no other."""
    found: dict[str, Case] = {}
    for case in every_case():
        protocol = shipped_protocols().choose(case)
        assert protocol is not None
        if protocol.id not in found or (case.under_18 and not found[protocol.id].under_18):
            found[protocol.id] = case
    return found


@dataclass(frozen=True)
class Way:
    """A way in which an alert may go, to let every step of its protocol fire."""

    answers: Answers = field(default_factory=Answers)
    prealerts: int = 1


WAYS = (Way(), Way(Answers(wearer=False, victim=False)), Way(prealerts=4), Way(Answers(wearer=True, victim=True)))


def unattended() -> tuple[Rehearsal, dict[int, str]]:
    """One alert for each protocol and way, raised in the first hours, which nobody touches for three days."""
    rehearsal, names = Rehearsal(shipped_protocols()), {}
    for name, case in first_cases().items():
        for way in WAYS:
            no = len(names) + 1
            raised_us = START_US + no * 37 * SECOND_US
            wearer, victim = (None, "V1") if case.own_unit else (f"W{no}", None)
            alert = Alert(no, f"E{no}", case.kind, case.severity, raised_us, raised_us, wearer=wearer, victim=victim)
            victims = ("V1",) if case.victim else ()
            around = Around(
                case.severity,
                *(case.level, case.under_18, victims),
                answers=way.answers,
                prealerts_7d=way.prealerts,
            )
            rehearsal.add(alert, around)
            names[no] = name
    rehearsal.run(END_US)
    return rehearsal, names


def by_alert(rehearsal: Rehearsal) -> dict[int, list[Line]]:
    found: dict[int, list[Line]] = defaultdict(list)
    for line in rehearsal.lines:
        found[line.alert_no].append(line)
    return found


def place_of(key: str) -> int:
    """The step of a protocol in the key of what it did: ``run:place.period:times``."""
    return int(key.split(":")[1].split(".", maxsplit=1)[0])


def told_seniors(lines: list[Line]) -> list[int]:
    return [line.at_us for line in lines for tell in line.tells if tell.sends and tell.target.value in SENIORS]


@pytest.fixture(scope="module")
def three_days() -> tuple[Rehearsal, dict[int, str]]:
    return unattended()


@pytest.mark.slow
def test_every_step_of_every_protocol_fires_in_three_days(three_days: tuple[Rehearsal, dict[int, str]]) -> None:
    rehearsal, names = three_days
    lines = by_alert(rehearsal)
    fired: dict[str, set[int]] = {name: set() for name in names.values()}
    for no, name in names.items():
        assert rehearsal.alerts[no].plan.protocol == name
        for line in lines[no]:
            keys = [tell.key for tell in line.tells if tell.sends] + [task.key for task in line.tasks]
            fired[name] |= {place_of(key) for key in keys}
    whole = {one.id: set(reachable(one, first_cases()[one.id])) for one in shipped_protocols().protocol}
    assert fired == whole


def reachable(protocol: Protocol, case: Case) -> Iterator[int]:
    """The steps that can fire for a case: all, but for those of an age that no case of the protocol has."""
    for place, one in enumerate(protocol.steps):
        if Flag.UNDER_18 not in one.only or case.under_18:
            yield place


@pytest.mark.slow
def test_nothing_critical_ages_in_silence_for_three_days(three_days: tuple[Rehearsal, dict[int, str]]) -> None:
    rehearsal, names = three_days
    lines = by_alert(rehearsal)
    critical = [no for no in names if rehearsal.alerts[no].alert.severity is Severity.CRITICAL]
    assert len(critical) > 100
    for no in critical:
        alert = rehearsal.alerts[no].alert
        hold_us = 120 * SECOND_US if alert.kind in ("communication_lost", "location_lost") else 0
        instants = [alert.raised_us + hold_us, *told_seniors(lines[no]), END_US]
        assert max(b - a for a, b in pairwise(instants)) <= 10 * MINUTE_US
        assert instants[1] - instants[0] <= 2 * MINUTE_US


@pytest.mark.slow
def test_nobody_but_seniors_officers_and_wearers_is_told_again_and_again(
    three_days: tuple[Rehearsal, dict[int, str]],
) -> None:
    rehearsal, names = three_days
    for no, lines in by_alert(rehearsal).items():
        if no in names:
            for target in ("victim", "police", "victim_liaison", "responsible_adult"):
                tells = [tell for line in lines for tell in line.tells if tell.target.value == target]
                assert len(tells) <= 2, (names[no], target)


# ---- three days of a centre at work ----


def at_work(seed: int) -> Rehearsal:
    """Alerts of every protocol through three days, claimed, left, worked on, cleared, muted, closed, withdrawn by chance."""
    chance = random.Random(seed)
    rehearsal = Rehearsal(shipped_protocols())
    for no, case in enumerate([*first_cases().values()] * 4, start=1):
        raised_us = START_US + chance.randrange(2 * DAY_US // SECOND_US) * SECOND_US
        wearer, victim = (None, "V1") if case.own_unit else (f"W{no}", None)
        alert = Alert(no, f"E{no}", case.kind, case.severity, raised_us, raised_us, wearer=wearer, victim=victim)
        rests_on = (("recall:1", "W1-1"),) if chance.random() < 0.1 else ()
        victims = ("V1",) if case.victim else ()
        around = Around(case.severity, case.level, case.under_18, victims, rests_on=rests_on)
        rehearsal.add(alert, around, happenings(chance, raised_us, case))
    rehearsal.run(END_US)
    return rehearsal


def happenings(chance: random.Random, raised_us: int, case: Case) -> Iterator[Turn]:
    us = raised_us
    for _ in range(chance.randrange(12)):
        us += round(chance.expovariate(1 / 1200)) * SECOND_US
        person = chance.choice(PEOPLE)
        pick = chance.random()
        if pick < 0.55:
            event = chance.choice([AlertEvent.CLAIM, AlertEvent.CLAIM, AlertEvent.ACTION, AlertEvent.RELEASE])
            yield Turn(us, Act(event, us, person))
        elif pick < 0.7:
            yield Turn(us, alert={"active": chance.random() < 0.5})
        elif pick < 0.8:
            yield Turn(us, around={"answers": Answers(chance.random() < 0.5, chance.random() < 0.5)})
        elif pick < 0.88:
            yield Turn(us, around={"severity": chance.choice([Severity.CRITICAL, case.severity])})
        else:
            outcome = chance.choice([Outcome.CONFIRMED, Outcome.FALSE, Outcome.EQUIPMENT, Outcome.EXPLAINED])
            yield Turn(us, Act(AlertEvent.CLOSE, us, person, outcome, "seen to"))
    if chance.random() < 0.2:
        yield Turn(us + HOUR_US, alert={"withdrawn": True, "active": False})


@pytest.mark.slow
@pytest.mark.parametrize("seed", [SEED, SEED + 1, SEED + 2])
def test_three_days_of_a_centre_at_work(seed: int) -> None:
    rehearsal = at_work(seed)
    lines = by_alert(rehearsal)
    assert {tell.reason for line in rehearsal.lines for tell in line.tells} >= {
        *(ToldReason.FIRST, ToldReason.REPEAT, ToldReason.ESCALATION, ToldReason.CLEARED, ToldReason.STOOD_DOWN),
        ToldReason.HELD,
    }
    assert {act.event for line in rehearsal.lines for act in line.acts} >= {*AlertEvent} - {AlertEvent.REOPEN}
    for no, played in rehearsal.alerts.items():
        audit(played.alert, played.around.severity, lines[no])
    assert any(played.alert.kind == "rests_on_withdrawn" for played in rehearsal.alerts.values())


def audit(alert: Alert, severity: Severity, lines: list[Line]) -> None:
    """What must hold of any alert, from what was told and done alone."""
    tells = [(line.at_us, tell) for line in lines for tell in line.tells]
    assert len({tell.key for _, tell in tells}) == len(tells)
    stretches = unclaimed(alert, lines)
    if alert.severity is Severity.CRITICAL and severity is Severity.CRITICAL:
        for from_us, to_us in stretches:
            seniors = [us for us in told_seniors(lines) if from_us <= us <= to_us]
            instants = [from_us, *seniors, to_us]
            assert max(b - a for a, b in pairwise(instants)) <= 10 * MINUTE_US
            assert to_us - from_us <= 2 * MINUTE_US or seniors
    if alert.withdrawn:
        stood_down(tells)


def unclaimed(alert: Alert, lines: list[Line]) -> list[tuple[int, int]]:
    """When nobody had it, by the acts that were taken."""
    hold_us = 120 * SECOND_US if alert.kind in ("communication_lost", "location_lost") else 0
    found, since_us = [], alert.raised_us + hold_us
    free = True
    for line in lines:
        for act in line.acts:
            if free and act.event in (AlertEvent.CLAIM, AlertEvent.CLOSE, AlertEvent.WITHDRAW):
                found.append((since_us, max(line.at_us, since_us)))
                free = False
            elif (not free and act.event in (AlertEvent.RELEASE, AlertEvent.EXPIRE, AlertEvent.REOPEN)) or (
                not free and act.event is AlertEvent.REACTIVATE and was_closed(lines, line)
            ):
                free, since_us = True, line.at_us
    return [*found, (since_us, END_US)] if free else found


def was_closed(lines: list[Line], until: Line) -> bool:
    events = [act.event for line in lines[: lines.index(until)] for act in line.acts]
    ends = [event for event in events if event in (AlertEvent.CLOSE, AlertEvent.REOPEN, AlertEvent.REACTIVATE)]
    return bool(ends) and ends[-1] is AlertEvent.CLOSE


def stood_down(tells: list[tuple[int, Tell]]) -> None:
    """Whoever was told was told after that it does not hold, police and victim before the others."""
    down = [(us, tell) for us, tell in tells if tell.reason is ToldReason.STOOD_DOWN]
    people = {(tell.target, tell.by[0]) for _, tell in tells if tell.sends and tell.again is None}
    assert people <= {(tell.target, tell.by[0]) for _, tell in down}
    for us in {us for us, _ in down}:
        order = [tell.target.value not in ("victim", "police") for at_us, tell in down if at_us == us]
        assert order == sorted(order)


# ---- the failures ----


@pytest.mark.slow
def test_failure_07_a_cut_strap_that_nobody_looks_at_is_told_for_five_days_through_restarts() -> None:
    """Colorado, 2013: five days to act on a cut strap. Here no hour passes in which nobody is told."""
    rehearsal = Rehearsal(shipped_protocols())
    alert = Alert(1, "E1", "strap_tamper", Severity.CRITICAL, START_US, START_US, wearer="W1")
    rehearsal.add(alert, Around(Severity.CRITICAL, Level.STANDARD))
    away: list[tuple[int, int]] = []
    for day in range(5):
        down_us = START_US + day * DAY_US + 9 * HOUR_US
        rehearsal.run(down_us)
        played = rehearsal.alerts[1]
        played.plan = msgspec.json.decode(msgspec.json.encode(played.plan), type=Plan)
        played.timers = {}  # nobody takes them while every dispatcher is down
        rehearsal.happen(1, Turn(down_us + 40 * MINUTE_US))
        away.append((down_us, down_us + 40 * MINUTE_US))
    rehearsal.run(START_US + 5 * DAY_US)
    told = told_seniors(rehearsal.lines)
    gaps = [(a, b) for a, b in pairwise(told) if b - a > 10 * MINUTE_US]
    assert len(gaps) == 5
    for (from_us, to_us), (down_us, up_us) in zip(gaps, away, strict=True):
        assert from_us <= down_us < up_us == to_us
    assert len(told) > 5 * 24 * 6
    assert rehearsal.alerts[1].job.work is AlertWork.RAISED
