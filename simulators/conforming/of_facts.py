"""Judges of what facts are counted by, and of what comes after an absence."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Final

from domain.instants import MINUTE_US, SECOND_US
from simulators.conforming.log import AWAY, Conflict, Fact, Key, Log, Span, Spell
from simulators.conforming.verdicts import MS_US, Flaw, Verdict, failed, not_shown, passed

HOLE_OLD_US: Final = 10 * MINUTE_US
"""A hole is held against the device when it has been there so long (the centre asks for it then)."""
COUNTED: Final = 3
"""Items from which on a counter can be judged."""
LATE_MS: Final = 60_000
"""An item that is older than this when it is sent was kept."""
LEAST_GAP_US: Final = 90 * SECOND_US
USUAL_GAPS: Final = 3
"""A silence of so many times the usual is an absence."""
EDGE_US: Final = 30 * SECOND_US
"""At the ends of an absence nothing is expected: a person's word for when it began is not exact."""
TAMPERED: Final = (Spell.POWER, Spell.REFLASH)
"""After these a counter may begin again."""


def numbers(low: int, high: int) -> str:
    return f"seq {low}" if low == high else f"seqs {low} to {high}"


@dataclass(frozen=True, slots=True)
class Hole:
    """Seqs ``low`` to ``high`` that did not come, between two facts that did; ``since_us``: nothing filled it since then."""

    gen: int
    low: int
    high: int
    since_us: int
    before: Fact
    after: Fact

    def __str__(self) -> str:
        return numbers(self.low, self.high)

    def flaw(self, clause: str, cause: str) -> Flaw:
        return Flaw(clause, self.after.at_us, f"{self} {cause}", self.after.message, "seq", self.gen, self.low)


def holes(log: Log) -> list[Hole]:
    """Every hole, oldest first."""
    filled: dict[int, int] = {}
    high: dict[int, int] = {}
    seqs: dict[int, list[int]] = defaultdict(list)
    for (gen, seq), fact in log.facts.items():
        seqs[gen].append(seq)
        if seq < high.get(gen, 0):
            filled[gen] = fact.at_us
        high[gen] = max(seq, high.get(gen, 0))
    found = []
    for gen, many in seqs.items():
        many.sort()
        for a, b in pairwise(many):
            if a + 1 < b:
                before, after = log.facts[gen, a], log.facts[gen, b]
                found.append(Hole(gen, a + 1, b - 1, max(after.at_us, filled.get(gen, 0)), before, after))
    return found


def by_one(log: Log) -> Verdict:
    """No number is left out for good; a hole of an absence is judged with the absence."""
    if len(log.facts) < COUNTED:
        return not_shown(f"{COUNTED} items; {len(log.facts)} came")
    young = None
    for hole in holes(log):
        if _span_of(log, hole) is not None:
            continue
        if hole.high < log.oldest.get(hole.gen, 0):
            return not_shown(f"{hole} of gen {hole.gen} not let go: `oldest` says that it no longer holds it")
        asked = [told for told in log.of_step("resend") if _asked_for(told.args, hole)]
        if log.unread or log.deaf:
            return not_shown(f"{hole} did not come: lost with what could not be read, or while we were not connected")
        if any(told.over_us is not None for told in asked):
            return failed(hole.flaw("seq.by_one", "never came, though asked for"))
        if log.now_us - hole.since_us >= HOLE_OLD_US:
            return failed(hole.flaw("seq.by_one", "never came"))
        young = young or hole
    if young is not None:
        return not_shown(
            f"{young} of gen {young.gen} coming, or not coming for 10 minutes, or asked for by step `resend`"
        )
    return passed(f"{len(log.facts)} items without a hole")


def _asked_for(args: dict[str, int], hole: Hole) -> bool:
    return args.get("gen") == hole.gen and args.get("from", 0) <= hole.high and args.get("to", 0) >= hole.low


def _span_of(log: Log, hole: Hole) -> Span | None:
    """The absence in which a hole lies, if it does."""
    before_us, after_us = ((fact.item.t_ms or 0) * MS_US for fact in (hole.before, hole.after))
    return next(
        (
            one
            for one in log.spells
            if one.spell in AWAY and one.to_us is not None and before_us < one.to_us and after_us > one.from_us
        ),
        None,
    )


def _crosses(log: Log, conflict: Conflict) -> Span | None:
    """What was done to the device between the two that have one identity."""
    within = (s for s in log.spells if s.spell in TAMPERED and conflict.first.at_us < s.from_us <= conflict.at_us)
    return next(within, None)


def _is_other_fact(conflict: Conflict) -> bool:
    first = conflict.first.item
    return first.t_ms != conflict.again.t_ms or first.code != conflict.again.code


def _conflict_flaw(clause: str, conflict: Conflict, cause: str) -> Flaw:
    text = f"{cause}; it came first in message {conflict.first.message}"
    return Flaw(clause, conflict.at_us, text, conflict.message, None, conflict.gen, conflict.again.seq)


