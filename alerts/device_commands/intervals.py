"""When a device is to say more often where it is, and when that is over (wire.md, `set_interval`). Pure.

What is wanted follows from what is needed now and what was asked before; it is asked again at every look, and a look at the
same instant changes nothing. So that an interval cannot flap it stays short for a while after the last need; so that a battery
does not empty because somebody lives beside a zone, nearness alone keeps it short only so long.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from domain.device_commands import OPEN, CommandCause, CommandState
from domain.instants import HOUR_US, MINUTE_US, SECOND_US
from domain.vocabulary import Kind

FAST_S: Final = 15
"""Position and upload interval while it is needed, seconds."""
QUIET_US: Final = 5 * MINUTE_US
"""So long after the last need the interval stays short."""
NOTED_US: Final = 30 * SECOND_US
"""A need that goes on is noted no more often: a row is not written at every look."""
NEAR_LONGEST_US: Final = HOUR_US
"""So long a zone that is near shortens the interval; after that only when it has not been near for `QUIET_US`."""
FAST_EXPIRES_US: Final = 5 * MINUTE_US
"""A short interval that did not come through by then is asked for anew, if it is still needed."""
RETRY_FIRST_US: Final = 30 * SECOND_US
RETRY_LAST_US: Final = HOUR_US
"""What came to nothing is asked again after a wait that doubles from the first up to the last."""
RETURN_TRIES: Final = 48
"""A return to the record's interval is asked so often, about two days long; a device that takes none by then is left."""

FAST_KINDS: Final = frozenset(
    {
        Kind.EXCLUSION_ZONE,
        Kind.INCLUSION_ZONE,
        Kind.RESTRICTION_ZONE,
        Kind.ZONE_EDGE,
        Kind.ZONE_BUFFER,
        Kind.ZONE_UNCONFIRMED,
        Kind.LOST_IN_ZONE,
        Kind.PROXIMITY_ALERT,
        Kind.PROXIMITY_PREALERT,
        Kind.PROXIMITY_UNKNOWN,
        Kind.STRAP_TAMPER,
        Kind.CASE_TAMPER,
        Kind.SHIELDING,
        Kind.SHIELDING_SUSPECTED,
        Kind.JAMMING,
        Kind.SOS,
    }
)
"""Violations in which it matters where somebody is from one quarter of a minute to the next. A curfew that was broken is shown
by the usual interval; a battery or a silence would only be made worse."""
PAIRED_KINDS: Final = frozenset({Kind.PROXIMITY_ALERT, Kind.PROXIMITY_PREALERT, Kind.PROXIMITY_UNKNOWN})
"""In which the protected person's own unit is asked too: a distance has two ends."""


class Need(StrEnum):
    """Why an interval is short."""

    VIOLATION = "violation"
    NEAR = "near"


@dataclass(frozen=True, slots=True)
class Needed:
    """A device is needed more often, because of a violation or a zone of that id."""

    why: Need
    about: str


@dataclass(frozen=True, slots=True)
class Usual:
    """What the device's record says, seconds."""

    interval_s: int
    upload_s: int

    @property
    def is_fast(self) -> bool:
        """Whether there is nothing to shorten."""
        return self.interval_s <= FAST_S and self.upload_s <= FAST_S


@dataclass(frozen=True, slots=True)
class Pace:
    """What was last asked of a device by this rule.

    Attributes
    ----------
    fast : whether the short interval was asked for; else the return.
    needed_us : when it was last needed, noted every `NOTED_US`.
    near_since_us : since when a zone has been near; None when none is, or was within `QUIET_US`.
    tries : commands that came to nothing, one after another.
    next_us : not asked again before.
    command : what became of the last command; None: it was not made.
    """

    fast: bool
    needed_us: int
    near_since_us: int | None
    tries: int
    next_us: int
    command: CommandState | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """A `set_interval` to be made."""

    interval_s: int
    upload_s: int
    cause: CommandCause
    about: str | None
    expires_us: int


@dataclass(frozen=True, slots=True)
class Decided:
    """What to keep of a device (None: nothing, it has its record's interval) and what to ask of it."""

    pace: Pace | None
    ask: Ask | None = None
    gave_up: bool = False


def decide(pace: Pace | None, needed: Needed | None, usual: Usual, now_us: int) -> Decided:
    """One device, as of an instant. The same again, with the command made and open, keeps the same and asks nothing."""
    if pace is None and (needed is None or usual.is_fast):
        return Decided(None)
    if pace is None:
        assert needed is not None
        near_us = now_us if needed.why is Need.NEAR else None
        return _asked(Pace(True, now_us, near_us, 0, now_us), needed, usual, now_us)
    pace = _near(pace, needed, now_us)
    tired = needed is not None and _is_tired(pace, needed, now_us)
    if needed is not None and not (tired and pace.fast) and now_us - pace.needed_us >= NOTED_US:
        pace = replace(pace, needed_us=now_us)
    if tired:
        needed = None
    wanted = needed is not None or (pace.fast and now_us - pace.needed_us < QUIET_US)
    if wanted != pace.fast:
        needed_us = now_us if needed is not None or tired else pace.needed_us
        return _asked(replace(pace, fast=wanted, needed_us=needed_us, tries=0), needed, usual, now_us)
    return _again(pace, needed, usual, now_us)


def _near(pace: Pace, needed: Needed | None, now_us: int) -> Pace:
    """Since when a zone has been near; forgotten when it has not been for `QUIET_US`."""
    if needed is not None and needed.why is Need.NEAR:
        return pace if pace.near_since_us is not None else replace(pace, near_since_us=now_us)
    over = needed is None and now_us - pace.needed_us >= QUIET_US
    return replace(pace, near_since_us=None) if over else pace


def _is_tired(pace: Pace, needed: Needed, now_us: int) -> bool:
    since_us = pace.near_since_us
    return needed.why is Need.NEAR and since_us is not None and now_us - since_us >= NEAR_LONGEST_US


def _again(pace: Pace, needed: Needed | None, usual: Usual, now_us: int) -> Decided:
    """What is wanted was asked for: it waits, is done, or is asked again."""
    if pace.command in OPEN:
        return Decided(pace)
    if pace.command is CommandState.OK:
        settled = not pace.fast and pace.near_since_us is None
        return Decided(None if settled else replace(pace, tries=0))
    if now_us < pace.next_us:
        return Decided(pace)
    if not pace.fast and pace.tries >= RETURN_TRIES:
        return Decided(None, gave_up=True)
    return _asked(replace(pace, tries=pace.tries + 1), needed, usual, now_us)


def _asked(pace: Pace, needed: Needed | None, usual: Usual, now_us: int) -> Decided:
    wait_us = min(RETRY_FIRST_US << min(pace.tries, 16), RETRY_LAST_US)
    kept = replace(pace, next_us=now_us + wait_us, command=CommandState.WAITING)
    if not pace.fast:
        ask = Ask(usual.interval_s, usual.upload_s, CommandCause.OVER, None, now_us + HOUR_US)
        return Decided(kept, ask)
    cause = CommandCause.NEAR if needed is not None and needed.why is Need.NEAR else CommandCause.VIOLATION
    interval_s, upload_s = min(FAST_S, usual.interval_s), min(FAST_S, usual.upload_s)
    about = None if needed is None else needed.about
    return Decided(kept, Ask(interval_s, upload_s, cause, about, now_us + FAST_EXPIRES_US))
