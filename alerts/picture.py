"""The machine's picture in docs/alerts.md, drawn from its table. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from alerts.machine import ROWS, By, Row
from domain.vocabulary import AlertCondition, AlertWork

SAID: Final = {
    By.STAFF: "staff",
    By.HOLDER: "holder",
    By.STAFF_IF_UNHELD: "staff, holder if held",
    By.STAFF_OR_PROTOCOL: "staff, protocol",
    By.CLOSER: "staff within 60 s, rules",
    By.TIMER: "timer",
    By.RULES: "rules",
}
"""Who may cause it, in the picture's words."""


def drawn(rows: Iterable[Row] = ROWS) -> str:
    """A Mermaid state diagram: the work above, the condition below, each independent of the other."""
    rows = tuple(rows)
    work: dict[tuple[str, str], list[str]] = {}
    condition: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        said = f"{row.event.value} ({SAID[row.by]})"
        for start in row.works:
            if row.to is not None or row.to_condition is None:
                _add(work, start.value, (row.to or start).value, said)
        for before in row.conditions:
            if row.to_condition is not None and before is not row.to_condition:
                _add(condition, before.value, row.to_condition.value, said)
    lines = ["stateDiagram-v2", "    state alert {"]
    lines += _region(AlertWork.RAISED.value, work)
    lines += ["        --"]
    lines += _region(AlertCondition.ACTIVE.value, condition)
    return "\n".join([*lines, "    }"])


def _add(edges: dict[tuple[str, str], list[str]], start: str, end: str, said: str) -> None:
    there = edges.setdefault((start, end), [])
    if said not in there:
        there.append(said)


def _region(first: str, edges: dict[tuple[str, str], list[str]]) -> list[str]:
    arrows = [f"        {start} --> {end}: {'; '.join(said)}" for (start, end), said in edges.items()]
    return [f"        [*] --> {first}", *arrows]