def identity(log: Log) -> Verdict:
    """A number is given to one fact only."""
    found = [c for c in log.conflicts if _is_other_fact(c) and _crosses(log, c) is None]
    if found:
        return failed(_conflict_flaw("seq.identity", found[0], "another time or code"), len(found) - 1)
    many = len(log.facts)
    return passed(f"{many} items, no number used twice") if many > 1 else not_shown(f"2 items; {many} came")


def repeats(log: Log) -> Verdict:
    """What comes again is what came before."""
    found = [c for c in log.conflicts if not _is_other_fact(c)]
    if found:
        return failed(_conflict_flaw("seq.repeat", found[0], "it came again with other values"), len(found) - 1)
    if log.again:
        return passed(f"{len(log.again)} items came again as they were")
    return not_shown("an item that comes twice: steps `resend`, `repeats`")


def gen_rises(log: Log) -> Verdict:
    """A lower `gen` has nothing to say after a higher one began; after its counter was lost the device begins a higher one."""
    begun: dict[int, Key] = {}
    for gen, seq in log.facts:
        begun.setdefault(gen, (gen, seq))
    span = log.spell(Spell.REFLASH)
    order = list(begun)
    for gen, after in pairwise(order):
        if after < gen:
            fact = log.facts[begun[after]]
            if fact.item.t_ms is None or fact.item.t_ms > (log.facts[begun[gen]].item.t_ms or 0):
                return failed(
                    Flaw("gen.rises", fact.at_us, f"gen {after} after gen {gen}", fact.message, "gen", *begun[after])
                )
    if span is not None and span.to_us is not None:
        return _after_loss(log, span, order)
    if len(order) > 1:
        return passed(f"gen went from {min(order)} to {max(order)}")
    return not_shown("its counter lost: step `reflash`")


def _after_loss(log: Log, span: Span, gens: list[int]) -> Verdict:
    conflict = next((c for c in log.conflicts if _is_other_fact(c) and _crosses(log, c) is span), None)
    if conflict is not None:
        return failed(_conflict_flaw("gen.rises", conflict, "its counter began again and `gen` stayed"))
    new = [key for key, fact in log.facts.items() if span.to_us is not None and fact.at_us >= span.to_us]
    if not new:
        return not_shown("an item from the device after its counter was lost")
    before = [gen for (gen, _), fact in log.facts.items() if fact.at_us < span.from_us]
    if before and max(gen for gen, _ in new) > max(before):
        return passed(f"gen went from {max(before)} to {max(gens)}")
    return _restarted("gen.rises", log, span)


def restart(log: Log) -> Verdict:
    """After it was off, the counter goes on, or `gen` is higher."""
    span = log.spell(Spell.POWER)
    if span is None or span.to_us is None:
        return not_shown("it switched off and on: step `restart`")
    conflict = next((c for c in log.conflicts if _is_other_fact(c) and _crosses(log, c) is span), None)
    if conflict is not None:
        return failed(
            _conflict_flaw("seq.restart", conflict, "after it was off, its counter began again and `gen` stayed")
        )
    return _restarted("seq.restart", log, span)


def _restarted(clause: str, log: Log, span: Span) -> Verdict:
    """Whether what is new after ``span`` has numbers behind all that came before."""
    assert span.to_us is not None
    before: dict[int, int] = {}
    for (gen, seq), fact in log.facts.items():
        if fact.at_us < span.from_us:
            before[gen] = max(before.get(gen, 0), seq)
        elif fact.at_us >= span.to_us and (fact.item.t_ms or 0) * MS_US >= span.to_us - EDGE_US:
            if before and (gen < max(before) or seq <= before.get(gen, 0)):
                return failed(
                    Flaw(clause, fact.at_us, "a number below those used before", fact.message, "seq", gen, seq)
                )
            return passed(f"it went on with gen {gen} seq {seq}")
    return not_shown("an item from the device after it was switched on again")


def order(log: Log) -> Verdict:
    """What was recorded in one silence comes oldest first; what is asked for again comes as it was asked."""
    gaps = _gaps(log)
    starts = [start for start, _ in gaps]
    newest: dict[tuple[int, int], tuple[int, int]] = {}
    kept = 0
    for (gen, seq), fact in log.facts.items():
        t_us = (fact.item.t_ms or 0) * MS_US
        place = bisect_right(starts, t_us) - 1
        if place < 0 or t_us >= gaps[place][1] or not _was_kept(fact) or _was_asked(log, gen, seq):
            continue
        kept += 1
        number, message = newest.get((gen, place), (0, 0))
        if seq < number and (message != fact.message):
            cause = f"after seq {number} of the same silence, in message {message}"
            return failed(Flaw("backlog.order", fact.at_us, cause, fact.message, "seq", gen, seq))
        newest[gen, place] = max((seq, fact.message), newest.get((gen, place), (0, 0)))
    if kept < 2:
        return not_shown("a backlog: steps `network`, `long`")
    return passed(f"{kept} kept items came oldest first")


