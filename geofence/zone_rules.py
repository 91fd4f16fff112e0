"""Zones (rules.md 4): runs of fixes and the instants of enforcement, taken in order, become intervals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from domain.instants import EARLY_US
from domain.vocabulary import Kind, Reason
from geofence.drafts import Draft, Proof
from geofence.emissions import GOES_ON, SURE, News, What
from geofence.intervals import Span, holding

_END, _FACT, _BEGIN = 0, 1, 2


@dataclass(frozen=True, slots=True)
class ZoneCase:
    """One condition (or its buffer) to be judged.

    ``held`` is when it is enforced but for absences, ``enforced`` with them taken away; both stop at ``now_us``.
    """

    kind: Kind
    edge: bool
    lowest_is_weakest: bool
    held: Sequence[Span]
    enforced: Sequence[Span]
    threshold_at: Callable[[int], int]
    gap_us: Callable[[int, int], int]
    proof: Callable[[News], Proof]
    now_us: int
    evidence: Callable[[Sequence[News]], list[Proof]] | None = None
    """The evidence that a run is, where that is not its facts."""

    def proofs(self, run: Sequence[News]) -> list[Proof]:
        """The facts of a run as evidence."""
        return [self.proof(news) for news in run] if self.evidence is None else self.evidence(run)


@dataclass(slots=True)
class _Open:
    from_us: int
    proofs: list[Proof]
    p: float
    opened: Reason
    to_us: int | None = None
    closed: Reason = Reason.FIXES
    paused: Span | None = None  # closed by an absence: the unbroken stretch of enforcement around it
    cut: bool = False
    absences: list[Span] = field(default_factory=list)  # what it was extended over


@dataclass(slots=True)
class _Run:
    facts: list[News] = field(default_factory=list)
    sure: bool = False
    over: bool = False

    def add(self, news: News, gap_us: Callable[[int, int], int]) -> None:
        last = self.facts[-1] if self.facts else None
        # What only goes on was within the gap of the fact before it, though of a long run that one is kept no more.
        apart = last is None or (news.t - last.t > gap_us(last.device, last.t) and not news.flags & GOES_ON)
        if apart or self.over:
            self.facts, self.sure, self.over = [], False, False
        self.facts.append(news)
        self.sure = self.sure or bool(news.flags & SURE)

    def stop(self) -> None:
        self.over = True

    def stands(self, points: int) -> bool:
        return not self.over and len(self.facts) > points

    def fresh_at(self, at_us: int, gap_us: Callable[[int, int], int]) -> bool:
        last = self.facts[-1]
        return at_us - last.t <= gap_us(last.device, last.t)


class _Judge:
    """The state of one condition while its facts and instants go by."""

    def __init__(self, case: ZoneCase) -> None:
        self.case = case
        self.wrong, self.right = _Run(), _Run()
        self.since: int | None = None
        self.open: _Open | None = None
        self.edge: _Open | None = None
        self.done: list[tuple[Kind, _Open]] = []
        self.past: list[_Open] = []
        """What an end of enforcement closed while a run on the right side was on its way: it may shorten them yet."""

    def begin(self, at_us: int) -> None:
        self.since = at_us
        around = holding(self.case.held, at_us)
        for held in (self.open, self.edge):
            if held is None or held.paused is None or held.to_us is None:
                continue
            if held.paused == around:
                held.absences.append((held.to_us, at_us))
                held.paused, held.to_us, held.closed = None, None, Reason.CLOCK
            else:
                held.paused, held.cut = None, True
        cut = [held for held in (self.open, self.edge) if held is not None and held.cut and held.to_us is not None]
        if self.right.facts and not self.right.over:
            self.past += [held for held in cut if self.right.facts[0].t < (held.to_us or 0)]
        self._drop_cut()
        threshold = self.case.threshold_at(at_us)
        if self.wrong.stands(threshold) and self.wrong.fresh_at(at_us, self.case.gap_us):
            opened = Reason.FIXES if self.wrong.facts[-1].t == at_us else Reason.CLOCK
            self._open_at(at_us, opened)

    def end(self, at_us: int) -> None:
        self.since = None
        goes_on = holding(self.case.held, at_us)
        paused = goes_on if goes_on is not None and goes_on[0] < at_us else None
        for held in (self.open, self.edge):
            if held is not None and held.to_us is None:
                held.to_us, held.closed = at_us, Reason.CLOCK
                held.paused, held.cut = paused, paused is None

    def wrong_side(self, news: News) -> None:
        self.right.stop()
        self.past = []
        self.wrong.add(news, self.case.gap_us)
        self._drop_cut()
        if self.since is not None and self.wrong.stands(self.case.threshold_at(news.t)):
            self._open_at(max(self.wrong.facts[0].t, self.since), Reason.FIXES)

    def right_side(self, news: News) -> None:
        self.wrong.stop()
        self.right.add(news, self.case.gap_us)
        if len(self.right.facts) <= self.case.threshold_at(news.t):
            return
        first = self.right.facts[0]
        for held in (self.open, self.edge, *self.past):
            if held is None:
                continue
            absence = holding(held.absences, first.t)
            at_us = first.t if absence is None else absence[0]
            if held.to_us is None or at_us < held.to_us:
                held.to_us, held.closed = max(at_us, held.from_us), Reason.FIXES
                held.proofs.append(self.case.proof(first))
        self.past = []
        self._drop()

    def _open_at(self, from_us: int, opened: Reason) -> None:
        if self.wrong.sure:
            if self.edge is not None:
                self._end_edge(from_us, opened)
            if self.open is None:
                self.open = self._opened(from_us, opened)
        elif self.case.edge and self.open is None and self.edge is None:
            self.edge = self._opened(from_us, opened)

    def _opened(self, from_us: int, opened: Reason) -> _Open:
        scores = [news.p for news in self.wrong.facts]
        p = min(scores) if self.case.lowest_is_weakest else max(scores)
        return _Open(from_us, self.case.proofs(self.wrong.facts), p, opened)

    def _end_edge(self, at_us: int, opened: Reason) -> None:
        """The run became whole: what was a warning is the violation now."""
        assert self.edge is not None
        if self.edge.to_us is None:
            last = self.wrong.facts[-1]
            self.edge.to_us = last.t if opened is Reason.FIXES else at_us
            self.edge.closed = opened
            if opened is Reason.FIXES:
                self.edge.proofs.append(self.case.proof(last))
        self.done.append((Kind.ZONE_EDGE, self.edge))
        self.edge = None

    def _drop_cut(self) -> None:
        """What the end of enforcement closed cannot be shortened any more."""
        if self.open is not None and self.open.cut:
            self.done.append((self.case.kind, self.open))
            self.open = None
        if self.edge is not None and self.edge.cut:
            self.done.append((Kind.ZONE_EDGE, self.edge))
            self.edge = None

    def finish(self) -> None:
        """Nothing more comes."""
        self._drop()

    def _drop(self) -> None:
        if self.open is not None:
            self.done.append((self.case.kind, self.open))
        if self.edge is not None:
            self.done.append((Kind.ZONE_EDGE, self.edge))
        self.open = self.edge = None


def judge_zone(case: ZoneCase, stream: Sequence[News]) -> list[Draft]:
    """The intervals of one zone condition as of ``case.now_us``, without party, order and condition."""
    judge = _Judge(case)
    for at_us, what, news in _in_order(case, stream):
        if what == _END:
            judge.end(at_us)
        elif what == _BEGIN:
            judge.begin(at_us)
        elif news is not None and news.what == What.WRONG:
            judge.wrong_side(news)
        elif news is not None:
            judge.right_side(news)
    judge.finish()
    return [
        Draft(kind, -1, o.from_us, o.to_us, o.proofs, opened=o.opened, closed=o.closed, p=o.p)
        for kind, o in judge.done
        if o.to_us is None or o.to_us > o.from_us
    ]


def _in_order(case: ZoneCase, stream: Sequence[News]) -> Iterator[tuple[int, int, News | None]]:
    """At one instant: ends of enforcement first, then facts, then beginnings (rules.md 0)."""
    edges = [(start, _BEGIN) for start, _ in case.enforced if start <= case.now_us]
    edges += [(end, _END) for _, end in case.enforced if end <= case.now_us]
    edges.sort()
    i = 0
    for news in stream:
        if news.what not in (What.WRONG, What.RIGHT):
            continue
        while i < len(edges) and edges[i] < (news.t, _FACT):
            yield (*edges[i], None)
            i += 1
        yield news.t, _FACT, news
    for at_us, what in edges[i:]:
        yield at_us, what, None


def judge_unconfirmed(case: ZoneCase, stream: Sequence[News]) -> list[Draft]:
    """`zone_unconfirmed`: from a poor fix on the wrong side to the next used one."""
    found: list[Draft] = []
    open_: Draft | None = None
    span: Span = (EARLY_US, EARLY_US)
    for news in stream:
        if open_ is not None and news.t >= span[1]:
            open_ = None
        if news.what == What.CONFIRMED and open_ is not None:
            open_.to_us, open_.closed = news.t, Reason.FIXES
            open_.proofs.append(case.proof(news))
            open_ = None
        elif news.what == What.UNCONFIRMED and open_ is None:
            held = holding(case.enforced, news.t)
            if held is not None:
                span = held
                to_us = held[1] if held[1] <= case.now_us else None
                open_ = Draft(Kind.ZONE_UNCONFIRMED, -1, news.t, to_us, [case.proof(news)], closed=Reason.CLOCK)
                found.append(open_)
    return found
