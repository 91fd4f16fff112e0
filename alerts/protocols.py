"""Protocols: versioned data that says whom an alert is told to, how, after how long, and until when (alerts.md).

A file of protocols (TOML, docs/protocols.md) is a list in order; the first whose `match` fits an alert is run. Nothing of
it is code: `alerts.policy` runs any protocol that `alerts.protocol_checks` lets through.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from domain.vocabulary import Channel, Level, Outcome, Severity


class Target(StrEnum):
    """Whom a step tells. Roles are resolved by the rota; the rest by the caseload and the forces' boundaries."""

    OPERATOR = "operator"
    SUPERVISOR = "supervisor"
    DUTY_MANAGER = "duty_manager"
    OFFICER = "officer"
    VICTIM_LIAISON = "victim_liaison"
    WEARER = "wearer"
    RESPONSIBLE_ADULT = "responsible_adult"
    """Of a wearer under 18: told before the wearer is, and at any hour."""
    VICTIM = "victim"
    POLICE = "police"


class Since(StrEnum):
    """From when a step's time counts."""

    RUN = "run"
    RAISED = "raised"
    """From when the alert was raised, however late its protocol began: "contact lost of 10 minutes"."""


class Action(StrEnum):
    """What a step does. `escalate` tells as `notify` does, and is recorded as that event of the alert, the first time."""

    NOTIFY = "notify"
    TASK = "task"
    ESCALATE = "escalate"


class Flag(StrEnum):
    """What may hold of an alert; steps stop at flags, and wait for them."""

    CLAIMED = "claimed"
    """Somebody holds it, or it is closed."""
    ACTIONED = "actioned"
    CLEARED = "cleared"
    WEARER_ANSWERED = "wearer_answered"
    WEARER_UNANSWERED = "wearer_unanswered"
    """The last call to the wearer, or to the adult responsible for them, on this alert was not answered."""
    VICTIM_ANSWERED = "victim_answered"
    VICTIM_UNANSWERED = "victim_unanswered"
    OFTEN = "often"
    """The third pre-alert of a pair in 7 days, or a later one."""
    UNDER_18 = "under_18"
    """The wearer is under 18."""


class Match(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an alert must be; a part that is left out fits everything."""

    kinds: tuple[str, ...] | None = None
    severities: tuple[Severity, ...] | None = None
    levels: tuple[Level, ...] | None = None
    victim: bool | None = None
    """Whether the wearer is paired with a victim."""
    under_18: bool | None = None
    own_unit: bool | None = None
    """Whether it is about the unit that a victim carries, not about a wearer."""

    def fits(self, case: Case) -> bool:
        """Whether a protocol with this match is for ``case``."""
        return (
            (self.kinds is None or case.kind in self.kinds)
            and (self.severities is None or case.severity in self.severities)
            and (self.levels is None or case.level in self.levels)
            and self.victim in (None, case.victim)
            and self.under_18 in (None, case.under_18)
            and self.own_unit in (None, case.own_unit)
        )


class Case(msgspec.Struct, frozen=True):
    """What a protocol is chosen by."""

    kind: str
    severity: Severity
    level: Level = Level.STANDARD
    victim: bool = False
    under_18: bool = False
    own_unit: bool = False


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One step.

    Attributes
    ----------
    after_s, since : seconds from the run's start, or from when the alert was raised; for a step that stops at `claimed`,
        from when the alert was last unclaimed if that is later.
    to, by : whom, and by which channels, the first that they have. A `task` is for ``to``'s sake, done by operators.
    text : key of the catalogues (alerts/texts).
    stop : it is not done, and not repeated, while one of these holds.
    only : it is done only while all of these hold, at once when they come to hold later than ``after_s``.
    repeat_s : again after so long, until it stops.
    """

    after_s: int
    action: Action
    to: Target
    text: str
    by: tuple[Channel, ...] = ()
    stop: tuple[Flag, ...] = ()
    only: tuple[Flag, ...] = ()
    repeat_s: int | None = None
    since: Since = Since.RUN


class Protocol(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A protocol. ``then`` names the one that goes on ``then_after_s`` after this one began, unless it is claimed."""

    id: str
    version: int
    title: str
    match: Match = Match()
    steps: tuple[Step, ...] = ()
    then: str | None = None
    then_after_s: int = 0
    closes_when_cleared: Outcome | None = None
    tells_cleared: bool = False


class Protocols(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of them, in order; `version` counts the file. ``retired``: versions that alerts may still be running."""

    version: int
    protocol: tuple[Protocol, ...]
    retired: tuple[Protocol, ...] = ()

    def choose(self, case: Case) -> Protocol | None:
        """The first that fits; None when none does, which `protocol_checks` refuses."""
        return next((one for one in self.protocol if one.match.fits(case)), None)

    def named(self, name: str | None, version: int | None = None) -> Protocol | None:
        """The one of that id: of a version, where that is still known, else the newest."""
        found = [one for one in (*self.protocol, *self.retired) if one.id == name]
        return next((one for one in found if one.version == version), found[0] if found else None)