def _was_kept(fact: Fact) -> bool:
    return fact.item.t_ms is not None and fact.sent_ms is not None and fact.sent_ms - fact.item.t_ms > LATE_MS


def _was_asked(log: Log, gen: int, seq: int) -> bool:
    asked = (told.args for told in log.of_step("resend"))
    return any(a.get("gen") == gen and a.get("from", 0) <= seq <= a.get("to", 0) for a in asked)


def _gaps(log: Log) -> list[tuple[int, int]]:
    """Silences far longer than usual, (from, to) in microseconds."""
    pairs = list(pairwise(log.heard))
    if not pairs:
        return []
    usual_us = median(b.at_us - a.at_us for a, b in pairs)
    least_us = max(LEAST_GAP_US, USUAL_GAPS * usual_us)
    return [(a.at_us, b.at_us) for a, b in pairs if b.at_us - a.at_us >= least_us]


def backlog_kept(clause: str, spell: Spell, step: str) -> Callable[[Log], Verdict]:
    """All that was recorded in an absence comes, but what a full memory let go and `oldest` says so."""

    def judge(log: Log) -> Verdict:
        span = log.spell(spell)
        if span is None or span.to_us is None:
            return not_shown(f"the absence of step `{step}`")
        came = list(_recorded_in(log, span))
        if log.heard and log.heard[-1].at_us < span.to_us:
            return not_shown("the device coming back: it was not heard since")
        missing = [one for one in holes(log) if _span_of(log, one) is span]
        hole = next((one for one in missing if one.high >= log.oldest.get(one.gen, 0)), None)
        if hole is not None:
            return failed(hole.flaw(clause, "of the absence never came, and `oldest` does not say that it is gone"))
        if not came:
            pace_s = log.pace_s(0, span.from_us)
            if pace_s is None or (span.to_us - span.from_us) < 2 * (pace_s * SECOND_US + EDGE_US):
                return not_shown("an absence of at least twice its interval, and a minute")
            return failed(Flaw(clause, span.to_us, "nothing came that it recorded in the absence"))
        gone = sum(one.high - one.low + 1 for one in missing)
        return passed(f"{len(came)} items of the absence came" + (f", {gone} are below `oldest`" if gone else ""))

    return judge


def memory_full(log: Log) -> Verdict:
    """When what it had to let go was the oldest, it says from which number on it still holds."""
    span = log.spell(Spell.MEMORY)
    if span is None or span.to_us is None:
        return not_shown("its memory full: step `memory`")
    verdict = backlog_kept("memory.oldest", Spell.MEMORY, "memory")(log)
    if verdict.flaw is not None or not list(_recorded_in(log, span)):
        return verdict
    gone = next((hole for hole in holes(log) if _span_of(log, hole) is span), None)
    if gone is None:
        return not_shown("an absence long enough: its memory did not get full, nothing of it is missing")
    return passed(f"what it let go ({gone}) is below `oldest`, and the rest came")


def _recorded_in(log: Log, span: Span) -> Iterator[Fact]:
    assert span.to_us is not None
    for fact in log.facts.values():
        t_us = (fact.item.t_ms or 0) * MS_US
        if span.from_us + EDGE_US <= t_us < span.to_us - EDGE_US:
            yield fact


def clock_jump(clause: str, spell: Spell, step: str) -> Callable[[Log], Verdict]:
    """However wrong its clock, it states no instant before 2020; and it speaks again when the clock is right."""

    def judge(log: Log) -> Verdict:
        span = log.spell(spell)
        if span is None:
            return not_shown(f"its clock set back: step `{step}`")
        found = [f for name in ("envelope.sent", "item.time") for f in log.flaws.get(name, []) if span.holds(f.at_us)]
        if found:
            flaw = found[0]
            moved = Flaw(clause, flaw.at_us, flaw.cause, flaw.message, flaw.field, flaw.gen, flaw.seq)
            return failed(moved, len(found) - 1)
        if span.to_us is None or not log.since(span.to_us):
            return not_shown("the device heard again after its clock was right")
        return passed("no instant before 2020, and it went on")

    return judge


def clock_told(log: Log) -> Verdict:
    """It tells that its clock was set, and by how much."""
    spans = [span for name in (Spell.EPOCH, Spell.ROLLOVER) if (span := log.spell(name)) is not None]
    told = [fact for fact in log.facts.values() if fact.item.code == "clock_set"]
    for fact in told:
        if not isinstance((fact.item.data or {}).get("step_s"), int | float):
            return failed(
                Flaw("clock.told", fact.at_us, "`clock_set` without `data.step_s`", fact.message, "data.step_s")
            )
    if told:
        return passed(f"{len(told)} `clock_set` events with `step_s`")
    if spans and all(span.over for span in spans):
        return failed(Flaw("clock.told", spans[-1].from_us, "its clock was set, and no `clock_set` came"))
    return not_shown("its clock set: steps `epoch`, `rollover`")
