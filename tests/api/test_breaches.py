"""Breach cases over HTTP: what may be relied on, dates that fit together, nothing edited, and who may."""

from __future__ import annotations

from typing import Any

import pytest

from domain.breaches import BreachStep
from domain.instants import DAY_US, HOUR_US, MINUTE_US, format_instant
from domain.records import Assessment, Device, Order, Version
from domain.vocabulary import AssessmentDecision, Cause, Change, DeviceKind, Kind, OrderKind, Outcome, Role
from tests.api.doors import asks
from tests.api.working import SAM, Working, working
from tests.store.made import NOON, violation_of, wearer_records

pytestmark = [pytest.mark.real, pytest.mark.slow]
DEE = asks("dee", "officer", "kent") | {"Test-Email": "dee@example.org"}
FAR = asks("far", "officer", "essex")
UPHELD = AssessmentDecision.UPHELD


def at(hours: float) -> str:
    return format_instant(NOON + round(hours * HOUR_US))


def order(kind: OrderKind = OrderKind.COMMUNITY) -> Version:
    officer = {"name": "Dee Farrow", "email": "dee@example.org"}
    return Version(Order("O1", "W1", kind, NOON - 30 * DAY_US, area="kent", officer=officer, atv_allowance_min=120.0))


async def made(there: Working) -> None:
    """Three violations, one of them upheld, one excused, one not assessed; and a monitoring gap."""
    gap = {"kind": Kind.COMMUNICATION_LOST, "cause": Cause.UNKNOWN, "condition": None}
    told = {"order": "O1", "to_us": NOON}
    found = [
        violation_of("W1-1", from_us=NOON - 3 * HOUR_US, **told),
        violation_of("W1-2", from_us=NOON - 2 * HOUR_US, **told),
        violation_of("W1-3", from_us=NOON - HOUR_US, **told | {"kind": Kind.CURFEW, "minutes_certain": 40.0}),
        violation_of("W1-4", from_us=NOON - 30 * MINUTE_US, **told | gap),
    ]
    await there.made.commit(found)
    await assessed(there, "W1-1", UPHELD)
    await assessed(there, "W1-2", AssessmentDecision.REASONABLE_EXCUSE)
    await there.look()


async def assessed(there: Working, violation: str, decision: AssessmentDecision) -> None:
    await there.made.learn(Version(Assessment(f"B-{violation}-{decision}", violation, decision, "dee", NOON, "seen")))


def case(**more: Any) -> dict[str, Any]:
    return {"order": "O1", "identified": at(-1), "violations": [{"id": "W1-1", "version": 1}]} | more


async def opened(there: Working, **more: Any) -> dict[str, Any]:
    answer = await there.post("breaches", case(**more), DEE)
    assert answer.status_code == 201, answer.text
    assert answer.headers["etag"] == '"1"'
    body: dict[str, Any] = answer.json()
    return body


async def test_what_may_be_relied_on_is_told_and_a_choice_is_whole(database_url: str) -> None:
    async with working(database_url, order(), alerts=0) as there:
        await made(there)
        told = (await there.get("orders/O1/to-rely-on", DEE)).json()
        assert [(one["violation"]["id"], one["why_not"]) for one in told["violations"]] == [
            ("W1-1", None),
            ("W1-2", "excused"),
            ("W1-3", "not_assessed"),
            ("W1-4", "monitoring_gap"),
        ]
        assert (told["minutes_counted"], told["atv_allowance_min"], told["route"]["name"]) == (
            40.0,
            120.0,
            "court@2020-01-01",
        )
        (mine,) = (await there.get("orders-at-hand", DEE)).json()["items"]
        counts = ("order", "to_assess", "upheld", "otherwise", "monitoring_gaps", "minutes_counted", "cases")
        assert [mine[name] for name in counts] == ["O1", 1, 1, 1, 1, 40.0, []]

        whole = await opened(there, narrative="He was near the school.")
        assert [(one["violation"]["id"], one["relied"], one["why"]) for one in whole["violations"]] == [
            ("W1-1", True, ""),
            ("W1-2", False, "assessed: reasonable excuse"),
            ("W1-3", False, "it has not been assessed, or is disputed"),
            ("W1-4", False, "it is a monitoring gap: its cause is not the wearer"),
        ]
        assert (whole["status"], whole["wearer"], whole["narratives"][0]["ready"]) == ("identified", "W1", False)
        assert (whole["next"]["step"], whole["next"]["due_day"]) == ("authority_notified", "2026-11-23")


