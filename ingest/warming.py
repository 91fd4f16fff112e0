"""Compiled code made ready before it is needed: a small caseload judged once, and thrown away.

The rules' machine code is compiled at the first call on a machine (some 20 s) and loaded at the first call of every
process after that. A standby that takes over has no time for either.
"""

from __future__ import annotations

import msgspec

from domain.facts import Batch, Roster
from domain.instants import HOUR_US, MINUTE_US, SECOND_US
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
    Victim,
    Wearer,
)
from domain.vocabulary import ConditionKind, DeviceKind, OrderKind
from domain.wire import Decoder, Message, up_topic
from geofence.rules import Rules
from geofence.wallclock import TimeZones
from ingest.weaving import woven

START_US = 1_780_000_000 * SECOND_US
LON, LAT = -1.5, 52.5
TAG, UNIT, CURFEW_TAG = "warm-tag", "warm-unit", "warm-curfew-tag"
OTHER_TAG, VICTIM_UNIT = "warm-other-tag", "warm-victim-unit"
DEVICES = frozenset({TAG, UNIT, CURFEW_TAG, OTHER_TAG, VICTIM_UNIT})


def warm_up(zones: TimeZones) -> None:
    """Take every compiled path of the rules once; returns when the machine code is there."""
    roster = Roster()
    rules = Rules(roster, [Version(record) for record in _records()], zones)
    decoder = Decoder(roster, DEVICES)
    minutes = [_batch(decoder, at_us) for at_us in range(START_US, START_US + 10 * MINUTE_US, MINUTE_US)]
    late = [minutes[0], minutes[1], *minutes[5:], *minutes[2:5]]
    now_us = START_US + HOUR_US
    for batch in late:
        now_us += MINUTE_US
        batch.instants[:] = now_us
        rules.ask(batch)
        rules.judge(batch)
    rules.order_states()


def _records() -> list[Wearer | Victim | Device | Fitting | Order | Condition]:
    since_us, until_us = START_US - HOUR_US, START_US + 100 * HOUR_US
    always = Timetable("Etc/UTC", tuple(TimetableRow(day, 0, 86_400) for day in range(7)))
    home = Place("home", LON, LAT, 50.0, home_unit=UNIT)
    return [
        Wearer("warm"),
        Wearer("other"),
        Victim("victim"),
        Device(TAG, DeviceKind.GPS_TAG),
        Device(OTHER_TAG, DeviceKind.GPS_TAG),
        Device(VICTIM_UNIT, DeviceKind.VICTIM_UNIT),
        Device(UNIT, DeviceKind.HOME_UNIT),
        Device(CURFEW_TAG, DeviceKind.RF_TAG),
        *(Fitting(f"fit-{name}", name, since_us, wearer="warm") for name in (TAG, UNIT, CURFEW_TAG)),
        Fitting("fit-other", OTHER_TAG, since_us, wearer="other"),
        Fitting("fit-victim", VICTIM_UNIT, since_us, victim="victim"),
        Order("order", "warm", OrderKind.COMMUNITY, since_us, until_us),
        Condition("zone", "order", ConditionKind.EXCLUSION_ZONE, shape=Circle(LON, LAT, 100.0), buffer_m=50.0),
        Condition("curfew", "order", ConditionKind.CURFEW, place=home, timetable=always),
        Condition("near", "order", ConditionKind.PROXIMITY, victim="victim", alert_m=200.0, prealert_m=400.0),
        Condition("apart", "order", ConditionKind.ASSOCIATION, other_wearer="other"),
    ]


def _batch(decoder: Decoder, at_us: int) -> Batch:
    """A fix of whoever has a tag or a unit, an event of the home unit, and a tick."""
    seq, t = (at_us - START_US) // MINUTE_US + 1, at_us // 1000
    lat = LAT + (0.003 if seq % 4 < 2 else 0.0)
    heard = {"seq": seq, "t": t, "code": "in_range", "state": "start", "data": {"tag": CURFEW_TAG}}
    still = {"seq": seq, "t": t, "lat": LAT, "lon": LON, "acc": 8.0}
    said: list[tuple[str, dict[str, object]]] = [
        (TAG, {"fixes": [{"seq": seq, "t": t, "lat": lat, "lon": LON, "acc": 8.0}]}),
        (UNIT, {"events": [heard]}),
        (OTHER_TAG, {"fixes": [still]}),
        (VICTIM_UNIT, {"fixes": [still]}),
    ]
    messages: list[Message] = [
        (up_topic(device), msgspec.json.encode({"v": 1, "sent": t, **items}), at_us) for device, items in said
    ]
    return woven(decoder.decode(messages).batch, [], [(len(messages), at_us)])
