"""A violation as the rules see it at one instant, before it is compared with what was current."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.twin.facts import Fact


@dataclass
class Found:
    """``opener`` and ``closer`` are the reasons that an opening and a closing would have; ``window`` is a curfew's."""

    kind: str
    start: int
    end: int | None
    opener: str
    evidence: list[Fact]
    closer: str | None = None
    code: str | None = None
    order: str | None = None
    condition: str | None = None
    device: str | None = None
    cause: str = "wearer"
    minutes_certain: float | None = None
    minutes_possible: float | None = None
    p_inside: float | None = None
    window: tuple[int, int] | None = field(default=None, compare=False)

    def close(self, at: int, reason: str, fact: Fact | None = None) -> None:
        self.end, self.closer = at, reason
        if fact is not None:
            self.evidence = [*self.evidence, fact]
