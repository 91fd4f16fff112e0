"""The protocols that ship say what alerts.md says, for every kind, severity, level, victim and age."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

import msgspec
import pytest

from alerts.machine import Act
from alerts.protocol_checks import OPERATOR, check, every_case
from alerts.protocol_reading import KINDS, Keys, read_protocols
from alerts.protocols import Action, Case, Flag, Protocols, Target
from alerts.rehearsal import Turn, rehearse
from alerts.severity import FIXED, INCIDENTS
from alerts.shipped import FILE, in_force, shipped_protocols, shipped_text
from alerts.state import Answers, Tell
from alerts.texts import shipped_catalogues
from bailiwick.protocols_text import markdown
from domain.instants import HOUR_US, MINUTE_US, SECOND_US
from domain.vocabulary import AlertEvent, AlertWork, Channel, Kind, Level, Outcome, Severity, ToldReason
from tests.alerts.made import at
from tests.alerts.playing import of_case, plain_case

PROJECT = Path(__file__).parents[2]
START_US = at("19:00:00")
LOSS_OF_PROTECTION = (
    *("strap_tamper", "case_tamper", "shielding", "jamming", "battery_dead", "lost_in_zone", "proximity_unknown"),
    *("unmonitored", "protection_ended"),
)
LEVELS = [Level.STANDARD, Level.ENHANCED, Level.INTENSIVE]


@cache
def told(case: Case, hours: int = 3, **_: object) -> list[tuple[int, Tell]]:
    """(seconds after it was raised, what is told) if nobody acts."""
    return told_with(case, [], hours)


def told_with(case: Case, turns: list[Turn], hours: int = 3) -> list[tuple[int, Tell]]:
    alert, around = of_case(case)
    played = rehearse(alert, around, shipped_protocols(), START_US + hours * HOUR_US, turns)
    return [((line.at_us - START_US) // SECOND_US, tell) for line in played.lines for tell in line.tells if tell.sends]


def when(found: list[tuple[int, Tell]], target: Target, text: str | None = None) -> list[int]:
    return [after_s for after_s, tell in found if tell.target is target and text in (None, tell.text)]


def in_order(found: list[tuple[int, Tell]], *targets: Target) -> list[Target]:
    """Of some targets, the order in which each is first told."""
    return list(dict.fromkeys(tell.target for _, tell in found if tell.target in targets))


# ---- the file ----


def test_the_file_stands_in_the_package_and_is_read_whole() -> None:
    path = PROJECT / "alerts" / "shipped" / FILE
    assert path.read_text(encoding="utf-8") == shipped_text()
    assert msgspec.convert(tomllib.loads(shipped_text()), Protocols) == shipped_protocols()
    assert read_protocols(shipped_text(), FILE) == shipped_protocols()


@pytest.mark.slow
def test_the_validator_lets_it_through() -> None:
    assert check(shipped_protocols()) == []


def test_a_body_of_the_store_is_the_same_again() -> None:
    assert in_force(None) == shipped_protocols()
    body = msgspec.json.decode(msgspec.json.encode(shipped_protocols()))
    assert in_force(body) == shipped_protocols()


@pytest.mark.slow
def test_every_text_stands_in_every_catalogue() -> None:
    policys = {"cleared", "open_again", "shortened", "withdrawn", "promise_due"}
    policys |= {f"closed_{outcome}" for outcome in ("false", "equipment", "duplicate")}
    for book in shipped_catalogues().values():
        assert read_protocols(shipped_text(), FILE, Keys(book.text, book.task)) == shipped_protocols()
        assert policys <= set(book.text)


def test_the_page_has_its_table() -> None:
    page = (PROJECT / "docs" / "protocols.md").read_text(encoding="utf-8")
    assert page.split("<!-- protocols -->\n")[1].split("\n<!-- end -->")[0] == markdown(shipped_protocols())


def test_the_page_names_every_key_and_word() -> None:
    page = (PROJECT / "docs" / "protocols.md").read_text(encoding="utf-8").split("<!-- protocols -->")[0]
    for words in (*(type(one) for one in (Target.WEARER, Flag.OFTEN, Action.TASK, Channel.SMS)), INCIDENTS):
        for word in words:
            assert f"`{word}`" in page, word


def test_every_kind_level_victim_and_age_has_a_protocol() -> None:
    assert all(shipped_protocols().choose(case) is not None for case in every_case())
    assert {case.kind for case in every_case()} >= {*Kind, *INCIDENTS} == set(KINDS)


# ---- critical ----


@pytest.mark.slow
def test_a_critical_alert_goes_to_the_supervisor_at_120_s_and_to_the_duty_manager_at_300_s_then_every_10_minutes() -> (
    None
):
    for case in (case for case in every_case() if case.severity is Severity.CRITICAL):
        hold_s = 120 if case.kind in ("communication_lost", "location_lost") else 0
        found = told(case)
        assert when(found, Target.SUPERVISOR, "unclaimed") == [hold_s + 120], case
        again = [hold_s + s for s in range(300, 3 * 3600, 600) if hold_s + s <= 3 * 3600]
        assert when(found, Target.DUTY_MANAGER, "unclaimed") == again, case


@pytest.mark.slow
def test_a_critical_alert_that_is_open_after_60_minutes_goes_to_the_duty_manager_however_often_claimed() -> None:
    claims = [START_US + minutes * MINUTE_US for minutes in range(1, 180, 5)]
    turns = [Turn(us, Act(AlertEvent.CLAIM, us, OPERATOR)) for us in claims]
    for case in (case for case in every_case() if case.severity is Severity.CRITICAL):
        hold_s = 120 if case.kind in ("communication_lost", "location_lost") else 0
        found = told_with(case, turns)
        assert when(found, Target.DUTY_MANAGER, "unclaimed") == [], case
        expected = [hold_s + s for s in (3600, 7200, 10800) if hold_s + s <= 10800]
        assert when(found, Target.DUTY_MANAGER, "still_open") == expected, case


@pytest.mark.slow
def test_cleared_stops_no_step_of_a_critical_alert_that_tells_a_person() -> None:
    for case in (case for case in every_case() if case.severity is Severity.CRITICAL):
        over = [
            (after_s, tell.target, tell.text)
            for after_s, tell in told_with(case, [Turn(START_US + 1, alert={"active": False})])
            if tell.reason is not ToldReason.CLEARED
        ]
        if case.kind in ("communication_lost", "location_lost"):
            continue  # over within its first 120 s
        assert over == [(after_s, tell.target, tell.text) for after_s, tell in told(case)], case


# ---- proximity ----


def test_at_pre_alert_the_wearer_is_called_and_the_victim_is_not_told() -> None:
    found = told(plain_case("proximity_prealert", Severity.WARNING, victim=True))
    [(after_s, call)] = [(after_s, tell) for after_s, tell in found if tell.target is Target.WEARER]
    assert (after_s, call.by, call.text) == (0, (Channel.CALL,), "wearer_leave_area")
    assert in_order(found, Target.VICTIM, Target.POLICE) == []


def test_at_pre_alert_when_the_wearer_does_not_answer_the_victim_and_the_police_are_told() -> None:
    no_answer = Turn(START_US + MINUTE_US, around={"answers": Answers(wearer=False)})
    found = told_with(plain_case("proximity_prealert", Severity.WARNING, victim=True), [no_answer])
    assert when(found, Target.VICTIM) == when(found, Target.POLICE) == [60]
    assert in_order(found, Target.VICTIM, Target.POLICE) == [Target.VICTIM, Target.POLICE]


def test_at_alert_the_victim_and_the_police_are_told_at_once() -> None:
    found = told(plain_case("proximity_alert", victim=True))
    assert when(found, Target.VICTIM)[0] == when(found, Target.POLICE)[0] == 0
    assert in_order(found, Target.VICTIM, Target.POLICE, Target.WEARER) == [Target.VICTIM, Target.POLICE, Target.WEARER]


def test_at_the_third_pre_alert_in_7_days_the_wearer_is_not_called() -> None:
    case = plain_case("proximity_prealert", Severity.WARNING, victim=True)
    for prealerts, calls in ((2, 1), (3, 0), (4, 0)):
        known = Turn(START_US, around={"prealerts_7d": prealerts})
        assert len(when(told_with(case, [known]), Target.WEARER)) == calls


def test_at_alert_the_wearer_is_called_even_after_three_pre_alerts() -> None:
    known = Turn(START_US, around={"prealerts_7d": 5})
    assert when(told_with(plain_case("proximity_alert", victim=True), [known]), Target.WEARER) == [60]


# ---- loss of protection ----


@pytest.mark.parametrize("kind", LOSS_OF_PROTECTION)
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("under_18", [False, True])
def test_loss_of_protection_tells_the_victim_then_the_police_then_the_wearer(
    kind: str, level: Level, under_18: bool
) -> None:
    for severity in (Severity.CRITICAL, Severity.SERIOUS):
        found = told(Case(kind, severity, level, True, under_18))
        order = in_order(found, Target.VICTIM, Target.POLICE, Target.WEARER)
        assert order == [Target.VICTIM, Target.POLICE, Target.WEARER]
        assert when(found, Target.VICTIM)[0] == when(found, Target.POLICE)[0] == 0


@pytest.mark.parametrize("kind", ["communication_lost", "location_lost"])
@pytest.mark.parametrize("severity", list(Severity))
def test_contact_lost_of_10_minutes_tells_the_victim_then_the_police_then_the_wearer(
    kind: str, severity: Severity
) -> None:
    found = told(plain_case(kind, severity, victim=True))
    order = in_order(found, Target.VICTIM, Target.POLICE, Target.WEARER)
    assert order == [Target.VICTIM, Target.POLICE, Target.WEARER]
    assert when(found, Target.VICTIM)[0] == when(found, Target.POLICE)[0] == 600
    over = Turn(START_US + 9 * MINUTE_US, alert={"active": False})
    if severity is not Severity.CRITICAL:
        assert in_order(told_with(plain_case(kind, severity, victim=True), [over]), Target.VICTIM, Target.POLICE) == []


def test_contact_that_rises_while_it_is_lost_does_not_begin_its_10_minutes_again() -> None:
    rises = Turn(START_US + 8 * MINUTE_US, around={"severity": Severity.CRITICAL})
    found = told_with(plain_case("communication_lost", Severity.SERIOUS, victim=True), [rises])
    assert when(found, Target.VICTIM)[0] == 600


def test_who_an_outage_lets_go_of_after_10_minutes_has_the_victim_told_then() -> None:
    held = Turn(START_US, alert={"grouped_under": "outage-1"})
    let_go = Turn(START_US + 10 * MINUTE_US, alert={"grouped_under": None})
    found = told_with(plain_case("communication_lost", Severity.SERIOUS, victim=True), [held, let_go])
    assert when(found, Target.VICTIM)[0] == when(found, Target.POLICE)[0] == 600


def test_a_victims_own_unit_silent_is_a_call_and_without_an_answer_in_5_minutes_the_police() -> None:
    for case in (
        plain_case("victim_unit_silent", victim=True),
        plain_case("victim_unit_silent", own_unit=True),
        plain_case("battery_dead", Severity.SERIOUS, own_unit=True),
    ):
        found = told(case)
        assert [(s, t.by) for s, t in found if t.target is Target.VICTIM] == [(0, (Channel.CALL,))]
        assert when(found, Target.POLICE) == [300]
        answered = Turn(START_US + 4 * MINUTE_US, around={"answers": Answers(victim=True)})
        assert when(told_with(case, [answered]), Target.POLICE) == []


@pytest.mark.slow
def test_nobody_calls_the_wearer_about_a_victims_own_unit() -> None:
    for case in (
        case for case in every_case() if case.own_unit and case.kind in ("sos", "battery_low", "battery_dead")
    ):
        assert when(told(case, 25), Target.WEARER) == when(told(case, 25), Target.RESPONSIBLE_ADULT) == []


# ---- under 18 ----


@pytest.mark.slow
def test_under_18_the_responsible_adult_is_told_before_the_wearer_whatever_it_is() -> None:
    seen = set()
    for case in (case for case in every_case() if case.under_18):
        protocol = shipped_protocols().choose(case)
        assert protocol is not None
        if protocol.id in seen:
            continue
        seen.add(protocol.id)
        found = told(case, 25)
        if case.kind in ("communication_lost", "location_lost") and not when(found, Target.WEARER):
            continue
        order = in_order(found, Target.RESPONSIBLE_ADULT, Target.WEARER)
        assert order in ([], [Target.RESPONSIBLE_ADULT, Target.WEARER]), case
        assert when(told(msgspec.structs.replace(case, under_18=False)), Target.RESPONSIBLE_ADULT) == []


@pytest.mark.slow
def test_under_18_the_wearer_is_not_called_at_night_but_for_critical_and_the_adult_is() -> None:
    night = Turn(START_US, around={"quiet_until_us": START_US + 12 * HOUR_US})
    day = Turn(START_US + 12 * HOUR_US, around={"quiet_until_us": None})
    for case in (case for case in every_case() if case.under_18 and case.level is Level.STANDARD):
        found = told_with(case, [night, day], 13)
        early = [s for s in when(found, Target.WEARER) if s < 12 * 3600]
        if case.severity is not Severity.CRITICAL:
            assert early == [], case
        if when(told(case), Target.RESPONSIBLE_ADULT):
            assert min(when(found, Target.RESPONSIBLE_ADULT)) <= 720, case


# ---- the rest ----


@pytest.mark.parametrize("kind", ["exclusion_zone", "restriction_zone", "strap_tamper"])
def test_the_police_are_told_sooner_the_higher_the_level(kind: str) -> None:
    first = [min(when(told(plain_case(kind, level=level)), Target.POLICE), default=10**9) for level in LEVELS]
    assert first == sorted(first, reverse=True)
    assert first[2] == 0
    assert len(set(first)) == 3


def test_a_tamper_is_a_call_to_the_wearer_and_a_visit() -> None:
    alert, around = of_case(plain_case("strap_tamper"))
    played = rehearse(alert, around, shipped_protocols(), START_US + HOUR_US)
    assert [task.text for line in played.lines for task in line.tasks] == ["task_visit"]
    assert 0 in when(told(plain_case("strap_tamper")), Target.WEARER)


def tells_the_officer(case: Case) -> bool:
    """Whether its protocol tells the officer at once, or ever; what operators are to do for the officer tells nobody."""
    protocol = shipped_protocols().choose(case)
    assert protocol is not None
    assert protocol.then is None
    return any(one.to is Target.OFFICER and one.action is not Action.TASK for one in protocol.steps)


def test_only_what_is_critical_interrupts_an_officer_and_all_of_a_wearers_that_is_does() -> None:
    severities = {kind.value: severity for kind, severity in FIXED.items()} | INCIDENTS
    can_be = [case for case in every_case() if severities.get(case.kind, case.severity) is case.severity]
    assert len({case.kind for case in can_be if case.severity is not Severity.CRITICAL}) > 30
    for case in can_be:
        if case.severity is not Severity.CRITICAL:
            assert not tells_the_officer(case), case
        elif case.kind in {*Kind} - {"victim_unit_silent"} and not case.own_unit:
            assert tells_the_officer(case), case


def test_what_becomes_critical_interrupts_the_officer_then() -> None:
    rises = Turn(START_US + 2 * HOUR_US, around={"severity": Severity.CRITICAL})
    assert when(told_with(plain_case("curfew", Severity.SERIOUS), []), Target.OFFICER) == []
    assert when(told_with(plain_case("curfew", Severity.SERIOUS), [rises]), Target.OFFICER) == [7200]
    assert when(
        told_with(plain_case("communication_lost", Severity.SERIOUS, victim=True), [rises]), Target.OFFICER
    ) == [7200]


@pytest.mark.parametrize("kind", ["zone_transit", "association", "attendance_unconfirmed", "hours_short", "curfew"])
def test_information_is_told_on_the_console_and_closes_itself_when_it_is_over(kind: str) -> None:
    case = plain_case(kind, Severity.INFORMATION)
    assert {tell.by[0] for _, tell in told(case)} <= {Channel.CONSOLE}
    alert, around = of_case(case)
    over = [Turn(START_US + HOUR_US, alert={"active": False})]
    played = rehearse(alert, around, shipped_protocols(), START_US + 2 * HOUR_US, over)
    assert (played.alerts[1].job.work, played.alerts[1].job.outcome) == (AlertWork.CLOSED, Outcome.EXPLAINED)


def test_a_little_loss_of_contact_is_told_to_nobody() -> None:
    assert told(plain_case("communication_lost", Severity.INFORMATION)) == []


def test_what_rests_on_a_withdrawn_violation_is_told_to_the_officer_and_the_duty_manager_until_it_is_answered() -> None:
    case = plain_case("rests_on_withdrawn")
    found = told(case)
    assert when(found, Target.OFFICER) == [0, 3600, 7200, 10800]
    assert when(found, Target.DUTY_MANAGER, "rests_on_withdrawn") == list(range(0, 10801, 600))
    claimed_us = START_US + MINUTE_US
    answered = [
        Turn(claimed_us, Act(AlertEvent.CLAIM, claimed_us, OPERATOR)),
        *(
            Turn(us, Act(AlertEvent.ACTION, us, OPERATOR))
            for us in range(claimed_us + SECOND_US, START_US + 3 * HOUR_US, 10 * MINUTE_US)
        ),
    ]
    found = told_with(case, answered)
    assert when(found, Target.OFFICER) == when(found, Target.DUTY_MANAGER, "rests_on_withdrawn") == [0]


def test_what_could_not_be_delivered_is_told_by_several_channels() -> None:
    found = told(plain_case("undelivered"))
    by = {tell.by[0] for after_s, tell in found if tell.target is Target.SUPERVISOR and after_s == 0}
    assert by == {Channel.SMS, Channel.EMAIL}
