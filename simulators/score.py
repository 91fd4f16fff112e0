"""Compares what was found with what happened: missed, false and late, each with its reason and interval.

A truth line and a violation belong together when wearer, kind and condition are the same and their intervals overlap,
some seconds of slack given. What lines say of themselves decides the rest:

- a line that is `shown` and has no violation is **missed**;
- a violation that only overlaps lines within the stated position error (or of positions that were a moment old when
  the condition began) is **explained**;
- one that overlaps nothing, or only what was too short to be one, is **false**.
"""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from domain.errors import BadInput, BailiwickError, Fault
from domain.instants import SECOND_US, format_instant, parse_instant
from domain.vocabulary import Change, Kind
from simulators.truth import TOLD_KINDS
from simulators.truth_lines import RUN_KIND, WhyNot

SLACK_S: Final = 5.0
"""Two intervals that come so near to each other overlap."""
OFF_S: Final = 120.0
"""An end that differs by more from the truth is told among the details."""
ENDING_S: Final = 30.0
"""What ends so shortly before the run does may be found as not over yet."""
MOST_DETAILS: Final = 1000

ZONES: Final = frozenset({Kind.EXCLUSION_ZONE.value, Kind.INCLUSION_ZONE.value, Kind.RESTRICTION_ZONE.value})
ABOUT_EDGES: Final = frozenset({Kind.ZONE_EDGE.value, Kind.ZONE_BUFFER.value, Kind.ZONE_TRANSIT.value, *ZONES})
"""Kinds that a position error at the edge of a zone can make."""
BY_SILENCE: Final = frozenset({Kind.COMMUNICATION_LOST.value, Kind.WHEREABOUTS_UNKNOWN.value, Kind.LOST_IN_ZONE.value})
"""Kinds that the end of the run itself may make: what is decided on after it does not count."""
DID_NOT_HAPPEN: Final = frozenset({WhyNot.NEAR_EDGE, WhyNot.BETWEEN_POSITIONS, WhyNot.BELOW_GRACE})


@dataclass(frozen=True, slots=True)
class Interval:
    """A truth line or a current violation. Seconds since the epoch; ``to_s`` infinity when open."""

    wearer: str
    kind: str
    condition: str | None
    code: str | None
    from_s: float
    to_s: float
    why_not: str | None = None
    violation: str | None = None
    late: bool = False
    reason: str | None = None

    def touches(self, other: Interval) -> bool:
        return self.from_s - SLACK_S < other.to_s and other.from_s - SLACK_S < self.to_s

    def as_json(self, why: str) -> dict[str, Any]:
        return {
            "wearer": self.wearer,
            "kind": self.kind,
            "code": self.code,
            "condition": self.condition,
            "violation": self.violation,
            "from": format_instant(round(self.from_s * SECOND_US)),
            "to": format_instant(round(self.to_s * SECOND_US)) if math.isfinite(self.to_s) else None,
            "why": why,
        }


@dataclass(slots=True)
class KindScore:
    """Figures of one kind. ``truth``: lines that had to be found; ``found``: current violations."""

    truth: int = 0
    found: int = 0
    missed: int = 0
    false: int = 0
    explained: int = 0
    late: int = 0
    other_code: int = 0
    off_from: int = 0
    off_to: int = 0

    def in_short(self) -> dict[str, int]:
        """The keys of the demo's report."""
        return {
            "truth": self.truth,
            "found": self.found,
            "missed": self.missed,
            "false": self.false,
            "explained": self.explained,
        }

    def in_full(self) -> dict[str, int]:
        return {
            **self.in_short(),
            "late": self.late,
            "other_code": self.other_code,
            "off_from": self.off_from,
            "off_to": self.off_to,
        }


