"""Equipment events and lost location (rules.md 7)."""

from __future__ import annotations

from domain.instants import SECOND_US
from tests.twin.facts import Fact
from tests.twin.found import Found
from tests.twin.presence import left_at
from tests.twin.track import Device, View

KINDS = [
    "strap_tamper",
    "case_tamper",
    "jamming",
    "shielding",
    "fault",
    "home_unit_moved",
    "home_unit_power_lost",
    "battery_low",
    "battery_critical",
    "battery_dead",
    "sos",
]
CODES = {"fault": "AL24", "home_unit_moved": "AL05", "home_unit_power_lost": "AL04", "battery_dead": "AL23"}
BY_WEARER = ("strap_tamper", "case_tamper", "jamming", "shielding", "sos", "home_unit_moved")
LOCATED = ("gps_tag", "victim_unit")
LEAST_LOST_S = 300


def equipment_violations(view: View) -> list[Found]:
    out: list[Found] = []
    for device in view.worn:
        for kind in KINDS:
            about = [f for f in view.about if f.subject == device.id and f.code == kind]
            out += _events(view, device, kind, about)
    return out


def _events(view: View, device: Device, kind: str, facts: list[Fact]) -> list[Found]:
    out: list[Found] = []
    open_: Found | None = None
    until = 0
    for fact in facts:
        if open_ is not None and until <= fact.t:
            open_.close(until, "clock")
            open_ = None
        if fact.state == "pulse":
            out.append(_made(view, device, kind, fact))
            out[-1].close(fact.t, "event")
        elif fact.state == "start" and open_ is None:
            open_ = _made(view, device, kind, fact)
            out.append(open_)
            fitting = device.fitting(fact.t)
            assert fitting is not None
            until = fitting[1]
        elif fact.state == "end" and open_ is not None:
            open_.close(fact.t, "event", fact)
            open_ = None
    if open_ is not None and until <= view.at:
        open_.close(until, "clock")
    return out


def _made(view: View, device: Device, kind: str, fact: Fact) -> Found:
    code = CODES.get(kind)
    if kind == "battery_low" and view.caseload.device(device.id, fact.t)["kind"] == "rf_tag":
        code = "AL21"
    cause = "wearer" if kind in BY_WEARER else "equipment" if kind == "fault" else "unknown"
    return Found(kind, fact.t, None, "event", [fact], code=code, device=device.id, cause=cause)


def location_lost(view: View) -> list[Found]:
    out: list[Found] = []
    for device in view.worn:
        for low, high, record in device.fittings:
            kind = view.caseload.device(device.id, low)["kind"]
            if record.get(view.role) == view.wearer and kind in LOCATED:
                out += _lost(view, device, low, high)
    return out


def _lost(view: View, device: Device, low: int, high: int) -> list[Found]:
    out: list[Found] = []
    newest: Fact | None = None
    open_: Found | None = None
    used = {u.fact.name for u in device.used}
    for fact in device.facts:
        if not low <= fact.t < high:
            continue
        if fact.name in used:
            newest = fact
            if open_ is not None:
                open_.close(fact.t, "fixes", fact)
                open_ = None
        elif open_ is None and newest is not None and _too_new(view, device, newest, fact):
            open_ = Found("location_lost", newest.t, None, "event", [newest, fact], device=device.id, cause="unknown")
            out.append(open_)
    if open_ is not None and high <= view.at:
        open_.close(high, "clock")
    return out


def _too_new(view: View, device: Device, newest: Fact, fact: Fact) -> bool:
    """Whether a fact is too much newer than the newest used fix, with nothing that explains it."""
    interval_s = int(view.caseload.device(device.id, newest.t).get("interval_s", 60))
    if fact.t - newest.t <= max(3 * interval_s, LEAST_LOST_S) * SECOND_US:
        return False
    return not device.at_rest(fact.t) and not _heard(view, device.id, fact.t)


def _heard(view: View, tag: str, t: int) -> bool:
    """Whether a fresh home unit heard the tag then, by all that is known now: not after the `last_heard` of an `end`."""
    said = [f for f in view.about if f.code == "in_range" and f.state != "pulse" and f.tag == tag]
    return any(
        _heard_by(view.devices[unit], [f for f in said if f.device == unit], t) for unit in {f.device for f in said}
    )


def _heard_by(unit: Device, said: list[Fact], t: int) -> bool:
    begun = [f.state for i, f in enumerate(said) if (f.t if f.state == "start" else left_at(said, i)) <= t]
    if not begun or begun[-1] != "start":
        return False
    return any(f.t <= t < f.t + unit.silence_us(f.t) for f in unit.facts)
