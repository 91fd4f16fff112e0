"""The sealed annex of a pack: when it was opened and by whose direction, and the form that opens it (docs/packs.md)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from access.grants import Deed
from api.console.asking import Refused, together
from api.console.before_saving import fresh_key
from api.console.frame import Opened, Page
from api.console.typed import Form
from api.routes.packs import PDF
from api.routes.records import Id as Number

FIELDS: Final = {"court": "court", "reference": "reference", "directed": "directed"}

router = APIRouter(include_in_schema=False)


@router.get("/breaches/{breach}/packs/{version}/annex")
async def annex(breach: Number, version: int, opened: Opened) -> Response:
    """Every opening, and for whoever may open it the form."""
    return await _show(opened, breach, version, Form())


@router.post("/breaches/{breach}/packs/{version}/annex")
async def open_it(breach: Number, version: int, opened: Opened) -> Response:
    """The file itself, entered before it is given."""
    form = Form(opened.typed)
    body = {
        "court": form.said("court", "Enter the court that directed it"),
        "reference": form.said("reference", "Enter the reference of its direction"),
        "directed": form.date("directed", "when it was directed"),
    }
    if not form.wrong:
        try:
            told = await opened.ask.post(f"breaches/{breach}/packs/{version}/annex-openings", body, key=opened.key())
        except Refused as refused:
            if refused.status != HTTPStatus.UNPROCESSABLE_ENTITY:
                raise
            form.refused(refused, FIELDS)
        else:
            name = f'attachment; filename="BW-{breach}-{version}-annex.pdf"'
            headers = {"Content-Disposition": name, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
            return Response(told.content, media_type=PDF, headers=headers)
    return await _show(opened, breach, version, form)


async def _show(opened: Page, breach: str, version: int, form: Form) -> Response:
    at = f"breaches/{breach}/packs/{version}"
    pack, openings = await together(opened.ask.get(at), opened.ask.get(f"{at}/annex-openings"))
    return opened.show(
        "annex.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if form.wrong else HTTPStatus.OK,
        title=f"Sealed annex of breach pack {pack['reference']}, version {version}",
        pack=pack,
        openings=openings["items"],
        form=form,
        anchors={"directed": "directed-day", "form": "court"},
        opens=opened.reader.may(Deed.OPEN_ANNEXES) and pack["annex"],
        key=fresh_key(),
    )
