"""Compares what was found with what happened: missed, false and late, each with its reason and interval.

A truth line and a violation belong together when wearer, kind and condition are the same and their intervals overlap,
some seconds of slack given. What lines say of themselves decides the rest:

- a line that is `shown` and has no violation is **missed**;
- one that only overlaps lines of what could not be shown is right, as long as they last; an absence from a curfew, however long;
- a violation that only overlaps lines within the stated position error (or of positions that were a moment old when
  the condition began) is **explained**, as long as they last and no longer;
- one that overlaps nothing, or only what was too short to be one, is **false**.

Everything is compared wearer by wearer and condition by condition; only one wearer's intervals are objects at a time.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import accumulate
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from domain.instants import FAR_US, SECOND_US, format_instant
from domain.vocabulary import Kind
from simulators.score_alerts import UNSEEN_US, Alerts, Verdict, judged
from simulators.score_groups import Groups, Person, Wearers, people_of
from simulators.score_lines import NONE, BadLine, Found, RawLine, Truth, Words, read_lines, told_kinds
from simulators.score_report import OFF_S, SLACK_S, Interval, Report, run_of
from simulators.score_text import as_text
from simulators.truth_lines import WhyNot

__all__ = ["BadLine", "Report", "as_text", "read_lines", "score"]

ENDING_S: Final = 30.0
"""What ends so shortly before the run does may be found as not over yet."""

ZONES: Final = frozenset({Kind.EXCLUSION_ZONE.value, Kind.INCLUSION_ZONE.value, Kind.RESTRICTION_ZONE.value})
BUFFER: Final = Kind.ZONE_BUFFER.value
ABOUT_EDGES: Final = frozenset({Kind.ZONE_EDGE.value, BUFFER, Kind.ZONE_TRANSIT.value, *ZONES})
"""Kinds that a position error at the edge of a zone can make."""
EDGES: Final = "edges"
BY_SILENCE: Final = frozenset({Kind.COMMUNICATION_LOST.value, Kind.WHEREABOUTS_UNKNOWN.value, Kind.LOST_IN_ZONE.value})
"""Kinds that the end of the run itself may make: what is decided on after it does not count."""
UNTIL_SEEN: Final = frozenset({Kind.CURFEW.value})
"""Kinds that last until what ends them is seen, though they be over and nobody knows (rules.md 5)."""
DID_NOT_HAPPEN: Final = frozenset({WhyNot.NEAR_EDGE, WhyNot.BETWEEN_POSITIONS, WhyNot.BELOW_GRACE})
BY_ERROR: Final = frozenset({WhyNot.NEAR_EDGE, WhyNot.BETWEEN_POSITIONS, WhyNot.POSITION_ERROR})
"""Lines that say of themselves that positions may have shown something else."""

Family: TypeAlias = tuple[str, str | None]
"""What may explain each other: all kinds at a zone's edge, else the kind; and the condition."""
Strays: TypeAlias = AbstractSet[tuple[int, int]]
"""Rows of truth and of violations."""
_NO_STRAYS: Final[Strays] = frozenset()


def score(
    truth_lines: Iterable[RawLine],
    violation_lines: Iterable[RawLine],
    *,
    life_lines: Iterable[RawLine] = (),
    alert_lines: Iterable[RawLine] | None = None,
    groups: Groups | None = None,
    tolerance_s: float = OFF_S,
) -> Report:
    """The comparison of truth lines and violations, both as in contract.md; all versions or only the current ones.

    ``life_lines``: more lines of the kind `life`, and of no other. ``alert_lines``: alerts, and who was told (`simulators.score_alerts`). An end that is off by more than
    ``tolerance_s`` is wrong. Raises `BadLine` for an object that has not the keys of its kind, `BadInput` for a line of a file.
    """
    words = Words()
    truth = Truth(truth_lines, words)
    truth.take_lives(life_lines)
    found = Found(violation_lines, words)
    alerts = None if alert_lines is None else Alerts(alert_lines, found, words)
    report = Report(tolerance_s=tolerance_s, run_s=run_of(truth.run))
    report.wearers = Wearers(people_of(truth.lives, groups, truth.run))
    report.strangers = _strangers(truth, found, words)
    comparison = _Comparison(truth, found, alerts, words, report)
    comparison.run()
    if alerts is not None:
        report.alerts = judged(alerts, comparison.verdicts)
        told = {words.wearers.of[n] for n in {*report.alerts.false, *report.alerts.explained} if n != NONE}
        numbers = {name: words.wearers.number(name) for name in told}
        report.wearers.critical = {
            name: (report.alerts.false.get(n, 0), report.alerts.explained.get(n, 0)) for name, n in numbers.items()
        }
    for name in {*report.wearers.counts, *(report.wearers.critical or {})}:
        report.wearers.people.setdefault(name, Person())
    return report


