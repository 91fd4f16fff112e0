"""Many instants at once. Apart from `domain.instants`, which must load without numpy: every command begins with it."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from domain.instants import SECOND_US

_Unit = Literal["s", "ms", "us"]


def format_instants(us: NDArray[np.int64]) -> list[str]:
    """`format_instant` of each: (instants,) int64 microseconds UTC."""
    fraction = us % SECOND_US
    exact = fraction % 1000 == 0
    found = np.empty(len(us), object)
    parts: list[tuple[_Unit, NDArray[np.bool_]]] = [
        ("s", fraction == 0),
        ("ms", exact & (fraction != 0)),
        ("us", ~exact),
    ]
    for unit, here in parts:
        some = us[here].astype("datetime64[us]")
        found[here] = np.datetime_as_string(some, unit=unit, timezone="UTC", casting="unsafe")
    texts: list[str] = found.tolist()
    return texts
