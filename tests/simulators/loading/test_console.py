"""The map and the stream of the API, timed as a screen that follows them sees them."""

from __future__ import annotations

import asyncio

import httpx2
import pytest

from domain.errors import BadSetting
from domain.instants import SECOND_US
from simulators.loading.meter import ALERTED, ON_MAP, Stages
from simulators.loading.watching import Console
from tests.api.doors import asks
from tests.api.serving import HOST, served
from tests.api.test_positions import OUTSIDE, fix, fleet, opened
from tests.api.working import OLA
from tests.store.made import NOON
from tests.waiting import eventually


def at_three() -> Stages:
    """The clock stands at 3 s."""
    return Stages(lambda: 3 * SECOND_US)


@pytest.mark.slow
async def test_a_fix_is_timed_when_it_comes_onto_the_map(embedded_url: str) -> None:
    async with fleet(embedded_url) as at:
        at.client.headers.update(OLA)
        stages = at_three()
        console = Console(HOST, at.client, stages, NOON)
        await console.begin()
        assert len(stages.of[ON_MAP]) == 0
        await fix(at, 2, NOON + SECOND_US, OUTSIDE)
        await console.look()
        await console.look()
        told = stages.of[ON_MAP].as_json()
    assert told is not None
    assert (told["count"], told["max"]) == (1, 2.0)


@pytest.mark.slow
async def test_the_alert_of_a_cut_strap_is_timed_when_it_comes_on_the_stream(embedded_url: str) -> None:
    async with fleet(embedded_url) as at, served(at.app) as address, httpx2.AsyncClient(headers=OLA) as http:
        stages = at_three()
        console = Console(address, http, stages, NOON)
        console.expected = {"W2": SECOND_US}
        following = asyncio.create_task(console.follow_alerts())
        await console.followed()
        await opened(at, 2)
        await eventually(lambda: console.heard == 1, "the alert is heard")
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        told = stages.of[ALERTED].as_json()
    assert told is not None
    assert (told["count"], told["max"]) == (1, 2.0)


@pytest.mark.slow
async def test_a_role_that_may_not_see_positions_is_refused_before_the_run(embedded_url: str) -> None:
    async with fleet(embedded_url) as at:
        at.client.headers.update(asks("adam", "administrator"))
        with pytest.raises(BadSetting, match="answered 403"):
            await Console(HOST, at.client, at_three(), NOON).begin()
