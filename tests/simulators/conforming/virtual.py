"""A device and a bench in virtual time: a device that keeps to every clause, whose habits others make worse one at a time."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable
from typing import Any

from domain.vocabulary import DeviceKind
from domain.wire_commands import BadCommand, Command, CommandName, decode_command
from domain.wire_topics import lwt_topic, up_topic
from simulators.conforming.bench import Deed, Plan, Reply
from simulators.conforming.clauses import judge_all
from simulators.conforming.log import Log
from simulators.conforming.service import run_steps
from simulators.conforming.verdicts import Result

Item = dict[str, Any]
START_US = 1_795_000_000_000_000
NEVER_US = 1 << 62
S = 1_000_000
YEARS_MS = {Deed.CLOCK_1970: -START_US // 1000, Deed.CLOCK_1024_WEEKS: -1024 * 7 * 86_400_000}


class Tag:
    """A location tag that does everything right. What it publishes is in ``out``."""

    kind = DeviceKind.GPS_TAG
    usual_s = 60
    holds = 100_000
    """Items in its memory."""

    def __init__(self, device: str = "GT-1") -> None:
        self.id, self.topic, self.qos = device, up_topic(device), 1
        self.out: list[tuple[str, bytes, int]] = []
        self.now_us = START_US
        self.next_us = START_US + 3 * S
        self.upload_us = START_US
        self.interval_s = self.upload_s = self.usual_s
        self.seq, self.gen = 0, 0
        self.memory: deque[Item] = deque()
        self.kept: deque[Item] = deque(maxlen=500)
        self.ids: deque[str] = deque(maxlen=32)
        self.on = self.reach = True
        self.clock_ms = 0
        self.clock_known = True
        self.said = False
        self.as_device: Callable[[], None] | None = None
        self.connects_us = NEVER_US

    # --- time ---

    def due_us(self) -> int:
        return min(self.next_us if self.on else NEVER_US, self.connects_us)

    def until(self, now_us: int) -> None:
        self.now_us = now_us
        if self.connects_us <= now_us:
            self.connects_us = NEVER_US
            if self.as_device is not None:
                self.as_device()
        if self.on and self.next_us <= now_us:
            self.next_us = now_us + self.interval_s * S
            if self.clock_known:
                self.work()
            self.upload()

    def time_ms(self) -> int:
        return self.now_us // 1000 + self.clock_ms

    # --- what it records and sends ---

    def work(self) -> None:
        """What it records by its rhythm."""
        self.record({"lat": 51.2, "lon": 0.5, "acc": 6.0, "bat": 80, "spd": 1.5})

    def record(self, item: Item) -> None:
        self.seq += 1
        self.memory.append({"seq": self.seq, "t": self.time_ms(), **item})
        while len(self.kept) + len(self.memory) > self.holds:
            (self.kept or self.memory).popleft()

    def event(self, code: str, state: str | None = None, data: Item | None = None) -> None:
        item: Item = {"code": code}
        if state:
            item["state"] = state
        if data:
            item["data"] = data
        self.record(item)

    def upload(self, urgent: bool = False) -> None:
        """Everything that waits, oldest first, 500 at a time."""
        due = urgent or self.now_us - self.upload_us >= (self.upload_s - self.interval_s) * S
        if not (self.reach and due and self.clock_known and self.as_device_is_mine()):
            return
        self.upload_us = self.now_us
        self.send_backlog()

    def as_device_is_mine(self) -> bool:
        return self.as_device is None

    def send_backlog(self) -> None:
        while self.memory:
            part = [self.memory.popleft() for _ in range(min(500, len(self.memory)))]
            self.kept.extend(part)
            self.send(part)

    def send(self, items: list[Item]) -> None:
        body: Item = {"v": 1, "sent": self.time_ms(), "gen": self.gen, "oldest": self.oldest(items)}
        if not self.said:
            body |= {"fw": "1.0", "model": "invented"}
            self.said = True
        body |= {"iv": self.interval_s, "up": self.upload_s}
        body["fixes"] = [item for item in items if "code" not in item]
        body["events"] = [item for item in items if "code" in item]
        self.publish(body)

    def oldest(self, items: list[Item]) -> int:
        held = [item["seq"] for item in (*list(self.kept)[:1], *items, *list(self.memory)[:1])]
        return min(held, default=self.seq)

    def publish(self, body: Item) -> None:
        self.emit(self.encode(body))

    def encode(self, body: Item) -> bytes:
        return json.dumps(body).encode()

    def emit(self, payload: bytes) -> None:
        self.out.append((self.topic, payload, self.qos))

    def will(self) -> None:
        self.out.append((lwt_topic(self.id), b"offline", 1))

    # --- commands ---

    def told(self, payload: bytes) -> bool:
        """Whether it is subscribed."""
        if not (self.on and self.reach):
            return False
        try:
            command = decode_command(payload)
        except BadCommand:
            self.not_understood(payload)
            return True
        if not self.knows(command.id):
            self.ids.append(command.id)
            self.obey(command)
        return True

    def not_understood(self, payload: bytes) -> None:
        """Nothing is done about it."""

    def knows(self, wire_id: str) -> bool:
        return wire_id in self.ids

    def obey(self, command: Command) -> None:
        ok = command.expires_ms > self.time_ms() and self.carry_out(command)
        self.answer(command, ok)

    def answer(self, command: Command, ok: bool) -> None:
        self.event("command_result", None, {"command": command.id, "ok": ok})
        self.upload(urgent=True)

    def carry_out(self, command: Command) -> bool:
        if command.name is CommandName.LOCATE_NOW:
            self.work()
        if command.name is CommandName.SET_INTERVAL:
            self.set_interval(command)
        if command.name is CommandName.RESEND:
            return self.resend(command.args["gen"], command.args["from"], command.args["to"])
        return True

    def set_interval(self, command: Command) -> None:
        self.interval_s, self.upload_s = command.args["interval_s"], command.args["upload_s"]
        self.next_us = min(self.next_us, self.now_us + self.interval_s * S)

    def resend(self, gen: int, first: int, last: int) -> bool:
        found = [item for item in self.kept if gen == self.gen and first <= item["seq"] <= last]
        if found:
            self.send(found)
        return bool(found)

    # --- what is done to it ---

    def done(self, deed: Deed) -> Reply:
        getattr(self, deed.value)()
        return Reply.YES

    def power_off(self) -> None:
        self.on = False
        self.will()

    def power_on(self) -> None:
        self.on, self.said = True, False
        self.next_us = self.now_us + 5 * S

    def network_off(self) -> None:
        self.reach = False
        self.will()

    def network_on(self) -> None:
        self.reach = True

    def memory_full(self) -> None:
        self.network_off()

    def network_flickers(self) -> None:
        if self.kept:
            self.send([self.kept[-1]])

    def clock_1970(self) -> None:
        self.clock_ms, self.clock_known = YEARS_MS[Deed.CLOCK_1970], False

    def clock_1024_weeks(self) -> None:
        self.clock_ms, self.clock_known = YEARS_MS[Deed.CLOCK_1024_WEEKS], False

    def clock_right(self) -> None:
        step_s = -self.clock_ms / 1000
        self.clock_ms, self.clock_known = 0, True
        self.event("clock_set", None, {"step_s": step_s})
        self.upload(urgent=True)

    def counter_lost(self) -> None:
        self.on = False
        self.gen, self.seq = self.gen + 1, 0
        self.memory.clear()
        self.kept.clear()

    def counter_back(self) -> None:
        self.power_on()

    def tag_away(self) -> None:
        """Of a home unit."""

    def saw_vibration(self) -> None:
        """A person sees it."""

    def saw_message(self) -> None:
        """A person reads it."""

    def taken_over(self, back: Callable[[], None]) -> None:
        """Its connection is gone; it connects again."""

        def again() -> None:
            self.as_device = None
            back()

        self.as_device = again
        self.connects_us = self.now_us + 4 * S
        self.will()


class HomeUnit(Tag):
    """A home monitoring unit that hears one curfew tag."""

    kind = DeviceKind.HOME_UNIT
    hears = True
    last_ms = 0

    def work(self) -> None:
        if self.hears:
            self.last_ms = self.time_ms()
            self.event("in_range", "start", {"tag": "RF-9"})
        else:
            self.event("heartbeat")

    def tag_away(self) -> None:
        self.hears = False
        self.event("in_range", "end", {"tag": "RF-9", "last_heard": self.last_ms})
        self.upload(urgent=True)


class VirtualBench:
    """See `simulators.conforming.bench.Bench`: time goes from one thing that is due to the next."""

    def __init__(self, device: Tag, kind: DeviceKind | None) -> None:
        self.device = device
        self.log = Log(device.id, kind, START_US)
        self._now_us = START_US

    def now_us(self) -> int:
        return self._now_us

    def _take(self) -> None:
        out, self.device.out = self.device.out, []
        for topic, payload, qos in out:
            self._now_us += 50_000
            self.log.take(self._now_us, topic, payload, qos)
        self.device.now_us = self._now_us
        self.log.now_us = self._now_us

    async def tell(self, payload: bytes) -> bool:
        self._take()
        taken = self.device.told(payload)
        self._take()
        return taken

    async def until(self, holds: Callable[[Log], bool], within_s: float) -> bool:
        end_us = self._now_us + round(within_s * S)
        self._take()
        while not holds(self.log):
            at_us = max(self._now_us, min(self.device.due_us(), end_us))
            self._now_us = at_us
            self.device.until(at_us)
            self._take()
            if at_us >= end_us:
                return holds(self.log)
        return True

    async def ask(self, deed: Deed) -> Reply:
        self._now_us += 2 * S
        self.device.now_us = self._now_us
        reply = self.device.done(deed)
        self._take()
        return reply

    async def take_over(self) -> str | None:
        taken = self.log.taken
        assert taken is not None

        def back() -> None:
            taken.back_us = self.device.now_us

        self.device.taken_over(back)
        self._take()
        return None

    async def let_go(self) -> None:
        self.device.as_device = None


def log_of(device: Tag, *steps: str, kind: DeviceKind | None = None, **plan: Any) -> Log:
    """The log of a device that went through these steps."""
    bench = VirtualBench(device, kind or device.kind)
    asyncio.run(run_steps(bench, Plan(steps, **{"guided": True, "wait_s": 1800.0, **plan})))
    return bench.log


def results(log: Log) -> dict[str, Result]:
    return {clause.id: verdict.result for clause, verdict in judge_all(log)}


def whys(log: Log) -> dict[str, str]:
    return {clause.id: f"{verdict.result}: {verdict.why}" for clause, verdict in judge_all(log)}
