"""Failure 22: people recalled to prison on defective equipment. Stand down reaches all who were told; what rests on it is a task.

With the protocols that ship and everybody resolved by name: what is told in an hour of a critical alert, and who hears when it
turns out to have been nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from alerts.forces import Boundary, Forces
from alerts.looking import look_at
from alerts.machine import Act, Actor, Job, step
from alerts.ports import Notification, People, View, Written
from alerts.protocols import Target
from alerts.recipients import Directory, resolve
from alerts.severity import INCIDENTS
from alerts.shipped import shipped_protocols
from alerts.state import Alert, Around, Plan, Raise, Told
from bailiwick.timezones import pinned_time_zones
from domain.instants import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from domain.records import Area, Place, Polygons
from domain.rota import Shift
from domain.vocabulary import AlertEvent, AreaKind, Channel, Level, Outcome, Role, Severity, ToldReason
from tests.alerts.made import at

NOW = at("12:00:00")
RING = ((0.0, 51.0), (1.0, 51.0), (1.0, 52.0), (0.0, 52.0), (0.0, 51.0))
ON_DUTY = tuple(
    Shift(
        f"s-{role}",
        role,
        f"p-{role}",
        "A. Able",
        NOW - DAY_US,
        NOW + DAY_US,
        phone=f"+44 1632 {role}",
        email=f"{role}@centre.example",
    )
    for role in (Role.OPERATOR, Role.SUPERVISOR, Role.DUTY_MANAGER, Role.OFFICER, Role.VICTIM_LIAISON)
)
ROOM = Shift(
    "s-room", Role.POLICE, "p-room", "Control room", NOW - DAY_US, NOW + DAY_US, "westshire", phone="+44 1632 999"
)
AREAS = {"westshire": Area("westshire", AreaKind.POLICE_FORCE)}
WHO = Directory((*ON_DUTY, ROOM), AREAS, Forces([Boundary("westshire", Polygons(((RING,),)))]), pinned_time_zones())
SAFE = {
    "safe_channels": ["sms:+44 7700 900009"],
    "safe_hours": None,
    "safe_words": ["The parcel is late", "It has come"],
}
PEOPLE = People(
    wearer={"id": "W1", "phones": ["+44 7700 900001"]},
    victims={"V1": {"id": "V1", "contact": SAFE}, "V2": {"id": "V2", "contact": None}},
    officer={"name": "O. Owen", "email": "o.owen@probation.example"},
    last=Place("", 0.5, 51.5),
)
ANN = Actor("ann", Role.OPERATOR)


@dataclass
class Story:
    """One alert through time, looked at whenever a timer is due: what was told and raised, all of it kept."""

    kind: str
    rests_on: tuple[tuple[str, str], ...] = ()
    alert: Alert = field(init=False)
    job: Job = field(init=False)
    plan: Plan = field(default_factory=Plan)
    told: list[Told] = field(default_factory=list)
    raises: list[Raise] = field(default_factory=list)
    due_us: list[int] = field(default_factory=list)
    again: list[Notification] = field(default_factory=list)
    """Everything that was told after the alert had turned out to be nothing."""

    def __post_init__(self) -> None:
        self.alert = Alert(
            7, "W1-1", self.kind, Severity.CRITICAL, NOW, NOW, wearer="W1", victim="V1", violations=("W1-1",)
        )
        self.job = Job(NOW)

    def look(self, now_us: int) -> Written:
        around = Around(Severity.CRITICAL, Level.STANDARD, victims=("V1", "V2"), rests_on=self.rests_on)
        view = View(self.alert, self.job, self.plan, around, tuple(self.told), 1, PEOPLE)
        found = look_at(view, shipped_protocols(), lambda tell, seen, us: resolve(tell, seen, WHO, us), now_us)
        self.job, self.plan = found.looked.job, found.looked.plan
        self.due_us = sorted(found.looked.timers.values())
        self.raises += found.looked.raises
        for one in found.notifications:
            if one.sends and one.reason is ToldReason.STOOD_DOWN:
                self.again.append(one)
            elif one.sends:
                self.told.append(
                    Told(len(self.told) + 1, one.target, one.recipient, one.channel, one.address, one.urgency, one.text)
                )
        return found

    def run(self, until_us: int) -> None:
        self.look(NOW)
        while self.due_us and self.due_us[0] <= until_us:
            self.look(self.due_us[0])

    def do(self, event: AlertEvent, now_us: int, outcome: Outcome | None = None) -> None:
        self.job = step(self.job, Act(event, now_us, ANN, outcome, "in my own words"), Severity.CRITICAL)


def parties(found: list[Any]) -> set[tuple[str, str, str]]:
    return {(one.recipient, one.channel.value, one.address) for one in found}


KINDS = ("proximity_alert", "strap_tamper", "exclusion_zone", "proximity_unknown")


@pytest.mark.parametrize("kind", KINDS)
def test_failure_22_when_it_is_withdrawn_everybody_who_was_told_is_told_so(kind: str) -> None:
    story = Story(kind)
    story.run(NOW + HOUR_US)
    before = parties(story.told)
    assert {one.target for one in story.told} >= {
        Target.OPERATOR,
        Target.SUPERVISOR,
        Target.DUTY_MANAGER,
        Target.OFFICER,
    }
    story.alert = replace(story.alert, active=False, withdrawn=True)
    story.look(NOW + HOUR_US + SECOND_US)
    assert parties(story.again) == before
    assert {one.urgency for one in story.again} == {Severity.CRITICAL}
    assert story.due_us == []
    story.look(NOW + 2 * HOUR_US)
    assert parties(story.again) == before
    assert len(story.again) == len(before), "nobody is stood down twice"


def test_failure_22_victims_and_police_first_and_the_victim_as_was_agreed() -> None:
    story = Story("proximity_alert")
    story.run(NOW + HOUR_US)
    assert {"victim:V1", "victim:V2", "force:westshire"} <= {one.recipient for one in story.told}
    story.alert = replace(story.alert, active=False, withdrawn=True)
    story.look(NOW + HOUR_US)
    ranks = [one.rank for one in story.again]
    assert ranks == sorted(ranks)
    outside = [one.target for one in story.again if one.target in (Target.VICTIM, Target.POLICE)]
    assert [one.target for one in story.again][: len(outside)] == outside
    assert outside == sorted(outside, key=[Target.VICTIM, Target.POLICE].index)
    by = {(one.recipient, one.channel): one for one in story.again}
    assert by["victim:V1", Channel.SMS].words == "It has come"
    assert ("victim:V2", Channel.CALL) in by


@pytest.mark.parametrize("outcome", [Outcome.FALSE, Outcome.EQUIPMENT, Outcome.DUPLICATE])
def test_failure_22_a_closing_that_says_it_was_nothing_stands_down_once_it_cannot_be_undone(outcome: Outcome) -> None:
    story = Story("strap_tamper")
    story.run(NOW + HOUR_US)
    closed_us = NOW + HOUR_US + MINUTE_US
    story.do(AlertEvent.CLAIM, closed_us)
    story.do(AlertEvent.CLOSE, closed_us, outcome)
    story.look(closed_us + 59 * SECOND_US)
    assert story.again == []
    assert story.due_us == [closed_us + 60 * SECOND_US]
    story.look(story.due_us[0])
    assert parties(story.again) == parties(story.told)


@pytest.mark.parametrize("outcome", [Outcome.CONFIRMED, Outcome.EXPLAINED])
def test_what_was_something_stands_nobody_down(outcome: Outcome) -> None:
    story = Story("strap_tamper")
    story.run(NOW + HOUR_US)
    story.do(AlertEvent.CLOSE, NOW + HOUR_US, outcome)
    story.look(NOW + HOUR_US + DAY_US)
    assert story.again == []


def test_failure_22_what_rests_on_it_is_a_critical_alert_to_the_officer_and_the_duty_manager_until_answered() -> None:
    story = Story("strap_tamper", rests_on=(("breach:B7", "W1-1"), ("recall:R1", "W1-1")))
    story.run(NOW + HOUR_US)
    assert story.raises == []
    story.alert = replace(story.alert, active=False, withdrawn=True)
    story.look(NOW + HOUR_US)
    assert [one.kind for one in story.raises] == ["rests_on_withdrawn"] * 2
    assert len({one.episode for one in story.raises}) == 2
    assert {one.body["rests_on"] for one in story.raises} == {"breach:B7", "recall:R1"}
    assert INCIDENTS["rests_on_withdrawn"] is Severity.CRITICAL
    task = Story("rests_on_withdrawn")
    task.run(NOW + 6 * HOUR_US)
    hours = {Target.OFFICER: 6, Target.DUTY_MANAGER: 36}
    for target, times in hours.items():
        told = [one for one in task.told if one.target is target and one.channel is not Channel.CONSOLE]
        assert len(told) >= times, (target, len(told))
    task.do(AlertEvent.CLAIM, NOW + 6 * HOUR_US)
    task.do(AlertEvent.ACTION, NOW + 6 * HOUR_US)
    there = len([one for one in task.told if one.text == "rests_on_withdrawn"])
    task.look(NOW + 6 * HOUR_US + 10 * MINUTE_US)
    assert len([one for one in task.told if one.text == "rests_on_withdrawn"]) == there
