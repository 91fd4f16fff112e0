"""Orders and conditions in plain words, from their records."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from domain.national_grid import references
from domain.records import Circle, Condition, Corridor, Order, Place, Shape, Timetable
from domain.vocabulary import ZONE_KINDS, ConditionKind
from evidence.document.times import NO_END, from_to, local
from evidence.document.words import CONDITIONS, ORDERS, counted, listed
from geofence.wallclock import Zone

DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
SEALED: Final = "It points at a protected person: where, and who, is in the sealed annex."
DAY_S: Final = 86_400


def condition_name(condition: Condition) -> str:
    """``Curfew "Home"``, ``Exclusion zone C4``."""
    return f"{CONDITIONS[condition.kind]} {f'“{condition.name}”' if condition.name else condition.id}"


def order_name(order: Order) -> str:
    """``Community order O1``."""
    return f"{ORDERS[order.kind]} {order.id}"


def order_phrase(order: Order) -> str:
    """``community order O1``, within a sentence."""
    words = ORDERS[order.kind]
    return f"{words[:1].lower()}{words[1:]} {order.id}"


def condition_sentences(condition: Condition, *, sealed: bool, zone_name: str = "") -> list[str]:
    """What the condition asks, one sentence each."""
    said = list(_asks(condition, zone_name))
    if sealed:
        said.append(SEALED)
    said.append(f"It holds {timetable_words(condition.timetable)}." if condition.kind not in _WITHOUT_TIMES else "")
    if condition.override:
        said.append(
            f"Hours over the limit of this kind of order were allowed by {condition.override.by}: {condition.override.reason}"
        )
    return [one for one in said if one]


def timetable_words(timetable: Timetable | None) -> str:
    """``on Monday and Tuesday from 19:00 to 07:00 the next day (clock of Europe/London)``."""
    if timetable is None or not timetable.rows:
        return "at all times"
    days: dict[tuple[int, int], list[int]] = {}
    for row in timetable.rows:
        days.setdefault((row.start_s, row.end_s), []).append(row.day)
    said = [
        f"on {_days(sorted(set(found)))} from {clock_words(start)} to {_end(start, end)}"
        for (start, end), found in days.items()
    ]
    return f"{'; '.join(said)} (clock of {timetable.timezone})"


def clock_words(seconds: int) -> str:
    """``19:00``, or ``19:00:30`` where the seconds say something."""
    hours, rest = divmod(seconds, 3_600)
    minutes, second = divmod(rest, 60)
    return f"{hours:02d}:{minutes:02d}{f':{second:02d}' if second else ''}"


def place_words(lon: float, lat: float) -> str:
    """``51.50735, -0.12776 (TQ 30020 80432)``: latitude and longitude, and the National Grid where it covers the place."""
    reference = references([lon], [lat])[0]
    return f"{lat:.6f}, {lon:.6f}{f' ({reference})' if reference else ''}"


def shape_words(shape: Shape) -> str:
    """What a zone is made of. The whole of it is in the attached GeoJSON."""
    if isinstance(shape, Circle):
        return f"a circle of {shape.radius_m:g} m around {place_words(shape.lon, shape.lat)}"
    if isinstance(shape, Corridor):
        ends = f"from {place_words(*shape.line[0])} to {place_words(*shape.line[-1])}"
        return f"a corridor {shape.width_m:g} m wide along {counted(len(shape.line), 'point')}, {ends}"
    corners = sum(len(ring) - 1 for polygon in shape.polygons for ring in polygon)
    parts = "" if len(shape.polygons) == 1 else f" in {len(shape.polygons)} parts"
    first = shape.polygons[0][0][0]
    return f"an area of {counted(corners, 'corner')}{parts}, of which one is at {place_words(*first)}"


def order_facts(order: Order, zone: Zone) -> Iterator[tuple[str, str]]:
    """What the order's record says, line by line."""
    yield (
        "Kind",
        ORDERS[order.kind] + (f", in the programme {order.programme.value.upper()}" if order.programme else ""),
    )
    yield (
        "In force",
        from_to(order.from_us, order.to_us, zone, still=NO_END),
    )
    if order.review_us is not None:
        yield "To be reviewed", local(order.review_us, zone, seconds=False)
    if order.notifying_organisation:
        yield "Notified by", order.notifying_organisation.replace("_", " ").capitalize()
    if order.organisation:
        yield "Responsible organisation", order.organisation.replace("_", " ").capitalize()
    yield "To be fitted within", f"{order.fit_within_h:g} hours"
    if order.atv_allowance_min is not None:
        yield "Allowance of curfew time", f"{order.atv_allowance_min:g} minutes in all"


