"""What happened in curfews: when the wearer truly was out, and whether what was sent must show it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from domain.vocabulary import Code, ConditionKind, DeviceKind, Kind
from simulators.ground import SIGMA_OF_ACC, Floats, Frame
from simulators.lives_walked import carried, position_of
from simulators.scenes import CONTACT_S, Life, Span, spans_of
from simulators.subjects import Run, Subject, Watched
from simulators.testimony import ARRIVAL_S, Flags, Told, within
from simulators.truth_lines import CLEAR, INSIDE, SURELY, Line, WhyNot, common, spans_above
from simulators.truth_zones import walked

GRACE_SLACK_S = 20.0
"""How much a measured absence may differ from the true one, beside what its fixes' distance in time allows."""
DECIDED_S = 2.0
"""How long after an instant the tick that decides on it has surely been made."""
CLOCK_RUNS_ON_S = 60.0
"""Ticks go on for a while after the last message: what they alone decide may still be found."""


@dataclass(slots=True)
class _Window:
    """One window of a curfew: its unexcused pieces, their first and last instants, all in seconds of the run."""

    watched: Watched
    pieces: list[Span]

    @property
    def start(self) -> float:
        return self.pieces[0][0]

    @property
    def end(self) -> float:
        return self.pieces[-1][1]

    @property
    def grace_s(self) -> float:
        return self.watched.condition.grace_s

    def unexcused(self, begin: float, end: float) -> float:
        return math.fsum(b - a for a, b in common(self.pieces, [(begin, end)]))

    def decided_from(self, begin: float) -> float:
        """The instant by which the grace has run off, counted from ``begin``; infinity if it does not."""
        left = self.grace_s
        for a, b in common(self.pieces, [(begin, math.inf)]):
            if b - a >= left:
                return a + left
            left -= b - a
        return math.inf


@dataclass(slots=True)
class _Evidence:
    """What was sent about presence at one place.

    Attributes
    ----------
    t, arrived : (n,) of each item that speaks of it.
    out, surely_out, maybe_in : (n,) whether the item, whatever its error, says out; says surely out; may say in.
    decisive : (n,) whether it says in or out for certain.
    vague : (n,) whether it says that nothing is known, whatever was said before; None: none does.
    mute : (n,) whether it says nothing but that the device is there; None: none does.
    lost_at : (n,) of a home unit that does not hear its tag: since when; else minus infinity.
    inside : (k, 2) when its tag told a place that may have been inside, and when that arrived.
    doubts : since when nothing of it says anything of presence, and when that was learnt.
    lapse_s : how long presence holds after the newest item.
    """

    t: Floats
    arrived: Floats
    out: Flags
    surely_out: Flags
    maybe_in: Flags
    decisive: Flags
    lapse_s: float
    interval_s: float
    needed: int
    sigma_m: float
    delay_s: float
    doubts: list[Span]
    vague: Flags | None = None
    mute: Flags | None = None
    lost_at: Floats | None = None
    inside: Floats | None = None

    @property
    def known(self) -> Flags:
        """(n,) whether it arrived, and says something."""
        here: Flags = np.isfinite(self.arrived)
        return here if self.mute is None else here & ~self.mute

    def untrusted_from(self, by_s: float = math.inf) -> float:
        """From when on it says nothing of presence, as was known at an instant."""
        return min((at for at, came in self.doubts if came <= by_s), default=math.inf)


def curfew_lines(subject: Subject, life: Life, told: list[Told], run: Run) -> Iterator[Line]:
    """Truth of all curfews of a person: out in the window, and windows in which nobody could know."""
    for watched in subject.of_kind(ConditionKind.CURFEW):
        place = watched.condition.place
        if place is None or not told:
            continue
        away = _away(subject, life, Frame(place.lon, place.lat), place.radius_m, run)
        evidence = _evidence(subject, life, told, watched)
        for _, pieces in watched.windows:
            spans = spans_of(pieces, run)
            if spans and spans[-1][1] > 0 and spans[0][0] < run.duration_s:
                window = _Window(watched, spans)
                for span in away:
                    yield from _absence(subject, window, span, evidence, run)
                yield from _unknown(subject, window, evidence, run)


