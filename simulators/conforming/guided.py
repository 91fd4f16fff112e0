"""What a person beside the device is asked to do to it. What they do not do is skipped, and stays not shown."""

from __future__ import annotations

from typing import Final

from domain.instants import SECOND_US
from simulators.conforming.bench import Bench, Deed, Plan, Reply
from simulators.conforming.log import Log, Span, Spell
from simulators.conforming.of_facts import EDGE_US, holes
from simulators.conforming.steps import Step

WILL_S: Final = 600.0
"""A last will comes one and a half keep-alives after the connection was lost."""
BACK_S: Final = 600.0
BACKLOG_S: Final = 600.0
LONG_S: Final = 3 * 86_400.0


async def restart(bench: Bench, plan: Plan) -> None:
    """Power cut, and given again."""
    if await bench.ask(Deed.POWER_OFF) is not Reply.YES:
        return
    span = bench.log.begin(Spell.POWER, bench.now_us())
    before = len(bench.log.wills)
    await bench.until(lambda log: len(log.wills) > before, plan.within(WILL_S))
    if await bench.ask(Deed.POWER_ON) is Reply.YES:
        await _back(bench, plan, span)


async def reflash(bench: Bench, plan: Plan) -> None:
    """Its counter lost."""
    if await bench.ask(Deed.COUNTER_LOST) is not Reply.YES:
        return
    span = bench.log.begin(Spell.REFLASH, bench.now_us())
    if await bench.ask(Deed.COUNTER_BACK) is Reply.YES:
        await _back(bench, plan, span)


async def network(bench: Bench, plan: Plan) -> None:
    """Out of reach for some minutes."""
    await _away(bench, plan, Spell.NETWORK, Deed.NETWORK_OFF, plan.away_minutes * 60)


async def long(bench: Bench, plan: Plan) -> None:
    """Out of reach for three days."""
    await _away(bench, plan, Spell.LONG, Deed.NETWORK_OFF, LONG_S)


async def memory(bench: Bench, plan: Plan) -> None:
    """Out of reach until its memory is full: the person says when."""
    await _away(bench, plan, Spell.MEMORY, Deed.MEMORY_FULL, plan.away_minutes * 60)


async def repeats(bench: Bench, plan: Plan) -> None:
    """The network broken for moments while it sends."""
    if await bench.ask(Deed.NETWORK_FLICKERS) is Reply.YES:
        await bench.until(lambda log: bool(log.again), plan.within(BACK_S))


async def epoch(bench: Bench, plan: Plan) -> None:
    """Its clock at 1970."""
    await _wrong_clock(bench, plan, Spell.EPOCH, Deed.CLOCK_1970)


async def rollover(bench: Bench, plan: Plan) -> None:
    """Its clock 1024 weeks back, as when a receiver's week counter begins again."""
    await _wrong_clock(bench, plan, Spell.ROLLOVER, Deed.CLOCK_1024_WEEKS)


async def out_of_range(bench: Bench, plan: Plan) -> None:
    """The tag carried away from the home unit."""
    if await bench.ask(Deed.TAG_AWAY) is Reply.YES:
        at_us = bench.now_us()
        await bench.until(lambda log: _tag_lost(log, at_us), plan.within(BACK_S))


def _tag_lost(log: Log, at_us: int) -> bool:
    return any(i.code == "in_range" and i.state == "end" for heard in log.since(at_us) for i in heard.items)


async def _wrong_clock(bench: Bench, plan: Plan, spell: Spell, deed: Deed) -> None:
    if await bench.ask(deed) is not Reply.YES:
        return
    span = bench.log.begin(spell, bench.now_us())
    begun_us = span.from_us
    await bench.until(lambda log: len(log.since(begun_us)) >= plan.listen_messages, plan.within(BACK_S))
    if await bench.ask(Deed.CLOCK_RIGHT) is Reply.YES:
        await _back(bench, plan, span)
        await bench.until(lambda log: _clock_was_set(log, begun_us), plan.within(BACK_S))


def _clock_was_set(log: Log, at_us: int) -> bool:
    return any(item.code == "clock_set" for heard in log.since(at_us) for item in heard.items)


async def _away(bench: Bench, plan: Plan, spell: Spell, deed: Deed, away_s: float) -> None:
    if await bench.ask(deed) is not Reply.YES:
        return
    span = bench.log.begin(spell, bench.now_us())
    await bench.until(lambda _: False, away_s)
    if await bench.ask(Deed.NETWORK_ON) is not Reply.YES:
        return
    await _back(bench, plan, span)
    await bench.until(lambda log: _backlog_came(log, span), plan.within(BACKLOG_S))
    await bench.until(lambda _: False, plan.settle_s)


def _backlog_came(log: Log, span: Span) -> bool:
    """Something of the absence, and no hole that it left."""
    assert span.to_us is not None
    fresh = log.since(span.to_us)
    if not any(
        i.t_ms is not None and span.from_us < i.t_ms * 1000 < span.to_us - EDGE_US for h in fresh for i in h.items
    ):
        return False
    return all(hole.after.at_us < span.from_us for hole in holes(log))


async def _back(bench: Bench, plan: Plan, span: Span) -> None:
    """From now on it is as it was; waits until it was heard."""
    span.to_us = bench.now_us()
    since_us = span.to_us
    await bench.until(lambda log: _heard_anew(log, since_us), plan.within(BACK_S))
    span.over = True


def _heard_anew(log: Log, at_us: int) -> bool:
    items = (item for heard in log.since(at_us) for item in heard.items)
    return any(item.t_ms is not None and item.t_ms * 1000 >= at_us - SECOND_US for item in items)


GUIDED: Final[dict[str, Step]] = {
    "restart": restart,
    "network": network,
    "repeats": repeats,
    "out_of_range": out_of_range,
    "epoch": epoch,
    "rollover": rollover,
    "memory": memory,
    "reflash": reflash,
    "long": long,
}

WORDS: Final[dict[Deed, str]] = {
    Deed.POWER_OFF: "Cut the device's power without switching it off: pull its battery, or hold it down for a hard stop.",
    Deed.POWER_ON: "Give it power again, and switch it on.",
    Deed.NETWORK_OFF: "Take the device's network away: a shielded bag, or its SIM blocked. Leave it switched on.",
    Deed.NETWORK_ON: "Give it its network again.",
    Deed.NETWORK_FLICKERS: "While the device sends, break its network for some seconds, a few times over.",
    Deed.MEMORY_FULL: "Take its network away and let its memory fill: a service tool, or a short interval and patience.",
    Deed.CLOCK_1970: "Set the device's clock to 1970-01-01: a service tool, or its backup battery pulled out of sight of the sky.",
    Deed.CLOCK_1024_WEEKS: "Set the device's clock 1024 weeks back: a service tool, or a signal generator.",
    Deed.CLOCK_RIGHT: "Set its clock right again, or let it see the sky.",
    Deed.COUNTER_LOST: "Make the device lose its counter, as a repair would: re-flash it, or clear its memory.",
    Deed.COUNTER_BACK: "Put it to work again.",
    Deed.TAG_AWAY: "Carry the tag out of the home unit's range.",
    Deed.SAW_VIBRATION: "Did the device vibrate?",
    Deed.SAW_MESSAGE: "Did it show or speak `Test: call the centre.`?",
}
"""What a person is asked, in words."""
QUESTIONS: Final = frozenset({Deed.SAW_VIBRATION, Deed.SAW_MESSAGE})
"""These have yes and no for an answer; the others are done or skipped."""
