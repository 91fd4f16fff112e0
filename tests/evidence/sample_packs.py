"""A pack to look at: one device wearer, a curfew, a zone, a condition that points at a protected person; all of it invented."""

from __future__ import annotations

import hashlib
import math
from dataclasses import replace

from bailiwick.timezones import pinned_time_zones
from domain.instants import DAY_US, HOUR_US, MINUTE_US, SECOND_US, parse_instant
from domain.records import (
    Absence,
    Assessment,
    Condition,
    EquipmentCheck,
    Fitting,
    Order,
    Place,
    Polygons,
    Suspension,
    Timetable,
    TimetableRow,
    Visit,
)
from domain.violations import FactId, Violation
from domain.vocabulary import (
    AssessmentDecision,
    Cause,
    Change,
    Code,
    ConditionKind,
    DeviceKind,
    Kind,
    OrderKind,
    Quality,
    Reason,
    Source,
    VisitKind,
    VisitOutcome,
)
from evidence.content import (
    About,
    Assessed,
    Attachment,
    Changed,
    ClockOffset,
    ConditionVersion,
    Contact,
    Event,
    Fitted,
    Gap,
    Kept,
    LeftOut,
    OrderVersion,
    Pack,
    Part,
    Person,
    Point,
    Reliability,
    Relied,
    Seen,
    SeenSpan,
    Signatory,
    Span,
    Unused,
    Versions,
)

START_US = parse_instant("2026-10-12T09:00:00Z")
END_US = START_US + 30 * DAY_US
MADE_US = parse_instant("2026-11-16T10:30:00Z")
LONDON = pinned_time_zones().zone("Europe/London")
HOME = Place("Home", 0.5217, 51.2745, 50.0, "HU-0007")
EVENINGS = Timetable("Europe/London", tuple(TimetableRow(day, 19 * 3_600, 7 * 3_600) for day in range(7)))
MARKET = Polygons((((
    (0.5205, 51.2790), (0.5262, 51.2796), (0.5271, 51.2771), (0.5243, 51.2762), (0.5238, 51.2775), (0.5209, 51.2769), (0.5205, 51.2790)
),),))  # fmt: skip
CURFEW = Condition("C1", "O1", ConditionKind.CURFEW, "Home", timetable=EVENINGS, place=HOME)
ZONE = Condition("C2", "O1", ConditionKind.EXCLUSION_ZONE, "Market", shape=MARKET, buffer_m=100.0)
SEALED = Condition("C3", "O1", ConditionKind.PROXIMITY)


def violation(number: int, kind: Kind, from_us: int, to_us: int | None, **also: object) -> Violation:
    """A version of a violation of W1."""
    made = Violation(
        id=f"W1-{number}", version=1, change=Change.OPENED, reason=Reason.FIXES, wearer="W1", victim=None, kind=kind, code=None,
        order="O1", condition="C1", device=None, from_us=from_us, to_us=to_us, decided_us=from_us + 4 * MINUTE_US, late=False,
        age_s=62.0, cause=Cause.WEARER, minutes_certain=None, minutes_possible=None, p_inside=None, score=None,
        retrospective=False, untold=False, evidence=(),
    )  # fmt: skip
    return replace(made, **also)


def metres_off(lon: float, lat: float, east_m: float, north_m: float) -> tuple[float, float]:
    """A place some metres from another; near enough for a picture."""
    return lon + east_m / (111_320 * math.cos(math.radians(lat))), lat + north_m / 111_250


def fixes(
    first: int,
    seq: int,
    at_us: int,
    track: list[tuple[float, float]],
    *,
    acc_m: float = 11.0,
    ends: int = 0,
    opens: int = 2,
) -> list[Point]:
    """Points a minute apart along (east, north) metres from home, with the distance to the home circle."""
    points = []
    for i, (east, north) in enumerate(track):
        lon, lat = metres_off(HOME.lon, HOME.lat, east, north)
        part = Part.OPENED if i < opens else Part.CLOSED if i >= len(track) - ends else Part.DURING
        depth = 50.0 - math.hypot(east, north)
        points.append(
            Point(
                first + i,
                FactId("T1", 0, seq + i),
                at_us + i * MINUTE_US,
                at_us + i * MINUTE_US + 2_345_000,
                lon,
                lat,
                acc_m + i % 5,
                round(depth, 3),
                0.5 * math.erfc(-depth / ((acc_m + i % 5) / 2.4477) / math.sqrt(2)),
                Source.GPS,
                1.2 + i % 3 * 0.4,
                float(i * 37 % 360),
                Quality.OK,
                part,
            )
        )
    return points


