"""Judges of what every message and every item must be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from domain.instants import SECOND_US
from simulators.conforming.log import AWAY, LAST_WILL, WRONG_CLOCK, Log, Spell
from simulators.conforming.reading import FIX_MAY
from simulators.conforming.verdicts import MS_US, Flaw, Verdict, failed, not_shown, passed

Judge = Callable[[Log], Verdict]

AHEAD_S: Final = 60
"""A clock may be ahead of the tester's by so much."""
BEHIND_S: Final = 120
"""The freshest message may be so old: the way through the network is in it."""
CLOCK_MESSAGES: Final = 3
UNDER_WAY_US: Final = 3 * SECOND_US
"""What was sent before a connection was taken may be heard for so long."""
CUT: Final = (*AWAY, Spell.POWER)
TIMED: Final = frozenset({"envelope.sent", "item.time"})


def flaws_of(log: Log, clause: str) -> list[Flaw]:
    """What does not keep to a clause; what comes of a clock that was set wrong on purpose is told elsewhere."""
    found = log.flaws.get(clause, [])
    if clause in TIMED:
        return [flaw for flaw in found if not log.in_spell(flaw.at_us, *WRONG_CLOCK)]
    return found


def of_form(clause: str, count: Callable[[Log], int], what: str, hint: str) -> Judge:
    """Passed when ``count`` of ``what`` were right; ``hint`` would show it."""

    def judge(log: Log) -> Verdict:
        found = flaws_of(log, clause)
        if found:
            return failed(found[0], len(found) - 1)
        many = count(log)
        return passed(f"{many} {what}") if many else not_shown(hint)

    return judge


def messages(log: Log) -> int:
    return len(log.heard)


def messages_once_at_least(log: Log) -> int:
    """At QoS 1. What comes at 2 may have been raised by the broker."""
    return sum(heard.qos == 1 for heard in log.heard)


def read_messages(log: Log) -> int:
    return sum(not heard.unread for heard in log.heard)


def items(log: Log) -> int:
    return len(log.facts)


def fixes(log: Log) -> int:
    return sum(fact.item.is_fix for fact in log.facts.values())


def events(log: Log) -> int:
    return len(log.facts) - fixes(log)


def events_with_data(log: Log) -> int:
    return sum(bool(fact.item.data) for fact in log.facts.values())


def fixes_with_more(log: Log) -> int:
    return sum(
        fact.item.is_fix and any(f'"{name}"' in fact.item.values for name in FIX_MAY) for fact in log.facts.values()
    )


def messages_that_say(log: Log) -> int:
    return sum(bool(heard.said) for heard in log.heard)


def unseen(why: str) -> Judge:
    """Of what cannot be seen from here."""
    return lambda _: not_shown(why)


def clock(log: Log) -> Verdict:
    """`sent` by the tester's clock: never of the future, and not always of the past; no item after its sending."""
    told = [h for h in log.heard if h.sent_ms is not None and not log.in_spell(h.at_us, *WRONG_CLOCK)]
    for heard in told:
        assert heard.sent_ms is not None
        ahead_s = heard.sent_ms / 1000 - heard.at_us / SECOND_US
        if ahead_s > AHEAD_S:
            return failed(Flaw("clock.utc", heard.at_us, f"{ahead_s:.0f} s ahead of our clock", heard.number, "sent"))
        for item in heard.items:
            if item.t_ms is not None and item.t_ms - heard.sent_ms > AHEAD_S * 1000:
                cause = f"{(item.t_ms - heard.sent_ms) / 1000:.0f} s after `sent`"
                return failed(Flaw("clock.utc", heard.at_us, cause, heard.number, "t", heard.gen, item.seq))
    if not told:
        return not_shown("a message whose `sent` can be read")
    freshest = min(told, key=lambda h: h.at_us - (h.sent_ms or 0) * MS_US)
    behind_s = freshest.at_us / SECOND_US - (freshest.sent_ms or 0) / 1000
    if behind_s <= BEHIND_S:
        return passed(f"{len(told)} messages, the freshest {max(behind_s, 0.0):.1f} s old when it came")
    if len(told) < CLOCK_MESSAGES:
        return not_shown(f"a message that comes as soon as it is sent; what came was {behind_s:.0f} s old")
    return failed(
        Flaw("clock.utc", freshest.at_us, f"at best {behind_s:.0f} s behind our clock", freshest.number, "sent")
    )


def last_will(log: Log) -> Verdict:
    """The payload is `offline`, and it comes when the connection is lost without a word."""
    for at_us, payload in log.wills:
        if payload != LAST_WILL:
            return failed(Flaw("connection.last_will", at_us, f"the payload is {len(payload)} bytes, not `offline`"))
    if log.wills:
        return passed(f"`offline` came {len(log.wills)} times" if len(log.wills) > 1 else "`offline` came")
    cut = next((one for one in log.spells if one.over and one.to_us is not None and one.spell in CUT), None)
    if cut is not None:
        return failed(Flaw("connection.last_will", cut.from_us, "it lost its power or network, and no last will came"))
    return not_shown("its connection lost without a word: steps `restart`, `network`, `client_id`")


def client_id(log: Log) -> Verdict:
    """Whoever connects under the device's id throws the device out, or is thrown out by it."""
    taken = log.taken
    if taken is None:
        return not_shown("step `client_id`: the tester connects under the device's own id for a moment")
    if taken.refused is not None:
        return not_shown(f"a broker that lets the tester connect under the device's id; this one: {taken.refused}")
    end_us = taken.back_us or taken.until_us
    if end_us is not None:
        for heard in log.since(taken.at_us + UNDER_WAY_US):
            if heard.at_us >= end_us:
                break
            cause = "it was heard while another client had its id: it connects under another one, or twice"
            return failed(Flaw("connection.client_id", heard.at_us, cause, heard.number))
    if taken.back_us is not None:
        return passed(f"it took its connection back within {(taken.back_us - taken.at_us) / SECOND_US:.0f} s")
    return not_shown("the device taking its connection back: it was not heard again while the tester had its id")
