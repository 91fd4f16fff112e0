"""What is gathered for a pack, as it was stored: records as they were learnt, facts in the order received, violations with every version."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from domain.audit_chain import Link, Said
from domain.facts import Facts
from domain.records import Version
from domain.violations import FactId, Violation


class Taken(NamedTuple):
    """A version of a record, and the commit and the line that took it; line -1: it was known before the first line."""

    commit: int
    line: int
    version: Version

    @property
    def before_everything(self) -> bool:
        """Whether it belongs to the caseload that was there first."""
        return self.line < 0


@dataclass(frozen=True, slots=True)
class Heard:
    """What the devices said, in the order received.

    Attributes
    ----------
    facts : (facts,) `domain.facts.FACT`, ordered by commit, line and place in it; ``device`` indexes ``devices``, -1 and -2 as ever.
    commits : (facts,) int64, the commit that each came in.
    sent_us : (facts,) int64, when its message was sent by the device's clock; 0 where not known.
    quality : (facts,) int8, as it is judged now; ``facts["quality"]`` is the first judgement.
    data : the JSON object of an event, by row.
    """

    facts: Facts
    commits: NDArray[np.int64]
    sent_us: NDArray[np.int64]
    quality: NDArray[np.int8]
    devices: Sequence[str]
    data: Mapping[int, bytes] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.facts)

    def at(self, rows: NDArray[Any]) -> Heard:
        """Those at ``rows``, which go up."""
        place = {int(row): k for k, row in enumerate(rows)}
        data = {place[row]: body for row, body in self.data.items() if row in place}
        return Heard(self.facts[rows], self.commits[rows], self.sent_us[rows], self.quality[rows], self.devices, data)

    def ids(self) -> list[FactId]:
        """The identity of each."""
        columns = (self.facts[name].tolist() for name in ("device", "gen", "seq"))
        return [FactId(self.devices[device], gen, seq) for device, gen, seq in zip(*columns, strict=True)]

    def rows_of(self, wanted: Collection[FactId]) -> dict[FactId, int]:
        """Where those are that are there: only facts that count alike are looked at one by one."""
        alike = np.flatnonzero(np.isin(self.facts["seq"], [one.seq for one in wanted]))
        return {one: k for k, one in zip(alike.tolist(), self.at(alike).ids(), strict=True) if one in wanted}


class Chained(NamedTuple):
    """A link of the audit; what it says only where that is about the case."""

    link: Link
    said: Said | None


@dataclass(frozen=True, slots=True)
class Scheduled:
    """An item of the schedule of unused material as data: ``kind`` what it is, ``at_us`` when, ``says`` what is held of it."""

    kind: str
    at_us: int
    says: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Relied:
    """A violation that the case relies on, as its number and version were chosen."""

    id: str
    version: int


@dataclass(frozen=True, slots=True)
class Gathered:
    """Everything a pack is made of.

    Attributes
    ----------
    case, version : which case, and which version of its pack. ``reference`` is what is quoted.
    wearer, order : whom and what it is about.
    made_us : when it is made. ``as_of_us``: the instant of the newest line that had been decided then.
    taken : the records of the wearer and what they refer to, in the order learnt; of protected people too.
    heard : the facts of the wearer's devices while fitted that may leave the centre, and those of the home unit about the wearer's tags.
    violations : every version of every violation of the wearer, by id and version.
    relied : those that the case relies on. ``left_out``: of the order's others, why not.
    scheduled : the other unused material, in order of time.
    chain : the audit from where the pack was asked for to its end.
    facts_gone : retention has taken facts of the time that the pack is about.
    """

    case: str
    version: int
    reference: str
    wearer: str
    order: str
    made_us: int
    as_of_us: int
    taken: Sequence[Taken]
    heard: Heard
    violations: Sequence[Violation]
    relied: Sequence[Relied]
    left_out: Mapping[str, str] = field(default_factory=dict)
    scheduled: Sequence[Scheduled] = ()
    chain: Sequence[Chained] = ()
    facts_gone: bool = False
