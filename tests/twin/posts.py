"""Items of a device as envelopes, as they were received: live, late, repeated, out of order."""

from __future__ import annotations

from typing import Any

from domain.instants import HOUR_US, SECOND_US, format_instant
from tests.twin.subjects import Line, Scene, around, chance

Item = dict[str, Any]
MOST_ITEMS = 40


def posted(scene: Scene, device: str, upload_s: int, items: list[Item]) -> list[Line]:
    """One envelope an upload; nothing while out of touch, then the backlog, sometimes behind what is live."""
    rng = scene.rng
    again = len(items) * rng.randrange(3, 9) // 10 if chance(scene, 0.1) else len(items)
    for number, item in enumerate(items):
        item["seq"] = number + 1 if number < again else number + 1 - again
        item["gen"] = 0 if number < again else 1
    dark = _dark(scene)
    out: list[Line] = []
    backlog: list[Item] = []
    at = scene.start + upload_s * SECOND_US // 2
    taken = 0
    while taken < len(items) or backlog:
        at += upload_s * SECOND_US
        due = taken
        while due < len(items) and items[due]["t"] * 1000 <= at:
            due += 1
        fresh, taken = items[taken:due], due
        if any(low <= at < high for low, high in dark):
            backlog += fresh
            continue
        if backlog and chance(scene, 0.6):
            out += _sent(scene, device, at, backlog + fresh)
            backlog = []
        else:
            out += _sent(scene, device, at, fresh)
            if backlog and chance(scene, 0.5):
                out += _sent(scene, device, at + 20 * SECOND_US, backlog)
                backlog = []
    for at_, line in list(out):
        if chance(scene, 0.03):
            out.append(_received(at_ + rng.randrange(5, 2400) * SECOND_US, device, line["envelope"]))
    return out


def _dark(scene: Scene) -> list[tuple[int, int]]:
    """When the device is out of touch."""
    out = []
    for _ in range(scene.rng.choice((0, 1, 1, 2, 3))):
        low = around(scene, scene.start, scene.end)
        out.append((low, low + scene.rng.randrange(4, 60) * 60 * SECOND_US))
    return out


def _sent(scene: Scene, device: str, at: int, items: list[Item]) -> list[Line]:
    rng = scene.rng
    out = []
    for gen in (0, 1):
        ours = [item for item in items if item["gen"] == gen]
        for first in range(0, len(ours), MOST_ITEMS):
            part = [{k: v for k, v in item.items() if k != "gen"} for item in ours[first : first + MOST_ITEMS]]
            if chance(scene, 0.15):
                rng.shuffle(part)
            envelope: dict[str, Any] = {"v": 1, "sent": at // 1000 + 500}
            if gen:
                envelope["gen"] = gen
            fixes = [item for item in part if "lat" in item]
            events = [item for item in part if "code" in item]
            if fixes:
                envelope["fixes"] = [*fixes, _spoilt(scene, fixes[0])] if chance(scene, 0.01) else fixes
            if events:
                envelope["events"] = events
            delay = rng.choice((1, 3, 8, 8, 70)) * rng.randrange(200, 1000) * 1000
            if part and not (chance(scene, 0.01) and part[-1]["t"] * 1000 > at - HOUR_US):
                out.append(_received(at + delay, device, envelope))
    return out


def _spoilt(scene: Scene, item: Item) -> Item:
    """An item that parks alone; its `seq` is not used up."""
    wrong = scene.rng.choice(({"lat": 91}, {"acc": 0}, {"acc": "12"}, {"t": 12}, {"src": "sonar"}, {"hdg": 360}))
    return {**item, "seq": 900_000 + item["seq"], **wrong}


def _received(at: int, device: str, envelope: Any) -> Line:
    return at, {"received": format_instant(at), "device": device, "envelope": envelope}
