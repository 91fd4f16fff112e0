"""What a condition asks of the wearer, in plain words: for staff ("Must be at ...") and for the wearer's sheet ("You must be at ...").

Where a protected person lives or is, and how they are called, is in none of these words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, Final

DAY_NAMES: Final = {
    "mon": "Monday",
    "tue": "Tuesday",
    "wed": "Wednesday",
    "thu": "Thursday",
    "fri": "Friday",
    "sat": "Saturday",
    "sun": "Sunday",
}
_ORDER: Final = tuple(DAY_NAMES)
A_RUN: Final = 3
"""So many days after each other are written as "Monday to Wednesday"."""
ORDER_KINDS: Final = {
    "bail": "Bail",
    "community": "Community order",
    "suspended_sentence": "Suspended sentence order",
    "hdc": "Home detention curfew",
    "licence": "Licence",
    "pss": "Post-sentence supervision",
    "yro": "Youth rehabilitation order",
    "dto": "Detention and training order",
    "temporary_licence": "Release on temporary licence",
    "civil": "Civil protective order",
    "immigration": "Immigration bail",
}
PROGRAMMES: Final = {
    "iss": "intensive supervision and surveillance",
    "iccp": "intensive control and change programme",
    "iom": "integrated offender management",
}
DEVICE_KINDS: Final = {
    "gps_tag": "Location tag",
    "rf_tag": "Curfew tag",
    "home_unit": "Home monitoring unit",
    "victim_unit": "Protected person's unit",
    "alcohol_tag": "Alcohol tag",
    "non_fitted": "Device that is not fitted",
    "voice_line": "Telephone line for checks",
}
ZONES: Final = frozenset({"exclusion_zone", "inclusion_zone", "restriction_zone"})
AT_ALL_TIMES: Final = "at all times"


def order_words(order: Mapping[str, Any]) -> str:
    """``Community order, integrated offender management``."""
    kind = ORDER_KINDS.get(order["kind"], order["kind"])
    programme = order.get("programme")
    return f"{kind}, {PROGRAMMES.get(programme, programme)}" if programme else kind


def must(condition: Mapping[str, Any], zone_name: str = "") -> str:
    """What the wearer must do, as what follows "must". ``zone_name`` is that of the zone record it names, if it names one."""
    kind = str(condition["kind"])
    when = timetable_words(condition.get("timetable") or condition.get("schedule"))
    if kind in ZONES:
        return _zone(kind, condition.get("name") or zone_name or "the zone on the map", when)
    if kind == "curfew":
        return f"be at {place_words(condition)} {when}"
    if kind == "attendance":
        hours = condition.get("hours_per_week")
        return f"come to {place_words(condition)} {when}" + (f", {hours:g} hours a week" if hours else "")
    if kind == "presence_check":
        return f"answer checks at {place_words(condition)} {when}"
    return {
        "proximity": "keep away from the person whom the order names, wherever they are",
        "association": "have no contact with the other person whom the order names",
        "trail": "wear the tag everywhere: where it goes is recorded at all times",
        "alcohol": "drink no alcohol and wear the alcohol tag at all times",
    }.get(kind, kind.replace("_", " "))


def _zone(kind: str, name: str, when: str) -> str:
    do = {
        "exclusion_zone": f"stay out of {name}",
        "inclusion_zone": f"be inside {name}",
        "restriction_zone": f"not leave {name}",
    }
    return f"{do[kind]} {when}"


def title(condition: Mapping[str, Any], kinds: Mapping[str, str], zone_name: str = "") -> str:
    """What a condition is called in a list: its kind, and its name or place where it has one."""
    place = condition.get("place") or {}
    name = condition.get("name") or zone_name or place.get("name") or ""
    words = kinds.get(condition["kind"], condition["kind"])
    return f"{words}: {name}" if name and condition["kind"] != "proximity" else words


def place_words(condition: Mapping[str, Any]) -> str:
    """The place of a condition."""
    return str((condition.get("place") or {}).get("name") or "the place that the order names")


def timetable_words(rows: Sequence[Mapping[str, str]] | None) -> str:
    """Weekly rows in words, rows of the same times together: ``every day from 19:00 to 07:00 the next day``."""
    if not rows:
        return AT_ALL_TIMES
    times: dict[tuple[str, str], list[int]] = {}
    for row in rows:
        times.setdefault((row["start"], row["end"]), []).append(_ORDER.index(row["day"]))
    said = [f"{days_words(days)} {_times(*span)}" for span, days in times.items()]
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])}, and {said[-1]}"


def _times(start: str, end: str) -> str:
    begins, ends = _short(start), _short(end)
    if begins == ends:
        return f"from {begins} for 24 hours"
    if ends == "24:00":
        return "all day" if begins == "00:00" else f"from {begins} to midnight"
    after = " the next day" if end < start else ""
    return f"from {begins} to {ends}{after}"


def _short(time: str) -> str:
    return time.removesuffix(":00") if time.count(":") == 2 else time


def days_words(days: Sequence[int]) -> str:
    """Days of the week (0 is Monday) in words: ``every day``, ``Monday to Friday``, ``on Tuesday and Sunday``."""
    wanted = sorted(set(days))
    if len(wanted) == len(_ORDER):
        return "every day"
    parts = []
    for _, run in groupby(enumerate(wanted), key=lambda pair: pair[1] - pair[0]):
        found = [DAY_NAMES[_ORDER[number]] for _, number in run]
        parts += [f"{found[0]} to {found[-1]}"] if len(found) >= A_RUN else found
    words = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    return words if " to " in parts[0] and len(parts) == 1 else f"on {words}"
