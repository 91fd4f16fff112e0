"""Intervals against sets of integers."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from geofence.intervals import Span, clipped, common, holding, length_us, union, without

SPANS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=8)
APART = SPANS.map(union)


def instants(spans: list[Span]) -> set[int]:
    return {at for start, end in spans for at in range(start, end)}


def is_in_order(spans: list[Span]) -> bool:
    return all(start < end for start, end in spans) and all(
        before[1] <= after[0] for before, after in itertools.pairwise(spans)
    )


@given(SPANS)
def test_union(spans: list[Span]) -> None:
    found = union(spans)
    assert instants(found) == instants(spans)
    assert is_in_order(found)
    assert all(a[1] < b[0] for a, b in itertools.pairwise(found)), "what touches is one"


@given(APART, APART)
def test_common(left: list[Span], right: list[Span]) -> None:
    found = common(left, right)
    assert instants(found) == instants(left) & instants(right)
    assert is_in_order(found)


@given(APART, APART)
def test_without(spans: list[Span], cuts: list[Span]) -> None:
    found = without(spans, cuts)
    assert instants(found) == instants(spans) - instants(cuts)
    assert is_in_order(found)


@given(APART, st.integers(-2, 32), st.integers(-2, 32))
def test_clipped(spans: list[Span], start: int, end: int) -> None:
    found = [span for span in clipped(spans, start, end) if span[0] < span[1]]
    assert instants(found) == {at for at in instants(spans) if start <= at < end}


@given(APART, st.integers(-1, 31))
def test_holding(spans: list[Span], at: int) -> None:
    span = holding(spans, at)
    assert (span is not None) == (at in instants(spans))
    assert span is None or span[0] <= at < span[1]


@given(APART)
def test_length(spans: list[Span]) -> None:
    assert length_us(spans) == len(instants(spans))


def test_what_touches_stays_apart_where_it_was_cut() -> None:
    assert without([(0, 5), (5, 9)], []) == [(0, 5), (5, 9)]
    assert union([(0, 5), (5, 9)]) == [(0, 9)]
