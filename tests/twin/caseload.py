"""What was known: every version of every record, and what held at an instant by the versions known (rules.md 10)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any, TypeVar, cast

from domain.instants import DAY_US, EARLY_US, FAR_US, parse_instant
from tests.twin.spans import Span, Spans, cut, less, merged
from tests.twin.timetables import windows

Record = dict[str, Any]
ZONE_KINDS = ("exclusion_zone", "inclusion_zone", "restriction_zone")
HORIZON_US = 800 * DAY_US
"""How far from its order's start a timetable without an end is followed."""


Method = TypeVar("Method", bound=Callable[..., Any])


def remembered(method: Method) -> Method:
    """Keep what a question gave until a record is learnt. Nobody changes an answer."""

    def asked(self: Caseload, *args: Any) -> Any:
        key = (method.__name__, *args)
        if key not in self.answers:
            self.answers[key] = method(self, *args)
        return self.answers[key]

    return cast(Method, asked)


class Caseload:
    """Versions by (type, id) in the order learnt; ``changes`` counts them, so that what was worked out can be kept."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.versions: dict[tuple[str, str], list[tuple[int, Record | None]]] = {}
        self.changes = 0
        self.answers: dict[tuple[Any, ...], Any] = {}
        for line in lines:
            if line.strip():
                record = json.loads(line)
                self.learn(record, EARLY_US, cancelled=False)

    def learn(self, record: Record, holds_from: int, *, cancelled: bool) -> None:
        key = (record["type"], record["id"])
        self.versions.setdefault(key, []).append((holds_from, None if cancelled else record))
        self.changes += 1
        self.answers.clear()

    @remembered
    def ids(self, kind: str) -> list[str]:
        return [i for t, i in self.versions if t == kind]

    @remembered
    def segments(self, kind: str, record_id: str) -> list[tuple[int, int, Record]]:
        """``(from, to, record)``: at an instant the version learnt last of those that hold by then."""
        versions = self.versions.get((kind, record_id), [])
        starts = sorted({holds for holds, _ in versions})
        out = []
        for at, start in enumerate(starts):
            held = [record for holds, record in versions if holds <= start][-1]
            if held is not None:
                out.append((start, starts[at + 1] if at + 1 < len(starts) else FAR_US, held))
        return out

    def at(self, kind: str, record_id: str, instant: int) -> Record | None:
        for low, high, record in self.segments(kind, record_id):
            if low <= instant < high:
                return record
        return None

    def near(self, kind: str, record_id: str, instant: int) -> Record | None:
        """The version of the instant; before there was one the first, after there was one the last."""
        segments = self.segments(kind, record_id)
        for _low, high, record in segments:
            if instant < high:
                return record
        return segments[-1][2] if segments else None

    # fittings and orders

    @remembered
    def fittings(self, device: str) -> list[tuple[int, int, Record]]:
        """When the device was on somebody: ``(from, to, fitting)``."""
        out = []
        for fitting_id in self.ids("fitting"):
            for low, high, record in self.segments("fitting", fitting_id):
                if record["device"] == device:
                    start, end = (
                        max(low, instant_of(record, "from", EARLY_US)),
                        min(high, instant_of(record, "to", FAR_US)),
                    )
                    if start < end:
                        out.append((start, end, record))
        return _joined(sorted(out, key=lambda item: item[0]))

    def fitting_at(self, device: str, instant: int) -> tuple[int, int, Record] | None:
        for low, high, record in self.fittings(device):
            if low <= instant < high:
                return low, high, record
        return None

    def wearer_of(self, device: str, instant: int) -> str | None:
        found = self.fitting_at(device, instant)
        return found[2].get("wearer") if found else None

    @remembered
    def order_spans(self, order_id: str) -> Spans:
        out = []
        for low, high, record in self.segments("order", order_id):
            out.append((max(low, instant_of(record, "from", EARLY_US)), min(high, instant_of(record, "to", FAR_US))))
        return merged(out)

    @remembered
    def active(self, wearer: str) -> Spans:
        """When the wearer has an active order."""
        return merged(
            span for o in self.ids("order") if self._order_of(o)["wearer"] == wearer for span in self.order_spans(o)
        )

    def _order_of(self, order_id: str) -> Record:
        versions = [record for _, record in self.versions[("order", order_id)] if record is not None]
        return versions[-1]

    def device(self, device_id: str, instant: int) -> Record:
        found = self.near("device", device_id, instant)
        assert found is not None, device_id
        return found

    # conditions

    @remembered
    def conditions(self, wearer: str, kinds: tuple[str, ...]) -> list[str]:
        out = []
        for condition_id in self.ids("condition"):
            record = self.newest("condition", condition_id)
            if record["kind"] in kinds and self._order_of(record["order"])["wearer"] == wearer:
                out.append(condition_id)
        return sorted(out)

    @remembered
    def newest(self, kind: str, record_id: str) -> Record:
        return [record for _, record in self.versions[(kind, record_id)] if record is not None][-1]

    @remembered
    def windows_of(self, condition_id: str) -> Spans:
        """Order and condition in force, in the windows of the timetable; absences and suspensions change nothing."""
        out: Spans = []
        for low, high, record in self.segments("condition", condition_id):
            for first, last in self._in_force(low, high, record):
                rows = record.get("schedule" if record["kind"] in ZONE_KINDS else "timetable")
                if rows is None:
                    out.append((first, last))
                else:
                    zone = record.get("timezone") or "Europe/London"
                    found = list(_expanded(json.dumps(rows), zone, first, min(last, first + HORIZON_US)))
                    out.extend(cut(found, [(first, last)]))
        return merged(out)

    def _in_force(self, low: int, high: int, record: Record) -> Spans:
        start = max(low, instant_of(record, "from", EARLY_US))
        end = min(high, instant_of(record, "to", FAR_US))
        return cut([(start, end)], self.order_spans(record["order"]))

    @remembered
    def in_force(self, condition_id: str) -> Spans:
        """Order and condition in force, whatever the timetable says."""
        return merged(s for held in self.segments("condition", condition_id) for s in self._in_force(*held))

    @remembered
    def protected(self, victim: str) -> Spans:
        """When an order protects the victim."""
        ids = [i for i in self.ids("condition") if self.newest("condition", i).get("victim") == victim]
        return merged(span for i in ids for span in self.in_force(i))

    @remembered
    def protecting(self, victim: str) -> Spans:
        """When a condition that names the victim is enforced."""
        ids = [i for i in self.ids("condition") if self.newest("condition", i).get("victim") == victim]
        return merged(span for i in ids for span in self.enforced(i))

    @remembered
    def orders(self, wearer: str) -> list[str]:
        return sorted(i for i in self.ids("order") if self._order_of(i)["wearer"] == wearer)

    @remembered
    def absences_of(self, condition_id: str) -> Spans:
        return self._excused("absence", "condition", condition_id)

    @remembered
    def suspensions_of(self, condition_id: str) -> Spans:
        return self.suspensions_of_order(self.newest("condition", condition_id)["order"])

    @remembered
    def suspensions_of_order(self, order_id: str) -> Spans:
        return self._excused("suspension", "order", order_id)

    def _excused(self, kind: str, key: str, value: str) -> Spans:
        out: Spans = []
        for record_id in self.ids(kind):
            for low, high, record in self.segments(kind, record_id):
                if record[key] == value:
                    start = max(low, instant_of(record, "from", EARLY_US))
                    end = min(high, instant_of(record, "to", FAR_US))
                    out.extend(cut([(start, end)], self._within(record, start, end)))
        return merged(out)

    def _within(self, record: Record, start: int, end: int) -> Spans:
        rows = record.get("timetable")
        if rows is None:
            return [(start, end)]
        zone = record.get("timezone") or "Europe/London"
        return list(_expanded(json.dumps(rows), zone, start, min(end, start + HORIZON_US)))

    @remembered
    def enforced(self, condition_id: str) -> Spans:
        excused = merged(self.absences_of(condition_id) + self.suspensions_of(condition_id))
        return less(self.windows_of(condition_id), excused)

    def told_at(self, condition_id: str) -> int:
        """When the wearer was told: the condition's own instant, or else its order's, or else the order's start."""
        record = self.newest("condition", condition_id)
        return parse_instant(record["told_at"]) if record.get("told_at") else self.order_told_at(record["order"])

    def order_told_at(self, order_id: str) -> int:
        order = self._order_of(order_id)
        return instant_of(order, "told_at" if order.get("told_at") else "from", EARLY_US)

    def shape(self, condition: Record, instant: int) -> Record:
        zone: Record = condition["zone"]
        if "id" in zone:
            found = self.near("zone", zone["id"], instant)
            assert found is not None
            shape: Record = found["shape"]
            return shape
        return zone

    @remembered
    def checked(self, device: str) -> list[int]:
        """When a person recorded an equipment check of the device."""
        return sorted(
            max(low, parse_instant(record["at"]))
            for i in self.ids("equipment_check")
            for low, _high, record in self.segments("equipment_check", i)
            if record["device"] == device
        )

    @remembered
    def visited(self, wearer: str) -> list[int]:
        """When a visit was made that can confirm where the home unit stands."""
        return sorted(
            max(low, parse_instant(record["at"]))
            for i in self.ids("visit")
            for low, _high, record in self.segments("visit", i)
            if record["wearer"] == wearer and record["outcome"] == "done" and record["kind"] != "remove"
        )

    @remembered
    def assessed(self, violation: str) -> list[tuple[int, int, str]]:
        """``(from, to, decision)`` of each assessment of a violation, from when it was made."""
        out = []
        for name in self.ids("assessment"):
            for low, high, record in self.segments("assessment", name):
                start = max(low, instant_of(record, "at", EARLY_US))
                if record["violation"] == violation and start < high:
                    out.append((start, high, record["decision"]))
        return sorted(out, key=lambda item: item[0])

    def decided(self, violation: str, at: int) -> str | None:
        """What officers hold of a violation at an instant: the last by then of what still holds."""
        held = [said for low, high, said in self.assessed(violation) if low <= at < high]
        return held[-1] if held else None

    def wearers(self) -> Iterator[str]:
        return (i for i in self.ids("wearer"))

    def victims(self) -> Iterator[str]:
        return (i for i in self.ids("victim"))


def instant_of(record: Record, key: str, default: int) -> int:
    text = record.get(key)
    return default if text is None else parse_instant(text)


def _joined(items: list[tuple[int, int, Record]]) -> list[tuple[int, int, Record]]:
    """Versions of one fitting that follow each other are one fitting."""
    out: list[tuple[int, int, Record]] = []
    for low, high, record in items:
        if out and out[-1][1] == low and out[-1][2]["id"] == record["id"] and _worn(out[-1][2]) == _worn(record):
            out[-1] = (out[-1][0], high, record)
        else:
            out.append((low, high, record))
    return out


def _worn(record: Record) -> tuple[str | None, str | None]:
    return record.get("wearer"), record.get("victim")


@cache
def _expanded(rows: str, zone: str, low: int, high: int) -> tuple[Span, ...]:
    return tuple(windows(json.loads(rows), zone, low, high))
