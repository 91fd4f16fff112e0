"""A run as a feed file: what a centre would have received, in order, with its clock's ticks (contract.md)."""

from __future__ import annotations

import heapq
import json
import math
from collections.abc import Iterator
from random import Random

import msgspec

from domain.instants import SECOND_US, format_instant
from simulators.device_spans import NEVER_US, us_of
from simulators.devices import Devices, Message
from simulators.hostile import junk, stranger, strangers_send
from simulators.losses import Losses
from simulators.scenario import DUPLICATE_S, Scenario

SLICE_US = 10 * SECOND_US
"""How much of the world is taken at once."""


def feed_lines(devices: Devices, scenario: Scenario, seed: int) -> Iterator[bytes]:
    """The lines of the feed, each with its end: messages as they arrive, and a tick at every whole step.

    The feed begins with a tick at the start of the run and ends with one at its end, but while the centre is away it has
    none; what would arrive later is not in it.
    """
    arrivals = _Arrivals(devices, scenario, seed)
    end_us = devices.run.end_us - devices.run.start_us
    arrivals.strangers = strangers_send(scenario.hostile, end_us, Random(f"strangers:{seed}"))
    clock = _Clock(devices.run.start_us, scenario)
    now_us = 0
    yield from clock.until(now_us)
    while now_us < end_us:
        now_us = min(now_us + SLICE_US, end_us)
        arrivals.take(devices.step(now_us))
        if now_us == end_us:
            arrivals.take(devices.drain())
        arrivals.take_strangers(now_us)
        for received_us, line in arrivals.until(now_us):
            yield from clock.until(received_us)
            yield line
        yield from clock.until(now_us)
    yield from clock.last(end_us)


class _Clock:
    """The ticks of a centre that is there; times are microseconds since the run began."""

    def __init__(self, start_us: int, scenario: Scenario) -> None:
        self._start_us, self._every_us = start_us, round(scenario.feed.tick_s * SECOND_US)
        self._stands = [(us_of(begin), us_of(end)) for begin, end in scenario.without_clock()]
        self._next_us = 0

    def until(self, now_us: int) -> Iterator[bytes]:
        while self._next_us <= now_us:
            yield from self._tick(self._next_us)
            self._next_us += self._every_us

    def last(self, end_us: int) -> Iterator[bytes]:
        if self._next_us - self._every_us != end_us:
            yield from self._tick(end_us)

    def _tick(self, at_us: int) -> Iterator[bytes]:
        if not any(begin <= at_us < end for begin, end in self._stands):
            yield b'{"tick":"%s"}\n' % format_instant(self._start_us + at_us).encode()


class _Arrivals:
    """Messages on their way: each takes its time, some come twice, some are held back."""

    def __init__(self, devices: Devices, scenario: Scenario, seed: int) -> None:
        self._devices = devices
        self._network = scenario.network
        self._losses = Losses(scenario.network, seed, (speaker.id for speaker in devices.speakers))
        self._rng = Random(f"feed:{seed}")
        self.strangers: Iterator[tuple[int, int, bytes]] = iter(())
        self._stranger: tuple[int, int, bytes] | None = None
        self._away = [(us_of(begin), us_of(end)) for begin, end in scenario.server_away()]
        self._under_way: list[tuple[int, int, int, Message]] = []
        self._number = 0
        self._newest_us = 0

    def take(self, messages: list[Message]) -> None:
        network = self._network
        for message, lost, held_s in self._losses.befall(messages):
            if lost:
                continue
            if network.broken and self._rng.random() < network.broken:
                self._post(message._replace(payload=junk(self._rng), items=0), self._latency_us(held_s))
            self._post(message, self._latency_us(held_s))
            if network.duplicates and self._rng.random() < network.duplicates:
                after_us = self._latency_us(held_s)
                self._post(message, after_us + round(SECOND_US * self._rng.uniform(*DUPLICATE_S)))

    def take_strangers(self, now_us: int) -> None:
        """What clients that are no devices have sent before then."""
        while self._stranger is None or self._stranger[0] < now_us:
            if self._stranger is not None:
                at_us, number, payload = self._stranger
                self._post(Message(-1 - number, at_us, payload, 0, 0), self._latency_us())
            self._stranger = next(self.strangers, (NEVER_US, 0, b""))

    def _latency_us(self, held_s: float = 0.0) -> int:
        latency_s = self._network.latency_s * math.exp(0.5 * self._rng.gauss(0, 1)) + held_s
        return 1000 * (200 + round(1000 * latency_s))

    def _post(self, message: Message, latency_us: int) -> None:
        self._number += 1
        comes_us = message.t_us + latency_us
        taken_us = next((end for begin, end in self._away if begin <= comes_us < end), comes_us)
        heapq.heappush(self._under_way, (taken_us, comes_us, self._number, message))

    def until(self, now_us: int) -> Iterator[tuple[int, bytes]]:
        """What has arrived before then: (receive time since the run began, line)."""
        while self._under_way and self._under_way[0][0] < now_us:
            received_us, _, _, message = heapq.heappop(self._under_way)
            yield received_us, self._line(received_us, message)

    def _line(self, received_us: int, message: Message) -> bytes:
        received = format_instant(self._devices.run.start_us + received_us).encode()
        if not message.items:
            return _unread(received, self._id(message.device).encode(), message.payload)
        speaker = self._devices.speakers[message.device]
        envelope = message.payload
        if speaker.msgpack:
            envelope = json.dumps(msgspec.msgpack.decode(envelope), separators=(",", ":")).encode()
        return b'{"received":"%s","device":"%s","envelope":%s}\n' % (received, speaker.id.encode(), envelope)

    def _id(self, device: int) -> str:
        return self._devices.speakers[device].id if device >= 0 else stranger(-1 - device)


def _unread(received: bytes, device: bytes, payload: bytes) -> bytes:
    """A line of a feed is JSON: what is none stands there as a text, which is no envelope either."""
    try:
        json.loads(payload)
    except (ValueError, RecursionError):
        payload = json.dumps(payload[:200].decode("latin-1")).encode()
    return b'{"received":"%s","device":"%s","envelope":%s}\n' % (received, device, payload)
