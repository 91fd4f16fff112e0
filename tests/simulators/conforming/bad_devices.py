"""Devices that do one thing wrong, by the clause that they do not keep to."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from domain.vocabulary import DeviceKind
from domain.wire_commands import Command, CommandName
from simulators.conforming.bench import Deed, Reply
from tests.simulators.conforming.virtual import HomeUnit, Item, S, Tag

QUIET = ("listen",)
BAD: list[tuple[str, type[Tag], tuple[str, ...]]] = []
"""Clause, device, and the steps that show it."""


def bad(clause: str, *steps: str) -> Callable[[type[Tag]], type[Tag]]:
    def keep(device: type[Tag]) -> type[Tag]:
        BAD.append((clause, device, ("listen", *steps)))
        return device

    return keep


def says(clause: str, **head: Any) -> None:
    """Its envelopes say something else from the third on."""

    class Head(Tag):
        def publish(self, body: Item) -> None:
            super().publish(body | head if self.seq > 2 else body)

    BAD.append((clause, Head, QUIET))


def with_fix(clause: str, **values: Any) -> None:
    """Its third position says something else."""

    class Fixes(Tag):
        def publish(self, body: Item) -> None:
            for item in body["fixes"]:
                item.update(values if self.seq == 3 else {})
            super().publish(body)

    BAD.append((clause, Fixes, QUIET))


def with_event(clause: str, **values: Any) -> None:
    """Once it tells an event."""

    class Events(Tag):
        def work(self) -> None:
            super().work()
            if self.seq == 3:
                self.record({"code": "charging", **values})

    BAD.append((clause, Events, QUIET))


says("envelope.version", v=2)
says("envelope.version", v="1")
says("envelope.sent", sent="now")
says("envelope.sent", sent=946_684_800_000)
says("envelope.gen", gen=-1)
says("envelope.items", events={"seq": 1})
says("envelope.items", events=["heartbeat"])
says("envelope.optional", fw=7)
says("envelope.optional", net={"mcc": [234]})
says("envelope.optional", oldest=-4)
with_fix("item.time", t=946_684_800_000)
with_fix("item.time", t="2026-11-21T18:00:00Z")
with_fix("fix.place", lat=91)
with_fix("fix.place", lon=None)
with_fix("fix.accuracy", acc=0)
with_fix("fix.accuracy", acc=100_000.5)
with_fix("fix.source", src="galileo")
with_fix("fix.optional", hdg=360)
with_fix("fix.optional", bat=101)
with_event("event.code", code="escaped")
with_event("event.state", state="begun")
with_event("event.data", data="weak")
with_event("event.data", code="rest", data={"interval_s": -60})


@bad("topic.partition")
class OtherPartition(Tag):
    def emit(self, payload: bytes) -> None:
        self.out.append((f"em/v1/3F/{self.id}/up", payload, 1))


@bad("connection.qos")
class AtMostOnce(Tag):
    def emit(self, payload: bytes) -> None:
        self.out.append((self.topic, payload, 0))


@bad("connection.client_id", "client_id")
class OtherName(Tag):
    def taken_over(self, back: Callable[[], None]) -> None:
        """Another client under its id is nothing to it."""


@bad("connection.last_will", "restart")
class NoWill(Tag):
    def will(self) -> None:
        """None was left with the broker."""


@bad("connection.last_will", "network")
class OtherWill(Tag):
    def will(self) -> None:
        super().will()
        topic, _, qos = self.out.pop()
        self.out.append((topic, b"gone", qos))


@bad("message.size")
class Heavy(Tag):
    def publish(self, body: Item) -> None:
        super().publish(body | {"padding": "x" * 300_000})


@bad("message.items")
class Many(Tag):
    def work(self) -> None:
        for _ in range(501 if self.seq == 2 else 1):
            super().work()

    def send_backlog(self) -> None:
        self.send(list(self.memory))
        self.memory.clear()


@bad("message.encoding")
class Broken(Tag):
    def encode(self, body: Item) -> bytes:
        payload = super().encode(body)
        return payload[:-1] if self.seq == 3 else payload


@bad("message.encoding")
class Latin(Tag):
    def encode(self, body: Item) -> bytes:
        return json.dumps(body | {"operator": "Café"}, ensure_ascii=False).encode("latin-1")


@bad("clock.utc")
class SummerTime(Tag):
    def time_ms(self) -> int:
        return super().time_ms() + 3_600_000


@bad("clock.utc")
class Slow(Tag):
    def time_ms(self) -> int:
        return super().time_ms() - 3_600_000

    def obey(self, command: Command) -> None:
        """It is not asked."""


@bad("clock.utc")
class FixesInSummerTime(Tag):
    def publish(self, body: Item) -> None:
        fixes = [fix | {"t": fix["t"] + 3_600_000} for fix in body["fixes"]]
        super().publish(body | {"fixes": fixes})


@bad("item.seq")
class TextualSeq(Tag):
    def publish(self, body: Item) -> None:
        fixes = [fix | {"seq": str(fix["seq"])} for fix in body["fixes"]]
        super().publish(body | {"fixes": fixes})


@bad("seq.by_one", "resend")
class ByTwo(Tag):
    def record(self, item: Item) -> None:
        self.seq += 1
        super().record(item)


@bad("seq.by_one")
class Forgetful(Tag):
    """Drops an item now and then; nobody asks for it, and it never comes."""

    def send(self, items: list[Item]) -> None:
        if self.seq != 4:
            super().send(items)


@bad("seq.identity")
class OneCounterEach(Tag):
    """Positions and events count by themselves."""

    events = 0

    def event(self, code: str, state: str | None = None, data: Item | None = None) -> None:
        before, self.seq = self.seq, self.events
        super().event(code, state, data)
        self.events, self.seq = self.seq, before

    def work(self) -> None:
        super().work()
        if self.seq == 3:
            self.event("charging")


@bad("seq.repeat", "resend")
class Rounded(Tag):
    """What it sends again is not what it was."""

    def resend(self, gen: int, first: int, last: int) -> bool:
        self.kept.extend([self.kept.pop() | {"lat": 51.25}])
        return super().resend(gen, first, last)


@bad("seq.restart", "restart")
class FromOne(Tag):
    def power_on(self) -> None:
        super().power_on()
        self.seq = 0


@bad("gen.rises", "reflash")
class SameGen(Tag):
    def counter_lost(self) -> None:
        super().counter_lost()
        self.gen = 0


@bad("gen.rises", "reflash")
class LowerGen(Tag):
    def __init__(self) -> None:
        super().__init__()
        self.gen = 7

    def counter_lost(self) -> None:
        super().counter_lost()
        self.gen = 3


@bad("backlog.kept", "network")
class NoMemory(Tag):
    def upload(self, urgent: bool = False) -> None:
        super().upload(urgent)
        if not self.reach:
            self.memory.clear()


@bad("backlog.kept", "network")
class Asleep(Tag):
    """Records nothing while it has no network."""

    def work(self) -> None:
        if self.reach:
            super().work()


@bad("backlog.order", "network")
class NewestFirst(Tag):
    def send_backlog(self) -> None:
        while self.memory:
            part = [self.memory.pop() for _ in range(min(5, len(self.memory)))]
            self.send(part[::-1])


class Forgets(Tag):
    holds = 60

    def publish(self, body: Item) -> None:
        super().publish({key: value for key, value in body.items() if key != "oldest"})


BAD.append(("backlog.days", Forgets, ("listen", "long")))
BAD.append(("memory.oldest", Forgets, ("listen", "memory")))


class KnowsNoTime(Tag):
    """Goes on recording whatever its clock says."""

    def clock_1970(self) -> None:
        super().clock_1970()
        self.clock_known = True

    def clock_1024_weeks(self) -> None:
        super().clock_1024_weeks()
        self.clock_known = True


BAD.append(("clock.epoch", KnowsNoTime, ("listen", "epoch")))
BAD.append(("clock.rollover", KnowsNoTime, ("listen", "rollover")))


@bad("clock.told", "epoch")
class SaysNothingOfTime(Tag):
    def clock_right(self) -> None:
        self.clock_ms, self.clock_known = 0, True


@bad("clock.told", "rollover")
class SaysNoStep(Tag):
    def event(self, code: str, state: str | None = None, data: Item | None = None) -> None:
        super().event(code, state, None if code == "clock_set" else data)


@bad("home_unit.tag")
class OfNobody(HomeUnit):
    def event(self, code: str, state: str | None = None, data: Item | None = None) -> None:
        super().event(code, state, None)


@bad("home_unit.tag")
class SpeaksTooMuch(HomeUnit):
    def work(self) -> None:
        super().work()
        if self.seq == 3:
            self.event("sos", None, {"tag": "RF-9"})


@bad("home_unit.repeats")
class OnceOnly(HomeUnit):
    def work(self) -> None:
        super().work() if self.seq == 0 else self.event("heartbeat")


@bad("home_unit.repeats")
class Seldom(HomeUnit):
    def publish(self, body: Item) -> None:
        super().publish(body | {"up": 20})


@bad("home_unit.lost", "out_of_range")
class SaysNotSince(HomeUnit):
    def event(self, code: str, state: str | None = None, data: Item | None = None) -> None:
        super().event(code, state, {"tag": "RF-9"} if data and "last_heard" in data else data)


@bad("home_unit.lost", "out_of_range")
class LostInTheFuture(HomeUnit):
    def event(self, code: str, state: str | None = None, data: Item | None = None) -> None:
        late = {"last_heard": self.time_ms() + 1} if data and "last_heard" in data else {}
        super().event(code, state, (data or {}) | late)


@bad("rf_tag.silent")
class SpeakingTag(Tag):
    kind = DeviceKind.RF_TAG


@bad("command.result", "vibrate")
class NotWhich(Tag):
    def answer(self, command: Command, ok: bool) -> None:
        super().answer(command, ok)
        self.event("command_result", None, {"ok": ok})
        self.upload(urgent=True)


@bad("command.result", "vibrate")
class NotWhether(Tag):
    def event(self, code: str, state: str | None = None, data: Item | None = None) -> None:
        super().event(code, state, {k: v for k, v in (data or {}).items() if k != "ok"})


def deaf_to(name: CommandName) -> type[Tag]:
    class Deaf(Tag):
        def obey(self, command: Command) -> None:
            if command.name is not name:
                super().obey(command)

    return Deaf


BAD.extend((f"command.{name.value}", deaf_to(name), ("listen", name.value)) for name in CommandName)


@bad("command.locate_now", "locate_now")
class Stays(Tag):
    """Says that it did, and takes no position."""

    usual_s = 600

    def carry_out(self, command: Command) -> bool:
        return command.name is CommandName.LOCATE_NOW or super().carry_out(command)


@bad("command.vibrate", "vibrate")
class Numb(Tag):
    def done(self, deed: Deed) -> Reply:
        return Reply.NO if deed is Deed.SAW_VIBRATION else super().done(deed)


@bad("command.message", "message")
class Mute(Tag):
    def done(self, deed: Deed) -> Reply:
        return Reply.NO if deed is Deed.SAW_MESSAGE else super().done(deed)


@bad("command.once", "once")
class Twice(Tag):
    def knows(self, wire_id: str) -> bool:
        return False


@bad("command.expired", "expired")
class Timeless(Tag):
    def obey(self, command: Command) -> None:
        self.answer(command, self.carry_out(command))


@bad("command.expired", "expired")
class DoesAllTheSame(Tag):
    def obey(self, command: Command) -> None:
        self.carry_out(command)
        self.answer(command, command.expires_ms > self.time_ms())


@bad("command.expired", "expired")
class SilentWhenLate(Tag):
    def obey(self, command: Command) -> None:
        if command.expires_ms > self.time_ms():
            super().obey(command)


@bad("command.set_interval", "set_interval")
class Stubborn(Tag):
    def set_interval(self, command: Command) -> None:
        """Answers that it did."""


@bad("command.set_interval", "set_interval")
class NeverBack(Tag):
    def set_interval(self, command: Command) -> None:
        if command.args["interval_s"] < self.interval_s:
            super().set_interval(command)


@bad("command.set_interval", "set_interval")
class SaysOtherwise(Tag):
    def publish(self, body: Item) -> None:
        super().publish(body | {"iv": 60})


@bad("command.resend", "resend")
class PromisesOnly(Tag):
    def resend(self, gen: int, first: int, last: int) -> bool:
        return True


@bad("command.resend", "resend")
class DeniesIt(Tag):
    def resend(self, gen: int, first: int, last: int) -> bool:
        return False


@bad("command.unknown", "unknown")
class Obliging(Tag):
    def not_understood(self, payload: bytes) -> None:
        data = {"command": json.loads(payload)["id"], "ok": True}
        self.event("command_result", None, data)
        self.upload(urgent=True)


class Crashes(Tag):
    """What it does not understand restarts it."""

    def not_understood(self, payload: bytes) -> None:
        if self.on:
            self.power_off()

    def due_us(self) -> int:
        return self.now_us + S if not self.on else super().due_us()

    def until(self, now_us: int) -> None:
        if not self.on:
            self.power_on()
        super().until(now_us)


BAD.append(("command.unknown", Crashes, ("listen", "unknown")))
BAD.append(("command.broken", Crashes, ("listen", "broken")))


@bad("command.broken", "broken")
class Stalls(Tag):
    """Listens to nothing any more; its positions go on."""

    stalled = False

    def not_understood(self, payload: bytes) -> None:
        self.stalled = True

    def told(self, payload: bytes) -> bool:
        return True if self.stalled else super().told(payload)
