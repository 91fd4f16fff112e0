"""One alert in virtual time, as a test reads it: "at 19:06 expect"."""

from __future__ import annotations

from typing import Any

from alerts.machine import Act, Actor
from alerts.protocols import Action, Case, Flag, Protocol, Protocols, Step, Target
from alerts.rehearsal import Line, Played, Rehearsal, Turn
from alerts.shipped import shipped_protocols
from alerts.state import Alert, Around, Mute
from domain.instants import DAY_US, SECOND_US
from domain.vocabulary import AlertEvent, Channel, Level, Outcome, Role, Severity
from tests.alerts.made import at

ADA = Actor("ada", Role.OPERATOR)
BEN = Actor("ben", Role.OPERATOR)
CHIEF = Actor("chief", Role.SUPERVISOR)


class Play:
    """An alert of W1 that is raised at ``raised``; what is not said takes a plain value.

    Each `until` gives what came of it since the last, one string a thing: ``19:02:00 supervisor sms unclaimed``.
    """

    def __init__(
        self,
        kind: str,
        severity: Severity = Severity.CRITICAL,
        raised: str = "19:00:00",
        protocols: Protocols | None = None,
        around: dict[str, Any] | None = None,
        **alert: Any,
    ) -> None:
        self.rehearsal = Rehearsal(shipped_protocols() if protocols is None else protocols)
        made = {"wearer": "W1", "no": 1, "episode": "W1-1", "changed_us": at(raised)} | alert
        self.rehearsal.add(
            Alert(kind=kind, severity=severity, raised_us=at(raised), **made), Around(severity, **(around or {}))
        )
        self._shown = 0

    @property
    def now(self) -> Played:
        return self.rehearsal.alerts[1]

    def act(self, clock: str, event: AlertEvent, who: Actor = ADA, **more: Any) -> Play:
        """A person does something."""
        if event is AlertEvent.CLOSE:
            more = {"outcome": Outcome.CONFIRMED, "note": "seen to"} | more
        return self._happen(Turn(at(clock), Act(event, at(clock), who, **more)))

    def alert(self, clock: str, **fields: Any) -> Play:
        """The rules make something else of it."""
        return self._happen(Turn(at(clock), alert=fields))

    def around(self, clock: str, **fields: Any) -> Play:
        """Something else is known around it."""
        return self._happen(Turn(at(clock), around=fields))

    def look(self, clock: str) -> Play:
        """Somebody looks, though nothing calls for it."""
        return self._happen(Turn(at(clock)))

    def _happen(self, turn: Turn) -> Play:
        self.rehearsal.happen(1, turn)
        return self

    def until(self, clock: str) -> list[str]:
        """Everything up to and with ``clock`` that was not shown before."""
        self.rehearsal.run(at(clock))
        new = self.rehearsal.lines[self._shown :]
        self._shown = len(self.rehearsal.lines)
        return [text for line in new for text in shown(line)]


def shown(line: Line) -> list[str]:
    """What came of one look, one string a thing."""
    clock = clock_of(line.at_us)
    found = [f"{clock} {act.event.value}" for act in line.acts if act.event is not AlertEvent.ESCALATE]
    found += [f"{clock} refused: {line.refused.cause}"] if line.refused else []
    for tell in line.tells:
        said = f"{clock} {tell.target.value} {tell.by[0].value} {tell.text}"
        found.append(said if tell.sends else f"{said} not sent: {tell.reason.value}")
    found += [f"{clock} task {task.text}" for task in line.tasks]
    return found + [f"{clock} raises {one.kind}" for one in line.raises]


def clock_of(us: int) -> str:
    """``19:02:00``, with the day before it when it is not the first."""
    days, rest = divmod(us - at("00:00:00"), DAY_US)
    hours, rest = divmod(rest // SECOND_US, 3600)
    return f"{f'day {days + 1} ' if days else ''}{hours:02d}:{rest // 60:02d}:{rest % 60:02d}"


def of_case(case: Case) -> tuple[Alert, Around]:
    """An alert like a case, raised at 19:00."""
    wearer, victim = (None, "V1") if case.own_unit else ("W1", None)
    start_us = at("19:00:00")
    alert = Alert(1, "W1-1", case.kind, case.severity, start_us, start_us, wearer=wearer, victim=victim)
    victims = ("V1",) if case.victim else ()
    return alert, Around(case.severity, case.level, case.under_18, victims, prealerts_7d=1)


def plain_case(kind: str, severity: Severity = Severity.CRITICAL, **given: Any) -> Case:
    """A case of `standard`, no victim, of age."""
    return Case(kind, severity, **({"level": Level.STANDARD} | given))


def only(lines: list[str], *targets: str) -> list[str]:
    """Those lines that tell one of ``targets``."""
    return [line for line in lines if {*targets} & {*line.split(" ")}]


def step(after_s: int, to: Target, **more: Any) -> Step:
    by = () if more.get("action") is Action.TASK else (Channel.CONSOLE if to is Target.OPERATOR else Channel.SMS,)
    given: dict[str, Any] = {"action": Action.NOTIFY, "by": by, "text": "alert"} | more
    return Step(after_s=after_s, to=to, **given)


def protocols(*steps: Step, **more: Any) -> Protocols:
    """One protocol for everything."""
    return Protocols(1, (Protocol(id="all", version=1, title="", steps=steps, **more),))


PLAIN = protocols(
    step(0, Target.OPERATOR, stop=(Flag.CLAIMED,)),
    step(0, Target.POLICE),
    step(120, Target.SUPERVISOR, stop=(Flag.CLAIMED,), action=Action.ESCALATE, text="unclaimed"),
)


def mute(no: int, start: str, end: str, wearer: str = "W1") -> Mute:
    return Mute(no, wearer, at(start), at(end), "chief", "the tag is being changed")
