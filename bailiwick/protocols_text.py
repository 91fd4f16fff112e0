"""Protocols as people and programs read them: tables that stand in line, and JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from alerts.explaining import CLAIMED_US, Explanation, Row, after, every, words_of
from alerts.machine import CLAIM_OTHERWISE_US, CLAIM_US
from alerts.protocols import Action, Case, Flag, Match, Protocol, Protocols, Since, Step, Target
from domain.instants import format_instant
from domain.vocabulary import Channel
from geofence.wallclock import Zone

OnDuty = Callable[[Target, int], Sequence[tuple[str, str | None]]]
"""Who is on duty for a target at an instant: names, each with a number."""
GAP = "  "
CHANNEL_WORDS = {
    Channel.CONSOLE: "console",
    Channel.WEBHOOK: "webhook",
    Channel.EMAIL: "e-mail",
    Channel.SMS: "SMS",
    Channel.MQTT: "MQTT",
    Channel.CALL: "call",
}
FLAG_WORDS = {
    Flag.CLAIMED: "claimed",
    Flag.ACTIONED: "acted on",
    Flag.CLEARED: "cleared",
    Flag.WEARER_ANSWERED: "the wearer answers",
    Flag.WEARER_UNANSWERED: "the wearer does not answer",
    Flag.VICTIM_ANSWERED: "the victim answers",
    Flag.VICTIM_UNANSWERED: "the victim does not answer",
    Flag.OFTEN: "the third pre-alert in 7 days",
    Flag.UNDER_18: "the wearer is under 18",
}


def table(head: Sequence[str], rows: Iterable[Sequence[str]], indent: str = "") -> list[str]:
    """Lines of columns that stand in line; the last is not filled up."""
    lines = [list(head), *(list(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return [
        (indent + GAP.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))).rstrip()
        for line in lines
    ]


def how(by: Sequence[Channel]) -> str:
    """``SMS, else call``."""
    return ", else ".join(CHANNEL_WORDS[channel] for channel in by)


def whom(to: Target) -> str:
    """A target in words."""
    return to.value.replace("_", " ")


def unless(step: Step | None) -> str:
    """Until when a step is done and repeated."""
    if step is None:
        return ""
    found = [f"every {every(step.repeat_s)}"] if step.repeat_s else []
    if step.stop:
        stop = [FLAG_WORDS[flag] for flag in Flag if flag in step.stop]
        found.append(("until " if step.repeat_s else "unless ") + " or ".join(stop))
    elif step.repeat_s:
        found.append("until closed")
    return " ".join(found)


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


def case_words(case: Case) -> str:
    """``strap_tamper, critical, standard, with a victim``."""
    said = [case.kind, case.severity.value, case.level.value]
    said += ["with a victim"] if case.victim else []
    said += ["under 18"] if case.under_18 else []
    said += ["a victim's own unit"] if case.own_unit else []
    return ", ".join(said)


def explained_json(told: Explanation, on_duty: OnDuty | None, note: str) -> dict[str, Any]:
    """The same for programs. ``names`` null: nobody asked a rota."""
    case = told.case
    return {
        "kind": case.kind,
        "level": case.level.value,
        "severity": case.severity.value,
        "victim": case.victim,
        "under_18": case.under_18,
        "own_unit": case.own_unit,
        "at": format_instant(told.at_us),
        "protocol": {"id": told.protocol.id, "version": told.protocol.version, "title": told.protocol.title},
        "told": [_row_json(row, told.at_us, on_duty) for row in told.rows],
        "rises": [{"at": format_instant(us), "severity": s.value, "protocol": name} for us, s, name in told.rises],
        "when": [
            {
                "only": [flag.value for flag in one.only],
                "to": one.to.value,
                "by": [c.value for c in one.by],
                "text": one.text,
            }
            for one in told.conditional
        ],
        "claimed_and_left": [_row_json(row, told.at_us, on_duty) for row in told.left],
        "claimed_and_worked_on": [_row_json(row, told.at_us, on_duty) for row in told.worked],
        "not_told_when_cleared": [_row_json(row, told.at_us, on_duty) for row in told.uncleared],
        "closes_when_cleared": None if told.closes is None else told.closes.value,
        "note": note,
    }


def _row_json(row: Row, from_us: int, on_duty: OnDuty | None) -> dict[str, Any]:
    names = None
    if on_duty is not None:
        names = [{"name": name, "number": number} for name, number in on_duty(row.to, row.at_us)]
    return {
        "at": format_instant(row.at_us),
        "after_s": (row.at_us - from_us) // 1_000_000,
        "action": row.action.value,
        "to": row.to.value,
        "by": [channel.value for channel in row.by],
        "text": row.text,
        "reason": None if row.reason is None else row.reason.value,
        "stop": [] if row.of is None else [flag.value for flag in row.of.stop],
        "repeat_s": None if row.of is None else row.of.repeat_s,
        "names": names,
    }


# ---- the protocols themselves ----


def for_whom(match: Match) -> str:
    """What a protocol is for, in words: everything that it does not say fits."""
    said = [", ".join(match.kinds) if match.kinds else "any kind"]
    said += [" or ".join(one.value for one in match.severities)] if match.severities else []
    said += [" or ".join(one.value for one in match.levels)] if match.levels else []
    said += [] if match.victim is None else ["with a victim" if match.victim else "without a victim"]
    said += [] if match.under_18 is None else ["under 18" if match.under_18 else "18 or over"]
    said += [] if match.own_unit is None else ["a victim's own unit" if match.own_unit else "a wearer's"]
    return "; ".join(said)


def step_words(step: Step) -> str:
    """``+02:00 supervisor by SMS, else call: unclaimed, unless claimed``."""
    only = [flag for flag in step.only if flag is not Flag.UNDER_18]
    young = " (under 18)" if Flag.UNDER_18 in step.only else ""
    said = f"{after(step.after_s * 1_000_000)}{' since it was raised' if step.since is Since.RAISED else ''} "
    if step.action is Action.TASK:
        said += "task" + ("" if step.to is Target.OPERATOR else f" for the {whom(step.to)}")
    else:
        said += f"{whom(step.to)}{young} by {how(step.by)}"
    said += f": {words_of(step.text, step.to)}"
    said += f", {unless(step)}" if unless(step) else ""
    return said + (f", when {' and '.join(FLAG_WORDS[flag] for flag in only)}" if only else "")


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
