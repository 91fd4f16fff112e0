"""The rota: who is on duty, gaps a day ahead, and files that are refused by line and field."""

from __future__ import annotations

import json
from typing import Any

import pytest

from alerts.protocols import Action, Protocol, Protocols, Step, Target
from alerts.rota import Gap, anywhere, chain, gap_alerts, gaps, needed_roles, on_duty, read_rota
from domain.errors import BadInput
from domain.instants import DAY_US, HOUR_US
from domain.records import Area
from domain.rota import Shift
from domain.vocabulary import AreaKind, Role
from tests.alerts.made import at

AREAS = {
    area.id: area
    for area in (
        Area("south", AreaKind.REGION, "South"),
        Area("elham", AreaKind.PDU, "Elham", "south"),
        Area("lyminge", AreaKind.DISTRICT, "Lyminge", "elham"),
        Area("north", AreaKind.REGION, "North"),
    )
}
OPERATOR, SUPERVISOR, OFFICER = Role.OPERATOR, Role.SUPERVISOR, Role.OFFICER


def shift(name: str, role: Role = SUPERVISOR, from_: str = "08:00:00", to: str = "20:00:00", **more: Any) -> Shift:
    return Shift(name, role, f"p-{name}", name.title(), at(from_), at(to), **more)


def names(shifts: list[Shift]) -> list[str]:
    return [one.id for one in shifts]


def duty(
    shifts: list[Shift], clock: str, area: str | None = None, organisation: str | None = None, role: Role = SUPERVISOR
) -> list[str]:
    return names(on_duty(shifts, role, area, organisation, AREAS, at(clock)))


@pytest.mark.parametrize(
    ("clock", "found"), [("07:59:59", []), ("08:00:00", ["a"]), ("19:59:59", ["a"]), ("20:00:00", [])]
)
def test_a_shift_is_half_open(clock: str, found: list[str]) -> None:
    assert duty([shift("a")], clock) == found


def test_the_nearest_area_that_has_anybody_counts() -> None:
    everywhere, region, pdu = shift("all"), shift("region", area="south"), shift("pdu", area="elham", to="12:00:00")
    known = [everywhere, region, pdu, shift("other", area="north")]
    assert duty(known, "11:00:00", "lyminge") == ["pdu"]
    assert duty(known, "12:00:00", "lyminge") == ["region"]
    assert duty(known, "12:00:00", None) == ["all"]
    assert duty([everywhere], "12:00:00", "lyminge") == ["all"]
    assert duty(known, "12:00:00", "an area that nobody knows") == ["all"]


def test_areas_in_a_ring_end() -> None:
    ring = {"a": Area("a", AreaKind.PDU, "", "b"), "b": Area("b", AreaKind.PDU, "", "a")}
    assert chain("a", ring) == ["a", "b", None]


def test_the_organisation_counts_outside_the_centre_alone() -> None:
    youth, anyone = shift("youth", OFFICER, organisation="youth_justice"), shift("any", OFFICER)
    assert duty([youth, anyone], "12:00:00", None, "youth_justice", OFFICER) == ["youth"]
    assert duty([youth, anyone], "12:00:00", None, "probation", OFFICER) == ["any"]
    assert duty([youth], "12:00:00", None, "probation", OFFICER) == []
    assert duty([shift("ours", organisation="the_centre")], "12:00:00", None, "probation") == ["ours"]


def test_the_lowest_priority_is_first_and_senior_people_are_found_anywhere() -> None:
    known = [shift("b", priority=2), shift("a", area="north"), shift("c", priority=1), shift("d", OFFICER)]
    assert duty(known, "12:00:00", "elham") == ["c", "b"]
    assert names(anywhere(known, {SUPERVISOR, Role.DUTY_MANAGER}, at("12:00:00"))) == ["a", "c", "b"]


# ---- gaps ----

FROM, TO = at("00:00:00"), at("00:00:00") + DAY_US


def test_a_gap_of_every_area_is_one_and_an_area_of_its_own_is_named() -> None:
    known = [shift("south", area="south"), shift("north", area="north", to="18:00:00")]
    found = gaps(known, {SUPERVISOR: ["lyminge", "north"]}, FROM, TO, AREAS)
    assert found == [
        Gap(SUPERVISOR, None, None, at("08:00:00")),
        Gap(SUPERVISOR, "north", at("18:00:00"), at("20:00:00")),
        Gap(SUPERVISOR, None, at("20:00:00"), TO),
    ]


def test_shifts_that_touch_leave_no_gap_and_a_second_between_two_is_one() -> None:
    touching = [shift("a", from_="00:00:00", to="12:00:00"), shift("b", from_="12:00:00", to="23:59:59")]
    assert gaps(touching, {SUPERVISOR: [None]}, FROM, TO, AREAS) == [Gap(SUPERVISOR, None, at("23:59:59"), TO)]
    assert gaps(touching, {}, FROM, TO, AREAS) == []


