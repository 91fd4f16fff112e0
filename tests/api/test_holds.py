"""Legal holds over HTTP: who may, whose, once, and what the audit is told."""

from __future__ import annotations

from tests.api.doors import asks
from tests.api.working import OLA, working

DEE = asks("dee", "duty_manager")
EVE = asks("eve", "auditor")
REASON = {"reason": "an appeal was lodged"}


async def test_a_duty_manager_makes_and_ends_a_hold_and_others_do_not(database_url: str) -> None:
    async with working(database_url) as at:
        assert (await at.post("holds", {"wearer": "W1"} | REASON, OLA)).status_code == 403
        made = await at.post("holds", {"wearer": "W1"} | REASON, DEE)
        assert (made.status_code, made.headers["Location"]) == (201, "/api/v1/holds/1")
        assert made.json() == {
            "id": "1",
            "wearer": "W1",
            "reason": "an appeal was lodged",
            "made_at": "2026-11-21T12:00:01Z",
            "made_by": "dee",
            "ended_at": None,
            "ended_by": None,
            "end_reason": None,
        }
        assert [one["id"] for one in (await at.get("holds?standing=true", EVE)).json()["items"]] == ["1"]
        assert (await at.get("holds", OLA)).status_code == 403
        ended = await at.post("holds/1/end", {"reason": "dismissed"}, DEE)
        assert (ended.json()["ended_by"], ended.json()["end_reason"]) == ("dee", "dismissed")
        assert (await at.get("holds/1", EVE)).json() == ended.json()
        assert (await at.post("holds/1/end", {"reason": "again"}, DEE)).status_code == 409
        assert (await at.get("holds?standing=true", EVE)).json()["items"] == []
        told = at.ask(
            "SELECT body ->> 'deed', body -> 'subjects', body -> 'details' FROM audit_bodies ORDER BY body_no"
        )
        assert told == [
            ("holds.write", ["W1"], {"done": "made", "hold": "1"}),
            ("holds.write", ["W1"], {"done": "ended", "hold": "1"}),
        ]


async def test_a_hold_on_nobody_or_out_of_sight_is_refused_and_not_shown(database_url: str) -> None:
    async with working(database_url) as at:
        elsewhere = asks("kim", "duty_manager", "nowhere")
        assert (await at.post("holds", {"wearer": "W99"} | REASON, DEE)).status_code == 422
        assert (await at.post("holds", {"wearer": "W1"} | REASON, elsewhere)).status_code == 422
        assert (await at.post("holds", {"wearer": "W1", "reason": ""}, DEE)).status_code == 422
        await at.post("holds", {"wearer": "W1"} | REASON, DEE)
        assert (await at.get("holds", elsewhere)).json()["items"] == []
        assert (await at.get("holds/1", elsewhere)).status_code == 404
        assert (await at.post("holds/1/end", REASON, elsewhere)).status_code == 404
        assert (await at.get("holds/9999999999999999999", DEE)).status_code == 404


async def test_the_same_request_again_makes_one_hold(database_url: str) -> None:
    async with working(database_url) as at:
        for _ in range(2):
            answer = await at.post("holds", {"wearer": "W1"} | REASON, DEE, Idempotency_Key="h1")
            assert (answer.status_code, answer.json()["id"]) == (201, "1")
        assert at.ask("SELECT count(*) FROM holds") == [(1,)]
