"""Warrants over HTTP: who sees which, who holds it, and the last place for whoever does."""

from __future__ import annotations

from typing import Any

import pytest

from domain.instants import DAY_US, HOUR_US, format_instant
from domain.vocabulary import Change, Role
from tests.api.doors import asks
from tests.api.test_positions import CASELOAD, OUTSIDE, fix, fleet, record
from tests.api.working import OLA, Working, working
from tests.store.made import NOON, change_of, violation_of

SUE = asks("sue", "supervisor")
EVE = asks("eve", "enforcement", "kent") | {"Test-Organisation": "kent-warrants"}
ERIC = asks("eric", "enforcement", "kent") | {"Test-Organisation": "other-warrants"}
FAR = asks("far", "enforcement", "essex") | {"Test-Organisation": "essex-warrants"}


def warrant(name: str = "W2", **more: Any) -> dict[str, Any]:
    held = {"agency": "kent-warrants", "person": "P. Carey"}
    issued = {"kind": "breach", "wearer": name, "area": "kent", "reference": "MC-44/26"}
    return issued | {"issued": format_instant(NOON - DAY_US)} | held | more


async def issued(at: Working, who: dict[str, str] = SUE, **more: Any) -> str:
    answer = await at.post("warrants", warrant(**more), who)
    assert answer.status_code == 201, answer.text
    assert answer.headers["etag"] == '"1"'
    return str(answer.json()["id"])


async def test_enforcement_sees_warrants_of_its_area_and_the_last_place_of_those_it_holds(database_url: str) -> None:
    async with fleet(database_url) as at:
        number = await issued(at)
        assert [one["id"] for one in (await at.get("warrants", EVE)).json()["items"]] == [number]
        assert (await at.get(f"warrants/{number}", ERIC)).json()["holder"]["agency"] == "kent-warrants"
        assert (await at.get("wearers/W2", EVE)).status_code == 200
        assert (await at.get("wearers/W2", ERIC)).status_code == 404, "seen by whoever holds the warrant"
        place = (await at.get(f"warrants/{number}/last-place", EVE)).json()
        assert (place["position"]["t"], place["age_s"]) == (format_instant(NOON), 1.0)
        assert (await at.get(f"warrants/{number}/last-place", ERIC)).status_code == 403
        assert (await at.get(f"warrants/{number}/last-place", SUE)).status_code == 403, "she reads the trail"
        assert (await at.get("positions", EVE)).status_code == 403
        assert (await at.get("wearers/W2/trail", EVE)).status_code == 403
        looks = at.ask(
            "SELECT body ->> 'who', body -> 'subjects' FROM audit_bodies WHERE body ->> 'deed' = 'last_place.read'"
        )
        assert looks == [("eve", ["W2"])]


async def test_the_last_place_is_the_newest_that_orders_permit(database_url: str) -> None:
    async with fleet(database_url) as at:
        number = await issued(at, wearer="W3")
        await fix(at, 3, NOON + 1, OUTSIDE)
        place = (await at.get(f"warrants/{number}/last-place", EVE)).json()
        assert place["position"]["t"] == format_instant(NOON), "later they were where nothing permits to look"
        nowhere = await issued(at, wearer="W4")
        assert (await at.get(f"warrants/{nowhere}/last-place", EVE)).json()["position"] is None
        await at.made.raised("W4-1", condition=None, from_us=NOON)
        seen = (await at.get(f"warrants/{nowhere}/last-place", EVE)).json()["position"]
        assert (seen["lon"], seen["lat"]) == OUTSIDE, "around an open alert"


async def test_a_hand_over_ends_the_sight_of_who_held_it_and_keeps_the_history(database_url: str) -> None:
    async with fleet(database_url) as at:
        number = await issued(at)
        path = f"warrants/{number}/hand-over"
        other = {"agency": "other-warrants", "person": "Q. Dent"}
        assert (await at.post(path, other, ERIC)).status_code == 403, "it is not theirs to hand over"
        moved = await at.post(path, other, EVE, If_Match='"1"')
        assert moved.status_code == 200, moved.text
        assert [one["agency"] for one in moved.json()["holdings"]] == ["kent-warrants", "other-warrants"]
        assert moved.json()["holdings"][0]["to"] == moved.json()["holdings"][1]["from"]
        assert (await at.get(f"warrants/{number}/last-place", EVE)).status_code == 403
        assert (await at.get("wearers/W2", EVE)).status_code == 404
        assert (await at.get(f"warrants/{number}/last-place", ERIC)).status_code == 200
        late = await at.post(path, other, SUE, If_Match='"1"')
        assert late.status_code == 412
        for none in ("soon", f'"{"9" * 30}"', '"x", "1"'):
            assert (await at.post(path, other, SUE, If_Match=none)).status_code == 412, none
        ended = await at.post(f"warrants/{number}/end", {"outcome": "executed"}, ERIC)
        assert (ended.json()["outcome"], ended.json()["holder"]) == ("executed", None)
        assert (await at.get(f"warrants/{number}/last-place", ERIC)).status_code == 409
        assert (await at.post(f"warrants/{number}/end", {"outcome": "executed"}, SUE)).status_code == 409
        deeds = at.ask(
            "SELECT body -> 'details' ->> 'done' FROM audit_bodies WHERE body ->> 'deed' = 'warrants.write' ORDER BY body_no"
        )
        assert [done for (done,) in deeds] == ["issued", "handed_over", "ended"]


