"""`not_charged` (rules.md 7): while a device is not charging, 36 hours after it last charged for an hour unbroken."""

from __future__ import annotations

from domain.instants import FAR_US, HOUR_US
from tests.twin.facts import Fact
from tests.twin.found import Found
from tests.twin.track import Device, View

DUE_US = 36 * HOUR_US
UNBROKEN_US = HOUR_US


def not_charged(view: View) -> list[Found]:
    out = []
    for device in view.worn:
        for low, high, record in device.fittings:
            if record.get(view.role) == view.wearer:
                out += _in_fitting(view, device, low, high)
    return out


def _in_fitting(view: View, device: Device, low: int, high: int) -> list[Found]:
    said = [fact for fact in device.facts if fact.code == "charging"]
    ever = min((fact.t for fact in said), default=FAR_US)
    out: list[Found] = []
    charged: list[Fact] = []  # what ended the last unbroken hour
    since = low  # when that was, or the fitting
    idle: int | None = low  # since when it has not been charging
    begun = low
    for fact in [fact for fact in said if low <= fact.t < high]:
        if fact.state == "end":
            if idle is None:
                idle = fact.t
                if fact.t - begun >= UNBROKEN_US:
                    since, charged = fact.t, [fact]
            continue
        if idle is not None:
            out += _stretch(device, max(since + DUE_US, idle, ever), idle, fact.t, charged, fact)
            begun = fact.t
            idle = None if fact.state == "start" else fact.t
    if idle is not None and high <= view.at:
        out += _stretch(device, max(since + DUE_US, idle, ever), idle, high, charged, None)
    elif idle is not None and max(since + DUE_US, idle, ever) <= view.at:
        out += _stretch(device, max(since + DUE_US, idle, ever), idle, None, charged, None)
    return out


def _stretch(
    device: Device, start: int, idle: int, end: int | None, charged: list[Fact], by: Fact | None
) -> list[Found]:
    if end is not None and start >= end:
        return []
    found = Found("not_charged", start, None, "clock" if start > idle else "event", list(charged), device=device.id)
    found.cause = "unknown"
    if end is not None:
        found.close(end, "event" if by else "clock", by)
    return [found]