_WITHOUT_TIMES: Final = frozenset(
    {
        ConditionKind.PROXIMITY,
        ConditionKind.ASSOCIATION,
        ConditionKind.TRAIL,
        ConditionKind.ALCOHOL,
        ConditionKind.PRESENCE_CHECK,
    }
)
"""Kinds that have no timetable: they hold as long as the order does."""


def _asks(c: Condition, zone_name: str) -> Iterator[str]:
    if c.kind in ZONE_KINDS:
        yield from _zone(c, zone_name)
    elif c.kind in (ConditionKind.CURFEW, ConditionKind.ATTENDANCE):
        yield f"To be {'at home' if c.kind is ConditionKind.CURFEW else 'present'}{f' at {_place(c.place)}' if c.place else ''}."
        if c.kind is ConditionKind.CURFEW:
            yield f"An absence of under {c.grace_s / 60:g} minutes is not counted."
        if c.place and c.place.home_unit:
            yield f"The home monitoring unit there is {c.place.home_unit}."
        if c.hours_per_week is not None:
            yield f"{c.hours_per_week:g} hours a week are asked for."
    elif c.kind is ConditionKind.PROXIMITY:
        yield "To keep away from a protected person."
    elif c.kind is ConditionKind.ASSOCIATION:
        yield "Not to meet another device wearer."
    elif c.kind is ConditionKind.PRESENCE_CHECK:
        yield "To answer checks of presence by telephone or with a carried device."
    elif c.kind is ConditionKind.TRAIL:
        yield "The whereabouts of the wearer are recorded at all times. Being anywhere is no violation of this condition."
    else:
        limit = (
            ""
            if c.tac_limit_permille is None
            else f" Readings over {c.tac_limit_permille:g} per mille are looked at by a trained person."
        )
        yield f"Not to drink alcohol, as measured through the skin.{limit}"


def _zone(c: Condition, zone_name: str) -> Iterator[str]:
    asks = {
        ConditionKind.EXCLUSION_ZONE: "Not to enter the zone",
        ConditionKind.INCLUSION_ZONE: "To be in the zone",
        ConditionKind.RESTRICTION_ZONE: "Not to leave the zone",
    }[c.kind]
    yield f"{asks}{f' “{zone_name}”' if zone_name else ''}{f': {shape_words(c.shape)}' if c.shape else ''}."
    if c.buffer_m:
        yield f"Within {c.buffer_m:g} m of it the wearer is warned; that is no violation."
    side = "inside" if c.kind is ConditionKind.EXCLUSION_ZONE else "outside"
    run = c.threshold_points + 1
    yield f"A violation opens on {counted(run, 'position')} {side} in a row, of which at least one is surely {side}."


def _place(place: Place) -> str:
    named = f"“{place.name}”, " if place.name else ""
    return f"{named}within {place.radius_m:g} m of {place_words(place.lon, place.lat)}"


def _days(days: list[int]) -> str:
    if days == list(range(7)):
        return "every day"
    if len(days) > 2 and days == list(range(days[0], days[-1] + 1)):
        return f"{DAYS[days[0]]} to {DAYS[days[-1]]}"
    return listed([DAYS[day] for day in days])


def _end(start_s: int, end_s: int) -> str:
    if end_s == DAY_S:
        return "midnight"
    return clock_words(end_s) + ("" if end_s > start_s else " the next day")
