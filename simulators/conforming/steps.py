"""What is done to a device without anybody beside it: listening, and commands."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Final

from domain.vocabulary import DeviceKind
from domain.wire_commands import COMMAND_BYTES, Command, CommandName, encode_command
from simulators.conforming.bench import ANSWER_S, Bench, Deed, Plan, Reply
from simulators.conforming.log import Log, TakenOver, Told
from simulators.conforming.of_commands import AT_ONCE_S, GAPS, came_since, first_fix_since, wanted_again
from simulators.conforming.of_messages import UNDER_WAY_US
from simulators.conforming.verdicts import MS_US

LISTEN_S: Final = 900.0
LIVES_MS: Final = 3_600_000
EXPIRED_MS: Final = 600_000
USUAL_S: Final = 60
"""Where neither the device nor the tester says how often it is at work."""
LONGEST_RETURN_S: Final = 300
"""A longer rhythm is asked for again, and not waited for."""
HOLD_S: Final = 300.0
HOLES_ASKED: Final = 8
"""Of a device with more holes than this, that many show enough."""

Step = Callable[[Bench, Plan], Awaitable[None]]


def command(bench: Bench, step: str, name: CommandName, args: dict[str, object], lives_ms: int = LIVES_MS) -> Command:
    """A command of this step, with an id that no other test had."""
    now_ms = bench.now_us() // MS_US
    return Command(f"conform-{step}-{now_ms}-{len(bench.log.told)}", name, now_ms + lives_ms, args)


async def send(bench: Bench, step: str, one: Command, *, alive: bool = False) -> Told:
    """Tells the device, and the log that it was told."""
    assert one.id not in bench.log.told
    numbers = {key: value for key, value in one.args.items() if isinstance(value, int)}
    told = Told(step, one.id, bench.now_us(), numbers | ({"alive": 1} if alive else {}))
    bench.log.told[one.id] = told
    told.routed = await bench.tell(encode_command(one))
    return told


async def answered(bench: Bench, plan: Plan, told: Told, *, end: bool = True) -> bool:
    """Waits for the answer; ``end``: it is not waited for any longer."""
    came = await bench.until(lambda log: bool(log.answers.get(told.id)), plan.within(ANSWER_S))
    if end or not came:
        told.over_us = bench.now_us()
    return came


async def listen(bench: Bench, plan: Plan) -> None:
    """Until the device was heard a few times."""

    def enough(log: Log) -> bool:
        return len(log.heard) >= plan.listen_messages and len(log.facts) >= plan.listen_messages

    if bench.log.kind is DeviceKind.RF_TAG:
        await bench.until(lambda log: bool(log.heard), plan.within(LISTEN_S))
        return
    await bench.until(enough, plan.within(LISTEN_S))


async def locate_now(bench: Bench, plan: Plan) -> None:
    """Asked when a position has just come: the next one is then not due."""
    from_us = bench.now_us()
    pace_s = bench.log.pace_s(0, from_us) or 0.0
    await bench.until(lambda log: any(i.is_fix for h in log.since(from_us) for i in h.items), plan.within(2 * pace_s))
    told = await send(bench, "locate_now", command(bench, "locate_now", CommandName.LOCATE_NOW, {}))
    if not await answered(bench, plan, told, end=False):
        return
    if bench.log.answers[told.id][0].ok:
        since_us = told.at_us
        await bench.until(lambda log: first_fix_since(log, since_us) is not None, plan.within(ANSWER_S))
    told.over_us = bench.now_us()


async def vibrate(bench: Bench, plan: Plan) -> None:
    await _seen(bench, plan, "vibrate", CommandName.VIBRATE, {}, Deed.SAW_VIBRATION)


async def message(bench: Bench, plan: Plan) -> None:
    await _seen(bench, plan, "message", CommandName.MESSAGE, {"text": "Test: call the centre."}, Deed.SAW_MESSAGE)


async def _seen(bench: Bench, plan: Plan, step: str, name: CommandName, args: dict[str, object], saw: Deed) -> None:
    told = await send(bench, step, command(bench, step, name, args))
    if await answered(bench, plan, told) and plan.guided and bench.log.answers[told.id][0].ok:
        reply = await bench.ask(saw)
        told.confirmed = None if reply is Reply.SKIP else reply is Reply.YES


async def once(bench: Bench, plan: Plan) -> None:
    one = command(bench, "once", CommandName.VIBRATE, {})
    told = await send(bench, "once", one)
    await bench.tell(encode_command(one))
    if await answered(bench, plan, told, end=False):
        await bench.until(lambda log: len(log.answers[told.id]) > 1, plan.settle_s)
        told.over_us = bench.now_us()


async def expired(bench: Bench, plan: Plan) -> None:
    args: dict[str, object] = {"interval_s": plan.fast_s, "upload_s": plan.fast_s}
    told = await send(bench, "expired", command(bench, "expired", CommandName.SET_INTERVAL, args, -EXPIRED_MS))
    if await answered(bench, plan, told, end=False):
        await bench.until(lambda _: False, (GAPS + 1) * plan.fast_s)
        told.over_us = bench.now_us()


async def set_interval(bench: Bench, plan: Plan) -> None:
    """To the short interval, and back to what was usual before."""
    usual_s, upload_s = _usual(bench.log, plan)
    await _rhythm(bench, plan, plan.fast_s, plan.fast_s)
    await _rhythm(bench, plan, usual_s, upload_s)


def _usual(log: Log, plan: Plan) -> tuple[int, int]:
    """The intervals to go back to: as the tester says, as the device said, or as it was heard."""
    said: dict[str, int] = {}
    for heard in log.heard:
        said.update({name: heard.said[name] for name in ("iv", "up") if heard.said.get(name)})
    pace_s = log.pace_s(0, log.now_us)
    interval_s = plan.usual_s or said.get("iv") or (max(1, round(pace_s)) if pace_s else USUAL_S)
    return interval_s, max(plan.upload_s or said.get("up") or interval_s, interval_s)


async def _rhythm(bench: Bench, plan: Plan, interval_s: int, upload_s: int) -> None:
    args: dict[str, object] = {"interval_s": interval_s, "upload_s": upload_s}
    told = await send(bench, "set_interval", command(bench, "set_interval", CommandName.SET_INTERVAL, args))
    if not await answered(bench, plan, told, end=False):
        return
    from_us = bench.log.answers[told.id][0].at_us
    if interval_s <= LONGEST_RETURN_S and bench.log.answers[told.id][0].ok:
        within_s = (GAPS + 4) * interval_s + upload_s + AT_ONCE_S
        await bench.until(lambda log: _beats(log, from_us), within_s)
    told.over_us = bench.now_us()


def _beats(log: Log, from_us: int) -> bool:
    """Enough times of its rhythm since then, one to spare: the first may still be of the old rhythm."""
    items = {item.t_ms for heard in log.since(from_us) for item in heard.items if item.t_ms is not None}
    return (
        len([t for t in items if t * MS_US >= from_us]) > GAPS + 1
        and len(log.rhythm_ms(from_us, log.now_us + 1)) > GAPS + 1
    )


async def unknown(bench: Bench, plan: Plan) -> None:
    """A command of a later version, and arguments that make no sense."""
    expires = bench.now_us() // MS_US + LIVES_MS
    odd: list[dict[str, object]] = [
        {"v": 1, "command": "self_destruct", "args": {"now": True}},
        {"v": 1, "command": "set_interval", "args": {"interval_s": -1, "upload_s": "soon"}},
        {"v": 1, "command": "resend", "args": {"gen": 0, "from": 9, "to": 2}},
        {"v": 2, "command": "vibrate", "args": {}},
    ]
    for number, one in enumerate(odd):
        wire_id = f"conform-unknown-{bench.now_us() // MS_US}-{number}"
        bench.log.told[wire_id] = Told("unknown", wire_id, bench.now_us(), {})
        await bench.tell(json.dumps({"id": wire_id, "expires": expires, **one}).encode())
    await _still_there(bench, plan, "unknown")


async def broken(bench: Bench, plan: Plan) -> None:
    """Bytes that are no command."""
    deep = b"[" * 2_000
    for number, payload in enumerate(
        (b"", b"{", b'{"v":1,"id":', b"\xff\xfe\x00", b"[]", b"null", deep, b"x" * (4 * COMMAND_BYTES))
    ):
        wire_id = f"conform-broken-{number}"
        bench.log.told[wire_id] = Told("broken", wire_id, bench.now_us(), {})
        await bench.tell(payload)
    await _still_there(bench, plan, "broken")


async def _still_there(bench: Bench, plan: Plan, step: str) -> None:
    told = await send(bench, step, command(bench, step, CommandName.VIBRATE, {}), alive=True)
    await answered(bench, plan, told)
    for other in bench.log.of_step(step):
        other.over_us = told.over_us


async def resend(bench: Bench, plan: Plan) -> None:
    """Asks for the newest holes, one after another; where there is none, for the last few items."""
    asked: set[tuple[int, int, int]] = set()
    for _ in range(HOLES_ASKED):
        wanted = wanted_again(bench.log, plan.resend_most, asked)
        if wanted is None:
            return
        asked.add(wanted)
        await _resend(bench, plan, *wanted)


async def _resend(bench: Bench, plan: Plan, gen: int, first: int, last: int) -> None:
    args: dict[str, object] = {"gen": gen, "from": first, "to": last}
    oldest = bench.log.oldest.get(gen, 0)
    told = await send(bench, "resend", command(bench, "resend", CommandName.RESEND, args))
    told.args["oldest"] = oldest  # as it was said before it was asked
    if not await answered(bench, plan, told, end=False):
        return
    if bench.log.answers[told.id][0].ok:
        await bench.until(lambda log: _all_came(log, gen, first, last, told.at_us), plan.within(ANSWER_S))
    told.over_us = bench.now_us()


def _all_came(log: Log, gen: int, first: int, last: int, at_us: int) -> bool:
    return all(came_since(log, gen, seq, at_us) for seq in range(first, last + 1))


async def client_id(bench: Bench, plan: Plan) -> None:
    """Connects as the device, and sees whether it is thrown out by it."""
    taken = bench.log.taken = TakenOver(bench.now_us())
    taken.refused = await bench.take_over()
    if taken.refused is not None:
        return
    taken.at_us = bench.now_us()
    await bench.until(
        lambda log: taken.back_us is not None or bool(log.since(taken.at_us + UNDER_WAY_US)), plan.within(HOLD_S)
    )
    taken.until_us = bench.now_us() + 1
    await bench.let_go()
    if taken.back_us is not None:
        await bench.until(lambda log: bool(log.wills), plan.settle_s)


STEPS: Final[dict[str, Step]] = {
    "listen": listen,
    "locate_now": locate_now,
    "vibrate": vibrate,
    "message": message,
    "once": once,
    "expired": expired,
    "set_interval": set_interval,
    "unknown": unknown,
    "broken": broken,
    "resend": resend,
    "client_id": client_id,
}
"""In this order; the last disturbs what the others would show."""