def _away(subject: Subject, life: Life, place: Frame, radius_m: float, run: Run) -> list[Span]:
    t = walked(life, run.duration_s)
    return spans_above(t, _distance(subject, place, *position_of(life, t)), radius_m)


def _distance(subject: Subject, place: Frame, x: Floats, y: Floats) -> Floats:
    lon, lat = subject.home.to_lonlat(x, y)
    east, north = place.to_xy(lon, lat)
    return np.hypot(east, north)


def _evidence(subject: Subject, life: Life, told: list[Told], watched: Watched) -> _Evidence | None:
    """Of the home unit when there is one, else of the location tag; None where there are several: too rich to foretell."""
    place = watched.condition.place
    assert place is not None
    units = [one for one in told if one.speaker.worn.device.kind is DeviceKind.HOME_UNIT]
    seeing = [one for one in told if one.speaker.locates]
    if len(units) > 1 or len(seeing) > 1 or not (units or seeing):
        return None
    one = (units or seeing)[0]
    unheard = {one.speaker.id, *(one.speaker.worn.tags if units else ()), *(subject.rf_tags if units else ())}
    doubts = [(doubt.at, doubt.came) for each in told for doubt in each.doubts if doubt.of in unheard]
    of_fix = one.is_fix | bool(units)
    t, arrived = one.t[of_fix], one.arrived[of_fix]
    distance = _distance(subject, Frame(place.lon, place.lat), *carried(life, t))
    if units:
        out = (distance > subject.radius_m) | within(life.shadows, t)
        said = _said_out(t, out, arrived, one.woke)
        lapse_s = max(2 * one.upload_s, CONTACT_S)
        inside = np.concatenate([np.zeros((0, 2)), *(_maybe_inside(subject, life, each, watched) for each in seeing)])
        lost_at = _lost_at(t, said)
        vague = said & _contradicted(t, lost_at, inside[:, 0])
        clear_out, mute = said & ~vague, out & ~said
        sure = (clear_out, clear_out, ~clear_out, ~vague & ~mute, lapse_s, one.interval_s, 1, 0.0, one.delay_s)
        return _Evidence(t, arrived, *sure, doubts, vague, mute, lost_at, inside)
    sigma_m, honest = one.sigma_at(t), one.honest_at(t)
    out_m = distance - place.radius_m
    poor = sigma_m > place.radius_m * SIGMA_OF_ACC  # counts only where it is far outside (rules.md 5)
    out = (out_m >= np.where(poor, 2 / SIGMA_OF_ACC + CLEAR, INSIDE + CLEAR) * sigma_m) & honest
    return _Evidence(
        t,
        arrived,
        out,
        out & (out_m >= (SURELY + CLEAR) * sigma_m),
        (out_m <= (CLEAR - INSIDE) * sigma_m) | ~honest,
        out | ((out_m <= -(INSIDE + CLEAR) * sigma_m) & honest & ~poor),
        max(CONTACT_S, 3 * one.interval_s),
        one.interval_s,
        2,
        float(sigma_m.max(initial=0.0)),
        one.delay_s,
        doubts,
    )


def _maybe_inside(subject: Subject, life: Life, seeing: Told, watched: Watched) -> Floats:
    """(k, 2) when a location tag told a place that may have been inside the circle, and when that arrived."""
    place = watched.condition.place
    assert place is not None
    trusted_s = min((doubt.at for doubt in seeing.doubts if doubt.of == seeing.speaker.id), default=math.inf)
    here = seeing.is_fix & np.isfinite(seeing.arrived) & (seeing.t < trusted_s)
    t = seeing.t[here]
    out_m = _distance(subject, Frame(place.lon, place.lat), *carried(life, t)) - place.radius_m
    inside = (out_m <= (CLEAR - INSIDE) * seeing.sigma_at(t)) | ~seeing.honest_at(t)
    return np.column_stack([t, seeing.arrived[here]])[inside]


