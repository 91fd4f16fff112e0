"""The violations relied on, each with its versions, assessments, points and map; and those that are left out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from domain.instants import format_instant
from domain.national_grid import references
from domain.violations import Violation
from evidence.content import Assessed, Pack, Part, Point, Relied
from evidence.document.blocks import Block, Column, Facts, Inset, Paragraph, Subhead, Table
from evidence.document.condition_words import condition_name
from evidence.document.drawn import Drawn, Numbered, Printed, condition_of
from evidence.document.front import map_figure
from evidence.document.times import from_to, length, local, minutes
from evidence.document.words import (
    CAUSES,
    CHANGES,
    DECISIONS,
    PARTS,
    QUALITIES,
    REASONS,
    SOURCES,
    counted,
    distance_words,
    kind_words,
    score_words,
)
from geofence.wallclock import Zone

POINTS: Final = (
    Column("No.", 12.0, figures=True),
    Column("Fix time: local; UTC; received", 50.0),
    Column("Latitude, longitude; National Grid; device and source", 67.0),
    Column("From the edge; position score; use", 45.0),
)
EVENTS: Final = (
    Column("At, local and UTC; received", 46.0),
    Column("What the device said", 84.0),
    Column("Device, count; use", 44.0),
)
LEFT_OUT: Final = (
    Column("Violation", 20.0),
    Column("What", 44.0),
    Column("When", 52.0),
    Column("Cause", 18.0),
    Column("Why it is left out", 40.0),
)


def relied(pack: Pack, drawn: Drawn, section: int) -> Iterator[Block]:
    """Each violation relied on."""
    yield Paragraph(
        "Times of a violation are those of the facts that opened and closed it. Minutes for certain are those between facts that follow "
        "each other closely enough; minutes possible reach from the last fact before to the first after. The position score is the "
        "model's figure for inside, from the distance to the edge and the accuracy that the device states; it is no measure of guilt. "
        "On a map a circle holds 95 % of true places, as the device states."
    )
    for i, (one, printed, numbered) in enumerate(zip(pack.relied, drawn.printed, drawn.maps, strict=True), start=1):
        # with a map it fills most of a page, and pages that begin anew are laid out side by side
        page = i > 1 and numbered is not None
        yield Subhead(f"{section}.{i}", f"{kind_words(one.current)}: {one.current.id}", page)
        yield from _one(pack, one, printed, numbered)


def _one(pack: Pack, one: Relied, printed: Printed, numbered: Numbered | None) -> Iterator[Block]:
    yield Facts(tuple(_facts(pack, one)), dense=True)
    if one.current.retrospective or one.current.untold:
        yield Inset("Told", (one.told or "There is no record that the wearer had been told of this condition before.",))
    if one.sealed:
        yield Paragraph(
            "Its places, distances and map are in the sealed annex: the condition points at a protected person."
        )
    if numbered:
        yield map_figure(numbered.number, numbered.map, f"{kind_words(one.current)}, {one.current.id}.")
    if printed.points:
        if len(printed.points) < printed.of:
            yield Paragraph(
                f"{len(printed.points):,} of {printed.of:,} points are printed: all that opened or ended it, and of those in between one in "
                f"{printed.every}. The attached points.csv has all of them."
            )
        rows = tuple(point_rows(printed.points, pack.zone))
        yield Table(f"Points relied on for {one.current.id}", POINTS, rows, small=True)
    if one.events:
        yield Table(
            f"Equipment events relied on for {one.current.id}", EVENTS, tuple(_events(one, pack.zone)), small=True
        )


def _facts(pack: Pack, one: Relied) -> Iterator[tuple[str, str]]:
    violation, zone = one.current, pack.zone
    held = condition_of(pack, violation)
    if held:
        yield "Condition", f"{condition_name(held.condition)} ({held.condition.id})"
    yield "When", from_to(violation.from_us, violation.to_us, zone)
    if violation.to_us is not None and violation.to_us > violation.from_us:
        yield "Lasted", length(violation.to_us - violation.from_us)
    if violation.minutes_certain is not None or violation.minutes_possible is not None:
        yield (
            "Minutes",
            f"{minutes(violation.minutes_certain)} for certain, {minutes(violation.minutes_possible)} possible",
        )
    if violation.p_inside is not None and not one.sealed:
        yield "Position score", f"{score_words(violation.p_inside)}, the weakest of the facts that opened it"
    yield "Cause", CAUSES[violation.cause]
    yield "Assessment", _assessments(one.assessments, zone)
    many = len(one.versions) > 1
    for version in one.versions:
        yield (
            f"Version {version.version}{', in force' if many and version is violation else ''}",
            _version(version, zone),
        )


def _version(v: Violation, zone: Zone) -> str:
    late = f"; late, {length(round(v.age_s * 1_000_000))} after it happened" if v.late else ""
    flags = "".join(
        f"; {word}" for word, on in (("retrospective", v.retrospective), ("wearer not yet told", v.untold)) if on
    )
    when = from_to(v.from_us, v.to_us, zone, still="then still open")
    return f"{CHANGES[v.change].capitalize()} {local(v.decided_us, zone)} because of {REASONS[v.reason]}: {when}{late}{flags}"


def _assessments(found: tuple[Assessed, ...], zone: Zone) -> str:
    if not found:
        return "none recorded"
    return "; ".join(
        f"{DECISIONS[one.assessment.decision]}, by {one.assessment.by or 'a person not recorded'}, {local(one.assessment.at_us, zone)}"
        f"{f': {one.assessment.reason}' if one.assessment.reason else ''}"
        for one in found
    )


def point_rows(points: tuple[Point, ...], zone: Zone) -> Iterator[tuple[str, ...]]:
    """The points as rows of `POINTS`."""
    known = [(p.lon, p.lat) for p in points if p.lon is not None and p.lat is not None]
    grid = dict(zip(known, references([lon for lon, _ in known], [lat for _, lat in known]), strict=True))
    for p in points:
        use = f"{QUALITIES[p.quality]}{'' if p.part is Part.DURING else f', {PARTS[p.part]}'}"
        heard = f"{p.id.device} {p.id.gen}:{p.id.seq}, {SOURCES[p.source]}"
        if p.lon is None or p.lat is None:
            where, edge = f"in the sealed annex\n95 % within {p.acc_m:g} m\n{heard}", "in the sealed annex\n"
        else:
            reference = grid[p.lon, p.lat] or "not covered by the grid"
            near = f"{reference}, 95 % within {p.acc_m:g} m"
            where = f"{p.lat:.6f}, {p.lon:.6f}\n{near}\n{', '.join((heard, *_motion(p)))}"
            edge = f"{distance_words(p.distance_m)}\nscore {score_words(p.p_inside)}"
        times = f"{local(p.fix_us, zone, exact=True)}\n{format_instant(p.fix_us)}\n{format_instant(p.received_us)}"
        yield str(p.number), times, where, f"{edge}\n{use}"


def _motion(p: Point) -> Iterator[str]:
    if p.speed_ms is not None:
        yield f"{p.speed_ms:.1f} m/s"
    if p.heading_deg is not None:
        yield f"{p.heading_deg:.0f}°"


def _events(one: Relied, zone: Zone) -> Iterator[tuple[str, ...]]:
    for event in one.events:
        use = "" if event.part is Part.DURING else f"\n{PARTS[event.part]}"
        yield (
            f"{local(event.at_us, zone, exact=True)}\n{format_instant(event.at_us)}\n{format_instant(event.received_us)}",
            event.what,
            f"{event.id.device} {event.id.gen}:{event.id.seq}{use}",
        )


def left_out(pack: Pack) -> Iterator[Block]:
    """What was recorded and is not relied on."""
    if not pack.left_out:
        yield Paragraph("No other violation of this order was recorded in the time that the pack covers.")
        return
    yield Paragraph(
        f"{counted(len(pack.left_out), 'violation')} of this order that the officer did not choose, or that may not be relied on. Those whose "
        "cause is not the wearer are monitoring gaps and count against nobody."
    )
    rows = tuple(
        (v.id, kind_words(v), from_to(v.from_us, v.to_us, pack.zone), CAUSES[v.cause], one.why)
        for one in pack.left_out
        for v in (one.violation,)
    )
    yield Table("Violations left out", LEFT_OUT, rows)
