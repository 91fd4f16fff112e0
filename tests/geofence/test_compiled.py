"""Machine code that is kept is of the sources as they are now."""

from __future__ import annotations

from pathlib import Path

import geofence
from geofence import fold, geodesy
from geofence.compiled import _digest


def test_the_digest_covers_what_compiled_code_is_made_of() -> None:
    assert {Path(geofence.__file__).parent, Path(fold.__file__).parent} == {Path(geodesy.__file__).parent}
    assert _digest() == _digest()


def test_kept_code_is_marked_with_the_digest() -> None:
    kept = fold.fold_tracks._cache._cache_file
    assert kept._source_stamp == _digest()
