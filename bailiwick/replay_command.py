"""``bailiwick replay``: stored facts judged again, held against what was decided (rules.md 12)."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from bailiwick.caseload_input import tell
from bailiwick.timezones import pinned_time_zones
from domain.caseload_values import Wrong, instant
from domain.errors import BadInput, Fault
from domain.incidents import IncidentVersion
from domain.instants import format_instant
from domain.records import Wearer
from domain.violations import Violation
from geofence.decisions import Answer, Ask
from ingest.engine import RealEngine
from ingest.judgement import Judgement, UnreadableCheckpoint
from ingest.ports import Engine
from ingest.recovery import answer_from, from_the_beginning, judgement_at
from store import Store
from store.errors import FactsGone

COMPARED_AT_ONCE = 256
"""Commits judged again before what they decided is read back and compared."""
FAILED = 1
BAD_INPUT = 2
"""Exit codes: a difference, or facts that are gone; bad usage or input."""


Decided: TypeAlias = Violation | IncidentVersion
"""What is held against each other, version by version."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Decisions in ``[from_us, to_us)``, of one wearer or of everybody."""

    from_us: int
    to_us: int
    wearer: str | None = None

    def holds(self, version: Decided) -> bool:
        """Whether a version is asked for; an incident is no one wearer's."""
        mine = self.wearer is None or (isinstance(version, Violation) and version.wearer == self.wearer)
        return mine and self.from_us <= version.decided_us < self.to_us


@dataclass(frozen=True, slots=True)
class Difference:
    """One version that was decided, or comes out, otherwise; None where there is none."""

    commit: int
    decided: Decided | None
    comes_out: Decided | None

    def as_json(self) -> dict[str, Any]:
        """What is printed with ``--json``."""
        both = {"decided": self.decided, "comes_out": self.comes_out}
        return {"commit": self.commit} | {name: v and v.as_json() for name, v in both.items()}

    def as_line(self) -> str:
        """One line: which version, what was decided, what comes out."""
        said = [version.as_line() if version else "nothing" for version in (self.decided, self.comes_out)]
        either = self.decided or self.comes_out
        assert either is not None
        return f"commit {self.commit}, {either.id} version {either.version}: decided {said[0]}, comes out {said[1]}"


@dataclass(slots=True)
class Replayed:
    """What was judged again. ``gone`` says what retention has taken, when it has."""

    commits: int = 0
    lines: int = 0
    versions: int = 0
    incidents: int = 0
    differences: list[Difference] = field(default_factory=list)
    gone: str | None = None

    @property
    def same(self) -> bool:
        """Whether everything that was asked for could be judged again and came out as it was decided."""
        return not self.differences and self.gone is None

    def as_json(self) -> dict[str, Any]:
        """What is printed with ``--json``."""
        counts = {"commits": self.commits, "lines": self.lines}
        counts |= {"versions": self.versions, "incidents": self.incidents}
        return counts | {"differences": [one.as_json() for one in self.differences], "gone": self.gone}


def replay_command(database_url: str, start: str, end: str, wearer: str | None, *, as_json: bool = False) -> int:
    """Judge again what was decided in ``[start, end)``, both RFC 3339; print the differences; give the exit code.

    A fault is told on standard error in one line.
    """

    def say(difference: Difference) -> None:
        if not as_json:
            print(difference.as_line())

    try:
        wanted = _wanted(start, end, wearer)
        replayed = asyncio.run(_run(database_url, wanted, say))
    except BadInput as bad:
        tell(bad.faults)
        return BAD_INPUT
    if as_json:
        print(json.dumps(replayed.as_json(), separators=(",", ":"), ensure_ascii=False))
    else:
        found = f"{len(replayed.differences)} differences" if replayed.differences else "no difference"
        counts = f"{replayed.commits} commits, {replayed.lines} lines, {replayed.versions} versions"
        print(f"judged again: {counts}: {found}")
        if replayed.gone is not None:
            print(f"bailiwick: {replayed.gone}", file=sys.stderr)
    return 0 if replayed.same else FAILED


async def _run(database_url: str, wanted: Wanted, say: Callable[[Difference], None]) -> Replayed:
    async with await Store.open(database_url) as store:
        caseload = await store.caseload() if wanted.wearer is not None else []
        if wanted.wearer is not None and not any(
            isinstance(version.record, Wearer) and version.record.id == wanted.wearer for version in caseload
        ):
            raise _usage("--wearer", f"there is no wearer {wanted.wearer!r}")
        return await replay(store, RealEngine(pinned_time_zones()), wanted, say)


