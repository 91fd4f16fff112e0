"""The first page, signing out, the words for scripts, and the console's own files."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, FastAPI
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from api.console import (
    alert,
    annexes,
    breach,
    caller,
    caseload,
    court,
    crimes,
    devices,
    editors,
    figures,
    handover,
    incidents,
    lots,
    map,  # noqa: A004  the page of that name
    packs,
    patrol,
    queue,
    sign_in_pages,
    victim_contact,
    wallboard,
    warrant_new,
    warrants,
    wearer,
    wearer_sheet,
    wearer_track,
    words,
)
from api.console.frame import Opened, install_errors, see_other
from api.console.rendering import BUILT, MORE, places_of

KEEP: Final = "no-cache"
"""Files may be kept, but are asked for again each time (with their ETag)."""
SUBJECTS: Final = (
    court,
    figures,
    queue,
    alert,
    caller,
    sign_in_pages,
    wearer,
    editors,
    handover,
    map,
    wallboard,
    incidents,
    warrant_new,
    warrants,
    victim_contact,
    patrol,
    wearer_track,
    crimes,
    wearer_sheet,
    devices,
    caseload,
    breach,
    packs,
    annexes,
    lots,
)
"""Modules of pages, each with its `router`."""

router = APIRouter(include_in_schema=False)


@router.get("/")
async def home(opened: Opened) -> Response:
    """The first place that the reader's role may see; every role has one."""
    return see_other(places_of(opened.reader)[0][0].href)


@router.get(MORE)
async def more(opened: Opened) -> Response:
    """The places that the navigation has no room for, with what each is for."""
    return opened.show("more.html", title="More")


@router.post("/sign-out")
async def sign_out(opened: Opened) -> Response:
    """Ends the session."""
    await opened.ask.ask("DELETE", "session")
    response = RedirectResponse("/sign-in", 303)
    response.headers["Clear-Site-Data"] = '"cache", "cookies"'
    return response


@router.get("/words.json")
async def words_for_scripts() -> Response:
    """The words for kinds, codes, severities, states, outcomes and roles."""
    return JSONResponse(words.for_browsers(), headers={"Cache-Control": KEEP})


class Files(StaticFiles):
    """Files that are always asked for again, so that a new version is seen at once; the pieces whose names say what is in them are kept."""

    def file_response(self, *arguments: Any, **options: Any) -> Response:
        response = super().file_response(*arguments, **options)
        response.headers["Cache-Control"] = KEEP
        return response


def install(app: FastAPI) -> None:
    """Adds the folder of the console's files, and its pages of errors; the pages come by their routers."""
    app.mount("/console", Files(directory=BUILT, check_dir=False))
    install_errors(app)
