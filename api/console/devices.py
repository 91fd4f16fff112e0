"""Pages of those who see to the equipment: today's visits with what each person wears; devices; parked messages. No positions."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from api.console.asking import together
from api.console.frame import Opened
from api.console.rendering import instant, text_of
from api.console.timelines import midnight, next_midnight
from api.console.wearer_found import kept
from api.console.wearer_words import DEVICE_KINDS

LISTED: Final = 200
SHORTEST_SILENCE: Final = timedelta(seconds=300)
REASONS: Final = {
    "oversize": "Too long",
    "bad_topic": "No topic of ours",
    "partition_mismatch": "Under another device's topic",
    "unknown_device": "Device not entered",
    "not_utf8": "Not UTF-8",
    "not_json": "Not JSON",
    "not_msgpack": "Not MessagePack",
    "unknown_version": "Unknown version",
    "too_many_items": "Too many items",
    "schema": "Not as the wire says",
}
"""Why a message was parked."""

Json = dict[str, Any]

router = APIRouter(include_in_schema=False)


@router.get("/field")
async def field(opened: Opened) -> Response:
    """Today's visits, each with the person and how the devices on them are."""
    now = opened.now
    span = {"from": text_of(midnight(now)), "to": text_of(next_midnight(now))}
    (visits, more), (worn, _) = await together(
        opened.ask.items("visits", most=LISTED, **span), opened.ask.items("devices", most=LISTED)
    )
    found = sorted((kept(one) for one in visits), key=lambda one: str(one["at"]))
    wearers = list(dict.fromkeys(one["wearer"] for one in found))
    records = await together(*(opened.ask.maybe(f"wearers/{one}") for one in wearers))
    devices_on = [one | {"silent": _silent(one, now)} for one in worn]
    people = {
        wearer: (told or {"record": {}})["record"] | {"devices": [one for one in devices_on if one["wearer"] == wearer]}
        for wearer, told in zip(wearers, records, strict=True)
    }
    return opened.show("field.html", title="Today’s visits", visits=found, people=people, more=more, kinds=DEVICE_KINDS)


@router.get("/devices")
async def devices(opened: Opened) -> Response:
    """Devices by id, who has them, and which are silent."""
    cursor = opened.request.query_params.get("cursor")
    page = await opened.ask.get("devices", limit=LISTED, cursor=cursor)
    items = [one | {"silent": _silent(one, opened.now)} for one in page["items"]]
    onward = (page["next"] or "").partition("?")[2]
    return opened.show("devices.html", title="Devices", items=items, more=onward, first=not cursor, kinds=DEVICE_KINDS)


@router.get("/dead-letters")
async def dead_letters(opened: Opened) -> Response:
    """Parked messages and why, the newest first."""
    asked = {name: opened.request.query_params.get(name) or None for name in ("reason", "device", "cursor")}
    page = await opened.ask.get("dead-letters", limit=LISTED, **asked)
    onward = (page["next"] or "").partition("?")[2]
    return opened.show(
        "dead_letters.html", title="Parked messages", items=page["items"], more=onward, asked=asked, reasons=REASONS
    )


def _silent(device: Json, now: datetime) -> timedelta | None:
    """For how long a device on somebody has been silent, when that is longer than it may be (rules.md 7)."""
    if device.get("heard") is None or not (device.get("wearer") or device.get("victim")):
        return None
    silent = now - instant(device["heard"])
    allowed = max(timedelta(seconds=2 * device["record"].get("upload_s", 60)), SHORTEST_SILENCE)
    return silent if silent >= allowed else None
