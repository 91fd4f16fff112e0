"""What the centre says of itself, read; and alerts told apart."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, make_asgi_app

from domain.errors import BadSetting
from simulators.loading.meter import ALERTED, Stages
from simulators.loading.watching import Centre, Console, Scraped, bucket_quantile, key_of
from tests.api.serving import HOST, app_over, client_of
from tests.api.sides import fake_side

BOUNDS = (0.01, 0.1, 1.0, 10.0)


def registry() -> tuple[CollectorRegistry, Counter, Histogram]:
    found = CollectorRegistry()
    parked = Counter("bailiwick_parked", "Parked.", ["reason"], registry=found)
    return found, parked, Histogram("bailiwick_judge_seconds", "Judging.", buckets=BOUNDS, registry=found)


def read(found: CollectorRegistry) -> Scraped:
    return Scraped.of(generate_latest(found).decode())


def test_metrics_are_read_and_summed_over_labels() -> None:
    found, parked, judging = registry()
    parked.labels("stale").inc(2)
    parked.labels("unknown_device").inc(3)
    judging.observe(0.05)
    scraped = read(found)
    assert scraped.values["bailiwick_parked_total"] == 5
    assert scraped.buckets["bailiwick_judge_seconds"] == {0.01: 0, 0.1: 1, 1.0: 1, 10.0: 1, math.inf: 1}


@given(st.lists(st.floats(0.0, 9.9), min_size=1, max_size=60), st.floats(0.01, 1.0))
def test_a_quantile_of_buckets_lies_in_the_bucket_of_the_exact_one(values: list[float], q: float) -> None:
    found, _, judging = registry()
    judging.observe(0.005)
    before = read(found).buckets["bailiwick_judge_seconds"]
    for value in values:
        judging.observe(value)
    told = bucket_quantile(before, read(found).buckets["bailiwick_judge_seconds"], q)
    exact = float(np.quantile(values, q, method="inverted_cdf"))
    upper = next(bound for bound in BOUNDS if exact <= bound)
    lower = max((bound for bound in BOUNDS if bound < upper), default=0.0)
    assert told is not None
    assert lower <= told <= upper + 1e-9


def test_between_two_answers_without_anything_new_there_is_no_quantile() -> None:
    found, _, judging = registry()
    judging.observe(0.5)
    same = read(found).buckets["bailiwick_judge_seconds"]
    assert bucket_quantile(same, same, 0.5) is None
    assert bucket_quantile({}, {}, 0.5) is None


async def test_a_centre_that_began_anew_is_counted_on() -> None:
    processes: list[tuple[CollectorRegistry, Counter]] = []

    def begin(stored: int) -> None:
        found = CollectorRegistry()
        counter = Counter("bailiwick_committed_facts", "Facts stored.", registry=found)
        counter.inc(stored)
        processes.append((found, counter))

    async def newest(scope: Any, receive: Any, send: Any) -> None:
        await make_asgi_app(processes[-1][0])(scope, receive, send)

    begin(100)
    seen = []
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=newest)) as http:
        centre = Centre("http://centre.example/metrics", http)
        await centre.begin()
        processes[-1][1].inc(30)
        await centre.look(1.0, 50)
        seen.append((centre.stored, centre.behind()))
        begin(10)
        await centre.look(2.0, 50)
        seen.append((centre.stored, centre.behind()))
    assert seen == [(30.0, 20.0), (40.0, 10.0)]


async def test_an_address_that_gives_no_metrics_is_refused_before_the_run() -> None:
    async with client_of(app_over(fake_side())) as http:
        with pytest.raises(BadSetting, match="answered 404"):
            await Centre(f"{HOST}/nothing/metrics", http).begin()


async def test_the_first_of_an_alert_about_a_strap_that_we_cut_is_timed() -> None:
    stages = Stages(lambda: 5_000_000)
    async with httpx2.AsyncClient() as http:
        console = Console("http://centre.example", http, stages, 0)
        console.expected = {"W1": 4_250_000, "W2": 4_500_000, "W3": 6_000_000}
        console.take({"kind": "battery_low", "wearer": "W1"})
        console.take({"kind": "strap_tamper", "wearer": "W9"})
        console.take({"kind": "strap_tamper", "wearer": "W1"})
        console.take({"kind": "strap_tamper", "wearer": "W1"})
        assert set(console.expected) == {"W2", "W3"}
        console.take({"kind": "strap_tamper", "wearer": "W2"})
        # W3's strap would have been cut after the run's end: nobody waits for that.
        await console.last_alerts(5_000_000)
    told = stages.of[ALERTED].as_json()
    assert told is not None
    assert (told["count"], told["max"]) == (2, 0.75)


def test_a_file_without_a_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("\n")
    with pytest.raises(BadSetting, match="no key"):
        key_of(path)
    assert key_of(None) is None
