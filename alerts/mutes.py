"""What would be quiet: mutes and suspensions as timelines of instants, shown before they are saved (alerts.md; failure 18). Pure.

A mute silences what is told of a wearer, for a day at most, and hides nothing. A suspension stops an order from being enforced.
Both are shown as what they are: intervals of instants, on the nights on which clocks change too, never a rule that somebody
must work out in their head.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from alerts.machine import SENIOR, Actor
from alerts.policy import NEVER_MUTED
from alerts.state import Mute
from domain.errors import BailiwickError
from domain.instants import DAY_US, format_instant
from domain.records import Condition, Order, Suspension
from domain.vocabulary import Kind, Level
from geofence.book import Book
from geofence.intervals import Span, clipped, common, union, without

LONGEST_US: Final = DAY_US
"""How long a mute may last."""
LONGEST_REASON: Final = 4_000
MUTABLE: Final = tuple(sorted(kind.value for kind in Kind if kind.value not in NEVER_MUTED))
STILL_TOLD: Final = tuple(sorted(kind.value for kind in Kind if kind.value in NEVER_MUTED))
"""Kinds of a wearer's alerts that a mute covers, and those that are told all the same."""


class MuteRefused(BailiwickError):
    """A mute that may not be, with the field and what is wrong. Nothing was saved."""

    def __init__(self, field: str, cause: str) -> None:
        super().__init__(f"{field}: {cause}")
        self.field, self.cause = field, cause


@dataclass(frozen=True, slots=True)
class Stretch:
    """``[from_us, to_us)``, and what is told of in it. ``by`` names what makes it quiet: mutes, suspensions; none: all is told."""

    from_us: int
    to_us: int
    by: tuple[str, ...] = ()

    @property
    def quiet(self) -> bool:
        return bool(self.by)


def check_mute(
    from_us: int,
    to_us: int,
    reason: str,
    by: Actor,
    now_us: int,
    *,
    level: Level,
    has_victim: bool,
    standing: Iterable[Mute] = (),
) -> None:
    """Raises `MuteRefused` for a mute that may not be saved: too long, over, without a reason, or not by this person.

    ``standing`` are the wearer's others: what joins them is one silence, of a day at most too, for nobody is told between them.
    """
    if to_us <= from_us:
        raise MuteRefused("to", f"is {format_instant(to_us)}; must be after `from` ({format_instant(from_us)})")
    if to_us - from_us > LONGEST_US:
        raise MuteRefused("to", "makes it longer than 24 hours; mute again after it has ended, if it must be")
    if to_us <= now_us:
        raise MuteRefused("to", f"is {format_instant(to_us)}, which is past: nothing would be quiet")
    if from_us < now_us:
        raise MuteRefused("from", f"is {format_instant(from_us)}, which is past: what was told cannot be untold")
    start_us, end_us = joined(from_us, to_us, standing)
    if end_us - start_us > LONGEST_US:
        silence = f"a silence from {format_instant(start_us)} to {format_instant(end_us)}"
        raise MuteRefused("from", f"joins mutes that stand to {silence}; after 24 hours people are told")
    if not any(one.isalnum() for one in reason) or len(reason) > LONGEST_REASON:
        raise MuteRefused("reason", f"must say why, in 1 to {LONGEST_REASON} characters")
    if by.role not in SENIOR and needs_senior(level, has_victim=has_victim):
        why = "is paired with a victim" if has_victim else "is intensive"
        raise MuteRefused("by", f"the wearer {why}: only a supervisor or duty manager may mute")


def joined(from_us: int, to_us: int, standing: Iterable[Mute]) -> Span:
    """The one silence that ``[from_us, to_us)`` makes with the mutes that it touches, those that these touch, and so on."""
    others = ((mute.from_us, mute.to_us) for mute in standing)
    return next(span for span in union([(from_us, to_us), *others]) if span[0] <= from_us < span[1])


