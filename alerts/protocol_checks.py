"""The validator of protocols: refuses a set of them in which something critical can age in silence. Pure (alerts.md).

It does not read the steps and reason; it lets `alerts.policy.look` run them in virtual time, for every case and through every
history of claims, clearings and answers that could stop a step, and looks at when a person was told. `look` knows a case
only by the protocol it chooses, by what is held and by the wearer's age, so cases that agree in these are run once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, product
from typing import Final

from alerts.machine import CLAIM_US, Act, Actor
from alerts.policy import HOLD_US, OFTEN_PREALERTS
from alerts.protocol_reading import KINDS, SENIORS
from alerts.protocols import Action, Case, Flag, Protocol, Protocols, Step, Target
from alerts.rehearsal import Rehearsal, Turn, rehearse
from alerts.severity import LOSSES
from alerts.state import Alert, Answers, Around
from domain.instants import HOUR_US, MINUTE_US, SECOND_US
from domain.vocabulary import AlertEvent, AlertWork, Channel, Level, Outcome, Role, Severity

TOLD_US: Final = 300 * SECOND_US
"""A critical alert that nobody has claimed for so long has been told to a supervisor or the duty manager,"""
AGAIN_US: Final = 10 * MINUTE_US
"""and is told again at least so often while nobody claims it."""
OPEN_US: Final = HOUR_US
"""One that is open for so long has been told to the duty manager, however often it was claimed; and again as often."""
WATCHED_US: Final = 6 * HOUR_US
"""For so long every history is watched."""
REACHING: Final = frozenset({Channel.SMS, Channel.WEBHOOK})
"""Channels that find a person wherever they are, at any hour, without another person: `call` needs an operator who is there,
the console somebody before it, and nobody reads e-mail at three in the morning."""
UNKNOWN_KIND: Final = "a kind that is not known yet"
OPERATOR: Final = Actor("an operator", Role.OPERATOR)
START_US: Final = 0
_EVERY_US: Final = 60 * SECOND_US
NO_ANSWER: Final = Answers()


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a protocol, or with all of them (``protocol`` None)."""

    protocol: str | None
    field: str
    cause: str

    @property
    def where(self) -> str:
        """Protocol and field."""
        return self.field if self.protocol is None else f"protocol {self.protocol}, {self.field}"


def every_case() -> Iterator[Case]:
    """Kind x severity x level x victim x under 18, for a wearer's alert and for one of a victim's own unit."""
    both = (False, True)
    for kind, severity, level in product((*KINDS, UNKNOWN_KIND), Severity, Level):
        for victim, under_18 in product(both, both):
            yield Case(kind, severity, level, victim, under_18)
        yield Case(kind, severity, own_unit=True, level=level)


def told_of(case: Case) -> str:
    """A case in a few words."""
    said = [case.kind, case.severity.value, case.level.value]
    said += ["victim"] if case.victim else []
    said += ["under 18"] if case.under_18 else []
    said += ["a victim's own unit"] if case.own_unit else []
    return ", ".join(said)


def check(protocols: Protocols) -> list[Finding]:
    """Everything that is wrong with protocols that could be read; nothing: they may be used."""
    chosen = {case: protocols.choose(case) for case in every_case()}
    found = [*_uncovered(chosen), *_never_chosen(protocols, chosen)]
    critical: dict[str, Protocol] = {}
    for case, protocol in chosen.items():
        if protocol is not None and case.severity is Severity.CRITICAL:
            critical.update({one.id: one for one in _and_then(protocols, protocol)})
    for protocol in critical.values():
        found += _stops_when_cleared(protocol)
    return [*found, *_silences(protocols, chosen)]


def _uncovered(chosen: Mapping[Case, Protocol | None]) -> Iterator[Finding]:
    bare = [case for case, protocol in chosen.items() if protocol is None]
    if bare:
        more = f", and {len(bare) - 1} cases more" if len(bare) > 1 else ""
        yield Finding(None, "match", f"no protocol fits {told_of(bare[0])}{more}")


