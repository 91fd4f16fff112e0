"""Packed columns give back what was packed, whatever it was."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from store.packing import pack, pack_columns, unpack, unpack_columns

ANY = st.lists(st.integers(-(1 << 63), (1 << 63) - 1), max_size=40)
HEAD_BYTES = 13


@given(ANY)
def test_any_64_bit_integers_come_back(values: list[int]) -> None:
    back, end = unpack(pack(np.array(values, np.int64)))
    assert back.tolist() == values
    assert end == len(pack(np.array(values, np.int64)))


@given(st.lists(ANY, min_size=1, max_size=4))
def test_columns_follow_each_other(columns: list[list[int]]) -> None:
    data = pack_columns(*(np.array(column, np.int64) for column in columns))
    assert [column.tolist() for column in unpack_columns(data, len(columns))] == columns


def test_the_layout_is_as_documented() -> None:
    assert pack(np.array([5, 5, 5])).hex() == "00" + "0500000000000000" + "03000000"
    assert pack(np.array([1000, 1001, 1255])).hex() == "01" + "e803000000000000" + "03000000" + "0001ff"
    assert pack(np.array([-2, 300])).hex() == "02" + "feffffffffffffff" + "02000000" + "00002e01"


def test_small_types_are_taken_too() -> None:
    assert unpack(pack(np.array([True, False, True])))[0].tolist() == [1, 0, 1]
    assert unpack(pack(np.array([2, 0, 1], np.int8)))[0].tolist() == [2, 0, 1]
    assert len(pack(np.zeros(4000, np.int8))) == HEAD_BYTES
