"""What the API tells about one alert and what is around it, as far as the reader may see each: asked in two rounds, each at once.

Positions are asked for around the violation alone, and that look is in the audit with the alert's number as its purpose.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from access.grants import Deed
from api.console.asking import Told, together
from api.console.frame import Page
from api.console.rendering import instant, text_of
from api.routes.decisions import VIOLATION_ID

Json = dict[str, Any]

AROUND: Final = timedelta(minutes=15)
"""Before the violation and after it: so much of the trail is shown."""
LONGEST: Final = timedelta(hours=2)
"""Of a longer violation only its beginning and its end."""
WINDOWS: Final = timedelta(hours=24)
"""Before the violation and after it, of the timetable."""
CALLS: Final = timedelta(hours=24)
"""An inbound contact is shown on the alerts of so long after it."""
MOST_VIOLATIONS: Final = 5
"""Of those that one alert rests on, the newest."""
MOST_DEVICES: Final = 4
MOST_FIXES: Final = 2_000
WORKING: Final = ("raised", "claimed", "actioned")


@dataclass(frozen=True, slots=True)
class Found:
    """One alert. What the reader may not see is None or empty. ``violation`` is the newest version of its newest violation."""

    alert: Json
    etag: str | None
    violation: Json | None = None
    versions: list[Json] = field(default_factory=list)
    wearer: Json | None = None
    history: Json | None = None
    condition: Json | None = None
    zone: Json | None = None
    order: Json | None = None
    windows: Json | None = None
    trail: list[Json] = field(default_factory=list)
    sealed: list[Json] = field(default_factory=list)
    calls: list[Json] = field(default_factory=list)
    others: list[Json] = field(default_factory=list)
    commands: list[Json] = field(default_factory=list)
    devices: list[Json] = field(default_factory=list)

    @property
    def name(self) -> str:
        """How whoever it is about is called."""
        alert = self.alert
        if self.wearer is not None:
            return str(self.wearer["record"]["name"])
        if alert["wearer"] is not None:
            return f"Wearer {alert['wearer']}"
        if alert["victim"] is not None:
            return "A protected person"
        return f"Device {alert['device']}" if alert["device"] else "The service"


async def found(page: Page, number: str) -> Found:
    """All of it; raises `Refused` when there is no such alert for this reader."""
    told: Told = await page.ask.ask("GET", f"alerts/{number}")
    alert: Json = told.body
    # What an alert of the service's own rests on is a name and no violation.
    named = [one for one in alert["violations"] if re.fullmatch(VIOLATION_ID, one)]
    chain = [_versions(page, one) for one in named[-MOST_VIOLATIONS:]]
    wearer, history, condition, others, calls, *violations = await together(
        _of_wearer(page, alert),
        page.if_may(Deed.READ_DESK, f"alerts/{number}/history"),
        _of_condition(page, alert),
        _others(page, alert),
        _calls(page, alert),
        *chain,
    )
    versions: list[Json] = max(violations, key=lambda one: str(one[-1]["from"]) if one else "", default=[])
    newest = versions[-1] if versions else None
    begun = instant(newest["from"] if newest else alert["raised"])
    (trail, sealed), windows, zone, order, (devices, commands) = await together(
        _trail(page, alert, newest),
        _windows(page, condition, begun),
        _zone(page, condition),
        _order(page, newest),
        _devices(page, wearer, alert),
    )
    return Found(
        *(alert, told.etag, newest, versions, wearer, history, condition, zone, order, windows),
        *(trail, sealed, calls, others, commands, devices),
    )


async def _of_wearer(page: Page, alert: Json) -> Json | None:
    if alert["wearer"] is None:
        return None
    return await page.if_may(Deed.READ_WEARERS, f"wearers/{alert['wearer']}")


async def _versions(page: Page, violation: str) -> list[Json]:
    body = await page.if_may(Deed.READ_VIOLATIONS, f"violations/{violation}")
    return [] if body is None else list(body["items"])


async def _of_condition(page: Page, alert: Json) -> Json | None:
    if alert["condition"] is None:
        return None
    body = await page.if_may(Deed.READ_ORDERS, f"conditions/{alert['condition']}")
    return None if body is None else {"id": body["id"], **body["record"]}


async def _zone(page: Page, condition: Json | None) -> Json | None:
    """The shape of the condition's zone, its own or a shared one."""
    shape = (condition or {}).get("zone")
    if not shape or "type" in shape:
        return shape or None
    shared = await page.if_may(Deed.READ_ZONES, f"zones/{shape['id']}")
    return None if shared is None else shared["record"]["shape"]


