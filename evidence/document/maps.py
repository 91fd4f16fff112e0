"""Maps at true scale without a base map: points with their accuracy circles, the zone or place, a scale bar, north.

What is drawn is what was measured. A line joins two points of one device only when their fix times are at most `JOINED_US` apart; it is not the way
that was taken. Nothing sealed comes here: its points have no place, and its condition has no shape.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from domain.instants import SECOND_US
from domain.national_grid import references
from domain.records import Condition
from domain.vocabulary import ConditionKind
from evidence.content import Part, Point
from evidence.document import svg
from evidence.document.map_frame import HEIGHT_MM, WIDTH_MM, Box, Frame, bar_m, frame_around, frame_for
from evidence.document.map_labels import HEIGHT_MM as LETTER_MM
from evidence.document.map_labels import Label, placed
from evidence.document.map_shapes import box_of, on_sheet, rings_of, shape_of
from evidence.document.projection import Sheet
from evidence.document.words import counted, distance_words

JOINED_US: Final = 60 * SECOND_US
KEY_MM: Final = 6.5
LETTER_WIDE_MM: Final = 1.4
"""Room for a letter of the key, in the widest of the fonts."""
FIT_MM: Final = 0.03
"""What an edge may lose of its corners: less than the pen's width."""
TOLD: Final = 8
"""Points of which a picture's words tell one by one."""
ZONE_INK: Final = "#d4351c"
PLACE_INK: Final = "#00703c"
POINT_INK: Final = "#1d70b8"
COMPASS: Final = ("north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west")
_NORTH_BOX: Final = (WIDTH_MM - 9.0, 1.0, WIDTH_MM - 1.0, 13.0)


@dataclass(frozen=True, slots=True)
class Map:
    """A map as SVG layers of `WIDTH_MM` by ``height_mm``, what it shows in words, and the points it has no room to number.

    The first layer is of this map alone; the second, its signs and key, is the same for all maps of a scale and a sort of zone.
    """

    layers: tuple[str, str]
    words: str
    scale: int
    unnumbered: tuple[int, ...] = ()
    height_mm: float = HEIGHT_MM + KEY_MM


def map_of(points: Sequence[Point], condition: Condition | None) -> Map | None:
    """The points (in order of fix time) against their condition; None when none of them says where it is."""
    at = [(point, point.lon, point.lat) for point in points if point.lon is not None and point.lat is not None]
    if not at:
        return None
    lons, lats = [lon for _, lon, _ in at], [lat for _, _, lat in at]
    sheet = Sheet((min(lons) + max(lons)) / 2, (min(lats) + max(lats)) / 2)
    shown = [point for point, _, _ in at]
    east, north = sheet.metres(lons, lats)
    reach = np.array([point.acc_m for point in shown])
    around: Box = (
        float((east - reach).min()),
        float((north - reach).min()),
        float((east + reach).max()),
        float((north + reach).max()),
    )
    shape = shape_of(condition) if condition else None
    drawn = on_sheet(shape, sheet) if shape else None
    frame = frame_for(around, drawn, place=bool(condition and condition.place))
    xs, ys = _on_paper(frame, east, north)
    bar = bar_m(frame.scale)
    labels = _labels(shown, xs, ys, bar, frame)
    parts = [
        *_ground(frame, drawn, condition),
        *_points(shown, xs, ys, frame.scale),
        *_numbers(shown, xs, ys, labels),
    ]
    numbered = {label.index for label in labels}
    unnumbered = tuple(point.number for i, point in enumerate(shown) if i not in numbered)
    layers = _layers(parts, [*_signs(frame, bar), *_key(condition, drawn, with_points=True)])
    return Map(layers, _words(shown, frame, drawn, condition, sheet), frame.scale, unnumbered)


