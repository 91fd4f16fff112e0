"""What came of a test, as a table for people and as JSON."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from domain.instants import format_instant
from simulators.conforming.clauses import Clause
from simulators.conforming.log import Log
from simulators.conforming.verdicts import MS_US, Result, Verdict

NARROWEST, WIDEST = 60, 120
RESULT_WIDTH: Final = 11
ID_WIDTH: Final = 23

Judged = Sequence[tuple[Clause, Verdict]]


def as_json(log: Log, judged: Judged, from_us: int, steps: Sequence[str], broker: str) -> dict[str, Any]:
    """The whole of it, with what machines ask for first."""
    counts = Counter(verdict.result for _, verdict in judged)
    return {
        "device": log.device,
        "kind": None if log.kind is None else log.kind.value,
        "broker": broker,
        "from": format_instant(from_us // MS_US * MS_US),
        "until": format_instant(log.now_us // MS_US * MS_US),
        "result": Result.FAILED.value if counts[Result.FAILED] else Result.PASSED.value,
        "counts": {result.value: counts[result] for result in Result},
        "messages": len(log.heard),
        "items": len(log.facts),
        "not_counted": log.uncounted,
        "connections_lost": log.deaf,
        "steps": [name for name in steps if name in log.ran],
        "clauses": [_clause(clause, verdict) for clause, verdict in judged],
    }


def _clause(clause: Clause, verdict: Verdict) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": clause.id,
        "says": clause.says,
        "result": verdict.result.value,
        "why": verdict.why,
        "steps": list(clause.steps),
    }
    if verdict.flaw is not None:
        flaw = asdict(verdict.flaw)
        flaw["at"] = format_instant(flaw.pop("at_us") // MS_US * MS_US)
        del flaw["clause"]
        told["shown_by"] = flaw
    return told


def as_text(log: Log, judged: Judged, width: int) -> str:
    """A table: result, clause, its words and why; what failed is named again at the end."""
    width = min(max(width, NARROWEST), WIDEST)
    lines = [f"{'result':{RESULT_WIDTH}}{'clause':{ID_WIDTH}}words, and why", "-" * width]
    for clause, verdict in judged:
        lines += _row(clause, verdict, width)
    counts = Counter(verdict.result for _, verdict in judged)
    told = ", ".join(f"{counts[result]} {result.value}" for result in Result)
    lines.append("-" * width)
    lines += textwrap.wrap(f"{log.device}: {told}; {len(log.heard)} messages, {len(log.facts)} items", width)
    for clause, verdict in judged:
        if verdict.result is Result.FAILED:
            lines += textwrap.wrap(f"failed: {clause.id}: {verdict.why}", width, subsequent_indent="  ")
    if log.uncounted:
        lines.append(f"{log.uncounted} messages or items came after more than can be kept, and were not judged")
    return "\n".join(lines)


def _row(clause: Clause, verdict: Verdict, width: int) -> list[str]:
    room = width - RESULT_WIDTH - ID_WIDTH
    why = f"wanted: {verdict.why}" if verdict.result is Result.NOT_SHOWN else verdict.why
    texts = [*textwrap.wrap(clause.says, room), *textwrap.wrap(why, room, initial_indent="- ", subsequent_indent="  ")]
    left = [
        f"{verdict.result.value:{RESULT_WIDTH}}{clause.id:{ID_WIDTH}}",
        *[" " * (RESULT_WIDTH + ID_WIDTH)] * len(texts),
    ]
    return [f"{a}{b}".rstrip() for a, b in zip(left, texts, strict=False)]
