"""A wearer with an order and devices in a few words, and the rules run on it every way that must make no difference."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from domain.instants import SECOND_US, format_instant, parse_instant
from domain.vocabulary import OrderState
from tests.rules.running import Running, batches_of, caseload_of, decided

Line = dict[str, Any]
START = "2026-11-01T00:00:00Z"


def at(clock: str, plus_s: float = 0.0) -> int:
    """``"2 12:30:01"``: the second day after the start at a wall-clock time, in microseconds UTC."""
    day, _, time = clock.partition(" ")
    hour, minute, *second = time.split(":")
    seconds = (int(day) * 24 + int(hour)) * 3600 + int(minute) * 60 + float(second[0] if second else 0)
    return parse_instant(START) + round((seconds + plus_s) * SECOND_US)


def text(clock: str) -> str:
    """The same as the pages write it."""
    return format_instant(at(clock))


def wearer(name: str = "W1") -> Line:
    return {"type": "wearer", "id": name}


def order(name: str = "O1", since: str = "0 00:00", until: str = "60 00:00", **more: Any) -> Line:
    spans = {"from": text(since), "to": text(until)}
    return {"type": "order", "id": name, "wearer": "W1", "kind": "community", **spans, **more}


def device(name: str, kind: str = "gps_tag", upload_s: int = 60) -> Line:
    return {"type": "device", "id": name, "kind": kind, "interval_s": 60, "upload_s": upload_s}


def fitting(name: str, since: str = "0 00:00", until: str | None = None, person: str = "W1") -> Line:
    who = {"victim": person} if person.startswith("V") else {"wearer": person}
    end = None if until is None else text(until)
    return {
        "type": "fitting",
        "id": f"F-{name}-{since}".replace(" ", "d"),
        "device": name,
        "from": text(since),
        "to": end,
        **who,
    }


def suspension(since: str, until: str | None) -> Line:
    end = None if until is None else text(until)
    return {"type": "suspension", "id": "S1", "order": "O1", "from": text(since), "to": end}


def visit(when: str, outcome: str, name: str = "X1") -> Line:
    return {"type": "visit", "id": name, "wearer": "W1", "kind": "fit", "at": text(when), "outcome": outcome}


def tick(clock: str) -> Line:
    return {"tick": text(clock)}


def learnt(clock: str, record: Line, holds_from: str | None = None) -> Line:
    return {"learnt": text(clock), "holds_from": None if holds_from is None else text(holds_from), "record": record}


class Sender:
    """Messages of one device. Without a `received` of its own a message comes when it is sent, a second after its item."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.seq = 0

    def fix(self, clock: str, received: str | None = None, **more: Any) -> Line:
        return self.items(clock, received, fixes=[{"lat": 51.2, "lon": 0.5, "acc": 8.0, **more}])

    def event(self, clock: str, code: str, state: str = "pulse", received: str | None = None, **data: Any) -> Line:
        return self.items(clock, received, events=[{"code": code, "state": state, **({"data": data} if data else {})}])

    def items(self, clock: str, received: str | None = None, **groups: list[Line]) -> Line:
        t = at(clock)
        for item in (item for group in groups.values() for item in group):
            self.seq += 1
            item["seq"], item["t"] = item.get("seq", self.seq), t // 1000
        came = t + SECOND_US if received is None else at(received)
        return self.message(came, came, **groups)

    def message(self, came: int, sent: int, **groups: list[Line]) -> Line:
        """One envelope; instants in microseconds."""
        return {
            "received": format_instant(came),
            "device": self.name,
            "envelope": {"v": 1, "sent": sent // 1000, **groups},
        }

    def bad(self, clock: str) -> Line:
        return {"received": text(clock), "device": self.name, "envelope": {"v": 1}}


def when(line: Line) -> int:
    return parse_instant(str(line.get("received") or line.get("tick") or line.get("learnt")))


def said(records: Sequence[Line], lines: Iterable[Line], kinds: set[str], check: bool = True) -> list[Line]:
    """Every version of these kinds, the same however the feed is cut, restarted and forgotten."""
    caseload, feed = [json.dumps(record) for record in records], [json.dumps(line) for line in lines]
    whole = decided(caseload, feed, len(feed) + 1, restarts=False)
    if check:
        assert decided(caseload, feed, 1, restarts=False) == whole
        assert decided(caseload, feed, 3, restarts=True) == whole
        assert decided(caseload, feed, 2, restarts=False, max_log=2) == whole
    return [version for version in map(json.loads, whole) if version["kind"] in kinds]


def states_after(records: Sequence[Line], lines: Iterable[Line]) -> dict[OrderState, int]:
    """How many orders are in which state after a feed, those that are none left out."""
    running = Running(caseload_of(json.dumps(record) for record in records))
    for batch in batches_of(running.versions, [json.dumps(line) for line in lines], running.roster, 10, None):
        running.take(batch)
    return {state: number for state, number in running.rules.order_states().items() if number}


def shown(versions: Iterable[Line], *keys: str) -> list[tuple[Any, ...]]:
    """These fields of each; instants as the clock of this page."""
    return [tuple(_short(version[key]) for key in keys) for version in versions]


def _short(value: Any) -> Any:
    if not isinstance(value, str) or not value.endswith("Z"):
        return value
    seconds, fraction = divmod(parse_instant(value) - parse_instant(START), SECOND_US)
    day, rest = divmod(seconds, 86_400)
    clock = f"{day} {rest // 3600:02}:{rest // 60 % 60:02}"
    second = rest % 60 + fraction / SECOND_US
    return clock if not second else f"{clock}:{second:02g}"