@dataclass(slots=True)
class Report:
    """The comparison. ``details`` are what was missed, false, or off, with why."""

    kinds: dict[str, KindScore] = field(default_factory=lambda: defaultdict(KindScore))
    details: list[dict[str, Any]] = field(default_factory=list)
    not_shown: Counter[str] = field(default_factory=Counter)
    not_scored: Counter[str] = field(default_factory=Counter)

    @property
    def good(self) -> bool:
        return not any(k.missed or k.false for k in self.kinds.values())

    def violations(self) -> dict[str, dict[str, int]]:
        """What the demo's report says under ``violations``."""
        return {kind: self.kinds[kind].in_short() for kind in sorted(self.kinds)}

    def as_json(self) -> dict[str, Any]:
        return {
            "violations": {kind: self.kinds[kind].in_full() for kind in sorted(self.kinds)},
            "not_shown": dict(sorted(self.not_shown.items())),
            "not_scored": dict(sorted(self.not_scored.items())),
            "details": self.details,
        }

    def tell(self, what: str, interval: Interval, why: str) -> None:
        if len(self.details) < MOST_DETAILS:
            self.details.append({"what": what, **interval.as_json(why)})


class BadLine(BailiwickError):
    """A line that is neither truth nor violation."""


def score(truth_lines: Iterable[dict[str, Any]], violation_lines: Iterable[dict[str, Any]]) -> Report:
    """The comparison of truth lines and violations, both as in contract.md; all versions or only the current ones.

    Raises `BadLine` for one that has not the keys of its kind.
    """
    report = Report()
    truth, run_to_s = _truth(truth_lines)
    found = _current(violation_lines, run_to_s, report)
    by_wearer: dict[str, list[Interval]] = defaultdict(list)
    for violation in found:
        by_wearer[violation.wearer].append(violation)
    lines: dict[str, list[Interval]] = defaultdict(list)
    for line in truth:
        lines[line.wearer].append(line)
    for wearer in sorted({*by_wearer, *lines}):
        _score_wearer(lines[wearer], by_wearer[wearer], run_to_s, report)
    return report


def _truth(lines: Iterable[dict[str, Any]]) -> tuple[list[Interval], float]:
    """The truth, and the end of the run when it is told."""
    truth, run_to_s = [], math.inf
    for line in lines:
        interval = _interval(line, {"why_not": line.get("why_not")})
        if line.get("kind") == RUN_KIND:
            run_to_s = interval.to_s
        else:
            truth.append(interval)
    return truth, run_to_s


def _interval(line: dict[str, Any], more: dict[str, Any]) -> Interval:
    try:
        to = line["to"]
        return Interval(
            wearer=line["wearer"] or "",
            kind=line["kind"],
            condition=line["condition"],
            code=line["code"],
            from_s=parse_instant(line["from"]) / SECOND_US,
            to_s=math.inf if to is None else parse_instant(to) / SECOND_US,
            **more,
        )
    except (KeyError, TypeError) as error:
        raise BadLine(f"not a truth line or violation: {error} is missing or of the wrong type") from None


def _current(lines: Iterable[dict[str, Any]], run_to_s: float, report: Report) -> list[Interval]:
    """The current version of each violation of a kind that is told of; by silence only what was decided in the run."""
    newest: dict[str, dict[str, Any]] = {}
    first_decided_s: dict[str, float] = {}
    late: set[str] = set()
    for line in lines:
        try:
            name, version, decided = line["id"], line["version"], line["decided"]
        except KeyError as error:
            raise BadLine(f"not a violation: {error} is missing") from None
        decided_s = parse_instant(decided) / SECOND_US
        first_decided_s[name] = min(decided_s, first_decided_s.get(name, math.inf))
        if line.get("late"):
            late.add(name)
        if name not in newest or version > newest[name]["version"]:
            newest[name] = line
    current = []
    for name, line in newest.items():
        after = line["kind"] in BY_SILENCE and first_decided_s[name] > run_to_s + SLACK_S
        if line["change"] == Change.WITHDRAWN.value or after:
            continue
        if line["kind"] not in TOLD_KINDS or not line["wearer"]:
            report.not_scored[line["kind"]] += 1
            continue
        current.append(_interval(line, {"violation": name, "late": name in late, "reason": line.get("reason")}))
    return current