def plan_of(condition: Condition) -> Map | None:
    """The whole of a condition's zone or place, without points; None when it has none."""
    shape = shape_of(condition)
    if shape is None:
        return None
    west, south, east, north = box_of(shape)
    sheet = Sheet((west + east) / 2, (south + north) / 2)
    drawn = on_sheet(shape, sheet)
    frame = frame_around(drawn.buffer(condition.buffer_m).bounds if condition.buffer_m else drawn.bounds)
    signs = [*_signs(frame, bar_m(frame.scale)), *_key(condition, drawn, with_points=False)]
    layers = _layers(_ground(frame, drawn, condition), signs)
    wide, high = drawn.bounds[2] - drawn.bounds[0], drawn.bounds[3] - drawn.bounds[1]
    reference = references([sheet.lon], [sheet.lat])[0]
    words = (
        f"{_sort(condition)}, {wide:,.0f} m from west to east and {high:,.0f} m from south to north. The middle of the map is at "
        f"{sheet.lat:.5f}, {sheet.lon:.5f}{f', {reference}' if reference else ''}."
    )
    return Map(layers, words, frame.scale)


def _layers(own: Iterable[str], shared: Iterable[str]) -> tuple[str, str]:
    return svg.drawing(WIDTH_MM, HEIGHT_MM + KEY_MM, own), svg.drawing(WIDTH_MM, HEIGHT_MM + KEY_MM, shared)


