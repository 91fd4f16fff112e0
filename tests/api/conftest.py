"""`side`: fake, over TimescaleDB, over plain PostgreSQL. `full`: a fake one with something of everything. `client`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import httpx2
import pytest

from domain.instants import MINUTE_US
from domain.vocabulary import Change, Kind, Severity
from tests.api.fake_reading import states
from tests.api.serving import app_over, client_of
from tests.api.sides import Side, fake_side, real_side
from tests.store.made import NOON, change_of, fixes_of, violation_of, wearer_records, work_of

HOUR_AGO = NOON - 60 * MINUTE_US
PEOPLE = 7


@pytest.fixture(
    params=[
        "fake",
        pytest.param("timescale_url", marks=pytest.mark.real),
        pytest.param("embedded_url", marks=pytest.mark.real),
    ]
)
async def side(request: pytest.FixtureRequest) -> AsyncIterator[Side]:
    """A reading side with its writing side."""
    if request.param == "fake":
        yield fake_side()
        return
    async with real_side(request.getfixturevalue(request.param)) as real:
        yield real


@pytest.fixture
async def full() -> Side:
    """A fake one: seven wearers with two fixes each, three violations, two alerts."""
    side = fake_side()
    for number in range(PEOPLE):
        await side.learn(wearer_records(f"W{number}", f"T{number}"))
        facts = fixes_of(side.roster.index[f"T{number}"], [1, 2], HOUR_AGO)
        facts["lat"] += number / 10
        await side.commit(work_of(0, side.roster, facts))
    zone, edge = violation_of("W1-1"), violation_of("W2-1", kind=Kind.ZONE_EDGE)
    shut = replace(zone, version=2, change=Change.CLOSED, to_us=NOON)
    gone = replace(violation_of("W3-1"), change=Change.WITHDRAWN)
    alerts = [change_of(zone), change_of(edge, severity=Severity.WARNING)]
    await side.commit(work_of(0, side.roster, versions=[zone, edge, shut, gone], alerts=alerts))
    await side.publish(states(monitored=PEOPLE - 2, suspended=2))
    return side


@pytest.fixture
async def client(full: Side) -> AsyncIterator[httpx2.AsyncClient]:
    """Asks an application over ``full``, without a socket."""
    async with client_of(app_over(full)) as client:
        yield client
