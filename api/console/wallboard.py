"""The wallboard: figures alone, of nobody, to be read across a room."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from access.grants import Deed
from api.console import words
from api.console.asking import together
from api.console.frame import Opened, Page
from api.console.rendering import instant

LATE_AFTER_S: Final = 10
"""Ingest decides once a second; a newest decision older than this is said aloud."""
SOUNDS_AFTER_S: Final = 120
"""A critical alert that nobody has for so long sounds, where the sound is on."""

router = APIRouter(include_in_schema=False)


@router.get("/wallboard")
async def wallboard(opened: Opened) -> Response:
    """The whole page."""
    return opened.show("wallboard.html", title="Wallboard", wide=True, **await _figures(opened))


@router.get("/wallboard/board")
async def board(opened: Opened) -> Response:
    """The figures alone, for the page to take in again and again."""
    return opened.show("parts/board.html", **await _figures(opened))


async def _figures(opened: Page) -> dict[str, Any]:
    counts, alerts = await together(opened.ask.get("counts"), opened.ask.get("counts/alerts"))
    now_us = opened.parts.now()
    states = [(state, label, counts["orders"].get(state, 0)) for state, label in words.STATES.items()]
    decided = counts["at"]
    late_s = None if decided is None else now_us / 1e6 - instant(decided).timestamp()
    oldest = next(
        (
            (one.value, alerts["unclaimed"][one.value])
            for one in words.SEVERITY_ORDER
            if one.value in alerts["unclaimed"]
        ),
        None,
    )
    return {
        "counts": counts,
        "alerts": alerts,
        "states": states,
        "adds_up": sum(number for _, _, number in states) == counts["orders_active"],
        "violations": sum(counts["violations_open"].values()),
        "late_s": late_s,
        "late": late_s is None or late_s > LATE_AFTER_S,
        "oldest": oldest,
        "most": max([1, *alerts["minutes"]]),
        "sounds_after_s": SOUNDS_AFTER_S,
        "follows": opened.reader.may(Deed.READ_ALERTS),
    }
