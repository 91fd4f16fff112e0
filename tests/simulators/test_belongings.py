"""Batteries, rest and satellites: levels that charging alone raises, pairs of beginnings and ends, silence when a tag is empty."""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from random import Random

import numpy as np
import pytest

from domain.feed_file import Received, read_feed
from domain.vocabulary import EventCode, EventState
from simulators.belongings import equip
from simulators.characters import Character, Daily, Dwelling
from simulators.feed import feed_lines
from simulators.scenario import CALM, Feed, Scenario, Shares
from simulators.scenes import DeviceEvent, Scene
from simulators.streets import Path
from simulators.subjects import subjects_of
from tests.simulators.estates import whole_days
from tests.simulators.worlds import START_US, Run, versions_of, wearer

DAY_S = 86_400.0
PAIRED = (EventCode.CHARGING, EventCode.REST, EventCode.BATTERY_LOW, EventCode.BATTERY_CRITICAL, EventCode.BATTERY_DEAD)


def _equipped(seed: int, *, forgets: bool, days: float = 12.0) -> Scene:
    """Somebody who goes out now and then, and home again."""
    rng = Random(seed)
    run = Run(START_US, days * DAY_S)
    subject = subjects_of(versions_of(wearer(interval_s=60, upload_s=60)), run, 1)[0]
    scene = Scene(subject, run, rng, Path(0.0, (0.0, 0.0), rng), run.duration_s)
    while scene.path.now < run.duration_s:
        scene.path.stay(scene.path.now + rng.uniform(600.0, 14 * 3600.0))
        scene.path.straight((400.0, 0.0), 1.3)
        scene.path.stay(scene.path.now + rng.uniform(600.0, 10 * 3600.0))
        scene.path.straight((0.0, 0.0), 1.3)
    equip(scene, Character(Daily.HOME, Dwelling.HOUSE, forgets), 240.0, 0.0)
    return scene


def _spans(events: list[DeviceEvent], code: EventCode, until: float) -> list[tuple[float, float]]:
    """From each beginning to its end, which must come by turns."""
    of = sorted((e for e in events if e.code is code), key=lambda e: e.at)
    states = [e.state for e in of]
    assert states == [(EventState.START, EventState.END)[n % 2] for n in range(len(states))], code
    times = [e.at for e in of] + ([until] if len(of) % 2 else [])
    return list(zip(times[::2], times[1::2], strict=True))


@pytest.mark.parametrize("forgets", [False, True])
@pytest.mark.parametrize("seed", range(12))
def test_a_battery_falls_unless_it_charges_and_a_tag_says_so(seed: int, *, forgets: bool) -> None:
    scene = _equipped(seed, forgets=forgets)
    t, level = np.array(scene.battery).T
    assert level.min() >= 0.0
    assert level.max() <= 100.0
    assert (np.diff(t) >= 0).all()
    charging = _spans(scene.events, EventCode.CHARGING, scene.run.duration_s)
    assert charging
    for (at, low), (then, high) in itertools.pairwise(scene.battery):
        if high > low:
            assert any(abs(at - begin) <= 2.0 and abs(then - end) <= 2.0 for begin, end in charging)


@pytest.mark.parametrize("seed", range(12))
def test_what_a_tag_says_of_its_battery_is_so(seed: int) -> None:
    scene = _equipped(seed, forgets=True)
    t, level = np.array(scene.battery).T
    for code, mark in (
        (EventCode.BATTERY_LOW, 20.0),
        (EventCode.BATTERY_CRITICAL, 10.0),
        (EventCode.BATTERY_DEAD, 0.0),
    ):
        for begin, _ in _spans(scene.events, code, scene.run.duration_s):
            assert np.interp(begin, t, level) == pytest.approx(mark, abs=0.1)
    _spans(scene.events, EventCode.REST, scene.run.duration_s)


def test_a_tag_that_is_empty_is_silent_until_it_is_charged() -> None:
    seen = 0
    for seed in range(12):
        scene = _equipped(seed, forgets=True)
        charging = [begin for begin, _ in _spans(scene.events, EventCode.CHARGING, scene.run.duration_s)]
        for begin, end in _spans(scene.events, EventCode.BATTERY_DEAD, scene.run.duration_s):
            seen += 1
            ((off, on),) = [s.span for s in scene.silences if not s.keeps and begin <= s.span[0] <= end]
            assert begin < off < begin + 120.0
            assert on >= scene.run.duration_s or min(abs(on - plugged) for plugged in charging) < 2.0
    assert seen >= 4


@pytest.mark.slow
def test_what_devices_send_begins_and_ends_by_turns() -> None:
    """Also of devices that were out of reach meanwhile."""
    shares = Shares(**{**dict.fromkeys(Shares.__dataclass_fields__, 0.0), "silent_backlog": 0.25})
    scenario = Scenario(shares=shares, feed=Feed(600.0))
    _, simulation = whole_days(60, 36, scenario, seed=3)
    said: dict[tuple[str, str], list[tuple[int, str]]] = defaultdict(list)
    for line in read_feed(feed_lines(simulation.devices, scenario, 3), "made", lambda record: record):
        if isinstance(line, Received):
            for event in json.loads(line.envelope).get("events", []):
                if event["code"] in {code.name.lower() for code in PAIRED}:
                    said[line.device, event["code"]].append((event["seq"], event["state"]))
    assert sum(code == "rest" for _, code in said) > 20
    twice = {key for key, states in said.items() if [s for _, s in sorted(states)] != _by_turns(len(states))}
    assert twice == set()


def _by_turns(count: int) -> list[str]:
    return [("start", "end")[n % 2] for n in range(count)]


@pytest.mark.slow
def test_tags_at_rest_record_less_often_and_their_times_say_so() -> None:
    _, simulation = whole_days(30, 12, CALM, only=lambda r: r.get("kind") == "gps_tag")
    for life in simulation.lives:
        for (begin, end), each_s in life.rests:
            inside = (life.t >= begin) & (life.t <= end)
            assert end - begin > 0
            assert each_s == 240.0
            assert np.hypot(life.x[inside], life.y[inside]).max(initial=0.0) < 1.0
