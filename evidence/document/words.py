"""The words of a pack, one table an enum: what a court reads instead of a name from the rules. A test holds them complete."""

from __future__ import annotations

from typing import Final

from domain.violations import Violation
from domain.vocabulary import (
    AssessmentDecision,
    Cause,
    Change,
    Code,
    ConditionKind,
    DeviceKind,
    Kind,
    OrderKind,
    Quality,
    Reason,
    Source,
    VisitKind,
    VisitOutcome,
)
from evidence.content import Embedded, Part

KINDS: Final[dict[Kind, str]] = {
    Kind.EXCLUSION_ZONE: "In an exclusion zone",
    Kind.INCLUSION_ZONE: "Out of an inclusion zone",
    Kind.RESTRICTION_ZONE: "Left a restriction zone",
    Kind.CURFEW: "Curfew not kept",
    Kind.ZONE_EDGE: "At the edge of a zone",
    Kind.ZONE_BUFFER: "Near an exclusion zone",
    Kind.ZONE_TRANSIT: "Perhaps passed through a zone",
    Kind.ZONE_UNCONFIRMED: "Perhaps in a zone, not confirmed",
    Kind.PATTERN_NEAR_ZONE: "Repeatedly near a zone",
    Kind.WHEREABOUTS_UNKNOWN: "Whereabouts unknown in curfew",
    Kind.ATV_WARNING: "Allowance of curfew time nearly used up",
    Kind.ATV_EXCEEDED: "Allowance of curfew time used up",
    Kind.ATTENDANCE_MISSED: "Attendance missed",
    Kind.ATTENDANCE_UNCONFIRMED: "Attendance not confirmed",
    Kind.HOURS_SHORT: "Hours of attendance short",
    Kind.CHECK_MISSED: "Presence check missed",
    Kind.ALCOHOL: "Alcohol",
    Kind.ALCOHOL_SUSPECTED: "Alcohol suspected",
    Kind.ALCOHOL_TAMPER: "Alcohol tag obstructed or silent",
    Kind.ASSOCIATION: "Near another device wearer",
    Kind.STRAP_TAMPER: "Strap of the tag interfered with",
    Kind.CASE_TAMPER: "Case of the tag interfered with",
    Kind.JAMMING: "Radio signals jammed",
    Kind.SHIELDING: "Tag shielded",
    Kind.FAULT: "Fault of the equipment",
    Kind.HOME_UNIT_MOVED: "Home monitoring unit moved",
    Kind.HOME_UNIT_POWER_LOST: "Home monitoring unit without power",
    Kind.BATTERY_LOW: "Battery low",
    Kind.BATTERY_CRITICAL: "Battery nearly empty",
    Kind.BATTERY_DEAD: "Battery empty",
    Kind.SOS: "Call for help",
    Kind.COMMUNICATION_LOST: "No message from the device",
    Kind.LOCATION_LOST: "No position from the device",
    Kind.LOST_IN_ZONE: "Contact or position lost in or near a zone",
    Kind.SHIELDING_SUSPECTED: "Shielding suspected",
    Kind.NOT_CHARGED: "Tag not charged",
    Kind.NOT_FITTED: "No tag fitted",
    Kind.UNMONITORED: "Not monitored",
    Kind.CLOCK_WRONG: "Clock of the device wrong",
    Kind.SEQ_CONFLICT: "Device counted two facts alike",
    Kind.PROXIMITY_ALERT: "Near a protected person",
    Kind.PROXIMITY_PREALERT: "Coming near a protected person",
    Kind.PROXIMITY_UNKNOWN: "Distance to a protected person unknown",
    Kind.VICTIM_UNIT_SILENT: "Protected person's unit silent",
    Kind.PATTERN_NEAR_VICTIM: "Repeatedly near a protected person",
}

CODES: Final[dict[Code, str]] = {
    Code.AL04: "Power off at the home monitoring unit",
    Code.AL05: "Movement of the home monitoring unit",
    Code.AL08: "Out past curfew commencement",
    Code.AL09: "Returned home late",
    Code.AL10: "Left home during curfew",
    Code.AL11: "Out at end of curfew",
    Code.AL12: "Out for entire curfew",
    Code.AL21: "Low battery of a device that is not charged",
    Code.AL23: "Battery empty of a device that is charged",
    Code.AL24: "Fault, no interference",
}

