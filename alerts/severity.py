"""How urgent a violation is: the whole table of docs/alerts.md, total over the kinds (a test reads both).

A severity is a function of the violation, the wearer's response level and what the caller knows besides
(`Context`). What this function cannot see by itself, time passing above all, comes in by the context: a due timer
asks again with more minutes, and a rise is just a new answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from domain.instants import MINUTE_US
from domain.violations import Violation
from domain.vocabulary import Code, Kind, Level, Severity

LATE_RETURN_MIN: Final = 15.0
"""AL09 of so many minutes or more is a warning."""
CURFEW_RISE_MIN: Final = 120.0
"""AL08, AL10 and AL11 of so many minutes or more are critical."""
LOSS_WARNING_MIN: Final = 60.0
"""Contact or location lost without need becomes a warning after so many minutes,"""
LOSS_SERIOUS_MIN: Final = 240.0
"""and serious after so many."""
NEEDED_LOSS_RISE_MIN: Final = 10.0
"""Contact or location lost with need, for `intensive`, becomes critical after so many minutes."""

LOSSES: Final = frozenset({Kind.COMMUNICATION_LOST, Kind.LOCATION_LOST})
"""Contact and location lost: what asks for their severity is need (docs/alerts.md)."""

PARKED_ALARM: Final = "parked_alarm"
INCIDENTS: Final[dict[str, Severity]] = {
    "mass_outage": Severity.CRITICAL,
    PARKED_ALARM: Severity.CRITICAL,
    "ingest_deaf": Severity.CRITICAL,
    "undelivered": Severity.CRITICAL,
    "rests_on_withdrawn": Severity.CRITICAL,
    "protection_ended": Severity.CRITICAL,
    "victim_not_told": Severity.SERIOUS,
    "rota_gap": Severity.WARNING,
}
"""Alerts that rest on no violation: the service's own.