async def test_dates_are_corrected_and_never_edited_up_to_a_result(database_url: str) -> None:
    async with working(database_url, order(), alerts=0) as there:
        await made(there)
        number = (await opened(there))["id"]
        path = f"breaches/{number}"
        asked = {"step": "pack_requested", "at": at(-0.5)}
        named: dict[str, str] = {"If_Match": '"1"', "Idempotency_Key": "k1"}
        whole = (await there.post(f"{path}/steps", asked, DEE, **named)).json()
        assert (whole["status"], whole["revision"]) == ("pack_requested", "2")
        again = await there.post(f"{path}/steps", asked, DEE, **named)
        assert (again.status_code, again.json()) == (200, whole), "an answer that was lost is given again"
        assert (await there.post(f"{path}/steps", asked, DEE, If_Match='"1"')).status_code == 412
        assert (await there.post(f"{path}/narratives", {"text": "Better.", "ready": True}, DEE)).status_code == 200
        entry = whole["steps"][-1]["id"]
        mended = {"step": "pack_requested", "at": at(-0.25), "corrects": entry, "why": "read the wrong clock"}
        whole = (await there.post(f"{path}/steps", mended, DEE)).json()
        assert [(one["at"], one["stands"]) for one in whole["steps"][1:]] == [(at(-0.5), False), (at(-0.25), True)]
        again = await there.post(f"{path}/steps", mended, DEE)
        assert (again.status_code, again.json()["errors"][0]["field"]) == (422, "corrects")
        resting = "SELECT violation_id FROM rests_on WHERE kind = 'breach' AND ended_at IS NULL"
        assert there.ask(resting) == [("W1-1",)]
        over = {"step": "result", "at": at(0), "result": "withdrawn"}
        whole = (await there.post(f"{path}/steps", over, DEE)).json()
        assert (whole["status"], whole["ended"]) == ("decided", at(0))
        assert there.ask(resting) == []
        listed = (await there.get("breaches?order=O1&status=decided&open=false", DEE)).json()["items"]
        assert [one["id"] for one in listed] == [number]
        assert (await there.get("breaches?open=true&wearer=W1", DEE)).json()["items"] == []
        deeds = there.ask(
            "SELECT body -> 'details' ->> 'done' FROM audit_bodies WHERE body ->> 'deed' = 'breaches.write' ORDER BY 1"
        )
        assert [one for (one,) in deeds] == [
            "corrected:pack_requested",
            "dated:pack_requested",
            "dated:result",
            "narrated",
            "opened",
        ]
        assert there.ask("SELECT count(*) > 1 FROM audit_bodies WHERE body ->> 'deed' = 'breaches.read'") == [(True,)]


MAY_NOT: Any = [
    ({"order": "O9"}, "order", "there is no such order"),
    ({"identified": at(1)}, "at", "Breach identified cannot be ahead: it is when it happened"),
    ({"identified": "2019-01-01T00:00:00Z"}, "identified", "no route for community held then"),
    ({"violations": [{"id": "W1-2", "version": 1}]}, "violations.0", "it was assessed otherwise than upheld"),
    (
        {"violations": [{"id": "W1-3", "version": 1}]},
        "violations.0",
        f"it has not been assessed, or is disputed: curfew from {at(-1)}",
    ),
    (
        {"violations": [{"id": "W1-1", "version": 1}, {"id": "W1-3", "version": 1}]},
        "violations.1",
        f"it has not been assessed, or is disputed: curfew from {at(-1)}",
    ),
    (
        {"violations": [{"id": "W1-4", "version": 1}]},
        "violations.0",
        "it is a monitoring gap: its cause is not the wearer",
    ),
    ({"violations": [{"id": "W1-1", "version": 2}]}, "violations.0", "has changed since you saw it: look at it again"),
    ({"violations": [{"id": "W1-9", "version": 1}]}, "violations.0", "is no current violation of this order"),
]


async def test_what_a_case_may_not_be(embedded_url: str) -> None:
    async with working(embedded_url, order(), alerts=0) as there:
        await made(there)
        for more, field, cause in MAY_NOT:
            answer = await there.post("breaches", case(**more), DEE)
            assert answer.status_code == 422, answer.text
            assert answer.json()["errors"][0] == {"field": field, "cause": cause}
            assert "W1" not in answer.text
        assert there.ask("SELECT count(*) FROM breaches") == [(0,)]


