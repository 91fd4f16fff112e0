"""The caseload as flat tables, which the fold only reads."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from geofence.near_fold import PAIRED

NONE: NDArray[np.int64] = np.zeros(0, np.int64)


PACE = np.dtype([("from_us", np.int64), ("gap_us", np.int64), ("fresh_us", np.int64)])


class Tables(NamedTuple):
    """Who has which rows, and what each is held against. A named tuple, because the compiler takes one.

    Attributes
    ----------
    gap_us, fresh_us : (devices,) int64: `G`, also the limit of location loss; and how long a home unit stays fresh;
        both by the newest version of the device.
    pace_first, pace_last, paces : the versions of each device with another `G` or freshness than before, of `PACE`, in order of
        `from_us`; of a device that never had another, none.
    locates : (devices,) int8: 1 for a device whose location can be lost (a location tag, a victim's unit), 2 for one
        that a home unit may hear meanwhile.
    fixed_line : (devices,) bool: a telephone line, which stands at a place.
    rank : (devices,) int64: place of the device's id in the order of ids.
    check_first, check_last, check_t : equipment checks, by device.
    row_first, row_last, rows : the track rows of each party.
    kind : (rows,) int8: `EXCLUSION`, `KEEP_INSIDE`, `CURFEW`, `CURFEW_WITH_UNIT` (attendance too).
    era_first, era_last, eras : the versions of each row, in order of `from_us`.
    shapes, vlon, vlat, pen_up : what the eras point to, as in `geofence.shapes.ShapeTable`.
    pair_first, pair_last, pairs_of : the pairs that each party is in, as rows of ``pairs``; empty without any pair.
    pairs : of `geofence.near_fold.PAIRED`.
    """

    gap_us: NDArray[Any]
    fresh_us: NDArray[Any]
    pace_first: NDArray[Any]
    pace_last: NDArray[Any]
    paces: NDArray[Any]
    locates: NDArray[Any]
    fixed_line: NDArray[Any]
    rank: NDArray[Any]
    check_first: NDArray[Any]
    check_last: NDArray[Any]
    check_t: NDArray[Any]
    row_first: NDArray[Any]
    row_last: NDArray[Any]
    rows: NDArray[Any]
    kind: NDArray[Any]
    era_first: NDArray[Any]
    era_last: NDArray[Any]
    eras: NDArray[Any]
    shapes: NDArray[Any]
    vlon: NDArray[Any]
    vlat: NDArray[Any]
    pen_up: NDArray[Any]
    pair_first: NDArray[Any] = NONE
    pair_last: NDArray[Any] = NONE
    pairs_of: NDArray[Any] = NONE
    pairs: NDArray[Any] = np.zeros(0, PAIRED)

    def gap_at(self, device: int, at_us: int) -> int:
        """`G` of a device for a fix of an instant, as `geofence.fold_leaves.gap_at`."""
        found = self.pace_at(device, at_us)
        return int(self.gap_us[device] if found < 0 else self.paces["gap_us"][found])

    def fresh_at(self, device: int, at_us: int) -> int:
        """How long a home unit stays fresh after an item of an instant."""
        found = self.pace_at(device, at_us)
        return int(self.fresh_us[device] if found < 0 else self.paces["fresh_us"][found])

    def pace_at(self, device: int, at_us: int) -> int:
        """Where the version that holds stands, before the first that one; -1 for a device that has but one."""
        first, last = int(self.pace_first[device]), int(self.pace_last[device])
        if first == last:
            return -1
        return max(first, first + int(np.searchsorted(self.paces["from_us"][first:last], at_us, "right")) - 1)
