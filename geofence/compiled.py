"""The one door to the compiler: array loops are written as plain Python and compiled by numba (decision record 2).

`BAILIWICK_COMPILE=0` in the environment runs the same source uncompiled; the composition root reads it, through
numba's own ``NUMBA_DISABLE_JIT``. Floating point stays strict: no reordering, no fused operations.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile an array function at its first call; the machine code is kept beside the source."""
    return cast("F", numba.njit(cache=True, fastmath=False, error_model="numpy")(function))


def inlined(function: F) -> F:
    """Compile a leaf that the others call."""
    return cast("F", numba.njit(cache=True, fastmath=False, error_model="numpy", inline="never")(function))
