"""The pages of the OpenAPI document, and the console: all from here, nothing from elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles

from api.console import home
from api.html import page

HERE: Final = Path(__file__).parents[1]
STATIC: Final = HERE / "static"
KEEP: Final = "no-cache"
"""Files may be kept, but are asked for again each time (with their ETag)."""

router = APIRouter(include_in_schema=False)


@router.get("/favicon.ico")
async def favicon() -> Response:
    """For browsers that ask for it by this name."""
    return FileResponse(STATIC / "icon.svg", media_type="image/svg+xml", headers={"Cache-Control": KEEP})


@router.get("/api/v1/docs")
async def reference(request: Request) -> Response:
    """The OpenAPI document as a page for people."""
    document = request.app.openapi()
    return page("reference.html", api=document, groups=_groups(document))


class _Files(StaticFiles):
    """Files that are always asked for again, so that a new version is seen at once."""

    def file_response(self, *arguments: Any, **options: Any) -> Response:
        response = super().file_response(*arguments, **options)
        response.headers["Cache-Control"] = KEEP
        return response


def install(app: FastAPI) -> None:
    """Adds the folders of files, and the pages of errors; the pages come by their routers."""
    home.install(app)
    app.mount("/static", _Files(directory=STATIC))


def _groups(document: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Operations by their first tag, in the order of the document."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            told = {"path": path, "method": method.upper(), **operation}
            groups.setdefault(operation.get("tags", ["other"])[0], []).append(told)
    return groups
