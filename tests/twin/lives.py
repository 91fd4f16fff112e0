"""Where a random wearer was, and what the devices say about it."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import Any

from domain.instants import HOUR_US, MINUTE_US, SECOND_US, format_instant
from tests.twin.geometry import distance_m
from tests.twin.subjects import Point, Scene, Subject, around, chance, moved

Item = dict[str, Any]
HEARD_M = 60.0
TAG_EVENTS = (
    "strap_tamper", "case_tamper", "battery_low", "battery_critical", "battery_dead", "gnss_lost", "jamming", "shielding",
    "sos", "fault", "charging",
)  # fmt: skip
UNIT_TAG_EVENTS = ("strap_tamper", "case_tamper", "battery_low", "fault")
UNIT_EVENTS = ("home_unit_moved", "home_unit_power_lost", "case_tamper", "fault", "battery_low")


@dataclass
class Life:
    """Corners of the way: at ``times[i]`` the wearer was at ``points[i]``, and went straight to the next."""

    times: list[int]
    points: list[Point]

    def at(self, t: int) -> Point:
        i = bisect_right(self.times, t) - 1
        if i < 0:
            return self.points[0]
        if i + 1 >= len(self.times):
            return self.points[-1]
        part = (t - self.times[i]) / max(1, self.times[i + 1] - self.times[i])
        a, b = self.points[i], self.points[i + 1]
        return (a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part)


def lived(scene: Scene, one: Subject) -> Life:
    rng = scene.rng
    life = Life([scene.start - HOUR_US], [rng.choice(one.spots)])
    at = scene.start
    while at < scene.end:
        at += rng.choice((2, 5, 15, 30, 60)) * rng.randrange(30, 90) * SECOND_US
        life.times.append(at)
        life.points.append(life.points[-1])
        spot = moved(rng.choice(one.spots), rng.gauss(0, 25), rng.gauss(0, 25))
        speed = rng.choice((1.5, 1.5, 6, 20))
        at += int(distance_m(life.points[-1], spot) / speed * SECOND_US) + SECOND_US
        life.times.append(at)
        life.points.append(spot)
    return life


def _ms(us: int) -> int:
    return us // 1000


def sent_by_tag(scene: Scene, one: Subject, life: Life, device: str, low: int, high: int) -> list[Item]:
    """Fixes and events of a location tag, in the order of their times."""
    rng = scene.rng
    interval = one.intervals[device] * SECOND_US
    items: list[Item] = []
    at = low + rng.randrange(60) * SECOND_US
    quiet = jump = 0
    while at < min(high, scene.end):
        if quiet > 0:
            quiet -= 1
            if chance(scene, 0.4):
                items.append({"t": _ms(at), "code": "heartbeat"})
        elif chance(scene, 0.015):
            quiet = rng.randrange(3, 14)
        else:
            jump = jump - 1 if jump else (rng.choice((1, 1, 2, 3)) if chance(scene, 0.012) else 0)
            items.append(_fix(scene, life, at, far=jump > 0))
        at += interval if chance(scene, 0.3) else interval + rng.randrange(-2, 6) * SECOND_US
    items += _events(scene, one, TAG_EVENTS, low, min(high, scene.end), None, device)
    if chance(scene, 0.15):
        items += _rest(scene, low, min(high, scene.end), interval // SECOND_US)
    return sorted(items, key=lambda item: int(item["t"]))


def _rest(scene: Scene, low: int, high: int, interval_s: int) -> list[Item]:
    begins = around(scene, low, high) // SECOND_US * SECOND_US
    ends = begins + scene.rng.randrange(5, 60) * MINUTE_US
    rest = {"code": "rest", "data": {"interval_s": interval_s * 5}}
    out: list[Item] = [{"t": _ms(begins), "state": "start", **rest}]
    out += [{"t": _ms(t), "code": "heartbeat"} for t in range(begins + 4 * MINUTE_US, ends, 4 * MINUTE_US)]
    return [*out, {"t": _ms(ends), "state": "end", **rest}]


def _fix(scene: Scene, life: Life, at: int, *, far: bool) -> Item:
    rng = scene.rng
    acc = rng.choice((rng.uniform(3, 20), rng.uniform(3, 20), rng.uniform(20, 70), rng.uniform(50, 199)))
    item: Item = {"t": _ms(at)}
    drawn = rng.random()
    if drawn < 0.01:
        item["src"], acc = "lbs", rng.choice((300.0, 900.0, 120.0))
    elif drawn < 0.02:
        acc = rng.uniform(200.1, 400)
    elif drawn < 0.03:
        item["src"] = rng.choice(("wifi", "gps"))
    sigma = acc / 2.4477
    lon, lat = moved(life.at(at), rng.gauss(0, sigma), rng.gauss(0, sigma))
    if item.get("src") == "lbs" and chance(scene, 0.5):
        lon, lat = moved((lon, lat), 4000, 0)
    if far:
        lon, lat = moved(life.at(at), 9000 + rng.uniform(0, 30), 300)
        acc = 12.0
    if 0.03 < drawn < 0.032:
        lon, lat = 0.0, 0.0
    return {**item, "lat": round(lat, 7), "lon": round(lon, 7), "acc": round(acc, 1)}


def _events(
    scene: Scene, one: Subject, codes: tuple[str, ...], low: int, high: int, tag: str | None, subject: str
) -> list[Item]:
    """Some events, as pulses or from start to end (or never ending); a tamper may be looked at by a person later."""
    rng = scene.rng
    out: list[Item] = []
    for _ in range(rng.choice((0, 0, 1, 1, 2, 3))):
        begins = around(scene, low, max(high, low + SECOND_US)) // SECOND_US * SECOND_US
        code = rng.choice(codes)
        about = {} if tag is None else {"data": {"tag": tag}}
        if chance(scene, 0.4):
            out.append({"t": _ms(begins), "code": code, "state": "pulse", **about})
        else:
            out.append({"t": _ms(begins), "code": code, "state": "start", **about})
            if chance(scene, 0.7):
                ends = begins + rng.randrange(1, 70) * MINUTE_US
                out.append({"t": _ms(ends), "code": code, "state": "end", **about})
        if code in ("strap_tamper", "case_tamper", "shielding", "home_unit_moved"):
            _looked_at(scene, one, code, subject, begins)
    return [item for item in out if item["t"] < _ms(scene.end)]


def _looked_at(scene: Scene, one: Subject, code: str, subject: str, begins: int) -> None:
    if not chance(scene, 0.6):
        return
    rng = scene.rng
    at = begins + rng.randrange(5, 120) * MINUTE_US
    learnt = at + rng.choice((0, 10, 40)) * MINUTE_US
    name = f"{one.number}-{len(one.learnt)}"
    when = {"at": format_instant(at)}
    if code == "home_unit_moved":
        record = {"type": "visit", "id": f"X{name}", "wearer": one.id, "kind": "inspect", **when, "outcome": "done"}
    else:
        record = {"type": "equipment_check", "id": f"E{name}", "device": subject, **when, "by": "x", "result": "sound"}
    line = {"learnt": format_instant(learnt), "holds_from": format_instant(at), "record": record}
    one.learnt.append((learnt, line))


def sent_by_unit(scene: Scene, one: Subject, life: Life) -> list[Item]:
    """A home unit: the tag heard again and again, lost, or only a sign of life."""
    assert one.unit is not None
    rng = scene.rng
    step = one.uploads[one.unit] * SECOND_US
    out: list[Item] = []
    at = scene.start + rng.randrange(60) * SECOND_US
    heard_at: int | None = None
    while at < scene.end:
        tag = next((d for d, low, high in one.tags if low <= at < high), one.tags[0][0])
        near = distance_m(life.at(at), one.home) <= HEARD_M
        if near:
            out.append({"t": _ms(at), "code": "in_range", "state": "start", "data": {"tag": tag}})
            heard_at = at
        elif heard_at is not None:
            left = at - rng.randrange(int(min(step, at - heard_at)) + 1) // SECOND_US * SECOND_US
            data = {"tag": tag, "last_heard": _ms(max(left, heard_at))}
            out.append({"t": _ms(at), "code": "in_range", "state": "end", "data": data})
            heard_at = None
        else:
            out.append({"t": _ms(at), "code": "heartbeat"})
        at += step * 4 // 5 if chance(scene, 0.95) else rng.randrange(2, 8) * step
    for device, low, high in one.tags:
        out += _events(scene, one, UNIT_TAG_EVENTS, low, min(high, scene.end), device, device)
    out += _events(scene, one, UNIT_EVENTS, scene.start, scene.end, None, one.unit)
    return sorted(out, key=lambda item: int(item["t"]))