def _never_chosen(protocols: Protocols, chosen: Mapping[Case, Protocol | None]) -> Iterator[Finding]:
    used = {one.id for one in chosen.values() if one is not None}
    used |= {one.then for one in protocols.protocol if one.then is not None}
    for one in protocols.protocol:
        if one.id not in used:
            cause = "it is never chosen: those before it fit everything that it fits, or nothing is like that"
            yield Finding(one.id, "match", cause)


def _stops_when_cleared(protocol: Protocol) -> Iterator[Finding]:
    """For a critical alert `cleared` stops no step that tells a person."""
    for number, one in enumerate(protocol.steps, start=1):
        if Flag.CLEARED in one.stop and one.action is not Action.TASK:
            yield Finding(
                protocol.id,
                f"step {number}, stop",
                "it may be critical: `cleared` may stop nothing that tells a person",
            )
    if protocol.closes_when_cleared is not None:
        yield Finding(protocol.id, "closes_when_cleared", "it may be critical: no critical alert closes itself")


def _silences(protocols: Protocols, chosen: Mapping[Case, Protocol | None]) -> Iterator[Finding]:
    """Histories in which a critical alert ages and no person is told of it; the first of each protocol."""
    seen: set[tuple[str, bool, bool]] = set()
    refused: set[str] = set()
    for case, protocol in chosen.items():
        if case.severity is not Severity.CRITICAL or protocol is None or protocol.id in refused:
            continue
        alike = (protocol.id, case.kind in LOSSES, case.under_18)
        if alike in seen:
            continue
        seen.add(alike)
        for history in histories(protocols, protocol):
            silence = silence_in(protocols, case, history)
            if silence is not None:
                refused.add(protocol.id)
                yield Finding(protocol.id, "steps", f"{silence} ({told_of(case)}; {history.name})")
                break


@dataclass(frozen=True, slots=True)
class History:
    """What happens to an alert while it is watched.

    ``claims`` are when somebody claims it, ``acts`` when they do something; ``free_us`` from when on nobody has it any more,
    None when somebody always takes it again.
    """

    name: str
    claims: tuple[int, ...] = ()
    acts: tuple[int, ...] = ()
    free_us: int | None = START_US
    cleared: bool = False
    answers: Answers = NO_ANSWER
    often: bool = False

    def turns(self) -> list[Turn]:
        """It, as a rehearsal takes it."""
        found = [Turn(us, Act(AlertEvent.CLAIM, us, OPERATOR)) for us in self.claims]
        found += [Turn(us, Act(AlertEvent.ACTION, us, OPERATOR)) for us in self.acts]
        return [*found, Turn(1, alert={"active": False})] if self.cleared else found


