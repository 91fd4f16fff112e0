"""What an alert is about, told in plain words for tired people: sentences from its violation, its condition and their times.

A victim is "a protected person" here, whoever reads it. The position score is told as a score, never as how sure anything is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from api.console.rendering import LONDON, clock, instant, span
from api.console.words import CONDITION_KINDS, kind_words, sentence

Json = Mapping[str, Any]

IN_A_ZONE: Final = {
    "exclusion_zone": ("was inside", "has been inside"),
    "inclusion_zone": ("was outside", "has been outside"),
    "restriction_zone": ("was outside", "has been outside"),
    "zone_edge": ("was at the edge of", "has been at the edge of"),
    "zone_buffer": ("was near", "has been near"),
    "zone_unconfirmed": ("may have been inside", "may be inside"),
    "pattern_near_zone": ("was often near", "is often near"),
    "lost_in_zone": ("was lost in or near", "has been lost in or near"),
}
"""The verb when it is over, and while it lasts; the zone follows. A transit is told by `_transit`: nobody saw it inside."""

CURFEWS: Final = {
    "AL08": ("was not at home when the curfew began", "has not been at home since the curfew began"),
    "AL09": ("came home late", "is late home"),
    "AL10": ("left home during the curfew", "left home during the curfew and is still out"),
    "AL11": ("was out when the curfew ended", "was out when the curfew ended"),
    "AL12": ("was out for the whole curfew", "has been out for the whole curfew"),
}
"""By the code of a curfew's violation."""

DEVICES: Final = {
    "strap_tamper": "reports that its strap was tampered with",
    "case_tamper": "reports that its case was tampered with",
    "jamming": "reports that its signals are jammed",
    "shielding": "reports that it is shielded",
    "fault": "reports a fault",
    "home_unit_moved": "reports that it was moved",
    "home_unit_power_lost": "reports that it has no power",
    "battery_low": "reports a low battery",
    "battery_critical": "reports a nearly empty battery",
    "battery_dead": "reports an empty battery",
    "sos": "sent a call for help",
    "communication_lost": "has not been heard",
    "location_lost": "is heard, but has no position",
    "shielding_suspected": "may be shielded",
    "not_charged": "was not charged",
    "clock_wrong": "has a wrong clock",
    "seq_conflict": "gave two messages the same number",
    "alcohol_tamper": "reports that it was tampered with",
    "alcohol": "reports alcohol, confirmed",
    "alcohol_suspected": "reports a reading that may be alcohol",
}
"""What a device says of itself; the device stands before it."""

PAIRS: Final = {
    "proximity_alert": "is nearer to a protected person than the order allows",
    "proximity_prealert": "is coming near a protected person",
    "proximity_unknown": "may be near a protected person: the distance is not known",
    "pattern_near_victim": "is often near a protected person",
}

SHOWN_BY: Final = {
    "home_unit": "The home monitoring unit shows it.",
    "event": "The device said so itself.",
    "distance": "The distance between the two devices shows it.",
    "silence": "Nothing was heard for so long.",
    "contact": "That contact came back decided it.",
    "clock": "Time alone decided it: nothing showed otherwise.",
    "variation": "A change of the order decided it anew.",
    "assessment": "The officer's assessment decided it.",
    "late_data": "Data that came late decided it anew.",
}
"""By the reason of the decision; that of `fixes` counts the points."""

RULES: Final = {
    **dict.fromkeys(
        (
            *("exclusion_zone", "inclusion_zone", "restriction_zone", "zone_edge", "zone_buffer", "zone_transit"),
            *("zone_unconfirmed", "pattern_near_zone"),
        ),
        "4, Zones",
    ),
    **dict.fromkeys(("curfew", "whereabouts_unknown", "atv_warning", "atv_exceeded"), "5, Curfew"),
    **dict.fromkeys(
        (
            *("attendance_missed", "attendance_unconfirmed", "hours_short", "check_missed", "alcohol"),
            *("alcohol_suspected", "alcohol_tamper", "association"),
        ),
        "6, Attendance, checks, alcohol, association",
    ),
    **dict.fromkeys((*PAIRS, "victim_unit_silent"), "8, Proximity"),
    "mass_outage": "11, Mass outage",
}
"""The part of the rules that makes each kind; the others are of part 7."""
EQUIPMENT: Final = "7, Equipment, contact, and the dead man's switch"


