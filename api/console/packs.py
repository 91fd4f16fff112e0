"""The packs of a breach case: asked for, read on screen, signed for, given to others."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from access.grants import Deed
from api.console.asking import Refused
from api.console.before_saving import fresh_key
from api.console.frame import Opened, Page, see_other
from api.console.typed import Form
from api.parts import API_ROOT
from api.routes.records import Id as Number

STATES: Final = {
    "waiting": ("Waits to be made", "grey"),
    "making": ("Being made", "blue"),
    "draft": ("Draft", "yellow"),
    "failed": ("Not made", "red"),
    "done": ("Signed", "green"),
}
"""What a state is called, and the colour of its tag; the words say it all."""
FIELDS: Final = {"name": "name", "post": "post", "organisation": "organisation", "email": "email"}
MOVING: Final = frozenset({"waiting", "making"})
ON_THE_WAY: Final = MOVING | {"draft"}

router = APIRouter(include_in_schema=False)


@router.get("/breaches/{breach}/packs")
async def packs(breach: Number, opened: Opened) -> Response:
    """The versions of a case's pack."""
    return await _list(opened, breach, Form())


@router.post("/breaches/{breach}/packs")
async def ask(breach: Number, opened: Opened) -> Response:
    """Asks for the next version."""
    form = Form(opened.typed)
    try:
        await opened.ask.post(f"breaches/{breach}/packs", {}, key=opened.key())
    except Refused as refused:
        if refused.status != HTTPStatus.CONFLICT:
            raise
        form.fault("asked", refused.words.capitalize())
        return await _list(opened, breach, form)
    return see_other(f"/breaches/{breach}/packs")


async def _list(opened: Page, breach: str, form: Form) -> Response:
    case = await opened.ask.get(f"breaches/{breach}")
    found = (await opened.ask.get(f"breaches/{breach}/packs"))["items"]
    return opened.show(
        "packs.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if form.wrong else HTTPStatus.OK,
        title=f"Packs of breach case {breach}",
        row=case,
        packs=found,
        states=STATES,
        moving=any(one["state"] in MOVING for one in found),
        form=form,
        asks=opened.reader.may(Deed.ASK_PACKS) and not any(one["state"] in ON_THE_WAY for one in found),
        key=opened.key() or fresh_key(),
    )


@router.get("/breaches/{breach}/packs/{version}")
async def pack(breach: Number, version: int, opened: Opened) -> Response:
    """One version."""
    return await _one(opened, breach, version, Form())


@router.get("/breaches/{breach}/packs/{version}/read")
async def read(breach: Number, version: int, opened: Opened) -> Response:
    """The words of one, on screen."""
    found = await opened.ask.get(f"breaches/{breach}/packs/{version}")
    told = await opened.ask.get(f"breaches/{breach}/packs/{version}/page")
    title = f"Breach pack {found['reference']}, version {version}"
    return opened.show("pack_read.html", title=title, pack=found, html=told["html"], states=STATES)


@router.post("/breaches/{breach}/packs/{version}/signature")
async def sign(breach: Number, version: int, opened: Opened) -> Response:
    """Puts the reader's name under the draft that they read."""
    form = Form(opened.typed)
    name, post = form.said("name", "Give your name"), form.said("post", "Give your post")
    if form["read"] != "yes":
        form.fault("read", "Say that you have read it")
    if form.wrong:
        return await _one(opened, breach, version, form)
    body = {"name": name, "post": post, "organisation": form["organisation"].strip(), "read_sha256": form["sha256"]}
    return await _post(opened, form, (breach, version), "signature", body)


@router.post("/breaches/{breach}/packs/{version}/recipients")
async def give(breach: Number, version: int, opened: Opened) -> Response:
    """Enters who gets it."""
    form = Form(opened.typed)
    name = form.said("name", "Give a name")
    if form.wrong:
        return await _one(opened, breach, version, form)
    body = {"name": name, "organisation": form["organisation"].strip(), "email": form["email"].strip() or None}
    return await _post(opened, form, (breach, version), "recipients", body)


async def _post(opened: Page, form: Form, of: tuple[str, int], what: str, body: dict[str, Any]) -> Response:
    breach, version = of
    try:
        await opened.ask.post(f"breaches/{breach}/packs/{version}/{what}", body, key=opened.key())
    except Refused as refused:
        if refused.status not in (HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.CONFLICT):
            raise
        if refused.status == HTTPStatus.CONFLICT:
            form.fault("name", refused.words.capitalize())
        else:
            form.refused(refused, FIELDS)
        return await _one(opened, breach, version, form)
    return see_other(f"/breaches/{breach}/packs/{version}")


async def _one(opened: Page, breach: str, version: int, form: Form) -> Response:
    at = f"breaches/{breach}/packs/{version}"
    found = await opened.ask.get(at)
    holders = (await opened.ask.get(f"{at}/recipients"))["items"]
    return opened.show(
        "pack.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if form.wrong else HTTPStatus.OK,
        title=f"Breach pack {found['reference']}, version {version}",
        pack=found,
        holders=holders,
        states=STATES,
        moving=found["state"] in MOVING,
        document=f"{API_ROOT}/{at}/document",
        form=form,
        signs=opened.reader.may(Deed.SIGN_PACKS) and found["state"] == "draft",
        gives=opened.reader.may(Deed.ASK_PACKS) and found["state"] == "done" and not found["superseded"],
        key=opened.key() or fresh_key(),
    )
