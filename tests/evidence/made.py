"""A wearer's caseload made by hand, and violations of it, for the tests of the sheets."""

from __future__ import annotations

from typing import Any, Final

from bailiwick.timezones import pinned_time_zones
from domain.caseload_file import parse_record
from domain.instants import HOUR_US, MINUTE_US, parse_instant
from domain.records import Order, Version
from domain.violations import Violation
from domain.vocabulary import Kind
from evidence.order_windows import Held, held
from tests.store.made import violation_of

ZONES: Final = pinned_time_zones()
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOME: Final = {"name": "home", "lon": 0.5, "lat": 51.2, "radius_m": 50}
SINCE: Final = "2026-09-01T09:00:00Z"


def every_day(start: str, end: str) -> list[dict[str, str]]:
    return [{"day": day, "start": start, "end": end} for day in DAYS]


def version(**body: Any) -> Version:
    record = parse_record({name.rstrip("_"): value for name, value in body.items()}, ZONES.names)
    return Version(record)


def wearer(*more: Version, kind: str = "community", **order: Any) -> list[Version]:
    """W1 with a location tag, a home unit, and O1: from `SINCE` to the end of March."""
    span = {"from_": SINCE, "to": "2027-04-01T00:00:00Z"}
    return [
        version(type="wearer", id="W1", name="Ansel Quill"),
        version(type="device", id="T1", kind="gps_tag"),
        version(type="fitting", id="F1", wearer="W1", device="T1", from_=SINCE),
        version(type="order", id="O1", wearer="W1", kind=kind, **(span | order)),
        *more,
    ]


def curfew(name: str = "C1", start: str = "19:00", end: str = "07:00", **more: Any) -> Version:
    made: dict[str, Any] = {"place": HOME, "timetable": every_day(start, end)}
    return version(type="condition", id=name, order="O1", kind="curfew", **(made | more))


def assessed(violation: str, decision: str, name: str = "B1", at: str = "2026-11-20T09:00:00Z") -> Version:
    return version(type="assessment", id=name, violation=violation, decision=decision, at=at, reason="as said")


def known(*versions: Version) -> Held:
    return held(versions, ZONES)


def order_of(of: Held, name: str = "O1") -> Order:
    found = of.book.newest(Order, name)
    assert found is not None
    return found


def us(text: str) -> int:
    return parse_instant(f"{text}:00Z")


def out(
    number: int, start: str, end: str | None, certain: float | None = None, possible: float | None = None, **more: Any
) -> Violation:
    """A curfew's violation; minutes are those of its span, unless told."""
    told: dict[str, Any] = {"kind": Kind.CURFEW, "from_us": us(start), "decided_us": us(start)}
    if end is not None:
        minutes = (us(end) - us(start)) / MINUTE_US
        told |= {"to_us": us(end), "minutes_certain": certain if certain is not None else minutes}
        told |= {"minutes_possible": possible if possible is not None else minutes}
    return violation_of(f"W1-{number}", **(told | more))


def hours(us_: int) -> float:
    return us_ / HOUR_US
