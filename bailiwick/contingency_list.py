"""Who must be watched now, ranked, with numbers to call: from the database alone, for the hour in which nothing else answers.

Listed is whoever has an open alert or whose conditions ask for contact now (`alerts.contingency.Need`): those with an open critical alert
first, then by need. Named apart is whoever something was entered about that ingest has not taken: nobody watches that yet. It holds no
position, and nothing of a protected person.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from alerts.contingency import RANK, LastFix, Need, Requirements
from domain.instants import format_instant
from domain.rota import Shift
from domain.vocabulary import Role, Severity
from geofence.timetable import WindowCache
from geofence.wallclock import TimeZones
from store import Store
from store.contingency import OpenAlerts, Waiting, Watched

AT_ONCE: Final = 500
"""Wearers whose caseload is read and judged together."""
TO_RING: Final = (Role.SUPERVISOR, Role.DUTY_MANAGER, Role.OPERATOR, Role.OFFICER, Role.POLICE, Role.FIELD)
WHY: Final = {
    Need.VICTIM: "must keep away from a protected person",
    Need.LOST_IN_ZONE: "lost in or near a zone",
    Need.INTENSIVE: "intensive, and a curfew or zone counts now",
    Need.CURFEW: "curfew now or within 30 minutes",
    Need.ZONE_IN_REACH: "can have reached a forbidden zone",
    Need.NOTHING_NOW: "nothing asks for contact now",
}
SEVERITIES: Final = tuple(severity.value for severity in Severity)


async def contingency_list(store: Store, zones: TimeZones, now_us: int, phone: str | None = None) -> dict[str, Any]:
    """The list as JSON, of an instant (docs/commands.md); ``phone`` is the centre's own number."""
    people, alerts = await store.contingency.people(now_us), await store.contingency.alerts()
    unknown = await store.contingency.waiting()
    needs = await _needs(store, zones, [one.id for one in people], now_us)
    lines = [
        _line(one, needs[one.id], alerts.get(one.id))
        for one in people
        if one.id in alerts or needs[one.id] is not Need.NOTHING_NOW
    ]
    lines.sort(key=lambda line: line.pop("order"))
    duty = [_duty(shift) for shift in _on_duty(await store.rota.shifts(now_us, now_us + 1))]
    counts = {"orders_in_force": sum(len(one.orders) for one in people), "wearers_in_force": len(people)}
    ranked = [{"place": place} | line for place, line in enumerate(lines, start=1)]
    about = {"made": format_instant(now_us), "centre_phone": phone}
    waiting = [_waiting(one) for one in unknown]
    not_taken = {"wearers": waiting, "of": unknown[0].of if unknown else 0}
    return about | counts | {"listed": len(lines), "duty": duty, "wearers": ranked, "not_taken": not_taken}


async def _needs(store: Store, zones: TimeZones, wearers: Sequence[str], now_us: int) -> dict[str, Need]:
    cache, in_zone = WindowCache(zones), await store.reading.lost_in_zone()
    found: dict[str, Need] = {}
    for start in range(0, len(wearers), AT_ONCE):
        some = wearers[start : start + AT_ONCE]
        versions = await store.reading.caseload_of(some)
        places = await store.contingency.places(some, now_us)
        required = await asyncio.to_thread(Requirements, versions, cache)
        for wearer in some:
            last = places.get(wearer)
            fix = None if last is None else LastFix(*last)
            found[wearer] = required.need_of(wearer, now_us, fix, lost_in_zone=wearer in in_zone)
    return found


def _line(one: Watched, need: Need, alerts: OpenAlerts | None) -> dict[str, Any]:
    record = one.record
    told = ("level", "phones", "language", "needs", "staff_safety", "responsible_adult")
    return {
        "order": (alerts is None or alerts.worst > 0, RANK[need], 9 if alerts is None else alerts.worst, one.id),
        "rank": RANK[need],
        "why": WHY[need],
        "id": one.id,
        "name": record.get("name"),
        **{name: record.get(name) for name in told},
        "orders": [_order(order) for order in one.orders],
        "alerts": None if alerts is None else _alerts(alerts),
    }


def _waiting(one: Waiting) -> dict[str, Any]:
    told = {name: one.record.get(name) for name in ("name", "level", "phones")}
    return {"id": one.id, **told, "entered": one.types, "since": format_instant(one.since_us)}


def _order(body: dict[str, Any]) -> dict[str, Any]:
    return {name: body.get(name) for name in ("id", "kind", "to", "area", "organisation", "officer")}


def _alerts(alerts: OpenAlerts) -> dict[str, Any]:
    worst = {"open": alerts.number, "worst": SEVERITIES[alerts.worst], "kinds": alerts.kinds}
    return worst | {"oldest": format_instant(alerts.oldest_us)}


def _on_duty(shifts: Sequence[Shift]) -> list[Shift]:
    there = [shift for shift in shifts if shift.role in TO_RING]
    return sorted(there, key=lambda one: (TO_RING.index(one.role), one.area or "", one.priority, one.id))


def _duty(shift: Shift) -> dict[str, Any]:
    who = {"role": shift.role.value, "area": shift.area, "organisation": shift.organisation, "name": shift.name}
    return who | {"phone": shift.phone, "email": shift.email, "until": format_instant(shift.to_us)}
