"""An officer's caseload as the tests and the gallery have it: violations to assess, a gap, a case with dates."""

from __future__ import annotations

from typing import Final

from domain.instants import HOUR_US, MINUTE_US
from domain.violations import FactId
from domain.vocabulary import Cause, Kind
from tests.api.doors import asks
from tests.console.world import World
from tests.store.made import violation_of

DEE: Final = asks("dee", "officer", "london") | {"Test-Email": "dee.farrow@example.org"}
ORDER: Final = "OW1001"


async def violations(night: World) -> None:
    """Three of the wearer's own, and a gap."""
    now = night.clock()
    told = {"wearer": "W1001", "order": ORDER, "evidence": (FactId("TW1001", 0, 3), FactId("TW1001", 0, 4))}
    curfew = told | {"kind": Kind.CURFEW, "condition": "CW1001", "p_inside": None}
    await night.made.commit(
        [
            violation_of(
                "W1001-90",
                from_us=now - 50 * HOUR_US,
                to_us=now - 49 * HOUR_US,
                minutes_certain=50.0,
                minutes_possible=60.0,
                **curfew,
            ),
            violation_of("W1001-91", from_us=now - 26 * HOUR_US, to_us=now - 25 * HOUR_US, condition="ZW1001", **told),
            violation_of(
                "W1001-92",
                from_us=now - 3 * HOUR_US,
                to_us=now - 2 * HOUR_US,
                minutes_certain=41.5,
                minutes_possible=41.5,
                **curfew,
            ),
            violation_of(
                "W1001-93",
                from_us=now - 90 * MINUTE_US,
                to_us=now - 80 * MINUTE_US,
                **told | {"kind": Kind.COMMUNICATION_LOST, "cause": Cause.NETWORK, "condition": None, "evidence": ()},
            ),
        ],
        changes=[],
    )


async def opened(night: World) -> str:
    """A case that relies on the visit to the zone."""
    for n in (90, 91):
        told = {"id": f"B-{n}", "violation": f"W1001-{n}", "decision": "upheld", "reason": "seen"}
        await night.post("assessments", told, who=DEE)
    body = {"order": ORDER, "identified": "2026-11-21T20:00:00Z", "violations": [{"id": "W1001-91", "version": 1}]}
    made = await night.post("breaches", body | {"left_out_because": "older"}, who=DEE)
    return str(made["id"])


async def under_way(night: World) -> None:
    """Case 1: the pack is asked for."""
    if night.ask("SELECT 1 FROM breaches"):
        return
    await violations(night)
    number = await opened(night)
    told = {"step": "authority_notified", "at": "2026-11-21T20:30:00Z", "note": "By telephone, log 4471"}
    for step in (told, {"step": "pack_requested", "at": "2026-11-21T21:00:00Z"}):
        await night.post(f"breaches/{number}/steps", step, who=DEE)
