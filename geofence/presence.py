"""Presence (rules.md 5): what a home unit and the fixes say about a person and a place, as a line through time."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import NamedTuple

from domain.instants import EARLY_US, FAR_US
from domain.vocabulary import Reason
from geofence.drafts import Proof
from geofence.emissions import CHECKED, NEW_RUN, STEADY, WHOLE, News, What
from geofence.intervals import Span, union

UNKNOWN, PRESENT, ABSENT = 0, 1, 2


Chain = tuple[int, int, int]
"""Evidence of absence without a break: first, last, and `G` of the last."""


class Stretch(NamedTuple):
    """[from, to) of one state, and the facts that began it (a run outside, an event of a home unit, a check)."""

    from_us: int
    to_us: int
    state: int
    by_unit: bool
    proofs: tuple[Proof, ...]
    p: float | None
    by_check: bool = False

    @property
    def reason(self) -> Reason:
        """What made it so."""
        if self.by_unit:
            return Reason.HOME_UNIT
        return Reason.EVENT if self.by_check else Reason.FIXES


@dataclass(slots=True)
class Seen:
    """What is known of one party at one place.

    Attributes
    ----------
    line : stretches in order, without holes, from `EARLY_US`.
    outside : evidence of absence in unbroken chains.
    unheard : when a fresh home unit did not hear the tag: all of it is evidence of absence.
    unheard_by : the same as stretches, in order by unit, with what says so.
    present_at : instants of evidence of presence that matter, in order, each with its proof.
    handed_over : where a home unit no longer says anything, and the fixes do.
    """

    line: list[Stretch]
    outside: list[Chain] = field(default_factory=list)
    unheard: list[Span] = field(default_factory=list)
    unheard_by: list[Stretch] = field(default_factory=list)
    present_at: list[tuple[int, Proof | None]] = field(default_factory=list)
    handed_over: list[int] = field(default_factory=list)
    _pieces: tuple[list[Chain], int] | None = field(default=None, init=False, repr=False, compare=False)
    _times: list[int] | None = field(default=None, init=False, repr=False, compare=False)

    def pieces(self, from_us: int, to_us: int) -> list[Chain]:
        """Of ``outside`` what may say something of ``[from_us, to_us)``, in order; what follows closely enough is one."""
        if self._pieces is None:
            joined = _joined(self.outside)
            self._pieces = joined, max((gap for _, _, gap in joined), default=0)
        pieces, longest_us = self._pieces
        first = bisect_left(pieces, from_us - longest_us, key=lambda piece: piece[1])
        return pieces[first : bisect_left(pieces, to_us, key=lambda piece: piece[0])]

    def present_before(self, at_us: int) -> int | None:
        """The last instant of ``present_at`` up to an instant."""
        if self._times is None:
            self._times = sorted(t for t, _ in self.present_at)
        place = bisect_right(self._times, at_us)
        return self._times[place - 1] if place else None

    def stretch_at(self, at_us: int) -> Stretch | None:
        """What is held to be so at an instant."""
        return next((stretch for stretch in reversed(self.line) if stretch.from_us <= at_us), None)

    def state_at(self, at_us: int) -> int:
        """Presence at an instant."""
        stretch = self.stretch_at(at_us)
        return UNKNOWN if stretch is None else stretch.state


def _joined(outside: Sequence[Chain]) -> list[Chain]:
    found: list[Chain] = []
    for first, last, gap in sorted(outside):
        if found and first - found[-1][1] <= found[-1][2]:
            if last >= found[-1][1]:
                found[-1] = found[-1][0], last, gap
        else:
            found.append((first, last, gap))
    return found


def by_fixes(
    stream: Sequence[News],
    newest: tuple[int, int],
    wrong_last_us: int,
    gap_us: Callable[[int, int], int],
    proof: Callable[[News], Proof],
    *,
    singly: bool = False,
) -> tuple[list[Stretch], list[Chain], list[tuple[int, Proof | None]]]:
    """What the fixes and the checks at a fixed line say: stretches, chains of evidence outside, and the inside fixes.

    ``newest`` is the newest fix that counts and its `G`; ``wrong_last_us`` the newest one outside of a run that goes
    on. ``singly`` gives each fix outside as a chain of its own, where every one of them was kept; of a run so long that not all
    were, one chain for those that went on in it. Both move without news while nothing changes. The line runs on past the newest fact: it says what will be held
    to be so if nothing more is heard.
    """
    changes: list[_Change] = []
    chains: list[_Chain] = []
    inside: list[tuple[int, Proof | None]] = []
    run: list[News] = []
    for news in stream:
        if news.what == What.RIGHT:
            _end_chain(chains, news.a)
            run = []
            checked = bool(news.flags & CHECKED)
            if not checked:
                inside.append((news.t, proof(news)))
            changes.append((news.t, PRESENT, (proof(news),), None, checked))
        elif news.what == What.WRONG:
            if news.b > EARLY_US and (not inside or inside[-1][0] < news.b):
                inside.append((news.b, None))
            if news.flags & NEW_RUN or not run:
                _end_chain(chains, news.a)
                run = []
                chains.append(_Chain(news.t, news.t, gap_us(news.device, news.t)))
            if news.flags & STEADY and news.t - chains[-1].last_us > chains[-1].gap_us:
                chains[-1].spans.append((chains[-1].last_us, news.t))  # a long run, kept without what went on in it
            run.append(news)
            chains[-1].last_us, chains[-1].gap_us = news.t, gap_us(news.device, news.t)
            chains[-1].instants.append(news.t)
            if news.flags & WHOLE and not chains[-1].whole:
                chains[-1].whole = True
                changes.append((run[0].t, ABSENT, tuple(proof(n) for n in run), max(n.p for n in run), False))
        elif news.what == What.LAPSE:
            _end_chain(chains, news.b)
            changes.append((news.a, UNKNOWN, (), None, False))
    if wrong_last_us > EARLY_US:
        _end_chain(chains, wrong_last_us)
    lapse = newest[0] + newest[1]
    if newest[0] > EARLY_US and changes and changes[-1][1] != UNKNOWN:
        changes.append((lapse, UNKNOWN, (), None, False))
    whole = [chain for chain in chains if chain.whole]
    pieces = [(c.first_us, c.last_us, c.gap_us) for c in whole]
    if singly:
        pieces = [(at, at, c.gap_us) for c in whole for at in c.instants]
        pieces += [(*span, c.gap_us) for c in whole for span in c.spans]
    return _as_line(changes), pieces, inside


@dataclass(slots=True)
class _Chain:
    first_us: int
    last_us: int
    gap_us: int
    whole: bool = False
    instants: list[int] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)


def _end_chain(chains: list[_Chain], last_us: int) -> None:
    """Fixes that went on outside made no news; the next news says when the last of them was."""
    if chains and last_us > chains[-1].last_us:
        chains[-1].last_us = last_us


_Change = tuple[int, int, tuple[Proof, ...], float | None, bool]
"""From when, what, by which facts, the highest score of a run outside, and whether a check says so."""


def _as_line(changes: Sequence[_Change]) -> list[Stretch]:
    line = [Stretch(EARLY_US, FAR_US, UNKNOWN, False, (), None)]
    for at_us, state, proofs, p, by_check in changes:
        while line[-1].from_us > at_us:
            line.pop()
        last = line[-1]
        if last.state == state:
            line[-1] = last._replace(to_us=FAR_US)
            continue
        if last.from_us == at_us:
            line.pop()
        else:
            line[-1] = last._replace(to_us=at_us)
        line.append(Stretch(at_us, FAR_US, state, False, proofs, p, by_check))
    return line


class UnitSays(NamedTuple):
    """An `in_range` of a home unit: heard or not, from when, until when at most it can be trusted, by which event."""

    t: int
    heard: bool
    since_us: int
    trusted_until_us: int
    proof: Proof


def by_unit(
    says: Sequence[UnitSays],
    fresh: Sequence[Span],
    inside: Sequence[tuple[int, Proof | None]],
) -> list[Stretch]:
    """What a home unit says, where it says something; elsewhere there is no stretch.

    ``fresh`` is when one of its items is new enough, tampering and moving taken away.
    """
    found: list[Stretch] = []
    inside_at = sorted(t for t, _ in inside)
    for i, event in enumerate(says):
        until = min(event.trusted_until_us, says[i + 1].since_us if i + 1 < len(says) else FAR_US)
        if event.heard:
            states = [(event.since_us, until, PRESENT)]
        else:
            place = bisect_right(inside_at, event.t)
            doubt = inside_at[place] if place < len(inside_at) else FAR_US
            states = [(event.since_us, min(doubt, until), ABSENT), (doubt, until, UNKNOWN)]
        for start, end, state in states:
            for f_start, f_end in fresh:
                a, b = max(start, f_start), min(end, f_end)
                if a < b:
                    found.append(Stretch(a, b, state, True, (event.proof,), None))
    return found


def over(unit: Sequence[Stretch], fixes: Sequence[Stretch]) -> list[Stretch]:
    """The home unit decides where it says something; the fixes elsewhere."""
    cuts = sorted({s.from_us for s in (*unit, *fixes)} | {s.to_us for s in unit})
    begins = [s.from_us for s in fixes]
    ahead = sorted(range(len(unit)), key=lambda k: unit[k].from_us, reverse=True)
    open_: list[int] = []
    """Of the unit's stretches those that have begun, as a heap: the first that lasts decides."""
    line: list[Stretch] = []
    for k, start in enumerate(cuts):
        end = cuts[k + 1] if k + 1 < len(cuts) else FAR_US
        while ahead and unit[ahead[-1]].from_us <= start:
            heappush(open_, ahead.pop())
        while open_ and unit[open_[0]].to_us <= start:
            heappop(open_)
        source = unit[open_[0]] if open_ else fixes[bisect_right(begins, start) - 1]
        if line and line[-1].state == source.state:
            line[-1] = line[-1]._replace(to_us=end)
        else:
            line.append(source._replace(from_us=start, to_us=end))
    return line


def unheard(unit: Sequence[Stretch]) -> list[Span]:
    """While a fresh home unit does not hear the tag, all of the time is evidence of absence."""
    return union((s.from_us, s.to_us) for s in unit)
