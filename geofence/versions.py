"""Versions: what is so now is matched with what was said before; the difference is written, never edited in place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from domain.instants import FAR_US
from domain.violations import FactId, Violation
from domain.vocabulary import Change, Kind, Reason
from geofence.drafts import Draft, Proof
from geofence.intervals import Span

LATE_US = 600 * 1_000_000
Group = tuple[Kind, int, str | None, int | None]
"""Kind, party, condition, device: drafts and current violations are matched within one."""


@dataclass(slots=True)
class Entry:
    """A violation that stands: its newest draft, its id once one is given, and its versions' count."""

    draft: Draft
    number: int = 0
    version: int = 0
    retrospective: bool = False
    opened_us: int = 0  # when it was opened, where that is asked for


@dataclass(slots=True)
class Step:
    """One version to be written by a line."""

    entry: Entry
    draft: Draft
    change: Change
    reason: Reason
    age_from_us: int
    retrospective: bool = False
    line: int = -1
    decided: Line | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """The line that decides: its instant, and why its by-fact versions differ from what was.

    ``late``: parties with a fact older than what they were judged on. ``due_anyway``: what a learnt line would have
    found by the records known before it; ``because``: the reason of what it finds otherwise. ``enforced``: the stretches
    of a range in which a condition is enforced by what is known now.
    """

    at_us: int
    is_message: bool = False
    is_learnt: bool = False
    late: frozenset[int] = frozenset()
    due_anyway: tuple[Draft, ...] = ()
    because: Reason = Reason.VARIATION
    enforced: Callable[[str, int, int], list[Span]] | None = None


@dataclass(slots=True)
class Standing:
    """The current violations, by group."""

    groups: dict[Group, list[Entry]] = field(default_factory=dict)

    def compare(self, groups: Iterable[Group], drafts: Sequence[Draft], line: Line) -> list[Step]:
        """Match drafts with what stands in these groups (contract.md); returns what differs."""
        by_group: dict[Group, list[Draft]] = {group: [] for group in groups}
        for draft in drafts:
            by_group.setdefault(group_of(draft), []).append(draft)
        steps: list[Step] = []
        for group, now in by_group.items():
            before = self.groups.get(group, [])
            if not now and not before:
                continue
            now.sort(key=lambda d: d.from_us)
            after, made = _match(before, now, line)
            steps.extend(made)
            if after:
                self.groups[group] = after
            else:
                self.groups.pop(group, None)
        return steps


def group_of(draft: Draft) -> Group:
    """Where a draft is matched."""
    return (draft.kind, draft.party, draft.condition, draft.device)


def _match(before: list[Entry], now: list[Draft], line: Line) -> tuple[list[Entry], list[Step]]:
    steps: list[Step] = []
    left = list(before)
    after: list[Entry] = []
    for draft in now:
        entry = next((e for e in left if meets(e.draft, draft)), None)
        if entry is None:
            entry = Entry(draft)
            _mark(entry, draft.from_us, line)
            steps.append(Step(entry, draft, Change.OPENED, _reason(draft, draft.opened, line), draft.from_us))
        else:
            left.remove(entry)
            step = _difference(entry, draft, line)
            if step is not None:
                steps.append(step)
        after.append(entry)
    for entry in left:
        old = entry.draft
        natural = Reason.FIXES if old.opened is Reason.CLOCK else old.opened
        reason = line.because if line.is_learnt else _reason(old, natural, line)
        steps.append(Step(entry, old, Change.WITHDRAWN, reason, old.from_us))
    for step in steps:
        step.retrospective = step.entry.retrospective
    return after, steps


def meets(old: Draft, new: Draft) -> bool:
    """Overlap or touch; a curfew never across windows, a sum never across orders.

    A record that moves the ends of a window makes no other window of it: those with time in common are one.
    """
    if not (old.window[0] < new.window[1] and new.window[0] < old.window[1]):
        return False
    if old.kind in SUMS and old.order != new.order:
        return False
    return old.other == new.other and old.from_us <= _end(new) and new.from_us <= _end(old)


def _end(draft: Draft) -> int:
    return FAR_US if draft.to_us is None else draft.to_us


def _difference(entry: Entry, new: Draft, line: Line) -> Step | None:
    old = entry.draft
    entry.draft = new
    if _same(old, new):
        return None
    change, moved = _change(old, new)
    natural = new.closed if change is Change.CLOSED else _amending(old, new)
    if change is Change.EXTENDED:
        _mark(entry, _newly_from(old, new, line), line)
    return Step(entry, new, change, _reason(new, natural, line), moved)


def _newly_from(old: Draft, new: Draft, line: Line) -> int:
    """Where a violation that is extended covers what it did not: leave that is revoked as of now adds nothing to the past."""
    if new.from_us < old.from_us or old.to_us is None or new.condition is None or line.enforced is None:
        return new.from_us
    covered = line.enforced(new.condition, old.to_us, line.at_us)
    return covered[0][0] if covered else line.at_us


