"""A caseload and a feed with violations of many kinds, and what the rules make of it without anybody disturbing them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any

import msgspec

from bailiwick.timezones import pinned_time_zones
from domain.facts import Roster
from domain.instants import EARLY_US, HOUR_US, MINUTE_US, SECOND_US, format_instant
from domain.records import (
    Circle,
    Condition,
    Device,
    Fitting,
    Order,
    Place,
    Timetable,
    TimetableRow,
    Version,
    Wearer,
)
from domain.violations import Violation
from domain.vocabulary import ConditionKind, DeviceKind, Kind, OrderKind
from domain.wire import Decoder, up_topic
from geofence.rules import Rules
from ingest.weaving import woven

FIXES = 180
"""Of each device, a minute apart, over the last three hours."""
BY_SILENCE = {
    Kind.COMMUNICATION_LOST,
    Kind.LOST_IN_ZONE,
    Kind.UNMONITORED,
    Kind.SHIELDING_SUSPECTED,
    Kind.WHEREABOUTS_UNKNOWN,
    Kind.PROXIMITY_UNKNOWN,
    Kind.VICTIM_UNIT_SILENT,
}
METRES_A_DEGREE = 111_195.0


@dataclass(frozen=True)
class Feed:
    """Records, and messages in the order in which they are sent."""

    versions: list[Version]
    messages: list[tuple[str, bytes]]
    facts: list[tuple[str, int, int]]


def feed(wearers: int, now_us: int, seed: int) -> Feed:
    """Wearers who go in and out of an exclusion zone and of their curfew's place, and tags that tell of tampering."""
    rng = Random(seed)
    start_us = now_us // SECOND_US * SECOND_US - FIXES * MINUTE_US
    versions: list[Version] = []
    streams = []
    facts = []
    for number in range(1, wearers + 1):
        lon, lat = -1.0 + 0.02 * number, 52.0
        versions += _records(number, lon, lat, start_us)
        stream = list(_messages(f"T{number}", lon, lat, start_us, rng))
        facts += [(f"T{number}", 0, seq) for seq in range(1, len(stream) + 1)]
        streams.append(stream)
    # The devices in turn, each in its own order.
    messages = [stream[k] for k in range(max(map(len, streams))) for stream in streams if k < len(stream)]
    return Feed(versions, messages, sorted(facts))


def _records(number: int, lon: float, lat: float, start_us: int) -> list[Version]:
    since_us, until_us = start_us - 24 * HOUR_US, start_us + 1000 * 24 * HOUR_US
    window = _row(start_us + 30 * MINUTE_US, start_us + 150 * MINUTE_US)
    home = Place("home", lon, lat + 600 / METRES_A_DEGREE, 50.0)
    records = [
        Wearer(f"W{number}"),
        Device(f"T{number}", DeviceKind.GPS_TAG),
        Fitting(f"F{number}", f"T{number}", since_us, wearer=f"W{number}"),
        Order(f"O{number}", f"W{number}", OrderKind.COMMUNITY, since_us, until_us),
        Condition(f"Z{number}", f"O{number}", ConditionKind.EXCLUSION_ZONE, shape=Circle(lon, lat, 200.0)),
        Condition(
            f"C{number}", f"O{number}", ConditionKind.CURFEW, place=home, timetable=Timetable("Etc/UTC", (window,))
        ),
    ]
    return [Version(record) for record in records]


def _row(from_us: int, to_us: int) -> TimetableRow:
    start, end = (datetime.fromtimestamp(us / SECOND_US, UTC) for us in (from_us, to_us))

    def second(at: datetime) -> int:
        return at.hour * 3600 + at.minute * 60 + at.second

    return TimetableRow(start.weekday(), second(start), second(end))


def _messages(device: str, lon: float, lat: float, start_us: int, rng: Random) -> Iterable[tuple[str, bytes]]:
    """One item a message: a fix a minute, in the zone, on the way, or at home; and now and then an event."""
    seq = 0
    places = {"zone": 0.0, "way": 350.0, "home": 600.0}
    place, left = "way", 3
    tampered = False
    for minute in range(FIXES):
        t_us = start_us + minute * MINUTE_US
        if left == 0:
            place, left = rng.choice(sorted(places)), rng.randint(2, 12)
        left -= 1
        seq += 1
        angle = rng.uniform(0, 2 * math.pi)
        north_m, east_m = places[place] + 5 * math.sin(angle), 5 * math.cos(angle)
        item = {
            "seq": seq,
            "t": t_us // 1000,
            "lat": lat + north_m / METRES_A_DEGREE,
            "lon": lon + east_m / METRES_A_DEGREE / math.cos(math.radians(lat)),
            "acc": 8.0,
        }
        yield _message(device, t_us, fixes=[item])
        if rng.random() < 0.02:
            seq += 1
            tampered = not tampered
            state = "start" if tampered else "end"
            yield _message(device, t_us, events=[{"seq": seq, "t": t_us // 1000, "code": "jamming", "state": state}])


def _message(device: str, t_us: int, **items: Any) -> tuple[str, bytes]:
    return up_topic(device), msgspec.json.encode({"v": 1, "sent": t_us // 1000, **items})


Told = tuple[Any, ...]


def undisturbed(sent: Feed, now_us: int) -> list[Told]:
    """The violations by fact that the rules find in one go, as `told` gives them."""
    roster = Roster()
    known = [version.record.id for version in sent.versions if isinstance(version.record, Device)]
    for device in known:
        roster.add(device)
    versions = [version for version in sent.versions if version.learnt_us == EARLY_US]
    rules = Rules(roster, versions, pinned_time_zones())
    messages = [(topic, payload, now_us + i) for i, (topic, payload) in enumerate(sent.messages)]
    decoded = Decoder(roster, frozenset(known)).decode(messages)
    assert not decoded.dead_letters
    end_us = now_us + len(messages)
    batch = woven(decoded.batch, [], [(len(messages), end_us + SECOND_US)])
    current: dict[str, Violation] = {version.id: version for version in rules.judge(batch).versions}
    return sorted(
        told(violation.as_json() | {"to": violation.to_us and format_instant(violation.to_us)})
        for violation in current.values()
        if violation.current and violation.kind not in BY_SILENCE
    )


def told(violation: dict[str, Any]) -> Told:
    """What of a violation by fact does not depend on when its data came (rules.md 9)."""
    evidence = tuple((one["device"], one["gen"], one["seq"]) for one in violation["evidence"])
    p_inside = violation["p_inside"]
    return (
        violation["wearer"],
        violation["kind"],
        violation["from"],
        violation["to"] or "",
        violation["code"] or "",
        violation["condition"] or "",
        violation["device"] or "",
        -1.0 if violation["minutes_certain"] is None else round(violation["minutes_certain"], 3),
        -1.0 if violation["minutes_possible"] is None else round(violation["minutes_possible"], 3),
        evidence,
        -1.0 if p_inside is None else round(p_inside, 2),
    )


def by_fact(violations: Sequence[dict[str, Any]]) -> list[Told]:
    """The violations by fact of the database, as `told` gives them."""
    return sorted(told(violation) for violation in violations if violation["kind"] not in BY_SILENCE)