ORDERS: Final[dict[OrderKind, str]] = {
    OrderKind.BAIL: "Bail",
    OrderKind.COMMUNITY: "Community order",
    OrderKind.SUSPENDED_SENTENCE: "Suspended sentence order",
    OrderKind.HDC: "Home detention curfew",
    OrderKind.LICENCE: "Licence",
    OrderKind.PSS: "Post-sentence supervision",
    OrderKind.YRO: "Youth rehabilitation order",
    OrderKind.DTO: "Detention and training order",
    OrderKind.TEMPORARY_LICENCE: "Temporary licence",
    OrderKind.CIVIL: "Civil protective order",
    OrderKind.IMMIGRATION: "Immigration bail",
}

CONDITIONS: Final[dict[ConditionKind, str]] = {
    ConditionKind.CURFEW: "Curfew",
    ConditionKind.EXCLUSION_ZONE: "Exclusion zone",
    ConditionKind.INCLUSION_ZONE: "Inclusion zone",
    ConditionKind.RESTRICTION_ZONE: "Restriction zone",
    ConditionKind.ATTENDANCE: "Attendance",
    ConditionKind.PROXIMITY: "Keep away from a person",
    ConditionKind.ASSOCIATION: "No contact with another device wearer",
    ConditionKind.PRESENCE_CHECK: "Presence check",
    ConditionKind.TRAIL: "Trail monitoring",
    ConditionKind.ALCOHOL: "Alcohol",
}

DEVICES: Final[dict[DeviceKind, str]] = {
    DeviceKind.GPS_TAG: "Location tag",
    DeviceKind.RF_TAG: "Curfew tag",
    DeviceKind.HOME_UNIT: "Home monitoring unit",
    DeviceKind.VICTIM_UNIT: "Protected person's unit",
    DeviceKind.ALCOHOL_TAG: "Alcohol tag",
    DeviceKind.NON_FITTED: "Carried device",
    DeviceKind.VOICE_LINE: "Telephone line",
}

CAUSES: Final[dict[Cause, str]] = {
    Cause.WEARER: "the wearer",
    Cause.EQUIPMENT: "the equipment",
    Cause.NETWORK: "the network",
    Cause.SERVICE: "the service",
    Cause.UNKNOWN: "not known",
}

CHANGES: Final[dict[Change, str]] = {
    Change.OPENED: "opened",
    Change.CLOSED: "closed",
    Change.WITHDRAWN: "withdrawn",
    Change.EXTENDED: "extended",
    Change.SHORTENED: "shortened",
    Change.AMENDED: "amended, its times unchanged",
}

REASONS: Final[dict[Reason, str]] = {
    Reason.FIXES: "positions",
    Reason.HOME_UNIT: "the home monitoring unit",
    Reason.EVENT: "what the device reported of itself",
    Reason.DISTANCE: "a distance between two persons",
    Reason.SILENCE: "nothing having been heard",
    Reason.CONTACT: "having heard again",
    Reason.CLOCK: "the time",
    Reason.VARIATION: "a variation of the order or a change of its records",
    Reason.ASSESSMENT: "an assessment",
    Reason.LATE_DATA: "data that came late",
}

DECISIONS: Final[dict[AssessmentDecision, str]] = {
    AssessmentDecision.UPHELD: "upheld",
    AssessmentDecision.REASONABLE_EXCUSE: "reasonable excuse",
    AssessmentDecision.EQUIPMENT: "equipment",
    AssessmentDecision.DISPUTED: "disputed",
    AssessmentDecision.NOT_PURSUED: "not pursued",
}

SOURCES: Final[dict[Source, str]] = {
    Source.GPS: "satellites",
    Source.RF: "radio beacon",
    Source.LBS: "mobile network cell",
    Source.WIFI: "wireless network",
}

