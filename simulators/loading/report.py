"""A load run told: as JSON, and as text for people."""

from __future__ import annotations

import os
import platform
import resource
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from typing import Any, Final

from domain.instants import format_instant
from simulators.fleet import Tally
from simulators.loading.histogram import Histogram
from simulators.loading.knobs import scenario_name
from simulators.loading.limits import Bounds, Limit
from simulators.loading.meter import ACKNOWLEDGED, ALERTED, ON_MAP, PUBLISHED, STAGES, Done, Series, Stages
from simulators.loading.plans import Plan
from simulators.loading.watching import Centre, Console, total

WORDS: Final = {
    PUBLISHED: "due to published",
    ACKNOWLEDGED: "published to acknowledged",
    ON_MAP: "fix to map",
    ALERTED: "violation to alert",
}
LIBRARIES: Final = ("bailiwick", "mqtt5", "numpy")


@dataclass(slots=True)
class Ran:
    """A run that is over, and what it was measured with. ``after``: what came when its last step was over."""

    plan: Plan
    done: Sequence[Done]
    after: Stages
    tally: Tally
    memory: Series
    wearers: int
    start_us: int
    seed: int
    bounds: Bounds
    centre: Centre | None
    console: Console | None
    knobs: Mapping[str, str] = field(default_factory=dict)

    @property
    def limits(self) -> list[Limit]:
        return [limit for done in self.done for limit in done.limits]

    @property
    def borne_hz(self) -> float | None:
        """The most of a step in which nothing gave out, messages a second."""
        good = [done.step.rate_hz for done in self.done if done.step.measured and not done.limits]
        return max(good, default=None)

    @property
    def good(self) -> bool:
        """Everything was taken, and nothing gave out; a ramp is there to find what does."""
        return self.plan.stops or (not self.limits and self.tally.held == self.tally.dropped == 0)

    def stage(self, name: str) -> Histogram:
        """Of all steps that count, and what came after them."""
        return total([*(d.stages[name] for d in self.done if d.step.measured), self.after.of[name]])


def as_json(ran: Ran) -> dict[str, Any]:
    """The report (docs/load.md)."""
    return {
        "scenario": scenario_name(ran.plan.devices, ran.plan.rate_hz),
        "profile": ran.plan.profile.value,
        "qos": 1,
        "devices": ran.plan.devices,
        "wearers": ran.wearers,
        "rate_hz": ran.plan.rate_hz,
        "from": format_instant(ran.start_us),
        "duration_s": round(sum(done.seconds for done in ran.done), 3),
        "seed": ran.seed,
        "steps": [_step(done) for done in ran.done],
        "stages_s": {name: ran.stage(name).as_json() for name in STAGES},
        "not_measured": not_measured(ran),
        "limits": [{**asdict(limit), "what": limit.what.value} for limit in ran.limits],
        "borne_hz": ran.borne_hz,
        "bounds": asdict(ran.bounds),
        "centre": None if ran.centre is None else ran.centre.as_json(),
        "memory_mb_an_hour": _rises(ran),
        "console": None if ran.console is None else _console(ran.console),
        "generator": _generator(ran),
        "knobs": dict(ran.knobs),
        "tally": ran.tally.as_json(),
        "machine": {"cores": os.cpu_count(), "system": platform.platform()},
        "versions": {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}},
    }


def _step(done: Done) -> dict[str, Any]:
    step, seconds = done.step, max(done.seconds, 1e-9)
    return {
        "name": step.name,
        "measured": step.measured,
        "from_s": round(step.begin_s, 3),
        "seconds": round(done.seconds, 3),
        "devices": step.devices,
        "rate_hz": round(step.rate_hz, 3),
        "sent_per_s": round(done.sent / seconds, 1),
        "acknowledged_per_s": round(done.acknowledged / seconds, 1),
        "waiting": done.waiting,
        "behind": None if done.behind is None else round(done.behind),
        "recovered_s": None if done.recovered_s is None else round(done.recovered_s, 1),
        "stages_s": {name: done.stages[name].as_json() for name in STAGES},
        "late_s": done.late.as_json(),
        "limits": [limit.what.value for limit in done.limits],
    }


def not_measured(ran: Ran) -> dict[str, str]:
    """Which stages have no figure, and why."""
    why = {}
    for name in STAGES:
        if not len(ran.stage(name)):
            why[name] = "nothing came of it"
    if ran.console is None:
        why |= dict.fromkeys((ON_MAP, ALERTED), "needs --api")
    elif ran.plan.tampers is None:
        why[ALERTED] = "no strap was cut: --tampers, or the profile storm"
    if ran.centre is None:
        why["centre"] = (
            "needs --metrics: an acknowledgement is the broker's, and says nothing of what the centre stored"
        )
    return why


