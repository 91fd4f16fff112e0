"""Instants and lengths of time as a reader of a pack has them: the local clock first, and UTC where it matters."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final

from domain.instants import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from geofence.wallclock import Zone

OPEN: Final = "still open when this pack was made"
NO_END: Final = "with no end set"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def local(at_us: int, zone: Zone, *, seconds: bool = True, exact: bool = False) -> str:
    """``21 Nov 2026, 19:00:04``, by the zone's clock; ``(UTC+1)`` after it when that clock is not UTC's.

    Cut to the second, as people read it, unless ``exact``, of a fact: the data in the pack keep every fraction.
    """
    offset_us = zone.offset_us(at_us)
    wall = _wall(at_us, zone)
    fraction = at_us % SECOND_US
    clock = f"{wall:%H:%M:%S}" if seconds else f"{wall:%H:%M}"
    if exact and fraction:
        clock += f".{fraction // 1_000:03d}" if fraction % 1_000 == 0 else f".{fraction:06d}"
    return f"{wall.day} {wall:%b %Y}, {clock}{_offset_words(offset_us)}"


def local_day(at_us: int, zone: Zone) -> str:
    """``Sat 21 Nov 2026``, by the zone's clock."""
    wall = _wall(at_us, zone)
    return f"{wall:%a} {wall.day} {wall:%b %Y}"


def calendar_day(iso: str) -> str:
    """``28 February 1998`` of ``1998-02-28``; what is no date stays as it is."""
    try:
        found = date.fromisoformat(iso)
    except ValueError:
        return iso
    return f"{found.day} {found:%B %Y}"


def from_to(from_us: int, to_us: int | None, zone: Zone, *, still: str = OPEN) -> str:
    """``from 21 Nov 2026, 19:50:00 to 22:30:00``: the day once where both are of one day; ``still`` where there is no end."""
    start = local(from_us, zone)
    if to_us is None:
        return f"from {start}, {still}"
    if to_us == from_us:
        return f"at {start}"
    end = local(to_us, zone)
    same_day = local_day(from_us, zone) == local_day(to_us, zone) and zone.offset_us(from_us) == zone.offset_us(to_us)
    return f"from {start} to {end.partition(', ')[2] if same_day else end}"


def midnight_us(at_us: int, zone: Zone) -> int:
    """The instant at which the local day of ``at_us`` began."""
    wall_us = at_us + zone.offset_us(at_us)
    return zone.first_us(wall_us - wall_us % DAY_US)


def next_midnight_us(at_us: int, zone: Zone) -> int:
    """The instant at which the local day of ``at_us`` ends."""
    wall_us = at_us + zone.offset_us(at_us)
    return zone.first_us(wall_us - wall_us % DAY_US + DAY_US)


def length(us: int) -> str:
    """``40 min``, ``12 h 5 min``, ``35 s``: a length of time, cut to the minute from one minute on."""
    if us < MINUTE_US:
        return f"{us // SECOND_US} s"
    hours, minutes = us // HOUR_US, us % HOUR_US // MINUTE_US
    if not hours:
        return f"{minutes} min"
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def minutes(value: float | None) -> str:
    """``40.0 min``; minutes that are not known yet are said to be so."""
    return "not known while it is open" if value is None else f"{value:,.1f} min"


def _wall(at_us: int, zone: Zone) -> datetime:
    return _EPOCH + timedelta(microseconds=at_us + zone.offset_us(at_us))


def _offset_words(offset_us: int) -> str:
    if not offset_us:
        return ""
    hours, minute = divmod(abs(offset_us) // MINUTE_US, 60)
    return f" (UTC{'+' if offset_us > 0 else '-'}{hours}{f':{minute:02d}' if minute else ''})"
