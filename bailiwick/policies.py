"""The files of `QUALIFYING` and `MEASURES`, or those that ship (docs/sheets.md, docs/measures.md)."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from api.policies import Policies
from bailiwick.settings import PREFIX, Settings
from domain.errors import BadSetting
from evidence.measures import MeasuresFile, shipped_measures
from evidence.policy_files import BadPolicy, read_policy
from evidence.qualifying import Schemes, shipped_schemes

T = TypeVar("T")


def policies(settings: Settings) -> Policies:
    """Raises `BadSetting` with one line that says which setting, where its file is wrong, and what may stand there."""
    schemes = shipped_schemes() if settings.qualifying is None else _read("QUALIFYING", settings.qualifying, Schemes)
    measures = shipped_measures() if settings.measures is None else _read("MEASURES", settings.measures, MeasuresFile)
    return Policies(schemes, measures)


def _read(name: str, path: Path, kind: type[T]) -> T:
    try:
        return read_policy(path.read_text(encoding="utf-8"), kind, str(path))
    except (BadPolicy, OSError, UnicodeDecodeError) as error:
        line = " ".join(str(error).split())
        raise BadSetting(f"{PREFIX}{name} cannot be used: {line}") from None
