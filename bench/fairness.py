"""Who keeps every condition, and is said to have broken one: false violations by the rules themselves, and what they find.

``python -m bench.fairness`` draws honest fixes of a wearer at a straight zone edge and of a sleeper at home under a curfew
(`bench.drawn_fixes`), puts them through the rules (`bench.fairness_judged`), does the same with real visits, and writes
bench/results/fairness.json, docs/fairness.md (`bench.fairness_page`) and its picture. One core. ``--quick`` is a tenth of the days and
writes nothing; ``--page`` makes the page of the result that is there.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.drawn_fixes import (
    ACC_TIME_S,
    INTERVAL_S,
    REFLECTION,
    SPELL_FIXES,
    SPREAD,
    Drawn,
    Floats,
    Generator,
    Sky,
    axis,
    draw,
)
from bench.fairness_judged import counted
from bench.fairness_page import PAGE, page
from bench.fairness_picture import PICTURE, picture
from bench.opening_rules import GAP_FIXES, PROPOSED, RULE, opened
from bench.results import RESULTS, write_result
from bench.tallies import Tally, wilson_interval
from geofence.presence_fold import POOR_CURFEW_FACTOR
from geofence.verdicts import INSIDE_SIGMAS, SURE_SIGMAS

DISTANCES_M = (5.0, 10.0, 20.0, 30.0, 50.0)
ACC_M = (10.0, 20.0, 35.0, 50.0)
TIMES_S = (0.0, 60.0, 300.0, 600.0)
REFLECTED = (0.01, 0.05)
REFLECTED_TIMES_S = (0.0, 300.0)
THRESHOLDS = (0, 1, 2)
DEPTHS_M = (10.0, 20.0, 30.0)
VISITS_MIN = (2, 5, 15)
VISITS = 500
OUTSIDE_M, BEFORE_FIXES, AFTER_FIXES = 200.0, 15, 15
"""A visitor comes from there and goes back there; fixes before and after the visit."""
DAY_FIXES, NIGHT_FIXES = 1440, 720
PLACE_M = 50.0
CHUNKS = (100, 400, 1_500, *(2_000,) * 9)
"""Days drawn at a time: 20,000 at most."""
ENOUGH = 100
"""Events of a cell; more days are not drawn for it."""
JUDGED = 500
"""Days of a cell that go through the rules; most hold no surely wrong fix, and need not."""
SLACK = 0.98
"""The screen lets through what is nearly surely wrong, for places and accuracies are rounded on their way."""
SPREADS = (0.0, 0.2, 0.4, 0.6)
SPREAD_AT_M, SPREAD_TIME_S, SPREAD_DAYS = 20.0, 300.0, 8_000
SEED = 20_261_122


def skies() -> list[Sky]:
    """Honest ones, and some with reflections."""
    spoilt = itertools.product(ACC_M, REFLECTED_TIMES_S, REFLECTED)
    return [
        *(Sky(acc, time_s, 0.0) for acc, time_s in itertools.product(ACC_M, TIMES_S)),
        *itertools.starmap(Sky, spoilt),
    ]


@dataclass(slots=True)
class Stand:
    """Wearers who stand all day so far outside a straight edge: what the rules say, and what the proposal would."""

    metres: float
    rule: list[Tally] = field(default_factory=lambda: [Tally() for _ in THRESHOLDS])
    proposed: Tally = field(default_factory=Tally)
    judged: int = 0

    @property
    def done(self) -> bool:
        return self.rule[1].events >= ENOUGH or self.judged >= JUDGED

    def take(self, sky: Sky, drawn: Drawn, rng: Generator) -> None:
        """The days of a chunk."""
        depth, sigma = drawn.error_m - self.metres, drawn.sigma
        if not self.done:
            self._judge(sky, drawn, depth, rng)
        if self.proposed.events < ENOUGH:
            some = np.flatnonzero(PROPOSED.sure(depth, sigma).any(axis=0))
            self.proposed.add(depth.shape[1], opened(PROPOSED, depth[:, some], sigma[:, some]))

    def _judge(self, sky: Sky, drawn: Drawn, depth: Floats, rng: Generator) -> None:
        """The days that could hold a violation go through the rules; the others hold none (rules.md 4)."""
        thresholds = THRESHOLDS if self.rule[0].events < ENOUGH else THRESHOLDS[1:]
        sure = depth >= SLACK * SURE_SIGMAS * drawn.sigma
        some = np.flatnonzero(sure.any(axis=0))
        if len(thresholds) < len(THRESHOLDS):
            inside = depth[:, some] >= SLACK * INSIDE_SIGMAS * drawn.sigma[:, some]
            some = some[(sure[:, some] & another(inside)).any(axis=0)]
        left = JUDGED - self.judged
        days = depth.shape[1] if len(some) <= left else int(some[left])
        some = some[:left]
        counts = np.zeros((0, len(thresholds)), np.int64)
        if len(some):
            counts = counted(thresholds, axis(rng, drawn, some, sky), depth[:, some], drawn.acc[:, some])
        for column, threshold in enumerate(thresholds):
            self.rule[threshold].add(days, counts[:, column])
        self.judged += len(some)

    def as_json(self) -> dict[str, Any]:
        return {
            "metres": self.metres,
            "thresholds": [tally.as_json() for tally in self.rule],
            "proposed": self.proposed.as_json(),
        }


def zone_cells(sky: Sky, chunks: tuple[int, ...], rng: Generator) -> list[dict[str, Any]]:
    """False `exclusion_zone` violations by distance from the edge."""
    stands = [Stand(metres) for metres in DISTANCES_M]
    for days in chunks:
        open_ = [stand for stand in stands if not stand.done or stand.proposed.events < ENOUGH]
        if not open_:
            break
        drawn = draw(rng, DAY_FIXES, days, sky)
        for stand in open_:
            stand.take(sky, drawn, rng)
    return [stand.as_json() for stand in stands]


def another(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(fixes, days) true where another fix of the day is inside, near enough for one run."""
    near = np.zeros(inside.shape, np.bool_)
    for k in range(1, GAP_FIXES + 1):
        near[k:] |= inside[:-k]
        near[:-k] |= inside[k:]
    return near


