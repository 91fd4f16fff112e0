"""What really happened, per wearer and condition: truth lines from the true walks and the plan of the run.

The auditor's own code from end to end: it shares nothing with the rules but the words. It tells of the kinds in
`TOLD_KINDS`; of what only the position error makes (`zone_edge`) it tells where the error may make it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from domain.vocabulary import ConditionKind, Kind
from simulators.scenario import Scenario
from simulators.scenes import Life, Span
from simulators.speakers import Speaker
from simulators.subjects import Run, Subject
from simulators.testimony import Way, told_by
from simulators.truth_contact import EVENT_KINDS, contact_lines, equipment_lines, misdated_lines, restart_lines
from simulators.truth_curfew import curfew_lines
from simulators.truth_lines import Line, WhyNot, run_line
from simulators.truth_lives import life_keys, life_line
from simulators.truth_pairs import Party, pair_lines
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
        Kind.PROXIMITY_ALERT,
        Kind.PROXIMITY_PREALERT,
        Kind.ASSOCIATION,
        *(kind for kind, _ in EVENT_KINDS.values()),
    }
)
"""The kinds that truth is told of: a violation of another kind is not scored."""
AT_A_TICK = frozenset({Kind.WHEREABOUTS_UNKNOWN.value, Kind.LOST_IN_ZONE.value})
"""What opens at a tick only, by what was known then (`communication_lost` too, which its own truth sees to)."""


class Lived(Protocol):
    """A simulation that has been prepared."""

    run: Run
    scenario: Scenario
    seed: int
    subjects: list[Subject]
    lives: list[Life]
    speakers: list[Speaker]


def truth_lines(simulation: Lived, lived: list[dict[str, Any]] | None = None) -> Iterator[dict[str, Any]]:
    """Every truth line of a run, as contract.md has it; the first bounds the run. Victims' units are left out.

    ``lived`` takes a line for each wearer, of who lived how (`simulators.truth_lives`).
    """
    run, network = simulation.run, simulation.scenario.network
    scenario = simulation.scenario
    away = (scenario.server_away(), scenario.without_clock())
    besides = (network.duplicates > 0, network.broken > 0)
    held = network.reordered, network.reorder_s
    way = Way(network.longest_s, network.lost, simulation.seed, *away, scenario.clocks.skew_s, *besides, *held)
    yield run_line(run).as_json(run)
    speakers: dict[int, list[Speaker]] = defaultdict(list)
    for speaker in simulation.speakers:
        speakers[speaker.person].append(speaker)
    protected = _protected(simulation, speakers, way)
    units = {speaker.id: speaker for speaker in simulation.speakers}
    hosts = {subject.host for subject in simulation.subjects}
    for person, (subject, life) in enumerate(zip(simulation.subjects, simulation.lives, strict=True)):
        if subject.is_victim:
            continue
        heard_by = [units[worn.device.id] for worn in subject.worn if worn.lent]
        speaking = heard_by or speakers[person]
        lines = lines_of(subject, life, speaking, run, way, protected, shares=subject.id in hosts)
        if lived is not None:
            lived.append(life_line(subject).as_json(run) | life_keys(subject, life, lines))
        for line in lines:
            yield line.as_json(run)


def _protected(simulation: Lived, speakers: Mapping[int, list[Speaker]], way: Way) -> dict[str, Party]:
    """The people whom somebody must keep away from, or not meet, by id."""
    apart = [watched for one in simulation.subjects for watched in one.of_kind(ConditionKind.ASSOCIATION)]
    met = {watched.condition.other_wearer for watched in apart}
    people = enumerate(zip(simulation.subjects, simulation.lives, strict=True))
    return {
        subject.id: Party(subject, life, told_by(life, speakers[person], simulation.run.duration_s, way, subject))
        for person, (subject, life) in people
        if subject.is_victim or subject.id in met
    }


def lines_of(
    subject: Subject,
    life: Life,
    speakers: list[Speaker],
    run: Run,
    way: Way | None = None,
    protected: Mapping[str, Party] | None = None,
    *,
    shares: bool = False,
) -> list[Line]:
    """The truth of one person, in the order of time.

    ``speakers``: what tells of them; what a home unit that is another's lives through itself is no truth of theirs. ``way``: how their messages came; ``protected``: those whom they may have to keep away from;
    ``shares``: others are heard through their home unit.
    """
    told = told_by(life, speakers, run.duration_s, way, subject)
    lines = [
        *zone_lines(subject, life, told, run),
        *curfew_lines(subject, life, told, run),
        *equipment_lines(subject, told, run),
    ]
    if subject.host is None:
        lines += contact_lines(subject, life, told, run, protected)
        lines += [*restart_lines(subject, life, told, shares=shares), *misdated_lines(subject, told, way)]
    for watched in subject.of_kind(ConditionKind.PROXIMITY, ConditionKind.ASSOCIATION):
        other = (protected or {}).get(watched.condition.victim or watched.condition.other_wearer or "")
        if other is not None:
            lines += pair_lines(Party(subject, life, told), other, watched, run)
    if way is not None and way.without_clock:
        lines = [_if_looked_for(line, way.without_clock) for line in lines]
    return sorted(_once(lines), key=lambda line: (line.from_s, line.kind, line.condition or ""))


def _once(lines: Iterable[Line]) -> Iterator[Line]:
    """Contact and location lost at once may both tell that somebody was lost in a zone: what happened once is told once."""
    told = set()
    for line in lines:
        said = replace(line, from_s=round(1000 * line.from_s, 0), to_s=round(1000 * line.to_s, 0))
        if said not in told:
            told.add(said)
            yield line


def _if_looked_for(line: Line, without_clock: Sequence[Span]) -> Line:
    """What only a tick shows may not be seen, or not as it was, where there was none meanwhile (rules.md 0)."""
    if line.kind not in AT_A_TICK or line.why_not is not None:
        return line
    unseen = any(begin < line.to_s and line.from_s < end for begin, end in without_clock)
    return replace(line, why_not=WhyNot.NO_CLOCK) if unseen else line


def write_truth(simulation: Lived, path: Path | None, lives: Path | None = None) -> int:
    """Writes the truth file, and one of who lived how; gives the number of the truth's lines."""
    lived: list[dict[str, Any]] = []
    lines = truth_lines(simulation, lived)
    count = sum(1 for _ in lines) if path is None else _written(path, lines)
    if lives is not None:
        _written(lives, lived)
    return count


def _written(path: Path, lines: Iterable[dict[str, Any]]) -> int:
    count = 0
    with path.open("w", encoding="utf-8") as file:
        for line in lines:
            file.write(json.dumps(line, separators=(",", ":")) + "\n")
            count += 1
    return count
