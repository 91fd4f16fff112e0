"""Days on bail with a monitored curfew, reckoned for a court: each day with its hours and why it counts or does not.

By a scheme (`shipped/qualifying.toml`, "none of it is law"); docs/sheets.md gives the steps and their source. Days are dates on the clock
on the wall of the curfew's time zone; lengths are microseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from typing import Final, Literal, NamedTuple

import msgspec

from domain.instants import DAY_US, FAR_US, HOUR_US
from domain.records import Condition, Fitting, Order, Suspension
from domain.violations import Violation
from domain.vocabulary import AssessmentDecision, ConditionKind, Kind, OrderKind
from evidence.compliance import Weight, weigh
from evidence.order_windows import Held, local_date, local_days
from evidence.policy_files import in_force, read_policy
from geofence.intervals import Span, clipped, common, length_us, union, without

FILE: Final = "qualifying.toml"
LONGEST_US: Final = 1_100 * DAY_US
"""The longest bail that is reckoned."""


class Deduct(StrEnum):
    """Why a day that was subject to the curfew is taken off."""

    OTHER_ORDER = "other_order"
    RELEASE = "release"
    BROKEN = "broken"
    NOT_FITTED = "not_fitted"


class Scheme(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """How days are reckoned from a day on; the file says what each is."""

    from_: date
    name: str
    order_kinds: tuple[OrderKind, ...]
    minimum_hours: float
    deducts: tuple[Deduct, ...]
    part_days: Literal["as_if_whole", "as_it_is"] = "as_if_whole"
    last_day: Literal["unless_custody", "always", "never"] = "unless_custody"
    custody_words: tuple[str, ...] = ()
    absences: Literal["count", "deduct"] = "count"
    clocks: Literal["better", "elapsed"] = "better"
    other_order_kinds: tuple[OrderKind, ...] = ()
    release_kinds: tuple[OrderKind, ...] = ()
    broken_kinds: tuple[Kind, ...] = ()
    broken_decisions: tuple[AssessmentDecision, ...] = ()
    numerator: int = 1
    denominator: int = 2
    rounding: Literal["up", "down"] = "up"

    def __post_init__(self) -> None:
        if not 0 < self.minimum_hours <= 24:
            raise ValueError("minimum_hours must be over 0 and at most 24")
        if not 0 < self.numerator <= self.denominator:
            raise ValueError("numerator must be over 0 and at most denominator")

    def credit(self, days: int) -> int:
        """Days that such a number of days comes to."""
        whole, rest = divmod(days * self.numerator, self.denominator)
        return whole + (1 if rest and self.rounding == "up" else 0)


class Schemes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file: versions of the scheme."""

    scheme: tuple[Scheme, ...]


@lru_cache(maxsize=1)
def shipped_schemes() -> Schemes:
    """Those that ship."""
    text = files("evidence").joinpath("shipped", FILE).read_text(encoding="utf-8")
    return read_policy(text, Schemes, f"evidence/shipped/{FILE}")


class DayWhy(StrEnum):
    """What is said of one day."""

    COUNTS = "counts"
    COUNTS_PART = "counts_as_if_whole"
    COUNTS_BY_WALL = "counts_by_the_wall_clock"
    SHORT = "under_the_minimum"
    SUSPENDED = "suspended"
    LAST_DAY = "last_day"
    OTHER_ORDER = "other_order"
    RELEASE = "release"
    BROKEN = "broken"
    NOT_FITTED = "not_fitted"


SUBJECT: Final = frozenset(
    {
        DayWhy.COUNTS,
        DayWhy.COUNTS_PART,
        DayWhy.COUNTS_BY_WALL,
        DayWhy.OTHER_ORDER,
        DayWhy.RELEASE,
        DayWhy.BROKEN,
        DayWhy.NOT_FITTED,
    }
)
"""Days of step 1, deducted or not."""
COUNTED: Final = frozenset({DayWhy.COUNTS, DayWhy.COUNTS_PART, DayWhy.COUNTS_BY_WALL})


class Day(NamedTuple):
    """One date: hours of curfew in it (``asked_us``, what suspensions leave), and what on it deducts it."""

    day: date
    asked_us: int
    why: DayWhy
    because: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class QualifyingSheet:
    """The reckoning of one order up to ``now_us``; of a bail that runs, its days up to yesterday."""

    order: Order
    scheme: Scheme
    now_us: int
    days: tuple[Day, ...]

    @property
    def subject(self) -> int:
        """Step 1: days on which bail was subject to such a curfew."""
        return sum(one.why in SUBJECT for one in self.days)

    @property
    def deducted(self) -> dict[Deduct, int]:
        """Steps 2 and 3: by why, each day once."""
        return {why: sum(one.why.value == why.value for one in self.days) for why in self.scheme.deducts}

    @property
    def counted(self) -> int:
        """What remains."""
        return sum(one.why in COUNTED for one in self.days)

    @property
    def credit(self) -> int:
        """Steps 4 and 5."""
        return self.scheme.credit(self.counted)


