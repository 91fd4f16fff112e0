"""Files of policy that the API reckons by: how days on bail count, and what enforcement is measured by; those that ship where none are given."""

from __future__ import annotations

from dataclasses import dataclass, field

from evidence.measures import MeasuresFile, shipped_measures
from evidence.qualifying import Schemes, shipped_schemes


@dataclass(frozen=True, slots=True)
class Policies:
    """Read once, at the start of a process."""

    schemes: Schemes = field(default_factory=shipped_schemes)
    measures: MeasuresFile = field(default_factory=shipped_measures)
