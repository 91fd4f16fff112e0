"""Whatever happens in whatever order, with processes killed at every point: no alert is lost, and nobody is left uninformed.

Violations open, worsen, clear, come again, are grouped, released, shortened and withdrawn; operators claim, act, close, undo,
release and log calls; wearers are muted; the clock goes on. Two deciders and two senders are stopped at every point of
their work and go on, or are killed there; a channel takes things, does not, or is left in the middle.

The seed is new in each run and printed when one fails; ``BAILIWICK_TEST_SEED=N`` runs that one again.
"""

from __future__ import annotations

import os
import secrets
from collections import defaultdict
from dataclasses import replace
from typing import Any, ClassVar

import hypothesis
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from alerts.channels.channel import Refused, TryAgain
from alerts.deciding import Decider
from alerts.forces import Forces
from alerts.looking import Resolve, look_at
from alerts.policy import mute_of
from alerts.ports import Leased, Notification, View
from alerts.protocols import Protocols, Target
from alerts.recipients import Directory, resolve
from alerts.sending import LEASE_S, Delivery
from alerts.shipped import shipped_protocols
from alerts.state import Alert, Answers, Around, Mute, Promise, Tell
from bailiwick.timezones import pinned_time_zones
from domain.instants import FAR_US, HOUR_US, MINUTE_US, SECOND_US
from domain.rota import Shift
from domain.vocabulary import AlertEvent, AlertWork, Channel, Outcome, Role, Severity, ToldReason
from tests.alerts.fake_store import FakeAlertStore, FakeDatabase, Row, Work
from tests.alerts.stopping import Process, stop_here
from tests.alerts.world import PLAIN, START_US, Desk, FakeChannel, Quiet, guided, plain_resolve, plain_words

SEED = "BAILIWICK_TEST_SEED"
WEARERS = ("W1", "W2", "W3")
KINDS = {
    "strap_tamper": Severity.CRITICAL,
    "curfew": Severity.SERIOUS,
    "communication_lost": Severity.INFORMATION,
    "zone_edge": Severity.WARNING,
}
RISES_US = 20 * MINUTE_US
"""A curfew violation that is open for so long is critical here."""
MOST_ALERTS = 8
SENT_BY = (Channel.CONSOLE, Channel.WEBHOOK, Channel.SMS, Channel.EMAIL)
OPERATORS = (("ann", Role.OPERATOR), ("ben", Role.OPERATOR), ("sue", Role.SUPERVISOR))
LEFT_TELLS_US = 11 * MINUTE_US
"""An unclaimed critical alert is told to the duty manager every 10 minutes."""
STANDING_DOWN = {Outcome.FALSE, Outcome.EQUIPMENT, Outcome.DUPLICATE}

PHONES = {
    role: f"+44163296{number:04d}" for number, role in enumerate((Role.OPERATOR, Role.SUPERVISOR, Role.DUTY_MANAGER))
}
DIRECTORY = Directory(
    [Shift(f"S-{role}", role, f"p-{role}", role.value, 0, FAR_US, phone=phone) for role, phone in PHONES.items()],
    {},
    Forces(),
    pinned_time_zones(),
)
alerts_ = st.integers(0, MOST_ALERTS - 1)
which = st.integers(0, 1)