def _rises(ran: Ran) -> dict[str, float | None]:
    """Memory, by a straight line through what was seen once the warm-up was over."""
    from_s = next((done.step.begin_s for done in ran.done if done.step.measured), 0.0)
    found = {"generator": ran.memory.rise_an_hour(from_s)}
    if ran.centre is not None:
        found["centre"] = ran.centre.memory.rise_an_hour(from_s)
    return {name: None if rise is None else round(rise, 2) for name, rise in found.items()}


def _console(console: Console) -> dict[str, Any]:
    return {"alerts": console.heard, "unheard": len(console.expected), "troubles": dict(console.troubles)}


def _generator(ran: Ran) -> dict[str, Any]:
    late = total([done.late for done in ran.done if done.step.measured])
    most_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "cpu_s": round(ran.tally.cpu_s, 2),
        "most_memory_mb": round(most_kb * 1024 / 1e6, 1),
        "late_s": late.as_json(),
    }


def as_text(ran: Ran) -> str:
    """For people."""
    name = scenario_name(ran.plan.devices, ran.plan.rate_hz)
    lines = [f"{name}, {ran.plan.profile}, QoS 1", "", _heading(), *(_row(done) for done in ran.done), ""]
    for stage in STAGES:
        told = ran.stage(stage).as_json()
        if told is not None:
            marks = ", ".join(f"{mark} {told[mark]:.4f} s" for mark in ("p50", "p90", "p95", "p99", "max"))
            lines.append(f"{WORDS[stage]}: {marks} ({told['count']:,.0f})")
    lines += [f"{WORDS.get(stage, stage)}: not measured: {why}" for stage, why in not_measured(ran).items()]
    lines += ["", *_of_the_system(ran), *_found(ran)]
    return "\n".join(lines)


def _heading() -> str:
    columns = ("devices", "rate/s", "sent/s", "taken/s", "waiting", "published p99", "acknowledged p50", "p99")
    return f"{'step':<12}" + "".join(f"{column:>{max(10, len(column) + 2)}}" for column in columns)


def _row(done: Done) -> str:
    seconds = max(done.seconds, 1e-9)
    published, taken = done.stages[PUBLISHED], done.stages[ACKNOWLEDGED]
    return (
        f"{done.step.name:<12}{done.step.devices:>10,d}{done.step.rate_hz:>10,.0f}{done.sent / seconds:>10,.0f}"
        f"{done.acknowledged / seconds:>10,.0f}{done.waiting:>10,d}{_mark(published, 0.99):>15}{_mark(taken, 0.5):>18}"
        f"{_mark(taken, 0.99):>10}"
    )


def _mark(histogram: Histogram, q: float) -> str:
    return f"{histogram.quantile(q):.4f} s" if len(histogram) else "-"


def _of_the_system(ran: Ran) -> list[str]:
    tally, rises = ran.tally, _rises(ran)
    lines = [
        f"items: sent {tally.sent:,d}, acknowledged {tally.acknowledged:,d}, left {tally.held:,d}, dropped {tally.dropped:,d}, "
        f"taken for nobody {tally.unrouted:,d}; connections lost {tally.reconnections:,d}"
    ]
    if ran.centre is not None:
        told = ran.centre.as_json()
        lines.append(
            f"centre: stored {told['stored']:,d}, of them parked {told['parked']:,d}; CPU {told.get('cpu_s', '-')} s, "
            f"memory {told.get('memory_mb', '-')} MB; batch to commit p99 {told['batch_wait_s']['p99']} s"
        )
    if ran.console is not None and ran.plan.tampers is not None:
        lines.append(f"alerts of cut straps: {ran.console.heard:,d} heard, {len(ran.console.expected):,d} not")
    for whose, rise in rises.items():
        if rise is not None:
            lines.append(f"memory of the {whose}: {rise:+.1f} MB an hour")
    return lines


def _found(ran: Ran) -> list[str]:
    if not ran.limits:
        return ["limits found: none"]
    borne = "nothing" if ran.borne_hz is None else f"{ran.borne_hz:,.0f} messages a second"
    lines = [
        f"limit found: {limit.what} at {limit.step} ({limit.devices:,d} devices, {limit.rate_hz:,.0f} messages a second): {limit.how}"
        for limit in ran.limits
    ]
    return [*lines, f"borne: {borne}"]
