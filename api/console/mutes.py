"""Mutes: what would be quiet is shown as a timeline before it is saved, with the rules told in words; and their end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from alerts.mutes import STILL_TOLD
from api.console.asking import Refused, together
from api.console.before_saving import SAVE, because, digest, draft, fresh_key, may_save
from api.console.frame import Opened, Page, see_other
from api.console.rendering import instant
from api.console.timelines import days_of, midnight, next_midnight, stretch, widest
from api.console.typed import Form, moment_anchors
from api.routes.people import Id
from api.routes.records import Id as Number

USUAL: Final = timedelta(hours=2)
"""How long a mute is proposed to last."""
SOON: Final = "now"
FIELDS: Final = {"from": "from", "to": "to", "reason": "reason"}

router = APIRouter(include_in_schema=False)


@router.get("/mutes")
async def every_mute(opened: Opened) -> Response:
    """Mutes that are not over, of everybody in sight."""
    items, more = await opened.ask.items("mutes")
    return opened.show("mutes.html", title="Mutes", wearer=None, items=items, more=more, key=fresh_key())


@router.get("/wearers/{wearer}/mutes")
async def mutes_of(wearer: Id, opened: Opened) -> Response:
    """Those of one wearer."""
    about, (items, more) = await together(opened.ask.get(f"wearers/{wearer}"), opened.ask.items("mutes", wearer=wearer))
    return opened.show(
        "mutes.html", title="Mutes", wearer=about["record"] | {"id": wearer}, items=items, more=more, key=fresh_key()
    )


@router.get("/wearers/{wearer}/mutes/new")
async def new(wearer: Id, opened: Opened) -> Response:
    """The form."""
    now = opened.now.replace(second=0, microsecond=0)
    form = Form({"begins": SOON})
    form.fill("to", now + USUAL)
    return await _show(wearer, opened, form)


@router.post("/wearers/{wearer}/mutes/new")
async def enter(wearer: Id, opened: Opened) -> Response:
    """Shows what would be quiet; saves it when that was shown."""
    form = Form(opened.typed)
    span: dict[str, Any] = {"wearer": wearer}
    if form["begins"] != SOON:
        span["from"] = form.moment("from", "when the mute begins")
    span["to"] = form.moment("to", "when the mute ends", end=True)
    reason = form.said("reason", "Say why in your own words" if opened.typed.get("do") == SAVE else None)
    told = None
    if not form.wrong:
        try:
            told = (await opened.ask.post("mutes/preview", span)).body
            if may_save(opened, form, span) and not form.wrong:
                await opened.ask.post("mutes", span | {"reason": reason}, key=opened.key())
                return see_other(f"/wearers/{wearer}/mutes")
        except Refused as refused:
            form.refused(refused, FIELDS)
    return await _show(wearer, opened, form, told, digest(span))


async def _show(wearer: str, opened: Page, form: Form, told: Any = None, looked: str | None = None) -> Response:
    about, (standing, _) = await together(opened.ask.get(f"wearers/{wearer}"), opened.ask.items("mutes", wearer=wearer))
    days = []
    if told is not None:
        found = [
            stretch(one, "off" if one["quiet"] else "on", because(one["by"]) if one["quiet"] else "told as ever")
            for one in told["stretches"]
        ]
        first, last = instant(told["stretches"][0]["from"]), instant(told["stretches"][-1]["to"])
        days = days_of(found, midnight(first), next_midnight(last - timedelta(microseconds=1)))
    return opened.show(
        "mute.html",
        status=422 if form.wrong else 200,
        title="Mute alerts",
        wearer=about["record"] | {"id": wearer},
        form=form,
        anchors=moment_anchors("from", "to") | {"form": "do-look"},
        still_told=STILL_TOLD,
        told=told,
        days=days,
        width=widest(days),
        standing=standing,
        looked=looked if told is not None else None,
        key=opened.key() or fresh_key(),
        draft=draft(opened, f"mute-{wearer}"),
        senior=opened.reader.role in ("supervisor", "duty_manager"),
    )


@router.post("/mutes/{mute}/end")
async def end(mute: Number, opened: Opened) -> Response:
    """Ends one now; back to where it was pressed."""
    await opened.ask.post(f"mutes/{mute}/end", key=opened.key())
    wearer = opened.typed.get("wearer", "")
    return see_other(f"/wearers/{wearer}/mutes" if wearer else "/mutes")
