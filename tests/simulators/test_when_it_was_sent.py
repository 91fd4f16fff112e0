"""When devices send, and that the auditor knows it to the millisecond: at rest, out of reach, and of home units that seldom upload."""

from __future__ import annotations

import itertools
import json
from typing import Any

import numpy as np
import pytest

from domain.vocabulary import EventCode, EventState
from simulators.devices import Devices, Message
from simulators.losses import Losses, held_back, number_of
from simulators.scenario import Network
from simulators.scenes import DeviceEvent, Life, Silence
from simulators.testimony import Told, Way, told_by
from tests.simulators.worlds import life, one, wearer

AWAY = 400.0
TIMES = [(15, 60), (30, 60), (60, 120), (60, 60), (60, 300)]


def _lived(
    walk: Life, duration_s: float, interval_s: int, upload_s: int, tag: str = "gps_tag"
) -> tuple[list[Message], Told, Devices]:
    """What the only device of a person sent, and what the auditor says of it."""
    subject, speakers, run = one(wearer(tag=tag, interval_s=interval_s, upload_s=upload_s), duration_s, rate_hz=0)
    devices = Devices(speakers, [subject], [walk], run, 1)
    (told,) = told_by(walk, speakers, duration_s, subject=subject)
    return devices.step(round(duration_s * 1e6)), told, devices


def _at_rest(begin: float, end: float) -> Life:
    events = [
        DeviceEvent(begin, EventCode.REST, EventState.START, interval_s=240.0),
        DeviceEvent(end, EventCode.REST, EventState.END),
    ]
    walk = life((0, 0, 0), (8000, 0, 0), events=events)
    walk.paces = [((begin, end), 240.0)]
    return walk


def _events(sent: list[Message]) -> list[dict[str, Any]]:
    return [event for message in sent for event in json.loads(message.payload).get("events", [])]


def _without_room() -> Life:
    """Home, out of the home unit's hearing and back, in its shadow, off for a while and out of reach for a while."""
    silences = [Silence((3001.0, 3133.0), keeps=False), Silence((4001.0, 4503.0), keeps=True)]
    walk = life((0, 0, 0), (900, 0, 0), (960, AWAY, 0), (2100, AWAY, 0), (2150, 0, 0), (8000, 0, 0), silences=silences)
    walk.shadows = [(5000.0, 5070.0), (6000.0, 6400.0)]
    return walk


@pytest.mark.parametrize(("interval_s", "upload_s"), TIMES)
def test_a_tag_at_rest_stays_in_contact(interval_s: int, upload_s: int) -> None:
    sent, _, _ = _lived(_at_rest(1000.0, 7000.0), 8000.0, interval_s, upload_s)
    apart_s = [(b.t_us - a.t_us) / 1e6 for a, b in itertools.pairwise(sent)]
    assert max(apart_s) <= max(upload_s, 240.0)


@pytest.mark.parametrize(("interval_s", "upload_s"), TIMES)
@pytest.mark.parametrize("tag", ["gps_tag", "rf_tag", "alcohol_tag"])
def test_the_auditor_knows_when_everything_was_sent(tag: str, interval_s: int, upload_s: int) -> None:
    for walk in (_at_rest(1000.0, 7000.0), _without_room()):
        sent, told, _ = _lived(walk, 8000.0, interval_s, upload_s, tag)
        assert [message.t_us / 1e6 for message in sent] == told.messages.sent.tolist()


def test_what_the_network_holds_back_is_known_of_each_message_and_is_the_share_that_is_asked_for() -> None:
    t_us = np.arange(20_000, dtype=np.int64) * 1_000_000
    held = held_back(0.2, 600.0, 3, number_of("T1"), t_us)
    assert np.mean(held > 0) == pytest.approx(0.2, abs=0.01)
    assert held.max() <= 600.0
    assert np.mean(held[held > 0]) == pytest.approx(300.0, abs=10.0)
    network = Network(reordered=0.2, reorder_s=600.0)
    messages = [Message(n % 2, int(t), b"", 1, 1) for n, t in enumerate(t_us[:18])]
    befallen = list(Losses(network, 3, ("T1", "T2")).befall(messages))
    assert [held_s for message, _, held_s in befallen if message.device == 0] == held[:18:2].tolist()


def test_the_auditor_knows_when_what_was_held_back_came() -> None:
    subject, speakers, _ = one(wearer(), 900.0)
    way = Way(delay_s=100.0, seed=5, reordered=0.3, reorder_s=100.0)
    (told,) = told_by(life((0, 0, 0), (900, 0, 0)), speakers, 900.0, way, subject)
    late = told.messages.came - told.messages.sent
    came = np.isfinite(told.messages.came)
    assert 0.2 < np.mean(late[came] > 0) < 0.4
    assert late[came].max() <= 100.0


# ---- home units ----


def test_a_home_unit_that_seldom_uploads_says_at_once_that_it_lost_a_tag_and_heard_it_again() -> None:
    walk = life((0, 0, 0), (4000, 0, 0))
    walk.shadows = [(1000.0, 1070.0)]
    sent, _, devices = _lived(walk, 3600.0, 60, 300, "rf_tag")
    said = [
        (event["state"], (event["t"] - devices.start_ms) / 1000, event["data"].get("last_heard"))
        for event in _events(sent)
    ]
    ((n, (_, lost_s, heard_ms)),) = [(n, one) for n, one in enumerate(said) if one[0] == "end"]
    assert 1000.0 <= lost_s < 1060.0
    assert lost_s - (heard_ms - devices.start_ms) / 1000 <= 60.0
    state, again_s, _ = said[n + 1]
    assert state == "start"
    assert again_s - lost_s <= 120.0


def test_a_home_unit_repeats_what_it_hears_as_often_as_it_uploads_and_no_oftener() -> None:
    sent, _, _ = _lived(life((0, 0, 0), (4000, 0, 0)), 3600.0, 60, 300, "rf_tag")
    assert {(b.t_us - a.t_us) / 1e6 for a, b in itertools.pairwise(sent)} == {300.0}
    assert {event["state"] for event in _events(sent)} == {"start"}


# ---- alcohol tags ----


def test_an_alcohol_tag_speaks_for_no_tag_and_tells_what_it_read() -> None:
    sent, _, _ = _lived(life((0, 0, 0), (4000, 0, 0)), 3600.0, 60, 60, "alcohol_tag")
    codes = [event["code"] for event in _events(sent)]
    assert set(codes) == {"heartbeat", "alcohol_reading"}
    assert codes.count("alcohol_reading") == 2
    assert {event["data"]["tac_permille"] for event in _events(sent) if event["code"] == "alcohol_reading"} == {0.0}
