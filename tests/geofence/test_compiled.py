"""Machine code that is kept is of the sources as they are now."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import geofence
from domain.records import Circle, Polygons
from geofence import fold, geodesy
from geofence.compiled import _digest, plain
from geofence.shapes import signed_distance_m, table_of


def test_the_digest_covers_what_compiled_code_is_made_of() -> None:
    assert {Path(geofence.__file__).parent, Path(fold.__file__).parent} == {Path(geodesy.__file__).parent}
    assert _digest() == _digest()


def test_kept_code_is_marked_with_the_digest() -> None:
    kept = fold.fold_tracks._cache._cache_file
    assert kept._source_stamp == _digest()


def test_the_plain_source_gives_what_machine_code_gives() -> None:
    ring = ((0.5, 51.2), (0.52, 51.2), (0.51, 51.21), (0.5, 51.2))
    chance = np.random.default_rng(11)
    for shape in (Circle(0.51, 51.205, 300.0), Polygons(((ring,),))):
        table = table_of([shape])
        for lat, lon in zip(chance.uniform(51.19, 51.22, 200), chance.uniform(0.49, 0.53, 200), strict=True):
            given = table.shapes[0], table.lon, table.lat, table.pen_up, float(lat), float(lon)
            assert plain(signed_distance_m)(*given) == signed_distance_m(*given)
    assert plain(signed_distance_m).__code__ is signed_distance_m.py_func.__code__
    assert plain(len) is len
