"""Words of the console for people: one table for what the server writes and, as JSON, for what the browser writes (`/words.json`).

A kind or code that stands nowhere here is shown as it is written, never left out.
"""

from __future__ import annotations

from typing import Final

from domain.vocabulary import Code, Kind, OrderState, Outcome, Role, Severity
from evidence.document.words import CONDITIONS, LANGUAGES, code_words, score_words

KINDS: Final[dict[str, str]] = {
    "exclusion_zone": "In an exclusion zone",
    "inclusion_zone": "Out of an inclusion zone",
    "restriction_zone": "Left a restriction zone",
    "curfew": "Curfew not kept",
    "zone_edge": "At the edge of a zone",
    "zone_buffer": "Near an exclusion zone",
    "zone_transit": "Perhaps passed through a zone",
    "zone_unconfirmed": "In a zone, not confirmed",
    "pattern_near_zone": "Often near a zone",
    "whereabouts_unknown": "Whereabouts unknown in curfew",
    "atv_warning": "Curfew time nearly used up",
    "atv_exceeded": "Curfew time used up",
    "attendance_missed": "Attendance missed",
    "attendance_unconfirmed": "Attendance not confirmed",
    "hours_short": "Hours of attendance short",
    "check_missed": "Presence check missed",
    "alcohol": "Alcohol",
    "alcohol_suspected": "Alcohol suspected",
    "alcohol_tamper": "Alcohol tag tamper",
    "association": "Near another wearer",
    "strap_tamper": "Strap tamper",
    "case_tamper": "Case tamper",
    "jamming": "Jamming",
    "shielding": "Shielding",
    "fault": "Fault",
    "home_unit_moved": "Home monitoring unit moved",
    "home_unit_power_lost": "Home monitoring unit without power",
    "battery_low": "Battery low",
    "battery_critical": "Battery critical",
    "battery_dead": "Battery dead",
    "sos": "SOS",
    "communication_lost": "Contact lost",
    "location_lost": "Location lost",
    "lost_in_zone": "Lost in or near a zone",
    "shielding_suspected": "Shielding suspected",
    "not_charged": "Not charged",
    "not_fitted": "Not fitted",
    "unmonitored": "Unmonitored",
    "clock_wrong": "Device clock wrong",
    "seq_conflict": "Device counts twice",
    "proximity_alert": "Near a victim",
    "proximity_prealert": "Coming near a victim",
    "proximity_unknown": "Distance to a victim unknown",
    "victim_unit_silent": "Victim's unit silent",
    "pattern_near_victim": "Often near a victim",
    "mass_outage": "Outage of many devices",
    "parked_alarm": "Parked message holds a tamper or SOS",
    "ingest_deaf": "No data comes in",
    "undelivered": "Message not delivered",
    "rests_on_withdrawn": "A decision rests on what was withdrawn",
    "protection_ended": "A victim's protection ends",
    "victim_not_told": "A victim was not told in time",
    "rota_gap": "Nobody on duty",
}
"""Of alerts and violations; from `mass_outage` on they are alerts of the service's own, which are no violation."""

OF_EQUIPMENT: Final = {
    Code.AL04: Kind.HOME_UNIT_POWER_LOST,
    Code.AL05: Kind.HOME_UNIT_MOVED,
    Code.AL21: Kind.BATTERY_LOW,
    Code.AL23: Kind.BATTERY_DEAD,
    Code.AL24: Kind.FAULT,
}
"""The kind of which each code of the equipment's is (rules.md 7); the rest are of curfews."""
CODES: Final = {
    code.value: f"{KINDS[OF_EQUIPMENT[code]]} ({code.value})" if code in OF_EQUIPMENT else code_words(code)
    for code in Code
}
"""What is said instead of a kind where there is a code, with the code in brackets after the words (vocabulary.md)."""

SEVERITIES: Final[dict[str, str]] = {
    "critical": "Critical",
    "serious": "Serious",
    "warning": "Warning",
    "information": "Information",
}

STATES: Final[dict[str, str]] = {
    "monitored": "Monitored",
    "location_lost": "Location lost",
    "communication_lost": "Contact lost",
    "unmonitored": "Unmonitored",
    "not_fitted": "Not fitted",
    "awaiting_fitting": "Awaiting fitting",
    "suspended": "Suspended",
}

DONE: Final[dict[str, str]] = {
    "claim": "claimed it",
    "release": "released it",
    "expire": "let the claim lapse",
    "action": "did something about it",
    "escalate": "escalated it",
    "close": "closed it",
    "reopen": "reopened it",
    "clear": "cleared it",
    "reactivate": "raised it again",
    "withdraw": "withdrew it",
}
"""What was done to an alert, after who did it."""

WHOM: Final[dict[str, str]] = {
    "operator": "the operators",
    "supervisor": "the supervisor",
    "duty_manager": "the duty manager",
    "officer": "the responsible officer",
    "victim_liaison": "the victim liaison",
    "wearer": "the wearer",
    "responsible_adult": "the responsible adult",
    "victim": "the protected person",
    "police": "the police",
}
"""Whom a protocol tells."""

CONDITION_KINDS: Final = {kind.value: words for kind, words in CONDITIONS.items()}


def sentence(word: str) -> str:
    """``home_unit_moved`` as ``Home unit moved``."""
    return word[:1].upper() + word[1:].replace("_", " ")


def kind_words(kind: str) -> str:
    """A kind of violation or alert, as people read it."""
    return KINDS.get(kind, sentence(kind))


def alert_words(kind: str, code: str | None) -> str:
    """What an alert is about, with its event code where it has one: ``Left home during curfew (AL10)``."""
    return CODES.get(code or "", kind_words(kind))


def language_words(tag: str) -> str:
    """``Welsh``; the tag itself where we have no word."""
    return LANGUAGES.get(tag.partition("-")[0].lower(), tag)


def position_score(p_inside: float) -> str:
    """The model's figure for inside, with which way it counts: what shows an absence has a low one."""
    return f"{score_words(p_inside)} (towards 1 is inside, towards 0 outside)"


def outcome_words(outcome: Outcome | str) -> str:
    """How an alert ended."""
    return sentence(str(getattr(outcome, "value", outcome)))


def role_words(role: Role | str) -> str:
    """A role."""
    return sentence(str(getattr(role, "value", role)))


def for_browsers() -> dict[str, object]:
    """The tables, for the scripts."""
    return {
        "kinds": KINDS,
        "codes": CODES,
        "severities": SEVERITIES,
        "states": STATES,
        "done": DONE,
        "whom": WHOM,
        "outcomes": {outcome.value: outcome_words(outcome) for outcome in Outcome},
        "roles": {role.value: role_words(role) for role in Role},
        "order": [severity.value for severity in SEVERITY_ORDER],
    }


SEVERITY_ORDER: Final = (Severity.CRITICAL, Severity.SERIOUS, Severity.WARNING, Severity.INFORMATION)
"""The worst first."""
EVERY_KIND: Final = frozenset(kind.value for kind in Kind)
EVERY_STATE: Final = frozenset(state.value for state in OrderState)