async def test_who_may_and_whose_cases(embedded_url: str) -> None:
    async with working(embedded_url, order(), alerts=0) as there:
        await made(there)
        twice = [await there.post("breaches", case(), DEE, Idempotency_Key="k1") for _ in range(2)]
        assert twice[0].json() == twice[1].json()
        number = twice[0].json()["id"]
        assert there.ask("SELECT count(*) FROM breaches") == [(1,)]
        assert (await there.get(f"breaches/{number}", SAM)).status_code == 200
        assert (await there.post("breaches", case(), SAM)).status_code == 403, "the centre reads"
        for path in (f"breaches/{number}", "orders/O1/to-rely-on"):
            assert (await there.get(path, FAR)).status_code == 404
        assert (await there.get("breaches", FAR)).json()["items"] == []
        step = {"step": "pack_requested", "at": at(-0.5)}
        assert (await there.post(f"breaches/{number}/steps", step, FAR)).status_code == 404
        for role in (Role.OPERATOR, Role.POLICE, Role.ENFORCEMENT, Role.FIELD, Role.AUDITOR, Role.ADMINISTRATOR):
            assert (await there.get("breaches", asks("x", role))).status_code == 403, role
        assert (await there.get("orders-at-hand", asks("eve", "officer", "kent"))).json()["items"] == []
        assert len((await there.get("orders-at-hand?all=true", asks("eve", "officer", "kent"))).json()["items"]) == 2


async def test_failure_22_what_a_breach_rests_on_is_a_critical_task_when_it_no_longer_stands(database_url: str) -> None:
    """Withdrawn by the rules, or its alert closed as equipment: of a case that goes on, and of a recall that was carried out."""
    async with working(database_url, order(OrderKind.LICENCE), alerts=0) as there:
        await made(there)
        number = (await opened(there))["id"]
        dates = ({"step": "authority_notified", "at": at(-0.9)}, {"step": "recall", "at": at(-0.5)})
        for body in (*dates, {"step": "result", "at": at(-0.1), "result": "recalled_standard"}):
            assert (await there.post(f"breaches/{number}/steps", body, DEE)).status_code == 200
        alert = there.ask("SELECT alert_no FROM alert_violations WHERE violation_id = 'W1-1'")[0][0]
        assert (await there.post(f"alerts/{alert}/claim")).status_code == 200
        closing = {"outcome": Outcome.EQUIPMENT, "note": "the lot was recalled by its maker"}
        assert (await there.post(f"alerts/{alert}/close", closing)).status_code == 200
        there.clock.forward(61)
        await there.look()
        raised = "SELECT w.about ->> 'rests_on', a.severity FROM alerts a JOIN alert_work w USING (alert_no) WHERE kind = 'rests_on_withdrawn'"
        assert there.ask(raised) == [(f"breach:{number}", "critical")]
        whole = (await there.get(f"breaches/{number}", DEE)).json()
        assert whole["ended"] is None, "it goes on resting as long as it is served"
        other = (await opened(there))["id"]
        await there.made.commit([violation_of("W1-1", 2, change=Change.WITHDRAWN, order="O1")])
        there.clock.forward(1)
        await there.look()
        assert {row[0] for row in there.ask(raised)} == {f"breach:{number}", f"breach:{other}"}
        stands = [
            (one["withdrawn"], one["stands"], one["words"])
            for one in (await there.get(f"breaches/{other}", DEE)).json()["violations"]
        ]
        assert stands[0] == (True, False, "it was withdrawn")
        assert BreachStep.ENDED in [one["step"] for one in whole["taken_by"]["stages"]]


async def test_failure_09_everything_that_rests_on_devices_of_a_lot(database_url: str) -> None:
    """Also a breach that rests on a violation of which there never was an alert."""
    lot, others = wearer_records("W2", "T2"), order()
    async with working(database_url, others, *lot, alerts=0) as there:
        await made(there)
        await there.made.learn(Version(Device("T1", DeviceKind.GPS_TAG, lot="2026-03")))
        quiet = violation_of("W1-5", order="O1", from_us=NOON - 5 * HOUR_US, to_us=NOON - 4 * HOUR_US)
        await there.made.commit([quiet], changes=[])
        await assessed(there, "W1-5", UPHELD)
        number = (await opened(there, violations=[{"id": "W1-5", "version": 1}], left_out_because="older"))["id"]
        found = (await there.get("lots/2026-03", SAM)).json()
        assert found["devices"] == 1
        assert [(one["what"], one["reference"], one["violations"], one["state"]) for one in found["resting"][:1]] == [
            ("breach", number, ["W1-5"], "standing")
        ]
        alerts = {one["violations"][0] for one in found["resting"] if one["what"] == "alert"}
        assert alerts == {"W1-1", "W1-2", "W1-3", "W1-4"}
        assert {one["wearer"] for one in found["resting"]} == {"W1"}
        assert (await there.get("lots/2026-03", asks("far", "supervisor", "essex"))).json()["resting"] == []
        assert (await there.get("lots/2026-04", SAM)).status_code == 404
        assert (await there.get("lots/2026-03", DEE)).status_code == 403
