"""Two parties near each other (rules.md 6, 8): a wearer and a victim, or two wearers who must not meet."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache

from domain.instants import MINUTE_US, SECOND_US
from tests.twin.caseload import Record
from tests.twin.found import Found
from tests.twin.geometry import distance_m
from tests.twin.spans import less
from tests.twin.track import Mark, Used, View
from tests.twin.zones import Walk, walked, whole_at

FRESH_US = 300 * SECOND_US
SPARED_US = 60 * SECOND_US
SLOWEST_M_S, FASTEST_M_S = 2.0, 30.0
ALERT_M = 500.0
LEAVES = 1.1
MOVED_IN_US = 15 * MINUTE_US
TOGETHER_M = 50.0
TOGETHER_US = 10 * MINUTE_US


@dataclass(frozen=True)
class Meeting:
    """A used fix of one side, and the other side's newest at or before it, of age ``a``."""

    used: Used
    other: Used
    apart_m: float
    near_m: float  # `D`

    @property
    def a(self) -> int:
        return self.used.t - self.other.t


def near_m(a: Used, b: Used, ages: list[tuple[int, float]]) -> float:
    """`D`: the distance less both accuracies and what each party, of an age and a speed, may have gone since."""
    gone = sum(speed * max(0, age - SPARED_US) / SECOND_US for age, speed in ages)
    return max(0.0, _apart_m(a, b) - a.fix.acc - b.fix.acc - gone)


def _apart_m(a: Used, b: Used) -> float:
    return _distance_m((a.fix.lon, a.fix.lat), (b.fix.lon, b.fix.lat))


_distance_m = lru_cache(1 << 16)(distance_m)


def speed_m_s(track: list[Used], i: int) -> float:
    """The last speed of a party at its i-th used fix: reported, or between its last two; of two at one time the one before."""
    speed = track[i].fix.spd
    if speed is None:
        speed = 0.0
        if i:
            gone, seconds = _apart_m(track[i - 1], track[i]), (track[i].t - track[i - 1].t) / SECOND_US
            speed = gone / seconds if seconds else speed_m_s(track, i - 1)
    return min(max(speed, SLOWEST_M_S), FASTEST_M_S)


def meetings(one: View, other: View) -> list[Meeting]:
    """At each used fix of either side, in order."""
    out = []
    for mine, theirs in ((one.used, other.used), (other.used, one.used)):
        times = [u.t for u in theirs]
        for used in mine:
            i = bisect_right(times, used.t) - 1
            if i >= 0:
                d = near_m(used, theirs[i], [(used.t - theirs[i].t, speed_m_s(theirs, i))])
                out.append(Meeting(used, theirs[i], _apart_m(used, theirs[i]), d))
    return sorted(out, key=lambda m: m.used.fact.key)


def limits(record: Record) -> dict[str, float]:
    alert_m = float(record.get("alert_m") or ALERT_M)
    return {"proximity_alert": alert_m, "proximity_prealert": float(record.get("prealert_m") or 2 * alert_m)}


def proximity(view: View) -> list[Found]:
    """`proximity_alert` and `proximity_prealert`: fixes near the victim are walked as fixes in a zone are."""
    out: list[Found] = []
    caseload = view.caseload
    for condition in caseload.conditions(view.wearer, ("proximity",)):
        newest = caseload.newest("condition", condition)
        met = [m for m in meetings(view, view.person(newest["victim"], "victim")) if m.a <= FRESH_US]
        enforced = caseload.enforced(condition)
        base = less(caseload.windows_of(condition), caseload.suspensions_of(condition))
        for kind in limits(newest):
            marks = [Mark(m.used, _side(view, condition, kind, m), True, 0.0) for m in met]
            for found in walked(Walk(1, kind, None), marks, enforced, base, view, condition):
                _named(view, condition, found, met)
                found.order, found.condition = newest["order"], condition
                found.victim = found.other = newest["victim"]
                out.append(found)
    return out