def _on_paper(
    frame: Frame, east: NDArray[np.float64], north: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return WIDTH_MM / 2 + (east - frame.east_m) * 1_000 / frame.scale, HEIGHT_MM / 2 - (
        north - frame.north_m
    ) * 1_000 / frame.scale


def _labels(
    points: Sequence[Point], xs: NDArray[np.float64], ys: NDArray[np.float64], bar: float, frame: Frame
) -> list[Label]:
    """The facts that opened and closed a violation are numbered first, then the rest in their order."""
    order = sorted(range(len(points)), key=lambda i: points[i].part is Part.DURING)
    bar_box = (0.0, HEIGHT_MM - 8.5, 34.0 + bar * 1_000 / frame.scale, HEIGHT_MM)
    names = [str(point.number) for point in points]
    return placed(xs, ys, names, order, (bar_box, _NORTH_BOX), (0.6, 0.6, WIDTH_MM - 0.6, HEIGHT_MM - 0.6))


def _ground(frame: Frame, drawn: BaseGeometry | None, condition: Condition | None) -> Iterator[str]:
    """Paper, and what of the zone or place lies in the frame."""
    yield svg.rect(0, 0, WIDTH_MM, HEIGHT_MM, fill=svg.PAPER)
    if drawn is None or condition is None:
        return
    ink = PLACE_INK if condition.place else ZONE_INK
    yield from _shape(frame, drawn, ink, opacity=0.10, dashes="")
    if condition.buffer_m and condition.kind is ConditionKind.EXCLUSION_ZONE:
        yield from _shape(frame, drawn.buffer(condition.buffer_m), ink, opacity=0.0, dashes="1.2 0.8")
    if condition.place:
        x, y = frame.x(drawn.centroid.x), frame.y(drawn.centroid.y)
        if 0 <= x <= WIDTH_MM and 0 <= y <= HEIGHT_MM:
            yield svg.line(x - 1.2, y, x + 1.2, y, stroke=ink, pen=0.3)
            yield svg.line(x, y - 1.2, x, y + 1.2, stroke=ink, pen=0.3)


def _shape(frame: Frame, drawn: BaseGeometry, ink: str, *, opacity: float, dashes: str) -> Iterator[str]:
    west, south, east, north = frame.ground()
    over = (
        frame.scale * 0.002
    )  # two millimetres beyond the frame, so that no edge is drawn where the frame cuts the zone
    seen = shapely.clip_by_rect(drawn, west - over, south - over, east + over, north + over)
    rings = [
        np.column_stack(_on_paper(frame, ring[:, 0], ring[:, 1]))
        for ring in rings_of(shapely.simplify(seen, FIT_MM / 1_000 * frame.scale))
    ]
    if rings:
        area = svg.path(svg.steps(rings), fill=ink, opacity=opacity, stroke=ink, pen=0.35, dashes=dashes)
        inside = all(
            ring.min() >= 0 and ring[:, 0].max() <= WIDTH_MM and ring[:, 1].max() <= HEIGHT_MM for ring in rings
        )
        yield area if inside else svg.clipped(WIDTH_MM, HEIGHT_MM, [area])


def _points(points: Sequence[Point], xs: NDArray[np.float64], ys: NDArray[np.float64], scale: int) -> Iterator[str]:
    """Circles at true size, then lines, then the points over them."""
    at = list(zip(points, xs.tolist(), ys.tolist(), strict=True))
    for point, x, y in at:
        yield svg.circle(x, y, point.acc_m * 1_000 / scale, fill=POINT_INK, opacity=0.08, stroke=POINT_INK, pen=0.15)
    for (one, x1, y1), (other, x2, y2) in pairwise(at):
        if one.id.device == other.id.device and 0 <= other.fix_us - one.fix_us <= JOINED_US:
            yield svg.line(x1, y1, x2, y2, stroke=svg.GREY, pen=0.2)
    for point, x, y in at:
        yield _dot(point.part, x, y)


def _dot(part: Part, x: float, y: float) -> str:
    if part is Part.OPENED:
        return svg.circle(x, y, 0.65, fill=svg.INK, stroke=svg.PAPER, pen=0.15)
    if part is Part.CLOSED:
        return svg.rect(x - 0.6, y - 0.6, 1.2, 1.2, fill=svg.INK, stroke=svg.PAPER, pen=0.15)
    return svg.circle(x, y, 0.5, fill=svg.PAPER, stroke=svg.INK, pen=0.25)


def _numbers(
    points: Sequence[Point], xs: NDArray[np.float64], ys: NDArray[np.float64], labels: Sequence[Label]
) -> Iterator[str]:
    for label in labels:
        if label.leader:
            x, y = float(xs[label.index]), float(ys[label.index])
            to_x = min(max(x, label.x), label.x + label.width)
            to_y = min(max(y, label.y), label.y + LETTER_MM)
            yield svg.line(x, y, to_x, to_y, stroke=svg.GREY, pen=0.12)
    for label in labels:
        number = str(points[label.index].number)
        yield svg.text(
            label.x + label.width / 2,
            label.y + LETTER_MM * 0.86,
            number,
            size=LETTER_MM,
            anchor="middle",
            bold=True,
            halo=True,
        )


def _signs(frame: Frame, bar: float) -> Iterator[str]:
    """The frame, the scale with its bar, and north."""
    yield svg.rect(0, 0, WIDTH_MM, HEIGHT_MM, stroke=svg.INK, pen=0.25)
    long = bar * 1_000 / frame.scale
    y = HEIGHT_MM - 2.6
    yield svg.rect(0.4, HEIGHT_MM - 8.0, 33.0 + long, 7.6, fill=svg.PAPER)
    yield svg.rect(2.5, y - 1.2, long / 2, 1.2, fill=svg.INK, stroke=svg.INK)
    yield svg.rect(2.5 + long / 2, y - 1.2, long / 2, 1.2, fill=svg.PAPER, stroke=svg.INK)
    for share in (0.0, 0.5, 1.0):
        yield svg.text(
            2.5 + long * share, y - 1.9, _metres(bar * share), size=2.2, anchor="start" if not share else "middle"
        )
    yield svg.text(2.5 + long + 5.5, y, f"Scale 1:{frame.scale:,}", size=2.6, bold=True)
    x = WIDTH_MM - 5.0
    yield svg.path(f"M{x} 2L{x + 1.8} 9L{x} 7.6L{x - 1.8} 9Z", fill=svg.INK)
    yield svg.text(x, 12.0, "N", size=2.8, anchor="middle", bold=True)


def _metres(metres: float) -> str:
    if not metres:
        return "0"
    return f"{metres / 1_000:g} km" if metres >= 1_000 else f"{metres:g} m"


def _key(condition: Condition | None, drawn: BaseGeometry | None, *, with_points: bool) -> Iterator[str]:
    """Under the frame, what each sign means."""
    x, y = 0.8, HEIGHT_MM + 4.4
    if with_points:
        signs = ((Part.OPENED, "opens the violation"), (Part.DURING, "in between"), (Part.CLOSED, "ends it"))
        for part, words in signs:
            yield _dot(part, x, y - 0.9)
            yield svg.text(x + 1.7, y, words, size=2.4)
            x += 4.6 + len(words) * LETTER_WIDE_MM
        yield svg.circle(x + 1.2, y - 0.9, 1.4, fill=POINT_INK, opacity=0.08, stroke=POINT_INK, pen=0.15)
        yield svg.text(x + 3.6, y, "95 % circle", size=2.4)
        x += 20.0
    if condition and drawn is not None:
        ink = PLACE_INK if condition.place else ZONE_INK
        yield svg.rect(x, y - 2.2, 3.4, 2.6, fill=svg.PAPER, stroke=ink, pen=0.35)
        yield svg.text(x + 4.4, y, _sort(condition), size=2.4)
        x += 8.4 + len(_sort(condition)) * LETTER_WIDE_MM
        if condition.buffer_m and condition.kind is ConditionKind.EXCLUSION_ZONE:
            yield svg.line(x, y - 0.9, x + 4, y - 0.9, stroke=ink, pen=0.35, dashes="1.2 0.8")
            yield svg.text(x + 5, y, f"{condition.buffer_m:g} m around it", size=2.4)


def _sort(condition: Condition) -> str:
    """What kind of place is drawn. Names are said beside the map, not in it."""
    if condition.place:
        return f"Place to be at, within {condition.place.radius_m:g} m"
    return {
        ConditionKind.INCLUSION_ZONE: "Zone to be in",
        ConditionKind.RESTRICTION_ZONE: "Zone not to be left",
    }.get(condition.kind, "Zone not to be entered")


def _words(
    points: Sequence[Point], frame: Frame, drawn: BaseGeometry | None, condition: Condition | None, sheet: Sheet
) -> str:
    """What the map shows, for whoever does not see it."""
    first, last = points[0].number, points[-1].number
    said = [
        f"{counted(len(points), 'point')}, {f'numbers {first} to {last}' if first != last else f'number {first}'}, at 1:{frame.scale:,}."
    ]
    told = points if len(points) <= TOLD else [min(points, key=_depth), max(points, key=_depth)]
    where = "; ".join(
        f"point {p.number} {distance_words(p.distance_m)}, give or take {p.acc_m:g} m"
        for p in told
        if p.distance_m is not None
    )
    if where and condition:
        edge = "edge of the circle around the place" if condition.place else "edge of the zone"
        extremes = "" if len(points) <= TOLD else "The farthest outside and the farthest inside: "
        said.append(f"{extremes}Of the {edge}: {where}." if not extremes else f"{extremes}{where}, of the {edge}.")
    if drawn is not None:
        said.append(_off_the_map(frame, drawn, condition))
    reference = references([sheet.lon], [sheet.lat])[0]
    said.append(
        f"The middle of the points is at {sheet.lat:.5f}, {sheet.lon:.5f}{f', {reference}' if reference else ''}."
    )
    return " ".join(one for one in said if one)


def _depth(point: Point) -> float:
    return point.distance_m if point.distance_m is not None else 0.0


def _off_the_map(frame: Frame, drawn: BaseGeometry, condition: Condition | None) -> str:
    """What of the zone or place the frame leaves out."""
    ground = shapely.box(*frame.ground())
    sort = "place" if condition and condition.place else "zone"
    if not shapely.intersects(ground, drawn):
        east, north = drawn.centroid.x - frame.east_m, drawn.centroid.y - frame.north_m
        toward = COMPASS[round(math.degrees(math.atan2(east, north)) / 45) % 8]
        return f"The {sort} is off the map, {math.hypot(east, north) / 1_000:,.1f} km to the {toward}."
    if shapely.contains(drawn, ground):
        return f"The {sort} covers the whole map."
    return "" if shapely.contains(ground, drawn) else f"The {sort} goes on beyond the map."
