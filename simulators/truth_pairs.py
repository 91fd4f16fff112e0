"""What happened between two people who must be kept apart: how near the wearer came to somebody protected (rules.md 8).

The auditor holds the true distance against the limit, and says whether what both units sent had to show it, and where it could.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from domain.vocabulary import ConditionKind, Kind
from simulators.ground import Floats
from simulators.lives_walked import carried, position_of
from simulators.scenes import CONTACT_S, Life, Span, spans_of
from simulators.subjects import Run, Subject, Watched
from simulators.testimony import Told
from simulators.truth_lines import CLEAR, Line, WhyNot, common, spans_above
from simulators.truth_zones import walked

SURELY_STATED: Final = 0.73
"""Of the most that is stated what is stated at least: it goes up and down by 15 % (`speakers.BREATH`)."""
AGED_S: Final = 60.0
"""Older positions of the other count as nearer by how far they may have come since."""
SLOWEST_M_S, FASTEST_M_S = 2.0, 30.0
MEETING_M: Final = 50.0
MEETING_S: Final = 600.0
"""Two who are so near to each other for so long have met (rules.md 6)."""
EDGE_S: Final = 65.0
"""By how much a run of fixes a minute apart may be shorter or longer than what it shows."""
LEAVES: Final = 1.1
"""An alert ends beyond so many times its limit."""


@dataclass(frozen=True, slots=True)
class Party:
    """One of the two: the person, their walk, and what their units told."""

    subject: Subject
    life: Life
    told: list[Told]

    def seeing(self) -> list[Told]:
        return [one for one in self.told if one.speaker.locates]

    def fixes(self, by_s: float = math.inf) -> Floats:
        """Times of the positions that arrived, by an instant."""
        found = [one.fixes(by_s) for one in self.seeing()]
        return np.unique(np.concatenate(found)) if found else np.zeros(0)

    def sigma(self, t: Floats) -> Floats:
        """(n,) standard deviations that are stated at most at some instants, metres."""
        worst: Floats = np.max([one.sigma_at(t) for one in self.seeing()], axis=0)
        return worst

    def accuracy(self, t: Floats) -> Floats:
        """(n,) the 95 % radius that is stated at most."""
        return 2.4477 * self.sigma(t)


def pair_lines(wearer: Party, protected: Party, watched: Watched, run: Run) -> Iterator[Line]:
    """Truth of one condition: proximity, within `alert_m` and within `prealert_m`; association, within 50 m for ten minutes."""
    enforced = common(spans_of(watched.enforced, run), [(0.0, run.duration_s)])
    if not wearer.seeing() or not protected.seeing() or not enforced:
        return
    if watched.condition.kind is ConditionKind.ASSOCIATION:
        yield from _meetings(wearer, protected, watched, run, enforced)
    elif watched.condition.alert_m is not None:
        yield from _nearness(wearer, protected, watched, run, enforced)


def _meetings(wearer: Party, other: Party, watched: Watched, run: Run, enforced: list[Span]) -> Iterator[Line]:
    t = np.union1d(walked(wearer.life, run.duration_s), walked(other.life, run.duration_s))
    met = common(spans_above(t, MEETING_M - apart(wearer, other, t, t, position_of), 0.0), enforced)
    seen = _Seen.of(wearer, other, bare=True)
    shown = seen.stretches(seen.most_m <= MEETING_M, MEETING_S + EDGE_S)
    for span in met:
        if span[1] - span[0] < MEETING_S - EDGE_S:
            continue
        surely = any(common([span], [stretch]) for stretch in shown)
        yield _line(wearer, watched, Kind.ASSOCIATION, span, run, None if surely else WhyNot.POSITION_ERROR)
    for span in common(seen.stretches(seen.least_m <= MEETING_M, MEETING_S - EDGE_S), enforced):
        yield _line(wearer, watched, Kind.ASSOCIATION, span, run, WhyNot.NEAR_EDGE)


def _nearness(wearer: Party, protected: Party, watched: Watched, run: Run, enforced: list[Span]) -> Iterator[Line]:
    alert_m, prealert_m = watched.condition.alert_m or 0.0, watched.condition.prealert_m
    t = np.union1d(walked(wearer.life, run.duration_s), walked(protected.life, run.duration_s))
    distance = apart(wearer, protected, t, t, position_of)
    seen = _Seen.of(wearer, protected)
    limits = ((Kind.PROXIMITY_ALERT, alert_m), (Kind.PROXIMITY_PREALERT, prealert_m or 2 * alert_m))
    for kind, limit_m in limits:
        for span in common(spans_above(t, limit_m - distance, 0.0), enforced):
            yield _line(wearer, watched, kind, span, run, seen.why_not(span, limit_m))
        for span in common(seen.may_show(limit_m), enforced):
            yield _line(wearer, watched, kind, span, run, WhyNot.NEAR_EDGE)


def _line(wearer: Party, watched: Watched, kind: Kind, span: Span, run: Run, why_not: WhyNot | None) -> Line:
    to_s = span[1] if span[1] < run.duration_s else float("inf")
    return Line(wearer.subject.id, kind.value, span[0], to_s, condition=watched.condition.id, why_not=why_not)


def apart(
    wearer: Party,
    protected: Party,
    t: Floats,
    other_t: Floats,
    where: Callable[[Life, Floats], tuple[Floats, Floats]] = carried,
) -> Floats:
    """(n,) metres between where the one was at ``t`` and the other at ``other_t``, or their devices."""
    x, y = where(wearer.life, t)
    ox, oy = wearer.subject.home.to_xy(*protected.subject.home.to_lonlat(*where(protected.life, other_t)))
    return np.hypot(x - ox, y - oy)


@dataclass(frozen=True, slots=True)
class _Seen:
    """The instants at which the rules look: each fix of either side, with the other's newest.

    Attributes
    ----------
    t : (n,) of each, in order. most_m, least_m : (n,) what the rules' distance is at most and at least, whatever the errors.
    """

    t: Floats
    most_m: Floats
    least_m: Floats

    @classmethod
    def of(cls, wearer: Party, protected: Party, *, bare: bool = False) -> _Seen:
        """``bare``: the distance of the two fixes alone counts, as it does of a meeting."""
        t, most, least = [], [], []
        for one, other in ((wearer, protected), (protected, wearer)):
            own, theirs = one.fixes(), other.fixes()
            at = np.searchsorted(theirs, own, side="right") - 1
            own, at = own[at >= 0], at[at >= 0]
            newest = theirs[at]
            age = own - newest
            known = age <= CONTACT_S
            own, at, newest, age = own[known], at[known], newest[known], age[known]
            if not len(own):
                continue
            distance = apart(wearer, protected, own, newest) if one is wearer else apart(wearer, protected, newest, own)
            stated = np.zeros(len(own)) if bare else one.accuracy(own) + other.accuracy(newest)
            error = CLEAR * np.hypot(one.sigma(own), other.sigma(newest))
            aged = np.zeros(len(own)) if bare else np.maximum(0.0, age - AGED_S)
            t.append(own)
            most.append(distance + error - SURELY_STATED * stated - SLOWEST_M_S * aged)
            least.append(distance - error - stated - speed_of(other, theirs, at) * aged)
        if not t:
            return cls(np.zeros(0), np.zeros(0), np.zeros(0))
        order = np.argsort(np.concatenate(t), kind="stable")
        return cls(*(np.concatenate(each)[order] for each in (t, most, least)))

    def why_not(self, span: Span, limit_m: float) -> WhyNot | None:
        """Whether what was sent had to show that they were so near."""
        within = (self.t >= span[0]) & (self.t < span[1])
        if not within.any():
            return WhyNot.SILENT
        return None if (self.most_m[within] <= limit_m).any() else WhyNot.POSITION_ERROR

    def stretches(self, near: np.ndarray[tuple[int], np.dtype[np.bool_]], least_s: float) -> list[Span]:
        """From when to when looks that follow each other within the gap limit all say so, for so long at least."""
        if not len(self.t):
            return []
        broken = np.concatenate([[True], (np.diff(self.t) > CONTACT_S) | ~near[:-1] | ~near[1:]])
        parts = np.split(np.arange(len(self.t)), np.flatnonzero(broken)[1:])
        spans = [(float(self.t[part[0]]), float(self.t[part[-1]])) for part in parts if near[part[0]]]
        return [(begin, end) for begin, end in spans if end - begin >= least_s]

    def may_show(self, limit_m: float) -> list[Span]:
        """From when to when what was sent may say so, whatever the truth."""
        near = self.least_m <= LEAVES * limit_m
        edges = np.flatnonzero(np.diff(np.concatenate([[0], near.astype(np.int8), [0]])))
        return [
            (float(self.t[first]), float(self.t[beyond - 1]) + CONTACT_S)
            for first, beyond in zip(edges[::2], edges[1::2], strict=True)
        ]


def speed_of(party: Party, fixes: Floats, at: np.ndarray[tuple[int], np.dtype[np.intp]]) -> Floats:
    """(n,) how fast a party was at most between its last two positions, within what the rules allow, m/s."""
    before = np.maximum(at - 1, 0)
    x, y = carried(party.life, fixes)
    took = np.maximum(fixes[at] - fixes[before], 1.0)
    away = np.hypot(x[at] - x[before], y[at] - y[before]) + 2 * CLEAR * party.sigma(fixes[at])
    speed: Floats = np.clip(np.where(at > 0, away / took, SLOWEST_M_S), SLOWEST_M_S, FASTEST_M_S)
    return speed
