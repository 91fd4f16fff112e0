"""Has the rules compiled before anybody waits for them.

The first call of compiled code takes half a minute on a machine that has never run it; it is kept beside the sources, so
that the next process loads it in a second. An ingest that compiled while messages came would be taken for dead by its
broker. So `bailiwick ingest` judges a small invented feed before it connects.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from access.permits import near_rows
from bailiwick.evaluate_command import evaluate
from bailiwick.timezones import pinned_time_zones
from domain.caseload_file import read_caseload
from domain.instants import parse_instant
from domain.records import Circle
from geofence.shapes import table_of
from ingest.warming import warm_up as warm_up_ingest
from simulators.caseload import as_lines, generate
from simulators.feed import feed_lines
from simulators.scenario import Feed, Network, Scenario, Shares
from simulators.service import Simulation
from simulators.subjects import Run

START_US = parse_instant("2026-11-02T20:00:00Z")
WEARERS = 12
DURATION_S = 900.0
RATE_HZ = 0.05
SEED = 3
EVENTFUL = Scenario(
    shares=Shares(zone_visit=0.5, zone_edge=0.2, left_home=0.3, silent_backlog=0.5, silent_off=0.2),
    network=Network(duplicates=0.05, reordered=0.2),
    feed=Feed(tick_s=10),
)
"""Late, repeated and reordered facts as well: they have code of their own."""


def warm_up() -> int:
    """Judges a small feed, and pairs of people, and forgets both; gives the number of versions that came of the feed."""
    lines = as_lines(generate(WEARERS, SEED, START_US, DURATION_S, RATE_HZ)).splitlines(keepends=True)
    versions, _ = read_caseload(lines, "warm-up", pinned_time_zones().names)
    _compile_the_mask()
    warm_up_ingest(pinned_time_zones())
    simulation = Simulation.prepare(versions, Run(START_US, DURATION_S), EVENTFUL, SEED, RATE_HZ)
    feed = feed_lines(simulation.devices, EVENTFUL, SEED)
    return sum(1 for _ in evaluate(versions, feed, "warm-up", None, Counter()))


def _compile_the_mask() -> None:
    """What the API holds positions against zones with: nobody waits for the first map."""
    one = np.zeros(1)
    near_rows(table_of([Circle(0.0, 0.0, 1.0)]), np.zeros(1, np.int64), np.zeros(1, np.bool_), one, one, one)


if __name__ == "__main__":
    warm_up()
