"""The one door to the compiler: array loops are written as plain Python and compiled by numba (decision record 2).

``NUMBA_DISABLE_JIT=1`` in the environment runs the same source uncompiled. Floating point stays strict: no reordering,
no fused operations.

The machine code is kept beside the source. Numba would look only at the file of a function to see whether that has
changed; what the function calls, or a constant that it was compiled with, may stand in another. So what is kept is
marked with a digest of all the sources that machine code is made of, and is made anew when any of them changes.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from importlib.resources import files
from typing import Any, TypeVar, cast

import numba
from numba.core.caching import FunctionCache

F = TypeVar("F", bound=Callable[..., Any])


def _digest() -> str:
    """Of every source in the pure packages, in the order of their names."""
    digest = sha256(numba.__version__.encode())
    for package in ("domain", "geofence"):
        for source in sorted(files(package).iterdir(), key=lambda entry: entry.name):
            if source.name.endswith(".py"):
                digest.update(source.name.encode() + b"\0" + source.read_bytes())
    return digest.hexdigest()


_SOURCES = _digest()


def compiled(function: F) -> F:
    """Compile an array function at its first call."""
    dispatcher = numba.njit(cache=True, fastmath=False, error_model="numpy")(function)
    kept = getattr(dispatcher, "_cache", None)
    if isinstance(kept, FunctionCache):
        kept._cache_file._source_stamp = _SOURCES  # numba's own is the time and size of one file
    return cast("F", dispatcher)


def inlined(function: F) -> F:
    """Compile a leaf that the others call; Python may call it too."""
    return compiled(function)