def sleeper_cell(sky: Sky, chunks: tuple[int, ...], rng: Generator) -> dict[str, Any]:
    """Sleepers in the middle of the curfew's circle, twelve hours a night: false `curfew` violations."""
    tally, judged = Tally(), 0
    for nights in chunks:
        if tally.events >= ENOUGH or judged >= JUDGED:
            break
        drawn = draw(rng, NIGHT_FIXES, nights, sky)
        east = axis(rng, drawn, slice(None), sky)
        off = np.hypot(east, drawn.error_m) - PLACE_M
        poor = drawn.acc > PLACE_M
        sure = off >= SLACK * np.where(poor, POOR_CURFEW_FACTOR * drawn.acc, SURE_SIGMAS * drawn.sigma)
        some = np.flatnonzero(sure.any(axis=0))
        left = JUDGED - judged
        days = nights if len(some) <= left else int(some[left])
        some = some[:left]
        counts = np.zeros(0, np.int64)
        if len(some):
            counts = counted((), east[:, some], drawn.error_m[:, some], drawn.acc[:, some])[:, 0]
        tally.add(days, counts)
        judged += len(some)
    return tally.as_json()


def visit_cell(sky: Sky, depth_m: float, minutes: int, visits: int, rng: Generator) -> dict[str, Any]:
    """Visits that lead to a violation, by threshold, and by the proposal."""
    fixes = BEFORE_FIXES + minutes + AFTER_FIXES
    drawn = draw(rng, fixes, visits, sky)
    place = np.full(fixes, -OUTSIDE_M)
    place[BEFORE_FIXES : BEFORE_FIXES + minutes] = depth_m
    depth = drawn.error_m + place[:, np.newaxis]
    counts = counted(THRESHOLDS, axis(rng, drawn, slice(None), sky), depth, drawn.acc)
    return {
        "depth_m": depth_m,
        "minutes": minutes,
        "thresholds": [_share(counts[:, column]) for column in range(len(THRESHOLDS))],
        "proposed": _share(opened(PROPOSED, depth, drawn.sigma)),
    }


