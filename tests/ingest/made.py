"""Messages and records made for the tests of ingest."""

from __future__ import annotations

from typing import Any

import msgspec

from domain.instants import parse_instant
from domain.records import Device, Fitting, Order, Version, Wearer
from domain.vocabulary import DeviceKind, OrderKind
from domain.wire import up_topic

NOW_US = parse_instant("2026-11-21T22:00:00Z")


def fix(seq: int, t_us: int = NOW_US, **changes: Any) -> dict[str, Any]:
    return {"seq": seq, "t": t_us // 1000, "lat": 51.5, "lon": -0.12, "acc": 8.0} | changes


def message(device: str, seq: int, t_us: int = NOW_US, **changes: Any) -> tuple[str, bytes]:
    """Topic and payload of one fix of ``device``."""
    envelope = {"v": 1, "sent": t_us // 1000, "fixes": [fix(seq, t_us, **changes)]}
    return up_topic(device), msgspec.json.encode(envelope)


def event_message(device: str, seq: int, code: str, t_us: int = NOW_US) -> tuple[str, bytes]:
    """Topic and payload of one equipment event of ``device``."""
    event = {"seq": seq, "t": t_us // 1000, "code": code}
    return up_topic(device), msgspec.json.encode({"v": 1, "sent": t_us // 1000, "events": [event]})


def tag(device: str) -> Version:
    return Version(Device(device, DeviceKind.GPS_TAG))


def worn(number: int) -> list[Version]:
    """A wearer with an order and a location tag ``T{number}``, fitted since long ago."""
    since_us = parse_instant("2026-11-01T09:00:00Z")
    until_us = parse_instant("2027-02-01T00:00:00Z")
    return [
        Version(Wearer(f"W{number}")),
        tag(f"T{number}"),
        Version(Fitting(f"F{number}", f"T{number}", since_us, wearer=f"W{number}")),
        Version(Order(f"O{number}", f"W{number}", OrderKind.COMMUNITY, since_us, until_us)),
    ]
