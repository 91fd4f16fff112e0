"""The one door to the compiler: array loops are written as plain Python and compiled by numba (decision record 2).

``NUMBA_DISABLE_JIT=1`` in the environment runs the same source uncompiled. Floating point stays strict: no reordering,
no fused operations.

Arrays are counted references to the compiler, and every record that is looked at counts up and down, at the cost of a
locked instruction: in a loop over small records that is most of the time. So leaves are compiled into their callers
(`inlined`), and a loop takes its arrays as `borrowed`.

The machine code is kept beside the source. Numba would look only at the file of a function to see whether that has
changed; what the function calls, or a constant that it was compiled with, may stand in another. So what is kept is
marked with a digest of all the sources that machine code is made of, and is made anew when any of them changes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from hashlib import sha256
from importlib.resources import files
from types import FunctionType
from typing import Any, TypeVar, cast

import numba
from numba.core import cgutils, types
from numba.core.caching import FunctionCache
from numba.extending import intrinsic, overload
from numba.np.arrayobj import make_array

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")


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
    return cast("F", _kept(numba.njit(cache=True, fastmath=False, error_model="numpy")(function)))


def inlined(function: F) -> F:
    """Compile a leaf into those that call it; Python may call it too."""
    return cast("F", _kept(numba.njit(inline="always", cache=True, fastmath=False, error_model="numpy")(function)))


@cache
def _uncompiled(function: Any) -> Any:
    source = getattr(function, "py_func", None)
    if source is None:
        return function
    calls = {name: _uncompiled(source.__globals__[name]) for name in _called_by(source)}
    return FunctionType(source.__code__, source.__globals__ | calls, source.__name__, source.__defaults__)


def _called_by(source: Any) -> list[str]:
    return [name for name in source.__code__.co_names if hasattr(source.__globals__.get(name), "py_func")]


def plain(function: F) -> F:
    """The same source as Python runs it, with all that it calls: for the few values of a process that may need no machine code.

    The first call of machine code in a process costs it a quarter of a second and 40 MB, however little is asked.
    """
    return cast("F", _uncompiled(function))


def _kept(dispatcher: Any) -> Any:
    kept = getattr(dispatcher, "_cache", None)
    if isinstance(kept, FunctionCache):
        kept._cache_file._source_stamp = _SOURCES  # numba's own is the time and size of one file
    return dispatcher


def borrowed(arrays: T) -> T:
    """An array, or a tuple of some, that an argument of a compiled function holds: used without being counted.

    Only for arguments, and never to be returned: nothing but the caller's own reference keeps them.
    """
    return arrays


_code: Any = cgutils
_intrinsic: Any = intrinsic
_overload: Any = overload
_array_of: Any = make_array
_A_TUPLE: Any = types.BaseTuple
"""The compiler's own parts have no types."""


def _uncounted(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    if isinstance(kind, _A_TUPLE):
        values = _code.unpack_tuple(builder, value)
        parts = [_uncounted(context, builder, kind[k], values[k]) for k in range(len(values))]
        return context.make_tuple(builder, kind, parts)
    array = _array_of(kind)(context, builder, value)
    array.meminfo = _code.get_null_value(array.meminfo.type)
    array.parent = _code.get_null_value(array.parent.type)
    return array._getvalue()


def _borrow_of(typing_context: Any, arrays: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _uncounted(context, builder, signature.args[0], args[0])

    return arrays(arrays), codegen


_borrow: Any = _intrinsic(_borrow_of)


def _borrowed_in_machine_code(arrays: Any) -> Any:
    def bare(arrays: Any) -> Any:
        return _borrow(arrays)

    return bare


_overload(borrowed, inline="always")(_borrowed_in_machine_code)
