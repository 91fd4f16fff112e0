"""Protocols as people read them at a shell: tables that stand in line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from alerts.explaining import CLAIMED_US, Explanation, Row, after, every, words_of
from alerts.machine import CLAIM_OTHERWISE_US, CLAIM_US
from alerts.protocol_words import FLAG_WORDS, OnDuty, case_words, for_whom, how, step_words, unless, whom
from alerts.protocols import Action, Protocol, Protocols, Step, Target
from geofence.wallclock import Zone

GAP = "  "


def table(head: Sequence[str], rows: Iterable[Sequence[str]], indent: str = "") -> list[str]:
    """Lines of columns that stand in line; the last is not filled up."""
    lines = [list(head), *(list(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return [
        (indent + GAP.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))).rstrip()
        for line in lines
    ]


def explained_text(told: Explanation, on_duty: OnDuty | None, note: str, zone: Zone) -> str:
    """What would happen, for a person who is tired."""
    case, protocol = told.case, told.protocol
    lines = [
        f"{case_words(case)}: protocol {protocol.id} (version {protocol.version}), {protocol.title}",
        f"Raised {_local(told.at_us, zone):%a %d %b %Y %H:%M:%S} {zone.name}. If nobody acts:",
        "",
        *table(["clock", "after", "who", "how", "what", ""], _lines(told, on_duty, zone), GAP),
        "",
    ]
    if not told.rows:
        lines[-2:] = [GAP + "Nobody is told.", ""]
    lines += _changes(told)
    return "\n".join([*lines, note])


def _lines(told: Explanation, on_duty: OnDuty | None, zone: Zone) -> list[list[str]]:
    found = []
    said: list[Step] = []
    for row in told.rows:
        line = _line(row, told.at_us, on_duty, zone)
        if row.of in said:
            line[-1] = "again"
        elif row.of is not None:
            said.append(row.of)
        found.append((row.at_us, 1, line))
    for at_us, severity, name in told.rises:
        clock = f"{_local(at_us, zone):%H:%M:%S}"
        found.append((at_us, 0, [clock, after(at_us - told.at_us), "", "", f"it becomes {severity.value}: {name}", ""]))
    return [line for _, _, line in sorted(found, key=lambda one: one[:2])]


def _line(row: Row, from_us: int, on_duty: OnDuty | None, zone: Zone) -> list[str]:
    who = whom(row.to) if row.action is not Action.TASK else "operator"
    if on_duty is not None and row.action is not Action.TASK:
        people = on_duty(row.to, row.at_us)
        who += "".join(f": {name} {number or ''}".rstrip() for name, number in people[:1])
        who += f" (+{len(people) - 1})" if len(people) > 1 else ""
    what = words_of(row.text, row.to)
    done = f"task, for the {whom(row.to)}" if row.action is Action.TASK and row.to is not Target.OPERATOR else "task"
    by = how(row.by) if row.action is not Action.TASK else done
    return [f"{_local(row.at_us, zone):%H:%M:%S}", after(row.at_us - from_us), who, by, what, unless(row.of)]


def _changes(told: Explanation) -> list[str]:
    """What a claim, a clearing and what a person finds out would change."""
    lapse_us = CLAIMED_US + CLAIM_US.get(told.case.severity, CLAIM_OTHERWISE_US)
    rows = [
        [
            "Claimed at " + after(CLAIMED_US) + ", then nothing:",
            f"the claim lapses at {after(lapse_us)}; " + _told(told.left, told),
        ],
        ["Claimed, and worked on:", _told(told.worked, told)],
    ]
    over = "nothing stops"
    if told.uncleared:
        over = "no more: " + ", ".join(
            dict.fromkeys(f"{whom(row.to)} ({words_of(row.text, row.to)})" for row in told.uncleared)
        )
    if told.closes is not None:
        over += f"; it closes itself, {told.closes.value}"
    rows.append(["Over after a minute:", over])
    for one in told.conditional:
        when = " and ".join(FLAG_WORDS[flag] for flag in one.only)
        late = f" from {after(one.after_s * 1_000_000)} on" if one.after_s else ""
        rows.append([f"When {when}:", f"{whom(one.to)} by {how(one.by)}{late}: {words_of(one.text, one.to)}"])
    return [*(" ".join(row) for row in rows), ""]


def _told(rows: Sequence[Row], told: Explanation) -> str:
    said = [f"{whom(row.to)} {after(row.at_us - told.at_us)} ({words_of(row.text, row.to)})" for row in rows]
    return ", ".join(said) if said else "no senior is told within 2 hours"


# ---- the protocols themselves ----


def protocol_text(one: Protocol) -> str:
    """One protocol, a line a step."""
    lines = [f"{one.id} (version {one.version}): {one.title}", f"{GAP}for: {for_whom(one.match)}"]
    lines += [GAP + step_words(step) for step in one.steps] or [GAP + "nobody is told"]
    if one.then is not None:
        lines.append(f"{GAP}then, unclaimed for {every(one.then_after_s)}: {one.then}")
    lines += [f"{GAP}cleared: closes itself, {one.closes_when_cleared.value}"] if one.closes_when_cleared else []
    lines += [f"{GAP}cleared: victim, police and officer are told that it is over"] if one.tells_cleared else []
    return "\n".join(lines)


def listed(protocols: Protocols) -> str:
    """All of them, in the order in which they are asked."""
    rows = [[one.id, str(one.version), str(len(one.steps)), one.title] for one in protocols.protocol]
    return "\n".join(table(["protocol", "version", "steps", "for"], rows))


def _local(us: int, zone: Zone) -> datetime:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return epoch + timedelta(microseconds=us + zone.offset_us(us))


def markdown(protocols: Protocols) -> str:
    """The table of docs/protocols.md."""
    lines = ["| protocol | for | steps | when cleared |", "| --- | --- | --- | --- |"]
    for one in protocols.protocol:
        closes = f"closes itself (`{one.closes_when_cleared.value}`)" if one.closes_when_cleared else ""
        tells = "victim, police, officer are told" if one.tells_cleared else ""
        steps = "<br>".join(step_words(step) for step in one.steps) or "nobody is told"
        cleared = ", ".join(part for part in (tells, closes) if part)
        lines.append(f"| `{one.id}` | {for_whom(one.match)} | {steps} | {cleared} |")
    return "\n".join(lines)
