"""Over HTTP: every change is in the audit with who and whom, every look at positions before it is answered, and auditors read it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from access.grants import Deed
from api.audited import needs_entry
from api.doors import deeds_of
from domain.instants import SECOND_US, format_instant
from tests.api.auditing import KeptAudit
from tests.api.doors import asks
from tests.api.serving import app_over, client_of
from tests.api.sides import Side
from tests.api.working import CLOSING, OLA, SAM, Working, working
from tests.store.made import ask

EVE = asks("eve", "auditor")
HOUR = 3600


async def entries(at: Working, query: str = "") -> list[dict[str, Any]]:
    """As an auditor reads them, the oldest first."""
    answer = await at.get(f"audit{query}", EVE)
    assert answer.status_code == 200, answer.text
    return list(reversed(answer.json()["items"]))


@pytest.mark.slow
async def test_everything_that_is_done_at_the_desk_is_in_the_audit_with_who_and_whom(database_url: str) -> None:
    async with working(database_url, alerts=2) as at:
        await at.post("alerts/1/claim", who=OLA, Bailiwick_Purpose="the evening shift")
        await at.post("alerts/1/contacts", {"party": "wearer", "answered": True, "said": "at the shop"}, OLA)
        await at.post("alerts/1/close", CLOSING, OLA)
        await at.post("alerts/bulk", {"event": "claim", "items": [{"id": "1"}, {"id": "2"}]}, SAM)
        span = {"to": format_instant(at.clock() + HOUR * SECOND_US)}
        mute = (await at.post("mutes", span | {"wearer": "W1", "reason": "a repair"}, SAM)).json()["id"]
        await at.post(f"mutes/{mute}/end", who=SAM)
        told = await entries(at)
        done = [(one["who"], one["deed"], one["details"]["done"], one["subjects"]) for one in told]
        assert done == [
            ("ola", "alerts.work", "claim", ["W1"]),
            ("ola", "alerts.work", "contact", ["W1"]),
            ("ola", "alerts.work", "close", ["W1"]),
            ("sam", "alerts.work", "claim", ["W1"]),
            ("sam", "alerts.work", "mute", ["W1"]),
            ("sam", "alerts.work", "end_mute", ["W1"]),
        ]
        assert [one["details"].get("alerts") for one in told] == [["1"], ["1"], ["1"], ["2"], None, None]
        assert told[0]["why"] == "the evening shift"
        assert "shop" not in json.dumps(told), "what was said is in the contact log alone"


async def test_what_is_refused_and_what_is_only_previewed_leaves_nothing(database_url: str) -> None:
    async with working(database_url) as at:
        assert (await at.post("alerts/1/release", who=OLA)).status_code == 409
        assert (await at.post("alerts/99/claim", who=OLA)).status_code == 404
        assert (await at.post("alerts/bulk", {"event": "release", "items": [{"id": "1"}]}, OLA)).status_code == 200
        later = format_instant(at.clock() + HOUR * SECOND_US)
        await at.post("mutes/preview", {"wearer": "W1", "to": later}, OLA)
        assert at.ask("SELECT count(*) FROM audit_entries") == [(0,)]


async def test_the_same_request_again_is_one_entry(database_url: str) -> None:
    async with working(database_url) as at:
        for _ in range(2):
            assert (await at.post("alerts/1/claim", who=OLA, Idempotency_Key="k1")).status_code == 200
        assert at.ask("SELECT count(*) FROM audit_entries") == [(1,)]


async def test_auditors_ask_who_did_what_to_whom_and_are_audited_too(database_url: str) -> None:
    async with working(database_url) as at:
        await at.post("alerts/1/claim", who=OLA)
        await at.post("alerts/1/release", who=OLA)
        at.clock.forward(60)
        await at.post("alerts/1/claim", who=SAM)
        assert [one["who"] for one in await entries(at, "?subject=W1")] == ["ola", "ola", "sam"]
        assert [one["details"]["done"] for one in await entries(at, "?who=ola")] == ["claim", "release"]
        begin = format_instant(at.clock())
        assert [one["who"] for one in await entries(at, f"?deed=alerts.work&from={begin}")] == ["sam"]
        asked = await entries(at, "?deed=audit.read")
        assert [(one["who"], one["role"], one["subjects"]) for one in asked] == [
            ("eve", "auditor", ["W1"]),
            ("eve", "auditor", []),
            ("eve", "auditor", []),
        ]
        assert asked[1]["details"] == {"asked": {"who": "ola"}}
        first = (await at.get("audit?limit=2&subject=W1", EVE)).json()
        second = (await at.client.get(first["next"], headers=EVE)).json()
        numbers = [int(one["id"]) for one in first["items"] + second["items"]]
        assert numbers == sorted(numbers, reverse=True)
        lines = await at.client.get("/api/v1/audit?who=sam", headers=EVE | {"Accept": "application/x-ndjson"})
        assert [json.loads(line)["who"] for line in lines.text.splitlines()] == ["sam"]


async def test_nobody_but_auditors_reads_the_audit(database_url: str) -> None:
    async with working(database_url) as at:
        for role in ("operator", "supervisor", "duty_manager", "administrator", "police", "officer"):
            assert (await at.get("audit", asks("x", role))).status_code == 403, role
        assert at.ask("SELECT count(*) FROM audit_entries") == [(0,)]


async def test_what_is_in_the_audit_names_its_caller_and_address(database_url: str) -> None:
    async with working(database_url) as at:
        await at.post("alerts/1/claim", who=OLA)
        ((body,),) = ask(database_url, "SELECT body FROM audit_bodies")
        assert set(body) == {
            *("who", "role", "by", "address", "session", "deed", "subject_type", "subjects", "why", "details")
        }


async def test_positions_are_audited_before_they_are_shown(side: Side) -> None:
    app = app_over(side)
    kept: KeptAudit = app.state.parts.audit
    async with client_of(app) as client:
        assert (await client.get("/api/v1/positions")).status_code == 200
        assert [(one.deed, one.subject_type) for one in kept.kept] == [("positions.read", "wearer")]


async def test_an_answer_that_the_audit_has_not_heard_of_is_not_given(side: Side) -> None:
    """A route that forgets: its tests fail, and nobody sees what it would have shown."""
    app = app_over(side)

    class Deaf(KeptAudit):
        async def look(self, entry: Any) -> None:
            """Nothing is heard."""

    object.__setattr__(app.state.parts, "audit", Deaf())
    async with client_of(app) as client:
        answer = await client.get("/api/v1/positions")
        assert answer.status_code == 500
        assert "items" not in answer.text


async def test_where_no_audit_is_kept_nothing_is_shown(side: Side) -> None:
    app = app_over(side)
    object.__setattr__(app.state.parts, "audit", None)
    async with client_of(app) as client:
        assert (await client.get("/api/v1/positions")).status_code == 503
        assert (await client.get("/api/v1/audit", headers=EVE)).status_code == 503


async def test_every_route_that_changes_or_shows_positions_is_guarded(side: Side) -> None:
    """By its deed; whoever adds a route that does either under another deed changes this list."""
    unguarded = {deed for deed in Deed if not needs_entry(deed)}
    assert all(deed.value.endswith(".read") for deed in unguarded)
    assert not unguarded & {Deed.READ_POSITIONS, Deed.READ_LAST_PLACE, Deed.READ_PROTECTED_PLACES, Deed.READ_AUDIT}
    changing = [
        (route.path, deed)
        for route, deed in deeds_of(app_over(side))
        if deed is not None and deed in unguarded and route.methods & {"POST", "PUT", "PATCH", "DELETE"}
    ]
    assert [path for path, _ in changing if not path.endswith("/preview")] == []
