"""Digests over real databases, with dispatch's rights: one an officer and day, whoever makes it and however often it is tried."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from alerts.channels.channel import Refused, TryAgain
from alerts.ports import Leased
from alerts.wording import Words
from bailiwick.digests import MOST_ATTEMPTS, DigestWatch
from domain.breaches import BreachStep, Chosen, DatedStep
from domain.callers import Caller, Sight
from domain.instants import DAY_US, HOUR_US, parse_instant
from domain.records import Order, Version
from domain.vocabulary import Change, OrderKind, Role
from evidence.routes import read_routes, shipped_text
from store.audit import entry_of
from store.breaches import Breaches, NewCase
from store.connecting import open_pool
from store.digests import Digests
from tests.store.alert_making import ZONES, alerts_at
from tests.store.made import NOON, ask, violation_of
from tests.store.test_breaches import nothing
from tests.store.test_roles import login_as

pytestmark = [pytest.mark.real, pytest.mark.slow]
ROUTES = read_routes(shipped_text(), ZONES)
MONDAY = parse_instant("2026-11-23T08:00:00Z")
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
                both = [DigestWatch(Digests(narrow), ROUTES, post, "https://centre.example") for _ in range(2)]
                await asyncio.gather(*(one.look(MONDAY - 1) for one in both))
                assert ask(database_url, ROWS) == []
                await asyncio.gather(*(one.look(MONDAY) for one in both))
                again = DigestWatch(Digests(narrow), ROUTES, post, "https://centre.example")
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
        watch = DigestWatch(Digests(pool), ROUTES, post, "https://centre.example")
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


async def _case(breaches: Breaches) -> int:
    found = await breaches.order("O1", Sight(everything=True))
    assert found is not None
    steps = (DatedStep(0, BreachStep.IDENTIFIED, NOON, None, "", None, "", NOON, "dee"),)
    new = NewCase(found, "court@2020-01-01", "identified", steps, (Chosen("W1-1", 1, relied=True),))
    dee = Caller("dee", Role.OFFICER, frozenset({"kent"}))
    entry = entry_of(dee, NOON, "breaches.write", "wearer", ["W1"])
    return await breaches.open_case(new, "dee", NOON, entry, nothing)