ABOUT: Final = {
    "alert": "About alert",
    "rests_on": "What rests on it",
    "why": "Why",
    "order": "Order",
    "condition": "Condition",
    "at": "At",
    "from": "From",
    "to": "To",
    "role": "Role",
    "area": "Area",
    "target": "Who was not told",
    "channel": "By",
}
"""What an alert of the service's own says, by its key, in the order in which it is told."""


def own_words(about: Json | None) -> list[tuple[str, str, Any]]:
    """(key, label, value) of what an alert of the service's own says; what stands nowhere here is told by its key."""
    told_of = dict(about or {})
    keys = [*(key for key in ABOUT if key in told_of), *sorted(told_of.keys() - ABOUT.keys())]
    return [(key, ABOUT.get(key, sentence(key)), told_of[key]) for key in keys if told_of[key] is not None]


def rule_of(kind: str) -> str:
    """The number and name of the part of the rules that makes that kind."""
    return RULES.get(kind, EQUIPMENT)


def told(
    alert: Json, violation: Json | None, condition: Json | None, name: str, times: Sequence[str] = ()
) -> list[str]:
    """Sentences, the most important first. ``condition`` is its record; ``name`` how the person is called.

    ``times`` are those of the points that show it, where they may be seen.
    """
    if violation is None:
        return _of_alert(alert, condition, name)
    lines = [_what(violation, condition, name), _shown(violation, times), *_curfew_minutes(violation)]
    if violation["late"]:
        lines.append(
            f"It happened at {_at(violation['from'])} and was learnt at "
            f"{_at(violation['decided'], instant(violation['from']))}: its data came late."
        )
    if alert["withdrawn"]:
        lines.append("It is withdrawn: later data shows that it did not happen as it was told.")
    if violation["cause"] not in {"wearer", "unknown"}:
        lines.append(
            f"Its cause is {_causes(violation['cause'])}, not the wearer: it is a monitoring gap and counts against nobody."
        )
    if violation["untold"]:
        lines.append("The wearer had not been told of this condition then: it counts against nobody.")
    return [one for one in lines if one]


def _of_alert(alert: Json, condition: Json | None, name: str) -> list[str]:
    """For who may not read violations, and of alerts that rest on none."""
    raised = f"It was raised at {_at(alert['raised'])}."
    if alert["happened"] is None or alert["state"] != "active":
        return [f"{kind_words(alert['kind'])}. {raised}"]
    lasting = {"from": alert["happened"], "to": None}
    return [_what({**alert, **lasting}, condition, name), raised]


def _what(violation: Json, condition: Json | None, name: str) -> str:
    kind, over = violation["kind"], violation["to"] is not None
    when = _interval(violation)
    if kind == "zone_transit":
        return _transit(violation, condition, name)
    if kind in IN_A_ZONE:
        return f"{name} {IN_A_ZONE[kind][0 if over else 1]} {_zone(kind, condition)} {when}."
    if violation["code"] in CURFEWS:
        place = (condition or {}).get("place") or {}
        home = f" The curfew is at {place['name']}." if place.get("name") else ""
        return f"{name} {CURFEWS[violation['code']][0 if over else 1]}: {when}.{home}"
    if kind == "curfew":
        return f"{name} {'did not keep' if over else 'has not kept'} the curfew {when}."
    if kind in PAIRS:
        return f"{name} {PAIRS[kind]}, {when}."
    if kind in DEVICES:
        whose = f"{name}'s device" if violation["wearer"] else "A protected person's device"
        device = f" {violation['device']}" if violation["device"] else ""
        return f"{whose}{device} {DEVICES[kind]}, {when}."
    return f"{kind_words(kind)}: {name}, {when}."