async def test_warrants_of_another_area_are_not_there(database_url: str) -> None:
    async with fleet(database_url) as at:
        number = await issued(at)
        assert (await at.get("warrants", FAR)).json()["items"] == []
        assert (await at.get(f"warrants/{number}", FAR)).status_code == 404
        assert (await at.get(f"warrants/{number}/last-place", FAR)).status_code == 404
        assert (await at.post(f"warrants/{number}/end", {"outcome": "executed"}, FAR)).status_code == 404
        for role in (Role.OPERATOR, Role.POLICE, Role.FIELD, Role.AUDITOR, Role.ADMINISTRATOR):
            assert (await at.get("warrants", asks("x", role))).status_code == 403, role
        officer = asks("dee", "officer", "kent")
        assert (await at.get(f"warrants/{number}", officer)).status_code == 200
        assert (await at.get("warrants?open=false", officer)).json()["items"] == []
        assert len((await at.get("warrants?wearer=W2", officer)).json()["items"]) == 1


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"wearer": "W99"}, "wearer"),
        ({"wearer": "W7"}, "wearer"),
        ({"area": "essex"}, "area"),
        ({"violations": ["W7-1"]}, "violation"),
        ({"issued": format_instant(NOON + HOUR_US)}, "issued"),
        ({"reference": " "}, "reference"),
        ({"kind": "search"}, "kind"),
    ],
)
async def test_what_a_warrant_may_not_be(more: dict[str, Any], field: str, embedded_url: str) -> None:
    async with working(embedded_url, *CASELOAD, alerts=0) as at:
        answer = await at.post("warrants", warrant(**more), asks("dee", "officer", "kent"))
        assert answer.status_code == 422
        assert [one["field"] for one in answer.json()["errors"]] == [field]
        assert at.ask("SELECT count(*) FROM warrants") == [(0,)]


async def test_what_rests_on_a_violation_says_so_until_the_warrant_ends(database_url: str) -> None:
    async with fleet(database_url) as at:
        await at.made.raised("W2-1", condition=None)
        number = await issued(at, violations=["W2-1"])
        query = "SELECT kind, reference, violation_id, ended_at IS NULL FROM rests_on"
        assert at.ask(query) == [("warrant", number, "W2-1", True)]
        assert (await at.post(f"warrants/{number}/end", {"outcome": "withdrawn"}, SUE)).status_code == 200
        assert at.ask(query) == [("warrant", number, "W2-1", False)]


async def test_a_hand_over_is_accepted_and_an_execution_says_where_and_when(database_url: str) -> None:
    async with fleet(database_url) as at:
        number = await issued(at)
        path = f"warrants/{number}"
        assert (await at.post(f"{path}/accept", None, ERIC)).status_code == 403
        assert (await at.post(f"{path}/accept", None, EVE, If_Match='"9"')).status_code == 412
        for do, body in (
            ("hand-over", {"agency": "a\0b", "person": "Q"}),
            ("end", {"outcome": "expired", "note": "a\0b"}),
        ):
            assert (await at.post(f"{path}/{do}", body, EVE)).status_code == 422
        assert (await at.post("warrants", warrant(reference="a\0b"), SUE)).status_code == 422
        taken = (await at.post(f"{path}/accept", None, EVE, If_Match='"1"')).json()
        assert (taken["holder"]["accepted_by"], taken["revision"]) == ("eve", "2")
        assert (await at.post(f"{path}/accept", None, EVE)).json() == taken, "said again it changes nothing"
        moved = await at.post(f"{path}/hand-over", {"agency": "other-warrants", "person": "Q"}, EVE, If_Match='"2"')
        assert [one["accepted_by"] for one in moved.json()["holdings"]] == ["eve", None]
        done = {"outcome": "executed", "place": "Canal Street, Maidstone", "note": "two of us"}
        for wrong in (NOON - 2 * DAY_US, NOON + HOUR_US):
            late = await at.post(f"{path}/end", done | {"at": format_instant(wrong)}, ERIC)
            assert (late.status_code, late.json()["errors"][0]["field"]) == (422, "at")
        ended = (await at.post(f"{path}/end", done | {"at": format_instant(NOON - HOUR_US)}, ERIC)).json()
        assert (ended["happened"], ended["place"]) == (format_instant(NOON - HOUR_US), done["place"])
        assert (await at.post(f"{path}/accept", None, ERIC)).status_code == 409
        deeds = at.ask("SELECT body -> 'details' ->> 'done' FROM audit_bodies WHERE body ->> 'deed' = 'warrants.write'")
        assert sorted(done for (done,) in deeds) == ["accepted", "ended", "handed_over", "issued"]