class NotReckoned(Exception):
    """There is nothing to reckon for this order; the text says why."""


def qualifying(
    of: Held, order: Order, violations: Sequence[Violation], now_us: int, schemes: Schemes
) -> QualifyingSheet:
    """Reckons an order's days; ``violations`` are the current ones of its wearer. Raises `NotReckoned`."""
    curfews = _curfews(of, order)
    if not curfews:
        raise NotReckoned("the order has no curfew")
    timezone = curfews[0].timezone
    held = union(span for one in curfews for span in of.book.held(one.id))
    if not held:
        raise NotReckoned("no curfew of the order is in force at any time")
    scheme = in_force(schemes.scheme, local_date(of.zones, timezone, held[0][0]))
    if scheme is None:
        raise NotReckoned("no scheme holds on the day on which the order began")
    if order.kind not in scheme.order_kinds:
        raise NotReckoned(f"days are reckoned for {', '.join(scheme.order_kinds)} and not for {order.kind.value}")
    end_us = min(held[-1][1], now_us)
    if end_us - held[0][0] > LONGEST_US:
        raise NotReckoned(
            f"the curfew has held for more than {LONGEST_US // DAY_US} days: days are reckoned of so many at most"
        )
    one = _Reckoning(of, order, scheme, curfews, held, violations, now_us)
    days = tuple(one.day(span) for span in local_days(of.cache, timezone, held[0][0], end_us) if one.is_over(span))
    return QualifyingSheet(order, scheme, now_us, days)


def _curfews(of: Held, order: Order) -> list[Condition]:
    names = of.book.ids(Condition, Order, order.id)
    found = [of.book.newest(Condition, name) for name in names]
    return sorted(
        (one for one in found if one is not None and one.kind is ConditionKind.CURFEW and one.order == order.id),
        key=lambda one: one.id,
    )


