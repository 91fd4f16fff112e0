"""Many instants are written as one is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.errors import BadInstant, FarInstant
from domain.instant_columns import format_instants
from domain.instants import DAY_US, SECOND_US, format_instant, parse_instant

YEAR_1900, YEAR_2200 = (parse_instant(f"{year}-01-01T00:00:00Z") for year in (1900, 2200))
INSTANTS = st.one_of(
    st.integers(YEAR_1900, YEAR_2200),
    st.integers(YEAR_1900 // 1000, YEAR_2200 // 1000).map(lambda ms: ms * 1000),
    st.integers(YEAR_1900 // SECOND_US, YEAR_2200 // SECOND_US).map(lambda s: s * SECOND_US),
)


@given(st.lists(INSTANTS, max_size=20))
@example([0, -1, 1, -1000, 1000, -SECOND_US])
def test_each_is_written_as_it_is_alone(instants: list[int]) -> None:
    written = format_instants(np.array(instants, np.int64))
    assert written == [format_instant(us) for us in instants]
    assert [parse_instant(text) for text in written] == instants


@pytest.mark.parametrize("offset", ["+99:99", "+24:00", "-24:00", "+01:60", "+1:00", "+١١:00"])
def test_an_offset_is_hours_up_to_23_and_minutes_up_to_59(offset: str) -> None:
    with pytest.raises(BadInstant):
        parse_instant(f"2026-11-21T22:00:00{offset}")
    assert parse_instant("2026-11-21T22:00:00+23:59") == parse_instant("2026-11-20T22:01:00Z")


@pytest.mark.parametrize("text", ["٢٠٢٦-11-21T22:00:00Z", "2026-11-21T22:00:00.１Z"])
def test_digits_are_those_of_ascii(text: str) -> None:
    with pytest.raises(BadInstant):
        parse_instant(text)


@pytest.mark.parametrize(
    "text",
    [
        "9999-12-31T23:59:59-23:59",
        "9999-01-01T00:00:00Z",
        "9998-12-31T23:59:59-00:01",
        "0001-01-01T00:00:00+23:59",
        "0999-12-31T23:59:59.999999Z",
        "1000-01-01T00:00:00+00:01",
    ],
)
def test_an_instant_that_could_not_be_written_again_is_refused_with_the_reason(text: str) -> None:
    with pytest.raises(FarInstant, match="outside the years 1000 to 9998 in UTC"):
        parse_instant(text)


@pytest.mark.parametrize("text", ["1000-01-01T00:00:00Z", "9998-12-31T23:59:59.999999Z"])
def test_the_first_and_the_last_instant_are_written_as_they_were_read(text: str) -> None:
    assert format_instant(parse_instant(text)) == text
    assert format_instant(parse_instant(text) + DAY_US)
