"""The data that ships with Bailiwick, beside the code that reads it: protocols.toml (docs/protocols.md)."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib.resources import files
from typing import Final

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