def _side(view: View, condition: str, kind: str, met: Meeting) -> int:
    record = view.caseload.near("condition", condition, met.used.t)
    assert record is not None
    limit = limits(record)[kind]
    return 1 if met.near_m <= limit else -1 if met.near_m > LEAVES * limit else 0


def _named(view: View, condition: str, found: Found, met: list[Meeting]) -> None:
    """Reasons and evidence, both sides of as many meetings as open it and the one fact that closed it; whose approach."""
    with_ = {m.used.fact.name: m.other.fact for m in met}
    closing = found.evidence[-1:] if found.closer == "fixes" else []
    opening = found.evidence[: len(found.evidence) - len(closing)]
    began = opening[0].t
    opening = opening[: whole_at(view, condition, began)]
    facts = {f.name: f for fact in opening for f in (fact, with_[fact.name])}
    found.evidence = sorted(facts.values(), key=lambda f: f.key) + closing
    found.p_inside = None
    found.opener = "clock" if found.opener == "clock" else "distance"
    found.closer = "distance" if found.closer == "fixes" else found.closer
    if not _approached(view, began):
        found.cause = "unknown"


def _approached(view: View, at: int) -> bool:
    """Whether the wearer moved, in the last 15 minutes, at least as far as both accuracies: since the first fix of the newest
    minute that is so old."""
    now = [u for u in view.used if u.t <= at]
    if not now:
        return False
    firsts = [u for i, u in enumerate(now) if i == 0 or u.t // MINUTE_US != now[i - 1].t // MINUTE_US]
    before = [u for u in firsts if u.t <= at - MOVED_IN_US][-1:] or now[:1]
    return _apart_m(before[0], now[-1]) >= before[0].fix.acc + now[-1].fix.acc


def association(view: View) -> list[Found]:
    """From the first of fixes within 50 m of each other that follow each other for ten minutes, to the first farther."""
    out: list[Found] = []
    for condition in view.caseload.conditions(view.wearer, ("association",)):
        record = view.caseload.newest("condition", condition)
        other = record["other_wearer"]
        met = [m for m in meetings(view, view.person(other, "wearer")) if m.a <= FRESH_US]
        for first, whole, newest, parted in _together(met):
            for low, high in view.caseload.enforced(condition):
                start = max(first.used.t, low)
                end = high if parted is None else min(parted.used.t, high)
                fresh = low <= whole.used.t or low - newest.used.t <= newest.used.gap_us
                if start >= end or whole.used.t >= end or not fresh or start > view.at:
                    continue
                facts = {f.name: f for m in (first, whole) for f in (m.used.fact, m.other.fact)}
                evidence = sorted(facts.values(), key=lambda f: f.key)
                found = Found("association", start, None, "distance" if low <= whole.used.t else "clock", evidence)
                if parted is not None and parted.used.t <= high:
                    found.close(parted.used.t, "distance", parted.used.fact)
                elif high <= view.at:
                    found.close(high, "clock")
                found.order, found.condition, found.other = record["order"], condition, other
                out.append(found)
    return out


def _together(met: list[Meeting]) -> list[tuple[Meeting, Meeting, Meeting, Meeting | None]]:
    """The first meeting of each run near, the one after ten minutes, the newest, and the first apart."""
    out: list[tuple[Meeting, Meeting, Meeting, Meeting | None]] = []
    run: list[Meeting] = []
    whole: Meeting | None = None
    for m in met:
        if m.apart_m > TOGETHER_M:
            if whole is not None:
                out.append((run[0], whole, run[-1], m))
            run, whole = [], None
        elif whole is not None or (run and m.used.t - run[-1].used.t <= run[-1].used.gap_us):
            run.append(m)
            if whole is None and m.used.t - run[0].used.t >= TOGETHER_US:
                whole = m
        else:
            run = [m]
    return out if whole is None else [*out, (run[0], whole, run[-1], None)]