async def replay(
    store: Store, engine: Engine, wanted: Wanted, say: Callable[[Difference], None] = lambda _: None
) -> Replayed:
    """Judge the commits of a stretch again, from the newest state before it; ``say`` is told each difference at once."""
    replayed = Replayed()
    try:
        await _again(store, engine, wanted, replayed, say)
    except FactsGone as gone:
        replayed.gone = str(gone)
    return replayed


async def _again(
    store: Store, engine: Engine, wanted: Wanted, replayed: Replayed, say: Callable[[Difference], None]
) -> None:
    oldest = await store.oldest_commit()
    if oldest is not None and oldest[0] > 1 and wanted.from_us < oldest[1]:
        raise FactsGone(oldest[0] - 1)
    first = await store.first_commit_at(wanted.from_us)
    if first is None:
        return
    judgement = await _before(store, engine, first)

    async def look_up(ask: Ask) -> Answer:
        return await answer_from(store, ask, judgement.roster, judgement.no)

    made: list[tuple[int, Decided]] = []
    begun = first
    async with aclosing(store.commits_after(judgement.no, judgement.roster)) as commits:
        async for commit in commits:
            if commit.no != judgement.no + 1:
                raise FactsGone(judgement.no + 1)
            instants = commit.batch.instants
            if len(instants) and instants[0] >= wanted.to_us:
                break
            decisions = await judgement.fold(commit, look_up)
            if commit.no < first:
                continue
            made += [(commit.no, version) for version in decisions.versions]
            made += [(commit.no, version) for _, version in decisions.incidents]
            lines = int(((instants >= wanted.from_us) & (instants < wanted.to_us)).sum())
            replayed.commits += int(lines > 0)
            replayed.lines += lines
            if commit.no - begun + 1 >= COMPARED_AT_ONCE:
                await _compare(store, (begun, commit.no), made, wanted, replayed, say)
                made, begun = [], commit.no + 1
    if judgement.no >= begun:
        await _compare(store, (begun, judgement.no), made, wanted, replayed, say)


async def _before(store: Store, engine: Engine, first: int) -> Judgement:
    """The newest state that is kept from before a commit, else that of the first commit of all."""
    checkpoint = await store.checkpoint_before(first)
    if checkpoint is not None:
        try:
            return await judgement_at(store, engine, checkpoint)
        except UnreadableCheckpoint:
            pass  # of another version of the rules: everything again
    return await from_the_beginning(store, engine)


async def _compare(
    store: Store,
    commits: tuple[int, int],
    made: Sequence[tuple[int, Decided]],
    wanted: Wanted,
    replayed: Replayed,
    say: Callable[[Difference], None],
) -> None:
    were: list[tuple[int, Decided]] = [*await store.versions_of_commits(*commits)]
    were += await store.incidents_of_commits(*commits)
    stored = [(no, version) for no, version in were if wanted.holds(version)]
    made = sorted(made, key=lambda one: isinstance(one[1], IncidentVersion))
    again = [(no, version) for no, version in made if wanted.holds(version)]
    replayed.versions += sum(isinstance(version, Violation) for _, version in again)
    replayed.incidents += sum(isinstance(version, IncidentVersion) for _, version in again)
    for difference in differences(stored, again):
        replayed.differences.append(difference)
        say(difference)


def differences(stored: Sequence[tuple[int, Decided]], again: Sequence[tuple[int, Decided]]) -> list[Difference]:
    """Versions by commit, as they were decided and as they come out, held against each other as printed, in order."""
    was = {(no, version.id, version.version): version for no, version in stored}
    now = {(no, version.id, version.version): version for no, version in again}
    found = [
        Difference(key[0], was.get(key), now.get(key))
        for key in sorted({*was, *now})
        if _printed(was.get(key)) != _printed(now.get(key))
    ]
    if not found:
        pairs = zip(stored, again, strict=True)
        found = [Difference(no, one, other) for (no, one), (_, other) in pairs if _printed(one) != _printed(other)]
    return found


def _printed(version: Decided | None) -> str | None:
    return None if version is None else version.as_line()


def _wanted(start: str, end: str, wearer: str | None) -> Wanted:
    from_us, to_us = _instant("--from", start), _instant("--to", end)
    if to_us <= from_us:
        raise _usage("--to", f"is {format_instant(to_us)}, not after --from ({format_instant(from_us)})")
    return Wanted(from_us, to_us, wearer)


def _instant(option: str, text: str) -> int:
    try:
        return instant(text)
    except Wrong as wrong:
        raise _usage(option, wrong.cause) from None


def _usage(option: str, cause: str) -> BadInput:
    return BadInput([Fault("bailiwick replay", 0, option, cause)])
