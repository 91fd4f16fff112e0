"""Maps of a pack: metres on paper, what is joined, what is left out, numbers that do not run into each other."""

import math
import random
import re
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from geographiclib.geodesic import Geodesic

from domain.instants import HOUR_US, MINUTE_US, SECOND_US
from domain.records import Circle, Corridor
from domain.vocabulary import ConditionKind
from evidence.content import Part, Point, Span
from evidence.document.drawn import condition_of, drawn_of, printed_of
from evidence.document.map_frame import HEIGHT_MM, WIDTH_MM, bar_m, frame_around
from evidence.document.map_labels import HEIGHT_MM as LETTER_MM
from evidence.document.map_labels import placed
from evidence.document.maps import Map, map_of, plan_of
from evidence.document.pack import document_of
from evidence.document.projection import Sheet
from evidence.document.timeline import days_of
from tests.evidence.sample_packs import CURFEW, HOME, LONDON, START_US, ZONE, curfew_relied, fixes, sample, zone_relied

SCALE = re.compile(r"Scale 1:([\d,]+)")
CIRCLE = re.compile(r'<circle cx="([\d.-]+)" cy="([\d.-]+)" r="([\d.]+)" fill="#1d70b8"')


def joined(made: Map) -> str:
    """All layers of a map."""
    return "".join(made.layers)


def drawn(points: list[Point], condition: object = CURFEW) -> tuple[str, int]:
    """A map's SVG and its scale."""
    made = map_of(points, condition)
    assert made
    assert SCALE.search(joined(made)).group(1) == f"{made.scale:,}"
    return joined(made), made.scale


def on_paper(svg: str) -> list[tuple[float, float, float]]:
    """Middle and radius of each accuracy circle in millimetres, the key's left out."""
    return [(float(x), float(y), float(r)) for x, y, r in CIRCLE.findall(svg)][:-1]


@pytest.mark.parametrize("seed", range(12))
def test_metres_on_paper_are_metres_on_the_ground_at_the_stated_scale(seed: int) -> None:
    chance = random.Random(seed)
    home = (chance.uniform(-7.5, 1.7), chance.uniform(49.9, 60.8))
    size = 10 ** chance.uniform(1.5, 4.7)
    track = [(chance.uniform(-size, size), chance.uniform(-size, size)) for _ in range(6)]
    points = fixes(1, 1, START_US, track)
    points = [replace(p, lon=home[0] + (p.lon - HOME.lon), lat=home[1] + (p.lat - HOME.lat)) for p in points]
    svg, scale = drawn(points, None)
    circles = on_paper(svg)
    for (one, (x1, y1, r1)), (other, (x2, y2, _)) in combinations(list(zip(points, circles, strict=True)), 2):
        ground = Geodesic.WGS84.Inverse(one.lat, one.lon, other.lat, other.lon)["s12"]
        assert math.hypot(x2 - x1, y2 - y1) * scale / 1_000 == pytest.approx(
            ground, rel=2e-4, abs=0.002 * scale / 1_000
        )
        assert r1 * scale / 1_000 == pytest.approx(one.acc_m, abs=0.0006 * scale / 1_000)
        east, north = x2 - x1, y1 - y2
        azimuth = Geodesic.WGS84.Inverse(one.lat, one.lon, other.lat, other.lon)["azi1"]
        turned = (math.degrees(math.atan2(east, north)) - azimuth + 180) % 360 - 180
        if math.hypot(east, north) > 1:
            assert abs(turned) < 0.9  # north is up: meridians of the map's ends lean by less than that
    assert all(x - r >= 0 and x + r <= WIDTH_MM and y - r >= 0 and y + r <= HEIGHT_MM for x, y, r in circles)


def test_the_projection_stretches_by_what_it_says() -> None:
    sheet = Sheet(-1.5, 52.0)
    for km in (1, 10, 50):
        there = Geodesic.WGS84.Direct(52.0, -1.5, 90, km * 1_000)
        onward = Geodesic.WGS84.Direct(there["lat2"], there["lon2"], 0, 100.0)
        east, north = sheet.metres([there["lon2"], onward["lon2"]], [there["lat2"], onward["lat2"]])
        stretch = math.hypot(east[1] - east[0], north[1] - north[0]) / 100 - 1
        assert stretch == pytest.approx((km / 6_371) ** 2 / 2, rel=0.02, abs=2e-9)


