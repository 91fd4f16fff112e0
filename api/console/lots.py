"""Lots of devices: a fault of one is a fault of many, so everything that rests on a lot is on one page (failure 09)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Query
from starlette.responses import Response

from access.grants import Deed
from api.console.asking import Refused
from api.console.frame import Opened

LONGEST: Final = 64
RESTS: Final = {"breach": "Breach case", "warrant": "Warrant", "recall": "Recall", "arrest": "Arrest"}

router = APIRouter(include_in_schema=False)


@router.get("/lots")
async def lots(opened: Opened, q: Annotated[str, Query(max_length=LONGEST)] = "") -> Response:
    """The form, and of a lot that was asked for what rests on its devices: decisions first, then alerts."""
    text = q.strip()
    if not opened.reader.may(Deed.READ_LOTS):
        raise Refused(HTTPStatus.FORBIDDEN, {"detail": "lots are for supervisors and device managers"})
    found: dict[str, Any] | None = await opened.ask.maybe(f"lots/{quote(text, safe='')}") if text else None
    resting = [] if found is None else found["resting"]
    return opened.show(
        "lots.html",
        title="Lots of devices",
        q=text,
        found=found,
        decisions=[one for one in resting if one["what"] != "alert"],
        alerts=[one for one in resting if one["what"] == "alert"],
        rests=RESTS,
    )
