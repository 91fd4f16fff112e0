"""Digests over real databases, with dispatch's rights: one an officer and day, whoever makes it and however often it is tried."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from alerts.channels.channel import Refused, TryAgain
from alerts.ports import Leased
from alerts.texts import shipped_catalogues
from alerts.wording import Words
from bailiwick.digests import DigestWatch
from bailiwick.letters import MOST_ATTEMPTS
from domain.breaches import BreachStep, Chosen, DatedStep
from domain.callers import Caller, Sight
from domain.commits import AlertChange
from domain.instants import DAY_US, HOUR_US, MINUTE_US, parse_instant
from domain.records import Order, Version, Wearer
from domain.vocabulary import Change, Kind, OrderKind, Role, Severity
from evidence.routes import read_routes, shipped_text
from store.audit import entry_of
from store.breaches import Breaches, NewCase
from store.connecting import open_pool
from store.digests import Digests
from tests.store.alert_making import ZONES, alerts_at
from tests.store.made import NOON, ask, change_of, violation_of
from tests.store.test_breaches import nothing
from tests.store.test_roles import login_as

pytestmark = [pytest.mark.real, pytest.mark.slow]
ROUTES = read_routes(shipped_text(), ZONES)
MONDAY = parse_instant("2026-11-23T08:00:00Z")
TUESDAY, WEDNESDAY, THURSDAY = (MONDAY + days * DAY_US for days in (1, 2, 3))
BOOKS = shipped_catalogues()
ROWS = "SELECT officer, day::text, state, attempts FROM digests ORDER BY digest_no"


@dataclass
class Post:
    """Takes e-mail, or says why not."""

    refuses: Exception | None = None
    sent: list[tuple[str, str, str]] = field(default_factory=list)

    async def send(self, leased: Leased, body: Words) -> None:
        if self.refuses is not None:
            raise self.refuses
        self.sent.append((leased.notification.address, body.subject, body.long))


def order(name: str, officer: str) -> Version:
    return Version(
        Order(name, "W1", OrderKind.COMMUNITY, NOON - DAY_US, area="kent", officer={"name": "X", "email": officer})
    )


async def test_one_a_day_over_two_dispatchers_and_restarts(database_url: str) -> None:
    orders = (order("O1", "Dee@x.test"), order("O2", "quiet@x.test"))
    async with alerts_at(database_url, *orders) as made, await open_pool(database_url) as pool:
        await made.commit([violation_of("W1-1", to_us=NOON), violation_of("W1-2", order="O9")], changes=[])
        await _case(Breaches(pool))
        await made.commit([violation_of("W1-1", 2, change=Change.WITHDRAWN, to_us=NOON)], changes=[])
        with login_as(database_url, "bailiwick_dispatch") as own:
            async with await open_pool(own) as narrow:
                post = Post()
                both = [DigestWatch(Digests(narrow), ROUTES, post, "https://centre.example", BOOKS) for _ in range(2)]
                await asyncio.gather(*(one.look(MONDAY - 1) for one in both))
                assert ask(database_url, ROWS) == []
                await asyncio.gather(*(one.look(MONDAY) for one in both))
                again = DigestWatch(Digests(narrow), ROUTES, post, "https://centre.example", BOOKS)
                for hours in (1, 5, 15):
                    await again.look(MONDAY + hours * HOUR_US)
                assert sorted(ask(database_url, ROWS)) == [
                    ("dee@x.test", "2026-11-23", "sent", 1),
                    ("quiet@x.test", "2026-11-23", "nothing", 0),
                ]
                ((address, subject, said),) = post.sent
                assert address == "dee@x.test"
                assert subject.startswith("Your caseload on Monday 23 November (digest ")
                assert "WITHDRAWN: 1 violation" in said
                assert "Breach steps due today: 1." in said
                assert "https://centre.example/caseload" in said
                assert "W1" not in subject + said
                assert "Invented" not in said
                await again.look(MONDAY + DAY_US)
                assert len(post.sent) == 2


async def test_what_is_not_taken_is_tried_again_and_given_up_in_the_end(embedded_url: str) -> None:
    async with alerts_at(embedded_url, order("O1", "dee@x.test")) as made, await open_pool(embedded_url) as pool:
        await made.commit([violation_of("W1-1", to_us=NOON)], changes=[])
        post = Post(TryAgain(None, "away"))
        watch = DigestWatch(Digests(pool), ROUTES, post, "https://centre.example", BOOKS)
        for minutes in range(250):
            await watch.look(MONDAY + minutes * 60_000_000)
            if minutes == 20:
                ((_, _, state, attempts),) = ask(embedded_url, ROWS)
                assert (state, attempts) == ("waiting", 3)
        ((_, _, state, attempts),) = ask(embedded_url, ROWS)
        assert (state, attempts) == ("waiting", 7)
        post.refuses = Refused("no such mailbox")
        await watch.look(MONDAY + 10 * HOUR_US)
        ((_, _, state, attempts),) = ask(embedded_url, ROWS)
        assert (state, attempts) == ("failed", MOST_ATTEMPTS)
        assert post.sent == []


async def test_each_officer_is_told_in_their_own_language_where_there_is_one(embedded_url: str) -> None:
    def speaks(name: str, officer: str, language: str | None, days: int) -> Version:
        body = {"name": "X", "email": officer} | ({} if language is None else {"language": language})
        return Version(replace(order(name, officer).record, officer=body, from_us=NOON - days * DAY_US))

    orders = [
        speaks("O1", "dee@x.test", "cy", 1),
        speaks("O2", "dee@x.test", "en", 2),
        speaks("O3", "dee@x.test", None, 0),
    ]
    async with alerts_at(embedded_url, *orders, speaks("O4", "ed@x.test", "fr", 1)) as made:
        await made.commit(changes=[alert_of("W1-1", Kind.NOT_FITTED, Severity.SERIOUS, MONDAY - HOUR_US)])
        async with await open_pool(embedded_url) as pool:
            post = Post()
            await DigestWatch(Digests(pool), ROUTES, post, "https://centre.example", BOOKS).look(MONDAY)
    said = {address: (subject, body) for address, subject, body in post.sent}
    assert said["dee@x.test"][0].startswith("Eich llwyth achosion: dydd Llun 23 Tachwedd (crynodeb ")
    assert f"- {BOOKS['cy'].kind['not_fitted']}: 1" in said["dee@x.test"][1]
    assert said["ed@x.test"][0].startswith("Your caseload on Monday 23 November"), "what has no catalogue is English"


def alert_of(name: str, kind: Kind, severity: Severity, raised_us: int, **more: Any) -> AlertChange:
    """The alert of a violation that there is none of: it rests on its own name."""
    found = violation_of(name, kind=kind, decided_us=raised_us)
    return change_of(found, severity=severity, **more)


async def test_what_interrupted_nobody_is_told_in_the_morning_once_and_nothing_is_left_out(database_url: str) -> None:
    ended = Version(replace(order("O4", "gone@x.test").record, to_us=MONDAY + HOUR_US, wearer="W4"))
    orders = (order("O1", "dee@x.test"), order("O2", "dee@x.test"), Version(Wearer("W4", "Invented W4")), ended)
    async with alerts_at(database_url, *orders) as made, await open_pool(database_url) as pool:
        post = Post()
        watch = DigestWatch(Digests(pool), ROUTES, post, "https://centre.example", BOOKS)
        await made.commit(changes=[alert_of("W1-0", Kind.FAULT, Severity.SERIOUS, MONDAY - 8 * DAY_US)])
        await watch.look(MONDAY)
        assert post.sent == []
        lost = {"kind": Kind.COMMUNICATION_LOST, "severity": Severity.INFORMATION}
        await made.commit(
            changes=[
                alert_of("W1-1", Kind.NOT_FITTED, Severity.SERIOUS, MONDAY - MINUTE_US),
                alert_of("W1-2", Kind.NOT_FITTED, Severity.SERIOUS, MONDAY + HOUR_US),
                alert_of("W1-3", Kind.HOURS_SHORT, Severity.INFORMATION, MONDAY + HOUR_US),
                alert_of("W1-4", raised_us=MONDAY - HOUR_US, **lost),
                alert_of("W1-5", raised_us=MONDAY + HOUR_US, **lost),
                alert_of("W1-6", Kind.FAULT, Severity.SERIOUS, TUESDAY - MINUTE_US),
                alert_of("W1-7", Kind.FAULT, Severity.SERIOUS, MONDAY + HOUR_US, grouped_under="I1"),
                alert_of("W4-1", Kind.ALCOHOL, Severity.SERIOUS, MONDAY + 2 * HOUR_US),
                alert_of("W5-1", Kind.ALCOHOL, Severity.SERIOUS, MONDAY + HOUR_US),
            ]
        )
        _started(database_url, "W1-4", MONDAY + HOUR_US, "warning")
        await watch.look(TUESDAY)
        said = {address: subject + body for address, subject, body in post.sent}
        assert sorted(said) == ["dee@x.test", "gone@x.test"]
        assert _told(database_url, TUESDAY) == [
            ("dee@x.test", {"not_fitted": 2, "hours_short": 1, "communication_lost": 1}, 0),
            ("gone@x.test", {"alcohol": 1}, 0),
        ]
        assert f"- {BOOKS['en'].kind['not_fitted']}: 2\n" in said["dee@x.test"]
        assert "W1" not in said["dee@x.test"]
        _withdrawn(database_url, "W1-2", TUESDAY + HOUR_US)
        await watch.look(WEDNESDAY)
        assert _told(database_url, WEDNESDAY) == [("dee@x.test", {"fault": 1}, 1), ("gone@x.test", {}, 0)]
        await watch.look(THURSDAY)
        assert _told(database_url, THURSDAY) == [("dee@x.test", {}, 0), ("gone@x.test", {}, 0)]
        assert len(post.sent) == 3


async def test_what_a_digest_said_that_nobody_was_sent_is_said_by_the_next(embedded_url: str) -> None:
    async with alerts_at(embedded_url, order("O1", "dee@x.test")) as made, await open_pool(embedded_url) as pool:
        await made.commit(changes=[alert_of("W1-1", Kind.NOT_FITTED, Severity.SERIOUS, MONDAY - HOUR_US)])
        post = Post(Refused("no such mailbox"))
        watch = DigestWatch(Digests(pool), ROUTES, post, "https://centre.example", BOOKS)
        await watch.look(MONDAY)
        await watch.look(TUESDAY)
        post.refuses = None
        await watch.look(WEDNESDAY)
        assert _told(embedded_url, WEDNESDAY) == [("dee@x.test", {"not_fitted": 1}, 0)]
        await watch.look(THURSDAY)
        assert _told(embedded_url, THURSDAY) == [("dee@x.test", {}, 0)]
        assert len(post.sent) == 1


def _told(url: str, at_us: int) -> list[tuple[Any, ...]]:
    told = (
        "SELECT officer, told -> 'alerts', (told -> 'taken_back')::int FROM digests WHERE made_at = %s ORDER BY officer"
    )
    return ask(url, told, datetime.fromtimestamp(at_us // 1_000_000, UTC))


def _started(url: str, episode: str, at_us: int, severity: str) -> None:
    """As dispatch leaves an alert whose severity rose, and its protocol began, at an instant."""
    ask(
        url,
        "UPDATE alert_work SET severity = %s, plan = jsonb_build_object('started_us', %s::bigint)"
        " WHERE alert_no = (SELECT alert_no FROM alerts WHERE episode = %s) RETURNING 1",
        *(severity, at_us, episode),
    )


def _withdrawn(url: str, episode: str, at_us: int) -> None:
    """As ingest and dispatch leave an alert that was withdrawn at an instant."""
    ask(
        url,
        "WITH gone AS (UPDATE alerts SET withdrawn = true WHERE episode = %s RETURNING alert_no), done AS ("
        " UPDATE alert_work w SET work = 'closed', outcome = 'withdrawn', closed_at = %s FROM gone"
        " WHERE w.alert_no = gone.alert_no RETURNING w.alert_no)"
        " INSERT INTO alert_events (alert_no, revision, event, at, from_work, to_work, to_condition, severity, outcome)"
        " SELECT alert_no, 2, 'withdraw', %s, 'raised', 'closed', 'cleared', 'serious', 'withdrawn' FROM done RETURNING 1",
        *(episode, (at := datetime.fromtimestamp(at_us // 1_000_000, UTC)), at),
    )


async def _case(breaches: Breaches) -> int:
    found = await breaches.order("O1", Sight(everything=True))
    assert found is not None
    steps = (DatedStep(0, BreachStep.IDENTIFIED, NOON, None, "", None, "", NOON, "dee"),)
    new = NewCase(found, "court@2020-01-01", "identified", steps, (Chosen("W1-1", 1, relied=True),))
    dee = Caller("dee", Role.OFFICER, frozenset({"kent"}))
    entry = entry_of(dee, NOON, "breaches.write", "wearer", ["W1"])
    return await breaches.open_case(new, "dee", NOON, entry, nothing)