def test_the_scale_bar_is_as_long_as_it_says() -> None:
    svg, scale = drawn(fixes(1, 1, START_US, [(100, 0), (0, 200), (300, 50)]))
    half = re.search(r'<rect x="2.5" y="[\d.]+" width="([\d.]+)"', svg)
    metres = re.findall(r">([\d.]+) (k?)m<", svg)[-1]
    assert half
    assert float(half.group(1)) * 2 * scale / 1_000 == pytest.approx(
        float(metres[0]) * (1_000 if metres[1] else 1), rel=1e-3
    )
    for scale in (500, 12_500, 250_000, 5_000_000):
        assert 10 < bar_m(scale) * 1_000 / scale <= 42


def test_only_points_of_one_device_at_most_a_minute_apart_are_joined() -> None:
    points = fixes(1, 1, START_US, [(60, 0), (90, 0), (120, 0), (150, 0)])
    points[2] = replace(points[2], fix_us=points[1].fix_us + 60 * SECOND_US)
    points[3] = replace(points[3], fix_us=points[2].fix_us + 60 * SECOND_US + 1)
    swapped = [*points[:1], replace(points[1], id=replace(points[1].id, device="T2")), *points[2:]]

    def lines(some: list[Point]) -> int:
        return drawn(some, None)[0].count('stroke="#505a5f" stroke-width="0.2"')

    assert lines(points) == 2
    assert lines(swapped) == 0


def test_a_large_zone_is_drawn_at_its_nearest_edge_and_said_to_go_on() -> None:
    points = fixes(1, 1, START_US, [(0, 0), (20, 0)])
    wide = replace(ZONE, shape=Circle(HOME.lon, HOME.lat + 0.04, 5_000.0), buffer_m=0.0)
    made = map_of(points, wide)
    assert made
    assert made.scale <= 10_000
    assert "goes on beyond the map" in made.words
    far = map_of(points, replace(CURFEW, place=replace(HOME, lat=HOME.lat + 1.0)))
    assert far
    assert re.search(r"The place is off the map, 111\.\d km to the north\.", far.words)
    inside = map_of(points, replace(ZONE, shape=Circle(HOME.lon, HOME.lat, 5_000.0), buffer_m=0.0))
    assert inside
    assert "covers the whole map" in inside.words


@pytest.mark.parametrize(
    "shape",
    [Circle(0.5, 51.2, 800.0), Corridor(((0.5, 51.2), (0.52, 51.21), (0.53, 51.2)), 300.0), ZONE.shape],
    ids=["circle", "corridor", "area"],
)
def test_a_zone_is_drawn_whole(shape: object) -> None:
    plan = plan_of(replace(ZONE, shape=shape, kind=ConditionKind.INCLUSION_ZONE, buffer_m=0.0))
    assert plan
    assert "Zone to be in" in joined(plan)
    path = re.search(r'<path d="(M[^"]+Z)" fill="#d4351c"', joined(plan))
    assert path
    numbers = np.array([[float(n) for n in pair.split()] for pair in re.split("[MLZ]", path.group(1)) if pair])
    assert (numbers > 0).all()
    assert (numbers < (WIDTH_MM, HEIGHT_MM)).all()


def test_numbers_lie_over_nothing() -> None:
    chance = np.random.default_rng(7)
    for count in (1, 12, 80):
        xs, ys = chance.uniform(20, 90, count), chance.uniform(20, 60, count)
        taken = ((0.0, 80.0, 60.0, 92.0),)
        found = placed(xs, ys, [str(i + 1) for i in range(count)], range(count), taken, (0.0, 0.0, WIDTH_MM, HEIGHT_MM))
        boxes = [(one.x, one.y, one.x + one.width, one.y + LETTER_MM) for one in found]
        others = [*taken, *((x - 0.5, y - 0.5, x + 0.5, y + 0.5) for x, y in zip(xs, ys, strict=True))]
        assert len(found) > count * 0.6
        for a, b in [*combinations(boxes, 2), *((box, other) for box in boxes for other in others)]:
            assert a[0] >= b[2] or a[2] <= b[0] or a[1] >= b[3] or a[3] <= b[1]


