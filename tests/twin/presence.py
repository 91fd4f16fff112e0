"""Presence at a place (rules.md 5): what the home unit says, else what the fixes say, else unknown."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from domain.instants import FAR_US
from tests.twin.caseload import Record
from tests.twin.checks import verified
from tests.twin.facts import Fact
from tests.twin.spans import Spans, cut, holding, merged
from tests.twin.track import Device, Mark, Used, View, mark

PRESENT, ABSENT, UNKNOWN = "present", "absent", "unknown"
TAMPERS = ("strap_tamper", "case_tamper", "shielding")
FAR_ACCS = 2.0


@dataclass
class State:
    """What one source says over ``[start, end)``. ``evidence`` made it so; ``score`` is the weakest of a run."""

    start: int
    end: int
    says: str
    source: str
    evidence: list[Fact]
    score: float | None = None


@dataclass
class Presence:
    """States in order, without overlap, up to T; where there is none it is unknown.

    ``seen`` and ``missed`` are the pieces of evidence for presence and for absence, ``silent`` the spans over which a
    fresh home unit does not hear the tag: evidence for absence all the time.
    """

    states: list[State]
    seen: list[tuple[int, Fact]]
    missed: list[tuple[int, int, Fact]]  # instant, gap after it, fact
    silent: Spans

    def at(self, instant: int) -> str:
        state = self.state(instant)
        return state.says if state else UNKNOWN

    def state(self, instant: int) -> State | None:
        for state in self.states:
            if state.start <= instant < state.end:
                return state
        return None


def untrusted(view: View, device: str) -> Spans:
    """From a tamper or shielding of the device until a person records a check of it."""
    return _until(
        [f.t for f in view.about if f.subject == device and _tells(f, TAMPERS)], view.caseload.checked(device)
    )


def moved(view: View, unit: str) -> Spans:
    """From `home_unit_moved` until a visit confirms its place."""
    return _until([f.t for f in view.about if f.subject == unit and _tells(f, ("home_unit_moved",))],
                  view.caseload.visited(view.wearer))  # fmt: skip


def _tells(fact: Fact, codes: tuple[str, ...]) -> bool:
    return fact.code in codes and fact.state != "end"


def _until(starts: list[int], ends: list[int]) -> Spans:
    return merged((start, min((end for end in ends if end > start), default=FAR_US)) for start in starts)


def presence(view: View, condition_id: str) -> Presence:
    """Presence at the place of a curfew."""
    held = view.answers.get(condition_id)
    if not isinstance(held, Presence):
        held = view.answers[condition_id] = _presence(view, condition_id)
    return held


def _presence(view: View, condition_id: str) -> Presence:
    by_fixes, seen_fixes, missed_fixes = _by_fixes(view, condition_id)
    by_unit, seen_unit, silent = _by_unit(view, condition_id)
    states = _first_that_says(by_unit, by_fixes, view.at)
    for state in states:  # where the unit falls silent the newest inside fix says that the wearer is there
        if state.says == PRESENT and state.source != "home_unit":
            state.evidence = [[f for t, f in seen_fixes if t <= state.start][-1]]
            state.source = "fixes" if state.evidence[0].fix or state.evidence[0].code != "presence_check" else "event"
    deciding = merged((s.start, s.end) for s in by_unit)
    elsewhere = [(t, f) for t, f in seen_fixes if holding(deciding, t) is None]
    seen = sorted(elsewhere + seen_unit, key=lambda s: (s[0], s[1].key))
    missed = [(t, gap, f) for t, gap, f in missed_fixes if holding(deciding, t) is None]
    return Presence(states, seen, missed, silent)


def _first_that_says(first: list[State], other: list[State], at: int) -> list[State]:
    """One row of states: the first list decides wherever it says something."""
    edges = sorted({e for s in first + other for e in (s.start, s.end)})
    out: list[State] = []
    for low, high in itertools.pairwise(edges):
        said = [s for s in first if s.start <= low and high <= s.end] or [
            s for s in other if s.start <= low and high <= s.end
        ]
        if not said or low > at:
            continue
        s = said[-1]
        if out and out[-1].end == low and out[-1].says == s.says and out[-1].evidence == s.evidence:
            out[-1].end = high
        else:
            out.append(State(low, high, s.says, s.source, s.evidence, s.score))
    return out


# by fixes


def place_marks(view: View, condition_id: str) -> list[Mark]:
    """Used fixes against the circle of the place; a coarse one is uncertain unless it lies far outside."""
    out = []
    for used in view.used:
        condition = view.caseload.near("condition", condition_id, used.t)
        assert condition is not None
        out.append(_against(view, condition["place"], used))
    return out


def _against(view: View, place: Record, used: Used) -> Mark:
    radius = float(place.get("radius_m", 50))
    shape = {"type": "Circle", "center": [place["lon"], place["lat"]], "radius_m": radius}
    d = view.measured.depth(shape, used.fix)
    found = mark(used, d)
    if used.fix.acc > radius and not -d > FAR_ACCS * used.fix.acc:
        return Mark(used, 0, False, d)
    return found


def _by_fixes(view: View, condition_id: str) -> tuple[list[State], list[tuple[int, Fact]], list[tuple[int, int, Fact]]]:
    doubts = {device.id: untrusted(view, device.id) for device in view.worn}
    marks = sorted(place_marks(view, condition_id) + _by_check(view, condition_id), key=lambda m: m.fact.key)
    marks = [m for m in marks if holding(doubts[m.used.fact.device], m.t) is None]
    states: list[State] = []
    seen: list[tuple[int, Fact]] = []
    missed: list[tuple[int, int, Fact]] = []
    run: list[Mark] = []
    held: State | None = None
    for m in marks:
        if held is not None and m.t > held.end:
            held = None
        until = _hold(m, doubts[m.used.fact.device])
        if m.side > 0:
            run = []
            if held is None or held.says != PRESENT:
                held = _turn(states, State(m.t, until, PRESENT, "fixes", [m.fact]))
            seen.append((m.t, m.fact))
        elif m.side < 0:
            run = [*run, m] if run and m.t - run[-1].t <= run[-1].used.gap_us else [m]
            if len(run) >= 2 and any(one.sure for one in run):
                if held is None or held.says != ABSENT:
                    new = State(run[0].t, until, ABSENT, "fixes", [o.fact for o in run], max(o.score for o in run))
                    held = _turn(states, new)
                fresh = run if not missed or missed[-1][2] is not run[-2].fact else run[-1:]
                missed += [(o.t, o.used.gap_us, o.fact) for o in fresh]
        if held is not None:
            held.end = until
    return states, seen, missed


def _hold(m: Mark, doubts: Spans) -> int:
    """How long a state that this newest used fix upholds can last: through ``G``, or until its device is in doubt."""
    return min([m.t + m.used.gap_us] + [low for low, _ in doubts if low > m.t])


def _turn(states: list[State], new: State) -> State:
    """Go over to another state, from where it reaches back to; a run that goes on after a doubt keeps its state."""
    if states and states[-1].says == new.says and states[-1].start >= new.start:
        return states[-1]
    if states:
        states[-1].end = min(states[-1].end, new.start)
        if states[-1].end <= states[-1].start:
            states.pop()
    states.append(new)
    return new


# by a check


def _by_check(view: View, condition_id: str) -> list[Mark]:
    """A check that is evidence of presence counts as an inside fix with the `G` of its line does."""
    if "presence_check" not in view.kinds:
        return []
    used = [Used(fact, fact, view.devices[fact.device].gap_us(fact.t)) for fact in verified(view, condition_id)]
    return [Mark(one, 1, True, 0.0) for one in used]


# by the home unit


def _by_unit(view: View, condition_id: str) -> tuple[list[State], list[tuple[int, Fact]], Spans]:
    states: list[State] = []
    seen: list[tuple[int, Fact]] = []
    for low, high, condition in view.caseload.segments("condition", condition_id):
        unit = condition["place"].get("home_unit")
        if unit is not None and unit in view.devices:
            for state in _unit_states(view, condition_id, view.devices[unit], seen):
                if state.start < high and state.end > low:
                    state.start, state.end = max(state.start, low), min(state.end, high)
                    states.append(state)
    silent = merged((s.start, s.end) for s in states if s.says == ABSENT)
    return states, seen, silent


def _unit_states(view: View, condition_id: str, unit: Device, seen: list[tuple[int, Fact]]) -> list[State]:
    worn = [(low, high) for low, high, record in unit.fittings if record.get(view.role) == view.wearer]
    fresh = cut(merged((f.t, f.t + unit.silence_us(f.t)) for f in unit.facts if view.on(unit.id, f.t)), merged(worn))
    doubts = merged(untrusted(view, unit.id) + moved(view, unit.id))
    heard = [f for f in view.about if f.device == unit.id and f.code == "in_range" and f.state != "pulse" and f.tag]
    doubted = {device.id: untrusted(view, device.id) for device in view.worn}
    inside = [m for m in place_marks(view, condition_id) if m.side > 0]
    trusted_in = [m.t for m in inside if holding(doubted[m.used.fact.device], m.t) is None]
    out: list[State] = []
    for i, fact in enumerate(heard):
        assert fact.tag is not None
        doubt = merged(doubts + untrusted(view, fact.tag))
        fitting = view.devices[fact.tag].fitting(fact.t)
        assert fitting is not None
        next_t = min(fitting[1], _said_again(view, heard, i + 1, doubts))
        start = fact.t if fact.state == "start" else left_at(heard, i)
        until = min([next_t] + [low for low, _ in doubt if low > fact.t])
        if holding(doubt, fact.t) is not None:
            continue
        if fact.state == "start":
            seen.append((fact.t, fact))
            out += _while_fresh(State(start, until, PRESENT, "home_unit", [fact]), fresh)
            continue
        if fact.last_heard is None or not i or heard[i - 1].state == "start" or fact.last_heard > heard[i - 1].t:
            seen.append((start, fact))
        back = min((t for t in trusted_in if t > fact.t), default=FAR_US)
        out += _while_fresh(State(start, min(until, back), ABSENT, "home_unit", [fact]), fresh)
        if back < until:
            out += _while_fresh(State(back, until, UNKNOWN, "home_unit", [fact]), fresh)
    return out


def _said_again(view: View, heard: list[Fact], i: int, doubts: Spans) -> int:
    """Until when the unit's word stands: an `end` reaches back to when the tag was last heard, unless it is in doubt."""
    if i >= len(heard):
        return FAR_US
    fact = heard[i]
    assert fact.tag is not None
    if fact.state != "end" or holding(merged(doubts + untrusted(view, fact.tag)), fact.t) is not None:
        return fact.t
    return left_at(heard, i)


def left_at(heard: list[Fact], i: int) -> int:
    """From when the tag was not heard: ``last_heard`` of the `end`, not before what was heard before it."""
    fact = heard[i]
    left = fact.t if fact.last_heard is None else min(fact.last_heard, fact.t)
    return max(left, heard[i - 1].t) if i else left


def _while_fresh(state: State, fresh: Spans) -> list[State]:
    return [
        State(max(state.start, low), min(state.end, high), state.says, state.source, state.evidence)
        for low, high in fresh
        if max(state.start, low) < min(state.end, high)
    ]