class _Reckoning:
    """What each day is asked about."""

    def __init__(
        self,
        of: Held,
        order: Order,
        scheme: Scheme,
        curfews: Sequence[Condition],
        held: Sequence[Span],
        violations: Sequence[Violation],
        now_us: int,
    ) -> None:
        self._of, self._order, self._scheme, self._curfews, self._held = of, order, scheme, curfews, held
        self._now_us = now_us
        self._zone = of.zones.zone(curfews[0].timezone)
        reach = held[0][0] - 2 * DAY_US, min(held[-1][1], now_us) + 2 * DAY_US
        self._suspended = of.book.suspensions(order.id, *reach)
        self._others = _with_curfew(of, order, scheme.other_order_kinds, reach)
        self._released = _running(of, order, scheme.release_kinds)
        self._fitted = _fitted(of, order.wearer)
        self._broken = [
            one
            for one in violations
            if one.kind in scheme.broken_kinds and one.order in (None, order.id) and self._counts(one)
        ]

    def _counts(self, violation: Violation) -> bool:
        found = weigh(self._of, violation, self._now_us)
        decided = found.decision in self._scheme.broken_decisions
        return violation.current and decided and found.weight not in (Weight.GAP, Weight.NOT_TOLD)

    def is_over(self, day: Span) -> bool:
        """Whether all of the day that is held has passed."""
        return min(day[1], self._held[-1][1]) <= self._now_us

    def day(self, day: Span) -> Day:
        """What is said of one local day."""
        asked = self._asked(day, whole=False)
        left = without(asked, self._suspended)
        date_, hours = local_date(self._of.zones, self._zone.name, day[0]), length_us(left)
        if self._is_left_out(day) and self._enough(day, self._asked(day, whole=True)) is not None:
            return Day(date_, hours, DayWhy.LAST_DAY)
        why = self._subject(day, left)
        if why is None:
            held_back = self._enough(day, asked) is not None
            return Day(date_, hours, DayWhy.SUSPENDED if held_back and left != asked else DayWhy.SHORT)
        deduct, because = self._deducted(day)
        return Day(date_, hours, why if deduct is None else DayWhy(deduct.value), because)

    def _asked(self, day: Span, *, whole: bool) -> list[Span]:
        """The hours of the curfews on a day; ``whole``: as if each that holds on a part of it held on all of it."""
        spans: list[Span] = []
        for one in self._curfews:
            if not common(self._of.book.held(one.id), [day]):
                continue
            if whole and one.timetable is not None:
                spans += clipped(self._of.cache.windows(one.timetable, *day), *day)
            elif whole:
                spans.append(day)
            else:
                own = clipped(self._of.book.windows(one.id, *day), *day)
                absent = self._of.book.absences(one.id, *day) if self._scheme.absences == "deduct" else []
                spans += without(own, absent)
        return union(spans)

    def _subject(self, day: Span, left: Sequence[Span]) -> DayWhy | None:
        """Step 1, but for the last day's rule."""
        enough = self._enough(day, left)
        if enough is not None or self._scheme.part_days != "as_if_whole" or not self._is_part(day):
            return enough
        as_whole = without(self._asked(day, whole=True), self._suspended)
        return None if self._enough(day, as_whole) is None else DayWhy.COUNTS_PART

    def _enough(self, day: Span, spans: Sequence[Span]) -> DayWhy | None:
        wanted, hours = self._scheme.minimum_hours * HOUR_US, length_us(spans)
        if hours >= wanted:
            return DayWhy.COUNTS
        lost = DAY_US - (day[1] - day[0])
        changes = [at for at in self._zone.transitions_us if day[0] < at < day[1]]
        across = any(start < at <= end for at in changes for start, end in spans)
        if self._scheme.clocks == "better" and lost > 0 and across and hours + lost >= wanted:
            return DayWhy.COUNTS_BY_WALL
        return None

    def _is_part(self, day: Span) -> bool:
        return day[0] < self._held[0][0] < day[1] or self._is_last(day)

    def _is_last(self, day: Span) -> bool:
        return day[0] < self._held[-1][1] <= day[1]

    def _is_left_out(self, day: Span) -> bool:
        if not self._is_last(day) or self._scheme.last_day == "always":
            return False
        return self._scheme.last_day == "never" or self._ends_in_custody(day)

    def _ends_in_custody(self, day: Span) -> bool:
        end_us = self._held[-1][1]
        for name in self._of.book.ids(Suspension, Order, self._order.id):
            found = self._of.book.newest(Suspension, name)
            reason = "" if found is None else found.reason.lower()
            spans = self._of.book.suspended_by(name, self._order.id, *day)
            if any(word in reason for word in self._scheme.custody_words) and any(
                start < end_us <= end for start, end in spans
            ):
                return True
        return False

    def _deducted(self, day: Span) -> tuple[Deduct | None, tuple[str, ...]]:
        """Steps 2 and 3: the first of the scheme's deductions that holds, and what it is."""
        broken = tuple(one.id for one in self._broken if _touches(one, day, self._now_us))
        fitted = bool(common(self._fitted, [day]))
        found: dict[Deduct, tuple[str, ...]] = {
            Deduct.OTHER_ORDER: tuple(name for name, spans in self._others if common(spans, [day])),
            Deduct.RELEASE: tuple(name for name, spans in self._released if common(spans, [day])),
            Deduct.BROKEN: broken,
            Deduct.NOT_FITTED: () if fitted else (self._order.id,),
        }
        return next(((why, found[why]) for why in self._scheme.deducts if found[why]), (None, ()))


def _touches(violation: Violation, day: Span, now_us: int) -> bool:
    end_us = now_us if violation.to_us is None else violation.to_us
    return violation.from_us < day[1] and (end_us > day[0] if end_us > violation.from_us else end_us >= day[0])


def _running(of: Held, order: Order, kinds: Sequence[OrderKind]) -> list[tuple[str, list[Span]]]:
    """Other orders of the wearer, of some kinds, and when each ran."""
    found = []
    for name in of.book.ids(Order, "wearer", order.wearer):
        other = of.book.newest(Order, name)
        if name != order.id and other is not None and other.kind in kinds:
            found.append((name, of.book.order_spans(name)))
    return found


def _with_curfew(of: Held, order: Order, kinds: Sequence[OrderKind], reach: Span) -> list[tuple[str, list[Span]]]:
    """Those of them that have a curfew, and when it was in force within ``reach``, suspensions taken out."""
    found = []
    for name, _ in _running(of, order, kinds):
        other = of.book.newest(Order, name)
        own = union(span for one in _curfews(of, other) for span in of.book.held(one.id)) if other else []
        own = without(clipped(own, *reach), of.book.suspensions(name, *reach))
        if own:
            found.append((name, own))
    return found


def _fitted(of: Held, wearer: str) -> list[Span]:
    found: list[Span] = []
    for name in of.book.ids(Fitting, "wearer", wearer):
        for start, end, fitting in of.book.eras(Fitting, name):
            found.append((max(start, fitting.from_us), min(end, FAR_US if fitting.to_us is None else fitting.to_us)))
    return union(found)