class _Ordered:
    """Intervals in order of their beginning, to be asked which touch another."""

    def __init__(self, intervals: Sequence[Interval]) -> None:
        self.all = sorted(intervals, key=lambda one: one.from_s)
        self._begins = [one.from_s for one in self.all]
        self._reach = list(accumulate((one.to_s for one in self.all), max))

    def touching(self, other: Interval) -> list[Interval]:
        low = bisect_right(self._reach, other.from_s - SLACK_S)
        high = bisect_left(self._begins, other.to_s + SLACK_S)
        return [one for one in self.all[low:high] if one.touches(other)]

    def away_s(self, other: Interval) -> float:
        """Seconds to the nearest that does not touch; infinity when there is none."""
        after = bisect_left(self._begins, other.from_s)
        next_s = self._begins[after] - other.to_s if after < len(self.all) else math.inf
        return min(next_s, other.from_s - self._reach[after - 1] if after else math.inf)


class _Comparison:
    """One comparison while it is made. ``verdicts``: what became of each violation."""

    def __init__(self, truth: Truth, found: Found, alerts: Alerts | None, words: Words, report: Report) -> None:
        self.truth, self.found, self.alerts, self.words, self.report = truth, found, alerts, words, report
        self.verdicts = array("b", bytes(len(found)))
        self._told = told_kinds(truth, words)
        rows = np.asarray(found.at_row, np.int64)
        order = np.lexsort((np.asarray(found.at_us, np.int64), rows))
        self._versions: NDArray[np.int64] = order
        self._first_version = np.searchsorted(rows[order], np.arange(len(found) + 1))

    def run(self) -> None:
        of_truth = _by_wearer(self.truth.wearer, self.words)
        of_found = _by_wearer(self.found.wearer, self.words)
        for row in np.flatnonzero(np.asarray(self.found.wearer) == NONE).tolist():
            if not self.found.withdrawn[row]:
                self.report.not_scored_protected[self.words.kinds.of[self.found.kind[row]]] += 1
        for wearer in sorted({*of_truth, *of_found}):
            lines = [self._line(row) for row in of_truth.get(wearer, ())]
            violations = [v for row in of_found.get(wearer, ()) if (v := self._violation(row)) is not None]
            self._wearer(wearer, lines, violations)

    def _line(self, row: int) -> Interval:
        columns, words = self.truth, self.words
        return Interval(
            wearer=words.wearers.of[columns.wearer[row]],
            kind=words.kinds.of[columns.kind[row]],
            condition=words.conditions.name(columns.condition[row]),
            code=words.codes.name(columns.code[row]),
            from_s=columns.from_us[row] / SECOND_US,
            to_s=_end_s(columns.to_us[row]),
            row=row,
            why_not=words.whys.name(columns.why[row]),
        )

    def _violation(self, row: int) -> Interval | None:
        """None for one that is not scored: of another kind, or made by the end of the run."""
        columns, words = self.found, self.words
        kind = words.kinds.of[columns.kind[row]]
        if kind in BY_SILENCE and columns.decided_us[row] / SECOND_US > self.report.run_s[1] + SLACK_S:
            return None
        if kind not in self._told:
            self.report.not_scored[kind] += not columns.withdrawn[row]
            return None
        return Interval(
            wearer=words.wearers.of[columns.wearer[row]],
            kind=kind,
            condition=words.conditions.name(columns.condition[row]),
            code=words.codes.name(columns.code[row]),
            from_s=columns.from_us[row] / SECOND_US,
            to_s=_end_s(columns.to_us[row]),
            row=row,
            violation=columns.names[row],
            late=bool(columns.late[row]),
            withdrawn=bool(columns.withdrawn[row]),
        )

    def _wearer(self, wearer: str, lines: list[Interval], violations: list[Interval]) -> None:
        """Missed lines first, then what was found; family by family."""
        near: dict[Family, tuple[list[Interval], list[Interval]]] = defaultdict(lambda: ([], []))
        for line in lines:
            near[_family(line)][0].append(line)
        for violation in violations:
            near[_family(violation)][1].append(violation)
        ordered = {family: (_Ordered(one), _Ordered(two)) for family, (one, two) in near.items()}
        current = [v for v in violations if not v.withdrawn]
        stray = (
            _strays(violations, ordered) if any(line.why_not == WhyNot.BELOW_GRACE for line in lines) else _NO_STRAYS
        )
        for line in lines:
            why = self._look(line, ordered[_family(line)][1], current, stray)
            if why is not None:
                self.report.tell("missed", line, why)
                self.report.draw("missed", line, why, lines, current)
        for violation in violations:
            why = self._judge(violation, ordered[_family(violation)][0], lines, stray)
            if why is not None:
                self.report.tell("false", violation, why)
                self.report.draw("false", violation, why, lines, current)

    def _count(self, interval: Interval, what: str) -> None:
        kind = self.report.kinds[interval.kind]
        setattr(kind, what, getattr(kind, what) + 1)
        self.report.wearers.counts[interval.wearer][interval.kind, what] += 1

    def _look(self, line: Interval, found: _Ordered, current: list[Interval], stray: Strays) -> str | None:
        """Why a line was missed; None when it was found, or had not to be."""
        if line.why_not is not None:
            self.report.not_shown[line.why_not] += 1
            return None
        self._count(line, "truth")
        near = found.touching(line)
        like = [v for v in near if v.kind == line.kind and not v.withdrawn]
        matches = [v for v in like if (line.row, v.row) not in stray] if stray else like
        if matches:
            self._compare(line, matches)
            return None
        self._count(line, "missed")
        return _why_missed(line, near, current if self.report.tells("missed") else [])

    def _judge(self, violation: Interval, lines: _Ordered, every: list[Interval], stray: Strays) -> str | None:
        """Why a violation is false; None when it is true, or explained by the position error, or was withdrawn."""
        near = lines.touching(violation)
        same = [line for line in near if line.kind == violation.kind and (line.row, violation.row) not in stray]
        reasons = [line for line in near if _explains(line, violation)]
        excused = [line for line in same if line.why_not not in DID_NOT_HAPPEN]
        alone_s = _longest_gap_s(violation.from_s, self._until_s(violation), [*reasons, *excused])
        surely = violation.kind in UNTIL_SEEN or any(line.why_not is None for line in excused)
        if excused and (surely or alone_s <= self.report.tolerance_s):
            verdict = Verdict.RIGHT
        elif reasons and alone_s <= self.report.tolerance_s:
            verdict = Verdict.EXPLAINED
        else:
            verdict = Verdict.FALSE
        self.verdicts[violation.row] = verdict
        if violation.withdrawn:
            return None
        self._count(violation, "found")
        if violation.late:
            self.report.kinds[violation.kind].late += 1
            self.report.tell("late", violation, self._why_late(violation))
        if verdict is Verdict.EXPLAINED:
            self._count(violation, "explained")
        if verdict is not Verdict.FALSE:
            return None
        self._count(violation, "false")
        reasons = [*reasons, *(line for line in excused if line not in reasons)]
        if reasons:
            for_s = "with no end" if math.isinf(alone_s) else f"for {alone_s:.0f} s on end"
            return f"it lasted {for_s} when nothing explains it: {_words_of(reasons)} did for some of it"
        if same:
            return "it did not last long enough"
        if near:
            return f"what happened there does not explain it: {_words_of(near)}"
        return _why_false(violation, lines.away_s(violation), every if self.report.tells("false") else [])

    def _compare(self, line: Interval, matches: list[Interval]) -> None:
        """How far code, ends and instants of what was found differ from the truth: told, not counted as missed or false."""
        report = self.report
        kind = report.kinds[line.kind]
        if all(v.code != line.code for v in matches) and line.to_s < report.run_s[1] - ENDING_S:
            kind.other_code += 1
            report.tell("other_code", line, f"found as {', '.join(str(v.code) for v in matches)}")
        off_from_s = min((v.from_s - line.from_s for v in matches), key=abs)
        kind.seconds.off_from.append(off_from_s)
        wrong = abs(off_from_s) > report.tolerance_s
        if wrong:
            kind.off_from += 1
            report.tell("off_from", line, f"found {_apart(off_from_s)}")
        wrong |= self._compare_end(line, matches)
        wrong |= self._compare_middle(line, matches)
        kind.wrong_interval += wrong
        self._delays(line, matches)

    def _compare_end(self, line: Interval, matches: list[Interval]) -> bool:
        """Whether the end is wrong. Not looked at where neither was over when the run ended, or nobody knows when it did.

        A truth that went on is held against the end of the run; what has no end though the truth has is wrong by any tolerance.
        """
        report, kind = self.report, self.report.kinds[line.kind]
        run_end_s = report.run_s[1]
        goes_on = line.to_s >= run_end_s
        true_s = run_end_s if goes_on else line.to_s
        if not math.isfinite(true_s):
            return False
        if true_s > run_end_s - min(report.tolerance_s, OFF_S) and any(v.to_s >= run_end_s for v in matches):
            return False  # not over yet, for all that anybody knew
        off_s = min((v.to_s - true_s for v in matches), key=abs)
        if math.isfinite(off_s):
            kind.seconds.off_to.append(off_s)
        else:
            kind.not_ended += 1
        if abs(off_s) <= report.tolerance_s:
            return False
        kind.off_to += 1
        why = f"found {_apart(off_s)}" if math.isfinite(off_s) else "found, but not ended"
        report.tell("off_to", line, why + (": it went on to the run's end" if goes_on else ""))
        return True

    def _compare_middle(self, line: Interval, matches: list[Interval]) -> bool:
        """Whether what was found leaves out a stretch in the middle."""
        begin_s = max(line.from_s, min(v.from_s for v in matches))
        end_s = min(line.to_s, max(v.to_s for v in matches))
        gap_s = _longest_gap_s(begin_s, end_s, matches) if len(matches) > 1 else 0.0
        if gap_s <= self.report.tolerance_s:
            return False
        self.report.kinds[line.kind].gaps += 1
        self.report.tell("gap", line, f"found in {len(matches)} pieces, with {gap_s:.0f} s between two of them")
        return True

    def _until_s(self, violation: Interval) -> float:
        """To when a violation lasts as far as is known: what is open does to the end of the run."""
        return violation.to_s if math.isfinite(violation.to_s) else max(self.report.run_s[1], violation.from_s)

    def _why_late(self, violation: Interval) -> str:
        """When its first late version was decided, and how long after what that one is about."""
        found, row = self.found, violation.row
        at = format_instant(found.late_us[row])
        after_s = (found.late_us[row] - found.late_about_us[row]) / SECOND_US
        return f"decided {at}, {after_s:.0f} s after the {'end' if found.late_about_end[row] else 'beginning'} that it told of"

    def _delays(self, line: Interval, matches: list[Interval]) -> None:
        seconds = self.report.kinds[line.kind].seconds
        first_s, began_s = min(self._first(violation, line) for violation in matches)
        delay_s = max(0.0, first_s - line.from_s)
        seconds.to_decided.append(delay_s)
        seconds.age.append(max(0.0, first_s - began_s))
        if not any(v.late for v in matches):
            seconds.in_time.append(delay_s)
        if self.alerts is None:
            return
        raised = [us / SECOND_US for v in matches if (us := self.alerts.raised_of(v.row)) != UNSEEN_US]
        if raised:
            seconds.to_alert.append(max(0.0, min(raised) - line.from_s))
        told = [us / SECOND_US for v in matches if (us := self.alerts.told_of(v.row)) != UNSEEN_US]
        if told:
            seconds.to_victim_told.append(max(0.0, min(told) - line.from_s))
        if told and raised:
            seconds.alert_to_victim_told.append(max(0.0, min(told) - min(raised)))

    def _first(self, violation: Interval, line: Interval) -> tuple[float, float]:
        """When a version that touches the line was first decided, and from when it was; seconds since the epoch."""
        found, low_s, high_s = self.found, line.from_s - SLACK_S, line.to_s + SLACK_S
        low, high = self._first_version[violation.row : violation.row + 2]
        for n in self._versions[low:high].tolist():
            if found.at_from_us[n] / SECOND_US < high_s and _end_s(found.at_to_us[n]) > low_s:
                return found.at_us[n] / SECOND_US, found.at_from_us[n] / SECOND_US
        return found.decided_us[violation.row] / SECOND_US, violation.from_s


