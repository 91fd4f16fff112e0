"""What the rules hold to be so at an instant: drafts, which `geofence.versions` compares with what was said before."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from domain.instants import EARLY_US, FAR_US
from domain.vocabulary import Cause, Code, Kind, Reason
from geofence.emissions import News


class Proof(NamedTuple):
    """A fact as evidence, in the order of facts."""

    t: int
    rank: int
    gen: int
    seq: int
    device: int
    received: int


@dataclass(slots=True)
class Draft:
    """One interval of one kind. ``opened`` and ``closed`` say by what; ``window``, whole, keeps curfews apart."""

    kind: Kind
    party: int
    from_us: int
    to_us: int | None
    proofs: list[Proof] = field(default_factory=list)
    cause: Cause = Cause.WEARER
    code: Code | None = None
    order: str | None = None
    condition: str | None = None
    device: int | None = None
    opened: Reason = Reason.FIXES
    closed: Reason = Reason.FIXES
    p: float | None = None
    minutes_certain: float | None = None
    minutes_possible: float | None = None
    window: tuple[int, int] = (EARLY_US, FAR_US)
    told_us: int = EARLY_US
    other: int = -1  # the victim, or the other wearer, of a condition about two parties
    score: float | None = None


def proof_of(news: News, rank: int) -> Proof:
    """The fact of an emission."""
    return Proof(news.t, rank, news.gen, news.seq, news.device, news.received)