class World(RuleBasedStateMachine):
    """One run. Everything is in `database`; processes are coroutines that the rules drive."""

    protocols: ClassVar[Protocols] = PLAIN
    resolve: ClassVar[Resolve] = staticmethod(plain_resolve)

    def __init__(self) -> None:
        super().__init__()
        self.now_us = START_US
        self.database = FakeDatabase(self.around)
        self.desk = Desk(self.database, self.protocols, self.resolve)
        self.channel = FakeChannel(before=self._in_the_channel)
        self.deciders: dict[int, Process] = {}
        self.senders: dict[int, Process] = {}
        self.mutes: list[Mute] = []
        self.promises: dict[int, list[Promise]] = defaultdict(list)
        self.answers: dict[int, Answers] = {}
        self.sent_ids: set[str] = set()

    # -- what is around an alert ---------------------------------------------------------------------------------

    def around(self, work: Work, now_us: int) -> Around:
        alert = work.alert
        severity, again_us = alert.severity, None
        if alert.kind == "curfew" and not alert.withdrawn and (alert.active or severity is Severity.CRITICAL):
            rises_us = alert.raised_us + RISES_US
            if now_us >= rises_us:
                severity = Severity.CRITICAL
            else:
                again_us = rises_us
        return Around(
            severity,
            mutes=tuple(self.mutes),
            promises=tuple(self.promises[alert.no]),
            answers=self.answers.get(alert.no, Answers()),
            severity_again_us=again_us,
        )

    @property
    def nos(self) -> list[int]:
        return sorted(self.database.works)

    def pick(self, index: int) -> Work | None:
        nos = self.nos
        return self.database.works[nos[index % len(nos)]] if nos else None

    # -- the rules of supervision --------------------------------------------------------------------------------

    @initialize(kind=st.sampled_from(sorted(KINDS)))
    def first(self, kind: str) -> None:
        self.opens(kind, "W1")

    @rule(kind=st.sampled_from(sorted(KINDS)), wearer=st.sampled_from(WEARERS))
    def opens(self, kind: str, wearer: str) -> None:
        episode = f"{wearer}-{len(self.database.works) + 1}"
        if len(self.database.works) < MOST_ALERTS:
            alert = Alert(0, episode, kind, KINDS[kind], self.now_us, self.now_us, wearer=wearer, violations=(episode,))
            self.database.raise_alert(alert)

    @rule(index=alerts_)
    def worsens(self, index: int) -> None:
        if self._is_open(work := self.pick(index)):
            self.database.change(work.alert.no, severity=Severity.CRITICAL, changed_us=self.now_us)

    @rule(index=alerts_)
    def clears(self, index: int) -> None:
        if self._is_open(work := self.pick(index)):
            # What it was at its end it stays, as `alerts.rising` has it.
            severity = self.around(work, self.now_us).severity
            self.database.change(work.alert.no, active=False, severity=severity, changed_us=self.now_us)

    @rule(index=alerts_)
    def comes_again(self, index: int) -> None:
        work = self.pick(index)
        if work is not None and not work.alert.active and not work.alert.withdrawn:
            self.database.change(work.alert.no, active=True, changed_us=self.now_us)

    @rule(index=alerts_)
    def shortens(self, index: int) -> None:
        if self._is_open(work := self.pick(index)):
            self.database.change(work.alert.no, shortened_us=self.now_us, changed_us=self.now_us)

    @rule(index=alerts_)
    def is_withdrawn(self, index: int) -> None:
        work = self.pick(index)
        if work is not None and work.alert.wearer is not None:
            self.database.change(work.alert.no, active=False, withdrawn=True, violations=(), changed_us=self.now_us)

    @rule(index=alerts_)
    def is_grouped(self, index: int) -> None:
        work = self.pick(index)
        if self._is_open(work) and work.alert.kind == "communication_lost":
            self.database.change(work.alert.no, grouped_under="outage-1", changed_us=self.now_us)

    @rule(index=alerts_)
    def is_let_go(self, index: int) -> None:
        work = self.pick(index)
        if work is not None and work.alert.grouped_under is not None and not work.alert.withdrawn:
            self.database.change(work.alert.no, grouped_under=None, changed_us=self.now_us)

    def _is_open(self, work: Work | None) -> bool:
        return work is not None and work.alert.active and not work.alert.withdrawn and work.alert.wearer is not None

    # -- people --------------------------------------------------------------------------------------------------

    @rule(
        index=alerts_, who=st.sampled_from(OPERATORS), event=st.sampled_from(["claim", "release", "action", "reopen"])
    )
    def works(self, index: int, who: tuple[str, Role], event: str) -> None:
        if (work := self.pick(index)) is not None:
            self.desk.act(work.alert.no, AlertEvent(event), *who, self.now_us)

    @rule(index=alerts_, who=st.sampled_from(OPERATORS), outcome=st.sampled_from(sorted(set(Outcome) - {"withdrawn"})))
    def closes(self, index: int, who: tuple[str, Role], outcome: Outcome) -> None:
        if (work := self.pick(index)) is not None:
            more: dict[str, Any] = {"outcome": outcome, "note": "seen"}
            self.desk.act(work.alert.no, AlertEvent.CLOSE, *who, self.now_us, **more)

    @rule(index=alerts_, answered=st.booleans(), promises=st.booleans())
    def logs_a_call(self, index: int, answered: bool, promises: bool) -> None:
        if (work := self.pick(index)) is None:
            return
        no = work.alert.no
        self.answers[no] = Answers(wearer=answered)
        if promises:
            number = sum(map(len, self.promises.values())) + 1
            self.promises[no].append(Promise(number, self.now_us + 10 * MINUTE_US))
        self.desk.look(no, self.now_us)

    @rule(wearer=st.sampled_from(WEARERS), minutes=st.integers(1, 90))
    def is_muted(self, wearer: str, minutes: int) -> None:
        mute = Mute(len(self.mutes) + 1, wearer, self.now_us, self.now_us + minutes * MINUTE_US, "sue", "known")
        self.mutes.append(mute)
        for work in self.database.works.values():
            if work.alert.wearer == wearer:
                self.desk.look(work.alert.no, self.now_us)

    @rule(seconds=st.one_of(st.integers(1, 90), st.integers(60, 1500)))
    def time_passes(self, seconds: int) -> None:
        self.now_us += seconds * SECOND_US

    # -- processes -----------------------------------------------------------------------------------------------

    def _decider(self) -> Process:
        store = FakeAlertStore(self.database, stop_here)
        decider = Decider(
            store, guided(self.protocols, self.resolve), lambda: self.now_us, lambda: 0.0, Quiet(), batch=3
        )
        return Process(decider.once())

    def _sender(self, channel: Channel) -> Process:
        store = FakeAlertStore(self.database, stop_here)
        delivery = Delivery(
            store, self.channel, plain_words, lambda: self.now_us, lambda: 0.0, lambda: 0.5, self._wait, Quiet()
        )

        async def one() -> None:
            until_us = self.now_us + round(LEASE_S * SECOND_US)
            for leased in await store.lease(channel, self.now_us, until_us, 1):
                await delivery.attempt(leased)

        return Process(one())

    async def _wait(self, seconds: float) -> None:
        raise AssertionError("the database is never away here")

    async def _in_the_channel(self, leased: Leased) -> None:
        """Before the channel takes it; `kill` there is a notification that nobody got."""
        row = self.database.rows[leased.no - 1]
        assert row.sent_us is None, "what was sent is given to the channel again"
        await stop_here("in the channel")
        # Somebody slower than the lease finds it sent by another; so slow is nobody (`alerts.sending.SEND_S`).
        assert row.sent_us is None or row.sent_us >= self.now_us

    @rule(number=which)
    def decides(self, number: int) -> None:
        if number not in self.deciders or self.deciders[number].done:
            self.deciders[number] = self._decider()
        self.deciders[number].go_on()

    @rule(number=which)
    def decides_to_its_end(self, number: int) -> None:
        if number not in self.deciders or self.deciders[number].done:
            self.deciders[number] = self._decider()
        self.deciders[number].finish()

    @rule(number=which)
    def decider_is_killed(self, number: int) -> None:
        if number in self.deciders:
            self.deciders.pop(number).kill()

    @rule(number=which, channel=st.sampled_from(SENT_BY), answer=st.sampled_from(["takes", "takes", "later", "never"]))
    def sends(self, number: int, channel: Channel, answer: str) -> None:
        if number not in self.senders or self.senders[number].done:
            self.senders[number] = self._sender(channel)
        refusals = {"later": TryAgain(30.0, "answered 503"), "never": Refused("answered 410")}
        self.channel.answers = [refusals[answer]] if answer in refusals else []
        self.senders[number].go_on()

    @rule(channel=st.sampled_from(SENT_BY))
    def sends_all_that_wait(self, channel: Channel) -> None:
        self.channel.answers = []
        while self.database.next_send_us(channel) is not None:
            before = len(self.channel.given)
            self._sender(channel).finish()
            if len(self.channel.given) == before:
                return

    @rule(number=which)
    def sender_is_killed(self, number: int) -> None:
        if number in self.senders:
            self.senders.pop(number).kill()

    # -- what holds at every instant -----------------------------------------------------------------------------

    @invariant()
    def no_timer_is_lost(self) -> None:
        """A look that would do something is due; one that is not due would do nothing, and has its timers in the database."""
        for no, work in self.database.works.items():
            due_us = work.due_us()
            if no in self.database.locked or (due_us is not None and due_us <= self.now_us):
                continue
            view = self.database.view(no, self.now_us)
            fresh = look_at(view, self.protocols, self.resolve, self.now_us).looked
            done = (fresh.acts, fresh.tells, fresh.tasks, fresh.raises, fresh.unsend)
            assert done == ((), (), (), (), False), f"alert {no} needs what nobody will look for: {done}"
            assert fresh.timers == work.timers, f"alert {no}: timers {work.timers}, and it needs {fresh.timers}"

    @invariant()
    def one_id_is_one_thing(self) -> None:
        """Under one idempotency id the channel is given one thing, and nothing once it is known to be sent."""
        given: dict[str, Any] = {}
        for number, notification, words in self.channel.given:
            assert given.setdefault(number, (notification, words)) == (notification, words)
        assert len({row.notification.id for row in self.database.rows}) == len(self.database.rows)

    @invariant()
    def nobody_is_told_while_it_is_quiet(self) -> None:
        """What is muted or held from its beginning is told to nobody; the reason is recorded."""
        for no, work in self.database.works.items():
            if work.plan.run == 0 and work.plan.quiet is not None:
                assert not [row for row in self._rows(no) if row.notification.sends and not self._own(row)]
                assert work.plan.quiet[0] in {row.notification.reason for row in self._rows(no)}

    def _own(self, row: Row) -> bool:
        """A promise that is not kept comes back, whatever is quiet; and whoever was told of that is stood down."""
        return row.notification.text == "promise_due" or row.notification.reason is ToldReason.STOOD_DOWN

    def _rows(self, no: int) -> list[Row]:
        return [row for row in self.database.rows if row.notification.alert_no == no]

    # -- how it ends ---------------------------------------------------------------------------------------------

    def teardown(self) -> None:
        """Every process ends where it stands. Then one of each lives, for two hours and until nothing is due."""
        for process in (*self.deciders.values(), *self.senders.values()):
            process.kill()
        self.channel.answers = []
        end_us = self.now_us + 2 * HOUR_US
        while self.now_us < end_us:
            self._all_that_is_due()
            due = [due_us for work in self.database.works.values() if (due_us := work.due_us()) is not None]
            sends = [due_us for one in SENT_BY if (due_us := self.database.next_send_us(one)) is not None]
            later = [at_us for at_us in (*due, *sends) if at_us > self.now_us]
            self.now_us = min([*later, end_us])
        self._all_that_is_due()
        self.no_timer_is_lost()
        self.one_id_is_one_thing()
        for work in self.database.works.values():
            self._critical_is_claimed_or_told(work)
            self._all_who_were_told_know(work)
        assert not [row for row in self.database.rows if not row.settled and row.next_us < end_us - MINUTE_US]

    def _all_that_is_due(self) -> None:
        while self.database.due(self.now_us, 1):
            self._decider().finish()
        for channel in SENT_BY:
            while (due_us := self.database.next_send_us(channel)) is not None and due_us <= self.now_us:
                self._sender(channel).finish()

    def _critical_is_claimed_or_told(self, work: Work) -> None:
        alert, job = work.alert, work.job
        if alert.withdrawn:
            assert job.work is AlertWork.CLOSED
            return
        severity = self.around(work, self.now_us).severity
        quiet = alert.grouped_under is not None or mute_of(alert, self.mutes, self.now_us) is not None
        if severity is not Severity.CRITICAL or job.work is not AlertWork.RAISED or quiet:
            return
        seniors = (Target.SUPERVISOR, Target.DUTY_MANAGER)
        told = [row.sent_us for row in self._rows(alert.no) if row.sent_us and row.notification.target in seniors]
        assert told, f"alert {alert.no} is critical, unclaimed for {self._age(work)}, and no senior was told"
        assert max(told) >= self.now_us - LEFT_TELLS_US, f"alert {alert.no}: nobody was told any more"

    def _age(self, work: Work) -> str:
        return f"{(self.now_us - work.job.unclaimed_us) / MINUTE_US:.0f} minutes"

    def _all_who_were_told_know(self, work: Work) -> None:
        """Of a withdrawal, a closing as false and the like, and of the last shortening: whoever got the alert got that too."""
        got = {number for number, _, _ in self.channel.given}
        downs = defaultdict(list)
        for row in self._rows(work.alert.no):
            if row.notification.reason is ToldReason.STOOD_DOWN and row.notification.id in got:
                downs[row.notification.recipient, row.notification.channel].append(row.notification)
        closed = work.job.closed_by is not None and work.job.outcome in STANDING_DOWN
        for row in self._rows(work.alert.no):
            one = row.notification
            if one.id not in got or one.stands_down is not None or self._own(row):
                continue
            told = downs[one.recipient, one.channel]
            if work.alert.withdrawn or (work.job.work is AlertWork.CLOSED and closed):
                last = self._order(one.id)
                after = [down for down in told if self._order(down.id) > last]
                assert after, f"{one.id} was told and not stood down: {row}"

    def _order(self, number: str) -> int:
        """When the channel was first given it."""
        return next(place for place, (given, _, _) in enumerate(self.channel.given) if given == number)