def _strangers(truth: Truth, found: Found, words: Words) -> bool:
    """Whether nobody is in both, though there is somebody in each: then they are hardly of one run."""
    happened, told = ({*np.unique(np.asarray(one.wearer, np.int32)).tolist()} - {NONE} for one in (truth, found))
    happened |= {words.wearers.number(line.wearer) for line in truth.lives}
    return bool(happened and told) and not happened & told


def _by_wearer(column: array[int], words: Words) -> dict[str, list[int]]:
    """The rows of each wearer, in the order of their lines."""
    numbers = np.asarray(column, np.int32)
    order = np.argsort(numbers, kind="stable")
    wearers, starts = np.unique(numbers[order], return_index=True)
    parts = np.split(order, starts)[1:]
    return {words.wearers.of[n]: part.tolist() for n, part in zip(wearers.tolist(), parts, strict=True) if n != NONE}


def _end_s(to_us: int) -> float:
    return math.inf if to_us == FAR_US else to_us / SECOND_US


def _family(interval: Interval) -> Family:
    return EDGES if interval.kind in ABOUT_EDGES else interval.kind, interval.condition


def _strays(violations: list[Interval], ordered: Mapping[Family, tuple[_Ordered, _Ordered]]) -> Strays:
    """Lines and violations (their rows) that are near to each other and do not belong together.

    A violation of what was too short is none of what is near by the slack alone.
    """
    found = set()
    for violation in violations:
        like = [one for one in ordered[_family(violation)][0].touching(violation) if one.kind == violation.kind]
        if any(line.why_not == WhyNot.BELOW_GRACE and line.overlaps(violation) for line in like):
            found |= {(line.row, violation.row) for line in like if not line.overlaps(violation)}
    return found


