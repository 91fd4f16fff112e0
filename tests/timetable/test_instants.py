"""Many instants are written as one is."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from domain.instant_columns import format_instants
from domain.instants import SECOND_US, format_instant, parse_instant

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
