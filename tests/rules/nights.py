"""Small worlds of one wearer for tests of rules: a caseload, devices that send, and what comes out of every way to run it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from domain.instants import format_instant, parse_instant
from tests.rules.running import EVERYTHING, Running, batches_of, caseload_of, lines_of

Line = dict[str, Any]
Told = tuple[Any, ...]
DAY = "2026-11-02T"
"""A Monday."""
HOME = {"name": "home", "lon": 0.5, "lat": 51.2, "radius_m": 50, "home_unit": None}
AWAY_LAT = 51.21
EVERY_NIGHT = [
    {"day": day, "start": "19:00", "end": "07:00"} for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
]


def us(clock: str) -> int:
    """``20:15``, ``20:15:30.001`` of the Monday; ``Tue 20:15`` and ``Sun 20:15`` of the days after and before it."""
    days = {"Sun": "2026-11-01T", "Mon": DAY, "Tue": "2026-11-03T", "Wed": "2026-11-04T"}
    day, _, time = clock.rpartition(" ")
    return parse_instant(f"{days[day or 'Mon']}{time if time.count(':') > 1 else time + ':00'}Z")


def at(clock: str) -> str:
    """The same as it is printed."""
    return format_instant(us(clock))


def each(first: str, last: str, every_s: int = 60) -> range:
    """Instants from one to another, both included."""
    return range(us(first), us(last) + 1, every_s * 1_000_000)


def tagged(unit: bool = False, **order: Any) -> list[Line]:
    """W1 with an order O1, a location tag T1, or a curfew tag R1 and a home unit H1."""
    devices = [("R1", "rf_tag"), ("H1", "home_unit")] if unit else [("T1", "gps_tag")]
    since = at("Sun 09:00")
    records: list[Line] = [
        {"type": "wearer", "id": "W1", "name": "Ada Marsh"},
        {
            "type": "order",
            "id": "O1",
            "wearer": "W1",
            "kind": "bail",
            "from": since,
            "to": None,
            "review": "2027-02-01T00:00:00Z",
        }
        | order,
    ]
    for device, kind in devices:
        records.append({"type": "device", "id": device, "kind": kind})
        records.append(
            {"type": "fitting", "id": f"F-{device}", "wearer": "W1", "device": device, "from": since, "to": None}
        )
    return records


def curfew(condition: str = "C1", order: str = "O1", unit: str | None = None, **more: Any) -> Line:
    """A curfew every night from 19:00 to 07:00, in winter."""
    place = HOME | {"home_unit": unit}
    record = {"type": "condition", "id": condition, "order": order, "kind": "curfew", "place": place}
    return record | {"timezone": "Europe/London", "timetable": EVERY_NIGHT, "grace_s": 300} | more


def learnt(clock: str, record: Line, **more: Any) -> Line:
    return {"learnt": at(clock), "holds_from": None, "record": record, **more}


def ticks(*clocks: str) -> list[Line]:
    return [{"tick": at(clock)} for clock in clocks]


def ticking(first: str, last: str, every_s: int = 60) -> list[Line]:
    return [{"tick": format_instant(instant)} for instant in each(first, last, every_s)]


class Sender:
    """Messages of one device, one item each, a second on the way unless ``received`` says when."""

    def __init__(self, device: str) -> None:
        self.device = device
        self.seq = 0

    def fix(self, instant: int, lat: float = 51.2, lon: float = 0.5, received: int | None = None) -> Line:
        return self._sent(instant, received, "fixes", {"lat": lat, "lon": lon, "acc": 8.0})

    def event(self, instant: int, code: str, state: str = "pulse", received: int | None = None, **data: Any) -> Line:
        return self._sent(
            instant, received, "events", {"code": code, "state": state, **({"data": data} if data else {})}
        )

    def _sent(self, instant: int, received: int | None, key: str, item: Line) -> Line:
        self.seq += 1
        came = instant + 1_000_000 if received is None else received
        envelope = {"v": 1, "sent": instant // 1000 + 500, key: [{"seq": self.seq, "t": instant // 1000, **item}]}
        return {"received": format_instant(came), "device": self.device, "envelope": envelope}


def _when(line: Line) -> int:
    return parse_instant(str(line.get("received") or line.get("tick") or line.get("learnt")))


def printed(
    records: Iterable[Line], lines: Sequence[Line], cut: int = 20, *, restarts: bool = False, max_log: int = EVERYTHING
) -> list[str]:
    """What the rules print, the lines taken in the order of their instants."""
    running = Running(caseload_of([json.dumps(record) for record in records]), max_log=max_log)
    feed = [json.dumps(line) for line in sorted(lines, key=_when)]
    for batch in batches_of(running.versions, feed, running.roster, cut, None):
        running.take(batch)
        if restarts:
            running.restart()
    return lines_of(running.said)


def told(records: Sequence[Line], lines: Sequence[Line], kinds: Iterable[str], keys: Sequence[str]) -> list[Told]:
    """Those keys of the versions of some kinds; the same however it is cut, restarted and forgotten."""
    whole = printed(records, lines, 1 << 20)
    assert printed(records, lines, 1) == whole
    assert printed(records, lines, 7, restarts=True) == whole
    assert printed(records, lines, 5, max_log=20) == whole
    wanted = set(kinds)
    return [tuple(version[key] for key in keys) for version in map(json.loads, whole) if version["kind"] in wanted]
