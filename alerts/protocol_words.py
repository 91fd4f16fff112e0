"""Protocols in words, and what one would do as JSON: for the command, the HTTP side and the documents. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from alerts.explaining import Explanation, Row, after, every, words_of
from alerts.protocols import Action, Case, Flag, Match, Since, Step, Target
from alerts.rota import on_duty
from domain.instants import format_instant
from domain.records import Area
from domain.rota import Shift
from domain.vocabulary import Channel, Role

OnDuty = Callable[[Target, int], Sequence[tuple[str, str | None]]]
"""Who is on duty for a target at an instant: names, each with a number."""
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


def names_on_duty(shifts: Iterable[Shift], areas: Mapping[str, Area], area: str | None) -> OnDuty:
    """Who is on duty for a role in an area, as dispatch asks it; wearers, victims and forces have no rota."""
    known = list(shifts)
    roles = {role.value for role in Role} - {Role.POLICE.value}

    def found(target: Target, at_us: int) -> list[tuple[str, str | None]]:
        if target.value not in roles:
            return []
        return [
            (one.name, one.phone or one.email) for one in on_duty(known, Role(target.value), area, None, areas, at_us)
        ]

    return found


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
