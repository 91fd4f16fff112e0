"""The map and the stream of the API, timed as a screen that follows them sees them."""

from __future__ import annotations

import asyncio

import httpx2
import pytest

from domain.errors import BadSetting
from domain.instants import SECOND_US
from simulators.loading.meter import ALERTED, ON_MAP, Stages
from simulators.loading.watching import Console
from tests.api.doors import NOBODY, asks
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


@pytest.mark.slow
@pytest.mark.parametrize(
    ("headers", "said"),
    [
        (NOBODY, "answered 401: it answers nobody without a key, and --key-file names none"),
        (
            NOBODY | {"Authorization": "Bearer bwk_abc_def"},
            "answered 401: it does not know the key of --key-file, or the key is over",
        ),
        (asks("adam", "administrator"), "answered 403: the role of the key may not see positions and alerts"),
    ],
)
async def test_who_is_not_let_in_is_told_what_to_do(embedded_url: str, headers: dict[str, str], said: str) -> None:
    async with fleet(embedded_url) as at:
        at.client.headers.update(headers)
        with pytest.raises(BadSetting) as told:
            await Console(HOST, at.client, at_three(), NOON).begin()
    assert str(told.value).startswith(f"--api: {HOST}: it {said}")
    assert "`bailiwick accounts key --for load --role operator --every-area` makes one" in str(told.value)
    assert "\n" not in str(told.value)
