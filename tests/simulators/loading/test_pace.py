"""Devices made to speak as often as a plan says."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np

from domain.instants import SECOND_US
from simulators.devices import Message
from simulators.scenario import CALM
from tests.simulators.worlds import world

INTERVAL_US = SECOND_US // 2


def seqs_of(messages: list[Message]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    for message in messages:
        found[message.device] += range(message.first_seq, message.first_seq + message.items)
    return found


def test_the_first_devices_speak_evenly_spread_and_the_others_not() -> None:
    devices = world(20, 60.0, 1.0, CALM).devices
    devices.pace(10, INTERVAL_US, 0)
    messages = devices.step(10 * SECOND_US)
    assert Counter(message.device for message in messages) == dict.fromkeys(range(10), 20)
    phases = np.sort([m.t_us for m in messages if m.t_us < INTERVAL_US])
    assert len(phases) == 10
    assert np.diff(phases).max() < 3 * INTERVAL_US / 10


def test_a_change_of_pace_leaves_no_hole_in_what_devices_count() -> None:
    devices = world(20, 60.0, 0.2, CALM).devices
    messages = devices.step(7 * SECOND_US)
    devices.pace(12, INTERVAL_US, 7 * SECOND_US)
    messages += devices.step(9 * SECOND_US)
    devices.pace(20, 2 * SECOND_US, 9 * SECOND_US)
    messages += devices.step(30 * SECOND_US)
    messages += devices.drain()
    for device, seqs in seqs_of(messages).items():
        assert seqs == list(range(1, int(devices.sent_seq()[device]) + 1))
    late = Counter(m.device for m in messages if m.t_us >= 10 * SECOND_US)
    assert late == dict.fromkeys(range(20), 10)
