"""Telling protected people over HTTP: who sees what, how it is safe, what is written down, and when it is done."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from domain.instants import DAY_US, HOUR_US, format_instant
from domain.rota import Shift
from domain.vocabulary import DutyEvent, Role
from store.contact_duties import WantedDuty
from tests.api.doors import asks
from tests.api.test_positions import record
from tests.api.working import Working, working
from tests.store.made import NOON

LIV = asks("liv", "victim_liaison", "kent")
FAR = asks("far", "victim_liaison", "essex")
DUM = asks("dum", "duty_manager")
SAFE = {"safe_channels": ["sms:+44 7700 900009", "call:+44 7700 900010"]}
SAFE |= {"safe_hours": "09:00-17:00", "safe_words": ["The parcel is late"]}
CHILD = {"type": "victim", "id": "V2", "name": "C. Invented", "under_18": True, "contact": SAFE}
ORDER = {"type": "order", "id": "O2", "wearer": "W2", "kind": "licence", "area": "kent"}
ORDER |= {"from": format_instant(NOON - DAY_US), "to": format_instant(NOON + DAY_US)}
CASELOAD = [
    *(record(type="area", id=name, kind="pdu", parent=None) for name in ("kent", "essex")),
    record(type="wearer", id="W2", name="A. Invented"),
    record(**ORDER),
    record(type="victim", id="V1", name="B. Invented", contact=SAFE, vulnerable=True),
    record(**CHILD),
    *(record(type="condition", id=f"P{n}", order="O2", kind="proximity", victim=f"V{n}", alert_m=500) for n in (1, 2)),
]
CALLED = {"channel": "call", "result": "told", "said_back": "will change her route to work"}


def duty(victim: str = "V1", due_us: int = NOON + DAY_US, topic: str = "order:O2") -> WantedDuty:
    facts = {"kind": "licence", "from": format_instant(NOON), "to": None}
    stamps = (NOON, NOON - HOUR_US, due_us)
    return WantedDuty(topic, DutyEvent.STARTED, victim, "W2", "O2", "kent", facts, None, *stamps)


@asynccontextmanager
async def due(url: str, *duties: WantedDuty) -> AsyncIterator[Working]:
    async with working(url, *CASELOAD, alerts=0) as at:
        async with at.made.store.duties.reckoning() as held:
            await held.write(duties or [duty(), duty("V2", NOON)], [], [], NOON)
        yield at


async def test_the_liaison_of_the_area_sees_what_is_due_and_tells_it_once(database_url: str) -> None:
    async with due(database_url) as at:
        listed = (await at.get("contact-duties?open=true", LIV)).json()["items"]
        assert [(one["victim"], one["name"], one["overdue"], one["vulnerable"]) for one in listed] == [
            ("V2", "C. Invented", True, False),
            ("V1", "B. Invented", False, True),
        ]
        first = (await at.get("contact-duties?limit=1", LIV)).json()
        assert (await at.get(first["next"].removeprefix("/api/v1/"), LIV)).json()["items"] == listed[1:]
        number = listed[1]["id"]
        assert (await at.get("contact-duties", FAR)).json()["items"] == []
        for path in (f"contact-duties/{number}", "contact-duties/99"):
            assert (await at.get(path, FAR)).status_code == 404
        assert (await at.post(f"contact-duties/{number}/tellings", CALLED, FAR)).status_code == 404
        found = await at.get(f"contact-duties/{number}", LIV)
        safe = found.json()["safe"]
        assert (safe["number"], safe["words"], safe["open"]) == ("+44 7700 900010", "The parcel is late", True)
        assert safe["messages"] == [{"channel": "sms", "address": "+44 7700 900009"}]
        assert found.json()["tellers"] == []
        path = f"contact-duties/{number}/tellings"
        for stale in ('"9"',):
            assert (await at.post(path, CALLED, LIV, If_Match=stale)).status_code == 412
        told = await at.post(path, CALLED, LIV, If_Match=found.headers["etag"], Idempotency_Key="k1")
        assert (told.status_code, told.json()["state"], told.json()["ended_by"]) == (201, "told", "liv")
        again = await at.post(path, CALLED, LIV, If_Match=found.headers["etag"], Idempotency_Key="k1")
        assert again.json() == told.json()
        assert (await at.post(path, CALLED, DUM)).status_code == 409
        (row,) = at.ask("SELECT channel, result, said_back, by_name, by_role FROM contact_tellings")
        assert row == ("call", "told", CALLED["said_back"], "liv", "victim_liaison")
        deeds = at.ask("SELECT body ->> 'deed', body -> 'subjects' FROM audit_bodies ORDER BY body_no")
        assert ("contact_duties.read", ["V1"]) in deeds
        assert ("tellings.write", ["V1"]) in deeds
        for role in (Role.OPERATOR, Role.OFFICER, Role.POLICE, Role.AUDITOR, Role.FIELD):
            assert (await at.get("contact-duties", asks("x", role))).status_code == 403, role


async def test_two_tries_without_an_answer_and_they_count_as_not_reached(database_url: str) -> None:
    async with due(database_url) as at:
        path, missed = "contact-duties/1", {"channel": "call", "result": "no_answer"}
        why = {"reason": "no answer at any time; the police look in tomorrow"}
        assert (await at.post(f"{path}/tellings", missed, LIV)).json()["state"] == "open"
        refused = await at.post(f"{path}/not-reached", why, LIV)
        assert (refused.status_code, "tried 1 times" in refused.json()["detail"]) == (409, True)
        assert (await at.post(f"{path}/tellings", missed | {"result": "somebody_else"}, DUM)).json()["tries"] == 2
        ended = (await at.post(f"{path}/not-reached", why, LIV, If_Match='"3"')).json()
        assert (ended["state"], ended["why"]) == ("not_reached", why["reason"])
        whole = (await at.get(path, LIV)).json()
        assert [(one["by"], one["result"]) for one in whole["tellings"]] == [
            ("liv", "no_answer"),
            ("dum", "somebody_else"),
        ]
        assert [one["id"] for one in (await at.get("contact-duties?open=false", LIV)).json()["items"]] == ["1"]


async def test_what_is_over_is_listed_the_latest_first(embedded_url: str) -> None:
    duties = [duty(due_us=NOON + n * DAY_US, topic=f"recall:{n}") for n in range(4)]
    async with due(embedded_url, *duties) as at:
        for number in (2, 4, 1):
            at.clock.forward(60)
            assert (await at.post(f"contact-duties/{number}/tellings", CALLED, LIV)).status_code == 201
        path, found = "contact-duties?open=false&limit=1", []
        while path:
            page = (await at.get(path, LIV)).json()
            found += [one["id"] for one in page["items"]]
            path = (page["next"] or "").removeprefix("/api/v1/")
        assert found == ["1", "4", "2"]
        assert [one["id"] for one in (await at.get("contact-duties", LIV)).json()["items"]] == ["1", "2", "3", "4"]


async def test_who_is_on_duty_tells_and_else_the_duty_manager(database_url: str) -> None:
    async with due(database_url) as at:
        day = (NOON - DAY_US, NOON + DAY_US)
        await at.made.store.rota.enter([Shift("s1", Role.DUTY_MANAGER, "p1", "D. Able", *day, phone="+44 1632 1")], "x")
        assert [one["name"] for one in (await at.get("contact-duties/1", LIV)).json()["tellers"]] == ["D. Able"]
        liaison = Shift("s2", Role.VICTIM_LIAISON, "p2", "L. Able", *day, "kent", phone="+44 1632 2")
        await at.made.store.rota.enter([liaison], "x")
        assert [one["name"] for one in (await at.get("contact-duties/1", LIV)).json()["tellers"]] == ["L. Able"]


@pytest.mark.parametrize(
    ("number", "more", "field"),
    [
        (1, {"channel": "email"}, "channel"),
        (1, {"channel": "sms", "said_back": " "}, "said_back"),
        (1, {"at": format_instant(NOON + HOUR_US)}, "at"),
        (1, {"at": format_instant(NOON - DAY_US)}, "at"),
        (2, {}, "adult"),
        (2, {"channel": "sms", "adult": True}, "channel"),
        (1, {"result": "shouted"}, "result"),
    ],
)
async def test_what_no_telling_is(number: int, more: dict[str, Any], field: str, embedded_url: str) -> None:
    async with due(embedded_url) as at:
        answer = await at.post(f"contact-duties/{number}/tellings", CALLED | more, LIV)
        assert (answer.status_code, [one["field"] for one in answer.json()["errors"]]) == (422, [field])
        assert at.ask("SELECT count(*) FROM contact_tellings") == [(0,)]


async def test_what_cannot_be_kept_is_refused(embedded_url: str) -> None:
    async with due(embedded_url) as at:
        told = await at.post("contact-duties/1/tellings", CALLED | {"said_back": "a\0b"}, LIV)
        assert told.status_code == 422, told.json()
        assert at.ask("SELECT state FROM contact_duties WHERE duty_no = 1") == [("open",)]
