"""What one commit holds, and what comes back of it: the types between `ingest` and `store`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from domain.facts import Batch, Facts, Roster
from domain.incidents import IncidentVersion
from domain.networks import Network
from domain.violations import Violation
from domain.vocabulary import AlertCondition, DeadLetterReason, Quality, Severity

DEAF_KIND: Final = "ingest_deaf"
"""The platform alert that nothing is judged: ingest makes no tick, or there is no ingest."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message, or one item of a good message, that was parked; never retried in place (wire.md, failure 02).

    ``field`` and ``cause`` are set for `schema`. ``critical`` when it holds a strap or case tamper or an SOS.
    """

    topic: str
    payload: bytes
    received_us: int
    reason: DeadLetterReason
    field: str | None = None
    cause: str | None = None
    device: str | None = None
    critical: bool = False


@dataclass(frozen=True, slots=True)
class AlertChange:
    """What one violation version does to its alert.

    The alert is found by ``episode``, which the database holds unique: a version of a violation that already has an
    alert updates that one, one that joins (same wearer, kind and condition within 10 minutes) carries the episode of
    the alert that it joins. ``grouped_under`` is the episode of the incident that explains it, while that holds it: the
    alert is shown and told to nobody.
    """

    episode: str
    violation_id: str
    version: int
    wearer: str | None
    victim: str | None
    device: str | None
    kind: str
    code: str | None
    condition: str | None
    severity: Severity
    state: AlertCondition
    raised_us: int
    changed_us: int
    withdrawn: bool = False
    grouped_under: str | None = None


@dataclass(slots=True)
class Work:
    """One commit: everything of it is there, or nothing.

    Attributes
    ----------
    no : 1, 2, 3 ...; the database refuses one that does not follow the last.
    keep : facts to store, `quality` and ``line`` set. ``event_data`` is by row in ``keep``.
    told_gens : by row in ``keep``, the `gen` that the device told where the fact is kept under another (a conflict): folded again, it
        must be one again.
    ranges : received (device index, gen, low, high), seqs inclusive, that this commit adds.
    requalified : (line, device index, gen, seq, quality): a row beside the fact whose quality a later one changed.
    version_lines : the line that decided each of ``versions``.
    learnt : (record_no, line): the records that these lines took; line -1 for those of the first start, which were
        learnt before everything.
    replayed : numbers of dead letters whose cause is mended and which are lines of this batch again.
    incidents : (line, version) of mass outages.
    networks : by line, the network that a device told of where it was a new one.
    """

    no: int
    roster: Roster
    batch: Batch
    keep: Facts
    event_data: dict[int, bytes] = field(default_factory=dict)
    ranges: list[tuple[int, int, int, int]] = field(default_factory=list)
    requalified: list[tuple[int, int, int, int, Quality]] = field(default_factory=list)
    versions: list[Violation] = field(default_factory=list)
    version_lines: list[int] = field(default_factory=list)
    alerts: list[AlertChange] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    learnt: list[tuple[int, int]] = field(default_factory=list)
    replayed: list[int] = field(default_factory=list)
    checkpoint: bytes | None = None
    incidents: list[tuple[int, IncidentVersion]] = field(default_factory=list)
    networks: dict[int, Network] = field(default_factory=dict)
    told_gens: dict[int, int] = field(default_factory=dict)


@dataclass(slots=True)
class Commit:
    """A commit as it is read back: its lines and kept facts, to be folded again."""

    no: int
    batch: Batch


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of the rules after ``commit_no``."""

    commit_no: int
    body: bytes


def deaf_episode(since_us: int) -> str:
    """The episode of the platform alert of one time of deafness; it rests on no violation."""
    return f"{DEAF_KIND}:{since_us}"
