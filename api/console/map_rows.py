"""The map as lines of a table: who is where, since when, and with what alert. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from api.console.words import SEVERITY_ORDER
from domain.instants import MINUTE_US, SECOND_US, parse_instant

OLD_US: Final = 10 * MINUTE_US
"""A fix from before is where somebody was, not where they are; the map draws it hollow."""
RANK: Final = {severity.value: place for place, severity in enumerate(SEVERITY_ORDER)}
NOBODY: Final = len(RANK)


@dataclass(frozen=True, slots=True)
class Alerting:
    """The worst open alert of a wearer, and how many there are."""

    worst: Mapping[str, Any]
    count: int


@dataclass(frozen=True, slots=True)
class Row:
    """One wearer. ``age_s`` is that of the fix."""

    wearer: str
    t: str
    age_s: float
    old: bool
    lon: float
    lat: float
    acc: float
    alerting: Alerting | None

    @property
    def rank(self) -> int:
        """The worst first; those without an alert last."""
        return NOBODY if self.alerting is None else RANK[self.alerting.worst["severity"]]


def alerting_of(alerts: Iterable[Mapping[str, Any]]) -> dict[str, Alerting]:
    """By wearer; of two of one severity the one that was raised first."""
    found: dict[str, Alerting] = {}
    for alert in sorted(alerts, key=lambda one: (RANK[one["severity"]], one["raised"])):
        wearer = alert["wearer"]
        if wearer is not None:
            known = found.get(wearer)
            found[wearer] = Alerting(alert, 1) if known is None else Alerting(known.worst, known.count + 1)
    return found


def rows_of(positions: Iterable[Mapping[str, Any]], alerting: Mapping[str, Alerting], now_us: int) -> list[Row]:
    """Positions of the API with the alerts of their wearers."""
    rows = []
    for one in positions:
        age_us = now_us - parse_instant(one["t"])
        place = (one["lon"], one["lat"], one["acc"])
        about = alerting.get(one["wearer"])
        rows.append(Row(one["wearer"], one["t"], age_us / SECOND_US, age_us > OLD_US, *place, about))
    return rows


SORTS: Final[dict[str, Callable[[Row], Any]]] = {
    "alert": lambda row: (row.rank, "" if row.alerting is None else row.alerting.worst["raised"], row.wearer),
    "wearer": lambda row: row.wearer,
    "oldest": lambda row: (-row.age_s, row.wearer),
    "newest": lambda row: (row.age_s, row.wearer),
}


def sorted_rows(rows: Iterable[Row], sort: str) -> list[Row]:
    """In the order of that name (`SORTS`)."""
    return sorted(rows, key=SORTS[sort])
