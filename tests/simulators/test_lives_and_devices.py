"""The world keeps to what people and devices can do: speeds, honest accuracy, counted items, memory."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest

from domain.facts import Roster
from domain.vocabulary import Quality
from domain.wire import Decoder
from domain.wire_topics import up_topic
from simulators.devices import Devices
from simulators.devices import Message as Sent
from simulators.items import MOST_ITEMS
from simulators.lives import Followed
from simulators.lives_walked import position_of
from simulators.scenario import CALM, Accuracy, Outage, People, Scenario, Wire
from simulators.scenes import Silence
from simulators.service import Simulation
from simulators.speakers import MS
from tests.simulators.worlds import life, one, wearer, world

FASTEST_M_S = 30.0
IMPLAUSIBLE_M_S = 90.0


def _all(devices: Devices, duration_s: float, slice_s: float = 1.0) -> list[Sent]:
    sent = []
    for n in range(1, round(duration_s / slice_s) + 1):
        sent += devices.step(round(n * slice_s * 1e6))
    return [*sent, *devices.drain()]


def _items(message: Sent) -> list[dict[str, Any]]:
    body = msgspec.msgpack.decode(message.payload) if message.payload[0] >= 0x80 else json.loads(message.payload)
    items = [*body.get("fixes", []), *body.get("events", [])]
    return sorted(items, key=lambda item: item["seq"])


def test_the_same_seed_gives_the_same_lives_and_messages() -> None:
    first, again = (world(30, 120.0, 0.5) for _ in range(2))
    assert [m.payload for m in _all(first.devices, 120)] == [m.payload for m in _all(again.devices, 120)]
    assert all(np.array_equal(a.x, b.x) for a, b in zip(first.lives, again.lives, strict=True))


@pytest.mark.parametrize("duration_s", [120.0, 900.0, pytest.param(86_400.0, marks=pytest.mark.slow)])
def test_nobody_walks_or_drives_faster_than_people_do(duration_s: float) -> None:
    for lived in world(120, duration_s, 1.0, soon=duration_s < 3600).lives:
        away, took = np.hypot(np.diff(lived.x), np.diff(lived.y)), np.diff(lived.t)
        assert (took >= 0).all()
        assert (away <= FASTEST_M_S * took + 1e-6).all()
        assert lived.t[0] == 0
        assert lived.t[-1] >= duration_s


def test_positions_followed_step_by_step_are_those_of_the_walk() -> None:
    simulation = world(40, 200.0, 1.0)
    people = np.arange(len(simulation.lives))
    lives = simulation.lives
    followed = Followed([one.t for one in lives], [[one.x for one in lives], [one.y for one in lives]], people)
    for t in np.arange(0.0, 200.0, 0.7):
        x, y = followed.values(people, np.full(len(people), t))
        truth = [position_of(lived, np.array([t])) for lived in simulation.lives]
        assert np.allclose(x, [p[0][0] for p in truth])
        assert np.allclose(y, [p[1][0] for p in truth])


@pytest.mark.slow
@pytest.mark.parametrize("interval_s", [1.0, 60.0])
def test_the_stated_accuracy_is_honest(interval_s: float) -> None:
    """95 of 100 positions lie within the stated radius, and the errors of each axis are normal and without bias."""
    duration_s = 400 * interval_s
    scenario = replace(CALM, accuracy=Accuracy(10.0, 4.0, 60.0), wire=Wire(0.0), people=People("no"))
    simulation = world(150, duration_s, 1 / interval_s, scenario, soon=False)
    stated, miss, east = [], [], []
    for message in _all(simulation.devices, duration_s, interval_s):
        speaker = simulation.speakers[message.device]
        if not speaker.locates:
            continue
        home = simulation.subjects[speaker.person].home
        for item in _items(message):
            t_s = (item["t"] - simulation.run.start_us / 1000) / 1000
            x, y = position_of(simulation.lives[speaker.person], np.array([t_s]))
            fx, fy = home.to_xy(np.array([item["lon"]], float), np.array([item["lat"]], float))
            stated.append(item["acc"])
            miss.append(float(np.hypot(fx - x, fy - y)[0]))
            east.append(float((fx - x)[0]) / item["acc"] * 2.4477)
    assert len(stated) > 10_000
    assert np.mean(np.array(miss) <= np.array(stated, float)) == pytest.approx(0.95, abs=0.012)
    assert np.mean(east) == pytest.approx(0.0, abs=0.05)
    assert np.std(east) == pytest.approx(1.0, abs=0.04)


@pytest.mark.slow
def test_every_device_counts_its_items_without_a_hole_and_in_the_order_of_time() -> None:
    simulation = world(150, 600.0, 0.5)
    seen: dict[int, list[tuple[int, int]]] = {}
    for message in _all(simulation.devices, 600):
        items = _items(message)
        assert message.items == len(items)
        assert message.first_seq == items[0]["seq"]
        seen.setdefault(message.device, []).extend((i["seq"], i["t"]) for i in items)
    last = simulation.devices.sent_seq()
    for device, items_ in seen.items():
        assert [seq for seq, _ in items_] == list(range(1, last[device] + 1))
        assert all(b[1] - a[1] > -1000 for a, b in itertools.pairwise(items_))


@pytest.mark.slow
def test_everything_is_good_on_the_wire_in_json_and_messagepack() -> None:
    simulation = world(120, 300.0, 0.5, replace(Scenario(), wire=Wire(0.5)))
    speakers = simulation.speakers
    decoder = Decoder(Roster(), {s.id for s in speakers} | {t for s in simulation.subjects for t in s.rf_tags})
    received_us = simulation.run.end_us
    messages = [(up_topic(speakers[m.device].id), m.payload, received_us) for m in _all(simulation.devices, 300)]
    decoded = decoder.decode(messages)
    assert decoded.dead_letters == []
    assert len(decoded.batch.facts) == simulation.devices.sent_seq().sum()
    assert (decoded.batch.facts["tag"] != -2).all()
    assert (decoded.batch.facts["quality"] == Quality.OK).all()


def _devices(silence: Silence, duration_s: float = 900.0, **more: float) -> Devices:
    subject, speakers, run = one(wearer(), duration_s)
    return Devices(speakers, [subject], [life((0, 0, 0), (duration_s + 10, 0, 0), silences=[silence])], run, 1)


def test_a_device_that_keeps_sends_its_backlog_oldest_first_and_in_parts() -> None:
    devices = _devices(Silence((100.0, 800.0), keeps=True))
    sent = _all(devices, 900)
    assert [m.first_seq for m in sent] == sorted(m.first_seq for m in sent)
    assert sum(m.items for m in sent) == 900
    backlog = [m for m in sent if m.items > 1]
    assert [m.items for m in backlog] == [MOST_ITEMS, 201]
    assert backlog[0].t_us >= 800_000_000
    ((device, low, high, sent_ms),) = devices.late
    assert (device, low, high) == (0, 101, 800)
    assert sent_ms >= devices.start_ms + 800_000


def test_a_device_that_is_off_records_nothing() -> None:
    devices = _devices(Silence((100.0, 800.0), keeps=False))
    sent = _all(devices, 900)
    assert sum(m.items for m in sent) == 200
    times = [item["t"] - devices.start_ms for m in sent for item in _items(m)]
    assert not any(100_000 <= t < 800_000 for t in times)


def test_what_was_kept_and_never_sent_is_not_counted_as_sent() -> None:
    devices = _devices(Silence((100.0, 5000.0), keeps=True))
    sent = _all(devices, 900)
    assert sum(m.items for m in sent) == 100 == devices.sent_seq()[0]
    assert devices.seq[0] == 900


def test_without_a_rate_devices_record_and_upload_as_the_caseload_says() -> None:
    subject, speakers, run = one(wearer(interval_s=15, upload_s=60), 300.0, rate_hz=0)
    assert (speakers[0].interval_us, speakers[0].upload_us) == (15_000_000, 60_000_000)
    devices = Devices(speakers, [subject], [life((0, 0, 0), (400, 0, 0))], run, 1)
    sent = _all(devices, 300)
    assert [m.items for m in sent] == [4] * 5


def test_a_home_unit_tells_when_it_hears_the_tag_and_when_it_no_longer_does() -> None:
    subject, speakers, run = one(wearer(tag="rf_tag"), 60.0)
    walk = life((0, 0, 0), (10, 0, 0), (20, 200, 0), (30, 200, 0), (40, 0, 0), (70, 0, 0))
    devices = Devices(speakers, [subject], [walk], run, 1)
    told = [(item["code"], item.get("state"), item.get("data")) for m in _all(devices, 60) for item in _items(m)]
    heard = ("in_range", "start", {"tag": "T1"})
    assert told[0] == heard
    lost = [(n, what) for n, what in enumerate(told) if what[1] == "end"]
    ((n, (_, _, data)),) = lost
    assert told[n - 1] == heard
    assert data == {"tag": "T1", "last_heard": devices.start_ms + speakers[0].phase_us // MS + 1000 * (n - 1)}
    assert told[n + 1] == ("heartbeat", None, None)
    assert told[-1] == heard


def test_a_network_outage_takes_its_share_of_the_devices() -> None:
    scenario = replace(CALM, outages=(Outage(100.0, 200.0, share=0.5),))
    simulation: Simulation = world(200, 300.0, 0.1, scenario)
    silent = sum(bool(lived.silences) for lived in simulation.lives)
    assert silent / 200 == pytest.approx(0.5, abs=0.1)