def curfew_relied(number: int, first_point: int, day: int, *, points: int = 10) -> Relied:
    """An AL10 on an evening: out by steps, away, back."""
    at_us = START_US + day * DAY_US + 11 * HOUR_US + (number % 5) * 7 * MINUTE_US
    half = points / 2
    track = [(130 + 480 * math.sin(i / half * 1.5), 90 + 700 * math.sin(i / half * 1.3)) for i in range(points - 1)] + [
        (6.0, 11.0)
    ]
    found = fixes(first_point, 10_000 + number * 40, at_us, track, ends=1)
    to_us = at_us + (points - 1) * MINUTE_US
    opened = violation(
        number,
        Kind.CURFEW,
        at_us,
        None,
        code=Code.AL10,
        p_inside=found[0].p_inside,
        evidence=tuple(p.id for p in found[:2]),
    )
    closed = replace(
        opened, version=2, change=Change.CLOSED, to_us=to_us, decided_us=to_us + 3 * SECOND_US,
        minutes_certain=points - 1.0, minutes_possible=points + 0.5,
    )  # fmt: skip
    upheld = Assessment(
        f"B{number}", f"W1-{number}", AssessmentDecision.UPHELD, "R. Finch", to_us + DAY_US, "No explanation was given."
    )
    return Relied((opened, closed), (Assessed(upheld),), tuple(found))


def zone_relied(number: int, first_point: int) -> Relied:
    """In the market, decided by data that came late."""
    at_us = START_US + 9 * DAY_US + 4 * HOUR_US
    track = [(40, 330), (120, 345), (190, 390), (240, 350), (290, 260), (330, 120)]
    found = [
        replace(p, distance_m=25.0 + 4 * i, p_inside=0.9991 + i * 1e-4)
        for i, p in enumerate(fixes(first_point, 20_000, at_us, track, ends=1))
    ]
    late = [replace(p, received_us=p.fix_us + 3 * HOUR_US) for p in found]
    last = replace(late[-1], distance_m=-141.4, p_inside=0.0)
    opened = violation(
        number, Kind.EXCLUSION_ZONE, at_us, at_us + 5 * MINUTE_US, condition="C2", reason=Reason.LATE_DATA, late=True, age_s=10_860.0,
        p_inside=0.9991, decided_us=at_us + 3 * HOUR_US + MINUTE_US,
    )  # fmt: skip
    return Relied((opened,), (), (*late[:-1], last))


def unit_relied(number: int) -> Relied:
    """Out for a whole curfew, by the home monitoring unit."""
    at_us = START_US + 14 * DAY_US + 10 * HOUR_US  # after the clocks went back
    one = violation(
        number, Kind.CURFEW, at_us, at_us + 12 * HOUR_US, code=Code.AL12, reason=Reason.HOME_UNIT, minutes_certain=718.25, minutes_possible=720.0,
    )  # fmt: skip
    events = (
        Event(
            FactId("HU-0007", 0, 811),
            at_us - 90 * MINUTE_US,
            at_us - 89 * MINUTE_US,
            "In range of the home monitoring unit: end",
            Part.OPENED,
        ),
        Event(
            FactId("HU-0007", 0, 902),
            at_us + 13 * HOUR_US,
            at_us + 13 * HOUR_US,
            "In range of the home monitoring unit: start",
            Part.CLOSED,
        ),
    )
    return Relied((one,), (), (), events)


def sealed_relied(number: int, first_point: int) -> Relied:
    """Near a protected person: the points say when, not where."""
    at_us = START_US + 20 * DAY_US + 6 * HOUR_US
    points = tuple(
        replace(p, lon=None, lat=None, distance_m=None, p_inside=None)
        for p in fixes(first_point, 30_000, at_us, [(0, 0), (10, 10)], opens=1, ends=1)
    )
    return Relied(
        (violation(number, Kind.PROXIMITY_ALERT, at_us, at_us + MINUTE_US, condition="C3"),), (), points, sealed=True
    )


def kept_of(relied: tuple[Relied, ...]) -> Kept:
    """Every night's window, present but for the violations, and an hour a week of which nothing is known."""
    windows, seen = [], []
    away = sorted((r.current.from_us, r.current.to_us or END_US) for r in relied if r.current.condition == "C1")
    for day in range(30):
        wall = (START_US + DAY_US * day) // DAY_US * DAY_US + 19 * HOUR_US
        start, end = LONDON.first_us(wall), LONDON.last_us(wall + 12 * HOUR_US)
        windows.append(Span(start, end))
        marks = [(a, b, Seen.ABSENT) for a, b in away if a < end and b > start]
        marks += [(start + 6 * HOUR_US, start + 7 * HOUR_US, Seen.UNKNOWN)] if day % 7 == 3 and not marks else []
        at_us = start
        for a, b, what in marks:
            if a > at_us:
                seen.append(SeenSpan(at_us, a, Seen.PRESENT))
            seen.append(SeenSpan(max(a, start), min(b, end), what))
            at_us = min(b, end)
        if at_us < end:
            seen.append(SeenSpan(at_us, end, Seen.PRESENT))
    excused = (Span(START_US + 5 * DAY_US + 11 * HOUR_US, START_US + 5 * DAY_US + 13 * HOUR_US),)
    return Kept("C1", tuple(windows), excused, tuple(seen))


def attachment(name: str, what: str, media_type: str, content: bytes, rows: int | None = None) -> Attachment:
    """A file with its digest."""
    return Attachment(name, what, media_type, hashlib.sha256(content).hexdigest(), content, rows)


