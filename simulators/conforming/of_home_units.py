"""Judges of a home unit that speaks for the tags it hears, and of a curfew tag that says nothing itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from domain.vocabulary import DeviceKind
from domain.wire_items import EPOCH_FIRST_MS
from simulators.conforming.log import AWAY, WRONG_CLOCK, Fact, Key, Log, Spell
from simulators.conforming.verdicts import MS_US, Flaw, Verdict, failed, not_shown, passed

OF_TAGS: Final = frozenset({"in_range", "strap_tamper", "case_tamper", "battery_low", "fault"})
"""What a home unit may say about a tag."""
SLACK: Final = 1.5
SLACK_MS: Final = 5_000
"""A repetition may be late by half of its time, and by this: a round of listening takes a while."""


def _flaw(clause: str, key: Key, fact: Fact, cause: str, name: str) -> Flaw:
    return Flaw(clause, fact.at_us, cause, fact.message, name, *key)


def _about_tags(log: Log) -> Iterator[tuple[Key, Fact, object]]:
    """Events about a tag, in the order of their numbers, with what `data.tag` says."""
    for key in sorted(log.facts):
        fact = log.facts[key]
        data = fact.item.data or {}
        if fact.item.code == "in_range" or (fact.item.code is not None and data.get("tag") is not None):
            yield key, fact, data.get("tag")


def tags(log: Log) -> Verdict:
    """An event about a tag is one of those that a home unit may tell, and says which tag."""
    many = 0
    for key, fact, tag in _about_tags(log):
        if fact.item.code not in OF_TAGS:
            return failed(
                _flaw("home_unit.tag", key, fact, f"{fact.item.code} is nothing that it says about a tag", "data.tag")
            )
        if not isinstance(tag, str) or not tag:
            return failed(_flaw("home_unit.tag", key, fact, "`in_range` of no tag", "data.tag"))
        many += 1
    return passed(f"{many} events about tags") if many else not_shown("an event about a tag: bring one into its range")


def repeated(log: Log) -> Verdict:
    """`in_range` `start` is repeated at least every `upload_s` while the tag is heard."""
    upload_s = log.upload_s or max((heard.said.get("up", 0) for heard in log.heard), default=0)
    if not upload_s:
        return not_shown("its upload interval: `--upload`, or `up` in an envelope")
    most_ms = upload_s * 1000 * SLACK + SLACK_MS
    last: dict[str, int] = {}
    many = 0
    for key, fact, tag in _about_tags(log):
        t_ms, item = fact.item.t_ms, fact.item
        if item.code != "in_range" or not isinstance(tag, str) or t_ms is None:
            continue
        before_ms = last.pop(tag, None)
        if before_ms is not None and t_ms - before_ms > most_ms and not _was_interrupted(log, before_ms, t_ms):
            cause = f"{(t_ms - before_ms) / 1000:.0f} s after the one before; at least every {upload_s} s"
            return failed(_flaw("home_unit.repeats", key, fact, cause, "t"))
        if item.state == "start":
            many += before_ms is not None
            last[tag] = t_ms
    for tag, t_ms in last.items():
        if log.now_us - t_ms * MS_US > 2 * most_ms * MS_US and not _was_interrupted(log, t_ms, log.now_us // MS_US):
            cause = f"nothing of a tag for {(log.now_us // MS_US - t_ms) / 1000:.0f} s; at least every {upload_s} s"
            return failed(Flaw("home_unit.repeats", log.now_us, cause, None, f"data.tag {tag[:32]}"))
    return (
        passed(f"{many} repetitions in time") if many else not_shown("a tag that stays in range for twice `upload_s`")
    )


def _was_interrupted(log: Log, from_ms: int, to_ms: int) -> bool:
    """Whether it was cut off, or its clock was wrong, between two instants."""
    ours = (Spell.POWER, Spell.REFLASH, *AWAY, *WRONG_CLOCK)
    return any(
        one.spell in ours and one.from_us < to_ms * MS_US and (one.to_us or log.now_us) > from_ms * MS_US
        for one in log.spells
    )


def lost(log: Log) -> Verdict:
    """`end` says when the tag was last heard: not before it was told to be heard, and not after it was lost."""
    heard: dict[str, int] = defaultdict(int)
    many = 0
    for key, fact, tag in _about_tags(log):
        item = fact.item
        if item.code != "in_range" or not isinstance(tag, str) or item.t_ms is None:
            continue
        if item.state == "start":
            heard[tag] = item.t_ms
        if item.state != "end":
            continue
        last_ms = (item.data or {}).get("last_heard")
        if last_ms is None and heard[tag]:
            return failed(
                _flaw("home_unit.lost", key, fact, "`end` without it, of a tag that was heard", "data.last_heard")
            )
        if isinstance(last_ms, int) and last_ms > EPOCH_FIRST_MS:
            if last_ms > item.t_ms or last_ms < heard[tag]:
                cause = "after the tag was lost" if last_ms > item.t_ms else "before it was told to be in range"
                return failed(_flaw("home_unit.lost", key, fact, cause, "data.last_heard"))
            many += 1
        heard[tag] = 0
    return (
        passed(f"{many} tags lost, and since when")
        if many
        else not_shown("a tag that was heard and is lost: carry it out of range")
    )


def silent_tag(log: Log) -> Verdict:
    """An rf_tag sends nothing itself."""
    if log.heard:
        first = log.heard[0]
        return failed(Flaw("rf_tag.silent", first.at_us, "a curfew tag that sends", first.number))
    if "listen" in log.ran and log.kind is DeviceKind.RF_TAG:
        return passed("nothing was heard of it")
    return not_shown("step `listen`")
