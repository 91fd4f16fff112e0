"""The data that ships with Bailiwick, beside the code that reads it: protocols.toml (docs/protocols.md)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

import msgspec

from alerts.protocols import Protocols

FILE: Final = "protocols.toml"


def shipped_text() -> str:
    """The file of protocols as it ships."""
    return files(__name__).joinpath(FILE).read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def shipped_protocols() -> Protocols:
    """The protocols as they ship; `alerts.protocol_checks` lets them through (a test asks it)."""
    return msgspec.convert(tomllib.loads(shipped_text()), Protocols)


def in_force(body: Mapping[str, Any] | None) -> Protocols:
    """The protocols of a body that the store keeps; None: nobody has entered any, so those that ship."""
    return shipped_protocols() if body is None else msgspec.convert(body, Protocols)
