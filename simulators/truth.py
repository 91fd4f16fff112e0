"""What really happened, per wearer and condition: truth lines from the true walks and the plan of the run.

The auditor's own code from end to end: it shares nothing with the rules but the words. It tells of the kinds in
`TOLD_KINDS`; of what only the position error makes (`zone_edge`) it tells where the error may make it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from domain.vocabulary import Kind
from simulators.scenario import Scenario
from simulators.scenes import Life
from simulators.speakers import Speaker
from simulators.subjects import Run, Subject
from simulators.testimony import told_by
from simulators.truth_contact import EVENT_KINDS, contact_lines, equipment_lines
from simulators.truth_curfew import curfew_lines
from simulators.truth_lines import Line, run_line
from simulators.truth_zones import zone_lines

TOLD_KINDS = frozenset(
    {
        Kind.EXCLUSION_ZONE,
        Kind.INCLUSION_ZONE,
        Kind.RESTRICTION_ZONE,
        Kind.ZONE_EDGE,
        Kind.ZONE_BUFFER,
        Kind.ZONE_TRANSIT,
        Kind.ZONE_UNCONFIRMED,
        Kind.CURFEW,
        Kind.WHEREABOUTS_UNKNOWN,
        Kind.COMMUNICATION_LOST,
        Kind.LOCATION_LOST,
        Kind.LOST_IN_ZONE,
        *(kind for kind, _ in EVENT_KINDS.values()),
    }
)
"""The kinds that truth is told of: a violation of another kind is not scored."""


class Lived(Protocol):
    """A simulation that has been prepared."""

    run: Run
    scenario: Scenario
    subjects: list[Subject]
    lives: list[Life]
    speakers: list[Speaker]


def truth_lines(simulation: Lived) -> Iterator[dict[str, Any]]:
    """Every truth line of a run, as contract.md has it; the first bounds the run. Victims' units are left out."""
    run, delay_s = simulation.run, simulation.scenario.network.longest_s
    yield run_line(run).as_json(run)
    speakers: dict[int, list[Speaker]] = defaultdict(list)
    for speaker in simulation.speakers:
        speakers[speaker.person].append(speaker)
    for person, (subject, life) in enumerate(zip(simulation.subjects, simulation.lives, strict=True)):
        if not subject.is_victim:
            for line in lines_of(subject, life, speakers[person], run, delay_s):
                yield line.as_json(run)


def lines_of(subject: Subject, life: Life, speakers: list[Speaker], run: Run, delay_s: float = 0.0) -> list[Line]:
    """The truth of one person, in the order of time; ``delay_s``: by how much messages may have come later."""
    told = told_by(life, speakers, run.duration_s, delay_s)
    lines = [
        *zone_lines(subject, life, told, run),
        *curfew_lines(subject, life, told, run),
        *contact_lines(subject, life, told, run),
        *equipment_lines(subject, told),
    ]
    return sorted(lines, key=lambda line: (line.from_s, line.kind, line.condition or ""))


def write_truth(simulation: Lived, path: Path) -> int:
    """Writes the truth file; gives the number of lines."""
    count = 0
    with path.open("w", encoding="utf-8") as file:
        for line in truth_lines(simulation):
            file.write(json.dumps(line, separators=(",", ":")) + "\n")
            count += 1
    return count
