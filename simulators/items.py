"""Items and envelopes as devices write them (wire.md), in JSON or MessagePack."""

from __future__ import annotations

from typing import Any

import msgspec

from domain.vocabulary import EventCode, EventState

Item = dict[str, Any]
MOST_ITEMS = 500
"""Items of one envelope of a backlog."""

_json = msgspec.json.Encoder()
_msgpack = msgspec.msgpack.Encoder()


def fix(seq: int, t_ms: int, lat: float, lon: float, acc: float, bat: int) -> Item:
    return {"seq": seq, "t": t_ms, "lat": round(lat, 7), "lon": round(lon, 7), "acc": acc, "bat": bat}


def event(seq: int, t_ms: int, code: EventCode, state: EventState, data: Item | None = None) -> Item:
    item: Item = {"seq": seq, "t": t_ms, "code": code.name.lower()}
    if state is not EventState.PULSE:
        item["state"] = state.name.lower()
    if data:
        item["data"] = data
    return item


def envelope(sent_ms: int, gen: int, items: list[Item], *, msgpack: bool, hello: Item | None = None) -> bytes:
    """An envelope of these items; ``hello`` are the fields that a device says once it is switched on."""
    fixes = [i for i in items if "code" not in i]
    events = [i for i in items if "code" in i]
    body: Item = {"v": 1, "sent": sent_ms}
    if gen:
        body["gen"] = gen
    body.update(hello or {})
    if fixes:
        body["fixes"] = fixes
    if events:
        body["events"] = events
    return (_msgpack if msgpack else _json).encode(body)


def fix_template(gen: int) -> bytes:
    """The usual envelope of one position as a template: sent, seq, t, lat, lon, acc, bat."""
    head = b'{"v":1,"sent":%%d,"gen":%d,' % gen if gen else b'{"v":1,"sent":%d,'
    return head + b'"fixes":[{"seq":%d,"t":%d,"lat":%.7f,"lon":%.7f,"acc":%.1f,"bat":%d}]}'


def heard_template(gen: int) -> bytes:
    """The usual envelope of a home unit that hears its tag as a template: sent, seq, t, tag."""
    head = b'{"v":1,"sent":%%d,"gen":%d,' % gen if gen else b'{"v":1,"sent":%d,'
    return head + b'"events":[{"seq":%d,"t":%d,"code":"in_range","state":"start","data":{"tag":"%s"}}]}'