def _share(counts: NDArray[np.int64]) -> dict[str, float]:
    hits = int((counts > 0).sum())
    low, high = wilson_interval(hits, len(counts))
    return {"share": round(hits / len(counts), 3), "low": round(low, 3), "high": round(high, 3)}


def measured(chunks: tuple[int, ...], visits: int, skies_of: list[Sky]) -> dict[str, Any]:
    """Every cell; each sky has a seed of its own."""
    zone, sleeper, visited = [], [], []
    for number, sky in enumerate(skies_of):
        started = time.process_time()
        rng = np.random.default_rng([SEED, number])
        of = {"acc_m": sky.acc_m, "time_s": sky.time_s, "reflected": sky.reflected}
        zone.append({**of, "distances": zone_cells(sky, chunks, rng)})
        sleeper.append({**of, **sleeper_cell(sky, chunks, rng)})
        if not sky.reflected:
            visited += [
                {**of, **visit_cell(sky, depth, minutes, visits, rng)}
                for depth, minutes in itertools.product(DEPTHS_M, VISITS_MIN)
            ]
        print(f"{number + 1}/{len(skies_of)} {sky} {time.process_time() - started:.1f} s", flush=True)
    return {"zone": zone, "sleeper": sleeper, "visits": visited}


def spreads(days: int) -> list[dict[str, Any]]:
    """What a steadier or a more changeable ``acc`` would make of it, at `SPREAD_AT_M`, errors that last `SPREAD_TIME_S`.

    Walked (`bench.opening_rules`), which is what the rules say.
    """
    found = []
    for number, (acc, spread) in enumerate(itertools.product(ACC_M, SPREADS)):
        rng = np.random.default_rng([SEED, 1_000 + number])
        sky = Sky(acc, SPREAD_TIME_S, 0.0, spread)
        tallies = {"rule": Tally(), "proposed": Tally()}
        for _ in range(0, days, CHUNKS[-1]):
            drawn = draw(rng, DAY_FIXES, min(days, CHUNKS[-1]), sky)
            depth, sigma = drawn.error_m - SPREAD_AT_M, drawn.sigma
            for name, opening in (("rule", RULE), ("proposed", PROPOSED)):
                some = np.flatnonzero(opening.sure(depth, sigma).any(axis=0))
                tallies[name].add(depth.shape[1], opened(opening, depth[:, some], sigma[:, some]))
        found.append({"acc_m": acc, "spread": spread, **{name: tally.as_json() for name, tally in tallies.items()}})
    return found


def model() -> dict[str, Any]:
    """What was drawn."""
    return {
        "interval_s": INTERVAL_S,
        "acc_spread": SPREAD,
        "acc_time_s": ACC_TIME_S,
        "reflection_factor": REFLECTION,
        "reflection_spell_fixes": SPELL_FIXES,
        "place_m": PLACE_M,
        "visits_a_cell": VISITS,
        "days_a_cell_at_most": sum(CHUNKS),
        "spread_at_m": SPREAD_AT_M,
        "spread_time_s": SPREAD_TIME_S,
        "events_enough": ENOUGH,
        "days_judged_at_most": JUDGED,
        "proposed": PROPOSED._asdict(),
        "seed": SEED,
    }


def write_page(result: dict[str, Any]) -> None:
    """The page and its picture."""
    PAGE.write_text(page(result), encoding="utf-8")
    PICTURE.write_text(picture(result), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of it; prints the page and writes nothing")
    parser.add_argument("--page", action="store_true", help="docs/fairness.md of the result that is there")
    arguments = parser.parse_args()
    if arguments.page:
        write_page(json.loads((RESULTS / "fairness.json").read_text()))
        return
    started = time.process_time()
    if arguments.quick:
        print(
            page(
                {**measured(CHUNKS[:3], VISITS // 10, skies()), "spreads": spreads(SPREAD_DAYS // 10), "model": model()}
            )
        )
        return
    result = {**measured(CHUNKS, VISITS, skies()), "spreads": spreads(SPREAD_DAYS), "model": model()}
    result["cpu_s"] = round(time.process_time() - started)
    path = write_result("fairness", result, "python -m bench.fairness")
    write_page(json.loads(path.read_text()))


if __name__ == "__main__":
    main()
