"""Sets of instants as sorted lists of half-open spans ``(from, to)`` in microseconds."""

from __future__ import annotations

from collections.abc import Iterable

Span = tuple[int, int]
Spans = list[Span]


def merged(spans: Iterable[Span]) -> Spans:
    """Spans that touch or overlap are one; empty ones are none."""
    out: Spans = []
    for low, high in sorted([span for span in spans if span[0] < span[1]]):
        if out and low <= out[-1][1]:
            out[-1] = (out[-1][0], max(out[-1][1], high))
        else:
            out.append((low, high))
    return out


def cut(a: Spans, b: Spans) -> Spans:
    """What is in both."""
    return merged([(max(p, r), min(q, s)) for p, q in a for r, s in b if r < q and p < s])


def less(a: Spans, b: Spans) -> Spans:
    """What is in ``a`` and not in ``b``; pieces that only touch stay one only if they were one in ``a``."""
    out: Spans = []
    for span in a:
        low, high = span
        for r, s in b:
            if s <= low or r >= high:
                continue
            if r > low:
                out.append((low, r))
            low = max(low, s)
        if low < high:
            out.append((low, high))
    return out


def holding(spans: Spans, at: int) -> Span | None:
    """The span that holds an instant."""
    for low, high in spans:
        if low <= at < high:
            return (low, high)
    return None


def measure(spans: Spans) -> int:
    return sum(high - low for low, high in spans)