def needs_senior(level: Level, *, has_victim: bool) -> bool:
    """Whether a supervisor or duty manager must make a mute of such a wearer (alerts.md)."""
    return has_victim or level is Level.INTENSIVE


def preview(mutes: Iterable[Mute], wearer: str, from_us: int, to_us: int) -> list[Stretch]:
    """What of ``[from_us, to_us)`` would be quiet for a wearer's alerts of a kind that a mute covers, without a hole or an overlap.

    ``mutes`` are those that stand, and the one that is to be saved. `STILL_TOLD` lists the kinds that none of them covers.
    """
    spans = [(mute.from_us, mute.to_us, f"mute:{mute.no}") for mute in mutes if mute.wearer == wearer]
    return _laid_out(spans, from_us, to_us)


@dataclass(frozen=True, slots=True)
class Enforcement:
    """A condition's stretches in a range: enforced, or not and by what. What is outside its windows is in none."""

    condition: str
    enforced: tuple[Span, ...]
    silent: tuple[Stretch, ...]

    def in_order(self) -> list[Stretch]:
        """Both, by when they begin."""
        return sorted([*(Stretch(*span) for span in self.enforced), *self.silent], key=lambda one: one.from_us)


def silences(book: Book, order: str, from_us: int, to_us: int) -> list[Stretch]:
    """When an order is suspended in ``[from_us, to_us)`` and when it is enforced, without a hole; only while it runs.

    Each stretch says which suspensions make it silent. One that repeats daily comes as what it is: one stretch a day.
    """
    spans = [
        (start, end, f"suspension:{name}")
        for name in book.ids(Suspension, Order, order)
        for start, end in book.suspended_by(name, order, from_us, to_us)
    ]
    runs = clipped(book.order_spans(order), from_us, to_us)
    return [
        Stretch(start, end, one.by)
        for one in _laid_out(spans, from_us, to_us)
        for start, end in common([(one.from_us, one.to_us)], runs)
    ]


def enforcements(book: Book, order: str, from_us: int, to_us: int) -> list[Enforcement]:
    """For each condition of an order: its windows in a range, what of them is enforced, and what is silent and why."""
    return [
        _enforcement(book, order, condition, from_us, to_us)
        for condition in sorted(book.ids(Condition, Order, order))
        if any(one.order == order for _, _, one in book.eras(Condition, condition))
    ]


def _enforcement(book: Book, order: str, condition: str, from_us: int, to_us: int) -> Enforcement:
    windows = clipped(book.windows(condition, from_us, to_us), from_us, to_us)
    absent = [(start, end, "absence") for start, end in book.absences(condition, from_us, to_us)]
    suspended = [(one.from_us, one.to_us, name) for one in silences(book, order, from_us, to_us) for name in one.by]
    quiet = [one for one in _laid_out([*absent, *suspended], from_us, to_us) if one.quiet]
    silent = [Stretch(s, e, one.by) for one in quiet for s, e in common(windows, [(one.from_us, one.to_us)])]
    return Enforcement(
        condition, tuple(without(windows, union((one.from_us, one.to_us) for one in quiet))), tuple(silent)
    )


def _laid_out(spans: Sequence[tuple[int, int, str]], from_us: int, to_us: int) -> list[Stretch]:
    """The range cut at every start and end, stretches of the same names put together."""
    inside = [(max(start, from_us), min(end, to_us), name) for start, end, name in spans]
    inside = [span for span in inside if span[0] < span[1]]
    edges = sorted({from_us, to_us, *(edge for span in inside for edge in span[:2])})
    found: list[Stretch] = []
    for start, end in pairwise(edges):
        by = tuple(sorted({name for low, high, name in inside if low <= start and end <= high}))
        if found and found[-1].by == by:
            found[-1] = Stretch(found[-1].from_us, end, by)
        else:
            found.append(Stretch(start, end, by))
    return found
