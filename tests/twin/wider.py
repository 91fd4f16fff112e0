"""The second family of random feeds: attendance, checks, alcohol, allowances, victims, charging, conflicts, assessments."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from domain.instants import DAY_US, HOUR_US, MINUTE_US, SECOND_US, format_instant
from tests.twin.lives import Item, Life
from tests.twin.subjects import DAYS, Line, Point, Record, Scene, Subject, absence, around, chance, minute, moved

DECISIONS = ("upheld", "upheld", "reasonable_excuse", "equipment", "disputed", "not_pursued")
RESULTS = ("verified", "verified", "no_answer", "no_answer", "not_verified")


def more(scene: Scene, one: Subject, victims: list[Subject], others: list[Subject]) -> None:
    """What a wearer of this family has beside what every random wearer has. ``others`` are wearers near by."""
    rng = scene.rng
    order = next(r for r in one.records if r["type"] == "order")
    order["atv_allowance_min"] = rng.choice((None, 15, 30, 60, 120))
    order["fit_within_h"] = rng.choice((72, 1, 0.5))
    if chance(scene, 0.5):
        _fitted_lately(scene, one)
    made: list[Record] = []
    if chance(scene, 0.7):
        made.append(_attendance(scene, one))
    if chance(scene, 0.6):
        made.append(_presence_check(scene, one))
    if chance(scene, 0.6):
        made.append(_alcohol(scene, one))
    if chance(scene, 0.4):
        made.append(_passed_by(scene, one))
    made += [_proximity(scene, one, victim) for victim in victims if chance(scene, 0.8)]
    apart = [other for other in others if chance(scene, 0.6)]
    made += [_condition(one, f"m{other.number}", "association", {"other_wearer": other.id}) for other in apart]
    for number, condition in enumerate(made):
        if chance(scene, 0.15):
            condition["from"] = format_instant(minute(scene, scene.start, scene.end))
        if chance(scene, 0.15):
            condition["to"] = format_instant(scene.end - rng.randrange(5, 60) * MINUTE_US)
            condition.pop("from", None)
        if chance(scene, 0.3):
            one.records.append(absence(scene, f"AM{one.number}{number}", condition["id"]))
    one.records += made
    _visits(scene, one)
    _assessments(scene, one)


def _condition(one: Subject, letter: str, kind: str, rest: Record) -> Record:
    return {"type": "condition", "id": f"C{one.number}{letter}", "order": f"O{one.number}", "kind": kind, **rest}


def _fitted_lately(scene: Scene, one: Subject) -> None:
    """So that the 36 hours without charging end within the feed; sometimes the tag is fitted in the feed only."""
    for record in one.records:
        if record["type"] == "fitting" and record["id"] == f"F{one.number}":
            at = scene.start - 36 * HOUR_US + scene.rng.randrange(240) * MINUTE_US
            if chance(scene, 0.2):
                at = scene.start + scene.rng.randrange(100) * MINUTE_US
            if record["to"] is None:
                record["from"] = format_instant(at)


def _wall(scene: Scene, us: int) -> str:
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)
    return at.astimezone(ZoneInfo(scene.zone)).strftime("%H:%M")


def _attendance(scene: Scene, one: Subject) -> Record:
    rng = scene.rng
    at = rng.choice((moved(one.home, 500, -300), one.home))
    one.spots += [at, at]
    rows = []
    for _ in range(rng.randrange(1, 4)):
        low = minute(scene, scene.start, scene.end)
        high = low + rng.randrange(15, 90) * MINUTE_US
        rows += [{"day": day, "start": _wall(scene, low), "end": _wall(scene, high)} for day in DAYS]
    place = {"name": rng.choice(("class", "home")), "lon": at[0], "lat": at[1], "radius_m": rng.choice((50, 120))}
    place["home_unit"] = one.unit if at == one.home else None
    rest = {"place": place, "timezone": scene.zone, "timetable": rows if chance(scene, 0.9) else None}
    return _condition(one, "t", "attendance", {**rest, "hours_per_week": rng.choice((None, 0.5, 2, 12))})


def device(scene: Scene, one: Subject, name: str, kind: str, every: tuple[int, int], *, victim: bool = False) -> None:
    one.records.append({"type": "device", "id": name, "kind": kind, "interval_s": every[0], "upload_s": every[1]})
    one.kinds[name], one.intervals[name], one.uploads[name] = kind, *every
    scene.devices.append(name)
    since = format_instant(scene.start - 5 * DAY_US if chance(scene, 0.7) else scene.start - 23 * HOUR_US)
    whose = {"victim" if victim else "wearer": one.id}
    one.records.append({"type": "fitting", "id": f"F{name}", **whose, "device": name, "from": since, "to": None})


def _passed_by(scene: Scene, one: Subject) -> Record:
    """A small zone on the way, with a buffer."""
    at = moved(one.home, 250, -150)
    one.spots += [moved(at, 160, 0), moved(at, -400, 240)]
    shape = {"type": "Circle", "center": list(at), "radius_m": 90}
    rest = {"zone": shape, "threshold_points": scene.rng.choice((0, 1)), "buffer_m": 120, "schedule": None}
    return _condition(one, "x", "exclusion_zone", rest)


def _presence_check(scene: Scene, one: Subject) -> Record:
    device(scene, one, f"L{one.number}", scene.rng.choice(("voice_line", "voice_line", "non_fitted")), (60, 60))
    place = {"name": "home", "lon": one.home[0], "lat": one.home[1], "radius_m": 50, "home_unit": None}
    rest = {"place": place if chance(scene, 0.8) else None, "timezone": scene.zone, "timetable": None}
    return _condition(one, "p", "presence_check", rest)


def _alcohol(scene: Scene, one: Subject) -> Record:
    every = scene.rng.choice((300, 600, 1800))
    device(scene, one, f"K{one.number}", "alcohol_tag", (every, scene.rng.choice((every, 3600))))
    limit = None if chance(scene, 0.1) else scene.rng.choice((0.2, 0.35))
    return _condition(one, "k", "alcohol", {"tac_limit_permille": limit})


def _proximity(scene: Scene, one: Subject, victim: Subject) -> Record:
    alert_m = scene.rng.choice((150, 300, 500))
    rest: Record = {"victim": victim.id, "alert_m": alert_m, "threshold_points": scene.rng.choice((0, 0, 1, 2))}
    rest["prealert_m"] = None if chance(scene, 0.5) else alert_m + scene.rng.choice((0, 200, 700))
    return _condition(one, f"v{victim.number}", "proximity", rest)


def victim(scene: Scene, number: int, near: Point) -> Subject:
    """A protected person with a unit, not far from a wearer."""
    one = Subject(f"V{number}", number, moved(near, scene.rng.uniform(-900, 900), scene.rng.uniform(-900, 900)))
    one.spots = [one.home, one.home, moved(one.home, 400, 400), moved(near, 30, 0), moved(one.home, 3000, -900)]
    one.records.append({"type": "victim", "id": one.id, "name": f"Victim {number}"})
    interval_s = scene.rng.choice((60, 120))
    device(scene, one, f"U{number}", "victim_unit", (interval_s, interval_s), victim=True)
    one.tags = [(f"U{number}", scene.start, scene.end)]
    return one


def unfitted(scene: Scene, number: int) -> Subject:
    """A wearer whom nobody has fitted, or late; visits say why."""
    rng = scene.rng
    one = Subject(f"W{number}", number, (0.5, 52.0))
    one.records.append({"type": "wearer", "id": one.id, "name": f"Wearer {number}", "level": "standard"})
    low = scene.start - rng.choice((0, 2, 70)) * HOUR_US
    order: Record = {"type": "order", "id": f"O{number}", "wearer": one.id, "kind": "bail", "from": format_instant(low)}
    ends = scene.end + 60 * DAY_US if chance(scene, 0.7) else minute(scene, scene.start, scene.end) + HOUR_US
    one.records.append({**order, "to": format_instant(ends), "fit_within_h": rng.choice((72, 3, 1.5))})
    _visits(scene, one)
    if chance(scene, 0.6):
        device(scene, one, f"T{number}", "gps_tag", (60, 60))
        fitting = one.records.pop()
        at = minute(scene, scene.start, scene.end)
        fitting["from"] = format_instant(at)
        learnt = at + rng.choice((-30, 0, 45)) * MINUTE_US
        one.learnt.append((learnt, {"learnt": format_instant(learnt), "holds_from": None, "record": fitting}))
    return one


def _visits(scene: Scene, one: Subject) -> None:
    for number in range(scene.rng.choice((0, 0, 1, 2))):
        at = minute(scene, scene.start, scene.end)
        outcome = scene.rng.choice(("refused", "no_answer", "wrong_address", "not_attempted"))
        record = {"type": "visit", "id": f"XM{one.number}{number}", "wearer": one.id, "kind": "fit"}
        record |= {"at": format_instant(at), "outcome": outcome}
        later = at + scene.rng.choice((0, 5, 90)) * MINUTE_US
        one.learnt.append(
            (later, {"learnt": format_instant(later), "holds_from": format_instant(at), "record": record})
        )


def _assessments(scene: Scene, one: Subject) -> None:
    """Of violations that there may be; some decided again, some taken back."""
    for number in range(scene.rng.randrange(3, 15)):
        at = around(scene, scene.start + HOUR_US, scene.end + HOUR_US) // SECOND_US * SECOND_US
        record = {"type": "assessment", "id": f"B{one.number}{number}", "by": "x", "reason": "r"}
        record["violation"] = f"{one.id}-{scene.rng.randrange(1, 25)}"
        record |= {"decision": scene.rng.choice(DECISIONS), "at": format_instant(at)}
        later = at + scene.rng.choice((0, 0, 20, -10)) * MINUTE_US
        holds = scene.rng.choice((None, format_instant(min(at, later))))
        one.learnt.append((later, {"learnt": format_instant(later), "holds_from": holds, "record": record}))
        if chance(scene, 0.2):
            again = later + scene.rng.randrange(1, 60) * MINUTE_US
            line = {"learnt": format_instant(again), "holds_from": None, "record": record, "cancelled": True}
            if chance(scene, 0.5):
                line = {**line, "record": {**record, "decision": scene.rng.choice(DECISIONS)}}
                del line["cancelled"]
            one.learnt.append((again, line))


# what devices send beside what they send in every feed


def added(scene: Scene, life: Life, items: list[Item], low: int, high: int) -> list[Item]:
    """A location tag's items with batteries and speeds, charging, and silences that begin with signs of shielding."""
    rng = scene.rng
    clear = (
        around(scene, low, (low + high) // 2) if chance(scene, 0.8) else high
    )  # from here on every fix is right to a few metres
    for item in items:
        if "lat" in item and item["t"] * 1000 >= clear:
            lon, lat = life.at(item["t"] * 1000)
            item |= {"lat": round(lat, 7), "lon": round(lon, 7), "acc": rng.choice((3.0, 6.5, 12.0))}
    bat = rng.uniform(10, 100)
    for item in items:
        if "lat" in item:
            bat = max(5.0, bat - 0.05)
            if chance(scene, 0.5):
                item["bat"] = round(bat)
            if chance(scene, 0.3):
                item["spd"] = rng.choice((0, 1.4, 12.5, 40))
    for _ in range(rng.randrange(4)):
        begins = around(scene, low, high)
        lasts = rng.choice((2, 20, 59, 60, 61, 90)) * MINUTE_US
        items.append(
            {"t": begins // 1000, "code": "charging", "state": rng.choice(("start", "start", "start", "pulse"))}
        )
        items.append({"t": (begins + lasts) // 1000, "code": "charging", "state": "end"})
    if chance(scene, 0.6):
        lost = around(scene, low, high)
        until = lost + rng.randrange(8, 40) * MINUTE_US
        items = [item for item in items if not lost < item["t"] * 1000 < until]
        code = rng.choice(("gnss_lost", "jamming"))
        items.append({"t": (lost - rng.randrange(0, 100) * SECOND_US) // 1000, "code": code, "state": "start"})
    return sorted((item for item in items if item["t"] * 1000 < scene.end), key=lambda item: int(item["t"]))


def sent_by_line(scene: Scene) -> list[Item]:
    rng = scene.rng
    out: list[Item] = []
    at = scene.start + rng.randrange(30) * MINUTE_US
    while at < scene.end:
        data: dict[str, Any] = {"result": rng.choice(RESULTS), "score": round(rng.random(), 2)}
        if chance(scene, 0.7):
            data["place"] = rng.choice(("home", "home", "class", "elsewhere"))
        out.append({"t": at // 1000, "code": "presence_check", "data": data})
        at += rng.choice((5, 10, 10, 25, 60)) * MINUTE_US + rng.choice((-1, 0, 0, 1)) * 1000
    return out


def sent_by_alcohol_tag(scene: Scene, interval_s: int) -> list[Item]:
    rng = scene.rng
    out: list[Item] = []
    tac = 0.0
    at = scene.start + rng.randrange(600) * SECOND_US
    stops = scene.end if chance(scene, 0.8) else around(scene, scene.start, scene.end)
    while at < stops:
        tac = max(0.0, tac + rng.choice((-0.1, -0.05, 0, 0.05, 0.15)))
        if chance(scene, 0.95):
            data = {"tac_permille": round(tac, 2)}
            out.append({"t": at // 1000, "code": "alcohol_reading", "data": data})
        if chance(scene, 0.04):
            code, ends = rng.choice(("case_tamper", "shielding")), at + rng.randrange(1, 60) * MINUTE_US
            out.append({"t": at // 1000, "code": code, "state": "start"})
            out.append({"t": ends // 1000, "code": code, "state": "end"})
        at += interval_s * SECOND_US
    return sorted((item for item in out if item["t"] * 1000 < scene.end), key=lambda item: int(item["t"]))


def confused(scene: Scene, lines: list[Line]) -> list[Line]:
    """Messages again with other values under the same names; and devices whose clock is wrong for a while."""
    out = list(lines)
    messages = [line for line in lines if "device" in line[1] and isinstance(line[1]["envelope"], dict)]
    for _ in range(scene.rng.choice((0, 1, 2, 3)) if messages else 0):
        at, line = scene.rng.choice(messages)
        envelope = copy.deepcopy(line["envelope"])
        for fix in envelope.get("fixes", [])[:2]:
            if isinstance(fix.get("acc"), float):
                fix["acc"] = round(min(190.0, fix["acc"] + scene.rng.choice((0, 1, 7))), 1)
        for event in envelope.get("events", [])[:1]:
            event["t"] = event["t"] + scene.rng.choice((0, 1000))
        later = at + scene.rng.randrange(1, 3000) * SECOND_US
        out.append((later, {**line, "received": format_instant(later), "envelope": envelope}))
    if chance(scene, 0.5) and messages:
        wrong, since = scene.rng.choice(messages)[1]["device"], around(scene, scene.start, scene.end)
        skew, until = scene.rng.choice((-6000, -4000, 9000, 60_000)), since + scene.rng.randrange(200) * MINUTE_US
        for at, line in messages:
            if line["device"] == wrong and since <= at < until and isinstance(line["envelope"].get("sent"), int):
                line["envelope"]["sent"] += skew
    if chance(scene, 0.3) and messages:
        at, line = scene.rng.choice(messages)
        times = [at + i * 1000 for i in range(scene.rng.randrange(9, 12))]
        out += [(t, {**line, "received": format_instant(t), "envelope": {"v": 1}}) for t in times]
    return out


def shares(one: Subject, other: Subject) -> None:
    """Places where the two may meet."""
    one.spots += other.spots[:1]
    other.spots += one.spots[:1]


def lives_of(life: Life, other: Life, low: int, high: int) -> Life:
    """``life``, but for ``[low, high)`` the same way as another's."""
    times = [t for t in life.times if not low <= t < high]
    taken = [(t, other.at(t)) for t in range(low, high, MINUTE_US)]
    both = sorted([(t, life.at(t)) for t in times] + taken, key=lambda p: p[0])
    return Life([t for t, _ in both], [p for _, p in both])
