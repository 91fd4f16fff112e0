"""What of a scenario cannot happen in a run that is shorter than it was made for, or with people whom it does not concern."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from simulators.scenario import Scenario
from simulators.scenes import Life
from simulators.subjects import Run, Subject

MOST_NAMED: Final = 3
"""Of a long list the first are named, and the others counted."""
DAY_S: Final = 86_400.0


def never_happens(scenario: Scenario, run: Run, subjects: Sequence[Subject], lives: Sequence[Life]) -> str | None:
    """One line: what never happens in the run, and the run that the scenario suggests; None when all of it may."""
    never = [*_too_late(scenario, run.duration_s), *_nobodys(scenario, subjects, lives)]
    if not never:
        return None
    more = f" and {len(never) - MOST_NAMED} more" if len(never) > MOST_NAMED else ""
    said = f"in this run of {run.duration_s:.12g} s never happens: {', '.join(never[:MOST_NAMED])}{more}"
    suggested = _suggested(scenario)
    return f"{said}; the scenario suggests {suggested}" if suggested else said


def _too_late(scenario: Scenario, duration_s: float) -> Iterator[str]:
    outages = [(f"outage {n}", one.from_s) for n, one in enumerate(scenario.outages, start=1)]
    centre = [(f"centre_outage {n}", one.from_s) for n, one in enumerate(scenario.centre_outages, start=1)]
    power_cuts = [(f"power_cut {n}", one.from_s) for n, one in enumerate(scenario.power_cuts, start=1)]
    for name, from_s in (*outages, *centre, *power_cuts):
        if from_s >= duration_s:
            yield f"{name}, from {from_s:.12g} s"


def _nobodys(scenario: Scenario, subjects: Sequence[Subject], lives: Sequence[Life]) -> Iterator[str]:
    """What chance, or the caseload, gives to nobody."""
    lots = {worn.device.lot for subject in subjects for worn in subject.worn}
    for number, lot in enumerate(scenario.lots, start=1):
        if lot.lot not in lots:
            yield f"lot {number}, of which nobody wears a device ({lot.lot})"
    if scenario.counters.restarted and not any(life.restarts for life in lives):
        yield "counters.restarted, which falls on none of the devices"


def _suggested(scenario: Scenario) -> str:
    run = scenario.run
    options = [
        f"--duration {run.days * DAY_S:.12g}" if run.days else "",
        f"--wearers {run.wearers:.12g}" if run.wearers else "",
    ]
    return " ".join(option for option in options if option)
