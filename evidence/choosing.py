"""A choice made whole: every current violation of an order is relied on, or left out with why. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from domain.breaches import Chosen
from domain.instants import format_instant
from domain.violations import Violation
from domain.vocabulary import AssessmentDecision
from evidence.breaches import WHY_NOT, Fault, NotRelied, why_not

DECIDED: Mapping[AssessmentDecision, str] = {
    AssessmentDecision.REASONABLE_EXCUSE: "assessed: reasonable excuse",
    AssessmentDecision.EQUIPMENT: "assessed: the equipment, not the wearer",
    AssessmentDecision.NOT_PURSUED: "assessed: not pursued",
}
"""What is said of a violation that is left out because of its assessment."""


class Wanted(NamedTuple):
    """A violation that is to be relied on, in the version that was seen; ``told_us``: when the wearer had been told before."""

    violation: str
    version: int
    told_us: int | None = None
    told_how: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """What an officer chooses. ``left_out``: why, by violation; ``because``: for all others that might be relied on."""

    relied: Sequence[Wanted]
    left_out: Mapping[str, str] = field(default_factory=dict)
    because: str | None = None


def choice(
    found: Sequence[tuple[Violation, AssessmentDecision | None]], wish: Wish
) -> tuple[tuple[Chosen, ...], list[Fault]]:
    """The choice whole, and why it may not be made so. ``found``: all current violations of the order, with what was decided.

    The field of a fault names what was sent by its place, never by its id, which has the wearer's in it; what is still to be assessed is
    told by its kind and its beginning too.
    """
    wanted = {one.violation: one for one in wish.relied}
    known = {one.id: (one, decision) for one, decision in found}
    faults = [
        Fault(f"violations.{place}", cause) for place, one in enumerate(wish.relied) if (cause := _refused(one, known))
    ]
    if len(wanted) < len(wish.relied):
        faults.append(Fault("violations", "one of them stands twice"))
    chosen, unsaid = [], 0
    for one, decision in found:
        if one.id in wanted:
            chosen.append(Chosen(one.id, one.version, True, "", *wanted[one.id][2:]))
            continue
        why = wish.left_out.get(one.id) or _by_itself(one, decision) or wish.because
        unsaid += why is None
        chosen.append(Chosen(one.id, one.version, relied=False, why=why or "?"))
    if unsaid:
        faults.append(Fault("left_out_because", f"say why upheld violations are left out: there are {unsaid}"))
    return tuple(chosen), faults


def _refused(one: Wanted, known: Mapping[str, tuple[Violation, AssessmentDecision | None]]) -> str | None:
    if one.violation not in known:
        return "is no current violation of this order"
    violation, decision = known[one.violation]
    if one.version != violation.version:
        return "has changed since you saw it: look at it again"
    why = why_not(violation, decision, one.told_us)
    if why is NotRelied.NOT_ASSESSED:
        return f"{WHY_NOT[why]}: {violation.kind.value} from {format_instant(violation.from_us)}"
    return None if why is None else WHY_NOT[why]


def _by_itself(one: Violation, decision: AssessmentDecision | None) -> str | None:
    """Why it is left out whoever chooses; None where the officer must say."""
    why = why_not(one, decision)
    if why is NotRelied.EXCUSED and decision is not None:
        return DECIDED[decision]
    return None if why is None else WHY_NOT[why]
