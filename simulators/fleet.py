"""The fleet: one MQTT connection for every speaking device, in one event loop, in real time.

What a device has recorded and the broker has not acknowledged is its own to keep; it is sent again after each
reconnection. The fleet ends when everything has been acknowledged, or says what has not.
"""

from __future__ import annotations

import asyncio
import resource
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from random import Random
from typing import Any, Final, Protocol

import numpy as np

from domain.instants import SECOND_US
from simulators.devices import Devices, Message
from simulators.hostile import junk, stranger, strangers_send
from simulators.link import Address, Exchange, Link
from simulators.losses import Losses
from simulators.obeying import Obedience
from simulators.scenario import Hostile, Network
from simulators.scenes import Life
from simulators.speakers import MS, lived_by

SLICE_S: Final = 0.02
"""How often what fell due is sent."""
CONNECTING_AT_ONCE: Final = 48
"""Connections under way to one listener."""
CONNECT_TIMEOUT_S: Final = 60.0
RECONNECT_S: Final = (0.5, 5.0)
DRAIN_S: Final = 60.0
"""How long the fleet waits for the last acknowledgements."""
DRAIN_LOOK_S: Final = 0.25
SPARE_FILES: Final = 256
UNTOLD_S: Final = 60.0
"""How often a client that is no device is taken to speak."""
MOST_COMMANDS: Final = 10_000
"""Told within one slice; the oldest give way, and are answered by nobody."""
PROGRESS_S: Final = 1.0


@dataclass(slots=True)
class Tally:
    """What the fleet did, in items where not said otherwise.

    ``connections``: devices that were connected, ``at_once``: the most at one time; ``sent``: items that devices in reach had to send, each once; ``acknowledged``: of these, taken by the broker;
    ``broken``: messages that nobody can read; ``held``: still in the devices' memories at the end; ``unrouted``: taken by the broker for nobody; ``resent``:
    published again; ``dropped``: lost from a full memory;
    ``lost``: that the network lost, and nobody has asked for since; ``commands``: that devices were told, each once;
    ``lag_s``: the longest time from an item's due time to its publishing, while the device was in reach.
    """

    connections: int = 0
    at_once: int = 0
    messages: int = 0
    sent: int = 0
    acknowledged: int = 0
    held: int = 0
    unrouted: int = 0
    resent: int = 0
    duplicated: int = 0
    broken: int = 0
    dropped: int = 0
    lost: int = 0
    commands: int = 0
    reconnections: int = 0
    lag_s: float = 0.0
    cpu_s: float = 0.0
    troubles: Counter[str] = field(default_factory=Counter)

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "troubles": dict(self.troubles.most_common(10))}


Progress = Callable[[str, Tally], None]
"""Called about once a second with what is being done."""


def quiet(_: str, __: Tally) -> None:
    """No progress is shown."""


Pace = Callable[[int], None]
"""Called before each slice, with the microseconds since the run began."""


def unchanged(_: int) -> None:
    """Devices speak as they were made to."""


class LinkMaker(Protocol):
    """`Link`, or one that does more."""

    def __call__(
        self, index: int, device: str, address: Address, upload_s: float, exchange: Exchange, session_s: int
    ) -> Link: ...