def _amending(old: Draft, new: Draft) -> Reason:
    """That of the closing evidence, else that of the opening; an end of enforcement that is undone is the clock's."""
    if new.to_us is None and old.to_us is not None:
        return Reason.CLOCK if old.closed is Reason.CLOCK else new.opened
    if new.to_us is None or new.closed is Reason.CLOCK:
        return Reason.FIXES if new.opened is Reason.CLOCK else new.opened
    return new.closed


def _change(old: Draft, new: Draft) -> tuple[Change, int]:
    if old.to_us is None and new.to_us is not None:
        return Change.CLOSED, new.to_us
    from_moved, to_moved = old.from_us != new.from_us, old.to_us != new.to_us
    moved = new.from_us if from_moved or new.to_us is None else new.to_us
    if not from_moved and not to_moved:
        return Change.AMENDED, new.from_us
    if new.from_us < old.from_us or (not from_moved and _end(new) > _end(old)):
        return Change.EXTENDED, moved
    if from_moved and to_moved and _end(new) > _end(old):
        return Change.SHORTENED, moved
    return Change.SHORTENED, moved


def _same(old: Draft, new: Draft) -> bool:
    return (
        old.from_us == new.from_us
        and old.to_us == new.to_us
        and old.code == new.code
        and old.cause == new.cause
        and _rounded(old.minutes_certain) == _rounded(new.minutes_certain)
        and _rounded(old.minutes_possible) == _rounded(new.minutes_possible)
        and (old.p is None) == (new.p is None)
        and round(old.p or 0.0, 6) == round(new.p or 0.0, 6)
        and [_identity(p) for p in old.proofs] == [_identity(p) for p in new.proofs]
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _identity(proof: Proof) -> tuple[int, int, int]:
    return (proof.device, proof.gen, proof.seq)


def _reason(draft: Draft, natural: Reason, line: Line) -> Reason:
    if draft.kind in BY_SILENCE:
        return natural
    if line.is_learnt and not any(group_of(d) == group_of(draft) and _same(d, draft) for d in line.due_anyway):
        return line.because
    late = draft.party in line.late or draft.other in line.late
    return Reason.LATE_DATA if late and draft.kind is not Kind.NOT_FITTED else natural


def _mark(entry: Entry, from_us: int, line: Line) -> None:
    """What a learnt record opens or extends before the moment it was learnt (rules.md 10)."""
    if line.is_learnt and entry.draft.kind not in BY_SILENCE and from_us < line.at_us:
        entry.retrospective = _reason(entry.draft, Reason.CLOCK, line) is Reason.VARIATION or entry.retrospective


SUMS = frozenset({Kind.ATV_WARNING, Kind.ATV_EXCEEDED})
BY_SILENCE = frozenset(
    {
        Kind.COMMUNICATION_LOST,
        Kind.LOST_IN_ZONE,
        Kind.UNMONITORED,
        Kind.SHIELDING_SUSPECTED,
        Kind.WHEREABOUTS_UNKNOWN,
        Kind.PROXIMITY_UNKNOWN,
        Kind.VICTIM_UNIT_SILENT,
    }
)


def as_violation(step: Step, parties: Sequence[tuple[str, str]], devices: Sequence[str]) -> Violation:
    """The version that a step writes; the entry must have its number, the step its line."""
    draft, entry, line = step.draft, step.entry, step.decided
    assert line is not None
    kind, party = parties[draft.party]
    other_kind, other = parties[draft.other] if draft.other >= 0 else ("", "")
    proofs = draft.proofs
    is_late = bool(line.is_message and proofs and proofs[-1].received - proofs[-1].t > LATE_US)
    return Violation(
        id=f"{party}-{entry.number}",
        version=entry.version,
        change=step.change,
        reason=step.reason,
        wearer=party if kind == "wearer" else None,
        victim=party if kind == "victim" else other if other_kind == "victim" else None,
        kind=draft.kind,
        code=draft.code,
        order=draft.order,
        condition=draft.condition,
        device=None if draft.device is None else devices[draft.device],
        from_us=draft.from_us,
        to_us=draft.to_us,
        decided_us=line.at_us,
        late=is_late,
        age_s=(line.at_us - step.age_from_us) / 1e6,
        cause=draft.cause,
        minutes_certain=draft.minutes_certain,
        minutes_possible=draft.minutes_possible,
        p_inside=draft.p,
        score=draft.score,
        retrospective=step.retrospective or draft.from_us < draft.told_us,
        untold=line.at_us < draft.told_us,
        evidence=tuple(FactId(devices[p.device], p.gen, p.seq) for p in proofs),
    )
