"""Work on alerts over HTTP, the desk over a real database: what is done, what is refused and with which words, done once."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import pytest

from api.desk import REPLAYED
from api.guard import LONGEST_BODY
from domain.instants import DAY_US, HOUR_US, MINUTE_US, SECOND_US, format_instant
from domain.records import Version, Wearer
from domain.rota import Shift
from domain.vocabulary import Kind, Level, Role
from store import Store
from tests.api.doors import NOBODY, asks
from tests.api.serving import app_over, client_of
from tests.api.sides import Side
from tests.api.working import CLOSING, OLA, PIA, SAM, working
from tests.store.made import NOON, violation_of

# ---- one alert ----


async def test_an_alert_is_claimed_acted_on_and_closed_and_the_answer_is_the_alert(database_url: str) -> None:
    async with working(database_url) as at:
        before = await at.get("alerts/1")
        assert (before.json()["work"], before.headers["etag"]) == ("raised", f'"{before.json()["revision"]}"')
        claimed = await at.post("alerts/1/claim", If_Match=before.headers["etag"])
        assert (claimed.status_code, claimed.json()["holder"]) == (200, "ola")
        assert claimed.json()["claim_ends"] == format_instant(at.clock() + 15 * MINUTE_US)
        assert claimed.headers["etag"] != before.headers["etag"]
        assert claimed.json() == (await at.get("alerts/1")).json()
        acted = await at.post("alerts/1/action", {"explanation": "my phone was off"}, If_Match=claimed.headers["etag"])
        assert acted.json()["work"] == "actioned"
        closed = await at.post("alerts/1/close", CLOSING)
        assert (closed.json()["work"], closed.json()["outcome"], closed.json()["closed_by"]) == (
            *("closed", "confirmed", "ola"),
        )
        reopened = await at.post("alerts/1/reopen")
        assert (reopened.json()["work"], reopened.json()["outcome"]) == ("raised", None)
        told = at.ask("SELECT event, by_name, by_role, outcome, note, explanation FROM alert_events ORDER BY event_no")
        assert told == [
            ("claim", "ola", "operator", None, None, None),
            ("action", "ola", "operator", None, None, "my phone was off"),
            ("close", "ola", "operator", "confirmed", "seen on the map", None),
            ("reopen", "ola", "operator", None, None, None),
        ]


async def test_it_is_released_and_escalated(embedded_url: str) -> None:
    async with working(embedded_url) as at:
        await at.post("alerts/1/claim")
        assert (await at.post("alerts/1/release")).json()["work"] == "raised"
        assert (await at.post("alerts/1/escalate", {"note": "two of them"})).json()["work"] == "raised"
        assert at.ask("SELECT target FROM notifications WHERE reason = 'escalation'") == [("supervisor",)]


async def test_a_stale_revision_is_412_with_who_changed_it_and_when(database_url: str) -> None:
    async with working(database_url) as at:
        seen = (await at.get("alerts/1")).headers["etag"]
        await at.post("alerts/1/claim", who=PIA, If_Match=seen)
        late = await at.post("alerts/1/close", CLOSING, If_Match=seen)
        assert late.status_code == 412
        assert late.headers["content-type"] == "application/problem+json"
        assert late.json()["changed"] == {"revision": "2", "event": "claim", "by": "pia", "at": "2026-11-21T12:00:01Z"}
        assert "pia did claim at 2026-11-21T12:00:01Z" in late.json()["detail"]
        assert (await at.get("alerts/1")).json()["work"] == "claimed"
        assert (await at.post("alerts/1/claim", who=PIA, If_Match="*")).status_code == 200
        for other in ("3", "nonsense", 'W/"3"', f'"{"9" * 30}"', '"x", "2"'):
            refused = await at.post("alerts/1/claim", who=PIA, If_Match=other)
            assert refused.status_code == 412, other
            assert "alert 1 is at revision 3, not the one that you sent: " in refused.json()["detail"], other
        assert (await at.post("alerts/1/claim", who=PIA, If_Match='"x", "3"')).status_code == 200


async def test_what_the_machine_refuses_is_409_in_words_and_changes_nothing(database_url: str) -> None:
    async with working(database_url) as at:
        await at.post("alerts/1/claim", who=PIA)
        for event, body, who, words in (
            ("claim", None, OLA, "pia has claimed it"),
            ("close", CLOSING, OLA, "pia has claimed it"),
            ("close", {"outcome": "confirmed"}, PIA, "a note in your own words"),
            ("close", {"outcome": "withdrawn", "note": "x"}, PIA, "the rules' own"),
            ("reopen", None, PIA, "does not take it"),
        ):
            refused = await at.post(f"alerts/1/{event}", body, who)
            assert refused.status_code == 409, event
            assert words in refused.json()["detail"]
        assert (await at.post("alerts/1/claim", who=SAM)).json()["holder"] == "sam", "a supervisor takes over"
        assert at.ask("SELECT event, by_name FROM alert_events ORDER BY event_no") == [
            ("claim", "pia"),
            ("claim", "sam"),
        ]


async def test_a_closing_can_be_undone_for_a_minute(embedded_url: str) -> None:
    async with working(embedded_url) as at:
        await at.post("alerts/1/close", CLOSING)
        at.clock.forward(61)
        late = await at.post("alerts/1/reopen")
        assert (late.status_code, "60 seconds" in late.json()["detail"]) == (409, True)


REFUSED = [
    ("alerts/99/claim", None, 404, None),
    (f"alerts/{2**63}/claim", None, 404, None),
    ("alerts/x/claim", None, 422, "alert"),
    ("alerts/1/close", None, 422, "body"),
    ("alerts/1/close", {"note": "x"}, 422, "outcome"),
    ("alerts/1/close", {"outcome": "fine"}, 422, "outcome"),
    ("alerts/1/claim", {"notes": "x"}, 422, "notes"),
    ("alerts/1/claim", {"Aseema Invented": "x"}, 422, "(a key)"),
    ("alerts/1/claim", {"note": "x" * 4001}, 422, "note"),
    ("alerts/1/claim", {"note": "a\0b"}, 422, "note"),
    ("alerts/1/claim", [], 422, "body"),
    ("alerts/99/contacts", {"party": "wearer"}, 404, None),
    ("alerts/1/contacts", {"party": "nobody"}, 422, "party"),
    ("contacts", {"party": "police", "promised": "to come"}, 422, "promised"),
    ("contacts", {"party": "police", "promised_at": 5}, 422, "promised_at"),
    ("contacts/7/kept", None, 404, "contact"),
    (f"contacts/{2**63}/kept", None, 404, "contact"),
    ("tasks/99/done", None, 404, "task"),
    ("mutes/99/end", None, 404, "mute"),
    ("mutes", {"wearer": "W9", "to": "2026-11-21T13:00:00Z", "reason": "x"}, 422, "wearer"),
    ("mutes", {"wearer": "W1", "to": "2026-11-21T11:00:00Z", "reason": "x"}, 422, "to"),
    ("mutes", {"wearer": "W1", "to": "tomorrow", "reason": "x"}, 422, "to"),
    ("mutes/preview", {"wearer": "W1", "to": "2026-11-23T13:00:00Z"}, 422, "to"),
    ("mutes/preview", {"wearer": "W9", "to": "2026-11-21T13:00:00Z"}, 422, "wearer"),
    ("alerts/bulk", {"event": "claim"}, 422, "items"),
    ("alerts/bulk", {"event": "claim", "filter": {}}, 422, "filter"),
    ("alerts/bulk", {"event": "claim", "items": [], "filter": {"kinds": ["sos"]}}, 422, "filter"),
    ("alerts/bulk", {"event": "clear", "items": [{"id": "1"}]}, 422, "event"),
    ("alerts/bulk", {"event": "claim", "items": [{"id": "1"}, {"id": "01"}]}, 422, "items"),
    ("alerts/bulk", {"event": "claim", "items": [{"id": str(n)} for n in range(1001)]}, 422, "items"),
]


async def test_what_cannot_be_taken_is_refused_with_its_field(embedded_url: str) -> None:
    async with working(embedded_url) as at:
        for path, body, status, field in REFUSED:
            answer = await at.post(path, body)
            assert answer.status_code == status, (path, body, answer.text)
            assert answer.headers["content-type"] == "application/problem+json"
            fields = [one["field"].rpartition(".")[2] for one in answer.json().get("errors", [])]
            assert fields[:1] == ([field] if field else []), (path, body)
            assert "Aseema" not in answer.text
        assert at.ask("SELECT count(*) FROM alert_events") == [(0,)]
        assert at.ask("SELECT (SELECT count(*) FROM contacts) + (SELECT count(*) FROM mutes)") == [(0,)]


# ---- who asks ----


NOT_LET_IN: list[tuple[dict[str, str], int]] = [(NOBODY, 401), (asks("vera", "victim_liaison"), 403)]


async def test_who_does_not_say_who_they_are_changes_nothing(embedded_url: str) -> None:
    bodies = {"alerts/bulk": {"event": "claim", "items": [{"id": "1"}]}, "contacts": {"party": "other"}}
    bodies |= {"alerts/1/contacts": {"party": "other"}, "alerts/1/close": CLOSING}
    bodies |= {"mutes": {"wearer": "W1", "to": "2026-11-21T13:00:00Z", "reason": "x"}}
    events = [f"alerts/1/{event}" for event in ("claim", "release", "action", "escalate", "reopen")]
    async with working(embedded_url) as at:
        for path in (*bodies, *events, "contacts/1/kept", "tasks/1/done", "mutes/1/end"):
            for who, status in NOT_LET_IN:
                answer = await at.post(path, bodies.get(path), who)
                assert answer.status_code == status, (path, who)
                if status == 401:
                    assert "sign in" in answer.json()["detail"]
                    assert answer.headers["www-authenticate"]
        assert (await at.get("alerts/1")).json()["revision"] == "1"
        assert at.ask("SELECT count(*) FROM contacts") == at.ask("SELECT count(*) FROM mutes") == [(0,)]


async def test_a_page_from_elsewhere_is_refused_before_it_can_ask(embedded_url: str) -> None:
    async with working(embedded_url) as at:
        preflight = {
            "Origin": "https://evil.example",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "bailiwick-actor,bailiwick-role",
        }
        answer = await at.client.request("OPTIONS", "/api/v1/alerts/1/claim", headers=preflight)
        assert answer.status_code == 405
        assert not [name for name in answer.headers if name.startswith("access-control")]
        form = NOBODY | {"Origin": "https://evil.example", "Content-Type": "text/plain"}
        assert (await at.client.post("/api/v1/alerts/1/claim", content="{}", headers=form)).status_code == 401
        away = OLA | {"Host": "evil.example"}
        assert (await at.client.post("/api/v1/alerts/1/claim", headers=away)).status_code == 421
        assert (await at.get("alerts/1")).json()["revision"] == "1"


async def test_a_body_that_is_too_long_is_not_read(full: Side) -> None:
    async def drip() -> Any:
        for _ in range(20):
            yield b"x" * 100_000

    async with client_of(app_over(full)) as client:
        for body in (b"x" * (LONGEST_BODY + 1), drip()):
            answer = await client.post("/api/v1/alerts/1/claim", content=body, headers=OLA)
            assert answer.status_code == 413, answer.text


async def test_without_a_desk_the_routes_say_so(client: httpx2.AsyncClient) -> None:
    for path in ("tasks", "mutes", "protocols", "rota", "alerts/1/history"):
        answer = await client.get(f"/api/v1/{path}")
        assert (answer.status_code, answer.json()["detail"]) == (503, "the desk is not set up in this process")
    for path in ("alerts/1/claim", "alerts/1/release", "tasks/1/done", "mutes/1/end"):
        answer = await client.post(f"/api/v1/{path}", headers=OLA)
        assert (answer.status_code, answer.json()["detail"]) == (503, "the desk is not set up in this process")


@pytest.mark.slow
async def test_who_waits_for_long_is_told_to_come_again_and_may_under_the_same_key(embedded_url: str) -> None:
    async with working(embedded_url) as at:
        async with at.made.work.hold([1], at.clock()):
            answer = await at.post("alerts/1/claim", Idempotency_Key="k")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert "somebody else" in answer.json()["detail"]
        assert (await at.post("alerts/1/claim", Idempotency_Key="k")).json()["holder"] == "ola"


# ---- done once ----


async def test_the_same_key_gives_the_first_answer_again_and_does_nothing_twice(database_url: str) -> None:
    async with working(database_url) as at:
        first = await at.post("alerts/1/claim", Idempotency_Key="a-1")
        await at.post("alerts/1/release")
        again = await at.post("alerts/1/claim", Idempotency_Key="a-1")
        assert (again.json(), again.headers["etag"]) == (first.json(), first.headers["etag"])
        assert (REPLAYED in first.headers, again.headers[REPLAYED]) == (False, "true")
        assert (await at.get("alerts/1")).json()["work"] == "raised"
        other = await at.post("alerts/1/claim", {"note": "x"}, Idempotency_Key="a-1")
        assert (other.status_code, other.json()["errors"][0]["field"]) == (422, "Idempotency-Key")
        mine = await at.post("alerts/1/claim", who=PIA, Idempotency_Key="a-1")
        assert (mine.status_code, mine.json()["holder"]) == (200, "pia"), "another's key is another's"
        refused = await at.post("alerts/1/claim", Idempotency_Key="a-2")
        await at.post("alerts/1/release", who=PIA)
        still = await at.post("alerts/1/claim", Idempotency_Key="a-2")
        assert (refused.status_code, still.status_code, still.json()) == (409, 409, refused.json())
        at.clock.forward(DAY_US / 1_000_000 + 1)
        assert (await at.post("alerts/1/claim", {"note": "x"}, Idempotency_Key="a-1")).json()["holder"] == "ola"
        assert at.ask("SELECT actor, key FROM answers_given") == [("ola", "a-1")], "dropped after a day"
        assert (await at.post("alerts/1/claim", Idempotency_Key="a b")).status_code == 422


async def test_an_answer_that_was_kept_is_not_for_whoever_sees_less_now_nor_for_another_query(
    embedded_url: str,
) -> None:
    async with working(embedded_url) as at:
        contact = {"party": "police", "said": "an invented word"}
        made = await at.post("contacts", contact, asks("ola"), Idempotency_Key="k")
        assert made.status_code == 201
        for who, path in (
            (asks("ola", areas="kent"), "contacts"),
            (asks("ola", "supervisor"), "contacts"),
            (asks("ola"), "contacts?again=1"),
        ):
            other = await at.client.post(f"/api/v1/{path}", json=contact, headers=who | {"Idempotency-Key": "k"})
            assert (other.status_code, REPLAYED in other.headers) == (422, False), (who, path)
        assert (await at.post("contacts", contact, asks("ola"), Idempotency_Key="k")).json() == made.json()
        assert at.ask("SELECT count(*) FROM contacts") == [(1,)]


async def test_what_is_made_is_made_once(embedded_url: str) -> None:
    async with working(embedded_url) as at:
        called = {"party": "wearer", "answered": False, "number": "0000"}
        mute = {"wearer": "W1", "to": format_instant(at.clock() + HOUR_US), "reason": "a known fault"}
        for path, body in (("alerts/1/contacts", called), ("contacts", called), ("mutes", mute)):
            made = [await at.post(path, body, SAM, Idempotency_Key="k") for _ in range(3)]
            assert [one.status_code for one in made] == [201] * 3
            assert len({one.json()["id"] for one in made}) == 1
        assert at.ask("SELECT (SELECT count(*) FROM contacts), (SELECT count(*) FROM mutes)") == [(2, 1)]


async def test_failure_14_the_same_request_many_times_at_once_is_done_once(database_url: str) -> None:
    async with working(database_url) as at:
        asks = [at.post("alerts/1/close", CLOSING, Idempotency_Key="k") for _ in range(8)]
        answers = await asyncio.gather(*asks)
        assert {one.status_code for one in answers} <= {200, 409}
        assert at.ask("SELECT count(*) FROM alert_events WHERE event = 'close'") == [(1,)]
        for one in answers:
            if one.status_code == 409:
                assert one.headers["retry-after"] == "1", "its answer is on the way"
        again = await at.post("alerts/1/close", CLOSING, Idempotency_Key="k")
        assert (again.status_code, again.json()["work"]) == (200, "closed")


async def test_a_key_whose_answer_was_lost_does_nothing_again(embedded_url: str) -> None:
    async with working(embedded_url) as at:
        await at.post("alerts/1/claim", Idempotency_Key="k")
        at.ask("UPDATE answers_given SET status = NULL, body = NULL RETURNING 1")
        lost = await at.post("alerts/1/claim", Idempotency_Key="k")
        assert (lost.status_code, lost.headers["retry-after"]) == (409, "1")
        assert at.ask("SELECT count(*) FROM alert_events") == [(1,)]


# ---- many alerts ----


async def test_bulk_work_has_a_result_an_item(database_url: str) -> None:
    async with working(database_url, alerts=4) as at:
        await at.post("alerts/2/claim", who=PIA)
        items = [
            *({"id": "1", "revision": "1"}, {"id": "2"}, {"id": "3", "revision": "7"}, {"id": "99"}),
            *({"id": str(2**63 + 5)}, {"id": "4"}),
        ]
        answer = await at.post("alerts/bulk", {"event": "close", "items": items} | CLOSING)
        assert answer.status_code == 200
        results = answer.json()["items"]
        assert [(one["id"], one["status"]) for one in results] == [
            *(("1", 200), ("2", 409), ("3", 412), ("99", 404), (str(2**63 + 5), 404), ("4", 200)),
        ]
        assert [one["revision"] for one in results] == ["2", None, None, None, None, "2"]
        assert "pia has claimed it" in results[1]["cause"]
        works = [(await at.get(f"alerts/{number}")).json()["work"] for number in (1, 2, 3, 4)]
        assert works == ["closed", "claimed", "raised", "closed"]


async def test_bulk_work_by_a_filter_takes_what_fits_now(database_url: str) -> None:
    async with working(database_url, alerts=3) as at:
        await at.made.commit([violation_of("W1-9", kind=Kind.BATTERY_LOW, condition=None, device="T1")])
        await at.look()
        wanted = {"kinds": ["exclusion_zone"], "wearer": "W1", "raised_before": "2026-11-21T13:00:00Z"}
        answer = await at.post("alerts/bulk", {"event": "claim", "filter": wanted}, Idempotency_Key="k")
        assert [(one["id"], one["status"]) for one in answer.json()["items"]] == [("1", 200), ("2", 200), ("3", 200)]
        assert answer.json()["more"] is False
        again = await at.post("alerts/bulk", {"event": "claim", "filter": wanted}, Idempotency_Key="k")
        assert again.json() == answer.json()
        mine = await at.post("alerts/bulk", {"event": "release", "filter": {"holder": "ola", "works": ["claimed"]}})
        assert len(mine.json()["items"]) == 3
        none = await at.post("alerts/bulk", {"event": "release", "filter": {"holder": "nobody"}})
        assert none.json() == {"items": [], "more": False}


# ---- lists ----


async def test_alerts_are_found_by_their_work_and_holder_a_page_at_a_time(database_url: str) -> None:
    async with working(database_url, alerts=5) as at:
        for number in (2, 4):
            await at.post(f"alerts/{number}/claim")
        await at.post("alerts/5/close", CLOSING)
        for query, found in (
            *(("unclaimed=true", ["3", "1"]), ("work=claimed", ["4", "2"]), ("holder=ola", ["5", "4", "2"][1:])),
            *(("work=claimed&work=closed", ["5", "4", "2"]), ("holder=pia", [])),
        ):
            path, ids = f"/api/v1/alerts?{query}&limit=1", []
            while path:
                body = (await at.client.get(path)).json()
                ids += [one["id"] for one in body["items"]]
                path = body["next"]
            assert ids == found, query
        both = await at.get("alerts?unclaimed=true&work=claimed")
        assert (both.status_code, both.json()["errors"][0]["field"]) == (422, "unclaimed")


async def test_the_history_has_all_that_is_recorded(database_url: str) -> None:
    async with working(database_url) as at:
        await at.post("alerts/1/claim")
        due = format_instant(at.clock() + 20 * MINUTE_US)
        promise = {"party": "wearer", "answered": True, "said": "coming", "promised": "be home", "promised_at": due}
        contact = (await at.post("alerts/1/contacts", promise)).json()["id"]
        body = (await at.get("alerts/1/history")).json()
        assert [(one["event"], one["by"], one["role"]) for one in body["events"]] == [
            *(("claim", "ola", "operator"), ("action", "ola", "operator")),
        ]
        assert body["events"][1]["explanation"] == "coming"
        assert {one["reason"] for one in body["notifications"]} == {"first"}
        assert "address" not in body["notifications"][0]
        assert [(one["id"], one["party"], one["promised_at"]) for one in body["contacts"]] == [(contact, "wearer", due)]
        assert [one["text"] for one in body["tasks"]] == ["ring_officer", "alert"]
        assert {"name": f"promise:{contact}", "due": due} in body["timers"]
        protocol = body["protocol"]
        assert (protocol["id"], protocol["version"], protocol["begun"]) == ("one", 1, format_instant(NOON))
        steps = [(one["to"], one["action"], one["done"], one["due"]) for one in protocol["steps"]]
        assert steps == [
            *(("operator", "notify", 1, None), ("police", "notify", 1, None), ("victim", "notify", 1, None)),
            *(("supervisor", "notify", 0, None), ("officer", "task", 1, None)),
        ]
        assert (await at.post(f"contacts/{contact}/kept")).json() == {"id": contact}
        assert (await at.get("alerts/1/history")).json()["contacts"][0]["kept_by"] == "ola"
        assert (await at.post(f"contacts/{contact}/kept")).status_code == 409
        assert (await at.get("alerts/99/history")).status_code == 404


async def test_the_contact_log_is_read_by_wearer_the_newest_first_whatever_each_was_about(database_url: str) -> None:
    async with working(database_url) as at:
        about = (await at.post("alerts/1/contacts", {"party": "wearer", "answered": False})).json()["id"]
        at.clock.forward(3_600)
        rang = {"party": "wearer", "inbound": True, "wearer": "W1", "said": "the bus is late"}
        none = (await at.post("contacts", rang)).json()["id"]
        other = (await at.post("contacts", {"party": "police", "police_log": "CAD 4"})).json()["id"]
        first = (await at.get("contacts?wearer=W1&limit=1")).json()
        rest = (await at.get(first["next"].removeprefix("/api/v1/"))).json()
        found = [(one["id"], one["alert"], one["said"]) for page in (first, rest) for one in page["items"]]
        assert found == [(none, None, "the bus is late"), (about, "1", None)]
        assert rest["next"] is None
        assert [one["id"] for one in (await at.get("contacts")).json()["items"]] == [other, none, about]
        since = format_instant(at.clock() - 60 * SECOND_US)
        assert [one["id"] for one in (await at.get(f"contacts?wearer=W1&since={since}")).json()["items"]] == [none]
        at.clock.forward(23.5 * 3_600)
        assert [one["id"] for one in (await at.get("contacts?wearer=W1")).json()["items"]] == [none]


async def test_tasks_are_read_on_and_done(database_url: str) -> None:
    async with working(database_url, alerts=3) as at:
        first = (await at.get("tasks?limit=4")).json()
        rest = (await at.get(first["next"].removeprefix("/api/v1/"))).json()
        ids = [one["id"] for page in (first, rest) for one in page["items"]]
        assert (len(set(ids)), rest["next"]) == (6, None)
        assert (await at.post(f"tasks/{ids[0]}/done")).json() == {"id": ids[0]}
        assert [one["id"] for one in (await at.get("tasks")).json()["items"]] == ids[1:]
        twice = await at.post(f"tasks/{ids[0]}/done", who=PIA)
        assert (twice.status_code, "ola did task" in twice.json()["detail"]) == (409, True)


async def test_a_mute_is_seen_before_it_is_saved_and_ended(database_url: str) -> None:
    async with working(database_url, Version(Wearer("W2", level=Level.INTENSIVE))) as at:
        span = {"wearer": "W1", "to": format_instant(at.clock() + HOUR_US)}
        seen = (await at.post("mutes/preview", span, {})).json()
        assert [(one["quiet"], one["by"]) for one in seen["stretches"]] == [(True, ["mute:0"])]
        assert "exclusion_zone" in seen["still_told"]
        assert (seen["senior"], seen["too_long"]) == (False, False)
        intensive = (await at.post("mutes/preview", span | {"wearer": "W2", "reason": "x"}, {})).json()
        assert intensive["senior"]
        number = (await at.post("mutes", span | {"reason": "a known fault"})).json()["id"]
        end = format_instant(at.clock() + 25 * HOUR_US)
        after = (await at.post("mutes/preview", {"wearer": "W1", "from": span["to"], "to": end}, {})).json()
        assert ([one["by"] for one in after["stretches"]], after["too_long"]) == (
            [[f"mute:{number}"], ["mute:0"]],
            True,
        )
        listed = (await at.get("mutes")).json()["items"]
        assert [(one["id"], one["wearer"], one["by"], one["reason"]) for one in listed] == [
            (number, "W1", "ola", "a known fault"),
        ]
        assert (await at.get("mutes?wearer=W2")).json()["items"] == []
        intensive = await at.post("mutes", span | {"wearer": "W2", "reason": "x"})
        assert (intensive.status_code, intensive.json()["errors"][0]["field"]) == (422, "by")
        assert (await at.post("mutes", span | {"wearer": "W2", "reason": "x"}, SAM)).status_code == 201
        assert (await at.post(f"mutes/{number}/end")).json() == {"id": number}
        assert [one["wearer"] for one in (await at.get("mutes")).json()["items"]] == ["W2"]


async def test_the_protocols_in_force_and_who_is_on_duty(embedded_url: str) -> None:
    async with working(embedded_url) as at:
        body = (await at.get("protocols")).json()
        assert (body["version"], [one["id"] for one in body["protocol"]]) == (1, ["one"])
        night = Shift("S1", Role.SUPERVISOR, "sam", "Sam Invented", NOON - HOUR_US, NOON + HOUR_US, phone="0000")
        async with await Store.open(embedded_url) as store:
            await store.rota.enter([night], "sam")
        on_duty = (await at.get("rota")).json()
        assert [(one["person"], one["role"], one["phone"]) for one in on_duty["items"]] == [
            ("sam", "supervisor", "0000")
        ]
        later = (await at.get(f"rota?at={format_instant(NOON + HOUR_US)}")).json()
        assert (later["at"], later["items"]) == ("2026-11-21T13:00:00Z", [])


async def test_every_path_of_work_is_asked_here(embedded_url: str) -> None:
    """The answers above are held against the document; this holds the document against the answers."""
    async with working(embedded_url) as at:
        posts = {
            path
            for path, methods in at.document["paths"].items()
            if "post" in methods and methods["post"]["tags"][0] in ("work", "records")
        }
        ended = {path.removeprefix("/api/v1/") for path in posts}
        events = {"claim", "release", "action", "escalate", "close", "reopen"}
        assert ended == {f"alerts/{{alert}}/{event}" for event in events} | {
            *("alerts/bulk", "alerts/{alert}/contacts", "contacts", "contacts/{contact}/kept", "tasks/{task}/done"),
            *("mutes", "mutes/preview", "mutes/{mute}/end"),
        }
        for path in posts - {"/api/v1/mutes/preview"}:
            operation = at.document["paths"][path]["post"]
            assert "Idempotency-Key" in {one["name"] for one in operation["parameters"]}, path
            assert "401" in operation["responses"], path
