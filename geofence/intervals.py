"""Half-open intervals of instants, sorted and apart from each other: union, what is common, what is left."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

Span: TypeAlias = tuple[int, int]


def union(spans: Iterable[Span]) -> list[Span]:
    """Sorted; what touches or overlaps is one; empty ones are none."""
    found: list[Span] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def common(left: Sequence[Span], right: Sequence[Span]) -> list[Span]:
    """What lies in both. What touches stays apart."""
    found: list[Span] = []
    i = j = 0
    while i < len(left) and j < len(right):
        start, end = max(left[i][0], right[j][0]), min(left[i][1], right[j][1])
        if start < end:
            found.append((start, end))
        if left[i][1] <= right[j][1]:
            i += 1
        else:
            j += 1
    return found


def without(spans: Sequence[Span], cuts: Sequence[Span]) -> list[Span]:
    """What is left of ``spans`` when ``cuts`` are taken away."""
    found: list[Span] = []
    j = 0
    for start, end in spans:
        at = start
        while j < len(cuts) and cuts[j][1] <= at:
            j += 1
        k = j
        while k < len(cuts) and cuts[k][0] < end:
            if cuts[k][0] > at:
                found.append((at, cuts[k][0]))
            at = max(at, cuts[k][1])
            k += 1
        if at < end:
            found.append((at, end))
    return found


def clipped(spans: Iterable[Span], from_us: int, to_us: int) -> list[Span]:
    """What of the spans lies in ``[from_us, to_us)``."""
    return [(max(s, from_us), min(e, to_us)) for s, e in spans if s < to_us and e > from_us]


def holding(spans: Iterable[Span], at_us: int) -> Span | None:
    """The span that holds an instant."""
    for span in spans:
        if span[0] <= at_us < span[1]:
            return span
    return None


def length_us(spans: Iterable[Span]) -> int:
    """Microseconds in all."""
    return sum(end - start for start, end in spans)