class ShippedWorld(World):
    """By the protocols that ship, with somebody on duty in each role."""

    protocols = shipped_protocols()

    @staticmethod
    def resolve(tell: Tell, view: View, now_us: int) -> tuple[Notification, ...]:
        return resolve(tell, view, DIRECTORY, now_us)


USUAL_SEED = 20261122
"""So that a change is not held up by what another seed finds of old code; `make soak` takes new ones."""


def run(examples: int, steps: int, world: type[World] = World) -> None:
    """By chance, with a seed that is printed: the usual one, or another by the environment; ``random`` takes a new one."""
    asked = os.environ.get(SEED, str(USUAL_SEED))
    seed = secrets.randbits(32) if asked == "random" else int(asked)
    print(f"{SEED}={seed}")
    chosen = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    seeded: Any = hypothesis.seed(seed)(type("SeededWorld", (world,), {}))
    run_state_machine_as_test(seeded, settings=chosen)


def test_no_alert_is_lost_whatever_happens() -> None:
    run(examples=8, steps=25)


def test_no_alert_is_lost_by_the_protocols_that_ship() -> None:
    run(examples=5, steps=20, world=ShippedWorld)


@pytest.mark.slow
def test_no_alert_is_lost_in_long_runs_by_the_protocols_that_ship() -> None:
    run(examples=int(os.environ.get("BAILIWICK_TEST_RUNS", "40")), steps=80, world=ShippedWorld)


@pytest.mark.slow
def test_no_alert_is_lost_in_long_runs() -> None:
    run(examples=int(os.environ.get("BAILIWICK_TEST_RUNS", "150")), steps=120)


def test_what_is_left_is_claimed_or_told() -> None:
    """The checks themselves find an alert that was lost: one whose change nobody will look for."""
    world = World()
    world.opens("strap_tamper", "W1")
    world.database.works[1].outbox.clear()
    with pytest.raises(AssertionError, match="nobody will look for"):
        world.no_timer_is_lost()
    with pytest.raises(AssertionError):
        world.teardown()
    assert replace(world.database.works[1].alert).kind == "strap_tamper"