async def test_warrants_that_are_out_come_in_order_with_why_for_whoever_may_see(database_url: str) -> None:
    async with fleet(database_url) as at:
        plain = await issued(at, issued=format_instant(NOON - 3 * DAY_US))
        recall = await issued(at, wearer="W3", kind="recall", agency="other-warrants")
        risky = {"type": "wearer", "id": "W4", "name": "Ann Invented", "rosh": "high", "mappa": 2}
        await at.made.learn(record(**risky))
        high = await issued(at, wearer="W4", kind="fail_to_attend")
        over = await issued(at)
        assert (await at.post(f"warrants/{over}/end", {"outcome": "executed"}, SUE)).status_code == 200
        found = (await at.get("warrants/ranked", SUE)).json()["items"]
        assert (found[0]["warrant"]["id"], found[0]["place"]) == (high, 1)
        assert {one["warrant"]["id"] for one in found} == {plain, recall, high}
        assert (found[0]["why"]["rosh"], found[0]["why"]["mappa"]) == ("high", 2)
        assert found[1]["after_by"] == "rosh"
        mine = {
            one["warrant"]["id"]: one["why"] is None for one in (await at.get("warrants/ranked", EVE)).json()["items"]
        }
        assert mine == {high: False, plain: False, recall: True}, "of whom another agency holds only the place is told"
        first = (await at.get("warrants/ranked?limit=2", SUE)).json()
        rest = (await at.get(first["next"].removeprefix("/api/v1/"), SUE)).json()
        assert [*first["items"], *rest["items"]] == found
        assert rest["next"] is None
        assert (await at.get("warrants/ranked", FAR)).json()["items"] == []
        figures = (await at.get("warrants/figures", SUE)).json()["items"]
        assert (figures[0]["all"], figures[0]["out_in_all"], figures[0]["executed"]) == (True, None, None), "too few"
        assert (await at.get("warrants/figures", FAR)).json()["items"][0]["out_in_all"] == 0
        assert (await at.get("warrants/ranked", OLA)).status_code == 403


async def test_what_rests_on_a_violation_says_so_until_the_warrant_ends_and_when_it_no_longer_stands(
    database_url: str,
) -> None:
    """Failure 22."""
    async with fleet(database_url) as at:
        await at.made.raised("W2-1", condition=None)
        number = await issued(at, violations=["W2-1"])
        assert (await at.get(f"warrants/{number}", EVE)).json()["rests_on"] == [
            {"violation": "W2-1", "withdrawn": False}
        ]
        at.clock.forward(60)
        await at.look()
        gone = violation_of("W2-1", 2, change=Change.WITHDRAWN, condition=None, decided_us=at.clock())
        await at.made.commit([gone], [change_of(gone, withdrawn=True)], at_us=at.clock())
        await at.look()
        assert (await at.get(f"warrants/{number}", EVE)).json()["rests_on"] == [
            {"violation": "W2-1", "withdrawn": True}
        ]
        raised = at.ask("SELECT severity, wearer FROM alerts WHERE kind = 'rests_on_withdrawn'")
        assert raised == [("critical", "W2")], "somebody may be in a cell"


async def test_a_warrant_rests_on_what_its_breach_case_relies_on(database_url: str) -> None:
    async with fleet(database_url) as at:
        await at.made.raised("W2-1", condition=None)
        at.ask(
            "WITH made AS (INSERT INTO breaches (order_id, order_kind, wearer, route, status, made_at, made_by)"
            " VALUES ('O2', 'community', 'W2', 'community', 'begun', now(), 'dee') RETURNING breach_no)"
            " INSERT INTO breach_violations (breach_no, choice, violation_id, version, relied, why, told_how, made_at, made_by)"
            " SELECT breach_no, 1, 'W2-1', 1, true, '', '', now(), 'dee' FROM made RETURNING 1"
        )
        number = await issued(at, breach="1")
        body = (await at.get(f"warrants/{number}", SUE)).json()
        assert (body["breach"], [one["violation"] for one in body["rests_on"]]) == ("1", ["W2-1"])
        for more in ({"breach": "2"}, {"breach": "1", "wearer": "W3"}):
            refused = await at.post("warrants", warrant(**more), SUE)
            assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "breach")


async def test_the_same_warrant_sent_twice_is_one(database_url: str) -> None:
    async with fleet(database_url) as at:
        twice = [await at.post("warrants", warrant(), SUE, Idempotency_Key="k1") for _ in range(2)]
        assert twice[0].json() == twice[1].json()
        assert at.ask("SELECT count(*) FROM warrants") == [(1,)]


async def test_field_officers_see_whom_they_visit_today_and_no_place(database_url: str) -> None:
    async with fleet(database_url) as at:
        visit = {"type": "visit", "id": "X1", "wearer": "W2", "kind": "inspect", "outcome": "done"}
        await at.made.learn(record(**visit | {"at": format_instant(NOON + HOUR_US)}))
        fay = asks("fay", "field", "kent")
        assert [one["id"] for one in (await at.get("wearers", fay)).json()["items"]] == ["W2"]
        assert (await at.get("wearers/W3", fay)).status_code == 404
        for path in ("positions", "wearers/W2/trail", "alerts", "violations"):
            assert (await at.get(path, fay)).status_code == 403
        assert (await at.get("wearers/W2", OLA)).status_code == 200
