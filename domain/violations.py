"""A violation's version, and the one way in which it is printed (contract.md)."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from domain.instants import format_instant
from domain.vocabulary import Cause, Change, Code, Kind, Reason


@dataclass(frozen=True, slots=True, order=True)
class FactId:
    """Identity of a fact: what a device counts."""

    device: str
    gen: int
    seq: int


@dataclass(frozen=True, slots=True)
class Violation:
    """One version of a violation. Instants in microseconds UTC; minutes, ages in the unit of the name."""

    id: str
    version: int
    change: Change
    reason: Reason
    wearer: str | None
    victim: str | None
    kind: Kind
    code: Code | None
    order: str | None
    condition: str | None
    device: str | None
    from_us: int
    to_us: int | None
    decided_us: int
    late: bool
    age_s: float
    cause: Cause
    minutes_certain: float | None
    minutes_possible: float | None
    p_inside: float | None
    score: float | None
    retrospective: bool
    untold: bool
    evidence: tuple[FactId, ...]

    @property
    def current(self) -> bool:
        """Whether this version, being the highest of its id, stands."""
        return self.change is not Change.WITHDRAWN

    def as_json(self) -> dict[str, Any]:
        """The object of contract.md, keys in its order."""
        return {
            "id": self.id,
            "version": self.version,
            "change": self.change.value,
            "reason": self.reason.value,
            "wearer": self.wearer,
            "victim": self.victim,
            "kind": self.kind.value,
            "code": self.code.value if self.code else None,
            "order": self.order,
            "condition": self.condition,
            "device": self.device,
            "from": format_instant(self.from_us),
            "to": None if self.to_us is None else format_instant(self.to_us),
            "decided": format_instant(self.decided_us),
            "late": self.late,
            "age_s": round(self.age_s, 3),
            "cause": self.cause.value,
            "minutes_certain": _rounded(self.minutes_certain, 3),
            "minutes_possible": _rounded(self.minutes_possible, 3),
            "p_inside": _rounded(self.p_inside, 6),
            "score": self.score,
            "retrospective": self.retrospective,
            "untold": self.untold,
            "evidence": [{"device": f.device, "gen": f.gen, "seq": f.seq} for f in self.evidence],
        }

    def as_line(self) -> str:
        """The NDJSON line, without its end."""
        return json.dumps(self.as_json(), separators=(",", ":"), ensure_ascii=False)

    def with_id(self, violation_id: str, version: int) -> Violation:
        """The same version under a new name."""
        return replace(self, id=violation_id, version=version)


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
