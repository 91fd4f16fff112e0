"""The desk of `bench.operators`: alerts in the console's order, calls in, what whoever has something comes back to, errors.

`simulators.operators.Floor` moves the people, `bench.operators_alerts` has each alert as service has it; in between stands who takes
what, how long it takes, and what they do wrong. Operators take what they were told of, seniors what they were told of and have looked at.
"""

from __future__ import annotations

import heapq
from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random
from typing import Final

from alerts.machine import UNDO_US, Actor
from alerts.policy import STANDS_DOWN
from alerts.protocols import Protocols, Target
from alerts.severity import RANK
from alerts.shipped import shipped_protocols
from alerts.state import Answers
from bench.operators_alerts import Case, Key, case_of
from bench.operators_day import OUTCOMES, Given, alerts, calls_in
from bench.operators_tally import SENIORS, Tally
from domain.instants import FAR_US, MINUTE_US, SECOND_US
from domain.vocabulary import AlertEvent, AlertWork, Outcome, Role, Severity

CHUNK_US: Final = 10 * MINUTE_US
"""Whoever works longer on something enters what they did so often: the claim does not lapse in their hands."""
BEFORE_LAPSE_US: Final = 5 * MINUTE_US
"""Whoever has something comes back to it so long before the claim lapses."""
_TIMER, _OVER, _FREE, _SEEN, _RENEW, _UNDO = range(6)


@dataclass(slots=True)
class _Hand:
    """What somebody has in hand: an alert, or None, a call in. ``left_us``: how long it still takes. ``claims``: about to claim it."""

    case: Case | None
    role: Role
    rng: Random
    claims: bool = False
    left_us: int = 0
    rung: dict[Target, bool] = field(default_factory=dict)