def _lost_at(t: Floats, out: Flags) -> Floats:
    """(n,) since when a home unit that does not hear its tag has not; else minus infinity."""
    if not len(t):
        return t
    begun = np.where(out & ~np.concatenate([[False], out[:-1]]), t, -math.inf)
    return np.where(out, np.maximum.accumulate(begun), -math.inf)


def _contradicted(t: Floats, lost_at: Floats, inside: Floats) -> Flags:
    """(n,) rounds of a home unit after its tag told a place inside though the unit had said it lost it: then nothing is known (rules.md 5.2)."""
    latest = np.concatenate([[-math.inf], np.sort(inside)])[np.searchsorted(np.sort(inside), t, side="right")]
    found: Flags = (latest > lost_at) & np.isfinite(lost_at)
    return found


def _said_out(t: Floats, out: Flags, arrived: Floats, woke: Floats) -> Flags:
    """(n,) whether the centre has it that the tag is out of reach: a home unit says so once, and again after it was off; what follows says
    nothing where that was of no use."""
    if not len(t):
        return out
    run = np.concatenate([[True], out[1:] != out[:-1]])
    says = out & (run | np.isin(t, woke)) & np.isfinite(arrived)
    order = np.arange(len(t))
    newest = np.maximum.accumulate(np.where(says, order, -1))
    said: Flags = out & (newest >= np.maximum.accumulate(np.where(run, order, 0)))
    return said


# --- out in the window ---------------------------------------------------------------------------------------------


def _absence(subject: Subject, window: _Window, away: Span, evidence: _Evidence | None, run: Run) -> Iterator[Line]:
    pieces = common(window.pieces, [away])
    if not pieces:
        return
    begin, end = pieces[0][0], pieces[-1][1]
    over = end < run.duration_s
    yield Line(
        subject.id,
        Kind.CURFEW.value,
        begin,
        end if over else math.inf,
        _code(window, away, over=over),
        window.watched.condition.id,
        _why_not(window, (begin, end), evidence, run),
    )


def _code(window: _Window, away: Span, *, over: bool) -> Code:
    """AL08 to AL12 as the truth would have it; `over`: whether the absence or its window has ended."""
    late = away[0] <= window.start
    if not over:
        return Code.AL08 if late else Code.AL10
    if away[1] >= window.end:
        return Code.AL12 if late else Code.AL11
    return Code.AL09 if late else Code.AL10


def _why_not(window: _Window, span: Span, evidence: _Evidence | None, run: Run) -> WhyNot | None:
    if evidence is None:
        return WhyNot.POSITION_ERROR
    slack_s = 2 * evidence.interval_s + GRACE_SLACK_S + 6 * evidence.sigma_m
    if window.unexcused(*span) + slack_s < window.grace_s and span[1] < run.duration_s:
        return WhyNot.BELOW_GRACE
    untrusted_s = evidence.untrusted_from()
    known = (evidence.arrived <= run.duration_s - ARRIVAL_S) & evidence.known & (evidence.t < untrusted_s)
    seen = known & (evidence.t >= span[0]) & (evidence.t < span[1])
    if not seen.any():
        return WhyNot.UNTRUSTED if span[0] >= untrusted_s else WhyNot.SILENT
    found = _first_run(evidence, seen)
    if found is None:
        return WhyNot.POSITION_ERROR
    begin, whole = found
    returned = evidence.t[known & evidence.maybe_in & (evidence.t > whole)]
    decided = max(window.decided_from(max(begin, window.start)), whole) + DECIDED_S
    limit = min(float(returned[0]) if len(returned) else math.inf, untrusted_s)
    if decided >= run.duration_s:
        return WhyNot.RUN_ENDED
    return None if decided <= limit else WhyNot.NEAR_GRACE


