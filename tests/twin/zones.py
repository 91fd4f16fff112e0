"""Zone conditions (rules.md 4): one walk over facts and the edges of enforcement, in the order of time."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

from tests.twin.facts import Fact
from tests.twin.found import Found
from tests.twin.spans import Spans, holding, less
from tests.twin.track import Mark, View

END, FACT, BEGIN = 0, 1, 2
"""At one instant: ends of enforcement first, then facts, then beginnings."""
UNCONFIRMED_ACCS = 3.0


@dataclass
class Walk:
    """One condition, or its buffer: ``wrong`` is the side that counts as a violation."""

    wrong: int
    kind: str
    edge_kind: str | None
    found: list[Found] = field(default_factory=list)
    run: list[Mark] = field(default_factory=list)  # fixes on the wrong side that follow each other
    back: list[Mark] = field(default_factory=list)  # fixes on the right side that follow each other
    open: Found | None = None
    edge: Found | None = None
    began: int | None = None  # when enforcement last began; None while not enforced
    whole_at: int = 2
    past: list[Found] = field(default_factory=list)  # closed by an end of enforcement that ``back`` was begun before
    absences: Spans = field(default_factory=list)  # those that what is open was extended over

    def begin(self, at: int, *, after_absence: int | None) -> None:
        self.began = at
        if after_absence is not None:
            self.absences.append((after_absence, at))
            self._extend(self.open)
            self._extend(self.edge)
        else:
            held = (self.open, self.edge)
            self.past += [f for f in held if f is not None and self.back and f.end and self.back[0].t < f.end]
            self.open = self.edge = None
        fresh = bool(self.run) and at - self.run[-1].t <= self.run[-1].used.gap_us
        if fresh:
            self._judge("fixes" if self.run[-1].t == at else "clock", at)

    def _extend(self, found: Found | None) -> None:
        if found is not None:
            found.end = found.closer = None

    def end(self, at: int) -> None:
        self.began = None
        for found in (self.open, self.edge):
            if found is not None:
                found.close(at, "clock")

    def fact(self, mark: Mark, whole_at: int) -> None:
        self.whole_at = whole_at
        if mark.side == self.wrong:
            self.back = []
            self.past = []
            self.run = _longer(self.run, mark)
            if self.began is not None:
                self._judge("fixes", mark.t)
        elif mark.side == -self.wrong:
            self.run = []
            self.back = _longer(self.back, mark)
            if len(self.back) >= whole_at:
                self._over()

    def _over(self) -> None:
        """Enough fixes on the right side: what stands ended at the first of them, or with enforcement before it."""
        first = self.back[0]
        absence = holding(self.absences, first.t)
        at = absence[0] if absence else first.t
        for found in (self.open, self.edge, *self.past):
            if found is not None and (found.end is None or at < found.end):
                found.close(max(at, found.start), "fixes", first.fact)
        self.open = self.edge = None
        self.past = []

    def _judge(self, reason: str, at: int) -> None:
        assert self.began is not None
        if len(self.run) < self.whole_at or (self.open is not None and self.open.end is None):
            return
        start = max(self.run[0].t, self.began)
        if any(mark.sure for mark in self.run):
            self.open = self._new(self.kind, start, reason)
            if self.edge is not None:
                if self.edge.end is None:
                    self.edge.close(at, reason, self.run[-1].fact if reason == "fixes" else None)
                self.edge = None
        elif self.edge_kind is not None and (self.edge is None or self.edge.end is not None):
            self.edge = self._new(self.edge_kind, start, reason)

    def _new(self, kind: str, start: int, reason: str) -> Found:
        scores = [mark.score for mark in self.run]
        made = Found(kind, start, None, reason, [mark.fact for mark in self.run])
        made.p_inside = min(scores) if self.wrong > 0 else max(scores)
        self.found.append(made)
        return made


def _longer(run: list[Mark], mark: Mark) -> list[Mark]:
    follows = bool(run) and mark.t - run[-1].t <= run[-1].used.gap_us
    return [*run, mark] if follows else [mark]


def walked(walk: Walk, marks: list[Mark], enforced: Spans, base: Spans, view: View, condition: str) -> list[Found]:
    """``base`` is enforcement as it were without absences: a hole in ``enforced`` within it is an absence."""
    steps: list[tuple[int, int, int]] = [(mark.t, FACT, i) for i, mark in enumerate(marks)]
    for i, (low, high) in enumerate(enforced):
        steps += [(low, BEGIN, i), (high, END, i)]
    for at, what, i in sorted(steps):
        if at > view.at:
            break
        if what == FACT:
            walk.fact(marks[i], whole_at(view, condition, marks[i].t))
        elif what == END:
            walk.end(at)
        else:
            walk.whole_at = whole_at(view, condition, at)
            left = enforced[i - 1][1] if i else None
            absent = left is not None and any(low <= left and at < high for low, high in base)
            walk.begin(at, after_absence=left if absent else None)
    return [found for found in walk.found if found.end is None or found.end > found.start]


def whole_at(view: View, condition: str, t: int) -> int:
    record = view.caseload.near("condition", condition, t)
    assert record is not None
    return int(record.get("threshold_points", 0 if record["kind"] == "proximity" else 1)) + 1


def zone_violations(view: View, condition_id: str) -> list[Found]:
    condition = view.caseload.newest("condition", condition_id)
    kind = condition["kind"]
    wrong = 1 if kind == "exclusion_zone" else -1
    enforced = view.caseload.enforced(condition_id)
    base = less(view.caseload.windows_of(condition_id), view.caseload.suspensions_of(condition_id))
    marks = view.marks(condition_id)
    found = walked(Walk(wrong, kind, "zone_edge"), marks, enforced, base, view, condition_id)
    if kind == "exclusion_zone":
        standing = [(f.start, view.at + 1 if f.end is None else f.end) for f in found if f.kind == kind]
        found += _buffer(view, condition_id, less(enforced, standing), less(base, standing))
        found += _transits(view, condition_id, marks, enforced)
    found += _unconfirmed(view, condition_id, wrong, enforced)
    for one in found:
        one.order, one.condition = condition["order"], condition_id
    return found


def _buffer(view: View, condition_id: str, enforced: Spans, base: Spans) -> list[Found]:
    buffer_m = float(view.caseload.newest("condition", condition_id).get("buffer_m", 0) or 0)
    if buffer_m <= 0:
        return []
    return walked(Walk(1, "zone_buffer", None), view.marks(condition_id, buffer_m), enforced, base, view, condition_id)


def _transits(view: View, condition_id: str, marks: list[Mark], enforced: Spans) -> list[Found]:
    out = []
    for a, b in itertools.pairwise(marks):
        if a.side != -1 or b.side != -1 or b.t - a.t > a.used.gap_us:
            continue
        if holding(enforced, a.t) is None or holding(enforced, b.t) is None:
            continue
        condition = view.caseload.near("condition", condition_id, b.t)
        assert condition is not None
        if view.measured.crosses(view.caseload.shape(condition, b.t), a.used.fix, b.used.fix):
            out.append(Found("zone_transit", a.t, b.t, "fixes", [a.fact, b.fact], "fixes"))
    return out


def _unconfirmed(view: View, condition_id: str, wrong: int, enforced: Spans) -> list[Found]:
    out: list[Found] = []
    open_: Found | None = None
    used = {u.fact.name for u in view.used}
    steps: list[tuple[int, int, Fact | None]] = [(high, END, None) for _, high in enforced if high <= view.at]
    steps += [(fact.t, FACT, fact) for fact in view.facts]
    for at, what, fact in sorted(steps, key=lambda step: step[:2]):
        if what == END:
            if open_ is not None:
                open_.close(at, "clock")
                open_ = None
        elif fact is None:
            continue
        elif fact.name in used:
            if open_ is not None:
                open_.close(at, "fixes", fact)
                open_ = None
        elif open_ is None and holding(enforced, at) and _far_wrong(view, condition_id, wrong, fact):
            open_ = Found("zone_unconfirmed", at, None, "fixes", [fact])
            out.append(open_)
    return out


def _far_wrong(view: View, condition_id: str, wrong: int, fact: Fact) -> bool:
    """An `lbs` or `inaccurate` fix on the wrong side of the edge by more than three times its accuracy."""
    if not fact.fix:
        return False
    quality = view.devices[fact.device].quality[fact.name]
    if quality != "inaccurate" and (quality != "ok" or fact.src != "lbs"):
        return False
    condition = view.caseload.near("condition", condition_id, fact.t)
    assert condition is not None
    d = view.measured.depth(view.caseload.shape(condition, fact.t), fact)
    return wrong * d > UNCONFIRMED_ACCS * fact.acc