An outage of many; a parked message that holds a tamper or an SOS; nobody watches silence; a notification that could not be
delivered; a breach, warrant, recall or arrest that rests on what was withdrawn; a victim whose wearer's monitoring is
suspended or over; a protected person who should have been told of something by now; hours in which nobody is on duty.
"""

_CRITICAL: Final = (
    Kind.STRAP_TAMPER,
    Kind.CASE_TAMPER,
    Kind.SHIELDING,
    Kind.EXCLUSION_ZONE,
    Kind.RESTRICTION_ZONE,
    Kind.LOST_IN_ZONE,
    Kind.PROXIMITY_ALERT,
    Kind.PROXIMITY_UNKNOWN,
    Kind.VICTIM_UNIT_SILENT,
    Kind.SOS,
    Kind.UNMONITORED,
)
_SERIOUS: Final = (
    Kind.INCLUSION_ZONE,
    Kind.ZONE_UNCONFIRMED,
    Kind.WHEREABOUTS_UNKNOWN,
    Kind.JAMMING,
    Kind.SHIELDING_SUSPECTED,
    Kind.HOME_UNIT_MOVED,
    Kind.HOME_UNIT_POWER_LOST,
    Kind.BATTERY_DEAD,
    Kind.FAULT,
    Kind.NOT_FITTED,
    Kind.ATV_EXCEEDED,
    Kind.PATTERN_NEAR_VICTIM,
    Kind.ALCOHOL,
    Kind.ALCOHOL_TAMPER,
)
_WARNING: Final = (
    Kind.ZONE_BUFFER,
    Kind.PROXIMITY_PREALERT,
    Kind.BATTERY_CRITICAL,
    Kind.BATTERY_LOW,
    Kind.NOT_CHARGED,
    Kind.ATV_WARNING,
    Kind.ATTENDANCE_MISSED,
    Kind.CHECK_MISSED,
    Kind.ALCOHOL_SUSPECTED,
    Kind.PATTERN_NEAR_ZONE,
    Kind.CLOCK_WRONG,
    Kind.SEQ_CONFLICT,
)
_INFORMATION: Final = (
    Kind.ZONE_TRANSIT,
    Kind.ATTENDANCE_UNCONFIRMED,
    Kind.HOURS_SHORT,
    Kind.ASSOCIATION,
)
FIXED: Final[dict[Kind, Severity]] = {
    **dict.fromkeys(_CRITICAL, Severity.CRITICAL),
    **dict.fromkeys(_SERIOUS, Severity.SERIOUS),
    **dict.fromkeys(_WARNING, Severity.WARNING),
    **dict.fromkeys(_INFORMATION, Severity.INFORMATION),
}
"""The kinds whose severity is the same for everybody. `curfew`, `zone_edge` and the two losses are not here."""

RANK: Final[dict[Severity, int]] = {
    Severity.INFORMATION: 0,
    Severity.WARNING: 1,
    Severity.SERIOUS: 2,
    Severity.CRITICAL: 3,
}


@dataclass(frozen=True, slots=True)
class Context:
    """What a severity depends on beside the violation and the level; the defaults are what is asked of nobody.

    Attributes
    ----------
    minutes_open : how long it has lasted, as the caller's clock has it; None takes what the version itself says.
    has_victim : the wearer is paired with a protected person.
    first_night : the first night of an `hdc` or `licence` order.
    protects_victim : the condition's zone protects a victim.
    needed : the wearer's conditions ask for contact now (docs/alerts.md, "Need").
    """

    minutes_open: float | None = None
    has_victim: bool = False
    first_night: bool = False
    protects_victim: bool = False
    needed: bool = False


NOTHING_MORE: Final = Context()


def severity_of(violation: Violation, level: Level = Level.STANDARD, context: Context = NOTHING_MORE) -> Severity:
    """The severity of a version of a violation for a wearer of ``level``. Total: every kind has one."""
    fixed = FIXED.get(violation.kind)
    if fixed is not None:
        return fixed
    if violation.kind is Kind.CURFEW:
        return _of_curfew(violation, level, context)
    if violation.kind is Kind.ZONE_EDGE:
        return Severity.SERIOUS if context.protects_victim else Severity.WARNING
    assert violation.kind in (Kind.COMMUNICATION_LOST, Kind.LOCATION_LOST), violation.kind
    return _of_loss(violation, level, context)


def worst(severities: list[Severity]) -> Severity:
    """The most urgent of at least one."""
    return max(severities, key=RANK.__getitem__)


def _of_curfew(violation: Violation, level: Level, context: Context) -> Severity:
    minutes = _minutes(violation, context)
    if violation.code is Code.AL12:
        return Severity.CRITICAL
    if violation.code is Code.AL09:
        return Severity.WARNING if minutes >= LATE_RETURN_MIN else Severity.INFORMATION
    at_once = level is Level.INTENSIVE or context.first_night or context.has_victim
    return Severity.CRITICAL if at_once or minutes >= CURFEW_RISE_MIN else Severity.SERIOUS


def _of_loss(violation: Violation, level: Level, context: Context) -> Severity:
    minutes = _minutes(violation, context)
    if context.needed:
        rises = level is Level.INTENSIVE and minutes >= NEEDED_LOSS_RISE_MIN
        return Severity.CRITICAL if rises else Severity.SERIOUS
    if minutes >= LOSS_SERIOUS_MIN:
        return Severity.SERIOUS
    return Severity.WARNING if minutes >= LOSS_WARNING_MIN else Severity.INFORMATION


def _minutes(violation: Violation, context: Context) -> float:
    """How long it lasted: the caller's figure, else the certain minutes (thresholds use those), else its interval."""
    if context.minutes_open is not None:
        return context.minutes_open
    if violation.minutes_certain is not None:
        return violation.minutes_certain
    until_us = violation.decided_us if violation.to_us is None else violation.to_us
    return (until_us - violation.from_us) / MINUTE_US
