"""Failures 10 and 11: people thought to be monitored were not; others were, years after their order had ended."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from domain.instants import parse_instant
from domain.vocabulary import OrderState
from tests.rules.made import HOME, ORDER_TO, Line, Sender, condition, learnt, said, standing, tick, us, wearer
from tests.rules.running import Running, batches_of, caseload_of
from tests.twin.caseload import Caseload
from tests.twin.feeds import feed_of_all
from tests.twin.spans import holding

SEEDS = (0, 3, 9, 14)
BY_ORDER = {"not_fitted", "unmonitored"}
ENDS = "2026-11-02T12:00:00"
NEVER_OVER = [
    {"day": day, "start": "00:00", "end": "24:00"} for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
]
ZONE = {"type": "Circle", "center": [0.5, 51.2], "radius_m": 300}


def by_hand(caseload: Caseload, current: dict[str, Line], at_us: int) -> Counter[str]:
    """Active orders by state: records and open violations, read one by one in the order of the page."""
    found: Counter[str] = Counter()
    opened = [v for v in current.values() if v["change"] != "withdrawn" and v["to"] is None]
    of_orders = {(v["kind"], v["order"]) for v in opened if v["kind"] in BY_ORDER}
    for order in caseload.ids("order"):
        if holding(caseload.order_spans(order), at_us) is None:
            continue
        whose = caseload.newest("order", order)["wearer"]
        worn = {device for device in caseload.ids("device") if caseload.wearer_of(device, at_us) == whose}
        lost = {v["kind"] for v in opened if v["device"] in worn}
        suspended = holding(caseload.suspensions_of_order(order), at_us) is not None
        states = {
            "suspended": suspended,
            "not_fitted": not worn and ("not_fitted", order) in of_orders,
            "awaiting_fitting": not worn,
            "unmonitored": ("unmonitored", order) in of_orders,
            "communication_lost": "communication_lost" in lost,
            "location_lost": "location_lost" in lost,
            "monitored": True,
        }
        found[next(state for state, holds in states.items() if holds)] += 1
    return found


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_failure_10_the_states_add_up_to_the_active_orders_at_every_line(seed: int) -> None:
    records, lines, _ = feed_of_all(seed)
    running = Running(caseload_of(records))
    caseload = Caseload(records)
    current: dict[str, Line] = {}
    seen: Counter[str] = Counter()
    for text, batch in zip(lines, batches_of(running.versions, lines, running.roster, 1, None), strict=True):
        said_before = len(running.said)
        running.take(batch)
        line: dict[str, Any] = json.loads(text)
        if "learnt" in line:
            holds = parse_instant(line.get("holds_from") or line["learnt"])
            caseload.learn(line["record"], holds, cancelled=bool(line.get("cancelled")))
        current |= {v.id: json.loads(v.as_line()) for v in running.said[said_before:]}
        at_us = int(batch.instants[-1])
        states = {state.value: number for state, number in running.rules.order_states().items()}
        expected = by_hand(caseload, current, at_us)
        assert states == dict.fromkeys(states, 0) | expected, text
        assert sum(states.values()) == expected.total()
        seen.update(expected.keys())
    assert len(seen) >= 3, "a feed in which nothing happens shows nothing"


def kept_away(**more: Any) -> list[Line]:
    """A wearer with every sort of thing that can stand open: two conditions, a tag."""
    place = {"place": HOME, "timezone": "Europe/London", "timetable": NEVER_OVER, "grace_s": 0}
    zone = condition("exclusion_zone", "C2", zone=ZONE | {"center": [0.5, 51.21]}, threshold_points=1)
    return [*wearer(("T1", "gps_tag"), **more), condition("curfew", **place), zone]


def out_until(tag: Sender, last: int) -> list[Line]:
    """Away from home and inside the zone from 11:30, strap cut at 11:40, each minute up to minute ``last`` of the day."""
    clocks = [f"2026-11-02T{m // 60:02}:{m % 60:02}:00" for m in range(690, last)]
    lines = [tag.away(clock) for clock in clocks]
    return [*lines[:10], tag.event(clocks[10], "strap_tamper", "start"), *lines[10:]]


@pytest.mark.parametrize("how", ["as it was known", "by a variation"])
def test_failure_11_an_orders_end_ends_its_monitoring_everywhere(how: str) -> None:
    """Nothing of the order stays open past its end, nothing opens after it, and no state counts it."""
    tag = Sender("T1")
    lines = [*out_until(tag, 730), *(tick(f"2026-11-{day:02}T12:0{m}:00") for day in (2, 3, 9) for m in (1, 6))]
    order = next(r for r in kept_away() if r["type"] == "order")
    records = kept_away(to=f"{ENDS}Z") if how == "as it was known" else kept_away()
    if how == "by a variation":
        lines.append(learnt("2026-11-02T11:50:00", order | {"to": f"{ENDS}Z"}))
    versions = said(records, lines)
    stood = [v for v in standing(versions, *{v["kind"] for v in versions}) if v["order"] is not None]
    assert {"exclusion_zone", "curfew"} <= {v["kind"] for v in stood}
    assert {v["to"] for v in stood} == {f"{ENDS}Z"}
    assert all(us(v["from"].removesuffix("Z")) < us(ENDS) for v in versions if v["kind"] != "strap_tamper")
    assert not standing(versions, "communication_lost", "unmonitored", "whereabouts_unknown", "not_fitted")


def test_failure_11_without_its_end_the_same_feed_goes_on_being_judged() -> None:
    tag = Sender("T1")
    lines = [*out_until(tag, 730), *(tick(f"2026-11-{day:02}T12:0{m}:00") for day in (2, 3, 9) for m in (1, 6))]
    versions = said(kept_away(to=ORDER_TO), lines)
    still = {v["kind"] for v in standing(versions, *{v["kind"] for v in versions}) if v["to"] is None}
    assert {"exclusion_zone", "communication_lost", "unmonitored"} <= still


def test_failure_11_an_order_that_is_over_is_in_no_state() -> None:
    running = Running(caseload_of(json.dumps(record) for record in kept_away(to=f"{ENDS}Z")))
    counted = []
    feed = [json.dumps(tick(f"2026-11-02T{clock}")) for clock in ("11:59:59.999999", "12:00:00")]
    for batch in batches_of(running.versions, feed, running.roster, 1, None):
        running.take(batch)
        counted.append(sum(running.rules.order_states().values()))
    assert counted == [1, 0]
    assert OrderState.MONITORED in running.rules.order_states()