def _explains(line: Interval, violation: Interval) -> bool:
    """Whether a line that is near may be why there is a violation of what did not happen.

    A line of the zone's edge that speaks of an error does so for every kind at that edge; being in the zone explains the lesser
    kinds. A buffer has an edge of its own: to be within it is no reason to be found in the zone.
    """
    if line.kind == violation.kind:
        return line.why_not in BY_ERROR
    if line.kind == BUFFER or (line.kind in ZONES and violation.kind in ZONES):
        return False
    return line.why_not in BY_ERROR or (line.kind in ZONES and line.why_not != WhyNot.BELOW_GRACE)


def _longest_gap_s(begin_s: float, end_s: float, intervals: Iterable[Interval]) -> float:
    """The longest stretch between two instants in which there is none of some intervals, seconds."""
    longest_s, at_s = 0.0, begin_s
    for one in sorted(intervals, key=lambda one: one.from_s):
        if at_s >= end_s:
            break
        longest_s = max(longest_s, min(one.from_s, end_s) - at_s)
        at_s = max(at_s, one.to_s)
    return max(longest_s, end_s - at_s) if at_s < end_s else longest_s


def _words_of(lines: list[Interval]) -> str:
    return ", ".join(sorted({f"{line.kind} {line.why_not or ''}".rstrip() for line in lines}))


def _apart(off_s: float) -> str:
    return f"{abs(off_s):.0f} s too {'late' if off_s > 0 else 'early'}"


def _why_missed(line: Interval, near: list[Interval], current: list[Interval]) -> str:
    """What there was instead."""
    if any(v.withdrawn and v.kind == line.kind for v in near):
        return "it was found and withdrawn again"
    others = sorted({v.kind for v in near if not v.withdrawn})
    if others:
        return f"found only as {', '.join(others)}"
    elsewhere = [v for v in current if v.kind == line.kind and v.touches(line)]
    return f"found only of {_conditions(elsewhere)}" if elsewhere else "nothing was found"


def _why_false(violation: Interval, away_s: float, lines: list[Interval]) -> str:
    """What there was near it, or of another condition; ``away_s``: how far off the nearest of its family was."""
    like = [one for one in lines if one.kind == violation.kind and one.why_not is None and one.touches(violation)]
    if like:
        return f"it happened only of {_conditions(like)}"
    near = f"; the nearest of its kind was {away_s:.0f} s away" if math.isfinite(away_s) else ""
    return f"nothing like it happened{near}"


def _conditions(intervals: list[Interval]) -> str:
    return ", ".join(sorted({one.condition or "no condition" for one in intervals}))
