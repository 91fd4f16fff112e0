"""An invented order that ended two days ago, and what its tag kept in its memory: something to take to a breach at once.

It is in the caseload file as any other, and its facts come over MQTT as the backlog of any tag does (wire.md). Nobody of it is
simulated: its fitting ended before the run began.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

import aiomqtt

from bailiwick.parts.processes import PartFailed
from domain.instants import DAY_US, HOUR_US, MINUTE_US, format_instant
from domain.wire import up_topic

Record = dict[str, Any]

WEARER, DEVICE, ORDER, VICTIM = "W-HIST", "T-HIST", "O-HIST", "V-HIST"
OFFICER_EMAIL: Final = "officer@demo.invalid"
"""Of the account of the demo's officer: by it the order is theirs."""
AREA: Final = "london"
HOME: Final = (-0.0870, 51.5030)
ZONE: Final = (-0.0710, 51.5105)
AWAY: Final = (-0.1010, 51.4950)
"""Invented places (longitude, latitude): where they live, what they must keep out of, where they were on the second night."""
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
IN_ZONE: Final = (29 * HOUR_US, 25 * MINUTE_US)
OUT: Final = (36 * HOUR_US, 75 * MINUTE_US)
"""After the order's beginning at 09:00 UTC: in the zone from 14:00 on the second day, out from 21:00 that night; and for how long."""
LASTS_US: Final = 2 * DAY_US
ITEMS: Final = 240
"""Of an envelope: four hours."""
LEAVES_S: Final = 20.0
"""A broker that takes no message for so long takes none."""


def begins_us(now_us: int) -> int:
    """When the order began: at 09:00 UTC, so long ago that nothing about its end is news."""
    return now_us // DAY_US * DAY_US - 4 * DAY_US + 9 * HOUR_US


def records(now_us: int) -> list[Record]:
    """The wearer, the tag, the order with a curfew, a zone and a protected person, as lines of a caseload file."""
    start_us = begins_us(now_us)
    span = {"from": format_instant(start_us), "to": format_instant(start_us + LASTS_US)}
    home = {"name": "7 Invented Row", "lon": HOME[0], "lat": HOME[1], "radius_m": 50}
    zone = {"type": "Circle", "center": list(ZONE), "radius_m": 250}
    night = [{"day": day, "start": "19:00", "end": "07:00"} for day in DAYS]
    officer = {"name": "Demo officer", "email": OFFICER_EMAIL}
    of_order = {"type": "condition", "order": ORDER}
    return [
        {"type": "wearer", "id": WEARER, "name": "Rowan Ashdown", "born": "1990-04-12"},
        {
            "type": "victim",
            "id": VICTIM,
            "name": "Protected Person",
            "contact": {"safe_channels": ["call:+44 1632 960900"]},
        },
        {"type": "device", "id": DEVICE, "kind": "gps_tag", "model": "Invented 4", "lot": "2026-03"},
        {"type": "fitting", "id": "F-HIST", "wearer": WEARER, "device": DEVICE, **span},
        {
            "type": "order",
            "id": ORDER,
            "wearer": WEARER,
            "kind": "community",
            "notifying_organisation": "magistrates_court",
        }
        | {"organisation": "probation", "area": AREA, "officer": officer, "told_at": span["from"], **span},
        of_order | {"id": "C-HIST-1", "kind": "curfew", "place": home, "timezone": "Europe/London", "timetable": night},
        of_order | {"id": "C-HIST-2", "kind": "exclusion_zone", "name": "the market", "zone": zone},
        of_order | {"id": "C-HIST-3", "kind": "proximity", "victim": VICTIM, "alert_m": 500, "prealert_m": 1000},
    ]


def envelopes(now_us: int) -> Iterator[bytes]:
    """What the tag kept: a fix a minute, the oldest first, some hundred in each message."""
    start_us = begins_us(now_us)
    fixes = [_fix(number, start_us + number * MINUTE_US) for number in range(1, LASTS_US // MINUTE_US)]
    for first in range(0, len(fixes), ITEMS):
        yield json.dumps({"v": 1, "sent": now_us // 1_000, "fixes": fixes[first : first + ITEMS]}).encode()


def _fix(number: int, t_us: int) -> dict[str, Any]:
    since_us = number * MINUTE_US
    lon, lat = HOME
    for (begins, lasts_us), place in ((IN_ZONE, ZONE), (OUT, AWAY)):
        if begins <= since_us < begins + lasts_us:
            lon, lat = place
    # A tag that lies still wanders by some metres.
    lon, lat = lon + 3e-5 * math.sin(number * 1.7), lat + 2e-5 * math.cos(number * 2.3)
    return {"seq": number, "t": t_us // 1_000, "lat": round(lat, 6), "lon": round(lon, 6), "acc": 9 + number % 7}


async def tell(broker: str, now_us: int) -> None:
    """Connects as the tag does and sends what it kept. Raises `PartFailed` when the broker does not take it."""
    address = urlsplit(broker)
    client = aiomqtt.Client(
        address.hostname or "",
        address.port or 1883,
        identifier=DEVICE,
        protocol=aiomqtt.ProtocolVersion.V5,
        timeout=LEAVES_S,
    )
    try:
        async with client:
            for envelope in envelopes(now_us):
                await client.publish(up_topic(DEVICE), envelope, qos=1)
    except aiomqtt.MqttError as error:
        raise PartFailed(f"the broker did not take what {DEVICE} kept: {error}") from None
