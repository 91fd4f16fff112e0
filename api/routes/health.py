"""How a wearer's devices are: last heard, battery, and how complete their fixes are day by day."""

from __future__ import annotations

import asyncio
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from access.grants import Deed
from api import shapes
from api.desk import no_such
from api.device_health import days_before, health_body
from api.doors import Seen, seeing
from api.parts import API_ROOT, NOT_FOUND, PROBLEMS, answer
from api.routes.people import Id
from domain.instants import DAY_US
from store.reading_types import Subject

DAYS: Final = 7
MOST_DAYS: Final = 31
RESTS_BEFORE_US: Final = 7 * DAY_US
"""How long before the first day a rest may have begun that is still seen."""

ReadsViolations = Annotated[Seen, Depends(seeing(Deed.READ_VIOLATIONS))]

router = APIRouter(prefix=API_ROOT, responses=PROBLEMS)


@router.get("/wearers/{wearer}/health", response_model=shapes.WearerHealth, responses=NOT_FOUND, tags=["wearers"])
async def health(
    wearer: Id,
    seen: ReadsViolations,
    days: Annotated[int, Query(ge=1, le=MOST_DAYS, description="By the centre's clock, the last of them today")] = DAYS,
) -> Response:
    """The devices on a wearer these days: when they were heard, their battery, and how many of their fixes came. No positions."""
    now_us = seen.parts.now()
    of_days = days_before(now_us, days)
    from_us = of_days[0].from_us
    edges = [*(one.from_us for one in of_days), max(now_us, of_days[-1].from_us + 1)]
    known, fitted, came, rests = await asyncio.gather(
        seen.reading.in_sight(Subject.WEARER, wearer),
        seen.reading.devices_on(wearer, from_us, now_us),
        seen.reading.fixes_by_stretch(wearer, edges),
        seen.reading.rests(wearer, from_us - RESTS_BEFORE_US, now_us),
    )
    if not known:
        raise no_such(Subject.WEARER)
    return answer(health_body(wearer, now_us, of_days, fitted, came, rests))
