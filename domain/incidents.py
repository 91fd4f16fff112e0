"""A mass outage as it is decided: one incident for many losses (rules.md 11). Not a violation.

Instants are microseconds UTC. A version is written at a tick, and tells what that tick did.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from domain.instants import format_instant
from domain.networks import Network

MASS_OUTAGE: Final = "mass_outage"
"""The kind of an incident's alert."""


class Release(StrEnum):
    """Why a loss that an incident held is a person's own again."""

    VICTIM = "victim"
    LOST_IN_ZONE = "lost_in_zone"
    INTENSIVE = "intensive"
    STILL_SILENT = "still_silent"
    LASTING = "lasting"
    BACK = "back"


@dataclass(frozen=True, slots=True)
class TakenIn:
    """A device whose loss the incident explains, who wore it, and where it last said that it was connected."""

    device: str
    wearer: str | None
    victim: str | None
    network: Network

    def as_json(self) -> dict[str, Any]:
        """As printed."""
        return {"device": self.device, "wearer": self.wearer, "victim": self.victim} | self.network._asdict()


@dataclass(frozen=True, slots=True)
class Released:
    """A device whose losses the incident holds no more, and why."""

    device: str
    wearer: str | None
    victim: str | None
    why: Release

    def as_json(self) -> dict[str, Any]:
        """As printed."""
        return {"device": self.device, "wearer": self.wearer, "victim": self.victim, "why": self.why.value}


@dataclass(frozen=True, slots=True)
class IncidentVersion:
    """What a tick made of an incident.

    Attributes
    ----------
    id : ``outage-{n}``, n from 1. ``version`` counts from 1.
    closed_us : when 95 % of its devices had sent something; None while it stands.
    devices : how many it has taken in so far; ``silent`` how many of them have sent nothing since.
    taken, released : by this tick, in the order of device ids.
    """

    id: str
    version: int
    opened_us: int
    closed_us: int | None
    decided_us: int
    devices: int
    silent: int
    taken: tuple[TakenIn, ...] = ()
    released: tuple[Released, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Everything, as printed."""
        taken, released = ([one.as_json() for one in of] for of in (self.taken, self.released))
        return self.as_event() | {"taken": taken, "released": released}

    def as_line(self) -> str:
        """Everything, as one line without its end."""
        return json.dumps(self.as_json(), separators=(",", ":"), ensure_ascii=False)

    def as_event(self) -> dict[str, Any]:
        """As streamed: how many were taken in and released by this version, not whom."""
        return {
            "id": self.id,
            "version": self.version,
            "opened": format_instant(self.opened_us),
            "closed": None if self.closed_us is None else format_instant(self.closed_us),
            "decided": format_instant(self.decided_us),
            "devices": self.devices,
            "silent": self.silent,
            "taken": len(self.taken),
            "released": len(self.released),
        }
