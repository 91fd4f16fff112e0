"""When a run of inside fixes opens an exclusion violation: the rule, and another that `docs/fairness.md` proposes, as arrays.

The rules themselves know one (rules.md 4). To compare it with another, both are walked here over the same days at once; a
test holds the walk of the first against the rules themselves, violation by violation.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.drawn_fixes import Floats
from geofence.intake import INACCURATE_M
from geofence.verdicts import INSIDE_SIGMAS, SIGMA_PER_ACC, SURE_SIGMAS

GAP_FIXES = 5
"""The gap limit of 300 s, a fix a minute."""


class Opening(NamedTuple):
    """A fix is surely inside from ``d >= max(least x sigma, most x sigma - margin_m)``; one of a run must be."""

    least: float
    most: float
    margin_m: float

    def sure(self, depth_m: Floats, sigma: Floats) -> NDArray[np.bool_]:
        """Of each fix."""
        return np.asarray(depth_m >= np.maximum(self.least * sigma, self.most * sigma - self.margin_m))


RULE = Opening(SURE_SIGMAS, 0.0, 0.0)
"""rules.md 4."""
PROPOSED = Opening(2.8, 4.4, 17.0)
"""docs/fairness.md."""


def opened(opening: Opening, depth_m: Floats, sigma: Floats, points: int = 1) -> NDArray[np.int64]:
    """Violations of each day (rules.md 4), ``points`` being `threshold_points`.

    ``depth_m`` and ``sigma`` are (fixes, days), a minute apart. Returns (days,).
    """
    days = depth_m.shape[1]
    used = sigma <= INACCURATE_M / SIGMA_PER_ACC
    inside, outside = used & (depth_m >= INSIDE_SIGMAS * sigma), used & (depth_m <= -INSIDE_SIGMAS * sigma)
    sure = opening.sure(depth_m, sigma) & inside
    found, open_, run_sure = np.zeros(days, np.int64), np.zeros(days, np.bool_), np.zeros(days, np.bool_)
    run, run_at, back, back_at = (np.zeros(days, np.int64) for _ in range(4))
    for k in range(len(depth_m)):
        ours, theirs = inside[k], outside[k]
        goes_on = (run > 0) & (k - run_at <= GAP_FIXES)
        run = np.where(ours, np.where(goes_on, run, 0) + 1, np.where(theirs, 0, run))
        run_sure = np.where(ours, (goes_on & run_sure) | sure[k], run_sure)
        run_at = np.where(ours, k, run_at)
        back = np.where(theirs, np.where((back > 0) & (k - back_at <= GAP_FIXES), back, 0) + 1, np.where(ours, 0, back))
        back_at = np.where(theirs, k, back_at)
        opens = ours & (run > points) & run_sure & ~open_
        found += opens
        open_ = (open_ | opens) & ~(theirs & (back > points))
    return found
