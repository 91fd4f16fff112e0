"""A violation as the rules see it at one instant, before it is compared with what was current."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.twin.facts import Fact
from tests.twin.spans import Spans


@dataclass
class Found:
    """``opener`` and ``closer`` are the reasons that an opening and a closing would have; ``window`` is a curfew's.

    ``other`` is the victim or wearer that a pair's violation looks at beside its wearer; ``by_receipt`` says that no fact's
    time plays a part in it; ``certain`` are a curfew's certain spans, by what is known now and if nothing new is heard.
    """

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
    score: float | None = None
    victim: str | None = None
    window: tuple[int, int] | None = field(default=None, compare=False)
    other: str | None = field(default=None, compare=False)
    by_receipt: bool = field(default=False, compare=False)
    certain: Spans = field(default_factory=list, compare=False)

    def close(self, at: int, reason: str, fact: Fact | None = None) -> None:
        self.end, self.closer = at, reason
        if fact is not None:
            self.evidence = [*self.evidence, fact]