async def _order(page: Page, violation: Json | None) -> Json | None:
    if violation is None or violation["order"] is None:
        return None
    body = await page.if_may(Deed.READ_ORDERS, f"orders/{violation['order']}")
    return None if body is None else {"id": body["id"], **body["record"]}


async def _windows(page: Page, condition: Json | None, begun: datetime) -> Json | None:
    """The condition's windows around the violation; None for a kind that has none."""
    if condition is None:
        return None
    span = {"from": text_of(begun - WINDOWS), "to": text_of(begun + WINDOWS)}
    body = await page.if_may(Deed.READ_ORDERS, f"conditions/{condition['id']}/windows", **span)
    return None if body is None or not body["windows"] else body | span


async def _others(page: Page, alert: Json) -> list[Json]:
    """The other alerts of the same wearer that are not closed."""
    if alert["wearer"] is None:
        return []
    items, _ = await page.ask.items("alerts", most=100, wearer=alert["wearer"], work=list(WORKING))
    return [one for one in items if one["id"] != alert["id"]]


async def _calls(page: Page, alert: Json) -> list[Json]:
    """Contacts with the wearer in the day before the alert, and since, that were not about it."""
    if alert["wearer"] is None or not page.reader.may(Deed.READ_DESK):
        return []
    since = text_of(instant(alert["raised"]) - CALLS)
    items, _ = await page.ask.items("contacts", most=100, wearer=alert["wearer"], since=since)
    return [one for one in items if one["alert"] != alert["id"]]


async def _devices(page: Page, wearer: Json | None, alert: Json) -> tuple[list[Json], list[Json]]:
    """The wearer's devices, and what was asked of them since a day before the alert, the newest first."""
    if wearer is None or not page.reader.may(Deed.READ_DEVICES):
        return [], []
    names = wearer["devices"][:MOST_DEVICES]
    health, *bodies = await together(
        page.if_may(Deed.READ_VIOLATIONS, f"wearers/{alert['wearer']}/health"),
        *(page.ask.maybe(f"devices/{name}") for name in names),
    )
    heard = {one["device"]: one["heard"] for one in (health or {"devices": ()})["devices"]}
    # Of whom no device's health may be seen, nothing is said of when it was heard.
    known = [one | ({"heard": heard[one["id"]]} if one["id"] in heard else {}) for one in bodies if one is not None]
    devices: list[Json] = known
    lists = await together(
        *(page.if_may(Deed.READ_COMMANDS, f"devices/{one['id']}/commands", limit=20) for one in devices)
    )
    since = instant(alert["raised"]) - CALLS
    commands = [one for body in lists if body is not None for one in body["items"] if instant(one["made"]) >= since]
    return devices, sorted(commands, key=lambda one: str(one["made"]), reverse=True)


async def _trail(page: Page, alert: Json, violation: Json | None) -> tuple[list[Json], list[Json]]:
    """The fixes around what happened, and the stretches that may not be seen.

    Who may not read violations, as the police, is shown those since it happened.
    """
    happened = violation["from"] if violation else alert["happened"]
    if alert["wearer"] is None or happened is None:
        return [], []
    now = page.now
    begun, over = instant(happened), violation["to"] if violation else None
    ended = min(now, instant(over) if over else now)
    spans = [(begun - AROUND, min(ended + AROUND, begun + LONGEST))]
    if ended + AROUND > begun + LONGEST:
        spans.append((max(ended - AROUND, begun + LONGEST), ended + AROUND))
    path, why = f"wearers/{alert['wearer']}/trail", f"alert {alert['id']}"
    bodies = await together(
        *(
            page.if_may(
                Deed.READ_POSITIONS, path, why=why, limit=MOST_FIXES, **{"from": text_of(low), "to": text_of(high)}
            )
            for low, high in spans
            if low < high
        )
    )
    shown = [one for one in bodies if one is not None]
    return [fix for one in shown for fix in one["features"]], [span for one in shown for span in one["sealed"]]
