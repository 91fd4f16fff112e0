"""What goes into the rules besides a batch, and what comes out."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from domain.facts import Facts, empty_facts
from domain.incidents import IncidentVersion
from domain.networks import Network
from domain.violations import Violation
from domain.vocabulary import Quality

Identity = tuple[int, int, int]


@dataclass(slots=True)
class Ask:
    """What must be looked up before a batch can be judged.

    Attributes
    ----------
    identities : (device index, gen, seq) received before: is it the same fact, or a conflict?
    history : device indices of which stored facts are needed: all that are later than
    since_us : of each of them, by fix time or, for events, by receive time; `EARLY_US`: all.
    """

    identities: list[Identity] = field(default_factory=list)
    history: list[int] = field(default_factory=list)
    since_us: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Answer:
    """What the look-up gave: the facts of the identities, and the stored facts of the devices."""

    stored: Facts = field(default_factory=empty_facts)
    history: Facts = field(default_factory=empty_facts)


@dataclass(slots=True)
class Decisions:
    """What a batch decided.

    Attributes
    ----------
    versions : in the order in which they are to be written; ``lines`` is the line of each.
    keep : the facts to store: repeats left out, quality set, a conflict under its new gen.
    rows : the row in ``batch.facts`` of each kept one.
    ranges : received (device index, gen, low, high) that this batch added, seqs inclusive.
    requalified : (line, device index, gen, seq, quality): a later fact changed it.
    incidents : (line, version) of mass outages, in the order decided; at its line, before the versions of that line.
    networks : by line, the network of a message whose device had told another before, or none.
    """

    versions: list[Violation]
    lines: list[int]
    keep: Facts
    rows: NDArray[np.int64]
    ranges: list[tuple[int, int, int, int]]
    requalified: list[tuple[int, int, int, int, Quality]]
    incidents: list[tuple[int, IncidentVersion]] = field(default_factory=list)
    networks: dict[int, Network] = field(default_factory=dict)