def _claims() -> Iterator[History]:
    """Every way in which claims can keep an alert from being told, and none at all."""
    lapse_us = CLAIM_US[Severity.CRITICAL]
    yield History("never claimed")
    yield History("claimed once, and then lapsed", (_EVERY_US,), free_us=_EVERY_US + lapse_us)
    again = tuple(range(_EVERY_US, WATCHED_US, lapse_us + _EVERY_US))
    yield History("claimed and lapsed again and again", again, free_us=None)
    renewed = tuple(range(_EVERY_US, WATCHED_US, lapse_us // 2))
    yield History("claimed, and renewed for ever", renewed, free_us=None)
    yield History("claimed, and worked on for ever", (_EVERY_US,), renewed[1:], free_us=None)


def histories(protocols: Protocols, protocol: Protocol) -> Iterator[History]:
    """The histories that can stop a step of ``protocol``, or of what goes on after it, that tells a senior."""
    steps = chain.from_iterable(one.steps for one in _and_then(protocols, protocol))
    flags = {flag for one in steps if tells_a_person(one) for flag in (*one.stop, *one.only)}
    wearer = (None, True, False) if flags & {Flag.WEARER_ANSWERED, Flag.WEARER_UNANSWERED} else (None,)
    victim = (None, True, False) if flags & {Flag.VICTIM_ANSWERED, Flag.VICTIM_UNANSWERED} else (None,)
    often = (False, True) if Flag.OFTEN in flags else (False,)
    for claim, cleared, of_wearer, of_victim, is_often in product(_claims(), (False, True), wearer, victim, often):
        name = f"{claim.name}, cleared at once" if cleared else claim.name
        for who, answered in (("wearer", of_wearer), ("victim", of_victim)):
            name += "" if answered is None else f", the {who} {'answers' if answered else 'does not answer'}"
        answers = Answers(of_wearer, of_victim)
        yield History(name, claim.claims, claim.acts, claim.free_us, cleared, answers, is_often)


def silence_in(protocols: Protocols, case: Case, history: History) -> str | None:
    """What is wrong with how ``case`` goes in ``history``; None: people are told in time."""
    played = play(protocols, case, history)
    [only] = played.alerts.values()
    if only.job.work is AlertWork.CLOSED:
        return f"it is closed ({(only.job.outcome or Outcome.EXPLAINED).value}) and nobody has closed it"
    from_us = START_US + (HOLD_US if case.kind in LOSSES else 0)
    seniors, duty = told_at(played, SENIORS), told_at(played, frozenset({Target.DUTY_MANAGER}))
    if history.free_us is not None:
        free_us = max(from_us, history.free_us)
        silent = _gap([us for us in seniors if us >= free_us], free_us, TOLD_US, AGAIN_US)
        if silent is not None:
            return f"nobody is told {silent} while nobody has claimed it"
    silent = _gap(duty, from_us, OPEN_US, OPEN_US)
    return None if silent is None else f"the duty manager is not told {silent} while it is open"


def play(protocols: Protocols, case: Case, history: History) -> Rehearsal:
    """A case in virtual time, raised at `START_US`."""
    victims = ("V1",) if case.victim else ()
    around = Around(
        case.severity,
        case.level,
        case.under_18,
        victims,
        answers=history.answers,
        prealerts_7d=OFTEN_PREALERTS if history.often else 1,
    )
    wearer, victim = (None, "V1") if case.own_unit else ("W1", None)
    alert = Alert(1, "E1", case.kind, case.severity, START_US, START_US, wearer=wearer, victim=victim)
    return rehearse(alert, around, protocols, WATCHED_US, history.turns())


def told_at(played: Rehearsal, targets: frozenset[Target]) -> list[int]:
    """When one of ``targets`` was told by a channel that reaches them, in order."""
    return [
        line.at_us
        for line in played.lines
        for tell in line.tells
        if tell.sends and tell.target in targets and tell.by[0] in REACHING
    ]


def tells_a_person(one: Step) -> bool:
    """Whether a step tells a supervisor or the duty manager, where they are."""
    return one.action is not Action.TASK and one.to in SENIORS and one.by[0] in REACHING


def _gap(told_us: list[int], from_us: int, first_us: int, again_us: int) -> str | None:
    """The first stretch without a telling that is too long, in words."""
    before_us, most_us = from_us, first_us
    for us in (*told_us, WATCHED_US):
        end_us = min(us, WATCHED_US)
        if end_us - before_us > most_us:
            return f"from {_clock(before_us)} to {_clock(end_us)}"
        before_us, most_us = us, again_us
    return None


def _clock(us: int) -> str:
    minutes, seconds = divmod(us // SECOND_US, 60)
    return f"+{minutes:02d}:{seconds:02d}"


def _and_then(protocols: Protocols, protocol: Protocol) -> Iterator[Protocol]:
    """A protocol, and those that go on after it."""
    one: Protocol | None = protocol
    seen: set[str] = set()
    while one is not None and one.id not in seen:
        yield one
        seen.add(one.id)
        one = protocols.named(one.then) if one.then else None
