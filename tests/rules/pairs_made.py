"""A wearer, a victim, another wearer, and feeds of their fixes on one meridian: metres north of a point, seconds after
an instant. What a test says is where and when; what it asks is what stands at the end."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from domain.instants import SECOND_US, format_instant, parse_instant
from geofence.geodesy import metres_per_degree
from tests.rules.running import decided

START = "2026-11-10T10:00:00Z"
START_US = parse_instant(START)
SINCE, UNTIL = "2026-11-01T09:00:00Z", "2027-02-01T00:00:00Z"
LAT, LON = 51.2, 0.5
ACC = 5.0
TAG, OTHER_TAG, UNIT = "T1", "T2", "U1"

PROXIMITY: dict[str, Any] = {"type": "condition", "id": "C1", "order": "O1", "kind": "proximity", "victim": "V1"}
PROXIMITY |= {"alert_m": 500, "prealert_m": 1000}
ASSOCIATION = {"type": "condition", "id": "C2", "order": "O1", "kind": "association", "other_wearer": "W2"}


def at(seconds: float) -> str:
    """An instant so many seconds after the start."""
    return format_instant(START_US + round(seconds * SECOND_US))


def caseload(*conditions: dict[str, Any], **order: Any) -> list[str]:
    """Two wearers, a victim, a device each, and these conditions of the first wearer's order."""
    records: list[dict[str, Any]] = [
        {"type": "wearer", "id": "W1"},
        {"type": "wearer", "id": "W2"},
        {"type": "victim", "id": "V1"},
        {"type": "device", "id": TAG, "kind": "gps_tag"},
        {"type": "device", "id": OTHER_TAG, "kind": "gps_tag"},
        {"type": "device", "id": UNIT, "kind": "victim_unit"},
        {"type": "fitting", "id": "F1", "wearer": "W1", "device": TAG, "from": SINCE},
        {"type": "fitting", "id": "F2", "wearer": "W2", "device": OTHER_TAG, "from": SINCE},
        {"type": "fitting", "id": "F3", "victim": "V1", "device": UNIT, "from": SINCE},
        {"type": "order", "id": "O1", "wearer": "W1", "kind": "community", "from": SINCE, "to": UNTIL} | order,
        *conditions,
    ]
    return [json.dumps(record) for record in records]


def suspended(since: float, until: float) -> str:
    """A suspension of the first wearer's order."""
    return json.dumps({"type": "suspension", "id": "S1", "order": "O1", "from": at(since), "to": at(until)})


@dataclass
class Feed:
    """Lines of a feed as they are said; each device counts its own facts."""

    lines: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    seqs: dict[str, int] = field(default_factory=dict)

    def fix(
        self, device: str, seconds: float, north_m: float, received: float | None = None, acc: float = ACC, **more: Any
    ) -> Feed:
        """One fix, received at once unless said otherwise."""
        _, metres = metres_per_degree(LAT)
        item = {"seq": self._next(device), "t": _ms(seconds), "lat": LAT + north_m / metres, "lon": LON, "acc": acc}
        return self._message(device, seconds if received is None else received, fixes=[item | more])

    def event(self, device: str, seconds: float, code: str, state: str = "pulse") -> Feed:
        """One event."""
        item = {"seq": self._next(device), "t": _ms(seconds), "code": code, "state": state}
        return self._message(device, seconds, events=[item])

    def tick(self, seconds: float) -> Feed:
        """The clock."""
        self.lines.append((seconds, {"tick": at(seconds)}))
        return self

    def learnt(self, seconds: float, **record: Any) -> Feed:
        """A record."""
        self.lines.append((seconds, {"learnt": at(seconds), "record": record}))
        return self

    def said(self) -> list[str]:
        """The lines in the order received."""
        return [json.dumps(line) for _, line in sorted(self.lines, key=lambda one: one[0])]

    def _next(self, device: str) -> int:
        self.seqs[device] = self.seqs.get(device, 0) + 1
        return self.seqs[device]

    def _message(self, device: str, received: float, **items: Any) -> Feed:
        envelope = {"v": 1, "sent": _ms(received)} | items
        self.lines.append((received, {"received": at(received), "device": device, "envelope": envelope}))
        return self


def _ms(seconds: float) -> int:
    return (START_US + round(seconds * SECOND_US)) // 1000


def every_way(records: Sequence[str], lines: Sequence[str]) -> list[dict[str, Any]]:
    """The versions of a feed, however it is cut, restarted and forgotten: they are the same, to the byte."""
    said = decided(records, lines)
    assert decided(records, lines, 1) == said
    assert decided(records, lines, 1, restarts=True) == said
    assert decided(records, lines, 2, max_log=3) == said
    return [json.loads(line) for line in said]


def standing(versions: Sequence[dict[str, Any]], *kinds: str) -> list[dict[str, Any]]:
    """The current violations of these kinds, in order of `from`."""
    newest = {version["id"]: version for version in versions}
    found = [v for v in newest.values() if v["change"] != "withdrawn" and v["kind"] in kinds]
    return sorted(found, key=lambda v: (v["from"], v["kind"]))


def spans(versions: Sequence[dict[str, Any]], *kinds: str) -> list[tuple[float, float | None]]:
    """`from` and `to` of the current violations of these kinds, in seconds after the start."""

    def seconds(text: str | None) -> float | None:
        return None if text is None else (parse_instant(text) - START_US) / SECOND_US

    return [(seconds(v["from"]) or 0.0, seconds(v["to"])) for v in standing(versions, *kinds)]
