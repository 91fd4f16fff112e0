"""What the fake reading side makes of rows: positions and records as they are told, filters, and what is live of alerts."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from domain.caseload_file import record_as_json
from domain.instants import MINUTE_US
from domain.records import Absence, Condition, Order, Suspension, Version, Wearer, Zone
from domain.violations import Violation
from domain.vocabulary import AlertWork, Quality, Severity, Source
from store.alert_figures import FLOOD_US, MINUTES, AlertsNow, Load, Unclaimed
from store.reading_types import (
    AlertFilter,
    AlertRow,
    DeadLetterFilter,
    DeadLetterRow,
    IncidentRow,
    PositionRow,
    ViolationFilter,
)


@dataclass
class Letters:
    """Parked messages."""

    letters: list[DeadLetterRow] = field(default_factory=list)

    async def dead_letters(self, wanted: DeadLetterFilter, before: int | None, limit: int) -> list[DeadLetterRow]:
        found = [
            one
            for one in sorted(self.letters, key=lambda one: -one.no)
            if wanted.reason in (None, one.reason)
            and wanted.device in (None, one.device)
            and (one.critical or not wanted.critical)
        ]
        return [one for one in found if before is None or one.no < before][:limit]


def record_of(record: Any) -> dict[str, Any]:
    return {key: value for key, value in record_as_json(record).items() if key != "type"}


def position_of(device: str, fact: Any) -> PositionRow:
    words = Source(int(fact["src"])).name.lower(), Quality(int(fact["quality"])).name.lower()
    place = (float(fact["lat"]), float(fact["lon"]), float(fact["acc"]))
    motion = [None if value != value else float(value) for value in (fact["spd"], fact["hdg"])]
    identity = int(fact["gen"]), int(fact["seq"])
    return PositionRow("", device, int(fact["t_us"]), int(fact["received_us"]), *place, *words, *identity, *motion)


def fits(wanted: ViolationFilter, violation: Violation) -> bool:
    return (
        wanted.wearer in (None, violation.wearer)
        and (not wanted.kinds or violation.kind in wanted.kinds)
        and wanted.condition in (None, violation.condition)
        and wanted.open in (None, violation.to_us is None)
        and (violation.current or not wanted.current)
        and (wanted.from_us is None or violation.to_us is None or violation.to_us >= wanted.from_us)
        and (wanted.to_us is None or violation.from_us < wanted.to_us)
    )


def alerts_now_of(rows: Collection[AlertRow], incidents: Iterable[IncidentRow], now_us: int) -> AlertsNow:
    waiting: dict[Severity, list[int]] = {}
    for row in rows:
        if row.work is AlertWork.RAISED and row.grouped_under is None and not row.withdrawn:
            waiting.setdefault(row.severity, []).append(row.raised_us)
    unclaimed = {severity: Unclaimed(len(times), min(times)) for severity, times in waiting.items()}
    whole_us = now_us - now_us % FLOOD_US
    came = [row for row in rows if whole_us - FLOOD_US <= row.raised_us < whole_us and row.grouped_under is None]
    load = Load(whole_us - FLOOD_US, sum(row.severity is not Severity.INFORMATION for row in came), 0)
    to_us = now_us - now_us % MINUTE_US + MINUTE_US
    told = [row.raised_us for row in rows if row.grouped_under is None]
    minutes = tuple(
        sum(0 <= at_us - start < MINUTE_US for at_us in told)
        for start in range(to_us - MINUTES * MINUTE_US, to_us, MINUTE_US)
    )
    standing = [one for one in incidents if one.closed_us is None]
    return AlertsNow(now_us, unclaimed, load, minutes, len(standing), sum(one.silent for one in standing))


def caseload_of_wearers(records: Collection[Any], mine: set[str]) -> list[Version]:
    orders = {one.id for one in records if isinstance(one, Order) and one.wearer in mine}
    conditions = {one.id: one.zone for one in records if isinstance(one, Condition) and one.order in orders}
    zones = set(conditions.values())
    return [
        Version(one)
        for one in records
        if (isinstance(one, Wearer) and one.id in mine)
        or (isinstance(one, Order) and one.id in orders)
        or (isinstance(one, Condition) and one.id in conditions)
        or (isinstance(one, Suspension) and one.order in orders)
        or (isinstance(one, Absence) and one.condition in conditions)
        or (isinstance(one, Zone) and one.id in zones)
    ]


def fits_alert(wanted: AlertFilter, row: AlertRow) -> bool:
    return (
        wanted.wearer in (None, row.wearer)
        and (not wanted.severities or row.severity in wanted.severities)
        and wanted.state in (None, row.state)
        and (wanted.withdrawn or not row.withdrawn)
        and wanted.grouped_under in (None, row.grouped_under)
        and wanted.grouped in (None, row.grouped_under is not None)
        and (not wanted.works or row.work in wanted.works)
        and wanted.holder in (None, row.holder)
    )
