"""The pages that change the caseload, the rota and the protocols."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter

from api.console import absences, conditions, mutes, protocols, rota, zones

EDITORS: Final = (zones, conditions, absences, mutes, rota, protocols)

router = APIRouter(include_in_schema=False)
for _one in EDITORS:
    router.include_router(_one.router)