def _transit(violation: Json, condition: Json | None, name: str) -> str:
    """What is known of it: two points outside (rules.md 4). The line between them is not the route."""
    start, zone = instant(violation["from"]), _zone(violation["kind"], condition)
    if violation["to"] is None:
        times = f"the first at {_at(start)}"
    else:
        times = f"at {_at(start)} and at {_at(violation['to'], start)}"
    return f"{name} was outside {zone} at two points, {times}. The straight line between them crosses it."


def _zone(kind: str, condition: Json | None) -> str:
    record = condition or {}
    sort = CONDITION_KINDS.get(str(record.get("kind", kind)), "zone").lower()
    return f"the {sort} “{record['name']}”" if record.get("name") else f"the {sort}"


def _interval(violation: Json) -> str:
    start, end = instant(violation["from"]), violation["to"]
    if end is None:
        return f"since {_at(start)}, and it is not over"
    until = instant(end)
    if until == start:
        return f"at {_at(start)}"
    return f"from {_at(start)} to {_at(until, start)} ({span(until - start)})"


def _at(text: str | datetime, near: datetime | None = None) -> str:
    """The clock; with the day unless that is the day of ``near``."""
    at = instant(text)
    here = at.astimezone(LONDON)
    same = near is not None and near.astimezone(LONDON).date() == here.date()
    return clock(at) if same else f"{clock(at)} on {here:%a} {here.day} {here:%b}"


def _shown(violation: Json, times: Sequence[str]) -> str:
    if violation["kind"] == "zone_transit":
        return "The line is not the route: nothing shows that the device wearer was inside, and it is no violation."
    if violation["reason"] != "fixes":
        return SHOWN_BY.get(violation["reason"], "")
    number = len(violation["evidence"])
    points = f"{COUNTS[number] if number < len(COUNTS) else number} point{'' if number == 1 else 's'}"
    at = f", of {' and '.join(clock(one) for one in times)}," if 0 < len(times) <= MOST_TIMES else ""
    return f"{points}{at} {'shows' if number == 1 else 'show'} it."


MOST_TIMES: Final = 3
"""Of points that a sentence names."""
COUNTS: Final = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")


def _curfew_minutes(violation: Json) -> list[str]:
    certain, possible = violation["minutes_certain"], violation["minutes_possible"]
    if certain is None:
        return []
    sure = f"Out for {span(timedelta(minutes=certain))} for certain"
    return [f"{sure}, {span(timedelta(minutes=possible))} at most." if possible is not None else f"{sure}."]


def _causes(cause: str) -> str:
    return {"equipment": "the equipment", "network": "the network", "service": "the service itself"}.get(cause, cause)


def explained(changes: Sequence[Json]) -> list[tuple[str, str, str]]:
    """Of each version of a violation, the newest first: when it was decided, what changed, and why."""
    return [
        (str(one["decided"]), _word(CHANGES, one["change"]), _word(REASONS, one["reason"])) for one in reversed(changes)
    ]


def _word(table: Mapping[str, str], key: str) -> str:
    return table.get(key, key)


CHANGES: Final = {
    "opened": "began",
    "closed": "ended",
    "withdrawn": "was withdrawn",
    "extended": "was found to be longer",
    "shortened": "was found to be shorter",
    "amended": "was found to be otherwise",
}
REASONS: Final = {
    "fixes": "by positions",
    "home_unit": "by the home monitoring unit",
    "event": "by what the device said",
    "distance": "by the distance between two devices",
    "silence": "by silence",
    "contact": "by contact that came back",
    "clock": "by the clock alone",
    "variation": "by a change of the order",
    "assessment": "by an assessment",
    "late_data": "by data that came late",
}
