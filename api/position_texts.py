"""Positions as JSON, written by columns: what an object of `api.shapes.Position` and a feature of a trail say, and no loop over them."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from domain.instant_columns import format_instants
from domain.national_grid import references
from store.position_columns import PositionColumns


class _Position(msgspec.Struct, gc=False):
    """`shapes.Position`."""

    wearer: str
    device: str
    t: str
    received: str
    lon: float
    lat: float
    acc: float
    src: str
    quality: str
    gen: int
    seq: int
    spd: float | None
    hdg: float | None


class _Said(msgspec.Struct, gc=False):
    """The properties of a feature: the same without the place, and with its grid reference."""

    wearer: str
    device: str
    t: str
    received: str
    acc: float
    src: str
    quality: str
    gen: int
    seq: int
    spd: float | None
    hdg: float | None
    grid: str | None


class _Point(msgspec.Struct, tag_field="type", tag="Point", gc=False):
    coordinates: tuple[float, float]


class _Feature(msgspec.Struct, tag_field="type", tag="Feature", gc=False):
    geometry: _Point
    properties: _Said


_ENCODER: Final = msgspec.json.Encoder()


def positions_texts(some: PositionColumns) -> list[bytes]:
    """`shapes.Position` of each, as JSON."""
    place = (some.fixes["lon"].tolist(), some.fixes["lat"].tolist())
    whose, when, said = _columns(some)
    return list(map(_ENCODER.encode, map(_Position, *whose, *when, *place, *said)))


def features_text(some: PositionColumns) -> bytes:
    """A GeoJSON point of each, with commas between them."""
    lon, lat = some.fixes["lon"].tolist(), some.fixes["lat"].tolist()
    whose, when, said = _columns(some)
    grids = references(lon, lat)
    points = map(_Point, zip(lon, lat, strict=True))
    return _ENCODER.encode(list(map(_Feature, points, map(_Said, *whose, *when, *said, grids))))[1:-1]


def _columns(some: PositionColumns) -> tuple[tuple[Any, ...], tuple[Any, ...], tuple[Any, ...]]:
    """Whose each is, when, and the rest, in the order of the structs."""
    fixes = some.fixes
    whose = (some.wearers.tolist(), some.devices.tolist())
    when = (format_instants(fixes["t_us"]), format_instants(fixes["received_us"]))
    words = (some.sources(), some.qualities())
    numbers = (fixes["gen"].tolist(), fixes["seq"].tolist(), some.said("spd"), some.said("hdg"))
    return whose, when, (fixes["acc"].tolist(), *words, *numbers)


class PositionsWritten:
    """The newest fix of each device as JSON: of a map of everybody that is asked for again, what did not move is not written again."""

    def __init__(self) -> None:
        self._device_no = np.zeros(0, np.int64)
        self._identity = np.zeros((0, 2), np.int64)
        self._wearer = np.zeros(0, object)
        self._text = np.zeros(0, object)

    def of(self, some: PositionColumns) -> msgspec.Raw:
        """A JSON list of them, in their order; each is of another device."""
        place = self._places(some.fixes["device_no"])
        identity = np.column_stack([some.fixes["gen"], some.fixes["seq"]])
        other = (self._identity[place] != identity).any(axis=1)
        before = self._wearer[place]
        if before.tolist() != some.wearers.tolist():
            other |= (before != some.wearers).astype(np.bool_)
        fresh = np.flatnonzero(other)
        if len(fresh):
            at = place[fresh]
            self._identity[at], self._wearer[at] = identity[fresh], some.wearers[fresh]
            self._text[at] = positions_texts(some.at(fresh))
        return msgspec.Raw(b"[" + b",".join(self._text[place].tolist()) + b"]")

    def _places(self, device_no: NDArray[np.int64]) -> NDArray[np.intp]:
        """Where each device's is kept, those that are new among them."""
        known = self._device_no
        place = np.searchsorted(known, device_no)
        held = place < len(known)
        held[held] = known[place[held]] == device_no[held]
        if held.all():
            return place
        merged = np.union1d(known, device_no)
        before = np.searchsorted(merged, known)
        identity, wearer, text = (
            np.full((len(merged), 2), -1),
            np.empty(len(merged), object),
            np.empty(len(merged), object),
        )
        identity[before], wearer[before], text[before] = self._identity, self._wearer, self._text
        self._device_no, self._identity, self._wearer, self._text = merged, identity, wearer, text
        return np.searchsorted(merged, device_no)