def sample(**also: object) -> Pack:
    """The pack."""
    one, two, zone = curfew_relied(3, 1, 2), curfew_relied(5, 11, 6, points=24), zone_relied(9, 35)
    relied = (one, two, zone, unit_relied(11), sealed_relied(14, 41))
    fitting = Fitting("F1", "T1", START_US, None, "W1")
    pack = Pack(
        case="17", version=2, made_us=MADE_US, covers=Span(START_US, END_US), zone=LONDON,
        to_whom="Maidstone Magistrates’ Court", about=About(
            "W1", "Aled Llŷr Ŵyn-Owen", "1998-02-28", (("Court number", "01AB1234526"),), "cy", ("reads with difficulty",), None),
        orders=(
            OrderVersion(Order("O1", "W1", OrderKind.COMMUNITY, START_US, END_US, notifying_organisation="magistrates_court",
                organisation="probation", atv_allowance_min=120.0), None, None, START_US, "by the court officer, in writing"),
        ),
        people=(Person("Responsible officer", "R. Finch", "Probation, Kent", "r.finch@example.org"),),
        narrative=("Mr Ŵyn-Owen kept his curfew for the first week.\nHe was warned by letter on 20 October.", "He has not explained 18 October."),
        narrative_by="R. Finch, responsible officer",
        changed=(Changed("Data that came late showed W1-9, which version 1 did not have.", "section 5"),),
        replaces=1,
        signatory=Signatory("Imogen Blackwood", "Duty manager", "Monitoring centre", MADE_US),
        statement=("I am the duty manager of the monitoring centre. What this pack says is taken from the records of the centre.",),
        signing="signed by the centre’s key (PAdES); the certificate is in the file",
        conditions=(
            ConditionVersion(CURFEW, told_at_us=START_US, told_how="in writing"),
            ConditionVersion(ZONE, START_US + 7 * DAY_US, START_US + 6 * DAY_US, START_US + 6 * DAY_US + HOUR_US, "by telephone", zone_name="Market quarter"),
            ConditionVersion(SEALED, told_at_us=START_US, sealed=True),
        ),
        relied=relied,
        left_out=(
            LeftOut(violation(4, Kind.CURFEW, START_US + 4 * DAY_US + 10 * HOUR_US, START_US + 4 * DAY_US + 10 * HOUR_US + 9 * MINUTE_US, code=Code.AL09),
                "Reasonable excuse: the bus was late."),
            LeftOut(violation(7, Kind.COMMUNICATION_LOST, START_US + 8 * DAY_US, START_US + 8 * DAY_US + HOUR_US, cause=Cause.NETWORK, device="T1"),
                "A monitoring gap: its cause is not the wearer."),
        ),
        kept=(kept_of(relied),),
        fittings=(Fitted(fitting, DeviceKind.GPS_TAG, "Lark 3", "4.2.1", "2026-03", 60, "P. Oduya", "passport seen", "two fingers", ""),),
        visits=(Visit("X1", "W1", VisitKind.FIT, START_US, VisitOutcome.DONE),),
        checks=(EquipmentCheck("E1", "T1", START_US + 12 * DAY_US, "P. Oduya", "sound"),),
        contacts=(Contact(START_US + 2 * DAY_US + 12 * HOUR_US, "operator 41", "call", "Said that he had gone to the shop."),),
        absences=(Absence("A1", "C1", START_US + 5 * DAY_US + 11 * HOUR_US, START_US + 5 * DAY_US + 13 * HOUR_US, None, "hospital", "R. Finch"),),
        suspensions=(Suspension("S1", "O1", START_US + 27 * DAY_US, START_US + 28 * DAY_US, None, "hospital", "court"),),
        gaps=(Gap(START_US + 8 * DAY_US, START_US + 8 * DAY_US + HOUR_US, Kind.COMMUNICATION_LOST, Cause.NETWORK, "T1", "W1-7"),),
        reliability=(
            Reliability(Kind.CURFEW, "Lark 3", 181, 207, START_US - 300 * DAY_US, START_US),
            Reliability(Kind.EXCLUSION_ZONE, "Lark 3", 4, 6, START_US - 300 * DAY_US, START_US),
        ),
        clocks=(ClockOffset("T1", 0.42, 100, END_US),),
        versions=Versions("0.1.0", "7 (2026-11-02)", "2026f", (("numpy", "2.4.6"), ("shapely", "2.2.0"), ("typst", "0.15.2"))),
        unused=(
            Unused("Facts of the order not relied on", 43_158, "They show the wearer where the order asked, or nothing of it.", "unused.csv"),
            Unused("People who looked at the wearer", 12, "They decided nothing.", "unused.ndjson"),
        ),
        attachments=(
            attachment("points.csv", "Every point relied on", "text/csv", b"number,device\n1,T1\n", 1),
            attachment("manifest.json", "Digest of every part", "application/json", b"{}\n"),
        ),
        fixes_in_all=43_200,
    )  # fmt: skip
    return replace(pack, **also)
