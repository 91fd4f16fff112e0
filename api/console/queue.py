"""The alert queue."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from api.console.frame import Opened

router = APIRouter(include_in_schema=False)


@router.get("/alerts")
async def alerts(opened: Opened) -> Response:
    """The queue."""
    items, more = await opened.ask.items("alerts", most=200)
    return opened.show("queue.html", title="Alerts", wide=True, items=items, more=more)
