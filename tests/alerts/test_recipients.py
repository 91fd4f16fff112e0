"""Whom a step means: the rota and who is above it, forces, protected people, the responsible adult, stand-downs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from alerts.forces import Boundary, Forces
from alerts.machine import Job
from alerts.ports import Notification, People, View
from alerts.protocols import Target
from alerts.recipients import MOST_LATELY, Directory, Hook, raises_of, resolve
from alerts.state import Alert, Around, Plan, Tell, Told
from bailiwick.timezones import pinned_time_zones
from domain.instants import DAY_US, parse_instant
from domain.records import Area, Place, Polygons
from domain.rota import Shift
from domain.vocabulary import AreaKind, Channel, Level, Role, Severity, ToldReason
from tests.alerts.made import at

NOW = at("12:00:00")
CONSOLE, SMS, EMAIL, CALL, WEBHOOK = Channel.CONSOLE, Channel.SMS, Channel.EMAIL, Channel.CALL, Channel.WEBHOOK
CRITICAL, WARNING = Severity.CRITICAL, Severity.WARNING
GONE = ToldReason.RECIPIENT_GONE


def square(lon: float) -> Polygons:
    ring = ((lon, 51.0), (lon + 1.0, 51.0), (lon + 1.0, 52.0), (lon, 52.0), (lon, 51.0))
    return Polygons(((ring,),))


AREAS = {
    area.id: area
    for area in (
        Area("westshire", AreaKind.POLICE_FORCE),
        Area("eastshire", AreaKind.POLICE_FORCE),
        Area("elham", AreaKind.PDU, "", "westshire"),
        Area("afar", AreaKind.PDU),
    )
}
FORCES = Forces([Boundary("westshire", square(0.0)), Boundary("eastshire", square(1.0))])
WEST, EAST, SEA = Place("", 0.5, 51.5), Place("", 1.5, 51.5), Place("", 9.0, 51.5)


def shift(name: str, role: Role, **more: Any) -> Shift:
    given: dict[str, Any] = {"phone": f"+44 1632 96{name}", "email": f"{name}@centre.example"}
    return Shift(name, role, f"p-{name}", name, NOW - DAY_US, NOW + DAY_US, **(given | more))


OPERATOR, SUPERVISOR = shift("op", Role.OPERATOR), shift("sup", Role.SUPERVISOR)
MANAGER = shift("man", Role.DUTY_MANAGER)
STAFF = (OPERATOR, SUPERVISOR, MANAGER)


def directory(*shifts: Shift, **more: Any) -> Directory:
    return Directory(shifts, AREAS, FORCES, pinned_time_zones(), **more)


def view(people: People = People(), *, kind: str = "strap_tamper", under_18: bool = False) -> View:  # noqa: B008
    alert = Alert(7, "W1-1", kind, CRITICAL, NOW, NOW, wearer="W1")
    around = Around(CRITICAL, Level.STANDARD, under_18)
    return View(alert, Job(NOW), Plan(), around, (), 1, people)


def tell(target: Target, *by: Channel, urgency: Severity = CRITICAL, **more: Any) -> Tell:
    given: dict[str, Any] = {"text": "alert", "reason": ToldReason.FIRST}
    return Tell("1:0:0", target, by, urgency=urgency, **(given | more))


def told(found: tuple[Notification, ...]) -> list[tuple[str, str, str]]:
    """Who is really told: target, channel, address."""
    return [(one.target.value, one.channel.value, one.address) for one in found if one.sends]


def not_told(found: tuple[Notification, ...]) -> list[tuple[str, str, str | None]]:
    return [(one.recipient, one.reason.value, one.detail) for one in found if not one.sends]


def ask(of: Tell, who: Directory, seen: View | None = None, now_us: int = NOW) -> tuple[Notification, ...]:
    found = resolve(of, seen or view(), who, now_us)
    assert found
    assert len({one.id for one in found}) == len(found)
    return found


# ---- the rota, and who is above it ----


def test_a_role_of_the_centre_is_shown_it_and_whoever_is_on_duty_gets_the_first_channel_they_have() -> None:
    found = ask(tell(Target.SUPERVISOR, SMS, CALL), directory(*STAFF))
    assert told(found) == [("supervisor", "console", "supervisor"), ("supervisor", "sms", "+44 1632 96sup")]
    assert found[1].id == "7:1:0:0:p-sup:sms"
    assert [one.trusted for one in found] == [True, False]
    no_phone = replace(SUPERVISOR, phone=None)
    assert told(ask(tell(Target.SUPERVISOR, SMS, EMAIL), directory(no_phone)))[1] == (
        "supervisor",
        "email",
        "sup@centre.example",
    )


def test_operators_by_the_console_alone_need_somebody_on_duty() -> None:
    assert told(ask(tell(Target.OPERATOR, CONSOLE), directory(*STAFF))) == [("operator", "console", "operator")]


def test_nobody_on_duty_fails_over_now_and_louder_when_it_is_critical() -> None:
    found = ask(tell(Target.OPERATOR, CONSOLE), directory(SUPERVISOR, MANAGER))
    assert told(found) == [
        ("operator", "console", "operator"),
        ("supervisor", "console", "supervisor"),
        ("supervisor", "sms", "+44 1632 96sup"),
    ]
    assert not_told(found) == [("nobody:operator", "recipient_gone", "nobody_on_duty")]
    assert {one.reason for one in found if one.target is Target.SUPERVISOR} == {ToldReason.ESCALATION}
    calm = ask(tell(Target.OPERATOR, CONSOLE, urgency=WARNING), directory(SUPERVISOR, MANAGER))
    assert told(calm) == [("operator", "console", "operator"), ("supervisor", "console", "supervisor")]


def test_a_channel_that_is_not_set_up_is_passed_over() -> None:
    console_alone = directory(*STAFF, channels=frozenset({CONSOLE}))
    assert told(ask(tell(Target.SUPERVISOR, SMS, CALL), console_alone))[1] == ("supervisor", "call", "+44 1632 96sup")
    assert told(ask(tell(Target.SUPERVISOR, SMS, EMAIL), directory(*STAFF, channels=frozenset({EMAIL}))))[1] == (
        "supervisor",
        "email",
        "sup@centre.example",
    )
    hook = Hook(Target.POLICE, WEBHOOK, "https://force.example/hook", "westshire")
    police = directory(*STAFF, hooks=(hook,), channels=frozenset({CONSOLE}))
    assert told(ask(tell(Target.POLICE, WEBHOOK, CALL), police, view(People(last=WEST)))) == [("police", "call", "")]
    nothing = ask(tell(Target.DUTY_MANAGER, SMS), directory(*STAFF, channels=frozenset()))
    assert told(nothing) == [("duty_manager", "console", "duty_manager")]


def test_somebody_without_an_address_is_recorded_and_the_next_is_told() -> None:
    bare = replace(SUPERVISOR, id="a", person="p-bare", phone=None, email=None, priority=1)
    second = replace(SUPERVISOR, priority=2)
    found = ask(tell(Target.SUPERVISOR, SMS), directory(bare, second))
    assert not_told(found) == [("p-bare", "recipient_gone", "no_address")]
    assert told(found)[-1] == ("supervisor", "sms", "+44 1632 96sup")
    only = ask(tell(Target.SUPERVISOR, SMS), directory(bare, MANAGER))
    assert told(only)[-1] == ("duty_manager", "sms", "+44 1632 96man")
    assert ("nobody:supervisor", "recipient_gone", "no_address") in not_told(only)


def test_everybody_senior_anywhere_is_the_last_but_one_and_a_platform_alert_the_last() -> None:
    afar = replace(MANAGER, area="afar")
    seen = view(People(area="elham"))
    found = ask(tell(Target.OPERATOR, CONSOLE), directory(afar), seen)
    assert told(found)[-1] == ("duty_manager", "sms", "+44 1632 96man")
    assert raises_of(seen, found, NOW) == ()
    nobody = ask(tell(Target.SUPERVISOR, SMS), directory(), seen)
    assert {one.channel for one in nobody if one.sends} == {CONSOLE}
    (raised,) = raises_of(seen, nobody, NOW)
    assert (raised.kind, raised.episode) == ("undelivered", "undelivered:nobody:supervisor:2026-11-21T12:00:00Z")
    assert raises_of(view(kind="undelivered"), nobody, NOW) == ()


@pytest.mark.parametrize("target", list(Target))
@pytest.mark.parametrize("urgency", list(Severity))
def test_whatever_is_to_be_told_and_however_little_is_known_a_person_is_told_or_a_platform_alert_raised(
    target: Target, urgency: Severity
) -> None:
    for people in (People(), People(wearer={}, victims={"V1": {}}, officer={}, area="nowhere", last=SEA)):
        for shifts in ((), (replace(MANAGER, area="afar"),), STAFF):
            for by in ((CONSOLE,), (WEBHOOK, CALL), (SMS, EMAIL)):
                found = ask(tell(target, *by, urgency=urgency), directory(*shifts), view(people))
                by_person = [one for one in found if one.sends and (one.channel is not CONSOLE or shifts == STAFF)]
                assert by_person or raises_of(view(people), found, NOW) or shifts, (people, shifts, by)
                assert any(one.sends for one in found)


def test_other_systems_are_told_beside_people_of_the_nearest_area() -> None:
    hooks = (
        Hook(Target.OPERATOR, WEBHOOK, "https://a.example", None),
        Hook(Target.OPERATOR, WEBHOOK, "https://b.example", "elham", trusted=True),
    )
    found = ask(tell(Target.OPERATOR, CONSOLE, WEBHOOK), directory(*STAFF, hooks=hooks), view(People(area="elham")))
    assert [one.address for one in found if one.channel is WEBHOOK] == ["https://b.example"]
    assert found[0].trusted
    assert ("operator", "console", "operator") in told(found)


# ---- outside the centre ----


def test_the_officer_by_name_and_who_is_on_duty_for_them_when_it_is_urgent() -> None:
    people = People(officer={"name": "O. Owen", "email": "o.owen@probation.example"}, organisation="probation")
    duty = shift("duty", Role.OFFICER, organisation="probation")
    both = ask(tell(Target.OFFICER, EMAIL), directory(*STAFF, duty), view(people))
    assert [one.address for one in both] == ["o.owen@probation.example", "duty@centre.example"]
    calm = ask(tell(Target.OFFICER, EMAIL, urgency=WARNING), directory(*STAFF, duty), view(people))
    assert [one.address for one in calm] == ["o.owen@probation.example"]
    assert "Owen" not in both[0].id + both[0].recipient
    assert both[0].language == "en"
    welsh = People(officer={"email": "o.owen@probation.example", "language": "cy"})
    assert ask(tell(Target.OFFICER, EMAIL, urgency=WARNING), directory(*STAFF), view(welsh))[0].language == "cy"
    unnamed = ask(
        tell(Target.OFFICER, EMAIL, urgency=WARNING), directory(*STAFF, duty), view(People(organisation="probation"))
    )
    assert [one.address for one in unnamed] == ["duty@centre.example"]


def test_nobody_outside_who_can_be_told_is_told_to_the_operators() -> None:
    found = ask(tell(Target.VICTIM_LIAISON, EMAIL, text="liaison_notice"), directory(*STAFF))
    assert told(found) == [("operator", "console", "operator")]
    console = next(one for one in found if one.sends)
    assert (console.text, console.reason, console.detail) == (
        "undelivered",
        ToldReason.ESCALATION,
        "for:victim_liaison",
    )


def force(area: str, **more: Any) -> Shift:
    return shift(f"room-{area}", Role.POLICE, area=area, **more)


ROOMS = (force("westshire"), force("eastshire"))


def test_the_force_that_holds_the_last_fix_is_told_and_the_home_force_for_information() -> None:
    found = ask(tell(Target.POLICE, WEBHOOK, CALL), directory(*ROOMS), view(People(area="elham", last=EAST)))
    assert [(one.recipient, one.address, one.detail) for one in found] == [
        ("force:eastshire", "+44 1632 96room-eastshire", None),
        ("force:westshire", "+44 1632 96room-westshire", "for_information"),
    ]
    same = ask(tell(Target.POLICE, CALL), directory(*ROOMS), view(People(area="elham", last=WEST)))
    assert [one.recipient for one in same] == ["force:westshire"]


@pytest.mark.parametrize(
    ("last", "recipient"), [(SEA, "force:westshire"), (None, "force:westshire"), (EAST, "force:eastshire")]
)
def test_without_a_force_where_they_are_the_home_force_responds(last: Place | None, recipient: str) -> None:
    found = ask(tell(Target.POLICE, CALL), directory(*ROOMS), view(People(area="afar", last=last, home=WEST)))
    assert (found[0].recipient, found[0].detail) == (recipient, None)


def test_a_force_without_an_address_hands_on_to_the_home_force_and_at_last_a_person_rings() -> None:
    people = People(area="elham", last=EAST)
    found = ask(tell(Target.POLICE, WEBHOOK, CALL), directory(ROOMS[0]), view(people))
    assert not_told(found) == [("force:eastshire", "recipient_gone", "no_address")]
    assert (found[1].recipient, found[1].detail) == ("force:westshire", None)
    neither = ask(tell(Target.POLICE, WEBHOOK, CALL), directory(), view(people))
    assert told(neither) == [("police", "call", "")]
    assert neither[-1].recipient == "force:eastshire"


def test_a_force_has_its_own_system() -> None:
    hooks = (Hook(Target.POLICE, WEBHOOK, "https://east.example", "eastshire", trusted=True),)
    found = ask(tell(Target.POLICE, WEBHOOK, CALL), directory(*ROOMS, hooks=hooks), view(People(last=EAST)))
    assert [(one.channel, one.address, one.trusted) for one in found] == [(WEBHOOK, "https://east.example", True)]


def test_a_system_of_every_force_is_used_where_a_force_has_none_of_its_own() -> None:
    own = Hook(Target.POLICE, WEBHOOK, "https://east.example", "eastshire")
    everywhere = Hook(Target.POLICE, WEBHOOK, "https://police.example", None)
    for last, address in ((EAST, "https://east.example"), (WEST, "https://police.example")):
        found = ask(
            tell(Target.POLICE, WEBHOOK, CALL), directory(*ROOMS, hooks=(own, everywhere)), view(People(last=last))
        )
        assert [(one.channel, one.address) for one in found] == [(WEBHOOK, address)]


# ---- wearers, and those under 18 ----

CHILD = {
    "id": "W1",
    "phones": ["+44 7700 900001"],
    "language": "cy",
    "responsible_adult": {"name": "A", "phone": "+44 7700 900002"},
}


def test_the_wearer_is_called_in_their_language() -> None:
    (found,) = ask(tell(Target.WEARER, CALL), directory(*STAFF), view(People(wearer=CHILD)))
    assert (found.recipient, found.address, found.language, found.trusted) == (
        "wearer:W1",
        "+44 7700 900001",
        "cy",
        False,
    )


@pytest.mark.parametrize("adult", [CHILD["responsible_adult"], "+44 7700 900002"])
def test_the_responsible_adult_has_an_address_of_their_own(adult: object) -> None:
    people = People(wearer=CHILD | {"responsible_adult": adult})
    (found,) = ask(tell(Target.RESPONSIBLE_ADULT, CALL, SMS), directory(*STAFF), view(people, under_18=True))
    assert (found.recipient, found.address) == ("adult:W1", "+44 7700 900002")


@pytest.mark.parametrize("adult", [None, "his aunt", {"name": "A"}])
def test_an_adult_or_wearer_without_a_number_is_told_to_the_operators(adult: object) -> None:
    people = People(wearer={"id": "W1", "phones": [], "responsible_adult": adult})
    for target, who in ((Target.RESPONSIBLE_ADULT, "adult:W1"), (Target.WEARER, "wearer:W1")):
        found = ask(tell(target, CALL), directory(*STAFF), view(people))
        assert not_told(found) == [(who, "recipient_gone", "no_address")]
        assert told(found)[0] == ("operator", "console", "operator")


# ---- protected people ----

SAFE = {
    "safe_channels": ["sms:+44 7700 900009"],
    "safe_hours": None,
    "safe_words": ["The parcel is late", "It has come"],
}


def victim(contact: object = ..., **more: Any) -> View:
    body = {"id": "V1", "contact": SAFE if contact is ... else contact} | more
    return view(People(victims={"V1": body}))


def ask_victim(seen: View, *by: Channel, urgency: Severity = CRITICAL, now_us: int = NOW, **more: Any) -> Notification:
    (found,) = ask(tell(Target.VICTIM, *(by or (SMS, CALL)), urgency=urgency, **more), directory(*STAFF), seen, now_us)
    return found


def test_a_victim_is_told_by_their_safe_channel_in_their_words() -> None:
    found = ask_victim(victim())
    assert (found.recipient, found.channel, found.address) == ("victim:V1", SMS, "+44 7700 900009")
    assert (found.words, found.trusted) == ("The parcel is late", False)


@pytest.mark.parametrize(
    "contact",
    [
        None,
        {},
        SAFE | {"safe_channels": []},
        SAFE | {"safe_channels": ["sms"]},  # no address was agreed
        SAFE | {"safe_channels": ["email:v@example.org"]},  # not one of the step's
        SAFE | {"safe_words": None},
        SAFE | {"safe_words": [" "]},
        SAFE | {"safe_hours": "when he is at work"},
        {key: value for key, value in SAFE.items() if key != "safe_hours"},
    ],
)
def test_without_safe_channels_hours_and_words_only_a_person_calls(contact: object) -> None:
    found = ask_victim(victim(contact))
    assert (found.channel, found.sends, found.words) == (CALL, True, None)


def test_nobody_under_18_is_written_to_and_the_caller_has_the_agreed_number() -> None:
    contact = SAFE | {"safe_channels": ["sms:+44 7700 900009", "call:+44 7700 900010"]}
    found = ask_victim(victim(contact, under_18=True))
    assert (found.channel, found.address) == (CALL, "+44 7700 900010")


def test_a_step_that_calls_first_calls() -> None:
    assert ask_victim(victim(), CALL, SMS).channel is CALL


NIGHT = parse_instant("2026-11-21T23:00:00Z")
BY_DAY = SAFE | {"safe_hours": "09:00-17:00"}


def test_outside_their_hours_a_person_calls_when_it_is_critical_and_else_it_waits() -> None:
    urgent = ask_victim(victim(BY_DAY), now_us=NIGHT)
    assert (urgent.channel, urgent.not_before_us) == (CALL, None)
    calm = ask_victim(victim(BY_DAY), urgency=WARNING, now_us=NIGHT)
    assert (calm.channel, calm.not_before_us) == (SMS, parse_instant("2026-11-22T09:00:00Z"))
    called = ask_victim(victim(BY_DAY), CALL, urgency=WARNING, now_us=NIGHT)
    assert (called.channel, called.not_before_us) == (CALL, parse_instant("2026-11-22T09:00:00Z"))
    assert ask_victim(victim(BY_DAY), urgency=WARNING).not_before_us is None


# ---- stand down ----


def stand_down(before: Told, seen: View, who: Directory, now_us: int = NOW) -> Notification:
    of = Tell(
        "down:1:9", before.target, (before.channel,), "withdrawn", before.urgency, ToldReason.STOOD_DOWN, again=before
    )
    (found,) = ask(of, who, seen, now_us)
    return found


@pytest.mark.parametrize(
    ("target", "channel", "address"),
    [
        (Target.SUPERVISOR, SMS, "+44 1632 960999"),
        (Target.POLICE, WEBHOOK, "https://east.example"),
        (Target.WEARER, CALL, "1"),
    ],
)
def test_failure_22_whoever_was_told_is_told_again_just_so_though_nobody_is_on_duty(
    target: Target, channel: Channel, address: str
) -> None:
    before = Told(9, target, "somebody", channel, address, CRITICAL, "alert")
    found = stand_down(before, view(), directory())
    assert (found.recipient, found.channel, found.address, found.urgency) == ("somebody", channel, address, CRITICAL)
    assert (found.sends, found.stands_down, found.reason) == (True, 9, ToldReason.STOOD_DOWN)


def test_failure_22_a_victim_is_stood_down_in_the_words_that_were_agreed_for_it() -> None:
    before = Told(9, Target.VICTIM, "victim:V1", SMS, "+44 7700 900009", CRITICAL, "alert")
    found = stand_down(before, victim(), directory())
    assert (found.channel, found.address, found.words) == (SMS, "+44 7700 900009", "It has come")


@pytest.mark.parametrize(
    "contact",
    [
        SAFE | {"safe_words": "The parcel is late"},  # said again it would tell of another alert
        SAFE | {"safe_channels": ["sms:+44 7700 900011"]},  # the old number is safe no more
        None,
    ],
)
def test_failure_22_what_was_safe_then_and_is_not_now_is_a_call(contact: object) -> None:
    before = Told(9, Target.VICTIM, "victim:V1", SMS, "+44 7700 900009", CRITICAL, "alert")
    found = stand_down(before, victim(contact), directory())
    assert (found.channel, found.recipient, found.stands_down, found.words) == (CALL, "victim:V1", 9, None)


def test_a_victim_who_was_called_is_called_again() -> None:
    before = Told(9, Target.VICTIM, "victim:V1", CALL, "+44 7700 900012", WARNING, "alert")
    found = stand_down(before, victim(BY_DAY), directory(), NIGHT)
    assert (found.channel, found.address) == (CALL, "+44 7700 900012")
    assert found.not_before_us == parse_instant("2026-11-22T09:00:00Z")


# ---- not told on purpose ----


def test_what_is_on_purpose_not_told_says_why() -> None:
    silent = tell(Target.OPERATOR, CONSOLE, reason=ToldReason.MUTED_BY, detail="3", sends=False)
    (found,) = ask(silent, directory())
    assert (found.sends, found.reason, found.detail) == (False, ToldReason.MUTED_BY, "3")


@pytest.mark.parametrize(
    ("lately", "urgency", "sends"),
    [(MOST_LATELY - 1, WARNING, True), (MOST_LATELY, WARNING, False), (10 * MOST_LATELY, CRITICAL, True)],
)
def test_too_many_of_late_are_limited_but_nothing_critical(lately: int, urgency: Severity, sends: bool) -> None:
    who = directory(*STAFF, lately={("p-sup", SMS): lately, ("supervisor", CONSOLE): lately})
    found = ask(tell(Target.SUPERVISOR, SMS, urgency=urgency), who)
    assert [one.sends for one in found] == [True, sends]
    if not sends:
        assert (found[1].reason, found[1].detail) == (ToldReason.RATE_LIMITED, "first")


def test_a_stand_down_is_never_limited() -> None:
    before = Told(9, Target.SUPERVISOR, "p-sup", SMS, "1", WARNING, "alert")
    assert stand_down(before, view(), directory(lately={("p-sup", SMS): 1000})).sends


def test_who_is_gone_is_a_record_that_is_not_sent() -> None:
    found = ask(tell(Target.SUPERVISOR, SMS), directory())
    assert all(one.reason is GONE for one in found if not one.sends)
