"""Files of policy (TOML): numbers and clocks that somebody decided, with the day from which each holds. None of it is law.

What is wrong in one is told by file, key and what may stand there, so that whoever keeps the file can mend it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from datetime import date
from typing import Any, Final, Protocol, TypeVar

import msgspec
from msgspec import inspect

T = TypeVar("T")
_WHERE: Final = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<key>.*)`)?$", re.DOTALL)


class BadPolicy(ValueError):
    """A file of policy cannot be used; the text names the file, the key and what may stand there."""


class Dated(Protocol):
    """A version of some policy."""

    @property
    def from_(self) -> date:
        """The first day on which it holds."""


D = TypeVar("D", bound=Dated)


def read_policy(text: str, kind: type[T], file: str) -> T:
    """The contents of a file as ``kind``. Raises `BadPolicy`."""
    try:
        return msgspec.convert(tomllib.loads(text), kind)
    except tomllib.TOMLDecodeError as error:
        raise BadPolicy(f"{file}: not TOML: {error}") from None
    except msgspec.ValidationError as error:
        found = _WHERE.match(str(error))
        assert found is not None
        key = (found["key"] or "").replace("[...]", "[]")
        raise BadPolicy(f"{file}: {key or 'the file'}: {found['what']}{_may_be(kind, key)}") from None


def in_force(versions: Sequence[D], on: date) -> D | None:
    """The version that holds on a day: the newest that began by then."""
    begun = [one for one in versions if one.from_ <= on]
    return max(begun, key=lambda one: one.from_) if begun else None


def _may_be(kind: Any, key: str) -> str:
    """What may stand under a key where only some words may."""
    found = inspect.type_info(kind)
    for name in [part for part in re.split(r"[.\[]", key) if part]:
        inner = _inside(found, name)
        if inner is None:
            return ""
        found = inner
    words = _words(found)
    return f"; it may be {', '.join(words)}" if words else ""


def _inside(found: inspect.Type, name: str) -> inspect.Type | None:
    if isinstance(found, inspect.StructType):
        return next((one.type for one in found.fields if one.encode_name == name), None)
    if isinstance(found, inspect.VarTupleType | inspect.ListType):
        return found.item_type
    return found.value_type if isinstance(found, inspect.DictType) else None


def _words(found: inspect.Type) -> list[str]:
    if isinstance(found, inspect.EnumType):
        return [str(one.value) for one in found.cls]
    return [str(one) for one in found.values] if isinstance(found, inspect.LiteralType) else []
