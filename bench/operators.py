"""How many people a monitoring centre needs: claim times and what nobody claims, with the policy and the protocols that ship.

``python -m bench.operators`` invents days of 0.3, 2 and 6 alerts a wearer and day, puts people at the console (`simulators.operators`),
lets them take alerts in its order, ring, err and have breaks, in virtual time, and searches how many it takes. It writes
bench/results/operators.json and docs/operators.md with its picture. Under ten minutes, on two cores. ``--quick`` is 1,000 wearers at two
rates and writes nothing; ``--page`` makes the page of the result that is there.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import fields, replace
from typing import Any, Final

from bench.operators_day import AROUND_US, WEARERS, WHOLE_DAY, Given, Habits, Outage
from bench.operators_desk import AlertDesk
from bench.operators_page import PAGE, page
from bench.operators_picture import PICTURE, picture
from bench.operators_tally import Tally, quantiles
from bench.results import RESULTS, write_result
from domain.instants import HOUR_US
from domain.vocabulary import Role, Severity
from simulators.operators import Doing, Floor, Spread, always, shifts

RATES: Final = (0.3, 2.0, 6.0)
OPERATORS: Final = 30
"""As in bench.burden: what so many can do, at the rates up to `FEW_UP_TO`."""
FEW_UP_TO: Final = 2.0
ENOUGH: Final = 0.99
"""Of the critical alerts claimed within 2 minutes; and of the serious within 15, before a senior is told."""
STEP: Final = 1.03
EXACT: Final = 0.035
"""How far from the fewest a search may end: so large a part of them."""
STARTS: Final = {"critical": {0.3: 30, 2.0: 131, 6.0: 356}, "all": {0.3: 46, 2.0: 246, 6.0: 703}}
"""Where the searches begin with 18,000 wearers: near where earlier ones ended or pointed, so that they end soon."""
SENIORS_A: Final = 12
"""Operators for each supervisor; there is one duty manager. Both are assumed, and always there."""
SLOWER: Final = 1.5
PROCESSES: Final = 3
"""One more than the cores it is made for: some searches end long before others."""
Row = dict[str, Any]


def run(given: Given, operators: int) -> tuple[Floor, Tally]:
    """What is given, with so many operators at every instant."""
    from_us, to_us = given.from_us - AROUND_US, given.to_us + AROUND_US
    desk = AlertDesk(given)
    seniors = always(Role.SUPERVISOR, math.ceil(operators / SENIORS_A), from_us, to_us)
    rota = [*shifts(operators, from_us, to_us), *seniors, *always(Role.DUTY_MANAGER, 1, from_us, to_us)]
    floor = Floor(desk, rota)
    floor.run(to_us)
    desk.finish(to_us)
    return floor, desk.tally


def figures(given: Given, operators: int, name: str = "") -> Row:
    """What is written down of a day."""
    floor, tally = run(given, operators)
    hours = range(given.from_us // HOUR_US, given.to_us // HOUR_US)
    used = [_used(floor, hour) for hour in hours]
    return {
        "name": name,
        "rate": given.rate,
        "operators": operators,
        "supervisors": math.ceil(operators / SENIORS_A),
        "raised": tally.raised,
        "ends": dict(sorted(tally.ends.items())),
        "severities": {severity.value: tally.of(severity) for severity in Severity},
        "still_open_after_an_hour": tally.still_open,
        "claims_by": {role.value: count for role, count in sorted(tally.taken.items())},
        "hours": list(given.hours),
        "busy": {"mean": round(sum(used) / len(used), 3), "hours": used},
        "longest_queue": tally.longest.get(None, (0, 0))[0],
        "critical_p99_hours": [_p99(tally, hour) for hour in hours],
        "closed": tally.closed,
        "errors": dict(sorted(tally.errors.items())),
        "calls_out": tally.calls_out,
        "stand_down_calls": tally.stood_down,
        "calls_in": {
            "answered": len(tally.calls_in),
            "hung_up": tally.hung_up,
            "wait_s": quantiles(sorted(tally.calls_in)),
        },
    }


def _used(floor: Floor, hour: int) -> float:
    """The share of an hour in which operators had something in hand, of that in which they had no break."""
    of = {doing: floor.hours.get((Role.OPERATOR, hour, doing), 0) for doing in Doing}
    there = of[Doing.BUSY] + of[Doing.FREE]
    return round(of[Doing.BUSY] / there, 3) if there else 0.0


def _p99(tally: Tally, hour: int) -> float | None:
    claims = sorted(tally.waits_s.get((Severity.CRITICAL, hour), []))
    return quantiles(claims)["p99"] if claims else None


def enough_for_critical(row: Row) -> bool:
    """Whether so many critical alerts as asked are claimed before a supervisor is told."""
    return bool(row["severities"]["critical"]["within_2_min"] >= ENOUGH)


def enough_for_all(row: Row) -> bool:
    """And so many serious ones likewise."""
    return enough_for_critical(row) and bool(row["severities"]["serious"]["within_15_min"] >= ENOUGH)


def least(good: Callable[[int], bool], guess: int) -> int:
    """The smallest number that is good, to within `EXACT` of it; a larger one of a good one is taken to be good."""
    low, high, step = 0, None, STEP
    number = max(1, guess)
    while high is None or high - low > max(1, math.floor(high * EXACT)):
        if good(number):
            high = number
            number = max(low + 1, math.floor(high / step)) if low == 0 else (low + high) // 2
            if high == 1:
                break
        else:
            low = number
            number = max(low + 1, math.ceil(low * step)) if high is None else (low + high) // 2
        step = step**2 if low == 0 or high is None else step
    return high


def search(given: Given, goal: Callable[[Row], bool], guess: int) -> tuple[int, dict[int, Row]]:
    """How many operators reach a goal, and every day that was tried."""
    tried: dict[int, Row] = {}

    def good(operators: int) -> bool:
        if operators not in tried:
            tried[operators] = figures(given, operators)
            print(given.rate, _point(tried[operators]), file=sys.stderr, flush=True)
        return goal(tried[operators])

    return least(good, guess), tried


def slower(habits: Habits, times: float) -> Habits:
    """The same habits, with everything that people do taking so many times as long."""
    changed: dict[str, Any] = {}
    for one in fields(habits):
        value = getattr(habits, one.name)
        if isinstance(value, Spread):
            changed[one.name] = replace(value, median_s=value.median_s * times)
        elif isinstance(value, tuple):
            changed[one.name] = tuple(replace(spread, median_s=spread.median_s * times) for spread in value)
    return replace(habits, **changed)


def start(goal: str, rate: float, wearers: int) -> int:
    """Where a search begins."""
    return max(1, math.ceil(STARTS[goal][rate] * wearers / WEARERS))


def measure(wearers: int, seed: int, rates: Sequence[float] = RATES) -> Row:
    """Every search, and the days that the page tells of."""
    goals = {"critical": enough_for_critical, "all": enough_for_all}
    found: dict[str, dict[float, int]] = {name: {} for name in goals}
    tried: dict[float, dict[int, Row]] = {rate: {} for rate in rates}
    rows: list[Row] = []
    with ProcessPoolExecutor(PROCESSES) as pool:
        asked = {
            (rate, name): pool.submit(search, Given(rate, wearers, seed=seed), goal, start(name, rate, wearers))
            for rate in sorted(rates, reverse=True)
            for name, goal in goals.items()
        }
        few = {
            rate: pool.submit(figures, Given(rate, wearers, seed=seed), OPERATORS)
            for rate in rates
            if rate <= FEW_UP_TO
        }
        for rate in rates:
            for name in goals:
                found[name][rate], days = asked[rate, name].result()
                tried[rate] |= days
        others = [pool.submit(figures, *other) for other in _others(found["critical"], wearers, seed)]
        for rate in rates:
            wanted = {found[name][rate]: name for name in reversed(goals)}
            if rate in few:
                tried[rate][OPERATORS] = few[rate].result()
                wanted = {OPERATORS: "few"} | wanted
            rows += [tried[rate][count] | {"name": name} for count, name in sorted(wanted.items())]
        rows += [one.result() for one in others]
    return {
        "wearers": wearers,
        "seed": seed,
        "enough": ENOUGH,
        "needed": {name: {f"{rate:g}": count for rate, count in of.items()} for name, of in found.items()},
        "tried": {f"{rate:g}": [_point(row) for _, row in sorted(of.items())] for rate, of in tried.items()},
        "rows": rows,
    }


def _others(needed: dict[float, int], wearers: int, seed: int) -> list[tuple[Given, int, str]]:
    """Days on which something is otherwise, with as many operators as critical alerts need on a plain one."""
    found = []
    for rate, operators in list(needed.items())[:1]:
        given = Given(rate, wearers, seed=seed)
        outage = replace(Outage(), devices=wearers // 5)
        found.append((replace(given, outage=outage), operators, "outage"))
        found.append((replace(given, habits=slower(given.habits, SLOWER)), operators, "slower"))
        found.append((replace(given, hours=WHOLE_DAY), operators, "whole_day"))
    return found


def _point(row: Row) -> Row:
    """What the picture takes of a day."""
    critical, serious = row["severities"]["critical"], row["severities"]["serious"]
    return {
        "operators": row["operators"],
        "critical_within_2_min": critical["within_2_min"],
        "critical_p99_s": critical["claim_s"].get("p99"),
        "serious_within_15_min": serious["within_15_min"],
        "busy": row["busy"]["mean"],
    }


def rates_of(text: str) -> list[float]:
    """Some of `RATES`, with commas between. Raises `argparse.ArgumentTypeError`."""
    known = {f"{rate:g}": rate for rate in RATES}
    words = [word.strip() for word in text.split(",")]
    if strange := [word for word in words if word not in known]:
        raise argparse.ArgumentTypeError(f"no rate {strange[0]!r}; there are {', '.join(known)}")
    if len(set(words)) < len(words):
        raise argparse.ArgumentTypeError("a rate stands there twice")
    return [known[word] for word in words]


def asked(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line; what has no effect together is refused."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="1,000 wearers at two rates; writes nothing")
    parser.add_argument("--page", action="store_true", help="the page and the picture of the result that is there")
    parser.add_argument("--rates", type=rates_of, help="some of the rates alone, with commas between")
    parser.add_argument("--seed", type=int, help="1 by itself")
    told = parser.parse_args(arguments)
    if told.quick and told.page:
        parser.error("--quick and --page do not go together: the page is of the whole result")
    for option in ("quick", "page"):
        if told.rates and getattr(told, option):
            parser.error(f"--rates and --{option} do not go together")
    if told.page and told.seed is not None:
        parser.error("--seed and --page do not go together: the page is of the result that is there")
    told.seed = 1 if told.seed is None else told.seed
    return told


def main() -> None:
    told = asked()
    if told.quick:
        print(json.dumps(measure(1_000, told.seed, RATES[:2]), indent=2))
        return
    if not told.page:
        rates = told.rates or RATES
        command = "python -m bench.operators" + (f" --rates {','.join(f'{r:g}' for r in rates)}" if told.rates else "")
        write_result("operators", measure(WEARERS, told.seed, rates), command)
    result = json.loads((RESULTS / "operators.json").read_text())
    PAGE.write_text(page(result))
    PICTURE.write_text(picture(result))


if __name__ == "__main__":
    main()
