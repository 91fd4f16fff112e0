"""Small caseloads and feeds made by hand, run in every way that may not matter: cuts, restarts, facts forgotten."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from domain.instants import SECOND_US, format_instant, parse_instant
from tests.rules.running import EVERYTHING, Running, batches_of, caseload_of, lines_of
from tests.twin.engine import EVERY_KIND, run

Line = dict[str, Any]
HOME = {"name": "home", "lon": 0.5, "lat": 51.2, "radius_m": 50}
AWAY_LAT = 51.21
ORDER_FROM, ORDER_TO = "2026-11-01T09:00:00Z", "2027-02-01T00:00:00Z"
WAYS = ((1 << 30, 0, EVERYTHING), (1, 0, EVERYTHING), (3, 1, EVERYTHING), (5, 0, 20))
"""Lines a batch, restarts every so many batches, facts kept before the oldest are let go of."""


def wearer(*devices: tuple[str, str], wearer_id: str = "W1", order: str = "O1", **more: Any) -> list[Line]:
    """A wearer with devices fitted and an order, all from the order's start."""
    records: list[Line] = [{"type": "wearer", "id": wearer_id, "name": "Ada Marsh"}]
    for device, kind in devices:
        records.append({"type": "device", "id": device, "kind": kind, "interval_s": 60, "upload_s": 60})
        fitting = {"type": "fitting", "id": f"F-{device}", "wearer": wearer_id, "device": device}
        records.append(fitting | {"from": ORDER_FROM, "to": None})
    made = {"type": "order", "id": order, "wearer": wearer_id, "kind": "community", "from": ORDER_FROM, "to": ORDER_TO}
    return [*records, made | more]


def condition(kind: str, condition_id: str = "C1", order: str = "O1", **more: Any) -> Line:
    return {"type": "condition", "id": condition_id, "order": order, "kind": kind, **more}


def us(text: str) -> int:
    """An instant from ``2026-11-02T19:00:00``; a fraction of a second may follow."""
    return parse_instant(f"{text}Z")


class Sender:
    """Messages of one device, one item each."""

    def __init__(self, device: str) -> None:
        self.device = device
        self.seq = 0

    def fix(self, at: str, lat: float = 51.2, *, received: str | None = None, **more: Any) -> Line:
        return self._sent(at, received, "fixes", {"lat": lat, "lon": 0.5, "acc": 8.0, **more})

    def away(self, at: str, *, received: str | None = None) -> Line:
        return self.fix(at, AWAY_LAT, received=received)

    def event(self, at: str, code: str, state: str = "pulse", *, received: str | None = None, **data: Any) -> Line:
        return self._sent(at, received, "events", {"code": code, "state": state, **({"data": data} if data else {})})

    def _sent(self, at: str, received: str | None, key: str, item: dict[str, Any]) -> Line:
        self.seq += 1
        sent_ms = us(at) // 1000
        arrives = us(at) + SECOND_US if received is None else us(received)
        envelope = {"v": 1, "sent": sent_ms, key: [{"seq": self.seq, "t": sent_ms, **item}]}
        return {"received": format_instant(arrives), "device": self.device, "envelope": envelope}


def tick(at: str) -> Line:
    return {"tick": f"{at}Z"}


def learnt(at: str, record: Line, **more: Any) -> Line:
    return {"learnt": f"{at}Z", "holds_from": None, "record": record, **more}


def in_order(lines: Iterable[Line]) -> list[str]:
    """As a feed, by the instants of the lines; those of one instant as they are given."""
    return [json.dumps(line) for line in sorted(lines, key=_when)]


def _when(line: Line) -> int:
    return parse_instant(str(line.get("received") or line.get("tick") or line.get("learnt")))


def said(records: Sequence[Line], lines: Iterable[Line]) -> list[Line]:
    """Every version, the same to the byte whichever way the lines are taken."""
    feed = in_order(lines)
    caseload = [json.dumps(record) for record in records]
    printed = [_run(caseload, feed, *way) for way in WAYS]
    for other in printed[1:]:
        assert other == printed[0]
    return [json.loads(line) for line in printed[0]]


def both(records: list[Line], lines: list[Line]) -> list[Line]:
    """What the rules say, and the twin too."""
    versions = said(records, lines)
    twin = [json.loads(one) for one in run([json.dumps(r) for r in records], in_order(lines), None, EVERY_KIND)]
    for one in (*versions, *twin):
        del one["p_inside"]  # the twin's own arithmetic
    assert versions == twin
    return versions


def _run(caseload: list[str], feed: list[str], cut: int, restart_every: int, max_log: int) -> list[str]:
    running = Running(caseload_of(caseload), max_log=max_log)
    for number, batch in enumerate(batches_of(running.versions, feed, running.roster, cut, None), 1):
        running.take(batch)
        if restart_every and number % restart_every == 0:
            running.restart()
    return lines_of(running.said)


def standing(versions: Iterable[Line], *kinds: str) -> list[Line]:
    """The current violations of some kinds, by their beginning."""
    newest = {version["id"]: version for version in versions}
    found = [v for v in newest.values() if v["change"] != "withdrawn" and v["kind"] in kinds]
    return sorted(found, key=lambda v: (v["from"], v["kind"]))


def told(versions: Iterable[Line], *keys: str) -> list[tuple[Any, ...]]:
    """Only some fields of each."""
    return [tuple(version[key] for key in keys) for version in versions]
