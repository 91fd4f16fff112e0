"""The pinned ``tzdata`` package, read once at the edge and handed in: never the system's own zone files."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import import_module, resources
from zoneinfo import ZoneInfo

from domain.instants import DAY_US, SECOND_US
from geofence.wallclock import Zone

LAST_YEAR = 2200
"""Transitions are known to the end of this year; after it a zone keeps its last offset."""
_PROBE_US = 28 * DAY_US
"""No zone's rule for the years to come changes its offset twice within this; a test looks at every day."""
_HEADER = struct.Struct(">4sc15x6l")


class PinnedTimeZones:
    """Every zone of the ``tzdata`` package, held in memory; parsed when first asked for.

    Attributes
    ----------
    names : the zones' names, as a caseload file may give them.
    version : the IANA release, such as ``2026f``: it stands on each decision.
    """

    def __init__(self) -> None:
        root = resources.files("tzdata")
        files = root.joinpath("zoneinfo")
        self._bytes = {
            name: files.joinpath(*name.split("/")).read_bytes()
            for name in root.joinpath("zones").read_text(encoding="utf-8").split()
        }
        self._zones: dict[str, Zone] = {}
        self.names = frozenset(self._bytes)
        self.version = str(import_module("tzdata").IANA_VERSION)

    def zone(self, name: str) -> Zone:
        """The zone of that name; `KeyError` when the package has none."""
        found = self._zones.get(name)
        if found is None:
            found = self._zones[name] = parse_zone(name, self._bytes[name])
        return found

    def calendar(self, name: str) -> ZoneInfo:
        """The zone of that name as Python's calendar has it, for texts; `KeyError` when the package has none."""
        return ZoneInfo.from_file(io.BytesIO(self._bytes[name]), key=name)


@cache
def pinned_time_zones() -> PinnedTimeZones:
    """The one copy that a process needs."""
    return PinnedTimeZones()


def parse_zone(name: str, tzif: bytes) -> Zone:
    """A TZif file (RFC 9636, version 2 or later) as columns, its rule for the years to come laid out to `LAST_YEAR`."""
    changes = _table(tzif)
    rule = tzif[:-1].rpartition(b"\n")[2]
    if b"," in rule:  # "GMT0BST,M3.5.0/1,M10.5.0"; without the dates the last offset stays
        changes.extend(_by_rule(ZoneInfo.from_file(io.BytesIO(tzif)), changes[-1]))
    transitions: list[int] = []
    offsets = [changes[0][1]]
    for at_us, offset in changes[1:]:
        if offset != offsets[-1]:  # a change of name or of "is summer time" alone moves no clock
            transitions.append(at_us)
            offsets.append(offset)
    return Zone(name, tuple(transitions), tuple(offsets))


def _table(tzif: bytes) -> list[tuple[int, int]]:
    """(instant, offset from then on) in microseconds of the file's own table; the first is of the time before it."""
    _, _, ut1, std1, leap1, time1, type1, char1 = _HEADER.unpack_from(tzif)
    start = _HEADER.size + time1 * 5 + type1 * 6 + char1 + leap1 * 8 + std1 + ut1  # past the 32-bit copy
    magic, version, _, _, _, times, types, _ = _HEADER.unpack_from(tzif, start)
    if magic != b"TZif" or version < b"2":
        raise ValueError("not a TZif file of version 2 or later")
    start += _HEADER.size
    instants = struct.unpack_from(f">{times}q", tzif, start)
    kinds = struct.unpack_from(f">{times}B", tzif, start + times * 8)
    offsets = [struct.unpack_from(">l", tzif, start + times * 9 + i * 6)[0] for i in range(types)]
    table = [(0, offsets[0] * SECOND_US)]
    table += [(at * SECOND_US, offsets[kind] * SECOND_US) for at, kind in zip(instants, kinds, strict=True)]
    return table


def _by_rule(zone: ZoneInfo, newest: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """The changes after the table's newest, found by asking the standard library's reading of the file's rule."""
    at_us, offset = newest
    end_us = _microseconds(datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC))
    while at_us < end_us:
        probe_us = at_us + _PROBE_US
        if _offset(zone, probe_us) != offset:
            at_us = _first_change(zone, at_us, probe_us, offset)
            offset = _offset(zone, at_us)
            yield at_us, offset
        else:
            at_us = probe_us


def _first_change(zone: ZoneInfo, low_us: int, high_us: int, offset: int) -> int:
    """The first whole second in (low_us, high_us] at which the offset is no longer ``offset``."""
    low, high = low_us // SECOND_US, high_us // SECOND_US
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, middle * SECOND_US) == offset:
            low = middle
        else:
            high = middle
    return high * SECOND_US


def _offset(zone: ZoneInfo, at_us: int) -> int:
    local = (_EPOCH + timedelta(microseconds=at_us)).astimezone(zone)
    offset = local.utcoffset()
    assert offset is not None
    return offset // timedelta(microseconds=1)


def _microseconds(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