class AlertDesk:
    """A `simulators.operators.Desk`. ``tally`` is what is counted."""

    def __init__(self, given: Given, protocols: Protocols | None = None) -> None:
        self._given, self._habits = given, given.habits
        self._protocols = shipped_protocols() if protocols is None else protocols
        self._raised, self._calls_in = deque(alerts(given)), deque(calls_in(given))
        self._ringing: deque[tuple[int, int, int]] = deque()
        self._cases: dict[int, Case] = {}
        self._due: list[tuple[int, int, int, int, str]] = []
        self._queues: dict[Role, list[tuple[Key, int]]] = defaultdict(list)
        self._hands: dict[str, _Hand] = {}
        self._held: dict[str, set[int]] = defaultdict(set)
        self._own: dict[str, set[int]] = defaultdict(set)
        self._wanted: list[str] = []
        self._numbers = self._events = 0
        self._now_us = 0
        self.tally = Tally(given.from_us, given.to_us)

    # ---- what happens by itself ----

    def next_us(self) -> int:
        due_us = self._due[0][0] if self._due else FAR_US
        raised_us = self._raised[0].at_us if self._raised else FAR_US
        return min(due_us, raised_us, self._calls_in[0][0] if self._calls_in else FAR_US)

    def happen(self, now_us: int) -> Iterable[str]:
        self._now_us, self._wanted = now_us, []
        while self._raised and self._raised[0].at_us <= now_us:
            self._raise(now_us)
        while self._calls_in and self._calls_in[0][0] <= now_us:
            self._ringing.append(self._calls_in.popleft())
        while self._due and self._due[0][0] <= now_us:
            _, _, what, no, who = heapq.heappop(self._due)
            case = self._cases.get(no)
            if case is not None:
                self._happens(what, case, who, now_us)
        return self._wanted

    def _raise(self, now_us: int) -> None:
        self._numbers += 1
        self.tally.raised += 1
        case = self._cases[self._numbers] = case_of(self._numbers, self._raised.popleft())
        if case.alert.active:
            self._at(case.raised.at_us + case.raised.lasts_us, _OVER, case)
        if 0 < case.raised.free_us < FAR_US:
            self._at(case.raised.free_us, _FREE, case)
        self._look(case, now_us)

    def _happens(self, what: int, case: Case, who: str, now_us: int) -> None:
        if what == _TIMER:
            if case.due_us == now_us:
                self._look(case, now_us)
        elif what == _OVER:
            case.end(now_us)
            self._look(case, now_us)
        elif what == _FREE:
            case.let_go(now_us)
            self._look(case, now_us)
        elif what == _SEEN:
            case.seen_by.add(Role(who))
            self._place(case)
        elif what == _RENEW:
            ends_us = case.job.claim_ends_us(case.severity)
            if case.job.holder == who and ends_us is not None and ends_us - now_us <= BEFORE_LAPSE_US:
                self._attend(case)
        elif case.job.work is AlertWork.CLOSED and case.job.closed_by == who:
            self.tally.errors["undone"] += 1
            self._act(case, AlertEvent.REOPEN, now_us, Actor(who, Role.OPERATOR))

    def _at(self, at_us: int, what: int, case: Case, who: str = "") -> None:
        self._events += 1
        heapq.heappush(self._due, (at_us, self._events, what, case.alert.no, who))

    # ---- one alert ----

    def _act(self, case: Case, event: AlertEvent, now_us: int, actor: Actor, outcome: Outcome | None = None) -> None:
        holder = case.job.holder
        case.act(event, now_us, actor, outcome)
        self._look(case, now_us, holder)

    def _look(self, case: Case, now_us: int, holder: str | None = None) -> None:
        """The policy looks, and everything that hangs on what it made of the alert is put right. ``holder``: who had it before."""
        before, was_held = holder or case.job.holder, case.held
        for tell in case.look(self._protocols, now_us):
            role = SENIORS.get(tell.target)
            if role is not None and tell.again is None:
                self.tally.escalated(case, tell.target, tell.text)
                rng = self._chance(case, 1_000 + len(case.told))
                self._at(now_us + self._habits.seen.draw_us(rng), _SEEN, case, role.value)
        if was_held and case.job.work is AlertWork.RAISED:
            self.tally.errors["lapsed"] += self.tally.counts(now_us)
        if not case.held:
            self._loosen(case, before)
        due_us = min(case.timers.values(), default=FAR_US)
        if due_us != case.due_us and due_us < FAR_US:
            self._at(due_us, _TIMER, case)
        case.due_us = due_us
        self._count(case, now_us)
        self._place(case)
        if case.held and (case.over or case.calls):
            self._attend(case)

    def _loosen(self, case: Case, holder: str | None) -> None:
        """Nobody has it any more."""
        case.forgotten = False
        if holder is not None:
            self._held[holder].discard(case.alert.no)
            self._own[holder].discard(case.alert.no)

    def _count(self, case: Case, now_us: int) -> None:
        if case.since_us is not None and not case.waits:
            self.tally.stops(case, now_us, "claimed" if case.held else "over")
        elif case.since_us is not None and case.since is not case.severity:
            self.tally.stops(case, now_us, "changed")
        if case.waits and case.since_us is None:
            self.tally.begins(case, now_us)

    def _place(self, case: Case) -> None:
        """Its place in the queues. What is closed, with nobody to be rung and nothing due, is kept no longer."""
        if _is_open_to_all(case):
            key = case.key()
            for role in (Role.OPERATOR, *case.seen_by):
                if case.queued.get(role) != key:
                    case.queued[role] = key
                    heapq.heappush(self._queues[role], (key, case.alert.no))
            return
        case.queued.clear()
        done = case.job.work is AlertWork.CLOSED and not (case.downs or case.picked or case.in_hand or case.timers)
        if done and case.over and case.since_us is None:
            self.tally.became(case)
            del self._cases[case.alert.no]

    def _attend(self, case: Case) -> None:
        """Whoever has it is to see to it again, when their hands are empty."""
        holder = case.job.holder
        if holder is not None and not case.forgotten and case.in_hand is None:
            self._own[holder].add(case.alert.no)
            self._wanted.append(holder)

    def _chance(self, case: Case, use: int) -> Random:
        """What chance decides of one alert is the same however many people there are."""
        return Random((self._given.seed * 10_000_019 + case.alert.no) * 10_007 + use)

    # ---- who takes what ----

    def waits(self, role: Role) -> bool:
        return self._first(role) is not None or (role is Role.OPERATOR and self._first_call() is not None)

    def _first(self, role: Role) -> Case | None:
        queue = self._queues[role]
        while queue:
            key, no = queue[0]
            case = self._cases.get(no)
            if case is not None and case.queued.get(role) == key and _is_open_to_all(case) and case.key() == key:
                return case
            heapq.heappop(queue)
        return None

    def _first_call(self) -> tuple[int, int, int] | None:
        """Whoever rings longest; those who have hung up are counted and forgotten."""
        while self._ringing and sum(self._ringing[0][::2]) < self._now_us:
            self.tally.hung_up += self.tally.counts(self._ringing.popleft()[0])
        return self._ringing[0] if self._ringing else None

    def take(self, person: str, role: Role, now_us: int) -> int | None:
        self._now_us = now_us
        first, own = self._first(role), self._own_first(person)
        case = min((one for one in (first, own) if one is not None), key=Case.key, default=None)
        urgent = case is not None and case.severity is Severity.CRITICAL
        if role is Role.OPERATOR and not urgent and (call := self._first_call()) is not None:
            self._ringing.popleft()
            if self.tally.counts(call[0]):
                self.tally.calls_in.append((now_us - call[0]) / SECOND_US)
            self._hands[person] = _Hand(None, role, Random(0))
            return call[1]
        if case is None:
            return None
        hand = self._hands[person] = _Hand(case, role, self._chance(case, case.worked))
        case.worked += 1
        if case is own:
            self._own[person].discard(case.alert.no)
            case.in_hand = person
            self._act(case, AlertEvent.ACTION, now_us, Actor(person, role))
            hand.left_us = self._habits.follows.draw_us(hand.rng) + self._ring(case, hand)
            return _chunk(hand)
        case.queued.clear()
        case.picked, hand.claims = person, True
        return self._habits.reacts.draw_us(hand.rng)

    def _own_first(self, person: str) -> Case | None:
        return min((self._cases[no] for no in self._own[person]), key=Case.key, default=None)

    def done(self, person: str, now_us: int) -> int | None:
        hand = self._hands[person]
        if hand.case is None:
            del self._hands[person]
            return None
        lasts_us = self._claim(hand.case, hand, person, now_us) if hand.claims else self._goes_on(hand, person, now_us)
        if lasts_us is None:
            hand.case.picked = hand.case.in_hand = None
            del self._hands[person]
            if hand.case.alert.no in self._cases:
                self._place(hand.case)
                if hand.case.held and (hand.case.over or hand.case.calls):
                    self._attend(hand.case)
        return lasts_us

    def leave(self, person: str, now_us: int) -> None:
        """What they have is handed over: given back, for whoever is next. What they forgot stays with them until it lapses."""
        for no in sorted(self._held[person]):
            case = self._cases[no]
            if not case.forgotten and case.held:
                self.tally.errors["handed_over"] += self.tally.counts(now_us)
                self._act(case, AlertEvent.RELEASE, now_us, Actor(person, Role.OPERATOR))

    # ---- at work ----

    def _claim(self, case: Case, hand: _Hand, person: str, now_us: int) -> int | None:
        """Whoever picked an alert claims it, if it is still there, and gets to work."""
        hand.claims, case.picked = False, None
        habits, rank = self._habits, RANK[case.severity]
        if case.job.work is AlertWork.CLOSED and case.downs:
            case.in_hand = person
            hand.left_us = sum(self._rings(hand.rng)[1] for _ in range(case.downs))
            self.tally.stood_down += case.downs
            case.downs = 0
            return _chunk(hand)
        if not case.waits:
            return None
        case.in_hand, case.claimed = person, True
        self._held[person].add(case.alert.no)
        self.tally.taken[hand.role] += self.tally.counts(now_us)
        self._act(case, AlertEvent.CLAIM, now_us, Actor(person, hand.role))
        times = habits.incident_times if case.raised.row is None else case.raised.row.times
        read_us = habits.reads[rank].draw_us(hand.rng, times)
        hand.left_us = read_us + self._ring(case, hand) + habits.notes[rank].draw_us(hand.rng)
        return _chunk(hand)

    def _ring(self, case: Case, hand: _Hand) -> int:
        """Rings everybody who is to be rung: how long that takes. The victim first."""
        took_us = 0
        for target in sorted(case.calls, key=lambda one: (one is not Target.VICTIM, one.value)):
            hand.rung[target], lasts_us = self._rings(hand.rng)
            took_us += lasts_us
            self.tally.calls_out += 1
        case.calls.clear()
        return took_us

    def _rings(self, rng: Random) -> tuple[bool, int]:
        answered = rng.random() < self._habits.answered
        return answered, (self._habits.talks if answered else self._habits.rings).draw_us(rng)

    def _goes_on(self, hand: _Hand, person: str, now_us: int) -> int | None:
        case = hand.case
        assert case is not None
        if case.job.holder != person or not case.held:
            return _chunk(hand) if hand.left_us > 0 else None
        self._answered(case, hand)
        self._act(case, AlertEvent.ACTION, now_us, Actor(person, hand.role))
        if hand.left_us > 0:
            return _chunk(hand)
        if case.calls:
            hand.left_us = self._ring(case, hand)
            return _chunk(hand)
        self._leave_off(case, hand, person, now_us)
        return None

    def _answered(self, case: Case, hand: _Hand) -> None:
        """What the contact log says of the calls that were made."""
        wearer = hand.rung.pop(Target.WEARER, case.answers.wearer)
        victim = hand.rung.pop(Target.VICTIM, case.answers.victim)
        case.answers = Answers(wearer, victim)

    def _leave_off(self, case: Case, hand: _Hand, person: str, now_us: int) -> None:
        """Everything was done that can be: it is closed, forgotten, or kept until it is over."""
        habits, row = self._habits, case.raised.row
        if case.outcome is None:
            shares = (1.0, 0.0, 0.0) if row is None else row.outcomes
            (case.outcome,) = self._chance(case, 999).choices(OUTCOMES, (*shares, 1 - sum(shares)))
        keeps = row is None or (row.waits and case.outcome not in STANDS_DOWN)
        if keeps and not case.over:
            ends_us = case.job.claim_ends_us(case.severity)
            assert ends_us is not None
            self._at(max(now_us, ends_us - BEFORE_LAPSE_US), _RENEW, case, person)
            return
        if hand.rng.random() < habits.forgets:
            self.tally.errors["forgotten"] += self.tally.counts(now_us)
            case.forgotten = True
            return
        outcome = case.outcome
        if hand.rng.random() < habits.errs:
            outcome = hand.rng.choice([one for one in OUTCOMES if one is not outcome])
            self.tally.errors["wrong"] += self.tally.counts(now_us)
            if hand.rng.random() < habits.notices:
                self._at(now_us + hand.rng.randrange(5 * SECOND_US, UNDO_US), _UNDO, case, person)
        self.tally.closed += self.tally.counts(now_us)
        self._act(case, AlertEvent.CLOSE, now_us, Actor(person, hand.role), outcome)

    def finish(self, now_us: int) -> None:
        """The run is over."""
        self.tally.finish(list(self._cases.values()), now_us)


def _is_open_to_all(case: Case) -> bool:
    """Whether anybody may take it: it waits, or somebody is to be rung who is stood down."""
    if case.picked is not None or case.in_hand is not None:
        return False
    return case.waits or (case.job.work is AlertWork.CLOSED and case.downs > 0)


def _chunk(hand: _Hand) -> int:
    """As much of what is left as is done before something is entered."""
    lasts_us = min(hand.left_us, CHUNK_US)
    hand.left_us -= lasts_us
    return lasts_us