QUALITIES: Final[dict[Quality, str]] = {
    Quality.OK: "used",
    Quality.DUPLICATE: "not used: a duplicate",
    Quality.UNFITTED: "not used: the device was on nobody",
    Quality.FUTURE: "not used: ahead of the clock",
    Quality.ANCIENT: "not used: too old",
    Quality.ZERO: "not used: both degrees 0",
    Quality.INACCURATE: "not used: too inaccurate",
    Quality.IMPLAUSIBLE: "not used: too fast to be true",
}

PARTS: Final[dict[Part, str]] = {
    Part.OPENED: "opens the violation",
    Part.DURING: "in between",
    Part.CLOSED: "ends the violation",
}

VISITS: Final[dict[VisitKind, str]] = {
    VisitKind.FIT: "to fit",
    VisitKind.INSPECT: "to inspect",
    VisitKind.REMOVE: "to remove",
}

OUTCOMES: Final[dict[VisitOutcome, str]] = {
    VisitOutcome.DONE: "done",
    VisitOutcome.NO_ANSWER: "no answer",
    VisitOutcome.REFUSED: "refused",
    VisitOutcome.WRONG_ADDRESS: "wrong address",
    VisitOutcome.NOT_ATTEMPTED: "not attempted",
}

RELATIONSHIPS: Final[dict[Embedded, str]] = {
    Embedded.SOURCE: "what the pack is made from",
    Embedded.DATA: "data",
    Embedded.SUPPLEMENT: "supplement",
}


LANGUAGES: Final[dict[str, str]] = {
    "am": "Amharic", "ar": "Arabic", "bg": "Bulgarian", "bn": "Bengali", "cs": "Czech", "cy": "Welsh", "de": "German", "en": "English",
    "es": "Spanish", "fa": "Persian", "fr": "French", "ga": "Irish", "gd": "Scottish Gaelic", "gu": "Gujarati", "hi": "Hindi",
    "hu": "Hungarian", "it": "Italian", "ku": "Kurdish", "lt": "Lithuanian", "lv": "Latvian", "pa": "Punjabi", "pl": "Polish",
    "ps": "Pashto", "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "sk": "Slovak", "so": "Somali", "sq": "Albanian", "sw": "Swahili",
    "ta": "Tamil", "ti": "Tigrinya", "tr": "Turkish", "uk": "Ukrainian", "ur": "Urdu", "vi": "Vietnamese", "yo": "Yoruba", "zh": "Chinese",
}  # fmt: skip
"""Of the languages that courts book interpreters for most; any other stands by its tag."""


def language_words(tag: str) -> str:
    """``Welsh (cy)``."""
    name = LANGUAGES.get(tag.split("-", maxsplit=1)[0].lower())
    return f"{name} ({tag})" if name else tag


def kind_words(violation: Violation) -> str:
    """``Left home during curfew (AL10)``: its code's words with the code, or its kind's."""
    return code_words(violation.code) if violation.code is not None else KINDS[violation.kind]


def code_words(code: Code) -> str:
    """``Left home during curfew (AL10)``: the words, and the code in brackets after them (vocabulary.md)."""
    return f"{CODES[code]} ({code.value})"


def alert_words(kind: str, code: str | None) -> str:
    """What an alert is about: its code with the code's words, or its kind; one of the service's own by its name."""
    if code is not None:
        return code_words(Code(code))
    return KINDS[Kind(kind)] if kind in set(Kind) else kind.replace("_", " ")


def within_a_sentence(words: str) -> str:
    """``left home during curfew (AL10)``: as it stands after other words."""
    return words[:1].lower() + words[1:]


def counted(number: int, one: str, many: str = "") -> str:
    """``1 violation``, ``1,200 violations``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listed(items: list[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}" if items else ""


def score_words(score: float | None) -> str:
    """``0.9994``, cut so that it never reads as certainty: ``over 0.9999``, ``under 0.0001``."""
    if score is None:
        return "none"
    if score > 0.9999:
        return "over 0.9999"
    return "under 0.0001" if score < 0.0001 else f"{score:.4f}"


def distance_words(metres: float | None) -> str:
    """``45.3 m inside``, ``12.0 m outside``."""
    if metres is None:
        return "no edge to measure to"
    return f"{abs(metres):,.1f} m {'inside' if metres >= 0 else 'outside'}"
