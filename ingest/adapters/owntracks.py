"""OwnTracks' JSON (https://owntracks.org/booklet/tech/json): a phone stands in for a location tag in a field trial.

What it means, and why: docs/adapters.md and docs/decisions/0061-owntracks.md.

- **Accuracy.** ``acc`` is what the phone's system says, and is a 68 % radius: Android's ``Location.getAccuracy`` by its
  documentation, Core Location's ``horizontalAccuracy`` a root mean square that holds 63 to 68 % by Apple's answer in its
  forum. Times 1.62 it is a 95 % radius (wire.md). Without one there is nothing to judge by: the message is parked.
- **Identity.** A phone numbers nothing. ``seq`` is the second of the position and, within it, a hash of the values. So
  what is published again (retained, resent, asked for, at every press of a button) is the same fact, and two positions of
  one second are two.
- **Battery, trigger, created_at** change from one publishing of a position to the next, so no fact has them: it would be
  another fact each time, and one position would count as two.
"""

from __future__ import annotations

import hashlib
import re
import struct
from typing import Annotated, Final, TypeAlias

from msgspec import Meta, Struct

from domain.vocabulary import DeadLetterReason
from domain.wire_adapters import Converted, Ignored, LastWill
from domain.wire_faults import Refused, as_record, read_object
from domain.wire_items import ACC_LAST_M, EPOCH_FIRST_MS, SPD_LAST_M_S, VERSION, Envelope, Event, Fix
from domain.wire_topics import DEVICE_PATTERN

TO_95_PERCENT: Final = 1.62
"""A 68 % radius times this is one of 95 %: sqrt(ln 0.05 / ln 0.32), for a normal error that is alike in all directions."""
KMH_IN_M_S: Final = 3.6
EPOCH_FIRST_S: Final = EPOCH_FIRST_MS // 1000
HASH_BITS: Final = 21
SECONDS_LAST: Final = 2**32 - 1
"""Seconds from the first instant, until 2156: 32 bits, and 21 of the hash, are the 53 that a `seq` has."""
STALE_S: Final = 60
"""A position told so long after it was taken also says that the phone lives and has no newer one."""
LAST_KNOWN: Final = frozenset({"p", "l", "L"})
"""Triggers of a message that repeats the last position known, sometimes with the time of now: alive, nothing new. A ping
(`p`); lost satellites and shutting down (`l`, `L`, of trackers with OwnTracks' firmware)."""

_TOPIC: Final = re.compile(r"owntracks/([A-Za-z0-9-]+)/([A-Za-z0-9_-]+)")

Seconds: TypeAlias = Annotated[int, Meta(gt=EPOCH_FIRST_S, le=EPOCH_FIRST_S + SECONDS_LAST)]


class Said(Struct):
    """What every message about a position holds. ``created_at``: when it was made, where that is not ``tst``."""

    tst: Seconds
    t: str | None = None
    created_at: Seconds | None = None


class Location(Said, kw_only=True):
    """A position. ``vel`` in km/h; of speed and course, what is negative is not known (Core Location)."""

    lat: Annotated[float, Meta(ge=-90, le=90)]
    lon: Annotated[float, Meta(ge=-180, le=180)]
    acc: Annotated[float, Meta(gt=0, le=ACC_LAST_M / TO_95_PERCENT)]
    vel: Annotated[float, Meta(le=SPD_LAST_M_S * KMH_IN_M_S)] | None = None
    cog: Annotated[float, Meta(le=360)] | None = None


class OwnTracks:
    """The adapter; see the module."""

    name = "owntracks"
    topic_filter = "owntracks/+/+"
    """Positions and last wills alone. What lies deeper (transitions, waypoints, cards with names and pictures) is not needed,
    so it is not asked for."""
    sorts = frozenset(
        {
            "beacon",
            "card",
            "cmd",
            "configuration",
            "dump",
            "request",
            "status",
            "steps",
            "transition",
            "waypoint",
            "waypoints",
        }
    )

    def device_of(self, topic: str) -> str | None:
        """``owntracks/jane/phone`` is `owntracks_jane_phone`. A user without ``_``, so that no two topics are one device."""
        match = _TOPIC.fullmatch(topic)
        if match is None:
            return None
        device = f"{self.name}_{match[1]}_{match[2]}"
        return device if DEVICE_PATTERN.fullmatch(device) else None

    def read(self, payload: bytes) -> Converted:
        """A `location` is a fix, or a `heartbeat` if it only repeats the last one known. Raises `Refused`."""
        value = read_object(payload)
        sort = value.get("_type")
        if sort == "location":
            return _repeated(as_record(Said, value)) if _repeats(value) else _fix(as_record(Location, value))
        if sort == "lwt":
            return LastWill()
        if isinstance(sort, str) and sort in self.sorts:
            return Ignored(sort)
        if sort == "encrypted":
            raise Refused(
                DeadLetterReason.SCHEMA, "_type", "encrypted: there is no key here; the app's must be taken out"
            )
        raise Refused(DeadLetterReason.SCHEMA, "_type", "missing" if sort is None else "not a type that is known")


def _repeats(value: dict[str, object]) -> bool:
    trigger = value.get("t")
    return isinstance(trigger, str) and trigger in LAST_KNOWN


def _repeated(said: Said) -> Envelope:
    return _envelope(said, [], [_alive(said)])


def _fix(said: Location) -> Envelope:
    spd = None if said.vel is None or said.vel < 0 else said.vel / KMH_IN_M_S
    hdg = None if said.cog is None or said.cog < 0 else said.cog % 360
    lat, lon = said.lat + 0.0, said.lon + 0.0  # -0.0 is 0.0
    seq = _seq(said.tst, struct.pack(">5d", lat, lon, said.acc, _or(spd), _or(hdg)))
    fix = Fix(seq, said.tst * 1000, lat, lon, said.acc * TO_95_PERCENT, spd=spd, hdg=hdg)
    stale = _made_s(said) - said.tst > STALE_S
    return _envelope(said, [fix], [_alive(said)] if stale else [])


def _envelope(said: Said, fixes: list[Fix], events: list[Event]) -> Envelope:
    return Envelope(v=VERSION, sent=_made_s(said) * 1000, fixes=fixes, events=events)


def _alive(said: Said) -> Event:
    at_s = max(said.tst, _made_s(said))
    return Event(_seq(at_s, b"heartbeat"), at_s * 1000, "heartbeat")


def _made_s(said: Said) -> int:
    return said.created_at or said.tst


def _seq(at_s: int, values: bytes) -> int:
    """Which fact this is: its second, and a hash of what it says."""
    hashed = int.from_bytes(hashlib.blake2b(values, digest_size=4).digest()) >> (32 - HASH_BITS)
    return (at_s - EPOCH_FIRST_S) << HASH_BITS | hashed


def _or(value: float | None) -> float:
    return -1.0 if value is None else value
