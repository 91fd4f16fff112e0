"""What is counted on a day of `bench.operators`. Nothing in here changes what happens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from alerts.protocols import Target
from alerts.severity import RANK
from bench.operators_alerts import Case
from domain.instants import HOUR_US, MINUTE_US, SECOND_US
from domain.vocabulary import AlertWork, Role, Severity

MARKS_MIN: Final = (2, 5, 15, 60)
"""How long what nobody has is counted by; those of the shipped protocols."""
STILL_OPEN: Final = "still_open"
"""The text by which the duty manager is told of what is open for an hour (protocols.toml)."""
SENIORS: Final = {Target.SUPERVISOR: Role.SUPERVISOR, Target.DUTY_MANAGER: Role.DUTY_MANAGER}
WORST_FIRST: Final = sorted(Severity, key=lambda one: -RANK[one])


@dataclass(slots=True)
class Tally:
    """Counts of what began in ``[from_us, to_us)``; `raised`, `ends`, `calls_out` and `stood_down` are of everything."""

    from_us: int
    to_us: int
    waits_s: dict[tuple[Severity, int], list[float]] = field(default_factory=dict)
    """(severity, hour since the epoch) -> from being shown, raised again or having risen until somebody claimed it."""
    unclaimed: Counter[tuple[Severity, int]] = field(default_factory=Counter)
    """(severity, mark in minutes) -> waits longer than that, whatever ended them."""
    ended: Counter[tuple[Severity, str]] = field(default_factory=Counter)
    """How waits ended: `claimed`, `over` (closed itself), `changed` (another severity: the next wait begins), `waiting` at the end."""
    again: Counter[Severity] = field(default_factory=Counter)
    told: Counter[tuple[Severity, Target]] = field(default_factory=Counter)
    """Alerts of which a senior was told because nobody had them."""
    still_open: int = 0
    """Alerts of which the duty manager was told because they were open for an hour, claimed or not."""
    taken: Counter[Role] = field(default_factory=Counter)
    """Claims by role."""
    calls_out: int = 0
    stood_down: int = 0
    calls_in: list[float] = field(default_factory=list)
    """How long those waited who were answered."""
    hung_up: int = 0
    closed: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    """`forgotten`, `wrong`, `undone`, `lapsed`, `handed_over`."""
    shown: Counter[Severity] = field(default_factory=Counter)
    """Alerts by the severity at which operators were first shown them."""
    longest: dict[Severity | None, tuple[int, int]] = field(default_factory=dict)
    """The most that waited at once, and when; None: of all severities together."""
    now_waiting: Counter[Severity] = field(default_factory=Counter)
    raised: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    """What became of every alert: `claimed` by somebody, `unclaimed` (closed itself before), `held` by the incident, `open`."""

    def counts(self, at_us: int) -> bool:
        """Whether it is counted."""
        return self.from_us <= at_us < self.to_us

    def begins(self, case: Case, now_us: int) -> None:
        """A case waits from now on."""
        case.since_us, case.since = now_us, case.severity
        if self.counts(now_us):
            self.again[case.since] += case.again
            self.shown[case.since] += not case.again
        case.again = True
        self.now_waiting[case.since] += 1
        if self.counts(now_us):
            now = {case.since: self.now_waiting[case.since], None: self.now_waiting.total()}
            for of, waiting in now.items():
                self.longest[of] = max(self.longest.get(of, (0, 0)), (waiting, now_us), key=_how_many)

    def stops(self, case: Case, now_us: int, how: str) -> None:
        """It waits no more."""
        assert case.since_us is not None
        since_us, case.since_us = case.since_us, None
        self.now_waiting[case.since] -= 1
        if not self.counts(since_us):
            return
        waited_us = now_us - since_us
        self.ended[case.since, how] += 1
        for mark in MARKS_MIN:
            self.unclaimed[case.since, mark] += waited_us > mark * MINUTE_US
        if how == "claimed":
            hour = since_us // HOUR_US
            self.waits_s.setdefault((case.since, hour), []).append(waited_us / SECOND_US)

    def escalated(self, case: Case, target: Target, text: str) -> None:
        """A senior is told of it; each alert is counted once a role and reason."""
        still_open = text == STILL_OPEN
        if (target, still_open) not in case.escalated and self.counts(case.alert.raised_us):
            self.still_open += still_open
            self.told[case.severity, target] += not still_open
        case.escalated.add((target, still_open))

    def finish(self, cases: Sequence[Case], now_us: int) -> None:
        """The end of the run: what still waits, and what became of all that is still there."""
        for case in cases:
            if case.since_us is not None:
                self.stops(case, now_us, "waiting")
            self.became(case)

    def became(self, case: Case) -> None:
        """What became of a case that is looked at no more."""
        if case.claimed:
            self.ends["claimed"] += 1
        elif case.alert.grouped_under is not None:
            self.ends["held"] += 1
        else:
            self.ends["unclaimed" if case.job.work is AlertWork.CLOSED else "open"] += 1

    def claims(self, severity: Severity) -> list[float]:
        """Seconds until somebody claimed it, in order."""
        return sorted(one for (of, _), waits in self.waits_s.items() if of is severity for one in waits)

    def within(self, severity: Severity, minutes: int) -> float:
        """The share of waits that somebody ended within so many minutes; those that closed themselves before are left out."""
        claims, waiting = self.claims(severity), self.ended[severity, "waiting"]
        late = sum(one > minutes * 60 for one in claims) + waiting
        return 1 - late / max(1, len(claims) + waiting)

    def of(self, severity: Severity) -> dict[str, Any]:
        """The row of a severity."""
        claims = self.claims(severity)
        return {
            "shown": self.shown[severity],
            "waits": sum(count for (of, _), count in self.ended.items() if of is severity),
            "again": self.again[severity],
            "claimed": len(claims),
            "closed_themselves": self.ended[severity, "over"],
            "still_waiting": self.ended[severity, "waiting"],
            "claim_s": quantiles(claims),
            "unclaimed_after_min": {str(mark): self.unclaimed[severity, mark] for mark in MARKS_MIN},
            "within_2_min": round(self.within(severity, 2), 4),
            "within_15_min": round(self.within(severity, 15), 4),
            "told": {target.value: self.told[severity, target] for target in SENIORS},
            "longest_queue": self.longest.get(severity, (0, 0))[0],
        }


def quantiles(ordered: Sequence[float]) -> dict[str, float]:
    """p50, p95, p99 and the most of what stands in order; nothing of nothing."""
    if not ordered:
        return {}
    picked = {f"p{part}": ordered[min(len(ordered) - 1, part * len(ordered) // 100)] for part in (50, 95, 99)}
    return {name: round(value, 1) for name, value in (picked | {"max": ordered[-1]}).items()}


def _how_many(one: tuple[int, int]) -> int:
    return one[0]