def _score_wearer(lines: list[Interval], found: list[Interval], run_to_s: float, report: Report) -> None:
    for line in lines:
        if line.why_not is not None:
            report.not_shown[line.why_not] += 1
            continue
        report.kinds[line.kind].truth += 1
        matches = [v for v in found if _same(v, line) and v.touches(line)]
        if matches:
            _compare(line, matches, run_to_s, report)
        else:
            report.kinds[line.kind].missed += 1
            report.tell("missed", line, "nothing was found")
    for violation in found:
        _judge(violation, lines, report.kinds[violation.kind], report)


def _same(violation: Interval, line: Interval) -> bool:
    return violation.kind == line.kind and violation.condition == line.condition


def _judge(violation: Interval, lines: list[Interval], kind: KindScore, report: Report) -> None:
    """True, explained by the position error, or false."""
    kind.found += 1
    kind.late += violation.late
    near = [line for line in lines if _related(violation, line) and violation.touches(line)]
    same = [line for line in near if _same(violation, line)]
    if any(line.why_not not in DID_NOT_HAPPEN for line in same):
        return
    if any(line.why_not != WhyNot.BELOW_GRACE for line in near):
        kind.explained += 1
        return
    kind.false += 1
    report.tell("false", violation, "it did not last long enough" if same else "nothing like it happened")


def _related(violation: Interval, line: Interval) -> bool:
    """Whether a line can explain a violation: its own kind, or for what happens at edges any line of the zone."""
    if violation.condition != line.condition:
        return False
    return violation.kind == line.kind or (violation.kind in ABOUT_EDGES and line.kind in ABOUT_EDGES)


def _compare(line: Interval, matches: list[Interval], run_to_s: float, report: Report) -> None:
    """How far code and ends of what was found differ from the truth: told, not counted as missed or false."""
    kind = report.kinds[line.kind]
    if all(v.code != line.code for v in matches) and line.to_s < run_to_s - ENDING_S:
        kind.other_code += 1
        report.tell("other_code", line, f"found as {', '.join(str(v.code) for v in matches)}")
    off_from_s = min(abs(v.from_s - line.from_s) for v in matches)
    if off_from_s > OFF_S:
        kind.off_from += 1
        report.tell("off_from", line, f"found {off_from_s:.0f} s away")
    if line.to_s > run_to_s - OFF_S:
        return
    off_to_s = min(abs(v.to_s - line.to_s) for v in matches)
    if off_to_s > OFF_S:
        kind.off_to += 1
        report.tell(
            "off_to", line, f"found {off_to_s:.0f} s away" if math.isfinite(off_to_s) else "found, but not ended"
        )


def read_lines(path: Path) -> list[dict[str, Any]]:
    """An NDJSON file's objects. Raises `BadInput` naming the first bad line."""
    lines = []
    with path.open("rb") as file:
        for number, text in enumerate(file, start=1):
            if text.isspace():
                continue
            try:
                line = json.loads(text)
            except ValueError as error:
                raise BadInput([Fault(str(path), number, "line", f"not JSON: {error}")]) from None
            if not isinstance(line, dict):
                raise BadInput([Fault(str(path), number, "line", "not an object")])
            lines.append(line)
    return lines


def as_text(report: Report) -> str:
    """The comparison for people: a row a kind, and what is wrong below."""
    columns = ("truth", "found", "missed", "false", "explained", "late", "other_code")
    rows: list[tuple[str, ...]] = [("kind", *columns)]
    for kind in sorted(report.kinds):
        figures = report.kinds[kind].in_full()
        rows.append((kind, *(str(figures[c]) for c in columns)))
    width = max(len(row[0]) for row in rows)
    lines = [row[0].ljust(width) + "".join(f"{cell:>11}" for cell in row[1:]) for row in rows]
    for what in report.details:
        about = what["condition"] or what["code"] or ""
        lines.append(f"{what['what']}: {what['wearer']} {what['kind']} {about} from {what['from']}: {what['why']}")
    return "\n".join(lines)
