"""Requests and warrants as real databases keep them: two people, one holder, an entry of the audit beside every change."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import psycopg
import pytest

from access.grants import Deed
from domain.callers import Caller, Sight
from domain.instants import DAY_US, HOUR_US, MINUTE_US
from domain.records import Area, Order, Version
from domain.vocabulary import AreaKind, OrderKind, RequestState, Role, WarrantKind, WarrantOutcome
from store import Store
from store.audit import Entry, entry_of
from store.errors import Refused
from store.permissions import Permissions
from store.requests import Circle, NewRequest, StandingRequest
from store.times import Connection
from store.warrants import End, Holding, NewWarrant
from tests.store.made import NOON, ask, learn_everything, migrated, roster_of

PC = Caller("pc-able", Role.POLICE, frozenset({"kent"}), organisation="kent-police")
ASKED = NewRequest("kent-police", "s.29 DPA", "burglary 44/26", NOON - DAY_US, NOON, NOON + DAY_US, wearer="W1")
PLACE = replace(ASKED, wearer=None, place=Circle(0.5, 51.25, 200.0))
WARRANT = NewWarrant(WarrantKind.BREACH, "W1", "kent", "MC-1", NOON, "warrants-kent", "P. Carey", ("W1-1",))
EVERYTHING = Sight(everything=True)


async def nothing(conn: Connection) -> None:
    """Nothing is noted."""


def entry(deed: Deed = Deed.WRITE_REQUESTS) -> Entry:
    return entry_of(PC, NOON, deed, "wearer", ["W1"])


@pytest.fixture
async def permissions(database_url: str) -> AsyncIterator[Permissions]:
    async with migrated(database_url), await Permissions.open(database_url) as found:
        yield found


def audited(url: str) -> list[dict[str, object]]:
    return [row[0] for row in ask(url, "SELECT body FROM audit_bodies ORDER BY body_no")]


async def test_a_request_from_asking_to_its_end(database_url: str, permissions: Permissions) -> None:
    requests = permissions.requests
    no = await requests.ask(ASKED, "pc-able", NOON, entry(), nothing)
    asked = await requests.request(no, "kent-police")
    assert asked is not None
    assert (asked.asked, asked.state(NOON), asked.uses) == (ASKED, RequestState.ASKED, 0)
    assert asked.state(NOON + DAY_US) is RequestState.EXPIRED
    assert await requests.standing("kent-police", NOON) == []

    assert await requests.decide(no, True, "proportionate", "sam", NOON, entry(Deed.APPROVE_REQUESTS))
    assert not await requests.decide(no, False, "again", "sue", NOON, entry(Deed.APPROVE_REQUESTS)), "decided once"
    assert await requests.standing("kent-police", NOON) == [StandingRequest(no, "W1", NOON - DAY_US, NOON)]
    assert await requests.standing("kent-police", NOON + DAY_US) == [], "expired to the microsecond"
    assert await requests.standing("kent-police", NOON + DAY_US - 1) != []
    assert await requests.standing("other-police", NOON) == []

    await requests.used([no], "pc-able", NOON + MINUTE_US)
    await requests.used([no], "pc-bold", NOON + HOUR_US)
    assert await requests.revoke(no, "found", "sue", NOON + HOUR_US, entry(Deed.APPROVE_REQUESTS))
    assert not await requests.revoke(no, "again", "sue", NOON + HOUR_US, entry(Deed.APPROVE_REQUESTS))
    assert await requests.standing("kent-police", NOON + HOUR_US) == []
    over = await requests.request(no, None)
    assert over is not None
    assert (over.state(NOON), over.uses, over.used_us) == (RequestState.REVOKED, 2, NOON + HOUR_US)
    assert (over.decided_by, over.decision, over.revoked_by, over.revocation) == (
        "sam",
        "proportionate",
        "sue",
        "found",
    )
    deeds = [body["deed"] for body in audited(database_url)]
    assert deeds == ["requests.write", "requests.approve", "requests.approve"], "an entry a change, none where none was"
    assert audited(database_url)[0]["details"] == {"request": str(no)}


async def test_nobody_decides_on_a_request_of_their_own(permissions: Permissions) -> None:
    no = await permissions.requests.ask(ASKED, "sam", NOON, entry(), nothing)
    with pytest.raises(Refused):
        await permissions.requests.decide(no, True, "mine", "sam", NOON, entry())
    found = await permissions.requests.request(no, None)
    assert found is not None
    assert found.approved is None


@pytest.mark.parametrize(
    "wrong",
    [
        replace(ASKED, place=Circle(0.5, 51.25, 100.0)),
        replace(ASKED, wearer=None),
        replace(PLACE, place=Circle(0.5, 51.25, 501.0)),
        replace(ASKED, to_us=ASKED.from_us),
        replace(ASKED, from_us=NOON - 8 * DAY_US),
        replace(ASKED, expires_us=NOON),
        replace(ASKED, expires_us=NOON + 29 * DAY_US),
        replace(ASKED, legal_ground=""),
    ],
)
async def test_what_a_request_may_not_be(wrong: NewRequest, embedded_url: str) -> None:
    async with migrated(embedded_url), await Permissions.open(embedded_url) as permissions:
        with pytest.raises(Refused):
            await permissions.requests.ask(wrong, "pc-able", NOON, entry(), nothing)
        assert await permissions.requests.requests(None, None, 10) == []
        assert audited(embedded_url) == []


async def test_a_refused_request_shows_nothing_and_others_requests_are_not_there(permissions: Permissions) -> None:
    requests = permissions.requests
    one = await requests.ask(ASKED, "pc-able", NOON, entry(), nothing)
    two = await requests.ask(PLACE, "pc-able", NOON, entry(), nothing)
    three = await requests.ask(replace(ASKED, organisation="met"), "pc-met", NOON, entry(), nothing)
    assert await requests.decide(one, False, "too wide", "sam", NOON, entry())
    assert await requests.decide(two, True, "fine", "sam", NOON, entry())
    assert await requests.standing("kent-police", NOON) == [], "a place puts nobody in sight"
    assert [row.no for row in await requests.requests("kent-police", None, 10)] == [two, one]
    assert [row.no for row in await requests.requests(None, three, 1)] == [two]
    assert await requests.request(three, "kent-police") is None


async def test_two_who_decide_at_once_decide_once(permissions: Permissions) -> None:
    no = await permissions.requests.ask(ASKED, "pc-able", NOON, entry(), nothing)
    deciding = [
        permissions.requests.decide(no, which, "at once", f"s{which}", NOON, entry()) for which in (True, False)
    ]
    assert sorted(await asyncio.gather(*deciding)) == [False, True]


# -- warrants --


async def test_a_warrant_is_held_by_one_at_a_time_and_its_hands_are_kept(
    database_url: str, permissions: Permissions
) -> None:
    warrants = permissions.warrants
    no = await warrants.issue(WARRANT, "officer-1", NOON, entry(Deed.WRITE_WARRANTS), nothing)
    assert await warrants.wearers_held("warrants-kent") == {"W1"}
    was = await warrants.hand_over(no, 1, "kent-police", "pc-able", "eve", NOON + HOUR_US, entry(Deed.WRITE_WARRANTS))
    assert was is not None
    assert (was.revision, was.agency) == (1, "warrants-kent")
    assert await warrants.wearers_held("warrants-kent") == frozenset()
    late = await warrants.hand_over(no, 1, "met", "pc-met", "eve", NOON + HOUR_US, entry(Deed.WRITE_WARRANTS))
    assert late is not None
    assert late.revision == 2, "it was changed since: nothing was done"
    found = await warrants.warrant(no, EVERYTHING)
    assert found is not None
    assert found.holdings == (
        Holding("warrants-kent", "P. Carey", NOON, NOON + HOUR_US, "officer-1"),
        Holding("kent-police", "pc-able", NOON + HOUR_US, None, "eve"),
    )
    assert await warrants.end(no, None, End(WarrantOutcome.EXECUTED), "eve", NOON + DAY_US, entry(Deed.WRITE_WARRANTS))
    assert await warrants.end(no, None, End(WarrantOutcome.EXECUTED), "eve", NOON + DAY_US, entry()) is None
    over = await warrants.warrant(no, EVERYTHING)
    assert over is not None
    assert (over.holder, over.outcome, over.revision) == (None, WarrantOutcome.EXECUTED, 3)
    assert await warrants.wearers_held("kent-police") == frozenset()
    assert ask(database_url, "SELECT kind, reference, violation_id, ended_at IS NOT NULL FROM rests_on") == [
        ("warrant", str(no), "W1-1", True)
    ]
    assert [body["deed"] for body in audited(database_url)] == ["warrants.write"] * 3


async def test_the_database_lets_no_second_one_hold_a_warrant(database_url: str, permissions: Permissions) -> None:
    no = await permissions.warrants.issue(WARRANT, "officer-1", NOON, entry(), nothing)
    with pytest.raises(psycopg.errors.UniqueViolation):
        ask(
            database_url,
            "INSERT INTO warrant_holdings (warrant_no, agency, person, from_at, by_name)"
            " VALUES (%s, 'a', 'b', now(), 'c') RETURNING 1",
            no,
        )


async def test_warrants_are_seen_by_area_and_by_wearer(database_url: str) -> None:
    async with await Store.open(database_url) as store:
        await store.migrate()
        areas = [Area("south", AreaKind.REGION), Area("kent", AreaKind.PDU, parent="south"), Area("met", AreaKind.PDU)]
        orders = [
            Order(f"O{n}", f"W{n}", OrderKind.BAIL, NOON, NOON + DAY_US, area=area, told_at_us=NOON)
            for n, area in ((1, "met"), (2, "kent"))
        ]
        await store.learn([Version(one) for one in (*areas, *orders)])
        await learn_everything(store, 1, roster_of())
        async with await Permissions.open(database_url) as permissions:
            for wearer in ("W1", "W2"):
                of_kent = replace(WARRANT, wearer=wearer, area="kent" if wearer == "W1" else None)
                await permissions.warrants.issue(of_kent, "officer-1", NOON, entry(), nothing)

            async def seen(sight: Sight, **wanted: object) -> list[str]:
                return [row.wearer for row in await permissions.warrants.warrants(sight, None, 10, **wanted)]

            assert await seen(EVERYTHING) == ["W2", "W1"]
            assert await seen(Sight(areas=frozenset({"south"}))) == ["W2", "W1"], "of the area, and of its wearers"
            assert await seen(Sight(areas=frozenset({"met"}))) == ["W1"]
            assert await seen(Sight(wearers=frozenset({"W2"}))) == ["W2"]
            assert await seen(EVERYTHING, wearer="W1") == ["W1"]
            assert await seen(EVERYTHING, is_open=False) == []
            assert await seen(Sight()) == []
            assert await permissions.warrants.warrant(1, Sight(wearers=frozenset({"W2"}))) is None