def test_points_without_room_for_a_number_are_named_beside_the_map() -> None:
    crowd = [(60 + i % 9 * 0.4, i // 9 * 0.4) for i in range(120)]
    made = map_of(fixes(1, 1, START_US, crowd), None)
    assert made
    numbered = {int(n) for n in re.findall(r'paint-order="stroke">(\d+)<', joined(made))}
    assert numbered | set(made.unnumbered) == set(range(1, 121))
    assert made.unnumbered
    assert {1, 2} <= numbered, "what opened the violation is numbered first"


def test_nothing_sealed_is_drawn() -> None:
    pack = sample()
    assert [one is None for one in drawn_of(pack).maps] == [False, False, False, True, True]
    points = pack.relied[4].points
    assert map_of(points, CURFEW) is None


def test_what_is_printed_of_many_points_is_what_opens_and_ends_and_one_in_so_many() -> None:
    many = [fixes(1, 1, START_US, [(60.0, i) for i in range(200)], ends=1) for _ in range(20)]
    found = printed_of(many, most=400)
    for one in found:
        assert (one.of, one.every) == (200, 12)
        assert [p.part for p in one.points].count(Part.OPENED) == 2
        assert one.points[-1].part is Part.CLOSED
        assert len(one.points) == 2 + 1 + 16
    assert all(len(one.points) == 2 + 1 + 1 for one in printed_of(many, most=10)), "never fewer than that"
    few = printed_of(many[:1], most=400)
    assert (few[0].every, len(few[0].points)) == (1, 200)


def test_the_condition_of_a_violation_is_the_version_that_held_and_was_known() -> None:
    pack = sample()
    older = pack.conditions[0]
    newer = replace(older, holds_from_us=START_US + 10 * HOUR_US, learnt_us=START_US + 10 * HOUR_US)
    pack = replace(pack, conditions=(older, newer))
    before, after = curfew_relied(3, 1, 0), curfew_relied(3, 1, 2)
    early = replace(before.current, from_us=START_US + HOUR_US, decided_us=START_US + 2 * HOUR_US)
    assert condition_of(pack, early) is older
    assert condition_of(pack, after.current) is newer
    assert condition_of(pack, replace(early, condition="C9")) is None


def test_days_of_the_timeline_are_local_and_as_long_as_they_were() -> None:
    pack = sample()
    days = days_of(pack.kept[0], pack.covers, LONDON)
    lengths = {day.name: (day.to_us - day.from_us) // HOUR_US for day in days}
    assert lengths["Sun 25 Oct 2026"] == 25
    assert set(lengths.values()) == {24, 25}
    asked = {day.name: sum(b - a for a, b in day.windows) for day in days}
    assert asked["Sun 25 Oct 2026"] == 13 * HOUR_US
    seen = sum(b - a for day in days for (a, b), _ in day.seen)
    assert seen == sum(span.to_us - span.from_us for span in pack.kept[0].seen)
    half = days_of(pack.kept[0], Span(pack.covers.from_us, pack.covers.from_us + 36 * HOUR_US), LONDON)
    assert [day.name for day in half] == ["Mon 12 Oct 2026", "Tue 13 Oct 2026"]


def test_a_map_that_no_scale_fits_is_still_a_map() -> None:
    assert frame_around((0.0, 0.0, 3_000_000.0, 100.0)).scale * 160 / 1_000 >= 3_000_000
    zone = zone_relied(9, 1).points
    apart = map_of([*zone, replace(zone[-1], lon=-6.0, lat=58.0, fix_us=zone[-1].fix_us + 9 * MINUTE_US)], ZONE)
    assert apart
    assert apart.scale >= 1_000_000


def test_every_picture_is_said_in_words() -> None:
    for section in document_of(sample()).sections:
        for block in section.blocks:
            if hasattr(block, "layers"):
                assert len(block.alt) > 60
                assert block.alt.split(".")[0] in block.caption or block.alt.startswith("Timeline")