def _first_run(evidence: _Evidence, seen: Flags) -> Span | None:
    """The first whole run of items that say out whatever their errors: its first instant and when it is whole."""
    begin, count, last, sure = math.nan, 0, -math.inf, False
    for n in np.flatnonzero(seen):
        t = float(evidence.t[n])
        if not evidence.out[n]:
            count = 0
            continue
        if count == 0 or t - last > evidence.lapse_s:
            begin, count, sure = t, 0, False
        count, last, sure = count + 1, t, sure or bool(evidence.surely_out[n])
        if count >= evidence.needed and sure:
            return begin, t
    return None


# --- nobody could know ---------------------------------------------------------------------------------------------


def _unknown(subject: Subject, window: _Window, evidence: _Evidence | None, run: Run) -> Iterator[Line]:
    """`whereabouts_unknown`: presence not known when the grace has run off from the window's start."""
    at = window.start + window.grace_s
    if at >= min(window.end, run.duration_s + CLOCK_RUNS_ON_S):
        return
    why_not: WhyNot | None = WhyNot.AT_THRESHOLD
    known_again = math.inf
    if evidence is not None:
        state, known_again = _known_at(evidence, at)
        if state is True:
            return
        if at < 0 or not (evidence.arrived <= at).any():
            why_not = WhyNot.BEFORE_RUN
        elif at + DECIDED_S >= run.duration_s:
            why_not = WhyNot.RUN_ENDED
        elif state is False:
            why_not = None
    to_s = min(known_again, window.end)
    yield Line(
        subject.id,
        Kind.WHEREABOUTS_UNKNOWN.value,
        at,
        to_s if to_s < run.duration_s else math.inf,
        condition=window.watched.condition.id,
        why_not=why_not,
    )


def _known_at(evidence: _Evidence, at: float) -> tuple[bool | None, float]:
    """Whether presence is known at an instant (None: it depends on the errors), and when it is known again."""
    slack_s = 2 * evidence.interval_s + DECIDED_S + evidence.delay_s
    of_use = evidence.decisive & (evidence.t < evidence.untrusted_from())
    later = evidence.arrived[(evidence.arrived > at) & of_use]
    again = float(later.min()) if len(later) else math.inf
    late_s = DECIDED_S + evidence.delay_s
    untrusted_s = evidence.untrusted_from(at + late_s)
    if untrusted_s <= at:
        sure = at - untrusted_s > evidence.lapse_s + slack_s and evidence.untrusted_from(at - late_s) <= at
        return (False if sure else None), math.inf
    had = evidence.arrived <= at
    if not had.any():
        return False, again
    age_s = at - float(evidence.t[had].max())
    if age_s > evidence.lapse_s + slack_s:
        return False, again
    if age_s > evidence.lapse_s - slack_s or _in_dispute(evidence, had, at):
        return None, again
    clear = evidence.t[had & evidence.decisive]
    return (True if len(clear) and _unbroken(evidence.t[had], float(clear.max()), evidence.lapse_s) else None), again


def _in_dispute(evidence: _Evidence, had: Flags, at: float) -> bool:
    """Whether a home unit's tag has told a place that may be inside since the unit lost it, by its own next round or just now (rules.md 5.2)."""
    if evidence.vague is None or evidence.lost_at is None or evidence.inside is None:
        return False
    newest = np.flatnonzero(had)[int(np.argmax(evidence.t[had]))]
    t, arrived = evidence.inside.T
    since = float(evidence.lost_at[newest])
    told = (t > since) & (t <= at) & (arrived <= at + DECIDED_S + evidence.delay_s)
    return bool(evidence.vague[newest]) or (math.isfinite(since) and bool(told.any()))


def _unbroken(t: Floats, since: float, lapse_s: float) -> bool:
    """Whether nothing lapsed between a decisive item and the newest."""
    later = t[t >= since]
    return not (np.diff(later) > lapse_s - DECIDED_S).any()
