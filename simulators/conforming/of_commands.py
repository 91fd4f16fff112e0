"""Judges of what a device does when it is told something."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from domain.instants import SECOND_US
from simulators.conforming.log import Answer, Fact, Log, Told
from simulators.conforming.of_facts import holes, numbers
from simulators.conforming.verdicts import MS_US, Flaw, Result, Verdict, failed, not_shown, passed

EARLY_US: Final = 5 * SECOND_US
"""A position may be so much older than the command, by the two clocks."""
NEAR: Final = (0.5, 1.5)
"""A rhythm is as asked when its usual time between two is within these parts of it."""
GAPS: Final = 3
"""Times between two positions from which a rhythm is told."""
AT_ONCE_S: Final = 20
SOONER: Final = 0.8
"""A position that comes within this part of the usual time after the one before was not due."""
NOW_S: Final = 90
"""A receiver may take so long for a position."""


def _unanswered(clause: str, told: Told) -> Verdict:
    """Of a command whose answer did not come (yet)."""
    if told.over_us is None:
        return not_shown("its answer: the step was not ended")
    waited_s = (told.over_us - told.at_us) / SECOND_US
    cause = f"no `command_result` of {told.id} within {waited_s:.0f} s"
    if not told.routed:
        cause += "; the broker knows of nobody subscribed to its `down` topic"
    return failed(Flaw(clause, told.at_us, cause, None, "data.command"))


def _last(log: Log, step: str) -> Told | None:
    many = log.of_step(step)
    return many[-1] if many else None


def _answer(log: Log, told: Told) -> Answer | None:
    return next(iter(log.answers.get(told.id, [])), None)


def _not_run(log: Log, step: str) -> Verdict:
    return not_shown(f"step `{step}`" if log.heard else "a device that is heard: nothing came from it")


def answers(log: Log) -> Verdict:
    """Every `command_result` says of which command, and whether it was done."""
    many = 0
    for (gen, seq), fact in log.facts.items():
        if fact.item.code != "command_result":
            continue
        data = fact.item.data or {}
        for name, kind in (("command", str), ("ok", bool)):
            if not isinstance(data.get(name), kind):
                cause = "missing" if data.get(name) is None else "of the wrong type"
                return failed(Flaw("command.result", fact.at_us, cause, fact.message, f"data.{name}", gen, seq))
        many += 1
    return passed(f"{many} answers") if many else not_shown("an answer: any step that sends a command")


def locate_now(log: Log) -> Verdict:
    """A position of now comes, or it says that it cannot."""
    told = _last(log, "locate_now")
    if told is None:
        return _not_run(log, "locate_now")
    answer = _answer(log, told)
    if answer is None:
        return _unanswered("command.locate_now", told)
    if answer.ok is False:
        return not_shown("a place where it sees the sky: it answered that it cannot")
    end_us = log.now_us if told.over_us is None else told.over_us
    taken = first_fix_since(log, told.at_us)
    if taken is None or taken.at_us > end_us:
        if told.over_us is None:
            return not_shown("a position of now: the step was not ended")
        return failed(
            Flaw("command.locate_now", answer.at_us, "it answered `ok`, and no position of now came", None, "fixes")
        )
    return _of_now(log, told, taken)


def first_fix_since(log: Log, at_us: int) -> Fact | None:
    """The first position that was taken at about that instant or later, and heard after it."""
    heard = (fact for fact in log.facts.values() if fact.item.is_fix and fact.at_us > at_us)
    fixes = (fact for fact in heard if (fact.item.t_ms or 0) * MS_US >= at_us - EARLY_US)
    return min(fixes, key=lambda fact: fact.item.t_ms or 0, default=None)


def _of_now(log: Log, told: Told, taken: Fact) -> Verdict:
    """Whether a position was taken for the command, and not only because it was due."""
    t_us = (taken.item.t_ms or 0) * MS_US
    late_s = max(0.0, (t_us - told.at_us) / SECOND_US)
    pace_s = log.pace_s(0, told.at_us)
    before_ms = max(
        (f.item.t_ms or 0 for f in log.facts.values() if f.item.is_fix and f.at_us <= told.at_us), default=0
    )
    if pace_s is None or t_us - before_ms * MS_US < SOONER * pace_s * SECOND_US:
        return passed(f"a position {late_s:.1f} s after it was asked")
    if late_s <= NOW_S:
        return not_shown("a position sooner than its rhythm brings one: it came when one was due anyway")
    cause = f"the next position was taken {late_s:.0f} s later, when it was due"
    return failed(Flaw("command.locate_now", taken.at_us, cause, taken.message, "t"))


@dataclass(frozen=True, slots=True)
class Answered:
    """Judge of a command that is only answered; a person beside the device may say that it did not do it."""

    step: str
    clause: str
    doubt: str

    def __call__(self, log: Log) -> Verdict:
        told = _last(log, self.step)
        if told is None:
            return _not_run(log, self.step)
        answer = _answer(log, told)
        if answer is None:
            return _unanswered(self.clause, told)
        if answer.ok and told.confirmed is False:
            return failed(Flaw(self.clause, answer.at_us, f"it answered `ok`, and {self.doubt}"))
        seen = ", and it was seen" if told.confirmed else ""
        return passed(f"answered {'that it did' if answer.ok else 'that it cannot'}{seen}")


def once(log: Log) -> Verdict:
    """The same id told twice is one command: it is answered once."""
    told = _last(log, "once")
    if told is None:
        return _not_run(log, "once")
    many = log.answers.get(told.id, [])
    if not many:
        return _unanswered("command.once", told)
    if len(many) > 1:
        return failed(
            Flaw(
                "command.once",
                many[1].at_us,
                f"{len(many)} answers to one id that was told twice",
                None,
                "data.command",
            )
        )
    if told.over_us is None:
        return not_shown("a while without a second answer: the step was not ended")
    return passed("told twice, answered once")


def expired(log: Log) -> Verdict:
    """What has expired is answered `ok` false, and not done."""
    told = _last(log, "expired")
    if told is None:
        return _not_run(log, "expired")
    answer = _answer(log, told)
    if answer is None:
        return _unanswered("command.expired", told)
    if answer.ok:
        return failed(Flaw("command.expired", answer.at_us, "`ok` true to a command that had expired", None, "data.ok"))
    interval_s = told.args["interval_s"]
    said = next(
        (
            h
            for h in log.since(told.at_us)
            if h.at_us <= (told.over_us or log.now_us) and h.said.get("iv") == interval_s
        ),
        None,
    )
    usual_s = log.pace_s(0, told.at_us)
    if usual_s is None or usual_s < 2 * interval_s:
        return passed("answered that it was not done")
    if said is not None:
        return failed(
            Flaw("command.expired", said.at_us, "`iv` is what the expired command asked for", said.number, "iv")
        )
    times = log.rhythm_ms(answer.at_us, told.over_us or log.now_us)
    fast = [b - a for a, b in pairwise(times) if b - a <= NEAR[1] * 1000 * interval_s]
    if len(fast) >= 2:
        return failed(Flaw("command.expired", answer.at_us, f"it was done: a position every {interval_s} s"))
    return passed("answered that it was not done, and it was not")


def set_interval(log: Log) -> Verdict:
    """The rhythm changes to what was asked, and changes back."""
    many = log.of_step("set_interval")
    if not many:
        return _not_run(log, "set_interval")
    why = []
    for number, told in enumerate(many):
        answer = _answer(log, told)
        if answer is None:
            return _unanswered("command.set_interval", told)
        if answer.ok is not True:
            if answer.ok is None:
                return not_shown("`data.ok` in its answer")
            return failed(
                Flaw("command.set_interval", answer.at_us, "`ok` false to a command in time", None, "data.ok")
            )
        end_us = many[number + 1].at_us if number + 1 < len(many) else (told.over_us or log.now_us)
        verdict = _paced(log, told, answer.at_us, end_us)
        if verdict.flaw is not None or (number == 0 and not verdict.why):
            return (
                verdict
                if verdict.flaw
                else not_shown("positions enough to tell its rhythm: is it at rest, without a view of the sky?")
            )
        why.append(verdict.why)
    return passed("; back: ".join(one or "answered" for one in why))


def _paced(log: Log, told: Told, from_us: int, end_us: int) -> Verdict:
    """Whether the device is at work as often as it was told; without words where that cannot be told yet."""
    interval_s = told.args["interval_s"]
    for heard in log.since(from_us + AT_ONCE_S * SECOND_US):
        if heard.at_us < end_us and heard.said.get("iv", interval_s) != interval_s:
            return failed(
                Flaw(
                    "command.set_interval",
                    heard.at_us,
                    f"`iv` is {heard.said['iv']}, not {interval_s}",
                    heard.number,
                    "iv",
                )
            )
    times = log.rhythm_ms(from_us, end_us)
    length_s = (end_us - from_us) / SECOND_US
    gaps = [(b - a) / 1000 for a, b in pairwise(times)]
    if len(gaps) < GAPS:
        long_enough = told.over_us is not None and length_s >= (GAPS + 3) * interval_s + AT_ONCE_S
        if (
            long_enough
            and log.rhythm_ms(0, from_us)
            and not _at_rest(log)
            and not _without_places(log, from_us, end_us)
        ):
            cause = f"{len(times)} positions in {length_s:.0f} s, though told to take one every {interval_s} s"
            return failed(Flaw("command.set_interval", from_us, cause))
        return passed("")
    middle = sorted(gaps[1:] or gaps)[len(gaps[1:] or gaps) // 2]
    if not NEAR[0] * interval_s <= middle <= NEAR[1] * interval_s:
        return failed(
            Flaw("command.set_interval", from_us, f"a position every {middle:.1f} s, though told every {interval_s} s")
        )
    return passed(f"every {middle:.1f} s, told {interval_s} s")


def _without_places(log: Log, from_us: int, end_us: int) -> bool:
    """Whether it was at work as often, and knew no place: it told other things meanwhile."""
    others = (f.item for f in log.facts.values() if not f.item.is_fix and f.item.code != "command_result")
    return sum(from_us <= (item.t_ms or 0) * MS_US < end_us for item in others) >= GAPS


def _at_rest(log: Log) -> bool:
    rests = [(fact.item.t_ms or 0, fact.item.state) for fact in log.facts.values() if fact.item.code == "rest"]
    return bool(rests) and max(rests)[1] != "end"


def resend(log: Log) -> Verdict:
    """What is asked for again comes again, as far as the device holds it."""
    found = [_of_resend(log, told) for told in log.of_step("resend")]
    if not found:
        return _not_run(log, "resend")
    order = [Result.FAILED, Result.PASSED, Result.NOT_SHOWN]
    return min(found, key=lambda verdict: order.index(verdict.result))


def _of_resend(log: Log, told: Told) -> Verdict:
    answer = _answer(log, told)
    if answer is None:
        return _unanswered("command.resend", told)
    gen, first, last = (told.args[name] for name in ("gen", "from", "to"))
    wanted = range(max(first, told.args.get("oldest", first)), last + 1)
    came = [seq for seq in wanted if came_since(log, gen, seq, told.at_us)]
    if answer.ok is False:
        held = [seq for seq in wanted if told.args.get("oldest") and _came_before(log, gen, seq, told.at_us)]
        if held:
            cause = f"`ok` false, though `oldest` says that it holds seq {held[0]}"
            return failed(Flaw("command.resend", answer.at_us, cause, None, "data.ok", gen, held[0]))
        return not_shown(f"a hole that it still holds: it answered that it holds nothing of {numbers(first, last)}")
    if came:
        rest = "" if len(came) == len(wanted) else f" of {len(wanted)}"
        return passed(f"{len(came)}{rest} items came when they were asked for")
    if told.over_us is None:
        return not_shown("what was asked for: the step was not ended")
    return failed(
        Flaw(
            "command.resend",
            answer.at_us,
            f"`ok` true, and nothing of {numbers(first, last)} came",
            None,
            None,
            gen,
            first,
        )
    )


def _came_before(log: Log, gen: int, seq: int, at_us: int) -> bool:
    fact = log.facts.get((gen, seq))
    return fact is not None and fact.at_us <= at_us


def came_since(log: Log, gen: int, seq: int, at_us: int) -> bool:
    fact = log.facts.get((gen, seq))
    return fact is not None and (fact.at_us > at_us or log.again.get((gen, seq), 0) > at_us)


def wanted_again(log: Log, most: int, asked: Set[tuple[int, int, int]]) -> tuple[int, int, int] | None:
    """What to ask for with `resend`, (gen, from, to): the newest hole, else what came last; nothing of what was ``asked``."""
    found = [(hole.gen, max(hole.low, hole.high - most + 1), hole.high) for hole in reversed(holes(log))]
    found = [one for one in found if one not in asked]
    if found or asked or not log.newest:
        return found[0] if found else None
    gen = max(log.newest)
    last = log.newest[gen]
    return gen, max(1, last - 2), last


@dataclass(frozen=True, slots=True)
class Unharmed:
    """Judge of what a device cannot obey: it does not say that it did, stays connected, and answers the next command."""

    step: str
    clause: str

    def __call__(self, log: Log) -> Verdict:
        many = log.of_step(self.step)
        bad, alive = [one for one in many if not one.args.get("alive")], [one for one in many if one.args.get("alive")]
        if not bad:
            return _not_run(log, self.step)
        for told in bad:
            answer = _answer(log, told)
            if answer is not None and answer.ok:
                return failed(
                    Flaw(self.clause, answer.at_us, f"`ok` true to {told.id}, which it cannot know", None, "data.ok")
                )
        will = next((at for at, _ in log.wills if bad[0].at_us <= at <= (many[-1].over_us or log.now_us)), None)
        if will is not None:
            return failed(Flaw(self.clause, will, "its connection was lost after it was told"))
        for told in alive:
            if _answer(log, told) is None:
                if told.over_us is None:
                    return not_shown("its answer to the next command: the step was not ended")
                cause = "it answered no command after it"
                return failed(Flaw(self.clause, told.at_us, cause))
        if not alive:
            return not_shown("its answer to the next command: the step was not ended")
        return passed(f"{len(bad)} told, and it went on")
