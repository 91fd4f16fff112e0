"""What happened at zones: the true walk against the outline, and whether the positions sent could show it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from domain.vocabulary import ConditionKind, Kind
from simulators.ground import SIGMA_OF_ACC, Floats, Outline
from simulators.lives_walked import carried, position_of
from simulators.scenes import CONTACT_S, Life, Span, spans_of
from simulators.subjects import Run, Subject, Watched
from simulators.testimony import Flags, Told
from simulators.truth_lines import CLEAR, INSIDE, SURELY, Line, WhyNot, apart, common, spans_above

NEAR = 3.7
"""Standard deviations from the edge within which the stated error may show what did not happen: 1.5 stated radii."""
STEP_M = 3.0
STEP_S = 1.0
"""How far apart in place and time the true walk is looked at."""
CHORD_POINTS = 17
"""Points of the straight line between two positions that are looked at for a transit."""


@dataclass(slots=True)
class _Place:
    """A zone and a person: ``wrong`` is how far beyond the edge on the wrong side a place lies, metres."""

    subject: Subject
    watched: Watched
    outline: Outline
    enforced: list[Span]
    seeing: list[Told]
    gap_s: float

    @property
    def worst_sigma_m(self) -> float:
        """The most that is ever stated."""
        return max(
            one.worst_acc_m * SIGMA_OF_ACC * max([1.0, *(sky.stated for sky in one.skies)]) for one in self.seeing
        )

    def sigma(self, t: Floats) -> Floats:
        """(n,) standard deviations that are stated at most at some instants, metres."""
        worst: Floats = np.max([one.sigma_at(t) for one in self.seeing], axis=0)
        return worst

    def honest(self, t: Floats) -> Flags:
        """(n,) whether no error there is larger than is stated."""
        honest: Flags = np.all([one.honest_at(t) for one in self.seeing], axis=0)
        return honest

    def wrong(self, x: Floats, y: Floats) -> Floats:
        lon, lat = self.subject.home.to_lonlat(x, y)
        depth = self.outline.depth(lon, lat)
        return depth if self.watched.condition.kind is ConditionKind.EXCLUSION_ZONE else -depth

    @property
    def needed(self) -> int:
        return self.watched.condition.threshold_points + 1

    def enforced_at(self, t: Floats) -> Floats:
        """(n,) 1.0 where the condition is enforced."""
        held = np.zeros(len(t))
        for a, b in self.enforced:
            held[(t >= a) & (t < b)] = 1.0
        return held


def zone_lines(subject: Subject, life: Life, told: list[Told], run: Run) -> Iterator[Line]:
    """Truth of all zone conditions of a person: the zone itself, its buffer, passing through."""
    seeing = [one for one in told if one.speaker.locates]
    if not seeing:
        return
    fixes = np.unique(np.concatenate([one.fixes() for one in seeing]))
    gap_s = max(CONTACT_S, *(3 * one.interval_s for one in seeing))
    for watched in subject.watched:
        if watched.outline is None:
            continue
        enforced = common(spans_of(watched.enforced, run), [(0.0, run.duration_s)])
        place = _Place(subject, watched, watched.outline, enforced, seeing, gap_s)
        if enforced and _may_concern(place, life, fixes):
            yield from _lines_of(place, life, fixes, run)


def _may_concern(place: _Place, life: Life, fixes: Floats) -> bool:
    """Whether the walk comes near, or a straight line between two positions sent: of a zone to keep out of most do not."""
    if place.watched.condition.kind is not ConditionKind.EXCLUSION_ZONE:
        return True
    frame = place.outline.frame
    cx, cy = place.subject.home.to_xy(np.array([frame.lon]), np.array([frame.lat]))
    reach_m = 1.01 * place.outline.reach_m + place.watched.condition.buffer_m + NEAR * place.worst_sigma_m + 10.0
    return any(_least(x - cx, y - cy) <= reach_m for x, y in ((life.x, life.y), carried(life, fixes)))


def _least(x: Floats, y: Floats) -> float:
    """How near to the origin the straight lines between some places come, metres; no places: infinity."""
    dx, dy = np.diff(x), np.diff(y)
    along = np.clip(-(x[:-1] * dx + y[:-1] * dy) / np.maximum(dx * dx + dy * dy, 1e-9), 0.0, 1.0)
    return float(np.hypot(x[:-1] + along * dx, y[:-1] + along * dy).min(initial=math.inf))


def walked(life: Life, until_s: float) -> Floats:
    """Instants at which the true walk is looked at: close together while the person moves."""
    pieces = []
    for n in range(len(life.t) - 1):
        begin, end = life.t[n], min(life.t[n + 1], until_s)
        if begin >= until_s:
            break
        away = math.hypot(life.x[n + 1] - life.x[n], life.y[n + 1] - life.y[n])
        parts = max(1, math.ceil(away / STEP_M), math.ceil((end - begin) / STEP_S) if away > 0 else 1)
        pieces.append(np.linspace(begin, end, parts, endpoint=False))
    return np.concatenate([*pieces, [until_s]])


def _lines_of(place: _Place, life: Life, fixes: Floats, run: Run) -> Iterator[Line]:
    t = walked(life, run.duration_s)
    wrong = place.wrong(*position_of(life, t))
    at_fixes = place.wrong(*carried(life, fixes))
    kind = place.watched.condition.kind.value
    real = spans_above(t, wrong, 0.0)
    yield from _side(place, kind, common(real, place.enforced), fixes, at_fixes, run)
    near = common(spans_above(t, wrong + NEAR * place.sigma(t), 0.0), place.enforced)
    yield from _near(place, kind, near, fixes, run)
    yield from _stale(place, kind, life, fixes, at_fixes, run)
    buffer_m = place.watched.condition.buffer_m
    if place.watched.condition.kind is ConditionKind.EXCLUSION_ZONE:
        if buffer_m > 0:
            yield from _buffer(place, buffer_m, t, wrong, real, fixes, at_fixes, run)
        yield from _transits(place, life, fixes, at_fixes)


def _line(place: _Place, kind: str, span: Span, run: Run, why_not: WhyNot | None) -> Line:
    to_s = span[1] if span[1] < run.duration_s else math.inf
    return Line(place.subject.id, kind, span[0], to_s, condition=place.watched.condition.id, why_not=why_not)


def _side(place: _Place, kind: str, spans: list[Span], fixes: Floats, wrong: Floats, run: Run) -> Iterator[Line]:
    """What was on the wrong side, each with whether the positions sent there must show it."""
    for span in spans:
        within = (fixes >= span[0]) & (fixes < span[1])
        why_not = _why_not(place, fixes[within], wrong[within])
        yield _line(place, kind, span, run, why_not)


def _why_not(place: _Place, t: Floats, wrong: Floats) -> WhyNot | None:
    if not len(t):
        return WhyNot.SILENT
    if len(t) < place.needed:
        return WhyNot.TOO_SHORT
    shown = runs_shown(t, wrong, place.sigma(t), place.needed, place.gap_s, place.honest(t))
    return None if shown else WhyNot.POSITION_ERROR


def runs_shown(t: Floats, wrong: Floats, sigma_m: Floats, needed: int, gap_s: float, honest: Flags) -> bool:
    """Whether positions truly so far beyond the edge must make a whole run, whatever their errors.

    Fixes that are clearly beyond follow each other closely enough, ``needed`` of them and one of them surely. One that is not
    ``honest`` may be anywhere, and breaks a run.
    """
    clear = (wrong >= (INSIDE + CLEAR) * sigma_m) & honest
    sure = wrong >= (SURELY + CLEAR) * sigma_m
    broken = np.concatenate([[True], (np.diff(t) > gap_s) | ~clear[:-1]])
    for part in np.split(np.arange(len(t)), np.flatnonzero(broken)[1:]):
        members = part[clear[part]]
        if len(members) >= needed and sure[members].any():
            return True
    return False


def _near(place: _Place, kind: str, near: list[Span], fixes: Floats, run: Run) -> Iterator[Line]:
    for span in near:
        if ((fixes >= span[0]) & (fixes < span[1])).any():
            yield _line(place, kind, span, run, WhyNot.NEAR_EDGE)


def _stale(place: _Place, kind: str, life: Life, fixes: Floats, wrong: Floats, run: Run) -> Iterator[Line]:
    """A condition that begins while the newest positions still say the wrong side, and the person no longer is there.

    By the rules they count for as long as the gap limit (rules.md 4, the clock counts too).
    """
    sigma_m = place.sigma(fixes)
    right = wrong <= -(INSIDE + CLEAR) * sigma_m
    for begin, _ in place.enforced:
        if begin <= 0 or place.wrong(*carried(life, np.array([begin])))[0] > 0:
            continue
        before = (fixes >= begin - place.gap_s) & (fixes < begin)
        lately = np.flatnonzero(before & (wrong > -NEAR * sigma_m))
        if not len(lately) or right[lately[-1] + 1 : np.searchsorted(fixes, begin)].any():
            continue
        after = fixes[right & (fixes >= begin)]
        to_s = float(after[place.needed - 1]) if len(after) >= place.needed else run.duration_s
        yield _line(place, kind, (begin, to_s), run, WhyNot.BETWEEN_POSITIONS)


def _buffer(
    place: _Place,
    buffer_m: float,
    t: Floats,
    wrong: Floats,
    inside: list[Span],
    fixes: Floats,
    at_fixes: Floats,
    run: Run,
) -> Iterator[Line]:
    """Within the buffer and not in the zone: shown where enough positions are clear of both edges.

    Twice as many as the threshold asks: a violation of the zone itself must have ended first.
    """
    kind = Kind.ZONE_BUFFER.value
    spans = common(apart(spans_above(t, wrong + buffer_m, 0.0), inside), place.enforced)
    sigma_m, honest = place.sigma(fixes), place.honest(fixes)
    for span in spans:
        within = (fixes >= span[0]) & (fixes < span[1]) & (at_fixes <= -(INSIDE + CLEAR) * sigma_m)
        depth, needed = at_fixes[within] + buffer_m, 2 * place.needed + 1
        shown = runs_shown(fixes[within], depth, sigma_m[within], needed, place.gap_s, honest[within])
        yield _line(place, kind, span, run, None if shown else WhyNot.POSITION_ERROR)
    near = common(spans_above(t, wrong + buffer_m + NEAR * place.sigma(t), 0.0), place.enforced)
    yield from _near(place, kind, near, fixes, run)


def _transits(place: _Place, life: Life, fixes: Floats, wrong: Floats) -> Iterator[Line]:
    """Two positions that follow each other, both outside, with the zone on the straight line between."""
    x, y = carried(life, fixes)
    length = np.hypot(np.diff(x), np.diff(y))
    own = place.sigma(fixes)
    told_near = wrong > -NEAR * own
    sigma = np.maximum(own[1:], own[:-1])
    slack_m = (CLEAR + INSIDE) * sigma
    held, honest = place.enforced_at(fixes) > 0, place.honest(fixes)
    outside = np.maximum(wrong[1:], wrong[:-1]) <= NEAR * sigma
    together = (np.diff(fixes) <= place.gap_s) & held[1:] & held[:-1] & outside
    reaches = np.maximum(wrong[1:], wrong[:-1]) >= -(length / 2 + slack_m)
    part = np.linspace(0.0, 1.0, CHORD_POINTS)
    for n in np.flatnonzero(together & reaches & (length > 0.5)):
        depth = place.wrong(x[n] + part * (x[n + 1] - x[n]), y[n] + part * (y[n + 1] - y[n])).max()
        clear = max(wrong[n], wrong[n + 1]) <= -slack_m[n]
        if depth < -NEAR * sigma[n]:
            continue
        if not clear and (told_near[n] or told_near[n + 1]):
            continue  # the lines near the edge tell it
        shown = depth >= slack_m[n] and clear and honest[n] and honest[n + 1]
        why_not = None if shown else WhyNot.NEAR_EDGE
        span = (float(fixes[n]), float(fixes[n + 1]))
        yield Line(
            place.subject.id,
            Kind.ZONE_TRANSIT.value,
            *span,
            condition=place.watched.condition.id,
            why_not=why_not,
        )