class Fleet:
    """Publishes what `Devices` gives, each device over its own connection."""

    def __init__(
        self,
        devices: Devices,
        lives: list[Life],
        brokers: list[Address],
        network: Network,
        seed: int,
        progress: Progress = quiet,
        hostile: Hostile | None = None,
        make_link: LinkMaker = Link,
        pace: Pace = unchanged,
    ) -> None:
        self.tally = Tally()
        self._devices, self._network, self._progress, self._pace = devices, network, progress, pace
        self._obedience = Obedience(devices)
        self._commands: deque[tuple[int, bytes]] = deque(maxlen=MOST_COMMANDS)
        self._losses = Losses(network, seed, (speaker.id for speaker in devices.speakers))
        self._rng = Random(f"fleet:{seed}")
        self._links = [
            make_link(n, s.id, brokers[n % len(brokers)], s.upload_us / SECOND_US, self, int(network.session_s))
            for n, s in enumerate(devices.speakers)
        ]
        hostile = hostile or Hostile()
        self._strangers = [
            Link(len(self._links) + n, stranger(n), brokers[n % len(brokers)], UNTOLD_S, self, 0)
            for n in range(int(hostile.clients))
        ]
        end_us = devices.run.end_us - devices.run.start_us
        self._junk = strangers_send(hostile, end_us, Random(f"strangers:{seed}"))
        self._next_junk = next(self._junk, None)
        self._brokers = brokers
        self._to_connect: dict[Address, asyncio.Queue[Link]] = {b: asyncio.Queue() for b in brokers}
        self._connacks: dict[int, asyncio.Future[None]] = {}
        self._coverage = _coverage(devices, lives)
        self._next_coverage = 0
        self._ready = 0
        self._expected = len(self._links)
        self._end_us = end_us
        self._seen: set[int] = set()
        self._all_ready = asyncio.Event()
        self._stopping = False

    # --- what links tell ---

    def connected(self, link: Link) -> None:
        done = self._connacks.get(link.index)
        if done is not None and not done.done():
            done.set_result(None)
        if link.index >= len(self._links):
            return
        self._ready += 1
        self._seen.add(link.index)
        self.tally.connections = len(self._seen)
        self.tally.at_once = max(self.tally.at_once, self._ready)
        if self._ready >= self._expected:
            self._all_ready.set()

    def lost(self, link: Link, why: str, *, was_ready: bool) -> None:
        self._ready -= was_ready and link.index < len(self._links)
        if not link.wanted or self._stopping:
            return
        self.tally.troubles[why] += 1
        done = self._connacks.get(link.index)
        if done is not None:
            if not done.done():
                done.set_exception(ConnectionError(why))
            return
        self.tally.reconnections += 1
        self._again(link)

    def acknowledged(self, items: int, *, routed: bool) -> None:
        self.tally.acknowledged += items
        if not routed:
            self.tally.unrouted += items

    def published(self, items: int, *, again: bool) -> None:
        self.tally.messages += 1
        if again:
            self.tally.resent += items

    def dropped(self, items: int) -> None:
        self.tally.dropped += items

    def told(self, link: Link, payload: bytes) -> None:
        self._commands.append((link.index, payload))

    # --- connecting ---

    def _again(self, link: Link) -> None:
        delay_s = self._rng.uniform(*RECONNECT_S)
        asyncio.get_running_loop().call_later(delay_s, self._to_connect[link.address].put_nowait, link)

    async def _connector(self, waiting: asyncio.Queue[Link]) -> None:
        """Connects one device after another; some of these run side by side for each listener."""
        loop = asyncio.get_running_loop()
        while True:
            link = await waiting.get()
            if not link.wanted or link.ready or link.index in self._connacks:
                continue
            done = self._connacks[link.index] = loop.create_future()
            address = link.address
            try:
                async with asyncio.timeout(CONNECT_TIMEOUT_S):
                    await loop.create_connection(lambda a=link: a, address.host, address.port, ssl=address.tls)
                    await done
            except (OSError, TimeoutError) as error:
                self.tally.troubles[str(error) or "no answer to CONNECT"] += 1
                link.cut()
                self._again(link)
            finally:
                del self._connacks[link.index]

    async def connect(self, timeout_s: float) -> int:
        """Connects everybody, for at most so long; gives how many are."""
        _raise_open_files(len(self._links) + SPARE_FILES)
        for link in [*self._links, *self._strangers]:
            self._to_connect[link.address].put_nowait(link)
        until = time.monotonic() + timeout_s
        while self._ready < self._expected and time.monotonic() < until:
            self._progress("connecting", self.tally)
            try:
                async with asyncio.timeout(min(PROGRESS_S, max(0.0, until - time.monotonic()))):
                    await self._all_ready.wait()
            except TimeoutError:
                continue
        return self._ready

    @property
    def ready(self) -> int:
        """Devices that are connected now."""
        return self._ready

    def keep_back(self, first: int) -> None:
        """Devices from ``first`` on do not connect until they are called in. Before the run."""
        for link in self._links[first:]:
            link.wanted = False
        self._expected = min(first, len(self._links))

    def call_in(self, device: int) -> None:
        """The device is in reach, and connects."""
        link = self._links[device]
        link.come_back()
        self._to_connect[link.address].put_nowait(link)

    def end_by(self, end_us: int) -> None:
        """The run ends then, microseconds since it began, if not sooner."""
        self._end_us = min(self._end_us, end_us)

    # --- the run ---

    async def run(self, connect_s: float) -> Tally:
        """Connects everybody within ``connect_s``, plays the run at its own time, and waits for the acknowledgements.

        The run begins at its ``start_us`` by the clock, with those who are connected by then; others follow.
        """
        async with asyncio.TaskGroup() as connectors:
            tasks = [
                connectors.create_task(self._connector(queue))
                for queue in self._to_connect.values()
                for _ in range(CONNECTING_AT_ONCE)
            ]
            try:
                await self.connect(connect_s)
                begun = time.process_time()
                await self._play()
                await self._drain()
                self.tally.held = sum(link.unacknowledged for link in self._links)
                self.tally.cpu_s = time.process_time() - begun
                self._progress("done", self.tally)
            finally:
                self._stopping = True
                for link in [*self._links, *self._strangers]:
                    link.say_goodbye()
                for task in tasks:
                    task.cancel()
        return self.tally

    async def _play(self) -> None:
        loop, run = asyncio.get_running_loop(), self._devices.run
        offset_us = time.time_ns() // 1000 - round(loop.time() * SECOND_US) - run.start_us
        shown_s = loop.time()
        now_us = 0
        while now_us < self._end_us:
            now_us = min(offset_us + round(loop.time() * SECOND_US), self._end_us)
            if now_us > 0:
                self._pace(now_us)
                self._send(self._devices.step(now_us, (run.start_us + now_us) // MS), now_us)
                self._obey(now_us)
                self._annoy(now_us)
                self._change_coverage(now_us)
            if loop.time() - shown_s >= PROGRESS_S:
                shown_s = loop.time()
                self._progress("running" if now_us > 0 else "waiting for the start", self.tally)
            await asyncio.sleep(max(0.0, SLICE_S - (loop.time() % SLICE_S)))
        self._send(self._devices.drain((run.start_us + now_us) // MS), now_us)

    def _send(self, messages: list[Message], now_us: int) -> None:
        tally, links = self.tally, self._links
        if messages:
            tally.lag_s = max(tally.lag_s, (now_us - min(m.t_us for m in messages)) / SECOND_US)
        network = self._network
        faulty = network.duplicates > 0 or network.reordered > 0 or network.lost > 0 or network.broken > 0
        tally.sent += sum(message.items for message in messages)
        if faulty:
            for message, lost, held_s in self._losses.befall(messages):
                self._send_badly(message, lost, held_s)
            return
        for message in messages:
            links[message.device].send(message.payload, message.items, message.t_us)

    def _obey(self, now_us: int) -> None:
        """What devices were told since the last slice."""
        sent_ms = (self._devices.run.start_us + now_us) // MS
        while self._commands:
            device, payload = self._commands.popleft()
            done = self._obedience.obey(device, payload, now_us, sent_ms)
            self.tally.commands += done.obeyed
            for message in done.found:
                self.tally.lost -= message.items
                self._links[device].send(message.payload, message.items)
            for message in done.said:
                self.tally.sent += message.items
                self._links[device].send(message.payload, message.items)

    def _annoy(self, now_us: int) -> None:
        """What clients that are no devices send."""
        while self._next_junk is not None and self._next_junk[0] < now_us:
            _, number, payload = self._next_junk
            self._strangers[number].send(payload, 0)
            self.tally.broken += 1
            self._next_junk = next(self._junk, None)

    def _send_badly(self, message: Message, lost: bool, held_s: float) -> None:
        """Not at all, twice, or later, as the scenario has it."""
        network, link = self._network, self._links[message.device]
        if lost:
            self.tally.lost += message.items
            self._obedience.hold_back(message)
            return
        posts = [(message.payload, message.items)]
        if network.broken and self._rng.random() < network.broken:
            self.tally.broken += 1
            posts.insert(0, (junk(self._rng), 0))
        if self._rng.random() < network.duplicates:
            self.tally.duplicated += message.items
            posts.append((message.payload, message.items))
        for payload, items in posts:
            if held_s:
                link.send_late(held_s, payload, items)
            else:
                link.send(payload, items)

    def _change_coverage(self, now_us: int) -> None:
        """Devices that go out of reach hang up; those that come back connect."""
        while self._next_coverage < len(self._coverage) and self._coverage[self._next_coverage][0] <= now_us:
            _, device, reach = self._coverage[self._next_coverage]
            self._next_coverage += 1
            if reach:
                self.call_in(device)
            else:
                self._links[device].leave()

    async def _drain(self) -> None:
        """Waits until the devices in reach have nothing left that is not acknowledged."""
        until = time.monotonic() + DRAIN_S
        await asyncio.sleep(self._network.reorder_s if self._network.reordered else 0.0)
        while any(link.unacknowledged for link in self._links if link.wanted) and time.monotonic() < until:
            self._progress("waiting for acknowledgements", self.tally)
            await asyncio.sleep(DRAIN_LOOK_S)


def _coverage(devices: Devices, lives: list[Life]) -> list[tuple[int, int, bool]]:
    """(microseconds since the run began, device, in reach from then on), in order."""
    changes = []
    for n, speaker in enumerate(devices.speakers):
        for silence in lived_by(speaker, lives[speaker.person]).silences:
            begin_s, end_s = silence.span
            changes.append((round(begin_s * SECOND_US), n, False))
            if np.isfinite(end_s):
                changes.append((round(end_s * SECOND_US), n, True))
    return sorted(changes)


def _raise_open_files(wanted: int) -> None:
    """Lets the process hold so many connections, as far as it may. Raises `OSError` when it may not."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= wanted or soft == resource.RLIM_INFINITY:
        return
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise OSError(f"{wanted} open files are needed, the system allows {hard}: raise it with ulimit -n")
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