def test_a_gap_is_an_alert_a_day_ahead_and_the_same_one_however_often_it_is_asked() -> None:
    week = [
        Shift(f"s{day}", SUPERVISOR, "p1", "A. Able", FROM + day * DAY_US, FROM + (day + 1) * DAY_US)
        for day in range(-8, 2)
        if day != 1
    ]
    wanted = {SUPERVISOR: [None]}
    assert gap_alerts(week, wanted, FROM - 1, AREAS) == []  # it begins in a day and a microsecond
    ahead = gap_alerts(week, wanted, FROM + HOUR_US, AREAS)
    later = gap_alerts(week, wanted, FROM + 23 * HOUR_US, AREAS)
    under_way = gap_alerts(week, wanted, TO + HOUR_US, AREAS)
    assert {one.episode for one in (*ahead, *later, *under_way)} == {"rota_gap:supervisor:all:2026-11-22T00:00:00Z"}
    assert ahead[0].kind == "rota_gap"
    assert ahead[0].body["from"] == "2026-11-22T00:00:00Z"
    mended = [*week, Shift("s1", SUPERVISOR, "p1", "A. Able", TO, TO + 3 * DAY_US)]
    assert gap_alerts(mended, wanted, FROM + HOUR_US, AREAS) == []


def test_a_role_that_was_never_covered_is_an_alert_a_day() -> None:
    episodes = [
        gap_alerts([], {SUPERVISOR: ["north"]}, FROM + hour * HOUR_US, AREAS)[0].episode for hour in (0, 5, 23, 24)
    ]
    assert len(set(episodes)) == 2


def test_roles_are_those_that_steps_tell() -> None:
    def step(action: Action, to: Target) -> Step:
        return Step(after_s=0, action=action, to=to, text="alert")

    told = (step(Action.NOTIFY, Target.OPERATOR), step(Action.ESCALATE, Target.DUTY_MANAGER))
    others = (
        step(Action.TASK, Target.VICTIM_LIAISON),
        step(Action.NOTIFY, Target.POLICE),
        step(Action.NOTIFY, Target.VICTIM),
    )
    adult = (step(Action.NOTIFY, Target.RESPONSIBLE_ADULT), step(Action.NOTIFY, Target.WEARER))
    known = Protocols(1, (Protocol(id="a", version=1, title="", steps=(*told, *others, *adult)),))
    assert needed_roles(known) == {OPERATOR, Role.DUTY_MANAGER}


# ---- the file ----

GOOD = {
    "id": "S1",
    "role": "supervisor",
    "person": "p1",
    "name": "A. Able",
    "from": "2026-11-21T08:00:00Z",
    "to": "2026-11-21T20:00:00Z",
}


def line(**changed: Any) -> str:
    return json.dumps({key: value for key, value in (GOOD | changed).items() if value is not ...})


def test_a_file_is_read_with_its_defaults() -> None:
    whole = line(
        id="S2",
        area="elham",
        organisation="probation",
        role="officer",
        phone="+44 1632 960001",
        email="a.able@example.org",
        priority=2,
    )
    found = read_rota([line(), "", whole], "rota.ndjson", AREAS)
    assert found[0] == Shift("S1", SUPERVISOR, "p1", "A. Able", at("08:00:00"), at("20:00:00"))
    assert (found[1].area, found[1].phone, found[1].priority) == ("elham", "+44 1632 960001", 2)


@pytest.mark.parametrize(
    ("changed", "field", "cause"),
    [
        ({"role": "auditor"}, "role", "must be one of operator"),
        ({"area": "elam"}, "area", "an area that the caseload does not have"),
        ({"to": "2026-11-21T08:00:00Z"}, "to", "must be after it"),
        ({"to": "2026-12-31T08:00:00Z"}, "to", "nobody is on duty so long"),
        ({"from": "yesterday"}, "from", "must be a date and time with its zone"),
        ({"person": ...}, "person", "is missing"),
        ({"name": " "}, "name", "is empty"),
        ({"priority": 0}, "priority", "must be a whole number from 1"),
        ({"email": "able"}, "email", "must be an address"),
        ({"role": "officer"}, "phone", "told by one of them"),
        ({"role": "police", "phone": "101"}, "area", "control room"),
        ({"phonr": "1"}, "phonr", "is not a key of this record"),
    ],
)
def test_a_bad_line_is_refused_by_line_field_and_cause(changed: dict[str, Any], field: str, cause: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_rota([line(id="S0"), line(**changed)], "rota.ndjson", AREAS)
    fault = refused.value.faults[0]
    assert (fault.file, fault.line, fault.field) == ("rota.ndjson", 2, field)
    assert cause in fault.cause


def test_every_fault_of_a_file_is_told_at_once() -> None:
    lines = ["{", line(role="x", name=""), line(), line()]
    with pytest.raises(BadInput) as refused:
        read_rota(lines, "rota.ndjson", AREAS)
    assert [(fault.line, fault.field) for fault in refused.value.faults] == [
        (1, "line"),
        (2, "role"),
        (2, "name"),
        (4, "id"),
    ]
