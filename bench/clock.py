"""What a tick costs the rules when nothing is due: the sweep of the clock over every device and condition.

``python -m bench.clock``. Writes bench/results/clock.json: the sweep over 18,000 and over 1,000,000 (as many devices as
conditions, in arrays made for it), and one look at a curfew whose grace has run, at an hour that thousands have in common.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np

from bailiwick.timezones import pinned_time_zones
from bench.results import write_result
from domain.facts import Batch, LineKind, Roster, empty_facts
from domain.instants import DAY_US, FAR_US, HOUR_US, SECOND_US
from domain.records import Condition, Device, Fitting, Order, Place, Record, Timetable, TimetableRow, Version, Wearer
from domain.vocabulary import ConditionKind, DeviceKind, OrderKind
from geofence.book import Book
from geofence.layout import Layout
from geofence.rules import Rules
from geofence.silence import Silence
from geofence.stepper import Wakes
from geofence.tables import Tables
from geofence.timetable import WindowCache
from geofence.world import World

FLEET, MANY = 18_000, 1_000_000
CURFEWS = 2_000
NIGHTS = 6
HOME = (0.5, 51.2)
REPEATS = 30
WARM = 3
NOW_US = 1_795_000_000 * SECOND_US
FRESH_US = 300 * SECOND_US
HEARD_WITHIN_US = 60 * SECOND_US


def median_ms(run: Callable[[], object], repeats: int = REPEATS) -> float:
    """Milliseconds of CPU, the median of some runs."""
    taken_s = []
    for number in range(repeats + WARM):
        started = time.process_time()
        run()
        if number >= WARM:
            taken_s.append(time.process_time() - started)
    return statistics.median(taken_s) * 1000.0


class Sweep:
    """As many devices and curfews as asked, all heard a moment ago, nothing due for hours."""

    def __init__(self, size: int) -> None:
        rng = np.random.default_rng(1)
        columns = dict.fromkeys(Tables._fields, np.zeros(0, np.int64))
        columns["fresh_us"] = np.full(size, FRESH_US, np.int64)
        columns["pace_first"] = columns["pace_last"] = np.zeros(size, np.int64)
        book = Book(Roster(), WindowCache(pinned_time_zones()))
        self.world = World(book, Layout(tables=Tables(**columns)))
        self.silence = Silence()
        self.silence.grow(size, size)
        self.silence.started_us = NOW_US - DAY_US
        contact = self.silence.contact
        contact["heard"] = NOW_US - rng.integers(0, HEARD_WITHIN_US, size)
        contact["fitted"] = contact["begin"] = NOW_US - 30 * DAY_US
        contact["until"] = NOW_US + 8 * DAY_US
        contact["speaks"] = True
        self.silence.next_check[:] = NOW_US + rng.integers(HOUR_US, DAY_US, size)
        self.wakes = Wakes()
        self.wakes.grow(size, size, size)
        self.wakes.fitting[:] = FAR_US
        awake = rng.random(size) < 0.1
        self.wakes.case[awake] = NOW_US + rng.integers(HOUR_US, DAY_US, int(awake.sum()))

    def tick(self) -> None:
        """What the rules do at a tick when nothing is due (`geofence.batch_run`)."""
        assert self.silence.next_end(NOW_US) == FAR_US
        assert not self.wakes.due(NOW_US)
        assert not self.silence.tick_contact(self.world, NOW_US)
        assert not self.silence.tick_whereabouts(self.world, NOW_US)


def ticks(instants: list[int]) -> Batch:
    """A batch of ticks."""
    size = len(instants)
    return Batch(
        np.array(instants, np.int64),
        np.full(size, LineKind.TICK, np.int8),
        np.full(size, -1, np.int32),
        np.zeros(size, np.int64),
        np.zeros(size, np.bool_),
        empty_facts(),
    )


def records(size: int) -> list[Record]:
    """Wearers with a tag and the same curfew, 19:00 to 07:00 every day."""
    week = Timetable("UTC", tuple(TimetableRow(day, 19 * 3600, 7 * 3600) for day in range(7)))
    since = NOW_US - 30 * DAY_US
    found: list[Record] = []
    for n in range(size):
        found += [
            Wearer(f"W{n}"),
            Device(f"T{n}", DeviceKind.GPS_TAG),
            Fitting(f"F{n}", f"T{n}", since, wearer=f"W{n}"),
            Order(f"O{n}", f"W{n}", OrderKind.COMMUNITY, since),
            Condition(
                f"C{n}", f"O{n}", ConditionKind.CURFEW, timetable=week, place=Place("home", *HOME), timezone="UTC"
            ),
        ]
    return found


def at_home(rules: Rules, at_us: int) -> Batch:
    """A message of every tag with one fix at home."""
    size = len(rules.roster.ids)
    facts = empty_facts(size)
    facts["line"] = facts["device"] = np.arange(size)
    facts["seq"] = facts["t_us"] = facts["received_us"] = at_us
    facts["lon"], facts["lat"] = HOME
    facts["acc"] = 8.0
    batch = ticks([at_us] * size)
    batch.kinds[:] = LineKind.MESSAGE
    batch.devices[:] = np.arange(size)
    batch.facts = facts
    return batch


def look_us(curfews: int, nights: int) -> tuple[float, float]:
    """Microseconds a curfew, where the grace of all has run at one tick: on the first night, and later ones (median)."""
    rules = Rules(Roster(), [Version(record) for record in records(curfews)], pinned_time_zones())
    due_us = NOW_US // DAY_US * DAY_US + 19 * HOUR_US + 300 * SECOND_US
    taken = []
    for night in range(nights):
        at_us = due_us + night * DAY_US
        rules.judge(at_home(rules, at_us - 30 * SECOND_US))
        rules.judge(ticks([at_us - SECOND_US]))
        started = time.process_time()
        decisions = rules.judge(ticks([at_us]))
        taken.append((time.process_time() - started) / curfews * 1e6)
        assert not decisions.versions
    return taken[0], statistics.median(taken[1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--curfews", type=int, default=CURFEWS)
    curfews = parser.parse_args().curfews
    first_us, later_us = look_us(curfews, NIGHTS)
    result = {
        "sweep_18000_ms": round(median_ms(Sweep(FLEET).tick), 3),
        "sweep_1000000_ms": round(median_ms(Sweep(MANY).tick), 2),
        "look_us": round(later_us, 1),
        "look_first_us": round(first_us, 1),
        "curfews_in_one_tick": curfews,
        "clock": "CPU time, medians",
    }
    write_result("clock", result, f"python -m bench.clock --curfews {curfews}")


if __name__ == "__main__":
    main()
