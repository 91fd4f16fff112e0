"""What the API tells of one wearer, as far as the reader may see each: asked in two rounds, each at once. No positions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from access.grants import Deed
from api.console.asking import Told, together
from api.console.frame import Page
from api.console.rendering import instant, text_of
from api.console.week import week_of
from domain.vocabulary import ConditionKind

Json = dict[str, Any]

MOST: Final = 200
"""Of each list; a list that has more says so."""
HISTORY: Final = timedelta(days=90)
"""How far back violations, contacts and visits are shown."""
KINDS: Final = (
    *(ConditionKind.CURFEW, ConditionKind.ATTENDANCE, ConditionKind.PRESENCE_CHECK, ConditionKind.INCLUSION_ZONE),
    *(ConditionKind.RESTRICTION_ZONE, ConditionKind.EXCLUSION_ZONE, ConditionKind.PROXIMITY, ConditionKind.ASSOCIATION),
    *(ConditionKind.ALCOHOL, ConditionKind.TRAIL),
)
OPEN: Final = ("raised", "claimed", "actioned")
CONTACTS: Final = timedelta(days=28)
COMMANDS: Final = 5
"""Of each device, the newest."""


@dataclass(frozen=True, slots=True)
class Found:
    """One wearer. What the reader may not see is None or empty; ``more`` names the lists that are cut."""

    id: str
    record: Json
    orders: list[Json] = field(default_factory=list)
    conditions: list[Json] = field(default_factory=list)
    windows: list[Json] = field(default_factory=list)
    zones: dict[str, Json] = field(default_factory=dict)
    absences: list[Json] = field(default_factory=list)
    suspensions: list[Json] = field(default_factory=list)
    health: Json | None = None
    violations: list[Json] = field(default_factory=list)
    assessments: list[Json] = field(default_factory=list)
    alerts: list[Json] = field(default_factory=list)
    contacts: list[Json] = field(default_factory=list)
    mutes: list[Json] = field(default_factory=list)
    visits: list[Json] = field(default_factory=list)
    commands: list[Json] = field(default_factory=list)
    curfews: list[Json] = field(default_factory=list)
    """Every curfew violation, of whatever age, where an order has an allowance of time."""
    more: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """What they are called; their number where nobody entered a name."""
        return str(self.record.get("name") or f"Wearer {self.id}")


async def the_wearer(page: Page, wearer: str) -> Told:
    """The wearer's record; raises `Refused` where there is none for this reader."""
    return await page.ask.ask("GET", f"wearers/{wearer}")


async def found(page: Page, wearer: str, now: datetime) -> Found:
    """All that the wearer's page shows."""
    since = text_of(now - HISTORY)
    told, orders, conditions, absences, suspensions, health, *lists = await together(
        the_wearer(page, wearer),
        _list(page, Deed.READ_ORDERS, "orders", wearer=wearer),
        _list(page, Deed.READ_ORDERS, "conditions", wearer=wearer),
        _list(page, Deed.READ_ORDERS, "absences", wearer=wearer),
        _list(page, Deed.READ_ORDERS, "suspensions", wearer=wearer),
        page.if_may(Deed.READ_VIOLATIONS, f"wearers/{wearer}/health"),
        _list(page, Deed.READ_VIOLATIONS, "violations", wearer=wearer, **{"from": since}),
        _list(page, Deed.READ_ASSESSMENTS, "assessments", wearer=wearer),
        _list(page, Deed.READ_ALERTS, "alerts", wearer=wearer, work=list(OPEN)),
        _list(page, Deed.READ_DESK, "contacts", wearer=wearer, since=text_of(now - CONTACTS)),
        _list(page, Deed.READ_DESK, "mutes", wearer=wearer),
        _list(page, Deed.READ_VISITS, "visits", wearer=wearer, **{"from": since}),
    )
    standing = conditions_now(orders[0], conditions[0], now)
    windows, zones, commands, curfews = await together(
        windows_of(page, standing, now),
        zones_of(page, conditions[0]),
        _commands(page, told.body["devices"]),
        _curfews(page, wearer, orders[0]),
    )
    names = ("violations", "assessments", "alerts", "contacts", "mutes", "visits")
    kept_lists = dict(zip(names, (one[0] for one in lists), strict=True))
    return Found(
        wearer,
        told.body["record"],
        orders[0],
        conditions[0],
        windows,
        zones,
        absences[0],
        suspensions[0],
        health,
        **kept_lists,
        commands=commands,
        curfews=curfews,
        more=frozenset(name for name, one in zip(names, lists, strict=True) if one[1]),
    )


async def windows_of(page: Page, conditions: list[Json], now: datetime, beyond: timedelta = timedelta()) -> list[Json]:
    """What is enforced of some conditions in the week from today on, and so much ``beyond`` it."""
    start, end = week_of(now)
    span = {"from": text_of(start), "to": text_of(end + beyond)}
    asked = (page.ask.maybe(f"conditions/{one['id']}/windows", **span) for one in conditions)
    return [one for one in await together(*asked) if one and one["timeline"]]


async def zones_of(page: Page, conditions: list[Json]) -> dict[str, Json]:
    """The shared zones that conditions name, by their ids."""
    names = sorted({one["zone"]["id"] for one in conditions if "id" in (one.get("zone") or {})})
    if not page.reader.may(Deed.READ_ZONES):
        return {}
    told = await together(*(page.ask.maybe(f"zones/{name}") for name in names))
    return {one["id"]: one["record"] for one in told if one}


def is_over(record: Json, now: datetime) -> bool:
    """Whether an order or a condition has ended."""
    return record.get("to") is not None and instant(record["to"]) <= now


def conditions_now(orders: list[Json], conditions: list[Json], now: datetime) -> list[Json]:
    """The conditions that are not over, of orders that are not."""
    standing = {one["id"] for one in orders if not is_over(one, now)}
    return in_order(one for one in conditions if one["order"] in standing and not is_over(one, now))


def in_order(conditions: Iterable[Json]) -> list[Json]:
    """Conditions with hours and places first, those that hold everywhere last."""
    return sorted(conditions, key=lambda one: (KINDS.index(ConditionKind(one["kind"])), str(one["id"])))


async def _commands(page: Page, devices: list[str]) -> list[Json]:
    if not page.reader.may(Deed.READ_COMMANDS):
        return []
    told = await together(*(page.ask.maybe(f"devices/{one}/commands", limit=COMMANDS) for one in devices))
    rows = [row for one in told if one for row in one["items"]]
    return sorted(rows, key=lambda row: str(row["made"]), reverse=True)


async def _curfews(page: Page, wearer: str, orders: list[Json]) -> list[Json]:
    if not page.reader.may(Deed.READ_VIOLATIONS) or all(one.get("atv_allowance_min") is None for one in orders):
        return []
    return (await page.ask.items("violations", wearer=wearer, kind="curfew"))[0]


async def _list(page: Page, deed: Deed, path: str, **wanted: Any) -> tuple[list[Json], bool]:
    """The items of a list for who may read it, records as themselves with their version; and whether there are more."""
    if not page.reader.may(deed):
        return [], False
    items, more = await page.ask.items(path, most=MOST, **wanted)
    return [kept(one) for one in items], more


def kept(item: Json) -> Json:
    """A record of the caseload with its id and version; other things as they are."""
    return item | item["record"] if "record" in item else item
